"""`tflhelpers page`: a web page that finds things with a phone's camera."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import tflhelpers as tfl
from tflhelpers.command_line.command import Answer, Command
from tflhelpers.command_line.inputs import add_model, open_model


def _add_arguments(parser: ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--out", required=True, metavar="FOLDER", help="where the page goes; an older one is replaced"
    )
    parser.add_argument("--title", help="of the page (default: made of the class names)")
    parser.add_argument(
        "--runtime", metavar="PATH", help="LiteRT.js, a folder or .tgz, where there is no network to fetch it"
    )


def _run(arguments: Namespace) -> Answer:
    model = open_model(arguments.model, exported=False)
    info = tfl.export_web_demo(
        model,
        arguments.out,
        title=arguments.title,
        runtime=arguments.runtime,
        progress=arguments.progress,
    )
    return Answer(
        str(info),
        {"written": str(info.folder), "size_bytes": info.size_bytes, "model_bytes": info.model_bytes},
    )


COMMAND = Command(
    "page",
    "Write a web page that runs a detector or classifier on the camera and on photos, for any static host.",
    'tflhelpers page models/duck --out page/ --title "Find the duck"',
    _add_arguments,
    _run,
)
