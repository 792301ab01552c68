"""Fingers and pen: drawing, large handles, pinching, and the glass that shows what the fingertip covers."""

import pytest


@pytest.fixture
def hand(open_hand):
    return open_hand(has_touch=True)


def box(xyxy, label=0):
    return {"xyxy": xyxy, "label": label, "crowd": False}


def test_a_finger_draws_to_the_pixel_and_does_not_scroll_the_page(hand):
    hand.touch_drag((101, 303), (303, 107))
    assert hand.boxes == [[101, 107, 303, 303]]
    assert hand.tell("() => scrollY") == 0


def test_a_tap_draws_nothing_and_selects(hand):
    hand.open(boxes=[box([200, 150, 500, 400])])
    x, y = hand.on_page(350, 260)
    hand.fingers("Start", (x, y))
    hand.fingers("Move", (x + 5, y + 4))  # a finger trembles
    hand.fingers("End")
    assert hand.boxes == [[200, 150, 500, 400]]
    assert hand.selected == 0


def test_a_finger_holds_a_handle_from_20_pixels_away(hand):
    hand.open(boxes=[box([200, 150, 500, 400])])
    hand.click(350, 260)
    hand.touch_drag((518, 419), (568, 399))
    assert hand.boxes == [[200, 150, 550, 380]]


def test_a_finger_moves_the_selected_box(hand):
    hand.open(boxes=[box([200, 150, 500, 400])])
    hand.click(350, 260)
    hand.touch_drag((350, 275), (380, 225))
    assert hand.boxes == [[230, 100, 530, 350]]


def test_two_fingers_zoom_and_pan_and_what_the_first_began_is_given_up(hand):
    hand.fingers("Start", (400, 300))
    hand.fingers("Move", (430, 330))
    hand.fingers("Start", (430, 330), (530, 330))
    for step in range(1, 11):
        hand.fingers("Move", (430 - 10 * step, 330), (530 + 10 * step, 330))
    hand.frame()
    # the fingers were 100 apart and are 300 apart; the point between them stayed
    assert hand.view["scale"] == pytest.approx(3)
    assert hand.on_page(480 - 34, 330 - 34) == pytest.approx((480, 330))
    hand.fingers("Move", (330 + 25, 330 + 40), (630 + 25, 330 + 40))
    hand.frame()
    assert hand.on_page(480 - 34, 330 - 34) == pytest.approx((505, 370))
    hand.fingers("End")
    assert hand.boxes == []
    hand.touch_drag((400, 280), (460, 330))
    assert hand.boxes == [[400, 280, 460, 330]]


def test_the_finger_left_over_after_a_pinch_draws_nothing(hand):
    hand.fingers("Start", (400, 300), (500, 300))
    hand.fingers("Move", (380, 300), (520, 300))
    hand.devtools.send(
        "Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [{"x": 380, "y": 300, "id": 0}]}
    )
    hand.fingers("Move", (200, 200))
    hand.fingers("Move", (300, 250))
    hand.fingers("End")
    assert hand.boxes == []


def test_the_glass_shows_beside_the_finger_what_it_covers(hand):
    place = (
        "() => { const glass = document.querySelector('.tfl-magnifier').getBoundingClientRect();"
        " return [glass.left, glass.top, glass.width, glass.height]; }"
    )
    hidden = "() => document.querySelector('.tfl-magnifier').hidden"
    assert hand.tell(hidden) is True
    hand.touch_drag((300, 300), (600, 500), lift=False)
    hand.frame()
    left, top, width, height = hand.tell(place)
    assert (width, height) == (132, 132)
    assert top + height < 534 - 15, "above the fingertip"
    assert abs(left + width / 2 - 634) < 1
    hand.fingers("Move", (634, 60))  # no room above: beside it
    hand.frame()
    left, top, _, _ = hand.tell(place)
    assert left + width < 634 - 15 or left > 634 + 15
    assert top >= 20
    hand.fingers("End")
    hand.frame()
    assert hand.tell(hidden) is True


def test_the_glass_shows_the_very_point_three_times_as_large(hand):
    # a white dot of 2 x 2 pixels on black, in the picture at (700, 400)
    url = hand.tell(
        """() => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 972, height: 672 });
            const context = canvas.getContext("2d");
            context.fillRect(0, 0, 972, 672);
            context.fillStyle = "#fff";
            context.fillRect(700, 400, 12, 12);
            return canvas.toDataURL("image/png");
        }"""
    )
    hand.open(url=url)
    hand.touch_drag((300, 200), (696, 396), lift=False)
    hand.frame()
    bright = hand.tell(
        """() => {
            const glass = document.querySelector(".tfl-magnifier");
            const at = (x, y) => glass.getContext("2d").getImageData(x, y, 1, 1).data[0];
            // the point (696, 396) is in the middle, (66, 66); the white square begins 4 * 3 right of it and below
            return [at(76, 76), at(80, 80), at(110, 110), at(66 + 16 * 3 + 3, 80)];
        }"""
    )
    hand.fingers("End")
    assert [value > 128 for value in bright] == [False, True, True, False]


def test_a_cancelled_touch_draws_nothing(hand):
    hand.touch_drag((300, 300), (600, 500), lift=False)
    hand.devtools.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    assert hand.boxes == []
    assert hand.tell("() => drawing.surface.draft") is None


def test_a_double_tap_accepts_a_proposal(hand):
    hand.tell("() => drawing.editor.setProposals([{ xyxy: [200, 150, 500, 400], label: 1, score: 0.9 }])")
    for _ in range(2):
        hand.fingers("Start", hand.on_page(350, 260))
        hand.fingers("End")
    assert hand.boxes == [[200, 150, 500, 400]]
    assert hand.labels == [1]


def test_a_pen_draws(hand):
    (x1, y1), (x2, y2) = hand.on_page(100, 100), hand.on_page(240, 180)
    for kind, x, y in (("mousePressed", x1, y1), ("mouseMoved", x2, y2), ("mouseReleased", x2, y2)):
        hand.devtools.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": x,
                "y": y,
                "button": "left",
                "buttons": 1,
                "clickCount": 1,
                "pointerType": "pen",
            },
        )
    assert hand.boxes == [[100, 100, 240, 180]]
