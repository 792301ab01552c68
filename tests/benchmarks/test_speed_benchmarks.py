"""Figures of the benchmarks of speed by hand: the original's recipe, a folder, the first detection."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("rounds", "with_peer", "with_uncached", "expected"),
    [
        (1, True, True, ["ours", "peer", "uncached"]),
        (2, True, False, ["ours", "peer", "ours", "peer"]),
        (2, False, True, ["ours", "ours", "uncached"]),
    ],
)
def test_the_original_recipe_takes_turns(script, rounds, with_peer, with_uncached, expected):
    plan = script("original_recipe").plan
    assert plan(rounds, with_peer=with_peer, with_uncached=with_uncached) == expected


@pytest.mark.parametrize(
    ("ours", "uncached", "expected"),
    [
        ([], [], 0.0),
        ([0.5, 0.25], [0.5, 0.25], 0.0),
        ([0.5, 0.25], [0.5, 0.5], 0.25),  # below 1: as it is
        ([8.0, 0.5], [10.0, 0.5], 0.2),  # above 1: as a share
    ],
)
def test_courses_of_losses_are_compared(script, ours, uncached, expected):
    assert script("original_recipe").largest_gap(ours, uncached) == pytest.approx(expected)


def test_courses_of_different_lengths_are_not_compared(script):
    with pytest.raises(ValueError, match="longer"):
        script("original_recipe").largest_gap([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("uncached", "said"), [([1.0, 0.50005], "the same, at most 5.0e-05"), ([1.0, 0.6], "NOT the same")]
)
def test_the_verdict_on_cached_features(script, uncached, said):
    runs = [{"side": "ours", "loss": [1.0, 0.5]}, {"side": "uncached", "loss": uncached}]
    assert said in script("original_recipe").courses(runs)
    assert script("original_recipe").courses(runs[:1]) is None


def test_original_recipe_table_by_hand(script):
    shared = {"loss": [2.0, 1.0], "peak_megabytes": 1500.4}
    seconds = [("ours", 10.0), ("peer", 120.0), ("ours", 20.0), ("peer", 160.0), ("uncached", 200.0)]
    table = script("original_recipe").table([{"side": s, "seconds": v, **shared} for s, v in seconds])
    ours, peer, uncached = table.splitlines()[2:]
    assert ours == "| tflhelpers | 15.0 (10.0–20.0) | 10.0 | 2.000, 1.000 | 1500 |"  # of 12 and 8
    assert peer.startswith("| Object Detection API | 140.0 (120.0–160.0) |  |")
    assert uncached.startswith("| tflhelpers, cache_features=False | 200.0 |  |")


def test_weights_to_learn_with_differ_from_the_formulas_behind_the_tower_only(script):
    same_job = script("same_job")
    learnable, formula = same_job.learnable_weight(), same_job.formula_weight()
    tower = "model/_box_predictor/_base_tower_layers_for_heads/box_encodings/0"
    for key, factor in (("10/gamma", 0.1), ("10/beta", 0.1), ("10/moving_mean", 1), ("1/gamma", 1)):
        key = f"{tower}/{key}/.ATTRIBUTES/VARIABLE_VALUE"
        np.testing.assert_allclose(learnable(key, (5,)), factor * formula(key, (5,)), rtol=1e-6)


def test_folder_table_by_hand(script):
    runs = [
        {"side": "ours", "pictures": 500, "seconds": 10.0, "early_megabytes": 900.0, "peak_megabytes": 910.0},
        {
            "side": "quick",
            "pictures": 500,
            "seconds": 20.0,
            "early_megabytes": 800.0,
            "peak_megabytes": 805.0,
        },
        {"side": "tutorial", "pictures": 50, "seconds": 10.0, "peak_megabytes": 800.0},
    ]
    ours, quick, tutorial = script("detect_folder").table(runs).splitlines()[2:]
    assert ours == "| tflhelpers, detect_all | 50.0 |  | 900 | 910 |"
    assert quick == "| Object Detection API, one by one | 25.0 | 2.00 | 800 | 805 |"
    assert tutorial == "| the same, pictures read as in its tutorial | 5.0 | 10.00 |  | 800 |"


def test_memory_is_noted_on_the_way(script, monkeypatch):
    same_job, held = script("same_job"), iter([70.0])
    monkeypatch.setattr(same_job, "peak_megabytes", lambda: next(held))
    peaks: dict = {}
    assert list(same_job.noting_peaks("abcd", 2, peaks)) == list("abcd")
    assert peaks == {"early_megabytes": 70.0}


def test_photos_of_the_folder_differ_and_come_out_the_same_twice(script):
    photo = script("detect_folder").photo
    np.testing.assert_array_equal(photo(3), photo(3))
    assert np.abs(photo(3).astype(int) - photo(4)).mean() > 20


def test_cold_start_counts_from_the_start_of_python(script):
    runs = [
        {
            "network": "mobilenet_320",
            "side": side,
            "started_at": 100.0,
            "ready_at": ready,
            "detected_at": found,
        }
        for side, ready, found in (("ours", 106.0, 108.0), ("peer", 110.0, 116.0), ("saved", 105.0, 106.0))
    ]
    ours, peer, saved = script("cold_start").table(runs).splitlines()[2:]
    assert ours == "| SSD MobileNetV2 FPNLite, 320 px | tflhelpers, from a checkpoint | 8.0 | 0.50 | 6.0 |"
    assert peer.endswith("| 16.0 |  | 10.0 |")
    assert saved.endswith("| 6.0 | 0.38 | 5.0 |")


@pytest.mark.parametrize("name", ["tutorial", "quick"])
def test_the_peer_knows_both_ways_to_read_a_picture(benchmarks, name):
    text = (benchmarks / "peers" / "object_detection_api.py").read_text("utf-8")
    assert f'"{name}": read_' in text


def test_writers_of_gifs_take_turns(script, tmp_path):
    plan = script("write_gif").plan
    assert list(plan(["a", "b"], 1, None)) == [("a", "ours"), ("a", "pillow"), ("b", "ours"), ("b", "pillow")]
    assert [side for _, side in plan(["a"], 2, tmp_path)] == ["ours", "before", "pillow"] * 2


def test_differences_of_gifs_by_hand(script):
    """One block a level too bright in each pixel; one whose dots cancel out; in the second frame neither."""
    true = [np.full((4, 8, 3), 100, np.uint8)] * 2
    first = true[0].copy()
    first[:, :4] += 2
    first[::2, 4:] += 6
    first[1::2, 4:] -= 6
    found = script("write_gif").differences([first, true[1]], true)
    assert found == pytest.approx({"pixels": (2 + 6) / 2 / 2, "means": 1 / 2, "flicker": 1.0})


def test_write_gif_table_by_hand(script):
    off = {"pixels": 3.25, "means": 1.5, "flicker": 0.125, "bytes": 4_500_000, "frames": 48}
    seconds = [
        ("ours", 1.0),
        ("before", 4.0),
        ("ours", 2.0),
        ("before", 6.0),
        ("pillow", 3.0),
        ("pillow", 3.0),
    ]
    table = script("write_gif").table(
        [{"clip": "drawn", "side": s, "seconds": v, "processor_seconds": v + 1, **off} for s, v in seconds]
    )
    ours, before, pillow = table.splitlines()[2:]
    assert ours == "| drawn | tflhelpers | 36.0 (24.0–48.0) |  |  | 4.500 | 3.25 | 1.50 | 0.12 |"
    assert before.startswith(
        "| drawn | tflhelpers, the other build | 10.0 (8.0–12.0) | 3.50 | 2.42 |"
    )  # of 4 and 3
    assert pillow.startswith("| drawn | Pillow's `save_all` | 16.0 (16.0–16.0) | 2.25 | 1.67 |")


def test_the_other_build_must_be_one(script, tmp_path):
    with pytest.raises(SystemExit, match=r"must be a checkout of tflhelpers, got .*, which holds none"):
        script("children").checked_against(tmp_path)
    assert script("children").checked_against(None) is None


def test_fast_detect_table_by_hand(script):
    fast = script("fast_detect")
    seconds = [("openvino", 0.010), ("keras", 0.025), ("openvino", 0.012), ("keras", 0.020)]
    runs = [
        {
            "network": "mobilenet_320",
            "part": "picture",
            "side": side,
            "seconds": value,
            "first_seconds": 0.5,
            "peak_megabytes": 900.2,
        }
        for side, value in seconds
    ]
    quick, keras = fast.table(runs).splitlines()[2:]
    begin = "| SSD MobileNetV2 FPNLite, 320 px | one picture |"
    assert quick == f"{begin} OpenVINO | 11.0 ms |  | 0.5 | 900 |"
    assert keras == f"{begin} Keras | 22.5 ms | 0.50 | 0.5 | 900 |"  # of 0.4 and 0.6


def test_fast_detect_measures_each_side_where_it_makes_sense(script):
    plan = list(
        script("fast_detect").turns(
            ["picture", "folder"], ["resnet50_640", "mobilenet_320"], ["openvino", "litert"]
        )
    )
    assert plan == [
        ("picture", "resnet50_640", "openvino"),
        ("picture", "resnet50_640", "litert"),
        ("picture", "mobilenet_320", "openvino"),
        ("picture", "mobilenet_320", "litert"),
        ("folder", "mobilenet_320", "openvino"),
    ]
