"""What is chosen for a training that was not told."""

from __future__ import annotations

import pytest

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.recipe import TRAINABLE, auto_steps, choose_recipes, parse_seconds

NOTHING_ASKED = {
    "fresh_predictor": False,
    "keeps_stem": False,
    "steps": None,
    "batch_size": 4,
    "trainable": "auto",
    "augment": "auto",
    "optimizer": "auto",
    "learning_rate": None,
    "budget": None,
}


def photos(count, classes=1):
    names = [f"thing {k}" for k in range(classes)]
    return Annotations(names, [(f"{i}.jpg", Boxes([[0, 0, 9, 9]], [i % classes])) for i in range(count)])


@pytest.mark.parametrize(
    ("count", "classes", "steps"),
    [(5, 1, 160), (1, 1, 160), (20, 1, 320), (5, 4, 640), (20, 4, 1280), (500, 1, 1600), (10_000, 9, 5000)],
)
def test_steps_follow_photos_and_classes(count, classes, steps):
    assert auto_steps(photos(count, classes)) == steps


@pytest.mark.parametrize(
    ("asked", "name", "chosen"),
    [
        ({}, "trained", TRAINABLE["all"]),
        ({}, "steps", 160),
        ({}, "budget", None),
        ({"fresh_predictor": True}, "trained", TRAINABLE["fpn"]),
        ({"fresh_predictor": True}, "steps", 640),
        ({"fresh_predictor": True}, "learning_rate", 0.001),
        ({"fresh_predictor": True, "trainable": "all", "steps": 9}, "trained", TRAINABLE["all"]),
        ({"trainable": "fpn"}, "trained", TRAINABLE["fpn"]),
        ({"keeps_stem": True}, "trained", ("heads", "tower", "fpn", "backbone")),
        ({"keeps_stem": True}, "steps", 140),
        ({"keeps_stem": True}, "learning_rate", 0.0075),
        ({"keeps_stem": True}, "box_weight", 4.0),
        ({"keeps_stem": True}, "how", Augmentation(stretch=1.8)),
        ({"keeps_stem": True, "trainable": "all"}, "trained", TRAINABLE["all"]),
        ({"keeps_stem": True, "optimizer": "sgd"}, "learning_rate", 0.03),  # the original's
        ({"keeps_stem": True, "optimizer": "sgd"}, "box_weight", 1.0),
        ({"keeps_stem": True, "fresh_predictor": True}, "trained", TRAINABLE["fpn"]),
        ({"keeps_stem": True, "fresh_predictor": True}, "learning_rate", 0.001),
        ({}, "box_weight", 1.0),
        ({"fresh_predictor": True}, "how", Augmentation(stretch=1.5)),
        ({"trainable": "all"}, "trained", ("heads", "tower", "fpn", "backbone", "stem")),
        ({"steps": 7}, "steps", 7),
        ({"budget": "1 min"}, "budget", 60.0),
        ({"budget": "1 min"}, "steps", 5000),
        ({"budget": "1 min", "steps": 30}, "steps", 30),
        ({"learning_rate": 0.5}, "learning_rate", 0.5),
        ({}, "optimizer", "sgd"),
        ({"fresh_predictor": True}, "optimizer", "adamw"),
        ({}, "learning_rate", 0.03),
        ({}, "clip_norm", 2.0),
        ({"optimizer": "sgd"}, "clip_norm", None),  # the original's
        ({"fresh_predictor": True}, "clip_norm", None),
        ({"optimizer": "adamw"}, "learning_rate", 0.003),
        ({"augment": None}, "how", None),
    ],
)
def test_what_is_asked_is_taken_and_the_rest_is_chosen(asked, name, chosen):
    made = getattr(choose_recipes(photos(5), **NOTHING_ASKED | asked)[0], name)
    assert made == (pytest.approx(chosen) if isinstance(chosen, float) else chosen)


@pytest.mark.parametrize(
    ("count", "classes", "whole", "tiled"), [(5, 1, 160, 400), (5, 4, 640, 800), (20, 4, 1280, 1280)]
)
def test_crops_are_learned_from_for_longer_unless_it_takes_long_anyway(count, classes, whole, tiled):
    recipes = [
        choose_recipes(photos(count, classes), **NOTHING_ASKED | {"tiles": tiles})[0]
        for tiles in (None, (2, 2))
    ]
    assert [recipe.steps for recipe in recipes] == [whole, tiled]


@pytest.mark.parametrize(("classes", "rate"), [(1, 0.0075), (2, 0.015), (3, 0.0225), (4, 0.03), (6, 0.03)])
def test_going_gently_is_for_each_class(classes, rate):
    (recipe,) = choose_recipes(photos(12, classes), **NOTHING_ASKED | {"keeps_stem": True})
    assert recipe.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ({}, [("fpn", 640, 0.001, None), ("all", 160, 0.001, None)]),
        ({"budget": 100}, [("fpn", 5000, 0.001, 60.0), ("all", 5000, 0.001, 40.0)]),
        ({"steps": 30}, [("fpn", 30, 0.001, None)]),
        ({"learning_rate": 0.01}, [("fpn", 640, 0.01, None)]),
        ({"trainable": "heads"}, [("heads", 640, 0.001, None)]),
        ({"fresh_predictor": False}, [("all", 160, 0.03, None)]),
    ],
)
def test_a_predictor_from_nothing_learns_before_all_layers_do(asked, parts):
    recipes = choose_recipes(photos(5), **NOTHING_ASKED | {"fresh_predictor": True} | asked)
    chosen = [(r.trained, r.steps, r.learning_rate, r.budget) for r in recipes]
    assert chosen == [
        (TRAINABLE[part], steps, pytest.approx(rate), budget) for part, steps, rate, budget in parts
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20 s", 20), ("1 min", 60), ("1.5min", 90), ("2 h", 7200), (" 3 Minutes ", 180), (45, 45), ("30", 30)],
)
def test_times_are_read(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "1 fortnight", "0 s", -3, "1.2.3 s", float("nan"), float("inf")]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(
        ValueError, match='budget must be a time like "20 s", "1 min" or a number of seconds, got '
    ):
        parse_seconds(text)
