"""Training pictures: sprites of known kinds with exact boxes on busy backgrounds, about a hundred a second.

bank = Bank.load("bank.npz")
image, boxes_xyxy, labels = SceneSampler(bank, image_size=256, seed=0).draw(17)
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from tools.scenes.degrade import Degrader
from tools.scenes.objects import FREE_KINDS, KINDS
from tools.scenes.paint import any_color
from tools.scenes.sprites import Bank

LEAST_OBJECT = 12.0  # pixels, longest side of the smallest object
LEAST_BOX = 6.0  # pixels, sides of a box below this are not labelled
LEAST_VISIBLE = 0.35  # share of the part inside the picture that others leave uncovered
LEAST_INSIDE = 0.30  # share of the object that lies inside the picture
COUNT_WEIGHTS = np.array([0.07, 0.2, 0.19, 0.16, 0.13, 0.1, 0.07, 0.05, 0.03])  # 0 to 8 objects
Rng = np.random.Generator


class SceneSampler:
    """Draws picture `index` from a bank; equal (bank, image_size, seed, index) give equal bytes."""

    def __init__(self, bank: Bank, image_size: int = 256, seed: int = 0) -> None:
        if image_size < 64:
            raise ValueError(
                f"image_size must be at least 64 pixels, got {image_size}. Give 256, for example."
            )
        if len(bank.sprites) == 0 or len(bank.textures) == 0:
            raise ValueError(
                "the bank must hold sprites and textures, got none. Render it with tools.scenes.sprites."
            )
        self.bank, self.image_size, self.seed = bank, image_size, seed
        self.degrade = Degrader(image_size)
        self.free = np.array([KINDS[label] in FREE_KINDS for label in bank.labels])

    def draw(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One picture.

        Returns:
            image uint8 (S, S, 3), boxes_xyxy float32 (n, 4) in pixels, labels int64 (n,), indices into KINDS;
            n = 0..8.
        """
        rng = np.random.default_rng([self.seed, index])
        canvas = self._background(rng)
        owner = np.zeros(canvas.shape[:2], np.int8)  # 0 = background, k = k-th object
        self._distract(rng, canvas, owner, int(rng.integers(0, 9)) if rng.random() < 0.6 else 0)
        count = int(rng.choice(len(COUNT_WEIGHTS), p=COUNT_WEIGHTS))
        found = self._objects(rng, canvas, owner, count)
        if rng.random() < 0.15:
            self._distract(rng, canvas, owner, 1)
        kept = [(box, label) for k, box, label, inside in found if visible_enough(owner, k, inside)]
        boxes = np.array([box for box, _ in kept], np.float32).reshape(-1, 4)
        labels = np.array([label for _, label in kept], np.int64)
        picture = np.clip(canvas + 0.5, 0, 255).astype(np.uint8)
        return self.degrade(rng, picture), boxes, labels

    def _background(self, rng: Rng) -> np.ndarray:
        """A crop of a texture, turned and recoloured: float32 (S, S, 3) in 0..255."""
        texture = self.bank.textures[rng.integers(len(self.bank.textures))]
        full = texture.shape[0]
        side = int(rng.uniform(0.35, 1.0) * full)
        top, left = rng.integers(0, full - side + 1, 2)
        sheet = Image.fromarray(texture[top : top + side, left : left + side])
        sheet = sheet.resize((self.image_size, self.image_size), Image.Resampling.BILINEAR)
        picture = np.asarray(sheet, np.float32)
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        if rng.random() < 0.25:
            picture = picture[..., rng.permutation(3)]
        return picture * rng.uniform(0.75, 1.2, 3).astype(np.float32) * np.float32(rng.uniform(0.6, 1.2))

    def _objects(self, rng: Rng, canvas: np.ndarray, owner: np.ndarray, count: int) -> list[tuple]:
        """Pastes `count` objects, mostly the large ones first; returns (k, box, label, pixels inside)."""
        sizes = np.exp(rng.uniform(np.log(LEAST_OBJECT), np.log(0.95 * self.image_size), count))
        sizes = np.sort(sizes)[::-1] if rng.random() < 0.8 else sizes
        shadow = rng.uniform(0.2, 0.6) if rng.random() < 0.65 else 0.0
        lean = rng.uniform(-0.5, 0.5)
        found: list[tuple] = []
        for k, size in enumerate(sizes, start=1):
            which = int(rng.integers(len(self.bank.sprites)))
            sprite = self._posed(rng, which, float(size))
            corner = self._place(rng, sprite.shape[:2], [entry[1] for entry in found])
            if shadow:
                cast_shadow(canvas, sprite[..., 3], corner, shadow, lean)
            box, inside, whole = paste(canvas, owner, sprite, corner, k)
            if box is not None and inside >= LEAST_INSIDE * whole:
                found.append((k, box, int(self.bank.labels[which]), inside))
        return found

    def _posed(self, rng: Rng, which: int, size: float) -> np.ndarray:
        """Sprite `which` flipped, stretched, turned, recoloured, its longest side about `size` pixels."""
        sprite = self.bank.sprites[which]
        if rng.random() < 0.5:
            sprite = sprite[:, ::-1]
        height, width = sprite.shape[:2]
        stretch = np.exp(rng.uniform(-0.16, 0.16))
        scale = size / max(height, width)
        scale = max(scale, (LEAST_BOX + 2) / (min(height, width) * 0.85))  # thin things stay labelled
        shape = (max(4, round(width * scale * stretch)), max(4, round(height * scale / stretch)))
        sheet = Image.fromarray(np.ascontiguousarray(sprite)).resize(shape, Image.Resampling.BICUBIC)
        angle = rng.uniform(-180, 180) if self.free[which] and rng.random() < 0.3 else rng.normal(0, 9)
        if rng.random() < 0.6:
            sheet = sheet.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        if rng.random() < 0.2:
            sheet = sheet.filter(ImageFilter.BoxBlur(rng.uniform(0.3, 1.2)))
        return recolored(rng, np.array(sheet))

    def _place(self, rng: Rng, shape: tuple[int, int], taken: list) -> tuple[int, int]:
        """A corner (top, left) for the sprite, rather one that covers little of the boxes already taken."""
        height, width = shape
        corner, crowded = (0, 0), rng.random() < 0.2
        for _ in range(5):
            beyond = rng.uniform(0, 0.4) if rng.random() < 0.2 else 0.0
            low = np.array([-beyond * height, -beyond * width])
            high = np.array([self.image_size - (1 - beyond) * height, self.image_size - (1 - beyond) * width])
            top, left = rng.uniform(np.minimum(low, high), np.maximum(low, high))
            corner = (round(top), round(left))
            if crowded or all(_covers(corner, shape, box) < 0.25 for box in taken):
                break
        return corner

    def _distract(self, rng: Rng, canvas: np.ndarray, owner: np.ndarray, count: int) -> None:
        """Pastes unlabelled pieces: fragments of sprites or plain shapes of all sizes."""
        for _ in range(count):
            size = int(np.exp(rng.uniform(np.log(8), np.log(0.4 * self.image_size))))
            piece = np.empty((size, max(4, int(size * rng.uniform(0.4, 1.6))), 4), np.uint8)
            piece[..., 3] = _blob(rng, piece.shape[:2])
            if rng.random() < 0.5:
                piece[..., :3] = self._fragment(rng, piece.shape[:2])
            else:
                piece[..., :3] = np.array(any_color(rng)) * 255
            top, left = rng.integers(-size // 2, self.image_size - size // 2, 2)
            paste(canvas, owner, piece, (int(top), int(left)), 0)

    def _fragment(self, rng: Rng, shape: tuple[int, int]) -> np.ndarray:
        """A small inner part of a sprite, blown up beyond recognition: (h, w, 3)."""
        sprite = self.bank.sprites[rng.integers(len(self.bank.sprites))]
        height, width = sprite.shape[:2]
        top, left = rng.uniform(0.25, 0.55, 2) * (height, width)
        part = Image.fromarray(sprite[..., :3])
        crop = (left, top, left + max(2.0, 0.22 * width), top + max(2.0, 0.22 * height))
        return np.asarray(part.resize((shape[1], shape[0]), Image.Resampling.BILINEAR, box=crop))


def visible_enough(owner: np.ndarray, k: int, inside: int) -> bool:
    """Whether enough of object k is left uncovered."""
    return bool(np.count_nonzero(owner == k) >= LEAST_VISIBLE * inside)


def _covers(corner: tuple[int, int], shape: tuple[int, int], box: np.ndarray) -> float:
    """Share of the box that a sprite at the corner (top, left) covers."""
    wide = min(box[2], corner[1] + shape[1]) - max(box[0], corner[1])
    tall = min(box[3], corner[0] + shape[0]) - max(box[1], corner[0])
    return max(wide, 0) * max(tall, 0) / ((box[2] - box[0]) * (box[3] - box[1]))


def _blob(rng: Rng, shape: tuple[int, int]) -> np.ndarray:
    """Alpha (h, w) uint8 of an ellipse, a rectangle or a random convex-ish polygon that fills the shape."""
    y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    style = rng.integers(3)
    if style == 0:
        reach = 1 - np.sqrt(x * x + y * y)
    elif style == 1:
        reach = np.ones(shape)
    else:
        turns = rng.uniform(0, 2 * np.pi, 5)
        reach = np.min(
            [r - x * np.cos(t) - y * np.sin(t) for t, r in zip(turns, rng.uniform(0.3, 0.8, 5), strict=True)],
            axis=0,
        )
    return (np.clip(reach * min(shape) / 2 + 0.5, 0, 1) * 255).astype(np.uint8)


def recolored(rng: Rng, sprite: np.ndarray) -> np.ndarray:
    """The sprite with its channels sometimes exchanged and its brightness and contrast changed."""
    if rng.random() < 0.3:
        sprite = sprite[..., [*rng.permutation(3), 3]]
    if rng.random() < 0.7:
        gain = rng.uniform(0.7, 1.3) * rng.uniform(0.9, 1.1, 3)
        steps = np.arange(256)[:, None] * gain + rng.uniform(-20, 20)
        table = np.clip(steps, 0, 255).astype(np.uint8)
        sprite = sprite.copy()
        for channel in range(3):
            sprite[..., channel] = table[:, channel][sprite[..., channel]]
    return sprite


def _overlap(size: tuple[int, int], shape: tuple[int, int], corner: tuple[int, int]) -> tuple | None:
    """Slices (of the picture, of the patch) where a patch at the corner meets the picture, or None."""
    top, left = max(corner[0], 0), max(corner[1], 0)
    bottom, right = min(corner[0] + shape[0], size[0]), min(corner[1] + shape[1], size[1])
    if bottom <= top or right <= left:
        return None
    there = (slice(top, bottom), slice(left, right))
    here = (slice(top - corner[0], bottom - corner[0]), slice(left - corner[1], right - corner[1]))
    return there, here


def paste(
    canvas: np.ndarray, owner: np.ndarray, sprite: np.ndarray, corner: tuple[int, int], k: int
) -> tuple[np.ndarray | None, int, int]:
    """Lays an RGBA sprite onto the float canvas, its top-left pixel at `corner` (row, column); marks `owner`.

    Returns:
        (box xyxy float32 (4,) of alpha > 0.5 clipped to the picture or None if a side is below LEAST_BOX,
        its pixels inside the picture, its pixels in all).
    """
    whole = int(np.count_nonzero(sprite[..., 3] > 127))
    slices = _overlap(owner.shape, sprite.shape[:2], corner)
    if slices is None:
        return None, 0, whole
    there, here = slices
    patch = sprite[here]
    share = patch[..., 3:].astype(np.float32) / np.float32(255)
    region = canvas[there]
    region += (patch[..., :3] - region) * share
    solid = patch[..., 3] > 127
    owner[there][solid] = k
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if rows.size < LEAST_BOX or columns.size < LEAST_BOX:
        return None, int(np.count_nonzero(solid)), whole
    top, left = there[0].start, there[1].start
    box = np.array([left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1], np.float32)
    return box, int(np.count_nonzero(solid)), whole


def cast_shadow(
    canvas: np.ndarray, alpha: np.ndarray, corner: tuple[int, int], darkness: float, lean: float
) -> None:
    """Darkens the canvas with a soft, flattened shadow of the alpha that starts at the object's foot."""
    height, width = alpha.shape
    flat = max(3, round(height * 0.3))
    small = Image.fromarray(alpha).resize((24, 12), Image.Resampling.BILINEAR)
    sheet = Image.new("L", (40, 28))
    sheet.paste(small, (8, 8))
    sheet = sheet.filter(ImageFilter.BoxBlur(2.5)).resize(
        (round(width * 40 / 24), round(flat * 28 / 12)), Image.Resampling.BILINEAR
    )
    soft = np.asarray(sheet)
    place = (
        corner[0] + height - round(flat * 0.75) - round(flat * 8 / 12),
        corner[1] + round((lean - 8 / 24) * width),
    )
    slices = _overlap(canvas.shape[:2], soft.shape, place)
    if slices is not None:
        there, here = slices
        canvas[there] *= (1 - soft[here].astype(np.float32) * np.float32(darkness / 255))[..., None]
