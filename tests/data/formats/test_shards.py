"""Which files a person means by the name of a set of records."""

from __future__ import annotations

import pytest

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.shards import find_record_files, shard_name

FILES = [
    "train.record-00000-of-00003",
    "train.record-00001-of-00003",
    "train.record-00002-of-00003",
    "val-00000-of-00002.tfrecord",
    "val-00001-of-00002.tfrecord",
    "one.record",
    "two.TFRecords",
    "label_map.pbtxt",
    "notes-00000-of-00001.txt",
    ".hidden.record",
]
TRAIN, VAL = FILES[:3], FILES[3:5]


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        (tmp_path / name).touch()
    return tmp_path


def _found(path):
    told = []
    files = find_record_files(path, lambda name, why: told.append((name, why)))
    assert all(file.parent == files[0].parent for file in files)
    return [file.name for file in files], told


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("one.record", ["one.record"]),
        ("one", ["one.record"]),
        ("label_map.pbtxt", ["label_map.pbtxt"]),  # who names a file means it
        ("train.record", TRAIN),
        ("train.record-00001-of-00003", TRAIN),
        ("train.record-?????-of-?????", TRAIN),
        ("train*", TRAIN),
        ("val-00001-of-00002.tfrecord", VAL),
        ("val", VAL),
        ("", sorted([*TRAIN, *VAL, "one.record", "two.TFRecords"])),
    ],
)
def test_what_is_meant(folder, asked, expected):
    assert _found(folder / asked) == (expected, [])


@pytest.mark.parametrize("asked", ["train.record", "train.record-00002-of-00003", "train*", ""])
def test_missing_shards_are_told(folder, asked):
    (folder / TRAIN[1]).unlink()
    files, told = _found(folder / asked)
    assert TRAIN[0] in files
    assert told == [("train.record-00001-of-00003", "missing shard: 2 of 3 are there")]


def test_a_folder_without_records_means_those_below(tmp_path):
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "data" / "train" / "one.record").touch()
    assert _found(tmp_path) == (["one.record"], [])


def test_shards_of_two_sets_are_refused(folder):
    (folder / "train.record-00000-of-00002").touch()
    with pytest.raises(
        AnnotationError, match=r"train\.record: expected the shards of one set, got some of 2 and of 3"
    ):
        _found(folder / "train.record")


@pytest.mark.parametrize("asked", ["nothing", "no*.record", "nowhere/train.record"])
def test_nothing_there(folder, asked):
    with pytest.raises(FileNotFoundError, match="expected a TFRecord file, its shards"):
        _found(folder / asked)


def test_names_of_shards():
    assert [shard_name("a.record", 0, 1), shard_name("a.record", 11, 12)] == [
        "a.record",
        "a.record-00011-of-00012",
    ]
