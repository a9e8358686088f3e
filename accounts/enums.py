"""The closed lists of words that accounts are described with."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("Text message")
    PUSH = "push", _("Notification")


class Purpose(models.TextChoices):
    """What a person may say yes or no to, for one contact point."""

    REMINDERS = "reminders", _("Reminders")
    CHANGES = "changes", _("Moved and canceled dates")
    # Kept, and offered nowhere: nothing sends such a message yet.
    FACILITATOR = "facilitator", _("Messages from the facilitator")


#: What people are asked about: that which some message needs a yes for.
OFFERED_PURPOSES = (Purpose.REMINDERS, Purpose.CHANGES)


class Lead(models.TextChoices):
    """How long before something a person may be reminded of it; hours of the day are on their own clocks."""

    WEEK = "7d", _("A week before")
    THREE_DAYS = "3d", _("Three days before")
    DAY_BEFORE = "1d@18:00", _("The day before, at 6 in the evening")
    MORNING = "0d@08:00", _("That morning, at 8")
    TWO_HOURS = "2h", _("Two hours before")
    ONE_HOUR = "1h", _("One hour before")
    HALF_HOUR = "30m", _("30 minutes before")


class Wording(models.TextChoices):
    """How much a message says where others may read it over a shoulder."""

    DISCREET = "discreet", _("Discreet: only the day and the time")
    DETAILED = "detailed", _("Detailed: with the meeting’s name and place")


class HourCycle(models.TextChoices):
    H12 = "h12", _("12 hours (7:00 PM)")
    H24 = "h24", _("24 hours (19:00)")


class Cause(models.TextChoices):
    """On whose word nothing may be sent to an address or number any more."""

    REFUSED = "refused", _("A mail or phone server said that it takes nothing")
    COMPLAINED = "complained", _("The reader marked a message as spam")
    STOPPED = "stopped", _("The person asked for nothing more")


class AccessAction(models.TextChoices):
    """What somebody with powers did that concerned one person."""

    SAW_ROSTER = "saw_roster", _("saw your name on the list of people coming")
    SAW_ACCOUNT = "saw_account", _("looked at your account")
    CHANGED_ACCOUNT = "changed_account", _("changed your account")
    SAW_MESSAGES = "saw_messages", _("checked what happened to your messages")
    CHANGED_MESSAGES = "changed_messages", _("sent again or stopped a message to you")
    LIFTED_BLOCK = "lifted_block", _("let messages go to your address or number again")


class Forgotten(models.TextChoices):
    """What is deleted, or made nobody's, once its time is over."""

    ACCOUNTS = "unconfirmed_accounts", _("accounts that nobody confirmed")
    GUESTS = "unconfirmed_guests", _("guests who never confirmed")
    IDLE = "idle_people", _("people not seen for long, after a notice")
    ATTENDANCE = "attendance", _("past places, made nobody’s")
    TEXTS = "inbound_texts", _("text messages that came in")
    EXPORTS = "exports", _("copies of what is kept")
    ACCESS_RECORDS = "access_records", _("records of who looked")
    SESSIONS = "sessions", _("sign-ins that ended")
    REFUSALS = "refusals", _("refusals by mail servers")
