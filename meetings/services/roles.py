"""Who runs a meeting and who looks after a service body: invited by link, removed at once."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User
from meetings.models import Coordinator, Invitation, Meeting, ServiceBody
from meetings.queries.access import bodies_for_coordinator

#: How long an invitation is good for; its link as long (accounts.links).
INVITATION_LIFETIME = dt.timedelta(days=7)


class InvitationOver(Exception):
    """An invitation that was taken by somebody else, withdrawn, is too old, or whose maker may invite no longer."""


def invite_facilitator(*, meeting: Meeting, actor: User, now: dt.datetime) -> Invitation:
    """Make an invitation to run `meeting`."""
    return Invitation.objects.create(
        meeting=meeting, invited_by=actor, created_at=now, expires_at=now + INVITATION_LIFETIME
    )


def invite_coordinator(*, body: ServiceBody, actor: User, now: dt.datetime) -> Invitation:
    """Make an invitation to look after `body` and those below it."""
    return Invitation.objects.create(
        service_body=body, invited_by=actor, created_at=now, expires_at=now + INVITATION_LIFETIME
    )


def withdraw_invitation(*, invitation: Invitation) -> None:
    """Take an invitation back that nobody has taken. Again is harmless."""
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None).delete()


def is_over(invitation: Invitation, *, now: dt.datetime) -> bool:
    """Return whether nobody can take `invitation` any more.

    It is worth what its maker may do today: somebody removed must not come back by a link they kept.
    """
    if invitation.accepted_at is not None or invitation.expires_at <= now:
        return True
    maker = invitation.invited_by
    if not maker.is_active:
        return True
    body = invitation.service_body_id or (invitation.meeting and invitation.meeting.service_body_id)
    return not maker.is_staff and body not in bodies_for_coordinator(maker)


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User, now: dt.datetime) -> Invitation:
    """Let `user` take what they were invited to; the same person again is harmless. Raises InvitationOver."""
    row = Invitation.objects.select_for_update(of=("self",)).filter(pk=invitation.pk).first()
    if row is None:
        raise InvitationOver
    if is_over(row, now=now):
        if _holds(row, user):
            return row
        raise InvitationOver
    row.accepted_at = now
    row.save(update_fields=["accepted_at"])
    if row.meeting is not None:
        row.meeting.facilitators.add(user)
    elif row.service_body is not None:
        Coordinator.objects.get_or_create(service_body=row.service_body, user=user, defaults={"since": now})
    return row


def _holds(invitation: Invitation, user: User) -> bool:
    if invitation.meeting is not None:
        return invitation.meeting.facilitators.filter(pk=user.pk).exists()
    return Coordinator.objects.filter(service_body=invitation.service_body_id, user=user).exists()


def remove_facilitator(*, meeting: Meeting, user: User) -> None:
    """Let somebody run a meeting no longer, from their next click on. Again is harmless."""
    meeting.facilitators.remove(user)


def remove_coordinator(*, coordinator: Coordinator) -> None:
    """Let somebody look after a service body no longer, from their next click on. Again is harmless."""
    Coordinator.objects.filter(pk=coordinator.pk).delete()
