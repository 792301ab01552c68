"""Drawing without any pointer, and what keys mean."""

import pytest


@pytest.fixture
def hand(open_hand):
    hand = open_hand()
    hand.tell("() => drawing.surface.element.focus()")
    return hand


BOX = {"xyxy": [200, 150, 500, 400], "label": 0, "crowd": False}


def test_a_box_is_made_moved_and_sized_by_keys_alone(hand):
    hand.key("w")
    # the middle of 972 x 672, a third as large: what is seen of the picture is all of it
    assert hand.boxes == [[324, 224, 648, 448]]
    hand.key("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown")
    assert hand.boxes == [[333, 233, 657, 457]]
    hand.key("Alt+ArrowRight", "Alt+ArrowUp", "Alt+Shift+ArrowLeft")
    assert hand.boxes == [[333, 233, 648, 456]]
    assert hand.tell("() => drawing.changes") == 8


def test_an_arrow_moves_by_one_pixel_of_the_screen(hand):
    hand.open(original=[3888, 2688])  # a quarter
    hand.key("w", "ArrowRight")
    assert hand.boxes == [[1300, 896, 2596, 1792]]
    hand.key("+", "+", "+", "+", "+", "+")  # 0.25 * 1.5^6 = 2.8: one pixel of the picture at least
    hand.key("ArrowDown")
    assert hand.boxes == [[1300, 897, 2596, 1793]]


def test_edges_by_keys_stop_at_one_pixel_and_at_the_border(hand):
    hand.open(boxes=[{**BOX, "xyxy": [200, 150, 205, 400]}])
    hand.key("]")
    for _ in range(3):
        hand.key("Alt+Shift+ArrowLeft")
    assert hand.boxes == [[200, 150, 201, 400]]
    for _ in range(40):
        hand.key("Alt+Shift+ArrowDown")
    assert hand.boxes == [[200, 150, 201, 672]]


def test_a_key_held_down_is_one_entry_of_the_history(hand):
    hand.open(boxes=[BOX])
    hand.key("]")
    for _ in range(6):
        hand.page.keyboard.down("ArrowRight")  # repeats after the first
    hand.page.keyboard.up("ArrowRight")
    hand.key("ArrowRight")
    assert hand.boxes == [[207, 150, 507, 400]]
    hand.key("Control+z")
    assert hand.boxes == [[206, 150, 506, 400]]
    hand.key("Control+z")
    assert hand.boxes == [[200, 150, 500, 400]]
    assert hand.tell("() => drawing.editor.canUndo") is False


def test_brackets_go_round_boxes_and_proposals(hand):
    hand.open(boxes=[BOX, {**BOX, "xyxy": [10, 10, 90, 90]}])
    hand.tell("() => drawing.editor.setProposals([{ xyxy: [600, 100, 700, 200], label: 1, score: 0.5 }])")
    ids = hand.tell("() => [...drawing.editor.boxes, ...drawing.editor.proposals].map(item => item.id)")
    seen = []
    for chord in ("]", "]", "]", "]", "[", "["):
        hand.key(chord)
        seen.append(ids.index(hand.tell("() => drawing.editor.selected")))
    assert seen == [0, 1, 2, 0, 2, 1]
    hand.key("Escape")
    assert hand.tell("() => drawing.editor.selected") is None


@pytest.mark.parametrize("chord", ["Delete", "Backspace"])
def test_delete_undo_redo(hand, chord):
    hand.open(boxes=[BOX, {**BOX, "xyxy": [10, 10, 90, 90]}])
    hand.key("]", chord)
    assert hand.boxes == [[10, 10, 90, 90]]
    hand.key("Control+z")
    assert hand.boxes == [[200, 150, 500, 400], [10, 10, 90, 90]]
    hand.key("Control+Shift+z")
    assert hand.boxes == [[10, 10, 90, 90]]
    hand.key("Meta+z")
    assert len(hand.boxes) == 2
    hand.key("Control+y")
    assert hand.boxes == [[10, 10, 90, 90]]


def test_digits_relabel_the_selected_box_and_the_class_sticks(hand):
    hand.open(boxes=[BOX])
    hand.key("]", "3")
    assert hand.labels == [2]
    hand.key("Escape", "2")
    assert hand.labels == [2]
    hand.drag((600, 100), (700, 200))
    hand.drag((600, 300), (700, 400))
    assert hand.labels == [2, 1, 1]
    hand.key("Control+z", "Control+z", "Control+z")
    assert hand.labels == [0]


@pytest.mark.parametrize(
    ("xyxy", "copy"),
    [
        ([200, 150, 500, 400], [219, 169, 519, 419]),  # 2 % of 972 is 19
        ([800, 150, 972, 400], [781, 169, 953, 419]),
        ([200, 500, 500, 672], [219, 481, 519, 653]),
        ([0, 0, 972, 672], [0, 0, 972, 672]),
    ],
)
def test_a_duplicate_lies_beside_and_is_selected(hand, xyxy, copy):
    hand.open(boxes=[{"xyxy": xyxy, "label": 2, "crowd": False}])
    hand.key("]", "Control+d")
    assert hand.boxes == [xyxy, copy]
    assert hand.labels == [2, 2]
    assert hand.selected == 1


def test_zoom_keys(hand):
    hand.key("+")
    assert hand.view["scale"] == 1.5
    hand.key("+", "-")
    assert hand.view["scale"] == pytest.approx(1.5)
    hand.key("0")
    assert hand.view == {"scale": 1, "left": 14, "top": 14}


def test_space_alone_marks_nothing_here(hand):
    nothing_here = "() => drawing.editor.nothingHere"
    hand.key(" ")
    assert hand.tell(nothing_here) is True
    hand.key(" ")
    assert hand.tell(nothing_here) is False
    hand.key("Control+z")
    assert hand.tell(nothing_here) is True
    hand.key("w")  # a box takes the mark away
    assert hand.tell(nothing_here) is False
    hand.key("Control+z")
    assert hand.tell(nothing_here) is True


def test_a_space_that_was_pressed_elsewhere_does_nothing(hand):
    hand.tell(
        """() => drawing.surface.element.dispatchEvent(
            new KeyboardEvent("keyup", { key: " ", bubbles: true, cancelable: true }))"""
    )
    assert hand.tell("() => drawing.editor.nothingHere") is False


def test_nothing_here_never_throws_boxes_away(hand):
    hand.open(boxes=[BOX])
    hand.key(" ")
    assert hand.boxes == [[200, 150, 500, 400]]
    assert hand.tell("() => drawing.editor.nothingHere") is False
    notices = hand.tell("() => drawing.notices")
    assert len(notices) == 1
    assert "Delete them first" in notices[0]


@pytest.mark.parametrize(
    ("event", "chord"),
    [
        ({"key": "d", "ctrlKey": True}, "Ctrl+d"),
        ({"key": "D", "metaKey": True, "shiftKey": True}, "Ctrl+Shift+d"),
        ({"key": "A"}, "a"),  # caps lock
        ({"key": "?", "shiftKey": True}, "?"),
        ({"key": "?"}, "?"),  # a keyboard with a key of its own
        ({"key": "[", "ctrlKey": True, "altKey": True, "modifierAltGraph": True}, "["),  # German
        ({"key": " "}, "Space"),
        ({"key": "ArrowLeft", "altKey": True, "shiftKey": True}, "Alt+Shift+ArrowLeft"),
        ({"key": "0", "ctrlKey": True}, "Ctrl+0"),  # the browser's own zoom
        ({"key": "é"}, "é"),
    ],
)
def test_a_key_is_read_alike_on_all_keyboards(hand, event, chord):
    read = """async ([event]) => {
        const { chordOf } = await import("/annotator/js/keyboard.js");
        return chordOf(new KeyboardEvent("keydown", event));
    }"""
    assert hand.tell(read, [event]) == chord


def test_a_keyboard_that_shifts_digits_reaches_the_classes_without(hand):
    hand.open(boxes=[BOX])
    hand.key("]")
    hand.tell(
        """() => drawing.surface.element.dispatchEvent(
            new KeyboardEvent("keydown", { key: "é", code: "Digit2", bubbles: true, cancelable: true }))"""
    )
    assert hand.labels == [1]


@pytest.mark.parametrize(
    ("tag", "key", "ours"),
    [
        ("input", "w", False),
        ("textarea", "Delete", False),
        ("button", " ", False),
        ("button", "Enter", False),
        ("button", "w", True),
    ],
)
def test_text_fields_and_buttons_keep_their_keys(hand, tag, key, ours):
    taken = hand.tell(
        """async ([tag, key]) => {
            const { handleKey } = await import("/annotator/js/keyboard.js");
            const inner = drawing.surface.element.appendChild(document.createElement(tag));
            let taken = null;
            const actions = { newBox() {}, remove() {}, nothingHere() {}, acceptProposal() {} };
            const listen = (event) => { taken = handleKey(event, actions); };
            inner.addEventListener("keydown", listen);
            inner.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true, composed: true }));
            return taken;
        }""",
        [tag, key],
    )
    assert taken is ours


def test_no_key_means_two_things(hand):
    chords = hand.tell(
        """async () => {
            const { KEY_TABLE } = await import("/annotator/js/keyboard.js");
            return KEY_TABLE.flatMap((entry) => entry.keys);
        }"""
    )
    assert len(chords) == len(set(chords))
    assert {"w", "[", "]", "Delete", "Ctrl+d", "Ctrl+z", "1", "9", "u", "c", "Shift+Enter", "x", "?"} <= set(
        chords
    )
