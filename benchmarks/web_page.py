"""How long does the demo page take for a picture, and what does it gain from widening the weights beforehand?

Two pages of the same detector, opened by turns in headless Chromium: as `export_web_demo` writes it, and with the
LiteRT file as it is, which has operations that widen float16 weights. Only the network and the choice of boxes are
measured; the camera and the drawing are not.

    python benchmarks/web_page.py
    python benchmarks/web_page.py --rounds 5 --pictures 40 --out web_page.json
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import json
import os
import shutil
import statistics
import tempfile
import threading
from pathlib import Path

from report import markdown_table, mean_and_spread, paired_ratio, write_json

HEADER = ("page", "travels, MB", "one picture, ms")
AS_WRITTEN, AS_CONVERTED = "as export_web_demo writes it", "with the LiteRT file as it is"
TIME = """async (pictures) => {
    const { Engine, loadSettings } = await import("./js/engine.js");
    const settings = await loadSettings();
    const engine = await Engine.start(settings, () => {});
    const [height, width] = settings.image_size;
    const times = [];
    for (let picture = 0; picture < pictures + 3; picture++) {
        const input = Float32Array.from({ length: height * width * 3 }, (_, at) => (at * (picture + 7)) % 256);
        times.push((await engine.run(input, 0.3)).milliseconds);
    }
    return times.slice(3);
}"""


def write_pages(folder: Path) -> dict[str, Path]:
    """Both pages, of the embedded detector made for one class."""
    from tflhelpers.model.detector import Detector
    from tflhelpers.sharing.export.tflite import export_tflite
    from tflhelpers.sharing.web_demo import export_web_demo

    detector = Detector.embedded(class_names=["duck"])
    pages = {name: folder / str(number) for number, name in enumerate((AS_WRITTEN, AS_CONVERTED))}
    export_web_demo(detector, pages[AS_WRITTEN], progress=False)
    page = shutil.copytree(pages[AS_WRITTEN], pages[AS_CONVERTED])
    export_tflite(detector, page / "model.bin", head="raw", quantize="float16")
    settings = json.loads((page / "model.json").read_text("utf-8"))
    size = (page / "model.bin").stat().st_size
    settings["model"] |= {"bytes": size, "whole_bytes": size, "small": []}
    (page / "model.json").write_text(json.dumps(settings), "utf-8")
    return pages


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder: Path):
    """The address of a folder."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def measure(rounds: int, pictures: int) -> dict:
    """Milliseconds for a picture on each page, the median of each round; and the bytes that travel."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit(
            "Chromium is needed: apt-get install chromium, or name one in the variable CHROMIUM."
        )
    times: dict[str, list[float]] = {AS_WRITTEN: [], AS_CONVERTED: []}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as address,
        sync_playwright() as driver,
    ):
        pages = write_pages(Path(folder))
        sizes = {name: (page / "model.bin").stat().st_size for name, page in pages.items()}
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for _ in range(rounds):
            for name, page_folder in pages.items():
                page = browser.new_page()
                page.goto(f"{address}/{page_folder.name}/style.css")
                times[name].append(statistics.median(page.evaluate(TIME, pictures)))
                page.close()
        browser.close()
    return {"milliseconds": times, "bytes": sizes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each page is opened")
    parser.add_argument("--pictures", type=int, default=30, help="how many each page looks at")
    parser.add_argument("--out", type=Path, help="a JSON file for all figures")
    arguments = parser.parse_args()
    found = measure(arguments.rounds, arguments.pictures)
    rows = [
        (name, f"{found['bytes'][name] / 1e6:.1f}", mean_and_spread(times, 0))
        for name, times in found["milliseconds"].items()
    ]
    print(markdown_table(HEADER, rows))
    times = found["milliseconds"]
    print(f"\nThe page takes {paired_ratio(times[AS_WRITTEN], times[AS_CONVERTED]):.2f} of the time.")
    write_json(arguments.out, found)


if __name__ == "__main__":
    main()
