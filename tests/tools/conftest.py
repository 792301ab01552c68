"""The file that the embedded detector's backbone comes from, fetched once for all tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.photo_backbone import fetch_photo_ssd


@pytest.fixture(scope="session")
def photo_ssd(tmp_path_factory) -> Path:
    """The detector that has seen photos, in LiteRT's format; skips where npm cannot fetch it."""
    if shutil.which("npm") is None:
        pytest.skip("npm, which fetches the file, is not installed")
    try:
        return fetch_photo_ssd(tmp_path_factory.mktemp("start") / "photo_ssd.tflite")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm cannot fetch the file ({error})")
