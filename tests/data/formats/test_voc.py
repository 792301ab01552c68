"""Pascal VOC is read as LabelImg and others write it, and written so that it is read back equal."""

from __future__ import annotations

import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats import voc
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.importing import export_annotations, import_annotations

# As LabelImg 1.8.6 lays it out.
_LABELIMG = """<annotation verified="yes">
	<folder>pics</folder>
	<filename>a b.png</filename>
	<path>C:\\Users\\me\\pics\\a b.png</path>
	<source>
		<database>Unknown</database>
	</source>
	<size>
		<width>60</width>
		<height>40</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
	<object>
		<name>rubber duck</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>1</difficult>
		<bndbox>
			<xmin>1</xmin>
			<ymin>2</ymin>
			<xmax>60</xmax>
			<ymax>21</ymax>
		</bndbox>
		<part><name>head</name><bndbox><xmin>3</xmin><ymin>3</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>
	</object>
</annotation>
"""

_WRITTEN = """<annotation>
  <folder>pics</folder>
  <filename>a &amp; b.png</filename>
  <path>../pics/a &amp; b.png</path>
  <size>
    <width>60</width>
    <height>40</height>
    <depth>3</depth>
  </size>
  <object>
    <name>&lt;duck&gt; </name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <difficult>0</difficult>
    <bndbox>
      <xmin>{}</xmin>
      <ymin>{}</ymin>
      <xmax>25</xmax>
      <ymax>16.25</ymax>
    </bndbox>
  </object>
</annotation>
"""


def _picture(path, width=60, height=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height)).save(path)
    return path


def test_labelimg(tmp_path):
    (tmp_path / "a b.xml").write_text(_LABELIMG, "utf-8")
    _picture(tmp_path / "a b.png")
    annotations, report = import_annotations(tmp_path)
    assert annotations == Annotations(["rubber duck"], [(tmp_path / "a b.png", Boxes([[1, 2, 60, 21]], [0]))])
    assert [entry[1:] for entry in report.of("note")] == [
        ("a b.xml", "boxes marked difficult: 1, taken like the others")
    ]


@pytest.mark.parametrize(
    ("labels", "pictures"),
    [("Annotations", "JPEGImages"), ("Annotations", "images"), (".", "."), ("xml", "xml/deep")],
)
def test_pictures_beside_or_below(tmp_path, labels, pictures):
    (tmp_path / labels).mkdir(exist_ok=True)
    (tmp_path / labels / "a b.xml").write_text(_LABELIMG, "utf-8")
    path = _picture(tmp_path / pictures / "a b.png")
    assert import_annotations(tmp_path / labels, strict=True)[0].image_paths == (path,)
    assert import_annotations(tmp_path / labels / "a b.xml", strict=True)[0].image_paths == (path,)


def test_given_images_count_before_what_the_file_says(tmp_path):
    (tmp_path / "a b.xml").write_text(_LABELIMG, "utf-8")
    _picture(tmp_path / "a b.png")
    path = _picture(tmp_path / "elsewhere" / "a b.png")
    assert import_annotations(tmp_path, tmp_path / "elsewhere")[0].image_paths == (path,)


@pytest.mark.parametrize(("one_based", "start"), [(False, ("0", "6.5")), (True, ("1", "7.5"))])
def test_what_is_written(tmp_path, one_based, start):
    path = _picture(tmp_path / "pics" / "a & b.png")
    annotations = Annotations(["cat", "<duck> "], [(path, Boxes([[0, 6.5, 25, 16.25]], [1]))])
    written = export_annotations(annotations, tmp_path / "voc", "voc", one_based=one_based)
    assert written == [tmp_path / "voc" / "classes.txt", tmp_path / "voc" / "a & b.xml"]
    assert (tmp_path / "voc" / "a & b.xml").read_text("utf-8") == _WRITTEN.format(*start)
    assert (tmp_path / "voc" / "classes.txt").read_text("utf-8") == "cat\n<duck> \n"
    assert import_annotations(tmp_path / "voc", one_based=one_based)[0] == annotations


def test_pictures_of_one_name_are_kept_apart(tmp_path):
    names = ["a.jpg", "a.png", "sub/a.png", "z/sub/a.png"]
    items = [
        (_picture(tmp_path / "pics" / name), Boxes([[0, 0, 9, n]], [0])) for n, name in enumerate(names, 1)
    ]
    annotations = Annotations(["duck"], items)
    written = export_annotations(annotations, tmp_path / "voc", "voc")
    assert [path.relative_to(tmp_path / "voc").as_posix() for path in written] == [
        "classes.txt",
        "a.xml",
        "a.png.xml",
        "sub/a.xml",
        "z/sub/a.xml",
    ]
    assert dict(import_annotations(tmp_path / "voc", strict=True)[0]) == dict(annotations)


def test_a_missing_picture_is_written_with_its_annotated_size(tmp_path):
    picture = Annotations(["duck"], [(_picture(tmp_path / "a.png"), Boxes([[1, 2, 3, 4]], [0]))])
    export_annotations(picture, tmp_path / "voc", "voc")
    (tmp_path / "a.png").unlink()
    annotations, _ = import_annotations(tmp_path / "voc")
    assert annotations.pictures[0].size == (40, 60)
    export_annotations(annotations, tmp_path / "again", "voc")
    assert (tmp_path / "again" / "a.xml").is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [("a\x01b", r"cannot hold the name 'a\\x01b'"), ("two\nlines", "line breaks"), ("half\ud800", "ud800")],
)
def test_names_that_xml_cannot_hold(tmp_path, name, message):
    annotations = Annotations([name], [(_picture(tmp_path / "a.png"), Boxes.empty())])
    with pytest.raises(AnnotationError, match=message):
        export_annotations(annotations, tmp_path / "voc", "voc")
    assert not (tmp_path / "voc").exists()


def test_a_picture_of_unknown_size_is_not_written(tmp_path):
    annotations = Annotations(["duck"], [(tmp_path / "gone.png", Boxes.empty())])
    with pytest.raises(AnnotationError, match=r"got none for 1 that cannot be read: .*gone\.png"):
        export_annotations(annotations, tmp_path / "voc", "voc")


def test_files_come_in_the_order_in_which_people_count(tmp_path):
    for number in (10, 9, 1):
        (tmp_path / f"{number}.xml").write_text("<annotation/>", "utf-8")
    assert [picture.name for picture in voc.read(tmp_path, ReportBuilder()).pictures] == ["1", "9", "10"]
