"""No reader does what it must not with spoiled files: kept seeds in every run, new ones for FUZZ_SECONDS each.

    FUZZ_SECONDS=120 pytest -m slow tests/data/formats/test_fuzz.py

A seed that fails is printed: put it into fuzz_seeds.json, mend the reader, and it is replayed for ever.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data.formats import fuzzer
from tests.data.formats.fuzz_inputs import FILES, picture
from tflhelpers.data.formats.label_map import LabelMap, read_label_map
from tflhelpers.data.importing import import_annotations

_ROOT = Path(__file__).resolve().parents[3]
_KEPT = json.loads(Path(__file__).with_name("fuzz_seeds.json").read_text("utf-8"))
_SECONDS = float(os.environ.get("FUZZ_SECONDS", "6"))
_STARTING = 60  # seconds that a busy machine may need to start Python


@pytest.mark.parametrize("reader", FILES)
@pytest.mark.filterwarnings("ignore")
def test_kept_seeds(reader, tmp_path):
    for seed in [*range(5), *_KEPT[reader]]:
        folder = tmp_path / str(seed)
        folder.mkdir()
        fuzzer.try_seed(reader, seed, folder)


@pytest.mark.parametrize(
    ("reader", "number"), [(reader, number) for reader in FILES for number in range(len(FILES[reader]))]
)
@pytest.mark.filterwarnings("ignore")
def test_the_files_to_begin_with_are_read(reader, number, tmp_path):
    """Else nothing but the first lines of a reader would be tried."""
    for name, content in {"a.png": picture(), "images/b.png": picture(), **FILES[reader][number]}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    if reader == "label_map":
        assert read_label_map(tmp_path / "label_map.pbtxt").class_names == ("Duck ä", "cat")
    else:
        path, format = (tmp_path / "set.zip", "auto") if reader == "zip" else (tmp_path, reader)
        annotations, _ = import_annotations(path, format=format)
        assert sum(len(boxes) for _, boxes in annotations) >= 1


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("misbehave", "told"),
    [
        (lambda: _raise(KeyError("x")), "KeyError: 'x' (test_fuzz.py:"),
        (lambda: _raise(fuzzer.AnnotationError("bad")), "no sentence: AnnotationError('bad')"),
        (lambda: _spin(2), "TimeoutError: more than 0.1 s"),
        (lambda: LabelMap({}, {}), "it grew by 700 MB"),
    ],
    ids=["exception", "no sentence", "hang", "memory"],
)
def test_the_fuzzer_sees_it(tmp_path, monkeypatch, misbehave, told):
    monkeypatch.setattr(fuzzer, "read_label_map", lambda path: misbehave())
    monkeypatch.setattr(fuzzer, "_peak_mb", itertools.count(100, 700).__next__)
    monkeypatch.setattr(fuzzer, "LONGEST_S", 0.1)
    with pytest.raises(fuzzer.Fault) as error:
        fuzzer.try_seed("label_map", 0, tmp_path)
    assert told in str(error.value)


def _spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.slow
@pytest.mark.timeout(_SECONDS + 2 * _STARTING)
@pytest.mark.parametrize("reader", FILES)
def test_new_seeds(reader):
    """In a process of its own, whose memory is limited. Each day tries others."""
    first = int(time.time()) // 86400 * 1_000_000
    command = [sys.executable, "-W", "ignore", "-m", "tests.data.formats.fuzzer", reader, str(_SECONDS)]
    command += ["--first", str(first)]
    done = subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, timeout=_SECONDS + _STARTING, check=False
    )
    assert done.returncode == 0, f"seeds to keep in fuzz_seeds.json:\n{done.stdout}{done.stderr}"
    assert json.loads(done.stdout.splitlines()[-1])["tried"] > 20
