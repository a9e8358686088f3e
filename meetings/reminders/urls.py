from __future__ import annotations

from django.urls import URLPattern, path

from meetings.reminders.views import (
    email_webhook,
    next_reminder,
    plan,
    push,
    suppressed,
    text_webhooks,
    texts,
    unsubscribe,
    watching,
)

app_name = "reminders"

urlpatterns: list[URLPattern] = [
    path("webhooks/email/", email_webhook.email_webhook, name="email_webhook"),
    path("webhooks/twilio/inbound/", text_webhooks.twilio_inbound, name="twilio_inbound"),
    path("webhooks/twilio/status/<str:token>/", text_webhooks.twilio_status, name="twilio_status"),
    path("webhooks/telnyx/inbound/", text_webhooks.telnyx_inbound, name="telnyx_inbound"),
    path("webhooks/telnyx/status/<str:token>/", text_webhooks.telnyx_status, name="telnyx_status"),
    path("f/<str:code>", texts.found, name="found"),
    path("t/<str:token>", texts.short, name="short"),
    path("unsubscribe/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("signups/<str:token>/remind-anyway/", next_reminder.anyway_by_link, name="anyway_by_link"),
    path("signups/<str:token>/reminder-times/", next_reminder.times_by_link, name="times_by_link"),
    path("my/signups/<uuid:public_id>/remind-anyway/", next_reminder.anyway, name="anyway"),
    path("my/reminder-times/", next_reminder.times, name="times"),
    path("my/reminders/", plan.own, name="plan"),
    path("my/reminders/<str:token>/", plan.by_link, name="plan_by_link"),
    path("my/meetings/<slug:slug>/reminders/", plan.preview, name="plan_preview"),
    path("my/push/worker.js", push.push_worker, name="push_worker"),
    path("my/push/on/", push.push_on, name="push_on"),
    path("my/push/off/", push.push_off, name="push_off"),
    path("staff/messages/", watching.message_list, name="watch"),
    path("staff/messages/<uuid:public_id>/", watching.message, name="watch_message"),
    path("staff/messages/<uuid:public_id>/replay/", watching.replay, name="watch_replay"),
    path("staff/messages/<uuid:public_id>/abort/", watching.abort, name="watch_abort"),
    path("staff/signups/<uuid:public_id>/", watching.signup, name="watch_signup"),
    path("staff/texts/", watching.texts, name="watch_texts"),
    path("staff/texts/<int:pk>/read/", watching.text_read, name="watch_text_read"),
    path("staff/blocked/", suppressed.blocks, name="watch_blocks"),
    path("staff/blocked/find/", suppressed.find, name="watch_find_block"),
    path("staff/blocked/<int:pk>/", suppressed.block, name="watch_block"),
    path("staff/blocked/<int:pk>/lift/", suppressed.lift, name="watch_lift"),
    path("staff/blocked/<int:pk>/lift-all/", suppressed.lift_all, name="watch_lift_all"),
    path("staff/put-aside/", watching.put_aside, name="watch_aside"),
    path("staff/channels/", watching.channels, name="watch_channels"),
    path("staff/channels/<slug:channel>/pause/", watching.pause, name="watch_pause"),
    path("staff/channels/<slug:channel>/resume/", watching.resume, name="watch_resume"),
]
