"""What kind of thing was given where another belongs: expected, got, what to write."""

from __future__ import annotations

from numbers import Real
from typing import Any


def check_kind(fits: bool, given: Any, wanted: str, remedy: str) -> None:
    """Raise TypeError unless `fits`.

    Args:
        fits: Whether the kind is right.
        given: What was given.
        wanted: The argument and what it must be, such as "detector must be a Detector".
        remedy: What to do, such as "The call is project.keep(detector)".

    >>> check_kind(False, 7, "name must be text", 'Write name="duck"')
    Traceback (most recent call last):
        ...
    TypeError: name must be text, got int. Write name="duck".
    """
    if not fits:
        raise TypeError(f"{wanted}, got {type(given).__name__}. {remedy}.")


def check_text(given: Any, argument: str, example: str) -> None:
    """Raise TypeError unless text was given; `example` is one that could have been."""
    check_kind(isinstance(given, str), given, f"{argument} must be text", f"Write {argument}={example!r}")


def check_number(given: Any, argument: str, example: float) -> None:
    """Raise TypeError unless one number was given; `example` is one that could have been."""
    check_kind(
        isinstance(given, Real), given, f"{argument} must be a number", f"Write {argument}={example!r}"
    )


def check_detector(given: Any, call: str, *needed: str) -> None:
    """Raise TypeError unless something was given that has what is `needed` of a Detector; `call` is how to write it."""
    fits = all(hasattr(given, each) for each in ("class_names", *needed))
    check_kind(fits, given, "detector must be a Detector", f"The call is {call}")
