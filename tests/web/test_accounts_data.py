"""Giving back, forgetting, and saying who looked."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import re
import zipfile
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from accounts import links
from accounts.enums import AccessAction, Forgotten
from accounts.models import AccessRecord, Consent, ContactPoint, Export, Suppression, User
from accounts.person import Person, of_guest, of_member
from accounts.services.audit import record_access
from accounts.services.erasure import erase
from accounts.services.exports import _cell, ask_for_export, build_waiting_exports
from accounts.services.retention import purge
from accounts.signals import data_asked
from meetings.models import Participant, Signup
from meetings.queries.occurrences import upcoming_dates
from meetings.services.signups import confirm_signups, create_member_signup, request_guest_signup
from support import clock
from tests.factories.accounts import make_contact_point, make_user
from tests.factories.meetings import make_meeting
from tests.web.test_accounts_security import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _no_broker(settings: Any) -> None:
    settings.REDIS_URL = ""


def next_date(meeting: Any, now: dt.datetime) -> dt.date:
    return upcoming_dates(meeting, now=now, limit=1)[0].original_date


def archive_of(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_member_downloads_all_that_is_kept(client: Client) -> None:
    now = clock.now()
    user = make_user(email="ana@example.org", display_name="=Ana")
    meeting = make_meeting(name="Tuesday Light")
    create_member_signup(meeting=meeting, user=user, date=next_date(meeting, now), every=False, now=now)
    sign_in(client, user)
    assert client.post("/my/account/data/copy/").status_code == 302
    export = Export.objects.get()
    assert (export.state, export.progress) == ("ready", 100)
    page = client.get("/my/account/data/").content.decode()
    assert f"/my/account/data/copy/{export.public_id}/" in page
    response = client.get(f"/my/account/data/copy/{export.public_id}/")
    assert response["Content-Disposition"] == 'attachment; filename="my-data.zip"'
    assert "no-store" in response["Cache-Control"]
    files = archive_of(response.content)
    told = json.loads(files["data.json"])
    assert told["account"][0]["email"] == "ana@example.org"
    assert told["contact_points"][0]["value"] == "ana@example.org"
    assert [row["meeting"] for row in told["signups"]] == ["Tuesday Light"]
    assert {row["purpose"] for row in told["consents"]} == {"reminders", "changes"}
    rows = list(csv.DictReader(io.StringIO(files["account.csv"].decode("utf-8-sig"))))
    assert rows[0]["display_name"] == "'=Ana"
    assert set(files) == {"README.txt", "data.json", *(f"{name}.csv" for name in told)}


def test_archive_is_sealed_at_rest_and_gone_after_a_day(now: dt.datetime) -> None:
    user = make_user(email="ana@example.org")
    export = ask_for_export(person=of_member(user), now=now)
    assert ask_for_export(person=of_member(user), now=now) == export
    assert build_waiting_exports(now=now) == 1
    assert build_waiting_exports(now=now) == 0
    purge(now=now + dt.timedelta(hours=23))
    assert Export.objects.exists()
    purge(now=now + dt.timedelta(hours=25))
    assert not Export.objects.exists()


def test_worker_is_told_where_there_is_a_broker(
    client: Client, settings: Any, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.REDIS_URL = "redis://nowhere"
    told = []
    monkeypatch.setattr("accounts.views.data.build_exports.delay", lambda: told.append(1))
    sign_in(client, make_user())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/my/account/data/copy/")
    assert told == [1]
    page = client.get("/my/account/data/").content.decode()
    assert "is being made" in page
    assert "<progress" in page


def test_maker_that_vanished_is_followed_by_another(now: dt.datetime) -> None:
    export = ask_for_export(person=of_member(make_user()), now=now)
    Export.objects.filter(pk=export.pk).update(state="building", begun_at=now)
    assert build_waiting_exports(now=now + dt.timedelta(minutes=5)) == 0
    assert build_waiting_exports(now=now + dt.timedelta(minutes=11)) == 1


def test_two_makers_at_once_make_no_archive_twice(now: dt.datetime) -> None:
    people = [of_member(make_user()), of_member(make_user())]
    for person in people:
        ask_for_export(person=person, now=now)
    asked: list[Person] = []
    by_the_other: list[int] = []

    def gather(person: Person, **_: Any) -> None:
        asked.append(person)
        if len(asked) == 1:
            # While the first is being made, another maker looks at what waits.
            by_the_other.append(build_waiting_exports(now=now))

    data_asked.connect(gather)
    try:
        made = build_waiting_exports(now=now)
    finally:
        data_asked.disconnect(gather)
    assert (made, by_the_other) == (1, [1])
    assert asked == people


def test_someone_elses_archive_is_as_absent_as_none(client: Client, now: dt.datetime) -> None:
    export = ask_for_export(person=of_member(make_user()), now=now)
    Export.objects.filter(pk=export.pk).update(expires_at=now + dt.timedelta(days=3650))
    build_waiting_exports(now=now)
    sign_in(client, make_user())
    assert client.get(f"/my/account/data/copy/{export.public_id}/").status_code == 404
    guest = make_contact_point()
    token = links.sign("data", guest.public_id)
    assert client.get(f"/my/account/data/{token}/{export.public_id}/").status_code == 404


def test_archive_takes_proof(client: Client, now: dt.datetime) -> None:
    user = make_user()
    export = ask_for_export(person=of_member(user), now=now)
    client.force_login(user)
    assert "/my/account/prove/" in client.get(f"/my/account/data/copy/{export.public_id}/")["Location"]
    assert "/my/account/prove/" in client.get("/my/account/data/erase/")["Location"]
    assert "/my/account/prove/" in client.post("/my/account/data/erase/", {"is_sure": "on"})["Location"]
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_spreadsheet_runs_no_formula(value: str) -> None:
    assert _cell(value) == f"'{value}"


def test_member_erases_everything_at_once(client: Client) -> None:
    now = clock.now()
    user = make_user(email="ana@example.org", display_name="Ana M.")
    meeting = make_meeting(capacity=1, signup_policy="sign_up")
    date = next_date(meeting, now)
    create_member_signup(meeting=meeting, user=user, date=date, every=False, now=now)
    waiting = create_member_signup(meeting=meeting, user=make_user(), date=date, every=False, now=now)[0]
    assert waiting.status == "waitlisted"
    sign_in(client, user)
    assert client.post("/my/account/data/erase/", {}).status_code == 422
    assert User.objects.filter(pk=user.pk).exists()
    client.cookies[settings.KNOWN_BROWSER_COOKIE_NAME] = "known"
    response = client.post("/my/account/data/erase/", {"is_sure": "on"})
    assert response["Location"] == "/"
    assert client.cookies[settings.KNOWN_BROWSER_COOKIE_NAME].value == ""
    assert not User.objects.filter(email="ana@example.org").exists()
    assert not EmailAddress.objects.filter(email="ana@example.org").exists()
    assert not ContactPoint.objects.with_value("email", "ana@example.org").exists()
    waiting.refresh_from_db()
    assert waiting.status == "confirmed"
    assert client.get("/my/account/").status_code == 302


def test_past_places_stay_for_the_figures_and_are_nobodys(now: dt.datetime) -> None:
    user = make_user(email="ana@example.org", display_name="Ana M.")
    meeting = make_meeting()
    before = now - dt.timedelta(days=60)
    create_member_signup(meeting=meeting, user=user, date=None, every=True, now=before)
    past = Signup.objects.filter(occurrence__starts_at__lte=now).count()
    assert past > 1
    erase(person=of_member(user), now=now)
    assert Signup.objects.count() == past
    assert Participant.objects.filter(signups__isnull=False).distinct().count() == past
    assert not Participant.objects.exclude(display_name="").exists()
    assert not any("ana" in point.value for point in ContactPoint.objects.all())
    assert not Consent.objects.exists()


def test_old_messages_show_nothing_of_who_was_erased(client: Client, now: dt.datetime) -> None:
    user = make_user()
    create_member_signup(meeting=make_meeting(), user=user, date=None, every=True, now=now - dt.timedelta(days=60))
    old = [links.sign("manage", public_id) for public_id in Signup.objects.values_list("public_id", flat=True)]
    assert {client.get(f"/signups/{token}/").status_code for token in old} == {200}
    erase(person=of_member(user), now=now)
    assert {client.get(f"/signups/{token}/").status_code for token in old} == {410}
    assert {client.get(f"/signups/{token}/calendar.ics").status_code for token in old} == {404}


def test_guest_is_mailed_the_link_to_their_data_on_request(client: Client) -> None:
    point = make_contact_point(value="guest@example.org")
    page = f"/my/account/messages/{links.sign('choices', point.public_id)}/"
    assert "Send me the link" in client.get(page).content.decode()
    answer = client.post(f"{page}data/", follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "We’re sending a new link" in answer.content.decode()
    (message,) = mail.outbox
    assert message.to == ["guest@example.org"]
    assert message.subject == "The link you asked for"
    (path,) = re.findall(r"/my/account/data/\S+/", str(message.body))
    shown = client.get(path).content.decode()
    assert "Erase everything" in shown
    # From there to what comes, by the same link.
    (plan,) = re.findall(r'/my/reminders/[^"]+/', shown)
    assert client.get(plan).status_code == 200


def test_no_more_than_three_such_links_go_out_in_a_day(client: Client) -> None:
    point = make_contact_point()
    ask = f"/my/account/messages/{links.sign('choices', point.public_id)}/data/"
    answers = [client.post(ask, follow=True).content.decode() for _ in range(4)]
    assert len(mail.outbox) == 3
    assert "We sent several today" in answers[3]


def test_link_that_cannot_be_mailed_is_not_said_to_be_on_its_way(client: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    point = make_contact_point()
    ask = f"/my/account/messages/{links.sign('choices', point.public_id)}/data/"
    assert "could not be sent" in client.post(ask, follow=True).content.decode()


def test_member_is_mailed_no_link_that_stands_for_signing_in(client: Client) -> None:
    point = make_contact_point(user=make_user())
    page = f"/my/account/messages/{links.sign('choices', point.public_id)}/"
    assert "Send me the link" not in client.get(page).content.decode()
    assert client.post(f"{page}data/")["Location"] == "/my/account/data/"
    assert mail.outbox == []


def test_guest_reads_copies_and_erases_from_the_link(client: Client) -> None:
    now = clock.now()
    meeting = make_meeting()
    signups = request_guest_signup(
        meeting=meeting,
        date=next_date(meeting, now),
        every=False,
        email="guest@example.org",
        display_name="G.",
        tz="UTC",
        language="en",
        hour_cycle="h12",
        now=now,
    )
    confirm_signups(signup=signups[0], now=now)
    point = ContactPoint.objects.get()
    url = f"/my/account/data/{links.sign('data', point.public_id)}/"
    assert client.get(url).status_code == 200
    client.post(url, {"action": "ask"})
    export = Export.objects.get()
    told = json.loads(archive_of(client.get(f"{url}{export.public_id}/").content)["data.json"])
    assert told["contact_points"][0]["value"] == "guest@example.org"
    assert client.post(url, {"action": "erase"}).status_code == 422
    for _ in range(2):
        # Pressed twice, it says the same twice.
        assert client.post(url, {"action": "erase", "is_sure": "on"})["Location"] == "/"
    assert not ContactPoint.objects.exists()
    assert not Signup.objects.exists()
    assert client.get(url).status_code == 404
    assert client.post("/my/account/data/not-a-token/", {"action": "erase", "is_sure": "on"}).status_code == 404


def test_guest_can_erase_nobody_else(client: Client) -> None:
    mine, other, members = make_contact_point(), make_contact_point(), make_contact_point(user=make_user())
    for purpose in ("confirm", "manage", "unsubscribe", "choices", "keep"):
        path = f"/my/account/data/{links.sign(purpose, other.public_id)}/"
        assert client.post(path, {"action": "erase", "is_sure": "on"}).status_code == 404
    client.post(f"/my/account/data/{links.sign('data', members.public_id)}/", {"action": "erase", "is_sure": "on"})
    client.post(f"/my/account/data/{links.sign('data', mine.public_id)}/", {"action": "erase", "is_sure": "on"})
    assert set(ContactPoint.objects.all()) == {other, members}


def test_erase_pressed_twice_says_the_same(client: Client) -> None:
    sign_in(client, make_user())
    client.post("/my/account/data/erase/", {"is_sure": "on"})
    again = client.post("/my/account/data/erase/", {"is_sure": "on"}, follow=True)
    assert again.status_code == 200
    assert "Everything has been erased." in again.content.decode()


def test_copies_are_limited_and_a_double_click_makes_one(client: Client, settings: Any, monkeypatch: Any) -> None:
    settings.REDIS_URL = "redis://nowhere"
    monkeypatch.setattr("accounts.views.data.build_exports.delay", lambda: None)
    sign_in(client, make_user())
    for _ in range(2):
        client.post("/my/account/data/copy/")
    assert Export.objects.count() == 1
    for _ in range(8):
        client.post("/my/account/data/copy/")
    answer = client.post("/my/account/data/copy/", follow=True)
    assert "many copies today" in answer.content.decode()


def test_copy_tells_of_devices_passkeys_and_messages_and_of_no_secret(client: Client) -> None:
    now = clock.now()
    user = make_user(email="ana@example.org")
    secret = generate_totp_secret()
    sign_in(client, user)
    TOTP.activate(user, secret)
    meeting = make_meeting(name="Tuesday Light")
    create_member_signup(meeting=meeting, user=user, date=next_date(meeting, now), every=False, now=now)
    ask_for_export(person=of_member(user), now=now)
    build_waiting_exports(now=now)
    archive = base64.b64decode(Export.objects.get().archive)
    told = json.loads(archive_of(archive)["data.json"])
    assert [row["kind"] for row in told["second_factors"]] == ["totp"]
    assert len(told["devices"]) == 1
    assert {row["about"] for row in told["messages"]} == {"Tuesday Light"}
    assert "confirmation" in {row["kind"] for row in told["messages"]}
    assert secret not in str(told)


def test_link_of_a_member_does_not_open_their_data(client: Client) -> None:
    point = make_contact_point(user=make_user())
    answer = client.get(f"/my/account/data/{links.sign('data', point.public_id)}/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/my/account/data/"


def test_guest_of_the_same_address_goes_with_the_member(now: dt.datetime) -> None:
    user = make_user(email="ana@example.org")
    make_contact_point(value="ana@example.org")
    other = make_contact_point(value="bea@example.org")
    erase(person=of_member(user), now=now)
    assert list(ContactPoint.objects.all()) == [other]


def test_suppression_outlives_the_person(now: dt.datetime) -> None:
    point = make_contact_point()
    Suppression.objects.create(channel="email", value_hash=point.value_hash, reason="stop")
    erase(person=of_guest(point), now=now)
    assert Suppression.objects.exists()


def test_looking_is_recorded_once_a_day_and_readable(client: Client, now: dt.datetime) -> None:
    user, looker = make_user(), make_user()
    for hours in (0, 1, 24):
        record_access(
            actor=looker,
            about_users=[user.pk, looker.pk],
            action=AccessAction.SAW_ROSTER,
            now=now + dt.timedelta(hours=hours),
        )
    assert AccessRecord.objects.filter(about_user=user).count() == 2
    assert not AccessRecord.objects.filter(about_user=looker).exists()
    client.force_login(user)
    page = client.get("/my/account/data/").content.decode()
    assert page.count("a facilitator saw your name") == 2
    assert looker.display_name not in page


def test_facilitator_opening_the_list_is_recorded_about_members_and_guests(client: Client) -> None:
    now = clock.now()
    facilitator, user = make_user(), make_user()
    meeting = make_meeting(signup_policy="sign_up")
    meeting.facilitators.add(facilitator)
    date = next_date(meeting, now)
    create_member_signup(meeting=meeting, user=user, date=date, every=False, now=now)
    signups = request_guest_signup(
        meeting=meeting,
        date=date,
        every=False,
        email="guest@example.org",
        display_name="",
        tz="UTC",
        language="en",
        hour_cycle="h12",
        now=now,
    )
    confirm_signups(signup=signups[0], now=now)
    client.force_login(facilitator)
    for _ in range(2):
        assert client.get(f"/my/meetings/{meeting.slug}/{date:%Y-%m-%d}/").status_code == 200
    records = AccessRecord.objects.values_list("about_user", "about_contact_point__value_hash", "action")
    guest = ContactPoint.objects.of_guests().get()
    assert set(records) == {(user.pk, None, "saw_roster"), (None, guest.value_hash, "saw_roster")}


def test_staff_looking_at_an_account_is_recorded(client: Client) -> None:
    staff = make_user(is_staff=True, is_superuser=True)
    TOTP.activate(staff, generate_totp_secret())
    user = make_user()
    client.force_login(staff)
    assert client.get(f"/admin/accounts/user/{user.pk}/change/").status_code == 200
    record = AccessRecord.objects.get(about_user=user)
    assert (record.action, record.role) == ("saw_account", "staff")


def test_unconfirmed_accounts_are_forgotten_after_two_days_and_no_others(now: dt.datetime) -> None:
    made_by_command = make_user(email="demo@example.org")
    unconfirmed, confirmed = make_user(email="un@example.org"), make_user(email="con@example.org")
    # Signed in by another way, or whose address was set back to unproven: somebody is there.
    been_here = make_user(email="in@example.org", last_login=now)
    for user in (unconfirmed, been_here):
        EmailAddress.objects.create(user=user, email=user.email, primary=True)
    EmailAddress.objects.create(user=confirmed, email="con@example.org", primary=True, verified=True)
    User.objects.update(joined_at=now)
    assert purge(now=now + dt.timedelta(days=1))[Forgotten.ACCOUNTS] == 0
    assert purge(now=now + dt.timedelta(days=3))[Forgotten.ACCOUNTS] == 1
    assert set(User.objects.all()) == {made_by_command, confirmed, been_here}


def test_devices_go_with_their_sessions_and_no_others(client: Client, now: dt.datetime) -> None:
    sign_in(client, make_user())
    sign_in(Client(), make_user())
    over, lasting = UserSession.objects.order_by("pk")
    Session.objects.filter(session_key=over.session_key).update(expire_date=now - dt.timedelta(seconds=1))
    assert purge(now=now)[Forgotten.SESSIONS] == 1
    assert list(UserSession.objects.all()) == [lasting]


def test_access_records_are_kept_for_their_time(now: dt.datetime) -> None:
    record_access(actor=make_user(), about_users=[make_user().pk], action=AccessAction.SAW_ROSTER, now=now)
    purge(now=now + dt.timedelta(days=729))
    assert AccessRecord.objects.exists()
    purge(now=now + dt.timedelta(days=731))
    assert not AccessRecord.objects.exists()
