import uuid
from typing import Any

from django.db import migrations, models


def keep_uids(apps: Any, schema_editor: Any) -> None:
    """Entries that are in people's calendars already are the date's own: a UID is the same for life."""
    signup, occurrence = apps.get_model("meetings", "Signup"), apps.get_model("meetings", "Occurrence")
    its_own = occurrence.objects.filter(pk=models.OuterRef("occurrence")).values("public_id")
    signup.objects.update(calendar_id=models.Subquery(its_own))


class Migration(migrations.Migration):
    dependencies = [("meetings", "0010_meeting_named_since")]

    operations = [
        migrations.AddField("signup", "calendar_id", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.AddField("signup", "calendar_seq", models.PositiveIntegerField(default=0, editable=False)),
        migrations.RunPython(keep_uids, migrations.RunPython.noop),
    ]
