"""Checkpoints made for tests: written by TensorFlow itself, read back by our own reader."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np

from tests.model.formula import SUFFIX, formula_weight

KEYS_FOLDER = Path(__file__).resolve().parents[1] / "data" / "zoo"
CLASS_HEAD = "_class_predictor_layers"


class StandInVariable:
    """What `restore` needs of a Keras variable."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = tuple(shape)
        self.value: np.ndarray | None = None

    def assign(self, value: np.ndarray) -> None:
        assert value.shape == self.shape
        self.value = value


def weight_shapes(model: str, num_classes: int = 90) -> dict[str, tuple[int, ...]]:
    """Key → shape of the float tensors of "mobilenet" or "resnet50"."""
    listed = json.loads(gzip.decompress((KEYS_FOLDER / f"checkpoint_keys_{model}.json.gz").read_bytes()))
    return {
        key: _for_classes(key, entry["shape"], num_classes)
        for key, entry in listed.items()
        if entry["dtype"] == "float32"
    }


def stand_ins(shapes: dict[str, tuple[int, ...]]) -> dict[str, StandInVariable]:
    return {key: StandInVariable(shape) for key, shape in shapes.items()}


def formula_tensors(model: str, num_classes: int = 90) -> dict[str, np.ndarray]:
    return {key: formula_weight(key, shape) for key, shape in weight_shapes(model, num_classes).items()}


def zoo_release(model: str, num_classes: int = 90) -> dict[str, np.ndarray]:
    """Formula weights with the two entries that the zoo's files also have."""
    extra = {
        f"save_counter{SUFFIX}": np.array(1, np.int64),
        "_CHECKPOINTABLE_OBJECT_GRAPH": np.array(b"\x0a\x00" * 40),
    }
    return formula_tensors(model, num_classes) | extra


def write_checkpoint(prefix: Path, tensors: dict[str, np.ndarray]) -> Path:
    """Writes PREFIX.index and PREFIX.data-00000-of-00001 as a training run would."""
    import tensorflow as tf

    prefix.parent.mkdir(parents=True, exist_ok=True)
    names = list(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[name]) for name in names],
    )
    return prefix


def data_file(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".data-00000-of-00001")


def index_file(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".index")


def _for_classes(key: str, shape: list[int], num_classes: int) -> tuple[int, ...]:
    is_output = CLASS_HEAD in key and shape[-1] == 6 * (90 + 1)
    return (*shape[:-1], 6 * (num_classes + 1)) if is_output else tuple(shape)


def zoo_archive(prefix: Path, name: str) -> bytes:
    """The bytes of `name.tar.gz` as the zoo packs it, with the checkpoint `prefix`, which is called ckpt-0."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for path in (index_file(prefix), data_file(prefix)):
            tar.add(path, f"{name}/checkpoint/{path.name}")
        state = tarfile.TarInfo(f"{name}/checkpoint/checkpoint")
        text = b'model_checkpoint_path: "ckpt-0"\n'
        state.size = len(text)
        tar.addfile(state, io.BytesIO(text))
    return out.getvalue()
