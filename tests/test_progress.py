"""The bar counts, closes also after an error, and is silent where it is switched off."""

from __future__ import annotations

import os
import re
import subprocess
import sys

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


@pytest.fixture
def clock(monkeypatch):
    """Stands in for time.time in the bar: `clock.sleep(seconds)` moves it on, however busy the machine is."""

    class Clock:
        now = 1000.0

        def sleep(self, seconds):
            self.now += seconds

    standing_in = Clock()
    monkeypatch.setattr("tqdm.std.time", lambda: standing_in.now)
    return standing_in


def time_left(bar):
    """What the bar says of the time left, in seconds; None where it says nothing."""
    shown = bar._bar.format_dict
    return None if not shown["rate"] else (shown["total"] - shown["n"]) / shown["rate"]


def test_the_time_left_is_not_judged_by_the_first_step_which_compiles(clock):
    with progress_bar(101, "Training") as bar:
        clock.sleep(1.0)  # compiles
        for _ in range(11):
            bar.update()
            clock.sleep(0.02)
        left = time_left(bar)
    assert left == pytest.approx(90 * 0.02, rel=0.7)  # not 90 times a tenth of a second and more


def test_steps_of_an_earlier_call_are_no_speed(clock):
    with progress_bar(1000, "Training") as bar:
        bar.resume(900)
        for _ in range(10):
            bar.update()
            clock.sleep(0.02)
        left = time_left(bar)
    assert bar.count == 910
    assert left == pytest.approx(90 * 0.02, rel=0.7)


def test_work_done_in_one_go_has_the_speed_that_it_had(capsys, clock):
    with progress_bar(5, "Detecting") as bar:
        clock.sleep(0.5)
        bar.update(5)
    last = capsys.readouterr().err.split("\r")[-1]
    speed = float(re.search(r"([\d.]+)it/s", last)[1])
    assert speed == pytest.approx(10), last


def test_a_first_batch_does_not_make_the_time_left_too_short(clock):
    with progress_bar(48, "Detecting") as bar:
        bar.update(8)
        clock.sleep(0.3)
        bar.update(8)
        left = time_left(bar)
    assert left == pytest.approx(32 * 0.3 / 8)


def test_in_a_notebook_a_total_that_comes_late_makes_the_bar_as_long_as_others(monkeypatch):
    import tqdm.notebook

    monkeypatch.setattr("tflhelpers.progress._tqdm", lambda: tqdm.notebook.tqdm)
    with progress_bar(7, "Writing") as usual, progress_bar(None, "Detecting") as late:
        late.update(2)
        late.set_total(7)
        shown, as_usual = (bar._bar.container.children[1] for bar in (late, usual))
    assert (shown.max, shown.layout.width) == (as_usual.max, as_usual.layout.width)
