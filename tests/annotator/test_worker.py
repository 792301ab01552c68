"""The thread beside the drawing: one job after the other, and none is forgotten."""

from __future__ import annotations

import threading

from tflhelpers.annotator import worker
from tflhelpers.annotator.worker import Worker


def test_jobs_are_done_in_order_in_one_other_thread():
    done, beside = [], Worker("beside")
    for number in range(5):
        beside.do(lambda number=number: done.append((number, threading.current_thread())))
    beside.wait()
    assert [number for number, _ in done] == [0, 1, 2, 3, 4]
    (thread,) = {thread for _, thread in done}
    assert (thread.name, thread.daemon) == ("beside", True)


def test_the_thread_ends_when_idle_and_comes_back(monkeypatch):
    monkeypatch.setattr(worker, "_IDLE_SECONDS", 0.01)
    done, beside = [], Worker("beside")
    for _ in range(3):
        beside.do(lambda: done.append(threading.current_thread()))
        beside.wait()
        done[-1].join(5)
        assert not done[-1].is_alive()
    assert len(set(done)) == 3


def test_a_job_that_raises_is_logged_and_does_not_stop_the_others(caplog):
    done, beside = [], Worker("beside")
    beside.do(lambda: 1 / 0)
    beside.do(lambda: done.append(1))
    beside.wait()
    assert done == [1]
    assert "A job in the thread 'beside' failed" in caplog.text
