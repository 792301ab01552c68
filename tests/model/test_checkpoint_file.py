"""What counts as a checkpoint, and the own sentence for everything that does not."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tests.model.synthetic_checkpoints import data_file, index_file, write_checkpoint
from tflhelpers.model.checkpoint_file import CheckpointError, CheckpointFile, find_checkpoint

TENSORS = {"model/a": np.arange(6, dtype=np.float32).reshape(2, 3), "model/b": np.array([7, -8], np.int64)}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("original") / "ckpt-0", TENSORS)


@pytest.fixture
def prefix(original, tmp_path):
    """A copy in the layout of an unpacked zoo archive: NAME/checkpoint/ckpt-0 beside NAME/saved_model."""
    folder = tmp_path / "ssd_zoo" / "checkpoint"
    folder.mkdir(parents=True)
    for path in (index_file(original), data_file(original)):
        shutil.copy(path, folder)
    (tmp_path / "ssd_zoo" / "saved_model" / "variables").mkdir(parents=True)
    (tmp_path / "ssd_zoo" / "saved_model" / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "ssd_zoo" / "pipeline.config").write_text("model {}")
    return folder / "ckpt-0"


@pytest.mark.parametrize(
    "given",
    [
        "checkpoint/ckpt-0",
        "checkpoint/ckpt-0.index",
        "checkpoint/ckpt-0.data-00000-of-00001",
        "checkpoint",
        ".",
    ],
)
def test_all_forms_mean_the_one_checkpoint(prefix, given):
    assert find_checkpoint(prefix.parent.parent / given) == prefix
    assert find_checkpoint(str(prefix.parent.parent / given)) == prefix


@pytest.mark.parametrize(
    "state",
    [
        'model_checkpoint_path: "ckpt-7"',
        'model_checkpoint_path: "/home/someone/run/ckpt-7"',
        'model_checkpoint_path: "D:\\\\run\\\\ckpt-7"',
    ],
)
def test_the_state_file_decides_between_several(prefix, state):
    for path in (index_file(prefix), data_file(prefix)):
        shutil.copy(path, path.with_name(path.name.replace("ckpt-0", "ckpt-7")))
    (prefix.parent / "checkpoint").write_text(f'{state}\nall_model_checkpoint_paths: "ckpt-0"\n')
    assert find_checkpoint(prefix.parent).name == "ckpt-7"


def test_several_without_a_state_file_are_listed(prefix):
    shutil.copy(index_file(prefix), prefix.with_name("ckpt-7.index"))
    with pytest.raises(CheckpointError, match=r"holds 2 checkpoints: ckpt-0, ckpt-7\. Name one"):
        find_checkpoint(prefix.parent)


def test_reads_values_and_checks_them(prefix):
    file = CheckpointFile(prefix)
    assert file.data_file_bytes == 6 * 4 + 2 * 8
    for key, tensor in TENSORS.items():
        assert file.read(key).dtype == tensor.dtype
        assert file.read(key).tolist() == tensor.tolist()


def _remove(path):
    path.unlink()


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("change", "given", "sentence"),
    [
        (lambda p: _remove(index_file(p)), "checkpoint/ckpt-0", r"The index of checkpoint .* is missing"),
        (lambda p: _remove(index_file(p)), "checkpoint", r"The index of checkpoint .* is missing"),
        (lambda p: _remove(data_file(p)), "checkpoint/ckpt-0", r"The data file of checkpoint .* is missing"),
        (lambda p: _remove(data_file(p)), ".", r"The data file of checkpoint .* is missing"),
        (lambda p: _cut(data_file(p)), ".", r"is cut short: expected 40 bytes, got 39"),
        (lambda p: data_file(p).write_bytes(b""), ".", r"is cut short: expected 40 bytes, got 0"),
        (lambda p: _cut(index_file(p)), ".", r"is no complete checkpoint index: the mark that ends"),
        (lambda p: None, "saved_model", r"is a SavedModel .* Give the checkpoint next to it: .*checkpoint"),
        (lambda p: None, "saved_model/variables/variables", r"is a SavedModel .* next to it"),
        (
            lambda p: None,
            "pipeline.config",
            r"is not part of a TensorFlow checkpoint\. Expected a prefix such as",
        ),
        (lambda p: None, "checkpoint/ckpt-1", r"There is no checkpoint at .*ckpt-1: .* holds ckpt-0\.data"),
        (lambda p: None, "nowhere/ckpt-0", r"the folder .*nowhere does not exist"),
        (lambda p: (p.parent.parent / "new").mkdir(), "new", r"no checkpoint at .*new: .* holds nothing"),
    ],
)
def test_each_mistake_has_its_own_sentence(prefix, change, given, sentence):
    change(prefix)
    with pytest.raises(CheckpointError, match=sentence):
        CheckpointFile(prefix.parent.parent / given)


def test_data_file_of_a_second_shard_is_asked_for(prefix):
    shutil.move(data_file(prefix), prefix.with_name("ckpt-0.data-00001-of-00002"))
    with pytest.raises(CheckpointError, match=r"ckpt-0\.data-00000-of-00001 is missing"):
        CheckpointFile(prefix)


@pytest.mark.parametrize("at", [0, 23])
def test_a_flipped_byte_is_noticed(prefix, at):
    data = bytearray(data_file(prefix).read_bytes())
    data[at] ^= 4
    data_file(prefix).write_bytes(data)
    file = CheckpointFile(prefix)
    assert file.read("model/b").tolist() == [7, -8]
    with pytest.raises(CheckpointError, match=r"is damaged: the checksum of model/a is wrong"):
        file.read("model/a")


def test_a_tensor_of_text_is_refused(tmp_path):
    prefix = write_checkpoint(tmp_path / "ckpt", {"model/a": np.array(b"words")})
    with pytest.raises(CheckpointError, match=r"model/a .* is of type string; only whole tensors of numbers"):
        CheckpointFile(prefix).read("model/a")
