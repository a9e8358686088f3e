from __future__ import annotations

import datetime as dt

from django.urls import URLPattern, path, register_converter

from meetings.views import calendar, coordinate, facilitate, favourites, finder, missing, signups

app_name = "meetings"


class DateConverter:
    """A date in an address, as ISO 8601 writes it."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


register_converter(DateConverter, "date")

urlpatterns: list[URLPattern] = [
    path("meetings/", finder.meeting_list, name="list"),
    path("print/", finder.print_list, name="print"),
    path("meetings/<slug:slug>/", finder.meeting_detail, name="detail"),
    path("meetings/<slug:slug>/calendar.ics", calendar.meeting_calendar_file, name="calendar"),
    path("meetings/<slug:slug>/sign-up/", signups.sign_up, name="sign_up"),
    path("meetings/<slug:slug>/favourite/", favourites.favourite, name="favourite"),
    path("meetings/<slug:slug>/home-group/", favourites.home_group, name="home_group"),
    path("signups/requested/", signups.signup_requested, name="signup_requested"),
    path("signups/confirm/<str:token>/", signups.signup_confirm, name="signup_confirm"),
    path("signups/new-days/<str:token>/", signups.new_day, name="new_day"),
    path("signups/<str:token>/", signups.signup_manage, name="signup_manage"),
    path("signups/<str:token>/cancel/", signups.signup_cancel, name="signup_cancel"),
    path("signups/<str:token>/restore/", signups.signup_restore, name="signup_restore"),
    path("signups/<str:token>/calendar.ics", signups.signup_calendar, name="signup_calendar"),
    path("my/meetings/", signups.my_meetings, name="my_meetings"),
    path("my/calendar/", calendar.calendar_address, name="calendar_address"),
    path("my/calendar/<str:token>.ics", calendar.my_calendar_file, name="my_calendar"),
    path("my/signups/<uuid:public_id>/cancel/", signups.my_signup_cancel, name="my_signup_cancel"),
    path("my/signups/<uuid:public_id>/restore/", signups.my_signup_restore, name="my_signup_restore"),
    path("my/standing/<uuid:public_id>/end/", signups.my_standing_end, name="my_standing_end"),
    path("my/bodies/", coordinate.bodies, name="bodies"),
    path("my/bodies/<slug:slug>/", coordinate.body, name="body"),
    path("my/bodies/<slug:slug>/invite/", coordinate.invite_coordinator, name="invite_coordinator"),
    path("my/bodies/<slug:slug>/remove/<int:pk>/", coordinate.remove_coordinator, name="remove_coordinator"),
    path("my/missing/", missing.missing_meetings, name="missing"),
    path("my/missing/<slug:slug>/", missing.decide, name="missing_decide"),
    path("my/listings/<slug:slug>/", coordinate.listing, name="listing"),
    path("my/listings/<slug:slug>/invite/", coordinate.invite_facilitator, name="invite_facilitator"),
    path("my/listings/<slug:slug>/remove/<int:pk>/", coordinate.remove_facilitator, name="remove_facilitator"),
    path("my/invitations/<uuid:public_id>/withdraw/", coordinate.withdraw, name="withdraw"),
    path("invitations/<str:token>/", coordinate.invitation, name="invitation"),
    path("my/meetings/<slug:slug>/", facilitate.facilitate, name="facilitate"),
    path("my/meetings/<slug:slug>/<date:date>/", facilitate.occurrence, name="occurrence"),
    path("my/meetings/<slug:slug>/<date:date>/move/", facilitate.occurrence_move, name="occurrence_move"),
    path("my/meetings/<slug:slug>/<date:date>/cancel/", facilitate.occurrence_cancel, name="occurrence_cancel"),
    path("my/meetings/<slug:slug>/<date:date>/restore/", facilitate.occurrence_restore, name="occurrence_restore"),
]
