"""From a list of addresses to exactly the good pictures, whatever the server does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
from email.message import Message
from pathlib import Path

import pytest

from tests.data.collect.picture_server import picture_bytes, picture_server
from tflhelpers.data import collect
from tflhelpers.data.collect import web
from tflhelpers.data.collect.http_get import FetchLimits, _as_answered
from tflhelpers.data.collect.journal import BusyFolder, Journal
from tflhelpers.files import addresses

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server():
    with picture_server() as running:
        yield running


@pytest.fixture
def fetch(server, tmp_path):
    """Collect paths of the server into `tmp_path/photos`."""

    def run(*paths, lines=None, **settings):
        urls = tmp_path / "urls.txt"
        urls.write_text("\n".join(lines or [f"{server.address}/{path}" for path in paths]), "utf-8")
        settings = {"allow_private": True, "progress": False, "timeout_s": 0.6, **settings}
        return collect.from_csv(urls, tmp_path / "photos", **settings)

    return run


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("good/1.jpg", "1.jpg"),
        ("png/2.jpg", "2.png"),
        ("lying/3.png", "3.jpg"),
        ("cut/4.jpg", "4.jpg"),
        ("silent_cut/5.jpg", "5.jpg"),
        ("unlucky/6.jpg", "6.jpg"),
        ("late/7.jpg", "7.jpg"),
        ("moved/8.jpg", "8.jpg"),
        ("chunked/9.jpg", "9.jpg"),
        ("good/rubber%20duck%2010.JPG?width=9", "rubber duck 10.jpg"),
        ("good/entchen größe 11.jpg", "entchen größe 11.jpg"),
    ],
)
def test_a_picture_is_kept_as_it_is_under_its_own_kind(fetch, path, kept):
    report = fetch(path)
    assert [picture.name for picture in report.kept] == [kept]
    number = int("".join(filter(str.isdigit, path.partition("?")[0].replace("%20", ""))))
    assert report.kept[0].read_bytes() == picture_bytes(number, kind="PNG" if "png/" in path else "JPEG")
    assert report.new == 1
    assert report.skipped == ()


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("missing/1.jpg", "not found", "404"),
        ("gone/1.jpg", "not found", "410"),
        ("forbidden/1.jpg", "not allowed", "403 Forbidden; an address that was signed may have expired"),
        ("broken/1.jpg", "server error", "500"),
        ("page/1.jpg", "not a picture", "got a web page"),
        ("empty/1.jpg", "not a picture", "got an empty file"),
        ("damaged/1.jpg", "not a picture", "truncated or damaged"),
        ("circle/1.jpg", "redirect loop", "leads back to itself"),
        ("ever_on/1.jpg", "redirect loop", "more than 5 redirects"),
        ("large/1.jpg", "too large", "more than 0.1 MB"),
        ("endless/1.jpg", "too large", "more than 0.1 MB"),
        ("tiny/1.jpg", "too small", "9 x 8 pixels"),
        ("local_file/1.jpg", "bad address", "expected http or https, got 'file'"),
    ],
)
def test_what_is_left_out_says_why(fetch, tmp_path, path, kind, reason):
    report = fetch(path, max_bytes=100_000, attempts=2)
    assert report.kept == ()
    (skipped,) = report.skipped
    assert (skipped.where, skipped.kind) == ("line 1", kind)
    assert reason in skipped.reason
    assert sorted(each.name for each in (tmp_path / "photos").iterdir()) == [
        ".collected.jsonl",
        "collected_from_urls.txt.json",
    ]


def test_a_server_that_drips_is_given_up(fetch, monkeypatch):
    monkeypatch.setattr(
        web, "FetchLimits", lambda *values, **named: FetchLimits(*values, **named, total_s=1.0)
    )
    started = time.monotonic()
    report = fetch("drip/1.jpg", attempts=1)
    assert time.monotonic() - started < 5
    assert report.skipped[0].kind == "too slow"


def test_copies_are_left_out_and_the_first_of_the_list_stays(fetch):
    report = fetch("late/1.jpg", "good/1.jpg", "small/1.jpg", "png/1.png", "good/2.jpg")
    assert [path.name for path in report.kept] == ["1.jpg", "2.jpg"]
    assert [(each.where, each.kind, each.reason) for each in report.skipped] == [
        ("line 2", "duplicate", "the same file as 1.jpg"),
        ("line 3", "near duplicate", "looks the same as 1.jpg"),
        ("line 4", "near duplicate", "looks the same as 1.jpg"),
    ]
    assert "5 pictures" in str(
        fetch("late/1.jpg", "good/1.jpg", "small/1.jpg", "png/1.png", "good/2.jpg", distinct=False)
    )


def test_run_again_nothing_is_fetched_twice_but_what_failed_on_the_way(fetch, server):
    paths = ["good/1.jpg", "missing/2.jpg", "broken/3.jpg", "page/4.jpg"]
    first = fetch(*paths, attempts=1)
    again = fetch(*paths, attempts=1)
    assert server.asked == {"/good/1.jpg": 1, "/missing/2.jpg": 1, "/broken/3.jpg": 2, "/page/4.jpg": 1}
    assert (first.kept, first.skipped) == (again.kept, again.skipped)
    assert (first.new, again.new) == (1, 0)
    fetch(*paths, attempts=1, retry_skipped=True)
    assert server.asked == {"/good/1.jpg": 1, "/missing/2.jpg": 2, "/broken/3.jpg": 3, "/page/4.jpg": 2}


def test_other_limits_decide_anew(fetch):
    assert fetch("large/1.jpg", max_bytes=100_000).counts == {"too large": 1}
    assert fetch("large/1.jpg").new == 1


def test_what_a_person_removed_stays_away_until_asked_for(fetch):
    first = fetch("good/1.jpg", "good/2.jpg")
    first.kept[0].unlink()
    again = fetch("good/1.jpg", "good/2.jpg")
    assert [path.name for path in again.kept] == ["2.jpg"]
    assert again.counts == {"removed by you": 1}
    assert [path.name for path in fetch("good/1.jpg", "good/2.jpg", retry_skipped=True).kept] == [
        "1.jpg",
        "2.jpg",
    ]


def test_pictures_that_lie_there_already_are_neither_overwritten_nor_doubled(fetch, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "1.jpg").write_bytes(picture_bytes(99))
    (photos / "mine.jpg").write_bytes(picture_bytes(2))
    report = fetch("good/1.jpg", "good/2.jpg", "small/99.jpg")
    assert [path.name for path in report.kept] == ["1_2.jpg", "mine.jpg"]
    assert report.counts == {"near duplicate": 1}
    assert (photos / "1.jpg").read_bytes() == picture_bytes(99)


def test_without_its_journal_a_folder_is_taken_over_as_it_is(fetch, tmp_path):
    paths = ["good/1.jpg", "other/../good/1.jpg", "good/a/2.jpg", "good/b/2.jpg", "good/b2/3.jpg"]
    first = fetch(*paths)
    before = {path.name for path in (tmp_path / "photos").glob("*.jpg")}
    (tmp_path / "photos" / ".collected.jsonl").unlink()
    again = fetch(*paths)
    assert (again.kept, again.new) == (first.kept, 0)
    assert {path.name for path in (tmp_path / "photos").glob("*.jpg")} == before


def test_names_and_classes_from_columns(server, tmp_path):
    rows = [
        "Asset URL,External ID,label",
        f"{server.address}/good/1.jpg,../../duck: one.jpg,rubber duck",
        f"{server.address}/good/2.jpg,DUCK_ one.png,rubber duck",
        f"{server.address}/good/3.jpg,,a/b",
    ]
    (tmp_path / "urls.csv").write_text("\n".join(rows))
    settings = {"allow_private": True, "progress": False, "class_column": "Label"}
    report = collect.from_csv(tmp_path / "urls.csv", tmp_path / "photos", **settings)
    names = [path.relative_to(tmp_path / "photos").as_posix() for path in report.kept]
    assert names == ["rubber duck/duck_ one.jpg", "rubber duck/DUCK_ one_2.jpg", "a_b/3.jpg"]


def test_bad_rows_are_reported_with_their_line(fetch, server):
    good = f"{server.address}/good/1.jpg"
    report = fetch(
        lines=["name,url", f"a,{good}", "b,", "c,photo.jpg", "", f"d,{good}", "e,ftp://x.org/a.jpg"]
    )
    assert [(each.where, each.kind) for each in report.skipped] == [
        ("line 3", "bad row"),
        ("line 4", "bad row"),
        ("line 6", "repeated address"),
        ("line 7", "bad row"),
    ]
    assert (
        "expected an address that begins with http:// or https://, got 'photo.jpg'"
        in report.skipped[1].reason
    )
    assert report.skipped[2].reason == "the same address as line 2"


@pytest.mark.parametrize(
    "path",
    ["good/1.jpg", "moved/1.jpg"],
)
def test_this_computer_is_not_asked_unless_allowed(fetch, server, path):
    report = fetch(path, allow_private=False)
    assert report.counts == {"own network": 1}
    assert "127.0.0.1" in report.skipped[0].reason
    assert not server.asked


def test_a_redirect_does_not_lead_into_the_own_network(fetch, monkeypatch):
    """The list's own host counts as public here; where it sends us does not."""
    real = addresses.check_public
    monkeypatch.setattr(
        addresses, "check_public", lambda ip, host: None if ip == "127.0.0.1" else real(ip, host)
    )
    assert fetch("good/1.jpg", allow_private=False).new == 1
    report = fetch("elsewhere/2.jpg", allow_private=False)
    assert report.counts == {"own network": 1}
    assert "10.1.2.3" in report.skipped[0].reason


def test_a_name_is_resolved_once_and_the_checked_number_is_asked(fetch, server, monkeypatch):
    """A name server that answers differently the second time (DNS rebinding) changes nothing."""
    asked = []

    def changing(host, port, *_args, **_kwargs):
        asked.append(host)
        number = "127.0.0.1" if len(asked) == 1 else "10.9.9.9"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    port = server.server_address[1]
    report = fetch(lines=[f"http://pictures.example:{port}/good/1.jpg"])
    assert report.new == 1
    assert asked == ["pictures.example"]


def test_a_host_that_nobody_answers_for_costs_one_attempt_after_a_while(fetch):
    lines = [f"http://127.0.0.1:9/{number}.jpg" for number in range(30)]
    started = time.monotonic()
    report = fetch(lines=lines, attempts=4, threads=4)
    assert report.counts == {"no connection": 30}
    assert time.monotonic() - started < 15  # 30 times 3.5 s of waiting, by 4 threads, would be 26 s


def test_two_do_not_collect_into_one_folder(fetch, tmp_path):
    with Journal(tmp_path / "photos"), pytest.raises(BusyFolder, match="is collecting into this folder"):
        fetch("good/1.jpg")


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_it_soon_and_keeps_what_is_there(tmp_path, interruptible):
    with picture_server(pause=0.05) as server:
        lines = [f"{server.address}/good/{number}.jpg" for number in range(200)]
        (tmp_path / "urls.txt").write_text("\n".join(lines))
        timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        settings = {"allow_private": True, "progress": False, "threads": 2}
        with pytest.raises(KeyboardInterrupt):
            collect.from_csv(tmp_path / "urls.txt", tmp_path / "photos", **settings)
        document = json.loads((tmp_path / "photos" / "collected_from_urls.txt.json").read_text())
        assert 0 < len(document["kept"]) < 200
        assert all((tmp_path / "photos" / name).exists() for name in document["kept"])


CHILD = """
import sys
from tflhelpers.data import collect
collect.from_csv(sys.argv[1], sys.argv[2], allow_private=True, progress=False, timeout_s=0.6, threads=8)
"""

# How each of 20 addresses behaves; 11 of them are good in the end.
MIX = [
    "good", "good", "good", "cut", "png", "lying", "moved", "unlucky", "chunked", "silent_cut", "good",
    "missing", "gone", "page", "circle", "ever_on", "damaged", "empty", "forbidden", "small",
]  # fmt: skip


@pytest.mark.slow
def test_a_thousand_addresses_killed_twice_end_with_exactly_the_good_pictures(tmp_path):
    """`small` shows what the `good` of ten lines before shows: a near duplicate."""
    numbers = {row: row - 10 if MIX[row % 20] == "small" else row for row in range(1000)}
    with picture_server(pause=0.01) as server:
        lines = [f"{server.address}/{MIX[row % 20]}/n{numbers[row]}.jpg" for row in range(1000)]
        late = [f"{server.address}/late/n{row}.jpg" for row in range(1000, 1003)]
        (tmp_path / "urls.txt").write_text("\n".join([*lines[:500], *late, *lines[500:]]))
        photos = tmp_path / "photos"
        for at_least in (100, 300):
            _run_and_kill(tmp_path, photos, at_least)
        interrupted = len(list(photos.glob("*.*")))
        report = collect.from_csv(
            tmp_path / "urls.txt", photos, allow_private=True, progress=False, timeout_s=0.6
        )
    good = {row for row in range(1000) if row % 20 < 11} | {1000, 1001, 1002}
    expected = {f"n{row}.{'png' if MIX[row % 20] == 'png' and row < 1000 else 'jpg'}": row for row in good}
    found = {path.name: path for path in photos.iterdir() if path.suffix in (".jpg", ".png")}
    assert set(found) == set(expected)
    for name, row in expected.items():
        assert found[name].read_bytes() == picture_bytes(row, kind="PNG" if name.endswith("png") else "JPEG")
    assert len(report.kept) == 553
    assert 300 < interrupted < 560
    assert 0 < report.new < 300
    assert report.counts == {
        "not found": 100,
        "redirect loop": 100,
        "not a picture": 150,
        "not allowed": 50,
        "near duplicate": 50,
    }
    assert not list(photos.rglob("*.part"))
    assert max(server.asked[f"/good/n{row}.jpg"] for row in range(1000) if MIX[row % 20] == "good") <= 4


def _run_and_kill(tmp_path, photos, at_least):
    """Start collecting in a process of its own and kill it when so many pictures are there."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "urls.txt"), str(photos)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while len(list(photos.glob("n*"))) < at_least:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < until
        time.sleep(0.01)
    process.kill()
    process.wait()
    process.stderr.close()


@pytest.mark.parametrize(("said", "wait_s"), [("7", 7.0), ("", None), ("²", None), ("9" * 400, None)])
def test_how_much_later_is_a_number_of_seconds_or_nothing(said, wait_s):
    headers = Message()
    headers["Retry-After"] = said
    error = urllib.error.HTTPError("https://a.example/b.jpg", 503, "busy", headers, None)
    assert _as_answered(error).wait_s == wait_s
