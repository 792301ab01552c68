"""Counts and lists as sentences have them."""

import pytest

from tflhelpers.files.words import counted, listed


@pytest.mark.parametrize(
    ("number", "words", "expected"),
    [
        (0, ("photo",), "0 photos"),
        (1, ("box", "boxes"), "1 box"),
        (2, ("box", "boxes"), "2 boxes"),
    ],
)
def test_counted(number, words, expected):
    assert counted(number, *words) == expected


@pytest.mark.parametrize(
    ("names", "most", "expected"),
    [((), 2, ""), (("a",), 2, "a"), (("a", "b"), 2, "a, b"), (("a", "b", "c"), 2, "a, b and 1 more")],
)
def test_listed(names, most, expected):
    assert listed(names, most) == expected
