"""Reads small XML files that nobody vouches for: no document types, so no entity bombs and no foreign files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from tflhelpers.files.stand_ins import stand_in

_MOST_BYTES = 50_000_000
_MOST_DEPTH = 50
_HEAD_BYTES = 4096


class XmlRefused(ValueError):
    """A file that is no XML, is cut off, or holds what annotation files never need; the message says which."""


def read_xml(path: Path) -> ElementTree.Element:
    """Return the root element of a file.

    Raises:
        XmlRefused: If it only stands in for the file, is no whole XML, has a document type, nests deeper than 50
            or exceeds 50 MB.
        OSError: If it cannot be read.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise XmlRefused(f"too large: expected at most {_MOST_BYTES} bytes for one picture")
    try:
        data = path.read_bytes()
        if found := stand_in(data[:_HEAD_BYTES]):
            raise XmlRefused(found)
        return _parsed(data)
    except expat.ExpatError as error:
        raise XmlRefused(f"no whole XML file: {error}") from error
    except (ValueError, LookupError) as error:  # an encoding that does not exist, or is none of text
        if isinstance(error, XmlRefused):
            raise
        raise XmlRefused(f"unknown encoding: {error}") from error


def _parsed(data: bytes) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise XmlRefused(f"nested too deep: more than {_MOST_DEPTH} elements")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(data, True)
    return builder.close()


def _refuse_doctype(*_: Any) -> None:
    raise XmlRefused(
        "document type: not needed in annotations, and a way to fill the memory; remove <!DOCTYPE>"
    )
