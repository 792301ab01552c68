"""Datasets to practise on, as other people's tools leave them: LabelImg's files with faults, and a Labelbox export."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tflhelpers.data.annotations import Annotations, Picture
from tflhelpers.data.practice_server import serve, served_before
from tflhelpers.data.samples import thing_photos
from tflhelpers.files.atomic_file import atomic_file

_AT_HAND = 18  # of the drawn photos; the others are in the web
_URLS, _EXPORT = "urls.csv", "export.ndjson"
_Box = tuple[str, int, int, int, int]  # class, x1, y1, x2, y2


def practice_labelimg(folder: str | os.PathLike[str]) -> Path:
    """Write 18 drawn photos and the XML files that LabelImg would leave, with the faults that they often have.

    Edges the wrong way round, a box that ends outside, one without area, a class with a capital letter, a photo that
    was renamed, a file that is cut. What is in the folder already is left as it is.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: If the package was installed without its data files.
    """
    folder, things = Path(folder), thing_photos()[:_AT_HAND]
    for number, picture in enumerate(things.pictures):
        photo = folder / f"toys_{number:02d}.jpg"
        rows = zip(picture.boxes.labels, picture.boxes.xyxy.tolist(), strict=True)
        boxes: list[_Box] = [(things.class_names[label], *map(round, xyxy)) for label, xyxy in rows]
        _write_once(photo, picture.path.read_bytes())
        _write_once(photo.with_suffix(".xml"), _faulty_voc(number, photo.name, picture, boxes).encode())
    return folder


def practice_labelbox(folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write the addresses of 24 drawn photos as `urls.csv`, and the Labelbox export that goes with them.

    The addresses are served by this process, to this machine only, while it lives: `collect.from_csv` needs
    `allow_private=True` for them. One leads nowhere and one comes twice. In the export one photo was skipped, one has
    the boxes of two people, and one duck was drawn as a polygon.

    Returns:
        The list of addresses, and the export.

    Raises:
        FileNotFoundError: If the package was installed without its data files.
        OSError: If this machine lets no program serve anything.
    """
    folder, things = Path(folder), thing_photos()[_AT_HAND:]
    urls, export = folder / _URLS, folder / _EXPORT
    address = serve(things.image_paths[0].parent, served_before(urls))
    rows = [
        (f"web_{number:02d}.jpg", f"{address}/{path.name}") for number, path in enumerate(things.image_paths)
    ]
    lost = ("web_lost.jpg", f"{address}/lost.jpg")
    with atomic_file(urls) as file:
        lines = [",".join(row) for row in [("file_name", "url"), *rows, lost, rows[0]]]
        file.write(("\n".join(lines) + "\n").encode())
    with atomic_file(export) as file:
        file.write("".join(json.dumps(row) + "\n" for row in _export(things, rows)).encode())
    return urls, export


def _write_once(path: Path, content: bytes) -> None:
    if not path.exists():
        with atomic_file(path) as file:
            file.write(content)


def _faulty_voc(number: int, name: str, picture: Picture, boxes: list[_Box]) -> str:
    """What LabelImg writes for a picture; for some numbers with a fault."""
    if number == 3:
        boxes = [(called, x2, y1, x1, y2) for called, x1, y1, x2, y2 in boxes]
    elif number == 5:
        boxes = [(called.title(), x1, y1, x2, y2) for called, x1, y1, x2, y2 in boxes]
    elif number == 7:
        boxes = [(called, x1 - 6, y1, x2, y2) for called, x1, y1, x2, y2 in boxes]
    elif number == 8:
        boxes = [*boxes, ("duck", 40, 120, 40, 120)]
    text = _voc("IMG_0031.JPG" if number == 10 else name, picture, boxes)
    return text[: len(text) // 2] if number == 13 else text


def _voc(name: str, picture: Picture, boxes: list[_Box]) -> str:
    """What LabelImg writes for a picture."""
    objects = "".join(
        f"\t<object>\n\t\t<name>{escape(class_name)}</name>\n\t\t<bndbox>\n\t\t\t<xmin>{x1}</xmin>\n"
        f"\t\t\t<ymin>{y1}</ymin>\n\t\t\t<xmax>{x2}</xmax>\n\t\t\t<ymax>{y2}</ymax>\n\t\t</bndbox>\n\t</object>\n"
        for class_name, x1, y1, x2, y2 in boxes
    )
    height, width = picture.size  # type: ignore[misc]  # the samples have sizes
    return (
        f"<annotation>\n\t<folder>toys</folder>\n\t<filename>{name}</filename>\n"
        f"\t<path>C:\\Users\\me\\toys\\{name}</path>\n\t<size>\n\t\t<width>{width}</width>\n"
        f"\t\t<height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n{objects}</annotation>\n"
    )


def _export(things: Annotations, photos: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Rows as Labelbox exports them since 2023, for photos by name and address."""
    objects = [_objects(things, picture) for picture in things.pictures]
    rows = [_row(*photo, [drawn]) for photo, drawn in zip(photos, objects, strict=True)]
    polygon = rows[0]["projects"]["toys"]["labels"][0]["annotations"]["objects"][0]
    polygon["polygon"] = _hexagon(**polygon.pop("bounding_box"))
    rows[3] = _row(*photos[3], [objects[3][:1], objects[3]])
    for label, score in zip(rows[3]["projects"]["toys"]["labels"], (0.4, 0.9), strict=True):
        label["performance_details"] = {"consensus_score": score}
    rows[4] = _row(*photos[4], [[]])
    rows[4]["projects"]["toys"]["labels"][0]["performance_details"] = {"skipped": True}
    return rows


def _row(name: str, url: str, labels: list[list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "data_row": {"id": name.partition(".")[0], "external_id": name, "row_data": url},
        "media_attributes": {"height": 240, "width": 320},
        "projects": {"toys": {"labels": [{"annotations": {"objects": objects}} for objects in labels]}},
    }


def _objects(things: Annotations, picture: Picture) -> list[dict[str, Any]]:
    rows = zip(picture.boxes.labels, picture.boxes.xyxy.tolist(), strict=True)
    return [
        {
            "name": things.class_names[label],
            "bounding_box": {"left": x1, "top": y1, "width": x2 - x1, "height": y2 - y1},
        }
        for label, (x1, y1, x2, y2) in rows
    ]


def _hexagon(left: float, top: float, width: float, height: float) -> list[dict[str, float]]:
    """Corners that reach all four sides of a box."""
    corners = ((0.5, 0), (1, 0.3), (1, 0.8), (0.5, 1), (0, 0.7), (0, 0.2))
    return [{"x": left + x * width, "y": top + y * height} for x, y in corners]
