"""What a mail provider says became of messages: one address, its signature or password checked by django-anymail."""

from __future__ import annotations

from anymail.exceptions import AnymailWebhookValidationFailure
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def email_webhook(request: HttpRequest) -> HttpResponse:
    """Hand a provider's receipts to the receiver of anymail's `tracking`. Signed, so it needs no CSRF token.

    There is no such address unless EMAIL_URL names a provider and EMAIL_WEBHOOK_SECRET is set.
    """
    if not settings.EMAIL_WEBHOOK:
        raise Http404
    try:
        response: HttpResponse = import_string(settings.EMAIL_WEBHOOK).as_view()(request)
    except AnymailWebhookValidationFailure:
        return HttpResponseForbidden()
    return response
