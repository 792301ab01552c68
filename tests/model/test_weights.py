"""Weights on disk: load∘save is the identity, and a file is used whole or not at all."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from tflhelpers.model.checkpoint_index import KEY_SUFFIX
from tflhelpers.model.layers import batch_norm, conv
from tflhelpers.model.ssd import variables_by_key
from tflhelpers.model.weights import DamagedFile, load_weights, read_npz, save_weights, write_npz


def network(channels=4, seed=0, depth=1):
    """A convolution with batch norm under checkpoint keys, `depth` times: all that is looked at here."""
    keras.utils.set_random_seed(seed)
    x = images = keras.Input((8, 8, 3))
    for i in range(depth):
        x = batch_norm(f"model/bn{i}")(conv(channels, 3, f"model/conv{i}", bias=True)(x))
    model = keras.Model(images, layers.ReLU()(x))
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        variable.assign(rng.normal(size=variable.shape))
    return model


def values(model):
    return {
        key: np.array(ops.convert_to_numpy(variable)) for key, variable in variables_by_key(model).items()
    }


def assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for key in ours:
        np.testing.assert_array_equal(ours[key], theirs[key], err_msg=key)


def test_loading_undoes_saving(tmp_path):
    ours, other = network(seed=1, depth=2), network(seed=2, depth=2)
    save_weights(ours, tmp_path / "w.npz")
    load_weights(other, tmp_path / "w.npz")
    assert_same(values(other), values(ours))
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]


def test_names_in_the_file_are_the_checkpoint_keys(tmp_path):
    save_weights(network(), tmp_path / "w.npz")
    leaves = ("conv0/kernel", "conv0/bias", "bn0/gamma", "bn0/beta", "bn0/moving_mean", "bn0/moving_variance")
    with np.load(tmp_path / "w.npz") as file:
        assert set(file.files) == {f"model/{leaf}" for leaf in leaves}
        assert file["model/conv0/kernel"].shape == (3, 3, 3, 4)


def test_float16_halves_the_file_and_keeps_three_digits(tmp_path):
    ours, other = network(channels=64, depth=2), network(channels=64, seed=3, depth=2)
    save_weights(ours, tmp_path / "whole.npz")
    save_weights(ours, tmp_path / "half.npz", dtype="float16")
    load_weights(other, tmp_path / "half.npz")
    assert (tmp_path / "half.npz").stat().st_size < 0.6 * (tmp_path / "whole.npz").stat().st_size
    for key, value in values(ours).items():
        np.testing.assert_allclose(values(other)[key], value, rtol=1e-3, atol=1e-6)
        np.testing.assert_array_equal(values(other)[key], value.astype(np.float16).astype(np.float32))


def test_what_float16_cannot_hold_stays_float32(tmp_path):
    ours, other = network(), network(seed=1)
    key = f"model/bn0/moving_variance{KEY_SUFFIX}"
    variables_by_key(ours)[key].assign([1e6, 7e4, 1.0, 2.0])
    save_weights(ours, tmp_path / "half.npz", dtype="float16")
    load_weights(other, tmp_path / "half.npz")
    np.testing.assert_array_equal(values(other)[key], [1e6, 7e4, 1.0, 2.0])


def test_other_dtypes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="float32 or float16, got int8"):
        save_weights(network(), tmp_path / "w.npz", dtype="int8")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("saved", "wanted", "message"),
    [
        ({"channels": 5}, {}, "6 of 6 weights are missing or have another shape, first model/conv0/kernel"),
        ({}, {"depth": 2}, "6 of 12 weights are missing or have another shape, first model/conv1/kernel"),
    ],
)
def test_a_file_of_another_network_is_refused_and_nothing_is_set(tmp_path, saved, wanted, message):
    save_weights(network(**saved), tmp_path / "w.npz")
    target = network(seed=9, **wanted)
    before = values(target)
    with pytest.raises(ValueError, match=message):
        load_weights(target, tmp_path / "w.npz")
    assert_same(values(target), before)


def test_skipped_weights_are_left_alone_and_may_have_another_shape(tmp_path):
    save_weights(network(channels=4, seed=1), tmp_path / "w.npz")
    target = network(channels=4, seed=2)
    before = values(target)
    load_weights(target, tmp_path / "w.npz", skip=lambda key: "bn0" in key)
    with np.load(tmp_path / "w.npz") as file:
        for key, value in values(target).items():
            expected = before[key] if "bn0" in key else file[key.removesuffix(KEY_SUFFIX)]
            np.testing.assert_array_equal(value, expected, err_msg=key)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_refused_by_name(tmp_path, content):
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"w\.npz.*damaged"):
        load_weights(network(), tmp_path / "w.npz")


def test_a_file_cut_short_is_refused_by_name(tmp_path):
    save_weights(network(), tmp_path / "w.npz")
    whole = (tmp_path / "w.npz").read_bytes()
    (tmp_path / "w.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"w\.npz.*damaged"):
        load_weights(network(), tmp_path / "w.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_changed_byte_changes_no_array_and_raises_nothing_but_damaged_file(tmp_path, save):
    """At every place of the file: zipfile and NumPy raise seven kinds of errors there, or do not list an array."""
    path, arrays = tmp_path / "a.npz", {"a": np.arange(6.0), "text": np.array("duck")}
    write_npz(path, save, arrays)
    whole, refused = path.read_bytes(), 0
    for place in range(len(whole)):
        for byte in (0, 255, whole[place] ^ 1):
            path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            try:
                found = read_npz(path)
            except DamagedFile:
                refused += 1
                continue
            for name, array in found.items():
                np.testing.assert_array_equal(array, arrays[name])
    assert refused > len(whole)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    old = network(seed=1)
    save_weights(old, tmp_path / "w.npz")

    def disk_full(file, **arrays):
        file.write(b"half a file")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", disk_full)
    with pytest.raises(OSError, match="No space"):
        save_weights(network(seed=2), tmp_path / "w.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]
    other = network(seed=3)
    load_weights(other, tmp_path / "w.npz")
    assert_same(values(other), values(old))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, 1j, "text"])
def test_weights_that_are_no_finite_numbers_are_refused_and_nothing_is_set(tmp_path, bad):
    ours, other = network(seed=1), network(seed=2)
    save_weights(ours, tmp_path / "w.npz")
    arrays = read_npz(tmp_path / "w.npz")
    array = arrays["model/bn0/gamma"].astype(np.result_type(bad) if isinstance(bad, complex) else object)
    array[2] = bad
    arrays["model/bn0/gamma"] = array.astype(str if isinstance(bad, str) else np.result_type(bad))
    write_npz(tmp_path / "w.npz", np.savez, arrays)
    before = values(other)
    with pytest.raises(
        ValueError, match=r"w\.npz must hold finite numbers, but 1 of 6 weights .* model/bn0/gamma"
    ):
        load_weights(other, tmp_path / "w.npz")
    assert_same(values(other), before)


class _Telling:
    """Says so when it is unpickled."""

    made = 0

    def __reduce__(self):
        return _tell, ()


def _tell():
    _Telling.made += 1


def test_objects_in_a_file_of_weights_are_never_made(tmp_path):
    """NumPy's format can hold pickles, which are programs."""
    np.savez(tmp_path / "w.npz", **{"model/conv0/kernel": np.array([_Telling()], object)})
    with pytest.raises(DamagedFile, match="allow_pickle=False"):
        read_npz(tmp_path / "w.npz")
    with pytest.raises(ValueError, match=r"w\.npz must be a file of weights, but it is damaged"):
        load_weights(network(), tmp_path / "w.npz")
    assert _Telling.made == 0
