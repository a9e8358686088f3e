"""Sessions of a running site: nothing in its data folder opens one, and a second factor is each one's own."""

from __future__ import annotations

import base64
import re
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
import requests

from tests.unit.test_accounts_sealing import peeled
from tests.web.test_accounts_security import totp_code
from tests.worker.test_server import Start, manage, start  # noqa: F401  # start is a fixture

pytestmark = pytest.mark.worker

CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")
PAGES = ("/my/meetings/", "/my/account/", "/my/account/data/", "/my/account/messages/", "/accounts/sessions/")


def post(visitor: requests.Session, address: str, **fields: str) -> requests.Response:
    """Send a form as a browser does that has seen a page of the site."""
    return visitor.post(address, data=fields | {"csrfmiddlewaretoken": visitor.cookies["csrftoken"]}, timeout=60)


def newest_code(outbox: Path) -> str:
    deadline = time.monotonic() + 60
    while not (found := [CODE.search(file.read_text()) for file in sorted(outbox.glob("*.eml"))]) or not found[-1]:
        assert time.monotonic() < deadline, "no code came"
        time.sleep(0.1)
    return found[-1].group()


def signed_in(address: str, folder: Path, email: str) -> requests.Session:
    """Sign in by the code that is sent to somebody who has an account."""
    for old in (folder / "outbox").glob("*.eml"):
        old.unlink()
    visitor = requests.Session()
    visitor.get(f"{address}/accounts/login/", timeout=60)
    page = post(visitor, f"{address}/accounts/login/", login=email)
    post(visitor, page.url, code=newest_code(folder / "outbox"))
    return visitor


def status_of(visitor: requests.Session, address: str) -> int:
    return visitor.get(address, allow_redirects=False, timeout=60).status_code


def spellings(secret: str) -> set[bytes]:
    """Return the ways in which programs write a secret down: as it is, in hex, in base64 from any octet on."""
    raw = secret.encode()
    inside = {base64.b64encode(bytes(shift) + raw)[4:-4] for shift in range(3)}
    return {raw, raw.hex().encode(), raw.hex().upper().encode(), secret.encode("utf-16-le"), *inside}


def files_with(folder: Path, secret: str) -> list[str]:
    """Return the files of a data folder in which a secret can be read, those of `secrets/` aside."""
    files = [each for each in folder.rglob("*") if each.is_file() and "secrets" not in each.relative_to(folder).parts]
    return [
        str(each.relative_to(folder))
        for each in files
        if any(written in peeled(each.read_bytes()) for written in spellings(secret))
    ]


def copied_keys(folder: Path) -> set[str]:
    """Return the keys in a copy of the database, taken while the site runs, with what is still in its log."""
    copy = folder.parent / "copy"
    copy.mkdir()
    for file in folder.glob("homegroup.sqlite3*"):
        shutil.copy(file, copy)
    with sqlite3.connect(copy / "homegroup.sqlite3") as database:
        rows = database.execute(
            "SELECT session_key FROM django_session UNION SELECT session_key FROM usersessions_usersession"
        ).fetchall()
    database.close()
    return {key for (key,) in rows}


def test_data_folder_signs_nobody_in(start: Start, tmp_path: Path) -> None:  # noqa: F811  # the fixture
    site, folder = start(), tmp_path / "site"
    assert site.address
    manage(site, "createsuperuser", "--noinput", "--email", "ana@example.org")
    visitor = signed_in(site.address, folder, "ana@example.org")
    assert [status_of(visitor, site.address + page) for page in PAGES] == [200] * len(PAGES)
    cookie = visitor.cookies["sessionid"]
    assert cookie is not None
    assert files_with(folder, cookie) == []
    assert cookie not in site.said
    keys = copied_keys(folder)
    assert keys, "somebody is signed in"
    for key in keys:
        thief = requests.get(
            f"{site.address}/my/account/messages/", cookies={"sessionid": key}, allow_redirects=False, timeout=60
        )
        assert (thief.status_code, "example.org" in thief.text) == (302, False)
    site.process.terminate()
    site.process.wait(90)
    assert files_with(folder, cookie) == []


def test_second_factor_that_is_added_ends_a_session_without_one(start: Start, tmp_path: Path) -> None:  # noqa: F811
    site, folder = start(), tmp_path / "site"
    staff_pages = [site.address + page for page in ("/admin/", "/admin/accounts/user/", "/staff/messages/")]
    manage(site, "createsuperuser", "--noinput", "--email", "staff@example.org")
    older = signed_in(site.address, folder, "staff@example.org")
    adding = signed_in(site.address, folder, "staff@example.org")
    assert status_of(older, f"{site.address}/my/account/") == 200
    setting_up = f"{site.address}/accounts/2fa/totp/activate/"
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", adding.get(setting_up, timeout=60).text)
    assert secret is not None
    post(adding, setting_up, code=totp_code(secret.group(1)))
    assert [status_of(adding, page) for page in staff_pages] == [200, 200, 200]
    assert [status_of(older, page) for page in staff_pages] == [302, 302, 302]
    assert status_of(older, f"{site.address}/my/account/") == 302
