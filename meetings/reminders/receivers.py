"""Receivers of what accounts and meetings announce: each only writes rows, in the sender's transaction."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from django.utils.translation import gettext

from accounts.enums import Channel
from accounts.models import Consent, ContactPoint, Preferences
from accounts.person import Person, of_guest, of_member
from accounts.signals import (
    consents_changed,
    data_asked,
    last_taken_asked,
    next_message_asked,
    number_ended,
    person_leaving,
    preferences_changed,
    push_ended,
    suppression_lifted,
    times_in_use_asked,
    value_asked,
)
from meetings.models import Meeting, Occurrence, OccurrenceChange, Participant, Signup
from meetings.reminders.models import Reminder
from meetings.reminders.queries.arrivals import last_taken
from meetings.reminders.queries.next_reminder import earliest, next_reminders, sentence, sentence_for_all, words_for
from meetings.reminders.queries.people import times_of_meeting
from meetings.reminders.queries.person import (
    channels_paused_by,
    messages_to,
    participants_of,
    times_put_aside,
    what_became_of_messages,
)
from meetings.reminders.services import handover, meeting_news, news, plan, push, texts
from meetings.reminders.services.bounces import record_return
from meetings.reminders.services.inbound import texts_of, texts_written, texts_written_by
from meetings.reminders.services.lifting import plan_again
from meetings.reminders.services.replan import READER, WISHES, replan, replan_person
from meetings.reminders.tasks import deliver
from meetings.signals import (
    meeting_changed,
    meeting_rescheduled,
    next_reminder_asked,
    occurrence_cancelled,
    occurrence_moved,
    occurrence_restored,
    places_handed_over,
    reader_changed,
    signup_cancelled,
    signup_confirmed,
    signup_extended,
    signup_requested,
    signups_became_one,
    signups_forgotten,
)
from support import clock
from support.messaging.bounces import BounceKind
from support.messaging.provider import own_id, what_came_back

logger = logging.getLogger(__name__)

_IN_A_HURRY = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "connect_retries_timeout": 1,
    "max_retries": 1,
    "interval_start": 0,
}


@receiver(signup_requested)
def ask_to_confirm(sender: object, *, signups: list[Signup], now: dt.datetime, **_: Any) -> None:
    plan.plan_request(signups=signups, now=now)
    transaction.on_commit(hint)


@receiver(signup_confirmed)
def confirm(sender: object, *, signups: list[Signup], now: dt.datetime, **_: Any) -> None:
    plan.plan_confirmation(signups=signups, now=now)
    plan.plan_reminders(signups=signups, now=now)
    transaction.on_commit(hint)


@receiver(data_asked)
def tell_of_messages(sender: type[Person], *, person: Person, **_: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        "messages": messages_to(person),
        "message_events": what_became_of_messages(person),
        "put_aside": times_put_aside(person),
        "channels_paused": channels_paused_by(person),
    }


@receiver(signups_forgotten)
def forget_messages(sender: object, *, signups: list[Signup], **_: Any) -> None:
    """Forget what was sent about past places that are nobody's now: each message names whom it went to."""
    Reminder.objects.filter(signup__in=signups).delete()


@receiver(person_leaving)
def forget_texts(sender: type[Person], *, person: Person, **_: Any) -> None:
    texts_of(person).delete()


@receiver(data_asked)
def tell_of_texts(sender: type[Person], *, person: Person, **_: Any) -> dict[str, list[dict[str, Any]]]:
    return texts_written_by(person)


@receiver(value_asked)
def tell_of_texts_from(sender: type[Person], *, channel: str, value: str, **_: Any) -> dict[str, list[dict[str, Any]]]:
    return texts_written([value] if channel == Channel.SMS else [])


@receiver(last_taken_asked)
def tell_last_taken(sender: object, *, channel: str, value: str, before: dt.datetime, **_: Any) -> dt.datetime | None:
    return last_taken(channel, value, before=before)


@receiver(suppression_lifted)
def follow_lifting(sender: object, *, channel: str, value_hashes: list[str], now: dt.datetime, **_: Any) -> None:
    plan_again(channel=channel, value_hashes=value_hashes, now=now)
    transaction.on_commit(hint)


@receiver(signup_extended)
def remind_of_more_dates(sender: object, *, signups: list[Signup], now: dt.datetime, **_: Any) -> None:
    # Of a date that was changed before it came within reach they know what the rule says.
    changed = [signup.occurrence_id for signup in signups if signup.occurrence.schedule_seq]
    if changed:
        news.plan_news(occurrences=changed, participants=[signups[0].participant_id], why=plan.MORE_PLACES, now=now)
        transaction.on_commit(hint)
    plan.plan_reminders(signups=signups, now=now)


@receiver(signup_cancelled)
def take_back(sender: object, *, signups: list[Signup], now: dt.datetime, **_: Any) -> None:
    untold = plan.plan_given_back(signups=signups, now=now)
    news.plan_news(occurrences=untold, participants=[signups[0].participant_id], why=plan.GIVEN_BACK, now=now)
    meeting_news.follow_again(meeting=signups[0].occurrence.meeting, now=now)
    transaction.on_commit(hint)


@receiver(meeting_changed)
def tell_of_meeting(sender: object, *, meeting: Meeting, now: dt.datetime, **_: Any) -> None:
    meeting_news.follow(meeting=meeting, now=now)
    transaction.on_commit(hint)


@receiver(occurrence_moved)
@receiver(occurrence_cancelled)
@receiver(occurrence_restored)
def tell_of_change(
    sender: object, *, occurrence: Occurrence, change: OccurrenceChange, now: dt.datetime, **_: Any
) -> None:
    news.plan_news(occurrences=[occurrence.pk], why=news.why(change), now=now)
    meeting_news.follow_again(meeting=occurrence.meeting, now=now)
    if change.is_restoration:
        # Who heard that its meeting is off, and is on again without this date, was told nothing of it since.
        meeting_news.follow(meeting=occurrence.meeting, now=now)
    transaction.on_commit(hint)


@receiver(meeting_rescheduled)
def tell_of_changes(
    sender: object, *, meeting: Meeting, changes: list[OccurrenceChange], now: dt.datetime, **_: Any
) -> None:
    dates = [change.occurrence_id for change in changes]
    news.plan_news(occurrences=dates, why=news.why(changes[-1]), now=now)
    meeting_news.follow_again(meeting=meeting, now=now)
    transaction.on_commit(hint)


@receiver(next_reminder_asked)
def tell_next_reminder(sender: object, *, signups: list[Signup], now: dt.datetime, **_: Any) -> str:
    participant = signups[0].participant
    found = next_reminders([participant.pk], now=now)
    places = [found[signup.pk] for signup in signups if signup.pk in found]
    return sentence_for_all(places, words_for(participant, now=now))


@receiver(next_message_asked)
def tell_next_message(sender: type[Person], *, person: Person, now: dt.datetime, **_: Any) -> str:
    return next_message_words(person, now=now)


def next_message_words(person: Person, *, now: dt.datetime) -> str:
    """Return when a person is reminded next of whatever they have, in a sentence; "" where they have nothing."""
    participant = participants_of(person).first()
    found = next_reminders([each.pk for each in participants_of(person)], now=now)
    if participant is None or not found:
        return ""
    first = earliest(found.values())
    if first is None:
        return gettext("No reminder is planned for your dates.")
    return sentence(first, words_for(participant, now=now))


@receiver(times_in_use_asked)
def tell_times_in_use(sender: type[Person], *, person: Person, now: dt.datetime, **_: Any) -> set[str]:
    coming = Signup.objects.live().filter(participant__in=participants_of(person), occurrence__starts_at__gt=now)
    return {times_of_meeting(signup.occurrence.meeting) for signup in coming.select_related("occurrence__meeting")}


@receiver(preferences_changed)
def follow_wishes(sender: type[Preferences], *, person: Person, now: dt.datetime, **_: Any) -> None:
    replan_person(person=person, why=WISHES, now=now)
    transaction.on_commit(hint)


@receiver(consents_changed)
def follow_consents(sender: type[Consent], *, contact_point: ContactPoint, now: dt.datetime, **_: Any) -> None:
    person = of_member(contact_point.user) if contact_point.user else of_guest(contact_point)
    replan_person(person=person, why=WISHES, now=now)
    transaction.on_commit(hint)


@receiver(push_ended)
def follow_browsers(
    sender: type[ContactPoint], *, person: Person, contact_points: list[ContactPoint], now: dt.datetime, **_: Any
) -> None:
    push.follow_end(person=person, contact_points=contact_points, now=now)
    transaction.on_commit(hint)


@receiver(number_ended)
def follow_number(sender: type[ContactPoint], *, contact_point: ContactPoint, now: dt.datetime, **_: Any) -> None:
    texts.follow_end(contact_point=contact_point, now=now)
    transaction.on_commit(hint)


@receiver(reader_changed)
def follow_reader(sender: type[Participant], *, participants: list[Participant], now: dt.datetime, **_: Any) -> None:
    replan(participants=[participant.pk for participant in participants], why=READER, now=now)
    transaction.on_commit(hint)


@receiver(signups_became_one)
def say_once(sender: type[Signup], *, gone: Signup, kept: Signup, now: dt.datetime, **_: Any) -> None:
    handover.become_one(gone=gone, kept=kept, now=now)


@receiver(places_handed_over)
def follow_member(
    sender: type[Participant],
    *,
    participant: Participant,
    visitor: Participant,
    guest: ContactPoint,
    own: ContactPoint,
    now: dt.datetime,
    **_: Any,
) -> None:
    handover.follow(participant=participant, visitor=visitor, guest=guest, own=own, now=now)
    transaction.on_commit(hint)


def hint() -> None:
    """Ask a worker to look now. Beat asks every few seconds anyway, so nothing is lost where the broker is away."""
    if not settings.REDIS_URL:
        return
    try:
        # A connection of its own, that gives up at once: the usual one tries for seconds, and a person is waiting.
        with deliver.app.connection_for_write(connect_timeout=1, transport_options=_IN_A_HURRY) as broker:
            deliver.apply_async(expires=30, retry=False, connection=broker)  # type: ignore[call-arg]  # unknown to its types
    except Exception as error:  # noqa: BLE001  # whatever the broker's client raises, the request must not fail
        logger.warning("The broker took no hint (%s); the next beat will do.", type(error).__name__)


_RETURNS = {
    EventType.DELIVERED: BounceKind.DELIVERED,
    EventType.BOUNCED: BounceKind.TURNED_AWAY,
    EventType.REJECTED: BounceKind.TURNED_AWAY,
    EventType.FAILED: BounceKind.TURNED_AWAY,
    EventType.COMPLAINED: BounceKind.COMPLAINT,
}


@receiver(tracking)
def hear_of_email(sender: object, *, event: AnymailTrackingEvent, **_: Any) -> None:
    kind, public_id = _RETURNS.get(event.event_type), own_id(event.metadata)
    if kind is None or public_id is None:
        return
    if kind == BounceKind.TURNED_AWAY:
        kind = what_came_back(event)
    record_return(public_id=public_id, kind=kind, detail=event.reject_reason or "", now=clock.now())
