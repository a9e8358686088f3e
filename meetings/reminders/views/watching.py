"""The staff's pages about messages: what became of them, and what can be done. They name nobody and show no address."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member, staff_only
from accounts.enums import Channel
from accounts.middleware import reader_hour_cycle, reader_zone
from meetings.reminders.forms import MessageFilterForm, ReasonForm
from meetings.reminders.models import Reminder
from meetings.reminders.queries import timelines, watching
from meetings.reminders.queries.figures import people_put_aside
from meetings.reminders.services import inbound
from meetings.reminders.services import watching as deeds
from support import clock
from support.messaging import allowance

PER_PAGE = 50


@staff_only
@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """Messages by what became of them, without a word about whom they are for."""
    now = clock.now()
    form = MessageFilterForm(request.GET, reasons=watching.reasons())
    # A part that cannot be understood gets a message beside its field and is left out.
    form.is_valid()
    asked = {name: value for name, value in form.cleaned_data.items() if value}
    page = Paginator(watching.messages(asked, now=now), PER_PAGE).get_page(request.GET.get("page"))
    if "person" in asked:
        deeds.record_looking(actor=member(request), signups=[row.signup for row in page], now=now)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, timelines.tone(row)) for row in page],
        "params": urlencode({name: request.GET[name] for name in asked}),
        "channels": watching.channel_standings(now=now),
        "put_aside": people_put_aside(),
        "are_texts_used_up": allowance.is_used_up(),
        "are_codes_used_up": allowance.is_codes_share_used_up(),
        "now": now,
    }
    return render(request, "reminders/watch_list.html", context)


@staff_only
@require_safe
def message(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One message and all that happened to it. Looking is on record with whom it is for."""
    reminder = watching.message_for_staff(public_id)
    return _message_page(request, reminder, ReasonForm())


@staff_only
@require_POST
def replay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Plan a message again that did not arrive."""
    reminder = watching.message_for_staff(public_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _message_page(request, reminder, form)
    reason = form.cleaned_data["reason"]
    try:
        is_new = deeds.replay(reminder=reminder, actor=member(request), reason=reason, now=clock.now())
    except deeds.NotPossible as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _("It will be sent again.") if is_new else _("It’s already on its way."))
    return redirect("reminders:watch_message", public_id)


@staff_only
@require_POST
def abort(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop a message that is not sent yet."""
    reminder = watching.message_for_staff(public_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _message_page(request, reminder, form)
    reason = form.cleaned_data["reason"]
    try:
        is_new = deeds.abort(reminder=reminder, actor=member(request), reason=reason, now=clock.now())
    except deeds.NotPossible as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _("Stopped.") if is_new else _("It was already finished. Nothing changed."))
    return redirect("reminders:watch_message", public_id)


@staff_only
@require_safe
def signup(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """All that was sent about one signup, in the order in which it happened. Looking is on record with its person."""
    found = watching.signup_for_staff(public_id)
    deeds.record_looking(actor=member(request), signups=[found], now=clock.now())
    context = {
        "signup": found,
        "person": watching.person_label(found),
        "stories": timelines.stories(timelines.about(found), reader=_reader(request)),
    }
    return render(request, "reminders/watch_signup.html", context)


@staff_only
@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    """How each way of sending stands, with a switch for each."""
    return _channels_page(request, {})


@staff_only
@require_POST
def pause(request: HttpRequest, channel: str) -> HttpResponse:
    """Stop sending by one channel until it is resumed."""
    _require_channel(channel)
    form = ReasonForm(request.POST, prefix=channel)
    if not form.is_valid():
        return _channels_page(request, {channel: form})
    deeds.pause_channel(channel=channel, actor=member(request), reason=form.cleaned_data["reason"], now=clock.now())
    messages.success(request, _("Paused. Messages that are due wait until you resume."))
    return redirect("reminders:watch_channels")


@staff_only
@require_POST
def resume(request: HttpRequest, channel: str) -> HttpResponse:
    """Let a paused channel go on."""
    _require_channel(channel)
    deeds.resume_channel(channel=channel, actor=member(request))
    messages.success(request, _("Resumed. Messages that are due go out now."))
    return redirect("reminders:watch_channels")


@staff_only
@require_safe
def put_aside(request: HttpRequest) -> HttpResponse:
    """Those for whom no reminders can be planned, and why. Looking is on record with each."""
    rows = watching.put_aside()
    deeds.record_seeing(actor=member(request), people=[row.participant for row in rows], now=clock.now())
    context = {"rows": [(row, watching.person_number(row.participant)) for row in rows], "count": people_put_aside()}
    return render(request, "reminders/watch_aside.html", context)


@staff_only
@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    """Texts from outside that a machine could not make sense of. Looking is on record with whoever wrote them."""
    waiting = watching.texts_to_read()
    deeds.record_reading(actor=member(request), people=[p for each in waiting for p in each.people], now=clock.now())
    return render(request, "reminders/watch_texts.html", {"waiting": waiting})


@staff_only
@require_POST
def text_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody has read a text; it is no longer shown."""
    inbound.mark_seen(rows=[watching.text_to_read(pk)], by=member(request).pk, now=clock.now())
    messages.success(request, _("Marked as read."))
    return redirect("reminders:watch_texts")


def _message_page(request: HttpRequest, reminder: Reminder, form: ReasonForm) -> HttpResponse:
    deeds.record_looking(actor=member(request), signups=[reminder.signup], now=clock.now())
    (story,) = timelines.stories(Reminder.objects.filter(pk=reminder.pk), reader=_reader(request))
    context = {
        "reminder": reminder,
        "story": story,
        "person": watching.person_label(reminder.signup),
        "form": form,
        "can_replay": deeds.can_replay(reminder, now=clock.now()),
        "can_abort": reminder.state in deeds.STOPPABLE,
    }
    return render(request, "reminders/watch_message.html", context, status=422 if form.errors else 200)


def _channels_page(request: HttpRequest, bound: dict[str, ReasonForm]) -> HttpResponse:
    standings = watching.channel_standings(now=clock.now())
    context = {
        "channels": [(each, bound.get(each.channel) or ReasonForm(prefix=each.channel)) for each in standings],
        "invalid": next(iter(bound.values()), None),
    }
    return render(request, "reminders/watch_channels.html", context, status=422 if bound else 200)


def _require_channel(channel: str) -> None:
    if channel not in Channel.values:
        raise Http404


def _reader(request: HttpRequest) -> timelines.Reader:
    return timelines.Reader(tz=reader_zone(request), hour_cycle=reader_hour_cycle(request))
