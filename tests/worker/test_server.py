"""The whole site as script/server runs it, in real processes: what starts, what comes back, what is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import workspace
from tests.conftest import personal_lines
from tests.helpers.environment import bare_environment
from tests.servers import ROOT

pytestmark = [pytest.mark.worker, pytest.mark.site]

WELL = {
    "status": "ok",
    "database": "ok",
    "broker": "ok",
    "oldest_due_seconds": 0,
    "people_put_aside": 0,
    "paused_channels": [],
    "unreachable_channels": [],
    "unreachable_because": {},
    "unreadable_addresses": 0,
    "clock_ahead_seconds": 0,
}

Start = Callable[..., "Site"]


class Site:
    """One run of the supervisor on a free port."""

    def __init__(self, folder: Path, log: Path, *arguments: str, **env: str) -> None:
        self.folder = folder
        self.log = log
        with self.log.open("wb") as written:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "support.supervisor", "--data", str(folder), "--empty", *arguments],
                cwd=ROOT,
                env={**bare_environment(), "WEB_WORKERS": "1", "WORKER_CONCURRENCY": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def verdict(self) -> str:
        """What it said, but for how long the start took so far: that is of the machine."""
        return re.sub(r"server  \| … starting, \d+ s so far\n", "", self.said)

    def until(self, pattern: str, *, seconds: float = 180) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.said)):
            assert time.monotonic() < deadline, f"no {pattern!r} within {seconds} s in:\n{self.said}"
            assert self.process.poll() is None or re.search(pattern, self.said), self.said
            time.sleep(0.05)
        return match

    @property
    def address(self) -> str:
        return self.until(r"ready in [0-9.]+ s: (\S+)/ ").group(1)

    def health(self) -> dict[str, object]:
        with urllib.request.urlopen(f"{self.address}/healthz", timeout=60) as answer:  # noqa: S310  # our own address
            found: dict[str, object] = json.load(answer)
        return found

    def processes(self) -> dict[int, str]:
        """Return every process that runs with this data folder, the supervisor among them, with its command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace") if entry.name.isdigit() else ""
            except OSError:
                continue
            if f"DATA_DIR={self.folder}\0" in environment or str(self.folder) in command:
                found[int(entry.name)] = command
        return found

    def pid_of(self, words: str) -> int:
        return min(pid for pid, command in self.processes().items() if words in command)

    def nothing_left(self, *, seconds: float = 60) -> bool:
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.processes() == {}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    sites: list[Site] = []

    def start_site(*arguments: str, folder: Path = tmp_path / "site", port: str = "0", **env: str) -> Site:
        sites.append(Site(folder, tmp_path / f"{len(sites)}.log", "--port", port, *arguments, **env))
        return sites[-1]

    yield start_site
    for site in sites:
        if site.process.poll() is None:
            site.process.terminate()
            site.process.wait(90)
        # The greeting names the demo's people, who are nobody.
        said = "".join(line for line in site.said.splitlines(keepends=True) if "demo sign-ins" not in line)
        assert personal_lines(said) == []


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")


@needs_proc
def test_site_starts_answers_and_leaves_nothing_behind(start: Start, tmp_path: Path) -> None:
    site = start()
    assert site.health() == WELL
    assert stat.S_IMODE((tmp_path / "site").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "site" / "secrets" / "secret_key").stat().st_mode) == 0o600
    site.until(r"worker .* ready\.")
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(90) == 0
    assert site.nothing_left()
    assert workspace.published(tmp_path / "site") == {}


@needs_proc
def test_killed_worker_and_broker_come_back(start: Start, tmp_path: Path) -> None:
    site = start()
    site.until(r"worker .* ready\.")
    os.kill(site.pid_of("support.celery --quiet worker"), signal.SIGKILL)
    site.until(r"worker was killed by SIGKILL; starting it again")
    site.until(r"(?s)starting it again.* ready\.")
    url = workspace.published(tmp_path / "site")["REDIS_URL"]
    os.kill(site.pid_of("valkey-server"), signal.SIGKILL)
    site.until(r"broker was killed by SIGKILL")
    deadline = time.monotonic() + 20
    while site.health()["broker"] != "ok" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert site.health()["broker"] == "ok"
    assert workspace.published(tmp_path / "site")["REDIS_URL"] == url


@needs_proc
@pytest.mark.skipif(sys.platform != "linux", reason="other kernels cannot tie a child to its parent")
def test_killed_supervisor_takes_everything_with_it(start: Start) -> None:
    site = start()
    site.until(r"worker .* ready\.")
    assert len(site.processes()) >= 6
    site.process.kill()
    site.process.wait()
    assert site.nothing_left()


def test_each_start_lets_the_demos_meeting_start_soon_and_says_when(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "demo-wanted").touch()
    for _start in range(2):
        site = start()
        assert site.address
        site.until(r"web +\| Porch Light, which the first steps are about, starts at \d+:\d\d [AP]M New York time")
        assert ("loading invented demo data" in site.said) == (_start == 0)
        site.process.terminate()
        site.process.wait(90)


def test_slow_start_says_how_far_it_is(tmp_path: Path) -> None:
    script = "from support import supervisor; supervisor.PATIENCE = 0.1; supervisor.main()"
    said = []
    with subprocess.Popen(
        [sys.executable, "-c", script, "--data", str(tmp_path / "site"), "--port", "0", "--empty"],
        cwd=ROOT, env=bare_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "ready in" in line:
                process.terminate()
    assert any(re.fullmatch(r"server  \| … starting, \d+ s so far\n", line) for line in said), said


def test_taken_port_is_one_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        site = start(port=port)
        assert site.process.wait(90) == 1
    assert site.verdict == (
        f"script/server: Port {port} on 127.0.0.1 cannot be used (address already in use): "
        "stop what runs there, or choose another with --port.\n"
    )


def test_data_folder_that_cannot_be_written_is_one_line(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    site = start(folder=file / "site")
    assert site.process.wait(90) == 1
    assert site.verdict.startswith(f"script/server: The data folder {file}/site cannot be written: ")
    assert site.verdict.count("\n") == 1


def test_second_server_on_the_same_folder_is_one_line(start: Start) -> None:
    first = start()
    assert first.address
    second = start()
    assert second.process.wait(90) == 1
    assert second.verdict.count("\n") == 1
    assert f"(process {first.process.pid}) is running with the data folder" in second.said


def test_setting_that_cannot_be_used_is_one_line(start: Start) -> None:
    site = start(EMAIL_URL="pigeon://mail.example.org")
    assert site.process.wait(90) == 1
    assert site.verdict == (
        "script/server: EMAIL_URL must look like submission://user:password@host:587, smtps://…:465, smtp://…:25, "
        "postmark://key@domain or outbox://.\n"
    )


def test_database_newer_than_the_code_is_one_line_and_is_left_alone(start: Start, tmp_path: Path) -> None:
    site = start()
    assert site.address
    site.process.terminate()
    site.process.wait(90)
    with sqlite3.connect(tmp_path / "site" / "homegroup.sqlite3") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('meetings', '9999_later', '2030-01-01')"
        )
    database.close()
    again = start()
    assert again.process.wait(90) == 1
    assert again.verdict == (
        "script/server: The database is newer than this code, which does not know meetings.9999_later. "
        "Update the code, or restore a backup made before the database was migrated.\n"
    )


def test_site_runs_and_sends_where_no_broker_does_and_says_so_in_one_line(start: Start, tmp_path: Path) -> None:
    site = start(REDIS_URL="none")
    site.until(r"without a Valkey or Redis server: a loop sends what is due")
    assert site.health() == WELL | {"broker": "none"}
    manage(site, "shell", "-c", "from tests.factories import make_reminder; make_reminder()")
    deadline = time.monotonic() + 120
    while not list((tmp_path / "site" / "outbox").glob("*.eml")):
        assert time.monotonic() < deadline, site.said
        time.sleep(0.1)
    assert [line for line in site.said.splitlines() if not line.startswith(("server ", "web "))] == []


def manage(site: Site, *arguments: str) -> None:
    env = bare_environment() | {"DATA_DIR": str(site.folder), "DEVELOPMENT": "1"}
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, check=True, capture_output=True)


#: By each way in: manage.py itself, and script/manage with a folder of its own or by the environment.
WAYS = ("manage.py", "script/run_manage.py", "script/run_manage.py --data")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "command",
    [
        "import_meetings list.json",
        "import_meetings list.json --dry-run",
        "add_facilitator a@example.org x",
        "what_we_hold a@example.org",
        "backup kept.zip",
        "createsuperuser",
        "dumpdata",
        "showmigrations",
        "shell -c 0",
    ],
)
def test_command_before_the_first_start_says_what_to_do_and_leaves_nothing(
    tmp_path: Path, way: str, command: str
) -> None:
    folder = tmp_path / "site"
    (tmp_path / "list.json").write_text('[{"name": "Front Step", "slug": "front-step", "day": 1, "time": "19:00"}]')
    script, *given = way.split()
    env = bare_environment() | {"DEVELOPMENT": "1"} | ({} if given else {"DATA_DIR": str(folder)})
    chosen = [*given, str(folder)] if given else []
    ran = subprocess.run(
        [sys.executable, str(ROOT / script), *chosen, *command.split()],
        cwd=tmp_path, env=env, check=False, capture_output=True, text=True,
    )  # fmt: skip
    who = "manage.py: " if script == "manage.py" else ""
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"{who}{no_site(folder)}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["list.json"]


@pytest.mark.parametrize("command", ["check", "makemigrations --check --dry-run", "import_meetings --help", "help"])
def test_command_that_needs_no_site_runs_before_the_first_start(tmp_path: Path, command: str) -> None:
    env = bare_environment() | {"DATA_DIR": str(tmp_path / "site"), "DEVELOPMENT": "1"}
    ran = subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        cwd=ROOT, env=env, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


def no_site(folder: Path) -> str:
    return (
        f"There is no site in {folder} yet: start it once (script/server), then run this again. "
        "A server that was started with --data DIR has its site there: give this command the same."
    )


def test_long_path_of_a_data_folder_is_no_obstacle(start: Start, tmp_path: Path) -> None:
    site = start(folder=tmp_path / ("a long name with spaces " * 5).strip())
    assert site.health()["broker"] == "ok"
