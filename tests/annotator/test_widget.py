"""The widget's side of the conversation, by messages as the page sends them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.annotator.widget import Annotator
from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes

ROOT = Path(__file__).resolve().parents[2]
TODO = {"boxes": [], "nothing_here": False}
NOTHING = {"boxes": [], "nothing_here": True}


def box(x1, name="duck"):
    return {"xyxy": [float(x1), 2.0, 30.0, 40.0], "class": name, "crowd": False}


def drawn(*boxes):
    return {"boxes": list(boxes), "nothing_here": False}


class Finder:
    """Proposes one duck with its left edge at `x1`."""

    class_names = ("duck",)

    def __init__(self, x1):
        self.x1 = x1

    def detect(self, image, *, threshold):
        return Boxes([[self.x1, 2, 30, 40]], [0], [0.875])


@pytest.fixture
def file(photos):
    return photos / "annotations.json"


@pytest.fixture
def annotator(photos, file):
    return Annotator(photos, ["duck"], file)


@pytest.fixture
def page(annotator, open_page):
    return open_page(annotator)


def test_hello(page, annotator, file):
    described = page.ask("hello")["set"]
    assert described.pop("name") == annotator.set_name
    assert described == {
        "class_names": ["duck"],
        "names": ["duck1.jpg", "duck2.jpg", "duck10.jpg"],
        "states": "ttt",
        "position": 0,
        "can_suggest": False,
        "kept_where": str(file),
    }
    assert annotator.set_name.startswith("annotations.json-")
    assert repr(annotator) == f"Annotator(0 of 3 pictures done, kept in {file})"


def test_the_sets_name_is_that_of_the_file(photos, file, tmp_path, monkeypatch, annotator):
    monkeypatch.chdir(photos)
    assert Annotator("duck1.jpg", ["goose"]).set_name == annotator.set_name
    assert Annotator(photos, ["duck"], tmp_path / "annotations.json").set_name != annotator.set_name


def test_open(page, annotator, photos):
    Image.new("RGB", (2562, 1281)).save(photos / "duck2.jpg")
    picture = page.ask("open", index=1, next=2)["picture"]
    assert picture.pop("url").startswith("data:image/jpeg;base64,/9j/")
    assert picture == {
        "index": 1,
        "name": "duck2.jpg",
        "width": 2562,
        "height": 1281,
        "content": TODO,
        "error": None,
    }
    (photos / "duck10.jpg").unlink()
    assert page.ask("open", index=2, next=None)["picture"]["url"], "it was fetched before"
    assert page.ask("thumbnail", index=1)["url"].startswith("data:image/jpeg;base64,")


def test_change_is_on_disk_when_it_is_answered(page, annotator, file):
    answer = page.change("duck10.jpg", drawn(box(1)), TODO)
    assert answer == {
        "kind": "saved",
        "name": "duck10.jpg",
        "content": drawn(box(1)),
        "merged": False,
        "notice": None,
        "ticket": 1,
    }
    assert annotator.states == "ttb"
    assert annotator.annotations == Annotations.load(file)
    page.change("duck1.jpg", NOTHING, TODO)
    assert (annotator.states, len(annotator.annotations)) == ("ntb", 2)
    assert page.ask("open", index=2)["picture"]["content"] == drawn(box(1))
    page.change("duck10.jpg", TODO, drawn(box(1)))
    assert (annotator.states, len(Annotations.load(file))) == ("ntt", 1)


def test_reopened_it_shows_earlier_boxes(page, photos, file, open_page):
    page.change("duck2.jpg", drawn(box(1), box(2, 'gr"een 🦆')), TODO)
    again = Annotator(str(photos / "*.jpg"), path=file)
    assert (again.class_names, again.states) == (["duck", 'gr"een 🦆'], "tbt")
    assert open_page(again).ask("open", index=1)["picture"]["content"] == drawn(box(1), box(2, 'gr"een 🦆'))


def test_two_widgets_on_one_file(page, photos, file, open_page):
    other = open_page(Annotator(photos, ["duck"], file))
    page.change("duck1.jpg", drawn(box(1)), TODO)
    other.change("duck2.jpg", drawn(box(2)), TODO)
    answer = other.change("duck1.jpg", drawn(box(3)), TODO)
    assert (answer["merged"], answer["content"]) == (True, drawn(box(1), box(3)))
    assert "Somebody else has changed the boxes of duck1.jpg" in answer["notice"]
    assert page.ask("open", index=0)["picture"]["content"] == drawn(box(1), box(3))
    assert page.annotator.states == "bbt"


def test_classes(page, annotator, file):
    page.change("duck1.jpg", drawn(box(1)), TODO)
    assert page.ask("classes", add='goo"se 🦆')["class_names"] == ["duck", 'goo"se 🦆']
    assert page.ask("classes", rename=["duck", "mallard"]) == {
        "kind": "classes_saved",
        "class_names": ["mallard", 'goo"se 🦆'],
        "ticket": 3,
    }
    assert annotator.class_names == ["mallard", 'goo"se 🦆'] == list(Annotations.load(file).class_names)
    assert "taken by another class" in page.ask("classes", rename=["mallard", 'goo"se 🦆'])["reason"]


def test_a_turned_photo(photos, file, open_page):
    """Boxes land where the person drew them: in upright pixels, as `read_image` gives the photo."""
    stored = np.zeros((300, 400, 3), np.uint8)
    stored[100:200, 300:] = (
        255  # white at the right as stored: at the bottom once turned by 90 degrees clockwise
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(photos / "duck1.jpg", exif=exif, quality=95)
    page = open_page(Annotator(photos, ["duck"], file))
    picture = page.ask("open", index=0)["picture"]
    assert (picture["width"], picture["height"]) == (300, 400)
    around_the_white = {"boxes": [{"xyxy": [100, 300, 200, 400], "class": "duck", "crowd": False}]}
    page.change("duck1.jpg", around_the_white, TODO)
    from tflhelpers.data.images import read_image

    ((path, boxes),) = Annotations.load(file)
    x1, y1, x2, y2 = boxes.xyxy[0].astype(int)
    assert read_image(path)[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].min() > 200
    assert Annotations.load(file).check() == []


def test_broken_and_deleted_pictures(page, annotator, photos):
    page.change("duck2.jpg", drawn(box(1)), TODO)
    (photos / "duck1.jpg").write_bytes(b"<html>")
    (photos / "duck2.jpg").unlink()
    broken, deleted = page.ask("open", index=0)["picture"], page.ask("open", index=1)["picture"]
    assert (broken["url"], annotator.states) == (None, "xxt")
    assert "duck1.jpg: expected a picture, got a web page" in broken["error"]
    assert "duck2.jpg: there is no such file" in deleted["error"]
    assert deleted["content"] == drawn(box(1)), "its boxes stay"
    assert len(annotator.annotations) == 1
    assert page.ask("thumbnail", index=0)["url"] is None


def test_a_thumbnail_finds_broken_pictures_too(page, annotator, photos):
    (photos / "duck10.jpg").write_bytes(b"")
    page.ask("thumbnail", index=2)
    assert annotator.states == "ttx"


def test_an_unwritable_path(photos, tmp_path, open_page):
    (tmp_path / "file").write_text("in the way")
    annotator = Annotator(photos, ["duck"], tmp_path / "file" / "annotations.json")
    page = open_page(annotator)
    answer = page.change("duck1.jpg", drawn(box(1)), TODO)
    assert (answer["kind"], answer["name"]) == ("not_saved", "duck1.jpg")
    assert "annotations.json cannot be written in the folder" in answer["reason"]
    assert "Not a directory" in answer["reason"]
    (tmp_path / "file").unlink()
    assert page.change("duck1.jpg", drawn(box(1)), TODO)["kind"] == "saved"


def test_a_malformed_file_is_said_and_kept_aside(photos, file, open_page):
    file.write_text('{"images": [')
    with pytest.raises(AnnotationError):
        Annotator(photos, path=file)
    annotator = Annotator(photos, ["duck"], file)
    assert "cannot be used as it is. It is left alone" in annotator.notice
    open_page(annotator).change("duck1.jpg", drawn(box(1)), TODO)
    assert (photos / "annotations.unusable-1.json").read_text() == '{"images": ['
    assert "kept as annotations.unusable-1.json" in annotator.notice
    assert len(Annotations.load(file)) == 1


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "nonsense"},
        {"kind": ["hello"]},
        {"kind": "message"},
        {"kind": "open"},
        {"kind": "open", "index": 3, "ticket": 99},
        {"kind": "open", "index": "0", "ticket": 99},
        {"kind": "thumbnail", "index": -1, "ticket": 99},
        {"kind": "propose", "index": None, "ticket": 99},
        {"kind": "change", "ticket": 99},
        {"kind": "change", "name": "gone.jpg", "content": TODO, "ticket": 99},
        {"kind": "change", "name": "duck1.jpg", "content": {"boxes": [{}]}, "ticket": 99},
        {"kind": "change", "name": "duck1.jpg", "content": TODO, "bases": [7], "ticket": 99},
        {"kind": "classes", "ticket": 99},
        {"kind": "classes", "rename": "duck", "ticket": 99},
        {"kind": "classes", "rename": ["duck"], "ticket": 99},
        "hello",
        None,
    ],
)
def test_strange_messages_never_stop_the_kernel(page, annotator, file, message):
    annotator._handle_custom_msg(message, [])
    if isinstance(message, dict) and "ticket" in message:
        (answer,) = page.heard
        assert (answer["kind"], answer["ticket"]) == ("not_saved", 99)
        assert answer["reason"]
    assert not file.exists()
    assert page.ask("hello")["kind"] == "welcome"


def test_proposals(page, annotator):
    assert page.ask("propose", index=1) == {"kind": "proposals", "index": 1, "boxes": [], "ticket": 1}
    annotator.suggest = Finder(5)
    page.wait()
    proposal = {"xyxy": [5.0, 2.0, 30.0, 40.0], "class": "duck", "score": 0.875}
    unasked = {"kind": "proposals", "index": 0, "boxes": [proposal]}
    assert (annotator.can_suggest, page.heard[-1]) == (True, unasked)
    assert page.ask("propose", index=1)["boxes"] == [proposal]
    assert len(annotator.annotations) == 0, "what is proposed is not saved"
    page.change("duck1.jpg", NOTHING, TODO)
    heard = len(page.heard)
    annotator.suggest = Finder(6)
    page.wait()
    assert len(page.heard) == heard, "nothing is proposed unasked on what is labelled"
    annotator.suggest = None
    assert annotator.can_suggest is False
    with pytest.raises(TypeError, match="suggest must be a detector"):
        annotator.suggest = "duck"


def test_a_detector_that_fails_is_a_notice(photos, file, open_page):
    class Broken(Finder):
        def detect(self, image, *, threshold):
            raise RuntimeError("out of memory")

    annotator = Annotator(photos, ["duck"], file, suggest=Broken(1))
    page = open_page(annotator)
    assert annotator.can_suggest
    assert page.ask("propose", index=1)["boxes"] == []
    assert annotator.notice == "No proposals on duck2.jpg: the detector failed (RuntimeError: out of memory)."
    assert page.ask("hello")["kind"] == "welcome"


def test_annotations_given_are_shown(photos, file):
    given = Annotations(["goose", "duck"], [(photos / "duck2.jpg", Boxes([[1, 2, 30, 40]], [1]))])
    annotator = Annotator(given, path=file)
    assert (annotator.class_names, annotator.states) == (["goose", "duck"], "b")
    assert annotator.annotations == given


def test_names_may_come_as_one_line_of_a_form(photos, file):
    assert Annotator(photos, "rubber duck, cup", file).class_names == ["rubber duck", "cup"]


@pytest.mark.parametrize(
    ("images", "class_names", "words"),
    [
        ([], ["duck"], "got an empty list"),
        ("no/such/folder", ["duck"], "there is no such folder or file"),
        ([np.zeros((3, 4, 3), np.uint8)], ["duck"], "images must be files, got ndarray"),
        (None, None, "expected class names"),
        (None, "duck, duck", "taken by class 0"),
        (None, "duck,", "class 1"),
        (None, ["duck", "duck"], "taken by class 0"),
        (None, [], "at least one class"),
    ],
)
def test_what_cannot_be_annotated(photos, file, images, class_names, words):
    with pytest.raises(ValueError, match=words):
        Annotator(photos if images is None else images, class_names, file)


def test_traits_are_small_and_travel_as_json(photos, file):
    """A front end is sent all traits when the widget is shown: no picture may be among them."""
    annotator = Annotator(photos, ["duck"], file)
    state = annotator.get_state()
    ours = {
        key: state[key] for key in ("set_name", "class_names", "states", "position", "can_suggest", "notice")
    }
    assert len(json.dumps(ours)) < 1000
    assert state["_esm"].count("export default") == 1


def test_only_using_it_needs_the_widget_packages(photos):
    code = (
        "import sys, tflhelpers\n"
        "loaded = {'anywidget', 'ipywidgets'} & set(sys.modules)\n"
        f"annotator = tflhelpers.Annotator({str(photos)!r}, ['duck'], {str(photos / 'a.json')!r})\n"
        "print(loaded, annotator.states, {'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set() ttt set()"


def test_to_html_holds_the_pictures_and_all_of_the_file(page, annotator, photos, file):
    (photos / "duck2.jpg").write_bytes(b"")
    page.change("duck1.jpg", drawn(box(1, "</script> 🦆")), TODO)
    written = annotator.to_html(photos / "pages" / "draw.html")
    text = written.read_text("utf-8")
    assert written == photos / "pages" / "draw.html"
    assert text.count("data:image/jpeg;base64,") == 2
    assert "duck2.jpg: expected a picture, got an empty file" in text
    data = json.loads(
        text[text.index("{", text.index('type="application/json"')) : text.index("]}</script>") + 2]
    )
    assert data["file"] == json.loads(file.read_text("utf-8"))
    assert [picture["file_name"] for picture in data["pictures"]] == ["duck1.jpg", "duck2.jpg", "duck10.jpg"]
    assert data["pictures"][0]["content"] == drawn(box(1, "</script> 🦆"))


def test_two_widgets_whose_messages_are_handled_in_two_threads(photos, file, open_page):
    """As JupyterLab does where the kernel has subshells; a cell may ask for the annotations meanwhile."""
    for number in range(20, 60):
        (photos / f"duck{number}.jpg").write_bytes((photos / "duck1.jpg").read_bytes())
    pages = [open_page(Annotator(photos, ["duck"], file)) for _ in range(2)]

    def draw_on_every_second(first):
        for name in pages[first].annotator._names[first::2]:
            assert pages[first].change(name, drawn(box(first)), TODO)["kind"] == "saved"

    threads = [threading.Thread(target=draw_on_every_second, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(pages[0].annotator.annotations) <= 43
    for page in pages:
        page.ask("hello")
        assert page.annotator.states == "b" * 43
    left = sorted(int(boxes.xyxy[0, 0]) for _, boxes in Annotations.load(file))
    assert left == [0] * 22 + [1] * 21
