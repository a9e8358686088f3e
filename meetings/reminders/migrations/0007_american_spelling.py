from __future__ import annotations

from typing import Any

from django.db import migrations, models


def respell(apps: Any, schema_editor: Any) -> None:
    """A reason is kept as its English sentence, which is translated where it is shown: old rows take today's spelling."""
    apps.get_model("reminders", "Reminder").objects.filter(reason="The date was cancelled").update(
        reason="The date was canceled"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('reminders', '0006_texts_hashed_apart'),
    ]

    operations = [
        migrations.RunPython(respell, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='reminder',
            name='kind',
            field=models.CharField(choices=[('confirm_request', 'Please confirm'), ('confirmation', 'Confirmation'), ('reminder', 'Reminder'), ('moved', 'Moved'), ('cancelled', 'Canceled'), ('given_back', 'Place given back')], max_length=16, verbose_name='kind'),
        ),
    ]
