"""Takes the picture of the demo page for the README: a phone that looks at the drawn duck, and one with pictures.

    python -m tools.photograph_web_demo      # needs the extra "browser" and Debian's chromium; some two minutes

The page is that of a detector which is fine-tuned, while the script waits, on the five drawn photos.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import tflhelpers as tfl
from tests.browser.web_demo.demo_driver import CAMERA, PHONE, add_files, served, write_film

PICTURE = Path(__file__).resolve().parents[1] / "results" / "web_demo.jpg"
TITLE = "Where is the duck?"
GAP, GROUND = 40, (150, 156, 166)  # pixels around the phones, and their colour


def main() -> None:
    photos, clip = tfl.samples.duck_photos(), tfl.samples.duck_clip().image_paths
    detector = tfl.Detector.embedded(photos.class_names)
    tfl.fine_tune(detector, photos)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        film = write_film(folder / "clip.y4m", clip[:1], times=30)
        flags = [
            "--no-sandbox",
            "--disable-dev-shm-usage",
            *CAMERA,
            f"--use-file-for-fake-video-capture={film}",
        ]
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        page_folder = tfl.export_web_demo(detector, folder / "page", title=TITLE, images=photos).folder
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        with served(page_folder) as address:
            shots = []
            for scheme, show in (("light", show_camera), ("dark", show_pictures)):
                page = browser.new_context(color_scheme=scheme, **PHONE).new_page()
                page.goto(f"{address}/")
                page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
                show(page, photos.image_paths)
                shots.append(np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")))
        browser.close()
    Image.fromarray(side_by_side(shots)).save(PICTURE, quality=88, optimize=True)
    print(PICTURE, PICTURE.stat().st_size)


def show_camera(page: Page, photos: list[Path]) -> None:
    page.click("#start")
    page.wait_for_selector("#live-results li[data-xyxy]")
    page.wait_for_timeout(5000)  # the rate is that of the last seconds


def show_pictures(page: Page, photos: list[Path]) -> None:
    add_files(page, photos[:2])
    page.evaluate("document.querySelector('#cards').scrollIntoView()")


def side_by_side(shots: list[np.ndarray]) -> np.ndarray:
    height, width = shots[0].shape[:2]
    sheet = np.full((height + 2 * GAP, len(shots) * (width + GAP) + GAP, 3), GROUND, np.uint8)
    for number, shot in enumerate(shots):
        left = GAP + number * (width + GAP)
        sheet[GAP : GAP + height, left : left + width] = shot
    return sheet


if __name__ == "__main__":
    main()
