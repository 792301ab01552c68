"""The small pure parts of the annotator's shell, as tables: words, states, comparing and merging."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def call(browser, site):
    """Call an exported function: ``call("content.js", "sameContent", one, other)``."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site}/pages/shell.html")

    def one(module, name, *arguments):
        script = "async ([module, name, args]) => (await import(`/annotator/js/${module}`))[name](...args)"
        return page.evaluate(script, [module, name, list(arguments)])

    yield one
    context.close()


def box(x, name="duck", crowd=False):
    return {"xyxy": [x, 2, x + 30, 40], "class": name, "crowd": crowd}


def content(*boxes, nothing_here=False):
    return {"boxes": list(boxes), "nothing_here": nothing_here}


CALM = {
    "live": True,
    "pending": 0,
    "waited": 0,
    "waitedForPicture": 0,
    "refusal": None,
    "trouble": None,
    "begun": True,
    "keptWhere": "a.json",
}


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        ({}, "saved", "Saved in a.json"),
        ({"begun": False}, "saved", "Ready: every change is saved in a.json"),
        ({"pending": 1}, "saving", "Saving …"),
        ({"pending": 1, "waited": 1999}, "saving", "Saving …"),
        ({"pending": 1, "waited": 2000}, "busy", "kept in this browser and saved when it is free"),
        (
            {"pending": 1, "waited": 2000, "trouble": "it is full"},
            "busy",
            "only in this page, for it is full: do not",
        ),
        ({"waitedForPicture": 2000}, "busy", "Pictures come when it is free"),
        ({"live": False}, "gone", "All changes are saved. Run all cells again to go on."),
        ({"live": False, "pending": 2}, "gone", "kept in this browser: run all cells again to save them."),
        (
            {"live": False, "pending": 2, "trouble": "it is full"},
            "gone",
            "only in this page, for it is full: do not",
        ),
        ({"refusal": "Disk full.", "pending": 1, "waited": 9000}, "error", "Not saved: Disk full."),
        ({"refusal": "Disk full.", "pending": 0}, "saved", "Saved in a.json"),
    ],
)
def test_what_is_said_of_the_kernel(call, facts, state, words):
    status = call("kernel_status.js", "kernelStatus", {**CALM, **facts})
    assert status["state"] == state
    assert words in status["text"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (content(), content(), True),
        (content(), content(nothing_here=True), False),
        (content(box(1), box(5)), content(box(5), box(1)), True),
        (content(box(1)), content(box(1, "cow")), False),
        (content(box(1)), content(box(1, crowd=True)), False),
        (content(box(1), box(1)), content(box(1), box(5)), False),
        (content(box(1)), content(box(1.5)), False),
    ],
)
def test_same_content(call, one, other, same):
    assert call("content.js", "sameContent", one, other) is same
    assert call("content.js", "sameContent", other, one) is same


@pytest.mark.parametrize(
    ("mine", "sent", "merged", "expected"),
    [
        (content(), content(), content(), content()),
        (content(box(1), box(5)), content(box(1)), content(box(1), box(9)), content(box(1), box(5), box(9))),
        (content(), content(box(1)), content(box(1), box(9)), content(box(9))),  # mine was deleted since
        (content(nothing_here=True), content(), content(box(9)), content(box(9))),
        (content(box(9)), content(), content(box(9)), content(box(9))),
    ],
)
def test_what_others_drew_is_added_to_what_is_here_now(call, mine, sent, merged, expected):
    assert call("content.js", "addWhatOthersDrew", mine, sent, merged) == expected


@pytest.mark.parametrize(
    ("copied", "expected"),
    [
        ([[10, 10, 20, 20]], [[10, 10, 20, 20]]),
        ([[30, 10, 90, 20]], [[30, 10, 53, 20]]),  # cut to a picture of 53 x 37
        ([[60, 10, 90, 20]], []),  # wholly outside
        ([[1, 2, 3, 4]], []),  # there already
    ],
)
def test_boxes_are_copied_into_the_picture_and_once(call, copied, expected):
    there = [{"xyxy": [1, 2, 3, 4], "label": 0, "crowd": False}]
    boxes = [{"xyxy": xyxy, "label": 0, "crowd": False} for xyxy in copied]
    added = call("content.js", "boxesToAdd", there, boxes, 53, 37)
    assert [each["xyxy"] for each in added] == expected


@pytest.mark.parametrize(
    ("states", "position", "following", "words"),
    [
        ("", 0, -1, "0 of 0 done"),
        ("t", 0, -1, "0 of 1 done"),
        ("tbnx", 0, -1, "2 of 3 done, 1 broken"),
        ("tbtb", 0, 2, "2 of 4 done"),
        ("tbtb", 2, 0, "2 of 4 done"),  # from the beginning again
        ("bbxn", 3, -1, "3 of 3 done, 1 broken"),
    ],
)
def test_going_on_and_progress(call, states, position, following, words):
    assert call("thumbnails.js", "nextTodo", states, position) == following
    assert call("thumbnails.js", "progressText", states) == words
