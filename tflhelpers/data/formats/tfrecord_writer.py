"""Writes TFRecords that the Object Detection API trains on, without TensorFlow."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tflhelpers.data.annotations import Annotations, check_annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.label_map import LABEL_MAP_NAME, label_map_text, write_label_map
from tflhelpers.data.formats.record_boxes import box_features
from tflhelpers.data.formats.shards import RECORD_ENDINGS, is_record_name, shard_name, sister_shards
from tflhelpers.data.formats.stored_picture import stored_picture
from tflhelpers.data.record_pictures import ENCODED, is_record_picture
from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.example_proto import encode_example
from tflhelpers.files.record_file import write_record
from tflhelpers.progress import progress_bar

_MOST_SHARDS = 1000  # open at once


def write_tfrecords(
    annotations: Annotations, path: str | os.PathLike[str], shards: int = 1, *, progress: bool = True
) -> list[Path]:
    """Write pictures and boxes as TFRecords for the Object Detection API, and `label_map.pbtxt` beside them.

    JPEG and PNG files go in byte for byte; what the API would show differently (turned by EXIF, transparent, CMYK,
    other formats) is encoded anew, upright. Boxes are cut at the picture's edges; those without area there are
    left out with a warning, as the API's training fails on them. All files are written whole or not at all.

    Args:
        annotations: What to write. Pictures without boxes are written too: they teach what is not there.
        path: The file; `.record` is added where it has no such ending. An older set of that name is replaced.
        shards: Into how many files, `train.record-00000-of-00010` and so on; each holds a stretch of the pictures.
        progress: Show a bar.

    Returns:
        The record files.

    Raises:
        FileNotFoundError: If a picture is missing.
        ImageError: If one cannot be read.
        ValueError: If `shards` is wrong, or other records in the folder go with a label map of other classes.
    """
    check_annotations(annotations, "write_tfrecords(annotations, path)")
    path = Path(path)
    if not path.name.lower().endswith(RECORD_ENDINGS):
        path = path.with_name(path.name + RECORD_ENDINGS[0])
    if not 1 <= shards <= _MOST_SHARDS or shards > max(1, len(annotations)):
        raise ValueError(
            f"shards must be a number from 1 to that of the pictures ({len(annotations)}) and at most {_MOST_SHARDS}, "
            f"got {shards}."
        )
    files = [path.with_name(shard_name(path.name, number, shards)) for number in range(shards)]
    older = [file for file in sister_shards(path) if file not in files]
    _check_label_map(annotations, path.parent, [*files, *older])
    with (
        ExitStack() as stack,
        progress_bar(len(annotations), "Writing records", enabled=progress, delay=2) as bar,
    ):
        outputs = [stack.enter_context(atomic_file(file)) for file in files]
        for number, example in enumerate(_examples(annotations)):
            write_record(outputs[number * shards // len(annotations)], example)
            bar.update()
    for file in older:
        file.unlink()
    write_label_map(annotations.class_names, path.parent / LABEL_MAP_NAME)
    return files


def _examples(annotations: Annotations) -> Iterator[bytes]:
    folder = _common_folder(annotations.image_paths)
    for path, boxes in annotations:
        stored = stored_picture(path)
        name = (_bare_name(path) if is_record_picture(path) else relative_name(path, folder)).encode()
        yield encode_example(
            {
                "image/height": [stored.size[0]],
                "image/width": [stored.size[1]],
                "image/filename": [name],
                "image/source_id": [name],
                "image/key/sha256": [hashlib.sha256(stored.data).hexdigest().encode()],
                "image/format": [stored.format.encode()],
                **box_features(_usable(boxes, stored.size, path), stored.size, annotations.class_names),
                ENCODED: [stored.data],
            }
        )


def _usable(boxes: Boxes, size: tuple[int, int], path: Path) -> Boxes:
    if _lie_inside(boxes, size):
        return boxes
    clipped = boxes.clip(size)
    usable = clipped.area > 0
    if usable.all():
        return clipped
    lost = int((~usable).sum())
    warnings.warn(
        f"{path}: {lost} of {len(boxes)} boxes have no area in the picture and were left out.", stacklevel=4
    )
    return clipped[usable]


def _lie_inside(boxes: Boxes, size: tuple[int, int]) -> bool:
    """Tell whether all boxes have an area and end at the picture's edges at most."""
    height, width = size
    rows = boxes.xyxy.tolist()
    return all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in rows)


def _common_folder(paths: tuple[Path, ...]) -> Path:
    """Return the folder that all pictures lie in or below; the first one's where there is none."""
    parents = sorted({str(path.parent) for path in paths if not is_record_picture(path)})
    if not parents:
        return Path()
    try:
        return Path(os.path.commonpath(parents))
    except ValueError:  # absolute and relative, or several drives
        return Path(parents[0])


def _bare_name(path: Path) -> str:
    return path.name.partition("+")[2]


def _check_label_map(annotations: Annotations, folder: Path, own: list[Path]) -> None:
    """Raise if other records rely on a label map there that says something else."""
    there = folder / LABEL_MAP_NAME
    if not there.is_file() or there.read_bytes() == label_map_text(annotations.class_names).encode():
        return
    others = sorted(file.name for file in folder.iterdir() if is_record_name(file.name) and file not in own)
    if others:
        raise ValueError(
            f"{there} numbers other classes than {', '.join(annotations.class_names)}, and {others[0]} next to it "
            "relies on that. Write to another folder, or remove the old records."
        )
