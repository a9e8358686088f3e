"""What becomes of somebody's places when they are erased."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from accounts.enums import Channel
from accounts.models import ContactPoint
from accounts.person import Person
from meetings.models import Participant, Signup, StandingSignup
from meetings.services.signups import cancel_signup, end_standing_signup


@transaction.atomic
def let_go(*, person: Person, now: dt.datetime) -> None:
    """Give back what is to come, so that waitlists move on; make what is over nobody's, so that figures stay."""
    mine = Q(participant__contact_point__in=person.contact_points)
    if person.user is not None:
        mine |= Q(participant__user=person.user)
    for standing in StandingSignup.objects.filter(mine, ended_at=None).order_by("pk"):
        end_standing_signup(standing=standing, now=now)
    coming = Signup.objects.live().filter(mine, occurrence__starts_at__gt=now).select_related("occurrence")
    for signup in coming.order_by("occurrence_id"):
        cancel_signup(signup=signup, now=now)
    make_nobodys(list(Signup.objects.filter(mine, occurrence__starts_at__lte=now)))


def make_nobodys(signups: Iterable[Signup]) -> None:
    """Give each past signup a participant of its own who is nobody: not even which of them were one person stays."""
    for signup in signups:
        nobody = ContactPoint.objects.create(
            # No address, and never written to; verified so that it is not taken for somebody who never confirmed.
            channel=Channel.EMAIL,
            value=f"nobody-{uuid.uuid4()}",
            verified_at=signup.created_at,
            is_nobodys=True,
        )
        signup.participant = Participant.objects.create(contact_point=nobody, tz="UTC")
        signup.standing = None
        # Links in old messages name it, and would still show where somebody was.
        signup.public_id = uuid.uuid4()
        signup.save(update_fields=["participant", "standing", "public_id"])
