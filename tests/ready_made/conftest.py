"""A project folder."""

import pytest

import tflhelpers as tfl
from tests.ready_made.own_photos import SMALL


@pytest.fixture
def project(tmp_path):
    return tfl.open_project("ducks", parent=tmp_path)


@pytest.fixture
def small_embedded(monkeypatch):
    """The embedded detector is a small one, which is trained in no time."""
    monkeypatch.setattr(
        tfl.Detector, "embedded", classmethod(lambda cls, class_names: cls(SMALL, class_names))
    )
