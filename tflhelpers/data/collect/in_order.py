"""Does work in threads and hands the results back in the order of the jobs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

_AHEAD = 64  # jobs a thread that may be done before the first of them: one slow job holds nobody up


def in_order(
    jobs: Iterable[_Job], work: Callable[[_Job], _Result], threads: int, stop: threading.Event
) -> Generator[tuple[_Job, Callable[[], _Result]], None, None]:
    """Yield each job with a function that returns its result, or raises what `work` raised.

    Args:
        jobs: What is to be done; taken as they are needed.
        work: Does one, in a thread; it should end soon when `stop` is set.
        threads: How many at a time.
        stop: Set when the caller leaves the loop early, by an exception such as an interrupt.
    """
    executor = ThreadPoolExecutor(threads, "collect")
    waiting: deque[tuple[_Job, Future[_Result]]] = deque()
    try:
        for job in jobs:
            waiting.append((job, executor.submit(work, job)))
            while len(waiting) > _AHEAD * threads or (waiting and waiting[0][1].done()):
                first, future = waiting.popleft()
                yield first, future.result
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result
    except BaseException:
        stop.set()
        raise
    finally:
        executor.shutdown(wait=not stop.is_set(), cancel_futures=True)
