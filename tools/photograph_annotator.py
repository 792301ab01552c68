"""Takes the annotator's screenshots for docs/annotator/ and the GIF of annotating for the README.

    python -m tools.photograph_annotator            # needs the extra "browser" and Debian's chromium; some 6 minutes
    python -m tools.photograph_annotator gif help   # only these

Everything is photographed in the newest JupyterLab, as people see it, but for the page that stands alone. The
proposals in the GIF are those of a detector that is fine-tuned, while the script waits, on the two boxes drawn in it.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.jupyter_programs import LAB, LAB_WITH_ONE_SHELL, ROOT, served
from tflhelpers.data.samples import duck_clip, duck_photos
from tflhelpers.sharing.gif import write_gif
from tflhelpers.sharing.quantise import reduce_colours

DOCS = ROOT / "docs" / "annotator"
GIF = ROOT / "results" / "annotating.gif"
DESKTOP, PHONE = {"width": 1120, "height": 900}, {"width": 390, "height": 780}
GIF_WINDOW, GIF_FPS, GIF_BYTES = {"width": 900, "height": 800}, 10, 2_500_000
FILMED = (0, 24, 6, 12, 42)  # frames of the drawn clip; boxes are drawn on the first two
FIT_MARGIN = 14  # as in tflhelpers/annotator/js/view.js

START = """import tflhelpers as tfl

annotator = tfl.Annotator("photos", ["duck", "cup", "ball"], path="PATH")
annotator"""
POINTER = """() => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="28"><path d="M1 1v20l5-5 4 9 4-2-4-9h7z"
        fill="white" stroke="black" stroke-width="1.5"/></svg>`;
    const pointer = document.body.appendChild(document.createElement("div"));
    pointer.style = "position:fixed;left:0;top:0;width:20px;height:28px;z-index:2147483647;pointer-events:none";
    pointer.style.background = `url('data:image/svg+xml,${encodeURIComponent(svg)}')`;
    addEventListener("pointermove", ({ clientX: x, clientY: y }) => {
        pointer.style.transform = `translate(${x}px, ${y}px)`;
    }, true);
}"""


class Shown:
    """An annotator on a page, and what is done to it."""

    def __init__(self, page: Page, folder: Path, size: tuple[int, int] = (640, 480)) -> None:
        self.page, self.folder, self.size = page, folder, size
        self.root = page.locator(".tfl-annotator").last
        self.frames: list[np.ndarray] = []

    @property
    def surface(self):
        return self.root.get_by_role("application", name="Picture")

    def wait(self, seconds: float = 0.6) -> None:
        self.page.wait_for_timeout(seconds * 1000)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of a fitted picture is on the page."""
        box, size = self.surface.bounding_box(), self.size
        scale = min((box["width"] - 2 * FIT_MARGIN) / size[0], (box["height"] - 2 * FIT_MARGIN) / size[1])
        left = box["x"] + (box["width"] - size[0] * scale) / 2
        top = box["y"] + (box["height"] - size[1] * scale) / 2
        return left + x * scale, top + y * scale

    def move(self, x: float, y: float, steps: int = 1) -> None:
        self.page.mouse.move(*self.place(x, y), steps=steps)

    def drag(self, x1: float, y1: float, x2: float, y2: float, *, let_go: bool = True) -> None:
        self.move(x1, y1)
        self.page.mouse.down()
        self.move(x2, y2, steps=6)
        if let_go:
            self.page.mouse.up()

    def press(self, *keys: str) -> None:
        self.surface.focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.wait()

    def press_button(self, name: str) -> None:
        self.root.get_by_role("button", name=name, exact=True).first.click()
        self.wait()

    def run(self, source: str) -> None:
        """Run Python in the notebook's kernel, beside its cells."""
        code = "(code) => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }); }"
        self.page.evaluate(code, source)

    def picture(self) -> np.ndarray:
        self.page.wait_for_timeout(60)
        return np.asarray(Image.open(io.BytesIO(self.root.screenshot())).convert("RGB"))

    def keep(self, count: int = 1) -> None:
        """One more frame of the GIF, shown as long as `count` frames."""
        self.frames += [self.picture()] * count

    def filmed_drag(self, x1: float, y1: float, x2: float, y2: float, steps: int = 7) -> None:
        self.move(x1, y1)
        self.keep()
        self.page.mouse.down()
        for step in range(1, steps + 1):
            self.move(x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps)
            self.keep()
        self.page.mouse.up()
        self.keep(3)

    def filmed_move(self, x: float, y: float, since: tuple[float, float], steps: int = 4) -> None:
        for step in range(1, steps + 1):
            self.move(since[0] + (x - since[0]) * step / steps, since[1] + (y - since[1]) * step / steps)
            self.keep()


def truth(index: int) -> list[float]:
    """The box of the duck on the photo of that index, of those in photos/ in order of name."""
    by_name = sorted(duck_photos(), key=lambda item: item[0].name)
    return [float(edge) for edge in by_name[index][1].xyxy[0]]


# ---------------------------------------------------------------------------------------------------- the states


def fresh(shown: Shown) -> None:
    shown.move(200, 100)


def drawing(shown: Shown) -> None:
    x1, y1, x2, y2 = truth(0)
    shown.drag(x1, y1, x2 - 20, y2 - 25, let_go=False)


def boxes(shown: Shown) -> None:
    shown.press("1")
    shown.drag(*truth(0))
    shown.press("Escape", "2")
    shown.drag(538, 191, 640, 322)
    shown.wait(1)


def nothing_here(shown: Shown) -> None:
    shown.press("d", "Space")


def busy(shown: Shown) -> None:
    shown.run("import time; time.sleep(12)")
    shown.wait()
    boxes(shown)
    shown.wait(3)


def gone(shown: Shown) -> None:
    shown.page.evaluate(LAB.restart)
    shown.wait(3)
    boxes(shown)
    shown.wait(3)


def error(shown: Shown) -> None:
    (shown.folder / "drive").write_text("not a folder")
    boxes(shown)
    shown.wait(3)


def merged(shown: Shown) -> None:
    boxes(shown)
    shown.wait(1.5)
    other = 'other = tfl.Annotator("photos", ["duck"], path="annotations.json"); other._store.change'
    shown.run(
        other + '(0, {"boxes": [{"xyxy": [400, 40, 560, 200], "class": "cup", "crowd": False}],'
        ' "nothing_here": False}, [other._store.content(0)], (480, 640))'
    )
    shown.wait(1.5)
    shown.press("Delete")
    shown.wait(2)


def broken(shown: Shown) -> None:
    for _ in range(5):
        shown.press("d")


def proposals(shown: Shown) -> None:
    shown.run(
        "class Stand:\n    class_names = ('duck',)\n    def detect(self, image, **more):\n"
        f"        return tfl.Boxes([{truth(0)}, [60, 300, 190, 440]], [0, 0], [0.94, 0.41])\n"
        "annotator.suggest = Stand()"
    )
    shown.wait(3)


def help_shown(shown: Shown) -> None:
    shown.press("?")


STATES = {
    "fresh": fresh,
    "drawing": drawing,
    "boxes": boxes,
    "nothing_here": nothing_here,
    "busy": busy,
    "gone": gone,
    "error": error,
    "merged": merged,
    "broken": broken,
    "proposals": proposals,
    "help": help_shown,
}
IN_ONE_SHELL = {"busy"}
PATHS = {"error": "drive/annotations.json"}


@contextmanager
def in_lab(
    browser: Browser, work: Path, window: dict[str, int], *, state: str = "", dark: bool = False
) -> Iterator[Shown]:
    """JupyterLab with a notebook of one cell, run, on five photos of a duck and a broken one."""
    folder = Path(tempfile.mkdtemp(dir=work)) / "notebooks"
    (folder / "photos").mkdir(parents=True)
    if window is DESKTOP:
        for path in duck_photos().image_paths:
            shutil.copy(path, folder / "photos")
        (folder / "photos" / "zebra.jpg").write_bytes(b"half a picture")
    else:
        for place, index in enumerate(FILMED):
            shutil.copy(duck_clip().image_paths[index], folder / "photos" / f"photo{place + 1}.jpg")
    start = START.replace("PATH", PATHS.get(state, "annotations.json"))
    cells = [nbformat.v4.new_code_cell(start, id="annotate")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=_KERNEL), folder / "annotate.ipynb")
    program = LAB_WITH_ONE_SHELL if state in IN_ONE_SHELL else LAB
    with served(program, sys.executable, folder, folder.parent / "home") as address:
        page = browser.new_page(viewport=window)
        page.goto(address.format(notebook="annotate.ipynb"))
        page.wait_for_function(LAB.ready, timeout=60_000)
        page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
        if dark:
            page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
        page.evaluate(LAB.run_all)
        shown = Shown(page, folder, (640, 480) if window is DESKTOP else (480, 360))
        shown.root.wait_for(timeout=60_000)
        shown.wait(3)
        if window is not DESKTOP:
            shown.root.evaluate("(root) => root.scrollIntoView()")
        yield shown
        page.close()


_KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def save(picture: np.ndarray | bytes, name: str) -> None:
    """As a PNG with a palette: a third of the bytes."""
    if isinstance(picture, bytes):
        picture = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    indices, palette = reduce_colours(picture, dither=False)
    image = Image.fromarray(indices, "P")
    image.putpalette(palette.tobytes())
    DOCS.mkdir(parents=True, exist_ok=True)
    image.save(DOCS / f"{name}.png", optimize=True)


def photograph_lab(browser: Browser, work: Path) -> None:
    """The whole window, light and dark."""
    for name, dark in (("lab", False), ("lab_dark", True)):
        with in_lab(browser, work, DESKTOP, dark=dark) as shown:
            boxes(shown)
            shown.wait(1)
            save(shown.page.screenshot(), name)


def photograph_page(browser: Browser, work: Path) -> None:
    """The page that stands alone: at a desk, and on a phone under a finger."""
    import tflhelpers as tfl

    page_file = work / "annotate.html"
    tfl.Annotator(sorted(duck_photos().image_paths), ["duck", "cup"], path=work / "none.json").to_html(
        page_file
    )
    desk = Shown(browser.new_page(viewport=DESKTOP), work)
    desk.page.goto(page_file.as_uri())
    desk.wait(1)
    boxes(desk)
    save(desk.page.screenshot(), "page")
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    phone = Shown(context.new_page(), work)
    phone.page.goto(page_file.as_uri())
    phone.wait(1)
    save(phone.page.screenshot(), "phone")
    _touch(phone, truth(0))
    save(phone.page.screenshot(), "touch")


def _touch(shown: Shown, xyxy: list[float]) -> None:
    """Put a finger down and move it, without letting go: the magnifier is shown above it."""
    fingers = shown.page.context.new_cdp_session(shown.page)

    def send(kind: str, x: float, y: float) -> None:
        left, top = shown.place(x, y)
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": left, "y": top}]})

    send("touchStart", xyxy[0], xyxy[1])
    for step in range(1, 9):
        send("touchMove", *(xyxy[i] + (xyxy[i + 2] - xyxy[i]) * step / 8 for i in (0, 1)))
    shown.wait()


def film(browser: Browser, work: Path) -> None:
    """Two boxes by hand, three by the detector that learned from them."""
    with in_lab(browser, work, GIF_WINDOW) as shown:
        shown.page.evaluate(POINTER)
        shown.press("1")
        shown.move(20, 20)
        shown.keep(4)
        for index in FILMED[:2]:
            x1, y1, x2, y2 = (float(edge) for edge in duck_clip()[index][1].xyxy[0])
            shown.filmed_move(x1, y1, (20, 20))
            shown.filmed_drag(x1, y1, x2, y2)
            shown.keep(4)
            shown.move(20, 20)
            shown.press("d")
            shown.keep(4)
        shown.run(
            "from tflhelpers.ready_made.detectors import proposer_for\nannotator.suggest, _ = proposer_for(annotator)"
        )
        shown.root.get_by_role("button", name="Accept proposal", exact=True).first.wait_for(timeout=400_000)
        for _ in range(3):
            shown.wait(1.5)
            shown.keep(8)
            shown.press("Enter")
            shown.keep(6)
            shown.press("d")
        shown.keep(14)
        print(write_gif(shown.frames, GIF, fps=GIF_FPS, max_bytes=GIF_BYTES))


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, act in STATES.items():
            if not names or name in names:
                with in_lab(browser, Path(work), DESKTOP, state=name) as shown:
                    act(shown)
                    save(shown.picture(), name)
        whole = {"lab": photograph_lab, "page": photograph_page, "gif": film}
        for name, photograph in whole.items():
            if not names or name in names:
                photograph(browser, Path(work))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
