"""Makes a data folder ready for this code, before support.web serves it.

Refuses a database that is damaged or that newer code has migrated, migrates, loads the demo data into a database that
was new (and lets one of its meetings start soon, at each start in development), and collects static files for a
deployment. Every step may be repeated, and a first start that was cut short is taken up where it stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from support.backups.postgres import UNFINISHED
from support.integrity import damage, damage_words, unknown_migrations
from support.workspace import REFUSAL, no_site

#: Seconds to look for damage in at a start: a gigabyte on most disks. What is larger than that is looked at in part.
CHECK_SECONDS = 10


def what_is_missing() -> str:
    """Return what to do before a command can use the database; "" where it is at this code's state, or out of reach."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return ""
    if not executor.loader.applied_migrations:
        return no_site(settings.DATA_DIR)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "The database is older than this code: start the site once (script/server), which brings it up to date."
    return ""


def refuse_bad_settings() -> None:
    """Print what the system checks warn of. Raises ImproperlyConfigured with the first error."""
    for message in run_checks(include_deployment_checks=settings.IS_SECURE):
        if message.is_silenced():
            continue
        words = f"{message.msg} {message.hint or ''} ({message.id})"
        if message.is_serious():
            raise ImproperlyConfigured(words)
        print(f"warning: {words}", flush=True)


def refuse_damage() -> None:
    """Raise ImproperlyConfigured where the database is damaged, as far as CHECK_SECONDS tell, or half restored."""
    if (settings.DATA_DIR / UNFINISHED).exists():
        raise ImproperlyConfigured("A backup was not put back to the end: run script/manage restore FILE once more.")
    if connection.vendor != "sqlite":
        return
    path = Path(connection.settings_dict["NAME"])
    if path.exists():
        # One that an older version of this code made may be readable by all; SQLite gives what is beside it the same.
        path.chmod(0o600)
    connection.ensure_connection()
    if words := damage_words(connection, found=damage(connection.connection, seconds=CHECK_SECONDS)):
        raise ImproperlyConfigured(words)


def prepare(*, wants_demo: bool) -> None:
    """Bring the database to this code's state. Raises ImproperlyConfigured where it is newer, or damaged."""
    refuse_damage()
    executor = MigrationExecutor(connection)
    unknown = unknown_migrations(executor.loader.applied_migrations)
    if unknown:
        raise ImproperlyConfigured(
            f"The database is newer than this code, which does not know {unknown[-1]}. "
            "Update the code, or restore a backup made before the database was migrated."
        )
    # A file, so that a first start cut short between the two steps is finished by the next.
    demo_wanted, demo_loaded = settings.DATA_DIR / "demo-wanted", settings.DATA_DIR / "demo-loaded"
    if not executor.loader.applied_migrations and wants_demo:
        demo_wanted.touch()
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        print(f"migrating the database ({len(plan)} steps)", flush=True)
        call_command("migrate", interactive=False, verbosity=0)
    if demo_wanted.exists():
        print("loading invented demo data", flush=True)
        call_command("load_demo")
        demo_wanted.rename(demo_loaded)
    elif settings.DEVELOPMENT and demo_loaded.exists():
        call_command("load_demo")
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    if not settings.DEVELOPMENT:
        call_command("collectstatic", interactive=False, verbosity=0)


def run(*, wants_demo: bool) -> None:
    """Load the site and prepare it. Raises SystemExit with one line for the operator where that cannot be done."""
    try:
        django.setup()
        refuse_bad_settings()
        prepare(wants_demo=wants_demo)
    except ImproperlyConfigured as error:
        sys.exit(f"{REFUSAL}{error}")
    except DatabaseError as error:
        words = damage_words(connection, error=error)
        sys.exit(
            f"{REFUSAL}{words}" if words else f"{REFUSAL}The database cannot be used: {' '.join(str(error).split())}"
        )
