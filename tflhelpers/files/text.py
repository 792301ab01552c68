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
    """Return a person's text so that matplotlib shows it as it is.

    Between two "$" it would read formulas, and what begins with "_" it leaves out of legends.

    >>> print(no_math("$5 or 10$"))
    \\$5 or 10\\$
    >>> no_math("_duck")
    ' _duck'
    """
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


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


class TextDecoder:
    """Decodes a text piece by piece, as `decode_text` does the whole.

    One without a mark goes on in cp1252 at its first letter that is no UTF-8. A text that had other letters in UTF-8
    before is a damaged one.

    Args:
        beginning: The text's first four bytes.

    Attributes:
        encoding: Of what was decoded last.
    """

    def __init__(self, beginning: bytes) -> None:
        self.encoding = encoding_of(beginning)
        self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._may_switch = self.encoding == "utf-8-sig" and not beginning.startswith(codecs.BOM_UTF8)

    def decode(self, data: bytes, final: bool = False) -> str:
        """Return the text of the next bytes; half a letter at their end is kept for the next ones.

        Raises:
            UnicodeDecodeError: They are damaged; or the text ends within a letter.
        """
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            if final or not self._may_switch or not error.object[: error.start].isascii():
                raise
            self.encoding, self._may_switch = FALLBACK, False
            self._decoder = codecs.getincrementaldecoder(FALLBACK)("replace")
            return self._decoder.decode(error.object)
        self._may_switch &= text.isascii()
        return text

    @property
    def kept_bytes(self) -> int:
        """How many bytes of half a letter wait for the next ones."""
        return len(self._decoder.getstate()[0])


def decode_file(path: Path) -> tuple[str, str]:
    """Return what `decode_text` does of a file; its lines end in "\\n".

    Raises:
        OSError: It cannot be read.
    """
    text, encoding = decode_text(path.read_bytes())
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, or of one whose mark tells another UTF; its lines end in "\\n".

    Raises:
        UnicodeDecodeError: It is not in that encoding.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.read(4))
    return path.read_text(encoding)
