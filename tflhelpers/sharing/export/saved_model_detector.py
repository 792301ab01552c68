"""Somebody's trained detector from TensorFlow Hub, Kaggle or the model zoo, with our `detect`.

A SavedModel is a program. What it holds is looked through before it is loaded (`file_operations`), but only trust in
whoever made it makes it safe to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.data.formats.label_map import LABEL_MAP_NAME, read_label_map
from tflhelpers.files.atomic_folder import finish_folder
from tflhelpers.files.checksums import sha256_of
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.files.words import counted
from tflhelpers.model.coco_classes import COCO_CLASS_NAMES
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.sharing.export.file_operations import refuse_file_operations
from tflhelpers.sharing.export.proven import SAVED_MODEL_FILES

INPUT = "input_tensor"
WANTED = ("detection_boxes", "detection_scores", "detection_classes")
DEFAULT_THRESHOLD = 0.5
_HIGHEST_ID = 100_000  # each number up to it gets a name; the largest sets have some ten thousand classes


class SavedModelDetector(ImageDetector):
    """A SavedModel with the signature of the Object Detection API; make one with `load_saved_model`."""

    max_batch = 1

    def __init__(
        self, model, run: Callable, class_names: Sequence[str], threshold: float, folder: Path
    ) -> None:
        super().__init__(class_names, threshold)
        self._model, self._run_model = model, run  # the signature alone does not keep the model's variables
        self._folder = folder

    def __repr__(self) -> str:
        classes = counted(len(self.class_names), "class", "classes")
        return f"SavedModelDetector({classes})"

    @property
    def image_size(self) -> None:
        """None: the model takes pictures of any size and resizes them itself."""
        return None

    def fingerprint(self) -> str:
        files = [self._folder / name for name in SAVED_MODEL_FILES] + sorted(self._folder.glob("variables/*"))
        return ",".join(sha256_of(file)[:16] for file in files if file.is_file())

    def network_input(self, image: np.ndarray) -> np.ndarray:
        return image

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        import tensorflow as tf

        outputs = self._run_model(**{INPUT: tf.convert_to_tensor(inputs)})
        boxes, scores, classes = (outputs[name].numpy() for name in WANTED)
        labels = np.rint(classes) - 1  # counted from 1 in the model
        known = (labels[0] >= 0) & (labels[0] < len(self.class_names))
        return RawBoxes(boxes[:, known], scores[:, known], labels[:, known])


def load_saved_model(
    handle: str | Path,
    *,
    class_names: Sequence[str] | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    trust: bool = False,
) -> SavedModelDetector:
    """A detector that others have trained and saved, ready to use and not to be fine-tuned.

    A SavedModel of others is a program that runs on your machine, with your rights: use only those of publishers that
    you trust. One that would read or write files is refused unless you say `trust=True`. To read a detector's weights
    without running anything, use `Detector.from_zoo(name, checkpoint=folder)`.

    Args:
        handle: the folder of a SavedModel (the zoo's `saved_model`, an export of the Object Detection API or of
            `export_saved_model`); or an address of TensorFlow Hub or Kaggle, which needs tensorflow-hub.
        class_names: a name for each of the model's class numbers 1, 2, 3, ...; None for what the folder says in
            assets/label_map.pbtxt, or else COCO's.
        threshold: score from 0 to 1 that `detect` asks of a box unless told otherwise.
        trust: run also a model that works with files or other programs.

    Raises:
        FileNotFoundError: there is no such folder, or no SavedModel in it.
        ValueError: it is no detector of the Object Detection API's kind; the message says what it takes and gives. Or
            it works with files, and `trust` is False. Or its label map has an id above 100,000.
        ImportError: the handle is an address, and tensorflow-hub is not installed.
    """
    model, folder = _from_hub(str(handle), trust) if _is_address(handle) else _from_disk(Path(handle), trust)
    label_map = folder / "assets" / LABEL_MAP_NAME
    if class_names is None and not _is_address(handle) and label_map.is_file():
        class_names = _names_by_number(label_map)
    run = _checked_signature(model, handle)
    return SavedModelDetector(model, run, class_names or COCO_CLASS_NAMES, threshold, folder)


def _names_by_number(label_map: Path) -> list[str]:
    names = read_label_map(label_map).names
    if (highest := max(names, default=0)) > _HIGHEST_ID:
        raise ValueError(
            f"{label_map}: expected ids up to {_HIGHEST_ID}, got id {highest} ({names[highest]!r}). "
            "Correct it, or give class_names, a name for each number from 1 on."
        )
    return [names.get(number, f"unused id {number}") for number in range(1, highest + 1)]


def _is_address(handle: str | Path) -> bool:
    return isinstance(handle, str) and handle.startswith(("http://", "https://"))


def _from_disk(path: Path, trust: bool) -> tuple[Any, Path]:
    import tensorflow as tf

    folder = _saved_model_folder(path)
    for name in SAVED_MODEL_FILES:
        refuse_stand_in(folder / name, "a SavedModel")
    if not trust:
        refuse_file_operations(folder)
    return tf.saved_model.load(str(folder)), folder


def _from_hub(address: str, trust: bool) -> tuple[Any, Path]:
    try:
        import tensorflow_hub
    except ImportError as error:
        raise ImportError(
            f"{address} is fetched with tensorflow-hub, which cannot be used here ({error}). "
            'Install it with: pip install tensorflow-hub "setuptools<81". Or give the folder of a SavedModel.'
        ) from error
    folder = tensorflow_hub.resolve(address)
    if not trust:
        refuse_file_operations(Path(folder))
    return tensorflow_hub.load(folder), Path(folder)


def _saved_model_folder(folder: Path) -> Path:
    finish_folder(folder)
    for candidate in (folder, folder / "saved_model"):  # the zoo's archives hold one beside the checkpoint
        if any((candidate / name).is_file() for name in SAVED_MODEL_FILES):
            return candidate
    raise FileNotFoundError(
        f"expected a folder with a SavedModel ({SAVED_MODEL_FILES[0]}), got {folder}, which "
        f"{'holds none' if folder.is_dir() else 'is no folder'}. A detector of ours is read with Detector.load."
    )


def _checked_signature(model, handle):
    signature = model.signatures.get("serving_default")
    takes = signature.structured_input_signature[1] if signature is not None else {}
    gives = signature.structured_outputs if signature is not None else {}
    one_picture = len(takes) == 1 and next(iter(takes.values())).dtype.name == "uint8"
    if not one_picture or not all(name in gives for name in WANTED):
        raise ValueError(
            f"{handle}: expected the Object Detection API's signature (one uint8 picture in; {', '.join(WANTED)} "
            f"out), got {sorted(takes)} in and {sorted(gives)} out. Give another model, or run this one with "
            "tf.saved_model.load and make Boxes of what it gives."
        )
    name = next(iter(takes))
    return signature if name == INPUT else lambda **given: signature(**{name: given[INPUT]})
