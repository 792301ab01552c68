"""Boxes that a model proposes: shown, accepted, corrected, dismissed; never among the boxes unless accepted."""

import pytest

DUCK = {"xyxy": [100.4, 100.6, 300.2, 250.8], "label": 0, "score": 0.55}
GOOSE = {"xyxy": [500, 300, 700, 500], "label": 1, "score": 0.91}
ROUNDED = [100, 101, 300, 251]


@pytest.fixture
def hand(open_hand):
    hand = open_hand()
    hand.tell("proposals => drawing.editor.setProposals(proposals)", [DUCK, GOOSE])
    hand.tell("() => drawing.surface.element.focus()")
    hand.frame()
    return hand


def open_ones(hand):
    return hand.tell("() => drawing.editor.proposals.map(proposal => proposal.label)")


def test_the_surest_comes_first_and_none_is_a_box(hand):
    assert open_ones(hand) == [1, 0]
    assert hand.boxes == []
    assert hand.tell("() => drawing.changes") == 0
    assert hand.tell("() => drawing.editor.canUndo") is False


def test_a_double_click_accepts(hand):
    hand.page.mouse.dblclick(*hand.on_page(200, 180))
    assert hand.boxes == [ROUNDED]
    assert open_ones(hand) == [1]
    assert hand.selected == 0


def test_one_click_only_selects(hand):
    hand.click(200, 180)
    hand.page.wait_for_timeout(450)
    hand.click(200, 180)  # too late for a double click
    assert hand.boxes == []
    assert hand.tell("() => drawing.editor.selectedProposal.label") == 0


def test_enter_accepts_the_selected_one_then_the_surest(hand):
    hand.click(200, 180)
    hand.key("Enter")
    assert hand.labels == [0]
    hand.key("Enter")
    assert hand.labels == [0, 1]
    hand.key("Enter")
    assert hand.labels == [0, 1]


def test_shift_enter_accepts_all_as_one_entry(hand):
    hand.key("Shift+Enter")
    assert hand.boxes == [[500, 300, 700, 500], ROUNDED]
    assert open_ones(hand) == []
    hand.key("Control+z")
    assert hand.boxes == []
    assert open_ones(hand) == [1, 0]


@pytest.mark.parametrize("chord", ["x", "Delete"])
def test_dismissed_ones_come_back_with_undo(hand, chord):
    hand.click(200, 180)
    hand.key(chord)
    assert open_ones(hand) == [1]
    assert hand.boxes == []
    hand.key("Control+z")
    assert open_ones(hand) == [1, 0]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((300, 175), (340, 175), [100, 101, 340, 251]),  # by the handle
        ((150, 150), (160, 170), [110, 121, 310, 271]),  # by its inside
    ],
)
def test_correcting_one_accepts_it_in_one_entry(hand, start, end, expected):
    hand.click(200, 180)
    hand.drag(start, end)
    assert hand.boxes == [expected]
    assert open_ones(hand) == [1]
    hand.key("Control+z")
    assert hand.boxes == []
    assert open_ones(hand) == [1, 0]


def test_another_class_for_one_accepts_it(hand):
    hand.click(200, 180)
    hand.key("3")
    assert hand.boxes == [ROUNDED]
    assert hand.labels == [2]


def test_a_box_under_a_selected_proposal_is_reached_by_its_own_click(hand):
    hand.drag((510, 310), (540, 340))
    hand.key("Escape")
    hand.click(600, 400)
    assert hand.tell("() => drawing.editor.selectedProposal.label") == 1
    hand.click(520, 320)
    assert hand.selected == 0


def test_new_proposals_replace_open_ones_only(hand):
    hand.key("Enter")
    hand.tell("() => drawing.editor.setProposals([{ xyxy: [-5, 10, 50, 60], label: 2, score: 0.3 }])")
    assert hand.boxes == [[500, 300, 700, 500]]
    assert hand.tell("() => drawing.editor.proposals.map(p => p.xyxy)") == [[0, 10, 50, 60]]


def test_proposals_outside_the_picture_are_not_shown(hand):
    hand.tell("() => drawing.editor.setProposals([{ xyxy: [990, 10, 1050, 60], label: 2, score: 0.3 }])")
    assert open_ones(hand) == []
