"""Text messages through Twilio, by its own client: sending, looking up, and reading what it sends back.

Twilio knows no idempotency key, so nothing is tried a second time here: after silence, the receipt at the row's own
address or a look-up says whether the message was taken.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from django.conf import settings
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.request_validator import RequestValidator

from support.messaging.calls import Caller, NoAnswer, NotReached, basic_auth
from support.messaging.results import Accepted, Ambiguous, Refused, Result, Transient
from support.messaging.sms_results import Found, Inbound, Receipt, Stage
from support.messaging.text_message import TextMessage

if TYPE_CHECKING:
    from twilio.rest import Client

logger = logging.getLogger(__name__)

#: Twilio's own longest time to live.
_LONGEST_LIFE: Final = dt.timedelta(hours=10)

# https://www.twilio.com/docs/api/errors, as far as sending a message meets them.
_OPTED_OUT: Final = 21610
_BAD_NUMBERS: Final = frozenset({21211, 21214, 21217, 21401, 21407, 21421, 21614})
_NOT_THERE: Final = frozenset({21408, 21612})
#: Our own credentials, sender or account: the next message would fare no better.
_OURS: Final = frozenset({20003, 20005, 20403, 21212, 21603, 21606, 21659, 21660, 21701, 21703, 21704, 21705, 20006})
_TOO_MANY: Final = frozenset({20429, 14107, 21611, 30001, 30022, 63018, 63038})
#: Wait this long where Twilio names no time.
_BUSY_PAUSE: Final = dt.timedelta(seconds=30)

_STAGES: Final = {
    "accepted": Stage.TAKEN,
    "scheduled": Stage.TAKEN,
    "queued": Stage.TAKEN,
    "sending": Stage.TAKEN,
    "sent": Stage.TAKEN,
    "delivered": Stage.DELIVERED,
    "read": Stage.DELIVERED,
    "undelivered": Stage.UNDELIVERED,
    "failed": Stage.UNDELIVERED,
    "canceled": Stage.UNDELIVERED,
}


class TwilioGateway:
    """The `Gateway` for text messages through Twilio, on one connection."""

    def __init__(self) -> None:
        self._caller = Caller(settings.TWILIO_API_BASE, timeout=settings.SMS_TIMEOUT)
        self._client: Client | None = None

    def open(self) -> Transient | None:
        # Nothing is asked of Twilio before the first message.
        return None

    def send(self, letter: TextMessage) -> Result:
        sender = (
            {"messaging_service_sid": settings.TWILIO_MESSAGING_SERVICE_SID}
            if settings.TWILIO_MESSAGING_SERVICE_SID
            else {"from_": settings.TWILIO_FROM}
        )
        more = {"status_callback": letter.status_url} if letter.status_url else {}
        try:
            message = self._messages().create(
                to=letter.to,
                body=letter.text,
                validity_period=int(letter.validity(at_most=_LONGEST_LIFE).total_seconds()),
                **sender,
                **more,
            )
        except NotReached as error:
            return Transient(f"The text message service cannot be reached ({error})", is_outage=True)
        except NoAnswer as error:
            return Ambiguous(f"The text message service did not answer ({error})")
        except TwilioException as error:
            return self._refusal(error, now=letter.sent_at)
        except (ValueError, TypeError, AttributeError):
            return Ambiguous("The text message service did not say whether it took the message")
        return Accepted(str(message.sid or ""))

    def look_up(self, *, to: str, since: dt.datetime) -> list[Found] | None:
        """Return what Twilio took for a number since an instant, or None where it cannot be asked now."""
        try:
            found = self._messages().list(to=to, date_sent_after=since, limit=100)
        except (NotReached, NoAnswer, TwilioException, ValueError, TypeError, AttributeError):
            return None
        return [
            Found(
                provider_id=str(message.sid),
                stage=_STAGES.get(str(message.status), Stage.TAKEN),
                code=str(message.error_code or ""),
                content_hash=hashlib.sha256(str(message.body or "").encode()).hexdigest(),
                taken_at=message.date_created or since,
            )
            for message in found
            if not str(message.direction).startswith("inbound")
        ]

    def close(self) -> None:
        self._caller.close()

    def _messages(self) -> Any:
        if self._client is None:
            from twilio.rest import Client  # noqa: PLC0415  # slow import: all of Twilio's interface

            self._client = Client(
                settings.TWILIO_ACCOUNT_SID,
                settings.TWILIO_AUTH_TOKEN,
                http_client=_OverOurLine(self._caller),
                environment={},
            )
        return self._client.messages

    def _refusal(self, error: Exception, *, now: dt.datetime) -> Result:
        answer = self._caller.last_answer
        pause = answer.retry_after(now) if answer is not None else None
        return classify(int(getattr(error, "status", 0) or 0), int(getattr(error, "code", 0) or 0), pause=pause)


def classify(status: int, code: int, *, pause: dt.timedelta | None = None) -> Result:
    """Return what Twilio's refusal means for a message: its HTTP status and its own error code. Pure.

    Its words are left out: they repeat the number.
    """
    words = f"({code or status})"
    if code in _TOO_MANY or status == 429:
        return Transient(f"The text message service asked for a pause {words}", pause or _BUSY_PAUSE, is_outage=True)
    if code in _OURS or status in (401, 403):
        logger.error("The text message service does not let us send %s", words)
        return Transient(f"The text message service does not let us in {words}", is_outage=True)
    if 300 <= status < 400:
        return Transient(f"The text message service is not where TWILIO_API_BASE says {words}", is_outage=True)
    if status >= 500 or status < 300:
        return Ambiguous(f"The text message service failed {words}")
    if code == _OPTED_OUT:
        return Refused(f"The recipient wrote STOP {words}", suppress=True)
    if code in _BAD_NUMBERS:
        return Refused(f"No number that takes text messages {words}", suppress=True)
    if code in _NOT_THERE:
        logger.error("The text message service may not send to this country or network %s", words)
        return Refused(f"The text message service may not send there {words}")
    return Refused(f"Refused by the text message service {words}")


def verify(*, url: str, values: Mapping[str, Any], signature: str) -> bool:
    """Return whether Twilio signed these form values for this address, as it was asked to call it."""
    return bool(
        settings.TWILIO_AUTH_TOKEN and RequestValidator(settings.TWILIO_AUTH_TOKEN).validate(url, values, signature)
    )


def parse_status(values: Mapping[str, str]) -> Receipt | None:
    """Return what a status callback says, or None for a word that we do not know."""
    stage = _STAGES.get(values.get("MessageStatus", "") or values.get("SmsStatus", ""))
    if stage is None:
        return None
    return Receipt(provider_id=values.get("MessageSid", "")[:64], stage=stage, code=values.get("ErrorCode", "")[:8])


def parse_inbound(values: Mapping[str, str]) -> Inbound:
    """Return the text that somebody wrote to us.

    Where Twilio has answered STOP, START or HELP by itself (Advanced Opt-Out), `is_answered` says so.
    """
    return Inbound(
        provider_id=(values.get("MessageSid") or values.get("SmsSid") or "")[:64],
        sender=values.get("From", ""),
        text=values.get("Body", ""),
        is_answered=bool(values.get("OptOutType")),
    )


def reply(text: str) -> str:
    """Return the answer to an inbound message, in Twilio's own markup; "" answers nothing."""
    said = f"<Message>{escape(text)}</Message>" if text else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'


class _OverOurLine:
    """Twilio's client over our own line: TWILIO_API_BASE instead of its host, one clock, nothing logged."""

    is_async = False

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        parts = urlsplit(url)
        query = "&".join(filter(None, (parts.query, urlencode(_plain(params), doseq=True))))
        body = urlencode(_plain(data), doseq=True).encode()
        sent = dict(headers or {})
        if body:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if auth:
            sent["Authorization"] = basic_auth(*auth)
        answer = self._caller.call(method, f"{parts.path}?{query}" if query else parts.path, headers=sent, body=body)
        return Response(answer.status, answer.text, answer.headers)


def _plain(values: Mapping[str, object] | None) -> dict[str, object]:
    return {name: value for name, value in (values or {}).items() if value is not None}
