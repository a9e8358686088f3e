"""Runs everything that checks the site, and says what failed: see script/test.

Three steps run at a time, on the two cores that a machine usually has; what they print is shown whole and in a
fixed order. The pytest runs come last, so that the end of the output is theirs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import sync_playwright

from tests.helpers.environment import bare_environment

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEW_YORK = ZoneInfo("America/New_York")
#: More than most machines have cores: browsers, workers and their tests wait half of the time.
LANES = 3
NO_TESTS_COLLECTED = 5
#: A deployment as docs/operations.md describes it; nothing connects to what it names.
PRODUCTION = {
    "PUBLIC_BASE_URL": "https://meetings.example.org",
    "DATABASE_URL": "postgres://homegroup:password@db.example.org/homegroup",
    "REDIS_URL": "redis://redis.example.org:6379/0",
    "EMAIL_URL": "submission://user:password@mail.example.org:587",
    "DEFAULT_FROM_EMAIL": "Homegroup <reminders@example.org>",
    "OPERATOR_NAME": "River Area",
    "OPERATOR_CONTACT": "help@example.org",
}


@dataclass
class Step:
    """One command of the whole. `output` and `returncode` are there once it is `done`."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    is_pytest: bool = False
    output: str = ""
    returncode: int = 0
    seconds: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)

    def run(self, env: dict[str, str], *, may_be_empty: bool) -> None:
        start = time.monotonic()
        try:
            ran = subprocess.run(
                self.command,
                cwd=ROOT,
                env={**env, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            self.output, self.returncode = ran.stdout, ran.returncode
        except OSError as error:
            self.output, self.returncode = f"{self.command[0]}: {error}\n", 1
        if self.is_pytest and may_be_empty and self.returncode == NO_TESTS_COLLECTED:
            self.returncode = 0
        self.seconds = time.monotonic() - start
        self.done.set()


def say(words: str) -> None:
    print(words, flush=True)


# -- Chromium --------------------------------------------------------------------------------------------------------


def has_chromium() -> bool:
    """Return whether the machine, or Playwright's own folder, has a Chromium."""
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def get_chromium() -> None:
    """Install Chromium where that is possible. Raises SystemExit saying how to get it where it is not."""
    if has_chromium():
        return
    attempts: list[list[str]] = []
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts = [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]]
    attempts.append([PYTHON, "-m", "playwright", "install", "chromium"])
    for command in attempts:
        if has_chromium():
            return
        say(f"Chromium is missing; trying: {' '.join(command)}")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        tried = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
        if tried.returncode != 0:
            say("\n".join(f"    {line}" for line in (tried.stdout + tried.stderr).strip().splitlines()[-5:]))
    if not has_chromium():
        sys.exit(
            "The browser tests need Chromium, and it could not be installed here. Install it "
            "(Debian and Ubuntu: sudo apt-get install chromium) and run script/test again, "
            "or leave these tests out with: script/test --no-browser"
        )


# -- the whole -------------------------------------------------------------------------------------------------------

FAST = "not worker and not browser and not slow"


def some_night() -> str:
    """Return a wall time in the night of New York, one to 3,650 days from now: no test may know the difference."""
    chance = secrets.SystemRandom()
    day = dt.datetime.now(NEW_YORK).date() + dt.timedelta(days=chance.randint(1, 3650))
    return f"{dt.datetime.combine(day, dt.time(chance.randint(0, 5), chance.randint(0, 59))):%Y-%m-%dT%H:%M}"


def wall_time(text: str) -> str:
    """Return `text` where it is a date with hours and minutes. Raises ValueError for argparse."""
    return f"{dt.datetime.strptime(text, '%Y-%m-%dT%H:%M'):%Y-%m-%dT%H:%M}"  # noqa: DTZ007  # a wall time has no zone


def checks(arguments: list[str], *, at: str, with_browser: bool) -> list[Step]:
    """Return what to run: first what says most in the least time, then the tests, the longest first."""

    def tests(name: str, marker: str, *more: str, prefix: tuple[str, ...] = (PYTHON, "-m")) -> Step:
        return Step(name, [*prefix, "pytest", "-m", marker, "--color=no", *more, *arguments], is_pytest=True)

    manage = [PYTHON, "manage.py"]
    # The order follows from the date as well, so that one word repeats both.
    elsewhen = ("--at", at, "-p", "randomly", f"--randomly-seed={int(re.sub(r'[^0-9]', '', at)) % 2**32}")
    return [
        Step("lint", [PYTHON, "-m", "ruff", "check"]),
        Step("format", [PYTHON, "-m", "ruff", "format", "--check"]),
        Step("import floors", [str(Path(PYTHON).parent / "lint-imports"), "--no-cache"]),
        Step("pending migrations", [*manage, "makemigrations", "--check", "--dry-run"], {"DEVELOPMENT": "1"}),
        Step("deployment check", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
        Step("types", [PYTHON, "-m", "mypy"]),
        Step("calendar files in ical.js", [PYTHON, "-m", "tests.bench", "calendars"]),
        *([tests("browser tests", "browser")] if with_browser else []),
        tests("tests of whole sites", "site and not browser"),
        tests("worker tests on SQLite", "worker and not site and not browser"),
        tests("tests on PostgreSQL", "postgres and not browser", prefix=(PYTHON, "-m", "tests.postgres")),
        tests("fast tests", FAST),
        tests(f"fast tests in another order, at {at} in New York (script/test --at {at} repeats it)", FAST, *elsewhen),
        tests("slow tests", "slow and not worker and not browser"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/test", description="Check everything.", allow_abbrev=False)
    parser.add_argument("--no-browser", action="store_true", help="leave out the browser tests")
    parser.add_argument(
        "--at", type=wall_time, metavar="YYYY-MM-DDTHH:MM", help="when the second run of the fast tests takes place"
    )
    options, arguments = parser.parse_known_args()
    with_browser = not options.no_browser
    if with_browser:
        get_chromium()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="homegroup-test-") as folder:
        env = bare_environment()
        # manage.py writes its secrets to a data folder: not to the one of a site that runs here. pytest has its own.
        manage_env = {"DATA_DIR": folder}
        steps = checks(arguments, at=options.at or some_night(), with_browser=with_browser)
        waiting = iter(steps)
        taking = threading.Lock()

        def work() -> None:
            while True:
                with taking:
                    step = next(waiting, None)
                if step is None:
                    return
                step.run(env if step.is_pytest else {**env, **manage_env}, may_be_empty=bool(arguments))

        for _lane in range(LANES):
            threading.Thread(target=work, daemon=True).start()
        say(f"{len(steps)} checks, each shown when it is done")
        for step in steps:
            step.done.wait()
            outcome = "ok" if step.returncode == 0 else f"FAILED with exit code {step.returncode}"
            say(f"\n=== {step.name}: {outcome} ({step.seconds:.0f} s)")
            if not with_browser and step is steps[-1]:
                say("NOTE: the browser tests were left out (--no-browser): this is not the whole.")
            if step.output.strip():
                say(step.output.rstrip())
    for step in steps:
        if step.output.startswith("LEFT OUT"):
            say(f"\nNOTE: {step.output.splitlines()[0]}")
    failed = [step.name for step in steps if step.returncode != 0]
    took = time.monotonic() - start
    if failed:
        say(f"\nFAILED after {took:.0f} s: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
