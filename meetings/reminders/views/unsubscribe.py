"""Stopping messages from a link in one of them: it shows on GET and acts on POST."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.access import contact_point_by_link
from accounts.enums import Purpose
from meetings.reminders.forms import UnsubscribeForm
from meetings.reminders.services.optout import withdraw
from support import clock


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop messages: at once for a mail program's one click (RFC 8058), else from a page that asks which.

    A mail program has no cookie, so its request alone goes without the CSRF check; the signed link is what it proves.
    """
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        return _one_click(request, token)
    return _page(request, token)


def _one_click(request: HttpRequest, token: str) -> HttpResponse:
    contact_point = contact_point_by_link(token, "unsubscribe")
    withdraw(contact_point=contact_point, purposes=[_purpose(request)], source="one click", now=clock.now())
    return HttpResponse("OK", content_type="text/plain; charset=utf-8")


@csrf_protect
def _page(request: HttpRequest, token: str) -> HttpResponse:
    contact_point = contact_point_by_link(token, "unsubscribe")
    is_done = False
    form = UnsubscribeForm(request.POST if request.method == "POST" else None, initial={"what": [_purpose(request)]})
    if form.is_valid():
        withdraw(
            contact_point=contact_point, purposes=form.cleaned_data["what"], source="unsubscribe page", now=clock.now()
        )
        is_done = True
    response = render(
        request,
        "reminders/unsubscribe.html",
        {"form": form, "is_done": is_done},
        status=422 if form.errors else 200,
    )
    add_never_cache_headers(response)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _purpose(request: HttpRequest) -> Purpose:
    what = request.GET.get("what", "")
    return Purpose(what) if what in (Purpose.REMINDERS, Purpose.CHANGES) else Purpose.REMINDERS
