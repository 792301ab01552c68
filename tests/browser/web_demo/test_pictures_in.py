"""Pictures come in by choosing, dropping, pasting and by address, up to eight; what cannot be shown is said."""

from __future__ import annotations

import base64
import re

import pytest
from PIL import Image

from tests.browser.web_demo.demo_driver import (
    PHOTOS,
    QuietHandler,
    add_files,
    boxes_of,
    looked_at,
    sentences,
    served,
)

TRANSFER = """([name, type, content]) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
    return transfer;
}"""
PASTE = """(transfer) => document.body.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }))"""


class OpenToAll(QuietHandler):
    """A server that lets other pages read its pictures."""

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.fixture
def nine(tmp_path):
    """Nine small pictures, ``0.png`` to ``8.png``."""
    for number in range(9):
        Image.new("RGB", (40, 30), (20 * number, 120, 90)).save(tmp_path / f"{number}.png")
    return sorted(tmp_path.glob("*.png"))


def transfer_of(page, path, kind="image/jpeg"):
    content = base64.b64encode(path.read_bytes()).decode()
    return page.evaluate_handle(TRANSFER, [path.name, kind, content])


def names(page):
    return [card.inner_text() for card in page.query_selector_all(".card .file")]


def test_eight_pictures_fit(open_demo, nine):
    page = open_demo()
    assert len(add_files(page, nine[:8])) == 8
    assert page.inner_text("#count") == "8 of 8 pictures"
    assert page.query_selector_all(".message") == []
    assert names(page) == [f"{number}.png" for number in range(8)]


def test_a_ninth_is_refused_politely_until_there_is_room(open_demo, nine):
    page = open_demo()
    assert len(add_files(page, nine)) == 8
    assert sentences(page) == [
        "Eight pictures fit on this page, so 8.png was left out. Remove some to make room."
    ]
    page.click("[aria-label='Remove 3.png']")
    add_files(page, nine[8:])
    assert names(page) == ["0.png", "1.png", "2.png", "4.png", "5.png", "6.png", "7.png", "8.png"]
    assert page.query_selector_all(".message") == []
    page.click("text=Remove all")
    assert names(page) == []


def test_many_left_out_are_counted(open_demo, nine):
    page = open_demo()
    add_files(page, nine[:5])
    add_files(page, nine)
    assert sentences(page) == [
        "Eight pictures fit on this page, so 3.png, 4.png, 5.png and 3 more were left out. "
        "Remove some to make room."
    ]


def test_a_dropped_picture_is_looked_at(open_demo):
    page = open_demo()
    page.check("input[value=camera]", force=True)  # dropping shows the pictures
    page.dispatch_event("main", "drop", {"dataTransfer": transfer_of(page, PHOTOS / "kitchen.jpg")})
    [card] = looked_at(page)
    assert len(boxes_of(card)[0]) >= 5
    assert page.is_visible("#pictures")


def test_a_pasted_picture_is_looked_at(open_demo):
    page = open_demo()
    page.evaluate(PASTE, transfer_of(page, PHOTOS / "kitchen.jpg"))
    [card] = looked_at(page)
    assert len(boxes_of(card)[0]) >= 5


def test_a_pasted_address_is_opened(open_demo, demo):
    page = open_demo()
    transfer = page.evaluate_handle(
        "(text) => { const t = new DataTransfer(); t.setData('text/plain', text); return t; }",
        f"{demo}/icon-192.png",
    )
    page.evaluate(PASTE, transfer)
    page.wait_for_selector(".card")
    assert names(page) == ["icon-192.png"]


def enter_address(page, address):
    page.check("input[name=tab][value=pictures]", force=True)
    page.fill("#url", address)
    page.press("#url", "Enter")


def test_the_picture_at_an_address_is_looked_at(open_demo):
    page = open_demo()
    with served(PHOTOS, OpenToAll) as other:
        page.context.route(f"{other}/**", lambda route: route.continue_())
        enter_address(page, f"{other}/kitchen.jpg")
        page.wait_for_selector(".card")
        [card] = looked_at(page)
    assert names(page) == ["kitchen.jpg"]
    assert len(boxes_of(card)[0]) >= 5
    assert page.input_value("#url") == ""


def test_a_server_that_forbids_reading_is_named(open_demo):
    page = open_demo()
    with served(PHOTOS) as other:
        page.context.route(f"{other}/**", lambda route: route.continue_())
        enter_address(page, f"{other}/kitchen.jpg")
        [sentence] = sentences(page)
    assert sentence == (
        f"{other.removeprefix('http://')} cannot be reached, or does not let other pages read its pictures (CORS). "
        "Save the picture to this device and choose it here."
    )
    assert names(page) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("duck", "“duck” is not the address of a picture: one begins with https://."),
        ("{demo}/none.jpg", "127.0.0.1:{port} does not have this picture (it answered 404)."),
        (
            "{demo}/index.html",
            "This address is of a page, not of a picture. Open the picture alone and copy its address.",
        ),
        (
            "{demo}/style.css",
            "style.css cannot be read as a picture: it is damaged or of another kind. "
            "JPEG, PNG, WebP and GIF files work.",
        ),
        (
            "{demo}/%E0%A4%A.png",
            "127.0.0.1:{port} does not have this picture (it answered 404).",
        ),
    ],
)
def test_addresses_that_are_no_pictures(open_demo, demo, address, expected):
    page = open_demo()
    enter_address(page, address.format(demo=demo))
    assert sentences(page) == [expected.format(port=demo.rpartition(":")[2])]
    assert names(page) == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("empty.jpg", b"", "empty.jpg is empty. Choose another picture."),
        ("notes.png", b"no picture at all", "notes.png cannot be read as a picture"),
        ("IMG_1.HEIC", b"\0\0\0\x18ftypheic" + bytes(64), "IMG_1.HEIC is a HEIC photo, which this browser"),
        ("<b>bold.jpg", b"\xff\xd8\xff\xe0" + bytes(64), "<b>bold.jpg cannot be read as a picture"),
        ("cut.png", (PHOTOS / "kitchen.jpg").read_bytes()[:300], "cut.png cannot be read as a picture"),
    ],
)
def test_a_broken_picture_is_a_sentence_and_the_others_are_shown(open_demo, name, content, expected):
    page = open_demo()
    page.check("input[name=tab][value=pictures]", force=True)
    good = {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": (PHOTOS / "picnic.jpg").read_bytes()}
    page.set_input_files("#chooser", [{"name": name, "mimeType": "", "buffer": content}, good])
    [sentence] = sentences(page)
    assert sentence.startswith(expected)
    assert re.match(r".*\.$", sentence)
    looked_at(page)
    assert names(page) == ["good.jpg"]
    page.click("[aria-label='Close this message']")
    assert page.query_selector_all(".message") == []
