"""Letters for labels: a font that has all letters of a text, in whatever script the class is named."""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
import warnings
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# For letters that DejaVu Sans lacks (Chinese, Japanese, Korean, Indian scripts, Thai): fonts that systems
# have, by the file name under which Pillow finds them.
_SYSTEM_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "FreeSans.ttf",
    "Arial Unicode.ttf",
    "PingFang.ttc",
    "AppleGothic.ttf",
    "msyh.ttc",
    "msgothic.ttc",
    "malgun.ttf",
    "Nirmala.ttf",
    "LeelawUI.ttf",
)
_UNASSIGNED = "\U000effff"  # no font has it: it shows what a font draws for letters that it lacks


def font_for(text: str, size: int, preferred: str | Path | None = None) -> Font | None:
    """A font of `size` pixels that has every letter of `text`; None if no font here has.

    Args:
        text: the letters to draw.
        size: pixels, at least 1.
        preferred: file of a font to try first.

    Raises:
        ValueError: `preferred` is no font file.
    """
    files = _candidates() if preferred is None else (str(preferred), *_candidates())
    if preferred is not None and _load(str(preferred), size) is None:
        raise ValueError(
            f"font must be a TrueType or OpenType file, got {str(preferred)!r}. Give its whole path."
        )
    for file in files:
        font = _load(file, size)
        if font is not None and has_letters(font, text):
            return font
    return None


def showable(name: str, label: int, preferred: str | Path | None = None) -> str:
    """The class name as it can be drawn: in composed letters, or `#label` if no font here has them.

    >>> showable("rubber ducky", 0)
    'rubber ducky'
    """
    composed = unicodedata.normalize("NFC", " ".join(str(name).split()))
    if font_for(composed, 12, preferred) is not None:
        return composed
    _warn_once(composed, label)
    return f"#{label}"


def has_letters(font: Font, text: str) -> bool:
    """Whether `font` has a picture for every letter of `text`."""
    return all(_has_letter(font, letter) for letter in set(text) if not letter.isspace())


@functools.lru_cache(maxsize=4096)
def _has_letter(font: Font, letter: str) -> bool:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return True  # drawn on, or joining, its neighbours
    if not isinstance(font, ImageFont.FreeTypeFont):
        return letter.isascii()
    return bytes(font.getmask(letter)) != bytes(font.getmask(_UNASSIGNED))


@functools.lru_cache(maxsize=512)
def _load(file: str, size: int) -> Font | None:
    """The font in a file; "" is the one inside Pillow, which knows little more than ASCII."""
    try:
        if not file:
            return ImageFont.load_default(size)
        return ImageFont.truetype(file, size)
    except TypeError:  # Pillow before 10.1 has one size only
        return ImageFont.load_default()
    except (OSError, ImportError):  # no such font here; Pillow without FreeType
        return None


@functools.lru_cache(maxsize=1)
def _candidates() -> tuple[str, ...]:
    """Font files, the best first. matplotlib brings DejaVu Sans: Latin, Greek, Cyrillic, Arabic and more."""
    found = importlib.util.find_spec("matplotlib")  # does not import it
    borrowed = []
    if found is not None and found.origin:
        borrowed = [str(Path(found.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf")]
    return (*borrowed, "DejaVuSans.ttf", *_SYSTEM_FONTS, "")


@functools.lru_cache(maxsize=256)
def _warn_once(name: str, label: int) -> None:
    warnings.warn(
        f"No font on this machine has all letters of the class name {name!r}; it is drawn as #{label}. "
        "Install one (on Debian, Ubuntu and Colab: apt-get install fonts-noto-cjk), or give font=<its file>.",
        stacklevel=5,
    )
