"""Loads benchmark scripts, which are no package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def benchmarks() -> Path:
    """Their folder."""
    return BENCHMARKS


@pytest.fixture
def script(monkeypatch):
    """Loads a benchmark script as Python finds it when it is started: with its siblings."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(BENCHMARKS)):
            del sys.modules[name]  # such common names must not meet another test's
