"""The course of a training: losses step by step, kept on disk, and drawn."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from tflhelpers.training.history import History

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
