"""Sessions of a running site: nothing in its data folder opens one, a second factor is each one's own, and what a lost
phone and an old mailbox opened is shut once their owner has signed out everywhere or moved on.
"""

from __future__ import annotations

import base64
import re
import shutil
import sqlite3
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.push_service import Browser
from tests.unit.test_accounts_sealing import peeled
from tests.web.test_accounts_security import totp_code
from tests.worker.test_server import Start, manage, start  # noqa: F401  # start is a fixture

pytestmark = [pytest.mark.worker, pytest.mark.site]

CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")
PAGES = ("/my/meetings/", "/my/account/", "/my/account/data/", "/my/account/messages/", "/accounts/sessions/")


def post(visitor: requests.Session, address: str, **fields: str) -> requests.Response:
    """Send a form as a browser does that has seen a page of the site."""
    return visitor.post(address, data=fields | {"csrfmiddlewaretoken": visitor.cookies["csrftoken"]}, timeout=60)


def newest_code(outbox: Path) -> str:
    """Return the code in the newest message that holds one: it was sent before the page was answered."""
    found = [code for file in sorted(outbox.glob("*.eml")) if (code := CODE.search(file.read_text()))]
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


#: A member's place in a meeting, and a message about it, to the address that they sign in with.
PLACE = """
from accounts.models import User
from accounts.services.contact_points import member_email
from support import clock
from tests.factories import make_participant, make_reminder, make_signup
user = User.objects.get()
point = member_email(user=user, now=clock.now())
make_reminder(signup=make_signup(participant=make_participant(user=user, contact_point=point)))
"""


def signed_links(outbox: Path) -> set[str]:
    """Return the paths of the signed links in the first message with a way to unsubscribe that comes."""
    deadline = time.monotonic() + 120
    while not (found := [each for file in outbox.glob("*.eml") if (each := letter(file))["List-Unsubscribe"]]):
        assert time.monotonic() < deadline, "no message came"
        time.sleep(0.1)
    body = found[0].get_body(("plain",))
    assert body is not None
    told = f"{found[0]['List-Unsubscribe']} {body.get_content()}"
    return {urlsplit(url).path for url in re.findall(r"https?://[^\s<>?]+", told) if "~" in url}


def letter(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), policy=policy.default)


def spellings(secret: str) -> set[bytes]:
    """Return the ways in which programs write a secret down: as it is, in hex, in base64 from any octet on."""
    raw = secret.encode()
    inside = {base64.b64encode(bytes(shift) + raw)[4:-4] for shift in range(3)}
    return {raw, raw.hex().encode(), raw.hex().upper().encode(), secret.encode("utf-16-le"), *inside}


def files_with(folder: Path, secret: str) -> list[str]:
    """Return the files of a data folder in which a secret can be read, those of `secrets/` aside."""
    held = {each.relative_to(folder): peeled(content_of(each)) for each in folder.rglob("*")}
    return [
        str(path)
        for path, content in held.items()
        if "secrets" not in path.parts and any(way in content for way in spellings(secret))
    ]


def content_of(file: Path) -> bytes:
    """Return what a file holds, or nothing where it is no file, or none any more: the site runs on."""
    try:
        return file.read_bytes() if file.is_file() else b""
    except FileNotFoundError:
        return b""


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


def test_lost_phone_and_old_mailbox_open_nothing_any_more(start: Start, tmp_path: Path) -> None:  # noqa: F811
    site, folder = start(), tmp_path / "site"
    at = site.address
    manage(site, "createsuperuser", "--noinput", "--email", "old@example.org")
    manage(site, "shell", "-c", PLACE)
    links = [at + path for path in signed_links(folder / "outbox")]
    stranger = requests.Session()
    assert len(links) > 1
    assert {status_of(stranger, link) for link in links} == {200}
    member = signed_in(at, folder, "old@example.org")
    member.get(f"{at}/my/meetings/", timeout=60)
    post(member, f"{at}/my/push/on/", subscription=Browser("http://127.0.0.1:9/push/1").subscription)
    assert browsers_in(folder) == 1

    page = post(member, f"{at}/accounts/email/", email="new@example.org", action_add="")
    post(member, page.url, code=newest_code(folder / "outbox"))
    assert {status_of(stranger, link) for link in links} <= {404, 410}
    for link in links:
        answer = stranger.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=60)
        assert answer.status_code in (403, 404, 405, 410)
    post(member, f"{at}/my/account/sign-out-everywhere/")
    assert status_of(member, f"{at}/my/account/") == 302
    assert browsers_in(folder) == 0


def browsers_in(folder: Path) -> int:
    with sqlite3.connect(folder / "homegroup.sqlite3") as database:
        (count,) = database.execute(
            "SELECT COUNT(*) FROM accounts_contactpoint WHERE channel = 'push' AND verified_at IS NOT NULL"
        ).fetchone()
    database.close()
    return int(count)
