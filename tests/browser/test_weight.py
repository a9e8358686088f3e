"""What a first visit costs, by Chromium's own counters: few requests, and few bytes on a slow line.

The style sheets were eight, each page fetched htmx, and nothing was compressed while developing: 13 requests, 171 kB.
"""

from __future__ import annotations

import re
import urllib.request
from typing import Any

import pytest
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Browser

from tests.architecture.access_matrix import MATRIX
from tests.load import site

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.timeout(300)]

MOST_REQUESTS = 8
MOST_BYTES = 100_000
OF_A_MEETING = ("meetings:detail", "meetings:sign_up")


def public_pages(meeting: str) -> list[str]:
    """Return the addresses of the access matrix that anybody may type, and those of one meeting."""
    found = ["/meetings/?near=Albany", *(reverse(name, args=[meeting]) for name in OF_A_MEETING)]
    for name, row in MATRIX.items():
        try:
            found += [reverse(name)] if row.visitor == 200 and not name.startswith("/") else []
        except NoReverseMatch:  # it takes a signed link, or a slug
            continue
    return found


class FirstVisit:
    """A visit by somebody who has never been here: what was asked for, and how many bytes came for each."""

    def __init__(self, browser: Browser, address: str) -> None:
        context = browser.new_context(viewport={"width": 375, "height": 740})
        page = context.new_page()
        self.urls: dict[str, str] = {}
        self.bytes: dict[str, float] = {}
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self.ask)
        devtools.on("Network.loadingFinished", self.take)
        answer = page.goto(address, wait_until="networkidle")
        assert answer is not None
        self.is_page = answer.headers["content-type"].startswith("text/html")
        assert answer.status == 200, address
        context.close()

    def ask(self, event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            self.urls[event["requestId"]] = event["request"]["url"]

    def take(self, event: dict[str, Any]) -> None:
        self.bytes[event["requestId"]] = event["encodedDataLength"]


@pytest.mark.parametrize("mode", ["development", "production"])
def test_first_visit_of_any_page_is_light(browser: Browser, mode: str) -> None:
    heavy = {}
    with site(100, DEVELOPMENT=str(int(mode == "development"))) as (address, _pid):
        with urllib.request.urlopen(f"{address}/meetings/", timeout=30) as page:  # noqa: S310  # loopback
            (slug,) = re.findall(r'href="/meetings/(evening-light[\w-]*)/"', page.read().decode())[:1]
        for path in public_pages(slug):
            visit = FirstVisit(browser, address + path)
            assert len(visit.urls) == len(visit.bytes), f"{path}: not all of it came"
            if visit.is_page and (len(visit.urls) > MOST_REQUESTS or sum(visit.bytes.values()) > MOST_BYTES):
                heavy[path] = {url: visit.bytes[key] for key, url in visit.urls.items()}
    assert heavy == {}
