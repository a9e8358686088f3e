"""The panel on "my meetings" that switches notifications on and off in the reader's browser."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.urls import reverse

from accounts.models import User
from accounts.queries import push_subscriptions
from support.vapid import public_key

register = template.Library()


@register.inclusion_tag("reminders/_push.html", takes_context=True)
def push_panel(context: Context) -> dict[str, Any]:
    """Show the panel to the member who reads the page; the browser finds itself among the hashed endpoints."""
    user = context["request"].user
    points = push_subscriptions(user) if isinstance(user, User) else []
    known = [hashlib.sha256(json.loads(each.value)["endpoint"].encode()).hexdigest() for each in points]
    return {
        "csrf_token": context.get("csrf_token"),
        "push_key": public_key(settings.VAPID_PRIVATE_KEY),
        "push_known": " ".join(known),
        "push_scope": reverse("reminders:push_worker").removesuffix("worker.js"),
    }
