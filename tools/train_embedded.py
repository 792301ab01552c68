"""Trains the embedded detector from nothing on drawn scenes; resumes where it was stopped.

    python -m tools.scenes.sprites bank.npz               # once: the objects, some minutes
    python -m tools.train_embedded --bank bank.npz --work work/embedded

The log goes to docs/embedded_detector.csv, the weights, with the held-out scores, to tflhelpers/model/embedded.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import keras
import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.model.detector import Detector
from tflhelpers.model.layers import BatchNorm
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key
from tflhelpers.training.resume import load_state, save_state
from tflhelpers.training.trainer import DetectorTrainer
from tools.scenes.compose import SceneSampler
from tools.scenes.objects import KINDS
from tools.scenes.sprites import Bank

ROOT = Path(__file__).resolve().parent.parent
FAMILY, ARGUMENTS = "ssd_mobilenet_v2_fpnlite", {"alpha": 0.5, "fpn_depth": 64, "tower_layers": 3}
PHASES = ((192, 0.7), (256, 1.0))  # input size, and the share of all steps that is done when it ends
FINAL_SIZE = PHASES[-1][0]
SEED, HELD_OUT_SEED = 0, 1
BATCH_SIZE, MAX_BOXES = 16, 8
PEAK_RATE, WARMUP_STEPS, WEIGHT_DECAY = 2e-3, 300, 1e-4
SAVE_EVERY, AHEAD = 100, 4
LOGGED = ("loss", "box_loss", "class_loss")

_sampler: SceneSampler | None = None


def _open_sampler(bank: Path, size: int) -> None:
    global _sampler
    os.nice(5)
    _sampler = SceneSampler(Bank.load(bank), size, SEED)


def _draw_batch(step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images, boxes, labels = zip(
        *(_sampler.draw(step * BATCH_SIZE + i) for i in range(BATCH_SIZE)), strict=True
    )
    padded_boxes = np.zeros((BATCH_SIZE, MAX_BOXES, 4), np.float32)
    padded_labels = np.full((BATCH_SIZE, MAX_BOXES), -1, np.int32)
    for i, (its_boxes, its_labels) in enumerate(zip(boxes, labels, strict=True)):
        padded_boxes[i, : len(its_boxes)] = its_boxes[:, [1, 0, 3, 2]] / _sampler.image_size
        padded_labels[i, : len(its_labels)] = its_labels
    return np.stack(images), padded_boxes, padded_labels


def build_trainer(detector: Detector, steps: int) -> DetectorTrainer:
    """A trainer whose batch norm learns from its batches, with He initialisation: nothing here is pre-trained."""
    initializer = keras.initializers.HeNormal(seed=SEED)
    for layer in detector.network.layers:
        if isinstance(layer, BatchNorm):
            layer.batch_statistics, layer.momentum = True, 0.99
    for key, variable in variables_by_key(detector.network).items():
        if "kernel" in key and "_head" not in key.replace("_head_scope", ""):
            shape = tuple(variable.shape)
            is_depthwise = "depthwise" in key
            scale = np.sqrt(2.0 / (shape[0] * shape[1])) if is_depthwise else None
            value = keras.random.normal(shape, 0, scale, seed=SEED) if is_depthwise else initializer(shape)
            variable.assign(value)
    trainer = DetectorTrainer(detector.network, detector.anchors_rel_yxyx, len(detector.class_names))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - WARMUP_STEPS, alpha=0.0, warmup_target=PEAK_RATE, warmup_steps=WARMUP_STEPS
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY, clipnorm=10.0)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return trainer.prepare(optimizer)


def held_out_scores(detector: Detector, bank: Path, count: int):
    """Scores on scenes of another seed, which training never draws (the kinds and the sprites are the same)."""
    sampler = SceneSampler(Bank.load(bank), FINAL_SIZE, HELD_OUT_SEED)
    scenes = [sampler.draw(i) for i in range(count)]
    truth = Annotations.from_items(
        KINDS, [(Path(f"{i}.png"), Boxes(boxes, labels)) for i, (_, boxes, labels) in enumerate(scenes)]
    )
    found = detector.detect_all(
        [image for image, _, _ in scenes], batch_size=16, threshold=0.01, progress=False
    )
    return evaluate(found, truth)


def train(bank: Path, work: Path, steps: int, log: Path) -> Detector:
    for size, share in PHASES:
        keras.utils.set_random_seed(SEED)
        detector = Detector(Architecture(FAMILY, (size, size), ARGUMENTS), KINDS)
        trainer = build_trainer(detector, steps)
        start, end = load_state(trainer, work / "state.npz").step, round(steps * share)
        if start < end:
            _run_phase(trainer, bank, work / "state.npz", log, start, end, size)
    return detector


def _run_phase(trainer, bank: Path, state: Path, log: Path, start: int, end: int, size: int) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_open_sampler, initargs=(bank, size)) as pool:
        waiting = [pool.submit(_draw_batch, step) for step in range(start, min(start + AHEAD, end))]
        began, rows = time.time(), []
        for step in range(start, end):
            images, boxes, labels = waiting.pop(0).result()
            if step + AHEAD < end:
                waiting.append(pool.submit(_draw_batch, step + AHEAD))
            truth = {"boxes_rel_yxyx": boxes, "labels": labels}
            trainer.reset_metrics()
            rows.append(trainer.train_on_batch(images.astype("float32"), truth, return_dict=True))
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == end:
                save_state(trainer, step + 1, state)
                means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in LOGGED}
                _log(log, {"step": step + 1, "size": size, **means, "seconds": round(time.time() - began)})
                began, rows = time.time(), []


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
    parser.add_argument("--work", type=Path, required=True, help="folder for the state that resuming needs")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--log", type=Path, default=ROOT / "docs" / "embedded_detector.csv")
    parser.add_argument("--out", type=Path, default=ROOT / "tflhelpers" / "model" / "embedded")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    detector = train(arguments.bank, arguments.work, arguments.steps, arguments.log)
    detector.save(arguments.out, dtype="float16")
    scores = held_out_scores(detector, arguments.bank, 500)
    figures = {
        "steps": arguments.steps,
        "held_out_scenes": 500,
        "ap": scores.ap,
        "ap50": scores.ap50,
        "ap75": scores.ap75,
    }
    (ROOT / "docs" / "embedded_detector.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
