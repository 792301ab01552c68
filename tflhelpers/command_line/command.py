"""What a command is, and what it answers."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_SENTENCES = (ValueError, OSError, RuntimeError, TypeError, ImportError)  # what the package raises for people


class WrongUse(Exception):
    """Arguments that do not go together; the message says what to write."""


@dataclass(frozen=True)
class Answer:
    """What a command found or wrote.

    Attributes:
        text: for people.
        data: the same for programs: what `--json` prints.
        failed: a sentence if the job failed nevertheless, "" if it did not.
    """

    text: str
    data: Mapping[str, Any]
    failed: str = ""


@dataclass(frozen=True)
class Command:
    """One word after `tflhelpers`.

    Attributes:
        name: the word.
        summary: what it does, in a sentence.
        example: lines to type.
        add_arguments: adds what the command takes to its parser.
        run: does it. What it is given has `progress` as well: whether somebody watches.
        stopped: what is said after Ctrl-C.
    """

    name: str
    summary: str
    example: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], Answer]
    stopped: str = "Stopped."


def sentence(error: Exception) -> str:
    """Return what went wrong, for somebody who does not know the program.

    >>> sentence(FileNotFoundError(2, "No such file or directory", "photos"))
    'photos: No such file or directory.'
    """
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}."
    if isinstance(error, _SENTENCES) and str(error):
        return str(error)
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return f"this should not have happened: {what}. The option --debug shows where it did."
