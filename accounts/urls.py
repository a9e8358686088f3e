from __future__ import annotations

from django.urls import path

from accounts.views import proof, security, settings

app_name = "accounts"

urlpatterns = [
    path("", settings.overview, name="settings"),
    path("prove/", proof.prove, name="prove"),
    path("password/remove/", security.remove_password, name="remove_password"),
    path("sign-out-everywhere/", security.sign_out_everywhere, name="sign_out_everywhere"),
]
