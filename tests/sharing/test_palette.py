"""Colours stay apart for colour-blind eyes, and text on them can be read."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tflhelpers.sharing.palette import (
    BLACK,
    OKABE_ITO,
    WHITE,
    class_colour,
    contrast_colour,
    relative_luminance,
)

# Linear RGB as people see it who lack the red, green or blue cones; G. M. Machado et al. (2009), severity 1.
BLIND = {
    "nobody": np.eye(3),
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(linear):
    """CIE L*a*b* (D65) of linear sRGB."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.clip(linear, 0, 1) @ np.transpose(matrix) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


@pytest.mark.parametrize("missing", BLIND)
def test_the_first_seven_colours_are_told_apart(missing):
    srgb = np.array(OKABE_ITO) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    colours = lab(linear @ np.transpose(BLIND[missing]))
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2))
    assert nearest > 10  # 2.3 is a just noticeable difference


def test_twenty_eight_colours_then_again():
    assert len({class_colour(label) for label in range(28)}) == 28
    assert class_colour(28) == class_colour(0) == (230, 159, 0)


@pytest.mark.parametrize(
    ("colour", "luminance"),
    [(BLACK, 0), (WHITE, 1), ((255, 0, 0), 0.2126), ((0, 0, 255), 0.0722), ((188, 188, 188), 0.5029)],
)
def test_luminance(colour, luminance):
    assert relative_luminance(colour) == pytest.approx(luminance, abs=1e-4)


@pytest.mark.parametrize("label", range(28))
def test_text_has_the_contrast_that_wcag_asks_for(label):
    colour = class_colour(label)
    light, dark = sorted(
        [relative_luminance(colour), relative_luminance(contrast_colour(colour))], reverse=True
    )
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.1, level AA


def test_black_on_light_and_white_on_dark():
    assert [contrast_colour(c) for c in (WHITE, (240, 228, 66), (0, 0, 120), BLACK)] == [
        BLACK,
        BLACK,
        WHITE,
        WHITE,
    ]
