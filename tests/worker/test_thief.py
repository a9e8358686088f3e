"""A site that runs: what somebody finds who takes its whole data folder but `secrets/`, and what its staff are told.

One of the site's own processes brings people in, as a command would, while the web server, a worker, beat and the
broker keep the database open.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import people
from tests.helpers.environment import bare_environment
from tests.servers import ROOT
from tests.worker.test_server import Site

pytestmark = [pytest.mark.worker, pytest.mark.site]

OF_PEOPLE = [people.MEMBER, people.GUEST, people.MEMBERS_NAME, people.GUESTS_NAME, str(people.CLEAN_SINCE)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("thief")
    # The second factor has tests of its own: here it is the lists that are asked.
    running = Site(folder / "site", folder / "log", "--port", "0", REQUIRE_SECOND_FACTOR="0")
    running.until(r"worker .* ready\.")
    yield running
    running.process.terminate()
    running.process.wait(90)


def let(site: Site, what: str) -> dict[str, Any]:
    """Let people do something, in a process of the site's own; return what is to be known of it."""
    env = {**bare_environment(), "DATA_DIR": str(site.folder), "DEVELOPMENT": "1"}
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", f"from tests.people import {what}; {what}()"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def found_in(folder: Path, words: list[str]) -> set[tuple[str, str]]:
    """Return which words stand in which file that a thief has: all but the keys, and the mail of development."""
    files = {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in ("secrets", "outbox")
    }
    assert Path("homegroup.sqlite3") in files
    return {(str(name), word) for name, held in files.items() for word in words if word.encode() in held}


def ask(site: Site, path: str, cookies: dict[str, str]) -> tuple[int, str]:
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    request = urllib.request.Request(f"{site.address}{path}", headers={"Cookie": header})  # noqa: S310  # our own address
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_people_are_in_no_file_by_name_and_in_none_at_all_once_erased(site: Site) -> None:
    before = let(site, "come")["seals"]
    # They are there, under seals: it is the right database, and the search finds what is in it.
    assert {word for _file, word in found_in(site.folder, before)} == set(before)
    assert found_in(site.folder, OF_PEOPLE) == set()
    after = set(let(site, "leave")["seals"])
    gone = [seal for seal in before if seal not in after]
    assert len(gone) == 8
    assert found_in(site.folder, gone) == set()


def test_staff_ask_the_list_of_people_for_nobody(site: Site) -> None:
    came = let(site, "come")
    people_list = "/admin/accounts/user/"
    code, page = ask(site, people_list, came["cookies"])
    assert (code, f"Member #{came['member']}" in page) == (200, True)
    for question in (f"?email={people.MEMBER}", "?password__startswith=!", "?display_name__startswith=Hep"):
        assert ask(site, people_list + question, came["cookies"])[0] == 400
    field = "&app_label=meetings&model_name=coordinator&field_name=user"
    code, found = ask(site, f"/admin/autocomplete/?term=Hep{field}", came["cookies"])
    assert (code, json.loads(found)["results"]) == (200, [])
    assert people.MEMBERS_NAME not in page
    assert people.MEMBERS_NAME in ask(site, f"{people_list}{came['member']}/change/", came["cookies"])[1]
    assert "looked at your account" in let(site, "read")["access"]
