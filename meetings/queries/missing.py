"""Meetings that their lists have lost, and who can say whether they go on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from meetings.enums import SignupStatus
from meetings.models import Coordinator, Meeting, ServiceBody
from meetings.queries.access import bodies_for_coordinator


def in_doubt(user: User, *, now: dt.datetime) -> QuerySet[Meeting]:
    """Return the meetings in doubt that `user` can decide about: a coordinator's own, for staff all; by name.

    Each with how many people asked to come from `now` on (`expected`), which is why somebody is asked.
    """
    found = Meeting.objects.in_doubt().select_related("service_body", "venue")
    if not user.is_staff:
        found = found.filter(service_body__in=bodies_for_coordinator(user))
    live = Q(occurrences__signups__status__in=(SignupStatus.CONFIRMED, SignupStatus.WAITLISTED, SignupStatus.OFFERED))
    coming = live & Q(occurrences__starts_at__gt=now)
    people = Count("occurrences__signups__participant", filter=coming, distinct=True)
    return found.annotate(expected=people).order_by("name", "pk")


def responsible_for(bodies: Collection[int]) -> dict[int, list[User]]:
    """Return who is asked about the listings of service bodies (ids): their coordinators, else those of the nearest one
    above that has any, else the site's staff.
    """
    parents: dict[int, int | None] = dict(ServiceBody.objects.values_list("pk", "parent_id"))
    looking_after: dict[int, list[User]] = {}
    for each in Coordinator.objects.filter(user__is_active=True).select_related("user").order_by("pk"):
        looking_after.setdefault(each.service_body_id, []).append(each.user)
    staff = list(User.objects.filter(is_staff=True, is_active=True).order_by("pk"))
    return {body: looking_after.get(_nearest(body, parents, looking_after), staff) for body in bodies}


def _nearest(body: int, parents: dict[int, int | None], looking_after: Collection[int]) -> int:
    """Return the nearest of `body` and those above it that somebody looks after, or 0."""
    at: int | None = body
    passed: set[int] = set()
    while at is not None and at not in passed:
        if at in looking_after:
            return at
        passed.add(at)
        at = parents.get(at)
    return 0
