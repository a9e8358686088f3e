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
    CHANGES = "changes", _("Moved and cancelled dates")
    FACILITATOR = "facilitator", _("Messages from the facilitator")


class HourCycle(models.TextChoices):
    H12 = "h12", _("12 hours (7:00 PM)")
    H24 = "h24", _("24 hours (19:00)")


class AccessAction(models.TextChoices):
    """What somebody with powers did that concerned one person."""

    SAW_ROSTER = "saw_roster", _("saw your name on the list of who comes")
    SAW_ACCOUNT = "saw_account", _("looked at your account")
    CHANGED_ACCOUNT = "changed_account", _("changed your account")
    SAW_MESSAGES = "saw_messages", _("looked at what became of your messages")
    CHANGED_MESSAGES = "changed_messages", _("sent again or stopped a message to you")
