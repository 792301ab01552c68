"""Where a training stands, on disk: weights, optimizer and step, written whole or not at all."""

from __future__ import annotations

import logging
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from tflhelpers.model.weights import write_npz

logger = logging.getLogger(__name__)

STATE_FILE = "training_state.npz"


def save_state(
    trainer: keras.Model, step: int, path: Path, *, settings: str = "", losses: dict | None = None
) -> None:
    """Writes the state after `step` steps to `path`; a crash while writing leaves the older state in place.

    Args:
        trainer: built and compiled.
        step: steps done.
        path: the .npz file.
        settings: text that must be the same for a training to go on from here.
        losses: name → values so far.
    """
    arrays = {f"variable/{i}": np.asarray(v) for i, v in enumerate(_variables(trainer))}
    arrays |= {f"loss/{name}": np.asarray(values, np.float32) for name, values in (losses or {}).items()}
    write_npz(path, np.savez, {"step": step, "settings": settings, **arrays})


def load_state(trainer: keras.Model, path: Path, *, settings: str = "") -> tuple[int, dict[str, list[float]]]:
    """Sets weights and optimizer to what `path` holds; returns (steps done, losses so far).

    Without a file, or with one that is damaged, nothing is set and (0, {}) returned: the training starts anew.

    Raises:
        ValueError: the file is of a training with other settings.
    """
    state = _read(path)
    if state is None:
        return 0, {}
    variables = _variables(trainer)
    stored = [state[f"variable/{i}"] for i in range(sum(name.startswith("variable/") for name in state))]
    same_shapes = [a.shape for a in stored] == [tuple(v.shape) for v in variables]
    if str(state["settings"]) != settings or not same_shapes:
        raise ValueError(
            f"{path} is of another training ({state['settings']}), this one is ({settings}). "
            "Give the same arguments to go on with it, or another resume_dir to start anew."
        )
    for variable, array in zip(variables, stored, strict=True):
        variable.assign(array)
    losses = {name.removeprefix("loss/"): state[name].tolist() for name in state if name.startswith("loss/")}
    return int(state["step"]), losses


def _read(path: Path) -> dict[str, np.ndarray] | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, AttributeError) as error:
        logger.warning("%s is damaged (%s): the training starts anew.", path, error)
        return None


def _variables(trainer: keras.Model) -> list:
    return [*trainer.whole().variables, *trainer.optimizer.variables]
