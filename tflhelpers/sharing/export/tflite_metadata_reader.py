"""What a LiteRT file of others says of itself in its metadata; `tflite_metadata` writes it, and names the fields."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from flatbuffers.table import Table

from tflhelpers.sharing.export.tflite_metadata import (
    BOUNDARIES,
    BOX,
    METADATA_NAME,
    NORMALIZATION,
    RATIO,
    XMIN_YMIN_XMAX_YMAX,
)

__all__ = ["METADATA_NAME", "FileMetadata", "read_metadata"]

_LABELS = {2, 3}  # kinds of files: of an axis, of values


class FileMetadata(NamedTuple):
    """What is used of it.

    Attributes:
        outputs: names, in the file's order.
        mean, std: what a pixel of 0..255 becomes, (x - mean) / std, one value or one a channel; None where unsaid.
        labels_files: names of files of class names.
        usual_boxes: False where it says that boxes are something else than ymin, xmin, ymax, xmax as fractions.
    """

    outputs: list[str]
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    labels_files: list[str]
    usual_boxes: bool


def read_metadata(content: bytes) -> FileMetadata:
    """Reads the metadata of the first graph.

    Raises:
        ValueError, struct.error, IndexError: it is cut.
    """
    whole = _Node(Table(content, struct.unpack_from("<I", content)[0]))
    graph = next(whole.nodes(3), None)
    if graph is None:
        return FileMetadata([], None, None, [], True)
    outputs = list(graph.nodes(3))
    mean, std = _normalization(next(graph.nodes(2), None))
    files = [file for each in (*outputs, graph) for file in each.nodes(6 if each is not graph else 4)]
    labels = [file.text(0) for file in files if file.byte(2) in _LABELS]
    return FileMetadata(
        [each.text(0) for each in outputs], mean, std, labels, all(map(_has_usual_boxes, outputs))
    )


def _normalization(picture: _Node | None):
    for unit in picture.nodes(4) if picture is not None else ():
        options = unit.node(1)
        if unit.byte(0) == NORMALIZATION and options is not None:
            mean, std = options.floats(0), options.floats(1)
            if {len(mean), len(std)} <= {1, 3} and all(std):
                return mean, std
    return None, None


def _has_usual_boxes(output: _Node) -> bool:
    content = output.node(3)
    if content is None or content.byte(0) != BOX:
        return True
    said = content.node(1)
    if said is None or said.byte(1) == 0:
        return True
    order = said.numbers(0, "I")
    return said.byte(1) == BOUNDARIES and said.byte(2) == RATIO and order in ((), XMIN_YMIN_XMAX_YMAX)


class _Node:
    """A table, its fields by their numbers; what is absent is empty, 0 or None."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def _at(self, field: int) -> int:
        offset = self._table.Offset(4 + 2 * field)
        return offset + self._table.Pos if offset else 0

    def node(self, field: int) -> _Node | None:
        at = self._at(field)
        return _Node(Table(self._table.Bytes, self._table.Indirect(at))) if at else None

    def nodes(self, field: int) -> Iterator[_Node]:
        if not self._at(field):
            return
        offset = self._table.Offset(4 + 2 * field)
        start = self._table.Vector(offset)
        for index in range(self._table.VectorLen(offset)):
            yield _Node(Table(self._table.Bytes, self._table.Indirect(start + 4 * index)))

    def text(self, field: int) -> str:
        at = self._at(field)
        return self._table.String(at).decode("utf-8", "replace") if at else ""

    def byte(self, field: int) -> int:
        at = self._at(field)
        return self._table.Bytes[at] if at else 0

    def numbers(self, field: int, kind: str) -> tuple:
        if not self._at(field):
            return ()
        offset = self._table.Offset(4 + 2 * field)
        count, start = self._table.VectorLen(offset), self._table.Vector(offset)
        return struct.unpack_from(f"<{count}{kind}", self._table.Bytes, start)

    def floats(self, field: int) -> tuple[float, ...]:
        return self.numbers(field, "f")
