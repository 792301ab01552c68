"""`Detector`: a network, its class names, and what turns a picture into boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import closing
from functools import cached_property
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError
from tflhelpers.files.atomic_folder import finish_files, replace_files, scratch_beside
from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.checkpoint import CheckpointError, RestoreReport, restore
from tflhelpers.model.class_start import restore_with_class_start
from tflhelpers.model.coco_classes import COCO_CLASS_NAMES
from tflhelpers.model.inference import detection_network
from tflhelpers.model.layers import USE_XLA
from tflhelpers.model.picture_boxes import check_many, checked_image, checked_threshold, select_boxes
from tflhelpers.model.preprocess import network_input
from tflhelpers.model.quiet_keras import keras
from tflhelpers.model.reading_ahead import in_order
from tflhelpers.model.settings import SETTINGS_FILE, Architecture, read_settings, write_settings
from tflhelpers.model.ssd import is_class_head, variables_by_key
from tflhelpers.model.weights import load_weights, save_weights
from tflhelpers.progress import progress_bar

if TYPE_CHECKING:
    from tflhelpers.model.pretrained import Origin
    from tflhelpers.model.training_record import TrainingRecord
    from tflhelpers.model.zoo import ZooModel

DEFAULT_THRESHOLD = 0.5
WEIGHTS_FILE = "weights.npz"
READERS = 2  # threads that read pictures: reading one takes a fifth of the network's time
Size = tuple[int, ...]  # (H, W)
Prepared = tuple[np.ndarray, Size]  # float32 (h, w, 3) for the network, and the picture's size
Outputs = tuple[
    np.ndarray, np.ndarray, Sequence[Size]
]  # boxes (B, A, 4), scores (B, A, N), sizes of pictures


class Detector:
    """Finds objects of its classes in pictures.

    Make one with `Detector.pretrained`, `Detector.embedded`, `Detector.from_zoo` or `Detector.load`; teach it new
    things with `tflhelpers.fine_tune`.

    Attributes:
        network: the `keras.Model`; see `tflhelpers.model.ssd`.
        class_names: a name for each label.
        image_size: (height, width) in pixels that pictures are resized to.
        threshold: score from 0 to 1 that `detect` asks of a box unless told otherwise.
        restore_report: what was read from a checkpoint, if it came from one.
        keeps_stem: whether `fine_tune` goes gently unless told otherwise: the backbone's first layers stay as photos
            taught them, and the rest learns at a low rate.
        origin: which detector `pretrained` took and why, `str(...)` a sentence; None if it came from elsewhere.
        trained_on: what `fine_tune` taught it last, and when; None before, and for one saved by an older version.
        folder: where it was saved last, or loaded from; None before.
    """

    def __init__(
        self,
        architecture: Architecture,
        class_names: Sequence[str],
        *,
        threshold: float = DEFAULT_THRESHOLD,
        network: keras.Model | None = None,
        restore_report: RestoreReport | None = None,
        keeps_stem: bool = False,
    ) -> None:
        self.architecture = architecture
        self.class_names = _checked_names(class_names)
        self.network = network if network is not None else architecture.build(len(self.class_names))
        self.anchors_rel_yxyx = anchors_rel_yxyx(architecture.image_size)
        self.threshold = threshold
        self.restore_report = restore_report
        self.keeps_stem = keeps_stem
        self.origin: Origin | None = None
        self.trained_on: TrainingRecord | None = None
        self.folder: Path | None = None

    @property
    def image_size(self) -> tuple[int, int]:
        height, width = self.architecture.image_size
        return height, width

    def __repr__(self) -> str:
        names = ", ".join(self.class_names[:5]) + (", ..." if len(self.class_names) > 5 else "")
        height, width = self.image_size
        return f"Detector({self.architecture.family}, {height}x{width}, {len(self.class_names)} classes: {names})"

    # ---- where detectors come from

    @classmethod
    def embedded(cls, class_names: Sequence[str] | None = None) -> Detector:
        """The small detector that ships inside the package: nothing is downloaded.

        Its backbone learned from photos, the rest from drawn scenes (docs/embedded_detector.md): a start for
        `fine_tune`, no finder of everyday things.

        Args:
            class_names: your classes, with a class head that has yet to learn them; None keeps the drawn kinds.
        """
        folder = resources.files("tflhelpers.model") / "embedded"
        with resources.as_file(folder) as path:
            return cls._from_folder(path, class_names)

    @classmethod
    def from_zoo(
        cls,
        name: str,
        *,
        class_names: Sequence[str] | None = None,
        checkpoint: str | Path | None = None,
        cache: str | Path | None = None,
    ) -> Detector:
        """A trained detector of the TensorFlow 2 detection model zoo.

        Args:
            name: of `tflhelpers.zoo_models()`, in full or short.
            class_names: your classes; None keeps the 90 ids of COCO. The class head is restored too where the
                checkpoint has one for as many classes; else it starts anew, as does the whole box predictor where the
                checkpoint is of a feature extractor alone. `restore_report` says so.
            checkpoint: prefix or folder of a checkpoint on disk (the zoo's, or one that a training run of the Object
                Detection API wrote), or folder of a SavedModel that the API exported (the zoo's, TensorFlow Hub's or
                Kaggle's, or your own), instead of fetching one.
            cache: folder that downloads are kept in.

        Raises:
            CheckpointError: the checkpoint is not one of this network.
            FetchError: it could not be had; the message says where to put the file by hand.
        """
        from tflhelpers.model.sources import fetch_weights
        from tflhelpers.model.zoo import zoo_model

        model = zoo_model(name)
        path = checkpoint if checkpoint is not None else fetch_weights(model, cache=cache).path
        return cls._from_weights(model, path, class_names, is_coco=False)

    @classmethod
    def pretrained(
        cls,
        name: str = "auto",
        class_names: Sequence[str] | None = None,
        *,
        cache: str | Path | None = None,
    ) -> Detector:
        """A detector that has seen photos, the one that suits this machine unless named: the start for `fine_tune`.

        `origin` says in a sentence which was taken and why, and how much was downloaded.

        Args:
            name: "auto" takes the zoo's SSD ResNet50 V1 FPN 640 where there is a GPU, and SSD MobileNetV2 FPNLite 320
                where there is none; "embedded" the detector that ships inside the package. Else a name of
                `tflhelpers.zoo_models()`, in full or short: "retinanet_resnet50_640", "mobilenet_320".
            class_names: your classes; None keeps those that the detector knows, COCO's in the zoo. A class that COCO
                has too, such as "cat" or "Traffic lights", starts from its weights, the others anew; `restore_report`
                says which.
            cache: folder that downloads are kept in, so that a second session needs none; None for `models` in the
                project folder, or a folder in the home where there is no project.

        Raises:
            ValueError: an unknown name; the message lists the known ones.
            FetchError: the detector that was named could not be had; the message says where to put the file by hand.
                Where "auto" can have none, it takes the embedded detector instead.
            CheckpointError: what was fetched, or lies in the cache, is damaged.
        """
        from tflhelpers.model.fetch import FetchError
        from tflhelpers.model.pretrained import choose_start

        start = choose_start(name, cache=cache)
        if start.model is None:
            detector, origin = cls.embedded(class_names), start.taken()
        else:
            try:
                fetched = start.fetch()
                detector = cls._from_weights(start.model, fetched.path, class_names, is_coco=True)
                origin = start.taken(fetched)
            except (FetchError, CheckpointError) as error:
                if not start.is_automatic:
                    raise
                detector, origin = cls.embedded(class_names), start.not_taken(error)
        detector.origin = origin
        return detector

    @classmethod
    def _from_weights(cls, model: ZooModel, path: str | Path, class_names, *, is_coco: bool) -> Detector:
        names = class_names if class_names is not None else COCO_CLASS_NAMES
        arguments = {} if model.depth is None else {"depth": model.depth}
        detector = cls(Architecture(model.family, model.input_size, arguments), names)
        variables = variables_by_key(detector.network)
        detector.restore_report = (
            restore(variables, path, expected=model.name)
            if class_names is None
            else restore_with_class_start(variables, path, names, expected=model.name, is_coco=is_coco)
        )
        return detector

    @classmethod
    def load(cls, folder: str | Path, *, class_names: Sequence[str] | None = None) -> Detector:
        """The detector that `save` wrote to `folder`.

        Args:
            folder: of `detector.json` and `weights.npz`.
            class_names: your classes, to start `fine_tune` from this detector, with a class head that has yet to learn
                them; None keeps the detector's own.

        Raises:
            FileNotFoundError: there is none.
            ValueError: its files do not fit together.
        """
        finish_files(Path(folder))
        detector = cls._from_folder(Path(folder), class_names)
        detector.folder = Path(folder)
        return detector

    @classmethod
    def _from_folder(cls, folder: Path, class_names: Sequence[str] | None) -> Detector:
        architecture, settings = read_settings(folder / SETTINGS_FILE)
        fresh_head = class_names is not None and tuple(class_names) != tuple(settings["class_names"])
        names = class_names if class_names is not None else settings["class_names"]
        threshold = DEFAULT_THRESHOLD if fresh_head else settings["threshold"]
        detector = cls(architecture, names, threshold=threshold, keeps_stem=settings["keeps_stem"])
        load_weights(
            detector.network, folder / WEIGHTS_FILE, skip=is_class_head if fresh_head else lambda key: False
        )
        detector.trained_on = None if fresh_head else settings["trained_on"]
        return detector

    def save(self, folder: str | Path, *, dtype: str = "float32") -> Path:
        """Writes the detector to `folder`, whose two files are replaced together, once the new ones are whole.

        Args:
            folder: made if absent; an older detector in it is replaced.
            dtype: of the weights on disk; "float16" halves the size.
        """
        folder = Path(folder)
        with scratch_beside(folder) as scratch:
            save_weights(self.network, scratch / WEIGHTS_FILE, dtype=dtype)
            write_settings(
                scratch / SETTINGS_FILE,
                self.architecture,
                self.class_names,
                self.threshold,
                self.keeps_stem,
                self.trained_on,
            )
            replace_files(scratch, folder)
        self.folder = folder
        return folder

    def save_zoo_checkpoint(self, prefix: str | Path) -> Path:
        """Writes a checkpoint that the TensorFlow Object Detection API restores; see `write_pipeline_config`.

        Args:
            prefix: such as `folder/ckpt-0`; files of that name in the folder are replaced.

        Returns:
            The prefix.
        """
        from tflhelpers.model.zoo_checkpoint import save_zoo_checkpoint

        return save_zoo_checkpoint(self.network, prefix)

    # ---- what they do

    def detect(self, image, *, threshold: float | None = None, max_boxes: int = 100) -> Boxes:
        """The objects in one picture, best first.

        Args:
            image: a path, or RGB uint8 (H, W, 3) of any size.
            threshold: lowest score from 0 to 1; None for the detector's own.
            max_boxes: at most so many.

        Returns:
            Boxes with scores, in pixels of the picture, clipped to it.
        """
        threshold = checked_threshold(self.threshold if threshold is None else threshold)
        picture = checked_image(image)
        boxes, scores = self._boxes_and_scores(network_input(picture, self.image_size)[None], 1)
        return select_boxes(boxes[0], scores[0], picture.shape[:2], threshold, max_boxes)

    def detect_all(
        self,
        images: Iterable,
        *,
        batch_size: int = 8,
        progress: bool = True,
        threshold: float | None = None,
        max_boxes: int = 100,
    ) -> list[Boxes]:
        """The objects in each of many pictures, of which a few at a time are in memory.

        While the network looks at a batch, threads read and resize the pictures of the next.

        Args:
            images: paths or RGB uint8 (H, W, 3) arrays, of one size or many; a generator is asked for the next ones as
                they are needed, in the calling thread.
            batch_size: pictures that go through the network at once.
            progress: show a bar.
            threshold, max_boxes: as for `detect`.

        Raises:
            ImageError, FileNotFoundError: a file is no picture or absent; the message names it.
            ValueError: an array is no picture; the message says which.
        """
        threshold = checked_threshold(self.threshold if threshold is None else threshold)
        check_many(images, batch_size)
        total = len(images) if isinstance(images, Sized) else None
        found: list[Boxes] = []
        ready = in_order(self._prepared, images, ahead=2 * batch_size, threads=READERS)
        seen = in_order(
            lambda _, outputs: _select_all(*outputs, threshold, max_boxes),
            self._seen_by_network(ready, batch_size),
            ahead=2,  # the network is at one batch while the best boxes of the one before are chosen
            threads=1,
        )
        with progress_bar(total, "Detecting", enabled=progress) as bar, closing(ready), closing(seen):
            for boxes in seen:
                found += boxes
                bar.update(len(boxes))
        return found

    def _prepared(self, number: int, image) -> Prepared:
        """What the network takes in of a picture, and the picture's (height, width)."""
        try:
            picture = checked_image(image)
        except ImageError:
            raise  # names the file
        except ValueError as error:
            raise ValueError(f"images[{number}]: {error}") from error
        return network_input(picture, self.image_size), picture.shape[:2]

    def _seen_by_network(self, ready: Iterator[Prepared], batch_size: int) -> Iterator[Outputs]:
        while batch := list(islice(ready, batch_size)):
            inputs, sizes = zip(*batch, strict=True)
            yield *self._boxes_and_scores(np.stack(inputs), batch_size), sizes

    def _boxes_and_scores(self, inputs: np.ndarray, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """Decoded relative boxes (B, A, 4), not clipped, and scores (B, A, N) of resized pictures (B, H, W, 3)."""
        num_images = len(inputs)
        if num_images < batch_size:  # a constant batch keeps the compiled network
            inputs = np.concatenate(
                [inputs, np.zeros((batch_size - num_images, *inputs.shape[1:]), inputs.dtype)]
            )
        found = self._detection_network.predict_on_batch(inputs)
        return found["boxes_rel_yxyx"][:num_images], found["scores"][:num_images]

    @cached_property
    def _detection_network(self) -> keras.Model:
        model = detection_network(self.network, self.anchors_rel_yxyx)
        model.jit_compile = USE_XLA
        return model


def _select_all(all_boxes, all_scores, picture_sizes, threshold: float, max_boxes: int) -> list[Boxes]:
    return [
        select_boxes(boxes, scores, size, threshold, max_boxes)
        for boxes, scores, size in zip(all_boxes, all_scores, picture_sizes, strict=True)
    ]


def _checked_names(class_names: Sequence[str]) -> tuple[str, ...]:
    names = tuple(class_names) if not isinstance(class_names, str) else ()
    if not names or len(set(names)) < len(names) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(
            f'class_names must be a list of different, non-empty names like ["duck"], got {class_names!r}.'
        )
    return names
