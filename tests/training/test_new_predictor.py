"""A predictor that starts anew: a call that is refused or interrupted changes neither that nor how it is trained."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.tiny import drawn_pictures, start_anew, start_from_extractor, tiny_detector, weights
from tflhelpers.model.checkpoint import RestoreReport
from tflhelpers.training import fine_tune as fine_tune_module
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.trainer import DetectorTrainer

QUICK = {"steps": 3, "batch_size": 2, "trainable": "heads"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return drawn_pictures(tmp_path_factory.mktemp("pictures"), 4)


@pytest.fixture(scope="module")
def shared_detector():
    return tiny_detector()


@pytest.fixture
def detector(shared_detector):
    start_from_extractor(shared_detector)
    shared_detector.trained_on = None
    return shared_detector


@pytest.fixture(scope="module")
def wanted(shared_detector, pictures):
    """The losses of a training that nothing disturbs."""
    start_from_extractor(shared_detector)
    return fine_tune(shared_detector, pictures, **QUICK).loss


@pytest.fixture
def optimizers(monkeypatch):
    """The optimizers and highest rates of the trainings, in order."""
    chosen, optimizer = [], fine_tune_module._optimizer
    monkeypatch.setattr(
        fine_tune_module,
        "_optimizer",
        lambda recipe: chosen.append((recipe.optimizer, recipe.learning_rate)) or optimizer(recipe),
    )
    return chosen


def interrupt(monkeypatch, at):
    """Ctrl-C before step `at` is learned from."""
    learn, steps = DetectorTrainer.learn, []

    def interrupted(self, *batch):
        steps.append(None)
        if len(steps) > at:
            raise KeyboardInterrupt
        return learn(self, *batch)

    monkeypatch.setattr(DetectorTrainer, "learn", interrupted)


def assert_unchanged(detector, before):
    for key, value in weights(detector).items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)
    assert detector.trained_on is None


@pytest.mark.parametrize("report", [None, RestoreReport("ckpt-0")], ids=["no checkpoint", "all restored"])
def test_a_restored_predictor_is_not_new(detector, report):
    assert detector.has_new_predictor
    detector.restore_report = report
    assert not detector.has_new_predictor


@pytest.mark.parametrize("wrong", [{"trainable": "head"}, {"budget": "soon"}, {"augment": "strong"}])
def test_a_refused_call_changes_nothing_and_the_corrected_one_trains_a_new_predictor(
    detector, pictures, optimizers, wanted, tmp_path, wrong
):
    before = weights(detector)
    with pytest.raises(ValueError, match="must be"):
        fine_tune(detector, pictures, **QUICK | wrong, resume_dir=tmp_path)
    assert_unchanged(detector, before)
    assert fine_tune(detector, pictures, **QUICK, resume_dir=tmp_path).loss == wanted
    assert optimizers == [("adamw", 0.001)]


def test_a_resume_dir_of_another_training_is_refused_before_anything_is_changed(detector, pictures, tmp_path):
    fine_tune(detector, pictures, **QUICK | {"steps": 1}, resume_dir=tmp_path)
    start_from_extractor(detector)
    detector.trained_on, before = None, weights(detector)
    learned = [layer.trainable for layer in detector.network.layers]
    with pytest.raises(ValueError, match="belongs to another training"):
        fine_tune(detector, pictures, **QUICK | {"trainable": "predictor"}, resume_dir=tmp_path)
    assert_unchanged(detector, before)
    assert [layer.trainable for layer in detector.network.layers] == learned


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
def test_after_ctrl_c_the_cell_goes_on_with_the_same_recipe(
    detector, pictures, optimizers, monkeypatch, tmp_path, kept
):
    resume_dir = tmp_path if kept else None
    with monkeypatch.context() as patched:
        interrupt(patched, at=1)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(detector, pictures, **QUICK, resume_dir=resume_dir)
    history = fine_tune(detector, pictures, **QUICK, resume_dir=resume_dir)
    assert len(history.loss) == 3
    assert optimizers == [("adamw", 0.001)] * 2


def test_ctrl_c_while_the_statistics_are_taken_leaves_them_as_they_were(
    detector, pictures, monkeypatch, wanted
):
    before, call = weights(detector), type(detector.network).__call__

    def interrupted(self, *arguments, **others):
        call(self, *arguments, **others)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(detector.network), "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(detector, pictures, **QUICK)
    assert_unchanged(detector, before)
    assert fine_tune(detector, pictures, **QUICK).loss == wanted


def test_the_cell_run_again_finds_its_training_done(detector, pictures, optimizers, tmp_path):
    first = fine_tune(detector, pictures, **QUICK, resume_dir=tmp_path)
    learned = weights(detector)
    again = fine_tune(detector, pictures, **QUICK, resume_dir=tmp_path)
    assert again.loss == first.loss
    for key, value in weights(detector).items():
        np.testing.assert_array_equal(value, learned[key], err_msg=key)
    assert optimizers == [("adamw", 0.001)] * 2


def test_a_predictor_that_was_restored_keeps_the_originals_optimizer(detector, pictures, optimizers):
    start_anew(detector)
    detector.restore_report = None
    fine_tune(detector, pictures, **QUICK | {"steps": 1})
    assert optimizers == [("sgd", 0.03)]
