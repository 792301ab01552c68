"""Within a number of bytes the GIF is the best that fits, to one visible step, and few files are written for it."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest
from PIL import Image

from tflhelpers.sharing import gif_budget
from tflhelpers.sharing.gif import write_gif
from tflhelpers.sharing.gif_estimate import SAMPLES, Estimate
from tflhelpers.sharing.gif_file import Look, write_file
from tflhelpers.sharing.gif_ladder import Rung, ladder


def panning(count, height=120, width=200, step=3):
    """A camera that pans over a textured scene, in which a square moves on its own."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (height // 6, (width + step * count) // 6 + 1, 3), dtype=np.uint8)
    size = (width + step * count + 6, height)
    scene = np.array(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
    for number in range(count):
        frame = scene[:, step * number : step * number + width].copy()
        frame[40:70, 2 * number : 2 * number + 30] = (230, 159, 0)
        yield frame


@pytest.fixture(scope="module")
def frames():
    return list(panning(12))


def bytes_of(frames, rung, path):
    return write_file(frames[:: rung.every], path, rung.look, 8 * rung.every, progress=False).size_bytes


@pytest.mark.parametrize("budget", [300_000, 70_000])
def test_no_rung_that_is_better_by_a_visible_step_would_fit(tmp_path, frames, budget, monkeypatch):
    written = []
    write = gif_budget.write_file
    monkeypatch.setattr(gif_budget, "write_file", lambda *a, **k: (written.append(a[2]), write(*a, **k))[1])
    info = write_gif(frames, tmp_path / "a.gif", fps=12.5, max_bytes=budget, progress=False)
    assert os.path.getsize(info) <= budget
    assert 1 <= len(written) <= 3
    rungs = ladder((120, 200), 12.5, len(frames))
    used = [r for r in rungs if _looks_like(r, info, written[-1]) or _looks_like(r, info, written[0])]
    loss = min(rung.loss for rung in used)
    for rung in smallest_of([rung for rung in rungs if rung.loss <= loss - 1]):
        assert bytes_of(frames, rung, tmp_path / "b.gif") > budget, rung


def smallest_of(rungs):
    """Those of which no other gives up as much in all respects: if none of them fits, none of all does."""

    def gives_up_no_more(one, other):
        return (
            one.look.scale >= other.look.scale
            and one.look.colours >= other.look.colours
            and one.look.dither >= other.look.dither
            and one.every <= other.every
        )

    return [r for r in rungs if not any(r != other and gives_up_no_more(r, other) for other in rungs)]


def _looks_like(rung, info, look):
    return rung.look == look and -(-12 // rung.every) == info.frames and _size(look) == info.image_size


def _size(look):
    return round(120 * look.scale), round(200 * look.scale)


def test_what_fits_as_it_is_stays_as_it_is(tmp_path, frames):
    plain = write_gif(frames, tmp_path / "a.gif", fps=12.5)
    same = write_gif(frames, tmp_path / "b.gif", fps=12.5, max_bytes=plain.size_bytes)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert same.notes == ()


def test_the_ladder_gets_worse_downwards_and_ends_at_the_smallest():
    rungs = ladder((540, 960), 25, 100)
    assert rungs[0] == Rung(Look(1.0, True, 255), 1, 0.0)
    assert rungs[1] == Rung(Look(0.95, True, 255), 1, pytest.approx(1.0))
    assert all(a.loss <= b.loss for a, b in itertools.pairwise(rungs))
    assert rungs[-1].look == Look(pytest.approx(160 / 960), False, 32)
    assert len({(rung.look, rung.every) for rung in rungs}) == len(rungs)


LOSSES = [
    # longer side, fps, look, every, loss: worked out by hand from the table at the top of gif_ladder
    (960, 25, Look(1.0, False, 255), 1, 3),
    (960, 25, Look(1.0, False, 64), 1, 3 + 6),
    (960, 25, Look(1.0, True, 255), 2, 3),  # 12.5 frames a second remain
    (960, 25, Look(1.0, True, 255), 3, 6),  # 8.3
    (960, 10, Look(1.0, True, 255), 2, 12),  # 5
    (960, 10, Look(1.0, True, 255), 4, 36),  # 2.5
    (960, 25, Look(0.95**2, True, 255), 1, 2),
    (400, 25, Look(0.95, True, 255), 1, 2),  # small already: each step hurts twice as much
    (300, 25, Look(0.95, True, 255), 1, 4),
    (100, 25, Look(1.0, True, 255), 1, 0),
]


@pytest.mark.parametrize(("longest", "fps", "look", "every", "loss"), LOSSES)
def test_losses(longest, fps, look, every, loss):
    found = [
        r.loss
        for r in ladder((longest // 2, longest), fps, 100)
        if (r.look, r.every) == (look, every)
        or (r.every == every and abs(r.look.scale - look.scale) < 1e-9 and r.look.dither == look.dither
            and r.look.colours == look.colours)
    ]  # fmt: skip
    assert found == [pytest.approx(loss)]


@pytest.mark.parametrize("frames_count", [1, SAMPLES + 1, 24])
def test_estimates_are_near(tmp_path, frames_count):
    frames = list(panning(frames_count))
    estimate = Estimate(frames)
    for rung in (Rung(Look(), 1, 0), Rung(Look(0.8, False, 64), 1, 0), Rung(Look(0.9, False, 128), 2, 0)):
        if rung.every >= max(2, frames_count):
            continue
        true = bytes_of(frames, rung, tmp_path / "a.gif")
        assert estimate.measured(rung) == pytest.approx(true, rel=0.03 if frames_count < 10 else 0.08)
        assert Estimate(frames).quick(rung)[0] == pytest.approx(true, rel=0.3)


def test_wrong_estimates_cost_writes_but_not_the_budget(tmp_path, frames, monkeypatch):
    true = Estimate.measured
    monkeypatch.setattr(Estimate, "measured", lambda self, rung: 0.6 * true(self, rung))
    monkeypatch.setattr(Estimate, "quick", lambda self, rung: (0.6 * true(self, rung), 1.0))
    info = write_gif(frames, tmp_path / "a.gif", fps=12.5, max_bytes=100_000, progress=False)
    assert 70_000 < os.path.getsize(info) <= 100_000
