"""The table of the TensorFlow tutorials is read as spreadsheets leave it, and written so that it is read back equal."""

from __future__ import annotations

import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats import tool_reading
from tflhelpers.data.importing import export_annotations, import_annotations

_HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def _picture(path, width=60, height=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height)).save(path)
    return path


@pytest.mark.parametrize(
    "table",
    [
        _HEADER + "a.png,60,40,duck,5,6,25,16\n",
        _HEADER.replace(",", ";") + "a.png;60;40;duck;5;6;25;16",
        _HEADER.replace(",", "|") + "a.png|60|40|duck|5|6|25|16",
        _HEADER.replace(",", "\t") + "a.png\t60\t40\tduck\t5.0\t6.0\t25\t16\r\n",
        "\ufeff" + _HEADER.upper() + '"a.png","60","40","duck","5","6","25","16"',
        "ymax,xmax,ymin,xmin,class,filename\n16,25,6,5,duck,a.png",
        "image_path,label,x_min,y_min,x_max,y_max,note\na.png,duck,5,6,25,16,hello",
        "Image,Class Name,x1,y1,x2,y2\n\n  ,,,,,\na.png,duck, 5 , 6 ,25,16\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_forms(tmp_path, table, encoding):
    path = _picture(tmp_path / "a.png")
    (tmp_path / "x.csv").write_bytes(table.encode(encoding))
    expected = Annotations(["duck"], [(path, Boxes([[5, 6, 25, 16]], [0]))])
    assert import_annotations(tmp_path / "x.csv", strict=True)[0] == expected
    assert import_annotations(tmp_path, strict=True)[0] == expected


def test_western_european_text_is_read_and_said(tmp_path):
    path = _picture(tmp_path / "grün.png")
    (tmp_path / "x.csv").write_bytes((_HEADER + "grün.png,60,40,größer,5,6,25,16").encode("cp1252"))
    annotations, report = import_annotations(tmp_path / "x.csv")
    assert annotations == Annotations(["größer"], [(path, Boxes([[5, 6, 25, 16]], [0]))])
    assert [entry[1:] for entry in report.of("note")] == [
        ("x.csv", "not UTF-8: read as Western European text (cp1252); look at the names")
    ]


@pytest.mark.parametrize(
    "table",
    ["", "\n", "a.png,60,40,duck,5,6,25,16\n", "filename,class,xmin,ymin,xmax\n", '"filename\n', "\0" * 50],
)
def test_no_such_table(tmp_path, table):
    (tmp_path / "x.csv").write_text(table, "utf-8")
    with pytest.raises(AnnotationError, match="expected a first line with the columns filename,width"):
        import_annotations(tmp_path / "x.csv", format="csv")


def test_too_large_a_table_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(tool_reading, "_MOST_BYTES", 100)
    (tmp_path / "x.csv").write_text(_HEADER + "a.png,60,40,duck,5,6,25,16\n" * 5, "utf-8")
    with pytest.raises(AnnotationError, match=r"at most 100 bytes\. Divide it"):
        import_annotations(tmp_path / "x.csv")


def test_a_cell_without_end_ends_the_table(tmp_path):
    path = _picture(tmp_path / "a.png")
    endless = '"' + "x" * 200_000
    (tmp_path / "x.csv").write_text(f"{_HEADER}a.png,60,40,duck,5,6,25,16\n{endless}", "utf-8")
    annotations, report = import_annotations(tmp_path / "x.csv")
    assert annotations == Annotations(["duck"], [(path, Boxes([[5, 6, 25, 16]], [0]))])
    assert [entry[1:] for entry in report.of("refused")] == [
        (
            "x.csv, row 3",
            "no row of a table: field larger than field limit (131072); what follows is left out",
        )
    ]


_ROWS = "b.png,60,40,duck,5,6,25,16\na.png,60,40,duck,1,2,3,4\n"


@pytest.mark.parametrize(
    "bad",
    [
        'a.png,60,40,"cat,5,6,25,16',
        '"a.png,60,40,cat,5,6,25,16',
        'a.png,60,40,"cat,5,6,25,16\nb.png,60,40,"dog,5,6,7,8',
    ],
)
def test_a_quotation_mark_that_is_not_closed_costs_its_own_row(tmp_path, bad):
    for name in ("a.png", "b.png"):
        _picture(tmp_path / name)
    (tmp_path / "x.csv").write_text(f"{_HEADER}{bad}\n{_ROWS}", "utf-8")
    annotations, report = import_annotations(tmp_path / "x.csv")
    assert annotations.class_names == ("duck",)
    assert {path.name: boxes.xyxy.tolist() for path, boxes in annotations} == {
        "b.png": [[5, 6, 25, 16]],
        "a.png": [[1, 2, 3, 4]],
    }
    assert [entry[1:] for entry in report.of("refused")] == [
        (f"x.csv, row {row}", "no row of a table: a quotation mark in it is not closed")
        for row in range(2, 2 + len(bad.splitlines()))
    ]


def test_a_description_may_go_over_several_lines(tmp_path):
    path = _picture(tmp_path / "a.png")
    header = _HEADER.replace("class", "remark,class")
    (tmp_path / "x.csv").write_text(f'{header}a.png,60,40,"seen\nfrom afar",duck,5,6,25,16\n', "utf-8")
    assert import_annotations(tmp_path / "x.csv", strict=True)[0] == Annotations(
        ["duck"], [(path, Boxes([[5, 6, 25, 16]], [0]))]
    )


def test_what_is_written(tmp_path):
    items = [
        (_picture(tmp_path / "pics" / "b, c.png"), Boxes([[5.5, 6, 25, 16], [0, 0, 60, 40]], [1, 0])),
        (_picture(tmp_path / "pics" / "a.png", 9, 7), Boxes.empty()),
    ]
    annotations = Annotations(['"cat", big', "duck ", "never"], items)
    path = tmp_path / "new" / "x.csv"
    assert export_annotations(annotations, path, "csv") == [path, tmp_path / "new" / "x.classes.txt"]
    assert path.read_text("utf-8") == (
        f"{_HEADER}"
        '"../pics/b, c.png",60,40,duck ,5.5,6,25,16\n'
        '"../pics/b, c.png",60,40,"""cat"", big",0,0,60,40\n'
        "../pics/a.png,9,7,,,,,\n"
    )
    assert (tmp_path / "new" / "x.classes.txt").read_text("utf-8") == '"cat", big\nduck \nnever\n'
    assert import_annotations(path, strict=True)[0] == annotations


def test_a_class_of_two_lines_is_refused(tmp_path):
    annotations = Annotations(["a\nb"], [(_picture(tmp_path / "a.png"), Boxes.empty())])
    with pytest.raises(AnnotationError, match="cannot hold the class name"):
        export_annotations(annotations, tmp_path / "x.csv", "csv")
