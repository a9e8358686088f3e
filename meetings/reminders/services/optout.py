"""Stopping messages, as easily as asking for them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import ContactPoint
from accounts.person import of_guest, of_member
from accounts.queries import is_given
from accounts.services.consents import record_consent
from meetings.reminders.services import plan
from meetings.reminders.services.replan import WISHES, lock_unsent, replan_person

#: Which wording a person saw on the page that stops messages; raised when its words change.
WORDING = "unsubscribe-2026-11-2"


def withdraw(*, contact_point: ContactPoint, purposes: list[str], source: str, now: dt.datetime) -> None:
    """Record a no for each purpose and take back what is unsent of it. Again is harmless: a no stays a no."""
    with transaction.atomic():
        lock_unsent(list(contact_point.reminders.values_list("signup__participant", flat=True).distinct()))
        for purpose in purposes:
            if is_given(contact_point, purpose) or not contact_point.consents.filter(purpose=purpose).exists():
                record_consent(
                    contact_point=contact_point,
                    purpose=purpose,
                    is_given=False,
                    wording=WORDING,
                    source=source,
                    now=now,
                )
            plan.stop(contact_point=contact_point, purpose=purpose, now=now)
        # What goes no more by one way may go by another.
        person = of_member(contact_point.user) if contact_point.user else of_guest(contact_point)
        replan_person(person=person, why=WISHES, now=now)
