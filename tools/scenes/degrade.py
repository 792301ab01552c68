"""What a camera and a file format do to a picture: uneven light, exposure, tint, gray, blur, noise, JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

Rng = np.random.Generator


class Degrader:
    """Changes a picture at random without moving anything in it; holds a pool of noise made once."""

    def __init__(self, image_size: int) -> None:
        self.image_size = image_size
        pool = np.random.default_rng(12345)
        self.noise = pool.standard_normal((2 * image_size, 2 * image_size), np.float32)
        line = np.linspace(-1, 1, image_size, dtype=np.float32)
        self.x, self.y = line[None, :], line[:, None]

    def __call__(self, rng: Rng, picture: np.ndarray) -> np.ndarray:
        """The changed picture, uint8 (S, S, 3)."""
        if rng.random() < 0.45:
            picture = self.uneven_light(rng, picture)
        if rng.random() < 0.75:
            picture = exposure(rng, picture)
        if rng.random() < 0.3:
            picture = saturation(picture, 0.0 if rng.random() < 0.25 else rng.uniform(0.2, 1.5))
        if rng.random() < 0.2:
            picture = blurred(rng, picture)
        if rng.random() < 0.35:
            picture = self.grain(rng, picture, rng.uniform(1, 13))
        if rng.random() < 0.35:
            picture = jpeg(picture, int(rng.integers(20, 92)))
        return picture

    def uneven_light(self, rng: Rng, picture: np.ndarray) -> np.ndarray:
        """Brightness that changes along a line or falls off to the corners."""
        amount = rng.uniform(0.1, 0.45)
        if rng.random() < 0.65:
            angle = rng.uniform(0, 2 * np.pi)
            gain = 1 + amount * (np.float32(np.cos(angle)) * self.x + np.float32(np.sin(angle)) * self.y)
        else:
            gain = 1.1 - amount * (self.x * self.x + self.y * self.y)
        return np.clip(picture * gain.astype(np.float32)[..., None], 0, 255).astype(np.uint8)

    def grain(self, rng: Rng, picture: np.ndarray, sigma: float) -> np.ndarray:
        """Gaussian noise of standard deviation sigma, alike in all channels or not."""
        size, same = self.image_size, rng.random() < 0.5
        noisy = np.empty(picture.shape, np.float32)
        top, left = rng.integers(0, size, 2)
        for channel in range(3):
            if channel and not same:
                top, left = rng.integers(0, size, 2)
            noisy[..., channel] = self.noise[top : top + size, left : left + size]
        noisy *= np.float32(sigma)
        noisy += picture
        return np.clip(noisy, 0, 255).astype(np.uint8)


def exposure(rng: Rng, picture: np.ndarray) -> np.ndarray:
    """Brightness, contrast, gamma and tint by one table a channel."""
    steps = np.linspace(0, 1, 256)[:, None] ** np.exp(rng.uniform(-0.35, 0.35))
    tint = np.exp(rng.uniform(-0.12, 0.12, 3))
    curve = ((steps - 0.5) * rng.uniform(0.6, 1.35) + 0.5 + rng.uniform(-0.12, 0.12)) * tint
    table = np.clip(curve * 255, 0, 255).astype(np.uint8)
    return np.stack([table[:, channel][picture[..., channel]] for channel in range(3)], axis=2)


def saturation(picture: np.ndarray, amount: float) -> np.ndarray:
    """Colourfulness times `amount`; 0 is gray."""
    sheet = Image.fromarray(picture)
    gray = sheet.convert("L").convert("RGB")
    return np.array(gray if amount == 0 else Image.blend(gray, sheet, amount))


def blurred(rng: Rng, picture: np.ndarray) -> np.ndarray:
    """Out of focus, or enlarged from a smaller picture."""
    sheet = Image.fromarray(picture)
    if rng.random() < 0.7:
        return np.array(sheet.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.6))))
    size, share = sheet.size, rng.uniform(0.4, 0.8)
    small = sheet.resize((int(size[0] * share), int(size[1] * share)), Image.Resampling.BILINEAR)
    return np.array(small.resize(size, Image.Resampling.BILINEAR))


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture after a JPEG file of that quality."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream))
