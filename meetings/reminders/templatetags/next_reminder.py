"""What the pages of places say of the next reminder, from the plan.

A template asks, since the floor below must not know that there are reminders at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django import template
from django.template.context import Context
from django.urls import reverse

from accounts import links
from accounts.access import member
from accounts.person import of_guest, of_member
from accounts.queries import preferences_for
from meetings.models import Participant, Signup
from meetings.reminders.queries import next_reminder, plans
from meetings.reminders.queries.next_reminder import NextReminder, Words
from meetings.reminders.queries.people import clock_for, times_of_meeting
from meetings.reminders.queries.plans import Plan
from meetings.reminders.queries.timelines import Reader
from meetings.reminders.queries.times import Times, times_to_choose
from support import clock

register = template.Library()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page says of one place's next reminder. `offer` says when it could be sent anyway ("": at once)."""

    sentence: str
    is_coming: bool
    offer: str | None
    anyway_url: str


@dataclass(frozen=True, slots=True)
class PlacePage:
    """What the page of one place says: of its reminder, and for guests of when they want theirs."""

    shown: Shown | None
    hears_of_changes: bool
    plan: Plan
    times: Times | None = None
    times_url: str = ""
    choices_url: str = ""


@dataclass(frozen=True, slots=True)
class MyPage:
    """What "my meetings" says of each place, by signup, and the times that matter for these."""

    shown: Mapping[int, Shown]
    times: list[Times]


@register.simple_tag(takes_context=True)
def reminders_of_place(context: Context, signup: Signup, token: str) -> PlacePage:
    """Return what the page of a place says to whoever opened it by its signed link."""
    now, participant = clock.now(), signup.participant
    reader = Reader(clock_for(participant, signup.occurrence.meeting), participant.hour_cycle)
    words = Words(reader, now, page_tz=context.get("own_tz"))
    places = next_reminder.next_reminders([participant.pk], now=now)
    found = places.get(signup.pk)
    if found is None:
        return PlacePage(None, is_told_of_changes(signup), Plan())
    together = [found]
    if signup.standing_id:
        later = Signup.objects.filter(standing=signup.standing_id, occurrence__starts_at__gt=found.starts_at)
        together += [places[pk] for pk in later.values_list("pk", flat=True) if pk in places]
    url = reverse("reminders:anyway_by_link", args=[token])
    shown = _shown(found, next_reminder.sentence_for_all(together, words), url, words)
    plan = plans.plan_of([participant.pk], reader=reader, now=now, signup=signup)
    if participant.user_id is not None:
        # When they are reminded is a member's own to say, signed in.
        return PlacePage(shown, is_told_of_changes(signup), plan, choices_url=reverse("accounts:messages"))
    point = participant.contact_point
    times = times_to_choose(preferences_for(of_guest(point)), times_of_meeting(signup.occurrence.meeting))
    choices = reverse("accounts:messages_by_link", args=[links.sign("choices", point.public_id)])
    times_url = reverse("reminders:times_by_link", args=[token])
    return PlacePage(shown, is_told_of_changes(signup), plan, times, times_url, choices)


@register.simple_tag(takes_context=True)
def my_reminders(context: Context, signups: Iterable[Signup]) -> MyPage:
    """Return what "my meetings" says of the places of the member who reads it."""
    now, user = clock.now(), member(context["request"])
    signups = [signup for signup in signups if signup.is_certain]
    if not signups:
        return MyPage({}, [])
    mine = Participant.objects.filter(user=user).values_list("pk", flat=True)
    found = next_reminder.next_reminders(list(mine), now=now)
    words = Words(Reader(user.tz, user.hour_cycle), now, page_tz=context.get("own_tz"))
    certain = [signup for signup in signups if signup.pk in found]
    preferences = preferences_for(of_member(user))
    return MyPage(
        {
            signup.pk: _shown(
                found[signup.pk],
                next_reminder.sentence(found[signup.pk], words),
                reverse("reminders:anyway", args=[signup.public_id]),
                words,
            )
            for signup in certain
        },
        [
            times_to_choose(preferences, name)
            for name in sorted({times_of_meeting(signup.occurrence.meeting) for signup in certain})
        ],
    )


@register.filter
def of_place(page: MyPage, signup: Signup) -> Shown | None:
    """Return what is said of one of the places, or None where it is not certain or over."""
    return page.shown.get(signup.pk)


def _shown(found: NextReminder, sentence: str, url: str, words: Words) -> Shown:
    offer = next_reminder.offer_words(found.offer, words) if found.offer else None
    return Shown(sentence, found.due_at is not None, offer, url)


def is_told_of_changes(signup: Signup) -> bool:
    return next_reminder.hears_of_changes(signup.participant.contact_point)
