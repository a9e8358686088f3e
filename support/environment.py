"""Reading settings from environment variables, loudly: a value that cannot be used stops the start with one line.

Every variable may also be given as a file, NAME_FILE, as container platforms give secrets; the file wins. Messages name
the variable and what it should look like, and show what was given only where that cannot be a secret.
"""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import phonenumbers
from django.core.exceptions import ImproperlyConfigured

from support import contact as contacts

#: What REDIS_URL says where there is no server and none is wanted.
NO_BROKER = "none"

#: The setting of django-anymail for webhooks that come with a user and a password.
_BY_PASSWORD = "WEBHOOK_SECRET"  # noqa: S105  # a setting's name


@dataclass(frozen=True)
class EmailProvider:
    """What django-anymail calls a provider's parts, and the settings that its secrets go into."""

    backend: str
    webhook: str
    key: str
    #: Of its webhooks: the key of their signatures, or "user:password" where it signs nothing.
    webhook_setting: str = _BY_PASSWORD


#: By the scheme of EMAIL_URL.
EMAIL_PROVIDERS = {
    "brevo": EmailProvider(
        "anymail.backends.brevo.EmailBackend",
        "anymail.webhooks.brevo.BrevoTrackingWebhookView",
        "BREVO_API_KEY",
    ),
    "mailgun": EmailProvider(
        "anymail.backends.mailgun.EmailBackend",
        "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
        "MAILGUN_API_KEY",
        "MAILGUN_WEBHOOK_SIGNING_KEY",
    ),
    "postmark": EmailProvider(
        "anymail.backends.postmark.EmailBackend",
        "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
        "POSTMARK_SERVER_TOKEN",
    ),
    "resend": EmailProvider(
        "support.messaging.provider.ResendBackend",
        "anymail.webhooks.resend.ResendTrackingWebhookView",
        "RESEND_API_KEY",
    ),
}

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")


def text(name: str, default: str = "") -> str:
    """Return the variable, without the white space around it, or the default where it is unset or empty.

    Raises ImproperlyConfigured where NAME_FILE names a file that cannot be read.
    """
    if path := os.environ.get(f"{name}_FILE", ""):
        try:
            return Path(path).read_text(encoding="utf-8").strip() or default
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ImproperlyConfigured(f"{name}_FILE ({path}) cannot be read: {reason}.") from error
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """Return the variable as yes or no. Raises ImproperlyConfigured on any other word."""
    given = text(name).lower()
    if given in ("", *YES, *NO):
        return given in YES if given else default
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {given!r}.")


def number(name: str, *, default: int, lowest: int = 0) -> int:
    """Return the variable as a whole number. Raises ImproperlyConfigured on anything else, or below `lowest`."""
    given = text(name)
    if not given:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", given) or int(given) < lowest:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {lowest}, not {given!r}.")
    return int(given)


def rate(name: str) -> float:
    """Return the variable as a number a second, 0 for no limit. Raises ImproperlyConfigured on anything else."""
    given = text(name) or "0"
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,4})?", given):
        raise ImproperlyConfigured(f"{name} must be a number a second, like 10 or 0.5, not {given!r}.")
    return float(given)


def words(name: str, *, default: list[str]) -> list[str]:
    """Return the variable as the words between its commas."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or default


def countries(name: str, *, home: str) -> frozenset[str]:
    """Return the variable as codes of countries (ISO 3166); `home` alone by default, or the United States and Canada,
    which cost the same, where it is one of the two. Raises ImproperlyConfigured where one is no such code.
    """
    neighbours = ["US", "CA"]
    given = [word.upper() for word in words(name, default=neighbours if home in neighbours else [home])]
    if unknown := [word for word in given if word not in phonenumbers.SUPPORTED_REGIONS]:
        raise ImproperlyConfigured(f"{name} must be codes of countries like US,CA, not {unknown[0]!r}.")
    return frozenset(given)


def choice(name: str, *, default: str, choices: tuple[str, ...]) -> str:
    """Return the variable, one of `choices` in any case. Raises ImproperlyConfigured on anything else."""
    given = text(name, default).upper()
    if given not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {given!r}.")
    return given


def contact(name: str, *, default: str) -> contacts.Contact | None:
    """Return the variable as a way to reach somebody, or None. Raises ImproperlyConfigured where it is no such way."""
    given = text(name, default)
    found = contacts.read(given)
    if given and found is None:
        raise ImproperlyConfigured(
            f"{name} must be an email address, a phone number or an https address of at most {contacts.LONGEST} "
            f"characters, not {given!r}."
        )
    return found


def split_url(name: str, url: str, *, example: str) -> SplitResult:
    """Split a URL that may hold a password. Raises ImproperlyConfigured, without the URL, where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is not a number
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a URL that can be used; it should look like {example}.") from error
    if not parts.scheme:
        raise ImproperlyConfigured(f"{name} is not a URL; it should look like {example}.")
    return parts


def origin(name: str, *, default: str) -> SplitResult:
    """Return the variable as an http or https address with nothing after the host."""
    example = "https://meetings.example.org, with no path"
    parts = split_url(name, text(name, default).rstrip("/"), example=example)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.username:
        raise ImproperlyConfigured(f"{name} must look like {example}.")
    return parts


def database(name: str, *, default: Path) -> dict[str, Any]:
    """Return the variable as an entry of DATABASES: postgres://user:password@host:port/name or sqlite:////path.

    postgres://user@//folder/name connects through the socket in /folder. Unset means an SQLite file at `default`.
    """
    example = "postgres://user:password@host:5432/name or sqlite:////path/to/file"
    url = text(name)
    if not url:
        return {"ENGINE": "support.sqlite", "NAME": default}
    parts = split_url(name, url, example=example)
    path = unquote(parts.path)
    if parts.scheme in ("sqlite", "sqlite3") and len(path) > 1 and not parts.netloc:
        return {"ENGINE": "support.sqlite", "NAME": path.removeprefix("/")}
    folder, _, database_name = path.rpartition("/")
    if parts.scheme not in ("postgres", "postgresql") or not database_name or (folder and parts.hostname):
        raise ImproperlyConfigured(f"{name} must look like {example}.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or (f"/{folder.lstrip('/')}" if folder else ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),  # sslmode=verify-full and the like, as libpq names them
    }


def broker(name: str) -> dict[str, Any]:
    """Return the variable as what the cache (`url`, empty without a server) and Celery (`celery_url`, `ssl`) need.

    redis://, rediss:// and unix:// name a server. "none" is what script/server sets on a machine without one, and the
    same as unset: nothing is queued, and what is due is looked for in the database (support.periodic).
    """
    example = "redis://user:password@host:6379/0, rediss://…, unix:///path/to/socket or none"
    url = text(name)
    if url in ("", NO_BROKER):
        return {"url": "", "celery_url": "memory://", "ssl": None}
    parts = split_url(name, url, example=example)
    if not (parts.hostname if parts.scheme in ("redis", "rediss") else parts.scheme == "unix" and len(parts.path) > 1):
        raise ImproperlyConfigured(f"{name} must look like {example}.")
    return {
        "url": url,
        # What redis-py calls unix:// is redis+socket:// to kombu.
        "celery_url": url.replace("unix://", "redis+socket://", 1),
        "ssl": {"ssl_cert_reqs": ssl.CERT_REQUIRED} if parts.scheme == "rediss" else None,
    }


def address(name: str, *, longest: int = 64) -> str:
    """Return the variable as a bare email address in lower case, "" where it is unset.

    Raises ImproperlyConfigured for anything else, or where what stands before the @ is longer than `longest` signs.
    """
    given = text(name).lower()
    if not given:
        return ""
    local, _at, domain = given.rpartition("@")
    if not re.fullmatch(r"[a-z0-9._-]+", local) or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain):
        raise ImproperlyConfigured(f"{name} must be an email address like mail@example.org, not {given!r}.")
    if len(local) > longest:
        raise ImproperlyConfigured(f"{name} may have {longest} signs before its @, not {len(local)}.")
    return given


def email_server(name: str) -> dict[str, Any] | None:
    """Return the variable as Django's EMAIL_… settings, or None for outbox://, which keeps messages on this machine.

    smtp:// is port 25 without TLS, submission:// 587 with STARTTLS, smtps:// 465 with TLS from the start. The name of a
    provider (postmark://key@domain, and the others of EMAIL_PROVIDERS) comes with the domain that mail is sent from.
    """
    example = "submission://user:password@host:587, smtps://…:465, smtp://…:25, postmark://key@domain or outbox://"
    parts = split_url(name, text(name, "outbox://"), example=example)
    if parts.scheme == "outbox":
        return None
    if parts.scheme in EMAIL_PROVIDERS and parts.username and parts.hostname:
        return _provider(parts.scheme, key=unquote(parts.username), domain=parts.hostname)
    ports = {"smtp": 25, "submission": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must look like {example}.")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or ports[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "submission",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def sms_provider(*, is_development: bool) -> str:
    """Return who sends text messages: "twilio" or "telnyx" where its settings are there, all of them; while developing
    "outbox"; else "" for nobody. Raises ImproperlyConfigured for half a set of settings.
    """
    needed = {
        "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
        "telnyx": ("TELNYX_API_KEY", "TELNYX_PUBLIC_KEY", "TELNYX_FROM"),
    }
    for provider, names in needed.items():
        if not any(text(name) for name in names):
            continue
        missing = [name for name in names if not text(name)]
        if provider == "twilio" and not (text("TWILIO_MESSAGING_SERVICE_SID") or text("TWILIO_FROM")):
            missing.append("TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM")
        if missing:
            raise ImproperlyConfigured(f"Text messages through {provider} also need {', '.join(missing)}.")
        return provider
    return "outbox" if is_development else ""


def _provider(name: str, *, key: str, domain: str) -> dict[str, Any]:
    provider = EMAIL_PROVIDERS[name]
    secret = text("EMAIL_WEBHOOK_SECRET")
    if secret and provider.webhook_setting == _BY_PASSWORD and ":" not in secret:
        raise ImproperlyConfigured(f"EMAIL_WEBHOOK_SECRET must look like user:password, which is what {name} sends.")
    anymail = {provider.key: key, "REQUESTS_TIMEOUT": 20, "IGNORE_UNSUPPORTED_FEATURES": True}
    if name == "mailgun":
        anymail["MAILGUN_SENDER_DOMAIN"] = domain
    if secret:
        anymail[provider.webhook_setting] = secret
    if base := text("EMAIL_API_BASE"):
        anymail[f"{name.upper()}_API_URL"] = base
    return {
        "EMAIL_PROVIDER": name,
        "EMAIL_BACKEND": provider.backend,
        # Without its secret nobody may say what became of a message.
        "EMAIL_WEBHOOK": provider.webhook if secret else "",
        "ANYMAIL": anymail,
    }
