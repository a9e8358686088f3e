"""Letters about an account or an address: short, neutral, in their reader's language. A template each."""

from __future__ import annotations

import smtplib
from typing import Any, Final

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from accounts.person import Person
from accounts.signals import language_asked

#: What sending one letter may raise, by SMTP and by a provider, and what of that is about its address alone.
NOT_SENT: Final = (smtplib.SMTPException, OSError, AnymailError)
REFUSED: Final = (smtplib.SMTPRecipientsRefused, AnymailRecipientsRefused)


def letter(name: str, *, to: str, language: str, **context: Any) -> EmailMultiAlternatives:
    """Return the email of templates/account/email/NAME_…, unsent, in `language`; a machine's answer is not wanted."""
    with translation.override(language):
        context |= {"site_host": settings.PUBLIC_BASE_URL.partition("//")[2]}
        prefix = f"account/email/{name}"
        message = EmailMultiAlternatives(
            subject=render_to_string(f"{prefix}_subject.txt", context).strip(),
            body=render_to_string(f"{prefix}_message.txt", context),
            to=[to],
            # RFC 3834: nobody's out-of-office answers it. The second is Outlook's word for the same.
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        )
        message.attach_alternative(render_to_string(f"{prefix}_message.html", context), "text/html")
    return message


def language_of(person: Person) -> str:
    """Return the language a person reads: their account's, or the one they signed up in as a guest."""
    if person.user is not None:
        return person.user.language
    answers = [answer for _, answer in language_asked.send(sender=Person, contact_point=person.contact_points[0])]
    return next(filter(None, answers), settings.LANGUAGE_CODE)
