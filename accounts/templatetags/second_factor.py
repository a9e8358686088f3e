"""The way on for somebody who was asked to add a second factor."""

from __future__ import annotations

from django import template
from django.template import Context

from accounts import proof

register = template.Library()


@register.simple_tag(takes_context=True)
def onward(context: Context) -> str:
    """Return where the reader was going when they were sent to add a second factor, or ""."""
    return proof.onward(context["request"])
