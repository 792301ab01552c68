"""The page on a phone and a desktop, with keys alone, and with names that look like markup."""

from __future__ import annotations

import json

import pytest

from tests.browser.web_demo.demo_driver import PHONE, PHOTOS, add_files, served, set_threshold

SCREENS = {"phone": PHONE, "desktop": {"viewport": {"width": 1280, "height": 800}}}
NASTY = ["<img src=x onerror=\"document.title='hurt'\">", "a very long name of a class " * 4, "鴨 🦆"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_is_wider_than_the_screen(open_demo, tmp_path, screen, scheme):
    page = open_demo(color_scheme=scheme, **SCREENS[screen])
    first = "camera" if screen == "phone" else "pictures"
    assert page.is_checked(f"input[value={first}]")
    start = page.query_selector("#start") if screen == "phone" else page.query_selector("#drop")
    box = start.bounding_box()
    assert box["y"] + box["height"] <= page.viewport_size["height"]  # seen without scrolling
    page.screenshot(path=tmp_path / f"{screen}_{scheme}_start.png")
    add_files(page, sorted(PHOTOS.glob("*.jpg"))[:3])
    page.screenshot(path=tmp_path / f"{screen}_{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")


def test_what_is_pressed_is_large_enough_for_a_finger(open_demo):
    page = open_demo(**PHONE)
    add_files(page, [PHOTOS / "kitchen.jpg"])
    for button in page.query_selector_all("button:visible"):
        assert button.bounding_box()["height"] >= 44, button.inner_text()


def test_names_are_text(open_demo, demo_copy):
    path = demo_copy / "model.json"
    settings = json.loads(path.read_text("utf-8"))
    settings["class_names"] = [NASTY[label % 3] for label in range(len(settings["class_names"]))]
    path.write_text(json.dumps(settings), "utf-8")
    with served(demo_copy) as address:
        page = open_demo(address, **PHONE)
        [card] = add_files(page, [PHOTOS / "kitchen.jpg"])
        set_threshold(page, 0.05)
        assert page.title() == "Toys & <b>things</b>" == page.inner_text("h1")
        assert page.query_selector_all("main img, header li img") == []
        shown = {row.inner_text() for row in card.query_selector_all(".results .name")}
        assert shown <= {name.strip() for name in NASTY}
        assert len(shown) >= 2
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_keys_alone(open_demo):
    page = open_demo()
    page.on("filechooser", lambda chooser: chooser.set_files(PHOTOS / "kitchen.jpg"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "pictures"
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#camera")
    page.keyboard.press("ArrowLeft")
    assert page.is_visible("#pictures")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#threshold") == "21%"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "chooser"
    page.keyboard.press("Enter")
    page.wait_for_selector(".card .summary:not(:empty)")
    outline = "getComputedStyle(document.querySelector('#drop')).outlineStyle"
    assert page.evaluate(outline) == "solid"  # one sees where one is
