"""The environment of this process, without any setting of a site."""

from __future__ import annotations

import os

#: What a site's settings may be in the shell of whoever runs the tests, which bring their own.
SETTINGS = (
    "ACCOUNT_MAILS_PER_HOUR", "ALLOWED_HOSTS", "CONTACT_KEYS", "DATABASE_URL", "DATA_DIR", "DEBUG",
    "DEFAULT_FROM_EMAIL", "DEFAULT_TIME_ZONE", "DEVELOPMENT", "DJANGO_ALLOW_ASYNC_UNSAFE", "DJANGO_SETTINGS_MODULE",
    "EMAILS_PER_SECOND", "HOST", "PORT", "WEB_THREADS", "WEB_WORKERS", "WORKER_CONCURRENCY",
    "EMAIL_API_BASE", "EMAIL_URL", "EMAIL_WEBHOOK_SECRET", "LOG_LEVEL", "METRICS_TOKEN",
    "ORGANISATION_PROFILE", "PHONE_REGION", "POSTS_PER_MINUTE", "PUBLIC_BASE_URL", "PUSH_SERVICES", "QUICK_EXIT_URL",
    "REDIS_URL", "REQUIRE_SECOND_FACTOR", "RETENTION_ACCESS_RECORDS_DAYS", "RETENTION_ATTENDANCE_MONTHS",
    "RETENTION_IDLE_MONTHS", "RETENTION_INBOUND_TEXTS_DAYS", "RETENTION_MESSAGES_DAYS", "RETENTION_UNCONFIRMED_DAYS",
    "SECRET_KEY", "SECURE_HSTS_SECONDS", "SECURE_SSL_REDIRECT", "SENDER_NAME", "SIGNUP_REQUESTS_PER_HOUR",
    "SITE_NAME", "SMS_COUNTRIES", "SMS_NUMBER", "SMS_PARTS_PER_SECOND", "SMS_PER_DAY",
    "TELNYX_API_BASE", "TELNYX_API_KEY", "TELNYX_FROM",
    "TELNYX_PUBLIC_KEY", "TRUST_PROXY", "TWILIO_ACCOUNT_SID", "TWILIO_API_BASE", "TWILIO_AUTH_TOKEN", "TWILIO_FROM",
    "TWILIO_MESSAGING_SERVICE_SID", "VAPID_PRIVATE_KEY",
)  # fmt: skip


def bare_environment() -> dict[str, str]:
    """Return what is left of the environment without settings: a site that starts with it starts from nothing."""
    return {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in SETTINGS}
