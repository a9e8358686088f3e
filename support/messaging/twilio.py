"""Text messages through Twilio, by plain HTTP: sending, looking up, and reading what it sends back.

Twilio knows no idempotency key, so nothing is tried a second time here: after silence, the receipt at the row's own
address or a look-up says whether the message was taken.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import logging
import math
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_noop as _

from support.messaging.calls import (
    Answer,
    Caller,
    NoAnswer,
    NotReached,
    TooLate,
    basic_auth,
    field,
    read_date,
    read_json,
)
from support.messaging.results import HELD_UP, Accepted, Ambiguous, Result, Transient, with_detail
from support.messaging.sms_results import ALARMING, TWILIO, Found, Inbound, Receipt, Stage, cause_of, verdict
from support.messaging.text_message import TextMessage

logger = logging.getLogger(__name__)

#: Twilio's own longest time to live.
_LONGEST_LIFE: Final = dt.timedelta(hours=10)
#: A look-up reads no more than this, as many on a page; Twilio may fill a page less, and go on.
_MOST_FOUND: Final = 100
_MOST_PAGES: Final = 10

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

    def open(self) -> Transient | None:
        # Nothing is asked of Twilio before the first message.
        return None

    def send(self, letter: TextMessage, /, *, until: dt.datetime) -> Result:
        sender = (
            {"MessagingServiceSid": settings.TWILIO_MESSAGING_SERVICE_SID}
            if settings.TWILIO_MESSAGING_SERVICE_SID
            else {"From": settings.TWILIO_FROM}
        )
        content = {
            "To": letter.to,
            **({"StatusCallback": letter.status_url} if letter.status_url else {}),
            "ValidityPeriod": str(int(letter.validity(at_most=_LONGEST_LIFE).total_seconds())),
            **sender,
            "Body": letter.text,
        }
        try:
            answer = self._call("POST", _messages(), content, lease_until=until)
        except TooLate:
            return HELD_UP
        except NotReached as error:
            return Transient(with_detail(_("The text message service cannot be reached"), error), is_outage=True)
        except NoAnswer as error:
            return Ambiguous(with_detail(_("The text message service did not answer"), error))
        if not 200 <= answer.status < 300:
            return classify(answer.status, _error_code(answer), pause=answer.retry_after(letter.sent_at))
        provider_id = field(read_json(answer.text), "sid")
        if not provider_id:
            return Ambiguous(_("The text message service did not say whether it took the message"))
        return Accepted(str(provider_id)[:64])

    def look_up(self, *, to: str, since: dt.datetime, seconds: float = math.inf) -> list[Found] | None:
        """Return what Twilio took for a number since an instant, or None where it does not say so in `seconds`."""
        until = time.monotonic() + seconds
        # Twilio's "at or after": the sign belongs to the name.
        query = {"To": to, "DateSent>": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "PageSize": str(_MOST_FOUND)}
        target = f"{_messages()}?{urlencode(query)}"
        messages: list[Any] = []
        for _page in range(_MOST_PAGES):
            try:
                answer = self._call("GET", target, seconds=until - time.monotonic())
            except (NotReached, NoAnswer):
                return None
            content = read_json(answer.text)
            page = field(content, "messages")
            if answer.status != 200 or not isinstance(page, list):
                return None
            messages += page
            target = str(field(content, "next_page_uri") or "")
            if not target or len(messages) >= _MOST_FOUND:
                return [_found(each, since) for each in messages[:_MOST_FOUND] if not _is_inbound(each)]
            if not target.startswith(_messages()) or not target.isascii():
                return None
        return None

    def close(self) -> None:
        self._caller.close()

    def _call(
        self,
        method: str,
        target: str,
        content: Mapping[str, str] | None = None,
        *,
        seconds: float = math.inf,
        lease_until: dt.datetime | None = None,
    ) -> Answer:
        headers = {
            "Authorization": basic_auth(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN),
            "Accept": "application/json",
            "User-Agent": "homegroup",
        }
        if content is None:
            return self._caller.call(method, target, headers=headers, seconds=seconds)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(content).encode()
        return self._caller.call(method, target, headers=headers, body=body, lease_until=lease_until)


def classify(status: int, code: int, *, pause: dt.timedelta | None = None) -> Result:
    """Return what Twilio's refusal means for a message: its HTTP status and its own error code. Pure.

    Its words are left out: they repeat the number.
    """
    cause = cause_of(status, TWILIO.get(code))
    if cause in ALARMING:
        logger.error("The text message service does not let us send (%s)", code or status)
    return verdict(cause, code or status, pause=pause)


def verify(*, url: str, values: Mapping[str, str], signature: str) -> bool:
    """Return whether Twilio signed these form values for this address, as it was asked to call it.

    https://www.twilio.com/docs/usage/security: HMAC-SHA1 of the address, then each name with its value. Whether it
    takes the address with the port or without is not certain, so either will do.
    """
    if not settings.TWILIO_AUTH_TOKEN:
        return False
    parts = urlsplit(url)
    bare = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    signed = [_signature(parts._replace(netloc=host), values) for host in (bare, f"{bare}:{port}")]
    given = signature.encode(errors="replace")
    return any(hmac.compare_digest(each, given) for each in signed)


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


def _messages() -> str:
    return f"/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT_SID}/Messages.json"


def _found(message: Any, since: dt.datetime) -> Found:
    return Found(
        provider_id=str(field(message, "sid") or "")[:64],
        stage=_STAGES.get(str(field(message, "status")), Stage.TAKEN),
        code=str(field(message, "error_code") or "")[:8],
        content_hash=hashlib.sha256(str(field(message, "body") or "").encode(errors="replace")).hexdigest(),
        taken_at=read_date(str(field(message, "date_created") or "")) or since,
    )


def _is_inbound(message: Any) -> bool:
    return str(field(message, "direction")).startswith("inbound")


def _error_code(answer: Answer) -> int:
    code = field(read_json(answer.text), "code")
    return code if isinstance(code, int) and code < 1_000_000 else 0


def _signature(url: SplitResult, values: Mapping[str, str]) -> bytes:
    """Return what Twilio would sign this with. A value that is given twice counts once."""
    words = [url.geturl()]
    for name in sorted(values):
        words += [name + value for value in sorted(set(_each_value(values, name)))]
    text = "".join(words).encode(errors="replace")
    return base64.b64encode(hmac.digest(settings.TWILIO_AUTH_TOKEN.encode(), text, "sha1"))


def _each_value(values: Mapping[str, str], name: str) -> list[str]:
    return [str(value) for value in values.getlist(name)] if isinstance(values, QueryDict) else [values[name]]
