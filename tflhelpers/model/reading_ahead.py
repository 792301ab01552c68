"""Reads and resizes the next pictures in threads while the network looks at those before them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[int, Item], Result], items: Iterable[Item], *, ahead: int, threads: int
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
        >>> list(in_order(lambda number, word: f"{number} {word}", ["a", "b", "c"], ahead=2, threads=2))
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
