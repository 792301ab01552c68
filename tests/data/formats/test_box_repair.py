"""Boxes are put right or refused for a reason, all at once as one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tflhelpers.data.formats.box_repair import mend, repeats, to_numbers

_NAN = math.nan
_ROWS = [  # edges as read, edges after, what is wrong; the picture is 40 high and 60 wide
    ((0, 0, 60, 40), (0, 0, 60, 40), ()),
    ((5.5, 6.25, 25, 16), (5.5, 6.25, 25, 16), ()),
    ((25, 16, 5, 6), (5, 6, 25, 16), ("swapped",)),
    ((25, 6, 5, 16), (5, 6, 25, 16), ("swapped",)),
    ((-1, -2, 61, 42), (0, 0, 60, 40), ("cut",)),
    ((-0.01, 0, 60.01, 40), (0, 0, 60, 40), ()),
    ((70, 6, 50, 16), (50, 6, 60, 16), ("swapped", "cut")),
    ((60, 0, 70, 10), None, ("outside",)),
    ((-10, 0, 0, 10), None, ("outside",)),
    ((5, 50, 25, 60), None, ("outside",)),
    ((5, 6, 5, 16), None, ("no_area",)),
    ((70, 6, 70, 16), None, ("no_area",)),
    ((5, 6, 5 + 1e-9, 16), None, ("no_area",)),  # there is no float32 between
    ((_NAN, 6, 25, 16), None, ("unreadable",)),
    ((5, math.inf, 25, 16), None, ("unreadable",)),
    ((-1e30, 6, 1e30, 16), (0, 6, 60, 16), ("cut",)),
    ((-1e39, 6, 25, 16), None, ("unreadable",)),  # more than float32 holds
    ((1e-14, 6, 29.9999999999999, 16), (0, 6, 30, 16), ()),
]
_FAULTS = ("unreadable", "outside", "no_area", "swapped", "cut")


def _mended(rows, precision=0.0):
    n = len(rows)
    xyxy = np.array([row[0] for row in rows], np.float64).reshape(-1, 4)
    return mend(xyxy, np.tile([40.0, 60.0], (n, 1)), np.full((n, 2), precision))


@pytest.mark.parametrize("row", range(len(_ROWS)))
def test_one_box(row):
    _, expected, faults = _ROWS[row]
    mended = _mended([_ROWS[row]])
    assert [fault for fault in _FAULTS if getattr(mended, fault)[0]] == list(faults)
    assert mended.refused[0] == (expected is None)
    if expected:
        assert mended.xyxy[0].tolist() == list(expected)


def test_all_boxes_at_once_are_as_one_by_one():
    mended = _mended(_ROWS)
    for fault in _FAULTS:
        assert getattr(mended, fault).tolist() == [fault in faults for _, _, faults in _ROWS]


def test_no_box():
    mended = _mended([])
    assert (mended.xyxy.shape, mended.refused.tolist()) == ((0, 4), [])


@pytest.mark.parametrize(
    ("precision", "edge", "expected"),
    [(0.0, 29.9999, 29.9999), (0.001, 29.9999, 30), (0.001, 29.99, 29.99), (0.001, 29.5, 29.5)],
)
def test_a_whole_pixel_within_the_precision_is_meant(precision, edge, expected):
    mended = _mended([((5, 6, edge, 16),)], precision)
    assert mended.xyxy.tolist() == [[5, 6, expected, 16]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (2.5, 2.5),
        ("2.5", 2.5),
        (" 3e1\n", 30.0),
        (np.float32(0.5), 0.5),
        ("-inf", -math.inf),
        ("", None),
        ("five", None),
        ("1,5", None),
        (None, None),
        (True, None),
        ([1], None),
        (10**400, None),
    ],
)
def test_to_numbers(value, expected):
    found = to_numbers([(1, 2, 3, value)])[0]
    assert found[:3].tolist() == [1, 2, 3]
    assert math.isnan(found[3]) if expected is None else found[3] == expected


def test_to_numbers_of_nothing():
    assert to_numbers([]).shape == (0, 4)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([], [], []),
        ([1], [1], [False]),
        ([1, 1, 1], [2, 2, 2], [False, True, True]),
        ([1, 2, 1, 2], [0, 0, 0, 1], [False, False, True, False]),
    ],
)
def test_repeats(first, second, expected):
    assert repeats([np.array(first), np.array(second)]).tolist() == expected
