"""Keeping how and when a person wants to be written to."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from accounts.enums import Lead
from accounts.models import Preferences
from accounts.person import Person
from accounts.signals import preferences_changed

_LEADS = ("booked_leads", "drop_in_leads", "online_leads")


class PreferenceFields(TypedDict, total=False):
    """What may be chosen; each is a field of `models.Preferences`."""

    reminder_channel: str
    change_channel: str
    booked_leads: list[str]
    drop_in_leads: list[str]
    online_leads: list[str]
    quiet_from: dt.time
    quiet_until: dt.time
    ignores_quiet: bool
    wording: str
    paused_until: dt.date | None


def save_preferences(*, person: Person, now: dt.datetime, **fields: Unpack[PreferenceFields]) -> Preferences:
    """Keep what a person chose, valid already; what is not named stays.

    What is planned follows in the same transaction. Choosing the same again changes nothing. Raises ValueError for a
    lead that is none.
    """
    wanted: dict[str, Any] = {**fields}
    for name in _LEADS:
        if name in wanted:
            # In the order of the list, soonest last, so that the same choice is the same value.
            wanted[name] = [lead.value for lead in Lead if lead in {Lead(each) for each in wanted[name]}]
    with transaction.atomic():
        kept = _locked(person, now)
        changed = [name for name, value in wanted.items() if getattr(kept, name) != value]
        if changed:
            for name in changed:
                setattr(kept, name, wanted[name])
            kept.updated_at = now
            kept.save(update_fields=[*changed, "updated_at"])
            preferences_changed.send(sender=Preferences, person=person, now=now)
    return kept


def _locked(person: Person, now: dt.datetime) -> Preferences:
    owner: dict[str, Any] = {"user": person.user} if person.user else {"contact_point": person.contact_points[0]}
    rows = Preferences.objects.select_for_update(of=("self",)).filter(**owner)
    try:
        with transaction.atomic():
            return rows.first() or Preferences.objects.create(**owner, updated_at=now)
    except IntegrityError:
        # Clicked twice, and the other click was first.
        return rows.get()
