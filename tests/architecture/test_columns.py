"""What the database keeps of people: docs/sealed.md names every column, sealed or in the clear, and is right."""

from __future__ import annotations

import re
from pathlib import Path

from django.apps import apps
from django.db.models import CharField, JSONField, Model, TextField

from accounts.fields import Sealed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sealed.md"
NAMES = re.compile(r"`([\w.]+)`")

#: Columns of free words that somebody types, in the clear, of tables about people. Each says on the page why.
FREE_WORDS = {
    # Staff and providers: codes, and why a message or a channel was stopped.
    ("reminders.DeliveryEvent", "detail"),
    ("reminders.Reminder", "reason"),
    ("reminders.PutAside", "reason"),
    ("reminders.ChannelPause", "reason"),
    ("accounts.Suppression", "reason"),
    ("admin.LogEntry", "change_message"),
    # Organisations, not people.
    ("accounts.VendorAgreement", "vendor"),
    ("accounts.VendorAgreement", "reference"),
}
#: What is written by the site alone: fixed words, hashes, keys, zones, versions.
FIXED = {
    "action", "answer", "booked_leads", "change_channel", "channel", "content_hash", "data", "days",
    "dedupe_key", "drop_in_leads", "hour_cycle", "key", "kind", "language", "lead_key", "line", "message_id",
    "object_id", "object_repr", "online_leads", "password", "provider_id", "purpose", "reminder_channel", "sender_hash",
    "session_data", "session_key", "source", "state", "status", "template", "token_hash", "type", "tz",
    "unopened_by", "value_hash", "word", "wording",
}  # fmt: skip


def models() -> dict[str, type[Model]]:
    return {model._meta.label: model for model in apps.get_models(include_auto_created=True)}


def page() -> tuple[dict[str, tuple[set[str], set[str]]], set[str]]:
    """Return what the page says: of tables about people the sealed and the open columns, and those about nobody."""
    about_people, about_nobody = PAGE.read_text().split("## About nobody")
    rows = [line.split("|")[1:4] for line in about_people.splitlines() if line.startswith("| `")]
    said = {
        NAMES.findall(table)[0]: (set(NAMES.findall(sealed)), set(NAMES.findall(open_)))
        for table, sealed, open_ in rows
    }
    return said, set(NAMES.findall(about_nobody))


def columns(model: type[Model], *, sealed: bool) -> set[str]:
    return {
        field.name
        for field in model._meta.local_concrete_fields
        if isinstance(field, Sealed) == sealed and field.name != "id"
    }


def test_page_names_every_table_once() -> None:
    about_people, about_nobody = page()
    assert about_people.keys() & about_nobody == set()
    assert about_people.keys() | about_nobody == models().keys()


def test_page_says_of_every_column_whether_it_is_sealed() -> None:
    about_people, _about_nobody = page()
    is_so = {
        label: (columns(models()[label], sealed=True), columns(models()[label], sealed=False)) for label in about_people
    }
    assert about_people == is_so


def test_what_is_about_nobody_leads_to_nobody_and_seals_nothing() -> None:
    about_people, about_nobody = page()
    for label in about_nobody:
        model = models()[label]
        assert columns(model, sealed=True) == set(), label
        leads_to = {
            field.related_model._meta.label
            for field in model._meta.local_concrete_fields
            if field.related_model is not None and field.related_model != model
        }
        assert leads_to & about_people.keys() == set(), label


def test_free_words_about_people_are_sealed_but_for_those_that_are_named() -> None:
    found = {
        (label, field.name)
        for label in page()[0]
        for field in models()[label]._meta.local_concrete_fields
        if isinstance(field, CharField | TextField | JSONField) and not isinstance(field, Sealed)
        if field.name not in FIXED
    }
    assert found == FREE_WORDS
