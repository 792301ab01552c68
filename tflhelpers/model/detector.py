"""`Detector`: a Keras network, its class names, and where detectors come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.files.atomic_folder import finish_files, replace_files, scratch_beside
from tflhelpers.files.checksums import sha256_of_arrays
from tflhelpers.files.json_file import is_names
from tflhelpers.files.words import counted
from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.checkpoint import CheckpointError, RestoreReport, restore
from tflhelpers.model.class_start import restore_with_class_start
from tflhelpers.model.coco_classes import COCO_CLASS_NAMES
from tflhelpers.model.engine import RUNNERS, Run, checked_engine, chosen_engine
from tflhelpers.model.heads import BOX_HEAD_KEY
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.model.settings import SETTINGS_FILE, Architecture, read_settings, write_settings
from tflhelpers.model.ssd import is_class_head, variables_by_key
from tflhelpers.model.training_record import TrainingRecord
from tflhelpers.model.weights import load_weights, save_weights

if TYPE_CHECKING:
    import keras

    from tflhelpers.model.pretrained import Origin
    from tflhelpers.model.zoo import ZooModel

DEFAULT_THRESHOLD = 0.5
WEIGHTS_FILE = "weights.npz"


class Detector(ImageDetector):
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
        tiles: (rows, columns) that `fine_tune` taught it with, in which `detect` looks unless told otherwise; None for
            whole images.
        folder: where it was saved last, or loaded from; None before.
        engine: what runs the network. "auto" takes OpenVINO, in float32, where it is installed and there is no GPU,
            else Keras; set "openvino" or "keras" to decide yourself. What was taken is logged.
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
        super().__init__(_checked_names(class_names), threshold)
        self.architecture = architecture
        self.network = network if network is not None else architecture.build(len(self.class_names))
        self.anchors_rel_yxyx = anchors_rel_yxyx(architecture.image_size)
        self.restore_report = restore_report
        self.keeps_stem = keeps_stem
        self.origin: Origin | None = None
        self.trained_on: TrainingRecord | None = None
        self.folder: Path | None = None
        self._engine = "auto"
        self._runners: dict[str, Run] = {}

    @property
    def image_size(self) -> tuple[int, int]:
        height, width = self.architecture.image_size
        return height, width

    @property
    def has_new_predictor(self) -> bool:
        """Whether its checkpoint had no box predictor, so that `fine_tune` teaches it one from nothing.

        It stays so however often `fine_tune` is called: a cell run again trains as it did before.
        """
        skipped = () if self.restore_report is None else self.restore_report.skipped
        return any(key.startswith(BOX_HEAD_KEY) for key in skipped)

    def __repr__(self) -> str:
        names = ", ".join(self.class_names[:5]) + (", ..." if len(self.class_names) > 5 else "")
        height, width = self.image_size
        classes = counted(len(self.class_names), "class", "classes")
        return f"Detector({self.architecture.family}, {height}x{width}, {classes}: {names})"

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
        progress: bool = True,
    ) -> Detector:
        """A trained detector of the TensorFlow 2 detection model zoo.

        Args:
            name: of `tflhelpers.interop.zoo_models()`, in full or short.
            class_names: your classes; None keeps the 90 ids of COCO. The class head is restored too where the
                checkpoint has one for as many classes; else it starts anew, as does the whole box predictor where the
                checkpoint is of a feature extractor alone. `restore_report` says so.
            checkpoint: prefix or folder of a checkpoint on disk (the zoo's, or one that a training run of the Object
                Detection API wrote), or folder of a SavedModel that the API exported (the zoo's, TensorFlow Hub's or
                Kaggle's, or your own), instead of fetching one.
            cache: folder that downloads are kept in.
            progress: show bars of the download.

        Raises:
            CheckpointError: the checkpoint is not one of this network.
            FetchError: it could not be downloaded; the message says where to put the file by hand.
        """
        from tflhelpers.model.sources import fetch_weights
        from tflhelpers.model.zoo import zoo_model

        model = zoo_model(name)
        if checkpoint is not None:
            return cls._from_weights(model, checkpoint, class_names, is_coco=False)
        fetched = fetch_weights(model, cache=cache, progress=progress)
        return cls._from_weights(model, fetched.path, class_names, is_coco=False, trust=fetched.trust)

    @classmethod
    def pretrained(
        cls,
        name: str = "auto",
        class_names: Sequence[str] | None = None,
        *,
        cache: str | Path | None = None,
        progress: bool = True,
    ) -> Detector:
        """A trained detector to start `fine_tune` from: the one that suits this machine, or the one you name.

        Its `origin` says in a sentence which one it is and why, and how much was downloaded.

        Args:
            name: "auto" takes the zoo's SSD ResNet50 V1 FPN 640 if there is a GPU, and SSD MobileNetV2 FPNLite 320 if
                there is none; "embedded" takes the detector that ships inside the package. Or a name from
                `tflhelpers.interop.zoo_models()`, in full or short: "retinanet_resnet50_640", "mobilenet_320".
            class_names: your classes; None keeps those that the detector knows, COCO's in the zoo. A class that COCO
                has too, such as "cat" or "Traffic lights", starts from COCO's weights, the others from scratch;
                `restore_report` says which.
            cache: folder to keep downloads in, so that the next session needs none; None for `models` in the project
                folder, or a folder in your home directory if there is no project.
            progress: show bars of the download.

        Raises:
            ValueError: an unknown name; the message lists the known ones.
            FetchError: the detector you named could not be downloaded; the message says where to put the file by hand.
                "auto" does not raise this: it takes the embedded detector instead.
            CheckpointError: the downloaded or cached checkpoint is damaged.
        """
        from tflhelpers.model.fetch import FetchError
        from tflhelpers.model.pretrained import choose_start

        start = choose_start(name, cache=cache)
        if start.model is None:
            detector, origin = cls.embedded(class_names), start.taken()
        else:
            try:
                fetched = start.fetch(progress=progress)
                detector = cls._from_weights(
                    start.model, fetched.path, class_names, is_coco=True, trust=fetched.trust
                )
                origin = start.taken(fetched)
            except (FetchError, CheckpointError) as error:
                if not start.is_automatic:
                    raise
                detector, origin = cls.embedded(class_names), start.not_taken(error)
        detector.origin = origin
        return detector

    @classmethod
    def _from_weights(
        cls, model: ZooModel, path: str | Path, class_names, *, is_coco: bool, trust: str = ""
    ) -> Detector:
        names = class_names if class_names is not None else COCO_CLASS_NAMES
        arguments = {} if model.depth is None else {"depth": model.depth}
        detector = cls(Architecture(model.family, model.input_size, arguments), names)
        variables = variables_by_key(detector.network)
        report = (
            restore(variables, path, expected=model.name, class_advice=_name_its_classes)
            if class_names is None
            else restore_with_class_start(variables, path, names, expected=model.name, is_coco=is_coco)
        )
        detector.restore_report = replace(report, trust=trust)
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
        fresh_head = class_names is not None and _checked_names(class_names) != tuple(settings["class_names"])
        names = class_names if class_names is not None else settings["class_names"]
        threshold = DEFAULT_THRESHOLD if fresh_head else settings["threshold"]
        detector = cls(architecture, names, threshold=threshold, keeps_stem=settings["keeps_stem"])
        load_weights(
            detector.network, folder / WEIGHTS_FILE, skip=is_class_head if fresh_head else lambda key: False
        )
        if not fresh_head:
            detector.trained_on, detector.tiles = settings["trained_on"], settings["tiles"]
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
                self.tiles,
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

    def first_look(self, annotations: Iterable[tuple[Path, Boxes]]) -> Detector:
        """A detector for what a few photos show, made in seconds from what this one sees in their boxes.

        Its class head comes from the photos alone, without training; the rest it shares with this detector: look before
        you train. It finds some things, with loose boxes and scores that mean little; `fine_tune` does far better, and
        is to start from this detector itself.

        Args:
            annotations: photos with boxes of this detector's classes, at least one.

        Raises:
            ValueError: other classes, no boxes, or a detector whose box predictor has yet to be trained.
            ImageError, FileNotFoundError: a photo cannot be read.

        Example:
            `detector.first_look(annotations).detect("new.jpg")`
        """
        from tflhelpers.model.first_look import checked_photos, first_look_network

        if self.has_new_predictor:
            raise ValueError(
                "first_look must start from a detector that draws boxes, got one whose box predictor is new. Call "
                "fine_tune, or take Detector.embedded(class_names)."
            )
        pairs = checked_photos(annotations, self.class_names)
        network = first_look_network(
            self.network, self.anchors_rel_yxyx, self.image_size, len(self.class_names), pairs
        )
        return Detector(
            self.architecture,
            self.class_names,
            threshold=self.threshold,
            network=network,
            keeps_stem=self.keeps_stem,
        )

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        """What the network gives for resized pictures, float32 (B, H, W, 3)."""
        engine = self._chosen_engine
        if engine not in self._runners:
            self._runners[engine] = RUNNERS[engine](self.network, self.anchors_rel_yxyx)
        return self._runners[engine](inputs)

    @property
    def engine(self) -> str:
        return self._engine

    @engine.setter
    def engine(self, engine: str) -> None:
        self._engine = checked_engine(engine)
        self.__dict__.pop("_chosen_engine", None)

    def fingerprint(self) -> str:
        return sha256_of_arrays({key: np.asarray(v) for key, v in variables_by_key(self.network).items()})

    @cached_property
    def _chosen_engine(self) -> str:
        return chosen_engine(self.engine, self.network)


def _name_its_classes(ours: int, theirs: int) -> str:
    return f"give class_names=[{counted(theirs, 'name')}]"


def _checked_names(class_names: Sequence[str]) -> tuple[str, ...]:
    is_list = isinstance(class_names, Iterable) and not isinstance(class_names, str)
    names = tuple(class_names) if is_list else ()
    if not is_names(list(names)):  # what is made can be saved, and loaded again
        raise ValueError(
            f'class_names must be a list of different, non-empty names like ["duck"], got {class_names!r}.'
        )
    return names
