"""A meeting that withholds its link tells only who has a place how to join, whatever page or file they open."""

from __future__ import annotations

import base64
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.person import of_member
from accounts.services.exports import ask_for_export, build_waiting_exports
from meetings.enums import Attendance, MeetingKind, OccurrenceStatus, SignupPolicy, SignupStatus, VenueType
from meetings.models import Meeting, Occurrence, OccurrenceChange, Signup
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.reminders.rendering import Renderer
from meetings.services.calendar_addresses import renew_calendar_address
from support import clock
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.web.test_crawler import Crawler

pytestmark = pytest.mark.django_db

#: Whatever says how to join: no two alike, and none like anything else on a page.
SECRETS = {
    "conference_url": "https://video.example.org/j/zq7xlink",
    "conference_url_notes": "passcode zq7xcode",
    "conference_phone": "+1 202 555 0177,,79217#",
    "conference_phone_notes": "then zq7xpin",
}
#: However it is written; four digits alone stand in a random token now and then.
TRACES = ("zq7x", "video.example.org", "555 0177", "555-0177", "5550177", "79217")
WITHOUT_A_PLACE = [status for status in SignupStatus if status != SignupStatus.CONFIRMED]


@pytest.fixture
def session() -> Meeting:
    return make_meeting(
        kind=MeetingKind.FAMILY_SESSION,
        venue_type=VenueType.HYBRID,
        signup_policy=SignupPolicy.SIGN_UP,
        name="Saturday Table",
        **SECRETS,
    )


def a_place(session: Meeting, status: SignupStatus, *, is_member: bool) -> Signup:
    participant = make_participant(**({"user": make_user()} if is_member else {}))
    cancelled_at = NOW if status == SignupStatus.CANCELLED else None
    return make_signup(
        occurrence=make_occurrence(meeting=session), participant=participant, status=status, cancelled_at=cancelled_at
    )


class Reader(Client):
    """A browser that notes the addresses that say how to join."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def get(self, path: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().get(path, *args, **kwargs)
        body = answer.getvalue().decode(errors="replace") + str(answer.headers)
        if any(trace in body for trace in TRACES):
            self.told.append(path)
        return answer


def pages_of(signup: Signup) -> list[str]:
    """Return where somebody with this place starts from: the site, and every link that a message brings them."""
    participant, now = signup.participant, clock.now()
    point = participant.contact_point
    starts = ["/", signup.occurrence.meeting.get_absolute_url()]
    starts += [
        reverse(f"meetings:{name}", args=[links.sign(purpose, signup.public_id)])
        for name, purpose in (
            ("signup_confirm", "confirm"),
            ("signup_manage", "manage"),
            ("signup_calendar", "manage"),
        )
    ]
    for name, purpose in (("accounts:messages_by_link", "choices"), ("reminders:unsubscribe", "unsubscribe")):
        starts.append(reverse(name, args=[links.sign(purpose, point.public_id)]))
    if participant.user is None:
        starts.append(reverse("accounts:data_by_link", args=[links.sign("data", point.public_id)]))
        return starts
    starts += ["/my/meetings/", "/my/account/data/"]
    address = renew_calendar_address(user=participant.user, now=now)
    return [*starts, reverse("meetings:my_calendar", args=[address.token])]


def told_to(signup: Signup) -> list[str]:
    """Return the addresses that tell somebody with this place how to join, of all that they can come to."""
    reader = Reader()
    if signup.participant.user is not None:
        reader.force_login(signup.participant.user)
    crawler = Crawler(reader)
    crawler.walk(pages_of(signup))
    assert crawler.figures["addresses"] > 10
    return reader.told


@pytest.mark.parametrize("is_member", [True, False], ids=["member", "guest"])
@pytest.mark.parametrize("status", WITHOUT_A_PLACE)
def test_nobody_without_a_place_is_told_how_to_join(session: Meeting, status: SignupStatus, is_member: bool) -> None:
    signup = a_place(session, status, is_member=is_member)
    OccurrenceChange.objects.create(
        occurrence=signup.occurrence,
        schedule_seq=1,
        old_starts_at=signup.occurrence.starts_at,
        new_starts_at=signup.occurrence.starts_at,
        message="Another link today: https://video.example.org/j/2",
        created_at=NOW,
    )
    assert told_to(signup) == []


@pytest.mark.parametrize("attendance", ["", *Attendance])
@pytest.mark.parametrize("is_member", [True, False], ids=["member", "guest"])
def test_who_has_a_place_finds_the_link_on_its_page(session: Meeting, is_member: bool, attendance: str) -> None:
    signup = a_place(session, SignupStatus.CONFIRMED, is_member=is_member)
    # Who came in may have to come in again.
    signup.attendance = attendance
    signup.save()
    page = reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)])
    asked = reverse("meetings:signup_confirm", args=[links.sign("confirm", signup.public_id)])
    # The link that asked to confirm leads to the page, once that is done.
    assert set(told_to(signup)) - {asked} == {page, *(["/my/meetings/"] if is_member else [])}


@pytest.mark.parametrize("why", ["cancelled", "over"])
def test_a_link_serves_the_next_date_so_it_goes_when_one_is_over_or_off(session: Meeting, why: str) -> None:
    signup = a_place(session, SignupStatus.CONFIRMED, is_member=True)
    date = Occurrence.objects.filter(pk=signup.occurrence_id)
    if why == "cancelled":
        date.update(status=OccurrenceStatus.CANCELLED)
    else:
        date.update(starts_at=NOW - dt.timedelta(hours=2), ends_at=NOW)
    signup.refresh_from_db()
    assert told_to(signup) == []


def messages_about(signup: Signup) -> Iterator[str]:
    """Yield each message, in whole, that there could be about a place, in the wording that says the most."""
    for kind in ReminderKind:
        for channel in ("email", "sms", "push"):
            row = make_reminder(signup=signup, kind=kind, channel=channel)
            loaded = Reminder.objects.select_related("contact_point").get(pk=row.pk)
            yield f"{Renderer().render(loaded, now=NOW).message!r}"


@pytest.mark.parametrize("status", list(SignupStatus))
def test_no_message_says_how_to_join(session: Meeting, status: SignupStatus) -> None:
    signup = a_place(session, status, is_member=False)
    assert [words for words in messages_about(signup) if any(trace in words for trace in TRACES)] == []


def test_no_copy_of_ones_data_says_how_to_join(session: Meeting) -> None:
    participant = a_place(session, SignupStatus.WAITLISTED, is_member=True).participant
    assert participant.user is not None
    export = ask_for_export(person=of_member(participant.user), now=NOW)
    build_waiting_exports(now=NOW)
    export.refresh_from_db()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(export.archive))) as archive:
        told = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert session.name in told
    assert not any(trace in told for trace in TRACES)


@pytest.mark.parametrize("words", ["zq7xlink", "video.example.org", "zq7xcode", "0177", "zq7xpin"])
def test_no_search_finds_a_meeting_by_how_it_is_joined(session: Meeting, words: str) -> None:
    assert session.name in Client().get("/meetings/", {"q": "Saturday"}).content.decode()
    assert session.name not in Client().get("/meetings/", {"q": words}).content.decode()
