"""Makes the pictures that stand under the titles of the notebooks: `python -m tools.draw_results` (two minutes)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import tflhelpers as tfl

RESULTS = Path(__file__).resolve().parent.parent / "results"
GIF_BYTES = 1_500_000
WIDTH = 900  # of the sheets, in pixels


def save_sheet(sheet: np.ndarray, name: str) -> None:
    picture = Image.fromarray(sheet)
    picture.thumbnail((WIDTH, WIDTH))
    picture.save(RESULTS / name, quality=85)


def main() -> None:
    photos, clip = tfl.samples.duck_photos(), tfl.samples.duck_clip()
    marked = [tfl.draw_boxes(path, boxes, photos.class_names) for path, boxes in photos]
    save_sheet(tfl.contact_sheet(marked, columns=3), "photos.jpg")
    save_sheet(tfl.contact_sheet(tfl.samples.thing_photos()[:12], columns=4), "several_classes.jpg")

    detector = tfl.Detector.embedded(photos.class_names)
    live = tfl.LivePicture(clip.image_paths[0], photos.class_names, every=10, show=False)
    tfl.fine_tune(detector, photos, watch=live)
    tfl.write_gif(live.frames, RESULTS / "learning.gif", fps=3)
    print(tfl.detect_video(detector, clip.image_paths, RESULTS / "duck.gif", max_bytes=GIF_BYTES))
    (RESULTS / "duck.gif.boxes.jsonl").unlink()

    found = detector.detect_all(clip.image_paths, threshold=0.0)
    calibration = tfl.calibrate_threshold(found, clip)
    mistakes = tfl.find_mistakes(found, clip, threshold=calibration.threshold)
    save_sheet(tfl.gallery(mistakes, max_images=6), "gallery.jpg")


if __name__ == "__main__":
    main()
