"""Reads what Labelbox has exported since 2018: JSON and NDJSON, boxes and polygons, of one or several people."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.json_stream import BrokenJson, read_rows
from tflhelpers.data.formats.labelbox_rows import Label, labels_of
from tflhelpers.data.formats.picture_urls import expires_at, without_signature
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.atomic_file import write_text


def read(path: Path, report: ReportBuilder, *, y_from_bottom: bool = False) -> RawSet:
    """Return what a Labelbox export holds; a polygon becomes the box around it.

    A picture on which somebody drew nothing is a negative; one that was skipped or not yet labelled is left
    out. Of several labels of one picture that which was judged best is taken, else the first.

    Args:
        path: The .json or .ndjson file.
        report: Is told everything.
        y_from_bottom: For exports of 2018: y is counted from the bottom of the picture. Later ones count from
            the top, and are not touched.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If there is no JSON in it.
    """
    labels = list(_labels(path, report))
    _tell_about_y(path, labels, y_from_bottom, report)
    _tell_about_urls(path, labels, report)
    return RawSet(None, [_to_picture(same, y_from_bottom, report) for same in _by_picture(labels)])


def write_url_list(path: Path, urls_csv: Path) -> int:
    """Write the names and addresses of an export's pictures as a CSV that `collect.from_csv` fetches.

    Returns:
        How many there are.
    """
    urls: dict[str, str] = {}
    for label in _labels(path, ReportBuilder()):
        if label.picture.url:
            urls.setdefault(label.picture.names[0], label.picture.url)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("file_name", "url"), *urls.items()])
    write_text(urls_csv, text.getvalue())
    return len(urls)


def _labels(path: Path, report: ReportBuilder) -> Iterator[Label]:
    number = 0
    try:
        for number, row in read_rows(path, report):
            yield from labels_of(row, f"{path.name}: row {number}", report)
    except BrokenJson as error:
        report.refused(path.name, f"cut off or malformed: {error}")
    if not number:
        raise AnnotationError(f"{path}: expected a Labelbox export, got no whole row of JSON.")


def _by_picture(labels: Sequence[Label]) -> list[list[Label]]:
    groups: dict[str, list[Label]] = {}
    for label in labels:
        groups.setdefault(label.picture.key, []).append(label)
    return list(groups.values())


def _to_picture(labels: list[Label], y_from_bottom: bool, report: ReportBuilder) -> RawPicture:
    """Return one picture of what several people drew on it, or one drew in several rows."""
    best = max(labels, key=lambda label: label.rank)  # of equals the first
    boxes, incomplete = best.boxes, best.incomplete
    if best.is_piece:
        incomplete = any(label.incomplete for label in labels)
        boxes = [
            box._replace(where=f"{label.where.rpartition(': ')[2]}")
            for label in labels
            for box in label.boxes
        ]
    else:
        _tell_others(labels, best, report)
    name, *aliases = best.picture.names
    picture = RawPicture(name, boxes, best.where, best.picture.size, aliases=tuple(aliases))
    picture.incomplete = incomplete
    if best.from_2018 and y_from_bottom:
        picture.y_from_bottom = True
    return picture


def _tell_others(labels: list[Label], best: Label, report: ReportBuilder) -> None:
    judged = best.rank[0] or max(best.rank[1:3]) >= 0
    why = "which was judged best" if judged else "the first, since none was judged"
    for label in labels:
        if label is not best:
            report.refused(
                label.where,
                f"another label of the same picture: {label.picture.names[0]!r} has {len(labels)}; taken is that "
                f"of {best.where.rpartition(': ')[2]}, {why}",
            )


def _tell_about_y(path: Path, labels: Sequence[Label], y_from_bottom: bool, report: ReportBuilder) -> None:
    old = sum(label.from_2018 and bool(label.boxes) for label in labels)
    if old and not y_from_bottom:
        report.note(
            path.name,
            f"an export of 2018: {old} pictures, y taken as counted from the top, which the file does not tell. Look "
            "at contact_sheet(annotations); if the boxes are upside down, y_from_bottom=True",
        )


def _tell_about_urls(path: Path, labels: Sequence[Label], report: ReportBuilder) -> None:
    urls = {label.picture.key: label.picture.url for label in labels if label.picture.url}
    if not urls:
        return
    first = without_signature(next(iter(urls.values())))
    report.note(
        path.name,
        f"pictures named by addresses: {len(urls)}, such as {first}. For those that are not on this machine write "
        "a list with tflhelpers.data.formats.labelbox.write_url_list, and fetch it with collect.from_csv",
    )
    expired = [until for url in urls.values() if (until := expires_at(url)) < time.time()]
    if expired:
        day = datetime.fromtimestamp(max(max(expired), 0), timezone.utc).date()
        report.note(
            path.name,
            f"expired addresses: {len(expired)}, the last on {day}. They lead nowhere; export again from Labelbox to "
            "fetch the pictures",
        )
