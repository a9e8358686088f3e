#!/usr/bin/env python
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError, OperationalError

from support.workspace import data_path, keep_private, why_not_yet

if __name__ == "__main__":
    keep_private()
    if words := why_not_yet(data_path(None), sys.argv[1:]):
        sys.exit(f"manage.py: {words}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that cannot be used is the operator's to mend: one line, not a traceback.
        sys.exit(f"manage.py: {error}")
    except DatabaseError as error:
        # So is a database that was never set up, is from before an update, or is away.
        from django.db import connection

        from support.integrity import damage_words
        from support.preparation import what_is_missing

        if words := damage_words(connection, error=error):
            sys.exit(f"manage.py: {words}")

        if sys.argv[1:2] != ["migrate"] and (missing := what_is_missing()):
            sys.exit(f"manage.py: {missing}")
        if isinstance(error, OperationalError):
            sys.exit(f"manage.py: The database cannot be used: {' '.join(str(error).split())}")
        raise
