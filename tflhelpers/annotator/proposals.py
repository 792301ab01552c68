"""Boxes that a detector proposes, computed beside the drawing; nothing here is ever saved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tflhelpers.annotator.worker import Worker
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image

THRESHOLD = 0.3  # lower than a detector's own: a wrong proposal costs one key, a missing one a drawing
AT_MOST = 30
_KEPT = 256

Proposal = dict[str, Any]  # {"xyxy": [x1, y1, x2, y2], "class": name, "score": 0 to 1}


class Suggester(Protocol):
    """What can propose boxes: a `Detector`, or anything with these two."""

    class_names: Sequence[str]

    def detect(self, image: Any, *, threshold: float) -> Boxes:
        """Return the boxes found in RGB uint8 (H, W, 3), with scores."""


class Proposals:
    """Asks a detector for boxes on pictures, one picture at a time, in a thread.

    A detector set anew takes the place of the old one at once: what the old one is still computing is thrown
    away, and asked of the new one.

    Args:
        paths: Of the pictures.
        tell: Called from the thread with a sentence when something goes wrong.
    """

    def __init__(self, paths: Sequence[Path], tell: Callable[[str], None]) -> None:
        self._paths = list(paths)
        self._tell = tell
        self._worker = Worker("tflhelpers proposals")
        self._lock = threading.Lock()
        self._detector: Suggester | None = None
        self._turn = 0
        self._found: dict[int, list[Proposal]] = {}

    @property
    def detector(self) -> Suggester | None:
        """The detector that is asked, None for no proposals."""
        return self._detector

    @detector.setter
    def detector(self, detector: Suggester | None) -> None:
        if detector is not None and not (hasattr(detector, "detect") and hasattr(detector, "class_names")):
            raise TypeError(
                "suggest must be a detector with .detect(image, threshold=...) and .class_names, "
                f"got {type(detector).__name__}."
            )
        with self._lock:
            self._detector = detector
            self._turn += 1
            self._found = {}

    def ask(self, index: int, class_names: Sequence[str], answer: Callable[[list[Proposal]], None]) -> None:
        """Have boxes proposed on a picture, for these classes only; `answer` is called from the thread, once."""
        self._worker.do(lambda: answer(self._propose(index, class_names)))

    def wait(self) -> None:
        """Return when all that was asked is answered."""
        self._worker.wait()

    def _propose(self, index: int, class_names: Sequence[str]) -> list[Proposal]:
        while True:
            with self._lock:
                detector, turn, found = self._detector, self._turn, self._found.get(index)
            if found is None:
                found = self._detect(detector, index, class_names)
            with self._lock:
                if turn != self._turn:
                    continue
                while len(self._found) >= _KEPT:
                    del self._found[next(iter(self._found))]
                self._found[index] = found
            return [proposal for proposal in found if proposal["class"] in class_names]

    def _detect(self, detector: Suggester | None, index: int, class_names: Sequence[str]) -> list[Proposal]:
        if detector is None:
            return []
        try:
            if not set(detector.class_names) & set(class_names):
                self._tell(_no_class_in_common(detector.class_names, class_names))
                return []
            image = read_image(self._paths[index])
            return _proposals(detector.detect(image, threshold=THRESHOLD), detector.class_names)
        except Exception as error:  # whatever a detector raises: drawing goes on
            name = self._paths[index].name
            self._tell(f"No proposals on {name}: the detector failed ({type(error).__name__}: {error}).")
            return []


def _proposals(boxes: Boxes, class_names: Sequence[str]) -> list[Proposal]:
    """Return the best boxes, best first, as the page takes them."""
    scores = boxes.scores.tolist() if boxes.scores is not None else [1.0] * len(boxes)
    rows = zip(boxes.xyxy.tolist(), boxes.labels.tolist(), scores, strict=True)
    found = [{"xyxy": xyxy, "class": class_names[label], "score": score} for xyxy, label, score in rows]
    return sorted(found, key=lambda proposal: -proposal["score"])[:AT_MOST]


def _no_class_in_common(known: Sequence[str], wanted: Sequence[str]) -> str:
    shown = ", ".join(list(known)[:5]) + (", ..." if len(known) > 5 else "")
    return (
        f"The detector proposes nothing: it knows {shown}, and none of your classes ({', '.join(wanted)}). "
        "Give the classes the same names."
    )
