"""Augmentation: the views of one photo that a training learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tflhelpers.data.boxes import Boxes, rel_yxyx_to_xyxy, xyxy_to_rel_yxyx
from tflhelpers.explaining.figures import as_picture
from tflhelpers.sharing.contact_sheet import contact_sheet
from tflhelpers.sharing.draw import draw_boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tflhelpers.training.augment import Augmentation


def augmented_views(
    image,
    boxes: Boxes,
    *,
    count: int = 7,
    how: Augmentation | None = None,
    seed: int = 0,
) -> list[tuple[np.ndarray, Boxes]]:
    """Random views of a picture, as `fine_tune` makes them, each with the boxes that are still to be seen in it.

    Objects of other pictures, which `fine_tune` puts into some where there are several classes, are not among them.

    Args:
        image: a path, or RGB uint8 (H, W, 3).
        boxes: on it, in its pixels.
        count: of views.
        how: how far the picture may be changed; None as `fine_tune` does by default.
        seed: equal seeds give equal views.
    """
    from tflhelpers.training.augment import Augmentation, augment

    picture = as_picture(image)
    size = picture.shape[:2]
    relative = xyxy_to_rel_yxyx(boxes.xyxy, size)
    views = []
    for number in range(count):
        view, placed, labels = (
            np.asarray(part)
            for part in augment(
                picture.astype(np.float32),
                relative,
                boxes.labels.astype(np.int32),
                [seed, number],
                how or Augmentation(),
                size,
            )
        )
        seen = labels >= 0
        xyxy = rel_yxyx_to_xyxy(placed[seen], size)
        views.append((np.rint(view).astype(np.uint8), Boxes(xyxy, labels[seen])))
    return views


def show_augmentations(
    image,
    boxes: Boxes,
    class_names: Sequence[str],
    *,
    count: int = 7,
    how: Augmentation | None = None,
    seed: int = 0,
    columns: int = 4,
    width: int = 1200,
) -> np.ndarray:
    """A picture as it is, then random views of it, with their boxes, side by side.

    Args:
        image, boxes, count, how, seed: as for `augmented_views`.
        class_names: for each label.
        columns: pictures a row.
        width: of the whole, in pixels.

    Returns:
        RGB uint8 (height, width, 3).
    """
    picture = as_picture(image)
    views = [(picture, boxes), *augmented_views(picture, boxes, count=count, how=how, seed=seed)]
    drawn = [draw_boxes(view, seen, class_names) for view, seen in views]
    return contact_sheet(drawn, columns=columns, width=width)
