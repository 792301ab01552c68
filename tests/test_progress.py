"""The bar counts, closes also after an error, and is silent where it is switched off."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tflhelpers.progress import progress_bar


def test_counts_and_shows(capsys):
    with progress_bar(5, "Sorting ducks") as bar:
        bar.update()
        bar.update(3)
        bar.set_text(loss=0.25)
    shown = capsys.readouterr().err
    assert bar.count == 4
    assert "Sorting ducks" in shown
    assert "4/5" in shown
    assert "loss=0.25" in shown


def test_silent(capsys):
    with progress_bar(2, "Sorting", enabled=False) as bar:
        bar.update(2)
        bar.set_text(loss=1)
    assert bar.count == 2
    assert capsys.readouterr() == ("", "")


def test_short_work_shows_nothing_until_the_delay_is_over(capsys):
    with progress_bar(2, "Sorting", delay=60) as bar:
        bar.update(2)
    assert bar.count == 2
    assert "Sorting" not in capsys.readouterr().err


def test_an_error_passes_through_and_the_bar_is_closed():
    from tqdm.auto import tqdm

    before = len(tqdm._instances)
    with pytest.raises(ZeroDivisionError), progress_bar(2, "Sorting"):
        _ = 1 / 0
    assert len(tqdm._instances) == before


def test_silenced_by_tqdms_own_switch():
    probe = (
        "from tflhelpers.progress import progress_bar\nwith progress_bar(9, 'A') as bar:\n  bar.resume(3)\n"
    )
    probe += "  bar.update()\nprint(bar.count)"
    done = subprocess.run(
        [sys.executable, "-c", probe], env={**os.environ, "TQDM_DISABLE": "1"}, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("4\n", "")


def time_left(bar):
    """What the bar says of the time left, in seconds; None where it says nothing."""
    shown = bar._bar.format_dict
    return None if not shown["rate"] else (shown["total"] - shown["n"]) / shown["rate"]


def test_the_time_left_is_not_judged_by_the_first_step_which_compiles():
    with progress_bar(101, "Training") as bar:
        time.sleep(1.0)  # compiles
        for _ in range(11):
            bar.update()
            time.sleep(0.02)
        left = time_left(bar)
    assert left == pytest.approx(90 * 0.02, rel=0.7)  # not 90 times a tenth of a second and more


def test_steps_of_an_earlier_call_are_no_speed():
    with progress_bar(1000, "Training") as bar:
        bar.resume(900)
        for _ in range(10):
            bar.update()
            time.sleep(0.02)
        left = time_left(bar)
    assert bar.count == 910
    assert left == pytest.approx(90 * 0.02, rel=0.7)
