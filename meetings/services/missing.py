"""Meetings that their lists have lost: somebody who looks after them says within a day whether they go on.

Until then their reminders wait. Without an answer they are taken to be off: who comes is told so rather than sent to a
closed door.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from accounts.services.letters import NOT_SENT, letter
from meetings.models import Meeting, Signup
from meetings.queries.missing import responsible_for
from meetings.services.news import telling
from support import wording

logger = logging.getLogger(__name__)

#: How long whoever looks after a meeting has to say whether it goes on.
ANSWER_WITHIN: Final = dt.timedelta(days=1)
#: Names that a letter has; its page lists them all.
_NAMED: Final = 20
#: Held in the cache by the run that asks: another at once would write the same letters.
_ASKING: Final = "missing.ask"


def take_down(meetings: Collection[int], *, now: dt.datetime) -> None:
    """Show `meetings` (ids) no longer, since their list has lost them; what somebody is to come to is in doubt."""
    coming = Signup.objects.live().filter(occurrence__starts_at__gt=now)
    expected = Meeting.objects.filter(pk__in=meetings, is_temporarily_closed=False, occurrences__signups__in=coming)
    with telling(meetings, now=now):
        asked = list(expected.values_list("pk", flat=True).distinct())
        Meeting.objects.filter(pk__in=asked).update(missing_since=now, missing_asked_at=None)
        # Without its hash it counts as changed when the list has it again, and is shown again.
        Meeting.objects.filter(pk__in=meetings).update(is_published=False, source_hash="", updated_at=now)


def keep(*, meeting: Meeting, now: dt.datetime) -> bool:
    """Let a meeting go on that its list has lost; nobody is asked again as long as it is not in there.

    Returns False where it was decided already, one way or the other.
    """
    return _decide(meeting, now, is_published=True, is_kept=True)


def end(*, meeting: Meeting, now: dt.datetime) -> bool:
    """Let a meeting be off that its list has lost, and everyone be told. Returns False where it was decided already."""
    return _decide(meeting, now)


def answer_until(meeting: Meeting) -> dt.datetime | None:
    """Return until when somebody has to say whether a meeting goes on; None where nobody could be asked yet."""
    return meeting.missing_asked_at + ANSWER_WITHIN if meeting.missing_asked_at else None


def decide_late(*, now: dt.datetime) -> int:
    """End what nobody has said anything about within a day of being asked. Returns how many."""
    late = Meeting.objects.in_doubt().filter(missing_asked_at__lte=now - ANSWER_WITHIN)
    return sum(end(meeting=meeting, now=now) for meeting in late.order_by("pk"))


def ask(*, now: dt.datetime) -> int:
    """Write to those who look after the meetings in doubt, one letter each with all of theirs.

    A meeting counts as asked about once one of its letters went out, or where there is nobody to ask; while none can go
    out, another run tries again. Returns how many letters went out: none where another run is at it.
    """
    if not cache.add(_ASKING, 1, timeout=settings.CELERY_TASK_TIME_LIMIT):
        return 0
    try:
        return _ask(now)
    finally:
        cache.delete(_ASKING)


def _ask(now: dt.datetime) -> int:
    sent = 0
    unasked = list(Meeting.objects.in_doubt().filter(missing_asked_at=None).order_by("name", "pk"))
    by_person: dict[User, list[Meeting]] = defaultdict(list)
    alone = {each.pk for each in unasked}
    for body, people in responsible_for({each.service_body_id for each in unasked}).items():
        theirs = [each for each in unasked if each.service_body_id == body]
        for user in people:
            by_person[user] += theirs
            alone -= {each.pk for each in theirs}
    for user, meetings in by_person.items():
        if _write(user, meetings, now):
            # At once: what goes wrong later must not have this one written again.
            _note_asked([each.pk for each in meetings], now)
            sent += 1
    _note_asked(alone, now)
    return sent


def _note_asked(meetings: Iterable[int], now: dt.datetime) -> None:
    Meeting.objects.in_doubt().filter(pk__in=list(meetings), missing_asked_at=None).update(missing_asked_at=now)


def _decide(meeting: Meeting, now: dt.datetime, **fields: bool) -> bool:
    with transaction.atomic():
        locked = Meeting.objects.in_doubt().select_for_update().filter(pk=meeting.pk).first()
        if locked is None:
            return False
        with telling([locked.pk], now=now):
            Meeting.objects.filter(pk=locked.pk).update(
                missing_since=None, missing_asked_at=None, updated_at=now, **fields
            )
    return True


def _write(user: User, meetings: Sequence[Meeting], now: dt.datetime) -> bool:
    until = now + ANSWER_WITHIN
    message = letter(
        "missing_meetings",
        to=user.email,
        language=user.language,
        names=[each.name for each in meetings[:_NAMED]],
        more=max(0, len(meetings) - _NAMED),
        until=wording.moment_words(until, user.tz, user.hour_cycle, now=until, language=user.language),
        page_url=settings.PUBLIC_BASE_URL + reverse("meetings:missing"),
    )
    try:
        message.send()
    except NOT_SENT as error:
        logger.error("A question about lost meetings could not be sent: %s", type(error).__name__)
        return False
    return True
