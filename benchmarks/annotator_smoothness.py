"""How soon after the pointer moves is the annotator painted, with 100 boxes on a photo of 12 megapixels?

Drives the drawing surface alone in headless Chromium by real input events, at 1280 x 800 CSS pixels. The time goes from
the event's own time stamp to the end of the frame that shows it, with a pixel of the canvas read back, so that the
browser cannot put the painting off. Waiting for the screen's next frame is part of it: half of 16.7 ms on average.

    python benchmarks/annotator_smoothness.py
    python benchmarks/annotator_smoothness.py --moves 1000 --out annotator_smoothness.json

Needs playwright and Chromium (the variable CHROMIUM names another one than Debian's).
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import shutil
import time
from pathlib import Path

import numpy as np
from children import machine
from PIL import Image
from report import markdown_table, write_json

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "http://annotator.test"
SHOWN = {
    "/annotator/": ROOT / "tflhelpers" / "annotator",
    "/pages/": ROOT / "tests" / "browser" / "pages",
}
TYPES = {".js": "text/javascript", ".html": "text/html"}
ORIGINAL = (4000, 3000)
SIZE = {"width": 1280, "height": 800}
TARGET = 16.0  # ms, median

# Reckoned before the first run: 8 ms wait for a frame, 1 ms way into the page, 2 to 4 ms to paint 100 boxes without
# a graphics card; the picture, painted again on every step of a pan, costs another 3 ms, on a dense screen twice that.
# "nothing but a square" is the floor: a page that paints 10 x 10 pixels where the pointer is. Ours cannot be sooner.
PREDICTED = {
    "nothing but a square": (9, 17),
    "draw a box": (12, 20),
    "move a box": (12, 20),
    "hover": (12, 20),
    "pan, zoomed in": (14, 24),
    "draw, whole photo shown": (12, 20),
    "pan, whole photo shown": (20, 40),
    "draw, dense screen": (15, 26),
}
HEADER = ("what", "median, ms", "95 %, ms", "predicted", "page's work a frame, ms")

FLOOR = """() => {
    const { element } = drawing.surface;
    drawing.surface.destroy();
    const overlayLayer = document.createElement("canvas");
    Object.assign(overlayLayer, { width: element.clientWidth || 1280, height: 800 });
    document.getElementById("place").append(overlayLayer);
    overlayLayer.addEventListener("pointermove", (event) => requestAnimationFrame(() => {
        const context = overlayLayer.getContext("2d");
        context.clearRect(0, 0, overlayLayer.width, overlayLayer.height);
        context.fillRect(event.offsetX, event.offsetY, 10, 10);
    }));
    drawing.surface = { element: overlayLayer, overlayLayer };
}"""
MEASURE = """() => {
    const times = [];
    const work = [];
    const channel = new MessageChannel();
    const { element, overlayLayer } = drawing.surface;
    let moved = null;
    channel.port1.onmessage = () => { times.push(performance.now() - moved); moved = null; };
    const firstCall = (event) => { window.began = performance.now(); };
    element.addEventListener("pointermove", firstCall, { capture: true });
    window.addEventListener("pointermove", (event) => {
        if (moved !== null) return;
        moved = event.timeStamp;
        requestAnimationFrame(() => { // after the surface's own, which was asked for before
            overlayLayer.getContext("2d").getImageData(0, 0, 1, 1);
            work.push(performance.now() - window.began);
            channel.port2.postMessage(null); // comes after the frame
        });
    });
    window.measured = { times, work };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=300, help="pointer moves a row (default 300)")
    parser.add_argument("--out", type=Path, help="keep all figures in this JSON file")
    arguments = parser.parse_args()
    figures = measure(arguments.moves)
    print(table(figures))
    if arguments.out:
        write_json(arguments.out, figures)


def measure(moves: int) -> dict:
    """Return a row of figures for each kind of gesture, and the machine's description."""
    from playwright.sync_api import sync_playwright

    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not executable:
        raise SystemExit("expected Chromium, found none: apt-get install chromium, or name one in CHROMIUM.")
    small, large = _photo((1280, 960)), _photo(ORIGINAL)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        plan = (
            ("nothing but a square", small, 1, _floor),
            ("draw a box", small, 1, _draw),
            ("move a box", small, 1, _move),
            ("hover", small, 1, _hover),
            ("pan, zoomed in", small, 1, _pan),
            ("draw, whole photo shown", large, 1, _draw),
            ("pan, whole photo shown", large, 1, _pan),
            ("draw, dense screen", small, 2, _draw),
        )
        rows = [_row(browser, moves, *line) for line in plan]
        version = browser.version
        browser.close()
    load = os.getloadavg()[0]  # of the last minute: above the number of cores, others were at work too
    return {"machine": machine(), "load": load, "chromium": version, "moves": moves, "rows": rows}


def _row(browser, moves: int, what: str, url: str, density: int, gesture) -> dict:
    context = browser.new_context(viewport={"width": 1340, "height": 860}, device_scale_factor=density)
    page = context.new_page()
    page.route(f"{ADDRESS}/**", _serve)
    page.goto(f"{ADDRESS}/pages/drawing.html?width={SIZE['width']}&height={SIZE['height']}")
    page.wait_for_function("window.drawing")
    boxes = [_box(place) for place in range(100)]
    page.evaluate("picture => drawing.open(picture)", {"url": url, "original": ORIGINAL, "boxes": boxes})
    page.wait_for_timeout(300)
    if gesture is _floor:
        page.evaluate(FLOOR)
    page.evaluate(MEASURE)
    gesture(page, moves)
    page.wait_for_timeout(100)
    measured = page.evaluate("measured")
    context.close()
    times, work = np.array(measured["times"][5:]), np.array(measured["work"][5:])
    return {
        "what": what,
        "median": float(np.median(times)),
        "p95": float(np.percentile(times, 95)),
        "work_median": float(np.median(work)),
        "events": len(times),
        "predicted": PREDICTED[what],
    }


def _box(place: int) -> dict:
    """One of 100 boxes, ten in a row, of about the size of things in a photo; they overlap."""
    left, top = 380 * (place % 10) + 40, 280 * (place // 10) + 60
    return {"xyxy": [left, top, left + 450, top + 330], "label": place % 4, "crowd": False}


def _draw(page, moves: int) -> None:
    page.mouse.move(160, 60)
    page.mouse.down()
    _wander(page, moves)
    page.mouse.up()


def _move(page, moves: int) -> None:
    page.evaluate("() => drawing.editor.select(drawing.editor.boxes[55].id)")
    x, y = page.evaluate(
        "() => { const [x1, y1, x2, y2] = drawing.surface.view.boxToScreen(drawing.editor.selectedBox.xyxy);"
        " return [(x1 + x2) / 2 + 20, (y1 + y2) / 2 + 20]; }"
    )
    page.mouse.move(x, y)
    page.mouse.down()
    _wander(page, moves)
    page.mouse.up()
    assert page.evaluate("drawing.changes") == 1, "expected one change for one drag"


def _hover(page, moves: int) -> None:
    _wander(page, moves)


def _floor(page, moves: int) -> None:
    _wander(page, moves)


def _pan(page, moves: int) -> None:
    page.evaluate("() => drawing.surface.zoomBy(3)")
    page.mouse.move(660, 420)
    page.mouse.down(button="middle")
    _wander(page, moves)
    page.mouse.up(button="middle")


def _wander(page, moves: int) -> None:
    """Move on a curve that never comes back to the same point, at times that know nothing of the screen's frames.

    One move right after the other would be sent as soon as a frame is done, and always wait for a whole one.
    """
    pauses = np.random.default_rng(0).uniform(0.004, 0.024, moves)
    for step, pause in enumerate(pauses):
        time.sleep(pause)
        page.mouse.move(660 + 400 * np.sin(step / 17), 420 + 250 * np.cos(step / 11.3))


def _photo(size: tuple[int, int]) -> str:
    """A JPEG with coarse and fine detail, as a data URL."""
    noise = np.random.default_rng(0)
    coarse = noise.integers(0, 256, (size[1] // 40, size[0] // 40, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    grain = noise.integers(0, 24, (size[1], size[0], 1), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels // 2 + 48 + grain).save(file, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _serve(route) -> None:
    path = route.request.url.removeprefix(ADDRESS).split("?")[0]
    for prefix, folder in SHOWN.items():
        file = folder / path.removeprefix(prefix)
        if path.startswith(prefix) and file.is_file():
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
            return
    route.fulfill(status=404)


def table(figures: dict) -> str:
    rows = [
        (
            row["what"],
            f"{row['median']:.1f}",
            f"{row['p95']:.1f}",
            f"{row['predicted'][0]} / {row['predicted'][1]}",
            f"{row['work_median']:.1f}",
        )
        for row in figures["rows"]
    ]
    ours = [row for row in figures["rows"] if row["what"] != "nothing but a square"]
    met = sum(row["median"] < TARGET for row in ours)
    return (
        f"{markdown_table(HEADER, rows)}\n\n"
        f"Median below {TARGET:g} ms in {met} of {len(ours)} rows. Headless Chromium {figures['chromium']},"
        f" {figures['machine']['cores']} cores, load {figures['load']:.1f}."
    )


if __name__ == "__main__":
    main()
