"""What we answer to a text: short, plain, in the alphabet of text messages."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.utils import dateformat, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from meetings import gazetteer
from meetings.enums import Held
from meetings.geo import km_to_miles
from meetings.models import Signup
from meetings.queries.by_text import Asked, TextAnswer
from meetings.queries.finder import Found
from support import clock, wording
from support import crisis as crisis_lines
from support.contact import Contact
from support.messaging.gsm7 import measure, transliterate

#: Nobody should pay for more, nor read more on a small screen.
_MOST_PARTS: Final = 2
#: Signs for a venue's name and street, at the most.
_WIDEST: Final = 80
#: Notes on a name, as lists have them: "(D27)", "(side door)".
_IN_BRACKETS: Final = re.compile(r"\s*\([^()]*\)")
_LEADING_ON: Final = frozenset(
    {"of", "the", "and", "at", "in", "for", "de", "del", "la", "las", "los", "y", "saint", "st."}
)


def crisis(region: str) -> str:
    """Return where somebody answers now, in the country of a number; where we know none, the page that lists some."""
    if line := crisis_lines.in_short(region):
        words = _("You are not alone. Someone answers day and night: %(line)s. If a life is in danger: 911.")
        return _plain(words % {"line": line})
    url = f"{settings.PUBLIC_BASE_URL}/crisis/"
    return _plain(
        _("You are not alone. Please call your emergency number now, or see %(url)s for people who answer.")
        % {"url": url}
    )


def emergency(region: str) -> str:
    """Return what to do while somebody may be dying, that first, and who answers afterwards."""
    if line := crisis_lines.in_short(region):
        words = _(
            "Call 911 now. Give naloxone (Narcan) if you have it, and stay with them. If it’s you, don’t be alone. "
            "To talk: %(line)s."
        )
        return _plain(words % {"line": line})
    url = f"{settings.PUBLIC_BASE_URL}/crisis/"
    return _plain(
        _("Call your emergency number now. Give naloxone if you have it, and stay with them. Who answers: %(url)s")
        % {"url": url}
    )


def after_using(region: str, *, near: str = "") -> str:
    """Return what keeps somebody alive who has used, who answers now, and the page of the next meeting.

    `near` is a place that the page shows meetings around, where there is room for it.
    """
    url = f"{settings.PUBLIC_BASE_URL}/start-again/"
    around = _after_using(region, f"{url}?{urlencode({'near': near})}") if near else ""
    return around if around and measure(around).segments <= _MOST_PARTS else _after_using(region, url)


def _after_using(region: str, url: str) -> str:
    if line := crisis_lines.in_short(region):
        words = _(
            "Glad you wrote. After a break your body can take far less: never use alone, keep naloxone with you, "
            "call 911 in an emergency. Talk now: %(line)s. Next meeting: %(url)s"
        )
        return _plain(words % {"line": line, "url": url})
    words = _(
        "Glad you wrote. After a break your body can take far less: never use alone, keep naloxone with you, "
        "in danger, call your emergency number. Next meeting, and who answers: %(url)s"
    )
    return _plain(words % {"url": url})


def stopped(region: str, *, is_crisis: bool, is_emergency: bool = False) -> str:
    """Return the one confirmation of STOP, the last thing that is said unasked; danger to a life comes first."""
    words = _no_more_texts()
    if is_emergency:
        return _plain(f"{emergency(region)} {words}")
    return _plain(f"{words} {crisis(region)}" if is_crisis else words)


def _no_more_texts() -> str:
    return _("%(sender)s: you get no more texts from us. Reply START to undo.") % {"sender": settings.SENDER_NAME}


def started(*, is_back: bool) -> str:
    """Return the answer to START."""
    if is_back:
        words = _("%(sender)s: texts are on again, as you chose before. Msg & data rates may apply. HELP, STOP to end.")
    else:
        words = _("%(sender)s: there is nothing to turn on. Choose what you get here: %(url)s")
    return _plain(words % {"sender": settings.SENDER_NAME, "url": f"{settings.PUBLIC_BASE_URL}/my/account/"})


def confirm_start(code: str) -> str:
    """Return the answer to a START long after STOP: only who reads it on that phone can do what it says."""
    words = _("%(sender)s: to get texts again, reply START %(code)s within half an hour. Not you? Then do nothing.")
    return _plain(words % {"sender": settings.SENDER_NAME, "code": code})


def help_words(region: str, *, is_stopped: bool = False) -> str:
    """Return the answer to HELP: who this is, where to ask, how to end it or undo that, and who answers in a crisis."""
    contact: Contact | None = settings.OPERATOR_CONTACT
    shown = contact.shown if contact else f"{settings.PUBLIC_BASE_URL}/about/"
    if is_stopped:
        words = f"{_no_more_texts()} {_('Questions: %(contact)s') % {'contact': shown}}"
    else:
        words = _(
            "%(sender)s: reminders you asked for. Text a city or ZIP to find meetings. "
            "Msg & data rates may apply. STOP to end. Questions: %(contact)s"
        ) % {"sender": settings.SENDER_NAME, "contact": shown}
    return _plain(f"{words} {_in_a_crisis(region)}".strip())


def _in_a_crisis(region: str) -> str:
    line = crisis_lines.in_short(region)
    return _("Crisis: %(line)s.") % {"line": line} if line else ""


def given_back(when: str, held: Held) -> str:
    """Return the answer to X: what was given up, and the way back."""
    words = {
        Held.REMINDER: _("Reminder stopped: %(when)s. Not you, or a mistake? %(url)s"),
        Held.PLACE: _("Your place was given back: %(when)s. Thank you. Not you, or a mistake? %(url)s"),
        Held.WAIT: _("You left the waitlist: %(when)s. Not you, or a mistake? %(url)s"),
    }[held]
    return _plain(words % {"when": when, "url": _my_dates()})


def all_given_back(signups: Sequence[Signup], held: Collection[Held]) -> str:
    """Return the answer to X where it was about several dates, the earliest first: all that was given up is named.

    `held` is what they were: places, reminders, turns on a waitlist.
    """
    words = {
        frozenset({Held.REMINDER}): _("Reminders stopped: %(when)s. Not you, or a mistake? %(url)s"),
        frozenset({Held.PLACE}): _("Your places were given back: %(when)s. Thank you. Not you, or a mistake? %(url)s"),
        frozenset({Held.WAIT}): _("You left the waitlists: %(when)s. Not you, or a mistake? %(url)s"),
    }.get(frozenset(held), _("You’re no longer signed up: %(when)s. Not you, or a mistake? %(url)s"))
    return _naming(words, signups)


def expected(when: str, held: Held) -> str:
    """Return the answer to C."""
    return _plain(_expected(held) % {"when": when})


def all_expected(signups: Sequence[Signup], held: Collection[Held]) -> str:
    """Return the answer to C where it was about several dates, the earliest first."""
    return _naming(_expected(Held.REMINDER if set(held) == {Held.REMINDER} else Held.PLACE), signups)


def _expected(held: Held) -> str:
    if held == Held.REMINDER:
        return _("Noted: %(when)s.")
    return _("Noted: %(when)s. Reply X if you can’t come after all.")


def _naming(words: str, signups: Sequence[Signup]) -> str:
    """Return `words` with all dates in them, as exactly as two parts hold: with times, as days, or first and last."""
    with_times = "; ".join(when(each) for each in signups)
    days = list(dict.fromkeys(wording.date_words(each.occurrence.starts_at, each.tz) for each in signups))
    in_short = _("%(number)s dates, from %(first)s to %(last)s") % {
        "number": len(signups), "first": days[0], "last": days[-1],
    }  # fmt: skip
    spellings = [with_times, *(["; ".join(days)] if len(days) == len(signups) else []), in_short]
    texts = [_plain(words % {"when": spelling, "url": _my_dates()}) for spelling in spellings]
    return next((text for text in texts if measure(text).segments <= _MOST_PARTS), texts[-1])


def _my_dates() -> str:
    return f"{settings.PUBLIC_BASE_URL}/my/meetings/"


def no_date(letter: str) -> str:
    """Return the answer to C or X from somebody who has no date to come."""
    return _plain(
        _("You have no upcoming date that %(letter)s could be about. %(url)s") % {"letter": letter, "url": _my_dates()}
    )


def no_text_yet(letter: str) -> str:
    """Return the answer to C or X from a number that was sent nothing lately, or nothing since it was proven."""
    return _plain(
        _("We haven’t texted you lately about a date that %(letter)s could answer. Your dates: %(url)s")
        % {"letter": letter, "url": _my_dates()}
    )


def read_by_a_person(region: str) -> str:
    words = _("Thank you. A person will read this, though not at once. STOP ends these texts.")
    return _plain(f"{words} {_in_a_crisis(region)}".strip())


def not_understood() -> str:
    return _plain(
        pgettext(
            "text message",
            "That was not clear to us. Text a ZIP or city to find meetings, C or X to answer a reminder, HELP or STOP.",
        )
    )


def found(asked: Asked, answer: TextAnswer, *, link: str, hour_cycle: str) -> str:
    """Return the next meetings in two parts at most: when, where, how far, and a link that says nothing of meetings.

    A venue's name is cut short before anything else is. Where less was understood than was asked, the first line says
    what was.
    """
    if not answer.found:
        return none_found(asked, answer, link=link)
    end = _("MORE for more.") if answer.is_more else ""
    shown = _("%(place)s, any meeting in person:") if asked.is_wider else "%(place)s:"
    for width in range(_WIDEST, -1, -4):
        lines = [_line(each, asked, width, hour_cycle) for each in answer.found]
        text = _plain("\n".join([shown % {"place": asked.label}, *lines, f"{link} {end}".strip()]))
        if measure(text).segments <= _MOST_PARTS:
            return text
    return text


def none_found(asked: Asked, answer: TextAnswer, *, link: str) -> str:
    distance = _distance(asked.radius_km, asked, digits=0)
    if asked.offset or asked.beyond_km:
        return _plain(_("That was all within %(distance)s. Text another ZIP, city or day.") % {"distance": distance})
    words = _("%(place)s: nothing within %(distance)s then. Text another ZIP, city or day. Online: %(link)s")
    return _plain(words % {"place": asked.label, "distance": distance, "link": link})


def which_place() -> str:
    return _plain(_("Where? Text a ZIP or a city, like 12207 or Albany TUE."))


def enough_for_now() -> str:
    url = f"{settings.PUBLIC_BASE_URL}/"
    return _plain(
        _("That was too many texts in a short time. Ask again in an hour, or look here: %(url)s") % {"url": url}
    )


def not_now() -> str:
    """Return that nothing was done, in every language of the site: who it is cannot be looked up just now."""
    said = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            said.append(_("That didn’t work. Send it again in a few minutes."))
    return _plain(" / ".join(said))


def _line(each: Found, asked: Asked, width: int, hour_cycle: str) -> str:
    assert each.date is not None  # by_text leaves out what has none
    wall_day = dateformat.format(clock.to_wall(each.date.starts_at, each.tz), "D")
    time = wording.time_words(each.date.starts_at, each.tz, hour_cycle)
    venue = each.meeting.venue
    where = _where(venue.name, venue.street, width) if venue else ""
    # A street in another city than the one asked for is found by nobody.
    city = venue.city if venue and gazetteer.fold(venue.city) != gazetteer.fold(asked.label.split(",")[0]) else ""
    far = _distance(each.distance_km, asked, digits=1) if each.distance_km is not None else ""
    return ", ".join(part for part in (f"{wall_day} {time}", where, city, far) if part)


def _where(name: str, street: str, width: int) -> str:
    """Return a venue's name and street in `width` signs at most: of the name as much as fits, the street or nothing.

    A house number without its street leads nobody anywhere, so a street is never cut, only freed of its suite.
    """
    if len(whole := ", ".join(dict.fromkeys(part for part in (name, street) if part))) <= width:
        return whole
    name = _IN_BRACKETS.sub("", name).strip() if name != street else ""
    street = street.split(",")[0].strip()
    if len(street) > width:
        return _cut(name, width)
    return ", ".join(dict.fromkeys(part for part in (_cut(name, width - len(street) - 2), street) if part))


def _cut(name: str, width: int) -> str:
    """Return as many whole words as fit, and none at the end that only lead to the next: "Circle", not "Circle of"."""
    words: list[str] = []
    for word in name.split():
        if len(" ".join([*words, word])) > width:
            break
        words.append(word)
    if len(words) < len(name.split()):
        while words and (words[-1].casefold() in _LEADING_ON or not words[-1].strip("&/+-,.0123456789")):
            words.pop()
    return " ".join(words).rstrip(" ,.-/&")


def _distance(km: float, asked: Asked, *, digits: int) -> str:
    value = km_to_miles(km) if asked.is_in_miles else km
    return f"{value:.{digits}f} {'mi' if asked.is_in_miles else 'km'}"


def when(signup: Signup) -> str:
    """Return the date of a place and its time as its owner is told of it by mail: "Tue, Nov 24, 7:00 PM"."""
    instant, tz, reader = signup.occurrence.starts_at, signup.tz, signup.participant
    zone = wording.zone_note(instant, tz, reader.own_tz)
    words = f"{wording.date_words(instant, tz)}, {wording.time_words(instant, tz, reader.hour_cycle)}"
    return f"{words} ({zone})" if zone else words


def _plain(text: str) -> str:
    return transliterate(wording.with_one_stop(text))
