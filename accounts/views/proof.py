"""Asking once more who it is, before what a stranger with an unlocked phone must not do."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.access import member
from accounts.adapter import MailLimited
from accounts.forms.codes import is_code
from accounts.proof import is_proven
from support import limits

View = Callable[..., HttpResponse]

#: Where the code that was sent waits in the (sealed) session.
SESSION_KEY: Final = "account_proof"
MAX_TRIES: Final = 3
CODES_PER_HOUR: Final = 6


def proof_required(view: View) -> View:
    """Let a member through who is proven; lead any other through what proves them, and back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated or is_proven(request):
            return view(request, *args, **kwargs)
        ways = get_adapter().get_reauthentication_methods(request.user)
        address = ways[0]["url"] if ways else reverse("accounts:prove")
        return redirect(f"{address}?{urlencode({'next': request.path})}")

    return guarded


class ProofForm(forms.Form):
    """The code that was sent to the account's own address."""

    code = forms.CharField(
        label=_("Code"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "one-time-code"})
    )

    def __init__(self, *args: Any, expected: str, sent: str, **kwargs: Any) -> None:
        self.expected = expected
        self.sent = sent
        super().__init__(*args, **kwargs)

    def clean_code(self) -> str:
        """Return the code. Raises limits.TooMany, as is_code does."""
        code: str = self.cleaned_data["code"]
        seconds = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT
        if not self.expected or not is_code(
            code, expected=self.expected, sent=self.sent, tries=MAX_TRIES, seconds=seconds
        ):
            raise get_adapter().validation_error("incorrect_code")
        return code


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """Offer to send a code to the account's address; take it, and lead back to where the person was."""
    user = member(request)
    adapter = get_adapter()
    target = request.POST.get("next") or request.GET.get("next") or ""
    target = target if adapter.is_safe_url(target) else reverse("accounts:settings")
    waiting = request.session.get(SESSION_KEY) or {}
    if (
        time.time() - waiting.get("at", 0) > settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT
        or waiting.get("tries", 0) >= MAX_TRIES
    ):
        waiting = {}
    context = {"target": target, "is_sent": bool(waiting), "address": user.email}
    if request.method == "POST" and "send" in request.POST:
        code = adapter.generate_login_code()
        try:
            limits.consume("prove", str(user.pk), limit=CODES_PER_HOUR, seconds=3600)
            adapter.send_mail("account/email/login_code", user.email, {"code": code})
        except (limits.TooMany, MailLimited):
            return render(request, "accounts/prove.html", context | {"is_limited": True}, status=429)
        request.session[SESSION_KEY] = {"code": code, "at": time.time(), "tries": 0}
        return redirect(f"{reverse('accounts:prove')}?{urlencode({'next': target})}")
    form = ProofForm(
        request.POST if request.method == "POST" else None,
        expected=waiting.get("code", ""),
        sent=f"{user.pk} {waiting.get('at')}",
    )
    try:
        is_right = form.is_valid()
    except limits.TooMany:
        request.session.pop(SESSION_KEY, None)
        messages.warning(request, _("That code no longer works. Ask for a new one."))
        return redirect(f"{reverse('accounts:prove')}?{urlencode({'next': target})}")
    if not is_right:
        if form.is_bound and waiting:
            request.session[SESSION_KEY] = waiting | {"tries": waiting["tries"] + 1}
        return render(request, "accounts/prove.html", context | {"form": form}, status=422 if form.is_bound else 200)
    del request.session[SESSION_KEY]
    record_authentication(request, user, method="code", reauthenticated=True)
    return HttpResponseRedirect(target)
