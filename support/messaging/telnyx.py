"""Text messages through Telnyx, by plain HTTP: the second provider, for those who do not want the first.

Its interface has neither an idempotency key nor a look-up by number nor a time to live: what it leaves unanswered is
settled by its receipt, at the row's own address, or not at all.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import logging
import math
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext_noop as _

from support.messaging.calls import Answer, Caller, NoAnswer, NotReached, TooLate, field, read_json
from support.messaging.results import HELD_UP, Accepted, Ambiguous, Result, Transient, with_detail
from support.messaging.sms_results import ALARMING, TELNYX, Found, Inbound, Receipt, Stage, cause_of, verdict
from support.messaging.text_message import TextMessage

logger = logging.getLogger(__name__)

#: How old a signed call may be; it is repeated for minutes, not for hours.
_LATEST: Final = dt.timedelta(hours=1)

_STAGES: Final = {
    "queued": Stage.TAKEN,
    "sending": Stage.TAKEN,
    "sent": Stage.TAKEN,
    "delivery_unconfirmed": Stage.TAKEN,
    "delivered": Stage.DELIVERED,
    "delivery_failed": Stage.UNDELIVERED,
    "sending_failed": Stage.UNDELIVERED,
    "expired": Stage.UNDELIVERED,
}
#: Why it was not delivered, in the codes of support.messaging.sms_results.
_CODES: Final = {
    "40300": "21610",
    "40001": "30006",
    "40002": "30007",
    "40003": "30007",
    "40004": "30005",
    "40005": "30036",
    "40006": "30008",
    "40008": "30008",
}


class TelnyxGateway:
    """The `Gateway` for text messages through Telnyx, on one connection."""

    def __init__(self) -> None:
        self._caller = Caller(settings.TELNYX_API_BASE, timeout=settings.SMS_TIMEOUT)

    def open(self) -> Transient | None:
        # Nothing is asked of Telnyx before the first message.
        return None

    def send(self, letter: TextMessage, /, *, until: dt.datetime) -> Result:
        content: dict[str, Any] = {"from": settings.TELNYX_FROM, "to": letter.to, "text": letter.text, "type": "SMS"}
        if letter.status_url:
            content |= {"webhook_url": letter.status_url, "use_profile_webhooks": False}
        headers = {"Authorization": f"Bearer {settings.TELNYX_API_KEY}", "Content-Type": "application/json"}
        body = json.dumps(content).encode()
        try:
            answer = self._caller.call("POST", "/v2/messages", headers=headers, body=body, lease_until=until)
        except TooLate:
            return HELD_UP
        except NotReached as error:
            return Transient(with_detail(_("The text message service cannot be reached"), error), is_outage=True)
        except NoAnswer as error:
            return Ambiguous(with_detail(_("The text message service did not answer"), error))
        if not 200 <= answer.status < 300:
            return classify(answer.status, _error_code(answer), pause=answer.retry_after(letter.sent_at))
        provider_id = field(read_json(answer.text), "data", "id")
        if not provider_id:
            return Ambiguous(_("The text message service did not say whether it took the message"))
        return Accepted(str(provider_id)[:64])

    def look_up(self, *, to: str, since: dt.datetime, seconds: float = math.inf) -> list[Found] | None:
        """Return None: Telnyx cannot be asked by number."""
        return None

    def close(self) -> None:
        self._caller.close()


def classify(status: int, code: str, *, pause: dt.timedelta | None = None) -> Result:
    """Return what Telnyx's refusal means for a message: its HTTP status and its own error code. Pure."""
    cause = cause_of(status, TELNYX.get(code))
    if cause in ALARMING:
        logger.error("The text message service does not let us send (%s)", code or status)
    return verdict(cause, code or status, pause=pause)


def verify(*, body: bytes, signature: str, timestamp: str, now: dt.datetime) -> bool:
    """Return whether Telnyx signed this body (Ed25519, RFC 8032), not long ago."""
    # Ten digits last until the year 2286. Not made a date of: whoever calls has proved nothing yet.
    if not (timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > 10:
        return False
    if abs(now.timestamp() - int(timestamp)) > _LATEST.total_seconds():
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(settings.TELNYX_PUBLIC_KEY, validate=True))
        key.verify(base64.b64decode(signature, validate=True), timestamp.encode() + b"|" + body)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def parse_status(body: bytes) -> Receipt | None:
    """Return what a call about a message of ours says, or None where it says nothing that we know."""
    payload = field(read_json(body), "data", "payload")
    recipients = field(payload, "to")
    status = field(recipients[0], "status") if isinstance(recipients, list) and recipients else None
    stage = _STAGES.get(str(status))
    if stage is None:
        return None
    errors = field(payload, "errors")
    given = str(field(errors[0], "code") or "") if isinstance(errors, list) and errors else ""
    code = _CODES.get(given, given) if stage == Stage.UNDELIVERED else ""
    return Receipt(provider_id=str(field(payload, "id") or "")[:64], stage=stage, code=code[:8])


def parse_inbound(body: bytes) -> Inbound | None:
    """Return the text that somebody wrote to us, or None where a call brings none."""
    content = read_json(body)
    if field(content, "data", "event_type") != "message.received":
        return None
    payload = field(content, "data", "payload")
    return Inbound(
        provider_id=str(field(payload, "id") or "")[:64],
        sender=str(field(payload, "from", "phone_number") or ""),
        text=str(field(payload, "text") or ""),
    )


def is_public_key(text: str) -> bool:
    """Return whether a text is what `TELNYX_PUBLIC_KEY` should be: 32 octets in base64."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False
    return True


def _error_code(answer: Answer) -> str:
    errors = field(read_json(answer.text), "errors")
    return str(field(errors[0], "code") or "")[:8] if isinstance(errors, list) and errors else ""
