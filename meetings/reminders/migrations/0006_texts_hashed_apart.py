from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

from accounts.fields import lookup_hash


def rehash(apps: Any, schema_editor: Any) -> None:
    texts = apps.get_model("reminders", "InboundText")
    for row in texts.objects.order_by("pk").iterator(chunk_size=500):
        texts.objects.filter(pk=row.pk).update(sender_hash=lookup_hash(f"text from {row.sender}"))


def hash_alike(apps: Any, schema_editor: Any) -> None:
    texts = apps.get_model("reminders", "InboundText")
    for row in texts.objects.order_by("pk").iterator(chunk_size=500):
        texts.objects.filter(pk=row.pk).update(sender_hash=lookup_hash(row.sender))


class Migration(migrations.Migration):
    """From here on meetings.reminders.models.inbound_text.sender_hashes says what a text is found by."""

    dependencies: ClassVar = [("reminders", "0005_inbound_texts")]

    operations: ClassVar = [migrations.RunPython(rehash, hash_alike)]
