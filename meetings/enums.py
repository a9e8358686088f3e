"""The closed lists of words that meetings are described with."""

from __future__ import annotations

import enum

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MeetingKind(models.TextChoices):
    NA_MEETING = "na_meeting", _("NA-style meeting")
    FAMILY_SUPPORT = "family_support", _("Family support meeting")
    FAMILY_SESSION = "family_session", _("Family session")


class VenueType(models.TextChoices):
    IN_PERSON = "in_person", _("In person")
    ONLINE = "online", _("Online")
    HYBRID = "hybrid", _("In person and online")


class MeetingState(enum.StrEnum):
    """Whether a meeting takes place, as far as this site knows."""

    ON = "on"
    #: Its list no longer has it, and nobody has said yet whether it goes on.
    IN_DOUBT = "in_doubt"
    #: Closed for now, or not shown any more.
    OFF = "off"


class SignupPolicy(models.TextChoices):
    DROP_IN = "drop_in", _("Just come")
    SIGN_UP = "sign_up", _("Sign up")


class OccurrenceStatus(models.TextChoices):
    SCHEDULED = "scheduled", pgettext_lazy("a date", "On")
    CANCELLED = "cancelled", _("Canceled")


class SignupStatus(models.TextChoices):
    PENDING = "pending", _("Not confirmed yet")
    CONFIRMED = "confirmed", _("Confirmed")
    WAITLISTED = "waitlisted", _("On the waitlist")
    OFFERED = "offered", _("A place is offered")
    CANCELLED = "cancelled", _("Canceled")


def keeps_places(policy: str, kind: str) -> bool:
    """Return whether people sign up for a meeting of this signup policy and kind.

    To all others one just comes, and may ask to be reminded.
    """
    return policy == SignupPolicy.SIGN_UP or kind == MeetingKind.FAMILY_SESSION


def meeting_state(*, is_published: bool, is_closed: bool, is_missing: bool) -> MeetingState:
    """Return whether a meeting takes place; `is_missing`: its list has lost it, and nobody has said what of it."""
    if is_published and not is_closed:
        return MeetingState.ON
    return MeetingState.IN_DOUBT if is_missing and not is_published and not is_closed else MeetingState.OFF


class Held(enum.StrEnum):
    """What a signup holds for its participant. Pages and messages choose their words by it."""

    #: Anyone may come to the meeting; they only asked to be reminded.
    REMINDER = "reminder"
    PLACE = "place"
    #: A turn on the waitlist.
    WAIT = "wait"


class Attendance(models.TextChoices):
    """Whether somebody with a place came: no matter of places, and so sealed."""

    ATTENDED = "attended", _("Came")
    MISSED = "missed", _("Did not come")


class FormatCategory(models.TextChoices):
    """What a format speaks of: BMLT's `format_type_enum` (FC1, FC2, FC3, O, LANG), named."""

    PROGRAMME = "programme", _("How it runs")
    LOCATION = "location", _("The place")
    AUDIENCE = "audience", _("Who it’s for")
    OPENNESS = "openness", _("Open or closed")
    LANGUAGE = "language", _("Language")


class ServiceBodyKind(models.TextChoices):
    """BMLT's service body types, and a practice that offers family sessions."""

    GROUP = "GR", _("Group")
    COOP = "CO", _("Co-operative")
    GROUP_SUPPORT_UNIT = "GS", _("Group support unit")
    LOCAL_SERVICE_UNIT = "LS", _("Local service unit")
    AREA = "AS", _("Area")
    METRO = "MA", _("Metropolitan area")
    REGION = "RS", _("Region")
    ZONE = "ZF", _("Zone")
    WORLD = "WS", _("World")
    PRACTICE = "PR", _("Practice")
