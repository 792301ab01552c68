"""`Boxes`: the one value that carries boxes through the house, for truth and for predictions alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tflhelpers.files.kinds import check_kind

_XY_SWAPPED = [1, 0, 3, 2]


@dataclass(frozen=True, eq=False, slots=True)
class Boxes:
    """Boxes of one picture. Checked, copied and made read-only when made.

    A box may lie outside its picture and may have zero area (people draw such boxes; `Annotations.check`
    lists them), but its edges are finite and never the wrong way round. Equality compares every number;
    `crowd=None` equals a `crowd` that is False everywhere, and names of classes do not count.

    Args:
        xyxy: Edges (x1, y1, x2, y2) in absolute pixels, x1 <= x2, y1 <= y2. float32 (n, 4). `[]` is no boxes.
        labels: 0-based class index of each box. int64 (n,).
        scores: How sure a detector is, 0 to 1, or None for boxes without scores. float32 (n,).
        crowd: True for a region that scoring ignores (COCO's `iscrowd`), or None for none. bool (n,).
        class_names: The names that labels are indices into, as a detector's boxes know them; None: whoever holds the
            boxes says (`Annotations.class_names`).

    Raises:
        ValueError: If a shape, a number or the order of the edges is wrong.

    Example:
        >>> boxes = Boxes([[10, 20, 30, 60], [0, 0, 5, 5]], labels=[0, 1], scores=[0.9, 0.2])
        >>> boxes[boxes.scores > 0.5].xyxy.tolist()
        [[10.0, 20.0, 30.0, 60.0]]
    """

    xyxy: np.ndarray
    labels: np.ndarray
    scores: np.ndarray | None = None
    crowd: np.ndarray | None = field(default=None, kw_only=True)
    class_names: tuple[str, ...] | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        xyxy = _checked_xyxy(self.xyxy)
        n = len(xyxy)
        self._set("xyxy", xyxy)
        self._set("labels", _checked_labels(self.labels, n))
        if self.scores is not None:
            self._set("scores", _checked_scores(self.scores, n))
        if self.crowd is not None:
            self._set("crowd", _checked_crowd(self.crowd, n))

    def _set(self, name: str, array: np.ndarray) -> None:
        array.flags.writeable = False
        object.__setattr__(self, name, array)

    @classmethod
    def empty(cls, with_scores: bool = False) -> Boxes:
        """Return no boxes: xyxy of shape (0, 4); `scores` of shape (0,) if `with_scores`, else None."""
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros(0) if with_scores else None)

    @classmethod
    def concatenate(cls, parts: Iterable[Boxes]) -> Boxes:
        """Return the boxes of all `parts` in order.

        Raises:
            ValueError: If some non-empty parts have scores and others have none, or labels of different classes.
        """
        check_kind(
            isinstance(parts, Iterable), parts, "parts must be a list of Boxes", "Write [boxes, others]"
        )
        parts = list(parts)
        for part in parts:
            check_kind(
                isinstance(part, Boxes), part, "parts must be a list of Boxes", "Write [boxes, others]"
            )
        filled = [part for part in parts if len(part)] or parts[:1] or [cls.empty()]
        if len({part.scores is None for part in filled}) > 1:
            raise ValueError(
                "Boxes.concatenate expected scores in all parts or in none, got both. "
                "Give the other parts scores, or drop them with Boxes(part.xyxy, part.labels)."
            )
        names = {part.class_names for part in filled}
        if len(names - {None}) > 1:
            raise ValueError(
                "Boxes.concatenate expected labels of one list of classes, got "
                f"{' and '.join(sorted(map(repr, names - {None})))}. Write part.with_classes(class_names) first."
            )
        with_scores = filled[0].scores is not None
        with_crowd = any(part.crowd is not None for part in filled)
        return cls(
            np.concatenate([part.xyxy for part in filled]),
            np.concatenate([part.labels for part in filled]),
            np.concatenate([part.scores for part in filled]) if with_scores else None,
            crowd=np.concatenate([part.crowd_mask for part in filled]) if with_crowd else None,
            class_names=names.pop() if len(names) == 1 else None,
        )

    def __len__(self) -> int:
        return len(self.xyxy)

    def __getitem__(self, index: int | slice | np.ndarray | list[Any]) -> Boxes:
        """Return the boxes chosen by a mask, an index array, a slice or one index: always `Boxes`."""
        rows = _checked_index(index)
        return self._map(lambda array: array[rows])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Boxes):
            return NotImplemented
        same_scores = (
            self.scores is None and other.scores is None
            if self.scores is None or other.scores is None
            else np.array_equal(self.scores, other.scores)
        )
        return bool(
            same_scores
            and np.array_equal(self.xyxy, other.xyxy)
            and np.array_equal(self.labels, other.labels)
            and np.array_equal(self.crowd_mask, other.crowd_mask)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def crowd_mask(self) -> np.ndarray:
        """`crowd`, with False everywhere where it is None. bool (n,)."""
        return np.zeros(len(self), bool) if self.crowd is None else self.crowd

    @property
    def area(self) -> np.ndarray:
        """Width times height in square pixels. float32 (n,)."""
        return (self.xyxy[:, 2] - self.xyxy[:, 0]) * (self.xyxy[:, 3] - self.xyxy[:, 1])

    def clip(self, image_size: tuple[int, int]) -> Boxes:
        """Return the boxes cut at the edges of a picture of (height, width) pixels.

        None is dropped: a box wholly outside stays, with zero area (`boxes[boxes.area > 0]` drops it).
        """
        wanted, size = "image_size must be (height, width)", np.shape(image_size)
        check_kind(size == (2,), image_size, wanted, "Write image.shape[:2]")
        height, width = image_size
        return self._with_xyxy(np.clip(self.xyxy, 0, np.array([width, height, width, height], np.float32)))

    def scale(self, sx: float, sy: float) -> Boxes:
        """Return the boxes with x multiplied by `sx` and y by `sy`, both above 0."""
        if not (0 < sx < np.inf and 0 < sy < np.inf):
            raise ValueError(f"Boxes.scale expected finite factors above 0, got sx={sx}, sy={sy}.")
        return self._with_xyxy(self.xyxy.astype(np.float64) * (sx, sy, sx, sy))

    def shift(self, dx: float, dy: float) -> Boxes:
        """Return the boxes moved right by `dx` and down by `dy` pixels."""
        return self._with_xyxy(self.xyxy.astype(np.float64) + (dx, dy, dx, dy))

    def iou(self, other: Boxes) -> np.ndarray:
        """Return the intersection over union of each of these boxes with each of `other`; 0 where they do not overlap.

        Returns:
            float32 (n, m), 0 to 1. A box of zero area has 0 with everything, itself included.

        Example:
            >>> Boxes([[0, 0, 2, 2]], [0]).iou(Boxes([[0, 0, 2, 1], [5, 5, 6, 6]], [0, 0])).tolist()
            [[0.5, 0.0]]
        """
        check_kind(isinstance(other, Boxes), other, "other must be Boxes", "Write Boxes(xyxy, labels)")
        return iou_matrix(self.xyxy, other.xyxy)

    def with_classes(self, class_names: Sequence[str]) -> Boxes:
        """Return the boxes with labels into another list of classes, matched by name; those without names get these.

        Raises:
            ValueError: If a box is of a class that is not in the list.

        Example:
            >>> boxes = Boxes([[0, 0, 9, 9]], [0], class_names=("cat", "dog"))
            >>> boxes.with_classes(["dog", "cat"]).labels.tolist()
            [1]
        """
        fits = isinstance(class_names, Iterable) and not isinstance(class_names, str)
        check_kind(fits, class_names, "class_names must be a list of names", 'Write ["duck", "boat"]')
        given, known = tuple(class_names), self.class_names
        if known is None or known == given:
            return replace(self, class_names=given)
        used = np.unique(self.labels).tolist()
        missing = [known[label] for label in used if known[label] not in given]
        if missing:
            raise ValueError(
                f"Boxes.with_classes expected all classes of the boxes, got none called {', '.join(missing)} among "
                f"{', '.join(given)}. Add it to the list."
            )
        label_of = np.zeros(len(known), np.int64)
        label_of[used] = [given.index(known[label]) for label in used]
        return replace(self, labels=label_of[self.labels], class_names=given)

    def _with_xyxy(self, xyxy: np.ndarray) -> Boxes:
        return replace(self, xyxy=xyxy)

    def _map(self, choose: Any) -> Boxes:
        scores = None if self.scores is None else choose(self.scores)
        crowd = None if self.crowd is None else choose(self.crowd)
        return replace(self, xyxy=choose(self.xyxy), labels=choose(self.labels), scores=scores, crowd=crowd)


def checked_threshold(threshold: float) -> float:
    """Return a score to ask of boxes, if it is one from 0 to 1, else raise ValueError."""
    try:
        if 0.0 <= threshold <= 1.0:
            return float(threshold)
    except (TypeError, ValueError):  # a text, a list of boxes
        pass
    raise ValueError(f"threshold must be a score from 0 to 1, got {repr(threshold)[:60]}.")


def iou_matrix(a_xyxy: np.ndarray, b_xyxy: np.ndarray) -> np.ndarray:
    """Return the intersection over union of each box of `a` with each of `b`; 0 where they do not overlap.

    Args:
        a_xyxy: Absolute pixel edges. (n, 4).
        b_xyxy: Absolute pixel edges. (m, 4).

    Returns:
        float32 (n, m), 0 to 1. A box of zero area has 0 with everything, itself included.

    Example:
        >>> iou_matrix([[0, 0, 2, 2]], [[1, 0, 3, 2], [5, 5, 6, 6]]).round(3).tolist()
        [[0.3330000042915344, 0.0]]
    """
    a = _as_rows_of_four(a_xyxy, "a_xyxy").astype(np.float64)
    b = _as_rows_of_four(b_xyxy, "b_xyxy").astype(np.float64)
    shared = shared_areas(a, b)
    union = np.add.outer(_areas(a), _areas(b)) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0).astype(np.float32)


def xyxy_to_rel_yxyx(xyxy: np.ndarray, image_size: tuple[int, ...]) -> np.ndarray:
    """Return edges in pixels as fractions of the image, y first, which is what networks and TensorFlow take.

    Args:
        xyxy: Absolute pixel edges. (n, 4).
        image_size: (height, width); further sides of a shape do not count.

    Returns:
        float32 (n, 4) ymin, xmin, ymax, xmax; within 0..1 as far as the boxes lie within the image.

    Example:
        >>> xyxy_to_rel_yxyx(np.array([[10, 0, 40, 20]], np.float32), (20, 40)).tolist()
        [[0.0, 0.25, 1.0, 1.0]]
    """
    return xyxy[:, _XY_SWAPPED] / np.array(image_size[:2] * 2, np.float32)


def rel_yxyx_to_xyxy(boxes_rel_yxyx: np.ndarray, image_size: tuple[int, ...]) -> np.ndarray:
    """Return fractions of the image (n, 4), y first, as edges in pixels, not clipped: undoes `xyxy_to_rel_yxyx`."""
    height, width = image_size[:2]
    return boxes_rel_yxyx[:, _XY_SWAPPED] * np.array([width, height, width, height], np.float32)


def shared_areas(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The area that each box of `a` (n, 4) shares with each of `b` (m, 4), low edges first. float64 (n, m)."""
    a, b = a.astype(np.float64)[:, None], b.astype(np.float64)[None]
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0)
    return sides[..., 0] * sides[..., 1]


def _areas(xyxy: np.ndarray) -> np.ndarray:
    return (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])


def _as_rows_of_four(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape == (0,):
        return np.zeros((0, 4), np.float32)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(
            f"{name} must have shape (n, 4), got {array.shape}. For one box write [[x1, y1, x2, y2]]."
        )
    return array


def _checked_xyxy(values: Any) -> np.ndarray:
    with np.errstate(over="ignore"):  # too large for float32 becomes inf, which is refused below
        xyxy = np.array(_as_rows_of_four(values, "boxes.xyxy"), np.float32)
    bad = np.flatnonzero(~np.isfinite(xyxy).all(axis=1))
    if len(bad):
        raise ValueError(
            f"boxes.xyxy must be finite, got {xyxy[bad[0]].tolist()} in row {bad[0]}. Drop the row."
        )
    bad = np.flatnonzero((xyxy[:, 2:] < xyxy[:, :2]).any(axis=1))
    if len(bad):
        raise ValueError(
            f"boxes.xyxy must have x1 <= x2 and y1 <= y2, got {xyxy[bad[0]].tolist()} in row {bad[0]}. "
            "Are these x, y, width, height, or y before x? Write x1, y1, x2, y2."
        )
    return xyxy


def _checked_vector(values: Any, n: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"boxes.{name} must have shape ({n},), one value a box, got {array.shape}.")
    return array


def _checked_labels(values: Any, n: int) -> np.ndarray:
    given = _checked_vector(values, n, "labels")
    if given.dtype == bool or given.dtype.kind not in "iuf":
        raise ValueError(
            f"boxes.labels must be whole numbers, got {given.dtype}. Give the 0-based class index."
        )
    with np.errstate(invalid="ignore"):
        labels = given.astype(np.int64)  # astype copies
    bad = np.flatnonzero((labels != given) | (labels < 0))
    if len(bad):
        raise ValueError(
            f"boxes.labels must be whole numbers from 0, got {given[bad[0]]} in row {bad[0]}. "
            "Labels are 0-based; padding (-1) never belongs in Boxes."
        )
    return labels


def _checked_scores(values: Any, n: int) -> np.ndarray:
    scores = _checked_vector(values, n, "scores").astype(np.float32)
    bad = np.flatnonzero(~((scores >= 0) & (scores <= 1)))  # written so that NaN is bad
    if len(bad):
        raise ValueError(
            f"boxes.scores must lie in 0..1, got {scores[bad[0]]} in row {bad[0]}. "
            "For logits take the sigmoid first."
        )
    return scores


def _checked_crowd(values: Any, n: int) -> np.ndarray:
    given = _checked_vector(values, n, "crowd")
    crowd = given.astype(bool)
    if not np.array_equal(crowd, given):
        raise ValueError(f"boxes.crowd must be True or False (or 1 or 0), got {given.tolist()}.")
    return crowd


def _checked_index(index: Any) -> slice | np.ndarray:
    if isinstance(index, slice):
        return index
    rows = np.asarray(index)
    if rows.size == 0 and rows.dtype != bool:
        return np.zeros(0, np.int64)
    if rows.dtype.kind not in "iub" or rows.ndim > 1 or (rows.ndim == 0 and rows.dtype == bool):
        raise TypeError(
            f"Boxes are indexed with a mask, row numbers, a slice or one row number, got {index!r}. "
            "For coordinates write boxes.xyxy[...]."
        )
    return np.atleast_1d(rows)
