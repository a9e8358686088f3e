"""The door, for members and for whoever wants to become one: an address, then the code that was mailed to it."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import BaseConfirmCodeForm
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.stages import LoginStage
from allauth.account.views import ConfirmLoginCodeView, LoginView
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.entrance import send_code
from accounts.forms.mail import is_flood


class EntranceView(LoginView):
    """Asks for an address."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> HttpResponseRedirect:
        """Go on with the code that is awaited, and then to where this door was opened for."""
        answer: HttpResponseRedirect = super()._redirect_to_pending_stage(request, stage)
        return HttpResponseRedirect(self.passthrough_next_url(answer.url))


class CodeView(ConfirmLoginCodeView):
    """Takes the code. The right one signs in; where nobody is known with that address, it makes an account first."""

    def get_next_url(self) -> str | None:
        """Return where to go; a page that forgot it does not matter, since the session knows."""
        target: str | None = super().get_next_url() or self.stage.login.redirect_url
        return target

    def _verify_form_valid(self, form: BaseConfirmCodeForm) -> HttpResponse:
        user, is_new = get_adapter().member_with(self.request, self._process.state["email"])
        self._process.state["user_id"] = user_id_to_str(user)
        response: HttpResponse = super()._verify_form_valid(form)
        if is_new:
            messages.success(
                self.request, _("You have an account now. Under Account you can choose a display name and more.")
            )
        return response

    def _resend_form_valid(self, form: forms.Form) -> HttpResponse:
        email = self._process.state["email"]
        if is_flood(email):
            messages.error(self.request, get_adapter().error_messages["rate_limited"])
        else:
            send_code(self.request, email=email, target=self.get_next_url())
            messages.success(self.request, _("We sent a new code. The old one no longer works."))
        return redirect(self.passthrough_next_url(reverse("account_confirm_login_code")))

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if isinstance(response, HttpResponseRedirect):
            # That was the last try: at the door again, and still on the way to the same page.
            return redirect(self.passthrough_next_url(reverse("account_login")))
        return response
