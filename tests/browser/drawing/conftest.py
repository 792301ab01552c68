"""The drawing surface alone on a page, without shell or kernel, and a hand that draws on it.

The surface lies at (20, 20) and is 1000 x 700 large; a picture is fitted with a margin of 14. So a picture of
972 x 672 is shown at scale 1 and begins at (34, 34): what the tests expect can be reckoned by hand.
"""

from __future__ import annotations

import pytest

CORNER = 34
WIDTH, HEIGHT = 972, 672


class Hand:
    """Moves mouse and fingers by points of the shown picture, and asks the page what came of it."""

    def __init__(self, page):
        self.page = page
        self._devtools = None

    @property
    def devtools(self):
        self._devtools = self._devtools or self.page.context.new_cdp_session(self.page)
        return self._devtools

    def tell(self, expression, argument=None):
        return self.page.evaluate(expression, argument)

    def open(self, **picture):
        self.tell(
            "picture => drawing.open(picture)",
            {"width": WIDTH, "height": HEIGHT, **picture},
        )
        self.frame()

    def frame(self):
        """Wait until what was asked for is painted."""
        self.tell("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    @property
    def boxes(self):
        return self.tell("() => drawing.editor.boxes.map(box => box.xyxy)")

    @property
    def labels(self):
        return self.tell("() => drawing.editor.boxes.map(box => box.label)")

    @property
    def selected(self):
        """The place of the selected box among the boxes, or -1."""
        return self.tell("() => drawing.editor.boxes.findIndex(box => box.id === drawing.editor.selected)")

    @property
    def view(self):
        return self.tell(
            "() => { const { scale, left, top } = drawing.surface.view; return { scale, left, top }; }"
        )

    def on_page(self, x, y):
        """Where a point of the picture lies on the page now."""
        view = self.view
        return x * view["scale"] + view["left"] + 20, y * view["scale"] + view["top"] + 20

    def drag(self, start, end, *, steps=5, button="left"):
        """Drag the mouse from one point of the picture to another, both in its pixels."""
        self.drag_on_page(self.on_page(*start), self.on_page(*end), steps=steps, button=button)

    def drag_on_page(self, start, end, *, steps=5, button="left"):
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down(button=button)
        mouse.move(*end, steps=steps)
        mouse.up(button=button)

    def click(self, x, y):
        self.page.mouse.click(*self.on_page(x, y))

    def key(self, *chords):
        for chord in chords:
            self.page.keyboard.press(chord)

    def fingers(self, kind, *points):
        """Send one touch event: kind is Start, Move or End; points as (x, y) on the page."""
        touches = [{"x": x, "y": y, "id": place} for place, (x, y) in enumerate(points)]
        self.devtools.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": touches})

    def touch_drag(self, start, end, *, steps=5, lift=True):
        """Drag one finger from one point of the picture to another."""
        (x1, y1), (x2, y2) = self.on_page(*start), self.on_page(*end)
        self.fingers("Start", (x1, y1))
        for step in range(1, steps + 1):
            self.fingers("Move", (x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps))
        if lift:
            self.fingers("End")


@pytest.fixture
def open_hand(open_page, site):
    """Open the page with settings of the browser's context, such as ``has_touch=True``."""

    def open_one(address="", **settings):
        page = open_page(**settings)
        page.goto(f"{site}/pages/drawing.html{address}")
        page.wait_for_function("window.drawing")
        hand = Hand(page)
        hand.open()
        return hand

    return open_one


@pytest.fixture
def hand(open_hand):
    """A mouse on a picture of 972 x 672 at scale 1."""
    return open_hand()
