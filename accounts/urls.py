from __future__ import annotations

from django.urls import path

from accounts.views import settings

app_name = "accounts"

urlpatterns = [
    path("", settings.overview, name="settings"),
]
