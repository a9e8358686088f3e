"""`add_facilitator`: how the first facilitators come to be, on the command line."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from meetings.models import Meeting
from tests.factories import make_meeting, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(slug="evening-light", tz="America/Chicago")


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("add_facilitator", *words, stdout=out)
    return out.getvalue()


def test_somebody_with_an_account_runs_the_meeting_from_now_on(meeting: Meeting) -> None:
    user = make_user(email="ana@example.org")
    for _twice in range(2):
        said = run(" Ana@Example.org", "evening-light")
    assert list(meeting.facilitators.all()) == [user]
    assert said == "That person runs evening-light now. They sign in with their address, by an emailed code.\n"


def test_somebody_new_gets_an_account_that_only_a_code_opens(meeting: Meeting) -> None:
    run("Ana@example.org", "evening-light")
    user = User.objects.get()
    assert (user.email, user.tz, user.is_staff) == ("ana@example.org", "America/Chicago", False)
    assert not user.has_usable_password()
    assert list(meeting.facilitators.all()) == [user]


def test_the_whole_address_of_a_meeting_names_it_as_well(meeting: Meeting) -> None:
    run("ana@example.org", "https://meetings.example.org/meetings/evening-light/")
    assert meeting.facilitators.count() == 1


def test_it_is_taken_back_from_that_person_alone(meeting: Meeting) -> None:
    user, other = make_user(email="ana@example.org"), make_user()
    meeting.facilitators.add(user, other)
    for _twice in range(2):
        assert run("ana@example.org", "evening-light", "--remove") == "That person no longer runs evening-light.\n"
    assert list(meeting.facilitators.all()) == [other]


def test_taking_it_back_from_a_stranger_makes_no_account(meeting: Meeting) -> None:
    run("ana@example.org", "evening-light", "--remove")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ana.example.org", "evening-light"), "EMAIL is not an email address."),
        (("ana@example.org", "no-such-meeting"), "There is no meeting no-such-meeting."),
    ],
)
def test_what_names_nothing_is_refused_and_makes_nobody(
    meeting: Meeting, words: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(CommandError, match=complaint):
        run(*words)
    assert not User.objects.exists()
