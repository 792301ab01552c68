"""Which region decided: the class activation map (Zhou et al., CVPR 2016), exact for heads on averaged features.

The logit of a class is the mean over the picture of what each place adds to it, plus the bias; the map is those parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tflhelpers.model.picture_boxes import checked_image
from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.captions import text_line

if TYPE_CHECKING:
    from tflhelpers.classification.classifier import Classifier


def activation_maps(classifier: Classifier, image: np.ndarray) -> list[np.ndarray]:
    """What each place adds to each logit, level by level; their means plus the bias are the logits.

    Args:
        classifier: any.
        image: RGB uint8 (H, W, 3).

    Returns:
        float32 (h, w, K) for each map of the backbone.
    """
    inputs = network_input(image, classifier.image_size)[None]
    maps = classifier.parts["maps"].predict_on_batch(inputs)
    maps = maps if isinstance(maps, (list, tuple)) else [maps]
    kernel, _ = classifier.head
    ends = np.cumsum([each.shape[-1] for each in maps])
    return [
        np.asarray(each)[0] @ kernel[end - each.shape[-1] : end] for each, end in zip(maps, ends, strict=True)
    ]


def evidence(classifier: Classifier, image: np.ndarray, label: int) -> np.ndarray:
    """What each place says for the class, against the mean of the others. float32 (H, W) of the picture.

    Softmax only sees differences of logits, so what speaks for all classes alike is taken away.
    """
    size = image.shape[:2]
    total = np.zeros(size, np.float32)
    for each in activation_maps(classifier, image):
        others = np.delete(each, label, axis=-1).mean(axis=-1)
        part = Image.fromarray((each[..., label] - others).astype(np.float32))
        total += np.asarray(part.resize(size[::-1], Image.Resampling.BICUBIC))
    return total


def heat_map(classifier: Classifier, image, class_name: str | None, opacity: float) -> np.ndarray:
    """The picture under the colours of `evidence`, with a line that says for what. uint8 (H + line, W, 3)."""
    import matplotlib

    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be 0 to 1, got {opacity}.")
    picture = checked_image(image)
    probabilities = classifier.predict(picture).probabilities[0]
    label = _label_of(classifier.class_names, class_name, probabilities)
    heat = evidence(classifier, picture, label)
    strongest = max(float(np.abs(heat).max()), 1e-6)
    colours = matplotlib.colormaps["inferno"](0.5 + 0.5 * heat / strongest)[..., :3] * 255
    gray = picture.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
    mixed = (1 - opacity) * gray[..., None] + opacity * colours
    text = f"{classifier.class_names[label]}: {probabilities[label]:.0%}"
    line = text_line(text, picture.shape[1], max(11, picture.shape[1] // 16))
    return np.concatenate([np.clip(mixed, 0, 255).astype(np.uint8), line])


def _label_of(names: tuple[str, ...], name: str | None, probabilities: np.ndarray) -> int:
    if name is None:
        return int(probabilities.argmax())
    if name not in names:
        raise ValueError(f"class_name must be one of {', '.join(names)}, got {name!r}.")
    return names.index(name)
