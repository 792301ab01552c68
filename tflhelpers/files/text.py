"""Text files as people and programs write them: UTF-8 with or without a mark, UTF-16, UTF-32, Windows' cp1252."""

from __future__ import annotations

import codecs
from pathlib import Path

_MARKS = {  # what a file of another encoding begins with; the longer ones first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
FALLBACK = "cp1252"  # what Excel writes in western Europe


def no_math(text: str) -> str:
    """Return a person's text so that matplotlib shows it as it is: between two "$" it would read formulas.

    >>> print(no_math("$5 or 10$"))
    \\$5 or 10\\$
    """
    return text.replace("$", r"\$")


def encoding_of(beginning: bytes) -> str:
    """Return the encoding that a text's first four bytes tell, "utf-8-sig" if they tell nothing."""
    return next((name for mark, name in _MARKS.items() if beginning.startswith(mark)), "utf-8-sig")


def decode_text(data: bytes) -> tuple[str, str]:
    """Return the text of any bytes, and in which encoding it was: where it is no UTF, in cp1252."""
    encoding = encoding_of(data)
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError:
        return data.decode(FALLBACK, "replace"), FALLBACK


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, or of one whose mark tells another UTF; its lines end in "\\n".

    Raises:
        UnicodeDecodeError: It is not in that encoding.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.read(4))
    return path.read_text(encoding)
