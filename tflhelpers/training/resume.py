"""Where a training stands, on disk: weights, optimizer and step, written whole or not at all.

Two states lie side by side, the newest and the one before: on a drive in the cloud even a file that was written whole
may arrive cut. A state is written under a third name first, so that at every moment one of them is whole.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tflhelpers.files.lock import alone_at
from tflhelpers.model.weights import DamagedFile, read_npz, write_npz
from tflhelpers.training.loop import Hook, TrainingState
from tflhelpers.training.same_training import same_settings

logger = logging.getLogger(__name__)

STATE_FILE = "training_state.npz"
FORMAT = 1  # of the file; one of a later number is refused, fields that we do not know are left alone
SAVE_SECONDS, SAVE_STEPS = 10.0, 20
SAVE_SHARE = 0.05  # of the time may go into saving every 20 steps; else it is every 10 seconds


@dataclass(frozen=True)
class Stored:
    """A state on disk.

    Attributes:
        step: steps done.
        losses: by name and step.
        about: what else was given to `save_state`.
    """

    step: int = 0
    losses: dict[str, list[float]] = field(default_factory=dict)
    about: dict = field(default_factory=dict)


@contextmanager
def alone_in(folder: Path | None) -> Iterator[None]:
    """Keep other trainings out of a folder; None for none.

    Raises:
        Locked: another training is at work there; the message names its process.
    """
    with nullcontext() if folder is None else alone_at(folder / STATE_FILE, "resume_dir", "training"):
        yield


class Checkpointer(Hook):
    """Keeps a training's state on disk every few steps or seconds, and brings it back.

    Nothing is kept while a weight is nan or infinite: the older state is worth more. Where the disk refuses, that is
    told, and tried again later: the training goes on.

    Args:
        path: the file, None to keep nothing.
        settings: text that must be the same for a training to go on from there.
        writes: False to go on from there only, where another process keeps the state for all.

    Attributes:
        troubles: what could not be kept, a sentence each.
        was_done: whether the training was at its end before it began.
    """

    def __init__(self, path: Path | None, settings: str, *, writes: bool = True) -> None:
        self.path, self.settings, self.writes = path, settings, writes
        self._step, self._when, self._cost = 0, time.monotonic(), 0.0
        self._began_at, self._has_kept = 0, False
        self._refused: OSError | None = None
        self.troubles: list[str] = []
        self.was_done = False

    def check(self, network: keras.Model | None = None) -> None:
        """Raises a ValueError if what is kept is of another training, or of another network; changes nothing."""
        if self.path is not None and (state := _read(self.path)) is not None:
            variables = [] if network is None else network.variables
            _refuse_another(
                state, self.path, self.settings, _stored_values(state)[: len(variables)], variables
            )

    def begin(
        self,
        trainer: Any,
        state: TrainingState,
        hooks: Sequence[Hook] = (),
        *,
        accept: Callable[[Stored], bool] = lambda stored: True,
    ) -> TrainingState:
        """Sets trainer, state and hooks to what is kept, if anything is; keeps theirs from now on.

        Args:
            trainer: as for `save_state`; `snapshot` gives what a step changes.
            state: of a training that begins; changed in place, and returned.
            hooks: whose `kept` lies on disk too.
            accept: as for `load_state`.
        """
        self.trainer, self.hooks = trainer, hooks
        if self.path is None:
            return state
        stored = load_state(trainer, self.path, settings=self.settings, accept=accept)
        self._began_at = self._step = state.step = stored.step
        self._has_kept = stored.step > 0
        state.losses |= stored.losses
        for name in state.about().keys() & stored.about.keys():
            setattr(state, name, stored.about[name])
        for hook in hooks:
            hook.restore(stored.about)
        return state

    def after_step(self, state: TrainingState) -> None:
        seconds = time.monotonic() - self._when
        steps_are_up = state.step - self._step >= SAVE_STEPS and self._cost <= SAVE_SHARE * seconds
        if steps_are_up or seconds >= SAVE_SECONDS:
            self.keep(state)

    def after_rollback(self, state: TrainingState) -> None:
        self.keep(state)

    def after_run(self, state: TrainingState) -> None:
        self.was_done = 0 < self._began_at == state.step
        if not self.was_done:
            self.keep(state)

    def raise_if_nothing_was_kept(self) -> None:
        """Raises an OSError where the disk refused each state; call it when the training is done."""
        if self._refused is not None and not self._has_kept:
            raise OSError(
                f"The training is done and the detector has learned, but nothing of it could be saved in {self.path}: "
                f"{self._refused.strerror or self._refused}. Save the detector elsewhere, and give another resume_dir."
            ) from self._refused

    def kept_what_is_done(self) -> str:
        """A sentence for a training of which nothing was left to do."""
        return f"Nothing was left to do: {self.path} holds this training, finished. Delete it to train again."

    def _save(self, state: TrainingState, path: Path) -> None:
        about = state.about()
        for hook in self.hooks:
            about |= hook.kept()
        save_state(self.trainer, state.step, path, settings=self.settings, losses=state.losses, about=about)

    def _refuse(self, error: OSError) -> None:
        if self._refused is None:
            sentence = (
                f"The training cannot be saved in {self.path} ({error.strerror or error}). It continues, but if it is "
                "interrupted, it restarts from the last state that was saved."
            )
            self.troubles.append(sentence)
            logger.warning(sentence)
        self._refused = error

    def keep(self, state: TrainingState) -> None:
        """Writes the state now."""
        if self.path is None or not self.writes:
            return
        began = time.monotonic()
        if not all(np.isfinite(values).all() for values in self.trainer.snapshot()):
            return
        try:
            self._save(state, self.path)
            self._has_kept, self._refused = True, None
        except OSError as error:
            self._refuse(error)
        self._step, self._when = state.step, time.monotonic()
        self._cost = self._when - began


def save_state(
    trainer: keras.Model,
    step: int,
    path: Path,
    *,
    settings: str = "",
    losses: dict | None = None,
    about: dict | None = None,
) -> None:
    """Writes the state after `step` steps to `path`; a crash at any moment leaves a state to go on from.

    Args:
        trainer: built and compiled.
        step: steps done.
        path: the .npz file; the state that was there is kept beside it.
        settings: text that must be the same for a training to go on from here.
        losses: name → values so far.
        about: further values, of JSON's types.
    """
    arrays = {f"variable/{i}": np.asarray(v) for i, v in enumerate(_variables(trainer))}
    arrays |= {f"loss/{name}": np.asarray(values, np.float32) for name, values in (losses or {}).items()}
    texts = {"settings": settings, "about": json.dumps(about or {})}
    newest, before = _beside(path)
    write_npz(newest, np.savez, {"format": FORMAT, "step": step, **texts, **arrays})
    if path.exists():
        os.replace(path, before)
    os.replace(newest, path)


def load_state(
    trainer: keras.Model,
    path: Path,
    *,
    settings: str = "",
    accept: Callable[[Stored], bool] = lambda stored: True,
) -> Stored:
    """Sets weights and optimizer to what `path` holds, or the state beside it where that is damaged.

    Without a whole state nothing is set and step 0 returned: the training starts anew. So it does where `accept` says
    no to the state that was found, which is removed then.

    Raises:
        ValueError: the state is of a training with other settings.
    """
    state = _read(path)
    if state is None:
        return Stored()
    variables = _variables(trainer)
    stored = _stored_values(state)
    _refuse_another(state, path, settings, stored, variables)
    losses = {name.removeprefix("loss/"): state[name].tolist() for name in state if name.startswith("loss/")}
    found = Stored(int(state["step"]), losses, json.loads(str(state.get("about", "{}"))))
    if not accept(found):
        for file in (path, *_beside(path)):
            file.unlink(missing_ok=True)
        return Stored()
    for variable, array in zip(variables, stored, strict=True):
        variable.assign(array)
    return found


def _stored_values(state: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [state[f"variable/{i}"] for i in range(sum(name.startswith("variable/") for name in state))]


def _refuse_another(state: dict, path: Path, settings: str, stored: list, variables: list) -> None:
    if (version := int(state.get("format", FORMAT))) > FORMAT:
        raise ValueError(
            f"{path} is of a newer version of tflhelpers (format {version}, known are those up to {FORMAT}). Update "
            "tflhelpers to continue it, or give another resume_dir to start over."
        )
    same_shapes = [array.shape for array in stored] == [tuple(v.shape) for v in variables]
    if not same_settings(str(state["settings"]), settings) or not same_shapes:
        raise ValueError(
            f"{path} belongs to another training ({state['settings']}); this one is ({settings}). "
            "Give the same arguments to continue it, or another resume_dir to start over."
        )


def _beside(path: Path) -> tuple[Path, Path]:
    """Where a state is written before it takes the place of the last one, and where that one goes."""
    return path.with_name(f"{path.stem}.new{path.suffix}"), path.with_name(f"{path.stem}.before{path.suffix}")


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """The newest state that is whole."""
    for file in (path, *_beside(path)):  # without `path` the new one had not taken its place yet
        if file.is_file() and (state := _read_one(file)) is not None:
            return state
    return None


def _read_one(path: Path) -> dict[str, np.ndarray] | None:
    try:
        state = read_npz(path)
        variables = sum(name.startswith("variable/") for name in state)
        expected = {"step", "settings", *(f"variable/{number}" for number in range(variables))}
        if missing := expected - state.keys():
            raise DamagedFile(f"it has no {' and no '.join(sorted(missing))}")
        return state
    except DamagedFile as error:
        logger.warning(
            "%s is damaged (%s): an older state is used, or the training starts over.", path, error
        )
        return None


def _variables(trainer: keras.Model) -> list:
    return [*trainer.whole().variables, *trainer.optimizer.variables]
