"""From a reminder's row to the message its recipient reads, in their language, on their clocks.

Discreet: no meeting's name, no group, no place, nobody's name; a neutral word in the calendar. All of that is behind
the signed link. Whoever chose detailed wording reads the meeting's name and its place as well.

A meeting in a room is told by the clock on its wall, whatever zone its reader is in; one online by the reader's own.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import dateformat, translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import links
from accounts.enums import Channel, Purpose, Wording
from meetings.enums import Held, OccurrenceStatus, SignupStatus
from meetings.feeds.calendar import place_calendar
from meetings.models import DateState, Meeting, Occurrence, Participant, Signup
from meetings.queries.first_time import is_first_time
from meetings.recurrence import WEEKDAYS, unknown_days
from meetings.reminders import short_links
from meetings.reminders.enums import NEWS, PURPOSES, SAYS_OFF, ReminderKind
from meetings.reminders.models import Reminder
from meetings.reminders.queries.next_reminder import earliest, next_reminders, sentence_for_all, words_for
from meetings.wording import every_time_words, moved_days_words, on_days_words, rule_at_words
from support import clock, wording
from support.messaging import CalendarPart, Letter, TextMessage
from support.messaging.gsm7 import measure, transliterate
from support.messaging.letter import message_id
from support.messaging.push import Notification

#: As much of a meeting's name as fits beside its day and time.
_SHORT_NAME = 40

#: As many dates as a message names that is about every one of them; the rest follow by the rule.
_DATES_NAMED = 3
#: As many dates as news of a change names where it cannot give the rule for the rest.
_CHANGES_NAMED = 4
#: What is about every date of somebody who comes every time; all else is about the dates that it names.
_ABOUT_EVERY_TIME = (ReminderKind.CONFIRM_REQUEST, ReminderKind.CONFIRMATION)

_CALENDAR_METHODS = {
    ReminderKind.CONFIRMATION: "REQUEST",
    ReminderKind.MOVED: "REQUEST",
    ReminderKind.CANCELLED: "CANCEL",
    ReminderKind.GIVEN_BACK: "CANCEL",
    ReminderKind.RESTORED: "REQUEST",
    ReminderKind.NEW_DAY: "CANCEL",
    ReminderKind.OFF: "CANCEL",
    ReminderKind.REOPENED: "REQUEST",
}
#: What is said of a meeting as a whole names each of its reader's dates that is still so.
_OF_THE_MEETING = (ReminderKind.OFF, ReminderKind.REOPENED, ReminderKind.IN_DOUBT, ReminderKind.CHANGED)


@dataclass(frozen=True)
class Rendered:
    """A message, and what is kept of it: which template it came from and the hash of its words."""

    message: Letter | TextMessage | Notification
    template: str
    content_hash: str

    @property
    def message_id(self) -> str:
        """The Message-ID of a letter; the provider names what goes by other channels."""
        return self.message.message_id if isinstance(self.message, Letter) else ""


class Renderer:
    """Renders the rows of one batch; what is the same for many readers of one date is made once."""

    def __init__(self) -> None:
        self._words: dict[tuple[object, ...], dict[str, Any]] = {}

    def render(self, reminder: Reminder, *, now: dt.datetime) -> Rendered:
        """Return the message of a row that was loaded with `queries.to_send`."""
        if reminder.channel == Channel.SMS:
            return self._text_message(reminder, now)
        if reminder.channel == Channel.PUSH:
            return self._notification(reminder, now)
        return self._letter(reminder, now)

    def _text_message(self, reminder: Reminder, now: dt.datetime) -> Rendered:
        participant = reminder.signup.participant
        with translation.override(participant.language):
            context = self._context(reminder, participant, now)
            template = f"reminders/{reminder.kind}.sms"
            # One part holds no link of the usual length. Where it holds none at all, the words and C or X must do.
            text = _text(template, context | {"url": _short_url(reminder)})
            if measure(text).segments > 1:
                text = _text(template, context | {"url": ""})
        message = TextMessage(
            to=reminder.contact_point.value,
            text=text,
            sent_at=now,
            expires_at=reminder.deadline_at,
            status_url=_status_url(reminder),
            reference=str(reminder.public_id),
        )
        content_hash = hashlib.sha256(text.encode()).hexdigest()
        return Rendered(message, f"{template}.{participant.language}"[:64], content_hash)

    def _notification(self, reminder: Reminder, now: dt.datetime) -> Rendered:
        participant = reminder.signup.participant
        with translation.override(participant.language):
            context = self._context(reminder, participant, now)
            # What fits a subject line fits a lock screen: the same few words.
            template = f"reminders/{reminder.kind}.subject"
            body = " ".join(render_to_string(f"{template}.txt", context).split())
        message = Notification(
            to=reminder.contact_point.value,
            title=settings.SENDER_NAME,
            body=body,
            url=_short_url(reminder),
            tag=base64.urlsafe_b64encode(reminder.public_id.bytes).decode().rstrip("="),
            sent_at=now,
            expires_at=reminder.deadline_at,
            is_urgent=reminder.kind != ReminderKind.REMINDER,
        )
        content_hash = hashlib.sha256(body.encode()).hexdigest()
        return Rendered(message, f"{template}.{participant.language}"[:64], content_hash)

    def _letter(self, reminder: Reminder, now: dt.datetime) -> Rendered:
        participant = reminder.signup.participant
        with translation.override(participant.language):
            context = self._context(reminder, participant, now)
            template = f"reminders/{reminder.kind}"
            subject = " ".join(render_to_string(f"{template}.subject.txt", context).split())
            context["subject"] = subject
            text = wording.with_one_stop(render_to_string(f"{template}.txt", context)).strip() + "\n"
            html = wording.with_one_stop(render_to_string(f"{template}.html", context))
            # A confirmation puts into a calendar what it names; an end takes out whatever may be there.
            in_calendar = context["named"] if reminder.kind == ReminderKind.CONFIRMATION else context["occurrences"]
            calendars = _calendars(reminder, in_calendar, now)
        letter = Letter(
            sender=settings.DEFAULT_FROM_EMAIL,
            to=reminder.contact_point.value,
            subject=subject,
            text=text,
            html=html,
            message_id=reminder.message_id or message_id(reminder.public_id),
            sent_at=now,
            calendars=calendars,
            headers=_headers(reminder, context["unsubscribe_url"]),
        )
        content_hash = hashlib.sha256("\0".join((subject, text, html)).encode()).hexdigest()
        return Rendered(letter, f"{template}.{participant.language}"[:64], content_hash)

    def _context(self, reminder: Reminder, participant: Participant, now: dt.datetime) -> dict[str, Any]:
        signup = reminder.signup
        occurrences = _dates(reminder)
        reader = (participant.tz, participant.has_own_zone, participant.language, participant.hour_cycle)
        key = (
            reminder.kind,
            signup.occurrence_id,
            reminder.schedule_seq,
            reminder.wording,
            *reader,
            *((each.pk, each.schedule_seq) for each in occurrences),
            *_known(reminder).items(),
            # Whoever comes every time reads the rule, and is asked about other days.
            (signup.standing.days, signup.standing.confirmed_at, signup.standing.ended_at) if signup.standing else None,
        )
        if key not in self._words:
            self._words[key] = _words(reminder, occurrences, now)
        return {
            **self._words[key],
            "language": participant.language.split("-")[0],
            "sender_name": settings.SENDER_NAME,
            "occurrences": occurrences,
            "named": _named(reminder, occurrences),
            "every": _every(reminder),
            "held": signup.held,
            "first_time": _first_time(reminder),
            "is_certain": signup.is_certain,
            "has_note": self._words[key].get("has_note") and _may_read_notes(signup),
            "url": _action_url(reminder),
            "unsubscribe_url": _unsubscribe_url(reminder),
            "choose_url": _choose_url(reminder),
            **_next_reminder(reminder, now),
        }


def _calendars(reminder: Reminder, occurrences: list[Occurrence], now: dt.datetime) -> tuple[CalendarPart, ...]:
    """Return the calendar files of a message.

    RFC 5546: a request (section 3.2.2) and a cancellation (3.2.5) are about one entry each. Several dates are published
    in one file, to nobody by name (3.2.1), and canceled in a file each.
    """
    method = _CALENDAR_METHODS.get(ReminderKind(reminder.kind))
    is_place = reminder.signup.held != Held.WAIT or reminder.kind != ReminderKind.CONFIRMATION
    if method is None or not occurrences or not is_place:
        return ()
    places = _places(reminder.signup, occurrences)
    if method == "REQUEST" and len(places) > 1:
        return (_calendar("PUBLISH", places, "", now),)
    return tuple(_calendar(method, [place], reminder.contact_point.value, now) for place in places)


def _calendar(method: str, places: list[Signup], attendee: str, now: dt.datetime) -> CalendarPart:
    content = place_calendar(places, method=method, summary=_("Appointment"), now=now, attendee=attendee)
    return CalendarPart(method=method, content=content)


def _places(signup: Signup, occurrences: list[Occurrence]) -> list[Signup]:
    """Return what the participant of a signup has or had on these dates, in their order."""
    if [each.pk for each in occurrences] == [signup.occurrence_id]:
        return [signup]
    dates = {each.pk: each for each in occurrences}
    places = list(Signup.objects.filter(participant=signup.participant_id, occurrence__in=dates))
    for place in places:
        place.occurrence = dates[place.occurrence_id]
    return sorted(places, key=lambda place: place.occurrence.starts_at)


def _next_reminder(reminder: Reminder, now: dt.datetime) -> dict[str, Any]:
    """Return when the place that is confirmed is reminded of, or why it is not, as the plan has it, in a sentence.

    And whether there is any reminder that can be stopped, or could be asked for by the link of the message.
    """
    if reminder.kind != ReminderKind.CONFIRMATION:
        return {}
    signup, participant = reminder.signup, reminder.signup.participant
    found = next_reminders([participant.pk], now=now)
    together = {signup.pk}
    if signup.standing_id is not None:
        together |= set(Signup.objects.filter(standing=signup.standing_id).values_list("pk", flat=True))
    places = [found[pk] for pk in together if pk in found]
    words = words_for(participant, now=now, is_letter=True)
    said = sentence_for_all(places, words)
    can_ask = signup.pk in found and found[signup.pk].offer is not None
    if can_ask:
        said = f"{said} {_('You can still ask for one with the link below.')}"
    return {"next_reminder": said, "is_coming": earliest(places) is not None, "can_ask": can_ask}


@dataclass(frozen=True, slots=True)
class _Said:
    """A date as a message says it: as it is, or of one that is off as it was; and as its reader knows it, of news."""

    occurrence: Occurrence
    starts_at: dt.datetime
    ends_at: dt.datetime
    was: DateState | None = None

    @property
    def is_moved(self) -> bool:
        return self.was is not None and self.was.starts_at != self.starts_at

    @property
    def is_longer_or_shorter(self) -> bool:
        return self.was is not None and not self.is_moved and self.was.ends_at != self.ends_at


def _known(reminder: Reminder) -> dict[int, int | None]:
    """Return what the reader of news was last told of each of its dates: a schedule_seq by the date's id."""
    if reminder.kind not in NEWS:
        return {}
    return {
        reminder.signup.occurrence_id: reminder.told_seq,
        **{part.signup.occurrence_id: part.told_seq for part in reminder.parts.all()},
    }


def _said(reminder: Reminder, occurrences: list[Occurrence]) -> list[_Said]:
    known = _known(reminder)
    said = []
    for each in occurrences:
        if reminder.kind not in NEWS:
            said.append(_Said(each, each.starts_at, each.ends_at))
            continue
        told = known.get(each.pk)
        was = each.as_of(max(0, each.schedule_seq - 1) if told is None else told)
        holds = was if reminder.kind in SAYS_OFF else each
        said.append(_Said(each, holds.starts_at, holds.ends_at, was))
    return said


def _words(reminder: Reminder, occurrences: list[Occurrence], now: dt.datetime) -> dict[str, Any]:
    """Return the dates and times of a message, as its reader's calendar and clock show them."""
    participant = reminder.signup.participant
    language, hour_cycle = participant.language, participant.hour_cycle
    is_detailed = reminder.wording == Wording.DETAILED
    every_date = _said(reminder, occurrences)
    named_dates = _named(reminder, occurrences)
    named = [each for each in every_date if each.occurrence in named_dates]
    zones = [participant.zone_of(each.occurrence.meeting) for each in named]
    is_one_zone = len(set(zones)) == 1
    change = _change_words(reminder, every_date) if reminder.kind in NEWS else {}
    return {
        "short_when": _short_words(reminder, every_date, now),
        "dates": [
            {
                "date": wording.date_words_long(each.starts_at, zone, language),
                "hours": wording.range_words(each.starts_at, each.ends_at, zone, hour_cycle, language),
                "zone": "" if is_one_zone else wording.zone_words(zone, language),
                "name": each.occurrence.meeting.name if is_detailed else "",
                "place": _place(each.occurrence.meeting) if is_detailed else "",
                "was": _was_words(each, zone, participant) if change.get("is_each_said") else "",
            }
            for each, zone in zip(named, zones, strict=True)
        ],
        "more_dates": _more_words(reminder, len(occurrences) - len(named)),
        "is_calendar_shorter": len(named) < len(occurrences) and reminder.kind == ReminderKind.CONFIRMATION,
        "zone": wording.zone_words(zones[0], language) if is_one_zone else "",
        **change,
    }


def _change_words(reminder: Reminder, dates: list[_Said]) -> dict[str, Any]:
    """Return what has changed, in words: beside what its reader was last told, not beside the change before."""
    participant, first = reminder.signup.participant, dates[0]
    language, hour_cycle = participant.language, participant.hour_cycle
    tz = participant.zone_of(first.occurrence.meeting)
    was = first.was
    assert was is not None

    def one(times: list[dt.datetime]) -> str:
        """Return the time that all these instants show on the clock, or ""."""
        shown = {
            wording.time_words(at, participant.zone_of(each.occurrence.meeting), hour_cycle, language)
            for at, each in zip(times, dates, strict=True)
        }
        return shown.pop() if len(shown) == 1 else ""

    old_time = one([each.was.starts_at for each in dates if each.was])
    new_time = one([each.starts_at for each in dates])
    is_all_moved = all(each.is_moved for each in dates)
    is_single = len(dates) == 1 and not _is_series(reminder)
    is_one_shift = bool(old_time and new_time and old_time != new_time and is_all_moved)
    words = {
        "is_series": _is_series(reminder),
        "is_single": is_single,
        "is_one_shift": is_one_shift,
        "is_each_said": not is_one_shift and not (is_single and reminder.kind == ReminderKind.MOVED),
        "is_length_only": reminder.kind == ReminderKind.MOVED and all(each.is_longer_or_shorter for each in dates),
        "old_date": wording.date_words_long(was.starts_at, tz, language) if is_single and first.is_moved else "",
        "old_time": old_time,
        "new_time": new_time,
        "old_end": one([each.was.ends_at for each in dates if each.was]),
        "new_end": one([each.ends_at for each in dates]),
        "first_date": wording.date_words_long(first.starts_at, tz, language),
        "first_day": wording.date_words(first.starts_at, tz, language).replace("\u00a0", " "),
        "has_note": _has_note(reminder.signup.occurrence),
    }
    return words | (_new_day_words(reminder, dates) if reminder.kind == ReminderKind.NEW_DAY else {})


def _new_day_words(reminder: Reminder, dates: list[_Said]) -> dict[str, Any]:
    """Return which days a meeting moved from and to, when the first new one is, and whether to ask about them."""
    signup, participant = reminder.signup, reminder.signup.participant
    meeting = signup.occurrence.meeting
    rule = meeting.rule
    if rule is None:
        return {}
    old = ",".join(WEEKDAYS[day] for day in sorted({each.occurrence.original_date.weekday() for each in dates}))
    new = unknown_days(rule.parts.days, known=(signup.standing.days if signup.standing else "") or old)
    zone = wording.zone_note(signup.occurrence.starts_at, rule.tz, participant.own_tz, participant.language)
    first = rule.first_after(reminder.created_at)
    return {
        "days_move": moved_days_words(old, new) if rule.parts.count != 1 else "",
        "new_days": on_days_words(new) if rule.parts.count != 1 else "",
        "new_rule": rule_at_words(rule, participant.hour_cycle, zone=zone, language=participant.language),
        "first_new_date": wording.date_words_long(first.starts_at, rule.tz, participant.language) if first else "",
        "is_asked": _is_asked_about_new_days(signup),
    }


def _is_asked_about_new_days(signup: Signup) -> bool:
    """Return whether somebody comes every time, and has not said yet whether they come on the meeting's new days."""
    standing = signup.standing
    if standing is None or standing.ended_at is not None or standing.confirmed_at is None:
        return False
    standing.meeting = signup.occurrence.meeting
    return bool(standing.new_days)


def _is_series(reminder: Reminder) -> bool:
    """Return whether a date moved with the rule by which its reader comes every time."""
    signup = reminder.signup
    is_by_rule = reminder.kind == ReminderKind.MOVED and signup.comes_every_time
    latest = list(signup.occurrence.changes.all())[-1:] if is_by_rule else []
    return bool(latest) and latest[0].is_by_rule


def _has_note(occurrence: Occurrence) -> bool:
    """Return whether there is a word from whoever runs the meeting on the page of a date's place."""
    return any(change.message for change in list(occurrence.changes.all())[-1:])


def _may_read_notes(signup: Signup) -> bool:
    """Return whether the page of a place shows what whoever runs the meeting wrote: it may be another link."""
    return signup.is_certain or not signup.occurrence.meeting.withholds_link


def _was_words(each: _Said, tz: str, participant: Participant) -> str:
    """Return at what other time its reader takes a date to be: "instead of 7:00 PM"; "" where it is the same."""
    if each.was is None or not each.is_moved:
        return ""
    time = wording.time_words(each.was.starts_at, tz, participant.hour_cycle, participant.language)
    if clock.to_wall(each.was.starts_at, tz).date() == clock.to_wall(each.starts_at, tz).date():
        return _("instead of %(time)s") % {"time": time}
    date = wording.date_words(each.was.starts_at, tz, participant.language)
    return _("instead of %(date)s, %(time)s") % {"date": date, "time": time}


def _more_words(reminder: Reminder, number: int) -> str:
    """Return what stands for `number` dates that a message is about and does not name; "" where it names all."""
    if number <= 0:
        return ""
    if reminder.kind not in NEWS:
        return _("and so on")
    if _is_series(reminder):
        return _("and every date after that")
    return ngettext("and %(number)d more date", "and %(number)d more dates", number) % {"number": number}


def _place(meeting: Meeting) -> str:
    if not meeting.is_in_person or meeting.venue is None:
        return str(meeting.get_venue_type_display())
    return ", ".join(dict.fromkeys(filter(None, (meeting.venue.name, meeting.venue.one_line))))


def _dates(reminder: Reminder) -> list[Occurrence]:
    """Return the dates that a message speaks of: its signup's own, its parts', or all of those that it stands for."""
    signup = reminder.signup
    if reminder.kind in _OF_THE_MEETING:
        others = [part.signup for part in reminder.parts.all() if part.signup.status != SignupStatus.CANCELLED]
        dates = [signup.occurrence, *(each.occurrence for each in others if not each.occurrence.is_cancelled)]
        return sorted(dates, key=lambda each: (each.starts_at, each.pk))
    if reminder.kind == ReminderKind.GIVEN_BACK:
        # Not what was taken again since.
        others = [part.signup for part in reminder.parts.all() if part.signup.status == SignupStatus.CANCELLED]
        return [signup.occurrence, *(each.occurrence for each in others)]
    if parts := [part.signup.occurrence for part in reminder.parts.all()]:
        by_pk = {each.pk: each for each in (signup.occurrence, *parts)}
        return sorted(by_pk.values(), key=lambda each: (each.starts_at, each.pk))
    if signup.standing_id is None:
        return [signup.occurrence]
    together = Signup.objects.filter(standing=signup.standing_id).select_related("occurrence__meeting__venue")
    together = together.defer("attendance")
    if reminder.kind == ReminderKind.CONFIRMATION:
        together = together.confirmed()
    elif reminder.kind == ReminderKind.CONFIRM_REQUEST:
        together = together.filter(status=SignupStatus.PENDING)
    else:
        return [signup.occurrence]
    together = together.filter(
        occurrence__status=OccurrenceStatus.SCHEDULED, occurrence__starts_at__gte=signup.occurrence.starts_at
    )
    return [each.occurrence for each in together.order_by("occurrence__starts_at")] or [signup.occurrence]


def _named(reminder: Reminder, occurrences: list[Occurrence]) -> list[Occurrence]:
    """Return the dates that a message names: all, or where it says the rule the next few, and what strays from it."""
    if reminder.kind in NEWS:
        is_short = len(occurrences) <= _CHANGES_NAMED and not _is_series(reminder)
        return occurrences if is_short else occurrences[:_DATES_NAMED]
    if reminder.signup.standing_id is None or not _is_about_every_time(reminder):
        return occurrences
    return [each for place, each in enumerate(occurrences) if place < _DATES_NAMED or each.is_moved]


def _is_about_every_time(reminder: Reminder) -> bool:
    """Return whether a message is about every date of somebody who comes every time, or did: not of those alone."""
    is_ended = reminder.kind == ReminderKind.GIVEN_BACK and reminder.signup.gave_up_every_time
    return is_ended or reminder.kind in _ABOUT_EVERY_TIME


def _every(reminder: Reminder) -> str:
    """Return the rule that a message is about: "Every Monday at 7:00 PM, until you cancel"; "" for single dates."""
    signup, participant = reminder.signup, reminder.signup.participant
    rule = signup.occurrence.meeting.rule
    is_about_rule = _is_about_every_time(reminder) or _is_series(reminder)
    if signup.standing is None or rule is None or not is_about_rule or signup.held == Held.WAIT:
        return ""
    if reminder.kind != ReminderKind.GIVEN_BACK and _is_asked_about_new_days(signup):
        # They do not come on all days of the rule.
        return ""
    zone = wording.zone_note(signup.occurrence.starts_at, rule.tz, participant.own_tz, participant.language)
    words = rule_at_words if reminder.kind == ReminderKind.GIVEN_BACK else every_time_words
    return words(rule, participant.hour_cycle, zone=zone, language=participant.language)


def _short_words(reminder: Reminder, dates: list[_Said], now: dt.datetime) -> str:
    """Return what fits a subject line and a lock screen: "Tue 7:00 PM", and how many more there are."""
    participant, occurrence = reminder.signup.participant, reminder.signup.occurrence
    said = next((each for each in dates if each.occurrence == occurrence), dates[0])
    words = _short_when(said.starts_at, participant.zone_of(occurrence.meeting), participant, now)
    if reminder.wording == Wording.DETAILED:
        words = f"{words}, {Truncator(occurrence.meeting.name).chars(_SHORT_NAME)}"
    more = 0 if _is_about_every_time(reminder) else len(dates) - 1
    if more:
        words = ngettext("%(when)s and %(number)s more", "%(when)s and %(number)s more", more) % {
            "when": words,
            "number": more,
        }
    # A subject of plain ASCII stays readable everywhere.
    return words.replace("\u00a0", " ")


def _short_when(instant: dt.datetime, tz: str, participant: Participant, now: dt.datetime) -> str:
    """Return "Tue 7:00 PM", with the date where the weekday alone could be another week's.

    The zone is named where its clocks show another time than the reader's, or these are not known.
    """
    language = participant.language
    time = wording.time_words(instant, tz, participant.hour_cycle, language)
    if abs(instant - now) <= wording.WEEKDAY_IS_ENOUGH:
        day = dateformat.format(clock.to_wall(instant, tz), "D")
    else:
        day = f"{wording.date_words(instant, tz, language)},"
    zone = wording.zone_note(instant, tz, participant.own_tz, language)
    return f"{day} {time} ({zone})" if zone else f"{day} {time}"


def _first_time(reminder: Reminder) -> str:
    """Return what the page of a place tells whoever comes for the first time, to be read above the link to it.

    Only what is written there; "" where nothing is, and for all later dates.
    """
    meeting = reminder.signup.occurrence.meeting
    if reminder.kind not in (ReminderKind.CONFIRMATION, ReminderKind.REMINDER) or not is_first_time(reminder.signup):
        return ""
    if not meeting.first_time_entrance:
        return _("Your first time? The link below tells you what to expect.")
    if not (meeting.first_time_expect or meeting.first_time_greeter):
        return _("Your first time? The link below tells you which door to use.")
    return _("Your first time? The link below tells you what to expect and which door to use.")


def _url(name: str, purpose: str, signup: Signup) -> str:
    return settings.PUBLIC_BASE_URL + reverse(f"meetings:{name}", args=[links.sign(purpose, signup.public_id)])


def _action_url(reminder: Reminder) -> str:
    """Return where a message leads: each link has one power."""
    signup = reminder.signup
    if reminder.kind == ReminderKind.CONFIRM_REQUEST:
        return _url("signup_confirm", "confirm", signup)
    if reminder.kind == ReminderKind.NEW_DAY and signup.standing is not None and _is_asked_about_new_days(signup):
        token = links.sign("new_day", signup.standing.public_id)
        return settings.PUBLIC_BASE_URL + reverse("meetings:new_day", args=[token])
    return _url("signup_manage", "manage", signup)


def _short_url(reminder: Reminder) -> str:
    return settings.PUBLIC_BASE_URL + reverse("reminders:short", args=[short_links.sign(reminder.pk)])


def _unsubscribe_url(reminder: Reminder) -> str:
    """Return where a message of this kind is put off for good, or "" for one that answers what its reader just did."""
    purpose = PURPOSES.get(ReminderKind(reminder.kind), Purpose.REMINDERS)
    if reminder.kind == ReminderKind.CONFIRM_REQUEST:
        return ""
    token = links.sign("unsubscribe", reminder.contact_point.public_id)
    query = "" if purpose == Purpose.REMINDERS else f"?what={purpose}"
    return settings.PUBLIC_BASE_URL + reverse("reminders:unsubscribe", args=[token]) + query


def _text(template: str, context: dict[str, Any]) -> str:
    return transliterate(wording.with_one_stop(" ".join(render_to_string(f"{template}.txt", context).split())))


def _choose_url(reminder: Reminder) -> str:
    """Return where its reader chooses how and when they are written to, or "" for a first message to a stranger."""
    if reminder.kind == ReminderKind.CONFIRM_REQUEST:
        return ""
    if reminder.signup.participant.user_id is not None:
        return settings.PUBLIC_BASE_URL + reverse("accounts:messages")
    token = links.sign("choices", reminder.contact_point.public_id)
    return settings.PUBLIC_BASE_URL + reverse("accounts:messages_by_link", args=[token])


def _status_url(reminder: Reminder) -> str:
    """Return where the provider of text messages says what became of this one: the link proves that it is its own."""
    if settings.SMS_PROVIDER in ("", "outbox"):
        return ""
    token = links.sign("receipt", reminder.public_id)
    return settings.PUBLIC_BASE_URL + reverse(f"reminders:{settings.SMS_PROVIDER}_status", args=[token])


def _headers(reminder: Reminder, unsubscribe_url: str) -> dict[str, str]:
    # RFC 3834: nobody's out-of-office answers it. The second is Outlook's word for the same.
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    if unsubscribe_url:
        # RFC 8058: one click in the mail program, without a page.
        headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
