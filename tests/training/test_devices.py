"""Which devices a training takes: as many as divide a batch, or those that are set in Keras."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tests.training.tiny import drawn_pictures, tiny_detector
from tflhelpers.training.devices import Devices, choose_devices, default_device
from tflhelpers.training.fine_tune import fine_tune


class Parallel:
    """Stands for `keras.distribution.DataParallel`, which needs JAX."""

    def __init__(self, devices, processes=()):
        found = [SimpleNamespace(process_index=process) for process in processes]
        mesh = SimpleNamespace(devices=np.array(found, object))
        self.device_mesh = SimpleNamespace(devices=np.array(devices), backend_mesh=mesh)


@pytest.fixture
def cluster(monkeypatch):
    """Makes Keras compute with a JAX of so many devices in each process; this is the last process."""

    def make(*counts, chosen=None):
        devices = [
            SimpleNamespace(platform="gpu", id=10 * process + number, process_index=process)
            for process, count in enumerate(counts)
            for number in range(count)
        ]
        jax = SimpleNamespace(
            devices=lambda: devices,
            process_index=lambda: len(counts) - 1,
            process_count=lambda: len(counts),
        )
        monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
        monkeypatch.setitem(sys.modules, "jax", jax)
        monkeypatch.setattr(keras.distribution, "DataParallel", Parallel)
        monkeypatch.setattr(keras.distribution, "distribution", lambda: chosen)

    return make


def names(devices):
    return [] if devices.distribution is None else devices.distribution.device_mesh.devices.tolist()


@pytest.mark.parametrize(
    ("counts", "batch_size", "taken", "shard"),
    [
        ([1], 4, [], (0, 1)),
        ([8], 8, [0, 1, 2, 3, 4, 5, 6, 7], (0, 1)),
        ([8], 6, [0, 1, 2, 3, 4, 5], (0, 1)),
        ([8], 4, [0, 1, 2, 3], (0, 1)),
        ([4], 6, [0, 1, 2], (0, 1)),
        ([4], 7, [], (0, 1)),
        ([4], 1, [], (0, 1)),
        ([3], 64, [0, 1], (0, 1)),
        ([1, 1], 4, [0, 10], (1, 2)),
        ([4, 4], 4, [0, 1, 10, 11], (1, 2)),
        ([4, 2], 8, [0, 1, 10, 11], (1, 2)),  # as many in each
        ([4, 4], 6, [0, 1, 2, 10, 11, 12], (1, 2)),
        ([2, 2, 2], 9, [0, 10, 20], (2, 3)),
    ],
)
def test_as_many_devices_as_divide_a_batch(cluster, counts, batch_size, taken, shard):
    cluster(*counts)
    devices = choose_devices(batch_size)
    assert names(devices) == [f"gpu:{number}" for number in taken]
    assert devices.shard == shard


@pytest.mark.parametrize(
    ("counts", "batch_size", "note"),
    [
        ([1], 4, ""),
        ([4], 8, "Each batch of 8 was spread over 4 devices."),
        (
            [8],
            6,
            "Each batch of 6 was spread over 6 devices of 8; make batch_size a multiple of 8 to use all.",
        ),
        ([4], 7, "Each batch of 7 was on 1 device of 4; make batch_size a multiple of 4 to use all."),
        ([4, 4], 8, "Each batch of 8 was spread over 8 devices."),
    ],
)
def test_what_is_told_of_them(cluster, counts, batch_size, note):
    cluster(*counts)
    assert choose_devices(batch_size).note == note


def test_a_batch_that_processes_cannot_share_is_refused(cluster):
    cluster(2, 2, 2)
    with pytest.raises(ValueError, match="must be a multiple of their number, 3, got 4"):
        choose_devices(4)


def test_a_distribution_that_is_set_is_taken_as_it_is(cluster):
    chosen = Parallel(["gpu:1", "gpu:2"], [0, 0])
    cluster(8, chosen=chosen)
    assert choose_devices(4).distribution is chosen
    with pytest.raises(ValueError, match="multiple of the 2 devices of the distribution that is set, got 5"):
        choose_devices(5)


@pytest.mark.parametrize("processes", [[0, 0], [0, 1, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0]])
def test_a_distribution_that_is_set_has_as_many_devices_of_each_process(cluster, processes):
    cluster(4, 4, chosen=Parallel(["gpu:0"] * len(processes), processes))
    with pytest.raises(ValueError, match=f"of each of the 2 processes.*{re.escape(str(processes))}"):
        choose_devices(8)


def test_another_kind_of_distribution_is_refused(cluster):
    cluster(8, chosen="ModelParallel")
    with pytest.raises(ValueError, match=r"must be a keras\.distribution\.DataParallel, got str"):
        choose_devices(8)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="is of other backends")
def test_other_backends_train_on_their_own_device():
    assert choose_devices(8) == Devices()


def test_within_a_training_no_distribution_is_set_and_afterwards_it_is_again():
    chosen = object()
    keras.distribution.set_distribution(chosen)
    try:
        with default_device():
            assert keras.distribution.distribution() is None
        assert keras.distribution.distribution() is chosen
    finally:
        keras.distribution.set_distribution(None)


@pytest.fixture(scope="module")
def detector():
    return tiny_detector()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"batch_size": 3}, "batch_size .* got 3"), ({"budget": "1 min"}, "budget must be None .* got '1 min'")],
)
def test_what_several_processes_cannot_do_is_refused_before_anything(
    detector, cluster, tmp_path, arguments, message
):
    pictures = drawn_pictures(tmp_path, 2)
    cluster(1, 1)
    with pytest.raises(ValueError, match=message):
        fine_tune(detector, pictures, resume_dir=tmp_path / "state", **arguments)
    assert not (tmp_path / "state").exists()
