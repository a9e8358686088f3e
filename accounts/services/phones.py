"""A member's phone numbers: proven by a code, and used for what was ticked and nothing else."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.enums import OFFERED_PURPOSES, Channel, Purpose
from accounts.models import Consent, ContactPoint, User
from accounts.person import of_member
from accounts.queries import is_given, is_suppressed, preferences_for
from accounts.services import ledger
from accounts.services.consents import choose, record_consent
from accounts.services.preferences import save_preferences
from accounts.signals import number_ended
from support.messaging import Refused, Result, SmsGateway, TextMessage
from support.messaging.gsm7 import transliterate

#: Which wording a person saw beside the boxes; raised when its words change.
WORDING = "phone-2026-11-27"
#: As many numbers as one person may be reached at.
MOST = 3
#: How long a code is good for.
CODE_LIFE = dt.timedelta(minutes=10)
#: How consents say that they ended because somebody else has proven the number; and for how long that is shown.
BY_ANOTHER = "proven by another"
SHOWN_FOR = dt.timedelta(days=90)


def send_code(*, number: str, code: str, now: dt.datetime) -> Result:
    """Text a code to a number, at once: a person waits for it. Its words name no meeting.

    A number that wrote STOP gets nothing, and the answer says so.
    """
    if is_suppressed(ContactPoint(channel=Channel.SMS, value=number)):
        return Refused("Nothing may be sent there", suppress=True)
    words = _("%(sender)s: your code is %(code)s. It is good for 10 minutes. Not you? Then ignore this.")
    said = words % {"sender": settings.SENDER_NAME, "code": code}
    return _send(number, said, now, expires_at=now + CODE_LIFE, is_code=True)


def say_what_comes(*, number: str, now: dt.datetime) -> Result:
    """Text what somebody has just agreed to: who writes, how often, what it may cost, and how to end it."""
    words = _(
        "%(sender)s: you get reminders by text, up to 3 a day unless you ask for more. "
        "Msg & data rates may apply. HELP for help, STOP to end."
    )
    return _send(number, words % {"sender": settings.SENDER_NAME}, now, expires_at=now + dt.timedelta(hours=4))


def add_phone(*, user: User, number: str, wanted: list[str], now: dt.datetime) -> ContactPoint:
    """Keep a number that its owner has proven, with a recorded yes for each of `wanted` and a no for the rest.

    What is ticked goes to the phone from now on. Adding it again changes what it is for. A number is whoever's who
    proved it last: what other members had on it ends in the same transaction.
    """
    point = None
    while point is None:
        # There before the rows are locked: of two who prove it at once, the later one finds the other's.
        _get_or_create(user, number)
        point = _prove(user, number, wanted, now)
    return point


@transaction.atomic
def _prove(user: User, number: str, wanted: list[str], now: dt.datetime) -> ContactPoint | None:
    """Make a number that is kept for several the one of `user`. Returns None where another's proof came in between."""
    kept = ContactPoint.objects.with_value(Channel.SMS, number).exclude(user=None).order_by("pk")
    # Looked at twice: the first look may be older than its locks. Who made a row in between, and proved it, is found by
    # the second; whoever comes later waits for these rows.
    for _look in range(2):
        held = list(kept.select_for_update(no_key=True, of=("self",)))
    point = next((each for each in held if each.user_id == user.pk), None)
    if point is None:
        return None
    for other in held:
        if other != point and other.verified_at is not None:
            _end(other, now)
    if point.verified_at is None:
        point.verified_at = now
        point.save(update_fields=["verified_at"])
    choose_texts(contact_point=point, wanted=wanted, source="phone form", now=now)
    return point


@transaction.atomic
def choose_texts(*, contact_point: ContactPoint, wanted: list[str], source: str, now: dt.datetime) -> None:
    """Record what a number is for, and let messages take that way, or go by email again."""
    choose(contact_point=contact_point, wanted=wanted, wording=WORDING, source=source, now=now)
    _follow(contact_point, wanted, now)


@transaction.atomic
def remove_phone(*, contact_point: ContactPoint, now: dt.datetime) -> None:
    """Forget a number: a no is recorded for each yes, and messages go by email again. Again is harmless.

    The row stays, since what was sent there is told by it.
    """
    choose(contact_point=contact_point, wanted=[], wording=WORDING, source="phone page", now=now)
    _forget(contact_point, now)


def _end(contact_point: ContactPoint, now: dt.datetime) -> None:
    """Let a number be its former owner's no more: somebody else has shown that it is theirs."""
    for purpose in OFFERED_PURPOSES:
        # Said anew even where it stands already, so that there is one word that says why.
        record_consent(
            contact_point=contact_point, purpose=purpose, is_given=False, wording=WORDING, source=BY_ANOTHER, now=now
        )
    _forget(contact_point, now)


def _forget(contact_point: ContactPoint, now: dt.datetime) -> None:
    _follow(contact_point, [], now)
    # Whatever was planned for it goes another way.
    number_ended.send(sender=ContactPoint, contact_point=contact_point, now=now)
    ledger.note(word=ledger.Word.REMOVED, name=ledger.name_of(contact_point_id=contact_point.pk), now=now)
    contact_point.value = f"gone:{contact_point.public_id}"
    contact_point.verified_at = None
    contact_point.save(update_fields=["value", "value_hash", "verified_at"])


def _follow(contact_point: ContactPoint, wanted: list[str], now: dt.datetime) -> None:
    """Let messages go to a phone where that was ticked, and by email again where the last tick is gone."""
    assert contact_point.user is not None  # guests have none
    person = of_member(contact_point.user)
    kept = preferences_for(person)
    phones = phones_of(contact_point.user)

    def channel(purpose: str, chosen: str) -> str:
        if purpose in wanted:
            return Channel.SMS
        is_elsewhere = any(is_given(phone, purpose) for phone in phones)
        # Whoever chose notifications keeps them.
        return Channel.EMAIL if chosen == Channel.SMS and not is_elsewhere else chosen

    save_preferences(
        person=person,
        reminder_channel=channel(Purpose.REMINDERS, kept.reminder_channel),
        change_channel=channel(Purpose.CHANGES, kept.change_channel),
        now=now,
    )


def phones_of(user: User) -> list[ContactPoint]:
    """Return the numbers that are proven to be a member's, the newest first."""
    return list(ContactPoint.objects.filter(user=user, channel=Channel.SMS).verified().order_by("-created_at", "-pk"))


def has_lost_number(user: User, *, now: dt.datetime) -> bool:
    """Return whether somebody else has lately proven a number that was this member's, who has proven none since."""
    ended = Consent.objects.filter(contact_point__user=user, source=BY_ANOTHER, recorded_at__gt=now - SHOWN_FOR)
    newest = ended.order_by("-recorded_at", "-pk").first()
    return newest is not None and all((phone.verified_at or now) <= newest.recorded_at for phone in phones_of(user))


def _send(number: str, words: str, now: dt.datetime, *, expires_at: dt.datetime, is_code: bool = False) -> Result:
    gateway = SmsGateway()
    try:
        return gateway.send(
            TextMessage(to=number, text=transliterate(words), sent_at=now, expires_at=expires_at, is_code=is_code),
            until=expires_at,
        )
    finally:
        gateway.close()


def _get_or_create(user: User, number: str) -> ContactPoint:
    mine = ContactPoint.objects.filter(user=user).with_value(Channel.SMS, number)
    existing = mine.first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            return ContactPoint.objects.create(user=user, channel=Channel.SMS, value=number)
    except IntegrityError:
        # The same person clicked twice, and the other click was first.
        return mine.get()
