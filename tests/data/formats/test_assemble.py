"""What readers hand over becomes annotations: in order, each picture once, however many there are."""

from __future__ import annotations

import tracemalloc

import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats import assemble as assemble_module
from tflhelpers.data.formats.assemble import assemble
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder

_DUCK = RawBox("duck", (5, 6, 25, 16))


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (60, 40)).save(tmp_path / name)
    return tmp_path


def _assembled(folder, pictures, declared=None, **options):
    report = ReportBuilder()
    annotations = assemble(RawSet(declared, iter(pictures)), report, folders=[folder], **options)
    told = [tuple(entry) for entry in report.build().entries]
    return annotations, told


def test_pictures_keep_their_order_and_negatives_stay(folder):
    pictures = [
        RawPicture("c.png", [_DUCK], "1"),
        RawPicture("a.png", [], "2"),
        RawPicture("b.png", [RawBox("cat", ("1", 2.5, 3, 4)), _DUCK], "3"),
    ]
    annotations, told = _assembled(folder, pictures)
    assert annotations == Annotations(
        ["cat", "duck"],
        [
            (folder / "c.png", Boxes([[5, 6, 25, 16]], [1])),
            (folder / "a.png", Boxes.empty()),
            (folder / "b.png", Boxes([[1, 2.5, 3, 4], [5, 6, 25, 16]], [0, 1])),
        ],
    )
    assert [picture.size for picture in annotations.pictures] == [(40, 60)] * 3
    assert told[1:] == [("taken", "1", "1 box"), ("taken", "2", "0 boxes"), ("taken", "3", "2 boxes")]
    assert told[0][:2] == ("note", "classes")
    assert "so they come by name: cat, duck;" in told[0][2]


@pytest.mark.parametrize(
    ("declared", "rename", "names", "label"),
    [
        (None, None, ("duck",), 0),
        (["cat", "duck"], None, ("cat", "duck"), 1),
        (["cat"], None, ("cat", "duck"), 1),
        (["cat", "cat", " ", "duck"], None, ("cat", "duck"), 1),
        (["cat", "duck"], {"cat": "dog"}, ("dog", "duck"), 1),
        (["cat", "duck"], {"duck": "cat"}, ("cat",), 0),
        (["cat", "duck"], {"cat": "duck", "duck": "cat"}, ("duck", "cat"), 1),
    ],
)
def test_classes(folder, declared, rename, names, label):
    annotations, _ = _assembled(folder, [RawPicture("a.png", [_DUCK], "1")], declared, rename=rename)
    assert annotations.class_names == names
    assert annotations[0][1].labels.tolist() == [label]


_CAT, _BIRD = RawBox("cat", (1, 2, 3, 4)), RawBox("bird", (1, 2, 3, 9), crowd=True)


@pytest.mark.parametrize(
    ("declared", "class_names", "names"),
    [
        (None, None, ("bird", "cat", "duck")),
        (["duck"], None, ("duck", "bird", "cat")),
        (["fish", "cat"], None, ("fish", "cat", "bird", "duck")),
        (None, ("duck", "cat", "fish", "bird"), ("duck", "cat", "fish", "bird")),
        (["fish", "bird", "cat", "duck"], ["duck", "bird", "cat"], ("duck", "bird", "cat")),
    ],
)
def test_the_order_of_classes_does_not_hang_on_that_of_the_boxes(folder, declared, class_names, names):
    pictures = [RawPicture("a.png", [_DUCK, _CAT], "1"), RawPicture("b.png", [_BIRD, _DUCK], "2")]
    there, _ = _assembled(folder, pictures, declared, class_names=class_names)
    back, _ = _assembled(folder, pictures[::-1], declared, class_names=class_names)
    assert there.class_names == back.class_names == names
    assert dict(there) == dict(back)
    found = {path.name: boxes for path, boxes in there}
    assert [names[label] for label in found["a.png"].labels] == ["duck", "cat"]
    assert [names[label] for label in found["b.png"].labels] == ["bird", "duck"]
    assert found["b.png"].crowd.tolist() == [True, False]


def test_the_order_by_name_is_told_where_no_list_gives_one(folder):
    def notes(*boxes, **options):
        _, told = _assembled(folder, [RawPicture("a.png", [*boxes], "1")], **options)
        return [what for outcome, _, what in told if outcome == "note" and "without annotation" not in what]

    many = [RawBox(f"c{number}", (1, 2, 3, 4)) for number in range(9, 0, -1)]
    assert notes(_DUCK) == notes(_DUCK, _CAT, class_names=("duck", "cat")) == []
    assert notes(_DUCK, _CAT) == [
        "no list of classes gives their order, so they come by name: cat, duck; for another order import again with "
        "class_names=[...]"
    ]
    assert "c1, c2, c3, c4, c5, c6 and 3 more" in notes(*many)[0]


def test_negatives_alone_are_a_set_where_the_classes_are_given(folder):
    annotations, _ = _assembled(folder, [RawPicture("a.png", [], "1")], class_names=("duck",))
    assert annotations == Annotations(["duck"], [(folder / "a.png", Boxes.empty())])


def test_a_class_that_the_given_ones_lack_is_refused(folder):
    pictures = [RawPicture("a.png", [_DUCK, _CAT], "1")]
    with pytest.raises(
        ValueError, match=r"must hold all classes of the boxes, got none called 'cat'\. Add it, or"
    ):
        _assembled(folder, pictures, class_names=("duck", "Cat"))
    annotations, _ = _assembled(folder, pictures, class_names=("duck", "Cat"), rename={"cat": "Cat"})
    assert annotations.class_names == ("duck", "Cat")


def test_crowds_are_kept_and_are_no_duplicates_of_objects(folder):
    crowd = RawBox("duck", (5, 6, 25, 16), crowd=True)
    pictures = [RawPicture("a.png", [_DUCK, crowd, crowd], "1"), RawPicture("b.png", [_DUCK], "2")]
    annotations, told = _assembled(folder, pictures)
    assert annotations[0][1] == Boxes([[5, 6, 25, 16]] * 2, [0, 0], crowd=[False, True])
    assert annotations[1][1].crowd is None
    assert told[0] == ("repaired", "1, box 3", "drawn twice: 5, 6, 25, 16 as 'duck'; one is kept")


def test_a_picture_that_comes_twice_has_the_boxes_of_both(folder):
    pictures = [
        RawPicture("a.png", [_DUCK], "1"),
        RawPicture("b.png", [_DUCK], "2"),
        RawPicture("./a.png", [RawBox("duck", (1, 2, 3, 4)), _DUCK], "3"),
    ]
    annotations, told = _assembled(folder, pictures)
    assert list(annotations) == [
        (folder / "a.png", Boxes([[5, 6, 25, 16], [1, 2, 3, 4]], [0, 0])),
        (folder / "b.png", Boxes([[5, 6, 25, 16]], [0])),
    ]
    assert ("repaired", "3", "picture annotated twice: joined with 1; 1 boxes were in both") in told


@pytest.mark.parametrize("at_once", [1, 2, 7, 2048])
def test_the_result_does_not_depend_on_how_many_are_done_at_once(folder, monkeypatch, at_once):
    boxes = [
        _DUCK,
        RawBox("cat", (25, 6, 5, 16)),
        _DUCK,
        RawBox("dog", (-5, 6, 70, 16)),
        RawBox(None, (1,) * 4),
    ]
    pictures = [RawPicture(f"{n}.png", boxes[: n % 6], f"picture {n}", (40, 60)) for n in range(9)]
    expected, expected_told = _assembled(folder, pictures)
    monkeypatch.setattr(assemble_module, "_PICTURES", at_once)
    annotations, told = _assembled(folder, pictures)
    assert annotations == expected
    assert sorted(told) == sorted(expected_told)
    assert [len(boxes) for _, boxes in annotations] == [0, 1, 2, 2, 3, 3, 0, 1, 2]


@pytest.mark.parametrize(
    ("size", "fractions", "kept"),
    [
        ((40, 60), False, [0, 0.975, 60, 16]),
        ((40, 60), True, [0, 39, 60, 40]),
        (None, False, [0, 0.975, 9000, 16]),
        ((10**400, 60), False, [0, 0.975, 9000, 16]),
        ((0, 60), False, [0, 0.975, 9000, 16]),
    ],
)
def test_a_missing_picture_is_as_large_as_its_file_says(folder, size, fractions, kept):
    edges = (-1, 0.975, 2, 1.6) if fractions else (-2, 0.975, 9000, 16)
    picture = RawPicture("gone.png", [RawBox("duck", edges)], "1", size, fractions)
    annotations, _ = _assembled(folder, [picture])
    assert annotations.pictures[0].path == folder / "gone.png"
    assert annotations[0][1] == Boxes([kept], [0])


def test_fractions_of_a_size_that_nobody_knows_are_refused(folder):
    pictures = [RawPicture("gone.png", [_DUCK], "1", fractions=True), RawPicture("a.png", [_DUCK], "2")]
    annotations, told = _assembled(folder, pictures)
    assert annotations.image_paths == (folder / "a.png",)
    assert told[0] == (
        "refused",
        "1",
        "missing picture of unknown size: 'gone.png'. Give images= its folder",
    )


@pytest.mark.parametrize("exists", [True, False])
def test_a_path_that_the_reader_knows_is_not_looked_for(folder, exists):
    path = folder / ("b.png" if exists else "x.png")
    picture = RawPicture("a.png", [RawBox("duck", (0.25, 0.5, 0.75, 1))], "1", (40, 60), True, path)
    annotations, told = _assembled(folder, [picture])
    assert list(annotations) == [(path, Boxes([[15, 20, 45, 40]], [0]))]
    assert [entry[0] for entry in told] == (["taken"] if exists else ["note", "taken"])


def test_y_from_the_bottom(folder):
    picture = RawPicture("a.png", [RawBox("duck", (5, 6, 25, 16))], "1", y_from_bottom=True)
    assert _assembled(folder, [picture])[0][0][1].xyxy.tolist() == [[5, 24, 25, 34]]


def _crowded(pictures, boxes):
    """Pictures whose boxes are text, as XML has them: a kilobyte each."""
    for number in range(pictures):
        edges = (tuple(f"{left + number % 9}.25" for left in (1, 2, 30, 40)) for _ in range(boxes))
        found = [RawBox("duck", (*each[:3], str(40 + at)), f"shape {at}") for at, each in enumerate(edges)]
        yield RawPicture(f"{number}.png", found, f"picture {number}", (2000, 2000))


def test_boxes_as_they_are_read_are_held_for_few_pictures_at_once(folder):
    _assembled(folder, _crowded(1, 1))
    tracemalloc.start()
    annotations, _ = _assembled(folder, _crowded(40, 1000))
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(len(boxes) for _, boxes in annotations) == 40_000
    assert peak - held < 12e6  # all at once are 28 MB
