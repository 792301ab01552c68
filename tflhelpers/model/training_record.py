"""What a detector learned from, and when: kept with its weights, so that a stale one can be told from a fresh one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from tflhelpers.files.json_file import NAMES, TEXT, Check, check_fields, is_count
from tflhelpers.files.words import counted, listed


def _is_date(value: Any) -> bool:
    try:
        return bool(datetime.fromisoformat(value))
    except (ValueError, TypeError):
        return False


def _is_images(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


_FIELDS: dict[str, Check] = {
    "class_names": NAMES,
    "images": (_is_images, "an object of texts"),
    "num_boxes": (is_count, "a number of boxes"),
    "when": (_is_date, "a date and time, ISO 8601"),
    "start": TEXT,
}


@dataclass(frozen=True)
class TrainingRecord:
    """What a detector was last fine-tuned on. Prints as a part of a sentence.

    Attributes:
        class_names: of the annotations.
        images: key of each image's file → key of the boxes on it. Equal files have equal keys, whatever their names.
        num_boxes: on all images.
        when: date and time, ISO 8601 with offset.
        start: name of what the training started from, such as "mobilenet_320"; "" if unknown.
    """

    class_names: tuple[str, ...]
    images: Mapping[str, str] = field(repr=False)
    num_boxes: int
    when: str
    start: str = ""

    def __str__(self) -> str:
        photos = counted(len(self.images), "photo")
        day = datetime.fromisoformat(self.when)
        boxes = counted(self.num_boxes, "box", "boxes")
        return f"{photos} with {boxes} of {listed(self.class_names)}, on {day.day} {day:%B %Y}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"class_names": list(self.class_names), "images": dict(self.images)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> TrainingRecord:
        """Raises `BadJson` where `stored` is none."""
        stored = check_fields({"start": "", **stored}, _FIELDS)
        values = {name: stored[name] for name in _FIELDS}
        values["class_names"] = tuple(values["class_names"])
        return cls(**values)

    def shares(self, now: TrainingRecord) -> int:
        """How many images of `now` it was trained on, whatever they are called by now."""
        return len(self.images.keys() & now.images.keys())

    def differences(self, now: TrainingRecord) -> list[str]:
        """What has changed since, a sentence each; nothing where `now` is what it was trained on.

        Args:
            now: of the annotations as they are (`training.record.training_record`).
        """
        known = self.images.keys() & now.images.keys()
        gone = len(self.images.keys() - known)
        changed = sum(self.images[key] != now.images[key] for key in known)
        sentences = []
        if self.class_names != now.class_names:
            sentences.append(
                f"Its classes are {listed(self.class_names)}, those of your boxes {listed(now.class_names)}."
            )
        if len(known) < len(now.images):
            count = f"{len(known)}" if known else "none"
            sentences.append(f"It was trained on {count} of your {counted(len(now.images), 'photo')}.")
        if gone and known:
            sentences.append(
                f"{counted(gone, 'photo')} that it was trained on {_is(gone)} not there any more."
            )
        if changed:
            sentences.append(f"The boxes on {counted(changed, 'photo')} have changed since.")
        return sentences


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
