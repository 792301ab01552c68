"""Settings of one training are the same whatever version wrote them; others are not."""

from __future__ import annotations

import pytest

from tflhelpers.training.augment import Augmentation
from tflhelpers.training.recipe import Recipe
from tflhelpers.training.same_training import same_settings

HOW = Augmentation()
TEXT = f"{Recipe(('heads',), 8, 2, 'sgd', 0.01, 2.0, HOW, None)}, seed 0, 6 pictures 12ab34cd"


@pytest.mark.parametrize(
    ("stored", "same"),
    [
        (TEXT, True),
        (TEXT.replace(", box_weight=1.0", ""), True),  # not known yet, and now the default
        (TEXT.replace(f", copy_paste={HOW.copy_paste}", ""), True),
        (TEXT.replace("Recipe(", "Recipe(of_tomorrow=3, "), True),
        (f"{TEXT}, start 99", True),
        (TEXT.replace("steps=8", "steps=9"), False),
        (TEXT.replace("steps=8, ", ""), False),  # it has no default
        (TEXT.replace("box_weight=1.0", "box_weight=4.0"), False),
        (TEXT.replace("flip=0.5", "flip=0.0"), False),
        (TEXT.replace(repr(HOW), "None"), False),
        (TEXT.replace("seed 0", "seed 1"), False),
        (TEXT.replace("12ab34cd", "0"), False),
        (TEXT.replace("0.01", "np.float64(0.01)"), False),
        (TEXT.replace("learning_rate=0.01", "learning_rate=<a tensor>"), False),
        ("fine-tune Classifier(x), 5 epochs", False),
    ],
)
def test_fields_count_by_name(stored, same):
    assert same_settings(stored, TEXT) is same


@pytest.mark.parametrize(("rate", "same"), [("np.float64(0.01)", True), ("np.float64(0.03)", False)])
def test_numbers_of_numpy_count_by_their_value(rate, same):
    ours = TEXT.replace("learning_rate=0.01", "learning_rate=np.float64(0.01)")
    assert same_settings(TEXT.replace("learning_rate=0.01", f"learning_rate={rate}"), ours) is same
