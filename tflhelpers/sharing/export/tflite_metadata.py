"""What MediaPipe and Android's tools read in a LiteRT file: what goes in, what comes out, where the class names are.

The metadata is a FlatBuffer of its own inside the file: the tables below are those of MediaPipe's
`metadata_schema.fbs`, version 1.2.0, with their fields numbered as there.
"""

from __future__ import annotations

from collections.abc import Sequence

import flatbuffers

METADATA_NAME = b"TFLITE_METADATA"
IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.2.0"  # of the schema, which then learned of groups of outputs
RGB, BOUNDARIES, LABELS_OF_VALUES, RATIO = 1, 1, 3, 0  # of its enumerations
FEATURE, IMAGE, BOX = 1, 2, 3  # kinds of content
NORMALIZATION = 1  # kind of process unit
XMIN_YMIN_XMAX_YMAX = (1, 0, 3, 2)  # where these are in a box ymin, xmin, ymax, xmax


def detector_metadata(outputs: Sequence[str], labels_file: str, *, description: str) -> bytes:
    """The metadata of a detector whose input is a picture of 0..255.

    Args:
        outputs: names of box, category, score and number, in the file's order.
        labels_file: name of the file behind the model that has a class a line.
        description: a sentence for people.
    """
    location, category, score, number = outputs
    make = _Maker()
    per_box = (2, 2)
    tensors = [
        make.tensor(location, make.content(BOX, make.boundaries(), range=per_box)),
        make.tensor(category, make.content(FEATURE, range=per_box), files=[make.labels(labels_file)]),
        make.tensor(score, make.content(FEATURE, range=per_box), stats=make.stats(0.0, 1.0)),
        make.tensor(number, make.content(FEATURE)),
    ]
    group = make.table({0: make.text("detection_result"), 1: make.texts([location, category, score])})
    graph = make.table(
        {
            2: make.vector([make.picture()]),
            3: make.vector(tensors),
            8: make.vector([group]),
        }
    )
    return make.finished(
        {
            0: make.text("ObjectDetector"),
            1: make.text(description),
            3: make.vector([graph]),
            7: make.text(MIN_PARSER_VERSION),
        }
    )


class _Byte(int):
    """A number that is stored as a byte, where a plain int is a place in the buffer."""


class _Int(int):
    """A number that is stored in four bytes."""


class _Maker:
    """Writes tables, each field by its number; what a table refers to has to be made before it."""

    def __init__(self) -> None:
        self._builder = flatbuffers.Builder(1024)

    def finished(self, fields: dict) -> bytes:
        self._builder.Finish(self.table(fields), file_identifier=IDENTIFIER)
        return bytes(self._builder.Output())

    def table(self, fields: dict) -> int:
        self._builder.StartObject(max(fields, default=-1) + 1)
        for number, value in fields.items():
            if isinstance(value, _Byte):
                self._builder.PrependUint8Slot(number, value, 0)
            elif isinstance(value, _Int):
                self._builder.PrependInt32Slot(number, value, 0)
            else:
                self._builder.PrependUOffsetTRelativeSlot(number, value, 0)
        return self._builder.EndObject()

    def text(self, text: str) -> int:
        return self._builder.CreateString(text)

    def texts(self, texts: Sequence[str]) -> int:
        return self.vector([self.text(text) for text in texts])

    def vector(self, tables: Sequence[int]) -> int:
        return self._vector(tables, self._builder.PrependUOffsetTRelative)

    def _vector(self, values: Sequence, prepend) -> int:
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            prepend(value)
        return self._builder.EndVector()

    def floats(self, values: Sequence[float]) -> int:
        return self._vector(values, self._builder.PrependFloat32)

    # ---- tables of the schema

    def tensor(self, name: str, content: int, *, units=(), stats: int | None = None, files=()) -> int:
        fields = {0: self.text(name), 3: content}
        fields |= {4: self.vector(units)} if units else {}
        fields |= {5: stats} if stats is not None else {}
        fields |= {6: self.vector(files)} if files else {}
        return self.table(fields)

    def content(
        self, kind: int, properties: int | None = None, *, range: tuple[int, int] | None = None
    ) -> int:
        properties = self.table({}) if properties is None else properties
        fields = {0: _Byte(kind), 1: properties}
        if range is not None:  # of dimensions that make up one thing
            fields[2] = self.table({0: _Int(range[0]), 1: _Int(range[1])})
        return self.table(fields)

    def boundaries(self) -> int:
        order = self._vector(XMIN_YMIN_XMAX_YMAX, self._builder.PrependUint32)
        return self.table({0: order, 1: _Byte(BOUNDARIES), 2: _Byte(RATIO)})

    def stats(self, lowest: float, highest: float) -> int:
        return self.table({0: self.floats([highest]), 1: self.floats([lowest])})

    def labels(self, name: str) -> int:
        return self.table({0: self.text(name), 2: _Byte(LABELS_OF_VALUES)})

    def picture(self) -> int:
        """The input: (x - 0) / 1, so that the network gets 0..255 whatever the type of its input."""
        unchanged = self.table({0: self.floats([0.0]), 1: self.floats([1.0])})
        unit = self.table({0: _Byte(NORMALIZATION), 1: unchanged})
        content = self.content(IMAGE, self.table({0: _Byte(RGB)}))
        return self.tensor("image", content, units=[unit], stats=self.stats(0.0, 255.0))
