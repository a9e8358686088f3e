"""The Celery application. Rows are the schedule; what goes through the broker is only a hint to look at them now."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support.settings")

app = Celery("homegroup")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
