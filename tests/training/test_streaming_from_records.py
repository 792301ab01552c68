"""Trainings read their pictures out of TFRecords, one by one, as they would read files."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.tiny import drawn_pictures
from tflhelpers.data import record_pictures
from tflhelpers.data.formats.tfrecord_writer import write_tfrecords
from tflhelpers.data.importing import import_annotations
from tflhelpers.training import batches
from tflhelpers.training.batches import TrainingPictures

SIZE = (64, 64)


@pytest.fixture
def both(tmp_path):
    """Six drawn pictures, and the same out of two record files."""
    annotations = drawn_pictures(tmp_path, 6)
    write_tfrecords(annotations, tmp_path / "records" / "train", 2)
    return annotations, import_annotations(tmp_path / "records")[0]


def test_training_sees_the_same_pictures_and_boxes(both):
    from_files, from_records = (TrainingPictures(annotations, SIZE) for annotations in both)
    assert len(from_records) == 6
    for index in range(6):
        for ours, theirs in zip(from_records[index], from_files[index], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_one_record_is_read_when_its_picture_is_drawn_and_none_before(both, monkeypatch):
    read = []
    genuine = record_pictures.read_record
    monkeypatch.setattr(record_pictures, "read_record", lambda *where: read.append(where) or genuine(*where))
    monkeypatch.setattr(batches, "CACHE_BYTES", 0)
    pictures = TrainingPictures(both[1], SIZE)
    assert read == []
    for index in (3, 0, 3):
        pictures[index]
    paths = [both[1].image_paths[index] for index in (3, 0, 3)]
    assert read == [(path.parent, int(path.name.partition("+")[0])) for path in paths]
