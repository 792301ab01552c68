"""Figures of the benchmarks' tables, by hand; runs in turn; what is asked of both sides is one thing."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("values", "digits", "expected"),
    [([0.5], 3, "0.500"), ([0.4, 0.6, 0.5], 3, "0.500 (0.400–0.600)"), ([10, 20], 1, "15.0 (10.0–20.0)")],
)
def test_mean_and_spread(script, values, digits, expected):
    assert script("report").mean_and_spread(values, digits) == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [([2.0], [4.0], 0.5), ([1.0, 9.0, 2.0], [2.0, 3.0, 2.0], 1.0), ([1.0, 3.0], [1.0, 1.0], 2.0)],
)
def test_ratio_is_the_median_of_the_pairs(script, ours, theirs, expected):
    assert script("report").paired_ratio(ours, theirs) == expected


def test_ratio_refuses_what_is_not_paired(script):
    with pytest.raises(ValueError, match="shorter"):
        script("report").paired_ratio([1.0, 2.0], [1.0])


def test_markdown_table(script):
    table = script("report").markdown_table(("a", "b"), [("x", "1"), ("y", "2")])
    assert table.splitlines() == ["| a | b |", "| --- | --: |", "| x | 1 |", "| y | 2 |"]


@pytest.mark.parametrize(
    ("recipes", "seeds", "with_peer", "expected"),
    [
        (["defaults"], [0, 1], False, [("ours", "defaults", 0), ("ours", "defaults", 1)]),
        (
            ["defaults"],
            [0, 1],
            True,
            [("ours", "defaults", 0), ("peer", "all", 0), ("ours", "defaults", 1), ("peer", "all", 1)],
        ),
        (  # the peer's 300 steps serve two recipes of ours, and are not run twice
            ["defaults", "ancestor", "heads"],
            [7],
            True,
            [
                ("ours", "defaults", 7),
                ("peer", "all", 7),
                ("ours", "ancestor", 7),
                ("ours", "heads", 7),
                ("peer", "heads", 7),
            ],
        ),
        (  # the peer does not start from a feature extractor
            ["extractor", "fast"],
            [0],
            True,
            [("ours", "extractor", 0), ("ours", "fast", 0), ("peer", "all", 0)],
        ),
    ],
)
def test_ducky_takes_turns(script, recipes, seeds, with_peer, expected):
    assert script("ducky").plan(recipes, seeds, with_peer) == expected


def _duck_run(side, recipe, ap, seconds, memory):
    same = {"ap50": 1.0, "ap75": 0.5, "process_seconds": 90.0}
    return {
        "side": side,
        "recipe": recipe,
        "ap": ap,
        "seconds": seconds,
        "peak_megabytes": memory,
        **same,
    }


def test_ducky_table_by_hand(script):
    runs = [
        _duck_run("ours", "defaults", 0.8, 30.0, 900),
        _duck_run("peer", "all", 0.6, 60.0, 1000),
        _duck_run("ours", "defaults", 0.9, 45.0, 950),
        _duck_run("peer", "all", 0.7, 60.0, 1100),
    ]
    ours, theirs = script("ducky").table(runs).splitlines()[2:]
    assert ours == (
        "| tflhelpers, defaults | 0.850 (0.800–0.900) | 1.000 (1.000–1.000) | 0.500 (0.500–0.500) "
        "| 37.5 (30.0–45.0) | 0.62 | 90.0 (90.0–90.0) | 950 |"
    )
    assert theirs.endswith("| 60.0 (60.0–60.0) |  | 90.0 (90.0–90.0) | 1100 |")


def test_transfer_gain_by_hand(script):
    starts = (("embedded", 0.9), ("random", 0.1), ("embedded", 1.0), ("random", 0.3))
    runs = [{"start": start, "ap50": ap50} for start, ap50 in starts]
    assert script("transfer").gain(runs) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"), [([], [], 0.0), ([0.9, 0.5], [0.9, 0.25], 0.25), ([0.1], [0.4], 0.3)]
)
def test_detect_speed_compares_the_work(script, ours, theirs, expected):
    runs = [
        {"network": "n", "side": "ours", "scores": ours},
        {"network": "n", "side": "peer", "scores": theirs},
    ]
    assert script("detect_speed").largest_difference(runs, "n") == pytest.approx(expected)


def test_stopwatch_counts_the_first_call_apart(script, monkeypatch):
    same_job, ticks = script("same_job"), iter([0, 9, 10, 12, 20, 21, 30, 33])  # 9, then 2, 1, 3 seconds
    monkeypatch.setattr(same_job.time, "perf_counter", lambda: next(ticks))
    assert same_job.time_calls(lambda: None, 3) == {"first_seconds": 9, "seconds": 2, "fastest": 1}


def test_detections_survive_the_way_to_the_parent(script, tmp_path):
    pictures = [
        (np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32)),
        (np.float32([[1, 2, 3, 4.5]]), np.int64([1]), np.float32([0.25])),
    ]
    script("same_job").write_detections(tmp_path / "found.json", pictures)
    empty, one = script("found").read_detections(tmp_path / "found.json")
    assert len(empty) == 0
    assert (one.xyxy.tolist(), one.labels.tolist(), one.scores.tolist()) == (
        [[1, 2, 3, 4.5]],
        [1],
        [0.25],
    )


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("print('noise'); print('{\"seconds\": 2}')", {"seconds": 2}),
        ("print('{\"seconds\": 1}'); print('{\"seconds\": 2}'); print('bye')", {"seconds": 2}),
    ],
)
def test_the_last_json_line_is_the_answer(script, program, expected):
    got = script("children").ask([sys.executable, "-c", program])
    assert got.pop("process_seconds") > 0
    assert 0 < time.time() - got.pop("started_at") < 60
    assert got == expected


@pytest.mark.parametrize("program", ["raise SystemExit('no pictures')", "print('no pictures')"])
def test_a_part_that_does_not_answer_is_quoted(script, program):
    children = script("children")
    with pytest.raises(children.ChildError, match="no pictures"):
        children.ask([sys.executable, "-c", program])


def test_absent_data_is_named(script, tmp_path):
    (tmp_path / "ducky").mkdir()
    with pytest.raises(SystemExit, match=r"got no handtrack_320.*--data"):
        script("children").checked_data(tmp_path, "ducky", "handtrack_320")


def test_both_sides_have_the_same_networks(script, benchmarks):
    config = (benchmarks / "peers" / "object_detection_api_config.py").read_text("utf-8")
    names = script("same_job").NETWORKS
    assert all(f'"{name}": _MODEL' in config for name in names)
    assert set(script("detect_speed").TITLES) == set(script("detect_speed").REPEATS) == set(names)


def test_json_is_kept_where_asked(script, tmp_path):
    script("report").write_json(tmp_path / "new" / "out.json", {"runs": [1]})
    assert json.loads((tmp_path / "new" / "out.json").read_text("utf-8")) == {"runs": [1]}
    script("report").write_json(None, {})


def test_the_annotators_start_goes_through_all_pictures(script, tmp_path, monkeypatch):
    startup = script("annotator_startup")
    monkeypatch.setattr(startup, "WIDTH", 400)
    monkeypatch.setattr(startup, "HEIGHT", 300)
    startup.write_photos(tmp_path, 12)
    assert (tmp_path / "photo011.jpg").samefile(tmp_path / "photo001.jpg")
    figures = startup.measure(tmp_path)
    assert figures["pictures"] == 12
    assert len(json.loads((tmp_path / "annotations.json").read_text("utf-8"))["annotations"]) == 11
    assert startup.tables(figures).count("\n| 12 |") == 2  # rows; a time may be 12 ms too
