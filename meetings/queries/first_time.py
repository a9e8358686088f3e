"""Whether somebody comes to a meeting for the first time, as far as this site knows."""

from __future__ import annotations

from meetings.enums import OccurrenceStatus
from meetings.models import Signup


def is_first_time(signup: Signup) -> bool:
    """Return whether its participant has had no earlier date of the same meeting. In no query where nothing is written.

    Of the same meeting, not of its group: another of the group's meetings may be behind another door.
    """
    if not signup.occurrence.meeting.has_first_time_words:
        return False
    earlier = Signup.objects.confirmed().filter(
        participant=signup.participant_id,
        occurrence__meeting=signup.occurrence.meeting_id,
        occurrence__status=OccurrenceStatus.SCHEDULED,
        occurrence__starts_at__lt=signup.occurrence.starts_at,
    )
    return not earlier.exists()
