"""Pages for those who build the site; anywhere else they do not exist."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from csp.decorators import csp
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import split_domain_port
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from accounts import phones
from meetings.reminders.services import inbound
from support import clock
from support.loopback import is_loopback
from support.messaging import SmsGateway, TextMessage
from support.messaging import outbox as kept
from support.messaging.reading import KeptMessage, read
from support.messaging.sms_results import Inbound

#: What a proxy adds to a request: that is then somebody else's, however near the proxy is. Each proxy has X- headers of
#: its own; a browser sends none but those that a page's script adds.
_BY_A_PROXY = re.compile(
    r"HTTP_(X_(?!(CSRFTOKEN|REQUESTED_WITH)$)|FORWARDED|VIA|CLIENT_IP|TRUE_CLIENT|CF_|FASTLY_|CDN_|FLY_)"
)


def is_shown_to(request: HttpRequest) -> bool:
    """Return whether pages for those who build the site answer: to a browser on this machine that asks us ourselves.

    ALLOWED_HOSTS always admits localhost, and a proxy on this machine comes from it: nginx sends the name of its
    upstream, by HTTP/1.0, and browsers speak 1.1 to this machine.
    """
    return (
        settings.DEVELOPMENT
        and is_loopback(urlsplit(settings.PUBLIC_BASE_URL).hostname or "")
        and is_loopback(split_domain_port(request.get_host())[0])
        and is_loopback(request.META.get("REMOTE_ADDR", ""))
        and request.META.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and not any(_BY_A_PROXY.match(name) for name in request.META)
    )


def development_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer 404, as for a page that never was, to whoever `is_shown_to` does not name."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not is_shown_to(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


class SpecimenForm(forms.Form):
    """One field of each sort, for the style guide."""

    email = forms.EmailField(
        label="Email address",
        help_text="We send one message to confirm it.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(label="Name to show", required=False, help_text="It need not be yours.")
    date = forms.DateField(label="Date", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    time = forms.TimeField(label="Time", required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
    clock = forms.ChoiceField(label="Clock", choices=[("h12", "7:00 PM"), ("h24", "19:00")])
    which = forms.ChoiceField(
        label="Which dates?", choices=[("one", "Just this one"), ("every", "Every week")], widget=forms.RadioSelect
    )
    formats = forms.MultipleChoiceField(
        label="Formats",
        required=False,
        choices=[
            ("open", "Open"),
            ("beginners", "Beginners"),
            ("candlelight", "Candlelight"),
            ("wheelchair", "Step-free"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    message = forms.CharField(label="Message", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agree = forms.BooleanField(label="Remind me by email", help_text="You can stop this at any time, from any message.")


@require_safe
@development_only
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component in its states, in both themes side by side."""
    tuesday = dt.datetime(2026, 11, 25, 0, 0, tzinfo=dt.UTC)
    context = {
        "specimens": [
            {
                "theme": theme,
                "empty_form": SpecimenForm(
                    prefix=theme, initial={"which": "one", "formats": ["open"], "date": "2026-11-24"}
                ),
                "wrong_form": SpecimenForm({f"{theme}w-email": "someone@", f"{theme}w-name": "J."}, prefix=f"{theme}w"),
            }
            for theme in ("light", "dark")
        ],
        "page": Paginator(range(90), 20).page(2),
        "starts_at": tuesday,
        "ends_at": tuesday + dt.timedelta(minutes=90),
        "icons": [
            "clock", "pin", "video", "phone", "calendar", "check", "cross", "people", "search", "arrow-right", "info",
            "warning", "heart", "download", "user", "home", "leave", "mail", "print",
        ],
    }  # fmt: skip
    return render(request, "styleguide.html", context)


#: Messages shown on one page of the outbox.
OUTBOX_PAGE = 50


@require_safe
@development_only
def outbox(request: HttpRequest) -> HttpResponse:
    """List what would have gone out, the newest first."""
    page = Paginator(kept.newest_first(), OUTBOX_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "messages_kept": [read(file) for file in page],
        # With a real provider, a real phone does it.
        "phone": PhoneForm() if settings.SMS_PROVIDER == "outbox" else None,
    }
    return render(request, "dev/outbox.html", context)


class PhoneForm(forms.Form):
    """A text as a phone would send it to the site."""

    number = forms.CharField(label="From", initial="+1 202-555-0143", max_length=40)
    text = forms.CharField(label="Text", help_text="12207, MORE, TUE, C, X, STOP, HELP …", max_length=500)


@require_POST
@development_only
def outbox_text(request: HttpRequest) -> HttpResponse:
    """Take a text as the webhook would, and keep the answer to it."""
    form = PhoneForm(request.POST)
    number = phones.normal(request.POST.get("number", ""))
    if form.is_valid() and number:
        now = clock.now()
        answer = inbound.take(inbound=Inbound(f"dev-{uuid.uuid4()}", number, form.cleaned_data["text"]), now=now)
        if answer:
            gateway = SmsGateway()
            answer_to = TextMessage(to=number, text=answer, sent_at=now, is_admitted=True)
            gateway.send(answer_to, until=now + dt.timedelta(minutes=2))
            gateway.close()
        else:
            messages.info(request, "The site answers nothing to that.")
    else:
        messages.warning(request, "That is no phone number, or no text.")
    return redirect("outbox")


@require_safe
@development_only
def outbox_message(request: HttpRequest, name: str) -> HttpResponse:
    """Show one message as its reader would see it: on a locked screen, as HTML, as text, in the calendar."""
    return render(request, "dev/message.html", {"message": _kept_message(name)})


@require_safe
@development_only
@xframe_options_sameorigin
@csp(  # type: ignore[arg-type]  # django-csp's types know no view with an argument
    {
        "default-src": ["'none'"],
        # A mail program knows nothing but inline styles; this page is framed, sandboxed, and runs no script.
        "style-src": ["'unsafe-inline'"],
        "frame-ancestors": ["'self'"],
    }
)
def outbox_html(request: HttpRequest, name: str) -> HttpResponse:
    """Serve a message's HTML for the frame on its page, links leading out of the frame."""
    html = _kept_message(name).html
    return HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))


@require_POST
@development_only
def outbox_empty(request: HttpRequest) -> HttpResponse:
    """Throw every message away."""
    kept.empty()
    return redirect("outbox")


def _kept_message(name: str) -> KeptMessage:
    file = kept.folder() / f"{name}{kept.SUFFIX}"
    if file not in kept.newest_first():
        raise Http404
    return read(file)
