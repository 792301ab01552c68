"""A picture is found by each name that people give it, and no other picture in its stead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tflhelpers.data.formats.picture_index import AmbiguousPicture, PictureIndex

_FILES = [
    "a.jpg",
    "b.c.PNG",
    "sub/d.jpg",
    "sub/deep/e.jpg",
    "x/same.jpg",
    "y/same.jpg",
    "x/train/twin.jpg",
    "y/train/twin.jpg",
    "two.jpg",
    "two.png",
    "Größe 1.jpeg",
    "notes.txt",
    ".hidden/h.jpg",
    "__MACOSX/m.jpg",
]


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in _FILES:
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).touch()
    (tmp_path / "outside.jpg").touch()
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("names", "found", "renamed"),
    [
        (["a.jpg"], "a.jpg", False),
        (["./a.jpg"], "a.jpg", False),
        ([r".\sub\d.jpg"], "sub/d.jpg", False),
        (["sub/../a.jpg"], "a.jpg", False),
        (["d.jpg"], "sub/d.jpg", False),
        (["elsewhere/d.jpg"], "sub/d.jpg", False),
        (["/home/me/d.jpg"], "sub/d.jpg", False),
        ([r"D:\me\a.jpg"], "a.jpg", False),
        ([r"\\server\share\a.jpg"], "a.jpg", False),
        (["../outside.jpg"], "../outside.jpg", False),
        (["a"], "a.jpg", False),
        (["b.c"], "b.c.PNG", False),
        (["b.c.png"], "b.c.PNG", True),
        (["a.png"], "a.jpg", True),
        (["e"], "sub/deep/e.jpg", False),
        (["e.tif"], "sub/deep/e.jpg", True),
        (["A.JPG"], "a.jpg", True),
        (["E"], "sub/deep/e.jpg", True),
        (["gro\u0308ße 1.jpeg"], "Größe 1.jpeg", True),
        (["GRÖSSE 1.JPEG"], "Größe 1.jpeg", True),
        (["y/same.jpg"], "y/same.jpg", False),
        (["old/y/same.jpg"], "y/same.jpg", False),
        (["set/y/train/twin.jpg"], "y/train/twin.jpg", False),
        (["two.png"], "two.png", False),
        (["none.jpg", "", "d.jpg"], "sub/d.jpg", False),
        (["d.png", "d.jpg"], "sub/d.jpg", False),  # the better way first, whatever the name
        (["notes.txt"], None, False),
        (["h.jpg"], None, False),
        (["m.jpg"], None, False),
        (["none.jpg"], None, False),
        (["a\0.jpg"], None, False),
        (["."], None, False),
        ([".."], None, False),
        (["/"], None, False),
        ([""], None, False),
        ([], None, False),
    ],
)
def test_find(folder, names, found, renamed):
    result = PictureIndex([folder]).find(names)
    if found is None:
        assert result is None
    else:
        assert result == (os.path.normpath(folder / found), renamed)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("same.jpg", ["x/same.jpg", "y/same.jpg"]),
        ("z/same.jpg", ["x/same.jpg", "y/same.jpg"]),
        ("train/twin.jpg", ["x/train/twin.jpg", "y/train/twin.jpg"]),
        ("two", ["two.jpg", "two.png"]),
        ("two.gif", ["two.jpg", "two.png"]),
    ],
)
def test_of_several_that_fit_none_is_taken(folder, name, shown):
    with pytest.raises(AmbiguousPicture) as caught:
        PictureIndex([folder]).find([name])
    expected = ", ".join(str(folder / one) for one in shown)
    assert str(caught.value) == f"{name!r} fits 2 pictures: {expected}"


def test_folders_are_asked_in_turn(folder):
    assert PictureIndex([folder / "y", folder / "x"]).find(["same.jpg"]).path == str(folder / "y/same.jpg")
    assert PictureIndex([folder / "none", folder / "x"]).find(["same.jpg"]).path == str(folder / "x/same.jpg")


def test_unnamed_are_the_pictures_beside_those_found(folder):
    index = PictureIndex([folder])
    assert index.unnamed() == []
    index.find(["x/same.jpg"])
    assert index.unnamed() == []
    index.find(["a.jpg"])
    beside = ["Größe 1.jpeg", "b.c.PNG", "two.jpg", "two.png"]
    assert index.unnamed() == sorted(str(folder / name) for name in beside)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a.jpg", "a.jpg"),
        (r"sub\n.jpg", "sub/n.jpg"),
        (r"C:\me\n.jpg", "n.jpg"),
        ("/home/me/n.jpg", "n.jpg"),
        ("../n.jpg", "../n.jpg"),
    ],
)
def test_place_of_a_missing_picture(folder, name, place):
    assert PictureIndex([folder]).place_of(name) == Path(os.path.normpath(folder / place))
