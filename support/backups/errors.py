from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from support.integrity import unknown_migrations


class BackupError(Exception):
    """A backup cannot be made, or is none that can be used. The message is one line for the operator."""


def refuse_newer(file: Path, applied: Iterable[tuple[str, str]]) -> None:
    """Raise BackupError where a backup was made by newer code than this. `applied`: its migrations, (app, name)."""
    if unknown := unknown_migrations(applied):
        raise BackupError(f"{file} is newer than this code, which does not know {unknown[-1]}: update the code first.")


def foreign(file: Path) -> BackupError:
    return BackupError(f"{file} is no backup of this site.")
