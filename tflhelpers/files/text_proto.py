"""Protocol buffers in their text form (`label_map.pbtxt`, `pipeline.config`): parsed to dictionaries, and quoted.

The language is that of protobuf.dev, "Text Format Language Specification", without knowing any message's fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_CLOSING = {"{": "}", "<": ">"}
_DEEPEST = 100
_LONGEST_NUMBER = 400
_LONGEST_TEXT = 16 * 2**20  # characters; label maps and configs have thousands
_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*')
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)[fF]?(?![\w.]))
    |(?P<word>-?[A-Za-z_][\w./-]*)
    |(?P<mark>[{}<>\[\]:;,])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.S
)
_SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


class TextProtoError(ValueError):
    """A text that is no protocol buffer; the message names the line."""


class Message(dict[str, list[Any]]):
    """Field name -> its values in order: str, Word, int, float or Message.

    Attributes:
        lines: Field name -> the line of each of its values, or of an empty list.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, list[int]] = {}

    def given_twice(self, name: str) -> str | None:
        """Return on which lines a field is given, "lines 2, 4 and 6", if that is more than once."""
        *others, last = map(str, self.lines.get(name, [0]))
        return f"lines {', '.join(others)} and {last}" if others else None


class Word(str):
    """A value written without quotes: an enum's name, true, false, inf or nan."""

    __slots__ = ()


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def parse_text_proto(text: str) -> Message:
    """Return all fields of a message: name -> values in order; a message in it is a dictionary of the same kind.

    Raises:
        TextProtoError: If the text is cut or longer than 16 million characters, or something in it was not expected.

    Example:
        >>> parse_text_proto('item { id: 1 name: "duck" } # the only one')
        {'item': [{'id': [1], 'name': ['duck']}]}
    """
    if len(text) > _LONGEST_TEXT:
        raise TextProtoError(
            f"expected at most {_LONGEST_TEXT} characters, got {len(text)}: it is another file."
        )
    return _Parser(text).message(end=None, depth=0)


def quoted(text: str) -> str:
    """Return a string as a text proto writes it, quotes included.

    >>> print(quoted('19" rack'))
    "19\\" rack"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\{ord(found[0]):03o}", escaped) + '"'


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def message(self, end: str | None, depth: int) -> Message:
        """Parse fields until the closing mark, or the end of the text for None."""
        if depth > _DEEPEST:
            raise self._unexpected(f"at most {_DEEPEST} messages inside each other")
        fields = Message()
        while not (self._next.kind == "end" if end is None else self._is_mark(end)):
            line, name = self._next.line, self._field_name()
            values = self._values(depth)
            fields.setdefault(name, []).extend(values)
            fields.lines.setdefault(name, []).extend([line] * (len(values) or 1))
            while self._is_mark(";") or self._is_mark(","):
                self._take()
        self._take()
        return fields

    def _field_name(self) -> str:
        if self._is_mark("["):  # an extension or a type's address
            self._take()
            parts = []
            while not self._is_mark("]"):
                parts.append(self._take("word" if self._next.kind != "mark" else "mark").text)
            self._take()
            return f"[{''.join(parts)}]"
        return self._take("word").text

    def _values(self, depth: int) -> list[Any]:
        has_colon = self._is_mark(":")
        if has_colon:
            self._take()
        if not self._is_mark("["):
            return [self._value(depth, has_colon)]
        self._take()
        values: list[Any] = []
        while not self._is_mark("]"):
            values.append(self._value(depth, True))
            if not self._is_mark("]"):
                self._expect(",")
        self._take()
        return values

    def _value(self, depth: int, scalar_allowed: bool) -> Any:
        if self._next.kind == "mark" and self._next.text in _CLOSING:
            return self.message(_CLOSING[self._take().text], depth + 1)
        if not scalar_allowed:
            raise self._unexpected("':' or '{'")
        if self._next.kind == "string":
            pieces = []
            while self._next.kind == "string":  # strings side by side are one
                pieces.append(_unescaped(self._take()))
            return b"".join(pieces).decode("utf-8", "replace")
        if self._next.kind == "number":
            return _number(self._take())
        return Word(self._take("word").text)

    def _is_mark(self, text: str) -> bool:
        return self._next.kind == "mark" and self._next.text == text

    def _expect(self, mark: str) -> None:
        if not self._is_mark(mark):
            raise self._unexpected(repr(mark))
        self._take()

    def _take(self, kind: str | None = None) -> _Token:
        token = self._next
        if kind is not None and token.kind != kind:
            raise self._unexpected({"word": "a name"}.get(kind, f"a {kind}"))
        if token.kind != "end":
            self._next = next(self._tokens)
        return token

    def _unexpected(self, expected: str) -> TextProtoError:
        got = "the end of the text" if self._next.kind == "end" else repr(self._next.text[:40])
        return TextProtoError(f"line {self._next.line}: expected {expected}, got {got}.")


def _tokens(text: str) -> Iterator[_Token]:
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise TextProtoError(f"line {line}: expected a field, got {text[at : at + 20]!r}.")
        if found.lastgroup != "blank":
            yield _Token(str(found.lastgroup), found[0], line)
        line += found[0].count("\n")
        at = found.end()
    yield _Token("end", "", line)


def _number(token: _Token) -> int | float:
    text = token.text
    if len(text) > _LONGEST_NUMBER:
        raise TextProtoError(f"line {token.line}: expected a number, got one of {len(text)} digits.")
    if text.lower().lstrip("+-").startswith("0x"):
        return int(text, 16)
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text.rstrip("fF"))


def _unescaped(token: _Token) -> bytes:
    def replaced(found: re.Match[bytes]) -> bytes:
        octal, hexadecimal, short, long, other = found.groups()
        if octal or hexadecimal:
            return bytes([int(octal, 8) & 0xFF if octal else int(hexadecimal, 16)])
        if short or long:
            code = int(short or long, 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise TextProtoError(f"line {token.line}: expected a character's number, got {found[0]!r}.")
            return chr(code).encode()
        return _SIMPLE.get(other, other)

    return _ESCAPE.sub(replaced, token.text[1:-1].encode("utf-8", "replace"))
