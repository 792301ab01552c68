"""A bad row costs no other, whatever stands in it, and is told by its line."""

from __future__ import annotations

import csv

import pytest

from tflhelpers.files.csv_rows import NOT_CLOSED, csv_rows

_LONG = "x" * 140_000


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("a,b", [(1, ["a", "b"])]),
        ("a,b\r\n\r\nc,d\re,f\n", [(1, ["a", "b"]), (2, []), (3, ["c", "d"]), (4, ["e", "f"])]),
        ('"a,""b""",c\u2028d\n', [(1, ['a,"b"', "c\u2028d"])]),
        ('a,5" pipe\nb,c\n', [(1, ["a", '5" pipe']), (2, ["b", "c"])]),
        ('a,"b\nc,d\ne,f\n', [(1, NOT_CLOSED), (2, ["c", "d"]), (3, ["e", "f"])]),
        ('a,"b\nc,"d\ne,f\n', [(1, NOT_CLOSED), (2, NOT_CLOSED), (3, ["e", "f"])]),
        (
            f'a,"b\n{_LONG}\nc,d\n',
            [(1, NOT_CLOSED), (2, f"field larger than field limit ({1 << 17})"), (3, ["c", "d"])],
        ),
    ],
)
def test_rows(text, rows):
    assert list(csv_rows(text)) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,"b\nb"\nc,d\n', [(1, ["a", "b\nb"]), (3, ["c", "d"])]),
        ('a,"b\nb",c\nc,d\n', [(1, NOT_CLOSED), (2, ['b"', "c"]), (3, ["c", "d"])]),
        ('a,"b\nc,d', [(1, NOT_CLOSED), (2, ["c", "d"])]),
    ],
)
def test_a_cell_over_several_lines_where_such_are_wanted(text, rows):
    assert list(csv_rows(text, fits=lambda cells: len(cells) == 2)) == rows


def test_rows_are_those_of_csv_where_none_is_bad():
    text = 'a;"b;""c"\n\n;;\n" x ";\ty'
    assert [cells for _, cells in csv_rows(text, ";")] == list(csv.reader(text.split("\n"), delimiter=";"))
