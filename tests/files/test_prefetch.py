"""`prefetch`: results in order, items asked for as they are needed, errors at their turn, no thread left."""

from __future__ import annotations

import threading
import time
from itertools import count, islice

import pytest

from tflhelpers.files.prefetch import prefetch, prefetch_each


def label(number, item):
    return f"{number}:{item}"


def slower_first(number, item):
    time.sleep(0.02 / (1 + number))  # the first ends last
    return label(number, item)


@pytest.mark.parametrize("work", [label, slower_first])
@pytest.mark.parametrize(("ahead", "threads"), [(1, 1), (2, 2), (3, 8), (100, 4)])
@pytest.mark.parametrize(
    ("items", "expected"), [("", []), ("a", ["0:a"]), ("abcde", ["0:a", "1:b", "2:c", "3:d", "4:e"])]
)
def test_results_come_in_order(work, ahead, threads, items, expected):
    assert list(prefetch(work, items, ahead=ahead, threads=threads)) == expected


@pytest.mark.parametrize(
    ("taken", "ahead", "asked_for"),
    [(0, 3, 0), (1, 3, 4), (2, 3, 5), (5, 1, 6)],  # nothing before the first is wanted, then `ahead` more
)
def test_an_endless_generator_is_asked_for_what_is_needed_in_the_callers_thread(taken, ahead, asked_for):
    asked, callers = [], set()

    def endless():
        for number in count():
            asked.append(number)
            callers.add(threading.current_thread())
            yield number

    results = prefetch(label, endless(), ahead=ahead, threads=2)
    assert list(islice(results, taken)) == [f"{i}:{i}" for i in range(taken)]
    results.close()
    assert len(asked) == asked_for
    assert callers <= {threading.current_thread()}


def test_an_error_comes_at_its_turn_and_nothing_new_is_begun():
    begun = []

    def picky(number, item):
        begun.append(item)
        if item == 2:
            raise ValueError(f"item {item} is bad")
        return item

    results = prefetch(picky, range(100), ahead=2, threads=1)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="item 2 is bad"):
        next(results)
    assert max(begun) <= 3


def test_an_error_of_the_generator_itself_is_raised_and_no_thread_is_left():
    def broken():
        yield "a"
        raise OSError("camera unplugged")

    with pytest.raises(OSError, match="camera unplugged"):
        list(prefetch(label, broken(), ahead=1, threads=2))
    assert not [t for t in threading.enumerate() if t.name.startswith("tflhelpers-prefetch")]


def test_each_item_comes_with_its_result_or_its_error_and_the_others_go_on():
    def picky(item):
        if item % 3 == 0:
            raise ValueError(f"item {item} is bad")
        return item * 10

    told = []
    for item, result in prefetch_each(picky, range(8), ahead=2, threads=2):
        try:
            told.append((item, result()))
        except ValueError as error:
            told.append((item, str(error)))
    assert told == [(i, f"item {i} is bad" if i % 3 == 0 else i * 10) for i in range(8)]


def test_a_slow_item_holds_nobody_up():
    first_may_end, last_done = threading.Event(), threading.Event()

    def work(item):
        if item == 0:
            assert first_may_end.wait(10)
        if item == 5:
            last_done.set()
        return item

    results = prefetch_each(work, range(6), ahead=6, threads=2)
    opener = threading.Thread(target=lambda: (last_done.wait(10), first_may_end.set()))
    opener.start()
    assert [result() for _, result in results] == list(range(6))
    opener.join()


def test_who_leaves_early_stops_the_threads_without_waiting_for_them():
    stop, begun, ended = threading.Event(), threading.Event(), threading.Event()

    def work(item):
        if item:
            begun.set()
            stop.wait(10)
            ended.set()
        return item

    results = prefetch_each(work, range(50), ahead=10, threads=1, stop=stop)
    assert next(results)[1]() == 0
    assert begun.wait(10)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert stop.is_set()
    assert ended.wait(10)
