"""What providers of text messages tell us: texts from outside, and what became of ours. Only what is signed is read."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import links
from meetings.reminders import replies
from meetings.reminders.services import inbound, texts
from support import clock, outage
from support.messaging import SmsGateway, TextMessage, telnyx, twilio
from support.messaging.sms_results import Receipt

logger = logging.getLogger(__name__)

#: An answer that leaves later than this would surprise whoever wrote.
_PATIENCE: Final = dt.timedelta(minutes=2)


@csrf_exempt
@require_POST
def twilio_inbound(request: HttpRequest) -> HttpResponse:
    """Take a text from Twilio, and answer it in the same breath.

    It brings each text once: where the database cannot be used just now, a STOP would be lost without a word.
    """
    if not _is_twilio(request):
        return HttpResponseForbidden()
    try:
        answer = inbound.take(inbound=twilio.parse_inbound(request.POST.dict()), now=clock.now())
    except DatabaseError as error:
        if not (why := outage.reason(error)):
            raise
        logger.error("A text was not taken, and its sender asked to write again (%s).", why)
        answer = replies.not_now()
    return HttpResponse(twilio.reply(answer), content_type="text/xml; charset=utf-8")


@csrf_exempt
@require_POST
def twilio_status(request: HttpRequest, token: str) -> HttpResponse:
    """Take Twilio's word on what became of one message; what is unknown is taken as well, or it would come for ever."""
    if not _is_twilio(request):
        return HttpResponseForbidden()
    _record(token, twilio.parse_status(request.POST.dict()))
    return HttpResponse()


@csrf_exempt
@require_POST
def telnyx_inbound(request: HttpRequest) -> HttpResponse:
    """Take a text from Telnyx. Its answer goes out as a message of its own; one that does not is not tried again."""
    if not _is_telnyx(request):
        return HttpResponseForbidden()
    now = clock.now()
    text = telnyx.parse_inbound(request.body)
    answer = inbound.take(inbound=text, now=now) if text else ""
    if text and answer:
        gateway = SmsGateway()
        answer_to = TextMessage(to=text.sender, text=answer, sent_at=now, is_admitted=True)
        gateway.send(answer_to, until=now + _PATIENCE)
        gateway.close()
    return HttpResponse()


@csrf_exempt
@require_POST
def telnyx_status(request: HttpRequest, token: str) -> HttpResponse:
    """Take Telnyx's word on what became of one message."""
    if not _is_telnyx(request):
        return HttpResponseForbidden()
    _record(token, telnyx.parse_status(request.body))
    return HttpResponse()


def _is_telnyx(request: HttpRequest) -> bool:
    if settings.SMS_PROVIDER != "telnyx":
        raise Http404
    return telnyx.verify(
        body=request.body,
        signature=request.headers.get("Telnyx-Signature-Ed25519", ""),
        timestamp=request.headers.get("Telnyx-Timestamp", ""),
        now=clock.now(),
    )


def _is_twilio(request: HttpRequest) -> bool:
    if settings.SMS_PROVIDER != "twilio":
        raise Http404
    return twilio.verify(
        # As they were told to call it: behind a proxy the request itself may name another host, or no https.
        url=settings.PUBLIC_BASE_URL + request.get_full_path(),
        values=request.POST,
        signature=request.headers.get("X-Twilio-Signature", ""),
    )


def _record(token: str, receipt: Receipt | None) -> None:
    if receipt is None:
        return
    try:
        public_id = links.read(token, "receipt")
    except links.BadLink:
        return
    texts.take_receipt(public_id=public_id, receipt=receipt, now=clock.now())
