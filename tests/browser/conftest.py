"""A headless Chromium that the machine has, and a small server for the annotator's files and our test pages.

    python -m pytest -m browser tests/browser

Playwright drives Debian's chromium, or the one that the environment variable CHROMIUM names; nothing is
downloaded. All tests below this folder carry the mark ``browser`` and are skipped, saying why, where there is none.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# What the server shows under which address.
SHOWN = {
    "/annotator/": ROOT / "tflhelpers" / "annotator",
    "/pages/": HERE / "pages",
    "/photos/": ROOT / "tflhelpers" / "data" / "samples" / "photos",
}
DESKTOP = {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def start_chromium():
    """Start a Chromium, which the caller closes: ``start_chromium("--a-flag", ...)``."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install tflhelpers[browser]"
    )
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not executable:
        pytest.skip("needs Chromium: apt-get install chromium, or name one in the variable CHROMIUM")
    # Without --no-sandbox Chromium does not start for the superuser, as whom containers run.
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    # One Playwright for all: a second beside it refuses to start.
    with sync_api.sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(executable_path=executable, args=[*arguments, *flags])


@pytest.fixture(scope="session")
def browser(start_chromium):
    """The one browser of all tests that need no flags of their own."""
    launched = start_chromium()
    yield launched
    launched.close()


@pytest.fixture
def open_page(browser):
    """Open a page in a context of its own: ``open_page(viewport=..., has_touch=True, color_scheme="dark", ...)``.

    Uncaught errors of any of its pages fail the test at its end; with ``errors_of="blob:"`` only those that have
    this text in their stack, for pages in which programs of others run too.
    """
    contexts, errors = [], []

    def open_one(*, errors_of="", **settings):
        context = browser.new_context(**{"viewport": DESKTOP, **settings})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(error) if errors_of in f"{error.stack}" else None)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [f"{error}\n{error.stack}" for error in errors] == [], "errors that the page did not catch"


@pytest.fixture
def page(open_page):
    """An empty page of 1280 x 800 with a mouse."""
    return open_page()


class _OurFiles(http.server.SimpleHTTPRequestHandler):
    """Serves the folders of SHOWN, never from a cache."""

    extensions_map = {  # noqa: RUF012 - so it is declared above us
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def translate_path(self, path):
        for prefix, folder in SHOWN.items():
            if path.startswith(prefix):
                self.directory = str(folder)
                return super().translate_path(path.removeprefix(prefix.rstrip("/")))
        return str(HERE / "no such file")

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site():
    """The address of the server: ``f"{site}/pages/drawing.html"``, ``/annotator/js/app.js``, ``/photos/pool.jpg``."""
    handler = functools.partial(_OurFiles, directory=str(HERE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
