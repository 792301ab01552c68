"""`tflhelpers demo`: all of it once, on what ships with the package."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tflhelpers.command_line.command import Answer, Command


def _add_arguments(parser: ArgumentParser) -> None:
    """It takes none."""


def _run(arguments: Namespace) -> Answer:
    from tflhelpers.demo import run_demo

    return Answer("", {"gif": str(run_demo())})


COMMAND = Command(
    "demo",
    "Train on five drawn photos and write a GIF, into the folder transfer_learning_project.",
    "tflhelpers demo",
    _add_arguments,
    _run,
)
