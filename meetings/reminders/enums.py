"""The closed lists of words that messages are described with."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.enums import Purpose
from meetings.enums import Held


class ReminderKind(models.TextChoices):
    """Why a message is sent."""

    CONFIRM_REQUEST = "confirm_request", _("Please confirm")
    CONFIRMATION = "confirmation", _("Confirmation")
    REMINDER = "reminder", _("Reminder")
    MOVED = "moved", _("Moved")
    CANCELLED = "cancelled", _("Canceled")
    GIVEN_BACK = "given_back", _("Place given back")
    RESTORED = "restored", _("On after all")
    NEW_DAY = "new_day", _("Other days")
    OFF = "off", _("Meeting off")
    REOPENED = "reopened", _("On again")
    IN_DOUBT = "in_doubt", _("Not sure it’s on")
    CHANGED = "changed", _("Place or link changed")


def kind_words(kind: str, held: Held) -> str:
    """Return what a message is, to whoever gets it: a reminder that was stopped is no place given back."""
    if kind == ReminderKind.GIVEN_BACK:
        return gettext("Reminder stopped") if held == Held.REMINDER else gettext("Place given back")
    return str(ReminderKind(kind).label)


#: What each kind of message needs a consent for; the others answer something that the person just did.
PURPOSES = {
    ReminderKind.REMINDER: Purpose.REMINDERS,
    ReminderKind.MOVED: Purpose.CHANGES,
    ReminderKind.CANCELLED: Purpose.CHANGES,
    ReminderKind.RESTORED: Purpose.CHANGES,
    ReminderKind.NEW_DAY: Purpose.CHANGES,
    ReminderKind.OFF: Purpose.CHANGES,
    ReminderKind.REOPENED: Purpose.CHANGES,
    ReminderKind.IN_DOUBT: Purpose.CHANGES,
    ReminderKind.CHANGED: Purpose.CHANGES,
}
#: News of changed dates, worded from what its reader was told of them before.
NEWS = (ReminderKind.MOVED, ReminderKind.CANCELLED, ReminderKind.RESTORED, ReminderKind.NEW_DAY)
#: What says that dates are off; all else but a place given back is about dates that are on.
SAYS_OFF = (ReminderKind.CANCELLED, ReminderKind.NEW_DAY)


class ReminderState(models.TextChoices):
    """Where a message is on its way. See docs/architecture.md for who moves it from one to the next."""

    PLANNED = "planned", _("Planned")
    CLAIMED = "claimed", _("About to be sent")
    SUBMITTING = "submitting", _("Being sent")
    ACCEPTED = "accepted", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Not delivered")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Marked as unwanted")
    FAILED = "failed", _("Failed")
    AMBIGUOUS = "ambiguous", _("Unknown whether sent")
    ASSUMED_SENT = "assumed_sent", _("Probably sent")
    SUPERSEDED = "superseded", _("Replaced by a newer message")
    SKIPPED = "skipped", _("Not needed")
    EXPIRED = "expired", _("Too late")


#: Over, without ever having been handed to a gateway that took it.
NEVER_SENT = (ReminderState.SUPERSEDED, ReminderState.SKIPPED, ReminderState.EXPIRED, ReminderState.FAILED)
#: How the dedupe key of a row ends that says by email, or says once more, what did not arrive.
BY_EMAIL_INSTEAD, ONCE_MORE = ":instead", ":second"
#: Not yet handed to a gateway, so that it can still be replaced.
UNSENT = (ReminderState.PLANNED, ReminderState.CLAIMED)
#: Still to come, or just being handed over.
ON_ITS_WAY = (*UNSENT, ReminderState.SUBMITTING, ReminderState.AMBIGUOUS)
#: Its recipient has it, or may have it: what it says counts as told.
TOLD = (
    ReminderState.SUBMITTING,
    ReminderState.AMBIGUOUS,
    ReminderState.ACCEPTED,
    ReminderState.DELIVERED,
    ReminderState.COMPLAINED,
    ReminderState.ASSUMED_SENT,
)
#: Handed over, and nothing said since that it did not arrive.
SENT = (ReminderState.ACCEPTED, ReminderState.DELIVERED, ReminderState.ASSUMED_SENT)


class Lane(models.IntegerChoices):
    """What goes first when not everything can go at once; a smaller number goes earlier."""

    URGENT = 0, _("Codes and answers")
    CHANGE = 1, _("Changes and offers")
    SOON = 2, _("Reminders for something soon")
    LATER = 3, _("All other reminders")


class EventKind(models.TextChoices):
    """One thing that happened to a message."""

    PLANNED = "planned", _("planned")
    SUBMITTED = "submitted", _("handed to the gateway")
    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused")
    RETRY = "retry", _("to be tried again")
    AMBIGUOUS = "ambiguous", _("no clear answer")
    RECONCILED = "reconciled", _("settled")
    SUPERSEDED = "superseded", _("replaced")
    SKIPPED = "skipped", _("not needed")
    EXPIRED = "expired", _("too late")
    RELEASED = "released", _("given back after a worker vanished")
    RECEIPT = "receipt", _("receipt")
    REPLAYED = "replayed", _("planned again by staff")
    ABORTED = "aborted", _("stopped by staff")
