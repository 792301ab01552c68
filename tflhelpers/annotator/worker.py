"""One thread that does one job after the other, so that drawing never waits for them."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

_IDLE_SECONDS = 5.0


class Worker:
    """Runs jobs in a thread of its own, in the order they came. The thread ends when there is nothing to do.

    A daemon: a kernel that shuts down does not wait for it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def do(self, job: Callable[[], None]) -> None:
        """Have `job` done some time. What it raises is logged."""
        with self._lock:
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Return when all jobs given so far are done."""
        self._jobs.join()

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._jobs.empty():
                        self._thread = None
                        return
                continue
            try:
                job()
            except Exception:
                _log.exception("A job in the thread %r failed.", self._name)
            finally:
                self._jobs.task_done()
