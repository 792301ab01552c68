"""The page holds what it was given, whole and escaped, and asks nobody for anything."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import tflhelpers as tfl
from tflhelpers.sharing.results_page import write_results_page
from tflhelpers.training.history import History


class Page(HTMLParser):
    """The texts, tables and pictures of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells, self.headings, self.images, self.where, self.links = [], [], [], None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.where = tag
        if tag == "img":
            self.images.append(attributes)
        self.links += [attributes[name] for name in ("src", "href") if name in attributes]

    def handle_data(self, data):
        if self.where in ("td", "th"):
            self.cells.append(data)
        if self.where in ("h1", "h2", "li", "pre"):
            self.headings.append(data.strip())

    def handle_endtag(self, tag):
        self.where = None


@pytest.fixture
def judged(tmp_path):
    """Two classes on three pictures: one found, one missed, one negative."""
    for name in "abc":
        Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(tmp_path / f"{name}.png")
    truth = tfl.Annotations(
        ["duck", "<b>ball & co"],
        [
            (tmp_path / "a.png", tfl.Boxes([[5, 5, 25, 25]], [0])),
            (tmp_path / "b.png", tfl.Boxes([[30, 10, 55, 35]], [1])),
            (tmp_path / "c.png", tfl.Boxes.empty()),
        ],
    )
    found = [tfl.Boxes([[5, 5, 25, 25]], [0], [0.9]), *[tfl.Boxes.empty(with_scores=True)] * 2]
    return tfl.evaluate(found, truth), tfl.find_mistakes(found, truth, threshold=0.5)


def test_everything_given_is_on_the_page(tmp_path, judged):
    scores, mistakes = judged
    gif = tmp_path / "duck.gif"
    tfl.write_gif([np.full((20, 30, 3), v, np.uint8) for v in (0, 200)], gif)
    history = History([2.0, 1.0], [1.0, 0.5], [1.0, 0.5], [3, 3], 1.0, ("heads",), notes=("Kept in memory.",))
    path = write_results_page(
        tmp_path / "made" / "page.html",
        title="Ducks & <balls>",
        gif=gif,
        scores=scores,
        mistakes=mistakes,
        history=history,
        settings={"threshold": 0.5, "steps": 200},
        command="python train.py --name '<x>'",
        notes=["Photograph balls."],
    )
    page = Page(path.read_text("utf-8"))
    assert page.headings == [
        "Ducks & <balls>",
        "How good it is",
        "Good pictures",
        "Missed pictures",
        "How it learned",
        "Notes",
        "Photograph balls.",
        "Kept in memory.",
        "Settings",
        "To repeat it",
        "python train.py --name '<x>'",
    ]
    assert page.cells == [
        *("class", "AP", "AP50", "AP75", "objects"),
        *("all", "0.50", "0.50", "0.50", "2"),
        *("duck", "1.00", "1.00", "1.00", "1"),
        *("<b>ball & co", "0.00", "0.00", "0.00", "1"),
        *("threshold", "0.5", "steps", "200"),
    ]
    assert base64.b64decode(page.images[0]["src"].partition(",")[2]) == gif.read_bytes()
    assert len(page.images) == 5
    assert all(image["alt"] for image in page.images)
    assert all(link.startswith("data:image/") for link in page.links)


def test_what_is_not_given_is_not_on_the_page(tmp_path):
    page = Page(write_results_page(tmp_path / "page.html", title="Ducks").read_text("utf-8"))
    assert page.headings == ["Ducks"]
    assert page.images == page.cells == []


def test_a_title_that_looks_like_a_place_is_taken_as_it_is(tmp_path):
    text = write_results_page(tmp_path / "page.html", title="{{sections}}").read_text("utf-8")
    assert re.findall(r"<h1>(.*)</h1>", text) == ["{{sections}}"]


def test_a_video_is_no_picture(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=r"gif must be one of \.gif, .*got clip\.mp4"):
        write_results_page(tmp_path / "page.html", title="Ducks", gif=tmp_path / "clip.mp4")
    assert not (tmp_path / "page.html").exists()
