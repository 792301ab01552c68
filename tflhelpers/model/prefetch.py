"""Reads and resizes the next images in threads while the network looks at those before them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from tflhelpers.data.images import ImageError

READERS = 2  # threads that read images: reading one takes a fifth of the network's time
Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(
    work: Callable[[int, Item], Result], items: Iterable[Item], *, ahead: int, threads: int = READERS
) -> Generator[Result, None, None]:
    """`work(number, item)` of each item, in order, while later ones are worked on in threads.

    The items are asked for one by one, in the caller's own thread, and never more than `ahead` of them before their
    results are taken: neither a generator nor the memory is run dry. What `work` raises is raised at its turn; what
    is being done in the threads is then waited for, and nothing new begun.

    Args:
        work: of an item's number, from 0 on, and the item; runs in a thread.
        items: any number of them.
        ahead: items under way at once, at least 1.
        threads: that work on them.

    Example:
        >>> list(prefetch(lambda number, word: f"{number} {word}", ["a", "b", "c"], ahead=2))
        ['0 a', '1 b', '2 c']
    """
    numbered = enumerate(items)
    with ThreadPoolExecutor(threads, thread_name_prefix="tflhelpers-pictures") as pool:
        waiting: deque[Future[Result]] = deque()

        def begin(count: int) -> None:
            waiting.extend(pool.submit(work, number, item) for number, item in islice(numbered, count))

        try:
            begin(ahead)
            while waiting:
                result = waiting.popleft().result()
                begin(1)
                yield result
        finally:
            for future in waiting:
                future.cancel()


def prefetch_batches(
    prepare: Callable[[Any], Result], images: Iterable, batch_size: int
) -> Generator[list[Result], None, None]:
    """`prepare(image)` of each image, in batches, while the next two batches are prepared in threads.

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

    with closing(prefetch(named, images, ahead=2 * max(batch_size, READERS))) as ready:
        while batch := list(islice(ready, batch_size)):
            yield batch
