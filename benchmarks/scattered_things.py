"""Drawn pictures with things scattered over them: those to learn, with their boxes, among others of fifty kinds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tflhelpers as tfl
from tflhelpers.progress import progress_bar
from tools.scenes.objects import KINDS
from tools.scenes.render import Solid
from tools.scenes.sprites import draw_solids, draw_sprite
from tools.scenes.textures import draw_texture

LONGEST = 96  # pixels of a sprite, before it is scaled
SPRITES = 24  # sides that a thing is seen from in a set; the exam has its own
TRIES = 20  # for a place where no other thing is

Sprites = list[np.ndarray]  # each RGBA uint8 (h, w, 4)


def sprites_of(thing: Callable[[], list[Solid]], name: str, seed: int) -> Sprites:
    """A thing from random sides, in random lights."""
    rngs = (np.random.default_rng([1000 * seed + number, len(KINDS)]) for number in range(SPRITES))
    return [draw_solids(thing(), name, rng, LONGEST) for rng in rngs]


def other_sprites(seed: int) -> Sprites:
    """One of each of the fifty kinds that stand around."""
    return [draw_sprite(kind, 1000 * seed + number, LONGEST) for number, kind in enumerate(KINDS)]


class Scene:
    """A picture in the making, and the boxes of the things that were put into it.

    Attributes:
        picture: RGB.
        xyxy, labels: of the things to learn.
    """

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        """An empty ground of `size` (height, width)."""
        ground = np.clip(draw_texture(int(rng.integers(1 << 30))), 0, 255).astype(np.uint8)
        self.picture = Image.fromarray(ground).resize(size[::-1], Image.Resampling.BICUBIC)
        self.xyxy: list[list[float]] = []
        self.labels: list[int] = []
        self._rng = rng

    def put(self, sprites: Sprites, sides: tuple[float, float], label: int | None = None) -> bool:
        """One of the sprites, its longer side between `sides`, where no thing to learn is; False if there is no room.

        Without a label it is none of those to learn.
        """
        sprite = sprites[self._rng.integers(len(sprites))]
        scale = np.exp(self._rng.uniform(*np.log(sides))) / max(sprite.shape[:2])
        height, width = (max(2, round(side * scale)) for side in sprite.shape[:2])
        small = Image.fromarray(sprite).resize((width, height), Image.Resampling.BOX)
        for _ in range(TRIES):
            left = int(self._rng.integers(self.picture.width - width))
            top = int(self._rng.integers(self.picture.height - height))
            box = [left, top, left + width, top + height]
            if all(_apart(box, other) for other in self.xyxy):
                self.picture.paste(small, (left, top), small)
                if label is not None:
                    self.xyxy.append([float(edge) for edge in box])
                    self.labels.append(label)
                return True
        return False


def _apart(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]


def drawn_set(
    folder: Path, name: str, class_names: Sequence[str], count: int, scenes: Callable[[], Iterator[Scene]]
) -> tfl.Annotations:
    """`count` pictures with their boxes; `scenes` draws them where they are not there yet."""
    file = folder / f"{name}.json"
    if file.exists():
        return tfl.Annotations.load(file)
    (folder / name).mkdir(parents=True, exist_ok=True)
    items = []
    with progress_bar(count, f"Drawing {name}") as bar:
        for number, scene in enumerate(scenes()):
            path = folder / name / f"{number:03d}.png"
            scene.picture.save(path)
            items.append((path, tfl.Boxes(scene.xyxy, scene.labels)))
            bar.update()
    annotations = tfl.Annotations.from_items(class_names, items)
    annotations.save(file)
    return annotations
