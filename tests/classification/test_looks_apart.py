"""What looks alike never lies on both sides of a split; classes are dealt out in proportion."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PIL import Image

from tflhelpers.classification.labelled import labelled_photos
from tflhelpers.classification.looks_apart import (
    NEAR_BITS,
    NEAR_STEPS,
    copies_in_two_classes,
    deal_out,
    near_groups,
)
from tflhelpers.data.collect.perceptual_hash import PerceptualHash
from tflhelpers.data.samples import duck_clip


def looks(*images) -> np.ndarray:
    return np.stack([PerceptualHash.of(image).cells for image in images])


def noise(seed, size=(60, 80)):
    grid = np.random.default_rng(seed).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(grid).resize(size[::-1], Image.Resampling.BICUBIC))


def test_copies_are_one_group_and_others_are_not():
    a, b = noise(1), noise(2)
    smaller = np.asarray(Image.fromarray(a).resize((31, 23)))
    darker = (a * 0.95).astype(np.uint8)
    assert near_groups(looks(a, b, smaller, darker), range(4)).tolist() == [0, 1, 0, 0]


def test_parts_of_one_file_are_one_group():
    assert near_groups(looks(noise(1), noise(2), noise(3)), ["x", "y", "x"]).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("steps", "labels", "expected"),
    [
        ([0], [0], []),
        ([0, 0, 0], [0, 0, 0], []),
        ([0, 12, 0], [0, 1, 1], [(0, 1), (0, 2)]),  # as far off as a copy may be
        ([0, 13, 26], [0, 1, 0], []),  # alike enough not to be held apart, but no copies
    ],
)
def test_copies_in_two_classes_are_found(steps, labels, expected):
    cells = np.stack([np.full((8, 9, 3), 100 + step, np.uint8) for step in steps])
    assert list(copies_in_two_classes(cells, np.array(labels))) == expected


def test_many_flat_pictures_are_compared():
    """All have the same hash, so their colours tell them apart."""
    cells = np.stack([np.full((8, 9, 3), 100 * (row % 3), np.uint8) for row in range(30)])
    assert near_groups(cells, range(30)).tolist() == [row % 3 for row in range(30)]


_MANY = 20_000
_SETS = {  # cells of so many pictures, how many groups they are
    "one picture over and over": (lambda dice: np.full((_MANY, 8, 9, 3), 100, np.uint8), 1),
    "a picture that grows brighter": (
        lambda dice: (
            np.full((8, 9, 3), 1, np.uint8) * (np.arange(_MANY) % 256).astype(np.uint8)[:, None, None, None]
        ),
        1,
    ),
    "each another one": (lambda dice: dice.integers(0, 256, (_MANY, 8, 9, 3), np.uint8), _MANY),
}


@pytest.mark.parametrize("name", _SETS)
def test_twenty_thousand_pictures_take_seconds(name):
    make, groups = _SETS[name]
    cells = make(np.random.default_rng(0))
    start = time.process_time()
    assert len(np.unique(near_groups(cells, range(_MANY)))) == groups
    labels = np.arange(_MANY) % 2
    assert (next(copies_in_two_classes(cells, labels), None) is None) == (groups == _MANY)
    assert time.process_time() - start < 20


def test_groups_are_those_of_all_pairs():
    dice = np.random.default_rng(1)
    cells = dice.integers(90, 110, (60, 8, 9, 3)) + dice.integers(0, 3, (60, 1, 1, 1)) * 30
    cells[:, :, ::2] += dice.integers(0, 2, (60, 1, 1, 1)) * 25
    cells = cells.astype(np.uint8)
    near = np.array(
        [
            [(_bits(a) != _bits(b)).sum() <= NEAR_BITS and _steps(a, b) <= NEAR_STEPS for b in cells]
            for a in cells
        ]
    )
    for _ in range(6):
        near = near @ near  # who is reached through others
    assert near_groups(cells, range(60)).tolist() == near.argmax(axis=1).tolist()


def _bits(cells):
    return PerceptualHash(cells).bits


def _steps(a, b):
    return np.abs(a.astype(int) - b).max()


def test_likeness_goes_through_others():
    """0 is like 1 and 1 like 2; nothing is said of 0 and 2."""
    base = np.full((8, 9, 3), 100, np.uint8)
    steps = np.stack([base, base + 30, base + 60])
    assert near_groups(steps, range(3)).tolist() == [0, 0, 0]
    assert near_groups(steps[[0, 2]], range(2)).tolist() == [0, 1]


def test_pictures_of_one_scene_that_differ_are_apart():
    """Frames of the drawn clip, an eighth of a second apart, each show the toy elsewhere."""
    frames = [
        PerceptualHash.of(np.asarray(Image.open(path).convert("RGB"))).cells
        for path in duck_clip().image_paths[:6]
    ]
    assert near_groups(np.stack(frames), range(6)).tolist() == list(range(6))


@pytest.mark.parametrize(
    ("groups", "labels", "part", "held"),
    [
        (list(range(10)), [0] * 5 + [1] * 5, 0.2, [1, 1]),
        (list(range(12)), [0] * 10 + [1] * 2, 0.2, [2, 1]),  # a rare class is held out too
        (list(range(6)), [0] * 5 + [1], 0.2, [1, 0]),  # one picture is for learning
        ([0, 0, 0, 0, 1, 2, 3, 4], [0, 0, 0, 0, 0, 1, 1, 1], 0.4, [1, 1]),  # only the small group fits
        (
            [0, 0, 0, 1, 1, 1, 2, 3],
            [0, 0, 0, 0, 0, 0, 1, 1],
            0.2,
            [3, 1],
        ),  # larger than wanted, rather than none
        ([0, 0, 0, 1, 2], [0, 0, 0, 1, 1], 0.4, [0, 1]),  # all alike: all for learning
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_dealing(groups, labels, part, held, seed):
    groups, labels = np.array(groups), np.array(labels)
    learn, judge = deal_out(groups, labels, part, seed)
    assert sorted([*learn, *judge]) == list(range(len(labels)))
    assert not set(groups[learn]) & set(groups[judge])
    assert np.bincount(labels[judge], minlength=2).tolist() == held


def test_seeds_deal_differently_and_repeatably():
    groups, labels = np.arange(40), np.arange(40) % 2
    assert deal_out(groups, labels, 0.25, 3) == deal_out(groups, labels, 0.25, 3)
    assert len({tuple(deal_out(groups, labels, 0.25, seed)[1]) for seed in range(5)}) > 1


@pytest.mark.parametrize("part", [0, 1, -0.1, 2])
def test_a_part_is_between_0_and_1(part):
    with pytest.raises(ValueError, match="between 0 and 1"):
        deal_out(np.arange(4), np.arange(4) % 2, part, 0)


def test_pictures_split_by_their_content(tmp_path):
    for name, seeds in (("a", range(10)), ("b", range(10, 20))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            for copy, size in enumerate([(60, 80), (33, 44)]):
                Image.fromarray(noise(seed, size)).save(tmp_path / name / f"{seed}_{copy}.png")
    (tmp_path / "a" / "cut.png").write_bytes((tmp_path / "a" / "0_0.png").read_bytes()[:200])
    learn, judge = labelled_photos(tmp_path).split(0.2)
    assert (learn.counts, judge.counts) == ({"a": 16, "b": 16}, {"a": 4, "b": 4})
    seeds = [{each.path.name.split("_")[0] for each in part} for part in (learn, judge)]
    assert not seeds[0] & seeds[1]
