"""A session with the keyboard alone, and one at the width of a phone."""

from __future__ import annotations

import pytest

from tests.browser.shell_driver import Shell, content

DUCK = {"xyxy": [100, 60, 300, 260], "class": "duck", "crowd": False}
COW = {"xyxy": [10, 20, 110, 220], "class": "cow", "crowd": True}
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


@pytest.fixture
def shell(page, site):
    return Shell(page, site)


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
