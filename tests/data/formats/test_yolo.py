"""YOLO is read in each of its layouts, and written so that it is read back equal."""

from __future__ import annotations

import shutil

import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.importing import ImportRefused, export_annotations, import_annotations

_LINE = "1 0.25 0.5 0.5 0.25\n"  # of 60 x 40: x from 0 to 30, y from 15 to 25
_BOXES = Boxes([[0, 15, 30, 25]], [1])
_NAMES = "names: [cat, duck]\n"


def _picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (60, 40)).save(path)
    return path


def _make(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            _picture(path)
        else:
            path.write_text(text, "utf-8")


_LAYOUTS = {  # files; pictures that are found, each with _BOXES
    "side by side": ({"a.png": None, "a.txt": _LINE, "classes.txt": "cat\nduck"}, ["a.png"]),
    "siblings": (
        {"images/a.png": None, "labels/a.txt": _LINE, "labels/classes.txt": "cat\nduck"},
        ["images/a.png"],
    ),
    "siblings with splits below": (
        {
            "images/train/a.png": None,
            "images/val/a.png": None,
            "labels/train/a.txt": _LINE,
            "labels/val/a.txt": _LINE,
            "data.yaml": _NAMES,
        },
        ["images/train/a.png", "images/val/a.png"],
    ),
    "splits with siblings below": (
        {
            "train/images/a.png": None,
            "valid/images/a.png": None,
            "train/labels/a.txt": _LINE,
            "valid/labels/a.txt": _LINE,
            "data.yaml": f"train: ../train/images\nval: ../valid/images\n{_NAMES}",
        },
        ["train/images/a.png", "valid/images/a.png"],
    ),
    "a folder called labels above": (
        {"labels/set/images/a.png": None, "labels/set/labels/a.txt": _LINE, "data.yaml": _NAMES},
        ["labels/set/images/a.png"],
    ),
    "dots and blanks in names": (
        {"images/a b.c.d.png": None, "labels/a b.c.d.txt": _LINE, "data.yaml": _NAMES},
        ["images/a b.c.d.png"],
    ),
    "only the splits that are listed": (
        {
            "images/train/a.png": None,
            "images/other/b.png": None,
            "labels/train/a.txt": _LINE,
            "labels/other/b.txt": _LINE,
            "data.yaml": f"path: .\ntrain: images/train\nval: [images/train]\n{_NAMES}",
        },
        ["images/train/a.png"],
    ),
    "path of another computer": (
        {
            "images/a.png": None,
            "labels/a.txt": _LINE,
            "data.yaml": f"path: /content/datasets/ducks\ntrain: images\n{_NAMES}",
        },
        ["images/a.png"],
    ),
    "path inside": (
        {
            "set/images/a.png": None,
            "set/labels/a.txt": _LINE,
            "data.yaml": f"path: set\ntrain: images\n{_NAMES}",
        },
        ["set/images/a.png"],
    ),
    "a list of pictures": (
        {
            "images/a.png": None,
            "images/b.png": None,
            "labels/a.txt": _LINE,
            "labels/b.txt": _LINE,
            "train.txt": "./images/b.png\n\nimages\\a.png\r\n",
            "data.yaml": f"train: train.txt\nval: train.txt\n{_NAMES}",
        },
        ["images/b.png", "images/a.png"],
    ),
    "all in a folder of its own": (
        {"my set/images/a.png": None, "my set/labels/a.txt": _LINE, "my set/data.yaml": _NAMES},
        ["my set/images/a.png"],
    ),
    "names by number": (
        {"a.png": None, "a.txt": _LINE, "data.yaml": "names:\n  1: duck\n  0: cat\nnc: 2\n"},
        ["a.png"],
    ),
    "a yaml of any name": ({"a.png": None, "a.txt": _LINE, "ducks.yml": _NAMES}, ["a.png"]),
    "data.yaml before classes.txt": (
        {"a.png": None, "a.txt": _LINE, "data.yaml": _NAMES, "classes.txt": "other\nnames"},
        ["a.png"],
    ),
    "obj.names": ({"a.png": None, "a.txt": _LINE, "obj.names": "cat\r\nduck\r\n"}, ["a.png"]),
    "poses": (
        {
            "a.png": None,
            "a.txt": f"{_LINE.strip()} .1 .1 2 .3 .3 2\n",
            "data.yaml": f"kpt_shape: [2, 3]\n{_NAMES}",
        },
        ["a.png"],
    ),
    "files of text that are no labels": (
        {"a.png": None, "a.txt": _LINE, "classes.txt": "cat\nduck", "README.txt": "hi", "train.txt": "a.png"},
        ["a.png"],
    ),
}


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_layouts(tmp_path, layout):
    files, pictures = _LAYOUTS[layout]
    _make(tmp_path, files)
    expected = Annotations(["cat", "duck"], [(tmp_path / name, _BOXES) for name in pictures])
    annotations, report = import_annotations(tmp_path)
    assert annotations == expected
    assert (report.counts["repaired"], report.counts["refused"]) == (0, 0)
    assert import_annotations(tmp_path, format="yolo")[0] == expected


def test_a_yaml_may_be_given_itself(tmp_path):
    files, pictures = _LAYOUTS["a list of pictures"]
    _make(tmp_path, files)
    annotations, _ = import_annotations(tmp_path / "data.yaml")
    assert annotations.image_paths == tuple(tmp_path / name for name in pictures)


def test_given_images(tmp_path):
    _make(tmp_path, {"set/labels/train/a.txt": _LINE, "set/data.yaml": _NAMES, "pics/train/a.png": None})
    annotations, _ = import_annotations(tmp_path / "set", tmp_path / "pics")
    assert list(annotations) == [(tmp_path / "pics" / "train" / "a.png", _BOXES)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: [no, 1.0, ~, '007', 2024-99-99, \"a: b\"]", ("no", "1.0", "~", "007", "2024-99-99", "a: b")),
        ("names: {2: two, 0: nil}", ("nil", "two")),
        ("names: ['', duck]", ("0", "duck")),
    ],
)
def test_names_are_text_whatever_yaml_thinks_of_them(tmp_path, text, names):
    _make(tmp_path, {"a.png": None, "a.txt": "0 .5 .5 1 1", "data.yaml": text})
    assert import_annotations(tmp_path)[0].class_names == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [duck", "got something else"),
        ("names: [duck]\nextra: &a [1, *a]", "got something else"),
        ("[1, 2]", "got a list"),
        ("", "got an empty file"),
        ("names: duck", "there are none"),
        ("names: []", "there are none"),
        ("names: [[duck]]", "'0' is wrong"),
        ("names: {one: duck}", "'one' is wrong"),
        ("? [a]\n: 1", "something else"),
        ("[" * 5000, "something else"),
        ("a: \x01", "something else"),
    ],
)
def test_a_yaml_that_is_none_is_refused(tmp_path, text, message):
    _make(tmp_path, {"a.png": None, "a.txt": _LINE, "data.yaml": text})
    with pytest.raises(AnnotationError, match=f"data.yaml: expected .*{message}"):
        import_annotations(tmp_path)


def test_places_that_are_not_there_are_said(tmp_path):
    _make(tmp_path, {"a.png": None, "a.txt": _LINE, "data.yaml": f"train: nowhere\n{_NAMES}"})
    annotations, report = import_annotations(tmp_path)
    assert len(annotations) == 1
    assert [entry.what for entry in report.of("note")] == [
        "train, val and test lead nowhere: all label files in the folder are read"
    ]


@pytest.mark.parametrize("entry", ["x" * 5000, "a/" * 3000, '"a\\0b"', "//server/share", "[{a: b}, [c]]"])
def test_places_that_no_system_has_do_no_harm(tmp_path, entry):
    _make(tmp_path, {"a.png": None, "a.txt": _LINE, "data.yaml": f"path: {entry}\ntrain: {entry}\n{_NAMES}"})
    assert list(import_annotations(tmp_path)[0]) == [(tmp_path / "a.png", _BOXES)]


def test_a_list_may_be_wrong_in_places(tmp_path):
    lines = "images/a.png\nimages/b.png\nwhat is this\n"
    _make(
        tmp_path,
        {
            "images/a.png": None,
            "labels/a.txt": _LINE,
            "train.txt": lines,
            "data.yaml": f"train: train.txt\n{_NAMES}",
        },
    )
    annotations, report = import_annotations(tmp_path)
    assert len(annotations) == 1
    told = [tuple(entry) for entry in report.entries if entry.outcome != "taken"]
    assert told == [
        ("note", "train.txt, line 2", "picture without a label file: 'images/b.png', left out"),
        ("refused", "train.txt, line 3", "no name of a picture: 'what is this'"),
    ]


def test_a_file_of_another_kind_is_not_read_to_its_end(tmp_path):
    _make(
        tmp_path,
        {"a.png": None, "a.txt": "hello\n" * 10_000, "b.png": None, "b.txt": _LINE, "d.yaml": _NAMES},
    )
    (tmp_path / "c.txt").write_bytes(b"\0\1\2")
    annotations, report = import_annotations(tmp_path)
    assert [len(boxes) for _, boxes in annotations] == [1]
    assert report.counts["refused"] == 102
    assert report.of("refused")[-2].what == "too many bad lines: 100; what follows line 100 is left out"


_SIX_DIGITS = "0 0.270833 0.291667 0.375000 0.083333\n"  # of 60 x 40: 5, 10, 27.5, 13.33332


def test_whole_pixels_come_back_whole_from_six_digits(tmp_path):
    _make(tmp_path, {"a.png": None, "a.txt": _SIX_DIGITS, "classes.txt": "duck"})
    annotations, _ = import_annotations(tmp_path)
    xyxy = annotations[0][1].xyxy[0]
    assert xyxy[:2].tolist() == [5, 10]
    assert xyxy[2:] == pytest.approx([27.5, 13.33333], abs=3e-5)


_EXPORTED = {
    "labels/sub/a.txt": "1 0.25 0.5 0.5 0.25\n0 0.5 0.5 1 1\n",
    "labels/b.txt": "",
    "classes.txt": "no\nduck 🦆\n",
    "data.yaml": "train: train.txt\nval: train.txt\nnc: 2\nnames:\n  0: 'no'\n  1: duck 🦆\n",
    "train.txt": "./../pics/sub/a.png\n./../pics/b.png\n",
}


def test_what_is_written(tmp_path):
    items = [
        (_picture(tmp_path / "pics/sub/a.png"), Boxes([[0, 15, 30, 25], [0, 0, 60, 40]], [1, 0])),
        (_picture(tmp_path / "pics/b.png"), Boxes.empty()),
    ]
    annotations = Annotations(["no", "duck 🦆"], items)
    folder = tmp_path / "yolo"
    written = export_annotations(annotations, folder, "yolo")
    assert {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in written} == _EXPORTED
    assert import_annotations(folder, strict=True)[0] == annotations


def test_copied_pictures_make_a_folder_that_can_be_moved(tmp_path):
    items = [
        (_picture(tmp_path / "pics/sub/a.png"), _BOXES),
        (_picture(tmp_path / "pics/b.png"), Boxes.empty()),
    ]
    export_annotations(Annotations(["cat", "duck"], items), tmp_path / "yolo", "yolo", copy_images=True)
    shutil.rmtree(tmp_path / "pics")
    moved = (tmp_path / "yolo").rename(tmp_path / "moved")
    annotations, _ = import_annotations(moved, strict=True)
    assert list(annotations) == [
        (moved / "images/sub/a.png", _BOXES),
        (moved / "images/b.png", Boxes.empty()),
    ]
    export_annotations(annotations, moved, "yolo", copy_images=True)  # onto themselves
    assert import_annotations(moved, strict=True)[0] == annotations


def test_two_pictures_that_would_share_a_file_are_refused(tmp_path):
    items = [(_picture(tmp_path / name), Boxes.empty()) for name in ("a.png", "A.jpg")]
    with pytest.raises(AnnotationError, match=r"cannot tell .*a\.png from .*A\.jpg"):
        export_annotations(Annotations(["duck"], items), tmp_path / "yolo", "yolo")


def test_a_class_of_two_lines_is_refused(tmp_path):
    annotations = Annotations(["a\nb"], [(_picture(tmp_path / "a.png"), Boxes.empty())])
    with pytest.raises(AnnotationError, match="cannot hold the name"):
        export_annotations(annotations, tmp_path / "yolo", "yolo")


def test_labels_without_any_picture_are_refused(tmp_path):
    _make(tmp_path, {"labels/a.txt": _LINE, "classes.txt": "cat\nduck"})
    with pytest.raises(ImportRefused, match="missing picture of unknown size: 'images/a'"):
        import_annotations(tmp_path)


def _set_of(folder, names, level=0):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (60, 40), (level, level, level)).save(folder / name)
    return Annotations(["cat", "duck"], [(folder / name, _BOXES) for name in names])


def _contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_copies_do_not_go_through_links_and_not_among_pictures_of_another_set(tmp_path):
    mine, other = _set_of(tmp_path / "mine", ["a.png"]), _set_of(tmp_path / "other", ["a.png", "b.png"], 99)
    yolo = tmp_path / "yolo"
    (yolo / "images").mkdir(parents=True)
    (yolo / "images" / "a.png").symlink_to(tmp_path / "other" / "a.png")
    before = _contents(tmp_path)
    with pytest.raises(
        AnnotationError, match=r"expected nothing, or a copy of .*mine/a\.png, got another file"
    ):
        export_annotations(mine, yolo, "yolo", copy_images=True)
    assert _contents(tmp_path) == before
    (yolo / "images" / "a.png").unlink()
    export_annotations(other, yolo, "yolo", copy_images=True)
    export_annotations(other, yolo, "yolo", copy_images=True)  # the same again
    before = _contents(tmp_path)
    with pytest.raises(AnnotationError, match="got another file"):
        export_annotations(mine, yolo, "yolo", copy_images=True)
    with pytest.raises(AnnotationError, match=r"none but these pictures, got 1 more: .*b\.png"):
        export_annotations(other[:1], yolo, "yolo", copy_images=True)
    assert _contents(tmp_path) == before


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path, monkeypatch):
    photos = _set_of(tmp_path / "mine", ["a.png", "b.png"])
    copy, calls = shutil.copyfileobj, []

    def full(source, target):
        calls.append(target)
        if len(calls) == 2:
            target.write(source.read(10))
            raise OSError("No space left on device")
        copy(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        with pytest.raises(OSError, match="No space"):
            export_annotations(photos, tmp_path / "yolo", "yolo", copy_images=True)
    assert [path.name for path in (tmp_path / "yolo" / "images").iterdir()] == ["a.png"]
    export_annotations(photos, tmp_path / "yolo", "yolo", copy_images=True)
    assert (tmp_path / "yolo/images/b.png").read_bytes() == (tmp_path / "mine/b.png").read_bytes()
