"""What a person reads out of predictions."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.classification.predictions import Predictions

THREE = Predictions(("a", "b", "c"), np.float32([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]]))


def test_top_and_confidence():
    assert THREE.top == ("b", "a")
    np.testing.assert_allclose(THREE.confidence, [0.7, 0.5])


def test_a_dict_for_each_picture_likeliest_first():
    first, second = THREE
    assert list(first) == ["b", "c", "a"]
    assert list(second) == ["a", "b", "c"]
    assert first["b"] == pytest.approx(0.7)


@pytest.mark.parametrize(("index", "top"), [(1, ("a",)), (slice(0, 1), ("b",)), ([1, 0], ("a", "b"))])
def test_taking_some(index, top):
    assert THREE[index].top == top


def test_it_prints_as_a_table():
    assert repr(THREE).splitlines() == [
        "Predictions of 2 pictures:",
        "0  b 70%  c 20%  a 10%",
        "1  a 50%  b 25%  c 25%",
    ]


def test_a_picture_that_was_skipped_is_told():
    assert repr(Predictions(("a", "b"), np.float32([[np.nan, np.nan]]))).splitlines()[1:] == ["0  skipped"]
