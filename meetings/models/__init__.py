from meetings.models.calendar_address import CalendarAddress
from meetings.models.coordination import Coordinator, Invitation
from meetings.models.favourite import Favourite
from meetings.models.format import Format, FormatTranslation
from meetings.models.meeting import Meeting
from meetings.models.occurrence import DateState, Occurrence, OccurrenceChange
from meetings.models.place_change import PlaceChange
from meetings.models.service_body import ServiceBody
from meetings.models.signup import HOLDS_A_PLACE, Participant, Signup, StandingSignup
from meetings.models.venue import Venue

__all__ = [
    "HOLDS_A_PLACE",
    "CalendarAddress",
    "Coordinator",
    "DateState",
    "Favourite",
    "Format",
    "FormatTranslation",
    "Invitation",
    "Meeting",
    "Occurrence",
    "OccurrenceChange",
    "Participant",
    "PlaceChange",
    "ServiceBody",
    "Signup",
    "StandingSignup",
    "Venue",
]
