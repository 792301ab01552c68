"""The object graph of a SavedModel: which Python objects its program had, and the name and shape of each variable.

It stands in `saved_model.pb`: SavedModel → meta_graphs → object_graph_def → nodes
(tensorflow/core/protobuf/{saved_model,meta_graph,saved_object_graph}.proto). The rest of that file, the program
itself, is passed over: nothing of it is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tflhelpers.files.wire_proto import Fields, ProtoError, fields_of, number, shape_of, text

META_GRAPHS, OBJECT_GRAPH, NODES = 2, 7, 1  # fields of SavedModel, MetaGraphDef, SavedObjectGraph
CHILDREN, VARIABLE = 1, 7  # of SavedObject
NODE_ID, LOCAL_NAME = 1, 2  # of ObjectReference
SHAPE, NAME = 2, 6  # of SavedVariable


@dataclass(frozen=True)
class GraphVariable:
    """A variable of the program: its name, such as "Conv1/kernel", and its shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class GraphNode:
    """An object: which others it holds, by the names that it has for them, and which variable it is, if one."""

    children: dict[str, int]
    variable: GraphVariable | None


class ObjectGraph:
    """The objects of a SavedModel; `variable_at` follows the names from one to the next."""

    def __init__(self, nodes: list[GraphNode]) -> None:
        self.nodes = nodes

    def variable_at(self, steps: list[str]) -> GraphVariable | None:
        """The variable that these names lead to from the first object, such as ["_model", "variables", "0"]."""
        number = 0
        for step in steps:
            if step not in self.nodes[number].children:
                return None
            number = self.nodes[number].children[step]
        return self.nodes[number].variable


def read_object_graph(path: Path) -> ObjectGraph:
    """Reads the object graph of a `saved_model.pb`.

    Raises:
        ValueError: the file is cut, is something else, or has no object graph; the text says which.
        OSError: it cannot be read.
    """
    try:
        return _checked(_nodes(fields_of(path.read_bytes())))
    except ProtoError:
        raise ValueError("one of its records is damaged or cut short") from None
    except (AttributeError, TypeError):  # a number where a message was expected, or the other way round
        raise ValueError("it is something else") from None


def _nodes(model: Fields) -> list[GraphNode]:
    graphs = [fields_of(meta).get(OBJECT_GRAPH, []) for meta in model.get(META_GRAPHS, [])]
    found = [graph for each in graphs for graph in each]
    return [_node(message) for message in fields_of(found[0]).get(NODES, [])] if found else []


def _node(message: memoryview) -> GraphNode:
    fields = fields_of(message)
    references = [fields_of(reference) for reference in fields.get(CHILDREN, [])]
    children = {text(each, LOCAL_NAME): number(each, NODE_ID) for each in references}
    return GraphNode(children, _variable(fields[VARIABLE][-1]) if VARIABLE in fields else None)


def _variable(message: memoryview) -> GraphVariable:
    fields = fields_of(message)
    return GraphVariable(text(fields, NAME), shape_of(fields.get(SHAPE, [b""])[-1]))


def _checked(nodes: list[GraphNode]) -> ObjectGraph:
    if not nodes:
        raise ValueError("it names no objects, as is so for those of TensorFlow 1")
    if any(child >= len(nodes) for node in nodes for child in node.children.values()):
        raise ValueError("it names objects that it does not hold")
    return ObjectGraph(nodes)
