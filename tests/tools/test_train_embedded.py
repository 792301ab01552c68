"""The embedded detector's training: its rate by hand, what learns, and the same losses from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.model.ssd import layer_group
from tools import train_embedded
from tools.scenes.sprites import Bank
from tools.scenes.textures import draw_texture


@pytest.mark.parametrize(("step", "part"), [(0, 1 / 300), (299, 1.0), (300, 1.0), (1650, 0.5), (3000, 0.0)])
def test_the_rate_rises_and_falls(step, part):
    assert train_embedded.STAGES[0].rate_at(step) == pytest.approx(2e-3 * part, abs=1e-9)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """Twelve plain sprites of two kinds, of which ten of each are held out."""
    rng = np.random.default_rng(0)
    sprites = [rng.integers(0, 256, (40, 30, 4), np.uint8) | np.uint8([0, 0, 0, 255]) for _ in range(24)]
    path = tmp_path_factory.mktemp("bank") / "bank.npz"
    Bank(sprites, np.tile([4, 7], 12), np.stack([draw_texture(1)])).save(path)
    return path


def losses_of(photo_ssd, bank, stage, steps):
    trainer = train_embedded.build_trainer(train_embedded.new_detector(96, photo_ssd), stage)
    learning = {layer_group(layer) for layer in trainer.network.layers if layer.trainable_weights}
    assert learning - {"backbone"} == {"fpn", "tower", "heads"}
    assert ("backbone" in learning) is bool(stage.learns)  # "stem" never: photos taught it the edges
    return [losses["loss"] for _, losses in train_embedded._learn(trainer, bank, 96, range(steps), stage)]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("stage", train_embedded.STAGES)
def test_the_same_seed_gives_the_same_losses(photo_ssd, bank, stage):
    first, again = (losses_of(photo_ssd, bank, stage, 6) for _ in range(2))
    assert len(set(first)) > 1
    assert first == again
