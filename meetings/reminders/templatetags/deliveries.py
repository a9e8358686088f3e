"""What pages say about messages: to a facilitator numbers, and nobody behind them; to staff why nothing is sent.

A template asks, since the floor below must not know that there are messages at all.
"""

from __future__ import annotations

from django import template

from meetings.models import Occurrence
from meetings.reminders.queries.timelines import reported
from meetings.reminders.queries.watching import Arrivals, arrivals

register = template.Library()
register.filter("reported", reported)


@register.simple_tag
def message_numbers(occurrence: Occurrence | None) -> Arrivals | None:
    """Return how many messages about a date went out and how many did not arrive; None before the first."""
    return arrivals(occurrence) if occurrence else None
