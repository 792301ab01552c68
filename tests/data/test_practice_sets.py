"""The sets to practise on have their faults, and but for these the boxes that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.data import practice_server
from tflhelpers.data.boxes import iou_matrix
from tflhelpers.data.collect import from_csv
from tflhelpers.data.importing import import_annotations
from tflhelpers.data.practice_sets import practice_labelbox, practice_labelimg
from tflhelpers.data.samples import thing_photos


def _kinds(report, outcome):
    return sorted(entry.kind for entry in report.of(outcome))


def test_labelimg(tmp_path):
    annotations, report = import_annotations(practice_labelimg(tmp_path / "new"))
    assert annotations.class_names == ("Duck", "duck", "lighthouse", "penguin")
    assert _kinds(report, "repaired") == [
        "edges the wrong way round",
        "partly outside the picture",
        "picture found by another name",
    ]
    assert _kinds(report, "refused") == ["no area", "no whole XML file"]
    assert _kinds(report, "note") == [
        "classes that look alike",
        "no list of classes gives their order, so they come by name",
        "picture without annotation",
    ]
    drawn = {f"toys_{number:02d}.jpg": boxes for number, (_, boxes) in enumerate(thing_photos()[:18])}
    for path, boxes in annotations:
        assert len(boxes) == len(drawn[path.name])
        assert len(boxes) == 0 or iou_matrix(boxes.xyxy, drawn[path.name].xyxy).diagonal().min() > 0.94


def test_what_is_there_is_left_alone(tmp_path):
    (tmp_path / "toys_00.xml").write_text("mine")
    practice_labelimg(tmp_path)
    assert (tmp_path / "toys_00.xml").read_text() == "mine"


def test_labelbox_and_its_addresses(tmp_path):
    urls, export = practice_labelbox(tmp_path)
    first = from_csv(urls, tmp_path, allow_private=True, progress=False)
    assert (len(first.kept), first.new) == (24, 24)
    assert first.counts == {"not found": 1, "repeated address": 1}
    annotations, report = import_annotations(export)
    assert _kinds(report, "repaired") == []
    assert _kinds(report, "refused") == ["another label of the same picture"]
    assert sum(entry.kind == "skipped in Labelbox" for entry in report.of("note")) == 1
    assert annotations.check() == []
    assert len(annotations) == 23
    drawn = {f"web_{number:02d}.jpg": boxes for number, (_, boxes) in enumerate(thing_photos()[18:])}
    assert annotations.class_names == ("duck", "lighthouse", "penguin")
    for path, boxes in annotations:
        np.testing.assert_allclose(boxes.xyxy, drawn[path.name].xyxy, atol=1e-4)
        names = [annotations.class_names[label] for label in boxes.labels]
        assert names == [("duck", "penguin", "lighthouse")[label] for label in drawn[path.name].labels]
    again = from_csv(practice_labelbox(tmp_path)[0], tmp_path, allow_private=True, progress=False)
    assert (len(again.kept), again.new) == (24, 0)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        (None, 0),
        ("", 0),
        ("a,http://127.0.0.1:4711/a.jpg", 4711),
        ("http://127.0.0.1:99999/a.jpg", 0),
        ("http://a.org:80/", 0),
    ],
)
def test_the_port_of_before(tmp_path, text, port):
    path = tmp_path / "urls.csv"
    if text is not None:
        path.write_text(text)
    assert practice_server.served_before(path) == port


def test_a_port_that_is_taken_is_not_insisted_on(tmp_path):
    address = practice_server.serve(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    assert practice_server.serve(tmp_path) == address
    assert practice_server.serve(other, int(address.rpartition(":")[2])) != address
