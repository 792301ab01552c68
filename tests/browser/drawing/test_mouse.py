"""Drawing, selecting, moving, resizing, zooming and panning with the mouse: numbers in picture pixels."""

import pytest

WIDTH, HEIGHT = 972, 672
BOX = [200, 150, 500, 400]


def box(xyxy, label=0):
    return {"xyxy": xyxy, "label": label, "crowd": False}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((101, 53), (303, 207), [101, 53, 303, 207]),
        ((303, 207), (101, 53), [101, 53, 303, 207]),
        ((101, 207), (303, 53), [101, 53, 303, 207]),
        ((303, 53), (101, 207), [101, 53, 303, 207]),
        ((500, 300), (506, 301), [500, 300, 506, 301]),  # thin, but dragged
        ((900, 600), (1010, 720), [900, 600, 972, 672]),  # over the right and lower border
        ((-12, -10), (40, 30), [0, 0, 40, 30]),  # from outside
        ((-10, 100), (985, 110), [0, 100, 972, 110]),
    ],
)
def test_a_box_is_drawn_to_the_pixel_and_cut_to_the_picture(hand, start, end, expected):
    hand.drag(start, end)
    assert hand.boxes == [expected]
    assert hand.selected == 0


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((300, 300), (300, 300)),
        ((300, 300), (302, 303)),  # 3.6 CSS pixels: a click
        ((300, 300), (360, 300)),  # no height
        ((-12, 100), (-3, 300)),  # beside the picture
    ],
)
def test_a_click_and_a_box_without_area_draw_nothing(hand, start, end):
    hand.drag(start, end)
    assert hand.boxes == []
    assert hand.tell("() => drawing.editor.canUndo") is False


def test_a_drag_that_comes_back_draws_nothing(hand):
    mouse = hand.page.mouse
    mouse.move(300, 300)
    mouse.down()
    mouse.move(400, 380, steps=4)
    mouse.move(302, 301, steps=4)
    mouse.up()
    assert hand.boxes == []


def test_numbers_are_those_of_the_original_picture(hand):
    hand.open(width=486, height=336, original=[3888, 2688])  # shown at a quarter: 1 CSS pixel is 4
    hand.drag_on_page((34 + 100, 34 + 50), (34 + 301, 34 + 203))
    assert hand.boxes == [[400, 200, 1204, 812]]


@pytest.mark.parametrize(
    ("handle", "point", "expected"),
    [
        ("nw", (200, 150), [217, 127, 500, 400]),
        ("n", (350, 150), [200, 127, 500, 400]),
        ("ne", (500, 150), [200, 127, 517, 400]),
        ("e", (500, 275), [200, 150, 517, 400]),
        ("se", (500, 400), [200, 150, 517, 377]),
        ("s", (350, 400), [200, 150, 500, 377]),
        ("sw", (200, 400), [217, 150, 500, 377]),
        ("w", (200, 275), [217, 150, 500, 400]),
    ],
)
def test_each_handle_moves_its_own_edges(hand, handle, point, expected):
    hand.open(boxes=[box(BOX)])
    hand.click(350, 260)
    x, y = point
    # held a little beside its middle: the edge moves as far as the hand does, and does not jump to it
    hand.drag((x + 2, y - 3), (x + 2 + 17, y - 3 - 23))
    assert hand.boxes == [expected], handle
    hand.key("Control+z")
    assert hand.boxes == [BOX], "one drag is one entry"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((200, 275), (560, 275), [500, 150, 560, 400]),  # the left edge past the right one
        ((500, 400), (100, 90), [100, 90, 200, 150]),  # a corner past the opposite corner
        ((500, 275), (1200, 275), [200, 150, 972, 400]),  # out of the picture
        ((350, 150), (350, -90), [200, 0, 500, 400]),
        ((500, 275), (200, 275), [200, 150, 201, 400]),  # one pixel stays
    ],
)
def test_handles_turn_over_and_stop_at_the_border(hand, start, end, expected):
    hand.open(boxes=[box(BOX)])
    hand.click(350, 260)
    hand.drag(start, end)
    assert hand.boxes == [expected]


def test_only_the_edge_that_is_dragged_is_rounded(hand):
    hand.open(boxes=[box([200.25, 150.5, 500.75, 400.125])])
    hand.click(350, 260)
    hand.drag((501, 275), (521, 275))
    assert hand.boxes == [[200.25, 150.5, 521, 400.125]]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ((31, -47), [231, 103, 531, 353]),
        ((-400, 0), [0, 150, 300, 400]),
        ((600, 500), [672, 422, 972, 672]),  # whole, at the corner
    ],
)
def test_the_selected_box_moves_and_stays_whole(hand, by, expected):
    hand.open(boxes=[box(BOX)])
    hand.click(350, 260)
    hand.drag((300, 300), (300 + by[0], 300 + by[1]), steps=20)
    assert hand.boxes == [expected]
    assert hand.tell("() => drawing.changes") == 1


def test_a_drag_from_a_box_that_is_not_selected_draws_inside_it(hand):
    hand.open(boxes=[box(BOX)])
    hand.drag((250, 200), (300, 260))
    assert hand.boxes == [BOX, [250, 200, 300, 260]]


def test_shift_draws_inside_the_selected_box_also_on_a_handle(hand):
    hand.open(boxes=[box(BOX)])
    hand.click(350, 260)
    hand.page.keyboard.down("Shift")
    hand.drag((200, 150), (300, 260))
    hand.page.keyboard.up("Shift")
    assert hand.boxes == [BOX, [200, 150, 300, 260]]


def test_a_click_selects_the_smallest_and_the_next_click_the_one_below(hand):
    hand.open(boxes=[box([10, 10, 900, 600]), box([300, 200, 400, 300]), box([200, 100, 600, 500])])
    seen = []
    for _ in range(4):
        hand.click(350, 270)
        seen.append(hand.selected)
    assert seen == [1, 2, 0, 1]
    hand.click(950, 650)
    assert hand.selected == -1
    assert hand.tell("() => drawing.changes") == 0


def test_the_label_selects_a_box_and_moves_the_selected_one(hand):
    hand.open(boxes=[box(BOX), box([600, 100, 700, 200], label=1)])
    hand.click(610, 90)  # on the plate "goose", above its box
    assert hand.selected == 1
    hand.drag((610, 90), (640, 130))
    assert hand.boxes == [BOX, [630, 140, 730, 240]]


def test_a_small_box_can_still_be_moved_by_its_middle(hand):
    hand.open(boxes=[box([300, 300, 316, 312])])
    hand.click(308, 306)
    hand.drag((308, 306), (328, 336))
    assert hand.boxes == [[320, 330, 336, 342]]


def test_a_click_on_a_handle_changes_nothing_and_keeps_the_selection(hand):
    hand.open(boxes=[box(BOX), box([100, 100, 600, 500])])
    hand.click(350, 260)
    hand.click(500, 275)
    assert hand.selected == 0
    assert hand.boxes == [BOX, [100, 100, 600, 500]]


def test_escape_gives_up_what_is_under_way(hand):
    hand.open(boxes=[box(BOX)])
    hand.click(350, 260)
    for start, end in (((500, 275), (600, 275)), ((300, 300), (400, 400)), ((700, 500), (800, 600))):
        mouse = hand.page.mouse
        mouse.move(*hand.on_page(*start))
        mouse.down()
        mouse.move(*hand.on_page(*end), steps=3)
        hand.key("Escape")
        mouse.move(*hand.on_page(10, 10))
        mouse.up()
        assert hand.boxes == [BOX]
    assert hand.tell("() => drawing.surface.draft") is None


def test_the_right_button_does_nothing(hand):
    hand.drag((100, 100), (200, 200), button="right")
    assert hand.boxes == []


def test_the_wheel_zooms_at_the_pointer_and_boxes_are_exact_there(hand):
    hand.open(width=486, height=336, original=[3888, 2688])
    hand.page.mouse.move(34 + 300, 34 + 200)  # over the picture's point (1200, 800)
    for _ in range(14):
        hand.page.mouse.wheel(0, -120)
    hand.frame()
    view = hand.view
    assert view["scale"] == pytest.approx(0.25 * 2 ** (14 * 120 / 300))
    assert hand.on_page(1200, 800) == pytest.approx((334, 234))
    hand.drag((1201, 803), (1254, 838))
    assert hand.boxes == [[1201, 803, 1254, 838]]
    hand.drag((1254, 838), (1255, 837))  # one pixel, by the corner
    assert hand.boxes == [[1201, 803, 1255, 837]]


def test_the_wheel_zooms_out_to_the_whole_picture_and_no_further(hand):
    hand.page.mouse.move(500, 400)
    hand.page.mouse.wheel(0, -300)
    hand.frame()
    assert hand.view["scale"] == pytest.approx(2)
    for _ in range(3):
        hand.page.mouse.wheel(0, 300)
    hand.frame()
    assert hand.view == {"scale": 1, "left": 14, "top": 14}


def test_zoom_ends_where_a_pixel_is_32_large(hand):
    hand.tell("() => { for (let i = 0; i < 30; i += 1) drawing.surface.zoomBy(2); }")
    assert hand.view["scale"] == 32


def test_a_page_that_is_being_scrolled_goes_on_scrolling(hand):
    mouse = hand.page.mouse
    mouse.move(1100, 300)  # beside the surface
    mouse.wheel(0, -10)
    mouse.move(500, 300)
    mouse.wheel(0, -100)
    hand.frame()
    assert hand.view["scale"] == 1
    hand.page.wait_for_timeout(300)
    mouse.wheel(0, -100)
    hand.frame()
    assert hand.view["scale"] > 1.2


def test_a_fitted_picture_leaves_zooming_out_to_the_page(hand):
    hand.page.mouse.move(500, 300)
    hand.page.mouse.wheel(0, 200)
    hand.page.wait_for_function("scrollY === 200")
    assert hand.view["scale"] == 1


@pytest.mark.parametrize("how", ["middle button", "space"])
def test_panning_moves_the_picture_and_draws_nothing(hand, how):
    hand.page.mouse.move(520, 370)
    hand.page.mouse.wheel(0, -300)
    hand.frame()
    before = hand.view
    if how == "space":
        hand.tell("() => drawing.surface.element.focus()")
        hand.page.keyboard.down(" ")
        hand.drag_on_page((500, 300), (460, 325))
        hand.page.keyboard.up(" ")
    else:
        hand.drag_on_page((500, 300), (460, 325), button="middle")
    hand.frame()
    after = hand.view
    assert (after["left"] - before["left"], after["top"] - before["top"]) == pytest.approx((-40, 25))
    assert hand.boxes == []
    assert hand.tell("() => drawing.editor.nothingHere") is False
    hand.drag((400, 300), (450, 360))
    assert hand.boxes == [[400, 300, 450, 360]]


def test_the_picture_cannot_be_lost_by_panning(hand):
    hand.tell("() => { drawing.surface.zoomBy(2); drawing.surface.view.panBy(9999, -9999); }")
    left, top = hand.view["left"], hand.view["top"]
    assert (left, top) == (60, 700 - 60 - 2 * HEIGHT)


def test_a_surface_of_another_size_fits_the_picture_again_and_stays_exact(hand):
    hand.tell("() => { document.getElementById('place').style.width = '514px'; }")
    hand.page.wait_for_function("drawing.surface.view.width === 514")
    assert hand.view == {"scale": 0.5, "left": 14, "top": (700 - HEIGHT / 2) / 2}
    hand.drag((100, 60), (700, 500))
    assert hand.boxes == [[100, 60, 700, 500]]


def test_a_zoomed_picture_keeps_its_middle_when_the_surface_changes_size(hand):
    hand.tell("() => drawing.surface.zoomBy(4)")
    middle = hand.tell("() => drawing.surface.view.toPicture(500, 350)")
    hand.tell("() => { document.getElementById('place').style.width = '700px'; }")
    hand.page.wait_for_function("drawing.surface.view.width === 700")
    assert hand.view["scale"] == 4
    assert hand.tell("() => drawing.surface.view.toPicture(350, 350)") == pytest.approx(middle)


def test_a_dense_screen_gets_dense_canvases_and_the_same_numbers(open_hand):
    hand = open_hand(device_scale_factor=2)
    sizes = hand.tell(
        "() => [...document.querySelectorAll('canvas')].slice(0, 2).map(c => [c.width, c.height])"
    )
    assert sizes == [[2000, 1400], [2000, 1400]]
    hand.drag((101, 53), (303, 207))
    assert hand.boxes == [[101, 53, 303, 207]]


def test_a_page_scaled_by_css_keeps_the_numbers(hand):
    hand.tell(
        "() => { Object.assign(document.body.style, { transform: 'scale(0.5)', transformOrigin: '0 0' }); }"
    )
    # body has a margin of 20, and is scaled about its own corner: the surface lies at (20, 20), half as large
    hand.drag_on_page((20 + 57, 20 + 57), (20 + 157, 20 + 107))
    assert hand.boxes == [[100, 100, 300, 200]]


@pytest.mark.parametrize(("shift", "expected"), [(0, 0), (1, 0), (3, 1), (4, 1), (-1, 0), (-3, -1)])
def test_an_edge_goes_to_the_nearest_pixel(hand, shift, expected):
    hand.tell(
        "() => { drawing.surface.zoomBy(4, 514, 314); }"
    )  # the picture's point (500, 300) stays, at scale 4
    assert hand.on_page(500, 300) == pytest.approx((534, 334))
    hand.drag_on_page((534 + shift, 334), (534 + 80, 334 + 40))
    assert hand.boxes == [[500 + expected, 300, 520, 310]]
