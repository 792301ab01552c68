"""Draws the demo page's PNG icons from its icon.svg, with the Chromium that the browser tests use.

python tools/draw_web_icons.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

WEB = Path(__file__).resolve().parents[1] / "tflhelpers" / "sharing" / "web"
# Name -> side in pixels, and whether the ground fills the square: systems cut corners off such icons themselves.
ICONS = {
    "icon-180.png": (180, True),
    "icon-192.png": (192, False),
    "icon-512.png": (512, False),
    "icon-maskable-512.png": (512, True),
}


def main() -> None:
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, (side, full) in ICONS.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            drawing = (WEB / "icon.svg").read_text("utf-8")
            page.set_content(f"<style>* {{ margin: 0 }} svg {{ display: block }}</style>{drawing}")
            if full:
                page.eval_on_selector(".ground", "ground => ground.setAttribute('rx', 0)")
            page.screenshot(path=WEB / name, omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
