"""What one row of a Labelbox export says: which picture, who drew what on it, and how well that was judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tflhelpers.data.formats import labelbox_2018
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.picture_index import has_ending
from tflhelpers.data.formats.picture_urls import file_name_of, is_url
from tflhelpers.data.formats.polygons import XYXY, box_around
from tflhelpers.data.formats.raw import RawBox
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import dict_at, list_at

_SHAPELESS = {  # keys of what people draw besides whole boxes and polygons
    "bbox": "a box without its four numbers",
    "bounding_box": "a box without its four numbers",
    "polygon": "a polygon without corners",
    "point": "a point",
    "line": "a line",
    "geometry": "a shape on a map, in degrees",
    "mask": "a mask, whose pixels are in the web",
    "instanceURI": "a mask, whose pixels are in the web",
    "location": "a mark in a text",
}


@dataclass(frozen=True)
class LabelboxPicture:
    """A picture as a row names it.

    Attributes:
        key: Equal for rows of one picture.
        names: Names under which the file may lie on this machine, the most likely first.
        url: Where it is in the web, or "".
        size: (height, width), or None where the row does not tell.
    """

    key: str
    names: tuple[str, ...]
    url: str
    size: tuple[int, int] | None


@dataclass(frozen=True)
class Label:
    """What one person drew on one picture.

    Attributes:
        incomplete: Whether something that was drawn had to be refused.
        rank: The higher, the better it was judged: whether it is the benchmark, its agreement with the benchmark
            and with the others, and its reviews. Where nothing was judged -1 or 0.
        from_2018: Whether y may be counted from the bottom.
        is_piece: Whether it is one object of a label, and belongs together with the others of its picture.
    """

    picture: LabelboxPicture
    boxes: list[RawBox]
    incomplete: bool
    where: str
    rank: tuple[float, ...] = (0.0, -1.0, -1.0, 0.0)
    from_2018: bool = False
    is_piece: bool = False


def labels_of(row: Any, where: str, report: ReportBuilder) -> list[Label]:
    """Return the labels of a row; none, told to the report, if it was skipped or is not understood."""
    if isinstance(row, dict) and isinstance(row.get("data_row"), dict):
        return _labels_of_project_row(row, where, report)
    if isinstance(row, dict) and isinstance(row.get("dataRow"), dict):
        return _pieces(row, where, report)
    if isinstance(row, dict) and ("Label" in row or "Labeled Data" in row):
        return _labels_of_titled_row(row, where, report)
    report.refused(where, f"no row of a Labelbox export: {row!r}"[:200])
    return []


def _labels_of_titled_row(row: dict[str, Any], where: str, report: ReportBuilder) -> list[Label]:
    """Generations 1 to 4, of 2018 to 2022: `Label` holds what was drawn."""
    media = row.get("Media Attributes")
    picture = _picture(
        row.get("DataRow ID"), [row.get("External ID"), row.get("Global Key")], row.get("Labeled Data"), media
    )
    if picture is None:
        report.refused(where, f"no picture, but a map or a text: {row.get('Labeled Data')!r}"[:200])
        return []
    label = _as_object(row.get("Label"))
    skipped = row.get("Skipped") is True or label == "Skip"
    if skipped or not isinstance(label, dict):
        report.note(
            where, f"{'skipped' if skipped else 'not labelled'} in Labelbox: {picture.names[0]!r} is left out"
        )
        return []
    benchmark_id = row.get("Benchmark ID") or row.get("Benchmark Reference ID")
    rank = (
        float(bool(benchmark_id) and benchmark_id == row.get("ID")),
        _score(row.get("Benchmark Agreement")),
        _score(row.get("Agreement")),
        _reviews(row.get("Reviews")),
    )
    if "frames" in label and not isinstance(label.get("frames"), list):
        report.refused(where, "labels of a video: take its frames with collect.from_video and draw on them")
        return []
    if _is_of_2018(label):
        drawn = _drawn(labelbox_2018.boxes_of, label, where, report)
        return [Label(picture, *drawn, where, rank, from_2018=True)]
    return [Label(picture, *_drawn(_boxes, label.get("objects"), where, report), where, rank)]


def _labels_of_project_row(row: dict[str, Any], where: str, report: ReportBuilder) -> list[Label]:
    """Generation 5, from 2023 on: one row a picture, with the labels of all projects."""
    data = row["data_row"]
    names = [data.get("external_id"), data.get("global_key")]
    picture = _picture(data.get("id"), names, data.get("row_data"), row.get("media_attributes"))
    if picture is None:
        report.refused(where, f"no picture, but a map or a text: {data!r}"[:200])
        return []
    projects = row.get("projects")
    found = [label for project in _values(projects) for label in list_at(project, "labels")]
    labels: list[Label] = []
    for number, label in enumerate(found, 1):
        here = where if len(found) == 1 else f"{where}, label {number}"
        annotations = label.get("annotations") if isinstance(label, dict) else None
        if not isinstance(annotations, dict) or _is_skipped(label):
            report.note(here, f"skipped in Labelbox: {picture.names[0]!r}, label left out")
        elif "frames" in annotations:
            report.refused(
                here, "labels of a video: take its frames with collect.from_video and draw on them"
            )
        else:
            drawn = _drawn(_boxes, annotations.get("objects"), here, report)
            labels.append(Label(picture, *drawn, here, _rank(label)))
    if not found:
        report.note(where, f"not labelled in Labelbox: {picture.names[0]!r} is left out")
    return labels


def _pieces(row: dict[str, Any], where: str, report: ReportBuilder) -> list[Label]:
    """A row as Labelbox imports it: one object."""
    data = row["dataRow"]
    picture = _picture(data.get("id"), [data.get("globalKey"), data.get("id")], data.get("rowData"), None)
    if picture is None:
        report.refused(where, f"no picture named: {data!r}"[:200])
        return []
    return [Label(picture, *_drawn(_boxes, [row], where, report), where, is_piece=True)]


def _picture(key: Any, names: Sequence[Any], address: Any, media: Any) -> LabelboxPicture | None:
    """Return the picture of a row; None if it is something else than a picture, or nameless."""
    address = address if isinstance(address, str) else ""
    if "tileLayerUrl" in address:
        return None
    possible = [name for name in names if isinstance(name, str) and name.strip()]
    possible = [file_name_of(name) if is_url(name) else name for name in possible]
    if is_url(address) or has_ending(address):
        possible.append(file_name_of(address))
    possible = list(dict.fromkeys(filter(None, possible)))
    if not possible:
        return None
    possible.sort(key=lambda name: not has_ending(name))  # a number or a note may stand where names are meant
    media = media if isinstance(media, dict) else {}
    size = as_size(media.get("height"), media.get("width"))
    same = key if isinstance(key, str) and key else address or possible[0]
    return LabelboxPicture(same, tuple(possible), address if is_url(address) else "", size)


def _drawn(
    read: Callable[[Any, str, ReportBuilder], list[RawBox]], drawn: Any, where: str, report: ReportBuilder
) -> tuple[list[RawBox], bool]:
    """Return the boxes of a label, and whether something else of it was refused."""
    before = report.refusals
    return read(drawn, where, report), report.refusals > before


def _boxes(objects: Any, where: str, report: ReportBuilder) -> list[RawBox]:
    boxes = []
    if not isinstance(objects, (list, type(None))):
        report.refused(where, f"objects: expected a list, got {objects!r}"[:200])
    for number, drawn in enumerate(objects if isinstance(objects, list) else [], 1):
        here = f"object {number}"
        if not isinstance(drawn, dict):
            report.refused(f"{where}, {here}", f"no object: {drawn!r}"[:200])
            continue
        name = next((drawn[key] for key in ("title", "name", "value", "schemaId") if drawn.get(key)), None)
        box = _box(drawn)
        if box is not None:
            boxes.append(RawBox(name if isinstance(name, str) else None, box, here))
        else:
            what = next((said for key, said in _SHAPELESS.items() if key in drawn), "nothing that we know")
            report.refused(f"{where}, {here}", f"neither box nor polygon: {name!r} is {what}")
    return boxes


def _box(drawn: dict[str, Any]) -> XYXY | None:
    box = drawn.get("bbox", drawn.get("bounding_box"))
    if isinstance(box, dict):
        return _edges(box)
    corners = drawn.get("polygon")
    if isinstance(corners, list) and all(isinstance(corner, dict) for corner in corners):
        return box_around((corner.get("x"), corner.get("y")) for corner in corners)
    return None


def _edges(box: dict[str, Any]) -> XYXY | None:
    values = [box.get(key) for key in ("left", "top", "width", "height")]
    try:
        left, top, width, height = (float(value) for value in values)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return left, top, left + width, top + height


def _is_of_2018(label: dict[str, Any]) -> bool:
    """Tell whether a label maps class names to polygons: later ones have lists of objects and answers."""
    objects: Any = label.get("objects", label.get("classifications"))
    is_later = isinstance(objects, list) and all(
        isinstance(drawn, dict) and "x" not in drawn for drawn in objects
    )
    return not is_later or any("geometry" in drawn and len(drawn) == 1 for drawn in objects)


def _as_object(label: Any) -> Any:
    """Return a label that was exported as JSON in a text decoded, others as they are."""
    if isinstance(label, str) and label.lstrip().startswith("{"):
        try:
            return json.loads(label)
        except (ValueError, RecursionError):
            return None
    return label


def _rank(label: dict[str, Any]) -> tuple[float, ...]:
    details, judged = dict_at(label, "label_details"), dict_at(label, "performance_details")
    return (
        float(details.get("is_benchmark_reference") is True),
        _score(judged.get("benchmark_score")),
        _score(judged.get("consensus_score")),
        _reviews(details.get("reviews")),
    )


def _is_skipped(label: dict[str, Any]) -> bool:
    return any(dict_at(label, key).get("skipped") is True for key in ("performance_details", "label_details"))


def _score(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if number else -1.0


def _reviews(reviews: Any) -> float:
    scores = (
        [review.get("score") for review in reviews if isinstance(review, dict)]
        if isinstance(reviews, list)
        else []
    )
    return float(sum(score for score in scores if isinstance(score, (int, float)) and abs(score) < 1e6))


def _values(projects: Any) -> Iterator[Any]:
    yield from projects.values() if isinstance(projects, dict) else ()
