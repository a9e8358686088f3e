"""How allauth behaves here: discreet mail, our own words, and what the browser says about zone and language."""

from __future__ import annotations

import logging
from email.utils import make_msgid, parseaddr
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts import asking, known_browsers
from accounts.access import member
from accounts.middleware import own_zone, reader_hour_cycle
from accounts.models import User
from accounts.proof import is_proven
from accounts.services.joining import member_with
from accounts.services.letters import NOT_SENT
from accounts.services.profile import learn_zone
from accounts.services.push_subscriptions import SESSION_KEY
from accounts.services.security import end_notifications
from support import clock, limits

logger = logging.getLogger(__name__)


#: Passwords that may be tried for one address in an hour by all strangers together; each place has fewer (allauth).
_PASSWORDS = asking.Share("passwords", rates=(), in_all=(50, 3600))


class MailLimited(ImmediateHttpResponse):
    """Too many messages were asked for. A form with an address says so beside it before it comes to this page."""


class AccountAdapter(DefaultAccountAdapter):
    """allauth's flows, with our mails, our words and our new people."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": _("That isn’t the code we sent. Check the newest message, or press “Send a new code”."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, then ask for a new code."),
        "rate_limited": _("Too many tries in a short time. Wait a while, then try again."),
        "same_as_current": _("That’s already your address."),
        "account_inactive": _("This account is closed."),
    }

    def member_with(self, request: HttpRequest, email: str) -> tuple[User, bool]:
        """Return the member with a proven address, made where there is none, and whether they were made now.

        Somebody new reads pages in the zone, language and clock that their browser shows.
        """
        return member_with(
            email=email, tz=own_zone(request), language=_site_language(), hour_cycle=reader_hour_cycle(request)
        )

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Keep allauth's own sign-up shut, which makes accounts before an address is proven."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return where a request came from; behind a local socket there is no address, and all share one limit."""
        return super().get_client_ip(request) if request.META.get("REMOTE_ADDR") else "0.0.0.0"  # noqa: S104

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again only where nobody proved themselves lately: who signed in a minute ago just did."""
        return super().is_reauthentication_required(app=app, **kwargs) and not is_proven(self.request)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        known_browsers.remember(request, response, user.email)
        learn_zone(user=user, tz=own_zone(request), now=clock.now())
        return response

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try to sign in by password, before it is one."""
        super().pre_authenticate(request, **credentials)
        try:
            _PASSWORDS.consume(request, credentials.get("email", ""))
        except limits.TooMany:
            raise self.validation_error("too_many_login_attempts") from None

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Name what wrong passwords are counted by: allauth takes the address alone, whoever tries."""
        email = credentials.get("email", "").strip().lower()
        asker = asking.owner_of(request, email) or asking.place_of(request)
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{asker}"

    def send_account_already_exists_mail(self, email: str) -> None:
        self.send_mail("account/email/account_already_exists", email, {})

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Render our own subject, text and HTML; a machine's answer to it is not wanted (RFC 3834)."""
        sender_domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
        ours = {
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            # Django would name this machine.
            "Message-ID": make_msgid(domain=sender_domain),
        }
        links = {
            "login_url": settings.PUBLIC_BASE_URL + reverse("account_login"),
            "site_host": settings.PUBLIC_BASE_URL.partition("//")[2],
            "minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60,
        }
        return super().render_mail(template_prefix, email, context | links, ours | (headers or {}))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one mail now: a person waits for it. Where it cannot go out, say so on a page instead of breaking.

        Raises MailLimited where whoever asks has asked for too many.
        """
        try:
            asking.account_mail().consume(self.request, email)
        except limits.TooMany:
            logger.warning("An address was sent many account messages in a short time; one more was not sent.")
            raise MailLimited(ratelimit.respond_429(self.request)) from None
        try:
            super().send_mail(template_prefix, email, context)
        except NOT_SENT as error:
            logger.error("A sign-in message could not be sent: %s", type(error).__name__)
            raise ImmediateHttpResponse(render(self.request, "account/mail_failed.html", status=503)) from None


class UserSessionsAdapter(DefaultUserSessionsAdapter):
    """allauth's list of where somebody is signed in: with the sessions of other browsers go their notifications."""

    def end_sessions(self, sessions: list[UserSession]) -> None:
        super().end_sessions(sessions)
        request = context.request
        end_notifications(user=member(request), now=clock.now(), spared=request.session.get(SESSION_KEY))


def _site_language() -> str:
    """Return the language of this page, as one of settings.LANGUAGES."""
    known = dict(settings.LANGUAGES)
    active = translation.get_language() or settings.LANGUAGE_CODE
    return active if active in known else active.partition("-")[0]
