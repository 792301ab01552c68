"""The examples in the docstrings (``>>>``) are run: what they show is what one gets."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "tflhelpers").rglob("*.py"))
# A long line of a result may be broken in a docstring, or shortened with three dots.
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# What needs a notebook or a person's own files is shown, but cannot be run.
MAY_SKIP = {"tflhelpers.annotator.widget", "tflhelpers.data.importing"}


def dotted(file: Path) -> str:
    """The name that a file of the package is imported by."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_with_examples() -> list[str]:
    return [dotted(file) for file in FILES if ">>> " in file.read_text("utf-8")]


def test_examples_are_found():
    assert {"tflhelpers", "tflhelpers.data.boxes", "tflhelpers.training.recipe"} <= set(
        modules_with_examples()
    )


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_of_a_module_hold(name, tmp_path, monkeypatch):
    """Run in an empty folder, so that nothing an example writes is left in the repository."""
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    outcome = doctest.testmod(module, extraglobs={"np": np, "Path": Path}, optionflags=FLAGS)
    if name not in MAY_SKIP:
        assert outcome.attempted > 0, f"the examples of {name} are not in docstrings, so they were not run"
    assert outcome.failed == 0, f"{outcome.failed} examples of {name} give something else; see above"


def test_no_other_examples_are_skipped():
    skipping = {dotted(file) for file in FILES if "doctest: +SKIP" in file.read_text("utf-8")}
    assert skipping <= MAY_SKIP
