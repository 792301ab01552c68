"""The page written by `Annotator.to_html` stands alone, whatever the names in it are."""

from __future__ import annotations

import json
import re

import pytest

from tflhelpers.annotator.page import write_page

TODO = {"boxes": [], "nothing_here": False}
DESCRIPTION = {"name": "annotations.json-1", "class_names": ["duck"], "kept_where": "annotations.json"}


def picture(name="a.jpg", content=TODO):
    url = "data:image/jpeg;base64,AAAA"
    return {
        "index": 0,
        "name": name,
        "url": url,
        "width": 53,
        "height": 37,
        "content": content,
        "error": None,
    }


def data_of(path):
    text = path.read_text("utf-8")
    return json.loads(
        re.search(r'<script type="application/json" id="picture-set">(.*?)</script>', text, re.S)[1]
    )


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_pictures_are_in_it_in_order(tmp_path, count):
    pictures = [picture(f"{number}.jpg") for number in range(count)]
    path = write_page(tmp_path / "new folder" / "page.html", DESCRIPTION, pictures)
    data = data_of(path)
    assert [each["name"] for each in data["pictures"]] == [f"{number}.jpg" for number in range(count)]
    assert data["name"] == "annotations.json-1"
    assert data["class_names"] == ["duck"]
    assert data["file"] == {"categories": [], "images": [], "annotations": []}


def test_names_in_the_file_may_be_others(tmp_path):
    path = write_page(tmp_path / "p.html", DESCRIPTION, [picture("a.jpg")], file_names=["../photos/a.jpg"])
    [found] = data_of(path)["pictures"]
    assert (found["name"], found["file_name"]) == ("a.jpg", "../photos/a.jpg")


@pytest.mark.parametrize(
    "name",
    ["</script><script>alert(1)</script>", "<!-- <script>", "{{data}} {{script}}", "a\u2028b", "🦆 \"'&"],
)
def test_no_name_breaks_out_of_its_place(tmp_path, name):
    description = {**DESCRIPTION, "class_names": [name], "kept_where": name}
    path = write_page(tmp_path / "page.html", description, [picture(name)])
    text = path.read_text("utf-8")
    data = data_of(path)
    assert (data["class_names"], data["pictures"][0]["name"]) == ([name], name)
    assert len(re.findall("<script", text)) == len(re.findall("</script>", text)) == 2
    assert "alert(1)<" not in text


def test_nothing_is_loaded_from_elsewhere(tmp_path):
    text = write_page(tmp_path / "page.html", DESCRIPTION, [picture()]).read_text("utf-8")
    assert re.findall(r"""(?:src|href)\s*=\s*["']|@import|url\(|\bimport\b.*from""", text) == []
    assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_a_failure_leaves_the_page_that_was_there(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("before", "utf-8")

    def failing():
        yield picture()
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        write_page(path, DESCRIPTION, failing())
    assert path.read_text("utf-8") == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
