"""Weights of a detector on disk: one .npz file whose names are the checkpoint keys."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import keras
import numpy as np

from tflhelpers.model.ssd import KEY_SUFFIX, variables_by_key


def save_weights(model: keras.Model, path: Path, *, dtype: str = "float32") -> None:
    """Writes all weights of `model` to `path`, atomically. `dtype` "float16" halves the file at ~3 digits' precision."""
    arrays = {key.removesuffix(KEY_SUFFIX): np.asarray(v, dtype) for key, v in variables_by_key(model).items()}
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_weights(model: keras.Model, path: Path, *, skip=lambda key: False) -> None:
    """Sets all weights of `model` from `path`, but those whose key `skip` returns True for.

    Raises:
        ValueError: a weight is missing from the file or has another shape there; nothing is set then.
    """
    wanted = {key: v for key, v in variables_by_key(model).items() if not skip(key)}
    with np.load(path, allow_pickle=False) as file:
        names = set(file.files)
        arrays = {key: file[name] for key in wanted if (name := key.removesuffix(KEY_SUFFIX)) in names}
    wrong = [key for key, v in wanted.items() if key not in arrays or arrays[key].shape != tuple(v.shape)]
    if wrong:
        raise ValueError(
            f"{path} does not fit this network: {len(wrong)} of {len(wanted)} weights are missing or have another "
            f"shape, first {wrong[0]}. Load the file with the detector.json that was saved beside it."
        )
    for key, variable in wanted.items():
        variable.assign(arrays[key].astype("float32"))
