"""/metrics: the figures of the reminder engine for Prometheus, for whoever has the token. Nothing is about a person."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from meetings.reminders.queries.figures import ChannelFigures, figures, people_put_aside, texts_to_read
from support import clock

#: The text exposition format, version 0.0.4: a line for each sample, its type and what it means before it.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Seconds for which figures are good: several monitors may ask, and counting reads the whole table.
FRESH = 10

Sample = tuple[Mapping[str, str], float]


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the engine's figures to whoever brings METRICS_TOKEN; to anybody else there is no such page."""
    if not _is_allowed(request):
        raise Http404
    try:
        text = cache.get_or_set("metrics", _text, FRESH)
    except DatabaseError:
        return HttpResponse("# the database is out of reach\n", content_type=CONTENT_TYPE, status=503)
    return HttpResponse(text, content_type=CONTENT_TYPE)


def _text() -> str:
    return exposition(figures(now=clock.now()), texts_to_read(), people_put_aside())


def exposition(channels: Iterable[ChannelFigures], texts: int, put_aside: int = 0) -> str:
    """Return the figures as Prometheus reads them."""
    channels = list(channels)
    lines = [
        *_metric(
            "homegroup_reminders",
            "Messages on record, by state.",
            [
                ({"channel": each.channel, "provider": provider(each.channel), "state": state}, number)
                for each in channels
                for state, number in sorted(each.by_state.items())
            ],
        ),
        *_metric(
            "homegroup_reminders_due",
            "Messages that are due and not sent.",
            [({"channel": each.channel}, each.due) for each in channels],
        ),
        *_metric(
            "homegroup_reminders_oldest_due_seconds",
            "How long the oldest due message has been waiting.",
            [({"channel": each.channel}, each.oldest_due_seconds) for each in channels],
        ),
        *_metric(
            "homegroup_channel_paused",
            "1 where staff paused the channel.",
            [({"channel": each.channel}, each.is_paused) for each in channels],
        ),
        *_metric(
            "homegroup_channel_unreachable",
            "1 where the provider cannot be reached and is left alone for a while.",
            [({"channel": each.channel, "provider": provider(each.channel)}, each.is_out) for each in channels],
        ),
        *_metric(
            "homegroup_reminders_begun_last_hour",
            "Sends begun in the last hour, by how many seconds at most they began after they were due.",
            [
                ({"channel": each.channel, "le": le}, number)
                for each in channels
                for le, number in [*((str(s), n) for s, n in each.begun_within.items()), ("+Inf", each.begun)]
            ],
        ),
        *_metric("homegroup_texts_to_read", "Texts from outside that wait for a person.", [({}, texts)]),
        *_metric("homegroup_people_put_aside", "People whose reminders cannot be planned.", [({}, put_aside)]),
    ]
    return "\n".join(lines) + "\n"


def provider(channel: str) -> str:
    """Return what sends a channel's messages here, in a word for a label."""
    if channel == "email":
        # "smtp", "outbox", or a provider's own: django.core.mail.backends.smtp.EmailBackend.
        return str(settings.EMAIL_BACKEND).split(".")[-2]
    return str(settings.SMS_PROVIDER or "none") if channel == "sms" else "webpush"


def _is_allowed(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    is_same = hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return bool(settings.METRICS_TOKEN) and scheme.lower() == "bearer" and is_same


def _metric(name: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    # All of them can go down as well as up, since old messages are deleted.
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(words)}"' for label, words in labels.items())
        yield f"{name}{{{inner}}} {float(value):.15g}" if inner else f"{name} {float(value):.15g}"


def _escaped(words: str) -> str:
    return words.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
