"""`detect_files`: every image once, whatever happens meanwhile; `read_detections` and COCO results of it."""

from __future__ import annotations

import builtins
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tflhelpers as tfl
from tests.quick_detector import ByBrightness, write_images
from tflhelpers.data.picture_sources import image_source
from tflhelpers.detecting_files import MANIFEST, detect_table, part_name, write_coco_results
from tflhelpers.files.any_folder import RemoteFolder, file_system, folder_at, read_address

pytest.importorskip("pyarrow", reason="Parquet needs the extra files")
pytest.importorskip("fsspec", reason="addresses need the extra files")
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
QUIET = {"progress": False, "chunk_size": 4}


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", 10)


@pytest.fixture
def memory():
    """An empty folder in memory, as its address."""
    system, _ = file_system("memory://")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    return "memory://bucket"


def parts_in(folder) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.startswith("part-"))


def assert_complete(folder, paths, detector=None) -> None:
    """Every image once, in order, with the boxes that `detect_all` finds."""
    found = tfl.read_detections(folder)
    assert found.paths == paths
    assert found.errors == [None] * len(paths)
    assert found.boxes == (detector or ByBrightness()).detect_all(paths, progress=False)


# ---- the job


def test_every_image_has_its_row(tmp_path, images):
    report = tfl.detect_files(ByBrightness(), tmp_path / "images", tmp_path / "found", **QUIET)
    assert str(report) == f"10 images: 10 looked at now, 0 before. In {tmp_path / 'found'}."
    assert_complete(tmp_path / "found", images)
    assert parts_in(tmp_path / "found") == [part_name(chunk) for chunk in range(3)]
    assert tfl.read_detections(tmp_path / "found").boxes[3].class_names == ("dark", "bright")


def test_the_folder_is_one_table(tmp_path, images):
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    table = pq.read_table(tmp_path / "found")  # which passes over the manifest
    assert table.column_names == ["path", "width", "height", "boxes", "scores", "class_names", "error"]
    rows = table.to_pylist()
    height, width = np.asarray(Image.open(images[4])).shape[:2]
    expected = {"path": images[4], "width": width, "height": height, "class_names": ["bright"], "error": None}
    boxes = {"boxes": [[0.0, 0.0, width, height / 2]], "scores": [np.float32(5 / 255)]}
    assert rows[4] == expected | boxes


@pytest.mark.parametrize(
    "asked", [{"threshold": 0.02}, {"tiles": (1, 2)}, {"max_boxes": 1, "batch_size": 3}], ids=str
)
def test_it_finds_what_detect_all_finds(tmp_path, images, asked):
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET, **asked)
    assert tfl.read_detections(tmp_path / "found").boxes == ByBrightness().detect_all(
        images, progress=False, **asked
    )


def test_calling_again_goes_on(tmp_path, images):
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    first = (tmp_path / "found" / part_name(0)).stat()
    (tmp_path / "found" / part_name(1)).unlink()
    again = ByBrightness()
    report = tfl.detect_files(again, images[::-1], tmp_path / "found", progress=False, chunk_size=100)
    assert (report.images, report.new, again.seen) == (10, 4, 8)  # a batch is eight
    assert os.path.samestat(first, (tmp_path / "found" / part_name(0)).stat())
    assert_complete(tmp_path / "found", images)
    assert "10 images: 0 looked at now, 10 before" in str(
        tfl.detect_files(again, images, tmp_path / "found", progress=False)
    )


def test_what_was_done_before_an_interrupt_is_kept(tmp_path, images):
    class Interrupted(ByBrightness):
        def raw_boxes(self, inputs):
            if self.seen >= 16:
                raise KeyboardInterrupt
            return super().raw_boxes(inputs)

    with pytest.raises(KeyboardInterrupt):
        tfl.detect_files(Interrupted(), images, tmp_path / "found", **QUIET)
    assert parts_in(tmp_path / "found") == [part_name(0), part_name(1)]
    with pytest.warns(UserWarning, match=r"1 of 3 parts are not there yet \(part-000002\.parquet\)"):
        assert tfl.read_detections(tmp_path / "found").paths == images[:8]
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    assert_complete(tmp_path / "found", images)


def test_shards_share_one_folder(tmp_path, images):
    reports = [
        tfl.detect_files(ByBrightness(), images, tmp_path / "found", shard=(i, 3), **QUIET) for i in (2, 0, 1)
    ]
    assert [report.new for report in reports] == [2, 4, 4]
    assert_complete(tmp_path / "found", images)
    more = tfl.detect_files(ByBrightness(), images, tmp_path / "few", shard=(7, 8), **QUIET)
    assert (more.images, more.new) == (0, 0)  # there are fewer chunks than machines


@pytest.mark.parametrize("shard", [(3, 3), (-1, 2), (0, 0), 3, ("0", "2"), (0, 1, 2)])
def test_a_shard_is_one_of_several(tmp_path, images, shard):
    with pytest.raises(ValueError, match=r"shard must be \(i, n\) with i from 0 to n - 1, got"):
        tfl.detect_files(ByBrightness(), images, tmp_path / "found", shard=shard)
    assert not (tmp_path / "found").exists()


# ---- bad images


def spoil(folder: Path) -> dict[str, str]:
    """Five broken images and more, and a word of what is said of each."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    Image.fromarray(noise).save(folder / "cut.png")
    contents = {
        "cut.png": ((folder / "cut.png").read_bytes()[:9000], "truncated or damaged"),
        "text.jpg": (b"hello, this is no picture", "expected a picture, got something else"),
        "page.jpg": (b"<!DOCTYPE html><html></html>", "web page"),
        "lfs.jpg": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        "noise.webp": (bytes(range(256)) * 4, "expected a picture"),
        "empty.jpg": (b"", "empty file"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    (folder / "x.jpg").mkdir()
    return {name: word for name, (_, word) in contents.items()} | {"x.jpg": "got a folder"}


def test_a_bad_image_is_a_row_with_a_reason(tmp_path, images):
    reasons = spoil(tmp_path / "images")

    class Vanishing(ByBrightness):
        """While it looks at the first images, the last one is removed."""

        def raw_boxes(self, inputs):
            Path(images[-1]).unlink(missing_ok=True)
            return super().raw_boxes(inputs)

    report = tfl.detect_files(
        Vanishing(), tmp_path / "images", tmp_path / "found", batch_size=1, progress=False, chunk_size=3
    )
    found = tfl.read_detections(tmp_path / "found")
    said = {Path(path).name: error for path, error in zip(found.paths, found.errors, strict=True) if error}
    reasons[Path(images[-1]).name] = "No such file"
    assert {name: word in said[name] for name, word in reasons.items()} == dict.fromkeys(reasons, True)
    assert said.keys() == reasons.keys()
    assert report.unreadable == len(reasons) == 8
    good = [row for row, error in enumerate(found.errors) if error is None]
    assert [found.paths[row] for row in good] == images[:-1]
    assert [found.boxes[row] for row in good] == ByBrightness().detect_all(images[:-1], progress=False)
    assert all(not len(found.boxes[row]) for row in set(range(len(found.paths))) - set(good))


def test_names_that_are_no_text_are_rows_too(tmp_path, images):
    os.rename(images[0], os.fsencode(tmp_path / "images") + b"/\xff.png")
    tfl.detect_files(ByBrightness(), tmp_path / "images", tmp_path / "found", **QUIET)
    found = tfl.read_detections(tmp_path / "found")
    assert len(found.paths) == 10
    assert [path[-9:] for path, error in zip(found.paths, found.errors, strict=True) if error] == [
        r"/\udcff.png"[-9:]
    ]


def test_unreadable_images_can_be_tried_again(tmp_path, images):
    content = Path(images[5]).read_bytes()
    Path(images[5]).write_bytes(b"")
    assert tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET).unreadable == 1
    Path(images[5]).write_bytes(content)
    assert tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET).new == 0
    again = tfl.detect_files(ByBrightness(), images, tmp_path / "found", retry_errors=True, **QUIET)
    assert (again.new, again.unreadable) == (4, 0)
    assert_complete(tmp_path / "found", images)


def test_what_the_detector_raises_is_raised(tmp_path, images):
    class Broken(ByBrightness):
        def raw_boxes(self, inputs):
            raise ValueError("no memory on the device")

    with pytest.raises(ValueError, match="no memory on the device"):
        tfl.detect_files(Broken(), images, tmp_path / "found", **QUIET)


# ---- what is refused


@pytest.mark.parametrize(
    ("other", "asked", "said"),
    [
        (ByBrightness(weights="2"), {}, "weights of the detector ByBrightness 1, got ByBrightness 2"),
        (ByBrightness(["dark", "light"]), {}, "classes .*bright.*, got .*light"),
        (ByBrightness(threshold=0.3), {}, "threshold 0.0, got 0.3"),
        (ByBrightness(), {"threshold": 0.3}, "threshold 0.0, got 0.3"),
        (ByBrightness(), {"max_boxes": 7}, "max_boxes 100, got 7"),
        (ByBrightness(), {"tiles": (2, 2)}, r"tiles None, got \[2, 2\]"),
    ],
)
def test_a_folder_is_of_one_detector(tmp_path, images, other, asked, said):
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", shard=(0, 2), **QUIET)
    before = sorted(os.listdir(tmp_path / "found"))
    with pytest.raises(ValueError, match=f"holds detections with {said}.* Give another folder"):
        tfl.detect_files(other, images, tmp_path / "found", **QUIET, **asked)
    assert sorted(os.listdir(tmp_path / "found")) == before


def test_a_folder_is_of_one_source(tmp_path, images):
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    for other in (images[:-1], tmp_path / "images"):
        with pytest.raises(ValueError, match=r"holds detections with source a list of 10 \(\w+\), got"):
            tfl.detect_files(ByBrightness(), other, tmp_path / "found", **QUIET)


@pytest.mark.parametrize(
    ("arguments", "asked", "error", "said"),
    [
        (
            ("photos", "found"),
            {},
            TypeError,
            "detector must be a Detector, got str. The call is detect_files",
        ),
        ((None, "found"), {"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ((None, "found"), {"threshold": 2}, ValueError, "threshold must be a score"),
        ((None, "found"), {"tiles": 3}, ValueError, "tiles must be"),
        ((None, "found"), {"chunk_size": 0}, ValueError, "chunk_size must be a whole number from 1, got 0"),
    ],
)
def test_what_is_refused_changes_nothing(tmp_path, images, arguments, asked, error, said):
    detector = ByBrightness() if arguments[0] is None else arguments[0]
    with pytest.raises(error, match=said):
        tfl.detect_files(detector, images, tmp_path / "found", **asked)
    assert not (tmp_path / "found").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (MANIFEST, b"no Parquet", "expected a list of images that detect_files wrote"),
        (part_name(0), b"PAR1", r"got part-000000\.parquet without it"),
    ],
)
def test_other_folders_are_left_alone(tmp_path, images, name, content, said):
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    assert os.listdir(tmp_path / "found") == [name]


def test_parts_that_are_damaged_or_of_other_images_are_told(tmp_path, images):
    with pytest.raises(FileNotFoundError, match="expected a folder that detect_files has begun"):
        tfl.read_detections(tmp_path / "found")
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    part = tmp_path / "found" / part_name(1)
    part.write_bytes((tmp_path / "found" / part_name(0)).read_bytes())
    with pytest.raises(
        ValueError, match=r"part-000001\.parquet: expected the images and classes that the manifest names"
    ):
        tfl.read_detections(tmp_path / "found")
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"part-000001\.parquet: expected a part .*damaged"):
        tfl.read_detections(tmp_path / "found")
    part.unlink()
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    assert_complete(tmp_path / "found", images)


@pytest.mark.parametrize(
    ("missing", "call", "said"),
    [
        ("pyarrow", lambda: tfl.detect_files(ByBrightness(), ["a.jpg"], "found"), "as Parquet"),
        ("fsspec", lambda: folder_at("s3://bucket/found"), "is an address"),
    ],
)
def test_what_is_missing_is_named(monkeypatch, missing, call, said):
    real = builtins.__import__

    def without(name, *rest):
        if name.split(".")[0] == missing:
            raise ImportError(f"No module named {name}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=rf'{said}.*pip install "tflhelpers\[files\]"'):
        call()


# ---- sources


def test_images_below_a_folder(tmp_path):
    write_images(tmp_path / "a" / "b", 2)
    write_images(tmp_path / ".hidden", 1)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "._a.jpg").touch()
    (tmp_path / "x.jpg").mkdir()
    write_images(tmp_path / "x.jpg", 1)
    names = ["a/b/000.png", "a/b/001.png", "x.jpg", "x.jpg/000.png"]
    assert image_source(tmp_path).paths() == [str(tmp_path / name) for name in names]


@pytest.mark.parametrize(
    ("pattern", "count"), [("images/*.png", 10), ("**/00[12].png", 2), ("images/*", 11), ("**", 12)]
)
def test_images_of_a_glob(tmp_path, images, pattern, count):
    (tmp_path / "images" / "unnamed").write_bytes(Path(images[0]).read_bytes())
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "x").mkdir()
    assert len(image_source(tmp_path / pattern).paths()) == count


@pytest.mark.parametrize(
    ("name", "content", "column", "found"),
    [
        ("a.csv", "label,path\n1,b.png\n2,a.png\n3,\n1,b.png\n", None, ["a.png", "b.png"]),
        ("a.csv", "\ufefffile_name;label\na.png;ä\n", None, ["a.png"]),
        ("a.tsv", "x\ty\nc.png\ta.png\n", "y", ["a.png"]),
        ("a.csv", "whatever\na.png\n\nsub/b.png\n", None, ["a.png", "sub/b.png"]),
    ],
)
def test_images_of_a_table(tmp_path, name, content, column, found):
    (tmp_path / name).write_text(content, "utf-8")
    assert image_source(tmp_path / name, column).paths() == [str(tmp_path / path) for path in found]


def test_images_of_a_parquet_file(tmp_path, images):
    import pyarrow as pa

    pq.write_table(pa.table({"n": [1, 2, 3], "path": [images[1], None, images[0]]}), tmp_path / "a.parquet")
    assert image_source(tmp_path / "a.parquet").paths() == images[:2]
    with pytest.raises(ValueError, match=r"a\.parquet: expected a column 'image', got n, path"):
        image_source(tmp_path / "a.parquet", "image").paths()


@pytest.mark.parametrize(
    ("made", "source", "error", "said"),
    [
        (
            "",
            "nowhere",
            FileNotFoundError,
            "source must be a folder, a glob, a table or a list, got .*nowhere",
        ),
        ("", "*.jpg", ValueError, r"source must hold images \(.*\.jpg.*\), got none"),
        ("notes.txt", ".", ValueError, "source must hold images"),
        ("a.jpg", "a.jpg", ValueError, r"got one image. Write \['.*a\.jpg'\]"),
        ("a.csv", "a.csv", ValueError, "expected a column of paths, got none"),
        ("", "a.csv", FileNotFoundError, r"a\.csv"),
    ],
)
def test_sources_without_images_are_refused(tmp_path, made, source, error, said):
    if made:
        (tmp_path / made).touch()
    with pytest.raises(error, match=said):
        tfl.detect_files(ByBrightness(), tmp_path / source, tmp_path / "found")
    assert not (tmp_path / "found").exists()


def test_images_in_memory_are_no_files(images):
    with pytest.raises(TypeError, match=r"got ndarray at 1. For images in memory use detect_all"):
        image_source([images[0], np.zeros((3, 3, 3), np.uint8)])
    with pytest.raises(TypeError, match=r"Write annotations.image_paths"):
        image_source(tfl.samples.duck_photos())


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.jpg",
        "https://a.b/c.jpg",
        "simplecache::http://a/b.jpg",
        "sftp://router/a.jpg",
        "ftp://a/b",
    ],
)
def test_a_table_of_others_does_not_make_us_ask_hosts(tmp_path, address):
    (tmp_path / "a.csv").write_text(f"path\n{address}\n")
    with pytest.raises(ValueError, match=r"expected paths, or addresses of .*s3.*, got "):
        tfl.detect_files(ByBrightness(), tmp_path / "a.csv", tmp_path / "found")


def test_addresses_of_the_web_are_not_asked(tmp_path):
    tfl.detect_files(ByBrightness(), ["http://127.0.0.1:9/a.jpg"], tmp_path / "found", progress=False)
    assert "tfl.collect.from_csv" in tfl.read_detections(tmp_path / "found").errors[0]


# ---- addresses


def stored(address: str, images) -> list[str]:
    """Put images at an address; returns theirs."""
    system, _ = file_system(address)
    addresses = [f"{address}/photos/{Path(path).name}" for path in images]
    for path, target in zip(images, addresses, strict=True):
        system.pipe_file(target, Path(path).read_bytes())
    return addresses


def check_store(address: str, images: list[str]) -> None:
    """From an address to an address: resumed, shared, with bad images, and the rows of the same files on disk."""
    addresses = stored(address, images)
    system, _ = file_system(address)
    system.pipe_file(f"{address}/photos/empty.jpg", b"")
    system.pipe_file(f"{address}/photos/notes.txt", b"no image")
    out = f"{address}/found"
    first = tfl.detect_files(ByBrightness(), f"{address}/photos", out, shard=(0, 2), **QUIET)
    again = tfl.detect_files(ByBrightness(), f"{address}/photos", out, **QUIET)
    assert (first.new, again.new, again.unreadable) == (7, 4, 0)
    found = tfl.read_detections(out)
    assert found.paths == [*addresses, f"{address}/photos/empty.jpg"]
    assert found.boxes[:-1] == ByBrightness().detect_all(images, progress=False)
    assert "empty file" in found.errors[-1]
    with pytest.raises(ValueError, match="holds detections with weights"):
        tfl.detect_files(ByBrightness(weights="2"), f"{address}/photos", out, **QUIET)
    assert folder_at(out).names() == {MANIFEST, *(part_name(chunk) for chunk in range(3))}
    assert image_source(f"{address}/photos/00[1-3].png").paths() == addresses[1:4]
    system.pipe_file(f"{address}/photos/list.csv", b"path\n001.png\n" + addresses[0].encode())
    assert image_source(f"{address}/photos/list.csv").paths() == addresses[:2]


def test_a_store_in_memory(memory, images):
    check_store(memory, images)


def test_a_vanished_object_is_a_row(memory, images, tmp_path):
    addresses = stored(memory, images)
    tfl.detect_files(ByBrightness(), [*addresses, f"{memory}/gone.jpg"], tmp_path / "found", **QUIET)
    found = tfl.read_detections(tmp_path / "found")
    assert [bool(error) for error in found.errors] == [True] + [False] * 10
    assert "gone.jpg" in found.errors[0]


def test_where_files_grow_they_are_moved_into_place(tmp_path):
    """As on sftp: what is there under its name is whole."""
    folder = folder_at(f"file://{tmp_path}/found")
    assert isinstance(folder, RemoteFolder)
    seen = []
    folder._system.mv, move = lambda *names: (seen.append(folder.names()), move(*names)), folder._system.mv
    folder.write("a", b"1")
    folder.write("a", b"2")
    folder.create("a", b"3")
    del folder._system.mv
    assert read_address(f"file://{tmp_path}/found/a") == b"2"
    assert folder.names() == {"a"}
    assert [len(names - {"a"}) for names in seen] == [1, 1]


@pytest.mark.parametrize("place", ["memory://bucket/found", "local"])
def test_a_manifest_is_written_once(memory, tmp_path, place):
    folder = folder_at(tmp_path if place == "local" else place)
    folder.create("a", b"1")
    folder.create("a", b"2")
    opened = folder.opened("a")
    assert (opened.read_bytes() if isinstance(opened, Path) else opened.read()) == b"1"


# ---- COCO results


def test_coco_results_are_judged_by_pycocotools(tmp_path, images):
    from pycocotools.coco import COCO

    detector = ByBrightness(threshold=0.02)
    tfl.detect_files(detector, images, tmp_path / "found", **QUIET)
    truth = {
        "images": [
            {"id": 100 + n, "file_name": f"images/{Path(path).name}"} for n, path in enumerate(images)
        ],
        "categories": [{"id": 7, "name": "bright"}, {"id": 9, "name": "other"}],
        "annotations": [],
    }
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    path = tfl.formats.write_coco_results(
        tmp_path / "found", tmp_path / "results.json", tmp_path / "truth.json"
    )
    results = json.loads(path.read_text())
    boxes = detector.detect_all(images, progress=False)
    assert [row["image_id"] for row in results] == [100 + n for n, its in enumerate(boxes) if len(its)]
    assert {row["category_id"] for row in results} == {7}
    loaded = COCO(str(tmp_path / "truth.json")).loadRes(str(path))
    x, y, width, height = loaded.loadAnns(loaded.getAnnIds(imgIds=[109]))[0]["bbox"]
    np.testing.assert_array_equal([[x, y, x + width, y + height]], boxes[9].xyxy)


def test_coco_results_without_annotations_name_their_images(tmp_path, images):
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    results = json.loads(write_coco_results(tmp_path / "found", tmp_path / "r.json").read_text())
    assert [(row["image_id"], row["file_name"]) for row in results] == list(enumerate(images, 1))
    assert {row["category_id"] for row in results} == {2}
    tfl.detect_files(ByBrightness(threshold=1), images, tmp_path / "none", **QUIET)
    assert json.loads(write_coco_results(tmp_path / "none", tmp_path / "r.json").read_text()) == []


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (
            {"images": [], "categories": [{"id": 1, "name": "bright"}]},
            "each image with boxes, got none called .*000",
        ),
        ({"images": [{"id": 1, "file_name": "000.png"}], "categories": []}, "got none called 'bright'"),
        ({"images": []}, "expected a COCO file"),
        ([], "expected a COCO file"),
    ],
)
def test_annotations_of_other_images_are_told(tmp_path, images, truth, said):
    tfl.detect_files(ByBrightness(), images, tmp_path / "found", **QUIET)
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    with pytest.raises(ValueError, match=said):
        write_coco_results(tmp_path / "found", tmp_path / "r.json", tmp_path / "truth.json")
    assert not (tmp_path / "r.json").exists()


def test_rows_for_other_engines(images):
    rows = detect_table(ByBrightness(), images[:3]).to_pylist()
    assert [row["path"] for row in rows] == images[:3]


# ---- killed at any moment

LIFE = """
import sys, tflhelpers as tfl
from tests.quick_detector import ByBrightness
print("begun", flush=True)
tfl.detect_files(ByBrightness(seconds=0.01), sys.argv[1], sys.argv[2], chunk_size=8, batch_size=4, progress=False)
print("done", flush=True)
"""


def begin_life(source, folder) -> subprocess.Popen:
    started = subprocess.Popen(
        [sys.executable, "-c", LIFE, source, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout.readline() == "begun\n"
    return started


@pytest.mark.slow
def test_killed_at_random_moments_every_image_is_there_once(tmp_path):
    images = write_images(tmp_path / "images", 240)
    moments, folder = random.Random(4), tmp_path / "found"
    kept: dict[str, bytes] = {}
    for number in range(8):
        life = begin_life(tmp_path / "images", folder)
        while number % 2 and life.poll() is None and len(list(folder.glob("part-*"))) == len(kept):
            time.sleep(0.001)  # every other life gets something done, on a busy machine too
        time.sleep(moments.uniform(0, 0.2))
        os.kill(life.pid, signal.SIGKILL)  # it is waited for only below, so the number is its own
        life.wait()
        parts = {name: (folder / name).read_bytes() for name in parts_in(folder)} if folder.exists() else {}
        assert {name: parts[name] for name in kept} == kept  # nothing is lost or done twice
        assert all(pq.read_table(folder / name).num_rows == 8 for name in parts)
        kept = parts
    assert kept
    life = begin_life(tmp_path / "images", folder)
    assert life.wait(60) == 0
    assert_complete(folder, images)
    assert Counter(tfl.read_detections(folder).paths).most_common(1)[0][1] == 1
    assert sorted(os.listdir(folder)) == sorted([MANIFEST, *(part_name(chunk) for chunk in range(30))])


@pytest.mark.slow
def test_machines_that_begin_at_once(tmp_path):
    images = write_images(tmp_path / "images", 40)
    lives = [begin_life(tmp_path / "images", tmp_path / "found") for _ in range(3)]
    assert [life.wait(60) for life in lives] == [0, 0, 0]
    assert_complete(tmp_path / "found", images)
