"""The verbs of signups. One function, `fill_places`, decides who has a place; all else asks it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import Forgotten, Purpose
from accounts.models import ContactPoint, User
from accounts.services import consents, contact_points
from accounts.services.purges import record_purge
from meetings.enums import SignupStatus
from meetings.models import Meeting, Occurrence, Participant, Signup, StandingSignup
from meetings.models.signup import SignupQuerySet
from meetings.queries.occurrences import STANDING_HORIZON, DatedOccurrence, upcoming_dates
from meetings.queries.roster import given_up_with
from meetings.recurrence import falls_on
from meetings.services.occurrences import NotAnOccurrence, ensure_occurrence
from meetings.signals import reader_changed, signup_cancelled, signup_confirmed, signup_extended, signup_requested

#: Within this time a guest who asks again has pressed twice, and gets no second message.
SECOND_CLICK = dt.timedelta(minutes=2)
#: What nobody's place depends on, and what is sealed.
_NAME: Final = "participant__display_name"
#: Which wording a person saw when they asked to be reminded; raised when the words on the form change.
CONSENT_WORDING = "signup-2026-11-27"


class SignupRefused(ValueError):
    """A place that cannot be given; `args[0]` says why, and what to do instead, in words for the person who asked."""


def request_guest_signup(
    *,
    meeting: Meeting,
    date: dt.date | None,
    every: bool,
    email: str,
    display_name: str = "",
    tz: str | None,
    language: str,
    hour_cycle: str,
    now: dt.datetime,
) -> list[Signup]:
    """Ask for a guest's place on `date`, or on every date; nothing is certain until they confirm by mail.

    Where `tz` is None and they never said their zone, a meeting in a room is told and reminded of by the clock on its
    wall, and all else by the site's, by name.
    Returns the pending signups (those already confirmed are left as they are). Asking again sends the request again and
    makes nothing twice. Raises SignupRefused.
    """
    with transaction.atomic():
        contact_point = contact_points.guest_email(value=email)
        # A stranger who types somebody's address gives no name to a person who is known to be real, and changes nothing
        # that is kept of them; how to write to them is taken where nothing is.
        is_known = contact_point.verified_at is not None
        participant, is_new = Participant.objects.get_or_create(contact_point=contact_point, user=None)
        _lock_participant(participant)
        if is_new or not is_known:
            # What is not said now does not wipe what was said before.
            name = "" if is_known else display_name or participant.display_name
            zone = tz or participant.own_tz
            _remember_reader(
                participant,
                display_name=name,
                tz=zone or settings.DEFAULT_TIME_ZONE,
                has_own_zone=zone is not None,
                language=language,
                hour_cycle=hour_cycle,
            )
        signups = _place(meeting, participant, date, every, status=SignupStatus.PENDING, now=now)
        waiting = [signup for signup in signups if signup.status == SignupStatus.PENDING]
        signup_requested.send(sender=Signup, signups=waiting or signups, now=now)
    return signups


def create_member_signup(
    *, meeting: Meeting, user: User, date: dt.date | None, every: bool, now: dt.datetime
) -> list[Signup]:
    """Give a signed-in member a place on `date`, or on every date of the coming weeks. Raises SignupRefused."""
    with transaction.atomic():
        participant = member_participant(user=user, now=now)
        _lock_participant(participant)
        signups = _place(meeting, participant, date, every, status=SignupStatus.PENDING, now=now)
        pending = [signup for signup in signups if signup.status == SignupStatus.PENDING]
        _confirm(pending, now, agreed="member form")
        if not pending:
            _give_consent(participant.contact_point, source="member form", now=now)
    return signups


def member_participant(*, user: User, now: dt.datetime) -> Participant:
    """Return the participant that a member is, reached by the address they sign in with."""
    participant, _made = Participant.objects.get_or_create(
        user=user,
        defaults={"contact_point": contact_points.member_email(user=user, now=now), "tz": user.tz},
    )
    _remember_reader(
        participant,
        display_name=user.display_name,
        tz=user.tz,
        has_own_zone=user.has_own_zone,
        language=user.language,
        hour_cycle=user.hour_cycle,
    )
    return participant


@transaction.atomic
def follow_profile(*, user: User, now: dt.datetime) -> None:
    """Word messages to a member as their account says from now on."""
    participant = Participant.objects.select_for_update(no_key=True, of=("self",)).filter(user=user).first()
    if participant is not None:
        _remember_reader(
            participant,
            display_name=user.display_name,
            tz=user.tz,
            has_own_zone=user.has_own_zone,
            language=user.language,
            hour_cycle=user.hour_cycle,
        )
        reader_changed.send(sender=Participant, participants=[participant], now=now)


def renew_links(*, contact_point: ContactPoint) -> None:
    """Let no link in a message that was sent to a contact point so far open any of its places."""
    places = list(Signup.objects.filter(participant__contact_point=contact_point))
    for place in places:
        place.public_id = uuid.uuid4()
    Signup.objects.bulk_update(places, ["public_id"], batch_size=500)


def confirm_signups(*, signup: Signup, now: dt.datetime) -> list[Signup]:
    """Confirm what a guest asked for: `signup`, and the other dates asked for with it. Confirming again is harmless.

    Returns them as they are now: confirmed, or on the waitlist where the places are taken.
    """
    with transaction.atomic():
        participant = signup.participant
        _lock_participant(participant)
        together = Q(pk=signup.pk)
        if signup.standing_id:
            together |= Q(standing=signup.standing_id)
            StandingSignup.objects.filter(pk=signup.standing_id, confirmed_at=None).update(confirmed_at=now)
        asked = Signup.objects.filter(together, participant=participant).select_related("occurrence__meeting")
        pending = list(asked.filter(status=SignupStatus.PENDING).order_by("occurrence__starts_at"))
        contact_points.verify_contact_point(contact_point=participant.contact_point, now=now)
        if pending:
            if signup.standing is not None:
                _know_days(signup.standing)
            _confirm(pending, now, agreed="guest form")
        return list(asked.exclude(status=SignupStatus.CANCELLED).order_by("occurrence__starts_at"))


def cancel_signup(*, signup: Signup, now: dt.datetime) -> None:
    """Give one place back; the first on the waitlist gets it. Cancelling again is harmless."""
    cancel_signups(signups=[signup], now=now)


def cancel_signups(*, signups: Sequence[Signup], now: dt.datetime) -> None:
    """Give places back in one step, all of one participant and one meeting: one message says so, one link undoes it."""
    with transaction.atomic():
        _lock_participant(signups[0].participant)
        _give_back(Signup.objects.filter(pk__in=[signup.pk for signup in signups]), now)


def restore_signup(*, signup: Signup, now: dt.datetime) -> list[Signup]:
    """Undo that its participant gave up `signup`, and with it the dates that they gave up in the same step.

    Who took a place meanwhile keeps it: then it is a turn on the waitlist, the last one. Returns them as they are now.
    Restoring again is harmless. Raises SignupRefused where it is too late.
    """
    with transaction.atomic():
        _lock_participant(signup.participant)
        signup.refresh_from_db(fields=["status", "cancelled_at", "standing"])
        if signup.status != SignupStatus.CANCELLED:
            return [signup]
        back = list(given_up_with(signup, now=now))
        if not back:
            raise SignupRefused(_("That date has started, or is no longer on. Choose another one."))
        if signup.gave_up_every_time:
            _go_on(signup)
        for each in back:
            each.status, each.cancelled_at, each.confirmed_at = SignupStatus.PENDING, None, None
            # As whoever asks anew: behind those who wait already.
            each.created_at = now
            each.calendar_seq += 1
            each.save(update_fields=["status", "cancelled_at", "confirmed_at", "created_at", "calendar_seq"])
        _confirm(back, now)
    return back


def _go_on(signup: Signup) -> None:
    """Let a standing signup go on, unless its participant has asked for every time anew meanwhile."""
    mine = StandingSignup.objects.filter(meeting=signup.occurrence.meeting, participant=signup.participant)
    if not mine.filter(ended_at=None).exists():
        mine.filter(signups=signup).update(ended_at=None)


def end_standing_signup(*, standing: StandingSignup, now: dt.datetime) -> None:
    """Stop coming every time: give back the places on all dates still to come. Ending again is harmless."""
    with transaction.atomic():
        _lock_participant(standing.participant)
        StandingSignup.objects.filter(pk=standing.pk, ended_at=None).update(ended_at=now)
        _give_back(Signup.objects.live().filter(standing=standing, occurrence__starts_at__gt=now), now)


def extend_standing_signups(*, now: dt.datetime) -> int:
    """Make the signups of the coming weeks for everyone who comes every time. Returns how many were made.

    A date that its participant cancelled stays cancelled: its row is there. A meeting that is closed for now, or not
    shown, gives no places to anybody; it goes on once it is open again.
    """
    made = 0
    standings = (
        StandingSignup.objects.filter(
            ended_at=None,
            confirmed_at__isnull=False,
            meeting__is_published=True,
            meeting__is_temporarily_closed=False,
        )
        .select_related("meeting", "participant")
        .defer(_NAME)
    )
    for standing in standings.order_by("pk").iterator(chunk_size=200):
        with transaction.atomic():
            _lock_participant(standing.participant)
            if not standings.filter(pk=standing.pk).exists():
                continue
            # Where the meeting moved to other days since, nobody has said that they come on these.
            placed = _fill_standing(standing, SignupStatus.PENDING, now, days=standing.days, is_later=True)
            new = [signup for signup, is_new in placed if is_new]
            if new:
                _settle(new, now)
                signup_extended.send(sender=Signup, signups=new, now=now)
                made += len(new)
    return made


def fill_places(*, occurrence: Occurrence, now: dt.datetime) -> list[Signup]:
    """Give free places of a locked occurrence to the waitlist, first come first served. Returns whom it gave one."""
    if occurrence.is_cancelled or occurrence.starts_at <= now or not occurrence.meeting.is_on:
        return []
    waiting = Signup.objects.filter(occurrence=occurrence, status=SignupStatus.WAITLISTED)
    # Nothing sealed: one that cannot be opened must not keep a place from all who wait.
    waiting = waiting.select_related("participant", "occurrence__meeting").defer(_NAME, "attendance")
    free = _free_places(occurrence)
    promoted = list(waiting.order_by("created_at", "pk")[:free] if free is not None else waiting)
    for signup in promoted:
        signup.status, signup.confirmed_at = SignupStatus.CONFIRMED, now
        signup.save(update_fields=["status", "confirmed_at"])
        signup_confirmed.send(sender=Signup, signups=[signup], now=now)
    return promoted


def fill_coming_dates(*, meeting: Meeting, now: dt.datetime) -> None:
    """Give the places that a meeting has more of now to those who wait for its coming dates, unless it is closed."""
    if not meeting.is_on:
        return
    with transaction.atomic():
        coming = Occurrence.objects.scheduled().filter(meeting=meeting, starts_at__gt=now)
        fill_dates(coming.values_list("pk", flat=True), now=now)


def fill_dates(pks: Iterable[int], *, now: dt.datetime) -> None:
    """Give what is free on some dates (ids) to those who wait for them, in the caller's transaction."""
    occurrences = Occurrence.objects.filter(pk__in=list(pks)).select_related("meeting")
    for occurrence in occurrences.select_for_update(of=("self",)).order_by("pk"):
        fill_places(occurrence=occurrence, now=now)


def purge_unconfirmed(*, now: dt.datetime) -> int:
    """Forget guests who never confirmed. Returns how many contact points went, and everything with them."""
    before = now - settings.RETENTION["unconfirmed"]
    stale = ContactPoint.objects.of_guests().filter(verified_at=None, created_at__lt=before)
    # One who asked again lately is still on the way to their mailbox.
    waiting = Signup.objects.filter(status=SignupStatus.PENDING, created_at__gte=before)
    stale = stale.exclude(participants__signups__in=waiting)
    _total, by_model = stale.delete()
    count = by_model.get("accounts.ContactPoint", 0)
    record_purge(kind=Forgotten.GUESTS, count=count, now=now)
    return count


def _place(
    meeting: Meeting, participant: Participant, date: dt.date | None, every: bool, *, status: str, now: dt.datetime
) -> list[Signup]:
    """Make (or find) the signups asked for; a cancelled one comes back with `status`."""
    if not meeting.is_published or meeting.is_temporarily_closed:
        raise SignupRefused(_("This meeting is closed for now. Look for another one, or come back later."))
    if meeting.is_by_appointment:
        raise SignupRefused(_("This meeting has no fixed dates. Get in touch with the group instead."))
    if every:
        standing = _standing(meeting, participant, now)
        # All days of the meeting: those are what they ask for now, whatever they said yes to before.
        signups = [signup for signup, _is_new in _fill_standing(standing, status, now, days=_days(meeting))]
        if not signups:
            raise SignupRefused(_("This meeting has no date in the coming weeks."))
        return signups
    if date is None:
        raise SignupRefused(_("Choose a date."))
    try:
        occurrence = ensure_occurrence(meeting=meeting, date=date, now=now)
    except NotAnOccurrence as error:
        raise SignupRefused(_("There is no meeting on that date. Choose another one.")) from error
    if occurrence.is_cancelled:
        raise SignupRefused(_("That date is canceled. Choose another one."))
    if occurrence.starts_at <= now:
        raise SignupRefused(_("That date has already started. Choose the next one."))
    return [_signup(occurrence, participant, None, status, now)[0]]


def _standing(meeting: Meeting, participant: Participant, now: dt.datetime) -> StandingSignup:
    running = StandingSignup.objects.filter(meeting=meeting, participant=participant, ended_at=None)
    confirmed_at = now if participant.user_id else None
    try:
        with transaction.atomic():
            standing, _made = running.get_or_create(
                meeting=meeting,
                participant=participant,
                ended_at=None,
                defaults={"created_at": now, "confirmed_at": confirmed_at, "days": _days(meeting)},
            )
    except IntegrityError:
        standing = running.get()
    if participant.user_id:
        _know_days(standing)
    return standing


def _days(meeting: Meeting) -> str:
    return meeting.rule.parts.days if meeting.rule else ""


def _know_days(standing: StandingSignup) -> None:
    """Take down on which days its participant comes every time: those that the meeting is on, as they said yes to."""
    standing.days = _days(standing.meeting)
    standing.save(update_fields=["days"])


def keep_on_new_days(*, standing: StandingSignup, now: dt.datetime) -> list[Signup]:
    """Let somebody who comes every time come on the days that the meeting moved to. Again is harmless.

    Returns their signups of the coming weeks. Raises SignupRefused where they no longer come every time, or the meeting
    is closed or has no date in the coming weeks.
    """
    with transaction.atomic():
        _lock_participant(standing.participant)
        standing = StandingSignup.objects.select_related("meeting", "participant__contact_point").get(pk=standing.pk)
        if standing.ended_at is not None or standing.confirmed_at is None:
            raise SignupRefused(_("You stopped coming every time. You can choose dates on the meeting’s page."))
        signups = _place(standing.meeting, standing.participant, None, True, status=SignupStatus.PENDING, now=now)
        _know_days(standing)
        _confirm([signup for signup in signups if signup.status == SignupStatus.PENDING], now)
    return signups


def _fill_standing(
    standing: StandingSignup, status: str, now: dt.datetime, *, days: str, is_later: bool = False
) -> list[tuple[Signup, bool]]:
    """Make the signups of the coming weeks on `days`, and of the next date however far it is.

    So whoever comes every time always has a date: a change is told of dates. `is_later`: not as they are asked for, but
    as time goes on.
    """
    dates = upcoming_dates(standing.meeting, now=now, limit=STANDING_HORIZON.days)
    placed: list[tuple[Signup, bool]] = []
    for date in dates:
        if date.starts_at > now + STANDING_HORIZON and placed:
            break
        if date.starts_at <= now:
            continue
        if date.is_cancelled and not (is_later and _is_unknown_to(standing, date)):
            continue
        if not falls_on(date.original_date, days):
            continue
        occurrence = ensure_occurrence(meeting=standing.meeting, date=date.original_date, now=now)
        placed.append(_signup(occurrence, standing.participant, standing, status, now))
    return placed


def _is_unknown_to(standing: StandingSignup, date: DatedOccurrence) -> bool:
    """Return whether whoever comes every time still takes a canceled date for one that is on, and has to be told."""
    change = date.occurrence.changes.last() if date.occurrence else None
    if change is None or change.is_by_rule:
        return False
    # Those of the next weeks they were shown as they asked.
    return change.created_at > standing.created_at or date.starts_at > standing.created_at + STANDING_HORIZON


def _signup(
    occurrence: Occurrence, participant: Participant, standing: StandingSignup | None, status: str, now: dt.datetime
) -> tuple[Signup, bool]:
    signup, is_new = Signup.objects.get_or_create(
        occurrence=occurrence,
        participant=participant,
        defaults={"standing": standing, "status": status, "created_at": now},
    )
    came_back = signup.status == SignupStatus.CANCELLED and (standing is None or signup.standing_id != standing.pk)
    if came_back:
        signup.status, signup.cancelled_at, signup.confirmed_at = status, None, None
        # Whoever gave a place back queues again like anyone else.
        signup.created_at = now
        signup.calendar_seq += 1
        signup.save(update_fields=["status", "cancelled_at", "confirmed_at", "created_at", "calendar_seq"])
    if standing is not None and signup.standing_id != standing.pk:
        # One that ended before may have brought it.
        signup.standing = standing
        signup.save(update_fields=["standing"])
    return signup, is_new


def _confirm(signups: list[Signup], now: dt.datetime, *, agreed: str = "") -> None:
    """Turn pending signups of one person into places, and say so; `agreed`: where they said yes to messages, too."""
    if not signups:
        return
    _settle(signups, now)
    if agreed:
        # Before what follows from it is planned, which is planned with the rest then.
        _give_consent(signups[0].participant.contact_point, source=agreed, is_planned_after=True, now=now)
    signup_confirmed.send(sender=Signup, signups=signups, now=now)


def _settle(signups: list[Signup], now: dt.datetime) -> None:
    """Turn pending signups into places or a spot on the waitlist, each date counted under its own lock."""
    for signup in sorted(signups, key=lambda each: each.occurrence_id):
        occurrence = _lock(signup.occurrence)
        free = _free_places(occurrence)
        signup.occurrence = occurrence
        if free is None or free > 0:
            signup.status, signup.confirmed_at = SignupStatus.CONFIRMED, now
        else:
            signup.status = SignupStatus.WAITLISTED
        signup.save(update_fields=["status", "confirmed_at"])


def _give_back(places: SignupQuerySet, now: dt.datetime) -> None:
    """Give back places of one participant, who is locked, in one meeting; the first who wait get them."""
    # In the order of their ids, as everywhere: two who lock the same dates never wait for each other.
    dates = Occurrence.objects.select_for_update(of=("self",)).select_related("meeting").order_by("pk")
    locked = list(dates.filter(pk__in=places.values("occurrence")))
    signups = list(
        places.live()
        .select_related("occurrence__meeting", "participant__contact_point")
        .order_by("occurrence__starts_at", "pk")
    )
    for signup in signups:
        signup.status, signup.cancelled_at = SignupStatus.CANCELLED, now
        signup.calendar_seq += 1
        signup.save(update_fields=["status", "cancelled_at", "calendar_seq"])
    if signups:
        signup_cancelled.send(sender=Signup, signups=signups, now=now)
    for occurrence in locked:
        fill_places(occurrence=occurrence, now=now)


def _free_places(occurrence: Occurrence) -> int | None:
    capacity = occurrence.effective_capacity
    if capacity is None:
        return None
    return max(0, capacity - Signup.objects.filter(occurrence=occurrence).holding_a_place().count())


def _lock_participant(participant: Participant) -> None:
    """Make everything else that this person does wait: two clicks at once must not both read "pending".

    Taken before the lock of any occurrence, as everywhere.
    """
    Participant.objects.select_for_update(no_key=True).values_list("pk").get(pk=participant.pk)


def _lock(occurrence: Occurrence) -> Occurrence:
    return Occurrence.objects.select_for_update(of=("self",)).select_related("meeting").get(pk=occurrence.pk)


def _remember_reader(
    participant: Participant, *, display_name: str, tz: str, has_own_zone: bool, language: str, hour_cycle: str
) -> None:
    """Word messages as the person reads now, and show them by the name they go by now: none, if they took it back."""
    participant.display_name = display_name
    participant.tz, participant.has_own_zone = tz, has_own_zone
    participant.language, participant.hour_cycle = language, hour_cycle
    participant.save(update_fields=["display_name", "tz", "has_own_zone", "language", "hour_cycle"])


def _give_consent(
    contact_point: ContactPoint, *, source: str, is_planned_after: bool = False, now: dt.datetime
) -> None:
    consents.give_consent_once(
        contact_point=contact_point,
        purposes=[Purpose.REMINDERS, Purpose.CHANGES],
        wording=CONSENT_WORDING,
        source=source,
        is_planned_after=is_planned_after,
        now=now,
    )
