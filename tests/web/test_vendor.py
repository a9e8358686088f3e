"""What is copied from other projects is theirs, word for word."""

from __future__ import annotations

from pathlib import Path

import allauth
from django.conf import settings

#: In the order in which allauth's own pages load them; each alone would be a request of a first visit.
PASSKEYS = [
    "mfa/static/mfa/js/webauthn-json.js",
    "mfa/static/mfa/js/webauthn.js",
    "account/static/account/js/onload.js",
]


def test_passkeys_have_the_scripts_of_the_allauth_that_is_installed() -> None:
    ours = Path(settings.BASE_DIR) / "support" / "static" / "vendor" / "allauth-passkeys.js"
    theirs = Path(allauth.__file__).parent
    assert ours.read_text() == ";\n".join((theirs / name).read_text() for name in PASSKEYS), "copy them anew"
