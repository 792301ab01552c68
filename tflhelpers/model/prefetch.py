"""Reads and resizes the next images in threads while the network looks at those before them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, TypeVar

from tflhelpers.data.images import ImageError

logger = logging.getLogger(__name__)

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
            try:
                waiting.extend(pool.submit(work, number, item) for number, item in islice(numbered, count))
            except Exception as error:  # at its turn: the results before it count
                failed: Future[Result] = Future()
                failed.set_exception(error)
                waiting.append(failed)

        try:
            begin(ahead)
            while waiting:
                result = waiting.popleft().result()
                begin(1)
                yield result
        finally:
            for future in waiting:
                future.cancel()


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
