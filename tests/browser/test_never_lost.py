"""No change is lost: kernels that are busy, gone, forgetful or cannot write, pages that are loaded again."""

from __future__ import annotations

import pytest

from tests.browser.shell_driver import Shell, content

DUCK = {"xyxy": [100, 60, 300, 260], "class": "duck", "crowd": False}
SWAN = {"xyxy": [500, 400, 600, 500], "class": "swan", "crowd": False}


@pytest.fixture
def shell(page, site):
    return Shell(page, site)


# ---- the storage while all is well


def test_a_change_is_in_the_storage_before_it_is_sent_and_leaves_it_when_saved(shell):
    shell.start()
    shell.focus_surface()
    seen = shell.page.evaluate(
        """() => {
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "w", bubbles: true }));
            const key = Object.keys(localStorage).find((each) => each.startsWith("tflhelpers-annotator:"));
            const sent = kernel.received.some((each) => each.kind === "change");
            return [key, JSON.parse(localStorage.getItem(key)).changes[0].content.boxes.length, sent];
        }"""
    )
    assert seen[0].startswith("tflhelpers-annotator:annotations.json-0badcafe")
    assert seen[1:] == [1, False]
    shell.wait_for_disk("duck1.jpg", ["duck"])
    shell.wait_for_state("saved")
    assert shell.in_storage() == 0


def test_a_key_held_down_is_few_messages_and_the_last_place_counts(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.focus_surface()
    shell.press("]")
    for _ in range(30):
        shell.page.keyboard.down("ArrowRight")  # repeats, as while it is held
    shell.page.keyboard.up("ArrowRight")
    last = shell.boxes()[0]
    shell.wait_for_state("saved")
    [(_, (x1, y1, x2, y2))], _ = shell.disk("duck1.jpg")
    assert last == f"duck 1: {x1}, {y1} to {x2}, {y2}"
    assert x1 >= 130
    assert len(shell.changes_received()) <= 15


# ---- a busy kernel


def test_a_busy_kernel_is_told_and_gets_all_when_it_is_free(shell):
    shell.start()
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw()
    shell.wait_for_state("busy")
    assert "kept in this browser" in shell.status().text_content()
    assert shell.page.locator("[aria-current=true]").get_attribute("aria-label").endswith(": boxes")
    shell.draw(left=0.65, right=0.75)
    shell.button("Add class").click()
    shell.page.keyboard.type("swan")
    shell.press("Enter")
    shell.page.get_by_role("radio", name="swan").wait_for()
    shell.press("1", "2")
    assert shell.disk("duck1.jpg") is None
    shell.page.evaluate("kernel.setBusy(false)")
    shell.wait_for_disk("duck1.jpg", ["duck", "cow"])
    shell.wait_for_state("saved")
    assert shell.page.evaluate("kernel.disk.classNames") == ["duck", "cow", "swan"]
    assert shell.in_storage() == 0


def test_ten_busy_minutes_do_not_flood_the_kernel(shell):
    shell.page.clock.install()
    shell.start()
    shell.page.evaluate("kernel.setBusy(true)")
    shell.focus_surface()
    shell.press("w")
    shell.page.clock.run_for(10 * 60 * 1000)
    assert "busy" in shell.status().text_content()
    assert 2 <= len(shell.changes_received()) <= 30
    shell.page.evaluate("kernel.setBusy(false)")
    shell.page.clock.run_for(1000)
    assert shell.classes_on_disk("duck1.jpg") == ["duck"]
    assert shell.status().text_content() == "Saved in annotations.json"


def test_a_kernel_busy_from_the_start_is_waited_for(shell):
    shell.start(kernel={"busy": True})
    shell.wait_for_state("busy")
    assert "Pictures come when it is free" in shell.status().text_content()
    shell.page.evaluate("kernel.setBusy(false)")
    shell.wait_until_open()
    shell.draw()
    shell.wait_for_disk("duck1.jpg", ["duck"])


def test_pictures_asked_for_while_busy_come_in_the_end(shell):
    shell.start()
    shell.page.evaluate("kernel.setBusy(true)")
    shell.page.locator(".tfl-thumbnail").nth(4).click()
    shell.page.get_by_text("Waiting for the picture").wait_for()
    shell.focus_surface()
    shell.press("w", "Space")  # must not go to the picture that was shown before
    shell.page.evaluate("kernel.setBusy(false)")
    shell.wait_until_open()
    shell.page.wait_for_timeout(300)
    assert shell.changes_received() == []
    shell.press("w")
    shell.wait_for_disk("duck5.jpg", ["duck"])


# ---- a kernel that is gone


def test_a_restarted_kernel_gets_everything_when_the_cell_runs_again(shell):
    shell.start()
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw()
    shell.page.evaluate("kernel.restart()")
    shell.wait_for_state("gone")
    assert "run all cells again" in shell.status().text_content()
    shell.draw(left=0.65, right=0.75)  # and it goes on without a kernel
    assert shell.in_storage() == 1
    shell.page.evaluate("void window.runCellAgain()")
    shell.wait_for_disk("duck1.jpg", ["duck", "duck"])
    shell.wait_until_open()
    assert len(shell.boxes()) == 2
    shell.wait_for_state("saved")
    assert shell.in_storage() == 0


def test_an_old_view_does_not_bring_back_what_was_deleted_since(shell):
    shell.start()
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw()
    shell.page.evaluate("kernel.restart()")
    shell.wait_for_state("gone")
    shell.page.evaluate("void window.show()")  # the cell's output is there twice: the old one still stands
    shell.wait_for_disk("duck1.jpg", ["duck"])
    new = shell.page.locator(".tfl-annotator").nth(1)
    new.get_by_role("option").click()
    new.get_by_role("button", name="Delete box").click()
    shell.wait_for_disk("duck1.jpg", [])
    shell.page.wait_for_timeout(4500)  # the old one has tried again meanwhile
    shell.page.reload()
    shell.again()
    shell.wait_until_open()
    assert shell.boxes() == []
    assert shell.disk("duck1.jpg") == ([], False)


def test_a_page_loaded_again_hands_over_what_was_pending(shell):
    shell.start()
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw()
    shell.press("Escape")  # a selected box would get the new class
    shell.button("Add class").click()
    shell.page.keyboard.type("goose")
    shell.press("Enter")
    shell.draw(left=0.7, right=0.8)
    shell.page.reload()
    shell.again()
    shell.wait_for_disk("duck1.jpg", ["duck", "goose"])
    shell.page.get_by_text("had kept were handed to the kernel").wait_for()
    assert shell.page.evaluate("kernel.disk.classNames") == ["duck", "cow", "goose"]
    shell.wait_until_open()
    assert len(shell.boxes()) == 2
    shell.wait_for_state("saved")
    assert shell.in_storage() == 0


def test_a_page_loaded_again_while_the_kernel_is_still_busy(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw(left=0.65, right=0.75)
    shell.page.reload()
    shell.again(kernel={"busy": True})
    shell.wait_for_state("busy")
    shell.page.evaluate("kernel.setBusy(false)")
    shell.wait_for_disk("duck1.jpg", ["duck", "duck"])
    shell.wait_until_open()
    assert len(shell.boxes()) == 2


def test_pending_changes_of_pictures_not_shown_here_stay_in_the_browser(shell):
    shell.start()
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw()
    shell.page.reload()
    shell.again(names=["another.jpg"])
    shell.page.get_by_text("keeps unsaved changes of 1 picture").wait_for()
    assert shell.in_storage() == 1
    shell.wait_for_state("saved")
    shell.page.reload()
    shell.again()
    shell.wait_for_disk("duck1.jpg", ["duck"])
    shell.wait_for_state("saved")
    assert shell.in_storage() == 0


def test_changes_left_by_two_pages_for_one_picture_are_both_kept(shell):
    shell.start(contents={"duck1.jpg": content(DUCK)})
    key = "tflhelpers-annotator:annotations.json-0badcafe"
    mine = {"xyxy": [1, 2, 30, 40], "class": "cow", "crowd": False}
    for number, box in enumerate((mine, SWAN)):
        change = {"name": "duck1.jpg", "content": content(DUCK, box), "bases": [content(DUCK)]}
        held = {"at": number, "operations": [], "changes": [change]}
        shell.page.evaluate(
            "([key, held]) => localStorage.setItem(key, JSON.stringify(held))", [f"{key}:left{number}", held]
        )
    shell.page.reload()
    shell.again()
    shell.wait_for_disk("duck1.jpg", ["duck", "cow", "swan"])
    shell.page.get_by_text("Two pages had changed duck1.jpg").wait_for()


# ---- answers and refusals


@pytest.mark.parametrize("lost", [1, 2])
def test_an_answer_lost_after_saving_is_no_conflict_with_oneself(shell, lost):
    shell.start(kernel={"lose": lost})
    shell.draw()
    shell.wait_for_disk("duck1.jpg", ["duck"])
    shell.draw(left=0.65, right=0.75)  # on top of what the kernel has without our knowing
    shell.wait_for_disk("duck1.jpg", ["duck", "duck"], timeout=10_000)
    shell.wait_for_state("saved")
    assert len(shell.boxes()) == 2
    assert shell.page.locator(".tfl-notice").count() == 0
    assert shell.in_storage() == 0


def test_what_was_deleted_stays_deleted_though_an_answer_was_lost(shell):
    shell.start(kernel={"lose": 1}, contents={"duck1.jpg": content(DUCK)})
    shell.draw(left=0.65, right=0.75)
    shell.wait_for_disk("duck1.jpg", ["duck", "duck"])
    shell.press("Delete", "]", "Delete")
    shell.wait_for_disk("duck1.jpg", [], timeout=10_000)
    shell.wait_for_state("saved")
    assert shell.boxes() == []


def test_an_unwritable_file_is_an_error_and_the_boxes_stay(shell):
    shell.start(kernel={"refuse": "annotations.json cannot be written: Permission denied."})
    shell.draw()
    shell.wait_for_state("error")
    assert shell.status().text_content().startswith("Not saved: annotations.json cannot be written")
    assert len(shell.boxes()) == 1
    assert shell.in_storage() == 1
    shell.page.evaluate("kernel.refuse = null")
    shell.draw(left=0.65, right=0.75)  # the next change tries again at once
    shell.wait_for_disk("duck1.jpg", ["duck", "duck"])
    shell.wait_for_state("saved")


def test_a_file_that_can_be_written_again_is_found_out_by_itself(shell):
    shell.page.clock.install()
    shell.start(kernel={"refuse": "The disk is full."})
    shell.focus_surface()
    shell.press("w")
    shell.page.clock.run_for(1000)
    assert shell.status().text_content().startswith("Not saved: The disk is full.")
    shell.page.clock.run_for(7000)
    assert len(shell.changes_received()) == 1
    shell.page.evaluate("kernel.refuse = null")
    shell.page.clock.run_for(11_000)
    assert shell.classes_on_disk("duck1.jpg") == ["duck"]
    assert shell.status().text_content() == "Saved in annotations.json"


# ---- storage that keeps nothing


FULL = """Storage.prototype.setItem = function () {
    if (this === localStorage) throw new DOMException("no", "QuotaExceededError");
};"""
FORBIDDEN = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("no", "SecurityError"); },
});"""


@pytest.mark.parametrize(
    ("script", "sentence"), [(FULL, "the browser's storage is full"), (FORBIDDEN, "allows no storage")]
)
def test_a_browser_that_keeps_nothing_is_told_where_it_matters(shell, script, sentence):
    shell.page.add_init_script(script)
    shell.start()
    shell.draw()
    shell.wait_for_disk("duck1.jpg", ["duck"])  # all is well with a kernel
    shell.wait_for_state("saved")
    shell.page.evaluate("kernel.setBusy(true)")
    shell.draw(left=0.65, right=0.75)
    shell.wait_for_state("busy")
    assert sentence in shell.status().text_content()
    assert "do not close" in shell.status().text_content()
    shell.page.evaluate("kernel.setBusy(false)")
    shell.wait_for_disk("duck1.jpg", ["duck", "duck"])
