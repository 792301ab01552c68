#!/usr/bin/env bash
# openvino 2026.4.1, its reader of LiteRT (.tflite) files, against ai-edge-litert 2.3.0 on the same file.
#
# Guess: a .tflite file's tensors are told apart by their numbers: operators name their inputs and outputs by number, and the
#        schema has the name for debugging only. Two constants of one name are two constants.
# Seen: OpenVINO tells them apart by name: the second constant of a name has the values of the first, without a word. Who
#       writes such files without TensorFlow's converter has no other reason to make the names unique.
#
# Correct: y = x * [2, 2] + [10, 10], so [1, 3] makes [12, 16], whatever the two constants are called.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check openvino==2026.4.1 ai-edge-litert==2.3.0 \
    flatbuffers==25.12.19 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import flatbuffers
import numpy as np
import openvino
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter


def made(kind, **fields):
    """One of the schema's tables with values."""
    table = getattr(schema, f"{kind}T")()
    for name, value in fields.items():
        setattr(table, name, value)
    return table


def model(names):
    """A .tflite file of x * [2, 2] + [10, 10] with names for x, the factor, the product, the summand and the sum."""
    constants = [np.frombuffer(np.full(2, value, np.float32).tobytes(), np.uint8) for value in (2, 10)]
    tensors = [
        made("Tensor", name=name, shape=[2], type=schema.TensorType.FLOAT32, buffer=buffer)
        for name, buffer in zip(names, (0, 1, 0, 2, 0))
    ]
    operators, codes = [], []
    for n, (kind, takes, gives) in enumerate((("Mul", [0, 1], [2]), ("Add", [2, 3], [4]))):
        code = getattr(schema.BuiltinOperator, kind.upper())
        codes.append(made("OperatorCode", builtinCode=code, deprecatedBuiltinCode=code, version=1))
        options = {"builtinOptionsType": getattr(schema.BuiltinOptions, f"{kind}Options"), "builtinOptions": made(f"{kind}Options")}
        operators.append(made("Operator", opcodeIndex=n, inputs=takes, outputs=gives, **options))
    graph = made("SubGraph", tensors=tensors, inputs=[0], outputs=[4], operators=operators)
    buffers = [made("Buffer"), *(made("Buffer", data=data) for data in constants)]
    whole = made("Model", version=3, operatorCodes=codes, subgraphs=[graph], buffers=buffers)
    builder = flatbuffers.Builder(0)
    builder.Finish(whole.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


x = np.array([1, 3], np.float32)
for names, expected in ((("x", "factor", "product", "summand", "y"), [12, 16]), (("x", "c", "product", "c", "y"), [4, 8])):
    with open("model.tflite", "wb") as file:
        file.write(model(names))
    litert = Interpreter("model.tflite")
    litert.allocate_tensors()
    litert.set_tensor(litert.get_input_details()[0]["index"], x)
    litert.invoke()
    right = litert.get_tensor(litert.get_output_details()[0]["index"]).tolist()
    seen = openvino.Core().compile_model("model.tflite", "CPU")(x)[0].tolist()
    print(f"constants called {names[1]} and {names[3]}: LiteRT {right}, OpenVINO {seen}")
    assert right == [12, 16]
    assert seen == expected, "the second constant is no longer the first"
PYTHON
# Output of 2026-11-30:
# constants called factor and summand: LiteRT [12.0, 16.0], OpenVINO [12.0, 16.0]
# constants called c and c: LiteRT [12.0, 16.0], OpenVINO [4.0, 8.0]
