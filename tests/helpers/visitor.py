"""Somebody at a real site, with a browser that runs no scripts."""

from __future__ import annotations

import html
import http.client
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from functools import partial

#: Seconds. Generous, and in no assertion: what does not answer at all fails.
PATIENCE = 120


class _FromPlace(urllib.request.HTTPHandler):
    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(http.client.HTTPConnection, source_address=(self.place, 0)), request)


class Visitor:
    """A browser without scripts: it keeps cookies, follows redirects and fills in one form at a time."""

    def __init__(self, address: str, cookies: http.cookiejar.CookieJar | None = None, place: str = "127.0.0.1") -> None:
        """`place` is where they come from: all of 127.0.0.0/8 is this machine, on Linux."""
        self.address = address
        self.cookies = http.cookiejar.CookieJar() if cookies is None else cookies
        self.opener = urllib.request.build_opener(_FromPlace(place), urllib.request.HTTPCookieProcessor(self.cookies))
        self.page = ""
        self.retry_after = ""

    def get(self, path: str) -> int:
        return self._ask(urllib.request.Request(self.address + path))  # noqa: S310  # our own address

    def post(self, path: str, **typed: str) -> int:
        """Send a form from the page that is open."""
        token = next(iter(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page)), "")
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **typed}).encode()
        headers = {"Origin": self.address}
        return self._ask(urllib.request.Request(self.address + path, data, headers))  # noqa: S310  # our own address

    def press_again(self) -> int:
        """Send what the page offers to send again."""
        (path,) = re.findall(r'<form [^>]*method="post" action="([^"]+)"', self._main())
        return self.post(path, **self.kept())

    def kept(self) -> dict[str, str]:
        pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self._main())
        return {name: html.unescape(value) for name, value in pairs if name != "csrfmiddlewaretoken"}

    def _main(self) -> str:
        """The page without its header, where other buttons are."""
        return self.page.partition("<main")[2]

    def _ask(self, request: urllib.request.Request) -> int:
        try:
            answer = self.opener.open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.page, self.retry_after = answer.read().decode(), answer.headers.get("Retry-After", "")
            return int(answer.status)
