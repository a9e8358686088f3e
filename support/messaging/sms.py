"""Text messages, through the provider that the settings name, or into the development outbox."""

from __future__ import annotations

import datetime as dt
import errno
import math
from email.message import EmailMessage
from typing import Final, Protocol

from django.conf import settings
from django.utils.translation import gettext_noop as _

from support.messaging import allowance, outbox
from support.messaging.results import HELD_UP, Accepted, Gateway, Refused, Result, Transient, is_over, with_detail
from support.messaging.sms_results import Found
from support.messaging.telnyx import TelnyxGateway
from support.messaging.text_message import TextMessage
from support.messaging.twilio import TwilioGateway

#: Marks a text message among the letters of the outbox.
CHANNEL_HEADER: Final = "X-Channel"
SEGMENTS_HEADER: Final = "X-Segments"


class _TextGateway(Gateway[TextMessage], Protocol):
    def look_up(self, *, to: str, since: dt.datetime, seconds: float = math.inf) -> list[Found] | None: ...


class SmsGateway:
    """The `Gateway` for text messages: the one door for each, to the countries and as many as the settings say."""

    def __init__(self) -> None:
        self._inner: _TextGateway = _inner()

    def open(self) -> Transient | None:
        return self._inner.open()

    def send(self, letter: TextMessage, /, *, until: dt.datetime) -> Result:
        refused = None if letter.is_admitted else allowance.admit(letter.to, is_code=letter.is_code)
        return refused or self._inner.send(letter, until=until)

    def look_up(self, *, to: str, since: dt.datetime, seconds: float = math.inf) -> list[Found] | None:
        """Return what the provider took for a number since an instant, or None where it does not say in `seconds`."""
        return self._inner.look_up(to=to, since=since, seconds=seconds)

    def close(self) -> None:
        self._inner.close()


def is_open() -> bool:
    """Return whether text messages can be sent from this site at all."""
    return bool(settings.SMS_PROVIDER)


def _inner() -> _TextGateway:
    if settings.SMS_PROVIDER == "outbox":
        return _OutboxGateway()
    if settings.SMS_PROVIDER == "twilio":
        return TwilioGateway()
    if settings.SMS_PROVIDER == "telnyx":
        return TelnyxGateway()
    return _ClosedGateway()


class _OutboxGateway:
    """Every text message becomes a file beside the letters, for /dev/outbox/ to show as a phone would."""

    def open(self) -> Transient | None:
        return None

    def send(self, letter: TextMessage, /, *, until: dt.datetime) -> Result:
        if is_over(until):
            return HELD_UP
        message = EmailMessage()
        message["From"] = settings.SMS_NUMBER or settings.SENDER_NAME
        message["To"] = letter.to
        message[CHANNEL_HEADER] = "sms"
        message[SEGMENTS_HEADER] = str(letter.size.segments)
        message.set_content(letter.text, charset="utf-8", cte="base64")
        try:
            outbox.write(message.as_bytes())
        except OSError as error:
            return Transient(
                with_detail(_("The outbox cannot be written"), errno.errorcode.get(error.errno or 0)), is_outage=True
            )
        return Accepted()

    def look_up(self, *, to: str, since: dt.datetime, seconds: float = math.inf) -> list[Found] | None:
        return None

    def close(self) -> None:
        pass


class _ClosedGateway:
    """A site without a provider for text messages sends none."""

    def open(self) -> Transient | None:
        return None

    def send(self, letter: TextMessage, /, *, until: dt.datetime) -> Result:
        return Refused(_("This site sends no text messages"))

    def look_up(self, *, to: str, since: dt.datetime, seconds: float = math.inf) -> list[Found] | None:
        return None

    def close(self) -> None:
        pass
