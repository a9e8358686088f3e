"""What somebody typed into a form that could not be taken just now, so that sending it again is one press."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: What stays in no page, by the name of its field, a form's prefix aside.
_SECRET: Final = re.compile(r"(?:.*-)?(?:code|credential|.*password.*)")
#: Secrets that can be asked for again without their own page, by the name of their field.
_ASKED_AGAIN: Final[dict[str, str | Promise]] = {"code": _("Code"), "password": _("Password")}
_NOT_TYPED: Final = "csrfmiddlewaretoken"


@dataclass(frozen=True)
class Typed:
    """The fields of a form, in order: those to send again as they are, and the secrets to be asked for again.

    `csrf_token` is "" where nothing may be sent again: then the form's own page has to be opened anew.
    """

    fields: list[tuple[str, str]] = field(default_factory=list)
    secrets: list[tuple[str, str | Promise]] = field(default_factory=list)
    csrf_token: str = ""


class _CsrfCheck(CsrfViewMiddleware):
    """Django's check, which says what is wrong instead of answering."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def typed(request: HttpRequest) -> Typed:
    """Return what was sent with a POST from a page of ours. No password, no code and no file is among it.

    Empty where another site's page sent it (who presses "try again" must know what they send), where it cannot be
    read, and where it holds a secret that only its own page can ask for.
    """
    check = _CsrfCheck(_no_answer)
    try:
        check.process_request(request)
        if check.process_view(request, None, (), {}) is not None:  # type: ignore[arg-type]  # no view is exempt here
            return Typed()
        sent = request.POST.lists()
    except (BadRequest, SuspiciousOperation, UnreadablePostError):
        return Typed()
    fields = [(name, value) for name, values in sent for value in values if name != _NOT_TYPED]
    hidden = [name for name, value in fields if _SECRET.fullmatch(name) and value]
    if any(name not in _ASKED_AGAIN for name in hidden):
        return Typed()
    return Typed(
        fields=[(name, value) for name, value in fields if not _SECRET.fullmatch(name)],
        secrets=[(name, _ASKED_AGAIN[name]) for name in hidden],
        csrf_token=get_token(request),
    )


def _no_answer(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError("only its checks are used")
