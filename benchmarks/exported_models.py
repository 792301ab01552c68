"""How large, how fast and how good are exported detectors, beside Keras?

A detector is fine-tuned on the five rubber-duck photos (or read from --detector), exported in every form, and asked
for the ducks in the 49 frames. The times are of the whole `detect`, from an RGB array of 960x540 to boxes in its
pixels; all forms take turns, picture by picture, in one process. Then the detector of hands that others trained, of
seven classes, is exported too. There is one picture of hands, so it looks at eight views of that one, and what Keras is
sure of counts as the truth.

    python benchmarks/exported_models.py --detector duck --out exported_models.json
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from children import DATA, checked_data, load, machine
from ours import ZOO_NAMES, duck_detector
from PIL import Image
from report import markdown_table, paired_ratio, write_json

import tflhelpers as tfl
from tflhelpers.progress import progress_bar
from tflhelpers.sharing.export.saved_model import export_saved_model
from tflhelpers.sharing.export.saved_model_detector import load_saved_model
from tflhelpers.sharing.export.tflite import export_tflite
from tflhelpers.sharing.export.tflite_detector import TFLiteDetector

FORMS = {"Keras": None, "SavedModel": None} | {
    f"LiteRT {quantize or 'float32'}, {head}": (quantize, head)
    for quantize in (None, "float16", "dynamic", "int8")
    for head in ("postprocess", "raw")
}
COLUMNS = (  # the name of a figure, its header, how it is shown
    ("form", "form", str),
    ("megabytes", "MB", "{:.1f}".format),
    ("seconds", "one picture, ms", lambda seconds: f"{seconds * 1000:.1f}"),
    ("ratio", "this / Keras", "{:.2f}".format),
    ("ap", "AP", "{:.3f}".format),
    ("ap50", "AP50", "{:.3f}".format),
    ("ap50_of_keras", "AP50 of Keras' boxes", "{:.3f}".format),
    ("pixels", "edges apart, px", "{:.2g}".format),
    ("score", "scores apart", "{:.1e}".format),
)
HANDS = ("open", "closed", "pinch", "point", "face", "pointtip", "pinchtip")
MIN_SCORE = 0.01
SURE = 0.5  # boxes with such a score are compared one by one


def forms_of(detector: tfl.Detector, photos: tfl.Annotations | list, folder: Path) -> dict[str, tuple]:
    """Name -> (detector, megabytes) of every form, each proven by its export."""
    made = {"Keras": (detector, megabytes(detector.save(folder / "keras")))}
    saved = export_saved_model(detector, folder / "saved_model", images=photos)
    made["SavedModel"] = (load_saved_model(saved.folder), saved.size_bytes / 1e6)
    for name, form in FORMS.items():
        if form is not None:
            quantize, head = form
            path = folder / f"{quantize}_{head}.tflite"
            info = export_tflite(detector, path, quantize=quantize, head=head, images=photos)
            made[name] = (TFLiteDetector(path), info.size_bytes / 1e6)
    return made


def megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def times(calls: dict[str, Callable], pictures: list, rounds: int) -> dict[str, list[float]]:
    """Seconds of each call on each picture, in turns; the first picture of all is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    with progress_bar(rounds * len(pictures), "One picture") as bar:
        for call in calls.values():
            call(pictures[0])
        for picture in pictures * rounds:
            for name, call in calls.items():
                began = time.perf_counter()
                call(picture)
                seconds[name].append(time.perf_counter() - began)
            bar.update()
    return seconds


def apart(found: list, wanted: list) -> tuple[float, float]:
    """Largest distances (pixels, score) from a sure box to the nearest of its class that Keras has in the picture."""
    pixels = score = 0.0
    for ours, theirs in zip(found, wanted, strict=True):
        for xyxy, label, sure in zip(ours.xyxy, ours.labels, ours.scores, strict=True):
            same = theirs[theirs.labels == label]
            if sure >= SURE and len(same):
                distances = np.abs(same.xyxy - xyxy).max(axis=1)
                nearest = int(distances.argmin())
                pixels = max(pixels, float(distances[nearest]))
                score = max(score, float(abs(same.scores[nearest] - sure)))
    return pixels, score


def measured(made: dict[str, tuple], frames: tfl.Annotations, rounds: int) -> list[dict]:
    """A row of figures for each form."""
    pictures = [tfl.read_image(path) for path in frames.image_paths]
    seconds = times({name: form.detect for name, (form, _) in made.items()}, pictures, rounds)
    found = found_by(made, pictures)
    rows = compared(made, found)
    for row in rows:
        name, scores = row["form"], tfl.evaluate(found[row["form"]], frames)
        row["seconds"] = statistics.median(seconds[name])
        row["ratio"] = paired_ratio(seconds[name], seconds["Keras"])
        row |= {"ap": scores.ap, "ap50": scores.ap50}
    return rows


def found_by(made: dict[str, tuple], pictures: list) -> dict[str, list[tfl.Boxes]]:
    return {
        name: form.detect_all(pictures, threshold=MIN_SCORE, progress=False)
        for name, (form, _) in made.items()
    }


def compared(made: dict[str, tuple], found: dict[str, list[tfl.Boxes]]) -> list[dict]:
    """How far each form's boxes are from those of Keras: a row each."""
    rows = []
    for name, (_, size) in made.items():
        pixels, score = apart(found[name], found["Keras"])
        rows.append({"form": name, "megabytes": size, "pixels": pixels, "score": score})
    return rows


def table(rows: list[dict]) -> str:
    """Markdown, of the columns that the rows have figures for."""
    columns = [column for column in COLUMNS if column[0] in rows[0]]
    cells = [[show(row[name]) for name, _, show in columns] for row in rows]
    return markdown_table([header for _, header, _ in columns], cells)


def taught(data: Path, photos: tfl.Annotations, folder: Path | None) -> tfl.Detector:
    """The detector in `folder`, or one that has learned the duck, which is then kept there."""
    if folder is not None and folder.is_dir():
        return tfl.Detector.load(folder)
    detector = duck_detector(data)
    tfl.fine_tune(detector, photos, seed=0)
    if folder is not None:
        detector.save(folder)
    return detector


def views(picture: np.ndarray) -> list[np.ndarray]:
    """The picture, its mirror image, darker, brighter, and without a sixth at two sides each."""
    height, width = picture.shape[:2]
    light = [np.clip(picture * part, 0, 255).astype(np.uint8) for part in (0.7, 1.3)]
    tops, lefts = (0, height // 6), (0, width // 6)
    cuts = [
        picture[top : top + 5 * height // 6, left : left + 5 * width // 6] for top in tops for left in lefts
    ]
    return [np.ascontiguousarray(view) for view in (picture, picture[:, ::-1], *light, *cuts)]


def of_hands(data: Path, folder: Path) -> list[dict]:
    """The same for the detector of hands, calibrated on the one picture there is."""
    hands = data / "handtrack_320"
    name = ZOO_NAMES["mobilenet_320"]
    detector = tfl.Detector.from_zoo(name, class_names=HANDS, checkpoint=hands / "checkpoint")
    pictures = views(tfl.read_image(hands / "golden" / "hands.png"))
    paths = [folder / f"view_{number}.png" for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    sure = detector.detect_all(pictures, threshold=SURE, progress=False)
    truth = tfl.Annotations.from_items(HANDS, list(zip(paths, sure, strict=True)))
    made = forms_of(detector, pictures[:1], folder)
    found = found_by(made, pictures)
    return [
        row | {"ap50_of_keras": tfl.evaluate(found[row["form"]], truth).ap50} for row in compared(made, found)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="holds ducky and handtrack_320")
    parser.add_argument(
        "--detector", type=Path, help="folder to load it from, or to keep it in when it has learned"
    )
    parser.add_argument("--rounds", type=int, default=2, help="times through the 49 frames")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    arguments = parser.parse_args()
    ducky = checked_data(arguments.data, "ducky", "handtrack_320") / "ducky"
    photos = tfl.Annotations.load(ducky / "annotations_train.json", images=ducky / "train")
    frames = tfl.Annotations.load(ducky / "annotations_test_reflections.json", images=ducky / "test")
    detector = taught(arguments.data, photos, arguments.detector)
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(forms_of(detector, photos, Path(folder)), frames, arguments.rounds)
    print(table(rows), "", sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        hands = of_hands(arguments.data, Path(folder))
    print(table(hands))
    figures = {"machine": machine(), "load": load(), "ducks": rows, "hands": hands}
    write_json(arguments.out, {"benchmark": "exported_models", **figures})


if __name__ == "__main__":
    main()
