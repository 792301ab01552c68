"""What a detector proposes is dashed, and counts only when it is accepted."""

from __future__ import annotations

import pytest

from tests.browser.shell_driver import Shell, content

DUCK = {"xyxy": [100, 60, 300, 260], "class": "duck", "crowd": False}


@pytest.fixture
def shell(page, site):
    return Shell(page, site)


PROPOSED = [
    {"xyxy": [100, 100, 300, 300], "class": "duck", "score": 0.9},
    {"xyxy": [400, 200, 600, 500], "class": "cow", "score": 0.6},
]


def with_proposals(shell, **options):
    shell.start(kernel={"proposals": {"0": PROPOSED, "1": PROPOSED}}, **options)
    return shell


def test_proposals_count_only_when_accepted(shell):
    with_proposals(shell)
    shell.button("Accept proposal").wait_for()
    shell.page.wait_for_timeout(400)
    assert shell.disk("duck1.jpg") is None
    assert shell.thumbnail_names()[0].endswith(": todo")
    shell.focus_surface()
    shell.press("Enter")
    shell.wait_for_disk("duck1.jpg", ["duck"])
    shell.button("Dismiss proposal").click()
    shell.button("Dismiss proposal").wait_for(state="hidden")
    assert shell.classes_on_disk("duck1.jpg") == ["duck"]


def test_all_proposals_are_accepted_at_once(shell):
    with_proposals(shell)
    shell.button("Accept all proposals").click()
    shell.wait_for_disk("duck1.jpg", ["cow", "duck"])
    shell.button("Accept all proposals").wait_for(state="hidden")
    shell.button("Undo").click()
    shell.wait_for_disk("duck1.jpg", [])


def test_nothing_is_proposed_on_labelled_pictures(shell):
    with_proposals(shell, contents={"duck1.jpg": content(DUCK), "duck2.jpg": content(nothing_here=True)})
    shell.go_to(2)
    shell.page.wait_for_timeout(200)
    assert shell.page.evaluate("kernel.received.some((each) => each.kind === 'propose')") is False
    assert not shell.button("Accept proposal").is_visible()


def test_a_detector_set_later_proposes_on_the_picture_shown(shell):
    shell.start()
    shell.page.evaluate(
        "(boxes) => kernel.models[0].tell({ kind: 'proposals', index: 0, boxes })",
        [*PROPOSED, {"xyxy": [1, 1, 9, 9], "class": "unknown", "score": 0.5}],
    )
    shell.page.get_by_text("Accept all 2 proposals").wait_for()
    shell.page.evaluate("(boxes) => kernel.models[0].tell({ kind: 'proposals', index: 3, boxes })", [])
    assert shell.page.get_by_text("Accept all 2 proposals").is_visible()


def test_proposals_that_come_late_leave_what_was_drawn_alone(shell):
    shell.start()
    shell.draw()
    shell.page.evaluate("(boxes) => kernel.models[0].tell({ kind: 'proposals', index: 0, boxes })", PROPOSED)
    shell.page.wait_for_timeout(100)
    assert not shell.button("Accept proposal").is_visible()
    assert len(shell.boxes()) == 1
