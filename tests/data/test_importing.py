"""One call for all formats: it knows which it is, finds what belongs to it, and takes back what was exported."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats.detect import FORMATS, detect_format
from tflhelpers.data.importing import export_annotations, import_annotations
from tflhelpers.evaluation.mistakes import find_mistakes
from tflhelpers.evaluation.scores import evaluate

_FIXTURES = "formats/labelformat/tests/fixtures/object_detection"
_COCO = json.dumps({"info": {}, "images": [], "annotations": [], "categories": []})
_CSV = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
_LINE = "0 .5 .5 1 1\n"


@pytest.mark.parametrize(
    ("files", "format"),
    [
        ({"a.xml": "<annotation/>", "a.jpg": ""}, "voc"),
        ({"a.xml": "<annotation/>", "classes.txt": "duck"}, "voc"),
        ({"deep/down/a.xml": "<annotation/>"}, "voc"),
        ({"train.json": _COCO, "images/a.jpg": ""}, "coco"),
        ({"a.txt": _LINE, "classes.txt": "duck"}, "yolo"),
        ({"a.txt": _LINE, "data.yaml": "names: [duck]"}, "yolo"),
        ({"labels/a.txt": "", "images/a.jpg": ""}, "yolo"),
        ({"a.txt": _LINE, "a.jpg": ""}, "yolo"),
        ({"a.txt": "", "a.jpg": ""}, "yolo"),
        ({"x.csv": _CSV}, "csv"),
        ({"x.tsv": _CSV.replace(",", "\t"), "other.csv": "name,age\n"}, "csv"),
        ({"x.record": ""}, "tfrecord"),
        ({"x.tfrecord-00000-of-00002": "", "label_map.pbtxt": ""}, "tfrecord"),
        ({"export.json": '[{"External ID": "a.jpg", "Label": {}}]'}, "labelbox"),
        ({"export.ndjson": '{"data_row": {"id": 1}}\n'}, "labelbox"),
    ],
)
def test_detect_format(tmp_path, files, format):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert detect_format(tmp_path) == format


def _voc(*names):
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{5 + 30 * k}</xmin><ymin>6</ymin><xmax>{25 + 30 * k}</xmax>"
        "<ymax>36</ymax></bndbox></object>"
        for k, name in enumerate(names)
    )
    return f"<annotation><filename>a.png</filename>{objects}</annotation>"


def _coco(*categories):
    boxes = {"cat": [35, 6, 20, 30], "dog": [5, 6, 20, 30]}
    return json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.png"}],
            "categories": [{"id": k, "name": name} for k, name in enumerate(categories, 1)],
            "annotations": [
                {"id": k, "image_id": 1, "category_id": k, "bbox": boxes[name]}
                for k, name in enumerate(categories, 1)
                if name in boxes
            ],
        }
    )


_DOG_FIRST = _CSV + "a.png,90,40,dog,5,6,25,36\na.png,90,40,cat,35,6,55,36\n"
_CAT_FIRST = _CSV + "a.png,90,40,cat,35,6,55,36\na.png,90,40,dog,5,6,25,36\n"


@pytest.mark.parametrize(
    ("learned", "measured", "names"),
    [
        ({"a.xml": _voc("cat", "dog")}, {"a.xml": _voc("dog", "cat")}, ("cat", "dog")),
        ({"x.csv": _CAT_FIRST}, {"x.csv": _DOG_FIRST}, ("cat", "dog")),
        ({"x.csv": _DOG_FIRST}, {"a.xml": _voc("dog", "dog")}, ("dog",)),
        ({"x.json": _coco("cat", "dog")}, {"x.json": _coco("dog", "cat")}, ("dog", "cat")),
        ({"x.json": _coco("ant", "cat", "dog")}, {"a.xml": _voc("dog")}, ("dog",)),
    ],
)
def test_a_perfect_detector_is_perfect_on_a_set_that_numbers_its_classes_otherwise(
    tmp_path, learned, measured, names
):
    folders = []
    for name, files in (("learned", learned), ("measured", measured)):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        Image.new("RGB", (90, 40)).save(folders[-1] / "a.png")
        for file, text in files.items():
            (folders[-1] / file).write_text(text)
    (detectors, _), (truth, _) = (import_annotations(folder) for folder in folders)
    assert truth.class_names == names

    def found(annotations):  # what a detector of the classes learned returns
        for _, boxes in annotations:
            labels = [detectors.class_names.index(annotations.class_names[label]) for label in boxes.labels]
            yield Boxes(boxes.xyxy, labels, [0.9] * len(boxes), class_names=detectors.class_names)

    assert evaluate(list(found(truth)), truth).ap == pytest.approx(1)
    assert {kind: n for kind, n in find_mistakes(list(found(truth)), truth).counts.items() if n} == {
        "found": len(truth[0][1])
    }
    same, _ = import_annotations(folders[1], class_names=detectors.class_names)
    assert same.class_names == detectors.class_names
    assert [b.labels.tolist() for b in found(truth)] == [b.labels.tolist() for _, b in same]


@pytest.mark.parametrize(
    ("class_names", "message"),
    [
        ("duck", r"must be a list of names, got the string 'duck'"),
        (["cat", "cat"], "unique names, none empty"),
        (["cat"], r"class_names must hold all classes of the boxes, got none called 'dog'"),
    ],
)
def test_class_names_that_do_not_fit_are_refused(tmp_path, class_names, message):
    Image.new("RGB", (90, 40)).save(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text(_voc("dog", "cat"))
    with pytest.raises(ValueError, match=message):
        import_annotations(tmp_path, class_names=class_names)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "got none of them: an empty folder"),
        ({"a.jpg": "", "b.JPG": "", "c.pdf": ""}, r"got none of them: 2 pictures, 1 \.pdf"),
        ({"notes.txt": "hello"}, r"got none of them: 1 \.txt"),
        ({"other.json": "{}", "x.csv": "name,age"}, r"got none of them"),
        ({"a.xml": "", "b.json": _COCO}, r"got voc and coco side by side: .*say which: format="),
    ],
)
def test_a_folder_of_none_or_several_formats_is_refused(tmp_path, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(AnnotationError, match=message) as caught:
        import_annotations(tmp_path)
    assert all(f'"{format}"' in str(caught.value) for format in FORMATS)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.pdf").touch()
    with pytest.raises(AnnotationError, match=r"a\.pdf: expected annotations, got a file of another kind"):
        import_annotations(tmp_path / "a.pdf")


def test_several_files_of_a_kind_are_listed(tmp_path):
    for name in ("train.json", "val.json"):
        (tmp_path / name).write_text(_COCO, "utf-8")
    with pytest.raises(AnnotationError, match=r"expected one file .*got 2: train\.json, val\.json"):
        import_annotations(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "pascal"}, "format must be one of 'auto', 'voc', 'coco', .*got 'pascal'"),
        ({"frame": "turned"}, "frame must be one of 'auto', 'upright', 'stored', got 'turned'"),
        ({"format": "yolo", "one_based": True}, "one_based is for voc and csv, got the format 'yolo'"),
        ({"y_from_bottom": True}, "y_from_bottom is for labelbox, got the format 'voc'"),
        (
            {"rename": {"Duck": "duck"}},
            r"rename expected names of classes, got \['Duck'\]. The files have 'duck'",
        ),
    ],
)
def test_mistakes_in_the_call_are_named(tmp_path, options, message):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text(
        "<annotation><filename>a.png</filename><object><name>duck</name><bndbox><xmin>1</xmin><ymin>2</ymin>"
        "<xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>",
        "utf-8",
    )
    with pytest.raises(ValueError, match=message):
        import_annotations(tmp_path, **options)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none: expected the annotations"):
        import_annotations(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="none: expected the folder of the pictures"):
        import_annotations(tmp_path, tmp_path / "none")


@pytest.mark.parametrize(
    ("format", "options", "message"),
    [
        (
            "labelbox",
            {},
            "format must be one of 'voc', 'coco', 'yolo', 'tfrecord', 'csv', 'cvat', 'labelme', 'via', 'createml', got",
        ),
        ("coco", {"one_based": True}, "one_based is for voc and csv"),
        ("voc", {"copy_images": True}, "copy_images is for yolo"),
    ],
)
def test_mistakes_in_an_export_are_named(tmp_path, format, options, message):
    with pytest.raises(ValueError, match=message):
        export_annotations(Annotations(["duck"], []), tmp_path / "x", format, **options)


def test_a_zip_is_unpacked(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(tmp_path / "a.png", "images/a.png")
        archive.writestr("labels/a.txt", _LINE)
        archive.writestr("data.yaml", "names: [duck]")
    annotations, _ = import_annotations(tmp_path / "set.zip")
    assert [(path.name, boxes) for path, boxes in annotations] == [("a.png", Boxes([[0, 0, 60, 40]], [0]))]


# What awkward data sets are made of; each export must give back the very same annotations.
_CLASSES = ["car", "Car ", " ünï 🦆", "no", "1.0", "a,b;c", "x\"y'<&>", ": #", "never"]
_FOLDERS = ["", "sub dir", "ü🦆", "images", "labels"]
_NAMES = ["p {}.jpg", "q.{}.png", "ä{}.jpg", "100% {} #.png"]


def _random_annotations(rng: np.random.Generator, folder) -> Annotations:
    items = {}
    for number in range(int(rng.integers(1, 6))):
        height, width = (int(side) for side in rng.integers(3, 3000, 2))
        name = f"{rng.choice(_FOLDERS)}/{rng.choice(_NAMES)}".format(number)
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (width, height)).save(path)
        items[path] = _random_boxes(rng, height, width, int(rng.integers(0, 6)) + (number == 0))
    return Annotations(
        _CLASSES, sorted(items.items(), key=lambda item: item[0].relative_to(folder).as_posix())
    )


def _random_boxes(rng: np.random.Generator, height: int, width: int, n: int) -> Boxes:
    corners = np.sort(rng.random((n, 2, 2)), axis=1) * [width, height]  # (n, low and high, x and y)
    if rng.random() < 0.5:
        corners = np.rint(corners)
    if rng.random() < 0.3:
        corners[:, 0], corners[:, 1] = 0, (width, height)
        n = min(n, 1)
    boxes = Boxes(corners.reshape(-1, 4)[:n], rng.integers(0, len(_CLASSES) - 1, n))
    boxes = boxes[boxes.area > 0]
    return boxes if len(boxes) else Boxes([[0, 0, width, height]], [7])


@pytest.mark.parametrize(
    ("format", "name", "options"),
    [
        ("voc", "set", {}),
        ("voc", "set", {"one_based": True}),
        ("yolo", "set", {}),
        ("csv", "set.csv", {}),
        ("csv", "deep/set.csv", {"one_based": True}),
        ("coco", "set.json", {}),
        ("cvat", "set.xml", {}),
        ("labelme", "set", {}),
        ("createml", "deep/set.json", {}),
        ("via", "set.json", {}),
    ],
)
@pytest.mark.parametrize("seed", range(12))
def test_an_export_is_read_back_equal(tmp_path, format, name, options, seed):
    annotations = _random_annotations(np.random.default_rng(seed), tmp_path / "pictures")
    export_annotations(annotations, tmp_path / "out" / name, format, **options)
    found, report = import_annotations(tmp_path / "out" / name, format=format, strict=True, **options)
    assert dict(found) == dict(annotations)
    assert found == annotations
    assert report.counts["boxes"] == sum(len(boxes) for _, boxes in annotations)


def _named(annotations: Annotations) -> dict[str, list]:
    """Each picture's boxes as rows of class and edges, sorted."""
    return {
        path.name: sorted(
            [annotations.class_names[label], *xyxy]
            for xyxy, label in zip(boxes.xyxy.tolist(), boxes.labels.tolist(), strict=True)
        )
        for path, boxes in annotations
    }


@pytest.mark.parametrize(
    ("path", "images"),
    [
        ("PascalVOC", "COCO/data"),
        ("YOLOv8", None),
        ("YOLOv8/example.yaml", None),
        ("COCO", None),
        ("Labelbox/export-result.ndjson", "COCO/data"),
    ],
)
def test_the_same_two_pictures_in_four_formats_agree(shared_data, path, images):
    folder = shared_data / _FIXTURES
    annotations, report = import_annotations(folder / path, images and folder / images)
    assert (report.counts["pictures"], report.counts["refused"]) == (2, 0)
    found = _named(annotations)
    weird = found["a-weird Filename.asdf.jpg"]
    assert [row[0] for row in weird] == ["bench", "bench", "bicycle with space", "dog"] + ["person"] * 4
    # By hand: dog, COCO 540, 295, 23 × 18. YOLO holds its own, finer numbers: within one pixel of these.
    assert np.abs(np.array(weird[3][1:]) - (540, 295, 563, 313)).max() < 1
    reference = _named(import_annotations(folder / "COCO")[0])
    for name, rows in reference.items():
        assert [row[0] for row in found[name]] == [row[0] for row in rows]
        apart = np.array([row[1:] for row in found[name]]) - np.array([row[1:] for row in rows])
        assert np.abs(apart).max() < (1 if "YOLO" in path else 1e-3), path


_LABELBOX = "labelbox-python/libs/labelbox/tests/data/assets"
# File, pictures, boxes, refused, and the first box: picture, class, edges. Edges are read off the files by hand;
# those of 2018 and most others came without pictures.
_SHARED = [
    ("pets_examples.record", 10, 10, 0, ("0+chihuahua_153.jpg", "chihuahua", 119, 54, 228, 128)),
    (
        "labelbox-2018/labelbox_1.json",
        10,
        10,
        0,
        ("2016-tesla-model-s-17-of-43.jpg", "Car", 297.72829, 229.82535, 1862.97821, 792.20101),
    ),
    (
        "labelbox-2018/labelbox_xy_1.json",
        2,
        7,
        0,
        ("2016-tesla-model-s-17-of-43.jpg", "Car", 229.72641, 311.89310, 2341.70679, 1331.77081),
    ),
    ("labelbox-2018/v2_wkt.json", 2, 6, 0, ("2016-tesla-model-s-17-of-43.jpg", "Car", 310, 244, 1991, 1343)),
    ("labelbox-2018/v3_wkt.json", 10, 10, 0, ("Red_Bay-1440.jpg", "Car", 368, 76, 1196, 413)),
    (f"{_LABELBOX}/coco/instances.json", 10, 62, 0, ("000000458755.jpg", "person", 567, 1.27, 640, 88.13)),
    (
        f"{_LABELBOX}/labelbox_v1/image_export.json",
        1,
        6,
        4,
        ("2560px-Kitano_Street_Kobe01s5s4110.jpg", "bounding_box", 965, 1333, 965 + 594, 1333 + 186),
    ),
    (
        f"{_LABELBOX}/labelbox_v1/highly_nested_image.json",
        1,
        1,
        2,
        ("a8c0d364-b10f-5b49-09a3-151264999cfb-1", "deer", 50.636, 59.517, 104.033, 94.571),
    ),
    (
        f"{_LABELBOX}/ndjson/rectangle_import.json",
        1,
        1,
        0,
        ("ckrb1sf1i1g7i0ybcdc6oc8ct", "bbox", 38, 28, 38 + 43, 28 + 41),
    ),
    (
        f"{_LABELBOX}/ndjson/image_import.json",
        1,
        2,
        2,
        ("ckrazctum0z8a0ybc0b0o0g0v", "ckrazcueb16og0z6609jj7y3y", 2275, 1352, 2275 + 139, 1352 + 350),
    ),
]


@pytest.mark.parametrize(("file", "pictures", "boxes", "refused", "first"), _SHARED)
def test_exports_as_people_have_them(shared_data, file, pictures, boxes, refused, first):
    annotations, report = import_annotations(shared_data / "formats" / file)
    counts = [report.counts[what] for what in ("pictures", "boxes", "repaired", "refused")]
    assert counts == [pictures, boxes, 0, refused]
    path, found = annotations[0]
    assert (path.name, annotations.class_names[found.labels[0]]) == first[:2]
    assert found.xyxy[0].tolist() == pytest.approx(first[2:], abs=1e-3)


@pytest.mark.parametrize(
    "write",
    [
        lambda annotations, path: annotations.save(path),
        lambda annotations, path: export_annotations(annotations, path, "csv"),
    ],
)
def test_no_picture_is_written_over(tmp_path, write):
    path = tmp_path / "a.PNG"
    Image.new("RGB", (60, 40)).save(path)
    before = path.read_bytes()
    with pytest.raises(
        ValueError, match=r"must be where annotations go, got the picture .*a\.PNG\. Write 'a\.json'"
    ):
        write(Annotations(["duck"], [(path, Boxes([[5, 6, 25, 16]], [0]))]), path)
    assert path.read_bytes() == before
