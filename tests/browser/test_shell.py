"""Going through pictures: next, previous, thumbnails, nothing here, copying, broken ones.

The kernel is played by the page (`pages/fake_kernel.js`); what is asserted is mostly what it has on its disk.
"""

from __future__ import annotations

import pytest

from tests.browser.shell_driver import Shell, content

DUCK = {"xyxy": [100, 60, 300, 260], "class": "duck", "crowd": False}
COW = {"xyxy": [10, 20, 110, 220], "class": "cow", "crowd": True}


@pytest.fixture
def shell(page, site):
    return Shell(page, site)


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
    assert shell.thumbnail_names() == [
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
    assert shell.thumbnail_names()[0].endswith(": nothing here")
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
    assert shell.thumbnail_names()[0].endswith(": todo")
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
