"""Weights of a detector on disk: one .npz file whose names are the checkpoint keys."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.model.checkpoint_index import KEY_SUFFIX
from tflhelpers.model.ssd import variables_by_key

# What NumPy and zipfile raise on files with a few bytes changed, or cut.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    AttributeError,
    KeyError,
    OSError,
    RuntimeError,
)


def save_weights(model: keras.Model, path: Path, *, dtype: str = "float32") -> None:
    """Writes all weights of `model` to `path`, atomically.

    Args:
        model: of `ssd`.
        path: the file.
        dtype: "float32", or "float16", which halves the file at ~3 digits' precision; a weight with numbers
            too large for it stays float32.
    """
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype must be float32 or float16, got {dtype}.")
    arrays = {key.removesuffix(KEY_SUFFIX): _stored(v, dtype) for key, v in variables_by_key(model).items()}
    write_npz(path, np.savez_compressed, arrays)


def write_npz(path: Path, save: Callable[..., None], arrays: Mapping[str, Any]) -> None:
    """Has `save` (`numpy.savez` or `savez_compressed`) write `path`; cut short, it leaves what was there."""
    with atomic_file(path) as file:
        save(file, **arrays)


class DamagedFile(ValueError):
    """An .npz file that is cut, or holds something else; the message says what was seen."""


def read_npz(path: Path, wanted: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, or those of them that are `wanted`.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if wanted is None or name in wanted}
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise DamagedFile(f"{type(error).__name__}: {error}") from error


def load_weights(model: keras.Model, path: Path, *, skip=lambda key: False) -> None:
    """Sets all weights of `model` from `path`, but those whose key `skip` returns True for.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a weight is missing from the file, has another shape there or numbers that are not finite, or the
            file is damaged; nothing is set then.
    """
    wanted = {key: v for key, v in variables_by_key(model).items() if not skip(key)}
    arrays = _read(path, wanted)
    wrong = [key for key, v in wanted.items() if key not in arrays or arrays[key].shape != tuple(v.shape)]
    if wrong:
        raise ValueError(
            f"{path} does not fit this network: {len(wrong)} of {len(wanted)} weights are missing or have another "
            f"shape, first {wrong[0]}. Load the file with the detector.json that was saved with it."
        )
    refuse_not_finite(path, {key: arrays[key] for key in wanted})
    for key, variable in wanted.items():
        variable.assign(arrays[key].astype("float32"))


def refuse_not_finite(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Raises ValueError if an array is not finite as float32: a network with such a number finds nothing, silently."""
    bad = [name for name, array in arrays.items() if not _is_finite(array)]
    if bad:
        raise ValueError(
            f"{path} must hold finite numbers, but {len(bad)} of {len(arrays)} weights have others, first {bad[0]}. "
            "Its training went wrong, or the file is damaged: train again from an earlier one, or copy it again."
        )


def _is_finite(array: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return array.dtype.kind in "fiu" and bool(np.isfinite(array.astype(np.float32)).all())


def _stored(variable: keras.Variable, dtype: str) -> np.ndarray:
    array = np.asarray(variable, np.float32)
    return array if np.abs(array).max(initial=0) > np.finfo(dtype).max else array.astype(dtype)


def _read(path: Path, keys) -> dict[str, np.ndarray]:
    """The arrays of those of `keys` that are in the file."""
    refuse_stand_in(path, "a file of weights")
    names = {key: key.removesuffix(KEY_SUFFIX) for key in keys}
    try:
        arrays = read_npz(path, set(names.values()))
    except DamagedFile as error:
        raise ValueError(
            f"{path} must be a file of weights, but it is damaged ({error}). Copy or save it again."
        ) from error
    return {key: arrays[name] for key, name in names.items() if name in arrays}
