"""What accounts are asked: may this be sent there?"""

from __future__ import annotations

from accounts.enums import Channel, Purpose
from accounts.fields import lookup_hashes
from accounts.models import Consent, ContactPoint, Suppression, User


def newest_word(contact_point: ContactPoint, purpose: str) -> bool | None:
    """Return the newest yes or no on `purpose` for this contact point, or None where nothing was ever said."""
    newest = (
        Consent.objects.filter(contact_point=contact_point, purpose=purpose).order_by("-recorded_at", "-pk").first()
    )
    return None if newest is None else newest.is_given


def is_given(contact_point: ContactPoint, purpose: str) -> bool:
    """Return whether the newest word on `purpose` for this contact point is yes. Silence is no."""
    return newest_word(contact_point, purpose) is True


def wanted_purposes(contact_point: ContactPoint) -> list[str]:
    """Return the purposes that messages go out for: those with a yes, and by email those with no word at all.

    Asking for a place by email is asking to hear of it there; a text message needs a recorded yes.
    """
    words = {purpose: newest_word(contact_point, purpose) for purpose in Purpose.values}
    silence = contact_point.channel == Channel.EMAIL
    return [purpose for purpose, word in words.items() if word or (word is None and silence)]


def is_suppressed(contact_point: ContactPoint) -> bool:
    """Return whether nothing may be sent there any more, whoever else has the same address or number."""
    return Suppression.objects.filter(
        channel=contact_point.channel, value_hash__in=lookup_hashes(contact_point.value)
    ).exists()


def push_subscriptions(user: User) -> list[ContactPoint]:
    """Return the browsers that a member gets notifications in, the newest first."""
    mine = ContactPoint.objects.filter(user=user, channel=Channel.PUSH).verified()
    return list(mine.order_by("-created_at", "-pk"))
