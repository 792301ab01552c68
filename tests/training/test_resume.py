"""The state of a training on disk: load∘save is the identity, and a crash leaves something to go on from."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, ops

from tflhelpers.training.resume import STATE_FILE, load_state, save_state


def trainer(seed, units=3, steps=2):
    """What these functions look at: a network and its optimizer, some steps into a training."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([keras.Input((4,)), layers.Dense(units), layers.BatchNormalization()])
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(network.trainable_variables)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        gradients = [rng.normal(size=v.shape).astype(np.float32) for v in network.trainable_variables]
        optimizer.apply(gradients)
    return SimpleNamespace(network=network, optimizer=optimizer, whole=lambda: network)


def values(made):
    return [np.array(ops.convert_to_numpy(v)) for v in [*made.network.variables, *made.optimizer.variables]]


def assert_same(ours, theirs):
    assert len(ours) == len(theirs) > 8  # weights, moving values, momenta and the count of steps
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_without_a_file_nothing_is_done(tmp_path):
    made = trainer(0)
    before = values(made)
    assert load_state(made, tmp_path / STATE_FILE) == (0, {})
    assert_same(values(made), before)


@pytest.mark.parametrize("losses", [{}, {"loss": [3.5, 2.25], "matched": [7.0, 0.0]}])
def test_loading_undoes_saving(tmp_path, losses):
    ours, other = trainer(1), trainer(2, steps=5)
    save_state(ours, 2, tmp_path / STATE_FILE, settings="rate 0.1", losses=losses)
    assert load_state(other, tmp_path / STATE_FILE, settings="rate 0.1") == (2, losses)
    assert_same(values(other), values(ours))
    assert int(ops.convert_to_numpy(other.optimizer.iterations)) == 2
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


@pytest.mark.parametrize(
    ("other", "settings"), [({}, "rate 0.2"), ({"units": 4}, "rate 0.1")], ids=["settings", "network"]
)
def test_a_state_of_another_training_is_refused_and_nothing_is_set(tmp_path, other, settings):
    save_state(trainer(1), 2, tmp_path / STATE_FILE, settings="rate 0.1")
    made = trainer(2, **other)
    before = values(made)
    with pytest.raises(ValueError, match=rf"another training \(rate 0\.1\), this one is \({settings}\)"):
        load_state(made, tmp_path / STATE_FILE, settings=settings)
    assert_same(values(made), before)


def test_a_crash_while_saving_leaves_the_older_state(tmp_path, monkeypatch):
    older, newer, other = trainer(1), trainer(1, steps=4), trainer(2)
    save_state(older, 2, tmp_path / STATE_FILE)

    def crash(file, **arrays):
        file.write(b"half a state")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", crash)
        with pytest.raises(KeyboardInterrupt):
            save_state(newer, 4, tmp_path / STATE_FILE)
    assert load_state(other, tmp_path / STATE_FILE)[0] == 2
    assert_same(values(other), values(older))
    save_state(newer, 4, tmp_path / STATE_FILE)  # what the crash left behind is in nobody's way
    assert load_state(other, tmp_path / STATE_FILE)[0] == 4
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_a_half_written_state_is_reported_and_the_training_starts_anew(tmp_path, caplog, part):
    path = tmp_path / STATE_FILE
    save_state(trainer(1), 2, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    made = trainer(2)
    before = values(made)
    with caplog.at_level(logging.WARNING):
        assert load_state(made, path) == (0, {})
    assert_same(values(made), before)
    assert "training_state.npz is damaged" in caplog.text
