"""What a resume_dir holds is this training's or is refused; what cannot be kept there is told, and ends nothing."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.tiny import drawn_pictures, start_anew, tiny_detector, weights
from tflhelpers.data.images import ImageError
from tflhelpers.model.weights import read_npz
from tflhelpers.training import resume
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.resume import STATE_FILE
from tflhelpers.training.trainer import DetectorTrainer

ROOT = Path(__file__).resolve().parents[2]
RECIPE = {"steps": 2, "batch_size": 2, "trainable": "heads", "augment": None, "learning_rate": 0.01}
TRAINING_ELSEWHERE = """
import sys
from pathlib import Path
from tflhelpers.training.resume import alone_in
with alone_in(Path(sys.argv[1])):
    print("training", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def detector():
    return tiny_detector()


@pytest.fixture(autouse=True)
def _anew(detector):
    start_anew(detector)
    detector.trained_on = None


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "pictures").mkdir()
    return drawn_pictures(tmp_path / "pictures", 2)


def refuse_to_write(monkeypatch, after=0):
    """A disk that is full after so many states."""
    write, calls = resume.write_npz, []

    def write_or_not(*arguments):
        calls.append(arguments)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*arguments)

    monkeypatch.setattr(resume, "write_npz", write_or_not)


def test_two_trainings_in_one_folder_are_refused_and_the_other_is_named(detector, pictures, tmp_path):
    folder = tmp_path / "run"
    other = subprocess.Popen(
        [sys.executable, "-c", TRAINING_ELSEWHERE, folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "training\n"
    before = weights(detector)
    with pytest.raises(OSError, match=f"one training at a time: .* in use by process {other.pid} on "):
        fine_tune(detector, pictures, **RECIPE, resume_dir=folder)
    for key, value in weights(detector).items():
        np.testing.assert_array_equal(value, before[key])
    other.kill()
    other.communicate()
    fine_tune(detector, pictures, **RECIPE, resume_dir=folder)
    assert [path.name for path in folder.iterdir()] == [STATE_FILE]


def test_a_full_disk_is_told_and_the_training_goes_on(detector, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "SAVE_SECONDS", 0.0)
    refuse_to_write(monkeypatch, after=1)
    history = fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    assert len(history.loss) == 2
    assert any("cannot be saved in" in note and "No space left" in note for note in history.notes)


def test_where_nothing_could_be_kept_it_raises_when_all_is_learned(detector, pictures, tmp_path, monkeypatch):
    fine_tune(detector, pictures, **RECIPE)
    learned = weights(detector)
    start_anew(detector)
    refuse_to_write(monkeypatch)
    with pytest.raises(
        OSError, match=r"nothing of it could be saved in .*No space left.*Save the detector elsewhere"
    ):
        fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    for key, value in weights(detector).items():
        np.testing.assert_allclose(value, learned[key], atol=1e-5)


def test_what_an_earlier_call_has_kept_is_kept(detector, pictures, tmp_path, monkeypatch):
    fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    start_anew(detector)
    refuse_to_write(monkeypatch)
    history = fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    assert any(note.startswith("Nothing was left to do") for note in history.notes)
    assert not any("cannot be kept" in note for note in history.notes)


def test_other_photos_under_the_same_names_are_another_training(detector, pictures, tmp_path):
    fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    start_anew(detector)
    path = pictures.image_paths[0]
    Image.fromarray(255 - np.asarray(Image.open(path).convert("RGB"))).save(path)
    with pytest.raises(ValueError, match="belongs to another training"):
        fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")


def test_another_start_is_another_training_and_the_cell_run_again_is_not(
    detector, pictures, tmp_path, monkeypatch
):
    learn, calls = DetectorTrainer.learn, []

    def interrupted(self, *batch):
        calls.append(batch)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return learn(self, *batch)

    monkeypatch.setattr(resume, "SAVE_SECONDS", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(DetectorTrainer, "learn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    history = fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    assert len(history.loss) == 2
    start_anew(detector)
    again = fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    assert any(note.startswith("Nothing was left to do") for note in again.notes)
    assert not any(note.startswith("Nothing was left to do") for note in history.notes)
    start_anew(detector)
    detector.network.variables[0].assign(detector.network.variables[0] + 0.5)
    with pytest.raises(ValueError, match="belongs to another training"):
        fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")


def test_what_other_photos_have_taught_before_is_another_start(detector, pictures, tmp_path):
    fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    for where in (None, tmp_path / "others"):
        start_anew(detector)
        fine_tune(detector, pictures[:1], **RECIPE, resume_dir=where)
        with pytest.raises(ValueError, match="belongs to another training"):
            fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")


def rewritten(path, **changes):
    """The state with other entries; None takes one out."""
    arrays = read_npz(path) | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"format": 2}, "newer version of tflhelpers .format 2, known are those up to 1"),
        ({"of_tomorrow": np.arange(3)}, None),
        ({"about": '{"of_tomorrow": 1, "draws": {"of_tomorrow": []}}'}, None),
        ({"about": None, "format": None}, None),
        ({"settings": None}, None),  # as damaged: anew
        ({"variable/1": None}, None),
    ],
)
def test_states_of_other_versions(detector, pictures, tmp_path, changes, refused):
    fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    rewritten(tmp_path / "run" / STATE_FILE, **changes)
    start_anew(detector)
    if refused:
        with pytest.raises(ValueError, match=refused):
            fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    else:
        assert len(fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run").loss) == 2


@pytest.mark.parametrize(
    "learned", [slice(None), slice(0, 5)]
)  # all; all but the broken one, which validates
def test_a_broken_photo_is_met_before_anything_is_learned(detector, tmp_path, monkeypatch, learned):
    (tmp_path / "pictures").mkdir()
    pictures = drawn_pictures(tmp_path / "pictures", 6)
    last = pictures.image_paths[-1]
    last.write_bytes(last.read_bytes()[:60])
    before = weights(detector)
    monkeypatch.setattr(DetectorTrainer, "learn", lambda *_: pytest.fail("learned"))
    with pytest.raises(ImageError, match=last.name):
        fine_tune(detector, pictures[learned], validation=pictures[5:], **RECIPE)
    assert detector.trained_on is None
    for key, value in weights(detector).items():
        np.testing.assert_array_equal(value, before[key])
