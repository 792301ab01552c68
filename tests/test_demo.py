"""The README's first command, after its installation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_demo_says_where_the_gif_is(tmp_path):
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import runpy; "]
    command[-1] += "runpy.run_module('tflhelpers', run_name='__main__')"
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=280)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Loading TensorFlow")
    assert [line[:3] for line in lines if re.match(r"\d/4", line)] == ["1/4", "2/4", "3/4", "4/4"]

    gif = Path(re.fullmatch(r"The GIF is here: (.+)", lines[-1])[1])
    assert gif == tmp_path.resolve() / "transfer_learning_project" / "results" / "duck.gif"
    with Image.open(gif) as picture:
        assert (picture.info["loop"], picture.n_frames) == (0, 48)

    ap50 = float(re.search(r"AP50 (\d\.\d\d)", done.stdout)[1])
    assert ap50 >= 0.9, "the demo is to be seen: a detector that finds half of the ducks is no advertisement"
    noise = [
        line for line in done.stderr.replace("\r", "\n").splitlines() if line.strip() and "%|" not in line
    ]
    assert noise == [], "nothing but progress bars belongs on standard error"
