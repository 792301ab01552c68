"""Figures of the classification benchmark's table, by hand."""

from __future__ import annotations

import pytest


def run(way, accuracy, seconds=10.0):
    return {"way": way, "accuracy": accuracy, "embedding": 4.0, "head": 1.0, "seconds": seconds}


RUNS = [
    run("features", 0.9),
    run("random-features", 0.6),
    run("features", 1.0, 20.0),
    run("random-features", 0.8),
    run("fine-tune", 0.97),
]


def test_margins_by_hand(script):
    assert script("classification").margins(RUNS) == {"features": pytest.approx(0.25)}


def test_table_by_hand(script):
    rows = script("classification").table(RUNS).splitlines()[2:]
    assert rows[0] == (
        "| features, embedded weights | 0.950 (0.900–1.000) | 4.0 (4.0–4.0) | 1.0 (1.0–1.0) | 15.0 (10.0–20.0) |"
    )
    assert [row.split(" | ")[0] for row in rows[1:]] == [
        "| features, random weights",
        "| fine-tuned, embedded weights",
    ]


def test_colours_are_measured(script, tmp_path):
    figures = script("classification").measured("colours", tmp_path, 0, 12, 8, None)
    assert 0.0 <= figures["accuracy"] <= 1.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0_12", "99_8"]
