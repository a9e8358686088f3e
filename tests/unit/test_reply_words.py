from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import translation

from meetings.enums import Held
from meetings.reminders import replies
from support import contact
from support.messaging import gsm7

WHEN = "mié, 25 nov, 7:00 p. m."
#: Every answer that says the same each time, and how many parts it may take.
ANSWERS: list[tuple[Callable[[], str], int]] = [
    (lambda: replies.crisis("US"), 1),
    (lambda: replies.crisis("MX"), 1),
    (lambda: replies.emergency("US"), 1),
    (lambda: replies.emergency("CA"), 1),
    (lambda: replies.emergency("MX"), 1),
    (lambda: replies.after_using("US"), 2),
    (lambda: replies.after_using("CA"), 2),
    (lambda: replies.after_using("MX"), 2),
    (lambda: replies.stopped("US", is_crisis=False), 1),
    (lambda: replies.stopped("US", is_crisis=True), 2),
    (lambda: replies.stopped("US", is_crisis=True, is_emergency=True), 2),
    (lambda: replies.started(is_back=True), 1),
    (lambda: replies.started(is_back=False), 1),
    (lambda: replies.help_words("US"), 2),
    (lambda: replies.help_words("US", is_stopped=True), 2),
    *((partial(replies.given_back, WHEN, held), 1) for held in Held),
    *((partial(replies.expected, WHEN, held), 1) for held in Held),
    (lambda: replies.no_date("C"), 1),
    (lambda: replies.no_text_yet("C"), 1),
    (lambda: replies.read_by_a_person("US"), 1),
    (replies.not_understood, 1),
    (replies.which_place, 1),
    (replies.enough_for_now, 1),
]


@pytest.fixture(autouse=True)
def _public_address(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://meetings.riverarea.example.org"


@pytest.mark.parametrize("language", ["en", "es"])
def test_answers_take_few_parts_in_every_language(language: str) -> None:
    with translation.override(language):
        sizes = [(gsm7.measure(answer()), most, answer()) for answer, most in ANSWERS]
    assert [words for size, most, words in sizes if not size.is_gsm7 or size.segments > most] == []


def test_answers_are_in_the_language_of_whoever_wrote() -> None:
    with translation.override("en"):
        english = [answer() for answer, _most in ANSWERS]
    with translation.override("es"):
        spanish = [answer() for answer, _most in ANSWERS]
    assert set(english) & set(spanish) == set()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("shown", ["help@riverarea.example.org", "+1 518 555 0123", "https://" + "a" * 44 + ".example"])
def test_help_names_what_it_must_in_every_language(language: str, shown: str, settings: Any) -> None:
    settings.OPERATOR_CONTACT = contact.read(shown)
    with translation.override(language):
        words = replies.help_words("US")
    assert [word for word in (settings.SENDER_NAME, "STOP", "988", shown) if word not in words] == []
    assert gsm7.measure(words).segments <= 2


def test_help_leads_to_a_page_where_nobody_said_how_they_are_reached(settings: Any) -> None:
    settings.OPERATOR_CONTACT = None
    assert f"{settings.PUBLIC_BASE_URL}/about/" in replies.help_words("US")
