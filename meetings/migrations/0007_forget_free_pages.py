from __future__ import annotations

import contextlib
from typing import Any, ClassVar

from django.db import OperationalError, migrations

from support.sqlite.forgetting import empty_log


def forget_free_pages(apps: Any, schema_editor: Any) -> None:
    """Write SQLite's file anew: its free pages hold names of before they were sealed, and people erased long ago."""
    if schema_editor.connection.vendor != "sqlite":
        return
    # Where there is no room for a second copy, old pages stay until they are used again.
    with contextlib.suppress(OperationalError), schema_editor.connection.cursor() as cursor:
        cursor.execute("VACUUM")
    empty_log()


class Migration(migrations.Migration):
    # VACUUM runs in no transaction.
    atomic = False

    dependencies: ClassVar = [
        ("accounts", "0011_seal_names_and_devices"),
        ("meetings", "0006_seal_names_favourites_and_attendance"),
    ]

    operations: ClassVar = [
        migrations.RunPython(forget_free_pages, migrations.RunPython.noop),
    ]
