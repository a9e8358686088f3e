"""The web server of a site: makes the data folder ready, then serves. script/server runs it.

One process does both, and the workers part from it once the site is loaded: loading takes longer than all else in a
start. `python -m support.web [--demo] GRANIAN-ARGUMENTS`.
"""

from __future__ import annotations

import multiprocessing
import sys
from importlib import import_module

from django.conf import settings
from django.db import connections
from granian import cli

from support import preparation
from support.workspace import keep_private

APPLICATION = "support.asgi:application"


def main() -> None:
    keep_private()
    arguments = sys.argv[1:]
    preparation.run(wants_demo="--demo" in arguments)
    # Nothing that is open here may be used by two processes.
    connections.close_all()
    if sys.platform == "linux":
        # Python 3.14 would start each worker from nothing.
        multiprocessing.set_start_method("fork", force=True)
        import_module(settings.ROOT_URLCONF)
    sys.argv[1:] = [APPLICATION, *(argument for argument in arguments if argument != "--demo")]
    cli.entrypoint()


if __name__ == "__main__":
    main()
