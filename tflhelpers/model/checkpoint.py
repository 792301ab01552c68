"""Restores checkpoints of the Object Detection API into our networks, key by key, all or nothing.

A restore that silently leaves weights at random is the classic way to lose a day. Here every weight is
restored or named in `skip`; everything else raises before anything has been assigned.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.files.words import counted
from tflhelpers.model.architecture import guess_architecture
from tflhelpers.model.checkpoint_file import CheckpointError, CheckpointFile, find_checkpoint
from tflhelpers.model.checkpoint_index import KEY_SUFFIX, STRING
from tflhelpers.model.saved_model_file import SavedModelFile, open_weights

__all__ = ["CheckpointError", "RestoreReport", "find_checkpoint", "restore", "verify_tensors"]

SLOT = "/.OPTIMIZER_SLOT/"
BOOKKEEPING = ("save_counter", "step", "global_step", "optimizer", "_CHECKPOINTABLE_OBJECT_GRAPH")
WeightsFile = CheckpointFile | SavedModelFile
ClassAdvice = Callable[[int, int], str]  # of the number of classes of the network and of the file


def skip_the_head(ours: int, theirs: int) -> str:
    """What a caller of `restore` can do about a file of another number of classes."""
    return 'with skip=("class_predictor",) the class head starts fresh and all else is restored'


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did. All entries are checkpoint keys, sorted.

    Attributes:
        prefix: the checkpoint that was read.
        restored: weights now equal to the file's.
        skipped: weights of the network left alone because `skip` names them.
        missing: weights that the file lacks.
        surplus: tensors in the file that the network has no place for.
        bookkeeping: tensors in the file that no network wants: optimizer slots, counters, the object graph.
        shape_mismatch: (key, the network's shape, the file's shape).
        partly: weights of the class head that hold the file's values for the background and for the classes
            in `class_starts`; the other classes in them start anew.
        class_starts: (class of the network, the file's class whose weights it starts from).
        trust: against what a file that was fetched was held; "" of a file of your own.
    """

    prefix: str
    restored: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    bookkeeping: tuple[str, ...] = ()
    shape_mismatch: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    partly: tuple[str, ...] = ()
    class_starts: tuple[tuple[str, str], ...] = ()
    trust: str = ""

    def summary(self) -> str:
        """One line, such as "ckpt-0: restored 381 of 384 weights, skipped 3"."""
        groups = (self.restored, self.partly, self.skipped, self.missing, self.shape_mismatch)
        total = sum(len(group) for group in groups)
        parts = [f"restored {len(self.restored)} of {total} weights"]
        parts += [
            f"{word} {len(keys)}{unit}"
            for word, keys, unit in (
                ("in part", self.partly, ""),
                ("skipped", self.skipped, ""),
                ("missing", self.missing, ""),
                ("shape mismatch in", self.shape_mismatch, ""),
                ("surplus", self.surplus, ""),
                ("ignored", self.bookkeeping, " bookkeeping entries"),
            )
            if keys
        ]
        return f"{Path(self.prefix).name}: " + ", ".join(parts)

    def __str__(self) -> str:
        lines = [self.summary()]
        lines += _listed("missing in the file", self.missing)
        shapes = [
            f"{_short(key)}: network {ours}, file {theirs}" for key, ours, theirs in self.shape_mismatch
        ]
        lines += _listed("shape mismatch", shapes)
        lines += _listed("in the file only", self.surplus)
        lines += _listed("skipped as asked", self.skipped)
        starts = [ours if ours == theirs else f"{ours} (as {theirs})" for ours, theirs in self.class_starts]
        lines += [f"classes that start from the file's own: {', '.join(starts)}"] if starts else []
        lines += [f"the file: {self.trust}"] if self.trust else []
        return "\n".join(lines)


def restore(
    variables: Mapping[str, Any],
    prefix: str | Path,
    *,
    skip: Sequence[str] = (),
    expected: str | None = None,
    class_advice: ClassAdvice = skip_the_head,
) -> RestoreReport:
    """Assigns a checkpoint's tensors to variables. Nothing is assigned unless everything fits.

    Args:
        variables: checkpoint key → variable with `.shape` and `.assign`, as `ssd.variables_by_key(model)`
            gives.
        prefix: the checkpoint, in any form that `find_checkpoint` takes, or a SavedModel that the Object
            Detection API exported.
        skip: parts of keys; weights whose key contains one are left alone, for example
            `("class_predictor",)`.
        expected: what the network is called in messages; by default guessed from its keys.
        class_advice: what to do where nothing but the number of classes differs, in words of the person's own call.

    Raises:
        CheckpointError: the file cannot be read, is of another architecture, or a weight is neither restored
            nor skipped; `.report` has the lists where the check got that far.

    Two checkpoints of one architecture for different input sizes have the same keys and shapes and cannot be
    told apart.
    """
    skip = (skip,) if isinstance(skip, str) else tuple(skip)
    file = open_weights(prefix)
    _check_skip_names(skip, [*variables, *file.entries], file)
    _check_architecture(variables, file, expected)
    report = _compare(variables, file, skip)
    _raise_unless_complete(report, skip, file, expected or "this network", class_advice)
    arrays = {key: file.read(key) for key in report.restored}
    _check_finite(arrays, file)
    for key, array in arrays.items():
        variables[key].assign(array)
    return report


def verify_tensors(
    prefix: str | Path, genuine: str | Path | Mapping | None = None, *, read_data: bool = True
) -> None:
    """Checks a checkpoint against itself, and against published figures if there are some.

    Args:
        prefix: the checkpoint, in any form that `find_checkpoint` takes, or a SavedModel.
        genuine: `{"data_file_bytes": n, "entries": {key: {"size": n, "masked_crc32c": n}}}`, or a JSON file
            of it. With None the data is only checked against the checkpoint's own index.
        read_data: also compute the CRC-32C of each number tensor in the data file (0.5 s for ResNet-50's 131
            MB). Without it only the index and the file size are looked at.

    Raises:
        CheckpointError: damaged, cut short, or intact but not the genuine file.
    """
    file = open_weights(prefix)
    if genuine is not None:
        _check_genuine(file, genuine if isinstance(genuine, Mapping) else _read_figures(Path(genuine)))
    if read_data:
        for key, entry in file.entries.items():
            if entry.dtype != STRING:
                file.read(key)


def _check_genuine(file: WeightsFile, figures: Mapping) -> None:
    ours = {key: (entry.size, entry.masked_crc32c) for key, entry in file.entries.items()}
    theirs = {key: (entry["size"], entry["masked_crc32c"]) for key, entry in figures["entries"].items()}
    differing = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    if differing:
        raise CheckpointError(
            f"{file.prefix} is an intact checkpoint but not the genuine model zoo file: {len(differing)} "
            f"of {len(theirs)} tensors differ, first {_short(differing[0])}. If these are your own "
            "weights, read them with Detector.from_zoo(..., checkpoint=...)."
        )
    if file.data_file_bytes != figures["data_file_bytes"]:
        raise CheckpointError(
            f"The data file of {file.prefix} has {file.data_file_bytes:,} bytes, expected "
            f"{figures['data_file_bytes']:,}."
        )


def _read_figures(path: Path) -> Mapping:
    return json.loads(path.read_text(encoding="utf-8"))


def _compare(variables: Mapping[str, Any], file: WeightsFile, skip: tuple[str, ...]) -> RestoreReport:
    wanted = sorted(key for key in variables if not _named(key, skip))
    present = [key for key in wanted if key in file.entries]
    shapes = [(key, tuple(variables[key].shape), file.entries[key].shape) for key in present]
    others = sorted(key for key in file.entries if key not in variables)
    return RestoreReport(
        prefix=str(file.prefix),
        restored=tuple(key for key, ours, theirs in shapes if ours == theirs),
        skipped=tuple(sorted(key for key in variables if _named(key, skip))),
        missing=tuple(key for key in wanted if key not in file.entries),
        surplus=tuple(key for key in others if not _is_bookkeeping(key)),
        bookkeeping=tuple(key for key in others if _is_bookkeeping(key)),
        shape_mismatch=tuple(row for row in shapes if row[1] != row[2]),
    )


def _raise_unless_complete(
    report: RestoreReport, skip: tuple[str, ...], file: WeightsFile, expected: str, class_advice: ClassAdvice
) -> None:
    homeless = [key for key in report.surplus if key.startswith("model/") and not _named(key, skip)]
    if not (report.missing or report.shape_mismatch or homeless):
        return
    usual = f"Give a checkpoint of {expected}, or build the network that the file was written by."
    advice = _class_count_hint(report, file, class_advice) or usual
    raise CheckpointError(
        f"{file.kind} {report.prefix} does not fit; nothing was restored. {advice}\n{report}", report
    )


def _class_count_hint(report: RestoreReport, file: WeightsFile, class_advice: ClassAdvice) -> str | None:
    """The advice for the usual case: all fits but the class head, made for another number of classes."""
    if report.missing or not all("_class_predictor_layers" in key for key, _, _ in report.shape_mismatch):
        return None
    box_channels = next(
        (e.shape[0] for key, e in file.entries.items() if _is_bias(key, "_box_encoder_layers")), None
    )
    counts = [
        (ours, theirs)
        for key, ours, theirs in report.shape_mismatch
        if _is_bias(key, "_class_predictor_layers")
    ]
    if not box_channels or not counts:
        return None
    anchors = box_channels // 4
    ours, theirs = (shape[0] // anchors - 1 for shape in counts[0])
    return (
        f"The file was trained on {counted(theirs, 'class', 'classes')}, the network has {ours}: "
        f"{class_advice(ours, theirs)}."
    )


def _is_bias(key: str, part: str) -> bool:
    return part in key and key.endswith("/bias" + KEY_SUFFIX)


def _check_architecture(variables: Mapping[str, Any], file: WeightsFile, expected: str | None) -> None:
    ours, theirs = guess_architecture(variables), guess_architecture(file.entries)
    if ours is None or ours == theirs:
        return
    if theirs is None and any(key in variables for key in file.entries):
        return  # a part of the network, for example a box predictor alone
    if not any(math.prod(entry.shape) > 1 for entry in file.entries.values()):
        raise CheckpointError(
            f"{file.kind} {file.prefix} holds no weights: expected those of {expected or ours}, got "
            f"{', '.join(sorted(file.entries)[:3]) or 'nothing'}. Give the checkpoint that the training wrote."
        )
    looks = theirs or f"something else (its first key is {min(file.entries, default='missing')})"
    if looks.startswith("a TensorFlow 1"):
        looks += ", whose weights bear other names"
    raise CheckpointError(
        f"{file.kind} {file.prefix} is of another architecture: the network is {expected or ours}, the file "
        f"looks like {looks}. Give a checkpoint of {ours}, or build the network that the file belongs to."
    )


def _check_skip_names(skip: tuple[str, ...], keys: Sequence[str], file: WeightsFile) -> None:
    for name in skip:
        if not any(name and name in key for key in keys):
            known = sorted(
                {part for key in keys for part in key.removesuffix(KEY_SUFFIX).split("/") if len(part) > 2}
            )
            close = get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
            raise CheckpointError(
                f"skip names {name!r}, which occurs in no weight of the network or of {file.prefix}. "
                f"Close to it: {', '.join(close)}."
            )


def _check_finite(arrays: Mapping[str, np.ndarray], file: WeightsFile) -> None:
    bad = [key for key, array in arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise CheckpointError(
            f"{len(bad)} weights in {file.prefix} hold NaN or infinite numbers, first {_short(bad[0])}: "
            "the training that wrote it had diverged. Nothing was restored; use an earlier checkpoint."
        )


def _named(key: str, names: Iterable[str]) -> bool:
    return any(name in key for name in names)


def _is_bookkeeping(key: str) -> bool:
    return SLOT in key or key.split("/")[0] in BOOKKEEPING


def _short(key: str) -> str:
    return key.removesuffix(KEY_SUFFIX)


def _listed(title: str, keys: Sequence[str], most: int = 8) -> list[str]:
    if not keys:
        return []
    more = [f"  … and {len(keys) - most} more"] if len(keys) > most else []
    return [f"{title} ({len(keys)}):", *(f"  {_short(key)}" for key in keys[:most]), *more]
