"""The colours of the classes: told apart also by colour-blind people, and black or white text on them."""

from __future__ import annotations

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

# Okabe and Ito, "Color Universal Design" (2008), without its black, which is needed for outlines and text.
OKABE_ITO: tuple[Colour, ...] = (
    (230, 159, 0),  # orange
    (86, 180, 233),  # sky blue
    (0, 158, 115),  # bluish green
    (240, 228, 66),  # yellow
    (0, 114, 178),  # blue
    (213, 94, 0),  # vermillion
    (204, 121, 167),  # reddish purple
)
VARIANTS = 4  # as they are, lighter, darker, paler still; the fifth round begins again


def class_colour(label: int) -> Colour:
    """The RGB colour of class `label` (0-based); the same in every picture.

    Labels 0 to 6 wear the Okabe–Ito colours; 7 to 27 lighter and darker variants of them; from 28 on the
    colours repeat, for no palette tells more apart: the text on the tag does.

    >>> class_colour(0), class_colour(7)
    ((230, 159, 0), (242, 207, 128))
    """
    variant, hue = divmod(label % (VARIANTS * len(OKABE_ITO)), len(OKABE_ITO))
    colour = OKABE_ITO[hue]
    if variant == 1:
        return _mix(colour, WHITE, 0.5)
    if variant == 2:
        return _mix(colour, BLACK, 0.45)
    if variant == 3:
        return _mix(colour, WHITE, 0.75)
    return colour


def contrast_colour(colour: Colour) -> Colour:
    """Black or white, whichever is easier to read on `colour` (contrast ratio of WCAG 2.1).

    >>> contrast_colour((240, 228, 66)), contrast_colour((0, 114, 178))
    ((0, 0, 0), (255, 255, 255))
    """
    luminance = relative_luminance(colour)
    on_black = (luminance + 0.05) / 0.05
    on_white = 1.05 / (luminance + 0.05)
    return BLACK if on_black >= on_white else WHITE


def relative_luminance(colour: Colour) -> float:
    """Luminance 0 (black) to 1 (white) of an sRGB colour, by the formula of WCAG 2.1."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _mix(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue
