"""The proof lets nothing pass that would be seen, and does not cry over ties."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.sharing.export.equality import ExportMismatch, Limits, pictures_of, prove_equal
from tflhelpers.sharing.export.network import warn_of_tiles

LIMITS = Limits(pixels=1.0, score=1e-3, min_score=0.01)


class Altered:
    """Finds what a detector finds, altered."""

    def __init__(self, detector, alter):
        self._detector, self._alter = detector, alter

    def detect(self, image, **options):
        return self._alter(self._detector.detect(image, **options))


def moved(pixels):
    return lambda boxes: Boxes(np.maximum(boxes.xyxy + np.float32(pixels), 0), boxes.labels, boxes.scores)


def scored(less):
    return lambda boxes: Boxes(boxes.xyxy, boxes.labels, np.maximum(boxes.scores - less, 0))


def relabelled(boxes):
    return Boxes(boxes.xyxy, (boxes.labels + 1) % 3, boxes.scores)


def turned(boxes):
    return Boxes(boxes.xyxy[:, [1, 0, 3, 2]], boxes.labels, boxes.scores)


def without_a_class(boxes):
    return boxes[boxes.labels != 2]


@pytest.mark.parametrize(
    ("alter", "pixels", "score"),
    [(lambda boxes: boxes, 0, 0), (moved(0.4), 0.4, 0), (scored(5e-4), 0, 5e-4)],
)
def test_what_passes_with_its_figures(tiny, pictures, alter, pixels, score):
    equality = prove_equal(tiny, Altered(tiny, alter), pictures, LIMITS)
    assert (equality.pictures, equality.boxes, equality.missed) == (3, 300, 0)
    assert equality.pixels == pytest.approx(pixels, abs=1e-3)
    assert equality.score == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(
    "alter",
    [
        moved(3),
        scored(0.01),
        relabelled,
        turned,
        without_a_class,
        lambda boxes: boxes[1:],
        lambda boxes: boxes[:0],
    ],
    ids=["3 px beside", "score", "labels", "axes", "a class", "the best", "nothing"],
)
def test_what_does_not(tiny, pictures, alter):
    with pytest.raises(
        ExportMismatch, match=r"expected edges within 1\.0 px and scores within 0\.001 of Keras, got"
    ):
        prove_equal(tiny, Altered(tiny, alter), pictures, LIMITS)


def test_the_advice_names_arguments_of_the_persons_call(tiny, pictures):
    with pytest.raises(ExportMismatch, match=r"Another images= may help"):
        prove_equal(tiny, Altered(tiny, moved(3)), pictures[:1], LIMITS)
    with pytest.raises(ExportMismatch, match=r"Another images= or quantize= may help"):
        prove_equal(tiny, Altered(tiny, moved(3)), pictures[:1], LIMITS, arguments="images= or quantize=")


def test_the_best_box_is_compared_though_nothing_is_found(tiny, pictures):
    high = Limits(pixels=1.0, score=1e-3, min_score=0.99)
    assert prove_equal(tiny, Altered(tiny, lambda boxes: boxes), pictures, high).boxes >= len(pictures)
    with pytest.raises(ExportMismatch):
        prove_equal(tiny, Altered(tiny, moved(3)), pictures, high)


def test_where_pictures_come_from(tmp_path, asymmetric_image):
    assert len(pictures_of(None)) == 5
    large = np.zeros((10, 4096, 3), np.uint8)
    assert [picture.shape for picture in pictures_of([asymmetric_image, large])] == [
        (37, 53, 3),
        (2, 1024, 3),
    ]
    with pytest.raises(ValueError, match="images must hold at least one picture"):
        pictures_of(Annotations.from_items(["duck"], []))


@pytest.mark.parametrize("tiles", [None, (2, 3)])
def test_what_looks_at_whole_pictures_only_is_told(tiny, monkeypatch, caplog, tiles):
    monkeypatch.setattr(tiny, "tiles", tiles)
    with caplog.at_level(logging.WARNING):
        warn_of_tiles(tiny, "The page")
    told = [record.getMessage() for record in caplog.records]
    if tiles is None:
        assert told == []
    else:
        assert told[0].startswith(
            "The page looks at whole pictures only, and this detector learned to look in 2 x 3 "
        )
