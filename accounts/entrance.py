"""One way in: a code to whatever address was typed. Whether somebody is known there is looked up once it is proven.

Until then an address that is known and one that is not are treated by the same lines of code, so that nothing can tell
them apart: no page, no message, no time. allauth's own process looks first, and sends a stranger another message.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from django.http import HttpRequest


class CodeProcess(LoginCodeVerificationProcess):
    """allauth's process of signing in by code, for an address that may be anybody's."""

    def send_by_email(self, email: str, skip_enumeration_mails: bool = False) -> None:
        get_adapter().send_mail("account/email/login_code", email, {"code": self.generate_code()})


def send_code(request: HttpRequest, *, email: str, target: str | None) -> None:
    """Mail a code, and let this browser's session await it; a code awaited before is over.

    `target` is where to go once it was typed, safe already. Raises adapter.MailLimited beyond asking.account_mail.
    """
    login = Login(user=None, email=email, redirect_url=target)
    login.state["stages"] = {"current": LoginByCodeStage.key}
    stage = LoginByCodeStage(LoginStageController(request, login), request, login)
    stage.state.update(CodeProcess.initial_state(user=None, email=email) | {"initiated_by_user": True})
    process = CodeProcess(stage=stage)
    process.send()
    process.persist()
