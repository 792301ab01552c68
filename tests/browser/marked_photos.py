"""Photos with one magenta rectangle each at a known place, and where it is seen on a page.

What is drawn around it through the page must come back as the same rectangle: nothing of the annotator's own
geometry is asked.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

MAGENTA = (255, 0, 255)


@dataclass(frozen=True)
class MarkedPhoto:
    """A photo to make: its file's name, its upright size (width, height) and the rectangle on it.

    Sides are multiples of 16, so that JPEG keeps the rectangle's edges sharp. `turned` stores the picture on its
    side with the EXIF note that says so, as phones do.
    """

    name: str
    size: tuple[int, int]
    xyxy: tuple[int, int, int, int]
    turned: bool = False

    def write(self, folder: Path) -> None:
        pixels = np.empty((self.size[1], self.size[0], 3), np.uint8)
        pixels[...] = np.linspace(150, 230, self.size[0], dtype=np.uint8)[None, :, None]
        x1, y1, x2, y2 = self.xyxy
        pixels[y1:y2, x1:x2] = MAGENTA
        image, exif = Image.fromarray(pixels), Image.Exif()
        if self.turned:
            image = image.transpose(Image.Transpose.ROTATE_90)  # counterclockwise; 6 says: turn it clockwise
            exif[0x0112] = 6
        image.save(folder / self.name, quality=95, subsampling=0, exif=exif)


PHOTOS = (
    MarkedPhoto("one.jpg", (400, 304), (64, 48, 176, 208)),
    MarkedPhoto("three.png", (304, 208), (16, 32, 96, 192)),
    MarkedPhoto("two, turned.jpg", (304, 400), (160, 240, 288, 352), turned=True),
)
"""In the order in which a folder of them is gone through."""


def find_magenta(screenshot: bytes, within: dict[str, float]) -> tuple[int, int, int, int] | None:
    """Return the edges (x1, y1, x2, y2) of what is magenta on a screenshot, inside an element's box, or None."""
    pixels = np.asarray(Image.open(io.BytesIO(screenshot)).convert("RGB")).astype(int)
    left, top = round(within["x"]), round(within["y"])
    bottom, right = top + round(within["height"]), left + round(within["width"])
    red, green, blue = np.moveaxis(pixels[max(top, 0) : bottom, max(left, 0) : right], 2, 0)
    rows, columns = np.nonzero((red > 200) & (blue > 200) & (green < 90))
    if not len(rows):
        return None
    x, y = columns + max(left, 0), rows + max(top, 0)
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
