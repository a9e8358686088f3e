"""What script/server and script/manage agree on: the data folder, the environment of every process, who is running.

It uses the standard library: this runs before Django and the settings are loaded, and says in one line what is wrong.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from support.loopback import is_alone

ROOT = Path(__file__).resolve().parent.parent


#: The database in the data folder, where DATABASE_URL names no other.
DATABASE = "homegroup.sqlite3"

#: Begins the line by which a process says why it cannot go on. script/server says it once, as its own reason.
REFUSAL = "refused: "


class Refused(Exception):
    """The start cannot go on. The message is one line for the person at the terminal."""


def keep_private() -> None:
    """Let whatever this process writes be its owner's alone. Called where each begins; its children do the same."""
    os.umask(0o077)


def data_path(given: str | None) -> Path:
    """Return where the data folder is, or would be: the option, then DATA_DIR, then var/."""
    return Path(given or os.environ.get("DATA_DIR") or ROOT / "var").expanduser().resolve()


def data_folder(given: str | None) -> Path:
    """Return the data folder, made where it was not.

    Raises Refused where it cannot be written. It is made readable by its owner alone: it holds everything.
    """
    folder = data_path(given)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Refused(f"The data folder {folder} cannot be written: {error.strerror}.") from error
    return folder


def no_site(folder: Path) -> str:
    """Return what to do where a command finds no site in a data folder."""
    return (
        f"There is no site in {folder} yet: start it once (script/server), then run this again. "
        "A server that was started with --data DIR has its site there: give this command the same."
    )


#: What needs no site: commands that make one, that look at the code alone, or that developers run beside it.
_WITHOUT_A_SITE = frozenset({
    "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages", "makemigrations",
    "migrate", "optimizemigration", "restore", "runserver", "squashmigrations", "startapp", "startproject", "test",
    "testserver", "version",
})  # fmt: skip


def why_not_yet(folder: Path, arguments: list[str]) -> str:
    """Return what to do before manage.py can do what `arguments` ask for; "" where it may.

    Asked before the settings are loaded: that alone would make secrets, and a command then an empty database.
    """
    command = next(iter(arguments), "help")
    wants_none = command in _WITHOUT_A_SITE or command.startswith("-") or {"-h", "--help"} & set(arguments)
    is_elsewhere = os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE")
    return "" if wants_none or is_elsewhere or (folder / DATABASE).exists() else no_site(folder)


def hold(folder: Path) -> IO[str]:
    """Take the data folder for this server until the returned file is closed or the process ends.

    Raises Refused where another server has it: two would migrate and restart into one another.
    """
    file = (folder / "server.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise Refused(f"Another server (process {holder}) is running with the data folder {folder}.") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def is_held(folder: Path) -> bool:
    """Return whether a server is running with this data folder."""
    try:
        file = (folder / "server.lock").open("r")
    except OSError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def environment(folder: Path, *, port: int) -> dict[str, str]:
    """Return the environment for manage.py and the site's processes: ours where the caller's says nothing."""
    env = {**os.environ, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "support.settings"}
    env.setdefault("PUBLIC_BASE_URL", f"http://localhost:{port}")
    env["HOST"] = env.get("HOST") or "127.0.0.1"
    # Where nobody else can come, someone is trying the site out.
    env.setdefault("DEVELOPMENT", "1" if is_alone(env["PUBLIC_BASE_URL"], env["HOST"]) else "0")
    env.setdefault("PYTHONUNBUFFERED", "1")
    return env


#: What a command needs to know of the server that runs with the same data folder.
SHARED = ("PUBLIC_BASE_URL", "DEVELOPMENT", "REDIS_URL", "DATABASE_URL")


def publish(folder: Path, env: dict[str, str]) -> None:
    """Write what `script/manage` should use while this server runs. It may hold passwords: for the owner alone."""
    path = folder / "run" / "environment.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({name: env[name] for name in SHARED if name in env}, file)


def published(folder: Path) -> dict[str, str]:
    """Return what the server running with this data folder published; empty where none is running."""
    if not is_held(folder):
        return {}
    try:
        found = json.loads((folder / "run" / "environment.json").read_text())
    except (OSError, ValueError):
        return {}
    return {name: str(value) for name, value in found.items() if name in SHARED}
