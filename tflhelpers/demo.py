"""The main job once, on what ships with the package: five photos, a detector for them, a GIF.

``python -m tflhelpers`` runs it; the README's first command installs the package and then does the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tflhelpers.data.boxes import Boxes
from tflhelpers.project import Project, open_project
from tflhelpers.quiet import startup_notes_aside


def run_demo(project: Project | None = None, *, steps: int | None = None) -> Path:
    """Fine-tune the embedded detector on the drawn duck photos and make a GIF of the drawn clip.

    Tells on standard output what happens: this is a program, not a library function.

    Args:
        project: Where the GIF goes; None opens the default project.
        steps: Training steps; None lets ``fine_tune`` choose.

    Returns:
        The GIF's path.
    """
    project = project or open_project()
    started = time.monotonic()
    with _dots("Loading TensorFlow, which takes longest the first time "), startup_notes_aside():
        import tensorflow

        tensorflow.config.list_physical_devices()  # where CUDA is installed without a GPU, this complains

        import tflhelpers as tfl

    photos, clip = tfl.samples.duck_photos(), tfl.samples.duck_clip()
    detector = tfl.Detector.embedded(photos.class_names)
    _tell(f"1/4  Training a detector for: {', '.join(photos.class_names)}. {len(photos)} photos.")
    tfl.fine_tune(detector, photos, steps=steps)

    _tell(f"2/4  Detecting in the {len(clip)} frames of a clip that it has not seen.")
    predictions = detector.detect_all(clip.image_paths, threshold=0.0)
    scores = tfl.evaluate(predictions, clip)
    _tell(
        f"3/4  Measured against the true boxes: AP50 {scores.ap50:.2f}, AP {scores.ap:.2f} (1.00 is perfect)."
    )

    sure = [_surest(boxes, detector.threshold) for boxes in predictions]
    frames = [
        tfl.draw_boxes(path, boxes, detector.class_names)
        for path, boxes in zip(clip.image_paths, sure, strict=True)
    ]
    gif = project.results / "duck.gif"
    tfl.write_gif(frames, gif, fps=12)
    detector.save(project.models / "duck")
    _tell(f"4/4  Done in {time.monotonic() - started:.0f} s. The detector is in {project.models / 'duck'}")
    _tell(f"The GIF is here: {gif}")
    return gif


def _surest(boxes: Boxes, threshold: float) -> Boxes:
    return boxes if boxes.scores is None else boxes[boxes.scores >= threshold]


@contextmanager
def _dots(text: str, every: float = 1.0) -> Iterator[None]:
    """Print a text, and a dot a second while the block runs."""
    done = threading.Event()

    def tick() -> None:
        while not done.wait(every):
            print(".", end="", flush=True)

    print(text, end="", flush=True)
    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        print(flush=True)


def _tell(line: str) -> None:
    print(line, flush=True)
