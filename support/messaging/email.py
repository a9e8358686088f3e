"""Email, through the site's own EMAIL settings: our SMTP conversation, a provider, or another of Django's backends."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import smtplib
from typing import Final

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext_noop as _

from support.messaging.letter import DjangoLetter, Letter
from support.messaging.provider import ProviderGateway
from support.messaging.results import (
    HELD_UP,
    Accepted,
    Ambiguous,
    Gateway,
    Refused,
    Result,
    Transient,
    is_over,
    with_detail,
)
from support.messaging.smtp import SmtpServer, SmtpSession, Stage, classify

_SMTP_BACKEND: Final = "django.core.mail.backends.smtp.EmailBackend"
#: Errors that come before anything could have been handed over: no room, no right, nobody there.
_NOTHING_LEFT_US: Final = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EACCES,
        errno.EROFS,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ECONNREFUSED,
        errno.ENETUNREACH,
    }
)


class EmailGateway:
    """The `Gateway` for email. One connection for as many letters as are sent between `open` and `close`."""

    def __init__(self) -> None:
        self._inner: Gateway[Letter]
        if settings.EMAIL_BACKEND == _SMTP_BACKEND:
            self._inner = SmtpSession(
                SmtpServer(
                    host=settings.EMAIL_HOST,
                    port=settings.EMAIL_PORT,
                    user=settings.EMAIL_HOST_USER,
                    password=settings.EMAIL_HOST_PASSWORD,
                    use_tls=settings.EMAIL_USE_TLS,
                    use_ssl=settings.EMAIL_USE_SSL,
                    timeout=settings.EMAIL_TIMEOUT,
                )
            )
        elif settings.EMAIL_PROVIDER:
            self._inner = ProviderGateway()
        else:
            self._inner = _BackendGateway()

    def open(self) -> Transient | None:
        return self._inner.open()

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        return self._inner.send(letter, until=until)

    def close(self) -> None:
        self._inner.close()


class _BackendGateway:
    """Any other backend of Django's: the outbox in development, memory in tests."""

    def __init__(self) -> None:
        self._backend = get_connection(fail_silently=False)

    def open(self) -> Transient | None:
        try:
            self._backend.open()
        except Exception as error:  # noqa: BLE001  # each backend has errors of its own
            return Transient(with_detail(_("The mail service cannot be reached"), type(error).__name__), is_outage=True)
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        if is_over(until):
            return HELD_UP
        try:
            sent = self._backend.send_messages([DjangoLetter(letter, connection=self._backend)])
        except UnicodeError:
            return Refused(_("The address cannot be written in ASCII"))
        except smtplib.SMTPException as error:
            return classify(error, Stage.END)
        except Exception as error:  # noqa: BLE001  # each backend has errors of its own
            if isinstance(error, OSError) and error.errno in _NOTHING_LEFT_US:
                return Transient(
                    with_detail(_("The mail service cannot be reached"), type(error).__name__), is_outage=True
                )
            return Ambiguous(with_detail(_("The mail service failed"), type(error).__name__))
        return Accepted() if sent else Ambiguous(_("The mail service did not say whether it took the message"))

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._backend.close()
