"""Does it learn three classes from 10, 5 and 2 examples, and leave look-alikes alone?

Drawn pictures of a duck, a penguin and a lighthouse among everyday things, and pictures of look-alikes only. The
embedded detector learns from 18 pictures with the defaults; its threshold is chosen on held-out pictures; scores
and false alarms are those on others. Each part is drawn with a seed of its own.

    python benchmarks/several_classes.py --pictures FOLDER --out several_classes.json
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from children import ask_us, load, machine
from drawn_things import NAMES, drawn_set
from found import read_detections
from report import markdown_table, mean_and_spread, write_json

import tflhelpers as tfl
from tflhelpers.evaluation.scores import Scores
from tflhelpers.progress import progress_bar

# The labels in each picture: 10 ducks, 5 penguins, 2 lighthouses, and 5 pictures of look-alikes.
TRAINING = [(0, 1)] * 3 + [(0,)] * 6 + [(0, 2)] + [(1,)] * 2 + [(2,)] + [()] * 5
HELD_OUT = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)] * 4 + [()] * 50
TEST = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)] * 6 + [()] * 60
PARTS = {"training": (0, TRAINING), "held_out": (1, HELD_OUT), "test": (2, TEST)}  # seed, pictures
# How the threshold is chosen -> what is wished of it.
WISHES = {"best F1": {}, "2 % false alarms": {"false_alarms": 0.02}}
HEADER = ("threshold for", "threshold", "found", "boxes that are right", "negatives with a false alarm")


def examples(plan: list[tuple[int, ...]]) -> list[int]:
    """How many of each class the pictures hold."""
    return [sum(labels.count(label) for labels in plan) for label in range(len(NAMES))]


def at_threshold(predictions: list[tfl.Boxes], truth: tfl.Annotations, threshold: float) -> dict:
    """Share of the objects found, of the boxes that are right, and of the pictures without objects with a box."""
    sure = [boxes[boxes.scores >= threshold] for boxes in predictions]
    negatives = [len(found) > 0 for found, (_, boxes) in zip(sure, truth, strict=True) if not len(boxes)]
    counts = tfl.find_mistakes(predictions, truth, threshold=threshold).counts
    found, shown = counts.get("found", 0), sum(map(len, sure))
    objects = sum(len(boxes) for _, boxes in truth)
    return {
        "threshold": threshold,
        "recall": found / objects,
        "precision": found / shown if shown else 1.0,
        "false_alarms": sum(negatives) / len(negatives),
    }


def where_something_is(predictions: list[tfl.Boxes], truth: tfl.Annotations) -> Scores:
    """The scores on the pictures that hold an object; on all, look-alikes that are taken for one count too."""
    shown = [(item, boxes) for item, boxes in zip(truth, predictions, strict=True) if len(item[1])]
    items, found = zip(*shown, strict=True)
    return tfl.evaluate(list(found), tfl.Annotations.from_items(truth.class_names, items))


def judged(run: dict, detections: Path, held_out: tfl.Annotations, test: tfl.Annotations) -> dict:
    """The run's figures with what its detections in the held-out pictures and then the test's are worth."""
    found = read_detections(detections)
    early, late = found[: len(held_out)], found[len(held_out) :]
    scores, shown = tfl.evaluate(late, test), where_something_is(late, test)
    thresholds = {
        name: tfl.calibrate_threshold(early, held_out, **wish).threshold for name, wish in WISHES.items()
    }
    return {
        **run,
        "ap50": {name: one.ap50 for name, one in scores.per_class.items()},
        "ap50_shown": {name: one.ap50 for name, one in shown.per_class.items()},
        "ap": {name: one.ap for name, one in scores.per_class.items()},
        "at": {name: at_threshold(late, test, threshold) for name, threshold in thresholds.items()},
    }


def tables(runs: list[dict]) -> Iterator[str]:
    """Scores by class, then what the thresholds give: means over the seeds."""
    rows = [
        [
            name,
            str(count),
            *(
                mean_and_spread([run[figure][name] for run in runs])
                for figure in ("ap50_shown", "ap50", "ap")
            ),
        ]
        for name, count in zip(NAMES, examples(TRAINING), strict=True)
    ]
    header = ("class", "examples", "AP50 where something is shown", "AP50 with the look-alikes", "AP")
    yield markdown_table(header, rows)
    figures = ("threshold", "recall", "precision", "false_alarms")
    yield markdown_table(
        HEADER,
        [
            [wish, *(mean_and_spread([run["at"][wish][figure] for run in runs]) for figure in figures)]
            for wish in WISHES
        ],
    )


def run_all(arguments: argparse.Namespace, folder: Path) -> list[dict]:
    sets = {name: drawn_set(arguments.pictures, name, *how) for name, how in PARTS.items()}
    runs = []
    with progress_bar(len(arguments.seeds), "Three classes") as bar:
        for seed in arguments.seeds:
            path = folder / f"{seed}.json"
            words = ["several", "--pictures", arguments.pictures, "--seed", seed, "--detections", path]
            words += [] if arguments.steps is None else ["--steps", arguments.steps]
            run = {"seed": seed, **ask_us(*words), "load": load()}
            runs.append(judged(run, path, sets["held_out"], sets["test"]))
            bar.update()
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(tempfile.gettempdir()) / "tflhelpers_several_classes"
    parser.add_argument("--pictures", type=Path, default=default, help="folder that they are drawn to, once")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="for a trial; default: fine_tune's")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        runs = run_all(arguments, Path(name))
    print("\n\n".join(tables(runs)))
    write_json(arguments.out, {"benchmark": "several_classes", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
