"""Are 200 pictures and the bundled backbone enough to tell classes apart, and is it the backbone's weights?

Drawn clothes, camouflage against normal, 100 pictures of each to learn from and others, of a seed of their own, for the
exam. Features and fine-tuning with the embedded weights against the same from random ones, and against colours alone.
Each holds out a fifth of what it is given, as `fit_classifier` does by default.

    python benchmarks/classification.py --out classification.json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from children import QUIET_CPU, ask, load, machine
from report import markdown_table, mean_and_spread, write_json

from tflhelpers.progress import progress_bar

EXAM_SEED = 99
HEADER = ("how", "accuracy", "embeddings, s", "head, s", "in all, s")
# Name -> mode of the classifier, whether its weights were trained, title. Colours are no classifier.
WAYS = {
    "colours": (None, False, "mean colours alone"),
    "features": ("features", True, "features, embedded weights"),
    "random-features": ("features", False, "features, random weights"),
    "fine-tune": ("fine-tune", True, "fine-tuned, embedded weights"),
    "random-fine-tune": ("fine-tune", False, "all layers, from random weights"),
}


def drawn(folder: Path, count: int, seed: int):
    """Labelled pictures, drawn where they are not there yet."""
    from tflhelpers.classification.labelled import labelled_photos
    from tflhelpers.data.drawn_clothes import drawn_clothes

    return labelled_photos(drawn_clothes(folder / f"{seed}_{count}", count, seed=seed))


def measured(way: str, folder: Path, seed: int, count: int, exam: int, epochs: int | None) -> dict:
    """One way on pictures of one seed: accuracy on the exam, and seconds."""
    pictures, others = drawn(folder, count, seed), drawn(folder, exam, EXAM_SEED)
    if way == "colours":
        return {"accuracy": colours_alone(pictures, others), "embedding": 0.0, "head": 0.0, "seconds": 0.0}
    from tflhelpers.classification.classifier import Classifier
    from tflhelpers.classification.fitting import fit_classifier
    from tflhelpers.classification.judgement import evaluate_classifier

    mode, trained, _ = WAYS[way]
    weights = "imagenet" if trained else None
    classifier = Classifier.build(pictures.class_names, "embedded", mode, weights, seed=seed)
    history = fit_classifier(classifier, pictures, epochs=epochs, seed=seed, progress=False)
    judged = evaluate_classifier(classifier, others, progress=False)
    return {
        "accuracy": judged.accuracy,
        "calibration_error": judged.calibration_error,
        "embedding": history.embedding_seconds,
        "head": history.head_seconds,
        "seconds": history.seconds,
        "epochs": len(history.loss),
    }


def colours_alone(pictures, others) -> float:
    """Accuracy of the same solver on the mean red, green and blue of each picture."""
    import numpy as np

    from tflhelpers.classification.linear_head import fit_linear_head

    means = [
        np.stack([each.read().mean(axis=(0, 1)) for each in part]).astype(np.float32)
        for part in (pictures, others)
    ]
    head = fit_linear_head(means[0], pictures.labels, len(pictures.class_names))
    return float((head.logits(means[1]).argmax(axis=1) == others.labels).mean())


def table(runs: list[dict]) -> str:
    """A row for each way, means over the seeds."""
    rows = []
    for way, (_, _, title) in WAYS.items():
        mine = [run for run in runs if run["way"] == way]
        if mine:
            seconds = [
                mean_and_spread([run[name] for run in mine], 1) for name in ("embedding", "head", "seconds")
            ]
            rows.append([title, mean_and_spread([run["accuracy"] for run in mine]), *seconds])
    return markdown_table(HEADER, rows)


def margins(runs: list[dict]) -> dict[str, float]:
    """By how much the mean accuracy with the embedded weights is higher than that from random ones, by mode."""
    means = {
        way: statistics.fmean(run["accuracy"] for run in runs if run["way"] == way)
        for way in {run["way"] for run in runs}
    }
    pairs = (("features", "random-features"), ("fine-tune", "random-fine-tune"))
    return {ours: means[ours] - means[theirs] for ours, theirs in pairs if ours in means and theirs in means}


def run_all(arguments: argparse.Namespace) -> list[dict]:
    turns, runs = [(seed, way) for seed in arguments.seeds for way in arguments.ways], []
    with progress_bar(len(turns), "Drawn clothes") as bar:
        for seed, way in turns:
            bar.set_text(now=f"{WAYS[way][2]}, seed {seed}")
            words = [
                sys.executable,
                __file__,
                "--one",
                way,
                "--seeds",
                seed,
                "--pictures",
                arguments.pictures,
            ]
            words += ["--count", arguments.count, "--exam", arguments.exam]
            words += [] if arguments.epochs is None else ["--epochs", arguments.epochs]
            runs.append({"way": way, "seed": seed, **ask(words), "load": load()})
            bar.update()
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(tempfile.gettempdir()) / "tflhelpers_classification"
    parser.add_argument("--pictures", type=Path, default=default, help="folder that they are drawn to, once")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--count", type=int, default=100, help="pictures of each class to learn from")
    parser.add_argument("--exam", type=int, default=600, help="pictures of each class in the exam")
    parser.add_argument("--epochs", type=int, help="for a trial; default: fit_classifier's")
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)  # a run of its own process
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    arguments = parser.parse_args()
    if arguments.one:
        os.environ.update(QUIET_CPU)
        began, seed = time.perf_counter(), arguments.seeds[0]
        one = measured(
            arguments.one, arguments.pictures, seed, arguments.count, arguments.exam, arguments.epochs
        )
        print(json.dumps({**one, "job_seconds": time.perf_counter() - began}))
        return
    runs = run_all(arguments)
    print(table(runs))
    for way, margin in margins(runs).items():
        print(f"\n{WAYS[way][2]}: {margin:+.3f} against random weights")
    write_json(
        arguments.out,
        {"benchmark": "classification", "machine": machine(), "margins": margins(runs), "runs": runs},
    )


if __name__ == "__main__":
    main()
