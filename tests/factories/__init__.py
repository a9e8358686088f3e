"""Objects for tests, invented. Each function makes one valid object; what the test is about it names itself."""

from tests.factories.accounts import make_contact_point, make_user
from tests.factories.meetings import (
    make_favourite,
    make_format,
    make_meeting,
    make_occurrence,
    make_participant,
    make_service_body,
    make_signup,
    make_venue,
)
from tests.factories.reminders import make_reminder

__all__ = [
    "make_contact_point",
    "make_favourite",
    "make_format",
    "make_meeting",
    "make_occurrence",
    "make_participant",
    "make_reminder",
    "make_service_body",
    "make_signup",
    "make_user",
    "make_venue",
]
