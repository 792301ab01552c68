"""Checkpoints as the Object Detection API has them; that it restores them is proved in tests/peers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.model.synthetic_checkpoints import formula_tensors, stand_ins, weight_shapes, write_checkpoint
from tests.training.tiny import tiny_detector
from tflhelpers.model.checkpoint import restore
from tflhelpers.model.checkpoint_file import CheckpointFile, find_checkpoint
from tflhelpers.model.ssd import variables_by_key
from tflhelpers.model.zoo_checkpoint import COUNTER_KEY, GRAPH_KEY, GRAPHS, object_graph
from tflhelpers.model.zoo_checkpoint import write_checkpoint as write_with_graph

SMALL = {"model/a/0/kernel/.ATTRIBUTES/VARIABLE_VALUE": np.float32([[1, 2], [3, 4]])}


def _nodes(graph: bytes):
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    return TrackableObjectGraph.FromString(graph).nodes


@pytest.mark.parametrize(("model", "graph"), list(zip(("mobilenet", "resnet50"), GRAPHS, strict=True)))
@pytest.mark.parametrize("num_classes", [1, 90])
def test_the_graph_of_both_networks_is_the_apis_own(model, graph, num_classes):
    keys = frozenset({*weight_shapes(model, num_classes), COUNTER_KEY})
    nodes = _nodes(object_graph(keys))
    assert {each.checkpoint_key for node in nodes for each in node.attributes} == keys
    assert len(nodes) == {"mobilenet": 773, "resnet50": 896}[model]
    assert {child.local_name for child in nodes[1].children} >= {"_box_predictor", "_feature_extractor"}


def test_the_tree_of_other_keys_by_hand():
    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    keys = [f"model/a/kernel{suffix}", f"model/a/bias{suffix}", COUNTER_KEY]
    nodes = _nodes(object_graph(frozenset(keys)))
    assert [[(child.local_name, child.node_id) for child in node.children] for node in nodes] == [
        [("model", 1), ("save_counter", 5)],
        [("a", 2)],
        [("bias", 3), ("kernel", 4)],
        [],
        [],
        [],
    ]
    assert [[each.checkpoint_key for each in node.attributes] for node in nodes] == [
        [], [], [], [keys[1]], [keys[0]], [keys[2]]
    ]  # fmt: skip


def test_tensors_come_back_bit_by_bit(tmp_path):
    tensors = formula_tensors("mobilenet", 3)
    prefix = write_with_graph(tensors, tmp_path / "new" / "ckpt-7")
    variables = stand_ins(weight_shapes("mobilenet", 3))
    report = restore(variables, prefix)
    assert (len(report.restored), report.surplus, len(report.bookkeeping)) == (384, (), 2)
    assert all(np.array_equal(variables[key].value, tensor) for key, tensor in tensors.items())
    assert sorted(path.name for path in prefix.parent.iterdir()) == [
        "checkpoint",
        "ckpt-7.data-00000-of-00001",
        "ckpt-7.index",
    ]


def test_the_files_hold_the_entries_that_tensorflow_writes(tmp_path):
    ours = CheckpointFile(write_with_graph(SMALL, tmp_path / "ours"))
    graph = object_graph(frozenset({*SMALL, COUNTER_KEY}))
    theirs = write_checkpoint(
        tmp_path / "theirs", {**SMALL, COUNTER_KEY: np.array(1, np.int64), GRAPH_KEY: np.array(graph)}
    )
    assert set(ours.entries) == set(CheckpointFile(theirs).entries) == {*SMALL, COUNTER_KEY, GRAPH_KEY}


def test_the_newest_checkpoint_of_a_folder_is_found(tmp_path):
    import tensorflow as tf

    for name in ("ckpt-1", "ckpt-2"):
        write_with_graph(SMALL, tmp_path / name)
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "ckpt-2")
    assert find_checkpoint(tmp_path) == tmp_path / "ckpt-2"


def test_a_checkpoint_is_replaced_whole(tmp_path, monkeypatch):
    prefix = write_with_graph(SMALL, tmp_path / "ckpt-0")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("tflhelpers.model.zoo_checkpoint._save", _failing)
    with pytest.raises(OSError, match="disk full"):
        write_with_graph(SMALL, prefix)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def _failing(contents, prefix):
    prefix.with_name(prefix.name + ".index").write_bytes(b"half")
    raise OSError("disk full")


def test_a_detector_saves_itself_and_tensorflow_restores_it_by_its_objects(tmp_path):
    import tensorflow as tf

    detector = tiny_detector()
    prefix = detector.save_zoo_checkpoint(tmp_path / "ckpt-0")
    key, variable = next(iter(variables_by_key(detector.network).items()))
    root = node = tf.train.Checkpoint()
    *steps, leaf = key.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").split("/")
    for step in steps:
        setattr(node, step, tf.train.Checkpoint())
        node = getattr(node, step)
    setattr(node, leaf, tf.Variable(tf.zeros(variable.shape)))
    root.restore(str(prefix)).assert_existing_objects_matched().expect_partial()
    assert np.array_equal(getattr(node, leaf).numpy(), np.asarray(variable))
    assert np.abs(np.asarray(variable)).max() > 0
