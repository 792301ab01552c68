"""A demo page of the embedded detector, exported once, on a server like `python -m http.server`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.browser.web_demo.demo_driver import keep_at_home, served


@pytest.fixture(scope="session")
def runtime():
    """The folder of LiteRT.js; skips where it cannot be fetched."""
    from tflhelpers.files.download import FetchError
    from tflhelpers.sharing.runtime_download import fetch_runtime

    try:
        return fetch_runtime(progress=False)
    except FetchError as error:
        pytest.skip(f"needs LiteRT.js: {error}")


@pytest.fixture(scope="session")
def detector():
    """The embedded detector, with a threshold at which it finds a lot in pictures that it was not made for."""
    pytest.importorskip("tensorflow", reason="needs tensorflow, which writes the model")
    from tflhelpers.model.detector import Detector

    detector = Detector.embedded()
    detector.threshold = 0.2
    return detector


@pytest.fixture(scope="session")
def exported(detector, runtime, tmp_path_factory):
    """The folder that export_web_demo writes; tests that change it copy it."""
    from tflhelpers.sharing.web_demo import export_web_demo

    folder = tmp_path_factory.mktemp("web_demo") / "demo"
    return Path(export_web_demo(detector, folder, title="Toys & <b>things</b>", runtime=runtime))


@pytest.fixture(scope="session")
def demo(exported):
    """The page's address."""
    with served(exported) as address:
        yield address


@pytest.fixture
def demo_copy(exported, tmp_path):
    """A folder of one's own."""
    return Path(shutil.copytree(exported, tmp_path / "demo"))


@pytest.fixture
def open_demo(open_page, demo):
    """Open the page in a browser that reaches no other host: ``open_demo(address, ready=True, **settings)``.

    What it asked of other hosts stands in ``page.asked_elsewhere``.
    """

    def open_one(address=None, *, ready=True, prepare=None, **settings):
        page = open_page(**settings)
        keep_at_home(page, address or demo)
        if prepare:
            prepare(page)
        page.goto(f"{address or demo}/")
        if ready:
            page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
        return page

    return open_one
