"""Folders, CSV files and boxes become labelled pictures; what cannot be used is said in a sentence."""

from __future__ import annotations

import os
import shutil
import unicodedata

import numpy as np
import pytest
from PIL import Image

from tflhelpers.classification.class_boxes import with_margin
from tflhelpers.classification.labelled import LabelledPicture, LabelledPictures, labelled_photos
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes


def draw(path, number=0, mode="RGB", size=(20, 14), **save):
    """A picture that differs for each number; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    picture = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).convert(mode)
    picture.save(path, **save)
    return path


def test_folders_are_classes_in_counting_order(tmp_path):
    for number, name in enumerate(["size 10/a.png", "size 2/a.png", "size 2/b.jpg", "size 2/more/c.png"]):
        draw(tmp_path / name, number)
    pictures = labelled_photos(tmp_path)
    assert pictures.class_names == ("size 2", "size 10")
    assert [str(each.path.relative_to(tmp_path)) for each in pictures] == [
        os.path.join("size 2", "a.png"),
        os.path.join("size 2", "b.jpg"),
        os.path.join("size 2", "more", "c.png"),
        os.path.join("size 10", "a.png"),
    ]
    assert pictures.labels.tolist() == [0, 0, 0, 1]
    assert repr(pictures) == "LabelledPictures(3 size 2, 1 size 10)"
    assert pictures.left_out == ()


def test_odd_folder_names(tmp_path):
    odd = unicodedata.normalize("NFD", "été bleu")
    for number, name in enumerate([odd, "漢字", " with spaces ", "__MACOSX", ".hidden", "__pycache__"]):
        draw(tmp_path / name / "a.png", number)
    draw(tmp_path / "漢字" / "__MACOSX" / "b.png", 8)
    draw(tmp_path / "漢字" / "._c.png", 9)
    assert sorted(labelled_photos(tmp_path).counts.items()) == sorted(
        [(unicodedata.normalize("NFC", odd), 1), ("漢字", 1), ("with spaces", 1)]
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "must hold a folder of pictures for each class, got no folder but 0 pictures"),
        (
            ["a.png", "b.png"],
            "got no folder but 2 pictures. If they are all of one class, give the folder above",
        ),
        (
            ["cat/a.png", "cat/b.png"],
            "at least 2 different classes to tell apart, got \\['cat'\\].*\"other\"",
        ),
        (["cat/a.png", "dog/"], "each class needs at least one picture, but 'dog' has none"),
        (["cat/a.png", "dog/readme.txt"], "'dog' has none.*1 could not be used.*readme.txt is no picture"),
        (["train/cat/a.png", "test/cat/b.png"], "must be classes, got test, train: parts of a set"),
        (["Cat/a.png", "cat /b.png"], "must differ by more than case and spaces, got"),
    ],
)
def test_folders_that_cannot_be_learned_from(tmp_path, files, message):
    for number, name in enumerate(files):
        if name.endswith("/"):
            (tmp_path / name).mkdir(parents=True)
        elif name.endswith(".png"):
            draw(tmp_path / name, number)
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("hello")
    with pytest.raises(ValueError, match=message):
        labelled_photos(tmp_path)


def test_unreadable_files_are_left_out_and_said(tmp_path):
    draw(tmp_path / "a" / "good.png", 1)
    draw(tmp_path / "b" / "good.png", 2)
    (tmp_path / "a" / "empty.jpg").write_bytes(b"")
    (tmp_path / "a" / "page.jpg").write_text("<html>not found</html>")
    draw(tmp_path / "beside.png", 3)
    pictures = labelled_photos(tmp_path)
    assert pictures.counts == {"a": 1, "b": 1}
    assert len(pictures.left_out) == 3
    text = "\n".join(pictures.left_out)
    assert "empty.jpg: expected a picture, got an empty file" in text
    assert "page.jpg: expected a picture, got a web page" in text
    assert f"1 pictures directly in {tmp_path}" in text


@pytest.mark.parametrize(
    ("name", "mode", "save"),
    [
        ("gray.png", "L", {}),
        ("alpha.png", "RGBA", {}),
        ("print.jpg", "CMYK", {}),
        ("few.png", "P", {}),
        ("two.png", "LA", {}),
    ],
)
def test_every_kind_of_picture_is_read_as_rgb(tmp_path, name, mode, save):
    draw(tmp_path / "a" / name, 1, mode, **save)
    draw(tmp_path / "b" / "b.png", 2)
    pictures = labelled_photos(tmp_path)
    image = pictures[0].read()
    assert (image.shape, image.dtype) == ((14, 20, 3), np.uint8)
    assert (image[..., 0] == image[..., 1]).all() == (mode in ("L", "LA"))


def test_a_picture_in_two_classes_is_refused_with_both_paths(tmp_path):
    first, second = draw(tmp_path / "cat" / "a.png", 1), tmp_path / "dog" / "other name.png"
    draw(tmp_path / "dog" / "b.png", 2)
    shutil.copyfile(first, second)
    with pytest.raises(ValueError, match="same picture in two") as caught:
        labelled_photos(tmp_path)
    assert f"{first} (cat) and {second} (dog)" in str(caught.value)


def test_a_copy_in_the_same_class_counts_once(tmp_path):
    first = draw(tmp_path / "cat" / "a.png", 1)
    draw(tmp_path / "dog" / "b.png", 2)
    shutil.copyfile(first, tmp_path / "cat" / "b.png")
    pictures = labelled_photos(tmp_path)
    assert pictures.counts == {"cat": 1, "dog": 1}
    assert pictures.left_out == (f"Left out: {tmp_path / 'cat' / 'b.png'} is the same picture as {first}.",)


@pytest.mark.parametrize(
    "text",
    [
        "filename,class\na.png,shirt\nsub/b.png,coat\n",
        "\ufeffclass;filename\nshirt;a.png\n\ncoat;sub\\b.png\n",
        "Image\tx\tLabel\na.png\t1\tshirt\nsub/b.png\t2\t coat \n",
    ],
)
def test_csv_files_as_programs_write_them(tmp_path, text):
    draw(tmp_path / "images" / "a.png", 1)
    draw(tmp_path / "images" / "sub" / "b.png", 2)
    (tmp_path / "labels.csv").write_text(text, "utf-8")
    pictures = labelled_photos(tmp_path / "labels.csv", images=tmp_path / "images")
    assert pictures.class_names == ("coat", "shirt")
    assert [(each.path.name, each.label) for each in pictures] == [("a.png", 1), ("b.png", 0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns filename and class, got an empty file"),
        ("a.png,shirt\n", "columns filename and class, got a.png, shirt"),
        (
            'filename,class\na.png,"shirt\nb.png,coat\n',
            "line 2: expected .* but a quotation mark in it is not closed",
        ),
        ('filename,class\na.png,"shirt\n' + "b.png,coat\n" * 20_000, "line 2: expected .* is not closed"),
        ("filename,class\na.png,shirt\nb.png,\n", "line 3: expected a file name and a class, got 'b.png,'"),
        ("filename,class\na.png,shirt\nb.png,shirt\n", "at least 2 different classes"),
        ("filename,class\na.png,shirt\na.png,coat\n", "same picture in two.*line 2.*line 3"),
        ("filename,class\na.png,shirt\ngone.png,coat\n", "'coat' has none.*there is no file.*gone.png"),
    ],
)
def test_csv_files_with_mistakes(tmp_path, text, message):
    draw(tmp_path / "a.png", 1)
    draw(tmp_path / "b.png", 2)
    (tmp_path / "labels.csv").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message):
        labelled_photos(tmp_path / "labels.csv")


@pytest.mark.parametrize(
    ("xyxy", "margin", "size", "expected"),
    [
        ([10, 20, 30, 60], 0.0, (62, 100), (10, 20, 30, 60)),
        ([10, 20, 30, 60], 0.1, (62, 100), (8, 16, 32, 62)),
        ([1, 1, 9.5, 9.5], 0.2, (10, 10), (0, 0, 10, 10)),
    ],
)
def test_a_margin_ends_at_the_edges(xyxy, margin, size, expected):
    assert with_margin(xyxy, margin, size) == expected


def test_boxes_become_pictures_of_their_class(tmp_path):
    path = draw(tmp_path / "photo.png", 1, size=(60, 40))
    empty = draw(tmp_path / "empty.png", 2)
    boxes = Boxes(
        [[5, 5, 25, 25], [30, 10, 50, 30], [0, 0, 3, 3], [0, 0, 60, 40]], [1, 0, 0, 0], crowd=[0, 0, 0, 1]
    )
    pictures = labelled_photos(
        Annotations(["mug", "lid"], [(path, boxes), (empty, Boxes.empty())]), margin=0.0
    )
    assert pictures.counts == {"mug": 1, "lid": 1}
    assert [each.box for each in pictures] == [(5, 5, 25, 25), (30, 10, 50, 30)]
    np.testing.assert_array_equal(pictures[0].read(), np.asarray(Image.open(path))[5:25, 5:25])
    assert "the box (0, 0, 3, 3) is smaller than 8 pixels" in pictures.left_out[0]


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("nowhere", FileNotFoundError, "there is no nowhere"),
        (__file__, ValueError, "or a CSV file, got .*test_labelled.py"),
        (["a.png"], TypeError, "got list"),
    ],
)
def test_sources_that_are_none(source, error, message):
    with pytest.raises(error, match=message):
        labelled_photos(source)


def test_labels_without_a_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="labels must be 0 to 1"):
        LabelledPictures(("a", "b"), (LabelledPicture(tmp_path, 2),))


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_many_files_are_not_decoded(tmp_path, monkeypatch, count):
    """All are hard links to two pictures: the memory that is taken is that of their names, 3 KB each."""
    import tracemalloc

    files = [draw(tmp_path / "of" / f"{number}.png", number) for number in range(2)]
    table = tmp_path / "labels.csv"
    with table.open("w") as file:
        file.write("filename,class\n")
        for number in range(count):
            name = f"{number:05d}.png"
            os.link(files[number % 2], tmp_path / name)
            file.write(f"{name},{number % 2}\n")
    monkeypatch.setattr("tflhelpers.classification.labelled.read_image", lambda path: pytest.fail("decoded"))
    monkeypatch.setattr(
        "tflhelpers.classification.label_checks.sha256_of", lambda path: path.name
    )  # as if all differed
    few = tmp_path / "few.csv"
    few.write_text("filename,class\n00000.png,0\n00001.png,1\n")
    labelled_photos(few)  # what it imports is not what the pictures take
    tracemalloc.start()
    pictures = labelled_photos(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(pictures) == count
    assert peak < 3000 * count
