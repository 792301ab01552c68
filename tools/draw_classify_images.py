"""Draws the pictures of notebook 08_classify_images that can be seen without running it, into results/classify_images/.

    python -m tools.draw_classify_images   # half a minute

They are the notebook's own: the same drawn clothes, the classifier that learns from them, the same exam.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import tflhelpers as tfl
from tools.draw_how_it_works import small_png

FOLDER = Path(__file__).resolve().parent.parent / "results" / "classify_images"
SHOWN, COLUMNS, WIDTH = 8, 4, 900


def sheet(pictures):
    """Pictures side by side, as the notebook shows them."""
    return tfl.contact_sheet(pictures, columns=COLUMNS, width=WIDTH)


def every(pictures) -> list:
    """Some of them, of all classes."""
    return list(pictures.pictures[:: max(1, len(pictures) // SHOWN)])


def drawn(folder: Path) -> dict:
    """Name of a file -> figure or picture."""
    pictures = tfl.open_project(parent=folder).labelled_photos(count=100)
    training, exam = pictures.split(0.2)
    classifier = tfl.Classifier.build(pictures.class_names, "embedded")
    history = tfl.fit_classifier(classifier, training, progress=False)
    scores = tfl.evaluate_classifier(classifier, exam, progress=False)
    print(history, scores, sep="\n")
    return {
        "clothes": sheet([each.read() for each in every(pictures)]),
        "confusion": scores.plot_confusion().figure,
        "where_it_looks": sheet([classifier.explain(each.read()) for each in every(exam)]),
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, figure in drawn(Path(folder)).items():
            (FOLDER / f"{name}.png").write_bytes(small_png(figure))
            print(f"results/classify_images/{name}.png")


if __name__ == "__main__":
    main()
