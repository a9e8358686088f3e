from __future__ import annotations

from django.urls import URLPattern, path

from meetings.reminders import views

app_name = "reminders"

urlpatterns: list[URLPattern] = [
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
