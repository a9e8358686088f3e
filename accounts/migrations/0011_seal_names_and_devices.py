from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db import migrations, models
from django.db.models.functions import Concat

import accounts.fields
from accounts.fields import rewrite_column, seal, unseal

HELP = "It doesn’t have to be your real name. A first name and an initial at most."


def seal_words(words: str) -> str:
    """Seal the first 40 bytes, which there is room for; almost all are shorter ("Firefox, Android")."""
    return seal(words.encode()[:40].decode(errors="ignore"))


def seal_rows(apps: Any, schema_editor: Any) -> None:
    # These models have plain fields: what is read and written is the column itself.
    rewrite_column(apps.get_model("accounts", "User"), "display_name", seal)
    rewrite_column(apps.get_model("mfa", "Authenticator"), "data", lambda data: seal(json.dumps(data)))
    rewrite_column(apps.get_model("usersessions", "UserSession"), "user_agent", seal_words)


def unseal_rows(apps: Any, schema_editor: Any) -> None:
    rewrite_column(apps.get_model("accounts", "User"), "display_name", unseal)
    rewrite_column(apps.get_model("mfa", "Authenticator"), "data", lambda sealed: json.loads(unseal(sealed)))
    rewrite_column(apps.get_model("usersessions", "UserSession"), "user_agent", unseal)


def number_log(apps: Any, schema_editor: Any) -> None:
    """Let the admin's log, which named people, name them by number. There is no way back, and no need for one."""
    people = apps.get_model("contenttypes", "ContentType").objects.filter(app_label="accounts", model="user")
    named = apps.get_model("admin", "LogEntry").objects.filter(content_type__in=people)
    named.update(object_repr=Concat(models.Value("#"), "object_id", output_field=models.TextField()))


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0010_hash_session_keys"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="user",
            name="display_name",
            field=models.TextField(blank=True, help_text=HELP, max_length=40, verbose_name="display name"),
        ),
        migrations.RunPython(seal_rows, unseal_rows),
        migrations.RunPython(number_log, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="display_name",
            field=accounts.fields.EncryptedTextField(
                blank=True, help_text=HELP, max_length=40, verbose_name="display name"
            ),
        ),
    ]
