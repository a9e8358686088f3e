"""The link to all that is kept about a guest: sent to the address itself, to whoever reads its mail."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.urls import reverse

from accounts import links
from accounts.models import ContactPoint
from accounts.person import of_guest
from accounts.services.idle import keep
from accounts.services.letters import NOT_SENT, language_of, letter
from support import limits

logger = logging.getLogger(__name__)

#: Letters with such a link that one address is sent in a day, whoever asks for them.
PER_DAY = 3


def send_data_link(*, contact_point: ContactPoint, now: dt.datetime) -> bool:
    """Send a guest the link to their data; True once it went out. Asking for it says that they are still here.

    Raises limits.TooMany where their address was sent that many today. It goes to addresses that want no messages,
    too: who asks to see or erase what is kept must be answered.
    """
    limits.consume("data link", str(contact_point.pk), limit=PER_DAY, seconds=86_400)
    person = of_guest(contact_point)
    keep(person=person, now=now)
    path = reverse("accounts:data_by_link", args=[links.sign("data", contact_point.public_id)])
    message = letter(
        "data_link",
        to=contact_point.value,
        language=language_of(person),
        data_url=settings.PUBLIC_BASE_URL + path,
        days=links.LIFETIMES["data"].days,
    )
    try:
        message.send()
    except NOT_SENT as error:
        logger.error("A link could not be sent: %s", type(error).__name__)
        return False
    return True
