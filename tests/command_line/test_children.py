"""Commands that succeed, each a child process that starts in a folder that is not the repository."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest

from tests.command_line.shell import COMMAND, child, surroundings
from tests.command_line.small import furnish
from tflhelpers.data.images import read_image

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # seconds of work, on a machine that may be shared

# What would fetch LiteRT.js and convert the model; both have tests of their own.
PAGE = """
import sys
from pathlib import Path
from tflhelpers.sharing import web_demo
web_demo.fetch_runtime = lambda runtime, progress: Path("runtime")
web_demo._write_model = lambda model, folder, *more: (folder / web_demo.MODEL_FILE).write_bytes(b"model")
from tflhelpers.command_line.program import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop with a space")
    furnish(folder)
    photos = [read_image(folder / "photos" / f"{number}.png") for number in (0, 1)]
    frames = [np.kron(photo, np.ones((2, 2, 1), np.uint8)) for photo in photos]
    imageio.mimwrite(folder / "clip.mp4", frames * 3, fps=6, macro_block_size=2)
    return folder


def said(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent in another way there")
def test_a_training_is_stopped_by_ctrl_c_and_goes_on(shop):
    words = ["train", "photos", "--out", "models/new", "--start", "models/small", "--steps", "160", "--json"]
    with subprocess.Popen(
        [*COMMAND, *words],
        cwd=shop,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (states := list(shop.glob("models/new/training/*/training_state.npz"))):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1].startswith("tflhelpers train: Stopped. The same command goes on")
    assert "Traceback" not in err
    assert [state.is_file() for state in states] == [True]
    assert not (shop / "models" / "new" / "weights.npz").exists()
    answer = said(child(*words, folder=shop))
    assert (len(answer["loss"]), answer["class_names"]) == (160, ["red", "blue"])
    assert sorted(path.name for path in (shop / "models" / "new").iterdir()) == [
        "detector.json",
        "weights.npz",
    ]


def test_evaluate(shop):
    answer = said(child("evaluate", "models/small", "photos", "--json", folder=shop))
    assert (answer["n_pictures"], answer["n_truth"], list(answer["per_class"])) == (5, 5, ["red", "blue"])


def test_detect_in_pictures_and_a_video(shop):
    done = child("detect", "models/small", "photos/0.png", "clip.mp4", "--out", "marked", folder=shop)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith(f"{Path('marked/0.png')}: ")
    assert second.startswith(f"{Path('marked/clip.mp4')}: 6 frames, ")
    names = ["0.png", "clip.mp4", "clip.mp4.boxes.jsonl"]
    assert sorted(path.name for path in (shop / "marked").iterdir()) == names
    assert len(imageio.mimread(shop / "marked" / "clip.mp4")) == 6


def test_export(shop):
    answer = said(child("export", "models/small", "--format", "saved_model", "--json", folder=shop))
    assert (answer["written"], answer["format"]) == (str(Path("models/small_saved_model")), "saved_model")
    assert (shop / answer["written"] / "saved_model.pb").is_file()


def test_page(shop):
    from tflhelpers.sharing.runtime_download import FILES

    for name in FILES:
        (shop / "runtime" / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / "runtime" / name).write_text(name)
    words = [
        sys.executable,
        "-c",
        PAGE,
        "page",
        "models/small",
        "--out",
        "page",
        "--title",
        "Two colours",
        "--json",
    ]
    done = subprocess.run(words, cwd=shop, env=surroundings(), capture_output=True, text=True, timeout=600)
    assert said(done)["written"] == "page"
    assert "Two colours" in (shop / "page" / "index.html").read_text("utf-8")
