"""The bank: many drawn sprites of every kind, and background textures, in one file that is made once.

python -m tools.scenes.sprites bank.npz --variants 80 --processes 2
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tflhelpers.files.atomic_file import atomic_file
from tools.scenes.objects import FREE_KINDS, KINDS, build_object
from tools.scenes.render import Camera, Light, Solid, render, trace
from tools.scenes.sdf import ball_around
from tools.scenes.textures import TEXTURE_SIZE, draw_texture

SPRITE_SIZE = 128
SUPERSAMPLE = 2


@dataclass(frozen=True)
class Bank:
    """All sprites and textures.

    sprites: RGBA uint8 arrays (h, w, 4), straight alpha, tightly cropped, longest side SPRITE_SIZE.
    labels: int64 (n,), index into KINDS. textures: uint8 (m, TEXTURE_SIZE, TEXTURE_SIZE, 3).
    """

    sprites: list[np.ndarray]
    labels: np.ndarray
    textures: np.ndarray

    def save(self, path: str | Path) -> None:
        """Writes one .npz, in a piece: an interrupted save leaves no file of that name."""
        codes = [_jpeg(texture) for texture in self.textures]
        with atomic_file(Path(path)) as stream:
            np.savez_compressed(
                stream,
                kinds=np.array(KINDS),
                labels=self.labels,
                shapes=np.array([sprite.shape[:2] for sprite in self.sprites], np.int32),
                pixels=np.concatenate([sprite.ravel() for sprite in self.sprites]),
                texture_bytes=np.frombuffer(b"".join(codes), np.uint8),
                texture_ends=np.cumsum([len(code) for code in codes]),
            )

    @classmethod
    def load(cls, path: str | Path) -> Bank:
        """Reads a bank; raises ValueError if it was made for other kinds."""
        with np.load(path) as data:
            if tuple(data["kinds"]) != KINDS:
                raise ValueError(
                    f"{path}: expected a bank of these {len(KINDS)} kinds, got others. Render it again."
                )
            shapes, pixels, labels = data["shapes"], data["pixels"], data["labels"]
            raw, ends = data["texture_bytes"].tobytes(), data["texture_ends"]
        stops = np.cumsum(shapes[:, 0] * shapes[:, 1] * 4)
        parts = np.split(pixels, stops[:-1])
        sprites = [part.reshape(h, w, 4) for part, (h, w) in zip(parts, shapes, strict=True)]
        starts = [0, *ends[:-1]]
        textures = [np.array(Image.open(io.BytesIO(raw[a:b]))) for a, b in zip(starts, ends, strict=True)]
        return cls(sprites, labels, np.stack(textures))

    def split(self, held_out: int) -> tuple[Bank, Bank]:
        """(a bank without the last `held_out` sprites of each kind, a bank of these); both have all textures."""
        fewest = np.unique(self.labels, return_counts=True)[1].min(initial=len(self.labels))
        if not 0 < held_out < fewest:
            raise ValueError(
                f"held_out must be at least 1 and fewer than the {fewest} sprites of a kind, got {held_out}. "
                "Render more variants, or hold out fewer."
            )
        rank = np.zeros(len(self.labels), np.int64)  # of a sprite among those of its kind, the last one 0
        for label in np.unique(self.labels):
            (places,) = np.nonzero(self.labels == label)
            rank[places] = np.arange(len(places))[::-1]
        return self._only(rank >= held_out), self._only(rank < held_out)

    def _only(self, chosen: np.ndarray) -> Bank:
        sprites = [sprite for sprite, is_chosen in zip(self.sprites, chosen, strict=True) if is_chosen]
        return Bank(sprites, self.labels[chosen], self.textures)


def _jpeg(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def random_light(rng: np.random.Generator, camera: Camera) -> Light:
    """A sun from the camera's upper half, warm or cool, strong or mild."""
    right, up, forward = camera.frame()
    side, high = rng.uniform(-1.0, 1.0), rng.uniform(0.35, 1.2)
    toward = right * side + up * high - forward * rng.uniform(0.2, 1.0)
    warmth = rng.uniform(-0.14, 0.2)
    tint = np.array([1 + warmth, 1.0, 1 - warmth], np.float32)
    sky = np.array([0.62 - 0.15 * warmth, 0.68, 0.76 + 0.2 * warmth], np.float32) * rng.uniform(0.55, 1.25)
    ground = np.array([0.34, 0.3, 0.26], np.float32) * rng.uniform(0.5, 1.6)
    return Light(
        toward / np.linalg.norm(toward), tint * rng.uniform(1.2, 2.6), sky, ground, rng.uniform(4, 16)
    )


def random_camera(rng: np.random.Generator, kind: str, solids: list[Solid]) -> tuple[Camera, float]:
    """A view of the whole object from a random side, and the object's radius."""
    center, radius = ball_around([solid.shape for solid in solids])
    turn = rng.uniform(0, 360)
    lift = rng.uniform(-35, 75) if kind in FREE_KINDS else np.clip(rng.normal(18, 16), -8, 60)
    fov = rng.uniform(18, 42)
    a, b = np.deg2rad([turn, lift])
    way = np.array([np.cos(b) * np.sin(a), np.sin(b), np.cos(b) * np.cos(a)])
    eye = center + way * radius / np.sin(np.deg2rad(fov) / 2) * 1.02
    return Camera(eye, np.asarray(center, np.float64), fov), radius


def _tight_window(solids: list[Solid], camera: Camera, size: int = 56) -> tuple[float, float, float, float]:
    """The part of the picture plane that the object covers, by a coarse look, with a pixel of margin."""
    _depth, index = trace(solids, camera.eye, camera.rays((-1, 1, 1, -1), (size, size)), 0.012)
    rows, columns = np.nonzero(index.reshape(size, size) >= 0)
    pixel = 2.0 / size
    left, right = -1 + pixel * (columns.min() - 1), -1 + pixel * (columns.max() + 2)
    top, bottom = 1 - pixel * (rows.min() - 1), 1 - pixel * (rows.max() + 2)
    return left, right, top, bottom


def draw_sprite(kind: str, seed: int, longest: int = SPRITE_SIZE) -> np.ndarray:
    """One RGBA sprite uint8 (h, w, 4), tightly cropped; the same (kind, seed) gives the same bytes."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    return draw_solids(build_object(kind, rng), kind, rng, longest)


def draw_solids(solids: list[Solid], kind: str, rng: np.random.Generator, longest: int) -> np.ndarray:
    """An object of this kind, from a random side and in a random light, as a sprite uint8 (h, w, 4)."""
    camera, radius = random_camera(rng, kind, solids)
    window = _tight_window(solids, camera)
    wide, tall = window[1] - window[0], window[2] - window[3]
    scale = longest / max(wide, tall)
    size = (max(8, round(tall * scale)) * SUPERSAMPLE, max(8, round(wide * scale)) * SUPERSAMPLE)
    color, index = render(solids, camera, window, size, random_light(rng, camera), radius)
    return crop_to_alpha(straight_rgba(color, index >= 0, SUPERSAMPLE))


def straight_rgba(color: np.ndarray, mask: np.ndarray, factor: int) -> np.ndarray:
    """Averages factor x factor samples of colour under the mask into straight-alpha RGBA uint8."""
    height, width = mask.shape[0] // factor, mask.shape[1] // factor
    blocks = (height, factor, width, factor)
    alpha = mask.reshape(blocks).mean(axis=(1, 3), dtype=np.float32)
    total = (color * mask[..., None]).reshape(*blocks, 3).mean(axis=(1, 3))
    straight = total / np.maximum(alpha, 1e-6)[..., None]
    rgba = np.concatenate([straight, alpha[..., None]], axis=2)
    return np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8)


def crop_to_alpha(sprite: np.ndarray) -> np.ndarray:
    """Cuts off rows and columns without any alpha."""
    rows, columns = np.flatnonzero(sprite[..., 3].any(axis=1)), np.flatnonzero(sprite[..., 3].any(axis=0))
    return np.ascontiguousarray(sprite[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _job(task: tuple) -> np.ndarray:
    what, seed = task
    return draw_texture(seed) if what == "texture" else draw_sprite(what, seed)


def render_bank(
    *, variants: int = 80, textures: int = 300, seed: int = 0, processes: int = 2, progress=None
) -> Bank:
    """Draws the whole bank in several processes; the result depends on the seed and the counts only.

    Args:
        progress: called with (done, total) after each sprite or texture.
    """
    tasks = [(kind, seed * 100_003 + i) for i in range(variants) for kind in KINDS]
    tasks += [("texture", seed * 100_003 + i) for i in range(textures)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    results = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=os.nice, initargs=(10,)) as pool:
        for done, result in enumerate(pool.imap(_job, tasks, chunksize=8), start=1):
            results.append(result)
            if progress is not None:
                progress(done, len(tasks))
    count = variants * len(KINDS)
    labels = np.tile(np.arange(len(KINDS), dtype=np.int64), variants)
    sheets = np.stack(results[count:]) if textures else np.zeros((0, TEXTURE_SIZE, TEXTURE_SIZE, 3), np.uint8)
    return Bank(results[:count], labels, sheets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--variants", type=int, default=80)
    parser.add_argument("--textures", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    start = time.monotonic()

    def show(done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            sys.stderr.write(f"\r{done}/{total} drawn, {time.monotonic() - start:.0f} s")

    bank = render_bank(
        variants=args.variants,
        textures=args.textures,
        seed=args.seed,
        processes=args.processes,
        progress=show,
    )
    bank.save(args.path)
    sys.stderr.write(f"\n{args.path}: {args.path.stat().st_size / 2**20:.1f} MiB\n")


if __name__ == "__main__":
    main()
