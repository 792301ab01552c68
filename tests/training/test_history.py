"""The course of a training: losses step by step, kept on disk, and drawn."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from tflhelpers.progress import ProgressBar
from tflhelpers.training import history
from tflhelpers.training.history import NAMES, History, StepRecorder

matplotlib.use("Agg")


def course(steps):
    values = [2.0 / (i + 1) for i in range(steps)]
    return {"loss": values, "box_loss": [v / 4 for v in values], "class_loss": [3 * v / 4 for v in values]}


def made(steps, **others):
    return History(**course(steps), matched=[9.0] * steps, seconds=12.3, trained=("heads", "tower"), **others)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (0, "History(0 steps, nothing learned, 12 s, trained heads + tower)"),
        (4, "History(4 steps, loss 2.00 to 0.50, 12 s, trained heads + tower)"),
    ],
)
def test_what_it_says_of_itself(steps, text):
    assert repr(made(steps)) == text


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 10, 11, 12, 40])
def test_plot_draws_three_named_curves_with_a_value_for_each_step(steps):
    axes = made(steps).plot()
    lines = [line for line in axes.get_lines() if not line.get_label().startswith("_")]
    assert [line.get_label() for line in lines] == ["all", "classes", "boxes"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["all", "classes", "boxes"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("step", "loss", "log")
    for line, name in zip(lines, ("loss", "class_loss", "box_loss"), strict=True):
        values = np.array(course(steps)[name])
        around = [values[max(0, i - 5) : i + 6].mean() for i in range(steps)]
        np.testing.assert_allclose(line.get_ydata(), around, rtol=1e-6)
        assert len(line.get_xdata()) == steps
    matplotlib.pyplot.close(axes.figure)


def test_plot_draws_into_given_axes():
    axes = matplotlib.pyplot.subplots()[1]
    assert made(3).plot(axes) is axes
    matplotlib.pyplot.close(axes.figure)


def run(recorder, per_step):
    """Hands the recorder what Keras would: the means of all steps so far."""
    for i in range(len(per_step)):
        means = {name: np.mean(per_step[: i + 1]) * (k + 1) for k, name in enumerate(NAMES)}
        recorder.on_train_batch_end(i, means)


@pytest.mark.parametrize("earlier", [[], [7.0, 5.0]])
def test_each_steps_own_losses_are_kept(earlier):
    bar = ProgressBar()
    recorder = StepRecorder(bar, None, "", len(earlier), {"loss": earlier} if earlier else {})
    per_step = [4.0, 2.0, 6.0, 0.0, 1.5]
    run(recorder, per_step)
    np.testing.assert_allclose(recorder.losses["loss"], earlier + per_step, atol=1e-6)
    np.testing.assert_allclose(recorder.losses["box_loss"], 2 * np.array(per_step), atol=1e-6)
    assert (recorder.done, bar.count) == (len(earlier) + 5, 5)


@pytest.mark.parametrize(
    ("save_steps", "save_seconds", "saved_at"),
    [(2, 1e9, [2, 4, 5]), (3, 1e9, [3, 5]), (100, 1e9, [5]), (100, 0.0, [1, 2, 3, 4, 5, 5])],
)
def test_the_state_is_saved_every_few_steps_or_seconds_and_at_the_end(
    tmp_path, monkeypatch, save_steps, save_seconds, saved_at
):
    steps = []
    monkeypatch.setattr(history, "SAVE_STEPS", save_steps)
    monkeypatch.setattr(history, "SAVE_SECONDS", save_seconds)
    monkeypatch.setattr(history, "save_state", lambda model, step, path, **others: steps.append(step))
    recorder = StepRecorder(ProgressBar(), tmp_path / "state.npz", "settings", 0, {})
    recorder.set_model(None)
    run(recorder, [1.0] * 5)
    recorder.on_train_end()
    assert steps == saved_at


def test_without_a_path_nothing_is_saved(monkeypatch):
    monkeypatch.setattr(history, "SAVE_STEPS", 1)
    monkeypatch.setattr(history, "save_state", lambda *arguments, **others: pytest.fail("saved"))
    recorder = StepRecorder(ProgressBar(), None, "", 0, {})
    run(recorder, [1.0, 1.0])
    recorder.on_train_end()
