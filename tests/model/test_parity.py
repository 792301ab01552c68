"""Our two detectors are the original's: every stage, on golden data. KERAS_BACKEND chooses what computes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tests.model import golden_case as golden
from tflhelpers.model.anchors import anchors_rel_yxyx

CASES = pytest.mark.parametrize("case", [golden.MOBILENET, golden.RESNET50], ids=lambda case: case.name)


@pytest.fixture(scope="module")
def outputs():
    """(case, classes) → the network's outputs, computed once."""
    known = {}

    def compute(case, num_classes):
        key = case.name, num_classes
        if key not in known:
            known[key] = golden.outputs_of(case, case.network(num_classes))
        return known[key]

    return compute


@CASES
def test_pictures_are_those_of_the_golden_run(case):
    crcs = [zlib.crc32(golden.picture(0, case.size, case.size)), zlib.crc32(golden.picture(1, 480, 601))]
    assert crcs == case.numbers["image_crc32"]


@CASES
def test_anchors_are_bit_equal(case):
    np.testing.assert_array_equal(anchors_rel_yxyx((case.size, case.size)), case.arrays["anchors"])


@CASES
@pytest.mark.parametrize("num_classes", [90, 1])
def test_network_is_equal(case, num_classes, outputs):
    golden.prove_tensors(case, outputs(case, num_classes), num_classes)


@CASES
@pytest.mark.parametrize("num_classes", [90, 1])
def test_best_hundred_are_the_same(case, num_classes, outputs):
    golden.prove_detections(case, outputs(case, num_classes), num_classes)


@CASES
def test_matches_are_the_same(case):
    golden.prove_matches(case)


@CASES
@pytest.mark.parametrize("num_classes", [90, 1])
def test_losses_are_equal(case, num_classes, outputs):
    golden.prove_losses(case, outputs(case, num_classes), num_classes)


@CASES
def test_four_training_steps_are_equal(case):
    golden.prove_training(case)
