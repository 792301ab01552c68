"""The stretch of a JSON file that is in memory as text, and what is wrong where decoding stops."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.text import FALLBACK, TextDecoder

LARGEST_ENTRY = 64 * 2**20  # characters; one entry of a real file has thousands
_CHUNK = (
    2**19
)  # bytes read at a time; five times as much memory goes to their text and what is left of the last
_NEAR_END = 32  # an error so close to the end of what was read may be mended by reading on
SPACE = re.compile(r"[ \t\n\r]*")
# strict=False: a line break inside a name is no reason to refuse a file.
scan = json.JSONDecoder(strict=False).scan_once  # type: ignore[attr-defined]  # (text, start) -> (value, end)


class BrokenJson(AnnotationError):
    """JSON that is cut off or malformed; all entries before it were handed over.

    Attributes:
        byte: Where the broken entry begins, counted from the file's beginning.
        whole: How many entries were whole.
        key: The top-level name under which it broke, or "".
    """

    def __init__(self, message: str, byte: int, whole: int, key: str = "") -> None:
        super().__init__(message)
        self.byte, self.whole, self.key = byte, whole, key


class Fault(NamedTuple):
    """What was wrong with an entry, and where in the text.

    An entry of which only the beginning is in memory looks wrong as well, at the end of the text.
    """

    why: str
    at: int
    may_go_on: bool = False

    def is_certain(self, text: str) -> bool:
        """Whether reading on cannot mend it."""
        return not self.may_go_on and self.at < len(text) - _NEAR_END

    def is_inside(self, text: str) -> bool:
        """Whether it is not just that the text ends, if the file does."""
        return not self.may_go_on and self.at < len(text.rstrip())


def fault_of(error: Exception, start: int) -> Fault:
    if isinstance(error, StopIteration):
        return Fault("expected a value", error.value)
    if isinstance(error, JSONDecodeError):
        return Fault(error.msg, error.pos, error.msg.startswith("Unterminated string"))
    if isinstance(error, RecursionError):
        return Fault("nested too deeply", start)
    return Fault(f"{error}", start)


class Window:
    """The stretch of a file that is in memory as text; `pos` is where reading goes on."""

    def __init__(self, path: Path, file: BinaryIO, report: ReportBuilder | None = None) -> None:
        self.path, self.whole, self.key = path, 0, ""
        self.text, self.pos = "", 0
        self._file = file
        self._bytes_read = 0
        self._ended, self._why_ended = False, "the file ends within it"
        beginning = file.read(4)
        file.seek(0)
        self._decoder, self._report = TextDecoder(beginning), report

    def next_char(self) -> str:
        """Go to the next character that is no blank; "" at the end of the file."""
        while True:
            self.pos = SPACE.match(self.text, self.pos).end()  # type: ignore[union-attr]
            if self.pos < len(self.text):
                return self.text[self.pos]
            if not self.more():
                return ""

    def value(self) -> Any:
        """Decode the value that begins here and go behind it."""
        self.next_char()
        while True:
            fault = None
            try:
                value, end = scan(self.text, self.pos)
                if end < len(self.text) or self._ended:
                    self.pos = end
                    return value
            except (StopIteration, ValueError, RecursionError) as error:
                fault = fault_of(error, self.pos)
                if fault.is_certain(self.text):
                    raise self.broken(fault) from None
            if not self.more() and fault:
                raise self.broken(fault if fault.is_inside(self.text) else None)

    def more(self) -> bool:
        """Drop what was read and read on, twice as far each time nothing could be dropped; False at the end."""
        if self._ended:
            return False
        kept = self.text[self.pos :]
        if len(kept) > LARGEST_ENTRY:
            raise self.broken(Fault(f"it is longer than {LARGEST_ENTRY // 2**20} million characters", 0))
        added = ""
        while not added and not self._ended:  # a piece may hold half a letter only
            data = self._file.read(max(_CHUNK, len(kept)))
            self._bytes_read += len(data)
            self._ended = not data
            added = self._decoded(data)
        self.text, self.pos = kept + added, 0
        return bool(added)

    def _decoded(self, data: bytes) -> str:
        """Return the text of the next bytes; up to the first one that is none, where the file then ends for us."""
        before = self._decoder.encoding
        try:
            text = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            if self._ended:
                return ""  # half a letter at the end of the file: it is cut off
            good = error.object[: error.start] if before == "utf-8-sig" else b""
            self._bytes_read -= len(error.object) - len(good)
            self._decoder = TextDecoder(b"")
            self._ended, self._why_ended = True, f"what follows is not written in {before[:6]}"
            return good.decode("utf-8")
        if self._report and self._decoder.encoding != before:
            self._report.not_utf8(self.path.name)
        return text

    def skip_to(self, pattern: re.Pattern[str]) -> bool:
        """Go to the last character of the next match; False, at the end of the file, if there is none."""
        while True:
            found = pattern.search(self.text, self.pos)
            if found:
                self.pos = found.end() - 1
                return True
            self.pos = max(self.pos, len(self.text) - 1)
            if not self.more():
                return False

    def broken(self, fault: Fault | None) -> BrokenJson:
        """Return the error for the entry that begins at `pos`; without a fault, the file ends within it."""
        self.next_char()
        same = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}  # without a mark
        encoding = same.get(self._decoder.encoding, FALLBACK)
        rest = len(self.text[self.pos :].encode(encoding, "replace"))
        byte = self._bytes_read - self._decoder.kept_bytes - rest
        place = f" in {self.key!r}" if self.key else ""
        why = fault.why if fault else self._why_ended
        return BrokenJson(
            f"{self.path}: expected whole JSON, but the entry{place} at byte {byte} is cut off or malformed ({why}). "
            f"{self.whole} entries before it are whole. Export or copy the file again.",
            byte,
            self.whole,
            self.key,
        )

    def shown(self) -> str:
        """Return the beginning of what comes next, for messages."""
        return repr(self.text[self.pos : self.pos + 40]) if self.next_char() else "an empty file"
