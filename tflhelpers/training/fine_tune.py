"""`fine_tune`: teach a trained detector new things from a few photos."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import keras

from tflhelpers.data.annotations import Annotations, check_annotations
from tflhelpers.model.detector import Detector
from tflhelpers.model.folding import folded_network
from tflhelpers.model.heads import PREDICTOR_KEY
from tflhelpers.model.layers import USE_XLA
from tflhelpers.model.ssd import layer_group, variables_by_key
from tflhelpers.model.tiles import Tiles, checked_tiles
from tflhelpers.model.training_record import TrainingRecord
from tflhelpers.progress import progress_bar
from tflhelpers.training.adamw import FlatAdamW
from tflhelpers.training.advice import Movement, still_loss, tiny_objects
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.batches import PictureBatches, TrainingPictures
from tflhelpers.training.budget import Budget, ShowProgress
from tflhelpers.training.calibrate_batch_norm import calibrate_batch_norm
from tflhelpers.training.devices import Devices, choose_devices, default_device, gather
from tflhelpers.training.divergence import SNAPSHOT_SHARE, DivergenceGuard
from tflhelpers.training.feature_cache import FeatureCache, split_network
from tflhelpers.training.history import History
from tflhelpers.training.loop import LOSSES, TrainingState, run
from tflhelpers.training.preview import Preview, ShowPreview
from tflhelpers.training.rare_classes import told_of_rare
from tflhelpers.training.recipe import Recipe, choose_recipes
from tflhelpers.training.record import contents_mark, training_record
from tflhelpers.training.resume import STATE_FILE, Checkpointer, alone_in
from tflhelpers.training.same_training import remember_start, start_mark
from tflhelpers.training.sampler import HardNegatives, Sampler
from tflhelpers.training.tiled_pictures import choose_tiles, in_tiles, size_in_tiles, training_pictures
from tflhelpers.training.trainer import DetectorTrainer

logger = logging.getLogger(__name__)

MOMENTUM = 0.9


def fine_tune(
    detector: Detector,
    annotations: Annotations,
    *,
    steps: int | None = None,
    batch_size: int = 4,
    trainable: str = "auto",
    augment: str | bool | Augmentation | None = "auto",
    optimizer: str = "auto",
    learning_rate: float | None = None,
    budget: str | float | None = None,
    validation: Annotations | None = None,
    resume_dir: str | Path | None = None,
    seed: int = 0,
    cache_features: bool = True,
    tiles: Tiles | str | None = "auto",
    watch: Preview | None = None,
    progress: bool = True,
) -> History:
    """Trains `detector` on your pictures, in place.

    Batch norm keeps the statistics of the original training: a few photos are too few to estimate them.

    With Keras on JAX it trains on as many devices as divide `batch_size`, those of all processes that
    `keras.distribution.initialize` has joined (docs/how_to/several_devices.md); a distribution that is set in Keras is
    taken as it is.

    Args:
        detector: one whose classes are those of the annotations.
        annotations: pictures and boxes. Pictures without boxes teach what is not an object; crowd boxes are ignored.
        steps: how many batches to train on; by default more for more photos and classes, 160 for five photos of one
            thing.
        batch_size: pictures per step, of all devices and processes together.
        trainable: which part learns: "heads" (box and class head), "predictor" (tower and heads), "fpn" (those and the
            pyramid), "most" (all but the backbone's first layers), "all". "auto" takes "all": with a frozen backbone,
            things are found but boxes are not tight. It takes "most" for a detector that keeps its first layers
            (`Detector.keeps_stem`, the embedded one); if the checkpoint held only a feature extractor, "fpn" and then
            "all".
        augment: "auto" varies flip, zoom, position and colour at random, and with several classes pastes objects into
            photos of other classes, of rare classes more and into all photos with objects; an `Augmentation` says how
            much; None or False takes the pictures as they are.
        optimizer: "sgd" with momentum 0.9, as in the original, or "adamw". "auto" takes AdamW if the box predictor
            starts from scratch, which SGD cannot train, else SGD with gradients clipped to a global norm of 2.
        learning_rate: the peak: it rises for a tenth of the steps, then falls to 0 along a cosine. By default 0.003
            for AdamW, 0.03 for SGD, and a third of it if the box predictor starts from scratch; for a detector that
            keeps its first layers, 0.0075 per class, at most 0.03.
        budget: time from the call to the trained detector, such as "1 min" or 20 (seconds); does as many steps as fit.
        validation: pictures to compute the loss on at the end; they are not trained on.
        resume_dir: folder to save the training in every few seconds; the same call again continues from there. Other
            photos, boxes or arguments, or another detector to start from, are another training, which needs another
            folder. If it cannot be saved, the training continues and says so.
        seed: makes a run repeatable on the same machine and backend (with a budget, the number of steps is not).
        cache_features: compute the output of the frozen layers once for each picture and use it at every step; False
            computes it again each time, which gives the same losses if nothing is augmented.
        tiles: (rows, columns) for things that are small in the photos: it learns from crops as large as that many
            overlapping tiles, and from the whole photos; the detector looks in as many afterwards (`detector.tiles`).
            "auto" does so if a quarter of a class's objects measure under 24 pixels in what the network sees, and
            takes as many as bring them to 32, the size of its smallest anchor. None takes the photos whole.
        watch: a `tflhelpers.LivePicture`, or anything like it (`training.preview.Preview`). Every few steps it shows
            what the detector finds in its picture.
        progress: show bars.

    Returns:
        History: losses by step, seconds, what was trained, the loss on `validation`, and in `notes` what you should
        know: objects that are too small, how many boxes each class had if some are rare, problems and what was done
        about them, a loss that never moved.

    Raises:
        ImageError, FileNotFoundError: a picture cannot be read; the message names it.
        ValueError: nothing to learn from, classes that do not fit, an unknown argument value, a `resume_dir` of
            another training, or processes that do not train the same.
        OSError: another process is training in `resume_dir`; or, at the end, nothing could be saved there.
        TrainingTrouble: the loss was nan or exploded again and again; the detector has the last good weights.
    """
    began = time.monotonic()
    _check(detector, annotations, validation)
    record = training_record(annotations, start=detector.origin.name if detector.origin is not None else "")
    tiles = _checked_tiles(tiles, annotations, detector.image_size)
    recipes = choose_recipes(
        annotations,
        fresh_predictor=detector.has_new_predictor,
        keeps_stem=detector.keeps_stem,
        steps=steps,
        batch_size=batch_size,
        trainable=trainable,
        augment=augment,
        optimizer=optimizer,
        learning_rate=learning_rate,
        budget=budget,
        tiles=tiles,
    )
    devices = _checked_devices(batch_size, budget)
    folder = _checked_folder(resume_dir)
    start = start_mark(detector, given_weights(detector), folder)
    of = f"seed {seed}, {fingerprint(annotations)}, contents {contents_mark(record)}, start {start}"
    checkpointers = [
        Checkpointer(_state_path(folder, number), f"{recipe}, {of}", writes=devices.is_first_process)
        for number, recipe in enumerate(recipes)
    ]
    with alone_in(folder if devices.is_first_process else None):
        for checkpointer in checkpointers:
            checkpointer.check(detector.network)
        if validation:  # a broken picture there would cost the history at the end
            TrainingPictures(validation, detector.image_size).read_ahead()
        try:
            history = _train_all(
                detector,
                annotations,
                record,
                recipes,
                checkpointers,
                devices,
                seed,
                cache_features,
                watch,
                progress,
                began,
            )
        finally:
            remember_start(detector, given_weights(detector), folder, start)
    loss = _validation_loss(detector, validation, batch_size, seed)
    for checkpointer in checkpointers:
        checkpointer.raise_if_nothing_was_kept()
    return replace(history, validation_loss=loss, seconds=time.monotonic() - began)


def given_weights(detector: Detector) -> list[keras.Variable]:
    """The weights that a training starts from, but for those of a predictor that starts anew, at random."""
    variables = variables_by_key(detector.network)
    is_new = detector.has_new_predictor
    return [each for key, each in variables.items() if not (is_new and key.startswith(PREDICTOR_KEY))]


@default_device()
def _train_all(
    detector: Detector,
    annotations: Annotations,
    record: TrainingRecord,
    recipes: Sequence[Recipe],
    checkpointers: Sequence[Checkpointer],
    devices: Devices,
    seed: int,
    cache_features: bool,
    watch: Preview | None,
    progress: bool,
    began: float,
) -> History:
    """Trains by one recipe after the other, each going on from what its checkpointer has kept."""
    tiles = recipes[0].tiles
    notes = _warned(tiny_objects(annotations, size_in_tiles(detector.image_size, tiles)))
    notes += _warned(told_of_rare(annotations))
    notes += [] if tiles is None else _warned([in_tiles(tiles)])
    notes += [devices.note] if devices.note else []
    pictures = training_pictures(annotations, detector.image_size, tiles)
    pictures.read_ahead()
    calibrate_batch_norm(detector, pictures)
    detector.trained_on, detector.tiles = record, tiles
    losses: dict[str, list[float]] = {name: [] for name in LOSSES}
    began_part = began
    for recipe, checkpointer in zip(recipes, checkpointers, strict=True):
        preview = ShowPreview(detector, watch, len(losses["loss"]))
        with _prepared(detector, pictures, recipe, devices, seed, cache_features, progress) as (
            trainer,
            batches,
            made,
        ):
            state, told = _train(
                trainer, batches, recipe, checkpointer, preview, _title(recipe, recipes), began_part, progress
            )
        notes += [*made, *told]
        losses = {name: losses[name] + state.losses[name] for name in LOSSES}
        began_part = time.monotonic()
    for checkpointer in checkpointers:
        notes += checkpointer.troubles
    if checkpointers[-1].was_done:
        notes += _warned([checkpointers[-1].kept_what_is_done()])
    _warned(f"{sentence}; left out of the training." for sentence in pictures.dropped)
    return History(
        **losses,
        seconds=time.monotonic() - began,
        trained=recipes[-1].trained,
        dropped=tuple(pictures.dropped),
        notes=tuple(notes),
        validation_loss=None,
        tiles=tiles,
    )


def _train(
    trainer: DetectorTrainer,
    batches: PictureBatches | FeatureCache,
    recipe: Recipe,
    checkpointer: Checkpointer,
    preview: ShowPreview,
    title: str,
    began: float,
    progress: bool,
) -> tuple[TrainingState, list[str]]:
    """Goes on with a training to its end; returns its state then, and what there is to tell of it."""
    budget = Budget(recipe.steps, recipe.budget, began)
    negatives = HardNegatives(batches.sampler)
    state = checkpointer.begin(trainer, TrainingState(), [negatives])
    trainer.devices.check_agreement(
        {
            "settings": checkpointer.settings,
            "steps": state.step,
            "weights": [*trainer.whole().variables, *trainer.optimizer.variables],
            "room for features": isinstance(batches, FeatureCache),
        }
    )
    is_first = not (state.step or preview.steps_before)
    movement = Movement(trainer.trainable_variables) if is_first else None
    with progress_bar(None if recipe.budget else recipe.steps, title, enabled=progress) as bar:
        bar.resume(state.step)
        share = math.inf if trainer.devices.has_several_processes else SNAPSHOT_SHARE
        guard = DivergenceGuard(trainer, recipe, batches.names, share)
        try:
            run(
                state,
                lambda batch, rate: trainer.learn(batch[0], batch[1], rate),
                batches.batches,
                lambda state: recipe.rate_at(budget.progress(state)),
                [guard, negatives, budget, ShowProgress(bar, budget), checkpointer, preview],
            )
        finally:
            gather(trainer.whole().variables)
    return state, [*state.notes, *_warned(still_loss(state.losses, movement))]


def _title(recipe: Recipe, recipes: Sequence[Recipe]) -> str:
    return "Fine-tuning" if len(recipes) == 1 else f"Fine-tuning, part {recipes.index(recipe) + 1}"


@contextlib.contextmanager
def _prepared(
    detector: Detector,
    pictures: TrainingPictures,
    recipe: Recipe,
    devices: Devices,
    seed: int,
    cache_features: bool,
    progress: bool,
) -> Iterator[tuple]:
    """A trainer, where its batches come from, and what to tell."""
    for layer in detector.network.layers:
        layer.trainable = layer_group(layer) in recipe.trained
    sampler = Sampler(pictures.labels, batch_size=recipe.batch_size, steps=recipe.steps, seed=seed)
    below_above = split_network(detector.network, lambda layer: layer_group(layer) in recipe.trained)
    if cache_features and below_above is not None:
        cache = FeatureCache(
            below_above[0], pictures, sampler, recipe.how, seed, shard=devices.shard, progress=progress
        )
        if cache.fits:
            with cache:
                yield _trainer(detector, below_above[1], recipe, devices), cache, (f"{cache}.",)
            return
        logger.warning("No room for %s: they are computed at each step.", cache)
    yield (
        _trainer(detector, folded_network(detector.network), recipe, devices),
        PictureBatches(pictures, sampler, recipe.how, seed, devices.shard),
        (),
    )


def _trainer(detector: Detector, learner: keras.Model, recipe: Recipe, devices: Devices) -> DetectorTrainer:
    trainer = DetectorTrainer(
        learner,
        detector.anchors_rel_yxyx,
        len(detector.class_names),
        whole=detector.network,
        batch_size=recipe.batch_size,
        box_weight=recipe.box_weight,
        devices=devices,
        class_weights=recipe.class_weights,
    )
    return trainer.prepare(_optimizer(recipe))


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(0.0, momentum=MOMENTUM, global_clipnorm=recipe.clip_norm)
    return FlatAdamW(0.0)


def _check(detector: Detector, annotations: Annotations, validation: Annotations | None) -> None:
    call = "fine_tune(detector, annotations, validation=other_annotations)"
    if not isinstance(detector, Detector):
        got = type(detector).__name__
        raise ValueError(
            f"detector must be a Detector, from Detector.pretrained, embedded or load, got {got}. The call is "
            f"{call}."
        )
    for pictures in (annotations, annotations if validation is None else validation):
        check_annotations(pictures, call)
        if tuple(pictures.class_names) != detector.class_names:
            raise ValueError(
                f"The annotations' classes must be the detector's, {list(detector.class_names)}, got "
                f"{list(pictures.class_names)}. Make the detector with class_names=annotations.class_names."
            )
    if not any(len(boxes) for _, boxes in annotations):
        raise ValueError(
            f"The annotations must hold at least one box, got none on {len(annotations)} pictures. Draw some first."
        )


def _checked_tiles(
    tiles: Tiles | str | None, annotations: Annotations, image_size: tuple[int, int]
) -> Tiles | None:
    return choose_tiles(annotations, image_size) if tiles == "auto" else checked_tiles(tiles)


def fingerprint(annotations: Annotations) -> str:
    """Differs for other pictures, boxes or classes: a training on these is not to go on from one on those."""
    crc = zlib.crc32(repr(annotations.class_names).encode())
    for path, boxes in annotations:
        for part in (
            path.name.encode(),
            boxes.xyxy.tobytes(),
            boxes.labels.tobytes(),
            boxes.crowd_mask.tobytes(),
        ):
            crc = zlib.crc32(part, crc)
    return f"{len(annotations)} pictures {crc:08x}"


def _warned(sentences: Iterable[str]) -> list[str]:
    """Says them at once, and hands them on."""
    told = list(sentences)
    for sentence in told:
        logger.warning(sentence)
    return told


def _checked_devices(batch_size: int, budget: str | float | None) -> Devices:
    devices = choose_devices(batch_size)
    if devices.has_several_processes and budget is not None:
        raise ValueError(
            f"budget must be None where several processes train together, got {budget!r}: their clocks differ. Give "
            "steps instead."
        )
    return devices


def _checked_folder(resume_dir: str | Path | None) -> Path | None:
    if resume_dir is None:
        return None
    folder = Path(resume_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"resume_dir must be a folder that can be written to, got {folder}.")
    return folder


def _state_path(folder: Path | None, part: int) -> Path | None:
    if folder is None:
        return None
    return folder / (STATE_FILE if part == 0 else STATE_FILE.replace(".", f"_{part + 1}."))


@default_device()
def _validation_loss(detector: Detector, validation: Annotations | None, batch_size: int, seed: int):
    if not validation:
        return None
    trainer = DetectorTrainer(detector.network, detector.anchors_rel_yxyx, len(detector.class_names))
    trainer.compile(jit_compile=USE_XLA)
    pictures = TrainingPictures(validation, detector.image_size)
    batch_size = max(
        size for size in range(1, batch_size + 1) if len(pictures) % size == 0
    )  # leaves none out
    steps = len(pictures) // batch_size
    each_once = Sampler([[0]] * len(pictures), batch_size=batch_size, steps=steps, seed=seed)
    data = PictureBatches(pictures, each_once, None, seed).batches()
    return float(trainer.evaluate(data, verbose=0, return_dict=True)["loss"])
