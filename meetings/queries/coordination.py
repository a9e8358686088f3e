"""What a coordinator's pages show."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from accounts import links
from accounts.models import User
from meetings.models import Coordinator, Invitation, Meeting, ServiceBody
from meetings.queries.access import bodies_for_coordinator


def bodies_of(user: User) -> QuerySet[ServiceBody]:
    """Return the service bodies that a coordinator looks after, with the number of their own meetings."""
    mine = ServiceBody.objects.filter(pk__in=bodies_for_coordinator(user)).select_related("parent")
    return mine.annotate(meeting_count=Count("meetings")).order_by("name", "pk")


def is_coordinator(user: User) -> bool:
    return Coordinator.objects.filter(user=user).exists()


def is_kept_from_above(user: User, body: ServiceBody) -> bool:
    """Return whether a coordinator looks after `body` by one above it as well."""
    above, passed = body.parent, {body.pk}
    while above is not None and above.pk not in passed:
        if Coordinator.objects.filter(user=user, service_body=above).exists():
            return True
        passed.add(above.pk)
        above = above.parent
    return False


def meetings_of(body: ServiceBody, words: str) -> QuerySet[Meeting]:
    """Return a body's own meetings whose name or place has `words` in it, by name."""
    found = Meeting.objects.filter(service_body=body).select_related("venue").order_by("name", "pk")
    if words:
        found = found.filter(
            Q(name__icontains=words) | Q(venue__name__icontains=words) | Q(venue__city__icontains=words)
        )
    return found


def coordinators_of(body: ServiceBody) -> QuerySet[Coordinator]:
    return Coordinator.objects.filter(service_body=body).select_related("user")


def address_of(invitation: Invitation) -> str:
    """Return the link to hand on: at the public address, by whatever name a page was asked for."""
    token = links.sign("invitation", invitation.public_id)
    return str(settings.PUBLIC_BASE_URL + reverse("meetings:invitation", args=[token]))


def open_invitations(
    *, body: ServiceBody | None = None, meeting: Meeting | None = None, now: dt.datetime
) -> QuerySet[Invitation]:
    """Return what is offered to whoever holds the link, and not taken yet."""
    return Invitation.objects.open(now).filter(service_body=body, meeting=meeting)
