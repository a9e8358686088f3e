"""What the law asks of a clinic or a treatment programme: agreements before channels open, notices, disclosures."""

from __future__ import annotations

import datetime as dt
import io
import uuid
import zipfile
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.models import Disclosure, VendorAgreement
from accounts.organisation import notice
from accounts.person import of_member
from accounts.queries import closed_channels
from accounts.services import exports
from accounts.services.agreements import end_agreement, record_agreement
from meetings.reminders.services.deliver import claim
from tests.factories import make_reminder, make_user

pytestmark = pytest.mark.django_db
SIGNED = dt.date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _email_leaves(settings: Any) -> None:
    settings.EMAIL_PROVIDER = "postmark"
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.SMS_PROVIDER = "twilio"


def agree(channel: str, vendor: str, now: dt.datetime) -> VendorAgreement:
    return record_agreement(channel=channel, vendor=vendor, agreed_on=SIGNED, reference="folder 3", actor=None, now=now)


def test_peers_need_no_agreement() -> None:
    assert closed_channels() == set()


@pytest.mark.parametrize("profile", ["clinical", "part2"])
def test_channel_opens_with_the_agreement_and_closes_with_its_end(
    settings: Any, now: dt.datetime, profile: str
) -> None:
    settings.ORGANISATION_PROFILE = profile
    assert closed_channels() == {"email", "sms", "push"}
    agreement = agree("email", " Postmark ", now)
    agree("sms", "vonage", now)  # not the one in use
    assert closed_channels() == {"sms", "push"}
    end_agreement(agreement=agreement, now=now)
    assert closed_channels() == {"email", "sms", "push"}


def test_the_page_of_what_is_kept_follows_the_settings(client: Client, settings: Any) -> None:
    page = client.get("/privacy/").content.decode()
    assert "forgotten after 2 days" in page
    assert "seen you for 12 months" in page
    assert "kept for you for 24 months" in page
    settings.RETENTION = settings.RETENTION | {"unconfirmed": dt.timedelta(days=1), "idle": dt.timedelta(days=183)}
    settings.RETENTION_ATTENDANCE = None
    settings.ORGANISATION_PROFILE = "part2"
    page = client.get("/privacy/").content.decode()
    assert "forgotten after 1 day," in page
    assert "seen you for 6 months" in page
    assert "kept for as long as you’re here" in page
    assert "42 CFR part 2" in page


def test_what_leaves_nothing_needs_no_agreement(settings: Any) -> None:
    settings.ORGANISATION_PROFILE = "part2"
    settings.EMAIL_BACKEND = "support.messaging.outbox.EmailBackend"
    settings.SMS_PROVIDER = "outbox"
    assert closed_channels() == {"push"}


def test_agreement_recorded_twice_is_one_and_a_newer_one_follows(now: dt.datetime) -> None:
    first = agree("email", "postmark", now)
    assert agree("email", "postmark", now) == first
    record_agreement(
        channel="email", vendor="postmark", agreed_on=now.date(), reference="folder 4", actor=None, now=now
    )
    assert list(VendorAgreement.objects.in_force().values_list("reference", flat=True)) == ["folder 4"]
    assert VendorAgreement.objects.count() == 2


def test_agreements_with_two_vendors_of_one_channel_stand_side_by_side(now: dt.datetime) -> None:
    for vendor in ("postmark", "mailgun"):
        agree("email", vendor, now)
    assert set(VendorAgreement.objects.in_force().values_list("vendor", flat=True)) == {"postmark", "mailgun"}


def test_an_agreement_ends_once(now: dt.datetime) -> None:
    agreement = agree("email", "postmark", now)
    for days in range(2):
        end_agreement(agreement=agreement, now=now + dt.timedelta(days=days))
    assert VendorAgreement.objects.get().ended_at == now


def test_nothing_is_sent_by_a_closed_channel_and_all_of_it_once_it_opens(settings: Any, now: dt.datetime) -> None:
    settings.ORGANISATION_PROFILE = "clinical"
    reminder = make_reminder(due_at=now, deadline_at=now + dt.timedelta(hours=1))
    assert claim(now=now, token=uuid.uuid4()) == []
    agree("email", "postmark", now)
    assert claim(now=now, token=uuid.uuid4()) == [reminder.pk]


@pytest.fixture
def staff(client: Client) -> Client:
    user = make_user(is_staff=True, is_superuser=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    client.force_login(user)
    return client


def test_staff_read_why_a_channel_is_closed(staff: Client, settings: Any) -> None:
    settings.ORGANISATION_PROFILE = "part2"
    assert "no agreement with postmark is on record" in staff.get(reverse("reminders:watch_channels")).content.decode()


def test_staff_record_an_agreement_and_end_it(staff: Client) -> None:
    given = {"channel": "email", "vendor": "Postmark", "agreed_on": "2026-11-01", "reference": "folder 3"}
    assert staff.post(reverse("admin:accounts_vendoragreement_add"), given).status_code == 302
    agreement = VendorAgreement.objects.get()
    assert (agreement.vendor, agreement.recorded_by is None, agreement.ended_at) == ("postmark", False, None)
    chosen = {"action": "end", "_selected_action": [agreement.pk]}
    assert staff.post(reverse("admin:accounts_vendoragreement_changelist"), chosen).status_code == 302
    assert not VendorAgreement.objects.in_force().exists()


def test_what_was_told_outside_is_on_record_for_whom_it_concerns(staff: Client, client: Client) -> None:
    user = make_user()
    given = {
        "about_user": user.pk,
        "about_contact_point": "",
        "disclosed_on": "2026-11-02",
        "recipient": "The court in River City",
        "what": "Attendance in October",
        "purpose": "A court order",
    }
    assert staff.post(reverse("admin:accounts_disclosure_add"), given).status_code == 302
    own = Client()
    own.force_login(user)
    page = own.get(reverse("accounts:data")).content.decode()
    assert "The court in River City" in page
    assert "Attendance in October" in page
    another = Client()
    another.force_login(make_user())
    assert "River City" not in another.get(reverse("accounts:data")).content.decode()
    user.delete()
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("peer", ""),
        ("clinical", "These records are confidential health information."),
        ("part2", "42 CFR part 2 prohibits unauthorized use or disclosure of these records."),
    ],
)
def test_a_copy_of_records_carries_the_notice(settings: Any, now: dt.datetime, profile: str, words: str) -> None:
    settings.ORGANISATION_PROFILE = profile
    user = make_user()
    Disclosure.objects.create(
        about_user=user, disclosed_on=SIGNED, recipient="The court", what="Attendance", purpose="", recorded_at=now
    )
    export = exports.ask_for_export(person=of_member(user), now=now)
    exports.build_waiting_exports(now=now)
    export.refresh_from_db()
    archive = zipfile.ZipFile(io.BytesIO(exports.base64.b64decode(export.archive)))
    assert words in archive.read("README.txt").decode()
    assert bool(notice()) is bool(words)
    assert "The court" in archive.read("disclosures.csv").decode()
