"""What accounts are asked: may this be sent there?"""

from __future__ import annotations

from accounts.fields import lookup_hashes
from accounts.models import Consent, ContactPoint, Suppression


def is_given(contact_point: ContactPoint, purpose: str) -> bool:
    """Return whether the newest word on `purpose` for this contact point is yes. Silence is no."""
    newest = (
        Consent.objects.filter(contact_point=contact_point, purpose=purpose).order_by("-recorded_at", "-pk").first()
    )
    return newest is not None and newest.is_given


def is_suppressed(contact_point: ContactPoint) -> bool:
    """Return whether nothing may be sent there any more, whoever else has the same address or number."""
    return Suppression.objects.filter(
        channel=contact_point.channel, value_hash__in=lookup_hashes(contact_point.value)
    ).exists()
