"""People not seen for long: told first, and erased a month later unless they show up."""

from __future__ import annotations

import datetime as dt
import re
import smtplib
from typing import Any

import pytest
from anymail.exceptions import AnymailRecipientsRefused
from django.core import mail
from django.test import Client

from accounts import links
from accounts.enums import Purpose
from accounts.models import ContactPoint, IdleNotice, Purge, Suppression, User
from accounts.services.consents import record_consent
from accounts.services.idle import forget_idle
from meetings.enums import SignupStatus
from meetings.models import Coordinator, Participant, Signup, StandingSignup
from tests.factories import (
    make_meeting,
    make_occurrence,
    make_participant,
    make_service_body,
    make_signup,
    make_user,
)
from tests.factories.accounts import make_contact_point

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DAY = dt.timedelta(days=1)
YEAR = 365 * DAY


def idle_member(now: dt.datetime, **fields: Any) -> User:
    user = make_user(**fields)
    User.objects.filter(pk=user.pk).update(joined_at=now - 3 * YEAR, last_login=now - 2 * YEAR)
    user.refresh_from_db()
    return user


def idle_guest(now: dt.datetime, **fields: Any) -> ContactPoint:
    point = make_contact_point(verified_at=now - 2 * YEAR, **fields)
    ContactPoint.objects.filter(pk=point.pk).update(created_at=now - 2 * YEAR)
    point.refresh_from_db()
    return point


def test_idle_member_is_told_in_neutral_words_then_erased(now: dt.datetime) -> None:
    user = idle_member(now, email="ana@example.org", language="es")
    old = make_signup(
        occurrence=make_occurrence(on=dt.date(2024, 1, 9)),
        participant=make_participant(user=user),
        created_at=now - 2 * YEAR,
    )
    ContactPoint.objects.update(created_at=now - 2 * YEAR, verified_at=now - 2 * YEAR)
    assert forget_idle(now=now) == 0
    assert forget_idle(now=now + 29 * DAY) == 0
    (message,) = mail.outbox
    assert message.to == ["ana@example.org"]
    for word in ("meeting", "NA", "Homegroup", "reunión"):
        assert word not in str(message.subject)
    assert "/accounts/login/" in str(message.body)
    assert "17" in str(message.body)
    assert User.objects.filter(pk=user.pk).exists()
    assert forget_idle(now=now + 30 * DAY) == 1
    assert not User.objects.filter(pk=user.pk).exists()
    assert Signup.objects.get() == old
    assert Signup.objects.get().participant.contact_point.is_nobodys
    assert [(each.kind, each.count) for each in Purge.objects.all()] == [("idle_people", 1)]
    assert len(mail.outbox) == 1
    # What stays for the figures is never taken for somebody again.
    assert forget_idle(now=now + 3 * YEAR) == 0
    assert len(mail.outbox) == 1


def test_idle_guest_is_told_in_their_language_and_erased(now: dt.datetime) -> None:
    point = idle_guest(now, value="quim@example.org")
    make_participant(contact_point=point, language="es")
    forget_idle(now=now)
    (message,) = mail.outbox
    assert "/my/account/keep/" in str(message.body)
    assert '<html lang="es">' in str(message.message())
    assert forget_idle(now=now + 31 * DAY) == 1
    assert not ContactPoint.objects.exists()
    assert not Participant.objects.exists()


def test_idle_guest_who_never_signed_up_is_told_in_the_sites_language(now: dt.datetime, settings: Any) -> None:
    settings.LANGUAGE_CODE = "es"
    idle_guest(now)
    forget_idle(now=now)
    (message,) = mail.outbox
    assert '<html lang="es">' in str(message.message())


@pytest.mark.parametrize("refusal", [smtplib.SMTPRecipientsRefused({}), AnymailRecipientsRefused()])
def test_one_bad_address_keeps_nobody_else_from_the_notice(
    now: dt.datetime, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    idle_member(now, email="bad@example.org")
    idle_member(now, email="good@example.org")
    real = mail.EmailMessage.send

    def send(message: mail.EmailMessage, fail_silently: bool = False) -> int:
        if message.to == ["bad@example.org"]:
            raise refusal
        return real(message, fail_silently)

    monkeypatch.setattr(mail.EmailMessage, "send", send)
    assert forget_idle(now=now) == 0
    assert [message.to for message in mail.outbox] == [["good@example.org"]]
    # Who was not told is not forgotten.
    assert IdleNotice.objects.count() == 1


def test_member_who_signs_in_after_the_notice_stays(now: dt.datetime) -> None:
    user = idle_member(now)
    forget_idle(now=now)
    User.objects.filter(pk=user.pk).update(last_login=now + DAY)
    assert forget_idle(now=now + 31 * DAY) == 0
    assert not IdleNotice.objects.exists()
    # And is told anew when it is a year again, not erased at once.
    assert forget_idle(now=now + YEAR) == 0
    assert len(mail.outbox) == 2


def test_nobody_told_is_erased_before_a_period_made_longer_meanwhile_is_over(now: dt.datetime, settings: Any) -> None:
    user = idle_member(now)
    forget_idle(now=now)
    assert IdleNotice.objects.filter(user=user).exists()
    settings.RETENTION = settings.RETENTION | {"idle": 3 * YEAR}
    assert forget_idle(now=now + 31 * DAY) == 0
    assert User.objects.filter(pk=user.pk).exists()
    assert forget_idle(now=now + YEAR + DAY) == 1


def test_guest_says_keep_it_from_the_link(client: Client, now: dt.datetime) -> None:
    idle_guest(now)
    forget_idle(now=now)
    (path,) = re.findall(r"/my/account/keep/\S+/", str(mail.outbox[0].body))
    assert "Keep them" in client.get(path).content.decode()
    assert IdleNotice.objects.exists()
    for _ in range(2):
        assert client.post(path).status_code == 302
    assert not IdleNotice.objects.exists()
    assert forget_idle(now=now + 31 * DAY) == 0
    assert ContactPoint.objects.exists()


@pytest.mark.parametrize(
    "why", ["coming", "standing", "recent", "asked", "runs", "coordinates", "staff", "superuser", "said", "as_guest"]
)
def test_whoever_is_needed_or_was_here_is_never_touched(now: dt.datetime, why: str) -> None:
    user = idle_member(now, is_staff=why == "staff", is_superuser=why == "superuser")
    point = make_contact_point(user=user, verified_at=now - 2 * YEAR)
    participant = make_participant(user=user, contact_point=point)
    ContactPoint.objects.update(created_at=now - 2 * YEAR)
    long_ago = {"participant": participant, "created_at": now - 2 * YEAR}
    meeting = make_meeting()
    if why == "coming":
        make_signup(occurrence=make_occurrence(on=dt.date(2027, 1, 5)), **long_ago)
    elif why == "standing":
        StandingSignup.objects.create(
            meeting=meeting, participant=participant, created_at=now - 2 * YEAR, confirmed_at=now - 2 * YEAR
        )
    elif why == "recent":
        make_signup(occurrence=make_occurrence(on=dt.date(2026, 3, 3)), **long_ago)
    elif why == "asked":
        make_signup(
            participant=participant, created_at=now - DAY, status=SignupStatus.CANCELLED, cancelled_at=now - DAY
        )
    elif why == "runs":
        meeting.facilitators.add(user)
    elif why == "coordinates":
        Coordinator.objects.create(service_body=make_service_body(), user=user, since=now - 2 * YEAR)
    elif why == "said":
        record_consent(
            contact_point=point, purpose=Purpose.REMINDERS, is_given=False, wording="x", source="test", now=now - DAY
        )
    elif why == "as_guest":
        guest = make_contact_point(value=user.email, verified_at=now - DAY)
        ContactPoint.objects.filter(pk=guest.pk).update(created_at=now - DAY)
    for day in (0, 31, 32):
        assert forget_idle(now=now + day * DAY) == 0
    assert mail.outbox == []
    assert User.objects.filter(pk=user.pk).exists()


def test_somebody_idle_for_less_is_left_alone(now: dt.datetime) -> None:
    user = idle_member(now)
    User.objects.filter(pk=user.pk).update(last_login=now - YEAR + 31 * DAY)
    guest = make_contact_point(verified_at=None)
    ContactPoint.objects.filter(pk=guest.pk).update(
        created_at=now - 2 * YEAR
    )  # the unconfirmed have a rule of their own
    assert forget_idle(now=now) == 0
    assert mail.outbox == []
    assert forget_idle(now=now + 2 * DAY) == 0
    assert len(mail.outbox) == 1


def test_nobody_is_erased_untold_while_mail_cannot_go_out(now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    idle_member(now)
    idle_guest(now)

    def refuse(self: object, messages: object) -> int:
        raise smtplib.SMTPServerDisconnected("gone")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        assert forget_idle(now=now) == 0
    assert not IdleNotice.objects.exists()
    forget_idle(now=now + 40 * DAY)
    assert (len(mail.outbox), User.objects.count()) == (2, 1)


def test_suppressed_address_gets_no_notice(now: dt.datetime) -> None:
    point = idle_guest(now)
    Suppression.objects.create(channel="email", value_hash=point.value_hash, reason="bounce")
    forget_idle(now=now)
    assert mail.outbox == []
    assert forget_idle(now=now + 31 * DAY) == 1
    assert Suppression.objects.exists()


def test_guest_who_asks_for_their_data_is_still_here(client: Client, now: dt.datetime) -> None:
    point = idle_guest(now)
    forget_idle(now=now)
    client.post(f"/my/account/messages/{links.sign('choices', point.public_id)}/data/")
    assert not IdleNotice.objects.exists()
    assert forget_idle(now=now + 31 * DAY) == 0
