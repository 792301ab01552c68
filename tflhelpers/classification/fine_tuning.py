"""The second phase: the last layers of the backbone learn too, at a low rate, while it helps on what is held out.

Where it stands is on disk every few seconds, as for detectors; the best weights so far lie beside it.
"""

from __future__ import annotations

import logging
import math
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tflhelpers.classification.classifier import Classifier
from tflhelpers.classification.labelled import LabelledPictures
from tflhelpers.classification.linear_head import class_weights
from tflhelpers.classification.resized import ResizedPictures
from tflhelpers.model.layers import USE_XLA
from tflhelpers.model.weights import DamagedFile, read_npz, write_npz
from tflhelpers.progress import progress_bar
from tflhelpers.training.resume import STATE_FILE, Stored, load_state, save_state

logger = logging.getLogger(__name__)

BATCH = 16
EPOCHS, LEAST_STEPS = 20, 200
PATIENCE = 5  # epochs without a lower loss on what is held out; from random weights as many as there are
TOP_SHARE = 0.5  # of the backbone's layers that learn
RATE, RATE_FROM_NOTHING = 3e-5, 2e-3
WARMUP_SHARE = 0.1
SAVE_SECONDS = 10.0
BEST_FILE = "best_weights.npz"


@dataclass
class Tuned:
    """How fine-tuning went; `loss` by epoch, `held_out_loss` before it and by epoch."""

    loss: tuple[float, ...] = ()
    held_out_loss: tuple[float, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass
class _Course:
    """How far it is: steps done, and by epoch the losses."""

    done: int = 0
    losses: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        return int(np.argmin(self.held_out))


def fine_tune_top(
    classifier: Classifier,
    learn: LabelledPictures,
    judge: LabelledPictures | None,
    *,
    epochs: int | None,
    augment: bool,
    seed: int,
    folder: Path | None,
    seconds: float | None,
    progress: bool,
) -> Tuned:
    """Lets the backbone's last layers learn, from a head that is fitted; the classifier has the best weights then.

    Args:
        classifier: as it is to start.
        learn, judge: pictures to learn from, and to decide on; without the latter all epochs count.
        epochs: at most so many times through the pictures.
        augment: change pictures at random.
        seed: of the order and of the changes.
        folder: where it is kept, None for nowhere.
        seconds: to end in, None for as long as it takes.
        progress: show a bar.
    """
    began = time.monotonic()
    size = min(BATCH, len(learn))
    per_epoch = math.ceil(len(learn) / size)
    epochs = epochs or max(EPOCHS, math.ceil(LEAST_STEPS / per_epoch))
    learning = _choose_layers(classifier)
    trainer = _Trainer(classifier, augment, seed)
    keeper = _Keeper(
        folder,
        trainer,
        f"fine-tune {classifier!r}, {epochs} epochs, augment {augment}, seed {seed}, "
        f"{_fingerprint(learn)}, {_fingerprint(judge)}",
    )
    with (
        ResizedPictures(learn, classifier.image_size, progress) as store,
        ResizedPictures(judge, classifier.image_size, progress) as held_out,
        progress_bar(epochs, "Fine-tuning", enabled=progress) as bar,
    ):
        course = keeper.restore()
        if not course.held_out:
            keeper.judge(course, held_out)
        bar.update(len(course.losses))
        weights = class_weights(learn.labels, len(classifier.class_names))
        while len(course.losses) < epochs and not _is_enough(course, classifier):
            if seconds is not None and time.monotonic() - began > seconds:
                break
            if not _one_epoch(
                trainer,
                keeper,
                course,
                store,
                weights,
                size,
                per_epoch,
                epochs,
                seed,
                None if seconds is None else began + seconds,
            ):
                break
            keeper.judge(course, held_out)
            keeper.keep(course)
            bar.update()
            bar.set_text(
                loss=f"{course.losses[-1]:.3f}",
                **({"held_out": f"{course.held_out[-1]:.3f}"} if len(held_out) else {}),
            )
    keeper.take_best(course)
    return Tuned(
        tuple(course.losses),
        tuple(course.held_out) if judge is not None else (),
        _notes(course, learning, judge is not None),
    )


def _notes(course: _Course, learning: str, judged: bool) -> list[str]:
    best = f", the best of them after epoch {course.best}" if judged else ""
    notes = [f"Fine-tuned {learning} for {len(course.losses)} epochs{best}."]
    if judged and course.best == 0:
        notes.append("Fine-tuning did not help on what was held out, so the backbone is as it was.")
    return notes


def _is_enough(course: _Course, classifier: Classifier) -> bool:
    if not course.held_out or not classifier.trained_backbone:
        return False
    return len(course.held_out) - 1 - course.best >= PATIENCE


def _one_epoch(trainer, keeper, course, store, weights, size, per_epoch, epochs, seed, until) -> bool:
    """Goes on through the pictures from where the course is; False if the time was up before the end."""
    epoch = course.done // per_epoch
    order = np.random.default_rng([seed, epoch]).permutation(len(store))
    for step in range(course.done % per_epoch, per_epoch):
        rows = np.take(order, range(step * size, (step + 1) * size), mode="wrap")
        trainer.set_rate(course.done / (per_epoch * epochs))
        trainer.running.append(trainer.learn(store[rows], store.labels[rows], weights[rows]))
        course.done += 1
        if step + 1 < per_epoch:
            keeper.keep_if_due(course)
            if until is not None and time.monotonic() > until:
                return False
    course.losses.append(float(np.mean(trainer.running)))
    trainer.running = []
    return True


def _choose_layers(classifier: Classifier) -> str:
    """Marks which layers learn; returns words for it. Batch norm stays as it is where the weights were trained."""
    found = classifier.backbone_layers
    norms = [layer for layer in found if isinstance(layer, layers.BatchNormalization)]
    if not classifier.trained_backbone:
        for layer in found:
            layer.trainable = True
        for norm in norms:
            norm.momentum = 0.9  # a few hundred steps have to do
            if hasattr(norm, "batch_statistics"):
                norm.batch_statistics = True
        return "all layers, from random weights,"
    kept = len(found) - round(TOP_SHARE * len(found))
    for number, layer in enumerate(found):
        layer.trainable = number >= kept and layer not in norms
    return f"the last {len([layer for layer in found if layer.trainable])} layers"


def augmentation(seed: int) -> list:
    """Random changes to RGB in 0..255 that leave the class what it is."""
    return [
        layers.RandomFlip("horizontal", seed=seed),
        layers.RandomTranslation(0.08, 0.08, fill_mode="reflect", seed=seed + 1),
        layers.RandomZoom((-0.2, 0.1), fill_mode="reflect", seed=seed + 2),
        layers.RandomBrightness(0.15, value_range=(0, 255), seed=seed + 3),
        layers.RandomContrast(0.2, seed=seed + 4),
    ]


class _Trainer:
    """The network behind random changes, and an optimizer; what `training.resume` keeps is in `whole` and it."""

    def __init__(self, classifier: Classifier, augment: bool, seed: int) -> None:
        self.classifier = classifier
        images = keras.Input((*classifier.image_size, 3))
        x = images
        for layer in augmentation(seed) if augment else []:
            x = layer(x)
        self.model = keras.Model(images, classifier.answers(x)["logits"])
        self.rate = RATE if classifier.trained_backbone else RATE_FROM_NOTHING
        self.optimizer = keras.optimizers.Adam(self.rate)
        self.model.compile(
            self.optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=USE_XLA
        )
        self.optimizer.build(self.model.trainable_variables)
        self.running: list[float] = []

    def whole(self) -> keras.Model:
        return self.model

    def set_rate(self, progress: float) -> None:
        """It rises, then falls to 0 along a cosine."""
        if progress < WARMUP_SHARE:
            part = (progress + 0.01) / (WARMUP_SHARE + 0.01)
        else:
            part = 0.5 * (1 + math.cos(math.pi * (progress - WARMUP_SHARE) / (1 - WARMUP_SHARE)))
        self.optimizer.learning_rate = self.rate * part

    def learn(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
        """The loss of a batch before it was learned from."""
        self.model.reset_metrics()  # else some versions of Keras tell the mean of all batches so far
        return float(self.model.train_on_batch(images.astype(np.float32), labels, weights.astype(np.float32)))


class _Keeper:
    """Keeps the course on disk, and the best weights in memory and there."""

    def __init__(self, folder: Path | None, trainer: _Trainer, settings: str) -> None:
        self.folder, self.trainer, self.settings = folder, trainer, settings
        self.network = trainer.classifier.network
        self.best: list[np.ndarray] | None = None
        self._when = time.monotonic()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def restore(self) -> _Course:
        """Where it stood; the start if the best weights are lost, without which the best epoch means nothing."""
        if self.folder is None:
            return _Course()
        stored = load_state(
            self.trainer, self.folder / STATE_FILE, settings=self.settings, accept=self._restore_best
        )
        about = stored.about
        self.trainer.running = about.get("running", [])
        return _Course(stored.step, about.get("losses", []), about.get("held_out", []))

    def _restore_best(self, stored: Stored) -> bool:
        """Whether the best weights are there, if the state speaks of any."""
        if self.folder is None or not stored.about.get("held_out"):
            return True
        path = self.folder / BEST_FILE
        try:
            self.best = [array for _, array in sorted(read_npz(path).items())]
        except (DamagedFile, FileNotFoundError) as error:
            logger.warning("%s is damaged or gone (%s): the training starts anew.", path, error)
            return False
        return True

    def judge(self, course: _Course, held_out: ResizedPictures) -> None:
        """Adds the loss on what is held out, and remembers weights that are the best so far."""
        if not len(held_out):
            return
        course.held_out.append(held_out.loss(self.trainer.classifier))
        if course.best == len(course.held_out) - 1:
            self.best = [np.asarray(variable).copy() for variable in self.network.variables]
            if self.folder is not None:
                write_npz(self.folder / BEST_FILE, np.savez, {f"{i:05d}": a for i, a in enumerate(self.best)})

    def keep_if_due(self, course: _Course) -> None:
        if time.monotonic() - self._when >= SAVE_SECONDS:
            self.keep(course)

    def keep(self, course: _Course) -> None:
        if self.folder is None:
            return
        about = {"losses": course.losses, "held_out": course.held_out, "running": self.trainer.running}
        save_state(
            self.trainer,
            course.done,
            self.folder / STATE_FILE,
            settings=self.settings,
            about=about,
        )
        self._when = time.monotonic()

    def take_best(self, course: _Course) -> None:
        if self.best is not None and course.held_out:
            for variable, array in zip(self.network.variables, self.best, strict=True):
                variable.assign(array)


def _fingerprint(pictures: LabelledPictures | None) -> str:
    """Differs for other pictures or classes."""
    if pictures is None:
        return "nothing held out"
    crc = zlib.crc32(repr(pictures.class_names).encode())
    for each in pictures:
        crc = zlib.crc32(f"{each.path.name} {each.label} {each.box}".encode(), crc)
    return f"{len(pictures)} pictures {crc:08x}"
