"""The devices that a training runs on, in one process or several: each gets an equal part of every batch.

All devices hold all weights (data parallelism), and the losses are those of the whole batch: what is learned is what
one device would learn. Only JAX does this in Keras 3 (docs/decisions.md).
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Devices:
    """Where the steps of a training are computed.

    Attributes:
        distribution: of Keras; None for its default device.
        shard: (i, n): this process is number i of n, and learns from the i-th of n equal parts of each batch.
        note: what there is to tell of it, "" for nothing.
    """

    distribution: keras.distribution.DataParallel | None = None
    shard: tuple[int, int] = (0, 1)
    note: str = ""

    @property
    def is_first_process(self) -> bool:
        return self.shard[0] == 0

    @property
    def has_several_processes(self) -> bool:
        return self.shard[1] > 1

    @contextlib.contextmanager
    def holding(self, variables: Iterable[keras.Variable]) -> Iterator[None]:
        """What Keras trains in here, it trains on these devices; `variables` are copied to those that lack them."""
        if self.distribution is None:
            yield
            return
        _spread(variables, self.distribution.device_mesh)
        with self.distribution.scope():
            yield

    def check_agreement(self, what: dict[str, Any]) -> None:
        """Compare things by name with those of the other processes: texts, numbers, and lists of arrays.

        Raises:
            ValueError: they differ; the message names them.
        """
        if not self.has_several_processes:
            return
        from jax.experimental import multihost_utils

        marks = np.array([_mark(value) for value in what.values()], np.uint32)
        everyones = multihost_utils.process_allgather(marks)
        differs = (everyones != everyones[0]).any(axis=0)
        if differs.any():
            names = " and ".join(name for name, odd in zip(what, differs, strict=True) if odd)
            raise ValueError(
                f"The {self.shard[1]} processes must train the same, but their {names} differ. Give each the same "
                "photos, arguments and seed, a detector from the same file, and a resume_dir that all of them see."
            )


def choose_devices(batch_size: int) -> Devices:
    """Choose as many of JAX' devices as divide a batch, those of all processes together.

    A distribution that is set (`keras.distribution.set_distribution`) is taken as it is.

    Args:
        batch_size: images a step, of all devices together.

    Raises:
        ValueError: a batch cannot be divided among the processes, or the devices that are set.
    """
    if keras.backend.backend() != "jax":
        return Devices()
    import jax

    shard = jax.process_index(), jax.process_count()
    if (chosen := keras.distribution.distribution()) is not None:
        return Devices(_checked(chosen, batch_size, shard[1]), shard)
    if batch_size % shard[1]:
        raise ValueError(
            f"batch_size is that of all processes together and must be a multiple of their number, {shard[1]}, got "
            f"{batch_size}."
        )
    by_process = [[d for d in jax.devices() if d.process_index == process] for process in range(shard[1])]
    least = min(map(len, by_process))
    each = _largest_divisor(batch_size // shard[1], least)
    count = each * shard[1]
    if count == 1:
        return Devices(note=_note(batch_size, 1, least))
    names = [f"{device.platform}:{device.id}" for its in by_process for device in its[:each]]
    return Devices(
        keras.distribution.DataParallel(devices=names), shard, _note(batch_size, count, least * shard[1])
    )


def gather(variables: Iterable[keras.Variable]) -> None:
    """Put variables that were copied to chosen devices on the default one, where everything else computes."""
    if keras.backend.backend() != "jax":
        return
    import jax

    for variable in variables:
        if not isinstance(variable.value.sharding, jax.sharding.SingleDeviceSharding):
            variable.assign(np.array(variable.value))


def on_every_device(values: Any) -> Any:
    """Have each device hold all of what is computed in parts, so that every process can read it."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return values
    layout = keras.distribution.TensorLayout([None] * len(values.shape), distribution.device_mesh)
    return keras.distribution.distribute_tensor(values, layout)


@contextlib.contextmanager
def default_device() -> Iterator[None]:
    """In here Keras forgets a distribution that is set."""
    chosen = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(chosen)


def _spread(variables: Iterable[keras.Variable], mesh: keras.distribution.DeviceMesh) -> None:
    import jax

    everywhere = keras.distribution.TensorLayout([], mesh).backend_layout
    for variable in variables:
        if variable.value.sharding.device_set != everywhere.device_set:
            value = np.asarray(variable.value)
            variable.assign(jax.make_array_from_process_local_data(everywhere, value))


def _checked(chosen: Any, batch_size: int, processes: int) -> keras.distribution.DataParallel:
    if not isinstance(chosen, keras.distribution.DataParallel):
        raise ValueError(
            f"The distribution that is set must be a keras.distribution.DataParallel, got {type(chosen).__name__}: "
            "each device holds the whole network. Call keras.distribution.set_distribution(None) to have the devices "
            "chosen here."
        )
    count = chosen.device_mesh.devices.size
    if batch_size % count:
        raise ValueError(
            f"batch_size must be a multiple of the {count} devices of the distribution that is set, got {batch_size}. "
            "Call keras.distribution.set_distribution(None) to have as many chosen as divide it."
        )
    found = [device.process_index for device in chosen.device_mesh.backend_mesh.devices.flat]
    if found != [process for process in range(processes) for _ in range(count // processes)]:
        raise ValueError(
            f"The distribution that is set must hold as many devices of each of the {processes} processes, one "
            f"process after the other, got devices of the processes {found}."
        )
    return chosen


def _largest_divisor(number: int, most: int) -> int:
    return max(size for size in range(1, most + 1) if number % size == 0)


def _note(batch_size: int, used: int, there: int) -> str:
    if there == 1:
        return ""
    where = f"spread over {used} devices" if used > 1 else "on 1 device"
    rest = "" if used == there else f" of {there}; make batch_size a multiple of {there} to use all"
    return f"Each batch of {batch_size} was {where}{rest}."


def _mark(value: Any) -> int:
    arrays = value if isinstance(value, list) else [np.frombuffer(str(value).encode(), np.uint8)]
    mark = 0
    for array in arrays:
        mark = zlib.crc32(np.ascontiguousarray(array).tobytes(), mark)
    return mark
