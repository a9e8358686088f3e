"""The site's own settings, for tests: a database of their own, nothing kept in the working tree, no stray broker."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="homegroup-tests-"))
os.environ.setdefault("SECRET_KEY", "tests-only-tests-only-tests-only-tests-only-tests-only")
os.environ.setdefault("CONTACT_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ.setdefault("PUBLIC_BASE_URL", "http://testserver")
os.environ.setdefault("DEVELOPMENT", "1")

from support.settings import *  # noqa: F403
from support.settings import DATA_DIR, DATABASES, STATIC_ROOT

if DATABASES["default"]["ENGINE"] == "support.sqlite":
    # A file, as on a real site: a worker in another process finds it, and locks are real. It may be lost.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "tests.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# WhiteNoise warns of a folder that is not there; nothing is collected for tests.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# All clients of all tests come from one place; the tests of this limit set their own.
POSTS_PER_MINUTE = 1_000_000
# Nor does a day end for them, on a stopped clock.
SMS_PER_DAY = 1_000_000
# Nobody spies on the tests by the clock.
EVEN_PACE_SECONDS = 0
