"""Whether a state on disk is of the training that is asked for: its recipe, photos, and first weights."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.training.augment import Augmentation
from tflhelpers.training.recipe import Recipe

_DEFAULTS = {
    kind.__name__: {each.name: repr(each.default) for each in fields(kind) if each.default is not MISSING}
    for kind in (Recipe, Augmentation)
}


def same_settings(stored: str, ours: str) -> bool:
    """Tell whether two texts of settings are of one training, also where versions of the package wrote them.

    Fields of a recipe are compared by name. One that the older version did not know must have its default now; one
    that only the other version knows does not count, nor does what a version says behind all the rest.

    >>> same_settings("Recipe(steps=8), seed 0", "Recipe(steps=8, box_weight=1.0), seed 0, start 12ab")
    True
    >>> same_settings("Recipe(steps=8), seed 0", "Recipe(steps=8, box_weight=4.0), seed 0")
    False
    """
    (its_recipe, its_rest), (our_recipe, our_rest) = _parts(stored), _parts(ours)
    if (its_recipe is None) != (our_recipe is None):
        return False
    same_rest = all(one == other for one, other in zip(its_rest, our_rest, strict=False))
    return same_rest and (our_recipe is None or its_recipe is None or _same_call(its_recipe, our_recipe))


def start_mark(model: Any, weights: Iterable, folder: Path | None) -> str:
    """Return a mark of the weights that a training of `model`, kept in `folder`, starts from.

    A cell that is run again starts from where the call before has left the model: the mark is that call's then. What a
    call with another folder has taught the model is part of the start.
    """
    now, last = _checksum(weights), getattr(model, "_last_training", None)
    return last[2] if last is not None and last[:2] == (now, _place(folder)) else now


def remember_start(model: Any, weights: Iterable, folder: Path | None, began: str) -> None:
    """Note on `model` the mark of a training that ends or is broken off now, with these weights."""
    model._last_training = (_checksum(weights), _place(folder), began)


def _place(folder: Path | None) -> Path | None:
    return None if folder is None else folder.resolve()


def _checksum(weights: Iterable) -> str:
    checksum = 0
    for variable in weights:
        checksum = zlib.crc32(np.ascontiguousarray(variable).tobytes(), checksum)
    return f"{checksum:08x}"


def _parts(settings: str) -> tuple[ast.Call | None, list[str]]:
    """The recipe, if the text begins with one, and the parts behind it."""
    head, found, rest = settings.partition("), seed ")
    if settings.startswith("Recipe(") and found and (call := _call(f"{head})")) is not None:
        return call, [f"seed {rest}".split(", ")[0], *rest.split(", ")[1:]]
    return None, settings.split(", ")


def _call(text: str) -> ast.Call | None:
    try:
        call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):  # a version wrote it that shows its recipes in another way
        return None
    return call if isinstance(call, ast.Call) else None


def _same_call(stored: ast.Call, ours: ast.Call) -> bool:
    its, our = ({each.arg: each.value for each in call.keywords} for call in (stored, ours))
    defaults = _DEFAULTS.get(ast.unparse(ours.func), {})
    return _in_words(stored) == _in_words(ours) and all(
        _same_value(its[name], value) if name in its else ast.unparse(value) == defaults.get(name or "")
        for name, value in our.items()
    )


def _in_words(call: ast.Call) -> list[str]:
    """What is called, with the values that have no name: NumPy shows its numbers so."""
    return [ast.unparse(each) for each in (call.func, *call.args)]


def _same_value(stored: ast.expr, ours: ast.expr) -> bool:
    if isinstance(stored, ast.Call) and isinstance(ours, ast.Call):
        return _same_call(stored, ours)
    return ast.unparse(stored) == ast.unparse(ours)
