"""The parity proofs once more, computed by JAX."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROOFS = Path(__file__).with_name("test_parity.py")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason='JAX is not installed: pip install ".[jax]"'
)
def test_parity_on_jax():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=900", str(PROOFS)]
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    run = subprocess.run(command, cwd=PROOFS.parents[2], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-4000:]
    assert "20 passed" in run.stdout
