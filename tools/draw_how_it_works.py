"""Draws the pictures of notebook 09_how_it_works that can be seen without running it, into results/how_it_works/.

    python -m tools.draw_how_it_works              # some two minutes: three detectors are trained
    python -m tools.draw_how_it_works iou losses   # only these; those of a trained detector train one

They are the notebook's own figures, from the same functions, with fewer colours to be small.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tflhelpers import explaining
from tflhelpers.data.images import read_image
from tflhelpers.data.samples import duck_clip, duck_photos
from tflhelpers.model.detector import Detector
from tflhelpers.sharing.quantise import reduce_colours

FOLDER = Path(__file__).resolve().parent.parent / "results" / "how_it_works"
MOST_BYTES = 150_000
DPI = 80
STEPS = 60  # of each training, as in the notebook
PHOTO, FRAME = 0, 30  # of the photos and of the clip


def photo() -> tuple:
    """The picture that is looked at, and its boxes."""
    path, boxes = duck_photos()[PHOTO]
    return read_image(path), boxes


@cache
def trained() -> list:
    return explaining.measure_transfer(duck_photos(), duck_clip(), steps=STEPS)


def frame() -> np.ndarray:
    return read_image(duck_clip().image_paths[FRAME])


def nms():
    tuned = trained()[-1].detector
    found = explaining.candidates(tuned, frame())
    return explaining.plot_nms_steps(frame(), found, tuned.class_names)


def anchors():
    picture, boxes = photo()
    x1, y1, x2, y2 = boxes.xyxy[0]
    at = (x1 + x2) / 2 / picture.shape[1], (y1 + y2) / 2 / picture.shape[0]
    return explaining.draw_anchors(picture, Detector.embedded().image_size, at=at)


def precision_recall():
    return explaining.plot_precision_recall_steps(trained()[-1].predictions, duck_clip(), overlap=0.75)


FIGURES: dict[str, Callable] = {
    "box_formats": lambda: explaining.draw_box_formats(photo()[0], photo()[1].xyxy[0]),
    "iou": lambda: explaining.draw_iou([20, 20, 120, 120], [60, 50, 160, 150]),
    "anchors": anchors,
    "pyramid": lambda: explaining.plot_pyramid(Detector.embedded(), photo()[0]),
    "matching": lambda: explaining.plot_matching(*photo(), Detector.embedded().image_size),
    "losses": explaining.plot_losses,
    "augmentations": lambda: explaining.show_augmentations(*photo(), duck_photos().class_names, width=1000),
    "transfer": lambda: explaining.plot_transfer(trained()),
    "nms": nms,
    "precision_recall": precision_recall,
    "average_precisions": lambda: explaining.plot_average_precisions(trained()[-1].predictions, duck_clip()),
}


def small_png(figure) -> bytes:
    """A figure or an RGB picture as a PNG of at most `MOST_BYTES`, as true as fits."""
    picture = figure if isinstance(figure, np.ndarray) else pixels_of(figure)
    for colours, dither in ((255, True), (255, False), (64, False)):
        indices, palette = reduce_colours(picture, colours=colours, dither=dither)
        few = Image.fromarray(indices)
        few.putpalette(palette.tobytes())
        file = io.BytesIO()
        few.save(file, "png", optimize=True)
        if file.tell() <= MOST_BYTES:
            return file.getvalue()
    raise ValueError(f"a figure of {picture.shape} does not fit into {MOST_BYTES:,} bytes. Draw it smaller.")


def pixels_of(figure) -> np.ndarray:
    """A matplotlib figure as RGB uint8 (H, W, 3)."""
    file = io.BytesIO()
    figure.savefig(file, dpi=DPI, format="png")
    return np.asarray(Image.open(file).convert("RGB"))


def main(names: list[str]) -> None:
    unknown = set(names) - set(FIGURES)
    if unknown:
        sys.exit(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or FIGURES:
        (FOLDER / f"{name}.png").write_bytes(small_png(FIGURES[name]()))
        print(f"results/how_it_works/{name}.png")
    for one in trained() if trained.cache_info().currsize else ():
        print(one)


if __name__ == "__main__":
    main(sys.argv[1:])
