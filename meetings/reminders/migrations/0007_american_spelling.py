from __future__ import annotations

from typing import Any

from django.db import migrations, models


#: Reasons as rows have them, and as they are said now.
REASONS = {
    "The date was cancelled": "The date was canceled",
    "The place was given back": "No longer needed",
    "The place was taken again": "Needed again after all",
}


def respell(apps: Any, schema_editor: Any) -> None:
    """A reason is kept as its English sentence, which is translated where it is shown: old rows take today's words."""
    for old, new in REASONS.items():
        apps.get_model("reminders", "Reminder").objects.filter(reason=old).update(reason=new)


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
