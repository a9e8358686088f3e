"""Recording what a person said yes or no to."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.enums import OFFERED_PURPOSES
from accounts.models import Consent, ContactPoint
from accounts.queries import is_given, newest_word
from accounts.services import ledger
from accounts.signals import consents_changed


@transaction.atomic
def record_consent(
    *, contact_point: ContactPoint, purpose: str, is_given: bool, wording: str, source: str, now: dt.datetime
) -> Consent:
    """Append a yes or no for one purpose: which wording was shown (its version), how it was said, and when.

    Whoever calls it alone lets what is planned follow.
    """
    if not is_given or newest_word(contact_point, purpose) is False:
        # A yes where there was no "no" is nothing that a restored backup could do against anybody's will.
        ledger.note(
            word=ledger.Word.YES if is_given else ledger.Word.NO,
            name=ledger.name_of(contact_point_id=contact_point.pk),
            about=purpose,
            now=now,
        )
    return Consent.objects.create(
        contact_point=contact_point,
        purpose=purpose,
        is_given=is_given,
        wording=wording,
        source=source,
        recorded_at=now,
    )


def give_consent_once(
    *,
    contact_point: ContactPoint,
    purposes: list[str],
    wording: str,
    source: str,
    is_planned_after: bool = False,
    now: dt.datetime,
) -> None:
    """Record a yes for each of `purposes` that holds no yes already; what is planned follows.

    Whoever plans for this person right after in the same transaction says so (`is_planned_after`): once is enough.
    """
    missing = [purpose for purpose in purposes if not is_given(contact_point, purpose)]
    for purpose in missing:
        record_consent(
            contact_point=contact_point, purpose=purpose, is_given=True, wording=wording, source=source, now=now
        )
    if missing and not is_planned_after:
        consents_changed.send(sender=Consent, contact_point=contact_point, now=now)


@transaction.atomic
def choose(
    *, contact_point: ContactPoint, wanted: list[str], wording: str, source: str, now: dt.datetime
) -> list[Consent]:
    """Record yes for each purpose in `wanted` and no for each other on offer, where it is not the newest word already.

    Returns what was recorded; what is planned follows. Saying the same again adds nothing.
    """
    ContactPoint.objects.select_for_update().get(pk=contact_point.pk)
    recorded = [
        record_consent(
            contact_point=contact_point,
            purpose=purpose,
            is_given=purpose in wanted,
            wording=wording,
            source=source,
            now=now,
        )
        for purpose in OFFERED_PURPOSES
        if newest_word(contact_point, purpose) is not (purpose in wanted)
    ]
    if recorded:
        consents_changed.send(sender=Consent, contact_point=contact_point, now=now)
    return recorded
