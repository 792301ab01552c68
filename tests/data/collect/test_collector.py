"""A process may die between any two steps: the next one finds every picture once and whole."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from tests.data.collect.picture_server import picture_bytes
from tflhelpers.data.collect.collector import Collector, LeftOut, Prepared
from tflhelpers.data.collect.journal import Journal
from tflhelpers.data.collect.names import free_name, safe_name, stem_of_address
from tflhelpers.data.collect.perceptual_hash import HashIndex, PerceptualHash
from tflhelpers.data.images import read_image
from tflhelpers.files.checksums import sha256_of


class Died(BaseException):
    """What a SIGKILL is to the code below it."""


def prepare(collector, key, number, stem="a"):
    file = collector.staged(key)
    file.write_bytes(picture_bytes(number))
    return Prepared(file, stem, ".jpg", sha256_of(file), PerceptualHash.of(read_image(file)))


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".json")


@pytest.mark.parametrize("step", ["before the journal", "after the journal", "after the move"])
def test_death_at_each_step(tmp_path, monkeypatch, step):
    real_add, real_replace = Journal.add, os.replace

    def add(self, key, entry):
        if step != "before the journal":
            real_add(self, key, entry)
        if step != "after the move":
            raise Died

    def replace(source, target):
        real_replace(source, target)
        raise Died

    collector = Collector(tmp_path, "test")
    collector.__enter__()
    prepared = prepare(collector, "key", 1)
    with monkeypatch.context() as dying:
        dying.setattr(Journal, "add", add)
        dying.setattr(os, "replace", replace)
        with pytest.raises(Died):
            collector.settle("key", "line 1", "a", prepared)
    collector._journal._file.close()  # as when a process ends: no __exit__
    with Collector(tmp_path, "test") as again:
        if not again.is_settled("key"):
            again.settle("key", "line 1", "a", prepare(again, "key", 1))
        else:
            again.settle_again("key", "line 1", "a")
        report = again.report()
    assert [path.name for path in report.kept] == ["a.jpg"]
    assert report.kept[0].read_bytes() == picture_bytes(1)
    assert names(tmp_path) == [".collected.jsonl", "a.jpg"]


def test_a_journal_that_ends_anywhere_is_read(tmp_path):
    with Journal(tmp_path) as journal:
        for number in range(3):
            journal.add(f"key {number}", {"kind": "größe", "reason": "x" * number})
    whole = journal.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for length in range(len(whole)):
        journal.path.write_bytes(whole[:length])
        with Journal(tmp_path) as cut:
            complete = sum(length >= sum(map(len, lines[: n + 1])) - 1 for n in range(3))
            assert len(cut.entries) == complete
            cut.add("new", {"kind": "k", "reason": "r"})
        with Journal(tmp_path) as again:
            assert "new" in again.entries
            assert len(again.entries) == complete + 1


def test_a_journal_of_garbage_is_an_empty_one(tmp_path):
    (tmp_path / ".collected.jsonl").write_bytes(
        b'\xff\xfe\n[1]\n{"no": "key"}\n"text"\nnull\n{"key": "k", "kind": "x"}\n'
    )
    with Journal(tmp_path) as journal:
        assert journal.entries == {"k": {"kind": "x"}}


STRANGE = [
    {"kept": "../moved.jpg", "staged": "../../secret.jpg"},
    {"kept": "a.jpg", "staged": "../../secret.jpg"},
    {"kept": "a.jpg", "staged": "/etc/hostname"},
    {"kept": "/tmp/a.jpg"},
    {"kept": "b/../../a.jpg"},
    {"kept": "b/c/a.jpg"},
    {"kept": "./a.jpg"},
    {"kept": ".hidden.jpg"},
    {"kept": "a.py"},
    {"kept": "a\0.jpg"},
    {"kept": "a\ud800.jpg"},
    {"kept": "a" * 300 + ".jpg"},
    {"kept": ""},
    {"kept": None},
    {"kept": 5},
    {"kept": ["a.jpg"]},
    {"kept": "a.jpg", "staged": 5},
    {"kept": "a.jpg", "sha256": [1]},
    {"kept": "a.jpg", "look": {}},
    {"kind": 5},
    {"kind": "x", "reason": None},
    {"no kind": "x"},
    {},
]


@pytest.mark.parametrize("entry", STRANGE)
def test_entries_of_others_are_dropped_and_told(tmp_path, entry):
    """Nothing outside the folder is touched, and no run ends with an error, the second one neither."""
    (tmp_path / "secret.jpg").write_bytes(b"private")
    folder = tmp_path / "photos"
    (folder / ".collecting").mkdir(parents=True)
    (folder / ".collected.jsonl").write_text(json.dumps({"key": "k", **entry}) + "\n")
    for _ in range(2):
        with Collector(folder, "test", retry_skipped=True) as collector:
            assert not collector.is_settled("k")
            report = collector.report()
        assert "Left out 1 line of .collected.jsonl that no collection writes" in str(report)
    assert (tmp_path / "secret.jpg").read_bytes() == b"private"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "secret.jpg"]
    assert names(folder) == [".collected.jsonl"]


@pytest.mark.parametrize("line", ['{"key": 5, "kind": "x"}', '"key kind"', '["key", "kind"]', "[" * 100_000])
def test_lines_of_another_kind_are_no_entries(tmp_path, line):
    (tmp_path / ".collected.jsonl").write_text(f'{line}\n{{"key": "k", "kind": "x"}}\n')
    with Journal(tmp_path) as journal:
        assert journal.entries == {"k": {"kind": "x"}}


def test_links_in_a_folder_lead_nowhere(tmp_path):
    """What is moved, thrown away or written lies in the folder itself."""
    outside, folder = tmp_path / "outside", tmp_path / "photos"
    outside.mkdir()
    (outside / "notes.part").write_bytes(b"private")
    (outside / "log.txt").write_bytes(b"private")
    folder.mkdir()
    (folder / ".collecting").symlink_to(outside, target_is_directory=True)
    (folder / ".collected.jsonl").symlink_to(outside / "log.txt")
    with Collector(folder, "test") as collector:
        collector.settle("key", "line 1", "a", prepare(collector, "key", 1))
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {
        "notes.part": b"private",
        "log.txt": b"private",
    }
    assert names(folder) == [".collected.jsonl", "a.jpg"]


def test_what_was_prepared_is_not_moved_through_a_link(tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "photos"
    outside.mkdir()
    (folder / ".collecting").mkdir(parents=True)
    (folder / "duck").symlink_to(outside, target_is_directory=True)
    (folder / ".collecting" / f"{0:024}.part").write_bytes(b"a picture")
    entry = {"key": "k", "kept": "duck/a.jpg", "staged": f"{0:024}.part"}
    (folder / ".collected.jsonl").write_text(json.dumps(entry) + "\n")
    with Collector(folder, "test"):
        assert not list(outside.iterdir())


def test_names_that_are_no_utf_8_are_remembered(tmp_path):
    with Journal(tmp_path) as journal:
        journal.add("file caf\udce9.jpg", {"kind": "x", "reason": "caf\udce9"})
    with Journal(tmp_path) as again:
        assert again.entries == {"file caf\udce9.jpg": {"kind": "x", "reason": "caf\udce9"}}


def test_what_passes_is_tried_again_and_what_does_not_is_not(tmp_path):
    with Collector(tmp_path, "test") as collector:
        collector.leave("a", "line 1", "a", LeftOut("too slow", "slow", passing=True))
        collector.leave("b", "line 2", "b", LeftOut("not found", "404"))
    with Collector(tmp_path, "test") as again:
        assert not again.is_settled("a")
        assert again.is_settled("b")
    with Collector(tmp_path, "test", settings="other") as other:
        assert not other.is_settled("b")


def test_the_report_is_saved_beside_the_pictures(tmp_path):
    with Collector(tmp_path / "photos", "/data/my urls.csv") as collector:
        collector.settle("k", "line 1", "a", prepare(collector, "k", 1))
        collector.leave("l", "line 2", "http://x.org", LeftOut("not found", "the server answers 404"))
        collector.notes.append("A note.")
        report = collector.report()
    assert report.path == tmp_path / "photos" / "collected_from_my_urls.csv.json"
    assert json.loads(report.path.read_text("utf-8")) == {
        "source": "/data/my urls.csv",
        "new": 1,
        "kept": ["a.jpg"],
        "skipped": [
            {
                "where": "line 2",
                "name": "http://x.org",
                "kind": "not found",
                "reason": "the server answers 404",
            }
        ],
        "notes": ["A note."],
    }
    assert str(report).splitlines() == [
        f"1 picture from my urls.csv in {tmp_path / 'photos'}.",
        "1 left out, all listed in collected_from_my_urls.csv.json:",
        "  1 × not found, e.g. line 2: the server answers 404",
        "A note.",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "picture"),
        ("duck", "duck"),
        ("../../etc/passwd", "etc_passwd"),
        ("..", "picture"),
        (".hidden", "hidden"),
        ("a<b>:c|d?e*f\x00g\nh", "a_b_c_d_e_fgh"),
        ("CON", "CON_"),
        ("nul.txt", "nul.txt_"),
        ("Größe 🦆 鸭", "Größe 🦆 鸭"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("x" * 300, "x" * 100),
        ("鸭" * 300, "鸭" * 66),
        (" . ", "picture"),
        ("\ud800a", "a"),
    ],
)
def test_safe_names(text, name):
    assert safe_name(text) == name


@pytest.mark.parametrize(
    ("url", "stem"),
    [
        ("https://x.org/a/b.jpg?x=/c.png", "b"),
        ("https://x.org/", "picture"),
        ("https://x.org/%2e%2e%2fetc%2fpasswd", "passwd"),
        ("https://x.org/v1.2/get", "get"),
        ("https://x.org/photo.JPEG/", "photo"),
    ],
)
def test_stems_of_addresses(url, stem):
    assert stem_of_address(url) == stem


def test_free_names_differ_also_where_case_does_not_count():
    assert free_name("Duck", ".jpg", {"duck.jpg", "duck_2.jpg"}) == "Duck_3.jpg"


def test_the_hash_of_a_slope_and_its_mirror():
    """Darker than its right neighbour: everywhere in a slope that rises, nowhere in its mirror."""
    slope = np.repeat(np.arange(0, 180, 20, dtype=np.uint8)[None, :, None], 8, axis=0).repeat(3, axis=2)
    assert PerceptualHash.of(slope).hash == "f" * 16
    assert PerceptualHash.of(slope[:, ::-1].copy()).hash == "0" * 16
    assert PerceptualHash.from_text(PerceptualHash.of(slope).to_text()).hash == "f" * 16


@pytest.mark.parametrize(
    ("change", "is_copy"),
    [
        (lambda cells: cells, True),
        (lambda cells: cells + 12, True),
        (lambda cells: cells + 13, False),
        (lambda cells: cells[:, ::-1], False),
        (lambda cells: cells[..., ::-1], False),  # as bright, but red is blue
    ],
)
def test_what_counts_as_a_copy(change, is_copy):
    cells = np.random.default_rng(1).integers(40, 200, (8, 9, 3), np.uint8)
    index = HashIndex()
    index.add("other", PerceptualHash(np.random.default_rng(2).integers(40, 200, (8, 9, 3), np.uint8)))
    index.add("first", PerceptualHash(cells))
    assert index.find_copy(PerceptualHash(change(cells).astype(np.uint8))) == ("first" if is_copy else None)


def test_an_index_of_many(tmp_path):
    index = HashIndex()
    looks = [
        PerceptualHash(np.random.default_rng(n).integers(40, 200, (8, 9, 3), np.uint8)) for n in range(200)
    ]
    for number, look in enumerate(looks):
        assert index.find_copy(look) is None
        index.add(str(number), look)
    assert [index.find_copy(look) for look in looks] == [str(number) for number in range(200)]


def test_real_photos_and_their_copies(shared_data):
    """Each at JPEG quality 30 and a third of the size is a copy of itself and of no other photo."""
    paths = sorted((shared_data / "ducky" / "train").glob("*.jpg"))
    index = HashIndex()
    for path in paths:
        index.add(path.name, PerceptualHash.of(read_image(path)))
    for path in paths:
        image = Image.fromarray(read_image(path))
        small = np.array(image.resize((image.width // 3, image.height // 3), Image.Resampling.LANCZOS))
        assert index.find_copy(PerceptualHash.of(small)) == path.name
