from __future__ import annotations

from django.urls import URLPattern, path

from meetings.views import finder

app_name = "meetings"

urlpatterns: list[URLPattern] = [
    path("meetings/", finder.meeting_list, name="list"),
    path("meetings/<slug:slug>/", finder.meeting_detail, name="detail"),
]
