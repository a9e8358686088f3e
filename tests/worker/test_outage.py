"""A database that is locked, or on a full disk: what can be read is there, and a write says "try again"."""

from __future__ import annotations

import re
import resource
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.visitor import PATIENCE, Visitor
from tests.worker.test_server import Site, Start, manage, start

__all__ = ["start"]

pytestmark = [
    pytest.mark.worker,
    pytest.mark.site,
    pytest.mark.skipif(sys.platform != "linux", reason="limits the files of running processes"),
]

#: Octets. SQLite's -shm has 32 KiB from the beginning.
NO_ROOM = 8192
EMAIL = "robin@example.org"


def member(site: Site) -> Visitor:
    """Return a browser in which somebody has just signed in."""
    visitor = Visitor(site.address)
    manage(site, "shell", "-c", f"from tests.factories import make_user; make_user(email={EMAIL!r})")
    visitor.get("/accounts/login/")
    visitor.post("/accounts/login/", login=EMAIL)
    (message,) = (site.folder / "outbox").glob("*.eml")
    code = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", message.read_text())
    assert code
    visitor.post("/accounts/login/code/confirm/", code=code.group())
    return visitor


def meeting(site: Site) -> str:
    """Return the address of a meeting that takes sign-ups."""
    script = "from tests.factories import make_meeting; make_meeting(slug='quiet', signup_policy='sign_up')"
    manage(site, "shell", "-c", script)
    return "/meetings/quiet/"


def fill_disk(site: Site, octets: int = NO_ROOM) -> None:
    """Let no file of the site's processes grow beyond so many octets: each write is refused, as on a full disk."""
    for pid in site.processes():
        if pid != site.process.pid:
            _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (octets if octets >= 0 else hard, hard))


def signups(folder: Path) -> int:
    with sqlite3.connect(folder / "homegroup.sqlite3") as database:
        (count,) = database.execute("SELECT count(*) FROM meetings_signup").fetchone()
    database.close()
    return int(count)


def test_on_a_full_disk_pages_are_read_and_a_write_can_be_sent_again_once_there_is_room(start: Start) -> None:
    site = start(REDIS_URL="none")
    robin, stranger, address = member(site), Visitor(site.address), meeting(site)
    assert stranger.get(f"{address}sign-up/") == 200
    when = re.search(r'name="when" value="([\d-]+)"', stranger.page)
    assert when
    fill_disk(site)
    reader = Visitor(site.address)
    for path in ("/", "/meetings/", address, f"{address}sign-up/", "/crisis/", "/accounts/login/"):
        assert reader.get(path) == 200, path
        assert "tel:988" in reader.page
    for path in ("/my/meetings/", "/my/account/", "/my/reminders/"):
        assert robin.get(path) == 200, path
    typed = {"when": when.group(1), "email": "sam@example.org", "display_name": 'Sam "T"'}
    assert stranger.post(f"{address}sign-up/", **typed) == 503
    assert stranger.retry_after == "30"
    assert stranger.kept() == typed
    assert "tel:988" in stranger.page
    assert signups(site.folder) == 0
    fill_disk(site, -1)
    assert stranger.press_again() == 200
    assert signups(site.folder) == 1
    assert "Traceback" not in site.said
    assert re.search(r"Service Unavailable: \S+/sign-up/ \(the database cannot be used: SQLITE_\w+\)", site.said)


def test_sending_goes_on_by_itself_once_the_disk_has_room(start: Start) -> None:
    site = start(REDIS_URL="none")
    assert site.address
    fill_disk(site)
    deadline = time.monotonic() + PATIENCE
    manage(site, "shell", "-c", "from tests.factories import make_reminder; make_reminder()")
    while "The database cannot be reached" not in site.said:
        assert time.monotonic() < deadline, site.said
        time.sleep(0.1)
    assert list((site.folder / "outbox").glob("*.eml")) == []
    fill_disk(site, -1)
    while not list((site.folder / "outbox").glob("*.eml")):
        assert time.monotonic() < deadline, site.said
        time.sleep(0.1)
    assert " was killed" not in site.said
    assert "starting it again" not in site.said


def test_while_another_holds_the_write_lock_pages_are_read_and_a_write_says_try_again(start: Start) -> None:
    site = start(REDIS_URL="none")
    robin, address = member(site), meeting(site)
    assert robin.get(address) == 200
    holder = sqlite3.connect(site.folder / "homegroup.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert robin.post(f"{address}favourite/", keep="1", next=address) == 503
        assert robin.kept() == {"keep": "1", "next": address}
        assert "tel:988" in robin.page
        for path in ("/", "/my/meetings/", address):
            assert Visitor(site.address).get(path) == 200, path
        again = Visitor(site.address)
        again.get("/accounts/login/")
        assert again.post("/accounts/login/", login=EMAIL) == 503
        assert again.kept() == {"login": EMAIL}
    finally:
        holder.close()
    assert robin.press_again() == 200
    assert 'aria-pressed="true"' in robin.page
    assert "Traceback" not in site.said
    assert "/favourite/ (the database cannot be used: SQLITE_BUSY)" in site.said
    # What is kept open for a full disk is closed at the end: a copy of the database alone is whole then.
    assert (site.folder / "homegroup.sqlite3-wal").exists()
    site.process.terminate()
    site.process.wait(90)
    assert not (site.folder / "homegroup.sqlite3-wal").exists()
