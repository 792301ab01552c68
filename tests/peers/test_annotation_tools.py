"""What the tools' own writers write we read, and what we write their own readers read: the same boxes.

ANNOTATION_TOOLS names a folder with a virtual environment for each tool, which make_annotation_tools.sh makes.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.importing import export_annotations, import_annotations

pytestmark = [pytest.mark.peers, pytest.mark.timeout(300)]

JOBS = Path(__file__).with_name("annotation_jobs.py")
CLASSES = ("mug", "duck")
# Stem → (width, height) upright, boxes: fractional ones, one as large as the picture, none.
PICTURES = {
    "wide": ((90, 60), [(1, 10.25, 5.5, 40.75, 33.125), (0, 0, 0, 90, 60)]),
    "turned": ((50, 80), [(0, 7.5, 20.25, 30.0, 71.75)]),  # stored lying on its side, with an EXIF note
    "empty": ((64, 48), []),
}
EXACT = 0.001  # px
TWO_DIGITS, WHOLE = 0.0051, 1.0  # tools that round to 0.01 px, and those that round or cut to whole pixels
CUT_TWICE = 2.0  # left and width each
STORED_SIZE = {"turned"}  # it takes the size of the photo as it lies: its boxes are elsewhere
# tool, format → how far its edges are off by its own rounding
WRITTEN = {
    ("datumaro", "coco"): TWO_DIGITS,
    ("datumaro", "voc"): TWO_DIGITS,
    ("datumaro", "yolo"): TWO_DIGITS,
    ("datumaro", "cvat"): TWO_DIGITS,
    ("datumaro", "datumaro"): TWO_DIGITS,
    ("supervision", "coco"): EXACT,
    ("supervision", "voc"): WHOLE,
    ("supervision", "yolo"): EXACT,
    ("supervision", "labelme"): EXACT,
    ("supervision", "createml"): EXACT,
    ("globox", "coco"): EXACT,
    ("globox", "voc"): EXACT,
    ("globox", "yolo"): EXACT,
    ("globox", "cvat"): EXACT,
    ("globox", "labelme"): EXACT,
    ("globox", "via"): EXACT,
    ("globox", "open_images"): EXACT,
    ("labelformat", "coco"): EXACT,
    ("labelformat", "voc"): EXACT,
    ("labelformat", "yolo"): EXACT,
    ("labelformat", "kitti"): EXACT,
    ("labelformat", "cvat"): EXACT,
    ("pylabel", "coco"): EXACT,
    ("pylabel", "voc"): WHOLE,
    ("pylabel", "yolo"): TWO_DIGITS,
    ("labelimg", "voc"): EXACT,
    ("labelimg", "yolo"): EXACT,
    ("labelimg", "createml"): EXACT,
    ("labelme", "labelme"): EXACT,
    ("label_studio", "from_coco"): EXACT,
    ("label_studio", "from_yolo"): EXACT,
    ("label_studio", "coco"): EXACT,
    ("label_studio", "voc"): CUT_TWICE,
    ("label_studio", "yolo"): EXACT,
}
ELSEWHERE = {("label_studio", "from_yolo"): STORED_SIZE}
NO_NEGATIVES = {("datumaro", "voc"), ("globox", "open_images"), ("label_studio", "voc")}
# It counts left and top from 1.
ONE_BASED = {("supervision", "voc")}
# tool, format → how far its edges are off by its own rounding; pictures that it puts elsewhere
READ = {
    ("datumaro", "coco"): (TWO_DIGITS, set()),
    ("datumaro", "voc"): (TWO_DIGITS, set()),
    ("datumaro", "yolo"): (TWO_DIGITS, set()),
    ("datumaro", "cvat"): (TWO_DIGITS, set()),
    ("supervision", "coco"): (EXACT, set()),
    ("supervision", "voc"): (EXACT, set()),
    ("supervision", "yolo"): (EXACT, set()),
    ("supervision", "labelme"): (EXACT, set()),
    ("supervision", "createml"): (EXACT, set()),
    ("globox", "coco"): (EXACT, set()),
    ("globox", "voc"): (EXACT, set()),
    ("globox", "yolo"): (EXACT, STORED_SIZE),
    ("globox", "cvat"): (EXACT, set()),
    ("globox", "labelme"): (EXACT, set()),
    ("globox", "via"): (EXACT, set()),
    ("labelformat", "coco"): (EXACT, set()),
    ("labelformat", "voc"): (EXACT, set()),
    ("labelformat", "cvat"): (EXACT, set()),
    ("pylabel", "coco"): (EXACT, set()),
    ("pylabel", "voc"): (EXACT, set()),
    ("pylabel", "yolo"): (EXACT, STORED_SIZE),
    ("labelimg", "voc"): (WHOLE, set()),
    ("labelimg", "yolo"): (WHOLE, set()),
    ("labelimg", "createml"): (EXACT, set()),
    ("labelme", "labelme"): (EXACT, set()),
}
PLACES = {  # where in the folder `out` our files go
    "coco": "annotations.json",
    "via": "annotations.json",
    "cvat": "annotations.xml",
    "createml": "images/annotations.json",
    "voc": "Annotations",
    "labelme": "Annotations",
    "yolo": "",
}


def tool_python(tool: str) -> str:
    python = Path(os.environ.get("ANNOTATION_TOOLS", "nowhere"), tool, "bin", "python")
    if not python.is_file():
        pytest.skip(
            f"needs {tool}: name the folder of its environment in ANNOTATION_TOOLS (benchmarks/README.md)"
        )
    return str(python)


def ask(direction: str, tool: str, format: str, folder: Path, data: dict) -> dict:
    (folder / "set.json").write_text(json.dumps(data), "utf-8")
    command = [tool_python(tool), str(JOBS), direction, tool, format, str(folder), str(folder / "set.json")]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return json.loads((folder / "set.json").read_text("utf-8"))


@pytest.fixture
def ours(tmp_path) -> Annotations:
    """The set, its pictures in the folder `out/images`."""
    images = tmp_path / "out" / "images"
    images.mkdir(parents=True)
    items = []
    for stem, ((width, height), boxes) in PICTURES.items():
        path = images / f"{stem}.jpg"
        exif = Image.Exif()
        if stem == "turned":
            exif[0x0112] = 6
            Image.new("RGB", (height, width)).save(path, exif=exif)
        else:
            Image.new("RGB", (width, height)).save(path)
        edges = [box[1:] for box in boxes]
        items.append((path, Boxes(edges, [box[0] for box in boxes]) if boxes else Boxes.empty()))
    return Annotations(CLASSES, items)


def given() -> dict:
    pictures = [
        {"name": f"{stem}.jpg", "width": width, "height": height, "boxes": boxes}
        for stem, ((width, height), boxes) in PICTURES.items()
    ]
    return {"classes": CLASSES, "pictures": pictures}


def far(found: dict[str, list], elsewhere=frozenset()) -> float:
    """The largest difference of an edge, in px; every picture with boxes has as many of the same classes."""
    apart = [0.0]
    for stem, (_, boxes) in PICTURES.items():
        rows = sorted((CLASSES[label], *edges) for label, *edges in boxes)
        got = sorted(map(tuple, found.get(stem, [])))
        assert [row[0] for row in got] == [row[0] for row in rows], (stem, got)
        if stem not in elsewhere:
            apart += [float(np.abs(np.array(a[1:]) - b[1:]).max()) for a, b in zip(got, rows, strict=True)]
    return max(apart)


def _but(elsewhere) -> str:
    return f" but of {', '.join(elsewhere)}" if elsewhere else ""


@pytest.mark.parametrize(("tool", "format"), WRITTEN)
def test_we_read_what_it_writes(tool, format, ours, tmp_path):
    export_annotations(ours, tmp_path / "given.json", "coco", images_root=tmp_path / "out" / "images")
    export_annotations(ours, tmp_path / "given", "yolo", copy_images=True)
    ask("write", tool, format, tmp_path, given())
    one_based = {"one_based": True} if (tool, format) in ONE_BASED else {}
    annotations, report = import_annotations(tmp_path / "out", **one_based)
    names = annotations.class_names
    found = {
        path.stem: [
            [names[label], *map(float, xyxy)] for xyxy, label in zip(boxes.xyxy, boxes.labels, strict=True)
        ]
        for path, boxes in annotations
    }
    elsewhere = ELSEWHERE.get((tool, format), set())
    apart = far(found, elsewhere)
    print(
        f"{tool} writes {format}: classes {', '.join(names)}; edges within {apart:.4f} px{_but(elsewhere)}; {report}"
    )
    assert apart <= WRITTEN[tool, format]
    assert sorted(names) == sorted(CLASSES)
    assert set(found) == set(PICTURES) - ({"empty"} if (tool, format) in NO_NEGATIVES else set())
    assert not report.of("refused")


@pytest.mark.parametrize(("tool", "format"), READ)
def test_it_reads_what_we_write(tool, format, ours, tmp_path):
    within, elsewhere = READ[tool, format]
    place = "images/annotations.xml" if (tool, format) == ("datumaro", "cvat") else PLACES[format]
    more = {"images_root": tmp_path / "out" / "images"} if format == "coco" else {}
    if (tool, format) in ONE_BASED:
        more["one_based"] = True
    export_annotations(ours, tmp_path / "out" / place, format, **more)
    data = ask("read", tool, format, tmp_path, given())
    apart = far(data["pictures"], elsewhere)
    print(f"{tool} reads {format}: classes {data['classes']}; edges within {apart:.4f} px{_but(elsewhere)}")
    assert apart <= within
    if elsewhere:
        assert far(data["pictures"]) > 1, "it turns photos by their EXIF note now: mend the table"
