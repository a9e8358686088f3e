"""Change the key that contact values are sealed under, while the site runs.

    rotate_keys --new-key     put a new key first in the data folder; then restart the site
    rotate_keys               seal everything anew under the first key
    rotate_keys --drop-old    the same, and forget the other keys; then restart the site

Where the keys come from the environment (CONTACT_KEYS), put the new key first there yourself, and drop the old one
yourself after the second step.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.services.keys import reseal_everything


class Command(BaseCommand):
    help = "Change the key that contact values are sealed under, while the site runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        step = parser.add_mutually_exclusive_group()
        step.add_argument("--new-key", action="store_true", help="put a new key first, then restart the site")
        step.add_argument("--drop-old", action="store_true", help="seal everything anew and forget the other keys")

    def handle(self, *, new_key: bool, drop_old: bool, **options: Any) -> None:
        if new_key:
            _write(self._key_file(), [Fernet.generate_key().decode(), *settings.CONTACT_KEYS])
            self.stdout.write("A new key is first now. Restart the site, then run: rotate_keys --drop-old")
            return
        path = self._key_file() if drop_old else None
        result = reseal_everything()
        self.stdout.write(f"{result.rows} rows are sealed under the first key.")
        if result.suppressions_under_old_keys:
            self.stdout.write(
                f"{result.suppressions_under_old_keys} suppressions are known by their old hash alone: "
                "the other keys stay, so that those people are left in peace."
            )
        elif path is not None:
            _write(path, settings.CONTACT_KEYS[:1])
            self.stdout.write(
                "The other keys are forgotten. Restart the site. Backups and lines of the ledger from before need "
                "them: keep your copy of secrets/ for as long as those backups."
            )

    def _key_file(self) -> Path:
        path = Path(settings.DATA_DIR) / "secrets" / "contact_keys"
        if os.environ.get("CONTACT_KEYS") or os.environ.get("CONTACT_KEYS_FILE") or not path.exists():
            raise CommandError("The keys come from the environment: change CONTACT_KEYS there (the first one seals).")
        return path


def _write(path: Path, keys: list[str]) -> None:
    """Replace the file in one step: a start in between reads the old keys or the new ones, never half of them."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(",".join(keys))
    fresh.replace(path)
