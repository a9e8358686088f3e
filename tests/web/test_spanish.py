"""Every page, as everyone, in Spanish: nothing on it reads as it does in English."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from support import clock, wording
from tests.architecture.test_access import ROLES, addresses, client_for  # noqa: F401  # addresses is a fixture

pytestmark = pytest.mark.django_db

#: The same in both languages: names, addresses, and a few words.
SAME = re.compile(
    r"Homegroup|Evening Light|(?:Elm House|River Area|Member) \d+|\d+ Elm Street|Albany(?:, NY 12207)?"
    r"|Español|English|\S+@\S+|https?://\S+|\S+\.(?:org|gov|ca|com)|America/\S+"
    r"|988|9-8-8|Chat|Crisis Text Line|TTY [\d-]+|GeoNames|CC BY 4\.0|km|\bmi\b|LGBTQ\+"
)
#: Pages that only developers see.
DEVELOPMENT = {"styleguide", "outbox", "outbox_message"}
#: As a list of zones has them: few cities have a Spanish name of their own.
ZONES = {wording.zone_place(zone, "en") for zone in clock.zone_names()}
READ_ALOUD = {"alt", "aria-label", "placeholder", "title", "data-refused"}


class Texts(HTMLParser):
    """Collects what a reader reads or hears: text, and the attributes that stand in for it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.language = ""
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_code = tag in {"script", "style"}
        if tag == "html":
            self.language = dict(attrs).get("lang") or ""
        self.found |= {value.strip() for name, value in attrs if name in READ_ALOUD and value}

    def handle_data(self, data: str) -> None:
        if not self._is_code and data.strip():
            self.found.add(" ".join(data.split()))


def texts(page: str) -> Texts:
    parser = Texts()
    parser.feed(page)
    return parser


@pytest.mark.parametrize("role", ROLES)
def test_no_page_is_left_in_english(addresses: dict[str, str], role: str) -> None:  # noqa: F811  # the fixture
    client = client_for(role)
    left: list[str] = []
    for name, address in addresses.items():
        if name in DEVELOPMENT:
            continue
        english = client.get(address, headers={"accept-language": "en"}, follow=True)
        client.cookies["django_language"] = "es"
        spanish = client.get(address, headers={"accept-language": "es"}, follow=True)
        client.cookies["django_language"] = "en"
        for answer in (english, spanish):
            if answer.streaming:  # a file, which is closed at its end
                b"".join(answer)
        if not spanish.headers["content-type"].startswith("text/html") or not spanish.content:
            continue
        page = texts(spanish.content.decode())
        assert page.language in {"es", ""}, name
        both = page.found & texts(english.content.decode()).found - ZONES
        left += [f"{name}: {text}" for text in sorted(both) if re.search(r"[^\W\d_]{2}", SAME.sub("", text))]
    assert left == []
