"""What a SavedModel of others would do with files. It is a program: TensorFlow runs whatever stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

SPLIT_FILE = "saved_model.cpb"  # TensorFlow reads it first where it is there
_SHOWN = 5
# By name, in TensorFlow's registry of 1,462 operations: those that read or write files, start Python, ask other
# machines, or read data sets of files.
_ACTS = re.compile(
    r"File(?!name|spec)|Reader|Dataset|Iterator|Debug|PyFunc|ImportEvent|Remap|SummaryDbWriter|BigQuery|Rpc|PrintV2|"
    r"RemoteCall"
)
_SAVES = re.compile(r"^(Save|Restore|MergeV2)")  # every SavedModel has them, for its own weights
_WRITES = re.compile(r"^(Save|MergeV2)")  # its own saver, asked to restore, does not
_INIT = "__saved_model_init_op"


def refuse_file_operations(folder: Path) -> None:
    """Raise if a SavedModel would touch files other than its own weights, or is one that cannot be looked into.

    Raises:
        ValueError: Naming the operations, and what to do.
    """
    if (folder / SPLIT_FILE).exists():
        raise ValueError(f"{folder}: {_untrusted(f'it lies in {SPLIT_FILE}, which cannot be looked into')}")
    if found := sorted(_operations(_parsed(folder))):
        listed = ", ".join(found[:_SHOWN]) + (" and more" if len(found) > _SHOWN else "")
        raise ValueError(f"{folder}: {_untrusted(f'it would work with files or other programs ({listed})')}")


def _untrusted(what: str) -> str:
    return (
        f"expected a detector that only computes, but {what}. A SavedModel is a program. If you trust whoever made "
        "it, say trust=True; else do not use it."
    )


def _parsed(folder: Path):
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    binary = folder / "saved_model.pb"
    try:
        if binary.is_file():
            model.ParseFromString(binary.read_bytes())
        else:
            text_format.Parse((folder / "saved_model.pbtxt").read_text("utf-8"), model)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{folder}: expected a SavedModel, got a damaged one ({error}). Copy it again."
        ) from error
    return model


def _operations(model) -> set[str]:
    """The names of all operations that act, and of those that save or restore outside of TensorFlow's own saver."""
    found: set[str] = set()
    for meta in model.meta_graphs:
        graph = meta.graph_def
        functions = {function.signature.name: function.node_def for function in graph.library.function}
        everything = [*graph.node, *(node for nodes in functions.values() for node in nodes)]
        found |= {node.op for node in everything if _ACTS.search(node.op)}
        found |= {node.op for node in _run_nodes(meta, functions) if _SAVES.match(node.op)}
        restoring = [meta.saver_def.restore_op_name]
        found |= {node.op for node in _nodes_behind(meta, restoring, functions) if _WRITES.match(node.op)}
    return found


def _run_nodes(meta, functions: dict) -> Iterator:
    """The nodes that loading and calling the model may run: all but those that only its saver needs."""
    outputs = [info.name for each in meta.signature_def.values() for info in each.outputs.values()]
    outputs += [info.name for each in meta.signature_def.values() for info in each.inputs.values()]
    # In such lists models of TensorFlow 1 name what loading runs; its saver is in none of them.
    outputs += [_INIT, *(name for each in meta.collection_def.values() for name in each.node_list.value)]
    return _nodes_behind(meta, outputs, functions, list(meta.object_graph_def.concrete_functions))


def _nodes_behind(meta, outputs: Iterable[str], functions: dict, called: Iterable[str] = ()) -> Iterator:
    """The nodes on which tensors of the graph depend, and those of the functions that these or others call."""
    by_name = {node.name: node for node in meta.graph_def.node}
    todo, seen = list(called), set[str]()
    for node in _reached(by_name, outputs):
        yield node
        todo += _functions_of(node)
    while todo:
        name = todo.pop()
        if name in functions and name not in seen:
            seen.add(name)
            yield from functions[name]
            todo += [each for node in functions[name] for each in _functions_of(node)]


def _reached(by_name: dict, outputs: Iterable[str]) -> Iterator:
    """The nodes of a graph on which tensors depend."""
    todo, seen = [_node_name(name) for name in outputs], set()
    while todo:
        name = todo.pop()
        if name in by_name and name not in seen:
            seen.add(name)
            yield by_name[name]
            todo += [_node_name(each) for each in by_name[name].input]


def _node_name(tensor: str) -> str:
    return tensor.lstrip("^").split(":")[0]


def _functions_of(node) -> list[str]:
    """The functions that a node names: itself, or in its attributes."""
    attributes = [each for value in node.attr.values() for each in (value.func, *value.list.func)]
    return [node.op, *(each.name for each in attributes if each.name)]
