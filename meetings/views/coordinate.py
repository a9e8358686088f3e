"""Looking after the listings of a service body and of those below it: what they say, and who runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import links
from accounts.access import member
from accounts.middleware import ask_for_second_factor
from meetings.forms.listing import ListingForm
from meetings.models import Invitation
from meetings.queries import access, coordination
from meetings.queries.missing import in_doubt
from meetings.services import roles
from meetings.services.listings import update_listing
from support import clock

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
PAGE = 50


def coordinators_only(view: View[P]) -> View[P]:
    """Let only coordinators in, with a second factor; to everyone else who is signed in the page is not there."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not coordination.is_coordinator(member(request)):
            raise Http404
        return ask_for_second_factor(request) or view(request, *args, **kwargs)

    return guarded


@coordinators_only
@require_safe
def bodies(request: HttpRequest) -> HttpResponse:
    """The service bodies that a coordinator looks after."""
    context = {
        "bodies": coordination.bodies_of(member(request)),
        "missing": in_doubt(member(request), now=clock.now()).count(),
    }
    return render(request, "meetings/bodies.html", context)


@coordinators_only
@require_safe
def body(request: HttpRequest, slug: str) -> HttpResponse:
    """One service body: its meetings, and who looks after it."""
    found = access.body_for_coordinator(member(request), slug)
    words = request.GET.get("q", "").replace("\x00", "").strip()
    context = {
        "body": found,
        "q": words,
        "page": Paginator(coordination.meetings_of(found, words), PAGE).get_page(request.GET.get("page")),
        "coordinators": coordination.coordinators_of(found),
        "is_kept_from_above": coordination.is_kept_from_above(member(request), found),
        "invitations": _with_links(coordination.open_invitations(body=found, now=clock.now())),
    }
    return render(request, "meetings/body.html", context)


@coordinators_only
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest, slug: str) -> HttpResponse:
    """What a meeting's page says, and who runs it."""
    meeting = access.meeting_for_coordinator(member(request), slug)
    now = clock.now()
    form = ListingForm(
        request.POST if request.method == "POST" else None,
        meeting=meeting,
        today=clock.to_wall(now, meeting.tz).date(),
        language=get_language(),
    )
    if form.is_valid():
        update_listing(
            meeting=meeting,
            values=form.cleaned_data["values"],
            place=form.cleaned_data["place"],
            formats=[each.pk for each in form.cleaned_data["formats"]],
            now=now,
        )
        messages.success(request, _("Saved. If something changed for people who signed up, we’re letting them know."))
        return redirect("meetings:listing", meeting.slug)
    context = {
        "meeting": meeting,
        "form": form,
        "facilitators": meeting.facilitators.order_by("pk"),
        "invitations": _with_links(coordination.open_invitations(meeting=meeting, now=now)),
    }
    return render(request, "meetings/listing.html", context, status=422 if form.errors else 200)


@coordinators_only
@require_POST
def invite_coordinator(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer to somebody, by a link, to look after a service body."""
    found = access.body_for_coordinator(member(request), slug)
    roles.invite_coordinator(body=found, actor=member(request), now=clock.now())
    messages.success(request, _("Here is a link for one person. It works for seven days."))
    return redirect("meetings:body", slug)


@coordinators_only
@require_POST
def remove_coordinator(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let somebody look after a service body no longer."""
    found = access.body_for_coordinator(member(request), slug)
    roles.remove_coordinator(coordinator=access.coordinator_for_coordinator(member(request), found, pk))
    messages.success(request, _("Removed."))
    return redirect("meetings:bodies")


@coordinators_only
@require_POST
def invite_facilitator(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer to somebody, by a link, to run a meeting."""
    meeting = access.meeting_for_coordinator(member(request), slug)
    roles.invite_facilitator(meeting=meeting, actor=member(request), now=clock.now())
    messages.success(request, _("Here is a link for one person. It works for seven days."))
    return redirect(f"{reverse('meetings:listing', args=[slug])}#people")


@coordinators_only
@require_POST
def remove_facilitator(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let somebody run a meeting no longer."""
    meeting = access.meeting_for_coordinator(member(request), slug)
    user = meeting.facilitators.filter(pk=pk).first()
    if user is None:
        raise Http404
    roles.remove_facilitator(meeting=meeting, user=user)
    messages.success(request, _("Removed."))
    return redirect(f"{reverse('meetings:listing', args=[slug])}#people")


@coordinators_only
@require_POST
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take back an invitation that nobody has taken."""
    invitation = access.invitation_for_coordinator(member(request), public_id)
    roles.withdraw_invitation(invitation=invitation)
    messages.success(request, _("Withdrawn. The link no longer works."))
    if invitation.meeting is not None:
        return redirect(f"{reverse('meetings:listing', args=[invitation.meeting.slug])}#people")
    assert invitation.service_body is not None  # the constraint invitation_to_one_thing
    return redirect("meetings:body", invitation.service_body.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link offers; take it by POST, once signed in."""
    try:
        found = access.invitation_by_link(links.read(token, "invitation"))
    except (links.BadLink, Http404):
        return render(request, "meetings/invitation_over.html", status=404)
    context = {"invitation": found, "token": token, "is_over": roles.is_over(found, now=clock.now())}
    if request.method != "POST":
        return render(request, "meetings/invitation.html", context)
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_login')}?next={request.path}")
    try:
        roles.accept_invitation(invitation=found, user=member(request), now=clock.now())
    except roles.InvitationOver:
        return render(request, "meetings/invitation_over.html", status=410)
    messages.success(request, _("Invitation accepted. Thank you for serving."))
    if found.meeting is not None:
        return redirect("meetings:facilitate", found.meeting.slug)
    return redirect("meetings:bodies")


def _with_links(invitations: Iterable[Invitation]) -> list[tuple[Invitation, str]]:
    """Pair invitations with what to hand on."""
    return [(each, coordination.address_of(each)) for each in invitations]
