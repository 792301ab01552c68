"""Counts and lists in the sentences of reports and errors."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun; `many` where the plural is not `one` with an s.

    >>> counted(1, "photo"), counted(2, "box", "boxes")
    ('1 photo', '2 boxes')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return names as part of a sentence, of many the first.

    >>> listed(("cup", "duck")), listed("abcdefg", 3)
    ('cup, duck', 'a, b, c and 4 more')
    """
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
