"""System checks for what an operator can get wrong: each with an id, what is the matter, and what to do.

Values that cannot be used at all stop the start in support.environment. These can be used, and should not be.
"""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register

from support import clock, crisis
from support.loopback import is_alone


@register(Tags.compatibility)
def check_zone(**_: Any) -> list[CheckMessage]:
    """The zone shown to a visitor whose browser names none must be one that this machine knows."""
    if clock.is_zone(settings.DEFAULT_TIME_ZONE):
        return []
    return [
        Error(
            f"DEFAULT_TIME_ZONE is {settings.DEFAULT_TIME_ZONE!r}, which is no time zone.",
            hint="Use an IANA name such as America/New_York or Europe/London.",
            id="homegroup.E001",
        )
    ]


@register(Tags.compatibility)
def check_sender(**_: Any) -> list[CheckMessage]:
    """A message needs an address to come from."""
    if "@" in parseaddr(settings.DEFAULT_FROM_EMAIL)[1]:
        return []
    return [
        Error(
            "DEFAULT_FROM_EMAIL has no address in it.",
            hint="It should look like: Homegroup <reminders@example.org>",
            id="homegroup.E002",
        )
    ]


@register(Tags.compatibility)
def check_text_messages(**_: Any) -> list[CheckMessage]:
    """Calls of Telnyx can only be told from anybody's by its public key."""
    from support.messaging.telnyx import is_public_key  # noqa: PLC0415  # app ready: this module is read with settings

    if settings.SMS_PROVIDER != "telnyx" or is_public_key(settings.TELNYX_PUBLIC_KEY):
        return []
    return [
        Error(
            "TELNYX_PUBLIC_KEY is no public key, so every receipt and every STOP would be turned away.",
            hint="Copy it from the Telnyx portal: 44 letters of base64.",
            id="homegroup.E010",
        )
    ]


@register(Tags.security)
def check_public_site(**_: Any) -> list[CheckMessage]:
    """A site that others can reach must not run like one that someone tries out."""
    found: list[CheckMessage] = []
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Warning(
                "ALLOWED_HOSTS admits any name, so that links in messages could lead to someone else's site.",
                hint="List the names the site answers to, or unset it: the host of PUBLIC_BASE_URL is the default.",
                id="homegroup.W001",
            )
        )
    if settings.DEVELOPMENT and not is_alone(settings.PUBLIC_BASE_URL, settings.HOST):
        found.append(
            Error(
                "DEVELOPMENT is on, with every message at /dev/outbox/, and PUBLIC_BASE_URL or HOST lets others in.",
                hint="Unset DEVELOPMENT; without EMAIL_URL messages are files in the data folder's outbox/.",
                id="homegroup.E003",
            )
        )
    return found


@register(Tags.security, deploy=True)
def check_deployment(**_: Any) -> list[CheckMessage]:
    """What a site needs before strangers rely on it."""
    found: list[CheckMessage] = []
    if not settings.IS_SECURE:
        found.append(
            Warning(
                f"PUBLIC_BASE_URL is {settings.PUBLIC_BASE_URL}, so pages and sign-in codes travel in the open.",
                hint="Put the site behind a TLS proxy and set PUBLIC_BASE_URL to its https address.",
                id="homegroup.W002",
            )
        )
    if not settings.OPERATOR_NAME or settings.OPERATOR_CONTACT is None:
        found.append(
            Warning(
                "Nobody says who runs this site: About, Privacy and the answer to HELP by text name no contact.",
                hint="Set OPERATOR_NAME, and OPERATOR_CONTACT to an email address, a phone number or a page.",
                id="homegroup.W005",
            )
        )
    if settings.EMAIL_BACKEND == "support.messaging.outbox.EmailBackend":
        found.append(
            Warning(
                "EMAIL_URL is not set: messages stay on this machine and nobody is reminded of anything.",
                hint="Set it to submission://user:password@host:587 or the like.",
                id="homegroup.W003",
            )
        )
    if not settings.REDIS_URL:
        found.append(
            Warning(
                "No Valkey or Redis server is in use: limits on forms count in each web process alone.",
                hint="Install one (Debian: apt-get install valkey-server or redis-server), or set REDIS_URL.",
                id="homegroup.W004",
            )
        )
    return found


@register(Tags.compatibility, deploy=True)
def check_crisis_lines(**_: Any) -> list[CheckMessage]:
    """Numbers and keywords of crisis lines change, and nobody tells us: somebody has to look now and then."""
    before = clock.now().date() - crisis.COMPARED_AGAIN_AFTER
    old = sorted({source.url for source in crisis.sources() if source.verified_on < before})
    if not old:
        return []
    return [
        Info(
            f"Crisis lines and safety advice were last compared with their sources over a year ago: {', '.join(old)}.",
            hint="Update to the newest release, or compare support/crisis.py with them and write down the day.",
            id="homegroup.I001",
        )
    ]
