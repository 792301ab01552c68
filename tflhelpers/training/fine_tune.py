"""`fine_tune`: teach a trained detector a few photos' worth of new things."""

from __future__ import annotations

import logging
import os
import time
import zlib
from pathlib import Path

import keras

from tflhelpers.data.annotations import Annotations
from tflhelpers.model.detector import Detector
from tflhelpers.model.ssd import layer_group
from tflhelpers.progress import progress_bar
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.batches import TrainingPictures, training_batches
from tflhelpers.training.history import History, StepRecorder
from tflhelpers.training.resume import STATE_FILE, load_state
from tflhelpers.training.trainer import DetectorTrainer

logger = logging.getLogger(__name__)

# What learns, from the narrowest to the widest; each part of the network is one of `ssd.GROUPS`.
TRAINABLE = {
    "heads": ("heads",),
    "predictor": ("heads", "tower"),
    "fpn": ("heads", "tower", "fpn"),
    "all": ("heads", "tower", "fpn", "backbone"),
}
AUTO_STEPS = 200
AUTO_RATE = 0.02
MOMENTUM = 0.9
WARMUP_SHARE = 0.1


def fine_tune(
    detector: Detector,
    annotations: Annotations,
    *,
    steps: int | None = None,
    batch_size: int = 4,
    trainable: str = "auto",
    augment: str | bool | Augmentation | None = "auto",
    learning_rate: float | None = None,
    validation: Annotations | None = None,
    resume_dir: str | Path | None = None,
    seed: int = 0,
) -> History:
    """Trains `detector` on your pictures, in place.

    Batch norm keeps the statistics of the original training: a few photos say too little about them.

    Args:
        detector: one whose classes are those of the annotations.
        annotations: pictures and boxes. Pictures without boxes teach what is not an object; crowd boxes are left out
            of the judgement.
        steps: batches to learn from.
        batch_size: pictures a step.
        trainable: which part learns: "heads" (box and class head), "predictor" (tower and heads), "fpn" (those and the
            pyramid), "all"; "auto" takes "all", which five photos need when the detector has not seen the like.
        augment: "auto" changes flip, zoom, position and colour at random; an `Augmentation` says how far; None or
            False takes the pictures as they are.
        learning_rate: of SGD with momentum 0.9, its highest: it rises for a tenth of the steps, then falls to 0 along
            a cosine.
        validation: pictures that are not learned from, to compute the loss on at the end.
        resume_dir: folder that the training is kept in every few seconds; calling again with the same arguments goes
            on from there.
        seed: makes a run repeatable on the same machine and backend.

    Returns:
        History: losses by step, seconds, what was trained, and the loss on `validation`.

    Raises:
        ValueError: nothing to learn from, classes that do not fit, or an unknown argument value.
    """
    _check(detector, annotations, validation, trainable)
    _check_counts(steps=steps, batch_size=batch_size)
    steps = AUTO_STEPS if steps is None else steps
    learning_rate = AUTO_RATE if learning_rate is None else learning_rate
    trainable = "all" if trainable == "auto" else trainable
    how = _augmentation(augment)
    pictures = TrainingPictures(annotations, detector.image_size)
    began = time.monotonic()
    trainer = _compiled_trainer(detector, TRAINABLE[trainable], steps, learning_rate)
    settings = f"steps {steps}, batch {batch_size}, {trainable}, {how}, rate {learning_rate}, seed {seed}"
    settings += f", {_fingerprint(annotations)}"
    state_path = None if resume_dir is None else _state_path(Path(resume_dir))
    done, losses = (0, {}) if state_path is None else load_state(trainer, state_path, settings=settings)
    with progress_bar(steps, "Fine-tuning") as bar:
        bar.update(done)
        recorder = StepRecorder(bar, state_path, settings, done, losses)
        if done < steps:
            data = training_batches(
                pictures, batch_size=batch_size, steps=steps, how=how, seed=seed, first_step=done
            )
            trainer.fit(
                data, steps_per_epoch=steps - done, epochs=1, verbose=0, shuffle=False, callbacks=[recorder]
            )
    for sentence in pictures.dropped:
        logger.warning("%s; left out of the training.", sentence)
    return History(
        **recorder.losses,
        seconds=time.monotonic() - began,
        trained=TRAINABLE[trainable],
        dropped=tuple(pictures.dropped),
        validation_loss=_validation_loss(trainer, validation, batch_size, seed),
    )


def _compiled_trainer(
    detector: Detector, groups: tuple[str, ...], steps: int, learning_rate: float
) -> DetectorTrainer:
    for layer in detector.network.layers:
        layer.trainable = layer_group(layer) in groups
    trainer = DetectorTrainer(detector.network, detector.anchors_rel_yxyx, len(detector.class_names))
    warmup = max(1, round(WARMUP_SHARE * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / warmup, max(1, steps - warmup), warmup_target=learning_rate, warmup_steps=warmup
    )
    optimizer = keras.optimizers.SGD(schedule, momentum=MOMENTUM)
    return trainer.prepare(optimizer)


def _augmentation(augment) -> Augmentation | None:
    if isinstance(augment, Augmentation):
        return augment
    if augment in ("auto", True):
        return Augmentation()
    if augment in (None, False):
        return None
    raise ValueError(f'augment must be "auto", None or an Augmentation, got {augment!r}.')


def _check(
    detector: Detector, annotations: Annotations, validation: Annotations | None, trainable: str
) -> None:
    if trainable != "auto" and trainable not in TRAINABLE:
        raise ValueError(f"trainable must be auto, {', '.join(TRAINABLE)}, got {trainable!r}.")
    for pictures in (annotations, validation or annotations):
        if tuple(pictures.class_names) != detector.class_names:
            raise ValueError(
                f"The annotations' classes must be the detector's, {list(detector.class_names)}, got "
                f"{list(pictures.class_names)}. Make the detector with class_names=annotations.class_names."
            )
    if not any(len(boxes) for _, boxes in annotations):
        raise ValueError(
            f"The annotations must hold at least one box, got none on {len(annotations)} pictures. Draw some first."
        )


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}.")


def _fingerprint(annotations: Annotations) -> str:
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


def _state_path(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"resume_dir must be a folder that can be written to, got {folder}.")
    return folder / STATE_FILE


def _validation_loss(trainer: DetectorTrainer, validation: Annotations | None, batch_size: int, seed: int):
    if not validation:
        return None
    pictures = TrainingPictures(validation, trainer.image_size)
    batch_size = max(
        size for size in range(1, batch_size + 1) if len(pictures) % size == 0
    )  # leaves none out
    steps = len(pictures) // batch_size
    data = training_batches(pictures, batch_size=batch_size, steps=steps, how=None, seed=seed)
    return float(trainer.evaluate(data, verbose=0, return_dict=True)["loss"])
