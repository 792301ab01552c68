"""The command line as a whole: what is printed where, and the number it ends with. Nothing here needs TensorFlow."""

from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command_line.shell import COMMAND, ROOT, child, run, surroundings
from tflhelpers.command_line import program
from tflhelpers.command_line.command import Answer, Command, WrongUse
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes

NAMES = [each.name for each in program.COMMANDS]


@pytest.fixture
def job(monkeypatch):
    """A command `job` that does what it is told."""

    def set_up(run, stopped="Stopped."):
        made = Command("job", "Do it.", "tflhelpers job", lambda parser: None, run, stopped)
        monkeypatch.setattr(program, "COMMANDS", (made,))

    return set_up


def raising(error):
    def raise_it(arguments):
        raise error

    return raise_it


@pytest.fixture
def labels(tmp_path):
    """A picture with a box that a name in no ASCII belongs to, and the COCO file of both."""
    Image.fromarray(np.zeros((37, 53, 3), np.uint8)).save(tmp_path / "photo.png")
    annotations = Annotations(["größe 鴨"], [(tmp_path / "photo.png", Boxes([[1, 2, 30, 20]], [0]))])
    annotations.save(tmp_path / "labels.json")
    return annotations


# ------------------------------------------------------------------------------------------------- help


def test_the_commands_are_those_that_were_asked_for():
    assert NAMES == ["import", "train", "evaluate", "detect", "export", "page", "demo", "doctor"]


@pytest.mark.parametrize("name", NAMES)
def test_help_ends_with_an_example_that_can_be_typed(name, capsys):
    assert run(name, "--help") == 0
    example = capsys.readouterr().out.partition("Example:\n")[2]
    lines = [shlex.split(line) for line in example.strip().splitlines()]
    assert lines
    for words in lines:
        assert words[:2] == ["tflhelpers", name]
        assert program.make_parser().parse_args(words[1:]).command.name == name


def test_the_whole_help_names_every_command_and_the_numbers(capsys):
    assert run("--help") == 0
    said = capsys.readouterr().out
    assert [each.name for each in program.COMMANDS if each.name not in said] == []
    assert (
        "0 when the job is done, 1 when it failed, 2 when the arguments are wrong, and 130 after Ctrl-C"
        in said
    )


def test_the_version(capsys):
    import tflhelpers

    assert run("--version") == 0
    assert capsys.readouterr().out == f"tflhelpers {tflhelpers.__version__}\n"


def test_help_is_light(tmp_path):
    probe = (
        "import json, sys, time; started = time.process_time()\n"
        "from tflhelpers.command_line.program import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(json.dumps([time.process_time() - started, [n for n in sys.modules if '.' not in n]]))"
    )
    said = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=tmp_path,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, modules = json.loads(said.stdout.splitlines()[-1])
    assert seconds < 0.5
    assert {"tensorflow", "keras", "numpy", "PIL", "matplotlib"} & {*modules} == set()


def test_without_a_command_it_is_the_demo(monkeypatch, capsys):
    monkeypatch.setattr(
        "tflhelpers.demo.run_demo", lambda: print("The GIF is here") or Path("results/duck.gif")
    )
    assert run() == 0
    assert capsys.readouterr().out == "The GIF is here\n"
    assert run("demo", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"gif": str(Path("results/duck.gif"))}
    assert said.err == "The GIF is here\n"


def test_the_entry_point_is_the_same_program():
    text = (ROOT / "setup.py").read_text("utf-8")
    assert '"tflhelpers = tflhelpers.command_line.program:main"' in text
    assert callable(program.main)


# ---------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("dance", "invalid choice: 'dance'"),
        ("train", "the following arguments are required: ANNOTATIONS, --out"),
        ("train a.json --out m --colour red", "unrecognized arguments: --colour red"),
        ("train a.json --out m --step 3", "unrecognized arguments: --step 3"),
        ("train a.json --out m --steps 0", "--steps: expected a whole number, at least 1, got '0'"),
        ("train a.json --out m --steps 1.5", "expected a whole number, at least 1, got '1.5'"),
        ("train a.json --out m --steps 3 --budget 9", "--budget: not allowed with argument --steps"),
        ("train a.json --out m --seed x", "invalid int value: 'x'"),
        (
            "train a.json --out m --tiles 2",
            "--tiles: expected rows and columns such as 2x3, auto or none, got '2'",
        ),
        (
            "train a.json --out m --tiles 0x2",
            "expected rows and columns such as 2x3, auto or none, got '0x2'",
        ),
        ("import labels", "the following arguments are required: --out"),
        ("import labels --out a.json --to labelbox", "--to: invalid choice: 'labelbox'"),
        ("import labels --out a.json --rename duck", "--rename: expected OLD=NEW, got 'duck'"),
        ("evaluate model", "the following arguments are required: ANNOTATIONS"),
        ("detect model", "the following arguments are required: SOURCE"),
        ("detect model a.jpg", "say where the marked pictures go, with --out results"),
        ("detect model a.jpg --out r --threshold 50", "--threshold: expected a number from 0 to 1, got '50'"),
        ("detect model a.jpg --out r --threshold nan", "expected a number from 0 to 1, got 'nan'"),
        ("export model", "the following arguments are required: --format"),
        ("export model --format coreml", "--format: invalid choice: 'coreml'"),
        ("export model --format onnx --quantize int8", "--quantize is for --format tflite, got onnx"),
        ("export model --format saved_model --head raw", "--head is for --format tflite, got saved_model"),
        ("page model", "the following arguments are required: --out"),
        ("doctor model", "say on which pictures: tflhelpers doctor MODEL ANNOTATIONS"),
        ("demo fast", "unrecognized arguments: fast"),
    ],
)
def test_wrong_arguments_end_with_2(words, told, capsys):
    assert run(*words.split()) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert said.err.startswith("usage: tflhelpers")
    assert said.out == ""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("expected a duck, got a cup."), "expected a duck, got a cup."),
        (RuntimeError("the loss was nan."), "the loss was nan."),
        (ImportError("Install it with: pip install it."), "Install it with: pip install it."),
        (FileNotFoundError("photos: expected a folder."), "photos: expected a folder."),
        (PermissionError(13, "Permission denied", "models"), "models: Permission denied."),
        (
            KeyError("ap"),
            "this should not have happened: KeyError: 'ap'. The option --debug shows where it did.",
        ),
        (MemoryError(), "this should not have happened: MemoryError. The option --debug shows where it did."),
        (ValueError(), "this should not have happened: ValueError. The option --debug shows where it did."),
    ],
)
def test_what_fails_is_a_sentence_and_1(job, capsys, error, told):
    job(raising(error))
    assert run("job") == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"tflhelpers job: {told}\n")


def test_debug_shows_where(job, capsys):
    job(raising(ValueError("expected a duck.")))
    assert run("job", "--debug") == 1
    said = capsys.readouterr().err
    assert "in raise_it" in said
    assert said.endswith("tflhelpers job: expected a duck.\n")


def test_ctrl_c_is_a_sentence_and_130(job, capsys):
    job(raising(KeyboardInterrupt()), stopped="Stopped. The same command goes on.")
    assert run("job", "--debug") == 130
    assert capsys.readouterr().err == "tflhelpers job: Stopped. The same command goes on.\n"


def test_what_a_command_finds_out_about_its_arguments_is_2(job, capsys):
    job(raising(WrongUse("say which")))
    assert run("job") == 2
    assert capsys.readouterr().err.endswith("tflhelpers job: error: say which\n")


def test_an_answer_can_be_one_of_a_job_that_failed(job, capsys):
    job(lambda arguments: Answer("two done", {"done": 2}, "1 of 3 could not be read."))
    assert run("job") == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("two done\n", "tflhelpers job: 1 of 3 could not be read.\n")


def test_json_is_alone_on_standard_output(job, capsys):
    def talk(arguments):
        print("a sentence of a project")
        return Answer("for people", {"ap": math.nan, "name": "größe 鴨", "size": (2, 3)})

    job(talk)
    assert run("job", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"ap": None, "name": "größe 鴨", "size": [2, 3]}
    assert said.out.isascii()
    assert said.err == "a sentence of a project\n"


def test_bars_are_for_who_watches(job):
    seen = []
    job(lambda arguments: seen.append(arguments.progress) or Answer("", {}))
    assert run("job") == 0
    assert seen == [False]


@pytest.mark.parametrize(
    ("words", "expected"), [("2x3", (2, 3)), ("12X1", (12, 1)), ("auto", "auto"), ("none", None)]
)
def test_tiles(words, expected):
    arguments = program.make_parser().parse_args(["train", "a", "--out", "m", "--tiles", words])
    assert arguments.tiles == expected


def test_options_have_no_other_name_than_those_shown():
    shown = {
        option
        for action in program.make_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
        for parser in action.choices.values()
        for each in parser._actions
        for option in each.option_strings
    }
    page = (ROOT / "docs" / "how_to" / "command_line.md").read_text("utf-8")
    assert [option for option in sorted(shown - {"-h", "--help"}) if option not in page] == []


# --------------------------------------------------------------------------- children, away from the repository


@pytest.mark.parametrize(
    ("words", "number", "told"),
    [
        (
            "import nowhere --out a.json",
            1,
            "tflhelpers import: nowhere: expected the annotations, found no such",
        ),
        ("train nowhere.json --out m", 1, "tflhelpers train: nowhere.json: No such file or directory."),
        (
            "train labels.json --out m --start labels.json",
            1,
            "expected the folder of a detector, with detector.json",
        ),
        (
            "train labels.json --out m --start duck",
            1,
            "tflhelpers train: duck: expected the folder of a detector",
        ),
        ("train labels.json --out labels.json", 1, "--out must be a folder for the detector, got a file"),
        ("evaluate empty labels.json", 1, "tflhelpers evaluate: empty: expected the folder of a detector"),
        (
            "evaluate empty empty",
            1,
            "tflhelpers evaluate: empty: expected annotations.json in this folder, got none",
        ),
        (
            "detect empty nowhere.jpg --out r",
            1,
            "nowhere.jpg: expected a picture, a video or a folder of them",
        ),
        (
            "detect empty empty --out r",
            1,
            "tflhelpers detect: empty: expected pictures or videos in this folder",
        ),
        (
            "detect empty photo.png --out .",
            1,
            "photo.png is a source, and would be overwritten. Give another --out.",
        ),
        ("detect empty https://a.b/c.jpg --out r", 1, "expected a file on this machine, got an address"),
        ("detect mobilenet photo.png --out r", 1, "mobilenet: expected the folder of a detector"),
        (
            "export labels.json --format tflite",
            1,
            "tflhelpers export: labels.json: expected the folder of a detector",
        ),
        (
            "page model.tflite --out page",
            1,
            "tflhelpers page: model.tflite: expected the folder of a detector",
        ),
        ("doctor empty labels.json", 1, "tflhelpers doctor: empty: expected the folder of a detector"),
        ("demo --steps 3", 2, "tflhelpers: error: unrecognized arguments: --steps 3"),
    ],
)
def test_each_command_fails_with_a_sentence(tmp_path, labels, words, number, told, monkeypatch, capsys):
    """Before TensorFlow is loaded; of each command the first one in a child."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.tflite").write_text("none")
    if words in IN_A_CHILD:
        done = child(*words.split(), folder=tmp_path)
        code, out, err = done.returncode, done.stdout, done.stderr
    else:
        monkeypatch.chdir(tmp_path)
        code, (out, err) = run(*words.split()), capsys.readouterr()
    assert (code, out) == (number, "")
    assert told in err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "empty",
        "labels.json",
        "model.tflite",
        "photo.png",
    ]


IN_A_CHILD = (
    "import nowhere --out a.json",
    "train nowhere.json --out m",
    "evaluate empty labels.json",
    "detect empty nowhere.jpg --out r",
    "export labels.json --format tflite",
    "page model.tflite --out page",
    "doctor empty labels.json",
    "demo --steps 3",
)


def test_import_from_any_folder_to_a_reader_that_knows_no_umlauts(tmp_path, labels):
    done = child("import", "labels.json", "--out", "new/a.json", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "1 picture and 1 box taken, 0 things repaired, 0 refused."
    assert done.stdout.splitlines()[-1] == f"Written: {Path('new/a.json')}"
    (boxes,) = [boxes for _, boxes in Annotations.load(tmp_path / "new" / "a.json")]
    assert boxes.xyxy.tolist() == [[1, 2, 30, 20]]


def test_a_reader_that_has_enough(tmp_path, labels):
    words = [*COMMAND, "import", "labels.json", "--out", "a.json", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=tmp_path, env=surroundings(), stdout=pipe, stderr=pipe) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_the_doctor_looks_at_the_installation(tmp_path):
    import importlib.metadata

    done = child("doctor", "--json", folder=tmp_path)
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert said["keras"] == importlib.metadata.version("keras")
    assert said["python"] == ".".join(map(str, sys.version_info[:3]))
    assert sorted(said["extras"]) == ["heic", "jax", "litert", "onnx"]
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_cannot_be_loaded(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "keras", None)
    assert run("doctor") == 1
    said = capsys.readouterr()
    assert "python: " in said.out
    assert said.err.startswith("tflhelpers doctor: TensorFlow and Keras cannot be loaded: ")
