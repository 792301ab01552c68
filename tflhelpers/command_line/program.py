"""`main`: what the command `tflhelpers` and `python -m tflhelpers` run.

It ends with 0 when the job is done, 1 when it failed, 2 when the arguments are wrong, and 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import tflhelpers
from tflhelpers.command_line import demo, detect, doctor, evaluate, export, import_labels, page, train
from tflhelpers.command_line.command import Answer, Command, WrongUse, sentence
from tflhelpers.files.json_file import cleaned

DONE, FAILED, WRONG_USE, STOPPED = 0, 1, 2, 130
COMMANDS = (
    import_labels.COMMAND,
    train.COMMAND,
    evaluate.COMMAND,
    detect.COMMAND,
    export.COMMAND,
    page.COMMAND,
    demo.COMMAND,
    doctor.COMMAND,
)
WITHOUT_A_COMMAND = "demo"


class _Parser(ArgumentParser):
    """One whose texts keep their lines, and that knows no shortened options: a new one would change their meaning."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        words: The command line without the program's name; None takes the process's own.

    Returns:
        The number to end the process with.

    Raises:
        SystemExit: Help was asked for (0), or the arguments are wrong (2).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is loaded
    _print_any_letters()
    words = sys.argv[1:] if words is None else words
    arguments = make_parser().parse_args(words or [WITHOUT_A_COMMAND])
    arguments.progress = sys.stderr.isatty()
    try:
        return _carry_out(arguments)
    except WrongUse as error:
        arguments.parser.error(str(error))  # ends the process
    except KeyboardInterrupt:
        _complain(arguments, arguments.command.stopped)
    return STOPPED


def make_parser() -> ArgumentParser:
    """Return the parser of the whole command line."""
    program = _Parser(
        prog="tflhelpers",
        description="Five photos of your own thing, a detector for it, and a GIF to share.\n"
        "Without a command it runs the demo.",
        epilog="It ends with 0 when the job is done, 1 when it failed, 2 when the arguments are wrong, and 130 "
        "after Ctrl-C.\nMore: docs/how_to/command_line.md",
    )
    program.add_argument("--version", action="version", version=f"tflhelpers {tflhelpers.__version__}")
    commands = program.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for command in COMMANDS:
        _add(commands, command)
    return program


def _add(commands: Any, command: Command) -> None:
    example = "\n".join(f"  {line}" for line in command.example.splitlines())
    parser = commands.add_parser(
        command.name, help=command.summary, description=command.summary, epilog=f"Example:\n{example}"
    )
    command.add_arguments(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        dest="as_json",
        help="print the answer as one JSON object on standard output, and all else on standard error",
    )
    parser.add_argument("--debug", action="store_true", help="show where in the program an error came up")
    parser.set_defaults(command=command, parser=parser)


def _carry_out(arguments: Namespace) -> int:
    try:
        answer = _answer(arguments)
        _print(answer, arguments.as_json)
    except WrongUse:
        raise
    except BrokenPipeError:  # whoever read what is printed has enough: `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if arguments.debug:
            traceback.print_exc()
        _complain(arguments, sentence(error))
        return FAILED
    if answer.failed:
        _complain(arguments, answer.failed)
    return FAILED if answer.failed else DONE


def _answer(arguments: Namespace) -> Answer:
    if not arguments.as_json:
        return arguments.command.run(arguments)
    with redirect_stdout(sys.stderr):
        return arguments.command.run(arguments)


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        print(json.dumps(cleaned(dict(answer.data)), indent=1), flush=True)
    elif answer.text:
        print(answer.text, flush=True)


def _complain(arguments: Namespace, text: str) -> None:
    print(f"{arguments.parser.prog}: {text}", file=sys.stderr, flush=True)


def _print_any_letters() -> None:
    """A terminal that lacks a letter of a class name or of a path shows its number, and ends no program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
