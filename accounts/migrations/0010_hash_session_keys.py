from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def end_all_sessions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Their keys stand in the clear in whatever was copied so far, and in what the database has not written over yet:
    # hashing them now would leave those good. Back again, an older version would take the hashes for keys.
    apps.get_model("usersessions", "UserSession").objects.all().delete()
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    """From here on accounts.sessions.SessionKeyField hashes both columns; everybody signs in once more."""

    dependencies = [
        ("accounts", "0009_idle_notices"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [migrations.RunPython(end_all_sessions, end_all_sessions)]
