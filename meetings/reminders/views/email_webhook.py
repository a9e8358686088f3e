"""What a mail provider says became of messages: one address, its signature or password checked by django-anymail."""

from __future__ import annotations

import logging
from typing import Final

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

logger = logging.getLogger(__name__)

#: What anymail raises for a body in another shape than its provider's: it takes each value for what it should be, in
#: some of its views before the signature. ImproperlyConfigured is its word for mail that came in, and is no receipt.
_UNREADABLE: Final = (
    AnymailError,
    ImproperlyConfigured,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,  # a timestamp that no clock knows
    RecursionError,
    TypeError,
    ValueError,
)


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def email_webhook(request: HttpRequest) -> HttpResponse:
    """Hand a provider's receipts to the receiver of anymail's `tracking`. Signed, so it needs no CSRF token.

    There is no such address unless EMAIL_URL names a provider and EMAIL_WEBHOOK_SECRET is set. 403 for what is not
    signed, 400 for what cannot be read.
    """
    if not settings.EMAIL_WEBHOOK:
        raise Http404
    view = import_string(settings.EMAIL_WEBHOOK)()
    if request.method == "HEAD":
        # Some providers ask so whether there is such an address.
        return HttpResponse()
    try:
        view.run_validators(request)
        events = list(view.parse_events(request))
    except AnymailWebhookValidationFailure:
        return HttpResponseForbidden()
    except _UNREADABLE as error:
        logger.warning("A receipt of the mail service could not be read (%s)", type(error).__name__)
        return HttpResponseBadRequest()
    for event in events:
        view.signal.send(sender=type(view), event=event, esp_name=view.esp_name)
    return HttpResponse()
