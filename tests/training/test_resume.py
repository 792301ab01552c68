"""The state of a training on disk: load∘save is the identity, and a crash leaves something to go on from."""

from __future__ import annotations

import contextlib
import logging
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, ops

from tflhelpers.training import resume
from tflhelpers.training.resume import STATE_FILE, Stored, load_state, save_state


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
    assert load_state(made, tmp_path / STATE_FILE) == Stored()
    assert_same(values(made), before)


@pytest.mark.parametrize(
    ("losses", "about"),
    [({}, {}), ({"loss": [3.5, 2.25], "matched": [7.0, 0.0]}, {"notes": ["größer"], "seconds": 1.5})],
)
def test_loading_undoes_saving(tmp_path, losses, about):
    ours, other = trainer(1), trainer(2, steps=5)
    save_state(ours, 2, tmp_path / STATE_FILE, settings="rate 0.1", losses=losses, about=about)
    assert load_state(other, tmp_path / STATE_FILE, settings="rate 0.1") == Stored(2, losses, about)
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
    with pytest.raises(ValueError, match=rf"another training \(rate 0\.1\); this one is \({settings}\)"):
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
    assert load_state(other, tmp_path / STATE_FILE).step == 2
    assert_same(values(other), values(older))
    save_state(newer, 4, tmp_path / STATE_FILE)  # what the crash left behind is in nobody's way
    assert load_state(other, tmp_path / STATE_FILE).step == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [BEFORE, STATE_FILE]


NEW, BEFORE = "training_state.new.npz", "training_state.before.npz"


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_a_half_written_state_is_reported_and_the_training_starts_anew(tmp_path, caplog, part):
    path = tmp_path / STATE_FILE
    save_state(trainer(1), 2, path)
    cut(path, part)
    made = trainer(2)
    before = values(made)
    with caplog.at_level(logging.WARNING):
        assert load_state(made, path) == Stored()
    assert_same(values(made), before)
    assert "training_state.npz is damaged" in caplog.text


def cut(path, part):
    """As a drive in the cloud may leave a file that had been written whole."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_a_half_written_state_gives_way_to_the_one_before_it(tmp_path, part):
    states = [trainer(1, steps=step) for step in (2, 4, 6)]
    for step, state in zip((2, 4, 6), states, strict=True):
        save_state(state, step, tmp_path / STATE_FILE)
    cut(tmp_path / STATE_FILE, part)
    other = trainer(2)
    assert load_state(other, tmp_path / STATE_FILE).step == 4
    assert_same(values(other), values(states[1]))


@pytest.mark.parametrize(
    ("renamed", "step"), [(0, 2), (1, 4), (2, 4)], ids=["before both", "between them", "after both"]
)
def test_a_death_between_the_two_renamings_loses_nothing(tmp_path, monkeypatch, renamed, step):
    path = tmp_path / STATE_FILE
    save_state(trainer(1), 2, path)
    replace, calls = resume.os.replace, []

    def dying(source, target):
        if ".part" not in source.name:  # that is within `write_npz`
            calls.append(target)
            if len(calls) > renamed:
                raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(resume.os, "replace", dying)
        with contextlib.suppress(KeyboardInterrupt):
            save_state(trainer(1, steps=4), 4, path)
    assert load_state(trainer(2), path).step == step
    save_state(trainer(1, steps=6), 6, path)
    assert load_state(trainer(2), path).step == 6
