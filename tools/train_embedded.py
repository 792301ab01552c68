"""Trains the embedded detector: a backbone that has seen photos, the rest from nothing, on drawn scenes.

    python -m tools.scenes.sprites bank.npz               # once: the objects, some minutes
    python -m tools.train_embedded --bank bank.npz --work work/embedded

It resumes where it was stopped. The log goes to docs/embedded_detector.csv, the weights, with the held-out scores, to
tflhelpers/model/embedded. The same seed gives the same losses.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes, xyxy_to_rel_yxyx
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.model.detector import Detector
from tflhelpers.model.layers import BatchNorm
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import layer_group, variables_by_key
from tflhelpers.model.weights import load_weights, save_weights
from tflhelpers.training.loop import Hook, TrainingState, run
from tflhelpers.training.resume import Checkpointer
from tflhelpers.training.trainer import DetectorTrainer
from tools.photo_backbone import fetch_photo_ssd, load_photo_backbone
from tools.scenes.compose import SceneSampler
from tools.scenes.objects import KINDS
from tools.scenes.sprites import Bank

ROOT = Path(__file__).resolve().parent.parent
FAMILY, ARGUMENTS = "ssd_mobilenet_v2_fpnlite", {"fpn_depth": 96, "tower_layers": 3}


@dataclass(frozen=True)
class Stage:
    """A part of the training with a learning rate of its own.

    Attributes:
        sizes: (pixels a side of the input, steps), in order.
        peak_rate: the highest learning rate.
        learns: groups of the backbone's layers (`ssd.GROUPS`) that learn; pyramid and predictor always do.
        box_weight: of the boxes' loss, see `DetectorTrainer`.
    """

    sizes: tuple[tuple[int, int], ...]
    peak_rate: float
    learns: tuple[str, ...] = ()
    box_weight: float = 1.0

    @property
    def steps(self) -> int:
        return sum(steps for _, steps in self.sizes)

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: it rises for a tenth of the steps, then falls to 0 along a cosine."""
        warmup = self.steps // 10
        if step < warmup:
            return self.peak_rate * (step + 1) / warmup
        return self.peak_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (self.steps - warmup)))


STAGES = (
    Stage(((224, 1500), (256, 750), (320, 750)), 2e-3),
    Stage(((256, 900), (320, 300)), 3e-4, ("backbone",)),
    Stage(((256, 1300), (320, 600)), 5e-4, ("backbone",), box_weight=4.0),
)
FINAL_SIZE = STAGES[-1].sizes[-1][0]
SEED, HELD_OUT_SEED = 0, 1
HELD_OUT_SPRITES = 10  # of each kind, which no training scene shows
BATCH_SIZE, MAX_BOXES = 16, 8
WEIGHT_DECAY, CLIP_NORM = 1e-4, 10.0
SAVE_EVERY, AHEAD = 100, 4
LOGGED = ("loss", "box_loss", "class_loss")

_sampler: SceneSampler | None = None


def _open_sampler(bank: Path, size: int) -> None:
    global _sampler
    os.nice(5)
    shown, _ = Bank.load(bank).split(HELD_OUT_SPRITES)
    _sampler = SceneSampler(shown, size, SEED)


def _draw_batch(step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images, boxes, labels = zip(
        *(_sampler.draw(step * BATCH_SIZE + i) for i in range(BATCH_SIZE)), strict=True
    )
    padded_boxes = np.zeros((BATCH_SIZE, MAX_BOXES, 4), np.float32)
    padded_labels = np.full((BATCH_SIZE, MAX_BOXES), -1, np.int32)
    for i, (its_boxes, its_labels) in enumerate(zip(boxes, labels, strict=True)):
        padded_boxes[i, : len(its_boxes)] = xyxy_to_rel_yxyx(its_boxes, (_sampler.image_size,) * 2)
        padded_labels[i, : len(its_labels)] = its_labels
    return np.stack(images), padded_boxes, padded_labels


def new_detector(size: int, photo_ssd: Path) -> Detector:
    """The backbone of `photo_ssd`; all else random, as He et al. (2015) start, but the heads as the original does."""
    detector = Detector(Architecture(FAMILY, (size, size), ARGUMENTS), KINDS, keeps_stem=True)
    initializer = keras.initializers.HeNormal(seed=SEED)
    for key, variable in variables_by_key(detector.network).items():
        if "kernel" in key and "_head" not in key.replace("_head_scope", ""):
            shape = tuple(variable.shape)
            is_depthwise = "depthwise" in key
            scale = np.sqrt(2.0 / (shape[0] * shape[1])) if is_depthwise else None
            value = keras.random.normal(shape, 0, scale, seed=SEED) if is_depthwise else initializer(shape)
            variable.assign(value)
    load_photo_backbone(detector.network, photo_ssd)
    return detector


def build_trainer(detector: Detector, stage: Stage) -> DetectorTrainer:
    """A trainer whose batch norm learns from its batches behind the backbone, which keeps what photos taught it."""
    for layer in detector.network.layers:
        is_new = layer_group(layer) not in ("stem", "backbone")
        layer.trainable = is_new or layer_group(layer) in stage.learns
        if isinstance(layer, BatchNorm) and is_new:
            layer.batch_statistics, layer.momentum = True, 0.99
    trainer = DetectorTrainer(
        detector.network, detector.anchors_rel_yxyx, len(detector.class_names), box_weight=stage.box_weight
    )
    optimizer = keras.optimizers.AdamW(0.0, weight_decay=WEIGHT_DECAY, clipnorm=CLIP_NORM)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return trainer.prepare(optimizer)


def held_out_scores(detector: Detector, bank: Path, count: int):
    """Scores on scenes of sprites that training never shows (of the same kinds)."""
    _, hidden = Bank.load(bank).split(HELD_OUT_SPRITES)
    sampler = SceneSampler(hidden, FINAL_SIZE, HELD_OUT_SEED)
    scenes = [sampler.draw(i) for i in range(count)]
    truth = Annotations.from_items(
        KINDS, [(Path(f"{i}.png"), Boxes(boxes, labels)) for i, (_, boxes, labels) in enumerate(scenes)]
    )
    found = detector.detect_all(
        [image for image, _, _ in scenes], batch_size=16, threshold=0.01, progress=False
    )
    return evaluate(found, truth)


def train(bank: Path, work: Path, log: Path) -> Detector:
    photo_ssd = fetch_photo_ssd(work / "photo_ssd.tflite")
    parts = [(stage, *part) for stage in STAGES for part in stage.sizes]
    begin = done_in_stage = 0
    for number, (stage, size, steps) in enumerate(parts):
        keras.utils.set_random_seed(SEED)
        detector = new_detector(size, photo_ssd)
        if number:
            load_weights(detector.network, work / f"part_{number}.npz")
            done_in_stage = done_in_stage if stage is parts[number - 1][0] else 0
        if not (work / f"part_{number + 1}.npz").exists():
            trainer = build_trainer(detector, stage)
            checkpointer = Checkpointer(work / f"state_{number + 1}.npz", "")
            state = checkpointer.begin(trainer, TrainingState(losses={name: [] for name in LOGGED}))
            state.step, end = max(begin, state.step), begin + steps
            keep = KeepAndLog(checkpointer, log, size, end)
            train_part(trainer, state, bank, size, end, stage, begin - done_in_stage, [keep])
            save_weights(detector.network, work / f"part_{number + 1}.npz")
        begin, done_in_stage = begin + steps, done_in_stage + steps
    load_weights(detector.network, work / f"part_{len(parts)}.npz")
    return detector


def train_part(
    trainer: DetectorTrainer,
    state: TrainingState,
    bank: Path,
    size: int,
    end: int,
    stage: Stage,
    stage_begin: int,
    hooks: Sequence[Hook],
) -> None:
    """Learns from scenes of `size` pixels until step `end`; the stage's rate counts from step `stage_begin`."""
    run(
        state,
        lambda batch, rate: trainer.learn(batch[0], batch[1], rate),
        lambda first_step: _batches(bank, size, range(first_step, end)),
        lambda state: stage.rate_at(state.step - stage_begin),
        hooks,
    )


def _batches(bank: Path, size: int, todo: range) -> Iterator[tuple[np.ndarray, dict]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_open_sampler, initargs=(bank, size)) as pool:
        waiting = [pool.submit(_draw_batch, step) for step in todo[:AHEAD]]
        for step in todo:
            images, boxes, labels = waiting.pop(0).result()
            if step + AHEAD < todo.stop:
                waiting.append(pool.submit(_draw_batch, step + AHEAD))
            yield images.astype("float32"), {"boxes_rel_yxyx": boxes, "labels": labels}


class KeepAndLog(Hook):
    """Keeps the state every hundred steps and at the end, and logs the means of the losses since."""

    def __init__(self, checkpointer: Checkpointer, log: Path, size: int, end: int) -> None:
        self.checkpointer, self.log, self.size, self.end = checkpointer, log, size, end
        self._began = time.time()

    def after_step(self, state: TrainingState) -> None:
        since = state.step % SAVE_EVERY or SAVE_EVERY
        if since < SAVE_EVERY and state.step != self.end:
            return
        self.checkpointer.keep(state)
        means = {name: round(float(np.mean(values[-since:])), 4) for name, values in state.losses.items()}
        seconds = round(time.time() - self._began)
        _log(self.log, {"step": state.step, "size": self.size, **means, "seconds": seconds})
        self._began = time.time()


def _log(path: Path, row: dict) -> None:
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for what resuming needs")
    parser.add_argument("--log", type=Path, default=ROOT / "docs" / "embedded_detector.csv")
    parser.add_argument("--out", type=Path, default=ROOT / "tflhelpers" / "model" / "embedded")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    detector = train(arguments.bank, arguments.work, arguments.log)
    detector.save(arguments.out, dtype="float16")
    scores = held_out_scores(detector, arguments.bank, 500)
    figures = {
        "steps": sum(stage.steps for stage in STAGES),
        "held_out_scenes": 500,
        "ap": scores.ap,
        "ap50": scores.ap50,
        "ap75": scores.ap75,
    }
    (ROOT / "docs" / "embedded_detector.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
