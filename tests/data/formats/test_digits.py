"""A file is as exact as its digits: rounding leads no box out of its picture, and pixels from 1 are noticed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.importing import ImportRefused, import_annotations

_WIDTH, _HEIGHT = 4032, 3024


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "a.jpg"
    Image.new("L", (_WIDTH, _HEIGHT)).save(path)
    return path


def _folder(tmp_path, picture, text):
    (tmp_path / "a.jpg").symlink_to(picture)
    (tmp_path / "a.txt").write_text(text, "utf-8")
    (tmp_path / "classes.txt").write_text("duck", "utf-8")
    return tmp_path


@pytest.mark.parametrize("digits", [4, 5, 6, 8])
def test_boxes_at_the_edge_of_a_large_photo_stay_in_it(tmp_path, picture, digits):
    generator = np.random.default_rng(digits)
    starts = generator.integers(0, (_WIDTH - 50, _HEIGHT - 50), (200, 2))
    lines = []
    for x, y in starts.tolist():
        values = (x + _WIDTH) / 2 / _WIDTH, (y + _HEIGHT) / 2 / _HEIGHT, 1 - x / _WIDTH, 1 - y / _HEIGHT
        lines.append("0 " + " ".join(f"{value:.{digits}f}" for value in values))
    annotations, _ = import_annotations(_folder(tmp_path, picture, "\n".join(lines)), strict=True)
    xyxy = annotations[0][1].xyxy
    assert np.abs(xyxy[:, :2] - starts).max() <= 0.76 * 10**-digits * _WIDTH
    assert np.abs(xyxy[:, 2:] - (_WIDTH, _HEIGHT)).max() <= 0.76 * 10**-digits * _WIDTH


@pytest.mark.parametrize(
    "line",
    [
        "0 0.92374 0.82192 0.15273 0.35615",  # by 0.4 px beyond the right edge, ten times what five digits lose
        "0 0.9 0.5 0.21 0.5",  # by 20 px: numbers of two digits are meant as they are
        "0 0.9000 0.5000 0.2010 0.5000",
    ],
)
def test_boxes_that_really_leave_the_photo_are_told(tmp_path, picture, line):
    with pytest.raises(ImportRefused, match="partly outside the picture"):
        import_annotations(_folder(tmp_path, picture, line), strict=True)


def test_four_digits_move_no_edge_by_more_than_a_tenth(tmp_path, picture):
    annotations, _ = import_annotations(_folder(tmp_path, picture, "0 0.5000 0.5000 0.1001 0.1001"))
    exact = np.array([0.44995 * _WIDTH, 0.44995 * _HEIGHT, 0.55005 * _WIDTH, 0.55005 * _HEIGHT])
    assert np.abs(annotations[0][1].xyxy[0] - exact).max() <= 0.1


def _voc(name, *boxes, size=(60, 40)):
    sides = ("xmin", "ymin", "xmax", "ymax")
    drawn = "".join(
        "<object><name>duck</name><bndbox>"
        + "".join(f"<{side}>{edge}</{side}>" for side, edge in zip(sides, box, strict=True))
        + "</bndbox></object>"
        for box in boxes
    )
    sides = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    return f"<annotation><filename>{name}</filename>{sides}{drawn}</annotation>"


@pytest.mark.parametrize(
    ("boxes", "noted"),
    [
        ([(1, 1, 60, 40)], False),  # LabelImg draws so, too
        ([(1, 1, 60, 40), (1, 5, 7, 20)], True),
        ([(6, 1, 25, 16), (11, 6, 60, 16)], True),
        ([(2 + n, 7, 60, 16) for n in range(5)], True),
        ([(2 + n, 7, 60, 16) for n in range(4)], False),  # these may do so by chance
        ([(6, 1, 25, 16)], False),
        ([(6, 1, 60, 16), (0, 5, 25, 16)], False),
        ([(6.5, 1, 60, 16), (5, 0.5, 25, 16)], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("format", ["voc", "csv"])
def test_pixels_that_may_be_counted_from_one(tmp_path, boxes, noted, format):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (60, 40)).save(tmp_path / name)
    rows = "".join(f"a.png,60,40,duck,{','.join(map(str, box))}\n" for box in boxes)
    table = "filename,width,height,class,xmin,ymin,xmax,ymax\n" + rows + "b.png,60,40,duck,10,20,30,35\n"
    if format == "csv":
        (tmp_path / "x.csv").write_text(table, "utf-8")
    else:
        (tmp_path / "a.xml").write_text(_voc("a.png", *boxes), "utf-8")
        (tmp_path / "b.xml").write_text(_voc("b.png", (10, 20, 30, 35)), "utf-8")
    _, report = import_annotations(tmp_path, strict=True)
    kinds = [entry.kind for entry in report.of("note") if entry.kind != "picture without annotation"]
    assert kinds == ["pixels may be counted from 1"] * noted
    assert not any(
        "from 1" in entry.kind for entry in import_annotations(tmp_path, one_based=True)[1].of("note")
    )
