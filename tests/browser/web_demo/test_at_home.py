"""Nothing is loaded from elsewhere, the page works without network, and what is missing is said."""

from __future__ import annotations

import json
import re

import pytest
from PIL import Image

from tests.browser.web_demo.demo_driver import PHOTOS, add_files, boxes_of, sentences, served
from tflhelpers.sharing.web_demo import WEB

KEPT = "text=Kept on this device: works without network."


def test_no_request_leaves_the_host(open_demo):
    page = open_demo(service_workers="block")  # else requests go through the worker, unseen
    [card] = add_files(page, [PHOTOS / "kitchen.jpg"])
    assert boxes_of(card)[0]
    assert page.asked_elsewhere == []


def test_our_files_name_no_other_host():
    named = {}
    for path in WEB.rglob("*"):
        if path.suffix in {".js", ".html", ".css", ".svg", ".webmanifest"}:
            named[path.name] = set(re.findall(r"https?://\w[\w.:/]*", path.read_text("utf-8")))
    assert {name: found for name, found in named.items() if found} == {
        "icon.svg": {"http://www.w3.org/2000/svg"},  # the name of a kind of markup
        "index.html": {"http://localhost:8000."},  # said to the person
    }


def test_it_works_without_network_after_the_first_time(open_demo, demo_copy):
    with served(demo_copy) as address:
        page = open_demo(address)
        page.wait_for_selector(KEPT, timeout=30_000)
    page.reload()  # the server is gone
    page.wait_for_selector("html[data-ready=yes]", timeout=30_000)
    [card] = add_files(page, [PHOTOS / "kitchen.jpg"])
    assert len(boxes_of(card)[0]) >= 5


def test_a_new_export_replaces_what_was_kept(open_demo, demo_copy):
    with served(demo_copy) as address:
        page = open_demo(address)
        page.wait_for_selector(KEPT, timeout=30_000)
        for name, old, new in [
            ("js/main.js", "Starting the model…", "Starting another model…"),
            ("model.json", '"mug"', '"beaker"'),
            ("kept_files.js", '"version": "', '"version": "0'),
        ]:
            text = (demo_copy / name).read_text("utf-8")
            assert old in text
            (demo_copy / name).write_text(text.replace(old, new), "utf-8")
        page.reload()
        page.wait_for_selector(
            "#classes >> text=beaker", timeout=30_000
        )  # it loads itself again: nothing is lost
        page.wait_for_selector(KEPT, timeout=30_000)
        assert len(page.evaluate("caches.keys()")) == 1


def test_it_can_be_installed(open_demo, exported):
    page = open_demo()
    session = page.context.new_cdp_session(page)
    errors = [
        error["errorId"] for error in session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    ]
    assert [error for error in errors if error != "in-incognito"] == []
    manifest = json.loads((exported / "manifest.webmanifest").read_text("utf-8"))
    assert manifest["name"] == "Toys & <b>things</b>"
    for icon in manifest["icons"]:
        if icon["sizes"] != "any":
            assert "{}x{}".format(*Image.open(exported / icon["src"]).size) == icon["sizes"]


WHOLE = "Copy the whole folder"


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("model.bin", "The file model.bin is missing beside this page (404). " + WHOLE),
        ("model.json", "The file model.json is missing beside this page (404). " + WHOLE),
        ("runtime/index.js", "The file runtime/index.js is missing beside this page. " + WHOLE),
        ("js/worker.js", "The file js/worker.js is missing beside this page. " + WHOLE),
        ("js/main.js", "A part of this page is missing or did not arrive. Load it again, or "),
        ("js/nms.js", "A part of this page is missing or did not arrive. Load it again, or "),
        ("runtime/wasm/litert_wasm_internal.js", "The model could not be started: "),
        ("runtime/wasm/litert_wasm_internal.wasm", "The model could not be started: "),
    ],
)
def test_a_missing_file(open_demo, demo_copy, missing, expected):
    (demo_copy / missing).unlink()
    with served(demo_copy) as address:
        page = open_demo(address, ready=False)
        [sentence] = sentences(page)
    assert sentence.startswith(expected)
    assert not page.is_visible("#loading")


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("model.json", lambda old: old[:40], "The file model.json is damaged or of another version."),
        ("model.json", lambda old: b"{}", "The file model.json is damaged or of another version."),
        (
            "model.bin",
            lambda old: old[:-9],
            "The file model.bin is not the one that belongs to this page.",
        ),
        (
            "model.bin",
            lambda old: old + b"x",
            "The file model.bin is not the one that belongs to this page.",
        ),
        ("model.bin", lambda old: bytes(len(old)), "The model could not be started: "),
    ],
)
def test_a_damaged_file(open_demo, demo_copy, name, change, expected):
    path = demo_copy / name
    path.write_bytes(change(path.read_bytes()))
    with served(demo_copy) as address:
        [sentence] = sentences(open_demo(address, ready=False))
    assert sentence.startswith(expected)


def test_a_browser_that_is_too_old(open_demo):
    old = "WebAssembly.validate = () => false"
    page = open_demo(ready=False, prepare=lambda page: page.add_init_script(old))
    [sentence] = sentences(page)
    assert sentence.startswith(
        "This browser cannot run the model: it lacks WebAssembly with SIMD. Update it, or "
    )


def test_a_page_opened_as_a_file(page, exported):
    page.goto((exported / "index.html").as_uri())
    assert sentences(page) == [
        "Browsers do not run this page from a file. In its folder type: python -m http.server, "
        "then open http://localhost:8000."
    ]
