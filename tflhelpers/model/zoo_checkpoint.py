"""Writes detectors as checkpoints that the Object Detection API restores, object graph and all.

TensorFlow restores by walking the graph of Python objects that a checkpoint describes, and
`assert_consumed` asks that every object of the program occurs in it, also those without weights. The graphs of the
API's two networks, which do not depend on the number of classes, are kept in `zoo_data`. For other networks the
graph is the tree that the keys spell: enough for `restore(...).expect_partial()`.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import keras
import numpy as np

from tflhelpers.files.atomic_file import move_into_place, write_text
from tflhelpers.files.atomic_folder import scratch_beside
from tflhelpers.model.checkpoint_index import KEY_SUFFIX
from tflhelpers.model.ssd import variables_by_key

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
COUNTER_KEY = f"save_counter{KEY_SUFFIX}"
GRAPH_FOLDER = Path(__file__).parent / "zoo_data"
GRAPHS = ("object_graph_mobilenet.pb.gz", "object_graph_resnet50.pb.gz")
DATA_SUFFIX = ".data-00000-of-00001"


def save_zoo_checkpoint(network: keras.Model, prefix: str | os.PathLike) -> Path:
    """Write the weights of a network of `ssd` as a checkpoint of the Object Detection API.

    Args:
        network: Of `ssd`.
        prefix: Such as `folder/ckpt-0`: `ckpt-0.index`, `ckpt-0.data-00000-of-00001` and the file `checkpoint`,
            which names the newest one, are written to the folder, which is made where missing.

    Returns:
        The prefix.

    Raises:
        ImportError: If TensorFlow is missing.
    """
    variables = variables_by_key(network)
    tensors = {key: np.asarray(keras.ops.convert_to_numpy(v), np.float32) for key, v in variables.items()}
    return write_checkpoint(tensors, Path(prefix))


def write_checkpoint(tensors: Mapping[str, np.ndarray], prefix: Path) -> Path:
    """Write tensors under checkpoint keys, with the object graph that they belong to."""
    contents: dict[str, object] = {**tensors, COUNTER_KEY: np.array(1, np.int64)}
    contents[GRAPH_KEY] = object_graph(frozenset(contents))
    with scratch_beside(prefix) as scratch:
        _save(contents, scratch / prefix.name)
        for suffix in (DATA_SUFFIX, ".index"):  # the index last: without it there is no checkpoint
            name = f"{prefix.name}{suffix}"
            move_into_place(scratch / name, prefix.with_name(name))
    _note_newest(prefix)
    return prefix


def object_graph(keys: frozenset[str]) -> bytes:
    """Return the bytes of a TrackableObjectGraph that holds exactly the variables with these keys."""
    for name in GRAPHS:
        graph, known = _kept_graph(name)
        if known == keys:
            return graph
    return _tree_of_keys(keys)


@cache
def _kept_graph(name: str) -> tuple[bytes, frozenset[str]]:
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    data = gzip.decompress((GRAPH_FOLDER / name).read_bytes())
    nodes = TrackableObjectGraph.FromString(data).nodes
    return data, frozenset(each.checkpoint_key for node in nodes for each in node.attributes)


def _tree_of_keys(keys: frozenset[str]) -> bytes:
    """A node for each step on the way to each key, in the order of a depth-first walk."""
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    graph = TrackableObjectGraph()
    graph.nodes.add()
    number_of: dict[tuple[str, ...], int] = {(): 0}
    for key in sorted(keys):
        steps = tuple(key.removesuffix(KEY_SUFFIX).split("/"))
        for depth in range(1, len(steps) + 1):
            if steps[:depth] not in number_of:
                number_of[steps[:depth]] = len(graph.nodes)
                parent = graph.nodes[number_of[steps[: depth - 1]]]
                parent.children.add(node_id=len(graph.nodes), local_name=steps[depth - 1])
                graph.nodes.add()
        leaf = graph.nodes[number_of[steps]]
        leaf.attributes.add(name="VARIABLE_VALUE", full_name="/".join(steps), checkpoint_key=key)
    return graph.SerializeToString(deterministic=True)


def _save(contents: Mapping[str, object], prefix: Path) -> None:
    import tensorflow as tf

    keys = sorted(contents)
    with tf.device("/cpu:0"):
        tf.raw_ops.SaveV2(
            prefix=str(prefix),
            tensor_names=keys,
            shape_and_slices=[""] * len(keys),
            tensors=[tf.constant(contents[key]) for key in keys],
        )


def _note_newest(prefix: Path) -> None:
    """Write the file `checkpoint`, by which TensorFlow finds the newest checkpoint of a folder."""
    name = prefix.name.replace("\\", "\\\\").replace('"', '\\"')
    text = f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n'
    write_text(prefix.with_name("checkpoint"), text)
