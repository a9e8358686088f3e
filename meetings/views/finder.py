"""Finding a meeting: the first page, the timetable, one meeting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.dates import WEEKDAYS
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.middleware import own_zone, reader_hour_cycle
from meetings.enums import MeetingKind, VenueType
from meetings.forms.finder import CHANGE, COMMON_FORMATS, DAY_CHOICES, KM, MILES, PART_NAMES, RADII, FinderForm
from meetings.forms.finder import WEEKDAYS as DAY_SLUGS
from meetings.geo import uses_miles
from meetings.models import Meeting
from meetings.queries import access, finder
from meetings.queries.favourites import kept_among
from meetings.queries.finder import DISTANCE, WHEN, Found
from meetings.queries.occurrences import shown_dates
from meetings.queries.siblings import siblings_of
from meetings.views.back import results_before
from support import clock, wording
from support.microcache import Microcache

PAGE_SIZE = 25
#: As many as anybody carries on paper.
PRINTED = 200
#: As many as the first screen has room for.
SOON = 6
#: How a place is asked for; on a phone, these fields are not folded away.
PLACE = ("near", "lat", "lon")
UNFOLDED = {*PLACE, NON_FIELD_ERRORS}


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A button of the finder's form: it sends what is typed there too, and beside it `change` (see forms.finder)."""

    label: str
    change: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Meetings under one date; sorted by distance they stand under no date, and each row names its own."""

    heading: str
    found: list[Found]
    with_date: bool = False


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Answer "what is on near me, soon?": one question, and what is next."""
    now = clock.now()
    form = FinderForm(QueryDict(), formats=[], default_unit=_default_unit())
    # From anywhere, and so says the page: no place is remembered to start from.
    soon = finder.search(finder.Criteria(), now=now, reader_tz=_reader_tz(), language=_language())[:SOON]
    context = {
        "form": form,
        "soon": soon,
        "kinds": [Link(str(kind.label), _list_url(kind=kind.value), text=text) for kind, text in _kind_words().items()],
    }
    return render(request, "meetings/home.html", context)


@require_safe
def meeting_list(request: HttpRequest) -> HttpResponse:
    """The timetable; an htmx request gets the results alone, or form and results where a field has a message."""
    now = clock.now()
    asked = _asked(request)
    if request.user.is_authenticated:
        answer = _answer(asked, now, request)
    else:
        answer = visitors_answers.get_or_make(asked, partial(_answer, asked, now), now=now)
    response: HttpResponse
    if asked.is_htmx:
        response = HttpResponse(answer.html)
        # What could not be understood stays in the address, and so in its field after a reload.
        response["HX-Push-Url"] = request.get_full_path() if answer.has_errors else answer.url
        if answer.has_form:
            response["HX-Retarget"] = "#finder"
    elif CHANGE in request.GET and not answer.has_errors:
        # A press with scripts off: what is reloaded, shared or come back to is the plain question.
        response = redirect(answer.url)
    else:
        response = render(request, "meetings/list.html", {"finder": answer.html, "found_words": answer.words})
    # The same address answers with a page or with a part of one; neither may be shown in the other's stead.
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
def print_list(request: HttpRequest) -> HttpResponse:
    """All that was found on one page, to be printed: no form, and of very many the first."""
    now = clock.now()
    form = FinderForm(request.GET, formats=finder.format_choices(_language()), default_unit=_default_unit())
    if form.errors:
        # Said beside its field; a list of something else would be of no use on paper.
        return redirect(f"{reverse('meetings:list')}?{request.GET.urlencode()}")
    found = finder.search(form.criteria(), now=now, reader_tz=_reader_tz(), language=_language())
    page = Paginator(found, PRINTED).get_page(1)
    parameters = form.parameters()
    context = {
        "form": form,
        "page": page,
        "found_words": _found_words(form, page.paginator.count),
        "groups": _groups(page, form, now),
        "list_url": _url(parameters),
        "paper_url": _paper_url(parameters),
    }
    response = render(request, "meetings/print.html", context)
    response["X-Robots-Tag"] = "noindex"
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
def meeting_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One meeting: when, where, how to join, what it is like, whom to ask."""
    now = clock.now()
    meeting = access.meeting_for_visitor(slug)
    dates = shown_dates(meeting, now=now)
    coming = [date for date in dates if not date.is_cancelled and date.starts_at > now]
    tz = meeting.tz if meeting.is_in_person else _reader_tz()
    kept = kept_among(request.user, [meeting.pk])
    context = {
        "meeting": meeting,
        "now": now,
        "tz": tz,
        "kept": None if kept is None else meeting.pk in kept,
        "dates": dates,
        "next_date": coming[0] if coming else None,
        # Up to the next one to come; a page on a phone has room for where and how before the others.
        "next_dates": dates[: dates.index(coming[0]) + 1] if coming else dates,
        "later_dates": dates[dates.index(coming[0]) + 1 :] if coming else [],
        "zone_words": wording.zone_note(coming[0].starts_at if coming else now, meeting.tz, own_zone(request)),
        "formats": finder.formats_of(meeting, language=_language()),
        "conference_host": _host(meeting.conference_url),
        "similar_url": _similar_url(meeting),
        "siblings": siblings_of(meeting),
        "updated_at": meeting.source_updated_at or meeting.updated_at,
        "back_url": results_before(request),
    }
    response = render(request, "meetings/detail.html", context)
    # The way back says what one reader searched for.
    patch_vary_headers(response, ["Referer"])
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _host(url: str) -> str:
    """Return whose site a link leads to; lists hold links that are none, such as half an IPv6 address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _similar_url(meeting: Meeting) -> str:
    venue = meeting.venue
    if venue is None or venue.latitude is None or venue.longitude is None or not meeting.is_in_person:
        return _list_url(venue=VenueType.ONLINE)
    return _list_url(lat=f"{venue.latitude:.2f}", lon=f"{venue.longitude:.2f}")


# -- The answer ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """All that an answer depends on besides the meetings and the minute: whoever asks the same is told the same."""

    query: str
    language: str
    tz: str
    #: The same where it is the reader's own; None where nobody has said it.
    own_tz: str | None
    hour_cycle: str
    is_htmx: bool
    #: Where a message is beside a field, or was until now, or a button changed it, the form has to be drawn again too.
    with_form: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The finder with its form, or the results alone, the address that asks for it, and what it says was found."""

    html: str
    url: str
    words: str
    has_form: bool
    has_errors: bool


#: What visitors were told in this quarter of a minute. A member has stars, and is told anew.
visitors_answers: Microcache[Answer] = Microcache(seconds=15, most=128)


def _asked(request: HttpRequest) -> Asked:
    is_htmx = bool(request.htmx)  # type: ignore[attr-defined]
    return Asked(
        query=request.GET.urlencode(),
        language=translation.get_language() or "en",
        tz=_reader_tz(),
        own_tz=own_zone(request),
        hour_cycle=reader_hour_cycle(request),
        is_htmx=is_htmx,
        with_form=not is_htmx or request.htmx.target == "finder" or CHANGE in request.GET,  # type: ignore[attr-defined]
    )


def _answer(asked: Asked, now: dt.datetime, request: HttpRequest | None = None) -> Answer:
    """Return what is found; only a member's own `request` is known here, and none of a visitor's."""
    data = QueryDict(asked.query)
    form = FinderForm(data, formats=finder.format_choices(_language()), default_unit=_default_unit())
    found: Sequence[Found] = []
    if not form.has_unknown_place:
        found = finder.search(form.criteria(), now=now, reader_tz=asked.tz, language=_language())
    page = Paginator(found, PAGE_SIZE).get_page(data.get("page"))
    parameters = form.parameters()
    words = _("Find a meeting") if form.has_unknown_place else _found_words(form, page.paginator.count)
    chips = _chips(form, asked.hour_cycle)
    has_form = asked.with_form or bool(form.errors)
    context: dict[str, Any] = {
        "form": form,
        "kept": kept_among(request.user, [found.meeting.pk for found in page.object_list]) if request else None,
        "page": page,
        "params": parameters.urlencode(),
        "found_words": words,
        "paper_url": _paper_url(parameters),
        "groups": _groups(page, form, now),
        "chips": chips,
        "others": _other_places(form),
        "sorts": _sorts(form),
        "parts_of_day": _parts_of_day(form),
        "next_steps": _next_steps(form, parameters),
        "offers_online": form.center is not None and VenueType.ONLINE not in form.chosen("venue"),
        # On a phone: closed, so that results are on the first screen; a message inside must be seen.
        "is_fold_open": bool(set(form.errors) - UNFOLDED),
        "choice_count": len(chips) - (form.center is not None),
        "more_formats_chosen": not set(parameters.getlist("format")) <= set(COMMON_FORMATS),
        "is_abroad": form.default_unit == KM,
        "is_htmx": asked.is_htmx,
        "own_tz": asked.own_tz,
        "site_name": settings.SITE_NAME,
        "reader_tz": asked.tz,
        "hour_cycle": asked.hour_cycle,
    }
    html = render_to_string("meetings/_finder.html" if has_form else "meetings/_results.html", context, request)
    return Answer(html=html, url=_url(parameters), words=words, has_form=has_form, has_errors=bool(form.errors))


# -- What surrounds the results ----------------------------------------------------------------------------------------


def _groups(page: Page[Found], form: FinderForm, now: dt.datetime) -> list[Group]:
    if form.sort_or_default == DISTANCE:
        return [Group("", list(page.object_list), with_date=True)] if page.object_list else []
    today = clock.to_wall(now, _reader_tz()).date()
    dated = [found for found in page.object_list if found.day]
    undated = [found for found in page.object_list if not found.day]
    # By the clock on the wall of each; the sort is stable, and within a page days may mix only where zones do.
    dated.sort(key=lambda found: found.day or dt.date.max)
    groups = [
        Group(_day_words(day, today, group), group)
        for day, group in ((day, list(group)) for day, group in groupby(dated, key=lambda found: found.day))
        if day is not None
    ]
    if undated:
        groups.append(Group(_("No date for now"), undated))
    return groups


def _day_words(day: dt.date, today: dt.date, found: list[Found]) -> str:
    first = found[0]
    assert first.date is not None
    words = wording.date_words_long(first.date.starts_at, first.tz)
    if day == today:
        return _("Today, %(date)s") % {"date": words}
    if day == today + dt.timedelta(days=1):
        return _("Tomorrow, %(date)s") % {"date": words}
    # A heading begins large, also where days are written small.
    return capfirst(words)


def _found_words(form: FinderForm, count: int) -> str:
    """Return what was found as a heading and a title say it: "80 meetings today near Albany, NY"."""
    numbers = {"count": number_format(count, force_grouping=True)}
    if form.is_online_alone:
        words = [ngettext("%(count)s online meeting", "%(count)s online meetings", count) % numbers]
    else:
        words = [ngettext("%(count)s meeting", "%(count)s meetings", count) % numbers]
    days = form.chosen("day")
    if len(days) == 1:
        words.append(_day_asked(days[0]))
    if form.center is not None:
        is_online_too = VenueType.ONLINE in form.chosen("venue")
        if form.place:
            near = _("online or near %(place)s") if is_online_too else _("near %(place)s")
            words.append(near % {"place": form.place.label})
        else:
            words.append(_("online or near you") if is_online_too else _("near you"))
    return " ".join(words)


def _day_asked(day: str) -> str:
    words = {"today": _("today"), "tomorrow": _("tomorrow")}
    return words.get(day) or _("on %(weekday)s") % {"weekday": WEEKDAYS[DAY_SLUGS.index(day)]}


def _chips(form: FinderForm, hour_cycle: str) -> list[Button]:
    """One for each thing asked for; its press takes that away and leaves all the others."""
    chips = []
    parameters = form.parameters()
    if form.center is not None:
        where = form.place.label if form.place else _("you")
        words = _("Within %(distance)s of %(place)s") % {"distance": form.radius_words, "place": where}
        # As it was sent, so that another place that is typed by now stays.
        sent = {name: form.data[name] for name in PLACE if form.data.get(name)}
        chips.append(Button(words, _without(**sent)))
    if query := parameters.get("q"):
        chips.append(Button(f"“{query}”", _with(q="")))
    day_names = {**dict(DAY_CHOICES), **{slug: capfirst(WEEKDAYS[number]) for number, slug in enumerate(DAY_SLUGS)}}
    chips += [Button(str(day_names[day]), _without(day=day)) for day in parameters.getlist("day")]
    chips += _chips_of_hours(form, hour_cycle)
    venue_names = dict(form.fields["venue"].choices)  # type: ignore[attr-defined]
    chips += [Button(str(venue_names[venue]), _without(venue=venue)) for venue in parameters.getlist("venue")]
    if kind := parameters.get("kind"):
        chips.append(Button(str(MeetingKind(kind).label), _with(kind="")))
    chips += [Button(form.format_names[slug], _without(format=slug)) for slug in parameters.getlist("format")]
    return chips


def _chips_of_hours(form: FinderForm, hour_cycle: str) -> list[Button]:
    if part := form.part_of_day:
        return [Button(str(PART_NAMES[part]), _with(**{"from": "", "until": ""}))]
    chips = []
    criteria = form.criteria()
    for name, words, time in (
        ("from", _("After %(time)s"), criteria.starts_from),
        ("until", _("Before %(time)s"), criteria.starts_until),
    ):
        if time:
            chips.append(Button(words % {"time": wording.clock_words(time, hour_cycle)}, _with(**{name: ""})))
    return chips


def _parts_of_day(form: FinderForm) -> list[Button]:
    """A simple way to ask for hours; a second press takes it back."""
    parts = []
    for part, (start, until) in finder.PARTS_OF_DAY.items():
        is_current = part == form.part_of_day
        hours = {"from": "", "until": ""} if is_current else {"from": f"{start:%H:%M}", "until": f"{until:%H:%M}"}
        parts.append(Button(str(PART_NAMES[part]), _with(**hours), is_current))
    return parts


def _other_places(form: FinderForm) -> list[Button]:
    if form.is_online_alone and not form.has_unknown_place:
        # From anywhere, whichever place was meant.
        return []
    places = form.near_answer.places[0 if form.has_unknown_place else 1 :]
    return [Button(place.label, _with(near=place.label)) for place in places]


def _sorts(form: FinderForm) -> list[Button]:
    if form.center is None:
        return []
    return [
        Button(_("Soonest first"), _with(sort=""), form.sort_or_default == WHEN),
        Button(_("Nearest first"), _with(sort=DISTANCE), form.sort_or_default == DISTANCE),
    ]


def _next_steps(form: FinderForm, parameters: QueryDict) -> list[Button]:
    """What to try where nothing was found, the least change first."""
    steps = []
    if form.center:
        wider = [radius for radius in RADII if radius > form.radius_or_default]
        # Not the next one: who found nothing looks farther than a little.
        steps += [
            Button(_("Within %(distance)s") % {"distance": form.distance_words(radius)}, _with(radius=str(radius)))
            for radius in wider[1::2][:2] or wider
        ]
    if "day" in parameters:
        steps.append(Button(_("On any day"), _with(day="")))
    if "from" in parameters or "until" in parameters:
        steps.append(Button(_("At any time"), _with(**{"from": "", "until": ""})))
    others = [name for name in ("q", "format", "kind", "venue") if name in parameters]
    if others and not form.has_unknown_place:
        steps.append(Button(_("Without the other choices"), _with(**dict.fromkeys(others, ""))))
    if form.center or form.has_unknown_place:
        steps.append(Button(_("Online, from anywhere"), _with(venue=VenueType.ONLINE)))
    return steps


def _kind_words() -> dict[MeetingKind, str]:
    return {
        MeetingKind.NA_MEETING: _("For anyone who wants to stop using. Just come. No one asks who you are."),
        MeetingKind.FAMILY_SUPPORT: _("For people who love someone in recovery, or still using."),
        MeetingKind.FAMILY_SESSION: _(
            "A family with a counselor, run by an independent practice. You sign up for a date."
        ),
    }


# -- Addresses ---------------------------------------------------------------------------------------------------------


def _url(parameters: QueryDict) -> str:
    query = parameters.urlencode()
    return f"{reverse('meetings:list')}?{query}" if query else reverse("meetings:list")


def _paper_url(parameters: QueryDict) -> str:
    """Return where the whole list is, as it is typed from paper."""
    query = parameters.urlencode()
    return f"{settings.PUBLIC_BASE_URL}{reverse('meetings:print')}" + (f"?{query}" if query else "")


def _list_url(**values: str) -> str:
    parameters = QueryDict(mutable=True)
    parameters.update(values)
    return _url(parameters)


def _with(**values: str) -> str:
    """Return the change that asks for these values."""
    return urlencode(values)


def _without(**values: str) -> str:
    """Return the change that takes these values away."""
    return urlencode({f"-{name}": value for name, value in values.items()})


# -- The reader --------------------------------------------------------------------------------------------------------


def _reader_tz() -> str:
    # Not get_current_timezone_name(): for a zone without summer time it says "IST", which names no zone.
    return str(timezone.get_current_timezone())


def _language() -> str:
    return (translation.get_language() or "en").split("-")[0]


def _default_unit() -> str:
    return MILES if uses_miles(_reader_tz()) else KM
