"""The pages of signing up: each speaks of what was asked for, says what is so, and takes back what was a mistake."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts import links
from meetings.enums import Held, MeetingKind, SignupPolicy, SignupStatus
from meetings.models import Meeting, Signup, StandingSignup
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.services import signups as services
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup, make_user
from tests.helpers.words import OF_PLACES

pytestmark = pytest.mark.django_db

DATE = "2026-11-24"
LANGUAGES = ["en", "es"]
MINUTE = dt.timedelta(minutes=1)


def read(answer: Any) -> str:
    """Return the words of a page's own part, without the frame that all pages have."""
    found = re.search(r"<main.*?</main>", answer.content.decode(), re.DOTALL)
    assert found
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[0])).split())


def lede(answer: Any) -> str:
    found = re.search(r'<p class="lede">(.*?)</p>', answer.content.decode(), re.DOTALL)
    assert found
    return html.unescape(found[1])


def link(name: str, signup: Signup) -> str:
    purpose = "confirm" if name == "signup_confirm" else "manage"
    return reverse(f"meetings:{name}", args=[links.sign(purpose, signup.public_id)])


def ask(client: Client, meeting: Meeting, **fields: str) -> Any:
    posted = {"when": DATE, "email": "guest@example.org"} | fields
    return client.post(reverse("meetings:sign_up", args=[meeting.slug]), posted)


def in_language(language: str) -> Client:
    return Client(headers={"accept-language": language})


# -- words of their own ----------------------------------------------------------------------------------------------


def all_pages_of(client: Client, meeting: Meeting) -> dict[str, str]:
    """Ask, confirm, stop one and stop all; return what each page on the way says."""
    pages = {
        "form": read(client.get(reverse("meetings:sign_up", args=[meeting.slug]))),
        "refused": read(ask(client, meeting, email="nobody")),
        "requested": read(client.get(ask(client, meeting, when="every").url)),
    }
    first, second = Signup.objects.order_by("occurrence__starts_at")[:2]
    pages["again"] = read(client.post(reverse("meetings:signup_requested"), follow=True))
    pages["confirm"] = read(client.get(link("signup_confirm", first)))
    pages["pending"] = read(client.get(link("signup_manage", first)))
    pages["confirmed"] = read(client.post(link("signup_confirm", first), follow=True))
    pages["stopped"] = read(client.post(link("signup_cancel", first), follow=True))
    pages["back"] = read(client.post(link("signup_restore", first), follow=True))
    pages["all stopped"] = read(client.post(link("signup_cancel", first), {"all": "1"}, follow=True))
    pages["all back"] = read(client.post(link("signup_restore", first), follow=True))
    cancel_occurrence(occurrence=second.occurrence, now=NOW)
    pages["date canceled"] = read(client.get(link("signup_manage", second)))
    pages["dead link"] = read(client.get(reverse("meetings:signup_manage", args=["nonsense"])))
    with time_machine.travel(NOW + dt.timedelta(days=1)):
        pages["over"] = read(client.get(link("signup_manage", first)))
    return pages


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_a_reminder_speaks_of_places(language: str) -> None:
    said = all_pages_of(in_language(language), make_meeting(name="Evening Light", venue=None))
    assert {name: words for name, words in said.items() if OF_PLACES.search(words)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_a_place_speak_of_it(language: str) -> None:
    meeting = make_meeting(name="Evening Light", venue=None, signup_policy=SignupPolicy.SIGN_UP)
    said = all_pages_of(in_language(language), meeting)
    silent = {name for name, words in said.items() if not OF_PLACES.search(words)}
    # What is so whatever was asked for.
    assert silent <= {"refused", "requested", "again", "pending", "date canceled", "dead link", "over"}, said


#: What "My meetings" says to everyone, whatever they have.
OF_ALL = re.compile(
    r"no meeting, no place, no name|When you sign up for a meeting or ask for a reminder"
    r"|ni reunión, ni lugar, ni nombre|Cuando te inscribas en una reunión, o pidas un recordatorio"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_member_reads_of_a_reminder_speaks_of_no_place(language: str) -> None:
    client, member = in_language(language), make_user(language=language)
    client.force_login(member)
    meeting = make_meeting(name="Evening Light", venue=None)
    own = read(client.post(reverse("meetings:sign_up", args=[meeting.slug]), {"when": "every"}, follow=True))
    plan = read(client.get(reverse("reminders:plan")))
    first = Signup.objects.order_by("occurrence__starts_at")[0]
    stopped = read(client.post(reverse("meetings:my_signup_cancel", args=[first.public_id]), follow=True))
    standing = StandingSignup.objects.get()
    ended = read(client.post(reverse("meetings:my_standing_end", args=[standing.public_id]), follow=True))
    for words in (own, plan, stopped, ended):
        assert not OF_PLACES.search(OF_ALL.sub("", words)), words


@pytest.mark.parametrize(
    ("kind", "policy", "status", "held"),
    [
        (MeetingKind.NA_MEETING, SignupPolicy.DROP_IN, SignupStatus.CONFIRMED, Held.REMINDER),
        (MeetingKind.NA_MEETING, SignupPolicy.DROP_IN, SignupStatus.CANCELLED, Held.REMINDER),
        (MeetingKind.NA_MEETING, SignupPolicy.SIGN_UP, SignupStatus.CONFIRMED, Held.PLACE),
        (MeetingKind.NA_MEETING, SignupPolicy.SIGN_UP, SignupStatus.PENDING, Held.PLACE),
        (MeetingKind.NA_MEETING, SignupPolicy.SIGN_UP, SignupStatus.WAITLISTED, Held.WAIT),
        (MeetingKind.FAMILY_SESSION, SignupPolicy.DROP_IN, SignupStatus.CONFIRMED, Held.PLACE),
    ],
)
def test_what_is_held_follows_from_the_meeting_and_the_status(
    kind: MeetingKind, policy: SignupPolicy, status: SignupStatus, held: Held
) -> None:
    occurrence = make_occurrence(meeting=make_meeting(kind=kind, signup_policy=policy))
    cancelled_at = NOW if status == SignupStatus.CANCELLED else None
    assert make_signup(occurrence=occurrence, status=status, cancelled_at=cancelled_at).held == held


def test_nobody_waits_for_a_reminder() -> None:
    meeting = make_meeting(capacity=1)
    date = dt.date.fromisoformat(DATE)
    made = [
        services.create_member_signup(meeting=meeting, user=make_user(), date=date, every=False, now=NOW)[0]
        for _ in range(2)
    ]
    assert [signup.status for signup in made] == [SignupStatus.CONFIRMED] * 2


def test_whoever_waits_is_offered_to_leave_the_line_and_no_calendar_entry(client: Client) -> None:
    occurrence = make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1))
    waiting = make_signup(occurrence=occurrence, status=SignupStatus.WAITLISTED)
    words = read(client.get(link("signup_manage", waiting)))
    assert "Leave the waitlist" in words
    assert "Give this place back" not in words
    assert "Add to a calendar" not in words
    assert "off the waitlist" in read(client.post(link("signup_cancel", waiting), follow=True))


# -- every time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", list(SignupPolicy))
def test_every_time_is_confirmed_as_such(client: Client, policy: SignupPolicy) -> None:
    ask(client, make_meeting(signup_policy=policy), when="every")
    first = Signup.objects.order_by("occurrence__starts_at")[0]
    for answer in (client.get(link("signup_confirm", first)), client.post(link("signup_confirm", first), follow=True)):
        assert "Every Tuesday at 7:00\u00a0PM (New York time), until you cancel" in html.unescape(
            answer.content.decode()
        )
    ask(client, make_meeting(signup_policy=policy), email="other@example.org")
    once = Signup.objects.latest("pk")
    assert "until you cancel" not in read(client.get(link("signup_confirm", once)))


# -- what is so ------------------------------------------------------------------------------------------------------

OPEN_WORDS = re.compile("You can just come|Keep a place for yourself")


@pytest.mark.parametrize("policy", list(SignupPolicy))
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_temporarily_closed": True}, "This meeting is closed for now."),
        (
            {"rrule": "", "starts_on": None, "start_time": None},
            "This meeting is by appointment: it has no fixed dates.",
        ),
        ({"rrule": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20260201"}, "No more dates are planned."),
    ],
)
def test_the_first_sentence_of_a_dead_end_says_what_is_so(
    client: Client, policy: SignupPolicy, fields: dict[str, Any], words: str
) -> None:
    answer = client.get(reverse("meetings:sign_up", args=[make_meeting(signup_policy=policy, **fields).slug]))
    assert lede(answer) == words
    assert not OPEN_WORDS.search(read(answer))
    assert 'name="when"' not in answer.content.decode()


def test_dates_that_are_all_canceled_are_a_dead_end_too(client: Client) -> None:
    meeting = make_meeting(rrule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261124")
    for day in (17, 24):
        cancel_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 11, day)), now=NOW)
    answer = client.get(reverse("meetings:sign_up", args=[meeting.slug]))
    assert lede(answer) == "You can’t choose any of the next dates: they’re canceled or have already started."


@pytest.mark.parametrize("policy", list(SignupPolicy))
def test_an_open_meeting_says_so(client: Client, policy: SignupPolicy) -> None:
    answer = client.get(reverse("meetings:sign_up", args=[make_meeting(signup_policy=policy).slug]))
    assert OPEN_WORDS.match(lede(answer))


def test_the_same_dates_can_be_chosen_that_the_meetings_own_page_shows(client: Client) -> None:
    meeting = make_meeting()
    cancel_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)), now=NOW)
    page = client.get(meeting.get_absolute_url()).content.decode()
    form = client.get(reverse("meetings:sign_up", args=[meeting.slug])).content.decode()
    shown = set(re.findall(r"/sign-up/\?date=(\d{4}-\d\d-\d\d)", page))
    assert set(re.findall(r'value="(\d{4}-\d\d-\d\d)"', form)) == shown
    # Six, and one of them is canceled.
    assert len(shown) == 5


def test_a_date_that_cannot_be_chosen_leaves_the_next_one_chosen(client: Client) -> None:
    page = client.get(reverse("meetings:sign_up", args=[make_meeting().slug]) + "?date=2020-01-01").content.decode()
    assert re.search(r'value="2026-11-17"[^>]* checked', page)


# -- a reminder takes an address and nothing else --------------------------------------------------------------------


def test_no_name_is_asked_for_a_reminder(client: Client) -> None:
    reminder, place = make_meeting(), make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    asked = [
        'name="display_name"' in client.get(reverse("meetings:sign_up", args=[each.slug])).content.decode()
        for each in (reminder, place)
    ]
    assert asked == [False, True]
    ask(client, reminder, display_name="Robin")
    assert Signup.objects.get().participant.display_name == ""


def test_a_reminder_taken_back_is_not_promised_where_none_comes(client: Client) -> None:
    # It starts in an hour: what would have come two hours before is past.
    ask(client, make_meeting(), when="2026-11-17")
    signup = Signup.objects.order_by("occurrence__starts_at")[0]
    for step in ("signup_confirm", "signup_cancel"):
        client.post(link(step, signup))
    words = read(client.post(link("signup_restore", signup), follow=True))
    assert "No reminder will come" in words
    assert "Done." in words
    assert "reminder is back" not in words


# -- one more step ---------------------------------------------------------------------------------------------------


def requests() -> int:
    return Reminder.objects.filter(kind__in=(ReminderKind.CONFIRM_REQUEST, ReminderKind.CONFIRMATION)).count()


def sent() -> None:
    Reminder.objects.update(state="accepted", attempt=1)


def test_the_address_is_shown_to_the_browser_that_typed_it_and_stands_in_no_address(client: Client) -> None:
    answer = ask(client, make_meeting(), email="gest@example.org")
    assert "@" not in answer.url
    page = client.get(answer.url)
    assert "gest@example.org" in read(page)
    assert "no-store" in page.headers["Cache-Control"]
    cookie = client.cookies["asked"]
    assert "gest" not in cookie.value
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 900)


@pytest.mark.parametrize("value", ["", "nonsense", "gAAAAABnonsense"])
def test_without_its_own_note_the_page_shows_no_address(client: Client, value: str) -> None:
    client.cookies["asked"] = value
    page = read(client.get(reverse("meetings:signup_requested")))
    assert "If that address can receive mail" in page
    assert "Send it again" not in page
    assert client.post(reverse("meetings:signup_requested")).headers["Location"] == reverse("meetings:list")


def test_whoever_uses_the_browser_next_is_shown_nothing(client: Client) -> None:
    answer = ask(client, make_meeting())
    with time_machine.travel(NOW + 16 * MINUTE):
        assert "guest@example.org" not in read(client.get(answer.url))


def test_confirming_ends_what_the_browser_kept(client: Client) -> None:
    answer = ask(client, make_meeting())
    client.post(link("signup_confirm", Signup.objects.get()))
    assert "guest@example.org" not in read(client.get(answer.url))


def again(client: Client, after: dt.timedelta) -> str:
    with time_machine.travel(NOW + after, tick=False):
        return read(client.post(reverse("meetings:signup_requested"), follow=True))


def test_send_it_again_sends_it_and_says_when_it_does_not(client: Client) -> None:
    ask(client, make_meeting())
    sent()
    assert "We sent it a moment ago. You can ask again in 2 minutes." in again(client, dt.timedelta(seconds=5))
    assert "You can ask again in 1 minute." in again(client, 1 * MINUTE)
    assert requests() == 1
    assert "Another message is on its way." in again(client, 2 * MINUTE)
    assert requests() == 2
    assert "You can ask again in 2 minutes." in again(client, 2 * MINUTE)


def test_the_same_form_sent_twice_says_so(client: Client) -> None:
    meeting = make_meeting()
    ask(client, meeting)
    sent()
    assert "We sent it a moment ago" in read(client.get(ask(client, meeting).url))
    assert "We sent it a moment ago" not in read(client.get(ask(client, meeting, email="other@example.org").url))


def test_known_and_unknown_addresses_are_answered_alike() -> None:
    meeting = make_meeting()
    make_user(email="member@example.org")
    known = Client()
    ask(known, meeting, email="guest@example.org")
    known.post(link("signup_confirm", Signup.objects.get()))
    said: dict[str, list[str]] = {}
    for email in ("guest@example.org", "member@example.org", "nobody@example.org"):
        browser = Client()
        first = read(browser.get(ask(browser, meeting, email=email).url))
        pages = [first, again(browser, MINUTE), again(browser, 3 * MINUTE)]
        said[email] = [page.replace(email, "…") for page in pages]
    assert said["guest@example.org"] == said["member@example.org"] == said["nobody@example.org"]


def test_too_many_requests_are_refused_in_words(client: Client, settings: Any) -> None:
    settings.SIGNUP_REQUESTS_PER_HOUR = 1
    ask(client, make_meeting())
    assert "Please wait an hour" in again(client, 3 * MINUTE)


def test_what_can_no_longer_be_asked_for_is_said(client: Client) -> None:
    meeting = make_meeting()
    ask(client, meeting)
    Meeting.objects.update(is_temporarily_closed=True)
    assert "closed for now" in again(client, 3 * MINUTE)


# -- changed one's mind ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", list(SignupPolicy))
def test_a_cancellation_can_be_undone_from_the_same_page(client: Client, policy: SignupPolicy) -> None:
    signup = make_signup(occurrence=make_occurrence(meeting=make_meeting(signup_policy=policy)))
    page = client.post(link("signup_cancel", signup), follow=True).content.decode()
    restore = link("signup_restore", signup)
    assert reverse("meetings:signup_restore", args=["x"]).split("x")[0] in page
    assert "/restore/" in page
    # There is nothing to give a reason for.
    assert "have to give a reason" not in page
    assert client.get(restore).status_code == 405
    for _ in range(2):
        answer = client.post(restore, follow=True)
        assert "/restore/" not in answer.content.decode()
    signup.refresh_from_db()
    assert (signup.status, signup.cancelled_at, signup.confirmed_at) == (SignupStatus.CONFIRMED, None, NOW)
    assert Reminder.objects.filter(kind=ReminderKind.CONFIRMATION).count() == 1


def test_a_place_that_somebody_took_meanwhile_stays_theirs(client: Client) -> None:
    occurrence = make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1))
    gave, waits, later = (
        make_signup(occurrence=occurrence, status=status)
        for status in (SignupStatus.CONFIRMED, SignupStatus.WAITLISTED, SignupStatus.WAITLISTED)
    )
    client.post(link("signup_cancel", gave))
    words = read(client.post(link("signup_restore", gave), follow=True))
    assert "Someone else took the place in the meantime. You’re on the waitlist" in words
    for each in (gave, waits, later):
        each.refresh_from_db()
    assert [each.status for each in (gave, waits, later)] == ["waitlisted", "confirmed", "waitlisted"]
    assert gave.created_at > later.created_at, "behind those who wait already"


def test_stopping_every_time_can_be_undone_as_one(client: Client) -> None:
    ask(client, make_meeting(), when="every")
    first, *others = Signup.objects.order_by("occurrence__starts_at")
    client.post(link("signup_confirm", first))
    # One was given up before, for itself: it stays so.
    with time_machine.travel(NOW + MINUTE, tick=False):
        client.post(link("signup_cancel", others[1]))
    with time_machine.travel(NOW + 2 * MINUTE, tick=False):
        client.post(link("signup_cancel", first), {"all": "1"})
        assert StandingSignup.objects.get().ended_at is not None
        client.post(link("signup_restore", first))
    assert StandingSignup.objects.get().ended_at is None
    statuses = [each.status for each in Signup.objects.order_by("occurrence__starts_at")]
    assert statuses == ["confirmed", "confirmed", "cancelled", "confirmed"]
    assert services.extend_standing_signups(now=NOW + dt.timedelta(days=7)) == 1


def test_every_time_asked_for_anew_meanwhile_is_one_wish_and_not_two(client: Client) -> None:
    meeting = make_meeting()
    user = make_user()
    (first, *_others) = services.create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    old = first.standing
    assert old is not None
    services.end_standing_signup(standing=old, now=NOW + MINUTE)
    services.create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW + 2 * MINUTE)
    services.restore_signup(signup=first, now=NOW + 3 * MINUTE)
    assert StandingSignup.objects.filter(ended_at=None).count() == 1


def test_one_date_that_is_stopped_is_not_said_to_be_all_of_them(client: Client) -> None:
    ask(client, make_meeting(), when="every")
    first = Signup.objects.order_by("occurrence__starts_at")[0]
    client.post(link("signup_confirm", first))
    one = read(client.post(link("signup_cancel", first), follow=True))
    assert "Reminder stopped Your other dates stay as they are." in one
    assert "Remind me after all" in one
    client.post(link("signup_restore", first))
    every = read(client.post(link("signup_cancel", first), {"all": "1"}, follow=True))
    assert "Reminders stopped" in every
    assert "Remind me every time after all" in every
    assert "until you cancel" not in every


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signup: Meeting.objects.update(is_temporarily_closed=True),
        lambda signup: Meeting.objects.update(is_published=False),
        lambda signup: cancel_occurrence(occurrence=signup.occurrence, now=NOW),
        lambda signup: type(signup.participant.contact_point).objects.update(verified_at=None),
    ],
    ids=["closed", "unpublished", "date canceled", "address never confirmed"],
)
def test_what_cannot_be_had_back_is_not_offered_and_is_refused_in_words(client: Client, spoil: Any) -> None:
    signup = make_signup()
    client.post(link("signup_cancel", signup))
    spoil(signup)
    assert "/restore/" not in client.get(link("signup_manage", signup)).content.decode()
    assert "is no longer on" in read(client.post(link("signup_restore", signup), follow=True))
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CANCELLED


def test_a_date_that_has_begun_is_not_had_back(client: Client) -> None:
    signup = make_signup()
    client.post(link("signup_cancel", signup))
    with time_machine.travel(signup.occurrence.starts_at):
        assert "/restore/" not in client.get(link("signup_manage", signup)).content.decode()
        assert "That date has started" in read(client.post(link("signup_restore", signup), follow=True))


def test_a_member_undoes_it_on_their_own_page(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    meeting = make_meeting()
    services.create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    standing = StandingSignup.objects.get()
    page = client.post(reverse("meetings:my_standing_end", args=[standing.public_id]), follow=True).content.decode()
    (restore,) = re.findall(r'action="(/my/signups/[^"]+/restore/)"', page)
    client.post(restore)
    assert set(Signup.objects.values_list("status", flat=True)) == {SignupStatus.CONFIRMED}
    assert "/restore/" not in client.get(reverse("meetings:my_meetings")).content.decode()
    others = make_signup(participant=make_participant(user=make_user()), status="cancelled", cancelled_at=NOW)
    assert client.post(reverse("meetings:my_signup_restore", args=[others.public_id])).status_code == 404


# -- what else is on the page of a place -----------------------------------------------------------------------------


def test_the_page_says_from_when_to_when_a_date_was_moved(client: Client) -> None:
    signup = make_signup()
    occurrence = signup.occurrence
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + 90 * MINUTE, now=NOW)
    words = "Moved from Tue, Nov 24, 7:00 PM to 8:30 PM"
    assert words in read(client.get(link("signup_manage", signup)))
    occurrence.refresh_from_db()
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + dt.timedelta(days=1), now=NOW)
    assert "Moved from Tue, Nov 24, 8:30 PM to Wed, Nov 25, 8:30 PM" in read(client.get(link("signup_manage", signup)))


def test_the_page_leads_to_the_meeting_the_way_and_the_choices(client: Client) -> None:
    signup = make_signup()
    page = client.get(link("signup_manage", signup)).content.decode()
    assert f'href="{signup.occurrence.meeting.get_absolute_url()}"' in page
    assert 'href="geo:' in page
    (choices,) = re.findall(r'href="(/my/account/messages/[^"]+)"', page)
    assert client.get(choices).status_code == 200
    client.post(link("signup_cancel", signup))
    assert "/my/account/messages/" not in client.get(link("signup_manage", signup)).content.decode()


def test_a_members_choices_are_behind_their_sign_in(client: Client) -> None:
    signup = make_signup(participant=make_participant(user=make_user()))
    page = client.get(link("signup_manage", signup)).content.decode()
    assert f'href="{reverse("accounts:messages")}"' in page
    assert re.findall(r'href="/my/account/messages/[^"]+"', page) == []


def test_zone_of_the_dates_is_named_once_where_nobody_said_theirs(client: Client) -> None:
    meeting = make_meeting()
    page = client.get(f"/meetings/{meeting.slug}/sign-up/").content.decode().replace("&nbsp;", " ")
    assert "Which date? (New York time)" in page
    assert page.count("New York time") == 1
