"""However an address, a number or a key is spelled, and wherever in a line it stands, the log does not say it."""

from __future__ import annotations

import datetime as dt
import html
import json
import logging
import re
import secrets
import string
import sys
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.utils.crypto import get_random_string
from hypothesis import example, given
from hypothesis import strategies as st

from accounts import links
from support.redaction import LONGEST_LINE, PATTERNS, RedactingFormatter, redact

CONTEXTS = [
    "{}",
    "to {}, at once",
    "<{}>",
    "({})",
    "KeyError: '{}'",
    "UNIQUE failed: ('{}',)",
    "GET /p/?email={}&page=2 HTTP/1.1",
    "mailto:{}?subject=x",
    '{{"to": "{}", "count": 3}}',
    "2026-11-23 14:20:15,286 no {} today",
    "line one\nline two {}\nline three",
]
contexts = st.sampled_from(CONTEXTS)


def percent(text: str) -> str:
    return quote(text, safe="")


def in_full(text: str) -> str:
    return "".join(f"%{octet:02x}" for octet in text.encode())


def quoted_printable(text: str) -> str:
    plain = string.ascii_letters + string.digits + "."
    return "".join(each if each in plain else "".join(f"={octet:02X}" for octet in each.encode()) for each in text)


SPELLINGS: list[Callable[[str], str]] = [
    str,
    percent,
    lambda text: percent(percent(text)),
    in_full,
    lambda text: text.replace("@", "%40"),
    lambda text: text.replace("@", "＠"),  # fullwidth
    lambda text: text.replace("@", "&#64;"),
    lambda text: text.replace("@", "&#x40;"),
    lambda text: text.replace("@", "&commat;"),
    lambda text: text.replace("@", "\\u0040"),
    lambda text: text.replace("@", "\\x40"),
    lambda text: html.escape(text).replace("@", "&#064;"),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    lambda text: ascii(text)[1:-1],
    lambda text: repr(text.encode())[2:-1],
    quoted_printable,
    lambda text: percent(quoted_printable(text)),
]
spellings = st.sampled_from(SPELLINGS)

letters = st.text(st.sampled_from("abcxyzABCXYZéßñøłжωш日本"), min_size=4, max_size=12)
names = st.builds(
    "{}{}{}".format,
    letters,
    st.sampled_from(["", ".last", "+tag", "_x", "-y", "99"]),
    st.sampled_from(["", "!", "'s"]).filter(lambda end: end != "'s"),
)
hosts = st.sampled_from(
    ["example.org", "mail.example.co.uk", "exämple.org", "xn--exmple-cua.xn--p1ai", "пример.рф", "EXAMPLE.ORG"]
)
addresses = st.builds("{}@{}".format, names, hosts) | st.builds('"{} e"@{}'.format, letters, hosts)


def left_of(address: str, said: str) -> list[str]:
    """Return what a line still says of an address."""
    name, _at, host = address.rpartition("@")
    return [part for part in (name.strip('"').split()[0], host) if part in said]


@given(address=addresses, spell=spellings, context=contexts)
@example("a.person@example.org", percent, CONTEXTS[6])
@example('"joab e"@example.org', str, CONTEXTS[1])
@example("José@exämple.org", str, CONTEXTS[1])
def test_no_line_says_an_address(address: str, spell: Callable[[str], str], context: str) -> None:
    spelled = spell(address)
    said = redact(context.format(spelled))
    assert "[address]" in said
    assert left_of(address, said) == []
    assert spelled not in said


@st.composite
def numbers(draw: Callable[[Any], Any]) -> str:
    area, office, line = draw(st.integers(201, 989)), draw(st.integers(200, 999)), draw(st.integers(0, 9999))
    return draw(
        st.sampled_from(
            [
                f"+1{area}{office}{line:04}",
                f"{area}{office}{line:04}",
                f"1{area}{office}{line:04}",
                f"{area}-{office}-{line:04}",
                f"{area}.{office}.{line:04}",
                f"{area} {office} {line:04}",
                f"({area}) {office}-{line:04}",
                f"({area}){office}-{line:04}",
                f"1-{area}-{office}-{line:04}",
                f"1 ({area}) {office}-{line:04}",
                f"+1 ({area}) {office}-{line:04}",
                f"+1.{area}.{office}.{line:04}",
                f"07{area} {office}{line % 1000:03}",
                f"07{area}{office}{line % 1000:03}",
                f"+44 (0)7{area} {office}{line % 1000:03}",
                f"0044 7{area} {office}{line % 1000:03}",
                f"+34 6{line % 100:02} {office} {area}",
                f"+52 55 {line:04} {line:04}",
                "01.23.45.67.89",
            ]
        )
    )


def spelled_with_pluses(text: str) -> str:
    return percent(text).replace("%20", "+")


number_spellings = st.sampled_from(
    [str, percent, in_full, quoted_printable, spelled_with_pluses, lambda text: text.replace("+", "\\u002b")]
)


@given(number=numbers(), spell=number_spellings, context=contexts)
@example("5185550123", str, CONTEXTS[1])
@example("07700 900123", str, CONTEXTS[1])
def test_no_line_says_a_number(number: str, spell: Callable[[str], str], context: str) -> None:
    said = redact(context.format(spell(number)))
    assert "[number]" in said
    last = re.sub(r"\D", "", number)[-4:]
    assert last not in re.sub(r"\D", "", said.replace("2026-11-23 14:20:15,286", ""))


@given(
    context=contexts,
    count=st.integers(1, 40),
    spell=st.sampled_from([str, percent, lambda text: text.replace("~", "%7E")]),
)
def test_no_line_says_a_link_whole_or_cut(context: str, count: int, spell: Callable[[str], str]) -> None:
    public_id = uuid.uuid4()
    token = links.sign("unsubscribe", public_id)
    own, _tilde, _rest = token.partition("~")
    for shape in (token, token[: len(own) + count], f"{own}~", f"{own}~x~", f"{own}~~{count}"):
        assert own not in redact(context.format(spell(f"/unsubscribe/{shape}/")))


@given(context=contexts)
def test_no_line_says_a_key(context: str) -> None:
    keys = (
        get_random_string(32, VALID_KEY_CHARS),
        f"{secrets.token_urlsafe(32)}aB1",
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "k3j5h6g7f8d9s0a1k3j5h6g7f8d9s0a1",
    )
    for key in keys:
        assert key not in redact(context.format(f"sessionid={key};"))


@given(address=addresses, spell=spellings)
def test_no_traceback_says_an_address(address: str, spell: Callable[[str], str]) -> None:
    try:
        try:
            raise KeyError(spell(address))
        except KeyError as error:
            raise ValueError(f"no such {spell(address)}") from error
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "no %s", (spell(address),), sys.exc_info())
    said = RedactingFormatter("%(asctime)s %(message)s").format(record)
    assert left_of(address, said) == []
    assert "Traceback (most recent call last)" in said


instants = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1))
ordinary = st.one_of(
    instants.map(lambda at: f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03}"),
    instants.map(lambda at: at.replace(tzinfo=dt.UTC).isoformat()),
    instants.map(lambda at: f"{at:%d/%b/%Y:%H:%M:%S} +0000"),
    instants.map(lambda at: f"{at:%m/%d/%Y} and {at:%d.%m.%Y}"),
    st.integers(0, 1_999_999_999).map("Reminder #{}".format),
    st.floats(0, 1e6).map("in {:.3f} s".format),
    st.floats(0, 1).map("{:.9f} of it".format),
    st.uuids().map("/staff/messages/{}/".format),
    st.ip_addresses(v=4).map("from {}:8000".format),
    st.sampled_from(
        [
            "celery@vm ready",
            'File "/opt/homegroup/meetings/reminders/services/deliver.py", line 315, in deliver_due',
            "GET /meetings/?day=tue&radius=10 200 in 12 ms, 50% of 4096 octets",
            "IntegrityError: UNIQUE constraint failed: accounts_contactpoint.user_id, accounts_contactpoint.value_hash",
            "x=20, y=40 a=b&c=d &amp; <b> \\x00 50%40",
            "0123456789abcdef0123456789abcdef01234567",
            "homegroup-1.2.3-cp311-manylinux_2_17_x86_64.whl",
        ]
    ),
)


@given(st.lists(ordinary, min_size=1, max_size=4).map("; ".join))
def test_ordinary_lines_stay_as_they_are(line: str) -> None:
    assert redact(line) == line


def repeats(parsed: Any) -> list[tuple[int, Any]]:
    """Return how often each repeat of a parsed pattern may go round, with what is in it."""
    found: list[tuple[int, Any]] = []
    for _name, value in parsed:
        parts = value if isinstance(value, tuple) else (value,)
        if len(parts) == 3 and all(isinstance(each, int) for each in parts[:2]) and hasattr(parts[2], "data"):
            found.append((int(parts[1]), parts[2]))
        for part in parts:
            for inner in part if isinstance(part, list) else [part]:
                if hasattr(inner, "data"):
                    found += repeats(inner)
    return found


def test_no_repeat_is_without_bound_and_none_that_is_long_stands_in_another() -> None:
    """So each pattern looks at each character a bounded number of times, whatever a line holds."""
    parser: Any = getattr(re, "_parser")  # noqa: B009  # mypy knows no such name
    seen = [each for pattern, _instead in PATTERNS for each in repeats(parser.parse(pattern.pattern))]
    assert len(seen) > 20
    for most, inside in seen:
        assert most <= 4096
        assert most == 1 or all(inner <= 3 for inner, _ in repeats(inside))


def test_line_of_any_length_is_cut() -> None:
    line = "a%40" * 100_000
    assert len(redact(f"{line}\nnext")) < LONGEST_LINE + 100
    assert redact(f"{line}\nto guest@example.org").endswith("\nto [address]")
    # An address at the cut is no address any more, and its name goes with it.
    assert "guest" not in redact("x " * (LONGEST_LINE // 2 - 5) + "guest@example.org")
