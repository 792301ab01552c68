"""Photos to draw on, and a page that talks to the widget: no browser, no kernel."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path):
    """A folder with duck1.jpg, duck2.jpg and duck10.jpg, 400 wide and 300 high."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, gray in ((1, 60), (2, 120), (10, 180)):
        Image.fromarray(np.full((300, 400, 3), gray, np.uint8)).save(folder / f"duck{number}.jpg")
    return folder


class Page:
    """What the JavaScript does, in Python: sends messages and keeps what comes back."""

    def __init__(self, annotator):
        self.annotator = annotator
        self.heard = []
        self._tickets = 0
        annotator.send = lambda content, buffers=None: self.heard.append(content)

    def ask(self, kind, **fields):
        """Send a message and return the answer with its ticket, waiting for the threads."""
        self._tickets += 1
        self.tell(kind=kind, ticket=self._tickets, **fields)
        self.wait()
        (answer,) = [message for message in self.heard if message.get("ticket") == self._tickets]
        return answer

    def tell(self, **message):
        self.annotator._handle_custom_msg(message, [])

    def wait(self):
        self.annotator._background.wait()
        self.annotator._proposals.wait()

    def change(self, name, content, *bases):
        return self.ask("change", name=name, content=content, bases=list(bases))


@pytest.fixture
def open_page():
    return Page
