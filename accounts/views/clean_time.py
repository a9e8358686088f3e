"""A member's clean time: for their own eyes, off until they want it."""

from __future__ import annotations

import datetime as dt
from itertools import takewhile
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import milestones
from accounts.access import member
from accounts.forms.clean_time import CleanDateForm
from accounts.models import User
from accounts.queries import clean_date_of
from accounts.services import clean_time
from support import clock


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """Show how long it is, and what was and will be reached; keep the date, or another one."""
    user = member(request)
    today = _today(user)
    kept = clean_date_of(user)
    form = CleanDateForm(request.POST if request.method == "POST" else None, today=today, initial={"clean_on": kept})
    if form.is_valid():
        clean_time.keep_clean_date(user=user, clean_on=form.cleaned_data["clean_on"])
        messages.success(request, _("Saved, for your eyes only."))
        return redirect("accounts:clean_time")
    context: dict[str, Any] = {"form": form, "clean_on": kept, "today": today}
    if kept is not None:
        # A traveller's "today" may be a day earlier than where the date was kept.
        day = max(today, kept)
        every = milestones.milestones(kept)
        context |= {
            "span": milestones.span(kept, today=day),
            "reached": list(reversed(list(takewhile(lambda each: each.on <= day, every)))),
            "next": milestones.following(kept, today=day),
        }
    return render(request, "accounts/clean_time.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def begin_again(request: HttpRequest) -> HttpResponse:
    """Count from today, in one step and without a question; then show what helps in the hour after."""
    user = member(request)
    clean_time.keep_clean_date(user=user, clean_on=_today(user))
    messages.success(request, _("Today is day one, and you are here. That took courage. Keep coming back."))
    return redirect("start_again")


@login_required
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Keep no date any more."""
    clean_time.forget_clean_date(user=member(request))
    messages.success(request, _("Done. Your date is no longer kept."))
    return redirect("accounts:clean_time")


def _today(user: User) -> dt.date:
    return clock.to_wall(clock.now(), user.tz).date()
