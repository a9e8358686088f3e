"""Run manage.py with the data folder and the environment that script/server uses: see script/manage."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from support import workspace  # noqa: E402  # the path is set above, since this file is no module


def split(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Take `--data DIR` or `--data=DIR` out of the arguments, wherever it stands before a `--`."""
    folder: str | None = None
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return folder, [*rest, argument, *waiting]
        if argument == "--data":
            folder = next(waiting, "") or sys.exit("--data needs a folder.")
        elif argument.startswith("--data="):
            folder = argument.removeprefix("--data=")
        else:
            rest.append(argument)
    return folder, rest


def main() -> None:
    given, arguments = split(sys.argv[1:])
    where = workspace.data_path(given)
    if words := workspace.why_not_yet(where, arguments):
        # Said before anything is made there.
        sys.exit(words)
    try:
        folder = workspace.data_folder(given)
    except workspace.Refused as refusal:
        sys.exit(str(refusal))
    for name, value in workspace.published(folder).items():
        os.environ.setdefault(name, value)
    env = workspace.environment(folder, port=int(os.environ.get("PORT") or 8000))
    os.execve(sys.executable, [sys.executable, str(ROOT / "manage.py"), *arguments], env)


if __name__ == "__main__":
    main()
