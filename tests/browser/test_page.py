"""The self-contained page, opened from disk: draw, leave, come back, download, and `Annotations.load` the file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import tflhelpers as tfl
from tests.browser.shell_driver import Shell

ODD_CLASS = 'the "big" one 🦆 </script>'


class Page(Shell):
    """The page that `Annotator.to_html` wrote, seen as the shell's tests see theirs."""

    def __init__(self, page):
        super().__init__(page, "")

    def open(self, path):
        self.page.goto(path.as_uri())
        self.wait_until_open()
        return self

    def download(self, folder):
        with self.page.expect_download() as waiting:
            self.button("Download annotations.json").click()
        assert waiting.value.suggested_filename == "annotations.json"
        waiting.value.save_as(folder / "annotations.json")
        return json.loads((folder / "annotations.json").read_text("utf-8"))


@pytest.fixture
def photos(tmp_path):
    """Three photos of 800 x 600, the last turned by EXIF, and one that is broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        image = Image.fromarray(np.full((600, 800, 3), 90 + 40 * number, np.uint8))
        exif = Image.Exif()
        if number == 2:
            exif[0x0112] = 6  # the camera was held upright: 600 x 800 to be seen
        image.save(folder / f"photo{number}.jpg", exif=exif)
    (folder / "photo3.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return folder


@pytest.fixture
def write_page(tmp_path, photos):
    """Write the page of an annotator whose file has a box already, and things that it does not show."""

    def write(class_names=("duck", ODD_CLASS)):
        annotator = tfl.Annotator(photos, class_names, tmp_path / "annotations.json")
        return annotator.to_html(tmp_path / "page.html")

    header = {"info": {"description": "mine"}, "licenses": []}
    file = {
        **header,
        "categories": [{"id": 7, "name": "duck", "supercategory": "bird"}],
        "images": [
            {"id": 3, "file_name": "photos/photo0.jpg", "width": 800, "height": 600, "license": 1},
            {"id": 9, "file_name": "elsewhere.jpg", "width": 10, "height": 10},
        ],
        "annotations": [
            {"id": 4, "image_id": 3, "category_id": 7, "bbox": [10.5, 20, 100, 50], "area": 1, "note": "x"},
            {"id": 5, "image_id": 9, "category_id": 7, "bbox": [1, 1, 2, 2], "area": 4},
        ],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(file), "utf-8")
    return write


@pytest.fixture
def standing(page, write_page):
    return Page(page).open(write_page())


def test_what_the_file_had_is_shown(standing):
    assert standing.boxes() == ["duck 1: 11, 20 to 111, 70"]
    assert standing.page.locator(".tfl-progress").text_content() == "1 of 3 done, 1 broken"


def test_a_session_ends_in_a_file_that_can_be_loaded(standing, tmp_path):
    standing.page.get_by_role("radio", name=ODD_CLASS, exact=True).click()
    standing.draw(left=0.4, top=0.4, right=0.6, bottom=0.6)
    standing.go_to(2)
    standing.button("Nothing here").click()
    standing.go_to(3)
    standing.draw(left=0.45, top=0.1, right=0.55, bottom=0.9)
    standing.download(tmp_path)
    loaded = tfl.Annotations.load(tmp_path / "annotations.json")
    assert loaded.class_names == ("duck", ODD_CLASS)
    found = {path.name: boxes for path, boxes in loaded}
    assert sorted(found) == ["elsewhere.jpg", "photo0.jpg", "photo1.jpg", "photo2.jpg"]
    assert found["photo0.jpg"].labels.tolist() == [0, 1]
    assert found["photo0.jpg"].xyxy[0].tolist() == [10.5, 20, 110.5, 70]
    assert len(found["photo1.jpg"]) == 0
    [(x1, y1, x2, y2)] = found["photo2.jpg"].xyxy.tolist()
    assert (x1 + x2) / 2 == pytest.approx(300, abs=1)  # upright: 600 wide, 800 high
    assert (y1 + y2) / 2 == pytest.approx(400, abs=1)
    assert y2 - y1 > 600
    assert loaded.check() == [] or all("elsewhere.jpg" in str(problem) for problem in loaded.check())


def test_untouched_entries_keep_their_ids_and_fields(standing, tmp_path):
    standing.draw(left=0.4, top=0.4, right=0.6, bottom=0.6)
    file = standing.download(tmp_path)
    assert file["info"] == {"description": "mine"}
    assert file["categories"][0] == {"id": 7, "name": "duck", "supercategory": "bird"}
    assert [row["id"] for row in file["images"]] == [9, 3]
    assert file["images"][1]["license"] == 1
    rows = {row["id"]: row for row in file["annotations"]}
    assert sorted(rows) == [4, 5, 6]
    assert rows[4]["note"] == "x"
    assert rows[4]["bbox"] == [10.5, 20, 100, 50]
    new = rows[6]
    assert (new["image_id"], new["category_id"], new["iscrowd"]) == (3, 7, 0)
    assert new["area"] == new["bbox"][2] * new["bbox"][3]


def test_a_deleted_box_and_a_renamed_class_in_the_file(standing, tmp_path):
    standing.button("Rename class").click()
    standing.page.keyboard.type("mallard")
    standing.press("Enter")
    file = standing.download(tmp_path)
    assert file["categories"][0] == {"id": 7, "name": "mallard", "supercategory": "bird"}
    assert [row["id"] for row in file["annotations"]] == [5, 4]
    assert file["annotations"][1]["note"] == "x"
    standing.page.get_by_role("option").click()
    standing.button("Delete box").click()
    file = standing.download(tmp_path)
    assert [row["file_name"] for row in file["images"]] == ["elsewhere.jpg"]  # the picture is todo again
    assert [row["id"] for row in file["annotations"]] == [5]


def test_what_was_drawn_is_there_after_the_page_was_closed(standing, write_page, tmp_path):
    standing.draw(left=0.4, top=0.4, right=0.6, bottom=0.6)
    standing.button("Add class").click()
    standing.page.keyboard.type("goose")
    standing.press("Enter")
    before = standing.boxes()
    standing.page.reload()
    standing.wait_until_open()
    assert standing.boxes() == before
    assert [radio.get_attribute("aria-label") for radio in standing.page.get_by_role("radio").all()] == [
        "duck",
        ODD_CLASS,
        "goose",
    ]
    assert "Kept in this browser" in standing.status().text_content()
    standing.page.get_by_text("Went on with what was drawn earlier in this browser (1 picture)").wait_for()


def test_a_page_written_again_adds_what_the_file_has_got_since(standing, write_page, tmp_path):
    standing.draw(left=0.4, top=0.4, right=0.6, bottom=0.6)
    path = tmp_path / "annotations.json"
    loaded = tfl.Annotations.load(path)
    more = tfl.Boxes([[10.5, 20, 110.5, 70], [300, 30, 400, 90]], [0, 0])
    loaded.with_boxes(0, more).save(path)
    standing.open(write_page())
    names = standing.boxes()
    assert len(names) == 3
    assert {"duck 1: 11, 20 to 111, 70", "duck 3: 300, 30 to 400, 90"} <= set(names)


def test_two_tabs_do_not_overwrite_each_other(standing, write_page, tmp_path):
    other = Page(standing.page.context.new_page()).open(standing_path := write_page())
    assert standing_path.exists()
    standing.draw(left=0.4, top=0.4, right=0.6, bottom=0.6)
    other.page.wait_for_function("document.querySelectorAll('[role=option]').length === 2")
    other.go_to(2)
    other.draw()
    standing.go_to(2)
    standing.page.wait_for_function("document.querySelectorAll('[role=option]').length === 1")
    file = standing.download(tmp_path)
    assert len(file["annotations"]) == 4


def test_a_browser_that_keeps_nothing_is_told_so(page, write_page):
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); };"
    )
    standing = Page(page).open(write_page())
    standing.draw(left=0.4, top=0.4, right=0.6, bottom=0.6)
    standing.wait_for_state("error")
    assert "Only in this page" in standing.status().text_content()
    assert "download annotations.json before you close it" in standing.status().text_content()


def test_thumbnails_and_the_broken_picture(standing):
    standing.page.locator(".tfl-thumbnail img").nth(2).wait_for()
    assert standing.page.locator(".tfl-thumbnail img").count() == 3
    standing.go_to(4)
    assert "photo3.jpg" in standing.page.locator(".tfl-overlay").text_content()


def test_it_asks_for_nothing_from_the_network(page, write_page):
    asked = []
    page.on("request", lambda request: asked.append(request.url.split(":")[0]))
    Page(page).open(write_page())
    assert set(asked) <= {"file", "data", "blob"}


def test_a_phone(open_page, write_page):
    narrow = open_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    standing = Page(narrow).open(write_page())
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
    box = standing.button("Download annotations.json").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["height"] >= 40
