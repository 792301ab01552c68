"""Which region decided: the class activation map (Zhou et al., CVPR 2016), exact for heads on averaged features.

The logit of a class is the mean over the picture of what each place adds to it, plus the bias; the map is those parts.
"""

from __future__ import annotations

import keras
import numpy as np
from PIL import Image

from tflhelpers.sharing.captions import text_line

# Okabe and Ito's orange and blue: told apart by colour-blind people, and seen on gray.
_FOR, _AGAINST = np.array([255, 140, 0], np.float32), np.array([0, 90, 210], np.float32)
_GRAY = np.array([0.299, 0.587, 0.114], np.float32)


def activation_maps(
    looking: keras.Model, kernel: np.ndarray, inputs: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """What each place adds to each logit, level by level; their means plus the bias are the logits.

    Args:
        looking: from `inputs` to "maps", a list of (B, h, w, C), and "probabilities" (B, K); see `Classifier.looking`.
        kernel: of the head, (D, K).
        inputs: one image as the network takes it in, float32 (1, H, W, 3).

    Returns:
        float32 (h, w, K) for each map of the backbone, and the probabilities (K,).
    """
    seen = looking.predict_on_batch(inputs)
    maps = seen["maps"]
    ends = np.cumsum([each.shape[-1] for each in maps])
    parts = [
        np.asarray(each)[0] @ kernel[end - each.shape[-1] : end] for each, end in zip(maps, ends, strict=True)
    ]
    return parts, np.asarray(seen["probabilities"])[0]


def evidence(maps: list[np.ndarray], bias: np.ndarray, label: int, size: tuple[int, int]) -> np.ndarray:
    """What each place says for the class, against the mean of the others. float32, of `size` (H, W).

    Softmax only sees differences of logits, so what speaks for all classes alike is taken away. Each place has its
    share of the bias, which holds what an average picture says: so the mean of the map is what decided, and 0 is what
    says nothing.

    Args:
        maps: of `activation_maps`.
        bias: of the head, (K,).
        label: the class.
        size: (height, width) of the picture.
    """

    def against_others(logits: np.ndarray) -> np.ndarray:
        return logits[..., label] - np.delete(logits, label, axis=-1).mean(axis=-1)

    total = np.full(size, against_others(bias), np.float32)
    for each in maps:
        part = Image.fromarray(against_others(each).astype(np.float32))
        total += np.asarray(part.resize(size[::-1], Image.Resampling.BICUBIC))
    return total


def heat_map(picture: np.ndarray, heat: np.ndarray, text: str, opacity: float) -> np.ndarray:
    """The picture (H, W, 3) in gray, coloured by `evidence` (H, W), with a line of text. uint8 (H + line, W, 3)."""
    width, heat = picture.shape[1], heat[..., None]
    part = opacity * np.abs(heat) / max(float(np.abs(heat).max()), 1e-6)
    gray = (picture.astype(np.float32) @ _GRAY)[..., None]
    mixed = (1 - part) * gray + part * np.where(heat > 0, _FOR, _AGAINST)
    line = text_line(text, width, max(11, width // 14))
    return np.concatenate([np.clip(mixed, 0, 255).astype(np.uint8), line])
