from collections.abc import Callable

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import accounts.fields


def _rewrite(apps: Apps, change: Callable[[str], str]) -> None:
    # Here both columns are plain text to Django, so what is read and written is what lies in the database.
    for app_label, model_name in (("accounts", "User"), ("account", "EmailAddress")):
        model = apps.get_model(app_label, model_name)
        for key, address in model.objects.values_list("pk", "email").iterator():
            if address:
                model.objects.filter(pk=key).update(email=change(address))


def seal(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _rewrite(apps, accounts.fields.seal_email)


def unseal(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _rewrite(apps, accounts.fields.unseal_email)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="user", name="user_email_unique_any_case"),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(max_length=2048, unique=True, verbose_name="email address"),
        ),
        migrations.RunPython(seal, unseal),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=accounts.fields.SealedEmailField(max_length=2048, unique=True, verbose_name="email address"),
        ),
    ]
