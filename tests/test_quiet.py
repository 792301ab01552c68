"""What Keras and TensorFlow have to say when they are loaded does not reach the screen, whoever loads them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tflhelpers.quiet import startup_notes_aside

ROOT = Path(__file__).resolve().parent.parent


def standard_error_of(code: str) -> str:
    """Of a Python that has not been told to be quiet."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    return done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import tflhelpers, keras",
        "import tflhelpers, tensorflow as tf; tf.zeros(3) + 1",
        "import tflhelpers as tfl; tfl.fine_tune",
        "import tflhelpers; from tflhelpers.model.pretrained import has_gpu; has_gpu()",
    ],
)
def test_nothing_is_said(code):
    assert standard_error_of(code) == ""


def test_nothing_is_said_of_litert_files(tmp_path):
    code = f"""
import tflhelpers, numpy as np, tensorflow as tf
from pathlib import Path
from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.tflite_convert import converted
samples = [np.ones((1, 4), np.float32)]
double = lambda images: {{"twice": 2 * images}}
file = Path({str(tmp_path)!r}, "a.tflite")
file.write_bytes(converted(double, {{"images": tf.TensorSpec((1, 4))}}, quantize="int8", samples=samples))
interpreter(file)
"""
    assert standard_error_of(code) == ""


def test_a_block_that_fails_says_all(capfd):
    def fail():
        with startup_notes_aside():
            os.write(2, b"a note")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert capfd.readouterr().err == "a note"
