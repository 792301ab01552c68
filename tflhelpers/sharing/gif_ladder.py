"""What may be given up to make a GIF smaller, and how much each of it hurts.

A rung is a size, a number of colours, dithered or not, and a frame rate. Its `loss` counts steps that one can just
see when two GIFs play side by side: a picture 5 % narrower is one (some 10 % of the bytes). The rest is weighed
against that, by eye, on a panning clip of 960x540 with boxes and names on it:

- below 480 pixels names on boxes get hard to read: 2 for each 5 %, and 4 below 320
- dithering off: 3 (shadows fall apart into patches), for half the bytes: nearly always the first to go
- 128 colours: 2; 64: 6; 32: 14
- every second to fourth frame only: 3 if 12 frames a second remain, 6 down to 8, 12 down to 5, 24 down to 3, 36 down
  to 2, 60 down to 1, then 90
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tflhelpers.sharing.gif_file import Look
from tflhelpers.sharing.quantise import COLOURS

SIZE_STEP = 0.95
SMALLEST = 160  # pixels: the longer side is never made shorter than this
_HARDER_BELOW = ((480, 1.0), (320, 2.0))  # longer side in pixels: what each 5 % below costs more
_DITHER_LOSS = 3.0
_COLOUR_LOSSES = {COLOURS: 0.0, 128: 2.0, 64: 6.0, 32: 14.0}
# frames a second that remain: loss
_RATE_LOSSES = ((12.0, 3.0), (8.0, 6.0), (5.0, 12.0), (3.0, 24.0), (2.0, 36.0), (1.0, 60.0), (0.0, 90.0))
_EVERY = (1, 2, 3, 4)


@dataclass(frozen=True)
class Rung:
    """A way to write a GIF: how frames look, which of them (every 1st, 2nd, ...), and the loss in visible steps."""

    look: Look
    every: int
    loss: float


def ladder(image_size: tuple[int, int], fps: float, frames: int) -> list[Rung]:
    """All rungs, the best first.

    Args:
        image_size: (height, width) of the frames as they come.
        fps: frames a second as they come.
        frames: how many there are.

    >>> [(rung.look, rung.loss) for rung in ladder((90, 160), 5, 1)][:3]  # is small already
    [(Look(scale=1.0, dither=True, colours=255), 0.0), (Look(scale=1.0, dither=False, colours=255), 3.0), \
(Look(scale=1.0, dither=False, colours=128), 5.0)]
    """
    rates = [(every, _rate_loss(fps, every)) for every in _EVERY if every < max(2, frames)]
    looks = [(Look(1.0, True, COLOURS), 0.0)]
    looks += [(Look(1.0, False, colours), _DITHER_LOSS + loss) for colours, loss in _COLOUR_LOSSES.items()]
    rungs = [
        Rung(Look(scale, look.dither, look.colours), every, size_loss + look_loss + rate_loss)
        for scale, size_loss in _scales(max(image_size))
        for look, look_loss in looks
        for every, rate_loss in rates
    ]
    return sorted(rungs, key=lambda rung: rung.loss)


def _rate_loss(fps: float, every: int) -> float:
    if every == 1:
        return 0.0
    return next(loss for least, loss in _RATE_LOSSES if fps / every >= least)


def _scales(longest: int) -> list[tuple[float, float]]:
    """Scales from 1 to that of the smallest picture, with the loss of each."""
    smallest = min(1.0, SMALLEST / longest)
    count = math.floor(math.log(smallest) / math.log(SIZE_STEP) + 1e-9)
    scales = [SIZE_STEP**step for step in range(count + 1)]
    if scales[-1] > 1.001 * smallest:
        scales.append(smallest)
    return [(scale, _size_loss(scale, longest)) for scale in scales]


def _size_loss(scale: float, longest: int) -> float:
    """1 for each 5 %, and more where the picture gets small; a picture that comes so small has lost nothing."""
    loss = math.log(scale) / math.log(SIZE_STEP)
    for side, more in _HARDER_BELOW:
        below = min(1.0, longest * scale / min(side, longest))
        loss += more * math.log(below) / math.log(SIZE_STEP)
    return loss
