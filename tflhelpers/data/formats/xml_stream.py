"""Reads large XML files child by child of the root: what is held is one child, and never a document type."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.safe_xml import (
    XmlRefused,
    _refuse_doctype,
    declares_encoding,
    encoding_of_several_bytes,
    unknown_encoding,
)
from tflhelpers.files.text import TextDecoder

_CHUNK = 2**20
_HEAD_BYTES = 4096
_MOST_BYTES = 64 * 2**20  # of one child; one picture has thousands
_MOST_DEPTH = 50


def read_children(path: Path, root: str, report: ReportBuilder) -> Iterator[Element]:
    """Yield each whole child of the root element.

    Raises:
        XmlRefused: Behind the last whole child, where the file is cut off or malformed, has a document type,
            nests deeper than 50, has a child of more than 64 MB or another root.
        OSError: If it cannot be read.
    """
    children = _Children(root)
    with path.open("rb") as file:
        decode = _decoder(file.read(_HEAD_BYTES), path, report)
        file.seek(0)
        ended = False
        while not ended:
            data = file.read(_CHUNK)
            ended = not data
            try:
                problem = children.feed(decode(data), ended)
            except UnicodeDecodeError as error:  # in another encoding than it declares
                problem = unknown_encoding(error)
            yield from children.take()
            if problem:
                raise problem


def _decoder(head: bytes, path: Path, report: ReportBuilder) -> Callable[[bytes], bytes | str]:
    """Return what makes the next bytes something that the parser reads: themselves where they say how."""
    if declared := encoding_of_several_bytes(head):
        return codecs.getincrementaldecoder(declared)().decode
    if declares_encoding(head):
        return lambda data: data
    decoder = TextDecoder(head[:4])

    def decode(data: bytes) -> bytes | str:
        before = decoder.encoding
        try:
            text = decoder.decode(data)
        except UnicodeDecodeError:
            return data  # damaged: the parser says where
        if decoder.encoding != before:
            report.not_utf8(path.name)
        return text

    return decode


class _Children:
    def __init__(self, root: str) -> None:
        self._root, self._whole = root, list[Element]()
        self._builder: TreeBuilder | None = None
        self._depth = self._begun = self._fed = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_doctype

    def feed(self, data: bytes | str, ended: bool) -> XmlRefused | None:
        """Read on; return what is wrong."""
        try:
            self._parser.Parse(data, ended)
        except XmlRefused as error:
            return error
        except expat.ExpatError as error:
            return XmlRefused(f"no whole XML file: {error}")
        except (ValueError, LookupError) as error:
            return unknown_encoding(error)
        self._fed += len(data.encode() if isinstance(data, str) else data)  # as the parser counts: in bytes
        if self._fed - self._begun > _MOST_BYTES:
            return XmlRefused(f"too large: expected at most {_MOST_BYTES} bytes for one picture or track")
        return None

    def take(self) -> list[Element]:
        whole, self._whole = self._whole, []
        return whole

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise XmlRefused(f"nested too deep: more than {_MOST_DEPTH} elements")
        if self._depth == 1 and tag != self._root:
            raise XmlRefused(f"another kind of file: expected <{self._root}>, got <{tag[:40]}>")
        if self._depth == 2:
            self._builder, self._begun = TreeBuilder(), self._parser.CurrentByteIndex
        if self._builder:
            self._builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._builder:
            self._builder.end(tag)
        if self._depth == 1 and self._builder:
            self._whole.append(self._builder.close())
            self._builder, self._begun = None, self._parser.CurrentByteIndex

    def _text(self, text: str) -> None:
        if self._builder:
            self._builder.data(text)
