"""What is kept about a person: shown, given back, erased. For a member, and for a guest from a signed link."""

from __future__ import annotations

import base64
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import known_browsers, links
from accounts.access import guest_by_link, member
from accounts.forms.erasure import EraseForm
from accounts.models import AccessRecord, Disclosure, Export
from accounts.person import Person, number_of, of_guest, of_member
from accounts.services.erasure import erase
from accounts.services.exports import ask_for_export, build_waiting_exports
from accounts.services.idle import keep
from accounts.tasks import build_exports
from accounts.views.proof import proof_required
from support import clock, limits

#: Each is made of all that is kept.
COPIES_PER_DAY: Final = 10


@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Say what is kept, who looked at it, and offer a copy and the way out."""
    user = member(request)
    person = of_member(user)
    context = {
        "export": _newest_export(Export.objects.filter(user=user)),
        "contact_points": person.contact_points,
        "access_records": AccessRecord.objects.about(person)[:50],
        "number": number_of(user_id=user.pk, contact_point_id=0),
        "disclosures": Disclosure.objects.about(person),
    }
    return render(request, "accounts/data.html", context)


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a copy of everything. Getting it is what takes proof."""
    user = member(request)
    try:
        limits.consume("copies", str(user.pk), limit=COPIES_PER_DAY, seconds=86_400)
    except limits.TooMany:
        messages.warning(request, _("You’ve made many copies today. Download the newest one, or come back tomorrow."))
    else:
        _make(of_member(user))
    return redirect("accounts:data")


@login_required
@require_safe
@proof_required
def download(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Hand the archive to the member it is about, within its day."""
    export = get_object_or_404(Export, public_id=public_id, user=member(request), state=Export.State.READY)
    return _file(export)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@proof_required
def leave(request: HttpRequest) -> HttpResponse:
    """Erase the account, once its owner says that they are sure."""
    form = EraseForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "accounts/leave.html", {"form": form}, status=422 if form.is_bound else 200)
    person = of_member(member(request))
    logout(request)
    erase(person=person, now=clock.now())
    response = _farewell(request)
    known_browsers.forget(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """All of this for a guest: the link that was mailed to them on request is what they prove themselves with."""
    try:
        point = guest_by_link(token, "data")
    except Http404:
        if request.POST.get("action") == "erase" and _was_made_here(token):
            # Pressed twice: the other press was first.
            return _private(_farewell(request))
        raise
    form = EraseForm(request.POST if request.POST.get("action") == "erase" else None)
    response: HttpResponse
    if request.POST.get("action") == "ask":
        try:
            limits.consume("copies of a guest", str(point.pk), limit=COPIES_PER_DAY, seconds=86_400)
        except limits.TooMany:
            messages.warning(
                request, _("You’ve made many copies today. Download the newest one, or come back tomorrow.")
            )
        else:
            _make(of_guest(point))
        response = redirect("accounts:data_by_link", token)
    elif form.is_valid():
        erase(person=of_guest(point), now=clock.now())
        response = _farewell(request)
    else:
        context = {
            "form": form,
            "token": token,
            "export": _newest_export(Export.objects.filter(contact_point=point)),
            "access_records": AccessRecord.objects.about(of_guest(point))[:50],
            "number": number_of(user_id=None, contact_point_id=point.pk),
            "disclosures": Disclosure.objects.about(of_guest(point)),
        }
        response = render(request, "accounts/data_by_link.html", context, status=422 if form.is_bound else 200)
    return _private(response)


@require_safe
def download_by_link(request: HttpRequest, token: str, public_id: UUID) -> HttpResponse:
    """Hand the archive to the guest it is about, within its day."""
    point = guest_by_link(token, "data")
    return _private(
        _file(get_object_or_404(Export, public_id=public_id, contact_point=point, state=Export.State.READY))
    )


@require_http_methods(["GET", "HEAD", "POST"])
def keep_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Let a guest who was not seen for long say that they still need what is kept about them."""
    point = guest_by_link(token, "keep")
    if request.method != "POST":
        return _private(render(request, "accounts/keep_by_link.html"))
    keep(person=of_guest(point), now=clock.now())
    messages.success(request, _("Nothing was erased."))
    return _private(redirect("home"))


def _farewell(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("Everything has been erased. Take care of yourself, and come back whenever you like."))
    return redirect("home")


def _was_made_here(token: str) -> bool:
    try:
        links.read(token, "data")
    except links.BadLink:
        return False
    return True


def _newest_export(exports: QuerySet[Export]) -> Export | None:
    return exports.filter(expires_at__gt=clock.now()).order_by("-asked_at", "-pk").first()


def _make(person: Person) -> None:
    now = clock.now()
    ask_for_export(person=person, now=now)
    if settings.REDIS_URL:
        # Where the broker is away for a moment, the next beat makes it.
        transaction.on_commit(build_exports.delay, robust=True)
    else:
        # No broker, so no worker hears of it: make it here.
        build_waiting_exports(now=now)


def _file(export: Export) -> HttpResponse:
    if export.expires_at <= clock.now():
        raise Http404
    response = HttpResponse(base64.b64decode(export.archive), content_type="application/zip")
    # A name that says nothing, since it stays in the list of downloads.
    response["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return response


def _private(response: HttpResponse) -> HttpResponse:
    add_never_cache_headers(response)
    patch_cache_control(response, private=True, no_store=True)
    return response
