"""The object graph of a SavedModel, written by TensorFlow's protos and read by our own reader."""

from __future__ import annotations

import pytest

from tflhelpers.model.object_graph import GraphVariable, read_object_graph


def _saved_model():
    """root ─ _model ─┬─ variables ─ "0" ─ a (2, 3)      and a second way to a: _model ─ first
    └─ first"""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved_model = SavedModel(saved_model_schema_version=1)
    meta = saved_model.meta_graphs.add()
    meta.graph_def.node.add(name="the program", op="NoOp")
    nodes = [meta.object_graph_def.nodes.add() for _ in range(4)]
    nodes[0].children.add(node_id=1, local_name="_model")
    nodes[1].children.add(node_id=2, local_name="variables")
    nodes[1].children.add(node_id=3, local_name="first")
    nodes[2].children.add(node_id=3, local_name="0")
    nodes[3].variable.name = "a"
    for side in (2, 3):
        nodes[3].variable.shape.dim.add(size=side)
    return saved_model


@pytest.fixture
def path(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(_saved_model().SerializeToString())
    return tmp_path / "saved_model.pb"


@pytest.mark.parametrize(
    ("steps", "variable"),
    [
        ([], None),
        (["_model"], None),
        (["_model", "variables", "0"], GraphVariable("a", (2, 3))),
        (["_model", "first"], GraphVariable("a", (2, 3))),
        (["_model", "variables", "1"], None),
        (["first"], None),
    ],
)
def test_variables_are_found_by_the_way_to_them(path, steps, variable):
    assert read_object_graph(path).variable_at(steps) == variable


def test_a_cut_file_is_noticed_wherever_it_is_cut(path):
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut short|ends in the middle|names no objects"):
            read_object_graph(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda model: model.meta_graphs[0].ClearField("object_graph_def"), "names no objects"),
        (lambda model: model.ClearField("meta_graphs"), "names no objects"),
        (
            lambda model: model.meta_graphs[0].object_graph_def.nodes[0].children.add(node_id=4),
            "objects that it does not hold",
        ),
    ],
)
def test_what_is_no_object_graph(path, change, sentence):
    saved_model = _saved_model()
    change(saved_model)
    path.write_bytes(saved_model.SerializeToString())
    with pytest.raises(ValueError, match=sentence):
        read_object_graph(path)


@pytest.mark.parametrize(
    "data",
    [
        b"\x10\x01",
        b"\x12\x02\x38\x01",
        b"<html>not found</html>",
        bytes.fromhex("12 09 3a 07 0a 05 0a 03 0a 01 41"),  # a child's number as text
    ],
)
def test_other_files(path, data):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"^(it|one of its records)"):
        read_object_graph(path)
