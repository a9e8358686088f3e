"""Recording what was signed with whom, and what was told to whom."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User, VendorAgreement


@transaction.atomic
def record_agreement(
    *, channel: str, vendor: str, agreed_on: dt.date, reference: str, actor: User | None, now: dt.datetime
) -> VendorAgreement:
    """Record an agreement with a vendor; the one in force until now ends. The same again changes nothing."""
    vendor = vendor.strip().lower()
    in_force = VendorAgreement.objects.in_force().filter(channel=channel, vendor=vendor)
    same = in_force.filter(agreed_on=agreed_on, reference=reference).first()
    if same is not None:
        return same
    in_force.update(ended_at=now)
    return VendorAgreement.objects.create(
        channel=channel, vendor=vendor, agreed_on=agreed_on, reference=reference, recorded_by=actor, recorded_at=now
    )


def end_agreement(*, agreement: VendorAgreement, now: dt.datetime) -> None:
    """Record that an agreement is over: its channel closes at once. Ending again is harmless."""
    VendorAgreement.objects.in_force().filter(pk=agreement.pk).update(ended_at=now)
