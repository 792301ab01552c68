"""A program that does one thing again and again until it is killed: python -m tests.files.working WHAT FOLDER."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tflhelpers.data import collect
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.data.importing import export_annotations
from tflhelpers.files.atomic_folder import finish_folder
from tflhelpers.sharing.export.proven import write_folder
from tflhelpers.sharing.gif import write_gif

PHOTOS = 12


def photos(folder: Path) -> list[Path]:
    """Different pictures, made once."""
    paths = [folder / "photos" / f"{number}.png" for number in range(PHOTOS)]
    if not paths[0].exists():
        paths[0].parent.mkdir(parents=True)
        rng = np.random.default_rng(0)
        for path in paths:
            Image.fromarray(rng.integers(0, 256, (90, 120, 3), dtype=np.uint8)).save(path)
    return paths


def collect_photos(folder: Path) -> None:
    collect.from_folder(folder / "photos", folder / "collected", progress=False)


def check_collected(folder: Path, at_the_end: bool) -> None:
    found = list((folder / "collected").glob("*.jpg"))
    assert {read_image(path).shape for path in found} <= {(90, 120, 3)}, "whole ones"
    contents = [path.read_bytes() for path in found]
    assert len(set(contents)) == len(contents), "each once"
    assert not at_the_end or len(contents) == PHOTOS


def download_zip(folder: Path) -> None:
    collect.download(folder / "photos")


def check_zip(folder: Path, at_the_end: bool) -> None:
    if (path := folder / "photos.zip").exists():
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            assert len(archive.namelist()) == PHOTOS + 1
    assert not list(folder.glob("photos_*.zip"))


def export_yolo(folder: Path) -> None:
    boxes = Boxes([[1, 2, 30, 40]], [0])
    annotations = Annotations.from_items(["duck"], [(path, boxes) for path in photos(folder)])
    export_annotations(annotations, folder / "yolo", "yolo", copy_images=True)


def check_yolo(folder: Path, at_the_end: bool) -> None:
    copies = list((folder / "yolo" / "images").glob("*.png"))
    assert all(path.read_bytes() == (folder / "photos" / path.name).read_bytes() for path in copies)
    assert not at_the_end or len(copies) == PHOTOS


def export_folder(folder: Path) -> None:
    write_folder(folder / "saved", lambda new: write_version(new, "a"), lambda new: None)
    write_folder(folder / "saved", lambda new: write_version(new, "b"), lambda new: None)


def write_version(new: Path, version: str) -> None:
    new.mkdir()
    for number in range(4):
        (new / f"{number}.bin").write_text(version * 20_000)


def check_folder(folder: Path, at_the_end: bool) -> None:
    finish_folder(folder / "saved")
    texts = [path.read_text() for path in (folder / "saved").glob("*")]
    assert not texts or (len(texts) == 4 and len(set(texts)) == 1)


def make_gif(folder: Path) -> None:
    write_gif(photos(folder)[:3], folder / "photos.gif", fps=5, progress=False)


def check_gif(folder: Path, at_the_end: bool) -> None:
    if (path := folder / "photos.gif").exists():
        with Image.open(path) as gif:
            assert gif.n_frames == 3
            gif.seek(2)
            gif.load()


JOBS: dict[str, tuple[Callable[[Path], None], Callable[[Path, bool], None]]] = {
    "collect": (collect_photos, check_collected),
    "zip": (download_zip, check_zip),
    "yolo": (export_yolo, check_yolo),
    "folder": (export_folder, check_folder),
    "gif": (make_gif, check_gif),
}


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    print("ready", flush=True)
    while True:
        JOBS[what][0](folder)


if __name__ == "__main__":
    main()
