"""Classes are chosen, added and renamed while drawing, whatever their names are."""

from __future__ import annotations

import pytest

from tests.browser.shell_driver import Shell, content

DUCK = {"xyxy": [100, 60, 300, 260], "class": "duck", "crowd": False}
COW = {"xyxy": [10, 20, 110, 220], "class": "cow", "crowd": True}
ODD_NAMES = ['the "big" one 🦆', "<img src=x onerror=alert(1)>", "it's & co", "عربي"]


@pytest.fixture
def shell(page, site):
    return Shell(page, site)


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
