"""The shipped sample set: whole, small, with boxes that lie on the duck."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tflhelpers.data import samples
from tflhelpers.data.images import read_image

SETS = [(samples.duck_photos, 5, (480, 640)), (samples.duck_clip, 48, (360, 480))]


def is_warm(image: np.ndarray) -> np.ndarray:
    """Where a picture is yellow or orange, as the duck's body and beak are, lit or shaded."""
    red, green, blue = (image[..., channel].astype(int) for channel in range(3))
    return (red > 110) & (green < 1.02 * red) & (blue < 0.45 * red)


@pytest.mark.parametrize(("load", "count", "size"), SETS)
def test_every_picture_has_one_duck_inside_it(load, count, size):
    annotations = load()
    assert annotations.class_names == ("duck",)
    assert len(annotations) == count
    assert len({path for path, _ in annotations}) == count
    for path, boxes in annotations:
        image = read_image(path)
        assert image.shape == (*size, 3)
        assert boxes.labels.tolist() == [0]
        x1, y1, x2, y2 = boxes.xyxy[0]
        assert 0 <= x1 < x2 <= size[1]
        assert 0 <= y1 < y2 <= size[0]
        assert min(x2 - x1, y2 - y1) >= 40


@pytest.mark.parametrize(("load", "count", "size"), SETS)
def test_box_is_filled_by_the_duck_from_side_to_side(load, count, size):
    for path, boxes in load():
        x1, y1, x2, y2 = np.round(boxes.xyxy[0]).astype(int)
        warm = is_warm(read_image(path))[y1:y2, x1:x2]
        assert warm.mean() > 0.15, path.name
        across = np.flatnonzero(warm.any(axis=0))
        edge = 0.2 * (x2 - x1)  # an eye or the cap may be all that is seen there
        assert across[0] <= edge, path.name
        assert x2 - x1 - 1 - across[-1] <= edge, path.name


def test_clip_moves_little_from_frame_to_frame_and_closes():
    centres = np.array([(b.xyxy[0, :2] + b.xyxy[0, 2:]) / 2 for _, b in samples.duck_clip()])
    steps = np.linalg.norm(np.roll(centres, -1, axis=0) - centres, axis=1)
    assert steps.max() < 45  # pixels, the last to the first frame included
    heights = np.array([np.diff(b.xyxy[0, 1::2])[0] for _, b in samples.duck_clip()])
    assert heights.max() > 1.6 * heights.min()  # it comes closer


def test_three_things_in_pictures_of_one_several_or_none():
    things = samples.thing_photos()
    assert things.class_names == ("duck", "penguin", "lighthouse")
    counts = [
        np.bincount(np.concatenate([b.labels for _, b in part]), minlength=3)
        for part in (things[:18], things[18:])
    ]
    assert np.array_equal(counts, [[10, 5, 2], [12, 12, 12]])
    assert sum(len(boxes) == 0 for _, boxes in things) == 5
    assert things.check(decode=True) == []


def test_the_files_are_small_and_nothing_else_lies_there():
    folder = Path(samples.__file__).parent / "samples"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".jpg", ".json"}
    assert len(files) == 5 + 48 + 42 + 3
    assert sum(path.stat().st_size for path in files) < 3_400_000


def test_missing_files_are_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(samples.resources, "files", lambda package: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"got no photos\.json there. Install tflhelpers again"):
        samples.duck_photos()
