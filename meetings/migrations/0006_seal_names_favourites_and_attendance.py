from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Cast

import accounts.fields
from accounts.fields import rewrite_column, seal, unseal

STATUSES = [
    ("pending", "Not confirmed yet"),
    ("confirmed", "Confirmed"),
    ("waitlisted", "On the waitlist"),
    ("offered", "A place is offered"),
    ("cancelled", "Cancelled"),
]


def seal_rows(apps: Any, schema_editor: Any) -> None:
    # These models have plain fields: what is read and written is the column itself.
    rewrite_column(apps.get_model("meetings", "Participant"), "display_name", seal)
    favourite = apps.get_model("meetings", "Favourite")
    favourite.objects.update(sealed_meeting=Cast("meeting_id", models.TextField()))
    rewrite_column(favourite, "sealed_meeting", seal)
    # Whoever came, or did not, had a place.
    signup = apps.get_model("meetings", "Signup")
    told = signup.objects.filter(status__in=("attended", "missed"))
    told.update(attendance=models.F("status"), status="confirmed")
    rewrite_column(signup, "attendance", seal)
    _look_at_foreign_keys(schema_editor)


def unseal_rows(apps: Any, schema_editor: Any) -> None:
    rewrite_column(apps.get_model("meetings", "Participant"), "display_name", unseal)
    favourite = apps.get_model("meetings", "Favourite")
    rewrite_column(favourite, "sealed_meeting", unseal)
    kept = favourite.objects.annotate(number=Cast("sealed_meeting", models.BigIntegerField()))
    kept.exclude(number__in=apps.get_model("meetings", "Meeting").objects.values("pk")).delete()
    favourite.objects.update(meeting_id=Cast("sealed_meeting", models.BigIntegerField()))
    signup = apps.get_model("meetings", "Signup")
    rewrite_column(signup, "attendance", unseal)
    signup.objects.exclude(attendance="").update(status=models.F("attendance"))
    _look_at_foreign_keys(schema_editor)


def _look_at_foreign_keys(schema_editor: Any) -> None:
    """Let PostgreSQL look at once: it changes no table that has a foreign key of a changed row to look at."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("meetings", "0005_seal_words_to_those_coming"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="participant",
            name="display_name",
            field=models.TextField(blank=True, max_length=40, verbose_name="name to show"),
        ),
        migrations.AddField(
            model_name="favourite",
            name="sealed_meeting",
            field=models.TextField(default=""),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(model_name="favourite", name="favourite_once"),
        migrations.AlterField(
            model_name="favourite",
            name="meeting",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="favourites",
                to="meetings.meeting",
            ),
        ),
        migrations.AddField(
            model_name="signup", name="attendance", field=models.TextField(blank=True, default="")
        ),
        migrations.RemoveConstraint(model_name="signup", name="signup_status_known"),
        migrations.RunPython(seal_rows, unseal_rows),
        migrations.AlterField(
            model_name="signup",
            name="status",
            field=models.CharField(
                choices=STATUSES, default="pending", max_length=10, verbose_name="status"
            ),
        ),
        migrations.AddConstraint(
            model_name="signup",
            constraint=models.CheckConstraint(
                condition=models.Q(status__in=[name for name, _said in STATUSES]), name="signup_status_known"
            ),
        ),
        migrations.AlterField(
            model_name="signup",
            name="attendance",
            field=accounts.fields.EncryptedTextField(
                blank=True,
                choices=[("attended", "Came"), ("missed", "Did not come")],
                default="",
                verbose_name="came",
            ),
        ),
        migrations.RemoveField(model_name="favourite", name="meeting"),
        migrations.AlterField(
            model_name="favourite", name="sealed_meeting", field=accounts.fields.EncryptedTextField()
        ),
        migrations.AlterField(
            model_name="participant",
            name="display_name",
            field=accounts.fields.EncryptedTextField(blank=True, max_length=40, verbose_name="name to show"),
        ),
    ]
