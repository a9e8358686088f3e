"""The tests' own presses: what stands on the next page is there when they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


class Trickle(BaseHTTPRequestHandler):
    """Answers at once, and sends the words of the page half a second later."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>There</title>" + b" " * 2000)
        self.wfile.flush()
        time.sleep(0.5)
        self.wfile.write(b"<p>Here it is</p>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def trickle() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("act", ["click", "press"])
def test_what_a_slow_page_says_can_be_read_right_after_the_press(page: Page, trickle: str, act: str) -> None:
    page.set_content(f'<a href="{trickle}">Go</a>')
    link = page.get_by_role("link", name="Go")
    if act == "click":
        link.click()
    else:
        link.press("Enter")
    assert page.locator("p").all_inner_texts() == ["Here it is"]
