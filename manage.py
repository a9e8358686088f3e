#!/usr/bin/env python
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that cannot be used is the operator's to mend: one line, not a traceback.
        sys.exit(f"manage.py: {error}")
    except DatabaseError:
        # So is a database that was never set up, or is from before an update.
        from support.preparation import what_is_missing

        if missing := what_is_missing():
            sys.exit(f"manage.py: {missing}")
        raise
