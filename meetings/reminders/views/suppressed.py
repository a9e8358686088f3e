"""The staff's pages about addresses that nothing may be sent to: found, looked at and lifted, by number alone."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member, staff_only
from accounts.models import Suppression
from accounts.services.suppressions import ByThemselves, lift_by_staff, record_finding
from meetings.reminders.forms import BlockFilterForm, FindBlockForm, ReasonForm
from meetings.reminders.queries import suppressed
from support import clock

PER_PAGE = 50


@staff_only
@require_safe
def blocks(request: HttpRequest) -> HttpResponse:
    """What is blocked, the newest first, and what one answer of a server blocked at once."""
    return _list_page(request, FindBlockForm())


@staff_only
@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """Find what blocks an address that somebody asks about. Looking is on record with its owner."""
    form = FindBlockForm(request.POST)
    if not form.is_valid():
        return _list_page(request, form)
    channel, value = form.cleaned_data["contact"]
    record_finding(actor=member(request), channel=channel, value=value, now=clock.now())
    found = suppressed.find(channel, value)
    if found is None:
        return _list_page(request, form, is_free=True)
    return redirect("reminders:watch_block", found.pk)


@staff_only
@require_safe
def block(request: HttpRequest, pk: int) -> HttpResponse:
    """One blocked address, without the address: since when, why, and what can be done."""
    row = Suppression.objects.filter(pk=pk).first()
    return _block_page(request, pk, row, ReasonForm())


@staff_only
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Let messages go to one address again."""
    row = Suppression.objects.filter(pk=pk).first()
    form = ReasonForm(request.POST)
    if row is not None and not form.is_valid():
        return _block_page(request, pk, row, form)
    return _lifted(request, [row] if row else [], form)


@staff_only
@require_POST
def lift_all(request: HttpRequest, pk: int) -> HttpResponse:
    """Let messages go again to all that the same answer blocked within an hour from one address on."""
    first = Suppression.objects.filter(pk=pk).first()
    form = ReasonForm(request.POST, prefix=str(pk))
    if first is not None and not form.is_valid():
        return _list_page(request, FindBlockForm(), invalid={pk: form})
    return _lifted(request, suppressed.of_story(first) if first and first.answer else [], form)


def _lifted(request: HttpRequest, rows: list[Suppression], form: ReasonForm) -> HttpResponse:
    number = 0
    for row in rows:
        reason = form.cleaned_data["reason"]
        try:
            # Each in a transaction of its own: what is lifted stays so, and pressing again goes on.
            number += lift_by_staff(suppression=row, actor=member(request), reason=reason, now=clock.now())
        except ByThemselves:
            messages.error(request, _("They asked for nothing more, and only they can undo that."))
            return redirect("reminders:watch_block", row.pk)
    if number:
        said = ngettext(
            "Unblocked. What is still of use goes out now.",
            "%(number)s unblocked. What is still of use goes out now.",
            number,
        )
        messages.success(request, said % {"number": number})
    else:
        messages.info(request, _("It was unblocked already. Nothing changed."))
    return redirect("reminders:watch_blocks")


def _list_page(
    request: HttpRequest,
    find: FindBlockForm,
    *,
    invalid: dict[int, ReasonForm] | None = None,
    is_free: bool = False,
) -> HttpResponse:
    """`is_free`: what was looked for is not blocked."""
    bound = invalid or {}
    form = BlockFilterForm(request.GET)
    form.is_valid()
    asked = {name: value for name, value in form.cleaned_data.items() if value}
    page = Paginator(suppressed.blocks(**asked), PER_PAGE).get_page(request.GET.get("page"))
    stories = suppressed.stories(now=clock.now())
    context = {
        "form": form,
        "find": find,
        "is_free": is_free,
        "page": page,
        "params": urlencode(asked),
        "stories": [(each, bound.get(each.first) or ReasonForm(prefix=str(each.first))) for each in stories],
        "invalid": next(iter(bound.values()), find if find.errors else None),
    }
    return render(request, "reminders/watch_blocks.html", context, status=422 if context["invalid"] else 200)


def _block_page(request: HttpRequest, number: int, row: Suppression | None, form: ReasonForm) -> HttpResponse:
    context = {"number": number, "blocked": row, "form": form}
    status = 404 if row is None else 422 if form.errors else 200
    return render(request, "reminders/watch_block.html", context, status=status)
