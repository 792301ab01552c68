"""`Classifier`: a network from pictures to probabilities, its class names, and what it looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import layers

from tflhelpers.classification.activation import activation_maps, evidence, heat_map
from tflhelpers.classification.backbones import (
    EMBEDDED,
    backbone_layers,
    backbone_size,
    check_backbone,
    embedded_width,
    feature_maps,
)
from tflhelpers.classification.classifier_folder import read_settings, read_weights, write_classifier
from tflhelpers.classification.label_checks import check_class_names
from tflhelpers.classification.predictions import Predictions
from tflhelpers.model.preprocess import checked_image, network_input, partial_kept, prefetch_batches, reader
from tflhelpers.progress import progress_bar

if TYPE_CHECKING:
    from tflhelpers.sharing.export.classifier import ClassifierExport

MODES = ("features", "fine-tune")
BATCH_SIZE = 16


class Classifier:
    """Says which of its classes a picture shows.

    Make one with `Classifier.build` and teach it with `tflhelpers.fit_classifier`, or read one with `Classifier.load`.

    Attributes:
        class_names: a name for each label.
        network: a `keras.Model` from float32 RGB in 0..255 (B, H, W, 3), resized as by
            `tflhelpers.model.preprocess.network_input`, to probabilities (B, K).
        backbone: the name of what looks at the pictures.
        mode: "features" or "fine-tune": what `fit_classifier` teaches.
        image_size: (height, width) in pixels that pictures are resized to.
        trained_backbone: whether its weights were trained before, not random.
        width: the width multiplier of the embedded backbone; None for others.
    """

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        backbone: str,
        mode: str,
        image_size: tuple[int, int],
        weights: str | None,
        seed: int = 0,
        width: float | None = None,
    ) -> None:
        self.class_names = check_class_names(class_names)
        self.backbone, self.image_size = check_backbone(backbone), image_size
        self.mode, self.trained_backbone = _checked_mode(mode), weights is not None
        self.width = (width or embedded_width()) if backbone == EMBEDDED else None
        images = keras.Input((*image_size, 3), name="images")
        self._maps = feature_maps(backbone, images, weights, seed, self.width)
        pooled = [
            layers.GlobalAveragePooling2D(name=f"pooled_{i}")(each) for i, each in enumerate(self._maps)
        ]
        self._features = layers.Concatenate(name="features")(pooled) if len(pooled) > 1 else pooled[0]
        self._logits = layers.Dense(len(self.class_names), name="logits", kernel_initializer="zeros")(
            self._features
        )
        outputs = layers.Softmax(name="probabilities")(self._logits)
        self.network = keras.Model(images, outputs, name="classifier")

    @classmethod
    def build(
        cls,
        class_names: Sequence[str],
        backbone: str = "MobileNetV2",
        mode: str = "features",
        weights: str | None = "imagenet",
        *,
        image_size: tuple[int, int] | int | None = None,
        seed: int = 0,
    ) -> Classifier:
        """A classifier that has yet to learn its classes: it gives each the same probability.

        Args:
            class_names: at least two.
            backbone: a network of `keras.applications` by name (VGG19, ResNet50, MobileNetV2, EfficientNetV2B0, …), or
                "embedded", the one of the detector that ships inside the package, for use without a network.
            mode: "features" leaves the backbone as it is, "fine-tune" lets its last layers learn too.
            weights: "imagenet" for trained ones (downloaded once by Keras; the embedded backbone has its own), a file
                of weights, or None for random ones.
            image_size: pictures are resized to it; default what the backbone was trained with.
            seed: of random weights.

        Raises:
            ValueError: fewer than two classes, an unknown backbone or mode.
            WeightsUnavailable: they could not be downloaded.
        """
        check_class_names(class_names), check_backbone(backbone), _checked_mode(mode)
        size = backbone_size(backbone) if image_size is None else image_size
        height, width = (size, size) if isinstance(size, int) else size
        if weights is None:
            keras.utils.set_random_seed(seed)
        return cls(
            class_names, backbone=backbone, mode=mode, image_size=(height, width), weights=weights, seed=seed
        )

    @classmethod
    def load(cls, folder: str | Path) -> Classifier:
        """The classifier that `save` wrote to `folder`.

        Raises:
            FileNotFoundError: there is none.
            ValueError: its files are damaged or do not fit together.
        """
        settings = read_settings(Path(folder))
        classifier = cls(
            settings["class_names"],
            backbone=settings["backbone"],
            mode=settings["mode"],
            image_size=settings["image_size"],
            weights=None,
            width=settings["width"],
        )
        classifier.trained_backbone = settings["trained_backbone"]
        read_weights(Path(folder), classifier.network.variables)
        return classifier

    def save(self, folder: str | Path) -> Path:
        """Writes the classifier to `folder`, whose files are replaced only once the new ones are written whole."""
        settings = {
            "class_names": list(self.class_names),
            "backbone": self.backbone,
            "mode": self.mode,
            "image_size": list(self.image_size),
            "trained_backbone": self.trained_backbone,
            "width": self.width,
        }
        return write_classifier(Path(folder), settings, self.network.variables)

    def __repr__(self) -> str:
        names = ", ".join(self.class_names[:5]) + (", ..." if len(self.class_names) > 5 else "")
        height, width = self.image_size
        return f"Classifier({self.backbone}, {self.mode}, {height}x{width}, {len(self.class_names)} classes: {names})"

    # ---- what it does

    def predict(
        self, images, *, batch_size: int = BATCH_SIZE, progress: bool = True, on_error: str = "raise"
    ) -> Predictions:
        """How likely each class is.

        Args:
            images: a path or RGB uint8 (H, W, 3) of any size, or many of them; a generator is asked for the next ones
                as they are needed. Labelled pictures count as well.
            batch_size: pictures that go through the network at once.
            progress: show a bar, if there is more than one batch.
            on_error: "raise", or "skip": a file that is no picture or absent has probabilities of NaN then, and is
                logged.

        Raises:
            ImageError, FileNotFoundError: a file is no picture or absent; the message names it.
            ValueError: an array is no picture, or there is none at all.
            BaseException: whatever is raised, Ctrl-C too, has in its attribute `partial` the Predictions of the
                pictures before (in a notebook: `sys.last_value.partial`).
        """
        done: list[np.ndarray] = []
        with partial_kept(lambda: self._predictions(done)):
            self._predict("probabilities", images, batch_size, progress, done, on_error)
        return self._predictions(done)

    def logits(self, images, *, batch_size: int = BATCH_SIZE, progress: bool = True) -> np.ndarray:
        """What the probabilities are made of by softmax. float32 (n, K); arguments as of `predict`."""
        return np.concatenate(self._predict("logits", images, batch_size, progress, []))

    def explain(self, image, class_name: str | None = None, *, opacity: float = 0.8) -> np.ndarray:
        """The picture in gray: orange where it speaks for the class, blue where for the others.

        Args:
            image: a path or RGB uint8 (H, W, 3).
            class_name: the class in question; None for the likeliest one.
            opacity: of the strongest colour, 0 to 1.

        Returns:
            uint8 (H, W, 3) with a line of text below.
        """
        if not 0 <= opacity <= 1:
            raise ValueError(f"opacity must be 0 to 1, got {opacity}.")
        picture = checked_image(image)
        kernel, bias = self.head
        maps, probabilities = activation_maps(
            self.looking, kernel, network_input(picture, self.image_size)[None]
        )
        label = int(probabilities.argmax()) if class_name is None else self._label_of(class_name)
        heat = evidence(maps, bias, label, picture.shape[:2])
        return heat_map(picture, heat, f"{self.class_names[label]}: {probabilities[label]:.0%}", opacity)

    # ---- for other programs

    def export_saved_model(
        self, folder: str | Path, *, images: Iterable | None = None, progress: bool = True
    ) -> ClassifierExport:
        """A TensorFlow SavedModel; see `tflhelpers.export_saved_model`."""
        from tflhelpers.sharing.export.saved_model import export_saved_model

        return export_saved_model(self, folder, images=images, progress=progress)

    def export_tflite(
        self,
        path: str | Path,
        *,
        quantize: str | None = None,
        images: Iterable | None = None,
        progress: bool = True,
    ) -> ClassifierExport:
        """A LiteRT file; see `tflhelpers.export_tflite`."""
        from tflhelpers.sharing.export.tflite import export_tflite

        return export_tflite(self, path, quantize=quantize, images=images, progress=progress)

    # ---- parts of the network

    @cached_property
    def answers(self) -> keras.Model:
        """From the network's input to "features" (B, D), "logits" (B, K) and "probabilities" (B, K), all at once."""
        outputs = {
            "features": self._features,
            "logits": self._logits,
            "probabilities": self.network.output,
        }
        return keras.Model(self.network.input, outputs)

    @cached_property
    def looking(self) -> keras.Model:
        """From the network's input to "maps", a list of (B, h, w, C), and "probabilities" (B, K)."""
        return keras.Model(self.network.input, {"maps": self._maps, "probabilities": self.network.output})

    @property
    def backbone_layers(self) -> list[keras.layers.Layer]:
        """All layers that can learn before the head, the first ones first."""
        return backbone_layers(self.network)

    @property
    def head(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel (D, K) and bias (K,) from features to logits."""
        kernel, bias = (np.asarray(v).copy() for v in self.network.get_layer("logits").weights)
        return kernel, bias

    def set_head(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Replaces kernel (D, K) and bias (K,)."""
        for variable, value in zip(self.network.get_layer("logits").weights, (kernel, bias), strict=True):
            variable.assign(np.asarray(value, np.float32))

    def _label_of(self, class_name: str) -> int:
        if class_name not in self.class_names:
            raise ValueError(f"class_name must be one of {', '.join(self.class_names)}, got {class_name!r}.")
        return self.class_names.index(class_name)

    def _predictions(self, rows: list[np.ndarray]) -> Predictions:
        nothing = np.zeros((0, len(self.class_names)), np.float32)
        return Predictions(self.class_names, np.concatenate([nothing, *rows]))

    def _predict(
        self,
        output: str,
        images,
        batch_size: int,
        progress: bool,
        outputs: list[np.ndarray],
        on_error: str = "raise",
    ) -> list[np.ndarray]:
        """Fill `outputs` with (B, K) of one batch after the other, NaN for pictures that were skipped."""
        single = isinstance(images, (str, Path)) or (isinstance(images, np.ndarray) and images.ndim == 3)
        images = [images] if single else images
        batches = prefetch_batches(reader(self._prepared, on_error), images, batch_size)
        total = len(images) if hasattr(images, "__len__") else None
        with (
            progress_bar(total, "Classifying", enabled=progress and not single, delay=1) as bar,
            closing(batches),
        ):
            for batch in batches:
                outputs.append(self._of_batch(output, batch, 1 if single else batch_size))
                bar.update(len(batch))
        if not outputs:
            raise ValueError("images must hold at least one picture, got none.")
        return outputs

    def _of_batch(self, output: str, batch: list[np.ndarray | None], batch_size: int) -> np.ndarray:
        rows = np.full((len(batch), len(self.class_names)), np.nan, np.float32)
        read = [row for row, image in enumerate(batch) if image is not None]
        if read:
            images = np.stack([image for image in batch if image is not None])
            rows[read] = run_padded(self, images, output, batch_size)
        return rows

    def _prepared(self, image) -> np.ndarray:
        picture = image.read() if hasattr(image, "label") else checked_image(image)
        return network_input(np.ascontiguousarray(picture), self.image_size)


def run_padded(classifier: Classifier, inputs: np.ndarray, output: str, batch_size: int) -> np.ndarray:
    """An output of `Classifier.answers` for up to `batch_size` inputs.

    One network answers everything, and the batch that it sees always is as large: so it is compiled once.
    """
    missing = batch_size - len(inputs)
    padded = inputs if missing <= 0 else np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)])
    return np.asarray(classifier.answers.predict_on_batch(padded)[output])[: len(inputs)]


def _checked_mode(mode: str) -> str:
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}.")
    return mode
