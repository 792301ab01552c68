"""TFRecords of the Object Detection API, read without TensorFlow: pictures stay in the files they came in.

The format: object_detection/g3doc/using_your_own_dataset.md. Each record is a `tf.train.Example` with the encoded
picture, its boxes in 0..1, and their classes by text, by number, or both.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.label_map import LABEL_MAP_NAME, LabelMap, read_label_map
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.record_boxes import Features, marks_of, raw_boxes
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.shards import find_record_files
from tflhelpers.data.formats.tfrecord_writer import write_tfrecords
from tflhelpers.data.images import _DECODER_ERRORS, _stored_size, open_picture
from tflhelpers.data.record_pictures import ENCODED, record_picture_path
from tflhelpers.files.example_proto import bytes_of, numbers_of, split_example
from tflhelpers.files.record_file import Record, RecordError, read_records
from tflhelpers.files.text import decode_text
from tflhelpers.files.wire_proto import ProtoError

_NAMES = ("image/filename", "image/source_id", "image/key/sha256")


def read(path: Path, report: ReportBuilder, *, label_map: Path | None = None) -> RawSet:
    """Read a set of records, as `find_record_files` understands `path`.

    Args:
        path: A file, a shard, a set's name, a pattern or a folder.
        report: Is told of each record that cannot be used, with its place in the file.
        label_map: Which number means which class; None looks for a `.pbtxt` file beside the records.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If shards of several sets are mixed, or the label map that was given is none.
    """
    files = find_record_files(path, report.refused)
    names = read_label_map(label_map, report) if label_map is not None else _label_map_beside(files, report)
    numbers: dict[str, set[int]] = {}
    pictures = _pictures(files, names, numbers, report)
    folders = sorted({file.parent for file in files})
    if names is not None:
        return RawSet(names.class_names, pictures, folders)
    listed = list(pictures)  # the order of the classes is known only at the end
    return RawSet(_in_order_of_numbers(numbers), listed, folders, declared=False)


def write(annotations: Annotations, path: Path, *, progress: bool = True) -> list[Path]:
    """Write one record file and its label map; see `write_tfrecords`."""
    return write_tfrecords(annotations, path, progress=progress)


def _pictures(
    files: list[Path], names: LabelMap | None, numbers: dict[str, set[int]], report: ReportBuilder
) -> Iterator[RawPicture]:
    """Yield the picture of each record; keeps in `numbers` which class had which numbers."""
    for file in files:

        def tell(offset: int, why: str, name: str = file.name) -> None:
            report.refused(f"{name}: record at byte {offset}", why)

        for record in read_records(file, tell):
            try:
                yield _picture(file, record, names, numbers, report)
            except ProtoError as error:
                tell(record.offset, f"no tf.train.Example: {error}")
            except RecordError as error:
                tell(record.offset, str(error))
    _note_unnamed(files[0].name, numbers, report)


def _picture(
    file: Path, record: Record, names: LabelMap | None, numbers: dict[str, set[int]], report: ReportBuilder
) -> RawPicture:
    features = split_example(record.data)
    encoded = next(iter(bytes_of(features.get(ENCODED))), None)
    where = f"{file.name}: record at byte {record.offset}"
    size = _written_size(features) or (_size_of(encoded) if encoded else None)
    boxes, labels = raw_boxes(features, size, names)
    for box, label in zip(boxes, labels, strict=True):
        if box.class_name is not None:
            numbers.setdefault(box.class_name, set()).add(label)
    _note_disagreement(boxes, labels, names, where, report)
    for mark in marks_of(features):
        report.note(where, mark)
    name = next((text for key in _NAMES if (text := _text(features, key))), f"record at byte {record.offset}")
    path = record_picture_path(file, record.offset, name) if encoded else None
    return RawPicture(name, boxes, where, size, fractions=True, path=path)


def _note_disagreement(
    boxes: list[RawBox], labels: list[int], names: LabelMap | None, where: str, report: ReportBuilder
) -> None:
    for box, label in zip(boxes, labels, strict=True):
        mapped = names.names.get(label) if names is not None else None
        if mapped is not None and box.class_name != mapped:
            report.note(
                where,
                f"class and number disagree: {box.class_name!r} by name, {mapped!r} by number {label} in the label "
                "map; the name counts",
            )
            return


def _note_unnamed(where: str, numbers: dict[str, set[int]], report: ReportBuilder) -> None:
    unnamed = sorted(min(of_name) for name, of_name in numbers.items() if name == f"class {min(of_name)}")
    if unnamed:
        listed = ", ".join(map(str, unnamed[:10]))
        report.note(
            where,
            f'classes without names: number {listed} called "class {unnamed[0]}" and so on. Put a {LABEL_MAP_NAME} '
            "next to the records, or give rename=.",
        )


def _text(features: Features, key: str) -> str:
    value = next(iter(bytes_of(features.get(key))), b"")
    return decode_text(bytes(value))[0]


def _written_size(features: Features) -> tuple[int, int] | None:
    sides = [numbers_of(features.get(f"image/{side}"))[:1] for side in ("height", "width")]
    if all(len(side) == 1 and 1 <= side[0] < 2**31 for side in sides):
        return int(sides[0][0]), int(sides[1][0])
    return None


def _size_of(encoded: memoryview) -> tuple[int, int] | None:
    """Return (height, width) as stored, which is what the fractions in records are of; None if unreadable."""
    try:
        with open_picture(io.BytesIO(encoded)) as image:
            width, height = _stored_size(image)
            return (height, width) if height and width else None
    except (*_DECODER_ERRORS, Image.DecompressionBombError):
        return None


def _in_order_of_numbers(numbers: dict[str, set[int]]) -> list[str] | None:
    """Return the classes in the order of their numbers; None where names and numbers are not one to one."""
    taken = [number for of_name in numbers.values() for number in of_name]
    if 0 in taken or len(set(taken)) < len(taken) or any(len(of_name) > 1 for of_name in numbers.values()):
        return None
    return sorted(numbers, key=lambda name: min(numbers[name]))


def _label_map_beside(files: list[Path], report: ReportBuilder) -> LabelMap | None:
    """Return the label map in the folder of the records, or in the one above."""
    folder = files[0].parent
    for place in (folder, folder.parent):
        found = _maps_in(place, files[0].name)
        for each in found if len(found) == 1 else []:
            try:
                return read_label_map(each, report)
            except (AnnotationError, OSError) as error:
                report.refused(each.name, f"unusable label map: {error}")
        if len(found) > 1:
            listed = ", ".join(each.name for each in found)
            report.note(folder.name, f"several label maps: none is used of {listed}. Leave one there")
            return None
    return None


def _maps_in(folder: Path, record_name: str) -> list[Path]:
    """Return the label map of a folder, or those among which nobody can choose."""
    found = sorted(folder.glob("*.pbtxt"))
    usual = [each for each in found if each.name == LABEL_MAP_NAME]
    own = [each for each in found if record_name.startswith(each.name.removesuffix(f"_{LABEL_MAP_NAME}"))]
    return usual or own or [each for each in found if "label" in each.name.lower()] or found
