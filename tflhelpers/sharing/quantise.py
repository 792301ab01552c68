"""Pictures of 255 colours, as GIF needs them: a palette for one picture, and the picture in that palette.

Chosen by looking at, and measuring, the 49 frames of a panning 960x540 clip with boxes on it. Figures: MB of
the GIF; PSNR in dB, of pixels / of means of 4x4 pixels (what the eye sees from afar):

| palette | method | no dither | Floyd–Steinberg |
|---|---|---|---|
| one for all frames | median cut | 7.8 MB, 32.9 / 34.1 | 13.6 MB, 29.9 / 36.2 |
| one for all frames | maximum coverage + k-means | 6.2 MB, 34.9 / 36.4 | 11.8 MB, 31.2 / 42.6 |
| one per frame | fast octree | 7.7 MB, 36.3 / 38.2 | 13.4 MB, 33.8 / 45.2 |
| one per frame | **maximum coverage + k-means** | 6.3 MB, 36.2 / 37.8 | **11.5 MB, 32.5 / 44.7** |

Without dithering, soft shadows fall apart into patches; the octree also paints over small coloured things.
The palette is found on a sample of the pixels, their colours gathered into some thousands of groups: ten times
faster than Pillow's quantiser with `kmeans`, and no worse (`benchmarks/write_gif.py`). Pillow's wheels lack
libimagequant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

COLOURS = 255  # and one index left for "as in the frame before"
SAMPLE = 20_000  # pixels from which the palette is found
EXACT_COLOURS = 16  # at most so many colours keep their exact value
EXACT_SHARE = 5e-4  # if they cover this part of the picture: lines, tags and letters do, photos hardly
LEAST_GROUPS = 1200  # groups of like colours: with fewer, colours of a soft slope cannot be told apart
SPREAD_SHARE = 15 / 16  # of k-means' starts lie far apart, the rest among most pixels: larger files
ROUNDS = 6  # of k-means; twice as many make the mean difference 1 % smaller
PART = 256  # groups compared at once: in the cache, and in one thread of BLAS, whose many take three times as long


def reduce_colours(
    image: np.ndarray, *, colours: int = COLOURS, dither: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a picture with few colours; flat drawn colours stay exactly as they are.

    Args:
        image: uint8 (H, W, 3) RGB.
        colours: 2 to 255.
        dither: mixes colours by dots (Floyd–Steinberg): soft shadows stay soft, files grow to nearly twice.

    Returns:
        `indices` uint8 (H, W), each below `colours`, and `palette` uint8 (256, 3), so that `palette[indices]`
        is the picture.
    """
    return draw_with(image, find_palette(image, colours), dither=dither)


@dataclass(frozen=True)
class Palette:
    """Colours for a picture: uint8 (256, 3), of which the first `count` count, and the packed ones to keep exact."""

    colours: np.ndarray
    count: int
    exact: np.ndarray


def find_palette(image: np.ndarray, colours: int = COLOURS) -> Palette:
    """The 2 to 255 colours that suit a picture best; of the work of `reduce_colours` this is half."""
    packed = _pack(image)
    values, counts = np.unique(_sample(packed), return_counts=True)
    exact = _exact_colours(packed, values, counts, limit=min(EXACT_COLOURS, colours // 2))
    others = np.ones(len(values), bool)
    others[np.searchsorted(values, exact)] = False
    rest = _best_colours(_unpack(values[others]), counts[others], colours - len(exact))
    palette = np.concatenate([_unpack(exact), rest])
    padding = np.repeat(palette[:1], 256 - len(palette), axis=0)
    return Palette(np.concatenate([palette, padding]), colours, exact)


def draw_with(image: np.ndarray, palette: Palette, *, dither: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """`reduce_colours` with a palette that is known, say of the same picture in another size."""
    carrier = Image.new("P", (1, 1))
    carrier.putpalette(palette.colours.tobytes())
    method = Image.Dither.FLOYDSTEINBERG if dither else Image.Dither.NONE
    indices = np.array(Image.fromarray(image).quantize(palette=carrier, dither=method))
    indices[indices >= palette.count] = 0  # the rest of the palette repeats colour 0
    if len(palette.exact):
        packed = _pack(image)
        for index, colour in enumerate(palette.exact):
            indices[packed == colour] = index
    return indices, palette.colours


def _sample(packed: np.ndarray) -> np.ndarray:
    """Up to `SAMPLE` of the pixels, always at the same places; a grid would miss thin lines between its own."""
    if packed.size <= SAMPLE:
        return packed.ravel()
    return packed.ravel()[np.random.default_rng(0).integers(0, packed.size, SAMPLE)]


def _exact_colours(packed: np.ndarray, values: np.ndarray, counts: np.ndarray, limit: int) -> np.ndarray:
    """The most frequent exact colours, packed, uint32 (n,), n <= limit; sought where a sample has many of them.

    Args:
        packed: all pixels, uint32 (H, W).
        values: the sample's colours, packed.
        counts: how many pixels of the sample have each.
        limit: colours at most.
    """
    likely = np.argsort(counts, kind="stable")[::-1][: 2 * limit]
    likely = likely[counts[likely] >= EXACT_SHARE / 3 * counts.sum()]
    pixels = np.array([np.count_nonzero(packed == value) for value in values[likely]], int)
    often = np.argsort(pixels, kind="stable")[::-1][:limit]
    return values[likely[often[pixels[often] >= EXACT_SHARE * packed.size]]]


def _best_colours(colours: np.ndarray, counts: np.ndarray, wanted: int) -> np.ndarray:
    """Up to `wanted` colours for pixels of `colours`, uint8 (n, 3): maximum coverage, then k-means."""
    groups, weights = _groups(colours, counts)
    if len(groups) <= wanted:
        return groups.round().astype(np.uint8)
    return _k_means(groups, weights, _starts(groups, weights, wanted)).round().astype(np.uint8)


def _groups(colours: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Like colours together, as coarsely as `LEAST_GROUPS` allows.

    Returns:
        The mean colour of each group, float32 (n, 3), and how many pixels it has, float64 (n,).
    """
    for shift in (4, 3, 2, 1, 0):
        keys, group = np.unique(_pack(colours >> shift), return_inverse=True)
        if len(keys) >= LEAST_GROUPS:
            break
    weights = np.bincount(group, counts)
    return _sums(group, colours * counts[:, None], len(keys)) / weights[:, None].astype(np.float32), weights


def _starts(groups: np.ndarray, weights: np.ndarray, wanted: int) -> np.ndarray:
    """Colours for k-means to start from: float32 (wanted, 3)."""
    far_apart = max(1, round(SPREAD_SHARE * wanted))
    places = (np.arange(wanted - far_apart) + 0.5) / max(1, wanted - far_apart) * weights.sum()
    return groups[np.concatenate([_spread(groups, far_apart), np.searchsorted(weights.cumsum(), places)])]


def _spread(groups: np.ndarray, count: int) -> np.ndarray:
    """Maximum coverage: which groups lie farthest from all before them, int (count,)."""
    squares = (groups**2).sum(axis=1)
    distances = squares - 2 * groups @ groups.mean(axis=0)
    chosen = [int(distances.argmax())]
    nearest = np.full(len(groups), np.inf, np.float32)
    while len(chosen) < count:
        last = chosen[-1]
        np.minimum(nearest, squares - 2 * groups @ groups[last] + squares[last], out=nearest)
        chosen.append(int(nearest.argmax()))
    return np.array(chosen)


def _k_means(groups: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Lloyd's algorithm, `ROUNDS` times: centres, float32 (n, 3), moved to the means of what is nearest to them."""
    weighted = groups * weights[:, None]
    for _ in range(ROUNDS):
        nearest = _nearest(groups, centres)
        pixels = np.bincount(nearest, weights, minlength=len(centres))[:, None]
        means = _sums(nearest, weighted, len(centres)) / np.maximum(pixels, 1).astype(np.float32)
        centres = np.where(pixels > 0, means, centres)
    return centres


def _nearest(groups: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The index of the centre nearest to each group, int (n,)."""
    halves, turned = (centres**2).sum(axis=1) / 2, centres.T
    parts = [groups[start : start + PART] for start in range(0, len(groups), PART)]
    return np.concatenate([(halves - part @ turned).argmin(axis=1) for part in parts])


def _sums(group: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """The sum of the values, (n, 3), of each of `count` groups: float32 (count, 3)."""
    sums = [np.bincount(group, values[:, channel], minlength=count) for channel in range(3)]
    return np.stack(sums, axis=-1).astype(np.float32)


def _pack(image: np.ndarray) -> np.ndarray:
    """RGB, uint8 (..., 3), as one number a pixel, uint32 (...)."""
    red, green, blue = (image[..., channel].astype(np.uint32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _unpack(packed: np.ndarray) -> np.ndarray:
    """The inverse of `_pack` for a list of colours: uint8 (n, 3)."""
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)
