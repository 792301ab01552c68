"""The real thing: a notebook program opens notebook 02, boxes are drawn with the mouse, the file on disk is right.

JupyterLab comes with this Python's extra ``browser``. The others live in Pythons of their own, named by the
variables NOTEBOOK7_PYTHON and NOTEBOOK6_PYTHON (.ci/run makes the latter: Notebook 6.5.7 with ipywidgets 7.7.1 and
anywidget 0.9.21, as in Colab).
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import time

import nbformat
import numpy as np
import pytest

from tests.browser.jupyter_programs import LAB, LAB_WITH_ONE_SHELL, NOTEBOOK_6, NOTEBOOK_7, ROOT, served
from tests.browser.marked_photos import PHOTOS, find_magenta
from tflhelpers.data.annotations import Annotations

NOTEBOOK = "02_annotate_images.ipynb"
SETTINGS = 'class_names = "duck, cup"\npropose = False\nstart = "embedded"\nsteps = 2'
SLEEP = "import time\n\ntime.sleep(globals().get('seconds', 0))\nseconds = 8"
ONE, THREE, TURNED = (photo.name for photo in PHOTOS)

pytestmark = pytest.mark.timeout(240)


def lab_python():
    if importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("needs JupyterLab: pip install tflhelpers[browser]")
    return sys.executable


def python_named_by(variable):
    if not os.environ.get(variable):
        pytest.skip(f"needs the variable {variable} to name a Python with that program")
    return os.environ[variable]


PROGRAMS = {
    "lab": (LAB, lab_python),
    "lab one shell": (LAB_WITH_ONE_SHELL, lab_python),
    "notebook7": (NOTEBOOK_7, lambda: python_named_by("NOTEBOOK7_PYTHON")),
    "notebook6": (NOTEBOOK_6, lambda: python_named_by("NOTEBOOK6_PYTHON")),
}

EVERYWHERE = ["lab", "notebook7", "notebook6"]
ONE_SHELL = ["lab one shell", "notebook7", "notebook6"]
KEPT_WHILE_BUSY = re.compile("kernel is busy.*kept in this browser", re.I)


class OpenNotebook:
    """Notebook 02, open in a page; our photos are in its project folder. Run again, its last cell sleeps."""

    def __init__(self, program, page, address, folder):
        self.program, self.page, self.folder = program, page, folder
        self.data = folder / "transfer_learning_project" / "data"
        self.file = self.data / "annotations.json"
        self.address = address.format(notebook=NOTEBOOK)

    @property
    def annotator(self):
        return self.page.locator(".tfl-annotator").last

    @property
    def surface(self):
        return self.annotator.get_by_role("application", name="Picture")

    @property
    def status(self):
        return self.annotator.get_by_role("status")

    def open(self):
        self.page.goto(self.address)
        self.page.wait_for_function(self.program.ready, timeout=60_000)
        time.sleep(self.program.seconds_to_settle)

    def run_all(self):
        """Run all cells and wait until the annotator shows a picture, and the cells after it have run."""
        page_file = self.folder / "transfer_learning_project" / "results" / "annotate.html"
        page_file.unlink(missing_ok=True)
        self.page.evaluate("document.querySelectorAll('.tfl-annotator').forEach((old) => old.remove())")
        self.page.evaluate(self.program.run_all)
        wait_until(page_file.exists, 60, "the notebook to run to its end")
        self.annotator.wait_for(timeout=20_000)
        self.surface.scroll_into_view_if_needed()
        self.find_rectangle()

    def find_rectangle(self):
        """Where the magenta rectangle is seen on the page, once two looks agree."""
        seen = [None]

        def look():
            seen.append(find_magenta(self.page.screenshot(), self.surface.bounding_box()))
            return seen[-1] is not None and seen[-1] == seen[-2]

        wait_until(look, 15, "a photo to be shown")
        return seen[-1]

    def draw_around_rectangle(self, grow=0):
        """Drag a box from corner to corner with the mouse; `grow` screen pixels larger on each side."""
        self.page.mouse.move(5, 5)
        x1, y1, x2, y2 = self.find_rectangle()
        self.page.mouse.move(x1 - grow, y1 - grow)
        self.page.mouse.down()
        self.page.mouse.move((x1 + x2) / 2, (y1 + y2) / 2, steps=4)
        self.page.mouse.move(x2 + grow, y2 + grow, steps=4)
        self.page.mouse.up()
        return time.monotonic()

    def press(self, key):
        self.surface.focus()
        self.page.keyboard.press(key)

    def wait_for_picture(self, name):
        self.annotator.get_by_text(name, exact=True).first.wait_for()
        self.page.mouse.move(5, 5)

    def boxes_on_disk(self):
        """By picture name; {} while there is no file."""
        if not self.file.exists():
            return {}
        return {path.name: boxes for path, boxes in Annotations.load(self.file)}

    def wait_for_boxes(self, counts, seconds=5.0):
        """Wait until the file has as many boxes on each picture as `counts` says; return them."""

        def as_wanted():
            return {name: len(boxes) for name, boxes in self.boxes_on_disk().items()} == counts

        wait_until(as_wanted, seconds, f"the file to hold {counts}")
        return self.boxes_on_disk()


def wait_until(happens, seconds, what):
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@pytest.fixture(params=EVERYWHERE)
def notebook(request, tmp_path, open_page):
    program, python = PROGRAMS[request.param]
    folder = tmp_path / "notebooks"
    data = folder / "transfer_learning_project" / "data"
    data.mkdir(parents=True)
    for photo in PHOTOS:
        photo.write(data)
    content = nbformat.read(ROOT / "notebooks" / NOTEBOOK, as_version=4)
    next(cell for cell in content.cells if cell.id == "parameters").source = SETTINGS
    content.cells.append(nbformat.v4.new_code_cell(SLEEP, id="sleep"))
    nbformat.write(content, folder / NOTEBOOK)
    with served(program, python(), folder, tmp_path / "home") as address:
        page = open_page(errors_of="blob:")  # where widgets' modules come from
        opened = OpenNotebook(program, page, address, folder)
        opened.open()
        yield opened


def close_to(photo, within=1):
    return pytest.approx(np.array(photo.xyxy, np.float32), abs=within)


def test_what_is_drawn_is_on_disk(notebook):
    notebook.run_all()
    notebook.draw_around_rectangle()
    boxes = notebook.wait_for_boxes({ONE: 1})[ONE]
    assert boxes.xyxy[0] == close_to(PHOTOS[0])
    notebook.press("d")
    notebook.wait_for_picture(THREE)
    notebook.press("Space")
    notebook.wait_for_boxes({ONE: 1, THREE: 0})
    notebook.press("d")
    notebook.wait_for_picture(TURNED)
    notebook.press("2")
    notebook.draw_around_rectangle()
    boxes = notebook.wait_for_boxes({ONE: 1, THREE: 0, TURNED: 1})[TURNED]
    assert boxes.xyxy[0] == close_to(PHOTOS[2])
    assert Annotations.load(notebook.file).class_names[boxes.labels[0]] == "cup"


def test_it_is_saved_within_half_a_second(notebook):
    notebook.run_all()
    seconds = []
    for count in (1, 2, 3):
        drawn = notebook.draw_around_rectangle(grow=20 * count)
        notebook.wait_for_boxes({ONE: count})
        seconds.append(time.monotonic() - drawn)
        notebook.press("Escape")
    assert min(seconds) < 0.5, seconds


@pytest.mark.parametrize("notebook", ONE_SHELL, indirect=True)
def test_while_the_kernel_is_busy_it_says_so_and_saves_afterwards(notebook):
    draw_while_the_kernel_is_busy(notebook)
    notebook.status.filter(has_text=KEPT_WHILE_BUSY).wait_for(timeout=5_000)
    assert len(notebook.boxes_on_disk()[ONE]) == 1
    notebook.wait_for_boxes({ONE: 2}, seconds=15)
    notebook.status.filter(has_text=re.compile("saved", re.I)).wait_for()


@pytest.mark.parametrize("notebook", ["lab"], indirect=True)
def test_the_newest_jupyterlab_saves_while_a_cell_runs(notebook):
    started = draw_while_the_kernel_is_busy(notebook)
    notebook.wait_for_boxes({ONE: 2})
    assert time.monotonic() - started < 8, "the cell was still sleeping"


def draw_while_the_kernel_is_busy(notebook):
    notebook.run_all()
    notebook.draw_around_rectangle()
    notebook.wait_for_boxes({ONE: 1})
    started = time.monotonic()
    notebook.page.evaluate(notebook.program.run_last)
    time.sleep(0.5)
    notebook.surface.scroll_into_view_if_needed()
    notebook.draw_around_rectangle(grow=20)
    return started


@pytest.mark.parametrize("reload", [False, True], ids=["page stays", "page reloaded"])
def test_a_kernel_restarted_in_the_middle_loses_nothing(notebook, reload):
    notebook.run_all()
    notebook.draw_around_rectangle()
    notebook.wait_for_boxes({ONE: 1})
    notebook.page.evaluate(notebook.program.restart)
    time.sleep(2)
    notebook.surface.scroll_into_view_if_needed()
    notebook.draw_around_rectangle(grow=20)
    notebook.status.filter(has_text=re.compile("kept in this browser", re.I)).wait_for(timeout=8_000)
    assert len(notebook.boxes_on_disk()[ONE]) == 1
    if reload:
        notebook.open()
    notebook.run_all()
    boxes = notebook.wait_for_boxes({ONE: 2}, seconds=10)[ONE]
    assert boxes.xyxy[0] == close_to(PHOTOS[0])
    assert notebook.annotator.get_by_role("listbox", name="Boxes").get_by_role("option").count() == 2
