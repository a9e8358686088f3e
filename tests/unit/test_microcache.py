"""Answers kept for seconds: made once for a crowd, never old, never many."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.microcache import Microcache
from tests.conftest import NOW

#: Seconds. Generous, and in no assertion: what never happens fails.
PATIENCE = 60


class Maker:
    """Makes 1, 2, 3 …, each once `may_end` is set, which it is from the start."""

    def __init__(self) -> None:
        self.made = 0
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def __call__(self) -> int:
        self.made += 1
        number = self.made
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        return number


def after(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def test_a_crowd_costs_one_answer() -> None:
    cache, make = Microcache[int](seconds=15, most=10, patience=PATIENCE), Maker()
    make.may_end.clear()
    with ThreadPoolExecutor(max_workers=8) as pool:
        asked = [pool.submit(cache.get_or_make, "Albany", make, now=NOW) for _number in range(8)]
        assert make.begun.wait(PATIENCE)
        make.may_end.set()
        assert [each.result(PATIENCE) for each in asked] == [1] * 8
    assert make.made == 1


def test_another_question_waits_for_nobody() -> None:
    cache, slow, quick = Microcache[int](seconds=15, most=10), Maker(), Maker()
    slow.may_end.clear()
    with ThreadPoolExecutor(max_workers=1) as pool:
        asked = pool.submit(cache.get_or_make, "Albany", slow, now=NOW)
        assert slow.begun.wait(PATIENCE)
        assert cache.get_or_make("Troy", quick, now=NOW) == 1
        slow.may_end.set()
        assert asked.result(PATIENCE) == 1


def test_who_waited_long_enough_makes_their_own() -> None:
    cache, make = Microcache[int](seconds=15, most=10, patience=0.01), Maker()
    make.may_end.clear()
    with ThreadPoolExecutor(max_workers=1) as pool:
        asked = pool.submit(cache.get_or_make, "Albany", make, now=NOW)
        assert make.begun.wait(PATIENCE)
        assert cache.get_or_make("Albany", lambda: 7, now=NOW) == 7
        make.may_end.set()
        assert asked.result(PATIENCE) == 1


def test_what_fails_is_not_kept() -> None:
    cache = Microcache[int](seconds=15, most=10)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("Albany", lambda: 1 // 0, now=NOW)
    assert cache.get_or_make("Albany", lambda: 2, now=NOW) == 2


@pytest.mark.parametrize(
    ("first", "second", "is_same"), [(0, 14.9, True), (0, 15, False), (14, 15, False), (59, 60, False), (15, 14, False)]
)
def test_no_answer_outlives_its_slice_of_the_minute(first: float, second: float, is_same: bool) -> None:
    cache, make = Microcache[int](seconds=15, most=10), Maker()
    cache.get_or_make("Albany", make, now=after(first))
    assert cache.get_or_make("Albany", make, now=after(second)) == (1 if is_same else 2)


def test_no_more_are_kept_than_it_holds() -> None:
    cache, make = Microcache[int](seconds=15, most=2), Maker()
    for key in ("Albany", "Troy", "Hudson", "Hudson"):
        cache.get_or_make(key, make, now=NOW)
    assert (make.made, len(cache)) == (4, 2)
    assert cache.get_or_make("Albany", make, now=NOW) == 1


def test_nothing_stays_where_nobody_asks_again() -> None:
    cache = Microcache[int](seconds=1, most=10)
    cache.get_or_make("Albany", lambda: 1, now=NOW)
    assert len(cache) == 1
    deadline = time.monotonic() + PATIENCE
    while len(cache) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(cache) == 0


def test_what_is_in_the_making_is_forgotten_too() -> None:
    cache, make = Microcache[int](seconds=15, most=10), Maker()
    make.may_end.clear()
    with ThreadPoolExecutor(max_workers=1) as pool:
        asked = pool.submit(cache.get_or_make, "Albany", make, now=NOW)
        assert make.begun.wait(PATIENCE)
        cache.clear()
        make.may_end.set()
        assert asked.result(PATIENCE) == 1
    assert cache.get_or_make("Albany", make, now=NOW) == 2
