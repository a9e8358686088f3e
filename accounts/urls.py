from __future__ import annotations

from django.urls import path

from accounts.views import choices, clean_time, data, phones, proof, security, settings

app_name = "accounts"

urlpatterns = [
    path("", settings.overview, name="settings"),
    path("messages/", choices.own, name="messages"),
    path("messages/<str:token>/", choices.by_link, name="messages_by_link"),
    path("messages/<str:token>/data/", choices.ask_for_data_link, name="ask_for_data_link"),
    path("data/", data.own, name="data"),
    path("data/copy/", data.ask, name="ask_for_export"),
    path("data/copy/<uuid:public_id>/", data.download, name="download"),
    path("data/erase/", data.leave, name="leave"),
    path("data/<str:token>/", data.by_link, name="data_by_link"),
    path("data/<str:token>/<uuid:public_id>/", data.download_by_link, name="download_by_link"),
    path("keep/<str:token>/", data.keep_by_link, name="keep_by_link"),
    path("phone/", phones.overview, name="phone"),
    path("phone/code/", phones.code, name="phone_code"),
    path("phone/<uuid:public_id>/", phones.choose, name="phone_choose"),
    path("phone/<uuid:public_id>/remove/", phones.remove, name="phone_remove"),
    path("clean-time/", clean_time.own, name="clean_time"),
    path("clean-time/again/", clean_time.begin_again, name="clean_time_again"),
    path("clean-time/forget/", clean_time.forget, name="clean_time_forget"),
    path("prove/", proof.prove, name="prove"),
    path("password/remove/", security.remove_password, name="remove_password"),
    path("sign-out-everywhere/", security.sign_out_everywhere, name="sign_out_everywhere"),
]
