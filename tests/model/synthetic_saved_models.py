"""SavedModels in the layout of the Object Detection API's exporter, made for tests by TensorFlow's own protos.

Variables lie as numbered lists, those that can be trained first; their names are the original's, read in the object
graphs of `zoo_data`, which the original wrote. Only the program itself is left out: nobody runs it.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.model.formula import SUFFIX
from tests.model.synthetic_checkpoints import write_checkpoint
from tflhelpers.model.zoo_checkpoint import GRAPH_FOLDER

LISTS = ("_feature_extractor", "_box_predictor")


def original_names(model: str) -> dict[str, str]:
    """Checkpoint key → the variable's name in the original's program, of "mobilenet" or "resnet50"."""
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    packed = (GRAPH_FOLDER / f"object_graph_{model}.pb.gz").read_bytes()
    nodes = TrackableObjectGraph.FromString(gzip.decompress(packed)).nodes
    names = {each.checkpoint_key: each.full_name for node in nodes for each in node.attributes}
    return {key: name for key, name in names.items() if key.startswith("model/")}


def write_saved_model(
    folder: Path,
    tensors: Mapping[str, np.ndarray],
    names: Mapping[str, str],
    *,
    graph_shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Path:
    """Writes `folder/saved_model.pb` and `folder/variables/`.

    Args:
        tensors: checkpoint key → value.
        names: checkpoint key → name in the object graph.
        graph_shapes: checkpoint key → shape in the object graph, where it is not the value's.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved_model = SavedModel(saved_model_schema_version=1)
    graph = saved_model.meta_graphs.add().object_graph_def
    root = graph.nodes.add()
    model = _child(graph, root, "_model")
    listed = {}
    for name in LISTS:
        variables = _child(graph, _child(graph, model, name), "variables")
        keys = sorted((key for key in tensors if f"/{name}/" in key), key=_trainable_first)
        for number, key in enumerate(keys):
            node = _child(graph, variables, str(number))
            node.variable.name = names[key]
            for side in (graph_shapes or {}).get(key, tensors[key].shape):
                node.variable.shape.dim.add(size=side)
            listed[f"_model/{name}/variables/{number}{SUFFIX}"] = tensors[key]
    listed["_CHECKPOINTABLE_OBJECT_GRAPH"] = np.array(b"\x0a\x00" * 40)
    write_checkpoint(folder / "variables" / "variables", listed)
    (folder / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return folder


def _child(graph, parent, local_name: str):
    parent.children.add(node_id=len(graph.nodes), local_name=local_name)
    return graph.nodes.add()


def _trainable_first(key: str) -> tuple[bool, str]:
    return "/moving_" in key, key
