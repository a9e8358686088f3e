"""A guest who turns out to be a member: their dates are the member's, each of them once."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import ContactPoint, User
from accounts.queries import member_at
from accounts.services import contact_points
from accounts.services.guests import join_guest
from accounts.services.profile import learn_zone, update_profile
from meetings.enums import SignupStatus
from meetings.models import Occurrence, Participant, Signup, StandingSignup
from meetings.models.signup import HOLDS_A_PLACE
from meetings.services.signups import fill_places, member_participant
from meetings.signals import places_handed_over, signups_became_one

#: Of two signups for one date the one further right stays.
_BEST_LAST: Final = (
    SignupStatus.CANCELLED,
    SignupStatus.PENDING,
    SignupStatus.WAITLISTED,
    SignupStatus.OFFERED,
    SignupStatus.CONFIRMED,
)


def hand_over(*, user: User, guest: ContactPoint, own: ContactPoint, now: dt.datetime) -> None:
    """Make a member's own what a guest has certain: places, waits, and coming every time. Again is harmless.

    `guest` and `own` are their contact points. What the guest never confirmed stays theirs until they do.
    """
    _hand_over(
        user,
        guest,
        own,
        places=~Q(status=SignupStatus.PENDING),
        standings=Q(confirmed_at__isnull=False),
        now=now,
    )


@transaction.atomic
def as_members(*, signup: Signup, now: dt.datetime) -> Signup:
    """Return a guest's signup that they are about to confirm, as the member's whose address it was asked with.

    Where it is nobody's who has an account it is returned as it is. The member may have a place on that date already:
    then that one is returned.
    """
    guest = signup.participant.contact_point
    user = None if signup.participant.user_id else member_at(guest)
    if user is None:
        return signup
    contact_points.verify_contact_point(contact_point=guest, now=now)
    join_guest(user=user, now=now)
    own = contact_points.member_email(user=user, now=now)
    asked = Q(pk=signup.pk) | Q(standing=signup.standing_id, standing__isnull=False)
    _hand_over(user, guest, own, places=asked, standings=Q(pk=signup.standing_id), now=now)
    return Signup.objects.select_related("participant__contact_point", "occurrence__meeting").get(
        occurrence=signup.occurrence_id, participant__user=user
    )


@transaction.atomic
def _hand_over(
    user: User, guest: ContactPoint, own: ContactPoint, *, places: Q, standings: Q, now: dt.datetime
) -> None:
    visitor = Participant.objects.filter(contact_point=guest, user=None).first()
    if visitor is None:
        return
    comings = visitor.standing_signups.filter(standings)
    # By their ids: joining what comes every time changes by what they were found.
    asked = visitor.signups.filter(pk__in=list(visitor.signups.filter(places).values_list("pk", flat=True)))
    if not asked.exists() and not comings.exists():
        return
    member = _member(user, visitor, now)
    _lock(visitor, member)
    _join_standings(comings, member)
    freed = [place for place in _join_places(asked, member, now) if place.status in HOLDS_A_PLACE]
    places_handed_over.send(sender=Participant, participant=member, visitor=visitor, guest=guest, own=own, now=now)
    occurrences = Occurrence.objects.filter(pk__in=[place.occurrence_id for place in freed], starts_at__gt=now)
    for occurrence in occurrences.select_for_update(of=("self",)).select_related("meeting").order_by("pk"):
        fill_places(occurrence=occurrence, now=now)
    if not visitor.signups.exists() and not visitor.standing_signups.exists():
        visitor.delete()


def _member(user: User, visitor: Participant, now: dt.datetime) -> Participant:
    """Return the participant that a member is; who said no name or no zone yet keeps the one they gave as a guest."""
    if visitor.display_name and not user.display_name:
        update_profile(user=user, display_name=visitor.display_name, now=now)
    learn_zone(user=user, tz=visitor.own_tz, now=now)
    return member_participant(user=user, now=now)


def _lock(*participants: Participant) -> None:
    """Make everything else that these people do wait; before any occurrence, and in the order of ids, as everywhere."""
    rows = Participant.objects.filter(pk__in=[each.pk for each in participants]).order_by("pk")
    list(rows.select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))


def _join_standings(comings: QuerySet[StandingSignup], member: Participant) -> None:
    for standing in comings.order_by("pk"):
        running = member.standing_signups.filter(meeting=standing.meeting_id, ended_at=None).first()
        if running is None or standing.ended_at is not None:
            standing.participant = member
            standing.save(update_fields=["participant"])
        else:
            standing.signups.update(standing=running)
            standing.delete()


def _join_places(asked: QuerySet[Signup], member: Participant, now: dt.datetime) -> list[Signup]:
    """Give a member the places `asked`; return those that went, since the member has the same date by another row."""
    mine = {place.occurrence_id: place for place in member.signups.all()}
    gone = []
    for place in asked.order_by("occurrence_id"):
        twin = mine.get(place.occurrence_id)
        if twin is not None:
            less, more = sorted((place, twin), key=_worth)
            if not more.attendance and less.attendance:
                more.attendance = less.attendance
            more.standing_id = more.standing_id or less.standing_id
            more.save(update_fields=["attendance", "standing"])
            signups_became_one.send(sender=Signup, gone=less, kept=more, now=now)
            less.delete()
            gone.append(less)
            if more is twin:
                continue
        place.participant = member
        place.save(update_fields=["participant"])
    return gone


def _worth(place: Signup) -> tuple[int, float, bool]:
    """Return what decides between two of one date: what is certain, who came first, and else the member's own."""
    return _BEST_LAST.index(SignupStatus(place.status)), -place.created_at.timestamp(), not place.participant.is_guest
