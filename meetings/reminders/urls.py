from __future__ import annotations

from django.urls import URLPattern, path

from meetings.reminders.views import unsubscribe

app_name = "reminders"

urlpatterns: list[URLPattern] = [
    path("unsubscribe/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
]
