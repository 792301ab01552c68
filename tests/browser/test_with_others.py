"""Two views, two widgets or two people on one file: the boxes of all are kept, and all are told."""

from __future__ import annotations

import pytest

from tests.browser.shell_driver import Shell, content

DUCK = {"xyxy": [100, 60, 300, 260], "class": "duck", "crowd": False}
SWAN = {"xyxy": [500, 400, 600, 500], "class": "swan", "crowd": False}


@pytest.fixture
def shell(page, site):
    return Shell(page, site)


def test_two_views_of_one_widget_show_the_same(shell):
    shell.start()
    shell.page.evaluate(
        """async () => {
            const { default: widget } = await import("/annotator/js/annotator.js");
            const el = document.createElement("div");
            document.getElementById("place").append(el);
            widget.render({ model: kernel.models[0], el });
        }"""
    )
    second = shell.page.locator(".tfl-annotator").nth(1)
    second.locator(".tfl-thumbnail").first.wait_for()
    shell.page.wait_for_function("document.querySelectorAll('.tfl-overlay')[1].hidden")
    shell.page.locator(".tfl-annotator").first.get_by_role("application").focus()
    shell.press("w")
    shell.wait_for_disk("duck1.jpg", ["duck"])
    second.get_by_role("option").wait_for()
    second.get_by_role("application").focus()
    shell.press("w")
    shell.wait_for_disk("duck1.jpg", ["duck", "duck"])
    shell.page.wait_for_function(
        "document.querySelectorAll('.tfl-annotator')[0].querySelectorAll('[role=option]').length === 2"
    )
    first = shell.page.locator(".tfl-annotator").first
    assert first.get_by_role("option").count() == 2
    assert first.locator(".tfl-notice").count() == 0


def test_what_somebody_else_drew_meanwhile_is_kept_and_shown(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.page.evaluate("(content) => { kernel.disk.contents['duck1.jpg'] = content; }", content(DUCK, SWAN))
    shell.draw(left=0.1, top=0.7, right=0.3, bottom=0.9)
    shell.wait_for_disk("duck1.jpg", ["duck", "duck", "swan"])
    shell.page.get_by_text("Somebody else has changed the boxes").wait_for()
    assert [name.split(":")[0] for name in shell.boxes()] == ["duck 1", "swan 1", "duck 2"]
    shell.wait_for_state("saved")
    shell.focus_surface()
    shell.press("w")
    shell.wait_for_disk("duck1.jpg", ["duck", "duck", "duck", "swan"])
    assert shell.page.locator(".tfl-notice").count() == 1


def test_what_was_drawn_while_the_answer_was_on_its_way_is_kept_with_others_boxes(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.page.evaluate("kernel.setBusy(true)")
    shell.page.evaluate("(content) => { kernel.disk.contents['duck1.jpg'] = content; }", content(DUCK, SWAN))
    shell.draw(left=0.1, top=0.7, right=0.3, bottom=0.9)
    shell.page.wait_for_function("kernel.received.some((each) => each.kind === 'change')")
    shell.draw(left=0.65, right=0.75)
    shell.page.evaluate("kernel.setBusy(false)")
    shell.wait_for_disk("duck1.jpg", ["duck", "duck", "duck", "swan"])
    shell.wait_for_state("saved")
    assert len(shell.boxes()) == 4


def test_a_class_renamed_elsewhere_is_renamed_here(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.page.evaluate(
        """() => {
            kernel.changeClasses({ rename: ["duck", "mallard"] });
            kernel.models[0].takeTraits({ class_names: [...kernel.disk.classNames] });
        }"""
    )
    shell.page.get_by_role("radio", name="mallard").wait_for()
    assert shell.page.get_by_role("radio").count() == 2
    shell.draw(left=0.65, right=0.75)
    shell.wait_for_disk("duck1.jpg", ["mallard", "mallard"])
    assert shell.page.evaluate("kernel.disk.classNames") == ["mallard", "cow"]


def test_a_class_is_renamed_while_changes_wait(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw(left=0.65, right=0.75)
    shell.page.wait_for_function("kernel.received.some((each) => each.kind === 'change')")
    shell.button("Rename class").click()
    shell.page.keyboard.type("mallard")
    shell.press("Enter")
    shell.draw(left=0.1, top=0.7, right=0.3, bottom=0.9)
    shell.page.evaluate("kernel.setBusy(false)")
    shell.wait_for_disk("duck1.jpg", ["mallard", "mallard", "mallard"])
    shell.wait_for_state("saved")
    assert shell.page.evaluate("kernel.disk.classNames") == ["mallard", "cow"]
    assert shell.page.locator(".tfl-notice").count() == 0


def test_a_new_name_of_a_class_is_handed_over_with_the_boxes_called_so(shell):
    shell.start(contents={"duck2.jpg": content(DUCK)})
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw()
    shell.page.wait_for_function("kernel.received.some((each) => each.kind === 'change')")
    shell.button("Rename class").click()
    shell.page.keyboard.type("mallard")
    shell.press("Enter")
    shell.page.evaluate("kernel.restart()")
    shell.page.reload()
    shell.again()
    shell.wait_for_disk("duck1.jpg", ["mallard"])
    shell.wait_for_state("saved")
    assert shell.page.evaluate("kernel.disk.classNames") == ["mallard", "cow"]
    assert shell.classes_on_disk("duck2.jpg") == ["mallard"]


def test_a_name_taken_elsewhere_meanwhile_is_said_and_blocks_nothing(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.page.evaluate("kernel.setBusy(true)")
    shell.button("Rename class").click()
    shell.page.keyboard.type("goose")
    shell.press("Enter")
    shell.page.evaluate("kernel.changeClasses({ add: 'goose' })")
    shell.draw(left=0.65, right=0.75)
    shell.page.evaluate("kernel.setBusy(false)")
    shell.page.get_by_text("taken by another class").wait_for()
    shell.wait_for_state("saved")
    assert shell.classes_on_disk("duck1.jpg") == [
        "goose",
        "goose",
    ]  # what was called so here, and nothing twice
