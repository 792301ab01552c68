"""What is before the network: from an image of any size, or its file, to the network's input.

Needs neither TensorFlow nor Keras.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError, read_image
from tflhelpers.data.resizing import legacy_resize
from tflhelpers.files.prefetch import READERS, Result, prefetch

logger = logging.getLogger(__name__)

HUGE = 4  # times the network's sides


def checked_image(image) -> np.ndarray:
    """RGB uint8 (H, W, 3), read from a file if it is a path.

    Raises:
        ImageError, FileNotFoundError: the file is no picture or absent; the message names it.
        ValueError: the array is no picture.
    """
    if isinstance(image, (str, Path)):
        return read_image(image)
    if isinstance(image, (list, tuple)):
        raise ValueError(
            f"image must be one picture, a path or RGB uint8 (H, W, 3), got a {type(image).__name__} of {len(image)}. "
            "For many pictures use detect_all."
        )
    if hasattr(image, "image_paths") or isinstance(image, Boxes):
        raise ValueError(
            f"image must be a path or RGB uint8 (H, W, 3), got {type(image).__name__}. "
            "For the pictures of annotations write detect_all(annotations.image_paths)."
        )
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or 0 in array.shape:
        raise ValueError(
            f"image must be a path or RGB uint8 (H, W, 3), got {array.dtype} {array.shape}. "
            "tflhelpers.read_image makes one of any picture file."
        )
    return array


def reader(prepare: Callable[[Any], Result], on_error: str) -> Callable[[Any], Result | None]:
    """`prepare`, or for `on_error="skip"` one that gives None for files that are no picture or absent, and logs them.

    Raises:
        ValueError: `on_error` is neither "raise" nor "skip".
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error must be "raise" or "skip", got {on_error!r}.')

    def read(image: Any) -> Result | None:
        try:
            return prepare(image)
        except (ImageError, OSError) as error:
            logger.warning("Skipped: %s", error)
            return None

    return prepare if on_error == "raise" else read


@contextmanager
def partial_kept(done: Any) -> Iterator[None]:
    """Give whatever is raised in the block, Ctrl-C too, an attribute `partial`: what was done by then.

    >>> try:
    ...     with partial_kept([1]):
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt as error:
    ...     error.partial
    [1]
    """
    try:
        yield
    except BaseException as error:
        error.partial = done() if callable(done) else done  # type: ignore[attr-defined]
        raise


def prefetch_batches(
    prepare: Callable[[Any], Result], images: Iterable, batch_size: int
) -> Generator[list[Result], None, None]:
    """`prepare(image)` of each image, in batches, while the next two batches are prepared in threads.

    What was prepared before an error comes as a last, smaller batch before it is raised.

    Raises:
        ImageError, FileNotFoundError: as `prepare` raises it.
        ValueError: `prepare` refuses an array; the message says which.
    """

    def named(number: int, image) -> Result:
        try:
            return prepare(image)
        except ImageError:
            raise  # names the file
        except ValueError as error:
            raise ValueError(f"images[{number}]: {error}") from error

    failed: list[Exception] = []

    def until_one_fails(ready: Iterable[Result]) -> Iterator[Result]:
        try:
            yield from ready
        except Exception as error:
            failed.append(error)

    with closing(prefetch(named, images, ahead=2 * max(batch_size, READERS))) as ready:
        before = until_one_fails(ready)
        while batch := list(islice(before, batch_size)):
            yield batch
    if failed:
        raise failed[0]


def network_input(picture: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """RGB uint8 (H, W, 3) as float32 (height, width, 3) in 0..255: the original's resize, bit for bit.

    That resize looks at 4 pixels of the picture for each of the result, however large the picture. Pictures of at
    least 4 times the network's sides, which the original never met in training, are shrunk by averaging first.
    """
    return legacy_resize(shrink_huge(picture, image_size), image_size)


def shrink_huge(picture: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """`picture` averaged over blocks if both sides are at least `HUGE` times `image_size`; still twice as large."""
    factor = min(
        side // (HUGE // 2 * wanted) for side, wanted in zip(picture.shape[:2], image_size, strict=True)
    )
    return picture if factor < 2 else np.asarray(Image.fromarray(picture).reduce(factor))
