from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.enums import Channel
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause
from meetings.reminders.queries.figures import figures
from support.metrics import exposition
from tests.conftest import NOW
from tests.factories import make_reminder

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)
TOKEN = {"Authorization": "Bearer open-sesame"}


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = "open-sesame"


def health(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/healthz").json()
    return answer


def test_healthz_counts_what_waits_by_an_unreachable_channel_and_names_it(client: Client) -> None:
    make_reminder(due_at=NOW - 10 * MINUTE)
    ChannelOutage.objects.create(channel=Channel.EMAIL, until=NOW + MINUTE, reason="Away", since=NOW - 10 * MINUTE)
    found = health(client)
    assert (found["status"], found["oldest_due_seconds"]) == ("degraded", 600)
    assert (found["unreachable_channels"], found["paused_channels"]) == (["email"], [])


def test_healthz_leaves_out_what_staff_paused_and_names_it(client: Client) -> None:
    make_reminder(due_at=NOW - 10 * MINUTE)
    make_reminder(ReminderState.CLAIMED, due_at=NOW - 10 * MINUTE)
    make_reminder(ReminderState.CLAIMED, channel=Channel.SMS, due_at=NOW - 2 * MINUTE)
    ChannelPause.objects.create(channel=Channel.EMAIL, reason="Moving", since=NOW)
    found = health(client)
    assert (found["status"], found["oldest_due_seconds"], found["paused_channels"]) == ("ok", 120, ["email"])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the disk is the database server's")
def test_healthz_says_that_the_disk_is_nearly_full_while_pages_work(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.health.shutil.disk_usage", lambda _path: SimpleNamespace(free=31 * 1024 * 1024))
    response = client.get("/healthz")
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["database"]) == ("degraded", "full")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic open-sesame"}],
)
def test_metrics_without_the_token_are_not_there(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}])
def test_metrics_of_a_site_without_a_token_are_nobodys(client: Client, settings: Any, headers: dict[str, str]) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers=headers).status_code == 404


def test_metrics_count_by_channel_and_state(client: Client, settings: Any) -> None:
    settings.SMS_PROVIDER = "twilio"
    make_reminder(due_at=NOW - 10 * MINUTE)
    make_reminder(due_at=NOW + MINUTE)
    make_reminder(ReminderState.FAILED, channel=Channel.SMS)
    ChannelPause.objects.create(channel=Channel.PUSH, reason="Moving", since=NOW)
    ChannelOutage.objects.create(channel=Channel.SMS, until=NOW + MINUTE, reason="Away", since=NOW)
    answer = client.get("/metrics", headers=TOKEN)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.content.decode())
    assert found['homegroup_reminders{channel="email",provider="locmem",state="planned"}'] == 2
    assert found['homegroup_reminders{channel="sms",provider="twilio",state="failed"}'] == 1
    assert found['homegroup_reminders_due{channel="email"}'] == 1
    assert found['homegroup_reminders_oldest_due_seconds{channel="email"}'] == 600
    assert found['homegroup_channel_paused{channel="push"}'] == 1
    assert found['homegroup_channel_paused{channel="email"}'] == 0
    assert found['homegroup_channel_unreachable{channel="sms",provider="twilio"}'] == 1


def test_metrics_tell_how_late_sends_of_the_last_hour_began() -> None:
    for seconds in (0, 4, 100):
        begun = NOW - 10 * MINUTE
        make_reminder(ReminderState.ACCEPTED, due_at=begun - dt.timedelta(seconds=seconds), submitted_at=begun)
    make_reminder(ReminderState.ACCEPTED, due_at=NOW - 61 * MINUTE, submitted_at=NOW - 61 * MINUTE)
    found = samples(exposition(figures(now=NOW), 2))
    begun_within = {le: found[f'homegroup_reminders_begun_last_hour{{channel="email",le="{le}"}}'] for le in
                    ("1", "5", "60", "300", "+Inf")}  # fmt: skip
    assert found["homegroup_texts_to_read"] == 2
    assert begun_within == {"1": 1, "5": 2, "60": 2, "300": 3, "+Inf": 3}


def test_metrics_ask_as_much_of_many_messages_as_of_one() -> None:
    make_reminder()
    with CaptureQueriesContext(connection) as one:
        figures(now=NOW)
    for state in (ReminderState.ACCEPTED, ReminderState.FAILED):
        make_reminder(state, channel=Channel.SMS, submitted_at=NOW)
    with CaptureQueriesContext(connection) as three:
        figures(now=NOW)
    assert len(one) == len(three) == 5


def samples(text: str) -> dict[str, float]:
    """Read the exposition format back, strictly: HELP and TYPE once, before the samples of their own metric."""
    found: dict[str, float] = {}
    announced: list[str] = []
    assert text.endswith("\n")
    for line in text.splitlines():
        if comment := re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line):
            announced.append(f"{comment[1]} {comment[2]}")
            continue
        sample = re.fullmatch(r'(([a-z_]+)(?:\{(?:[a-z]+="[^"\\\n]*",?)+\})?) ([0-9.e+]+)', line)
        assert sample is not None, line
        assert announced[-2:] == [f"HELP {sample[2]}", f"TYPE {sample[2]}"]
        assert sample[1] not in found
        found[sample[1]] = float(sample[3])
    assert len(announced) == len(set(announced))
    return found
