"""Finds bright squares by their colour: a detector that needs no network. Run as a program, it is one to be killed.

python stub_detector.py VIDEO OUT: `detect_video` with it, slowly, saying each frame that it looks at.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tflhelpers.data.boxes import Boxes

COLOURS = {"duck": (150, 60, 200), "boat": (200, 40, 40)}


class StubDetector:
    """Has what `detect_video` needs: `class_names`, `threshold` and `detect`."""

    class_names = tuple(COLOURS)
    threshold = 0.5

    def __init__(self, pause=0.0):
        self.looked_at = 0
        self.pause = pause

    def detect(self, image, *, threshold=None, max_boxes=100):
        self.looked_at += 1
        time.sleep(self.pause)
        if self.pause:
            print(self.looked_at, flush=True)
        found = []
        for label, colour in enumerate(COLOURS.values()):
            rows, columns = np.nonzero(np.abs(image.astype(int) - colour).max(axis=-1) < 60)
            if len(rows) > 20:
                found.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, label])
        if not found:
            return Boxes.empty(with_scores=True)
        table = np.array(found, np.float32)
        return Boxes(table[:, :4], table[:, 4].astype(int), np.full(len(table), 0.9))


if __name__ == "__main__":
    from tflhelpers.sharing import detect_video as module
    from tflhelpers.sharing import video_boxes

    video_boxes.CHUNK, module.PART_FRAMES = 4, 10
    detector = StubDetector(pause=0.02)
    module.detect_video(detector, sys.argv[1], sys.argv[2], progress=False)
    print(f"done {detector.looked_at}", flush=True)
