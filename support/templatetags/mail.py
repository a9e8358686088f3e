"""What pages say of mail that is on its way."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings

register = template.Library()


@register.inclusion_tag("components/nothing_arrives.html")
def nothing_arrives(retype_url: str = "", *, may_be_blocked: bool = False) -> dict[str, Any]:
    """Say what to do when nothing arrives, in the same words whatever the address is: see there."""
    return {
        "retype_url": retype_url,
        "may_be_blocked": may_be_blocked,
        "unblock_address": settings.UNBLOCK_ADDRESS,
        "contact": settings.OPERATOR_CONTACT,
    }
