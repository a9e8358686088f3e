"""What a coordinator writes for someone's first time reaches those who come for the first time, and who may know it."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.models import User
from meetings.enums import MeetingKind, SignupPolicy, SignupStatus
from meetings.models import Coordinator, Meeting, Participant, Signup
from meetings.reminders import queries
from meetings.reminders.enums import ReminderKind
from meetings.reminders.rendering import Renderer
from support.messaging import Letter
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.unit.test_import_command import PAYLOADS, rewrite
from tests.web.test_roles import as_shown

pytestmark = pytest.mark.django_db

WORDS = {
    "first_time_expect": "We read for ten minutes; nobody has to speak.",
    "first_time_entrance": "The side door on Elm Street, second bell.",
    "first_time_greeter": "Someone with a blue cup.",
}
TUESDAY, WEEK = dt.date(2026, 11, 24), dt.timedelta(days=7)
HINT = {"en": "Your first time?", "es": "¿Es tu primera vez?"}


def place(on: dt.date = TUESDAY, participant: Participant | None = None, **fields: Any) -> Signup:
    """Give somebody a date of the one meeting there is, made with `fields` where there is none."""
    fields = {"slug": "evening-light", "name": "Evening Light", "signup_policy": SignupPolicy.SIGN_UP, **WORDS} | fields
    status = fields.pop("status", SignupStatus.CONFIRMED)
    meeting = Meeting.objects.first() or make_meeting(**fields)
    return make_signup(
        occurrence=make_occurrence(meeting=meeting, on=on),
        participant=participant or make_participant(),
        status=status,
    )


def letter(signup: Signup, kind: ReminderKind = ReminderKind.CONFIRMATION) -> Letter:
    row = make_reminder(signup=signup, kind=kind, contact_point=signup.participant.contact_point)
    (loaded,) = queries.to_send([row.pk])
    message = Renderer().render(loaded, now=NOW).message
    assert isinstance(message, Letter)
    return message


def page_of(signup: Signup) -> str:
    path = reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)])
    return Client().get(path).content.decode()


@pytest.mark.parametrize("kind", [ReminderKind.CONFIRMATION, ReminderKind.REMINDER])
@pytest.mark.parametrize("policy", list(SignupPolicy))
@pytest.mark.parametrize("language", ["en", "es"])
def test_first_date_says_that_the_link_tells_more_and_nothing_of_it(
    kind: ReminderKind, policy: SignupPolicy, language: str
) -> None:
    said = letter(place(signup_policy=policy, participant=make_participant(language=language)), kind)
    for body in (said.text, said.html):
        assert body.count(HINT[language]) == 1
        assert not any(words in body for words in (*WORDS.values(), "Evening Light", "Elm Street"))


def test_later_dates_say_nothing_of_a_first_time() -> None:
    guest = make_participant()
    place(participant=guest)
    later = place(TUESDAY + WEEK, participant=guest)
    assert HINT["en"] not in letter(later).text + letter(later, ReminderKind.REMINDER).text


def test_date_that_was_given_back_was_no_first_time() -> None:
    guest = make_participant()
    given_back = place(participant=guest)
    Signup.objects.filter(pk=given_back.pk).update(status=SignupStatus.CANCELLED, cancelled_at=NOW)
    assert HINT["en"] in letter(place(TUESDAY + WEEK, participant=guest)).text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ((), ""),
        (("first_time_expect",), "what to expect."),
        (("first_time_entrance",), "which door to use."),
        (("first_time_greeter",), "what to expect."),
        (tuple(WORDS), "what to expect and which door to use."),
    ],
)
def test_message_promises_what_the_page_says_and_no_more(written: tuple[str, ...], said: str) -> None:
    fields: dict[str, Any] = {name: WORDS[name] if name in written else "" for name in WORDS}
    signup = place(**fields)
    words = letter(signup).text
    assert (HINT["en"] in words) == bool(said)
    assert said in words
    page = page_of(signup)
    assert [name for name in WORDS if WORDS[name] in page] == [name for name in WORDS if name in written]
    assert ("Your first time?" in page) == bool(said)


def test_page_of_a_place_opens_it_the_first_time_and_folds_it_later() -> None:
    guest = make_participant()
    first, later = place(participant=guest), place(TUESDAY + WEEK, participant=guest)
    assert '<details class="disclosure" open>\n    <summary>Your first time?' in page_of(first)
    assert '<details class="disclosure">\n    <summary>Your first time?' in page_of(later)


@pytest.mark.parametrize(
    ("status", "is_told"),
    [(SignupStatus.CONFIRMED, True), (SignupStatus.WAITLISTED, False), (SignupStatus.PENDING, False)],
)
def test_door_of_a_family_session_is_told_to_who_has_a_place_and_to_nobody_else(status: str, is_told: bool) -> None:
    signup = place(kind=MeetingKind.FAMILY_SESSION, status=status)
    assert (WORDS["first_time_entrance"] in page_of(signup)) == is_told
    assert WORDS["first_time_entrance"] not in Client().get("/meetings/evening-light/").content.decode()


def test_everyone_reads_it_on_the_page_of_a_meeting_that_is_no_family_session() -> None:
    place()
    page = Client().get("/meetings/evening-light/").content.decode()
    assert [name for name in WORDS if WORDS[name] in page] == list(WORDS)


def coordinator_of(meeting: Meeting) -> User:
    user = make_user()
    Coordinator.objects.create(service_body=meeting.service_body, user=user, since=NOW)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    return user


def test_coordinator_writes_it_and_saving_again_keeps_it(client: Client) -> None:
    meeting = make_meeting(slug="evening-light")
    client.force_login(coordinator_of(meeting))
    assert client.post("/my/listings/evening-light/", as_shown(client) | WORDS).status_code == 302
    assert client.post("/my/listings/evening-light/", as_shown(client)).status_code == 302
    assert Meeting.objects.values(*WORDS).get() == WORDS


def test_no_import_wipes_it(tmp_path: Path) -> None:
    feed = Path(shutil.copy(PAYLOADS / "guide-oddities.json", tmp_path / "river.json"))
    call_command("import_meetings", str(feed))
    Meeting.objects.update(**WORDS)
    rewrite(feed, lambda rows: rows[0].update(name="Plain Tuesday", day=2))
    call_command("import_meetings", str(feed))
    assert Meeting.objects.get(source_id="plain-monday").name == "Plain Tuesday"
    assert list(Meeting.objects.values(*WORDS).distinct()) == [WORDS]
