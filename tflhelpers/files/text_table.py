"""Tables of words and numbers, as print and a notebook show them."""

from __future__ import annotations

from collections.abc import Sequence


def plain_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines: the first column to the left, the others to the right.

    >>> print(plain_table([["class", "AP"], ["duck", "0.81"]]))
    class    AP
    duck   0.81
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first one its head, columns as in `plain_table`.

    >>> print(markdown_table([["class", "AP"], ["a|b", "0.81"]]))
    | class | AP |
    |:--|--:|
    | a\\|b | 0.81 |
    """
    head, *lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([head, f"|:--|{'--:|' * (len(rows[0]) - 1)}", *lines])
