"""Doing what somebody asks for by text message. The same text twice acts once, in whatever order texts come."""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext_noop as _

from accounts import phones
from accounts.enums import Channel, Forgotten, Purpose
from accounts.fields import lookup_hashes
from accounts.models import Consent, ContactPoint, Suppression
from accounts.person import Person
from accounts.queries import is_given
from accounts.services.consents import record_consent
from accounts.services.purges import record_purge
from accounts.services.suppressions import lift, suppress
from accounts.signals import consents_changed
from meetings.enums import OccurrenceStatus, SignupStatus
from meetings.models import Meeting, Participant, Signup
from meetings.reminders import replies
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import InboundText, Reminder
from meetings.reminders.models.inbound_text import InboundTextQuerySet, sender_hashes
from meetings.reminders.services import finding
from meetings.reminders.services.optout import withdraw
from meetings.reminders.services.replan import lock_unsent
from meetings.services.signups import cancel_signups
from support import limits
from support.messaging import allowance, keywords
from support.messaging.keywords import Meaning, Word
from support.messaging.sms_results import Inbound

logger = logging.getLogger(__name__)

STOPPED: Final = _("The recipient wrote STOP")
#: How consents say that they were withdrawn, and given again, by text.
BY_STOP: Final = "STOP"
BY_START: Final = "START"
#: For so long after STOP a START is somebody changing their mind; later it wants the code that it is answered with:
#: whoever forges a sender's number does not see what goes to it. Providers lift their own block at any START.
CHANGES_THEIR_MIND: Final = dt.timedelta(hours=1)
#: Half of the life of such a code, at the least; and how many may be asked for and tried in a day, by number.
_CODE_WINDOW: Final = dt.timedelta(minutes=30)
_CODES_A_DAY: Final = 2
_TRIES_A_DAY: Final = 5
#: Answers to HELP, and to somebody in danger or who has used, from a number that wrote STOP.
_AFTER_STOP_A_DAY: Final = 3
#: An answer is about the last message that asked for one, for so long.
_ABOUT_THE_LAST: Final = dt.timedelta(days=4)
#: Two machines that answer each other end soon.
_ANSWERS_AN_HOUR: Final = 30
#: Ten parts and more: nobody types it, and nobody reads it.
_LONGEST: Final = 2000
_ACTS: Final = (Word.STOP, Word.START, Word.COMES, Word.CANNOT_COME)
_HAS_A_PLACE: Final = (SignupStatus.CONFIRMED, SignupStatus.OFFERED, SignupStatus.WAITLISTED)


@dataclass(frozen=True)
class Sender:
    """Whoever writes from a number: the one who proved it last, `owner`, and what they take part in."""

    number: str
    #: All that the number is proven for, the newest proof first: STOP is for them all.
    contact_points: tuple[ContactPoint, ...]
    participants: tuple[Participant, ...]
    is_stopped: bool
    language: str

    @property
    def owner(self) -> tuple[ContactPoint, ...]:
        """Return the newest proof alone, or none where nobody has proven the number."""
        return self.contact_points[:1]

    @property
    def proven_at(self) -> dt.datetime | None:
        return self.contact_points[0].verified_at if self.contact_points else None

    @property
    def region(self) -> str:
        return phones.region(self.number)


def take(*, inbound: Inbound, now: dt.datetime) -> str:
    """Do what a text asks for, and return the answer to it, admitted and counted; "" answers nothing.

    STOP is done when this returns: nothing may be sent there any more, and what was planned is taken back.
    """
    number = phones.of_sender(inbound.sender)
    if number is None:
        # A short code or a name: a machine, and nobody who asked for anything.
        return ""
    # Half a surrogate pair is no character, and cannot be kept.
    inbound = replace(inbound, text=inbound.text.encode("utf-8", "replace").decode()[:_LONGEST])
    meaning = keywords.read(inbound.text)
    sender = _sender(number, meaning)
    with translation.override(sender.language):
        if meaning.word in _ACTS or meaning.is_for_person:
            answer = _once(inbound, sender, meaning, now)
        else:
            answer = _answer(inbound, sender, meaning, now)
    if not answer or (inbound.is_answered and not _waits_for_code(meaning, number)):
        return ""
    if meaning.word != Word.STOP:
        try:
            limits.consume("text answers", number, limit=_ANSWERS_AN_HOUR, seconds=3600)
        except limits.TooMany:
            return ""
    is_owed = meaning.word == Word.STOP or meaning.is_crisis or meaning.has_used
    return "" if allowance.admit(number, is_owed=is_owed) else answer


def _waits_for_code(meaning: Meaning, number: str) -> bool:
    """Return whether START has done nothing yet, whatever the provider said to it."""
    return meaning.word == Word.START and _stops(number).exists()


def _once(inbound: Inbound, sender: Sender, meaning: Meaning, now: dt.datetime) -> str:
    with transaction.atomic():
        row, is_new = InboundText.objects.get_or_create(
            provider_id=inbound.provider_id or f"none-{uuid.uuid4()}",
            defaults={
                "sender": sender.number,
                "sender_hash": sender_hashes(sender.number)[0],
                "text": inbound.text,
                "word": meaning.word,
                "is_for_person": meaning.is_for_person,
                "is_crisis": meaning.is_crisis,
                "received_at": now,
            },
        )
        if not is_new:
            return ""
        if meaning.is_for_person:
            logger.warning("A text waits for a person to read it (#%s)", row.pk)
        return _act(row, sender, meaning, now)


def _act(row: InboundText, sender: Sender, meaning: Meaning, now: dt.datetime) -> str:
    if meaning.word == Word.STOP:
        stop(number=sender.number, contact_points=sender.contact_points, now=now)
        if sender.is_stopped:
            return _care(sender, meaning) if _may_answer(sender, meaning) else ""
        is_crisis = meaning.is_crisis or meaning.has_used
        return replies.stopped(sender.region, is_crisis=is_crisis, is_emergency=meaning.is_emergency)
    if meaning.word == Word.START:
        return _start(sender, meaning.code, now)
    answer = ""
    if meaning.word in (Word.COMES, Word.CANNOT_COME):
        answer = _about_a_date(row, sender, meaning.word, now)
    else:
        answer = _care(sender, meaning) or replies.read_by_a_person(sender.region)
    return answer if _may_answer(sender, meaning) else ""


def _care(sender: Sender, meaning: Meaning) -> str:
    """Return what is said to somebody in danger, in a crisis or who has used; "" to all others."""
    if meaning.is_emergency:
        return replies.emergency(sender.region)
    if meaning.is_crisis:
        return replies.crisis(sender.region)
    if meaning.has_used:
        return replies.after_using(sender.region, near=finding.place_in(meaning.rest))
    return ""


def _may_answer(sender: Sender, meaning: Meaning) -> bool:
    """Return whether a text is answered. After STOP only what asks for help is, a few times a day.

    Carriers want HELP answered whoever asks (CTIA), and nobody unsubscribes from 911. An answer turns nothing on.
    """
    if not sender.is_stopped:
        return True
    if meaning.word != Word.HELP and not (meaning.is_crisis or meaning.has_used):
        return False
    try:
        # Nobody who wrote STOP is written to for as often as somebody forges their number.
        limits.consume("answers after STOP", sender.number, limit=_AFTER_STOP_A_DAY, seconds=86_400)
    except limits.TooMany:
        return False
    return True


def _start(sender: Sender, code: str, now: dt.datetime) -> str:
    done = _stops(sender.number).order_by("-created_at").first()
    if done is None:
        return replies.started(is_back=False)
    if now - done.created_at <= CHANGES_THEIR_MIND or (code and _is_confirmed(done, sender.number, code, now)):
        return replies.started(is_back=start(number=sender.number, contact_points=sender.owner, now=now))
    try:
        limits.consume("codes for START", sender.number, limit=_CODES_A_DAY, seconds=86_400)
    except limits.TooMany:
        # Nobody who wrote STOP is written to for as often as somebody forges their number.
        return ""
    return replies.confirm_start(_start_code(done, now))


def _is_confirmed(done: Suppression, number: str, code: str, now: dt.datetime) -> bool:
    try:
        limits.consume("tries of codes for START", number, limit=_TRIES_A_DAY, seconds=86_400)
    except limits.TooMany:
        return False
    return any(hmac.compare_digest(code, _start_code(done, at)) for at in (now, now - _CODE_WINDOW))


def _start_code(done: Suppression, at: dt.datetime) -> str:
    """Return the code that undoes one STOP, the same for half an hour. It is kept nowhere, and ends with that STOP."""
    window = at.timestamp() // _CODE_WINDOW.total_seconds()
    said = f"start:{done.value_hash}:{done.created_at.isoformat()}:{window}".encode()
    digest = hmac.digest(settings.SECRET_KEY.encode(), said, "sha256")
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06}"


def stop(*, number: str, contact_points: Sequence[ContactPoint], now: dt.datetime) -> None:
    """Let nothing more go to a number: suppressed, its consents withdrawn, what was planned for it taken back.

    Email goes on where it is consented to. Again is harmless.
    """
    with transaction.atomic():
        # People before their messages, and person by person: two who lock the same never wait for each other.
        people = _people(contact_points).select_for_update(no_key=True, of=("self",))
        lock_unsent(list(people.values_list("pk", flat=True)))
        suppress(channel=Channel.SMS, value=number, reason=STOPPED, now=now)
        unsent = Reminder.objects.unsent().filter(contact_point__in=contact_points, channel=Channel.SMS)
        ids = list(unsent.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        Reminder.objects.filter(pk__in=ids).update(
            state=ReminderState.SUPERSEDED, reason=STOPPED, claim_token=None, lease_until=None, settled_at=now
        )
        for point in contact_points:
            given = [str(purpose) for purpose in Purpose if is_given(point, purpose)]
            withdraw(contact_point=point, purposes=given, source=BY_STOP, now=now)


def stop_elsewhere(*, number: str, now: dt.datetime) -> None:
    """Do what STOP does, where the provider alone was told. Again is harmless."""
    stop(number=number, contact_points=_proven(number), now=now)


def start(*, number: str, contact_points: Sequence[ContactPoint], now: dt.datetime) -> bool:
    """Undo STOP: what was consented to before it is again, and nothing else. Returns False where there was none.

    A number that takes no texts stays as it is: only what STOP did is undone.
    """
    with transaction.atomic():
        if not lift(channel=Channel.SMS, value=number, because=BY_STOP, now=now):
            return False
        for point in contact_points:
            _give_again(point, now)
            # What goes by email meanwhile goes by text again.
            consents_changed.send(sender=Consent, contact_point=point, now=now)
    return True


def _stops(number: str) -> QuerySet[Suppression]:
    return Suppression.objects.filter(
        channel=Channel.SMS, value_hash__in=lookup_hashes(number), reason__contains=BY_STOP
    )


def _give_again(point: ContactPoint, now: dt.datetime) -> None:
    for purpose in Purpose:
        words = Consent.objects.filter(contact_point=point, purpose=purpose).order_by("-recorded_at", "-pk")
        newest = words.first()
        if newest is None or newest.is_given or newest.source != BY_STOP:
            continue
        before = words.filter(is_given=True).first()
        record_consent(
            contact_point=point,
            purpose=purpose,
            is_given=True,
            wording=before.wording if before else newest.wording,
            source=BY_START,
            now=now,
        )


def purge(*, now: dt.datetime) -> int:
    """Forget texts that are older than settings.RETENTION says. Returns how many."""
    over = InboundText.objects.filter(received_at__lt=now - settings.RETENTION["inbound_texts"])
    count = over.delete()[0]
    record_purge(kind=Forgotten.TEXTS, count=count, now=now)
    return count


def texts_of(person: Person) -> InboundTextQuerySet:
    """Return what is kept of what a person wrote to us."""
    return _texts_from([point.value for point in person.contact_points if point.channel == Channel.SMS])


def texts_written_by(person: Person) -> dict[str, list[dict[str, Any]]]:
    """Return what a person wrote, as a section of their own copy: not what came from a number before it was theirs."""
    proven = [point for point in person.contact_points if point.channel == Channel.SMS and point.verified_at]
    rows = InboundText.objects.none()
    for point in proven:
        rows |= _texts_from([point.value]).filter(received_at__gte=point.verified_at)
    return _section(rows)


def texts_written(numbers: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what is kept of the texts from numbers, whoever wrote them, as a section of what is held about these."""
    return _section(_texts_from(numbers))


def _section(rows: InboundTextQuerySet) -> dict[str, list[dict[str, Any]]]:
    return {
        "texts_written": [
            {"received_at": row.received_at, "text": row.text, "taken_for": row.word, "read_at": row.seen_at}
            for row in rows.order_by("received_at", "pk")
        ]
    }


def _texts_from(numbers: Iterable[str]) -> InboundTextQuerySet:
    hashes = [value_hash for number in numbers for value_hash in sender_hashes(number)]
    return InboundText.objects.filter(sender_hash__in=hashes)


def mark_seen(*, rows: Sequence[InboundText], by: int, now: dt.datetime) -> None:
    """Note that a person has read texts. The first who did stays."""
    InboundText.objects.filter(pk__in=[row.pk for row in rows], seen_at=None).update(seen_at=now, seen_by=by)


def _about_a_date(row: InboundText, sender: Sender, word: Word, now: dt.datetime) -> str:
    last, letter = _last_text(sender, now), "C" if word == Word.COMES else "X"
    if last is None:
        # It may be about what was sent to somebody else, or come from who has the number now.
        return replies.no_text_yet(letter)
    signups = _meant(last, now)
    if not signups:
        return replies.no_date(letter)
    first = signups[0]
    row.signup = first
    row.save(update_fields=["signup"])
    # What was held: afterwards it is not.
    held = [each.held for each in signups]
    if word == Word.CANNOT_COME:
        # At once, since somebody waits for it. A sender's number can be forged: the answer goes to the phone all the
        # same, and what `plan_given_back` says goes by email, each with the way back.
        for together in _by_person_and_meeting(signups):
            cancel_signups(signups=together, now=now)
    if len(signups) > 1:
        say_all = replies.all_expected if word == Word.COMES else replies.all_given_back
        return say_all(signups, held)
    say = replies.expected if word == Word.COMES else replies.given_back
    return say(replies.when(first), held[0])


def _last_text(sender: Sender, now: dt.datetime) -> Reminder | None:
    """Return the last text that we sent to a number, if lately, and since it was proven to be the sender's.

    A number is handed on: what was sent before was sent to somebody else.
    """
    since = max(filter(None, (now - _ABOUT_THE_LAST, sender.proven_at)))
    return (
        Reminder.objects.filter(contact_point__in=sender.owner, channel=Channel.SMS, submitted_at__gte=since)
        .filter(state__in=(ReminderState.ACCEPTED, ReminderState.DELIVERED, ReminderState.ASSUMED_SENT))
        .order_by("-submitted_at", "-pk")
        .first()
    )


def _meant(last: Reminder, now: dt.datetime) -> list[Signup]:
    """Return the places that an answer to a text is about: those that it spoke of and that are still held."""
    return list(
        Signup.objects.filter(Q(pk=last.signup_id) | Q(pk__in=last.parts.values("signup")))
        .filter(status__in=_HAS_A_PLACE, occurrence__starts_at__gt=now)
        .filter(occurrence__status=OccurrenceStatus.SCHEDULED)
        .exclude(occurrence__meeting__in=Meeting.objects.off())
        .select_related("occurrence__meeting", "participant")
        .order_by("occurrence__starts_at", "pk")
    )


def _by_person_and_meeting(signups: Sequence[Signup]) -> Collection[list[Signup]]:
    groups: dict[tuple[int, int], list[Signup]] = defaultdict(list)
    for signup in signups:
        groups[signup.participant_id, signup.occurrence.meeting_id].append(signup)
    return groups.values()


def _answer(inbound: Inbound, sender: Sender, meaning: Meaning, now: dt.datetime) -> str:
    """Answer a text that changes nothing; that it came is kept for a day, and nothing else of it."""
    if not _is_first(inbound) or not _may_answer(sender, meaning):
        return ""
    if care := _care(sender, meaning):
        return care
    if meaning.word == Word.HELP:
        return replies.help_words(sender.region, is_stopped=sender.is_stopped)
    return finding.answer(text=inbound.text, number=sender.number, language=sender.language, now=now)


def _is_first(inbound: Inbound) -> bool:
    try:
        return not inbound.provider_id or cache.add(f"inbound:{inbound.provider_id}", 1, timeout=86_400)
    except Exception:  # noqa: BLE001  # each cache backend has errors of its own; an answer twice is better than none
        logger.warning("The cache is out of reach; a repeated text would be answered twice.")
        return True


def _people(contact_points: Sequence[ContactPoint]) -> QuerySet[Participant]:
    users = [point.user_id for point in contact_points if point.user_id is not None]
    return Participant.objects.filter(Q(contact_point__in=contact_points) | Q(user__in=users)).order_by("pk")


def _proven(number: str) -> tuple[ContactPoint, ...]:
    return tuple(ContactPoint.objects.with_value(Channel.SMS, number).verified().order_by("-verified_at", "-pk"))


def _sender(number: str, meaning: Meaning) -> Sender:
    points = _proven(number)
    people = tuple(_people(points[:1]))
    known = people[0].language if people else ""
    return Sender(
        number=number,
        contact_points=points,
        participants=people,
        is_stopped=Suppression.objects.filter(channel=Channel.SMS, value_hash__in=lookup_hashes(number)).exists(),
        # The words they write in come before what they once chose.
        language=meaning.language or known or settings.LANGUAGE_CODE,
    )
