"""The metadata, read back field by field. tests/peers/test_mediapipe.py has MediaPipe read it."""

from __future__ import annotations

import struct

import pytest

from tflhelpers.sharing.export.tflite_metadata import detector_metadata

CONTENT = detector_metadata(["box", "kind", "score", "count"], "names.txt", description="Finds ducks.")


def follow(place):
    return place + struct.unpack_from("<I", CONTENT, place)[0]


def field(table, number):
    """Where a field of a table is."""
    entries = table - struct.unpack_from("<i", CONTENT, table)[0]
    (offset,) = struct.unpack_from("<H", CONTENT, entries + 4 + 2 * number)
    assert offset, f"the table has no field {number}"
    return table + offset


def element(vector, index):
    start = follow(vector)
    assert index < struct.unpack_from("<I", CONTENT, start)[0]
    return start + 4 + 4 * index


def at(*path):
    """Where the end of a path is: ints are fields of tables, ("item", i) elements of vectors."""
    place = 0  # the file begins with where its first table is
    for step in path:
        place = element(place, step[1]) if isinstance(step, tuple) else field(follow(place), step)
    return place


def text(*path):
    start = follow(at(*path))
    (length,) = struct.unpack_from("<I", CONTENT, start)
    return CONTENT[start + 4 : start + 4 + length].decode()


GRAPH = (3, ("item", 0))  # of the model
INPUT = (*GRAPH, 2, ("item", 0))


def output(index):
    return (*GRAPH, 3, ("item", index))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ((1,), "Finds ducks."),
        ((7,), "1.2.0"),
        ((*INPUT, 0), "image"),
        ((*output(0), 0), "box"),
        ((*output(1), 0), "kind"),
        ((*output(2), 0), "score"),
        ((*output(3), 0), "count"),
        ((*output(1), 6, ("item", 0), 0), "names.txt"),
        ((*GRAPH, 8, ("item", 0), 1, ("item", 2)), "score"),
    ],
)
def test_texts(path, wanted):
    assert text(*path) == wanted


@pytest.mark.parametrize(
    ("path", "kind", "wanted"),
    [
        ((*INPUT, 3, 0), "<B", 2),  # an image
        ((*INPUT, 3, 1, 0), "<B", 1),  # in RGB
        ((*INPUT, 4, ("item", 0), 0), "<B", 1),  # to be normalized
        ((*INPUT, 4, ("item", 0), 1, 1, ("item", 0)), "<f", 1.0),  # by 1
        ((*INPUT, 5, 0, ("item", 0)), "<f", 255.0),
        ((*output(0), 3, 0), "<B", 3),  # boxes
        ((*output(0), 3, 1, 0, ("item", 0)), "<I", 1),  # xmin is the second of a box
        ((*output(0), 3, 1, 0, ("item", 2)), "<I", 3),
        ((*output(0), 3, 1, 1), "<B", 1),  # edges
        ((*output(0), 3, 2, 0), "<i", 2),
        ((*output(1), 6, ("item", 0), 2), "<B", 3),  # a name for each value
    ],
)
def test_numbers(path, kind, wanted):
    assert struct.unpack_from(kind, CONTENT, at(*path)) == (wanted,)


def test_it_says_what_it_is():
    assert CONTENT[4:8] == b"M001"
