from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.urls import include, path

from meetings.views import finder, start_again
from support import development, health, metrics, pages

# The admin has no sign-in of its own: one door, one set of limits, one second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# Staff have no use for people's addresses, keys and devices.
admin.site.unregister([EmailAddress, Authenticator, UserSession])

urlpatterns = [
    path("", finder.home, name="home"),
    path("", include("meetings.urls")),
    path("", include("meetings.reminders.urls")),
    path("crisis/", pages.crisis, name="crisis"),
    path("start-again/", start_again.start_again, name="start_again"),
    path("about/", pages.about, name="about"),
    path("privacy/", pages.privacy, name="privacy"),
    path("leaving/", pages.leaving, name="leaving"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("favicon.ico", pages.favicon, name="favicon"),
    path("robots.txt", pages.robots, name="robots"),
    path("styleguide/", development.styleguide, name="styleguide"),
    path("dev/outbox/", development.outbox, name="outbox"),
    path("dev/outbox/empty/", development.outbox_empty, name="outbox_empty"),
    path("dev/outbox/text/", development.outbox_text, name="outbox_text"),
    path("dev/outbox/<slug:name>/", development.outbox_message, name="outbox_message"),
    path("dev/outbox/<slug:name>/html/", development.outbox_html, name="outbox_html"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("accounts.doors")),
    path("my/account/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]

handler400 = pages.bad_request
handler403 = pages.permission_denied
handler404 = pages.page_not_found
handler500 = pages.server_error
handler429 = pages.too_many_requests  # not Django's but allauth's
