"""How the tests of the annotator's shell open it on a kernel in the page, and look at both."""

from __future__ import annotations


def content(*boxes, nothing_here=False):
    """What is drawn on a picture, as page and kernel tell each other."""
    return {"boxes": list(boxes), "nothing_here": nothing_here}


class Shell:
    """The annotator on `pages/shell.html`, and the kernel that the page plays."""

    def __init__(self, page, site):
        self.page = page
        self.address = f"{site}/pages/shell.html"

    def start(self, **options):
        """Load the page and show the widget; ``kernel={"busy": True}`` sets fields of the kernel."""
        self.page.goto(self.address)
        self.again(**options)
        if not options.get("kernel", {}).get("busy"):
            self.wait_until_open()
        return self

    def again(self, **options):
        """Run the cell in the page as it is loaded now; call it after a reload."""
        self.page.wait_for_function("window.isReady")
        self.page.evaluate("(options) => window.start(options)", options)

    def wait_until_open(self):
        self.page.wait_for_function(
            """() => {
                const overlay = document.querySelector(".tfl-overlay");
                const seen = overlay.hidden || overlay.dataset.kind === "error";
                return seen && !document.querySelector(".tfl-counter").textContent.startsWith("0");
            }"""
        )

    def go_to(self, number):
        self.page.locator(".tfl-thumbnail").nth(number - 1).click()
        self.page.wait_for_function(
            "(text) => document.querySelector('.tfl-counter').textContent.startsWith(text)", arg=f"{number} /"
        )
        self.page.wait_for_function(
            "document.querySelector('[aria-label=\"Zoom in\"]').ariaDisabled === 'false'"
            " || document.querySelector('.tfl-overlay').dataset.kind === 'error'"
        )

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, *keys):
        """Press keys one after the other; what they change is shown when this returns."""
        for key in keys:
            self.page.keyboard.press(key)
        self.wait_until_shown()

    def wait_until_shown(self):
        """The parts around the picture follow in the next frame, and a frame may be late on a busy machine."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def focus_surface(self):
        self.page.get_by_role("application", name="Picture").focus()

    def draw(self, *, left=0.3, top=0.3, right=0.6, bottom=0.7):
        """Drag over a part of the surface, given in parts of its size."""
        area = self.page.get_by_role("application", name="Picture").bounding_box()
        points = [
            (area["x"] + x * area["width"], area["y"] + y * area["height"])
            for x, y in ((left, top), (right, bottom))
        ]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        self.page.mouse.move(*points[1], steps=4)
        self.page.mouse.up()

    def disk(self, name):
        """What the kernel has saved for a picture: pairs (class, edges) and whether nothing is here; None for todo."""
        content = self.page.evaluate("(name) => window.kernel.disk.contents[name] ?? null", name)
        return content and (
            [(box["class"], box["xyxy"]) for box in content["boxes"]],
            content["nothing_here"],
        )

    def classes_on_disk(self, name):
        found = self.disk(name)
        return [label for label, _ in found[0]] if found else []

    def boxes(self):
        """The accessible names of the boxes listed."""
        self.wait_until_shown()
        return [option.get_attribute("aria-label") for option in self.page.get_by_role("option").all()]

    def thumbnail_names(self):
        """The accessible names of the small pictures."""
        return [each.get_attribute("aria-label") for each in self.page.locator(".tfl-thumbnail").all()]

    def changes_received(self):
        """The changes that the kernel was sent, worked off or not."""
        return self.page.evaluate("kernel.received.filter((each) => each.kind === 'change')")

    def status(self):
        return self.page.get_by_role("status")

    def wait_for_state(self, state, timeout=10_000):
        self.page.locator(f".tfl-status[data-state={state}]").wait_for(timeout=timeout)

    def wait_for_disk(self, name, classes, timeout=5_000):
        """Wait until the kernel has boxes of exactly these classes for a picture, in any order."""
        self.page.wait_for_function(
            """([name, classes]) => {
                const boxes = window.kernel.disk.contents[name]?.boxes ?? [];
                return JSON.stringify(boxes.map((box) => box.class).sort()) === JSON.stringify(classes);
            }""",
            arg=[name, sorted(classes)],
            timeout=timeout,
        )

    def in_storage(self):
        """How many keys the browser's storage holds for annotators."""
        return self.page.evaluate(
            "Object.keys(localStorage).filter((key) => key.startsWith('tflhelpers-annotator:')).length"
        )
