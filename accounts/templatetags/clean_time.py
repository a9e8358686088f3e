"""Words for time by the calendar."""

from __future__ import annotations

from django import template

from accounts import wording
from accounts.milestones import Milestone, Span

register = template.Library()


@register.filter
def span_words(span: Span) -> str:
    """Return "2 years, 1 month and 3 days"."""
    return wording.span_words(span)


@register.filter
def milestone_words(milestone: Milestone) -> str:
    """Return "90 days", "18 months", "3 years", or words of welcome for the first day."""
    return wording.milestone_words(milestone)
