"""Planning for many never fails because of one: whoever cannot be planned for is put aside, with a reason for staff."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from cryptography.fernet import InvalidToken
from django.utils.translation import gettext_noop as _

from meetings.reminders.models import PutAside

logger = logging.getLogger(__name__)

UNKNOWN_WORD = _("It has a reminder time or a time zone that this version doesn’t know")
SEALED = _("What is kept can’t be opened with the keys this site has")
DAMAGED = _("What is kept can’t be understood")


def put_aside(participant: int, error: Exception, *, now: dt.datetime) -> None:
    """Note that a participant (id) cannot be planned for; again only says when it was last tried."""
    # The kind alone: the text of an error can hold what was read.
    logger.error("Reminders of participant %s cannot be planned: %s", participant, type(error).__name__)
    PutAside.objects.update_or_create(
        participant_id=participant,
        defaults={"reason": reason_for(error), "tried_at": now},
        create_defaults={"reason": reason_for(error), "tried_at": now, "since": now},
    )


def take_back_in(participants: Sequence[int]) -> None:
    """Forget that these participants (ids) were put aside: they are planned for again."""
    PutAside.objects.filter(participant__in=participants).delete()


def reason_for(error: Exception) -> str:
    """Return what staff are told of why somebody cannot be planned for: fixed words, nothing of what was read."""
    if isinstance(error, InvalidToken):
        return SEALED
    return UNKNOWN_WORD if isinstance(error, LookupError) else DAMAGED
