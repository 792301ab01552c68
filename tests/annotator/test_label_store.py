"""Nothing drawn is lost: not what others drew, not what the file holds besides, not a file that is broken."""

from __future__ import annotations

import json
import os

import pytest

from tflhelpers.annotator.label_store import LabelStore, NotSaved
from tflhelpers.data import coco_writer
from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes

TODO = {"boxes": [], "nothing_here": False}
NOTHING = {"boxes": [], "nothing_here": True}


def box(x1, name="duck", crowd=False):
    return {"xyxy": [float(x1), 2.0, 30.0, 40.0], "class": name, "crowd": crowd}


def drawn(*boxes):
    return {"boxes": list(boxes), "nothing_here": False}


@pytest.fixture
def paths(photos):
    return [photos / "duck1.jpg", photos / "duck2.jpg", photos / "duck10.jpg"]


@pytest.fixture
def file(photos):
    return photos / "annotations.json"


@pytest.fixture
def store(paths, file):
    """An empty store for ducks."""
    return LabelStore(file, paths, ["duck"])


def labels_in(file):
    """What the file says: {file name: [(class, x1), ...]}."""
    loaded = Annotations.load(file)
    return {
        path.name: [
            (loaded.class_names[label], x1) for label, x1 in zip(boxes.labels, boxes.xyxy[:, 0], strict=True)
        ]
        for path, boxes in loaded
    }


def test_a_picture_is_in_the_file_when_it_is_labelled(store, file):
    assert (store.states(), file.exists(), len(store.labelled())) == ("ttt", False, 0)
    assert store.change(2, drawn(box(1)), [TODO]).content == drawn(box(1))
    assert store.change(0, NOTHING, [TODO]).content == NOTHING
    assert (store.states(), labels_in(file)) == ("ntb", {"duck10.jpg": [("duck", 1)], "duck1.jpg": []})
    assert store.labelled() == Annotations.load(file)[::-1], "in the order in which they are shown"
    store.change(2, TODO, [drawn(box(1))])
    assert (store.states(), labels_in(file)) == ("ntt", {"duck1.jpg": []})


def test_reopening_shows_earlier_boxes(store, paths, file):
    content = drawn(box(1.5), box(2, crowd=True), box(3, 'gr"een 🦆'))
    store.change(1, content, [TODO], (300, 400))
    again = LabelStore(file, paths)
    assert again.content(1) == content
    assert (again.class_names, again.states()) == (["duck", 'gr"een 🦆'], "tbt")
    assert json.loads(file.read_text("utf-8"))["images"] == [
        {"id": 1, "file_name": "duck2.jpg", "height": 300, "width": 400}
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "bases", "kept", "merged", "told"),
    [
        (TODO, drawn(box(1)), [], drawn(box(1)), False, False),
        (drawn(box(1)), drawn(box(2)), [drawn(box(1))], drawn(box(2)), False, False),
        (drawn(box(1)), drawn(box(2)), [TODO, drawn(box(1))], drawn(box(2)), False, False),
        (drawn(box(1)), drawn(box(1)), [], drawn(box(1)), False, False),
        (drawn(box(1)), drawn(box(2)), [TODO], drawn(box(1), box(2)), True, True),
        (
            drawn(box(1), box(2)),
            drawn(box(2), box(3)),
            [drawn(box(2))],
            drawn(box(1), box(2), box(3)),
            True,
            True,
        ),
        (drawn(box(1)), TODO, [TODO], drawn(box(1)), True, True),
        (NOTHING, drawn(box(1)), [TODO], drawn(box(1)), False, True),
        (drawn(box(1)), NOTHING, [], drawn(box(1)), True, True),
    ],
)
def test_two_who_change_one_picture(store, paths, file, theirs, ours, bases, kept, merged, told):
    other = LabelStore(file, paths, ["duck"])
    other.change(0, theirs, [TODO])
    other.change(1, drawn(box(7)), [TODO])
    saved = store.change(0, ours, bases)
    assert (saved.content, saved.merged, saved.notice is not None) == (kept, merged, told)
    assert not told or "Somebody else has changed the boxes of duck1.jpg" in saved.notice
    other.refresh()
    assert (other.content(0), other.content(1)) == (kept, drawn(box(7)))
    assert store.change(0, saved.content, bases).content == kept, "sent again it is the same"


def test_what_the_file_holds_besides_stays(paths, file, tmp_path):
    file.write_text(
        json.dumps(
            {
                "info": {"year": 2026},
                "licenses": [],
                "categories": [
                    {"id": 7, "name": "goose", "supercategory": "bird"},
                    {"id": 3, "name": "duck"},
                ],
                "images": [
                    {"id": 5, "file_name": "elsewhere.jpg", "flickr": "x"},
                    {"id": 9, "file_name": "duck2.jpg", "height": 300, "width": 400, "license": 2},
                ],
                "annotations": [
                    {"id": 1, "image_id": 5, "category_id": 7, "bbox": [1, 1, 2, 2], "note": "mine"},
                    {
                        "id": 4,
                        "image_id": 9,
                        "category_id": 3,
                        "bbox": [1, 2, 29, 38],
                        "segmentation": [[1, 2]],
                    },
                ],
            }
        )
    )
    store = LabelStore(file, paths, ["duck", "swan"])
    assert (store.class_names, store.states()) == (["duck", "swan", "goose"], "tbt")
    store.change(1, drawn(box(1), box(5, "swan")), [drawn(box(1))])
    store.change(0, drawn(box(6, "goose")), [])
    data = json.loads(file.read_text())
    assert (data["info"], data["licenses"]) == ({"year": 2026}, [])
    assert [(entry["id"], entry["name"], entry.get("supercategory")) for entry in data["categories"]] == [
        (3, "duck", None),
        (8, "swan", None),
        (7, "goose", "bird"),
    ]
    assert {entry["file_name"]: entry["id"] for entry in data["images"]}.items() >= {
        "elsewhere.jpg": 5,
        "duck2.jpg": 9,
    }.items()
    kept = {entry["id"]: entry for entry in data["annotations"]}
    assert (kept[1]["note"], kept[1]["category_id"], kept[4]["segmentation"]) == ("mine", 7, [[1, 2]])
    assert sorted(entry["category_id"] for entry in data["annotations"]) == [3, 7, 7, 8]


def test_a_picture_that_becomes_todo_and_back_keeps_its_fields(paths, file):
    file.write_text(
        json.dumps(
            {
                "categories": [{"id": 1, "name": "duck"}],
                "images": [{"id": 9, "file_name": "duck2.jpg", "license": 2}],
                "annotations": [],
            }
        )
    )
    store = LabelStore(file, paths)
    store.change(1, TODO, [NOTHING])
    assert store.states() == "ttt"
    store.change(1, drawn(box(1)), [TODO])
    assert json.loads(file.read_text())["images"] == [
        {"id": 9, "file_name": "duck2.jpg", "license": 2, "height": 300, "width": 400}
    ]


def test_pictures_that_moved_since_are_found_by_their_bare_names(paths, tmp_path):
    file = tmp_path / "annotations.json"
    Annotations(["duck"], [(tmp_path / "before" / "duck2.jpg", Boxes([[1, 2, 30, 40]], [0]))]).save(file)
    store = LabelStore(file, paths)
    assert store.content(1) == drawn(box(1))
    store.change(1, drawn(box(2)), [drawn(box(1))])
    assert json.loads(file.read_text())["images"][0]["file_name"] == "photos/duck2.jpg"


def test_boxes_given_are_the_start_where_the_file_says_nothing(paths, file):
    given = Annotations(
        ["goose", "duck"],
        [
            (paths[0], Boxes([[1, 2, 30, 40]], [1])),
            (paths[1], Boxes([[2, 2, 30, 40]], [0])),
            (paths[2], Boxes.empty()),
        ],
    )
    LabelStore(file, paths, ["duck"]).change(1, drawn(box(9)), [])
    store = LabelStore(file, paths, start=given)
    assert [store.content(index) for index in range(3)] == [drawn(box(1)), drawn(box(9)), NOTHING]
    assert labels_in(file) == {"duck2.jpg": [("duck", 9)]}, "nothing is written before something is drawn"
    store.change(2, drawn(box(3)), [NOTHING])
    assert store.class_names == ["goose", "duck"]
    assert labels_in(file) == {
        "duck2.jpg": [("duck", 9)],
        "duck1.jpg": [("duck", 1)],
        "duck10.jpg": [("duck", 3)],
    }
    LabelStore(file, paths).change(0, TODO, [drawn(box(1))])
    store.refresh()
    assert store.states() == "tbb", "what is deleted does not come back"


def test_classes(store, paths, file):
    store.change(0, drawn(box(1)), [])
    store.add_class(" goose ")
    store.add_class("goose")
    store.rename_class("duck", 'mal"lard 🦆')
    store.rename_class("duck", 'mal"lard 🦆')  # sent again, since its answer got lost
    assert store.class_names == ['mal"lard 🦆', "goose"] == list(Annotations.load(file).class_names)
    assert store.content(0) == drawn(box(1, 'mal"lard 🦆'))
    saved = store.change(0, drawn(box(1), box(2)), [drawn(box(1))])  # sent before the renaming was heard of
    assert (saved.content, saved.merged) == (drawn(box(1, 'mal"lard 🦆'), box(2, 'mal"lard 🦆')), False)
    LabelStore(file, paths).change(1, drawn(box(5, "swan")), [])
    store.refresh()
    assert store.class_names == ['mal"lard 🦆', "goose", "swan"]


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (lambda store: store.add_class(" "), "a class needs a name"),
        (lambda store: store.add_class(None), "a class needs a name"),
        (
            lambda store: store.rename_class("swan", "x"),
            "there is no class 'swan'; the classes are duck, goose",
        ),
        (lambda store: store.rename_class("duck", "goose"), "the name 'goose' is taken"),
        (lambda store: store.rename_class("duck", ""), "a class needs a name"),
    ],
)
def test_classes_that_cannot_be(store, operation, words):
    store.add_class("goose")
    with pytest.raises(ValueError, match=words):
        operation(store)
    assert store.class_names == ["duck", "goose"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"images": [', b"\xff\xfe", b'{"categories": [], "images": [], "annotations": []}'],
)
def test_a_malformed_file_is_kept_aside(paths, file, content):
    file.write_bytes(content)
    with pytest.raises(AnnotationError):
        LabelStore(file, paths)
    store = LabelStore(file, paths, ["duck"])
    assert "annotations.json cannot be used as it is. It is left alone" in store.notice
    assert (store.states(), file.read_bytes()) == ("ttt", content)
    file.with_name("annotations.unusable-1.json").write_text("an older one")
    store.change(0, drawn(box(1)), [])
    assert file.with_name("annotations.unusable-2.json").read_bytes() == content
    assert "kept as annotations.unusable-2.json" in store.notice
    assert labels_in(file) == {"duck1.jpg": [("duck", 1)]}


def test_a_file_that_breaks_meanwhile_is_kept_aside_and_what_was_known_stays(store, file):
    store.change(0, drawn(box(1)), [])
    file.write_text("{")
    store.refresh()
    assert store.content(0) == drawn(box(1))
    store.change(1, NOTHING, [])
    assert file.with_name("annotations.unusable-1.json").read_text() == "{"
    assert labels_in(file) == {"duck1.jpg": [("duck", 1)], "duck2.jpg": []}


def test_a_file_that_vanishes_meanwhile_is_written_anew(store, file):
    store.change(0, drawn(box(1)), [])
    file.unlink()
    store.change(1, NOTHING, [])
    assert labels_in(file) == {"duck1.jpg": [("duck", 1)], "duck2.jpg": []}


def test_an_unwritable_path_is_a_sentence_and_changes_nothing(paths, tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    store = LabelStore(tmp_path / "file" / "annotations.json", paths, ["duck"])
    with pytest.raises(
        NotSaved,
        match=r"annotations\.json cannot be written in the folder “.*until then the boxes are kept in this",
    ):
        store.change(0, drawn(box(1)), [])
    with pytest.raises(NotSaved):
        store.add_class("goose")
    assert (store.content(0), store.class_names) == (TODO, ["duck"])
    (tmp_path / "file").unlink()
    assert store.change(0, drawn(box(1)), []).content == drawn(box(1))


def test_a_file_that_may_not_be_read_is_not_overwritten(paths, file, monkeypatch):
    file.write_text("secret")

    def forbidden(path, images=None):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Annotations, "load", forbidden)
        store = LabelStore(file, paths, ["duck"])
        assert "cannot be read: Permission denied" in store.notice
        with pytest.raises(NotSaved, match="Permission denied"):
            store.change(0, drawn(box(1)), [])
    assert [path.name for path in file.parent.glob("anno*")] == ["annotations.json"]
    assert file.read_text() == "secret"


@pytest.mark.parametrize("failing", ["replace", "fsync"])
def test_a_save_that_fails_leaves_the_old_file(store, file, monkeypatch, failing):
    store.change(0, drawn(box(1)), [])
    before = file.read_bytes()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(NotSaved, match="No space left on device"):
        store.change(0, drawn(box(2)), [drawn(box(1))])
    assert (file.read_bytes(), store.content(0)) == (before, drawn(box(1)))
    assert not list(file.parent.glob("*.part")) + list(file.parent.glob(".*.part"))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (None, "expected class names, since there is no .*annotations.json to take them from"),
        ([], "expected class names"),
    ],
)
def test_no_classes(paths, file, names, words):
    with pytest.raises(ValueError, match=words):
        LabelStore(file, paths, names)


def test_a_folder_as_path(paths, photos):
    with pytest.raises(ValueError, match=r"expected the file to keep boxes in, got a folder"):
        LabelStore(photos, paths, ["duck"])


def test_5000_boxes(paths, file):
    """In one picture of the file: shown, and one more is drawn and another one moved in well under a second."""
    columns = [[i % 100 * 4, i // 100 * 6, i % 100 * 4 + 3, i // 100 * 6 + 5] for i in range(5000)]
    Annotations(["duck"], [(paths[0], Boxes(columns, [0] * 5000))]).save(file)
    store = LabelStore(file, paths)
    before = store.content(0)
    assert len(before["boxes"]) == 5000
    after = drawn({**before["boxes"][0], "xyxy": [0.0, 0.0, 9.0, 9.0]}, *before["boxes"][1:], box(1))
    assert store.change(0, after, [before]).merged is False
    assert LabelStore(file, paths).content(0) == after


def test_a_change_opens_each_picture_once_however_many_there_are(photos, file, monkeypatch):
    """Sizes that the annotations do not name are measured with the first change only."""
    opened = []
    monkeypatch.setattr(coco_writer, "_size_if_readable", lambda path: opened.append(path) or (300, 400))
    paths = [photos / f"{number}.jpg" for number in range(5000)]
    start = Annotations.from_items(["duck"], [(path, Boxes.empty()) for path in paths])
    store = LabelStore(file, paths, start=start)
    store.change(0, drawn(box(1)), [NOTHING])
    assert len(opened) == 5000
    store.change(1, drawn(box(2)), [NOTHING])
    assert len(opened) == 5000


def test_a_name_too_long_for_the_disk_stays_in_the_file_and_the_others_are_drawn_on(photos, file):
    long = f"{'folder/' * 3000}duck1.jpg"
    file.write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": long}],
                "annotations": [],
                "categories": [{"id": 1, "name": "duck"}],
            }
        )
    )
    store = LabelStore(file, [photos / "duck1.jpg", photos / "duck2.jpg"])
    assert store.notice == ""
    store.change(1, drawn(box(3)), [TODO])
    assert set(labels_in(file)) == {"duck1.jpg", "duck2.jpg"}
