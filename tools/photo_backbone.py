"""The backbone that the embedded detector starts from: a MobileNetV2 that learned from photos (Open Images).

It is part of an SSD that MediaPipe ships in the npm package `@mediapipe/objectron` (Apache-2.0), in LiteRT's format,
float16, its batch norm folded into the convolutions.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import keras
import numpy as np

from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.checksums import sha256_of
from tflhelpers.model.layers import BN_EPSILON, BatchNorm
from tflhelpers.model.ssd import layer_group
from tflhelpers.sharing.export.tflite_file import opened

PACKAGE, VERSION = "@mediapipe/objectron", "0.4.1675468480"
MEMBER = "package/objectron_solution_packed_assets.data"
BEGIN, END = 184, 9_987_912  # bytes of the member
SHA256 = "d0a5255bf8c4f5a0bc4240741a76c41d5e939f7655078f945f50ab53a9375da6"
SIZE = 300  # pixels a side of the input
CONVOLUTIONS = 52
OPERATORS = (3, 4)  # CONV_2D, DEPTHWISE_CONV_2D of the schema's BuiltinOperator
FOLDED_VARIANCE = 1.0 - BN_EPSILON  # what makes a batch norm multiply by gamma alone


def fetch_photo_ssd(path: Path) -> Path:
    """Has npm fetch the package and writes the detector in it to `path`, unless it is there already.

    Raises:
        FileNotFoundError: there is no npm.
        ValueError: what came is not the file that SHA256 names.
    """
    if path.exists():
        return _checked(path)
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            f"npm is needed to fetch {PACKAGE}, and none was found. Install Node.js, or put the detector at {path}."
        )
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar, atomic_file(path) as file:
            member = tar.extractfile(MEMBER)
            assert member is not None  # MEMBER names a file, no folder
            file.write(member.read()[BEGIN:END])
    return _checked(path)


def _checked(path: Path) -> Path:
    found = sha256_of(path)
    if found != SHA256:
        raise ValueError(f"{path} must have the sha256 {SHA256}, got {found}. Delete it and fetch it again.")
    return path


def folded_convolutions(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """The backbone's convolutions in the file's order, which is that of the network.

    Returns:
        (kernel, bias) of each, float32: (height, width, channels in, channels out), or (height, width, channels, 1) of
        a depthwise one; and (channels,).
    """
    model = opened(path.read_bytes())
    graph = model.subgraphs[0]
    makers = {operator.outputs[0]: operator for operator in graph.operators}

    def values(index: int) -> np.ndarray:
        tensor = graph.tensors[index]
        data = model.buffers[tensor.buffer].data
        if data is None:  # float16 weights come through an operator that makes them float32
            return values(makers[index].inputs[0])
        return (
            data.view(np.float16 if tensor.type == 1 else np.float32).reshape(tensor.shape).astype(np.float32)
        )

    found = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = graph.tensors[operator.outputs[0]].name.decode().split(";")[0]
        if max(code.builtinCode, code.deprecatedBuiltinCode) in OPERATORS and _is_backbone(name):
            kernel, bias = (values(index) for index in operator.inputs[1:3])
            found.append((kernel.transpose(1, 2, 3, 0), bias))
    if len(found) != CONVOLUTIONS:
        raise ValueError(f"{path} must hold {CONVOLUTIONS} backbone convolutions, got {len(found)}.")
    return found


def _is_backbone(name: str) -> bool:
    return name.startswith("FeatureExtractor") and "layer_19" not in name


def split_scale(kernel: np.ndarray, *, depthwise: bool) -> tuple[np.ndarray, np.ndarray]:
    """(kernel, gamma) whose product is a folded kernel, the new one of the size that He et al. (2015) start with.

    Folded filters are up to 12.9 large and down to nothing; equal steps would leave some and wreck others. Gamma is a
    power of two, so that the product is exact.

    Args:
        kernel: as of `folded_convolutions`.
        depthwise: whether its channels are along the third axis.
    """
    channel = 2 if depthwise else 3
    others = tuple(axis for axis in range(4) if axis != channel)
    fan_in = int(np.prod(kernel.shape[:2] if depthwise else kernel.shape[:3]))
    size = np.sqrt(np.mean(np.square(kernel), axis=others) * fan_in / 2)
    gamma = np.exp2(np.round(np.log2(np.maximum(size, 2.0**-10)))).astype(np.float32)
    return kernel / (gamma[:, None] if depthwise else gamma), gamma


def load_photo_backbone(network: keras.Model, path: Path) -> None:
    """Sets the backbone of an `ssd_mobilenet_v2_fpnlite` of full width to that of the file."""
    layers = [layer for layer in network.layers if layer_group(layer) in ("stem", "backbone")]
    pairs = zip(layers[::2], layers[1::2], folded_convolutions(path), strict=True)
    for convolution, norm, (folded, bias) in pairs:
        assert isinstance(norm, BatchNorm), norm.name
        depthwise = isinstance(convolution, keras.layers.DepthwiseConv2D)
        kernel, gamma = split_scale(folded, depthwise=depthwise)
        convolution.set_weights([kernel])
        norm.set_weights([gamma, bias, np.zeros_like(bias), np.full_like(bias, FOLDED_VARIANCE)])
