"""`ImageDetector`: `detect` and `detect_all`, whatever runs the network. Needs neither TensorFlow nor Keras."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence, Sized
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from tflhelpers.data.boxes import Boxes, checked_threshold
from tflhelpers.files.kinds import check_number
from tflhelpers.files.prefetch import prefetch
from tflhelpers.model.postprocess import RawBoxes, boxes_of_batch
from tflhelpers.model.preprocess import checked_image, network_input, partial_kept, prefetch_batches, reader
from tflhelpers.model.tiles import Tiles, checked_tiles, merged, windows_of
from tflhelpers.progress import progress_bar

Size = tuple[int, ...]  # (H, W)
Prepared = tuple[np.ndarray, Size]  # what the network takes in, and the image's size
Views = tuple[list[np.ndarray], np.ndarray]  # what the network takes in of each view, and the views' windows


_BATCH = 8  # images that go through the network at once


class ImageDetector(ABC):
    """Finds objects of its classes in images.

    A kind of detector says what its network makes of a batch, in `raw_boxes`, and at what size it takes images in;
    one that takes in something else than float32 overrides `network_input` as well.

    Attributes:
        class_names: a name for each label.
        threshold: score from 0 to 1 that `detect` asks of a box unless told otherwise.
        image_size: (height, width) in pixels that images are resized to; None where they are taken in as they are.
        max_batch: images that its network can take in at once; None for any number.
        tiles: (rows, columns) of overlapping parts that it looks at besides the whole image, unless told otherwise;
            None for the whole image alone.
    """

    max_batch: int | None = None
    tiles: Tiles | None = None

    def __init__(self, class_names: Iterable[str], threshold: float) -> None:
        self.class_names = tuple(class_names)
        self.threshold = checked_threshold(threshold)

    @property
    @abstractmethod
    def image_size(self) -> tuple[int, int] | None: ...

    def fingerprint(self) -> str:
        """A checksum of what the network has learned, by which a job that goes on knows it again.

        A kind of detector that has none is known by its name alone.
        """
        return type(self).__name__

    @abstractmethod
    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        """What the network gives for a batch (B, ...) of what `network_input` gives."""

    def network_input(self, image: np.ndarray) -> np.ndarray:
        """What the network takes in of RGB uint8 (H, W, 3); called in threads."""
        assert self.image_size is not None
        return network_input(image, self.image_size)

    def detect(
        self,
        image,
        *,
        threshold: float | None = None,
        max_boxes: int = 100,
        tiles: Tiles | str | None = "auto",
    ) -> Boxes:
        """The objects in one picture, best first.

        Args:
            image: a path, or RGB uint8 (H, W, 3) of any size.
            threshold: lowest score from 0 to 1; None for the detector's own.
            max_boxes: return at most this many.
            tiles: (rows, columns) to also look at that many overlapping parts of the picture, for things that are small
                in it. Each part goes through the network at its full input size, so it takes 1 + rows * columns times
                as long. None looks at the whole picture only. "auto" takes the detector's own `tiles`: those that
                `fine_tune` taught it with.

        Returns:
            Boxes with scores and names of classes, in pixels of the picture, clipped to it.
        """
        threshold = self._threshold_or_own(threshold)
        if (parts := self.tiles_or_own(tiles)) is not None:
            return self._in_views(self._views(image, parts), _BATCH, threshold, max_boxes)
        prepared, size = self._prepared(image)
        return self._boxes(self.raw_boxes(prepared[None]), [size], threshold, max_boxes)[0]

    def detect_all(
        self,
        images: Iterable,
        *,
        batch_size: int = _BATCH,
        progress: bool = True,
        threshold: float | None = None,
        max_boxes: int = 100,
        tiles: Tiles | str | None = "auto",
        on_error: str = "raise",
    ) -> list[Boxes]:
        """The objects in each of many pictures, with only a few pictures in memory at a time.

        While the network looks at one batch, threads read and resize the pictures of the next, and pick the best boxes
        of the one before.

        Args:
            images: paths or RGB uint8 (H, W, 3) arrays, of the same size or different ones. A generator works too: it
                is asked for pictures as they are needed, in the calling thread.
            batch_size: how many pictures go through the network at once; fewer if it cannot take that many.
            progress: show a bar.
            threshold, max_boxes, tiles: as for `detect`.
            on_error: "raise" or "skip". With "skip", a file that is missing or no picture is logged and has no boxes.

        Returns:
            One `Boxes` for each picture, in the same order.

        Raises:
            ImageError, FileNotFoundError: a file is missing or not a picture; the message names it.
            ValueError: an array is not a picture; the message says which.
            BaseException: whatever is raised, Ctrl-C too, carries the Boxes found so far as its attribute `partial`
                (in a notebook: `sys.last_value.partial`).
        """
        threshold = self._threshold_or_own(threshold)
        _check_many(images, batch_size)
        batch_size = min(batch_size, self.max_batch or batch_size)
        total = len(images) if isinstance(images, Sized) else None
        found: list[Boxes] = []
        chosen = self._chosen(images, batch_size, threshold, max_boxes, self.tiles_or_own(tiles), on_error)
        with partial_kept(found), progress_bar(total, "Detecting", enabled=progress) as bar, closing(chosen):
            for boxes in chosen:
                found += boxes
                bar.update(len(boxes))
        return found

    def _chosen(
        self,
        images: Iterable,
        batch_size: int,
        threshold: float,
        max_boxes: int,
        tiles: Tiles | None,
        on_error: str,
    ) -> Generator[list[Boxes], None, None]:
        """The boxes of a few images at a time, in order."""
        if tiles is not None:
            yield from self._chosen_in_views(images, batch_size, threshold, max_boxes, tiles, on_error)
            return
        batches = prefetch_batches(reader(self._prepared, on_error), images, batch_size)
        chosen = prefetch(
            lambda _, seen: self._boxes(*seen, threshold, max_boxes),
            self._seen_by_network(batches, batch_size),
            ahead=2,
            threads=1,
        )
        with closing(batches), closing(chosen):
            yield from chosen

    def _chosen_in_views(
        self,
        images: Iterable,
        batch_size: int,
        threshold: float,
        max_boxes: int,
        tiles: Tiles,
        on_error: str,
    ) -> Generator[list[Boxes], None, None]:
        prepare = reader(lambda image: self._views(image, tiles), on_error)
        with closing(prefetch_batches(prepare, images, 1)) as batches:
            for (views,) in batches:
                yield [self._in_views(views, batch_size, threshold, max_boxes)]

    def _boxes(
        self, raw: RawBoxes | None, sizes: Sequence[Size | None], threshold: float, max_boxes: int
    ) -> list[Boxes]:
        """Of images of these sizes; None for one that was skipped, of which the network has seen nothing."""
        seen = [size for size in sizes if size is not None]
        found = iter(boxes_of_batch(raw, seen, threshold, max_boxes) if raw is not None else ())
        nothing = Boxes.empty(with_scores=True)
        every = (nothing if size is None else next(found) for size in sizes)
        return [replace(boxes, class_names=self.class_names) for boxes in every]

    def _views(self, image, tiles: Tiles) -> Views:
        picture = checked_image(image)
        windows = windows_of(picture.shape, tiles)
        return [
            self.network_input(picture[top:bottom, left:right]) for left, top, right, bottom in windows
        ], windows

    def _in_views(self, views: Views | None, batch_size: int, threshold: float, max_boxes: int) -> Boxes:
        """What is found in all views of an image, once; no boxes of one that was skipped."""
        if views is None:
            return replace(Boxes.empty(with_scores=True), class_names=self.class_names)
        inputs, windows = views
        sizes = [(bottom - top, right - left) for left, top, right, bottom in windows.tolist()]
        found: list[Boxes] = []
        for first, last in _runs(inputs, min(batch_size, self.max_batch or batch_size)):
            raw = self._run(np.stack(inputs[first:last]), last - first)
            found += boxes_of_batch(raw, sizes[first:last], threshold, max_boxes)
        return replace(merged(found, windows, max_boxes), class_names=self.class_names)

    def _threshold_or_own(self, threshold: float | None) -> float:
        return checked_threshold(self.threshold if threshold is None else threshold)

    def tiles_or_own(self, tiles: Tiles | str | None) -> Tiles | None:
        """What `tiles` of `detect` means for this detector."""
        return self.tiles if isinstance(tiles, str) and tiles == "auto" else checked_tiles(tiles)

    def _prepared(self, image) -> Prepared:
        picture = checked_image(image)
        return self.network_input(picture), picture.shape[:2]

    def _seen_by_network(
        self, batches: Iterable[Sequence[Prepared | None]], batch_size: int
    ) -> Iterator[tuple[RawBoxes | None, Sequence[Size | None]]]:
        for batch in batches:
            inputs = [prepared[0] for prepared in batch if prepared is not None]
            raw = self._run(np.stack(inputs), batch_size) if inputs else None
            yield raw, [None if prepared is None else prepared[1] for prepared in batch]

    def _run(self, inputs: np.ndarray, batch_size: int) -> RawBoxes:
        """Of up to `batch_size` images; a constant batch keeps the compiled network."""
        missing = np.zeros((batch_size - len(inputs), *inputs.shape[1:]), inputs.dtype)
        return self.raw_boxes(np.concatenate([inputs, missing]) if len(missing) else inputs)


def _runs(inputs: Sequence[np.ndarray], batch_size: int) -> Iterator[tuple[int, int]]:
    """Where batches of inputs of one shape begin and end: as equal as can be, so that few sizes are compiled."""
    first = 0
    while first < len(inputs):
        alike = first
        while alike < len(inputs) and inputs[alike].shape == inputs[first].shape:
            alike += 1
        batches = -(-(alike - first) // batch_size)
        for bounds in np.array_split(np.arange(first, alike), batches):
            yield int(bounds[0]), int(bounds[-1]) + 1
        first = alike


def _check_many(images: Iterable, batch_size: int) -> None:
    check_number(batch_size, "batch_size", 8)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
    wanted = "images must be a list of pictures"
    if isinstance(images, (str, Path)):
        raise TypeError(f"{wanted}, got the single path {images}. For one picture use detect.")
    if isinstance(images, np.ndarray) and images.ndim == 3:
        raise TypeError(f"{wanted}, got one of {images.shape}. For one picture use detect.")
    if hasattr(images, "image_paths"):
        raise TypeError(f"{wanted}, got {type(images).__name__}. Write annotations.image_paths.")
    if not isinstance(images, Iterable):
        raise TypeError(f"{wanted}, got {type(images).__name__}. For one picture use detect.")
