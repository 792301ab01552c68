"""The embedded detector's training: its rate by hand, what learns, and the same losses from the same seed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tflhelpers.model.ssd import layer_group
from tflhelpers.training.loop import TrainingState
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
    state = TrainingState()
    train_embedded.train_part(trainer, state, bank, 96, steps, stage, 0, [])
    return state.losses["loss"]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("stage", train_embedded.STAGES)
def test_the_same_seed_gives_the_same_losses(photo_ssd, bank, stage):
    first, again = (losses_of(photo_ssd, bank, stage, 6) for _ in range(2))
    assert len(set(first)) > 1
    assert first == again


def test_the_state_is_kept_and_the_means_are_logged_every_hundred_steps_and_at_the_end(tmp_path):
    kept, state = [], TrainingState(1500, losses={"loss": []})
    checkpointer = SimpleNamespace(keep=lambda state: kept.append(state.step))
    hook = train_embedded.KeepAndLog(checkpointer, tmp_path / "log.csv", 224, end=1750)
    for number in range(250):
        state.add({"loss": number})
        hook.after_step(state)
    assert kept == [1600, 1700, 1750]
    rows = [row.split(",")[:3] for row in (tmp_path / "log.csv").read_text().splitlines()]
    assert rows == [
        ["step", "size", "loss"],
        ["1600", "224", "49.5"],
        ["1700", "224", "149.5"],
        ["1750", "224", "224.5"],
    ]
