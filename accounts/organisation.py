"""What kind of organisation runs this site, and what the law asks of it: settings.ORGANISATION_PROFILE."""

from __future__ import annotations

import enum
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.enums import Channel


class Profile(enum.StrEnum):
    """A peer group keeps no records by law; a clinic is under HIPAA; a treatment programme under 42 CFR part 2."""

    PEER = "peer"
    CLINICAL = "clinical"
    PART2 = "part2"


def profile() -> Profile:
    return Profile(settings.ORGANISATION_PROFILE)


def needs_agreements() -> bool:
    """Return whether each message vendor needs a recorded agreement before anything goes through it."""
    return profile() is not Profile.PEER


#: What goes with every copy of records: for part 2 in the words that 42 CFR 2.32(a)(2) itself gives.
_NOTICES: Final[dict[Profile, str | Promise]] = {
    Profile.CLINICAL: _(
        "These records are confidential health information. People you share them with may be free to pass them on,"
        " so think about who you show them to."
    ),
    Profile.PART2: "42 CFR part 2 prohibits unauthorized use or disclosure of these records.",
}


def notice() -> str:
    """Return the notice that goes with a copy of records, or "" where the law asks for none."""
    return str(_NOTICES.get(profile(), ""))


def vendor_of(channel: str) -> str:
    """Return who carries a channel's messages, or "" where nothing leaves this machine."""
    if channel == Channel.EMAIL:
        is_kept_here = settings.EMAIL_BACKEND == "support.messaging.outbox.EmailBackend"
        return "" if is_kept_here else settings.EMAIL_PROVIDER or settings.EMAIL_HOST
    if channel == Channel.SMS:
        return "" if settings.SMS_PROVIDER == "outbox" else settings.SMS_PROVIDER
    return "push services"
