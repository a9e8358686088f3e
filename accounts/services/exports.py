"""Giving back all that is kept about a person: JSON for machines, CSV for spreadsheets, in one archive."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import logging
import zipfile
from typing import Any, Final, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext, override

from accounts.fields import lookup_hashes
from accounts.models import (
    AccessRecord,
    Consent,
    Disclosure,
    Export,
    IdleNotice,
    Preferences,
    Refusal,
    Suppression,
    User,
    VendorAgreement,
)
from accounts.organisation import notice
from accounts.person import Person, of_guest, of_member
from accounts.queries import clean_date_of
from accounts.services import ledger
from accounts.signals import data_asked, value_asked
from accounts.wording import section_words
from support.messaging.outbox import newest_first
from support.messaging.reading import read

logger = logging.getLogger(__name__)

#: How long an archive is kept, counted from when it was asked for.
LIFETIME: Final = dt.timedelta(days=1)
#: A maker that has said nothing for so long is gone.
GIVEN_UP: Final = dt.timedelta(minutes=10)
UNDER_WAY: Final = (Export.State.ASKED, Export.State.BUILDING)

Rows = list[dict[str, Any]]


def ask_for_export(*, person: Person, now: dt.datetime) -> Export:
    """Return the export that is being made for a person, asked for now where there is none."""
    owner: dict[str, Any] = {"user": person.user} if person.user else {"contact_point": person.contact_points[0]}
    under_way = Export.objects.filter(**owner, state__in=UNDER_WAY)
    try:
        with transaction.atomic():
            return under_way.first() or Export.objects.create(**owner, asked_at=now, expires_at=now + LIFETIME)
    except IntegrityError:
        # Clicked twice, and the other click was first.
        return under_way.get()


def build_waiting_exports(*, now: dt.datetime) -> int:
    """Make every archive that is waiting; returns how many. Two makers at once make none twice."""
    waiting = Q(state=Export.State.ASKED) | Q(state=Export.State.BUILDING, begun_at__lt=now - GIVEN_UP)
    made = 0
    for key in Export.objects.filter(waiting).values_list("pk", flat=True).order_by("pk"):
        is_mine = Export.objects.filter(waiting, pk=key).update(state=Export.State.BUILDING, begun_at=now, progress=5)
        if is_mine:
            made += _build(Export.objects.select_related("user", "contact_point").get(pk=key))
    return made


def everything_about(person: Person) -> dict[str, Rows]:
    """Return all that is kept about a person: sections with rows of plain values, those without any left out."""
    return {name: rows for step in _STEPS for name, rows in step(person).items() if rows}


def held_under(channel: str, value: str) -> dict[str, Rows]:
    """Return what is kept under an address or a number (as kept) alone, whoever it belongs to."""
    hashes = lookup_hashes(value)
    suppressed = Suppression.objects.filter(channel=channel, value_hash__in=hashes)
    sections: dict[str, Rows] = {
        "ledger": [
            {"what": line.word, "channel": line.about, "why": line.reason, "at": line.at}
            for line in ledger.read()
            if line.subject in hashes
        ],
        "begun_in_a_browser": [
            {"until": row.expire_date}
            for row in Session.objects.order_by("pk").iterator()
            if value in json.dumps(row.get_decoded(), ensure_ascii=False)
        ],
        "suppressions": [
            {"channel": row.channel, "reason": row.reason, "answer": row.answer, "since": row.created_at}
            for row in suppressed.order_by("pk")
        ],
        "refusals": [
            {"channel": row.channel, "answer": row.answer, "is_for_now": row.is_soft, "on": row.on_day}
            for row in Refusal.objects.filter(channel=channel, value_hash__in=hashes).order_by("pk")
        ],
        "kept_messages": [
            {"written_at": message.written_at, "subject": message.subject}
            for message in map(read, reversed(newest_first()))
            if message.to == value
        ],
    }
    for _receiver, answer in value_asked.send(sender=Person, channel=channel, value=value):
        sections |= cast("dict[str, Rows]", answer)
    return {name: rows for name, rows in sections.items() if rows}


def purge_exports(*, now: dt.datetime) -> int:
    """Delete archives whose day is over; returns how many."""
    return Export.objects.filter(expires_at__lt=now).delete()[1].get("accounts.Export", 0)


def _build(export: Export) -> bool:
    rows = Export.objects.filter(pk=export.pk)
    try:
        person = of_member(export.user) if export.user else of_guest(_required(export))
        sections: dict[str, Rows] = {}
        for number, step in enumerate(_STEPS, start=1):
            sections.update(step(person))
            rows.update(progress=5 + 90 * number // len(_STEPS))
        archive = base64.b64encode(_archive(sections, _language(person))).decode()
    except Exception:  # whatever is wrong with one person's rows, the others get theirs
        logger.exception("An export could not be made.")
        rows.update(state=Export.State.FAILED)
        return False
    rows.update(state=Export.State.READY, progress=100, archive=archive)
    return True


def _required(export: Export) -> Any:
    assert export.contact_point is not None  # the constraint export_of_one_person
    return export.contact_point


def _language(person: Person) -> str:
    return person.user.language if person.user else "en"


def _about_account(person: Person) -> dict[str, Rows]:
    return {"account": [_account(person.user)]} if person.user else {}


def _about_ways_in(person: Person) -> dict[str, Rows]:
    """What somebody signs in with and where they are signed in; never a secret that would let anyone in."""
    if person.user is None:
        return {}
    return {
        "second_factors": [
            {"kind": row.type, "name": _name_of(row), "since": row.created_at}
            for row in Authenticator.objects.filter(user=person.user).order_by("pk")
        ],
        "addresses": [
            {"address": row.email, "is_proven": row.verified, "signs_in": row.primary}
            for row in EmailAddress.objects.filter(user=person.user).order_by("pk")
        ],
        "devices": [
            {"device": row.user_agent, "since": row.created_at, "last_seen_at": row.last_seen_at}
            for row in UserSession.objects.filter(user=person.user).order_by("pk")
        ],
    }


def _name_of(row: Authenticator) -> str:
    """Return what somebody called a passkey; other ways in have no name."""
    return str(row.wrap().name) if row.type == Authenticator.Type.WEBAUTHN else ""


def _about_contact_points(person: Person) -> dict[str, Rows]:
    return {
        "contact_points": [
            {
                "channel": point.channel,
                "value": point.value,
                "verified_at": point.verified_at,
                "since": point.created_at,
            }
            for point in person.contact_points
        ]
    }


def _about_consents(person: Person) -> dict[str, Rows]:
    consents = Consent.objects.filter(contact_point__in=person.contact_points).select_related("contact_point")
    return {
        "consents": [
            {
                "contact_point": consent.contact_point.value,
                "purpose": consent.purpose,
                "is_given": consent.is_given,
                "wording": consent.wording,
                "how": consent.source,
                "recorded_at": consent.recorded_at,
            }
            for consent in consents
        ]
    }


def _about_preferences(person: Person) -> dict[str, Rows]:
    mine = Preferences.objects.filter(
        Q(user=person.user, user__isnull=False) | Q(contact_point__in=person.contact_points)
    )
    return {
        "preferences": [
            {
                "reminders_by": row.reminder_channel,
                "changes_by": row.change_channel,
                "reminders_of_booked_places": " ".join(row.booked_leads),
                "reminders_of_drop_in_meetings": " ".join(row.drop_in_leads),
                "reminders_of_online_sessions": " ".join(row.online_leads),
                "quiet_from": row.quiet_from,
                "quiet_until": row.quiet_until,
                "send_in_quiet_hours": row.ignores_quiet,
                "wording": row.wording,
                "paused_until": row.paused_until,
                "changed_at": row.updated_at,
            }
            for row in mine.order_by("pk")
        ]
    }


def _about_clean_time(person: Person) -> dict[str, Rows]:
    kept = clean_date_of(person.user) if person.user else None
    return {"clean_time": [{"since": kept}] if kept else []}


def _about_access(person: Person) -> dict[str, Rows]:
    return {
        "access_records": [
            {"what": record.action, "by": record.role, "recorded_at": record.recorded_at}
            for record in AccessRecord.objects.about(person)
        ]
    }


def _about_disclosures(person: Person) -> dict[str, Rows]:
    return {
        "disclosures": [
            {"on": each.disclosed_on, "to": each.recipient, "what": each.what, "why": each.purpose}
            for each in Disclosure.objects.about(person)
        ]
    }


def _about_work(person: Person) -> dict[str, Rows]:
    """What is written down of somebody who looks after others. Whom it was about is for those to know."""
    if person.user is None:
        return {}
    return {
        "looked_at_others": [
            {"what": row.action, "on": row.on_day} for row in AccessRecord.objects.filter(actor=person.user)
        ],
        "disclosures_recorded": [
            {"on": row.disclosed_on, "recorded_at": row.recorded_at}
            for row in Disclosure.objects.filter(recorded_by=person.user)
        ],
        "agreements_recorded": [
            {"channel": row.channel, "vendor": row.vendor}
            for row in VendorAgreement.objects.filter(recorded_by=person.user)
        ],
        "admin_log": [
            {"at": row.action_time, "did": row.get_action_flag_display(), "to": str(row.content_type)}
            for row in LogEntry.objects.filter(user=person.user).select_related("content_type")
        ],
    }


def _about_copies(person: Person) -> dict[str, Rows]:
    """That a copy was asked for, and that somebody was told they would be forgotten."""
    mine = Q(user=person.user, user__isnull=False) | Q(contact_point__in=person.contact_points)
    return {
        "copies_asked_for": [
            {"asked_at": row.asked_at, "until": row.expires_at} for row in Export.objects.filter(mine).order_by("pk")
        ],
        "told_of_forgetting": [{"told_at": row.noticed_at} for row in IdleNotice.objects.filter(mine).order_by("pk")],
    }


def _about_the_rest(person: Person) -> dict[str, Rows]:
    sections: dict[str, Rows] = {}
    for _receiver, answer in data_asked.send(sender=Person, person=person):
        sections |= cast("dict[str, Rows] | None", answer) or {}
    return sections


_STEPS: Final = (
    _about_account,
    _about_ways_in,
    _about_contact_points,
    _about_consents,
    _about_preferences,
    _about_clean_time,
    _about_access,
    _about_disclosures,
    _about_work,
    _about_copies,
    _about_the_rest,
)


def _account(user: User) -> dict[str, Any]:
    names = (
        "email",
        "display_name",
        "tz",
        "has_own_zone",
        "language",
        "hour_cycle",
        "joined_at",
        "last_login",
        "is_staff",
    )
    return {name: getattr(user, name) for name in names} | {"has_password": user.has_usable_password()}


def _archive(sections: dict[str, Rows], language: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        with override(language):
            archive.writestr("README.txt", _readme(sections))
        archive.writestr("data.json", json.dumps(sections, default=plain, indent=2, ensure_ascii=False))
        for name, rows in sections.items():
            archive.writestr(f"{name}.csv", _csv(rows))
    return buffer.getvalue()


def _readme(sections: dict[str, Rows]) -> str:
    """Return what each file of the archive is, in the language that is active."""
    intro = gettext(
        "Everything we keep about you. Open a CSV file with a spreadsheet program; data.json says the same for "
        "software. Times are given with their time zone. An empty file means that we keep nothing of that kind."
    )
    files = [f"data.json: {gettext('all of it in one file')}"]
    files += [f"{name}.csv: {section_words(name)}" for name in sections]
    return "\n\n".join(filter(None, (intro, "\n".join(files), notice()))) + "\n"


def _csv(rows: Rows) -> bytes:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    # The mark tells spreadsheets that it is UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    text = "" if value is None else plain(value) if isinstance(value, dt.datetime | dt.date) else str(value)
    # A spreadsheet runs what begins like a formula; a quote in front makes it text.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def plain(value: Any) -> str:
    """Return a value as an export says it: instants and dates by ISO 8601."""
    return value.isoformat() if isinstance(value, dt.datetime | dt.date | dt.time) else str(value)
