"""The camera's page in Chromium, which plays a camera, with the Python of the widget; and the whole in JupyterLab."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.browser.jupyter_programs import LAB_WITH_ONE_SHELL, NOTEBOOK_6, served

COLLECT = Path(__file__).resolve().parents[2] / "tflhelpers" / "data" / "collect"

PAGE = """<!DOCTYPE html><html><head><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/camera.css"></head><body><main id="place"></main>
<script type="module">
import widget from "/camera.js";
const heard = {};
window.model = {
  traits: { kept_where: "photos", count: 0, longest: 1600 },
  comm_live: true,
  sent: [],
  get(name) { return this.traits[name]; },
  on(name, listener) { (heard[name] ??= []).push(listener); },
  off(name, listener) { heard[name] = heard[name].filter((each) => each !== listener); },
  async send(message) {
    this.sent.push(message);
    if (window.busy || !window.toKernel) return;
    const { answers, count } = await window.toKernel(message);
    for (const answer of answers) heard["msg:custom"].forEach((listener) => listener(answer));
    this.traits.count = count;
    heard["change:count"].forEach((listener) => listener());
  },
};
window.takeAway = widget.render({ model, el: document.getElementById("place") });
</script></body></html>"""


class _Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - so it is declared above us
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def do_GET(self):
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Files, directory=str(COLLECT))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(start_chromium):
    """A Chromium with two cameras that play a green picture."""
    launched = start_chromium("--use-fake-device-for-media-stream=device-count=2")
    yield launched
    launched.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "photos"


@pytest.fixture
def open_camera(browser, site, folder):
    """Show the camera: ``open_camera(allowed=False, script="...", color_scheme="dark")``."""
    pytest.importorskip("anywidget")
    from tflhelpers.data.collect import from_camera

    contexts, errors = [], []

    def open_one(*, allowed=True, script="", viewport=(900, 760), **settings):
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), viewport, strict=True)), **settings
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        if allowed:
            context.grant_permissions(["camera"], origin=site)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        camera = from_camera(folder)

        def to_kernel(message):
            answers = []
            camera.send = answers.append
            camera._handle_custom_msg(message, [])
            return {"answers": answers, "count": camera.count}

        page.expose_function("toKernel", to_kernel)
        page.add_init_script(script)
        page.goto(site)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []


def wait_until_open(page):
    page.locator(".tfl-camera-overlay").wait_for(state="hidden")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def status(page):
    return page.get_by_role("status").text_content()


def wait_for_status(page, text):
    page.wait_for_function(
        "(text) => document.querySelector('[role=status]').textContent === text", arg=text, timeout=10_000
    )


def names(folder):
    return sorted(path.name for path in folder.glob("*.jpg"))


def test_a_click_and_the_space_bar_are_photos_on_the_disk(open_camera, folder):
    from tflhelpers.data.images import read_image

    page = open_camera()
    wait_until_open(page)
    button(page, "Take photo").click()
    wait_for_status(page, "1 photo in photos")
    page.locator(".tfl-camera").focus()
    page.keyboard.press("Space")
    wait_for_status(page, "2 photos in photos")
    button(page, "Take photo").focus()
    page.keyboard.press("Space")  # once, not also as a press of the button
    wait_for_status(page, "3 photos in photos")
    assert names(folder) == ["photo_0001.jpg", "photo_0002.jpg", "photo_0003.jpg"]
    image = read_image(folder / "photo_0001.jpg")
    width, height = page.evaluate(
        "[document.querySelector('video').videoWidth, document.querySelector('video').videoHeight]"
    )
    assert image.shape == (round(height * min(1, 1600 / width)), min(width, 1600), 3)
    assert image[..., 1].mean() > 100  # Chromium's camera is green
    assert page.locator(".tfl-camera-photo[data-state=saved]").count() == 3


def test_delete_last_removes_the_last_photo_only(open_camera, folder):
    page = open_camera()
    wait_until_open(page)
    assert button(page, "Delete last").is_disabled()
    for count in ("1 photo", "2 photos"):
        button(page, "Take photo").click()
        wait_for_status(page, f"{count} in photos")
    button(page, "Delete last").click()
    wait_for_status(page, "1 photo in photos")
    assert names(folder) == ["photo_0001.jpg"]
    assert page.locator(".tfl-camera-photo").count() == 1


def test_the_other_camera(open_camera):
    page = open_camera()
    wait_until_open(page)
    device = "document.querySelector('video').srcObject?.getVideoTracks()[0].getSettings().deviceId"
    first = page.evaluate(device)
    button(page, "Other camera").click()
    page.wait_for_function(f"(first) => {device} && {device} !== first", arg=first)
    wait_until_open(page)


def test_while_the_kernel_is_busy_photos_wait_and_are_sent_again(open_camera, folder):
    page = open_camera()
    wait_until_open(page)
    page.evaluate("window.busy = true")
    button(page, "Take photo").click()
    button(page, "Take photo").click()
    wait_for_status(page, "2 photos not saved yet: the kernel is busy. Keep this page open.")
    assert names(folder) == []
    page.evaluate("window.busy = false; for (const photo of [...model.sent]) model.send(photo)")
    wait_for_status(page, "2 photos in photos")
    assert len(names(folder)) == 2  # each was sent twice


def test_a_kernel_that_is_gone_leaves_photos_to_be_saved_by_hand(open_camera, folder, tmp_path):
    page = open_camera()
    wait_until_open(page)
    page.evaluate("window.busy = true")
    button(page, "Take photo").click()
    page.evaluate("model.comm_live = false")
    page.locator(".tfl-camera-photo[data-state=failed]").wait_for()
    assert "click them to keep them" in status(page)
    with page.expect_download() as download:
        page.locator(".tfl-camera-photo").click()
    download.value.save_as(tmp_path / "saved.jpg")
    assert (tmp_path / "saved.jpg").read_bytes()[:3] == b"\xff\xd8\xff"


def test_a_full_disk_is_said(open_camera, folder, monkeypatch):
    from tflhelpers.data.collect import photo_store

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(photo_store, "write_new", full)
    page = open_camera()
    wait_until_open(page)
    button(page, "Take photo").click()
    wait_for_status(page, "Not saved: [Errno 28] No space left on device")


def test_turned_off_the_camera_is_free_and_comes_back(open_camera):
    page = open_camera()
    wait_until_open(page)
    button(page, "Turn camera off").click()
    assert page.locator(".tfl-camera-overlay p").text_content() == "The camera is off."
    assert page.evaluate("document.querySelector('video').srcObject") is None
    assert button(page, "Take photo").is_disabled()
    button(page, "Turn camera on").click()
    wait_until_open(page)
    page.evaluate("window.track = document.querySelector('video').srcObject.getVideoTracks()[0]; takeAway()")
    assert page.evaluate("window.track.readyState") == "ended"


REFUSES = "navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('why', '{}'); }};"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"allowed": False}, "The browser does not let this page use the camera."),
        ({"script": REFUSES.format("NotFoundError")}, "No camera was found."),
        ({"script": REFUSES.format("NotReadableError")}, "If another program uses it, close that one"),
        ({"script": REFUSES.format("SecurityError")}, "The browser does not let this page use the camera."),
        ({"script": REFUSES.format("OddError")}, "The camera does not start (why)."),
        (
            {"script": "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"},
            "only to pages at https:// or at localhost",
        ),
    ],
)
def test_what_is_wrong_is_said_with_a_way_on(open_camera, settings, sentence):
    page = open_camera(**settings)
    button(page, "Try again").wait_for()
    assert sentence in page.get_by_role("alert").text_content()
    assert button(page, "Take photo").is_disabled()


def test_allowed_later_it_starts(open_camera, site):
    page = open_camera(allowed=False)
    button(page, "Try again").wait_for()
    page.context.grant_permissions(["camera"], origin=site)
    button(page, "Try again").click()
    wait_until_open(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [(900, 760), (375, 640)])
def test_nothing_is_cut_off(open_camera, tmp_path, scheme, viewport):
    page = open_camera(color_scheme=scheme, viewport=viewport)
    wait_until_open(page)
    for count in ("1 photo", "2 photos"):
        button(page, "Take photo").click()
        wait_for_status(page, f"{count} in photos")
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{os.environ['SCREENSHOTS']}/camera_{scheme}_{viewport[0]}.png")
    for name in ("Take photo", "Other camera", "Delete last", "Turn camera off"):
        box = button(page, name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport[0]
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


def _lab():
    if importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("needs JupyterLab: pip install tflhelpers[browser]")
    return LAB_WITH_ONE_SHELL, sys.executable


def _notebook6():
    if not os.environ.get("NOTEBOOK6_PYTHON"):
        pytest.skip("needs the variable NOTEBOOK6_PYTHON to name a Python with Notebook 6")
    return NOTEBOOK_6, os.environ["NOTEBOOK6_PYTHON"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("program", [_lab, _notebook6])
def test_in_a_notebook(browser, tmp_path, program):
    """The notebook goes on behind the camera, and what is taken while a cell runs is saved after it."""
    nbformat = pytest.importorskip("nbformat")
    program, python = program()
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    cells = [
        "from tflhelpers.data import collect\ncamera = collect.from_camera('photos')\ncamera",
        "import time\nfrom pathlib import Path\nPath('ran').touch()\ntime.sleep(3)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, work / "camera.ipynb")
    context = browser.new_context(permissions=["camera"])
    page = context.new_page()
    with served(program, python, work, home) as address:
        page.goto(address.format(notebook="camera.ipynb"))
        page.wait_for_function(program.ready, timeout=60_000)
        time.sleep(program.seconds_to_settle)
        page.evaluate(program.run_all)
        wait_until_open(page)
        _wait_for(lambda: (work / "ran").exists())
        page.get_by_role("button", name="Take photo").click()
        _wait_for(lambda: names(work / "photos") == ["photo_0001.jpg"])
        page.locator(".tfl-camera").focus()
        page.keyboard.press("Space")
        _wait_for(lambda: len(names(work / "photos")) == 2)
        wait_for_status(page, "2 photos in photos")
        if os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{os.environ['SCREENSHOTS']}/camera_{program.module}.png")
    context.close()


def _wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)
