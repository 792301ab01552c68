"""Draws the sample pictures that the package ships: five photos of a toy duck and a clip of 48 frames.

    python -m tools.draw_samples                 # about 12 minutes of one core; goes on where it stopped
    python -m tools.draw_samples --again         # draws all afresh

Boxes are exact: the extent of the samples (two a pixel and direction) in which the duck itself is seen.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tflhelpers.files.atomic_file import atomic_file
from tools.scenes.sets import CLIP_FRAMES, DUCK, PHOTO_SETS, clip_stage
from tools.scenes.stage import draw_stage

SAMPLES = Path(__file__).resolve().parents[1] / "tflhelpers" / "data" / "samples"
PHOTO_SIZE, CLIP_SIZE = (480, 640), (360, 480)  # (height, width)
PHOTO_QUALITY, CLIP_QUALITY = 90, 88
SUPERSAMPLE = 2


def visible_box(owner: np.ndarray, factor: int) -> list[float]:
    """The box (x1, y1, x2, y2) in pixels of the duck's samples, each 1 / factor of a pixel wide."""
    rows, columns = np.nonzero(owner == DUCK)
    if rows.size == 0:
        raise ValueError("the duck is not seen in this picture; move it, or what hides it.")
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return [float(edge) / factor for edge in edges]


def _draw(task: tuple[str, str]) -> str:
    """Draws one picture with its box beside it (picture last, so a picture that is there is whole)."""
    name, folder = task
    is_photo = name in PHOTO_SETS
    stage, camera = PHOTO_SETS[name]() if is_photo else clip_stage(int(name))
    picture, owner = draw_stage(stage, camera, PHOTO_SIZE if is_photo else CLIP_SIZE, supersample=SUPERSAMPLE)
    path = picture_path(Path(folder), name)
    path.with_suffix(".box").write_text(json.dumps(visible_box(owner, SUPERSAMPLE)))
    quality = PHOTO_QUALITY if is_photo else CLIP_QUALITY
    with atomic_file(path) as file:
        Image.fromarray(picture).save(file, "JPEG", quality=quality, optimize=True)
    return name


def picture_path(folder: Path, name: str) -> Path:
    """photos/kitchen.jpg, clip/frame_07.jpg"""
    return (
        folder / "photos" / f"{name}.jpg"
        if name in PHOTO_SETS
        else folder / "clip" / f"frame_{int(name):02d}.jpg"
    )


def coco(folder: Path, names: list[str]) -> dict:
    """COCO annotations of the pictures, from their .box files."""
    images, annotations = [], []
    for number, name in enumerate(names, start=1):
        path = picture_path(folder, name)
        x1, y1, x2, y2 = json.loads(path.with_suffix(".box").read_text())
        with Image.open(path) as picture:
            width, height = picture.size
        images.append(
            {"id": number, "file_name": path.relative_to(folder).as_posix(), "width": width, "height": height}
        )
        box = [x1, y1, x2 - x1, y2 - y1]
        annotations.append(
            {
                "id": number,
                "image_id": number,
                "category_id": 1,
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": 0,
            }
        )
    categories = [{"id": 1, "name": "duck"}]
    return {"images": images, "annotations": annotations, "categories": categories}


def draw_all(folder: Path, *, again: bool = False, processes: int = 2) -> None:
    """Draws what is missing (or all), then writes photos.json and clip.json."""
    photos, frames = list(PHOTO_SETS), [str(i) for i in range(CLIP_FRAMES)]
    for part in ("photos", "clip"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    missing = [
        name
        for name in photos + frames
        if again or not all(picture_path(folder, name).with_suffix(s).exists() for s in (".jpg", ".box"))
    ]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=os.nice, initargs=(10,)) as pool:
        tasks = [(name, str(folder)) for name in missing]
        for done, _ in enumerate(pool.imap_unordered(_draw, tasks), start=1):
            sys.stderr.write(f"\r{done}/{len(missing)} drawn")
    for title, names in (("photos", photos), ("clip", frames)):
        (folder / f"{title}.json").write_text(json.dumps(coco(folder, names), indent=1) + "\n")
    for path in folder.rglob("*.box"):
        path.unlink()
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stderr.write(f"\n{folder}: {total / 2**20:.2f} MiB\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=SAMPLES)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    draw_all(args.folder, again=args.again, processes=args.processes)


if __name__ == "__main__":
    main()
