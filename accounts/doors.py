"""allauth's addresses, with our own in front: one way in, and a proof before what a stranger must not do."""

from __future__ import annotations

from allauth.account import views as account_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.webauthn import views as webauthn_views
from django.urls import include, path, reverse_lazy
from django.views.generic import RedirectView

from accounts.views.entrance import CodeView, EntranceView
from accounts.views.proof import proof_required

urlpatterns = [
    # One door for signing in and making an account: a code does either, and whoever forgot a password takes one, too.
    path("login/", EntranceView.as_view(), name="account_login"),
    path("login/code/confirm/", CodeView.as_view(), name="account_confirm_login_code"),
    path("signup/", RedirectView.as_view(pattern_name="account_login", query_string=True), name="account_signup"),
    path("signup/passkey/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("login/code/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("password/reset/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("password/reset/<path:rest>", RedirectView.as_view(url=reverse_lazy("account_login"))),
    path("email/", proof_required(account_views.email)),
    path("password/set/", proof_required(account_views.password_set)),
    path("2fa/webauthn/add/", proof_required(webauthn_views.add_webauthn)),
    path("2fa/totp/activate/", proof_required(totp_views.activate_totp)),
    path("", include("allauth.urls")),
]
