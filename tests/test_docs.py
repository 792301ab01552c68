"""The documentation: its code compiles, what is marked as runnable runs, and what it names is there."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import re
import shutil
import sys
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest

import tflhelpers as tfl
from tflhelpers.address import setup_cell
from tflhelpers.data.resizing import resize_image

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"(?P<run><!-- run -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)
NAME = re.compile(r"\btfl\.(\w+)(?:\.(\w+))?")
NOTEBOOK = re.compile(r"\b\d\d_[a-z_]+\b(?!/)")
PACKAGE_FILE = re.compile(r"`((?:tflhelpers|tools|tests|notebooks|benchmarks|docs)/[\w./]*)`")
STEPS = 2  # of each training in the examples: they are run to see that they run


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).with_suffix("").as_posix()


def blocks_of(page: Path, language: str = "python") -> list[tuple[str, bool]]:
    """The code blocks of a page in a language, and whether each is marked with `<!-- run -->`."""
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [(block["code"], bool(block["run"])) for block in found if block["language"] == language]


def load_tool(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUNNABLE = [page for page in PAGES if any(run for _, run in blocks_of(page))]


@pytest.fixture(params=PAGES, ids=name_of)
def page(request):
    return request.param


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("```python\nx = 1\n```\n", [("x = 1\n", False)]),
        ("<!-- run -->\n```python\nx = 1\n```\n\n```text\nnot this\n```\n", [("x = 1\n", True)]),
        ("<!-- run -->\n\nwords\n\n```python\nx = 1\n```\n", [("x = 1\n", False)]),
    ],
)
def test_blocks_are_found(tmp_path, text, blocks):
    (tmp_path / "page.md").write_text(text, "utf-8")
    assert blocks_of(tmp_path / "page.md") == blocks


def test_code_compiles(page):
    for code, _ in blocks_of(page):
        compile(code, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_public_names_are_there(page):
    """`tfl.name` is public, and so is the second word of `tfl.Detector.load` and `tfl.samples.duck_photos`."""
    for name, inner in NAME.findall(page.read_text("utf-8")):
        assert name in tfl.__all__, f"tfl.{name} is not a public name"
        if inner and (name[0].isupper() or inspect.ismodule(getattr(tfl, name))):
            assert hasattr(getattr(tfl, name), inner), f"tfl.{name} has no {inner}"


def test_notebooks_and_files_are_there(page):
    text = page.read_text("utf-8")
    for notebook in NOTEBOOK.findall(text):
        assert (ROOT / "notebooks" / f"{notebook}.ipynb").is_file(), f"there is no notebook {notebook}"
    for file in PACKAGE_FILE.findall(text):
        assert (ROOT / file).exists() or "..." in file, f"there is no {file}"


def test_every_page_is_in_the_navigation(page):
    """`mkdocs build --strict` sees to it too; this needs no MkDocs."""
    assert f" {page.relative_to(DOCS).as_posix()}\n" in (ROOT / "mkdocs.yml").read_text("utf-8")


def test_every_public_name_has_its_place_in_the_reference():
    hooks = load_tool("docs_hooks")
    described = hooks.pages_of_rooms(DOCS)
    assert [name for name, module in hooks.homes().items() if hooks.room_of(module) not in described] == []


def stray_lines(docstring: str) -> list[str]:
    """Lines that begin an entry of `Args:` or `Raises:` and are none: "name: text" is what MkDocs can read."""
    section, stray = False, []
    for line in docstring.splitlines():
        if line and not line.startswith(" "):
            section = line in ("Args:", "Raises:", "Attributes:")
        elif section and re.match(r" {4}\S", line) and not re.match(r" {4}[\w*`., |]+: \S", line):
            stray.append(line.strip())
    return stray


def test_stray_lines_of_a_docstring_are_found():
    good = "Do it.\n\nArgs:\n    a, b: one,\n        and more.\n\nRaises:\n    ValueError: never."
    assert stray_lines(good) == []
    assert stray_lines(good + "\n\n    Whatever is raised") == ["Whatever is raised"]


def test_every_docstring_can_be_read_by_mkdocs():
    """`mkdocs build --strict` sees to it too; this needs no MkDocs."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    stray = [
        f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {line}"
        for file in sorted((ROOT / "tflhelpers").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, documented)
        for line in stray_lines(ast.get_docstring(node) or "")
    ]
    assert stray == []


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("[a](b.md) and [c](https://d.e/f)", "[a](b.md) and [c](https://d.e/f)"),
        ("![duck](../../results/duck.gif)", "![duck](../results/duck.gif)"),
        ("[the start](../../start.py)", "the start (`start.py`)"),
        ("[`start.py`](../../start.py#x)", "`start.py`"),
        ("[05_detection_gif](../../notebooks/05_detection_gif.ipynb)", "`05_detection_gif`"),
    ],
)
def test_links_out_of_the_documentation(markdown, expected, monkeypatch):
    hooks = load_tool("docs_hooks")
    monkeypatch.setattr(hooks, "REPOSITORY", "")
    shown = set()
    assert hooks.linked_from(markdown, "how_to/page.md", DOCS, shown) == expected
    assert shown == ({"results/duck.gif"} if "duck" in markdown else set())


def test_links_lead_to_the_repository_when_it_has_an_address(monkeypatch):
    hooks = load_tool("docs_hooks")
    monkeypatch.setattr(hooks, "REPOSITORY", "someone/tflhelpers")
    linked = hooks.linked_from("[s](../start.py)", "page.md", DOCS, set())
    assert linked == "[s](https://github.com/someone/tflhelpers/blob/main/start.py)"


def test_the_picture_of_the_rooms_is_up_to_date():
    drawing = load_tool("draw_architecture")
    assert (DOCS / "architecture.svg").read_text("utf-8") == drawing.svg()
    rooms = {path.parent.name for path in (ROOT / "tflhelpers").glob("*/__init__.py")}
    assert {*drawing.ROOMS, *(name for _, _, name, _ in drawing.FLOORS)} >= rooms


# ---- the messages on the page about troubles are what the package says


def says(function, *arguments, **keywords) -> str:
    """The message of what a call raises."""
    with pytest.raises(Exception, match=r"\w") as caught:
        function(*arguments, **keywords)
    return str(caught.value)


@pytest.fixture(scope="module")
def troubles():
    """The messages on the page, each in one line."""
    texts = [code for code, _ in blocks_of(DOCS / "troubleshooting.md", "text")]
    return [line for text in texts for line in text.splitlines()]


def is_shown(message: str, troubles: list[str]) -> bool:
    """Whether a message stands on the page; there, three dots may stand for a part of it."""
    patterns = [".*".join(map(re.escape, line.split("..."))) for line in troubles]
    return any(re.fullmatch(pattern, message, re.S) for pattern in patterns)


@pytest.mark.parametrize(
    ("message", "shown"), [("a b", True), ("a c", False), ("x 12 y", True), ("x 12 y z", False), ("", False)]
)
def test_messages_are_compared_with_their_gaps(message, shown):
    assert is_shown(message, ["a b", "x ... y"]) is shown


def test_the_message_about_downloads(tmp_path, monkeypatch, troubles):
    from tests.model.unsteady_server import Unsteady, unsteady_server
    from tflhelpers.model import sources, zoo

    monkeypatch.setenv("no_proxy", "*")
    for client in ("kagglehub", "tensorflow_hub"):
        monkeypatch.setitem(sys.modules, client, None)
    with unsteady_server(Unsteady(statuses=[403])) as server:
        monkeypatch.setattr(zoo, "BASE_URL", server.url.rsplit("/", 1)[0])
        message = says(sources.fetch_weights, zoo.zoo_model("mobilenet_320"), cache=tmp_path, progress=False)
    there = message.replace("http://", "https://").replace("  127.0.0.1", "  download.tensorflow.org")
    assert [line for line in there.splitlines() if not is_shown(line, troubles)] == []


def test_messages_about_pictures_and_files(tmp_path, monkeypatch, troubles):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    Path("x.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    Path("page.jpg").write_text("<html>")
    Path("cut.jpg").write_bytes(tfl.samples.duck_photos().image_paths[0].read_bytes()[:3000])
    Path("empty").mkdir()
    assert [
        name
        for name in ("x.heic", "page.jpg", "cut.jpg")
        if not is_shown(says(tfl.read_image, name), troubles)
    ] == []
    assert is_shown(says(tfl.import_annotations, "empty"), troubles)
    assert is_shown(says(tfl.Detector.load, "nowhere"), troubles)


def test_messages_about_boxes_and_classes(troubles):
    photos, detector = tfl.samples.duck_photos(), tfl.Detector.embedded(["cup"])
    assert is_shown(says(tfl.Boxes, [10, 20, 30, 40], [0]), troubles)
    assert is_shown(says(tfl.Boxes, [[30, 20, 10, 40]], [0]), troubles)
    assert is_shown(says(tfl.fine_tune, detector, photos), troubles)
    nothing = tfl.Annotations.from_items(["cup"], [(photos.image_paths[0], tfl.Boxes.empty())])
    assert is_shown(says(tfl.fine_tune, detector, nothing), troubles)
    assert is_shown(says(tfl.evaluate, [tfl.Boxes.empty()], photos), troubles)
    cups = [tfl.Boxes([[0, 0, 9, 9]], [0], [0.9], class_names=("cup",))] * len(photos)
    assert is_shown(says(tfl.evaluate, cups, photos), troubles)


def test_messages_about_folders_of_classes(tmp_path, troubles):
    photos = tfl.samples.duck_photos().image_paths
    for name, taken in (("shirt", photos[:2]), ("trousers", [])):
        (tmp_path / name).mkdir()
        for photo in taken:
            shutil.copyfile(photo, tmp_path / name / photo.name)
        assert is_shown(says(tfl.formats.labelled_photos, tmp_path), troubles)
    shutil.copyfile(photos[0], tmp_path / "trousers" / "other.jpg")
    assert is_shown(says(tfl.formats.labelled_photos, tmp_path), troubles)


@pytest.mark.slow
def test_messages_of_the_doctor_and_about_scenes(troubles):
    photos, detector = tfl.samples.duck_photos(), tfl.Detector.embedded(["duck"])
    fractions = [(path, boxes.scale(1 / 640, 1 / 480)) for path, boxes in photos]
    for examined in (photos, tfl.Annotations.from_items(["duck"], fractions)):
        cause = tfl.diagnose(detector, examined).causes[0]
        assert is_shown(str(cause), troubles)
    assert is_shown(str(photos.shared_scenes(photos)), troubles)


def test_messages_of_gifs_drive_and_start(tmp_path, monkeypatch, troubles):
    from tflhelpers.drive import explain_mount_failure

    monkeypatch.chdir(tmp_path)
    info = tfl.write_gif([np.zeros((20, 30, 3), np.uint8)] * 3, "a.gif", fps=60)
    assert is_shown(str(info), troubles)
    denied = explain_mount_failure(ValueError("credential propagation was unsuccessful"))
    assert is_shown(f"Google Drive is not mounted: {denied} A local folder is used instead.", troubles)
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    start = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(start)
    assert is_shown(says(start.check_python, (3, 9)).splitlines()[0], troubles)


def test_the_message_of_the_setup_cell(troubles):
    message = re.search(r'print\("(tflhelpers was not found.*?)"\)', setup_cell(""))
    assert message is not None
    assert is_shown(message[1], troubles)


# ---- the examples are run in a folder that holds what they speak of


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with photos, frames, clips and labels under the names of the pages; trainings are short in it."""
    from tflhelpers.training.fine_tune import fine_tune

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(fine_tune.__kwdefaults__, "steps", STEPS)
    duck = [(path, boxes.xyxy) for path, boxes in tfl.samples.duck_photos()]
    clip = [(path, boxes.xyxy) for path, boxes in tfl.samples.duck_clip()]
    write_set("photos", ["duck"], duck, [0] * 5)
    write_set("frames", ["astromech", "protocol droid"], clip[:24:4], [0, 1] * 3)
    write_set("exam", ["astromech", "protocol droid"], clip[24::4], [0, 1] * 3)
    names = ["batman", "joker", "robin", "catwoman", "penguin"]
    figures = write_set("figures", names, duck + clip[:40:8] + clip[4:40:8], list(range(5)) * 3)
    tfl.export_annotations(figures, "labels", "voc")
    misspelt = Path("labels", f"{duck[1][0].stem}.xml")
    misspelt.write_text(misspelt.read_text("utf-8").replace("joker", "Joker"), "utf-8")
    write_labelbox("export.json", duck)
    write_set("clip", ["duck"], clip[:6], [0] * 6)
    shutil.copyfile(duck[0][0], "new_photo.jpg")
    for path, _ in duck + clip:
        shutil.copyfile(path, Path("photos", path.name))
    for name in ("training_clip.mp4", "new_clip.mp4"):
        write_clip(name, [path for path, _ in clip[:24]])
    return tmp_path


def write_set(folder, class_names, pictures, labels) -> tfl.Annotations:
    """Copy pictures with one box each into a folder, with `annotations.json`."""
    Path(folder).mkdir()
    rows = []
    for (path, xyxy), label in zip(pictures, labels, strict=True):
        shutil.copyfile(path, Path(folder, path.name))
        rows.append((Path(folder, path.name), tfl.Boxes(xyxy, [label])))
    annotations = tfl.Annotations.from_items(class_names, rows)
    annotations.save(Path(folder, "annotations.json"))
    return annotations


def write_labelbox(path, pictures) -> None:
    """An export as Labelbox wrote them from 2020 on."""
    rows = []
    for number, (file, xyxy) in enumerate(pictures):
        x1, y1, x2, y2 = xyxy[0].tolist()
        box = {"top": y1, "left": x1, "height": y2 - y1, "width": x2 - x1}
        objects = [{"title": "duck", "value": "duck", "bbox": box}]
        label, address = {"objects": objects}, f"https://example.org/{file.name}"
        rows.append({"ID": str(number), "Labeled Data": address, "External ID": file.name, "Label": label})
    Path(path).write_text(json.dumps(rows), "utf-8")


def write_clip(path, files) -> None:
    frames = [resize_image(tfl.read_image(file), (240, 320)) for file in files]
    imageio.mimwrite(path, [np.asarray(frame) for frame in frames], fps=6, macro_block_size=16)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_examples_run(page, workplace):
    """In their order, as one program."""
    names: dict = {}
    for number, (code, run) in enumerate(blocks_of(page)):
        if run:
            exec(compile(code, f"{name_of(page)}, block {number + 1}", "exec"), names)
    assert names
