"""The way back to what a reader found, without a word of it in the addresses of meetings."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse

from meetings.forms.finder import CHANGE, PARAMETERS

#: What an address of the finder may ask.
_ASKED = {*PARAMETERS, CHANGE, "page"}


def results_before(request: HttpRequest) -> str:
    """Return the address of the results that the reader came from, or "" where they came another way.

    Read from the Referer header, which browsers send within the site (our Referrer-Policy is same-origin): a meeting's
    own address is shared and bookmarked, and would carry the place that was searched. Always a path of the finder's.
    """
    try:
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    if (referer.netloc, referer.path) != (request.get_host(), reverse("meetings:list")):
        return ""
    asked = [(name, value) for name, value in parse_qsl(referer.query, keep_blank_values=True) if name in _ASKED]
    return f"{referer.path}?{urlencode(asked)}" if asked else referer.path
