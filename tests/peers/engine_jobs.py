"""What other engines compute with our exports, each in its own environment.

    python engine_jobs.py openvino MODEL INPUTS.npz OUTPUTS.npz
    python engine_jobs.py onnx SAVED_MODEL INPUTS.npz OUTPUTS.npz

MODEL is a SavedModel's folder or a LiteRT file with one input. OUTPUTS holds `NAME/INPUT` for each input and output.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np


def openvino(path):
    import openvino as ov

    model = ov.Core().read_model(path)
    run = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = [sorted(output.get_names()) for output in model.outputs]

    def outputs(given):
        results = run(given)
        return {name: np.asarray(results[at]) for at, group in enumerate(names) for name in group}

    return outputs


def onnx(path):
    import onnxruntime

    made = Path(path).with_suffix(".onnx")
    words = ["-m", "tf2onnx.convert", "--saved-model", path, "--output", str(made), "--opset", "18"]
    subprocess.run([sys.executable, *words], check=True, stdout=sys.stderr)
    session = onnxruntime.InferenceSession(str(made))
    names = [output.name for output in session.get_outputs()]
    (taken,) = session.get_inputs()
    return lambda given: dict(zip(names, session.run(None, {taken.name: given}), strict=True))


def main(engine, path, inputs, target):
    run = {"openvino": openvino, "onnx": onnx}[engine](path)
    with np.load(inputs) as given:
        run(given[given.files[0]])  # OpenVINO's first answer may be that of other kernels
        answers = {f"{name}/{key}": value for key in given.files for name, value in run(given[key]).items()}
    np.savez(target, **answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
