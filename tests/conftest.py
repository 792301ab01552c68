"""Fixtures for all tests: where the shared material lies, and a picture that every flip or turn changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


_NEEDS = "needs ../shared/"


def pytest_terminal_summary(terminalreporter) -> None:
    """Say how many tests a public clone cannot run."""
    skipped = terminalreporter.stats.get("skipped", ())
    count = sum(_NEEDS in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(
            f"{count} skipped for photos, checkpoints and golden data that are not ours to pass on."
        )


def _shared_folder(name: str) -> Path:
    folder = _SHARED / name
    if not folder.is_dir():
        pytest.skip(f"{_NEEDS}{name} beside the repository, which is not there")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos, boxes and checkpoints, which are never committed; skips where absent."""
    return _shared_folder("data")


@pytest.fixture(scope="session")
def shared_zoo() -> Path:
    """The folder of golden data from the original implementation; skips where absent."""
    return _shared_folder("zoo")


@pytest.fixture
def asymmetric_image() -> np.ndarray:
    """RGB (37, 53, 3), odd and unequal sides: red top left, green top right, blue bottom left, else gray."""
    image = np.full((37, 53, 3), 128, np.uint8)
    image[:10, :20] = (255, 0, 0)
    image[:10, 40:] = (0, 255, 0)
    image[30:, :20] = (0, 0, 255)
    return image
