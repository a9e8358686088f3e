"""The one door to an object for a person. What is absent and what is forbidden look alike: a plain 404."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts import links
from accounts.models import User
from meetings.models import CalendarAddress, Coordinator, Invitation, Meeting, ServiceBody, Signup, StandingSignup
from meetings.queries.favourites import favourite_of
from meetings.queries.occurrences import STANDING_HORIZON, DatedOccurrence, date_of

#: How long a link to a place outlives the dates that it was sent for: to read up, or to say that it was not you.
LINK_GOES_ON: Final = dt.timedelta(days=30)

_SIGNUPS = Signup.objects.select_related(
    "occurrence__meeting__venue", "participant__contact_point", "participant__user", "standing"
)


def meeting_for_visitor(slug: str) -> Meeting:
    """Return a published meeting by its address. Raises Http404."""
    return get_object_or_404(Meeting.objects.published().select_related("venue", "service_body"), slug=slug)


def meeting_for_favourites(user: User, slug: str) -> Meeting:
    """Return a meeting that `user` may keep: a published one, or one they keep already. Raises Http404."""
    meeting = get_object_or_404(Meeting, slug=slug)
    if not meeting.is_published and favourite_of(user, meeting.pk) is None:
        raise Http404
    return meeting


def member_by_calendar_address(token: str) -> User:
    """Return the member whose calendar program asks with this address. Raises Http404 for one that is not in use."""
    address = get_object_or_404(
        CalendarAddress.objects.select_related("user"),
        token_hash=CalendarAddress.hash_of(token),
        user__is_active=True,
    )
    return address.user


def signup_by_link(public_id: UUID) -> Signup:
    """Return the signup that a signed link names: whoever holds the link may see and change it. Raises Http404."""
    return get_object_or_404(_SIGNUPS, public_id=public_id)


def signup_by_manage_link(token: str, *, now: dt.datetime) -> Signup:
    """Return the signup that the link to a place names, until 30 days after the last date its message speaks of.

    That is its own date; and of somebody who comes every time, the dates of the four weeks from when the link was made:
    each message brings a newer link. Raises Http404 for one that has ended, or that no message of ours brought.
    """
    try:
        signup = signup_by_link(links.read(token, "manage"))
        if signup.occurrence.ends_at + LINK_GOES_ON < now:
            if signup.standing_id is None:
                raise Http404
            links.read(token, "manage", max_age=STANDING_HORIZON + LINK_GOES_ON)
    except links.BadLink as error:
        raise Http404 from error
    return signup


def signup_for_member(user: User, public_id: UUID) -> Signup:
    """Return a member's own signup. Raises Http404 for anybody else's."""
    return get_object_or_404(_SIGNUPS, public_id=public_id, participant__user=user)


def standing_signup_for_member(user: User, public_id: UUID) -> StandingSignup:
    """Return a member's own standing signup. Raises Http404 for anybody else's."""
    return get_object_or_404(
        StandingSignup.objects.select_related("meeting", "participant"), public_id=public_id, participant__user=user
    )


def standing_signup_by_link(public_id: UUID) -> StandingSignup:
    """Return the standing signup that a signed link names. Raises Http404 where there is none any more."""
    rows = StandingSignup.objects.select_related("meeting__venue", "participant__contact_point")
    return get_object_or_404(rows, public_id=public_id)


def meeting_for_facilitator(user: User, slug: str) -> Meeting:
    """Return a meeting that `user` facilitates. Raises Http404 for all others."""
    return get_object_or_404(user.facilitated_meetings.select_related("venue"), slug=slug)


def date_for_facilitator(user: User, slug: str, date: dt.date) -> tuple[Meeting, DatedOccurrence]:
    """Return a meeting that `user` facilitates and what happens on `date` by its rule. Raises Http404."""
    meeting = meeting_for_facilitator(user, slug)
    dated = date_of(meeting, date)
    if dated is None:
        raise Http404
    return meeting, dated


def bodies_for_coordinator(user: User) -> set[int]:
    """Return the ids of the service bodies that `user` looks after: those they were given, and all below."""
    reached = set(Coordinator.objects.filter(user=user).values_list("service_body", flat=True))
    below = set(reached)
    while below:
        below = set(ServiceBody.objects.filter(parent__in=below).values_list("pk", flat=True)) - reached
        reached |= below
    return reached


def body_for_coordinator(user: User, slug: str) -> ServiceBody:
    """Return a service body that `user` looks after. Raises Http404 for all others."""
    return get_object_or_404(ServiceBody.objects.filter(pk__in=bodies_for_coordinator(user)), slug=slug)


def meeting_for_coordinator(user: User, slug: str) -> Meeting:
    """Return a meeting, published or not, of a service body that `user` looks after. Raises Http404 for all others."""
    mine = Meeting.objects.filter(service_body__in=bodies_for_coordinator(user))
    return get_object_or_404(mine.select_related("venue", "service_body"), slug=slug)


def meeting_in_doubt(user: User, slug: str) -> Meeting:
    """Return a meeting that `user` can decide about, staff about any; it may be decided already. Raises Http404."""
    mine = (
        Meeting.objects.all()
        if user.is_staff
        else Meeting.objects.filter(service_body__in=bodies_for_coordinator(user))
    )
    return get_object_or_404(mine, slug=slug)


def coordinator_for_coordinator(user: User, body: ServiceBody, pk: int) -> Coordinator:
    """Return one of those who look after `body`, which is `user`'s own. Raises Http404 for anybody else."""
    return get_object_or_404(Coordinator, service_body=body, pk=pk)


def invitation_for_coordinator(user: User, public_id: UUID) -> Invitation:
    """Return an open invitation to something that `user` looks after. Raises Http404 for all others."""
    mine = bodies_for_coordinator(user)
    open_ones = Invitation.objects.filter(accepted_at=None)
    return get_object_or_404(
        open_ones.filter(Q(service_body__in=mine) | Q(meeting__service_body__in=mine)), public_id=public_id
    )


def invitation_by_link(public_id: UUID) -> Invitation:
    """Return the invitation that a signed link names. Raises Http404 where it was withdrawn."""
    return get_object_or_404(Invitation.objects.select_related("meeting", "service_body"), public_id=public_id)
