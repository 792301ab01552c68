"""Reads the weights of a SavedModel that the Object Detection API exported, without running it.

A SavedModel holds the network's variables as numbered lists (`_model/_feature_extractor/variables/12`), in an order
that depends on what was trainable when it was written. Their names stand in the object graph of `saved_model.pb`, so
each key is followed there to its variable, and the name of that gives the checkpoint key that our network has.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.model.checkpoint_file import CheckpointError, CheckpointFile
from tflhelpers.model.checkpoint_index import KEY_SUFFIX, Entry
from tflhelpers.model.object_graph import GraphVariable, ObjectGraph, read_object_graph

GRAPH_FILE = "saved_model.pb"
VARIABLES = Path("variables") / "variables"  # the prefix of its checkpoint
INSIDE = (GRAPH_FILE, "variables", "variables.index", "variables.data-00000-of-00001")


def saved_model_folder(path: str | Path) -> Path | None:
    """The folder of the SavedModel that `path` means, None where it means none.

    Args:
        path: that folder, its `saved_model.pb`, its folder or prefix of variables, or an unpacked archive that holds
            `saved_model/` and no `checkpoint/`.
    """
    path = Path(path).expanduser()
    candidates = [path, path.parent, path.parent.parent] if path.name in INSIDE else [path]
    if not (path / "checkpoint").exists():
        candidates.append(path / "saved_model")
    return next((folder for folder in candidates if (folder / GRAPH_FILE).is_file()), None)


def open_weights(path: str | Path) -> CheckpointFile | SavedModelFile:
    """The checkpoint or SavedModel that `path` means.

    Raises:
        CheckpointError: there is neither, or its files are damaged.
    """
    folder = saved_model_folder(path)
    return CheckpointFile(path) if folder is None else SavedModelFile(folder)


class SavedModelFile:
    """An open SavedModel, like `CheckpointFile`: `.prefix` (its folder), `.entries` (key → Entry), `.read(key)`.

    The keys are those that the same weights have in a checkpoint. A variable that our networks do not have keeps its
    name, behind `model/`.

    Raises:
        CheckpointError: a file is missing or damaged, or the files do not belong together.
    """

    kind = "SavedModel"

    def __init__(self, folder: str | Path):
        # Brings Keras, which checkpoints do without.
        from tflhelpers.model.original_names import checkpoint_keys

        self.prefix = Path(folder)
        graph = self._read_graph()
        self._file = self._open_variables()
        listed = {key: entry for key, entry in self._file.entries.items() if key.endswith(KEY_SUFFIX)}
        variables = {key: self._variable(graph, key, entry) for key, entry in listed.items()}
        keys = checkpoint_keys(variable.name for variable in variables.values())
        known_as = {
            key: keys.get(variable.name, f"model/{variable.name}{KEY_SUFFIX}")
            for key, variable in variables.items()
        }
        self._check_unique(list(known_as.values()))
        self._listed_as = {ours: key for key, ours in known_as.items()}
        self.entries: dict[str, Entry] = {key: listed[own] for key, own in self._listed_as.items()}

    @property
    def data_file_bytes(self) -> int:
        """Bytes of all data files together."""
        return self._file.data_file_bytes

    def read(self, key: str) -> np.ndarray:
        """The tensor of `key`, a new array. Raises CheckpointError if its checksum is wrong."""
        return self._file.read(self._listed_as[key])

    def _read_graph(self) -> ObjectGraph:
        path = self.prefix / GRAPH_FILE
        refuse_stand_in(path, "a SavedModel", CheckpointError)
        try:
            return read_object_graph(path)
        except ValueError as error:
            raise CheckpointError(
                f"{path} is no SavedModel of the Object Detection API: {error}. Fetch or copy the folder "
                f"{self.prefix} again."
            ) from None

    def _open_variables(self) -> CheckpointFile:
        prefix = self.prefix / VARIABLES
        if not prefix.with_name("variables.index").is_file():
            raise CheckpointError(
                f"The weights of the SavedModel {self.prefix} are missing: expected {prefix}.index and "
                "variables.data-00000-of-00001 next to it. Copy the whole folder, variables/ included."
            )
        return CheckpointFile.at(prefix)

    def _variable(self, graph: ObjectGraph, key: str, entry: Entry) -> GraphVariable:
        steps = [_unescaped(step) for step in key.removesuffix(KEY_SUFFIX).split("/")]
        variable = graph.variable_at(steps)
        if variable is not None and variable.shape == entry.shape:
            return variable
        got = "none" if variable is None else f"{variable.name} of shape {variable.shape}"
        raise CheckpointError(
            f"{GRAPH_FILE} and the weights in {self.prefix} do not belong together: for "
            f"{key.removesuffix(KEY_SUFFIX)} expected a variable of shape {entry.shape}, got {got}. Fetch or copy "
            "the whole folder again."
        )

    def _check_unique(self, keys: list[str]) -> None:
        """A name must mean one variable: by shape or place alone none is ever told from another."""
        twice = [key.removesuffix(KEY_SUFFIX) for key, count in Counter(keys).items() if count > 1]
        if twice:
            raise CheckpointError(
                f"{len(twice)} names in {self.prefix / GRAPH_FILE} mean more than one variable, first {twice[0]}, "
                "so the weights cannot be told apart. Give a checkpoint of the network instead."
            )


def _unescaped(step: str) -> str:
    """A name as the object graph has it: TensorFlow writes "." as ".." and "/" as ".S" in keys."""
    return re.sub(r"\.([.S])", lambda found: "/" if found[1] == "S" else ".", step)
