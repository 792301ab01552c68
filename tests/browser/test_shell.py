"""The annotator around the drawing surface: going through pictures, classes, keys, phones, proposals.

The kernel is played by the page (`pages/fake_kernel.js`); what is asserted is mostly what it has on its disk.
"""

from __future__ import annotations

import pytest

from tests.browser.shell_driver import Shell

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
DUCK = {"xyxy": [100, 60, 300, 260], "class": "duck", "crowd": False}
COW = {"xyxy": [10, 20, 110, 220], "class": "cow", "crowd": True}
ODD_NAMES = ['the "big" one 🦆', "<img src=x onerror=alert(1)>", "it's & co", "عربي"]


@pytest.fixture
def shell(page, site):
    return Shell(page, site)


def content(*boxes, nothing_here=False):
    return {"boxes": list(boxes), "nothing_here": nothing_here}


def thumbnail_names(shell):
    return [each.get_attribute("aria-label") for each in shell.page.locator(".tfl-thumbnail").all()]


# ---- pictures


def test_boxes_of_the_file_are_listed_by_name_and_edges(shell):
    shell.start(contents={"duck1.jpg": content(DUCK, COW)})
    assert shell.boxes() == ["duck 1: 100, 60 to 300, 260", "cow 1: 10, 20 to 110, 220, a crowd"]


def test_a_box_drawn_lands_in_the_pixels_of_the_original(shell):
    shell.start()
    shell.draw(left=0.4, top=0.25, right=0.6, bottom=0.75)
    shell.wait_for_disk("duck1.jpg", ["duck"])
    [(_, (x1, y1, x2, y2))], _ = shell.disk("duck1.jpg")
    area = shell.page.get_by_role("application", name="Picture").bounding_box()
    # the picture of 800 x 600 is shown whole and in the middle: whatever the margin, the middle is the middle
    assert (x1 + x2) / 2 == pytest.approx(400, abs=1)
    assert (y1 + y2) / 2 == pytest.approx(300, abs=1)
    assert (x2 - x1) / (y2 - y1) == pytest.approx(0.2 * area["width"] / (0.5 * area["height"]), rel=0.01)


def test_each_change_is_saved_within_half_a_second(shell):
    shell.start()
    shell.focus_surface()
    shell.press("w")
    shell.wait_for_disk("duck1.jpg", ["duck"], timeout=500)
    shell.wait_for_state("saved")
    assert shell.status().text_content() == "Saved in annotations.json"


def test_thumbnails_say_what_is_done(shell):
    shell.start(
        broken=[3], contents={"duck2.jpg": content(DUCK), "duck3.jpg": content(nothing_here=True)}, count=5
    )
    assert thumbnail_names(shell) == [
        "Picture 1 of 5, duck1.jpg: todo",
        "Picture 2 of 5, duck2.jpg: boxes",
        "Picture 3 of 5, duck3.jpg: nothing here",
        "Picture 4 of 5, duck4.jpg: broken",
        "Picture 5 of 5, duck5.jpg: todo",
    ]
    assert shell.page.locator(".tfl-progress").text_content() == "2 of 4 done, 1 broken"
    shell.page.locator(".tfl-thumbnail img").nth(3).wait_for()  # of all but the broken one


def test_next_previous_and_next_unlabelled(shell):
    shell.start(contents={"duck2.jpg": content(DUCK)}, broken=[2], count=4)
    counter = shell.page.locator(".tfl-counter")
    shell.button("Next picture").click()
    assert counter.text_content() == "2 / 4"
    shell.button("Previous picture").click()
    assert counter.text_content() == "1 / 4"
    assert shell.button("Previous picture").get_attribute("aria-disabled") == "true"
    shell.button("Previous picture").click(force=True)  # nothing before the first
    assert counter.text_content() == "1 / 4"
    shell.button("Next unlabelled picture").click()
    assert counter.text_content() == "4 / 4"
    assert (
        shell.page.locator("[aria-current=true]").get_attribute("aria-label")
        == "Picture 4 of 4, duck4.jpg: todo"
    )


def test_the_last_unlabelled_picture_is_said_to_be_it(shell):
    shell.start(contents={"duck2.jpg": content(DUCK)}, count=2)
    shell.focus_surface()
    shell.press("u")
    assert "last unlabelled" in shell.page.get_by_role("alert").text_content()
    shell.press("w", "u")
    shell.page.get_by_text("all are done").wait_for()


def test_nothing_here_is_marked_and_drawing_unmarks_it(shell):
    shell.start()
    button = shell.button("Nothing here")
    button.click()
    shell.page.wait_for_function("window.kernel.disk.contents['duck1.jpg']?.nothing_here === true")
    assert button.get_attribute("aria-pressed") == "true"
    assert thumbnail_names(shell)[0].endswith(": nothing here")
    shell.draw()
    shell.wait_for_disk("duck1.jpg", ["duck"])
    assert shell.disk("duck1.jpg")[1] is False
    assert button.get_attribute("aria-pressed") == "false"


def test_nothing_here_never_throws_boxes_away(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.button("Nothing here").click()
    assert "Delete them first" in shell.page.get_by_role("alert").text_content()
    assert shell.disk("duck1.jpg") == ([("duck", [100, 60, 300, 260])], False)


def test_deleting_all_boxes_makes_a_picture_todo_again(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.page.get_by_role("option").click()
    shell.button("Delete box").click()
    shell.wait_for_disk("duck1.jpg", [])
    assert shell.disk("duck1.jpg") == ([], False)
    assert thumbnail_names(shell)[0].endswith(": todo")
    shell.button("Undo").click()
    shell.wait_for_disk("duck1.jpg", ["duck"])


def test_copying_keeps_what_the_next_picture_has(shell):
    own = {"xyxy": [400, 300, 500, 400], "class": "cow", "crowd": False}
    shell.start(contents={"duck1.jpg": content(DUCK, own), "duck2.jpg": content(own)})
    shell.button("Copy boxes to next picture").click()
    shell.wait_for_disk("duck2.jpg", ["cow", "duck"])  # the cow is there already, and comes once
    assert shell.page.locator(".tfl-counter").text_content() == "2 / 5"
    shell.button("Undo").click()
    shell.wait_for_disk("duck2.jpg", ["cow"])
    assert shell.classes_on_disk("duck1.jpg") == ["duck", "cow"]


def test_copying_to_a_broken_picture_says_so(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)}, broken=[1])
    shell.button("Copy boxes to next picture").click()
    shell.page.get_by_text("were not copied").wait_for()
    assert shell.disk("duck2.jpg") is None


def test_a_broken_picture_is_explained_and_left_behind(shell):
    shell.start(broken=[0])
    assert "duck1.jpg: expected a whole picture" in shell.page.locator(".tfl-overlay").text_content()
    assert shell.button("Nothing here").get_attribute("aria-disabled") == "true"
    shell.focus_surface()
    shell.press("w", "Space")
    assert shell.page.evaluate("kernel.received.filter((message) => message.kind === 'change').length") == 0
    shell.go_to(2)
    shell.press("w")
    shell.wait_for_disk("duck2.jpg", ["duck"])


def test_the_history_of_a_picture_outlives_going_away(shell):
    shell.start()
    shell.focus_surface()
    shell.press("w")
    shell.go_to(2)
    shell.go_to(1)
    assert len(shell.boxes()) == 1
    shell.button("Undo").click()
    shell.wait_for_disk("duck1.jpg", [])
    shell.button("Redo").click()
    shell.wait_for_disk("duck1.jpg", ["duck"])


def test_hundreds_of_pictures_fetch_only_the_small_ones_in_view(shell):
    shell.start(count=300)
    count, asked = "kernel.received.filter((message) => message.kind === 'thumbnail').length", -1
    while asked != (asked := shell.page.evaluate(count)):
        shell.page.wait_for_timeout(500)
    assert 5 <= asked <= 40
    shell.page.locator(".tfl-thumbnail").nth(250).scroll_into_view_if_needed()
    shell.page.locator(".tfl-thumbnail").nth(250).locator("img").wait_for()


def test_large_pictures_are_asked_for_once_and_the_next_one_ahead(shell):
    shell.start(count=9)
    shell.button("Next picture").click()
    shell.wait_until_open()
    shell.page.wait_for_timeout(100)
    asked = "kernel.received.filter((each) => each.kind === 'open').map((each) => each.index)"
    assert shell.page.evaluate(asked) == [0, 1, 2]
    shell.page.evaluate("kernel.setBusy(true)")
    shell.press("d", "d", "a", "d")  # the fourth is waited for, left, and waited for again
    assert shell.page.evaluate(asked) == [0, 1, 2, 3]


# ---- classes


def add_class(shell, name):
    shell.button("Add class").click()
    shell.page.keyboard.type(name)
    shell.press("Enter")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_is_text_and_nothing_else(shell, name):
    shell.start(classNames=["duck", name], names=[f"{name}.jpg"], contents={})
    shell.page.on("dialog", lambda dialog: pytest.fail(f"the page said {dialog.message}"))
    shell.page.get_by_role("radio", name=name, exact=True).click()
    shell.draw()
    shell.wait_for_disk(f"{name}.jpg", [name])
    assert shell.boxes()[0].startswith(f"{name} 1: ")
    assert shell.page.locator(".tfl-picture-name").text_content() == f"{name}.jpg"
    assert shell.page.locator(".tfl-annotator img:not(.tfl-thumbnail img)").count() == 0


@pytest.mark.parametrize("name", ["goose", *ODD_NAMES])
def test_a_class_is_added_while_drawing_and_is_the_next_ones(shell, name):
    shell.start()
    add_class(shell, name)
    assert shell.page.get_by_role("radio", checked=True).get_attribute("aria-label") == name
    shell.draw()
    shell.wait_for_disk("duck1.jpg", [name])
    assert shell.page.evaluate("kernel.disk.classNames") == ["duck", "cow", name]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Write a name"),
        ("   ", "Write a name"),
        ("cow", "There is a class “cow” already"),
        (" cow ", "already"),
    ],
)
def test_names_that_cannot_be_are_refused_with_a_sentence(shell, typed, sentence):
    shell.start()
    add_class(shell, typed)
    assert sentence in shell.page.get_by_role("alert").text_content()
    assert shell.page.get_by_role("textbox").is_visible()
    shell.press("Escape")
    assert not shell.page.get_by_role("textbox").is_visible()
    assert shell.page.get_by_role("radio").count() == 2
    assert shell.page.evaluate("document.activeElement.ariaLabel") == "Add class"


def test_a_class_is_renamed_on_all_its_boxes(shell):
    shell.start(contents={"duck1.jpg": content(DUCK, COW), "duck2.jpg": content(DUCK)})
    shell.button("Rename class").click()
    shell.page.keyboard.type("mallard")
    shell.press("Enter")
    shell.wait_for_disk("duck2.jpg", ["mallard"])
    assert shell.page.evaluate("kernel.disk.classNames") == ["mallard", "cow"]
    assert shell.boxes()[0] == "mallard 1: 100, 60 to 300, 260"
    shell.focus_surface()
    shell.press("w")
    shell.wait_for_disk("duck1.jpg", ["mallard", "cow", "mallard"])
    shell.go_to(2)
    assert shell.boxes() == ["mallard 1: 100, 60 to 300, 260"]


def test_typing_a_name_presses_no_keys_of_the_annotator(shell):
    shell.start()
    add_class(shell, "wxcduck12 ?a")
    assert shell.page.evaluate("kernel.disk.classNames.at(-1)") in ("wxcduck12 ?a", "cow")
    shell.page.wait_for_function("kernel.disk.classNames.at(-1) === 'wxcduck12 ?a'")
    assert shell.boxes() == []
    assert shell.page.locator(".tfl-counter").text_content() == "1 / 5"


def test_a_class_key_relabels_the_selected_box_and_sticks(shell):
    shell.start()
    shell.focus_surface()
    shell.press("w", "2")
    shell.wait_for_disk("duck1.jpg", ["cow"])
    shell.press("Escape", "w")
    shell.wait_for_disk("duck1.jpg", ["cow", "cow"])


def test_classes_are_a_group_that_arrows_walk_through(shell):
    shell.start(classNames=["duck", "cow", "swan"])
    shell.page.get_by_role("radio", name="duck").focus()
    shell.press("ArrowDown", "ArrowDown")
    assert shell.page.evaluate("document.activeElement.ariaLabel") == "swan"
    assert shell.page.get_by_role("radio", checked=True).get_attribute("aria-label") == "swan"
    shell.press("ArrowRight")
    assert shell.page.get_by_role("radio", checked=True).get_attribute("aria-label") == "duck"
    assert shell.page.locator("[role=radio][tabindex='0']").count() == 1


# ---- keys


def test_a_session_with_the_keyboard_alone(shell):
    """Tab to the picture, then draw, move, resize, relabel, duplicate, delete, undo, and go on."""
    shell.start()
    for _ in range(20):
        shell.press("Tab")
        if shell.page.evaluate("document.activeElement.getAttribute('role')") == "application":
            break
    else:
        pytest.fail("the picture cannot be reached with Tab")
    shell.press("w")
    shell.wait_for_disk("duck1.jpg", ["duck"])
    [(_, start)], _ = shell.disk("duck1.jpg")
    shell.press("ArrowRight", "Shift+ArrowDown", "Alt+ArrowRight", "2", "Control+d")
    shell.wait_for_disk("duck1.jpg", ["cow", "cow"])
    [(_, moved), (_, copy)], _ = shell.disk("duck1.jpg")
    step = moved[0] - start[0]
    assert step >= 1
    assert moved == [start[0] + step, start[1] + 10 * step, start[2] + 2 * step, start[3] + 10 * step]
    assert [copy[2] - copy[0], copy[3] - copy[1]] == [moved[2] - moved[0], moved[3] - moved[1]]
    shell.press("Delete")
    shell.wait_for_disk("duck1.jpg", ["cow"])
    shell.press("Control+z")
    shell.wait_for_disk("duck1.jpg", ["cow", "cow"])
    shell.press("Control+Shift+z")
    shell.wait_for_disk("duck1.jpg", ["cow"])
    shell.press("d")
    shell.wait_until_open()
    shell.page.wait_for_function(
        "document.querySelector('[aria-label=\"Zoom in\"]').ariaDisabled === 'false'"
    )
    shell.press("Space")
    shell.page.wait_for_function("window.kernel.disk.contents['duck2.jpg']?.nothing_here === true")
    shell.press("a")
    shell.wait_until_open()
    shell.page.wait_for_function(
        "document.querySelector('[aria-label=\"Zoom in\"]').ariaDisabled === 'false'"
    )
    shell.press("c")
    shell.wait_for_disk("duck2.jpg", ["cow"])
    shell.press("u")
    shell.page.wait_for_function("document.querySelector('.tfl-counter').textContent === '3 / 5'")


def test_keys_pressed_inside_never_reach_the_notebook(shell):
    shell.start()
    shell.page.evaluate(
        """() => {
            window.heard = [];
            for (const type of ["keydown", "keyup", "keypress"])
                document.addEventListener(type, (event) => window.heard.push(event.key));
        }"""
    )
    shell.focus_surface()
    shell.press("a", "d", "x", "w", "Escape", "Control+d", "Shift+Enter", "F2")
    shell.button("Keys and help").focus()
    shell.press("b", "Enter", "Escape")
    shell.button("Add class").click()
    shell.page.keyboard.type("dd0a")
    assert shell.page.evaluate("window.heard") == []
    assert shell.page.locator(".tfl-annotator").get_attribute("data-lm-suppress-shortcuts") == "true"


def test_a_focused_button_keeps_its_own_keys(shell):
    shell.start()
    shell.button("Next picture").focus()
    shell.press("Space")
    shell.page.wait_for_function("document.querySelector('.tfl-counter').textContent === '2 / 5'")
    shell.press("Enter")
    shell.page.wait_for_function("document.querySelector('.tfl-counter').textContent === '3 / 5'")
    assert shell.page.evaluate("kernel.received.filter((each) => each.kind === 'change').length") == 0


def test_boxes_can_be_chosen_in_their_list(shell):
    shell.start(contents={"duck1.jpg": content(DUCK, COW)})
    listed = shell.page.get_by_role("listbox", name="Boxes")
    listed.focus()
    shell.press("ArrowDown", "ArrowDown")
    assert shell.page.get_by_role("option", selected=True).get_attribute("aria-label").startswith("cow 1")
    active = listed.get_attribute("aria-activedescendant")
    assert shell.page.locator(f"#{active}").get_attribute("aria-label").startswith("cow 1")
    shell.press("Delete")
    shell.wait_for_disk("duck1.jpg", ["duck"])


def test_help_opens_with_a_key_and_gives_the_focus_back(shell):
    shell.start()
    shell.focus_surface()
    shell.press("?")
    dialog = shell.page.get_by_role("dialog", name="Keys and help")
    assert dialog.is_visible()
    assert "annotations.json" in dialog.text_content()
    shell.press("w", "d")  # mean nothing now
    shell.press("Escape")
    assert not dialog.is_visible()
    assert shell.page.evaluate("document.activeElement.getAttribute('role')") == "application"
    assert shell.boxes() == []
    assert shell.page.locator(".tfl-counter").text_content() == "1 / 5"


def test_the_strip_is_one_stop_of_tab_and_walked_with_arrows(shell):
    shell.start(count=8)
    assert shell.page.locator(".tfl-thumbnail[tabindex='0']").count() == 1
    shell.page.locator(".tfl-thumbnail").first.focus()
    shell.press("ArrowRight", "ArrowRight", "Enter")
    shell.page.wait_for_function("document.querySelector('.tfl-counter').textContent === '3 / 8'")
    assert shell.page.evaluate("document.activeElement.ariaLabel") == "Picture 3 of 8, duck3.jpg: todo"


# ---- phones


def test_nothing_is_cut_off_or_too_small_for_a_finger_at_360_pixels(open_page, site):
    shell = Shell(open_page(**PHONE), site).start(
        classNames=["duck", "a class with a very long name indeed", "cow"]
    )
    shell.page.wait_for_timeout(200)
    assert shell.page.evaluate("document.documentElement.scrollWidth") <= 360
    targets = shell.page.evaluate(
        """() => [...document.querySelectorAll(".tfl-annotator button")]
            .filter((each) => each.offsetParent && !each.closest(".tfl-strip, .tfl-classes"))
            .map((each) => [each.ariaLabel ?? each.textContent, each.getBoundingClientRect()])
            .map(([name, box]) => [name, box.left, box.right, box.width, box.height])"""
    )
    assert len(targets) >= 15
    assert [each for each in targets if each[1] < 0 or each[2] > 360] == []
    assert [each for each in targets if min(each[3], each[4]) < 40] == []
    for scrolled in (".tfl-thumbnail", ".tfl-class"):
        box = shell.page.locator(scrolled).first.bounding_box()
        assert min(box["width"], box["height"]) >= 40


def test_a_session_with_a_finger(open_page, site):
    shell = Shell(open_page(**PHONE), site).start()
    shell.button("Add class").click()
    shell.page.keyboard.type("goose")
    shell.button("Add").click()
    area = shell.page.get_by_role("application", name="Picture").bounding_box()
    touch = shell.page.context.new_cdp_session(shell.page)
    at = [(area["x"] + part * area["width"], area["y"] + part * area["height"]) for part in (0.35, 0.5, 0.65)]
    touch.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": at[0][0], "y": at[0][1]}]}
    )
    for x, y in at[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    shell.wait_for_disk("duck1.jpg", ["goose"])
    shell.page.get_by_role("radio", name="cow").click()
    shell.wait_for_disk("duck1.jpg", ["cow"])
    shell.button("Next picture").click()
    shell.wait_until_open()
    shell.button("Nothing here").click()
    shell.page.wait_for_function("window.kernel.disk.contents['duck2.jpg']?.nothing_here === true")


# ---- proposals

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
    assert thumbnail_names(shell)[0].endswith(": todo")
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
