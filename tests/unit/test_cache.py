"""Limits that go on counting while Redis does not."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache, caches
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st

from accounts.sealed_cache import SealedJson
from support import limits
from support.cache import SteadyCache
from tests.factories import make_user

KEY_FUNCTION = "support.cache_keys.hashed"
#: Nobody listens on the first port.
AWAY = "redis://127.0.0.1:1/0"
SEALED = {"serializer": "accounts.sealed_cache.SealedJson"}


def steady(url: str) -> SteadyCache:
    made = SteadyCache(url, {"KEY_FUNCTION": KEY_FUNCTION, "OPTIONS": SEALED})
    made.clear()
    return made


def walk(made: SteadyCache) -> list[Any]:
    """Use everything that forms are limited with."""
    return [
        made.add("a", 1, timeout=30),
        made.add("a", 2),
        made.incr("a"),
        made.get("a"),
        made.set_many({"b": [1.5]}, 30),
        made.get("b"),
        made.touch("b", 20),
        "b" in made,
        made.get_many(["a", "b"]),
        made.add("c", True, timeout=10),
        made.get("c"),
        made.get_or_set("d", lambda: "figures\n", 10),
        made.delete("a"),
        made.get("a", "none"),
    ]


EXPECTED = [True, False, 2, 2, [], [1.5], True, True, {"a": 2, "b": [1.5]}, True, True, "figures\n", True, "none"]


@pytest.mark.worker
def test_cache_answers_alike_with_redis_and_without(valkey_url: str) -> None:
    assert walk(steady(valkey_url)) == EXPECTED


def test_cache_answers_from_this_process_while_redis_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert walk(steady(AWAY)) == EXPECTED
    # Once, and not for each count.
    assert len(caplog.records) == 1


def test_cache_without_a_serializer_of_data_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="serializer"):
        SteadyCache(AWAY, {})


@pytest.mark.parametrize("value", [{1, 2}, object(), dt.time(9)])
def test_what_is_no_data_is_refused_loudly(value: object) -> None:
    with pytest.raises(TypeError):
        SealedJson().dumps(value)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@given(DATA)
def test_data_comes_back_as_it_was_and_reads_as_nothing_on_the_way(value: Any) -> None:
    kept = SealedJson().dumps(value)
    assert SealedJson().loads(str(kept).encode()) == value
    assert isinstance(kept, int) == (type(value) is int)


def test_key_that_is_not_there_cannot_be_counted_up() -> None:
    with pytest.raises(ValueError, match="not found"):
        steady(AWAY).incr("nothing")


@pytest.fixture
def _redis_away() -> Iterator[None]:
    away = {
        "default": {
            "BACKEND": "support.cache.SteadyCache",
            "LOCATION": AWAY,
            "KEY_FUNCTION": KEY_FUNCTION,
            "OPTIONS": dict(SEALED),
        }
    }
    with override_settings(CACHES=away):
        assert isinstance(caches["default"], SteadyCache)
        cache.clear()
        yield
        cache.clear()


@pytest.mark.usefixtures("_redis_away")
def test_limit_holds_while_redis_is_away() -> None:
    for _ in range(2):
        limits.consume("anything", "ana@example.org", limit=2, seconds=60)
    with pytest.raises(limits.TooMany):
        limits.consume("anything", "ana@example.org", limit=2, seconds=60)
    limits.consume("anything", "quim@example.org", limit=2, seconds=60)


@pytest.mark.django_db
@pytest.mark.usefixtures("_redis_away")
def test_people_sign_in_while_redis_is_away() -> None:
    make_user(email="ana@example.org")
    answers = [Client().post("/accounts/login/", {"login": "ana@example.org"}).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 200]
    assert len(mail.outbox) == 3
