from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

import accounts.fields
from accounts.fields import seal, unseal


def seal_words(apps: Any, schema_editor: Any) -> None:
    _each_message(apps, seal)


def unseal_words(apps: Any, schema_editor: Any) -> None:
    _each_message(apps, unseal)


def _each_message(apps: Any, change: Any) -> None:
    # The model here still has (or has again) plain text, so what is read and written is the column itself.
    rows = apps.get_model("meetings", "OccurrenceChange").objects.exclude(message="")
    for row in rows.iterator():
        row.message = change(row.message)
        row.save(update_fields=["message"])


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("meetings", "0004_coordinators_and_invitations"),
    ]

    operations: ClassVar = [
        migrations.RunPython(seal_words, unseal_words),
        migrations.AlterField(
            model_name="occurrencechange",
            name="message",
            field=accounts.fields.EncryptedTextField(blank=True, verbose_name="message to those coming"),
        ),
    ]
