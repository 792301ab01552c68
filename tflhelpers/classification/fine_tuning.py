"""The second phase: the last layers of the backbone learn too, at a low rate, while it helps on what is held out.

Where it stands is on disk every few seconds, as for detectors; the best weights so far lie beside it.
"""

from __future__ import annotations

import logging
import math
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tflhelpers.classification.classifier import Classifier
from tflhelpers.classification.embeddings import content_key
from tflhelpers.classification.labelled import LabelledPictures
from tflhelpers.classification.linear_head import class_weights
from tflhelpers.classification.resized import ResizedPictures
from tflhelpers.model.layers import USE_XLA
from tflhelpers.model.weights import DamagedFile, read_npz, write_npz
from tflhelpers.progress import ProgressBar, progress_bar
from tflhelpers.training.budget import Budget
from tflhelpers.training.loop import Hook, StopRun, TrainingState, run
from tflhelpers.training.resume import STATE_FILE, Checkpointer, Stored
from tflhelpers.training.same_training import remember_start, start_mark

logger = logging.getLogger(__name__)

BATCH = 16
EPOCHS, LEAST_STEPS = 20, 200
PATIENCE = 5  # epochs without a lower loss on what is held out; from random weights as many as there are
TOP_SHARE = 0.5  # of the backbone's layers that learn
RATE, RATE_FROM_NOTHING = 3e-5, 2e-3
WARMUP_SHARE = 0.1
BEST_FILE = "best_weights.npz"


@dataclass(frozen=True)
class TuningRecipe:
    """A fine-tuning's settings.

    Attributes:
        epochs: at most so many times through the images.
        per_epoch: steps for it.
        batch_size: images a step.
        augment: change images at random.
        seed: of their order and the changes.
    """

    epochs: int
    per_epoch: int
    batch_size: int
    augment: bool
    seed: int

    @property
    def steps(self) -> int:
        return self.epochs * self.per_epoch


@dataclass(frozen=True)
class Tuned:
    """How fine-tuning went; `loss` by epoch, `held_out_loss` before it and by epoch."""

    loss: tuple[float, ...] = ()
    held_out_loss: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def choose_recipe(num_images: int, *, epochs: int | None, augment: bool, seed: int) -> TuningRecipe:
    """The recipe to learn from so many images; without `epochs` 20 of them, and at least 200 steps."""
    batch_size = min(BATCH, num_images)
    per_epoch = math.ceil(num_images / batch_size)
    epochs = epochs or max(EPOCHS, math.ceil(LEAST_STEPS / per_epoch))
    return TuningRecipe(epochs, per_epoch, batch_size, augment, seed)


def checkpointer_of(
    classifier: Classifier,
    recipe: TuningRecipe,
    learn: LabelledPictures,
    judge: LabelledPictures | None,
    folder: Path | None,
) -> Checkpointer:
    """Keeps a fine-tuning in a folder, None for nowhere.

    Raises:
        ValueError: the folder is of another training.
    """
    settings = (
        f"fine-tune {classifier!r}, {recipe.epochs} epochs, augment {recipe.augment}, seed {recipe.seed}, "
        f"{_fingerprint(learn)}, {_fingerprint(judge)}"
    )
    if folder is not None:
        settings += f", contents {_contents(learn)} {_contents(judge)}, start {start_of(classifier, folder)}"
        folder.mkdir(parents=True, exist_ok=True)
    checkpointer = Checkpointer(None if folder is None else folder / STATE_FILE, settings)
    checkpointer.check()
    return checkpointer


def start_of(classifier: Classifier, folder: Path | None) -> str:
    """Differs for another backbone to start from; the head is fitted first, so it does not count."""
    return start_mark(classifier, _backbone_weights(classifier), folder)


def _backbone_weights(classifier: Classifier) -> Iterator[keras.Variable]:
    return (variable for layer in classifier.backbone_layers for variable in layer.weights)


def fine_tune_top(
    classifier: Classifier,
    learn: LabelledPictures,
    judge: LabelledPictures | None,
    recipe: TuningRecipe,
    checkpointer: Checkpointer,
    *,
    seconds: float | None,
    progress: bool,
) -> Tuned:
    """Lets the backbone's last layers learn, from a head that is fitted; the classifier has the best weights then.

    Args:
        classifier: as it is to start.
        learn, judge: images to learn from, and to decide on; without the latter all epochs count.
        recipe, checkpointer: of `choose_recipe` and `checkpointer_of`.
        seconds: to end in, None for as long as it takes.
        progress: show a bar.
    """
    folder = None if checkpointer.path is None else checkpointer.path.parent
    start = start_of(classifier, folder)
    try:
        return _tuned(classifier, learn, judge, recipe, checkpointer, seconds, progress)
    finally:
        remember_start(classifier, _backbone_weights(classifier), folder, start)


def _tuned(
    classifier: Classifier,
    learn: LabelledPictures,
    judge: LabelledPictures | None,
    recipe: TuningRecipe,
    checkpointer: Checkpointer,
    seconds: float | None,
    progress: bool,
) -> Tuned:
    began = time.monotonic()
    learning = _choose_layers(classifier)
    trainer = _Trainer(classifier, recipe)
    with (
        ResizedPictures(learn, classifier.image_size, progress) as store,
        ResizedPictures(judge, classifier.image_size, progress) as held_out,
        progress_bar(recipe.epochs, "Fine-tuning", enabled=progress) as bar,
    ):
        epochs = _Epochs(classifier, recipe, held_out, checkpointer, bar)
        state = checkpointer.begin(trainer, TrainingState(losses={}), [epochs], accept=epochs.restore_best)
        until = None if seconds is None else state.seconds + seconds  # what earlier calls took does not count
        weights = class_weights(learn.labels, len(classifier.class_names))
        run(
            state,
            trainer.learn,
            lambda first_step: _batches(store, weights, recipe, first_step),
            lambda state: trainer.rate * rate_share(state.step / recipe.steps),
            [epochs, Budget(recipe.steps, until, began), checkpointer],
        )
    epochs.take_best()
    return Tuned(
        tuple(epochs.losses),
        tuple(epochs.held_out_losses) if judge is not None else (),
        (*_notes(epochs, learning, judge is not None), *_told(checkpointer)),
    )


def _told(checkpointer: Checkpointer) -> list[str]:
    done = [checkpointer.kept_what_is_done()] if checkpointer.was_done else []
    return [*checkpointer.troubles, *done]


def _notes(epochs: _Epochs, learning: str, judged: bool) -> tuple[str, ...]:
    best = f", the best of them after epoch {epochs.best_epoch}" if judged else ""
    note = f"Fine-tuned {learning} for {len(epochs.losses)} epochs{best}."
    if judged and epochs.best_epoch == 0:
        return note, "Fine-tuning did not help on what was held out, so the backbone is as it was."
    return (note,)


def _batches(
    store: ResizedPictures, weights: np.ndarray, recipe: TuningRecipe, first_step: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(images, labels, weights) of the steps from one on; each epoch has an order of its own."""
    size = recipe.batch_size
    for step in range(first_step, recipe.steps):
        epoch, place = divmod(step, recipe.per_epoch)
        order = np.random.default_rng([recipe.seed, epoch]).permutation(len(store))
        rows = np.take(order, range(place * size, (place + 1) * size), mode="wrap")
        yield store[rows], store.labels[rows], weights[rows]


def rate_share(progress: float) -> float:
    """The part of the highest learning rate: it rises, then falls to 0 along a cosine."""
    if progress < WARMUP_SHARE:
        return (progress + 0.01) / (WARMUP_SHARE + 0.01)
    return 0.5 * (1 + math.cos(math.pi * (progress - WARMUP_SHARE) / (1 - WARMUP_SHARE)))


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

    def __init__(self, classifier: Classifier, recipe: TuningRecipe) -> None:
        images = keras.Input((*classifier.image_size, 3))
        x = images
        for layer in augmentation(recipe.seed) if recipe.augment else []:
            x = layer(x)
        self.model = keras.Model(images, classifier.answers(x)["logits"])
        self.rate = RATE if classifier.trained_backbone else RATE_FROM_NOTHING
        self.optimizer = keras.optimizers.Adam(self.rate)
        self.model.compile(
            self.optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=USE_XLA
        )
        self.optimizer.build(self.model.trainable_variables)

    def whole(self) -> keras.Model:
        return self.model

    def snapshot(self) -> list[np.ndarray]:
        return [np.asarray(variable) for variable in self.model.trainable_variables]

    def learn(
        self, batch: tuple[np.ndarray, np.ndarray, np.ndarray], learning_rate: float
    ) -> dict[str, float]:
        """One step with images, labels and their weights; returns the loss before it."""
        images, labels, weights = batch
        self.optimizer.learning_rate = learning_rate
        self.model.reset_metrics()  # else some versions of Keras tell the mean of all batches so far
        loss = self.model.train_on_batch(images.astype(np.float32), labels, weights.astype(np.float32))
        return {"loss": float(loss)}


class _Epochs(Hook):
    """Looks after each epoch how good the network is on what is held out, and ends when it gets no better.

    Attributes:
        losses: by epoch.
        held_out_losses: before the first epoch, and after each; empty where nothing is held out.
    """

    def __init__(
        self,
        classifier: Classifier,
        recipe: TuningRecipe,
        held_out: ResizedPictures,
        checkpointer: Checkpointer,
        bar: ProgressBar,
    ) -> None:
        self.classifier, self.recipe, self.held_out = classifier, recipe, held_out
        self.checkpointer, self.bar = checkpointer, bar
        self.losses: list[float] = []
        self.held_out_losses: list[float] = []
        self._running: list[float] = []
        self._best: list[np.ndarray] | None = None
        self._best_is_kept = True

    @property
    def best_epoch(self) -> int:
        return int(np.argmin(self.held_out_losses))

    def before_run(self, state: TrainingState) -> None:
        if not self.held_out_losses:
            self._judge()
        self.bar.update(len(self.losses))

    def before_step(self, state: TrainingState) -> None:
        has_patience = self.held_out_losses and self.classifier.trained_backbone
        if has_patience and len(self.held_out_losses) - 1 - self.best_epoch >= PATIENCE:
            raise StopRun

    def on_losses(self, state: TrainingState, losses: dict, batch: tuple) -> None:
        self._running.append(losses["loss"])

    def after_step(self, state: TrainingState) -> None:
        if state.step % self.recipe.per_epoch:
            return
        self.losses.append(float(np.mean(self._running)))
        self._running = []
        self._judge()
        self.checkpointer.keep(state)
        self.bar.update()
        told = {"held_out": f"{self.held_out_losses[-1]:.3f}"} if len(self.held_out) else {}
        self.bar.set_text(loss=f"{self.losses[-1]:.3f}", **told)

    def kept(self) -> dict:
        """Writes the best weights first: a state is worth nothing with those of another epoch beside it."""
        self._keep_best()
        return {"losses": self.losses, "held_out": self.held_out_losses, "running": self._running}

    def restore(self, kept: dict) -> None:
        self.losses, self.held_out_losses = kept.get("losses", []), kept.get("held_out", [])
        self._running = kept.get("running", [])

    def restore_best(self, stored: Stored) -> bool:
        """Whether the best weights are there, if the state speaks of any: without them the best epoch means nothing."""
        path = self._best_path
        if path is None or not stored.about.get("held_out"):
            return True
        try:
            self._best = [array for _, array in sorted(read_npz(path).items())]
        except (DamagedFile, FileNotFoundError) as error:
            logger.warning("%s is damaged or gone (%s): the training starts over.", path, error)
            return False
        return True

    def take_best(self) -> None:
        """Gives the classifier the weights that were best on what is held out."""
        if self._best is not None and self.held_out_losses:
            for variable, array in zip(self.classifier.network.variables, self._best, strict=True):
                variable.assign(array)

    @property
    def _best_path(self) -> Path | None:
        state_path = self.checkpointer.path
        return None if state_path is None else state_path.with_name(BEST_FILE)

    def _judge(self) -> None:
        """Adds the loss on what is held out, and remembers weights that are the best so far."""
        if not len(self.held_out):
            return
        self.held_out_losses.append(self.held_out.loss(self.classifier))
        if self.best_epoch == len(self.held_out_losses) - 1:
            self._best = [np.asarray(variable).copy() for variable in self.classifier.network.variables]
            self._best_is_kept = False

    def _keep_best(self) -> None:
        if self._best is None or self._best_is_kept or self._best_path is None:
            return
        write_npz(self._best_path, np.savez, {f"{i:05d}": array for i, array in enumerate(self._best)})
        self._best_is_kept = True


def _contents(pictures: LabelledPictures | None) -> str:
    """Differs where files of the same names hold other pictures."""
    keys = [content_key(each) for each in pictures] if pictures is not None else []
    return f"{zlib.crc32(repr(keys).encode()):08x}"


def _fingerprint(pictures: LabelledPictures | None) -> str:
    """Differs for other pictures or classes."""
    if pictures is None:
        return "nothing held out"
    crc = zlib.crc32(repr(pictures.class_names).encode())
    for each in pictures:
        crc = zlib.crc32(f"{each.path.name} {each.label} {each.box}".encode(), crc)
    return f"{len(pictures)} pictures {crc:08x}"
