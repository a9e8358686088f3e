"""The times that can be chosen with one press, where somebody sees when they are reminded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import Lead
from accounts.models import Preferences

#: What is offered beside the usual times and those that somebody has; the page of choices has all.
_SINGLE: Final = (Lead.DAY_BEFORE, Lead.TWO_HOURS, Lead.ONE_HOUR, Lead.HALF_HOUR)
#: Which meetings each field of `Preferences` is about.
_ABOUT: Final[dict[str, Promise]] = {
    "booked_leads": gettext_lazy("Meetings you signed up for"),
    "online_leads": gettext_lazy("Online meetings you signed up for"),
    "drop_in_leads": gettext_lazy("Drop-in meetings"),
}


@dataclass(frozen=True, slots=True)
class Time:
    """One press: the leads it chooses, as a form sends them, in words, and whether they are chosen now."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Times:
    """What can be chosen for one field of `Preferences`, and which meetings it is about."""

    name: str
    about: str
    choices: list[Time]


def times_to_choose(preferences: Preferences, name: str) -> Times:
    """Return what can be chosen with one press for a field of `Preferences`: the usual, single times, and what is."""
    kept = getattr(preferences, name)
    # What another version wrote, or is damaged, is chosen anew here: this page is the way out of it.
    chosen = [lead for lead in kept if lead in Lead.values] if isinstance(kept, list) else []
    usual: list[str] = getattr(Preferences(), name)
    offered = [tuple(usual), *((lead.value,) for lead in _SINGLE)]
    if chosen and tuple(chosen) not in offered:
        offered.insert(0, tuple(chosen))
    # Where one reminder is usual, it stands among the single ones.
    offered = [each for each in dict.fromkeys(offered) if len(each) > 1] + [
        each for each in _in_order(offered) if len(each) == 1
    ]
    return Times(
        name, str(_ABOUT[name]), [Time(" ".join(each), _words(each), list(each) == chosen) for each in offered]
    )


def _in_order(offered: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return sorted(dict.fromkeys(offered), key=lambda each: Lead.values.index(each[0]))


def _words(leads: Sequence[str]) -> str:
    """Return leads as one would say them: "Three days before and two hours before"."""
    labels = [str(Lead(lead).label) for lead in leads]
    return str(get_text_list([labels[0], *(label[:1].lower() + label[1:] for label in labels[1:])], _("and")))
