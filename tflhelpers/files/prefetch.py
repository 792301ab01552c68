"""Work on the next items in threads while their forerunners' results are used, in the order of the items."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import TypeVar

READERS = 2  # threads that read images: reading one takes a fifth of the network's time
AHEAD_A_THREAD = 64  # items done before a slow one whose turn it is: it holds nobody up
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
    failed: list[Exception] = []

    def numbered() -> Iterator[tuple[int, Item]]:
        try:
            yield from enumerate(items)
        except Exception as error:  # raised at its turn: the results before it count
            failed.append(error)

    results = prefetch_each(lambda each: work(*each), numbered(), ahead=ahead, threads=threads)
    with closing(results):
        for _, result in results:
            yield result()
    if failed:
        raise failed[0]


def prefetch_each(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    ahead: int,
    threads: int,
    stop: threading.Event | None = None,
) -> Generator[tuple[Item, Callable[[], Result]], None, None]:
    """Each item, with a function that gives its result or raises what `work` raised: one that fails ends nothing.

    Args:
        work: of an item; runs in a thread, and ends soon when `stop` is set.
        items, ahead, threads: as for `prefetch`.
        stop: set when the caller leaves early, by an exception such as an interrupt; the threads are not waited for
            then.
    """
    upcoming = iter(items)
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="tflhelpers-prefetch")

    def begin(count: int) -> None:
        waiting.extend((item, pool.submit(work, item)) for item in islice(upcoming, count))

    try:
        begin(ahead)
        while waiting:
            item, future = waiting.popleft()
            failed = future.exception() is not None
            begin(0 if failed else 1)
            yield item, future.result
            begin(1 if failed else 0)  # who goes on in spite of it is still `ahead`
    except BaseException:
        if stop is not None:
            stop.set()
        raise
    finally:
        pool.shutdown(wait=stop is None or not stop.is_set(), cancel_futures=True)
