"""Email through a provider's HTTP interface, by django-anymail, and what its answers mean."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from email.utils import format_datetime
from typing import Any, Final

import requests
from anymail.backends import resend
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from anymail.signals import AnymailTrackingEvent, RejectReason
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.translation import gettext_noop as _
from urllib3.exceptions import NewConnectionError

from support.messaging.bounces import BounceKind
from support.messaging.calls import field, read_pause
from support.messaging.letter import Letter
from support.messaging.results import HELD_UP, Accepted, Ambiguous, Refused, Result, Transient, is_over, with_detail

#: The name under which a provider gives our own id back with each of its receipts.
METADATA_ID: Final = "message"
#: A provider that asks for more patience than this is asked again all the same.
_LONGEST_PAUSE: Final = dt.timedelta(hours=1)


class ResendBackend(resend.EmailBackend):
    """Resend knows idempotency keys: the same one within a day is the same message, however often it is tried."""

    def build_message_payload(self, message: Any, defaults: Any) -> Any:
        payload = super().build_message_payload(message, defaults)
        if key := message.extra_headers.get("Message-ID"):
            payload.headers["Idempotency-Key"] = key.strip("<>")
        return payload


class ProviderGateway:
    """The `Gateway` for email through a provider. One HTTP session for as many letters as are sent."""

    def __init__(self) -> None:
        self._backend = get_connection(fail_silently=False)

    def open(self) -> Transient | None:
        # Nothing is asked of the provider before the first letter.
        self._backend.open()
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        message = _message(letter)
        try:
            self._backend.open()
            if is_over(until):
                return HELD_UP
            self._backend.send_messages([message])
        except AnymailRecipientsRefused:
            return Refused(_("The mail service knows this address as one that takes no mail"), suppress=True)
        except AnymailAPIError as error:
            return _classify(error, letter.sent_at)
        except (AnymailError, UnicodeError) as error:
            return Refused(with_detail(_("The mail service cannot be given this message"), type(error).__name__))
        answer = message.anymail_status  # type: ignore[attr-defined]  # set by anymail
        if answer.status and answer.status <= {"sent", "queued"}:
            return Accepted(str(answer.message_id or ""))
        return Ambiguous(_("The mail service did not say whether it took the message"))

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._backend.close()


def _message(letter: Letter) -> EmailMultiAlternatives:
    headers = {**letter.headers, "Message-ID": letter.message_id, "Date": format_datetime(letter.sent_at)}
    message = EmailMultiAlternatives(letter.subject, letter.text, letter.sender, [letter.recipient], headers=headers)
    message.attach_alternative(letter.html, "text/html")
    for name, calendar in letter.calendar_files:
        # Providers take no third alternative; mail programs know a calendar file by its type as well.
        message.attach(name, calendar.content.decode(), f"text/calendar; method={calendar.method}")
    own = letter.message_id.strip("<>").partition("@")[0]
    # Nobody is watched while they read.
    settled = {"metadata": {METADATA_ID: own}, "track_opens": False, "track_clicks": False}
    for name, value in settled.items():
        setattr(message, name, value)
    return message


def _classify(error: AnymailAPIError, now: dt.datetime) -> Result:
    """Return what an answer (or none) of a provider means. Its own words are left out: they may hold the address."""
    status = error.status_code
    if status is None:
        if _never_reached(error.__cause__):
            return Transient(_("The mail service cannot be reached"), is_outage=True)
        return Ambiguous(_("The mail service did not answer"))
    if status == 429:
        return Transient(
            _("The mail service asked for a pause (429)"), retry_after=_retry_after(error, now), is_outage=True
        )
    if status in (401, 402, 403):
        return Transient(with_detail(_("The mail service does not let us in"), status), is_outage=True)
    if status == 503:
        return Transient(_("The mail service is away (503)"), retry_after=_retry_after(error, now), is_outage=True)
    if status >= 500 or status in (200, 202, 408):
        # It may have taken the message before it stumbled.
        return Ambiguous(with_detail(_("The mail service stumbled"), status))
    return Refused(with_detail(_("Refused by the mail service"), status), said=f"HTTP {status}")


def _never_reached(cause: BaseException | None) -> bool:
    if isinstance(cause, requests.ConnectTimeout):
        return True
    inner = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    return isinstance(getattr(inner, "reason", None), NewConnectionError)


def _retry_after(error: AnymailAPIError, now: dt.datetime) -> dt.timedelta | None:
    """Return the wait that an answer names, an hour at the most."""
    given = error.response.headers.get("Retry-After", "") if error.response is not None else ""
    return read_pause(given, now=now, at_most=_LONGEST_PAUSE)


def own_id(metadata: Any) -> uuid.UUID | None:
    """Return our own id from what a receipt gives back, or None where it is not about a message of ours."""
    try:
        return uuid.UUID(str(field(metadata, METADATA_ID)))
    except ValueError:
        return None


def what_came_back(event: AnymailTrackingEvent) -> BounceKind:
    """Return what a receipt that says "not delivered" means: for good, or for now, or not because of the mailbox."""
    # Of those here only Postmark calls a soft bounce a bounce; the others say "deferred", and try again themselves.
    if isinstance(event.esp_event, dict) and event.esp_event.get("Type") == "SoftBounce":
        return BounceKind.SOFT
    if event.reject_reason == RejectReason.SPAM:
        return BounceKind.COMPLAINT
    is_for_good = event.reject_reason in (RejectReason.INVALID, RejectReason.BOUNCED)
    return BounceKind.HARD if is_for_good else BounceKind.TURNED_AWAY
