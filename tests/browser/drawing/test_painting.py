"""What is painted, and when: pixels of the canvases, frames, several pictures, and that nothing is left behind."""

import pytest

DUCK = (230, 159, 0)  # class 0
PIXEL = """([layer, x, y]) => {
    const canvas = document.querySelector(layer);
    return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data];
}"""


def overlay_at(hand, x, y):
    """RGBA of the overlay at a point of the surface."""
    return tuple(hand.tell(PIXEL, [".tfl-overlay-layer", x, y]))


def box(xyxy, label=0):
    return {"xyxy": xyxy, "label": label, "crowd": False}


def test_frames_lie_on_the_edges_in_the_colour_of_the_class(hand):
    hand.open(boxes=[box([200, 150, 500, 400])])
    for x, y in ((214, 300), (514, 300), (400, 164), (400, 414)):  # the picture begins at (14, 14)
        assert overlay_at(hand, x, y)[:3] == DUCK
        assert overlay_at(hand, x, y)[3] == 255
    assert overlay_at(hand, 350, 300) == (0, 0, 0, 0)


def test_a_label_is_a_plate_of_the_colour_with_black_or_white_text(hand):
    hand.open(boxes=[box([200, 150, 500, 400]), box([600, 150, 700, 250], label=4)])
    plates = hand.tell(
        """() => ["duck", "blue"].map((_, i) => {
            const { editor, view } = drawing.surface;
            const [x, y] = view.toScreen(...editor.boxes[i].xyxy.slice(0, 2));
            const context = document.querySelector(".tfl-overlay-layer").getContext("2d");
            const { data } = context.getImageData(x, y - 18, 34, 16);
            const seen = new Set();
            for (let at = 0; at < data.length; at += 4) seen.add([...data.slice(at, at + 3)].join());
            return [...seen];
        })"""
    )
    assert "230,159,0" in plates[0]
    assert "0,0,0" in plates[0]
    assert "160,160,160" in plates[1], "a label that no class has is shown all the same"


def test_a_proposal_is_dashed_and_a_box_is_not(hand):
    hand.tell("() => drawing.editor.setProposals([{ xyxy: [100, 100, 400, 300], label: 0, score: 0.5 }])")
    hand.drag((500, 100), (800, 300))
    hand.key("Escape")
    hand.frame()
    dashed = {overlay_at(hand, x, 314)[:3] == DUCK for x in range(150, 180)}
    solid = {overlay_at(hand, x, 314)[:3] == DUCK for x in range(550, 580)}
    assert (dashed, solid) == ({True, False}, {True})


def test_the_crosshair_goes_with_the_pointer_and_leaves_with_it(hand):
    hand.page.mouse.move(420, 320)
    hand.frame()
    assert overlay_at(hand, 400, 100)[3] > 200
    assert overlay_at(hand, 900, 300)[3] > 200
    hand.page.mouse.move(440, 320)
    hand.frame()
    assert overlay_at(hand, 400, 100)[3] == 0
    hand.page.mouse.move(1200, 320)
    hand.frame()
    assert overlay_at(hand, 900, 300)[3] == 0


@pytest.mark.parametrize(
    ("x", "y", "cursor"),
    [
        (200, 150, "nwse-resize"),
        (500, 150, "nesw-resize"),
        (350, 400, "ns-resize"),
        (200, 275, "ew-resize"),
        (300, 300, "move"),
        (700, 500, "crosshair"),
    ],
)
def test_the_cursor_says_what_a_drag_would_do(hand, x, y, cursor):
    hand.open(boxes=[box([200, 150, 500, 400])])
    hand.click(350, 260)
    hand.page.mouse.move(*hand.on_page(x, y))
    assert hand.tell("() => drawing.surface.element.style.cursor") == cursor


def test_drawing_paints_once_a_frame_and_never_the_picture(hand):
    hand.tell(
        """() => {
            window.painted = { ".tfl-picture-layer": 0, ".tfl-overlay-layer": 0, frames: 0 };
            for (const name of Object.keys(painted).slice(0, 2)) {
                const context = document.querySelector(name).getContext("2d");
                const clear = context.clearRect.bind(context);
                context.clearRect = (...all) => { painted[name] += 1; clear(...all); };
            }
            const count = () => { painted.frames += 1; requestAnimationFrame(count); };
            requestAnimationFrame(count);
        }"""
    )
    hand.drag((100, 100), (600, 500), steps=60)
    hand.drag((300, 300), (400, 330), steps=60)
    hand.frame()
    painted = hand.tell("() => painted")
    assert painted[".tfl-picture-layer"] == 0
    assert 2 <= painted[".tfl-overlay-layer"] <= painted["frames"]
    still = hand.tell("() => painted['.tfl-overlay-layer']")
    hand.page.wait_for_timeout(200)
    assert hand.tell("() => painted['.tfl-overlay-layer']") == still, "nothing moves, nothing is painted"
    hand.tell("() => drawing.surface.zoomBy(2)")
    hand.frame()
    assert hand.tell("() => painted['.tfl-picture-layer']") == 1


def test_the_last_picture_asked_for_is_shown(hand):
    shown = hand.tell(
        """async () => {
            const plain = (colour, size) => {
                const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
                const context = canvas.getContext("2d");
                context.fillStyle = colour;
                context.fillRect(0, 0, size, size);
                return canvas.toDataURL("image/png");
            };
            const first = drawing.surface.show(plain("#f00", 3000), 3000, 3000);
            const second = drawing.surface.show(plain("#00f", 10), 10, 10);
            return Promise.all([first, second]);
        }"""
    )
    assert shown == [False, True]
    hand.frame()
    assert hand.tell(PIXEL, [".tfl-picture-layer", 500, 350]) == [0, 0, 255, 255]


def test_a_picture_that_cannot_be_decoded_says_so_and_leaves_the_one_before(hand):
    before = hand.tell(PIXEL, [".tfl-picture-layer", 100, 100])
    failed = hand.tell(
        "() => drawing.surface.show('data:image/jpeg;base64,AAAA', 10, 10).then(() => false, () => true)"
    )
    assert failed is True
    hand.frame()
    assert hand.tell(PIXEL, [".tfl-picture-layer", 100, 100]) == before


def test_no_picture_shows_nothing(hand):
    hand.tell("() => { drawing.surface.setEditor(null); return drawing.surface.show(null, 0, 0); }")
    hand.frame()
    assert hand.tell(PIXEL, [".tfl-picture-layer", 500, 350])[3] == 0
    hand.drag_on_page((300, 300), (500, 500))  # and drawing on it does no harm


def test_large_pixels_are_shown_as_squares(hand):
    hand.open(width=40, height=30)  # scale 22
    column = [hand.tell(PIXEL, [".tfl-picture-layer", x, 350])[0] for x in range(460, 490)]
    assert len(set(column)) <= 3


def test_a_hundred_boxes_are_drawn_selected_and_moved(hand):
    boxes = [
        box([20 + 90 * (i % 10), 20 + 60 * (i // 10), 80 + 90 * (i % 10), 62 + 60 * (i // 10)], i % 4)
        for i in range(100)
    ]
    hand.open(boxes=boxes)
    hand.click(20 + 90 * 7 + 30, 20 + 60 * 4 + 21)
    assert hand.selected == 47
    hand.drag((20 + 90 * 7 + 30, 20 + 60 * 4 + 21), (20 + 90 * 7 + 33, 20 + 60 * 4 + 26))
    assert hand.boxes[47] == [653, 265, 713, 307]
    hand.drag((930, 100), (960, 150))
    assert len(hand.boxes) == 101
    assert hand.boxes[:47] == [one["xyxy"] for one in boxes[:47]]


def test_names_of_any_kind_are_painted_as_text(hand):
    hand.tell(
        """() => drawing.surface.setClasses([
            { name: "<b>5\\" \\u{1F986}</b>", colour: "#e69f00" }, { name: "", colour: "#000000" },
            { name: "\\u{1F986}".repeat(80), colour: "rgb(255, 255, 255)" },
        ])"""
    )
    hand.open(boxes=[box([20, 100, 90, 200], i) for i in range(4)])
    assert hand.tell("() => drawing.surface.element.querySelector('b')") is None
    assert hand.tell("() => drawing.surface.element.children.length") == 3


LISTENERS = """async () => {
    const { createSurface } = await import("/annotator/js/surface.js");
    const parent = document.body.appendChild(document.createElement("div"));
    Object.assign(parent.style, { width: "300px", height: "200px" });
    window.other = createSurface(parent);
}"""


def test_destroy_leaves_nothing_behind(hand):
    def listeners(expression):
        result = hand.devtools.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"]
        found = hand.devtools.send("DOMDebugger.getEventListeners", {"objectId": result})["listeners"]
        return sorted(one["type"] for one in found)

    before = listeners("window")
    hand.tell(LISTENERS)
    hand.tell("() => { window.element = other.element; other.setEditor(drawing.editor); }")
    assert len(listeners("window")) > len(before)
    assert len(listeners("window.element")) >= 8
    hand.tell("() => other.destroy()")
    assert listeners("window") == before
    assert listeners("window.element") == []
    assert hand.tell("() => element.isConnected") is False
    hand.drag((100, 100), (200, 200))  # the first surface still works, with the editor that both had
    assert hand.boxes == [[100, 100, 200, 200]]


def test_a_hidden_surface_is_measured_when_it_is_shown(hand):
    hand.tell("() => { document.getElementById('place').style.display = 'none'; }")
    hand.frame()
    hand.tell(
        "() => Object.assign(document.getElementById('place').style, { display: 'block', width: '514px' })"
    )
    hand.page.wait_for_function("drawing.surface.view.width === 514")
    assert hand.view["scale"] == 0.5
