"""Finding a meeting: the first page, the timetable, one meeting."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.middleware import own_zone, reader_hour_cycle
from meetings.enums import MeetingKind, VenueType
from meetings.forms.finder import DAY_CHOICES, KM, MILES, FinderForm
from meetings.forms.finder import WEEKDAYS as DAY_SLUGS
from meetings.geo import uses_miles
from meetings.models import Meeting
from meetings.queries import access, finder
from meetings.queries.favourites import kept_among
from meetings.queries.finder import DISTANCE, WHEN, Found
from meetings.queries.occurrences import upcoming_dates
from meetings.queries.siblings import siblings_of
from meetings.views.back import results_before
from support import clock, wording
from support.microcache import Microcache

PAGE_SIZE = 25
#: As many as the first screen has room for.
SOON = 6
DATES_SHOWN = 6
#: The questions that are folded away.
MORE = {"q", "from", "until", "venue", "kind", "format"}
#: What "try a wider circle" offers, in either unit.
WIDER = (10, 25, 50, 100, 250)


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    is_current: bool = False
    text: str = ""


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
    soon = finder.search(finder.Criteria(), now=now, reader_tz=_reader_tz(), language=_language())[:SOON]
    context = {
        "form": form,
        "soon": soon,
        "shortcuts": [
            Link(_("Today"), _list_url(day="today")),
            Link(_("Tomorrow"), _list_url(day="tomorrow")),
            Link(_("Online"), _list_url(venue=VenueType.ONLINE)),
        ],
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
    if asked.is_htmx:
        response = HttpResponse(answer.html)
        # What could not be understood stays in the address, and so in its field after a reload.
        response["HX-Push-Url"] = request.get_full_path() if answer.has_errors else answer.url
        if answer.has_errors:
            response["HX-Retarget"] = "#finder"
    else:
        response = render(request, "meetings/list.html", {"finder": answer.html})
    # The same address answers with a page or with a part of one; neither may be shown in the other's stead.
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
def meeting_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One meeting: when, where, how to join, what it is like, whom to ask."""
    now = clock.now()
    meeting = access.meeting_for_visitor(slug)
    dates = [] if meeting.is_temporarily_closed else upcoming_dates(meeting, now=now, limit=DATES_SHOWN)
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
    #: Where a message is beside a field, or was until now, the form has to be drawn again too.
    with_form: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The finder with its form, or the results alone, and the address that asks for it."""

    html: str
    url: str
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
        with_form=not is_htmx or request.htmx.target == "finder",  # type: ignore[attr-defined]
    )


def _answer(asked: Asked, now: dt.datetime, request: HttpRequest | None = None) -> Answer:
    """Return what is found; only a member's own `request` is known here, and none of a visitor's."""
    data = QueryDict(asked.query)
    form = FinderForm(data, formats=finder.format_choices(_language()), default_unit=_default_unit())
    found = finder.search(form.criteria(), now=now, reader_tz=asked.tz, language=_language())
    page = Paginator(found, PAGE_SIZE).get_page(data.get("page"))
    parameters = form.parameters()
    context: dict[str, Any] = {
        "form": form,
        "kept": kept_among(request.user, [found.meeting.pk for found in page.object_list]) if request else None,
        "page": page,
        "params": parameters.urlencode(),
        "groups": _groups(page, form, now),
        "chips": _chips(form, parameters),
        "others": _other_places(form, parameters),
        "sorts": _sorts(form, parameters),
        "next_steps": _next_steps(form, parameters),
        "online_url": _online_url(form, parameters),
        # Closed while the results are what matters; a message inside must be seen.
        "is_more_open": bool(MORE & set(form.errors)),
        "more_count": sum(len(parameters.getlist(name)) for name in MORE),
        "is_htmx": asked.is_htmx,
        "own_tz": asked.own_tz,
        "reader_tz": asked.tz,
        "hour_cycle": asked.hour_cycle,
    }
    template = "meetings/_finder.html" if asked.with_form or form.errors else "meetings/_results.html"
    html = render_to_string(template, context, request)
    return Answer(html=html, url=_url(parameters), has_errors=bool(form.errors))


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


def _chips(form: FinderForm, parameters: QueryDict) -> list[Link]:
    """One for each thing asked for; its link asks for all the others."""
    chips = []
    if form.place or form.position:
        unit = _("miles") if form.unit_or_default == MILES else _("km")
        where = form.place.label if form.place else _("you")
        words = _("Within %(radius)s %(unit)s of %(place)s") % {
            "radius": f"{form.radius_or_default:g}",
            "unit": unit,
            "place": where,
        }
        chips.append(Link(words, _without(parameters, "near", "lat", "lon", "radius", "unit", "sort")))
    if query := parameters.get("q"):
        chips.append(Link(f"“{query}”", _without(parameters, "q")))
    day_names = {**dict(DAY_CHOICES), **{slug: capfirst(WEEKDAYS[number]) for number, slug in enumerate(DAY_SLUGS)}}
    chips += [Link(str(day_names[day]), _without_one(parameters, "day", day)) for day in parameters.getlist("day")]
    start, until = parameters.get("from"), parameters.get("until")
    if start:
        chips.append(Link(_("From %(time)s") % {"time": start}, _without(parameters, "from")))
    if until:
        chips.append(Link(_("Until %(time)s") % {"time": until}, _without(parameters, "until")))
    venue_names = {
        VenueType.IN_PERSON: _("In person"),
        VenueType.ONLINE: _("Online"),
        VenueType.HYBRID: _("Both at once"),
    }
    chips += [
        Link(venue_names[VenueType(venue)], _without_one(parameters, "venue", venue))
        for venue in parameters.getlist("venue")
    ]
    if kind := parameters.get("kind"):
        chips.append(Link(str(MeetingKind(kind).label), _without(parameters, "kind")))
    chips += [
        Link(form.format_names[slug], _without_one(parameters, "format", slug)) for slug in parameters.getlist("format")
    ]
    return chips


def _other_places(form: FinderForm, parameters: QueryDict) -> list[Link]:
    places = form.near_answer.places if form.near_answer.area else form.near_answer.places[1:]
    return [Link(place.label, _with(parameters, near=place.label)) for place in places]


def _sorts(form: FinderForm, parameters: QueryDict) -> list[Link]:
    if form.center is None:
        return []
    return [
        Link(_("Soonest first"), _without(parameters, "sort"), form.sort_or_default == WHEN),
        Link(_("Nearest first"), _with(parameters, sort=DISTANCE), form.sort_or_default == DISTANCE),
    ]


def _next_steps(form: FinderForm, parameters: QueryDict) -> list[Link]:
    """What to try where nothing was found, the least change first."""
    steps = []
    if form.center:
        unit = _("miles") if form.unit_or_default == MILES else _("km")
        wider = [radius for radius in WIDER if radius > form.radius_or_default][:2]
        steps += [
            Link(
                _("Within %(radius)s %(unit)s") % {"radius": radius, "unit": unit},
                _with(parameters, radius=str(radius), unit=form.unit_or_default),
            )
            for radius in wider
        ]
    if "day" in parameters:
        steps.append(Link(_("On any day"), _without(parameters, "day")))
    if "from" in parameters or "until" in parameters:
        steps.append(Link(_("At any hour"), _without(parameters, "from", "until")))
    if {"q", "format", "kind", "venue"} & set(parameters):
        steps.append(Link(_("Without the other choices"), _without(parameters, "q", "format", "kind", "venue")))
    if form.center:
        steps.append(Link(_("Online, from anywhere"), _online_url(form, parameters)))
    if parameters:
        steps.append(Link(_("All meetings"), reverse("meetings:list")))
    return steps


def _online_url(form: FinderForm, parameters: QueryDict) -> str:
    """Where the same question is asked of what can be joined from anywhere; "" where it was asked already."""
    if form.center is None or VenueType.ONLINE in form.chosen("venue"):
        return ""
    online = parameters.copy()
    for name in ("near", "lat", "lon", "radius", "unit", "sort"):
        online.pop(name, None)
    online.setlist("venue", [VenueType.ONLINE])
    return _url(online)


def _kind_words() -> dict[MeetingKind, str]:
    return {
        MeetingKind.NA_MEETING: _("For anyone with a wish to stop using. Just come; nobody asks who you are."),
        MeetingKind.FAMILY_SUPPORT: _("For those who love someone in recovery, or not yet in it."),
        MeetingKind.FAMILY_SESSION: _("A family and a counselor, by a practice of its own. You sign up for a date."),
    }


# -- Addresses ---------------------------------------------------------------------------------------------------------


def _url(parameters: QueryDict) -> str:
    query = parameters.urlencode()
    return f"{reverse('meetings:list')}?{query}" if query else reverse("meetings:list")


def _list_url(**values: str) -> str:
    return _with(QueryDict(), **values)


def _with(parameters: QueryDict, **values: str) -> str:
    changed = parameters.copy()
    if "near" in values:
        for name in ("lat", "lon"):
            changed.pop(name, None)
    for name, value in values.items():
        changed[name] = value
    return _url(changed)


def _without(parameters: QueryDict, *names: str) -> str:
    changed = parameters.copy()
    for name in names:
        changed.pop(name, None)
    return _url(changed)


def _without_one(parameters: QueryDict, name: str, value: str) -> str:
    changed = parameters.copy()
    changed.setlist(name, [other for other in changed.getlist(name) if other != value])
    return _url(changed)


# -- The reader --------------------------------------------------------------------------------------------------------


def _reader_tz() -> str:
    # Not get_current_timezone_name(): for a zone without summer time it says "IST", which names no zone.
    return str(timezone.get_current_timezone())


def _language() -> str:
    return (translation.get_language() or "en").split("-")[0]


def _default_unit() -> str:
    return MILES if uses_miles(_reader_tz()) else KM
