"""How large a GIF is going to be, from some of its frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tflhelpers.sharing.gif_file import Frame, Look, checked_frame, fitted, size_of_all
from tflhelpers.sharing.gif_ladder import Rung
from tflhelpers.sharing.gif_stream import frame_bytes
from tflhelpers.sharing.quantise import COLOURS, Palette, draw_with, find_palette

SAMPLES = 8  # frames that are made for a rung: 6 % off at most on panning and still clips of 50 to 300 frames
_SCALES = (
    0.72,
    0.36,
    0.18,
)  # at which plain frames are measured; between and beyond bytes follow a power of the scale
_WRONG, _MOST_WRONG = 0.02, 1.3  # a quick guess may be off by 2 % for each step to the next rung measured
_MIDDLE = _SCALES[1]  # where looks and rates are compared
_PALETTE_SIDE = 400  # pixels of the longer side of pictures that palettes are found for
_PLAIN = Look(1.0, False, COLOURS)


class Estimate:
    """Guesses the bytes of any rung: a quick guess from few rungs measured, or `measured` for one of them.

    Args:
        frames: all of them, of any shapes.
        tell: called after each frame made.
    """

    def __init__(self, frames: Sequence[Frame], tell: Callable[[], object] = lambda: None) -> None:
        self._frames, self._tell = frames, tell
        self._known: dict[tuple[Look, int], float] = {}
        self._ratios: dict[Rung, float] = {}  # bytes measured / guessed by the parts
        self._palettes: dict[tuple[int, int], Palette] = {}
        first = checked_frame(frames[0], 0)
        self.image_size: tuple[int, int] = (first.shape[0], first.shape[1])

    def quick(self, rung: Rung) -> tuple[float, float]:
        """Bytes by what size, look and rate do each for itself, put right by the most similar rung measured.

        Returns:
            The guess, and by which factor it may be wrong.
        """
        guess = self._by_parts(rung)
        if not self._ratios:
            return guess, _MOST_WRONG
        nearest = min(self._ratios, key=lambda other: _difference(other, rung))
        wrong = 1 + _WRONG * (1 + _difference(nearest, rung))
        return guess * self._ratios[nearest], min(wrong, _MOST_WRONG)

    def _by_parts(self, rung: Rung) -> float:
        """Bytes to some 25 %."""
        middle = self._bytes(replace(_PLAIN, scale=_MIDDLE), 1)
        guess = self._plain(rung.look.scale)
        if replace(rung.look, scale=1.0) != _PLAIN:
            guess *= self._bytes(replace(rung.look, scale=_MIDDLE), 1) / middle
        if rung.every > 1:
            guess *= self._bytes(replace(_PLAIN, scale=_MIDDLE), rung.every) / middle
        return guess

    def measured(self, rung: Rung) -> float:
        """Bytes, from frames made exactly like that; good to some 6 %, and to 2 % for up to nine frames."""
        size = self._bytes(rung.look, rung.every)
        if rung not in self._ratios:
            self._ratios[rung] = size / self._by_parts(rung)
        return size

    def _plain(self, scale: float) -> float:
        """Bytes without dithering, in all colours, of all frames."""
        known = np.log([self._bytes(replace(_PLAIN, scale=each), 1) for each in _SCALES])
        part = 0 if scale > _MIDDLE else 1
        here, there = np.log(_SCALES[part]), np.log(_SCALES[part + 1])
        power = (known[part] - known[part + 1]) / (here - there)
        return float(np.exp(known[part] + power * (np.log(scale) - here)))

    def _bytes(self, look: Look, every: int) -> float:
        key = (look, every)
        if key not in self._known:
            self._known[key] = self._sampled(look, every)
        return self._known[key]

    def _sampled(self, look: Look, every: int) -> float:
        count = len(range(0, len(self._frames), every))
        total = self._one(0, None, look) + 1.0
        if count == 1:
            return total
        picked = np.unique(np.linspace(1, count - 1, min(SAMPLES, count - 1)).round().astype(int)) * every
        later = [self._one(number, number - every, look) for number in picked.tolist()]
        return total + float(np.mean(later)) * (count - 1)

    def _one(self, number: int, before: int | None, look: Look) -> int:
        size = size_of_all(self.image_size, look.scale)
        image = fitted(checked_frame(self._frames[number], number), size)
        previous = None if before is None else fitted(checked_frame(self._frames[before], before), size)
        palette = self._palette(number, look.colours)
        self._tell()
        return frame_bytes(image, previous, *draw_with(image, palette, dither=look.dither))

    def _palette(self, number: int, colours: int) -> Palette:
        """That of a frame in a middling size: finding one takes as long as drawing with it."""
        key = (number, colours)
        if key not in self._palettes:
            size = size_of_all(self.image_size, min(1.0, _PALETTE_SIDE / max(self.image_size)))
            image = fitted(checked_frame(self._frames[number], number), size)
            self._palettes[key] = find_palette(image, colours)
        return self._palettes[key]


def _difference(one: Rung, other: Rung) -> float:
    """How little the bytes of one say about those of the other, in steps of 5 % of the size."""
    sizes = abs(np.log(one.look.scale / other.look.scale)) / 0.05
    same_look = (one.look.dither, one.look.colours) == (other.look.dither, other.look.colours)
    return sizes + 3 * (not same_look) + 3 * (one.every != other.every)
