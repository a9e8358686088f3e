from __future__ import annotations

import datetime as dt
import ipaddress
import logging
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
import redis
import time_machine
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, record_authentication
from allauth.mfa.models import Authenticator
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from kombu import pools
from playwright.sync_api import Page, expect

from meetings.views.finder import visitors_answers
from support.celery import app
from support.redaction import RedactingFormatter
from tests.helpers.clock import names_an_instant
from tests.helpers.zones import living_in_new_york
from tests.servers import CeleryWorker, SmtpSink, postgres_server, smtp_server, valkey_server, worker_environment

#: A Tuesday, 18:00 in New York, a fortnight after the autumn clock change.
NOW = dt.datetime(2026, 11, 17, 23, 0, tzinfo=dt.UTC)

# A shared machine is slow at times; the same examples each time in CI, so that a red run can be run again.
hypothesis.settings.register_profile("homegroup", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("homegroup")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests last: Playwright keeps an event loop, which Django would see in every later test."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


# -- the clock -------------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--at", metavar="YYYY-MM-DDTHH:MM", help="run at this wall time in New York instead of now")


_travel = pytest.StashKey[time_machine.travel]()
_start = pytest.StashKey[dt.datetime]()


def pytest_configure(config: pytest.Config) -> None:
    """Move the clock of this process for the whole run, where `--at` asks for it. Other processes keep theirs."""
    if wanted := config.getoption("--at"):
        start = dt.datetime.fromisoformat(wanted).replace(tzinfo=ZoneInfo("America/New_York")).astimezone(dt.UTC)
        config.stash[_start] = start
        config.stash[_travel] = time_machine.travel(start.timestamp())
        config.stash[_travel].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _travel in config.stash:
        config.stash[_travel].stop()


#: Tests with one of these marks live in the present, and may depend on no hour and no date.
IN_THE_PRESENT = ("real_clock", "worker", "browser")


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture(autouse=True)
def _stopped_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stop the clock, so that no test depends on the day it runs. Monotonic clocks and timeouts go on.

    It stands at NOW, or with `--at` there, for all tests of a module that says nothing of any time.
    """
    if any(request.node.get_closest_marker(name) for name in IN_THE_PRESENT):
        yield
    else:
        start = request.config.stash.get(_start, NOW)
        standing = time_machine.travel(NOW if names_an_instant(request.path) else start, tick=False)
        with standing, living_in_new_york():
            yield


@pytest.fixture(autouse=True)
def _database_keeps_the_tests_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process's clock, stopped or told, agree with the database's; tests of that have `database_clock`."""
    if request.node.get_closest_marker("database_clock") is None:
        monkeypatch.setattr("support.database_clock.ahead", lambda _read_clock: dt.timedelta())


@pytest.fixture(autouse=True)
def _own_reader() -> Iterator[None]:
    """Forget whom a test spoke to: a request leaves its language and zone active in the thread."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture(autouse=True)
def _nothing_kept_before() -> None:
    """Let no test meet what another left in the caches: its tries, that count toward a limit, or what it found."""
    cache.clear()
    visitors_answers.clear()


# -- who signs in ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def _signing_in_takes_all_that_the_account_asks_for() -> Iterator[None]:
    """Let `Client.force_login` open the session that signing in opens: of who has a second factor, it has shown it.

    Some time ago: what only its owner may do asks again. A session that is older than the factor signs in before it.
    """
    patch, force_login = pytest.MonkeyPatch(), Client.force_login

    def signed_in(client: Client, user: Any, backend: str | None = None) -> None:
        force_login(client, user, backend)
        session, request = client.session, RequestFactory().get("/")
        request.session = session
        for factor in Authenticator.objects.filter(user=user)[:1]:
            record_authentication(request, user, method="mfa", id=factor.pk, type=factor.type)
            session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] = 0
            session.save()

    patch.setattr(Client, "force_login", signed_in)
    yield
    patch.undo()


# -- no test reaches the network -------------------------------------------------------------------------------------


class NetworkBlockedError(AssertionError):
    """A test tried to reach another machine."""


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost", "testserver"):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse connections and look-ups beyond this machine."""
    patch = pytest.MonkeyPatch()
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def check(family: int, address: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise NetworkBlockedError(f"a test tried to reach {address[0]}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        check(self.family, rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host):
            raise NetworkBlockedError(f"a test tried to look up {host}")
        return getaddrinfo(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket.socket, "sendto", guarded_sendto)
    patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    yield
    patch.undo()


# -- nothing personal in any log -------------------------------------------------------------------------------------

#: The people of tests: their addresses, their numbers (those that nobody has), and the names of the factories.
_TEST_PEOPLE = re.compile(r"@(?:mail\.)?example\.(?:org|com|net)\b|555[-. ]?01\d\d|\b(?:Member \d+|Robin M|Sam T)\b")


class _Listener(logging.Handler):
    """Hears every line of the whole run, as the site writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(RedactingFormatter("%(name)s: %(message)s"))
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard += personal_lines(self.format(record))


def personal_lines(log: str) -> list[str]:
    """Return the lines of a log that say something about one of the tests' people."""
    return [line for line in log.splitlines() if _TEST_PEOPLE.search(line)]


@pytest.fixture(autouse=True, scope="session")
def _nothing_personal_in_logs() -> Iterator[None]:
    listener = _Listener()
    logging.getLogger().addHandler(listener)
    yield
    logging.getLogger().removeHandler(listener)
    assert listener.heard == []


# -- real servers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def at_this_machine(settings: Any) -> Client:
    """A browser on the machine of a site that someone tries out."""
    settings.PUBLIC_BASE_URL = "http://localhost:8000"
    return Client(headers={"host": "localhost:8000"})


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """REDIS_URL of a real Valkey, shared by the session."""
    with valkey_server() as url:
        yield url


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """A client of the real Valkey, emptied before and after."""
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client
        client.flushall()


@pytest.fixture(scope="session")
def _smtp() -> Iterator[tuple[SmtpSink, str]]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def smtp_sink(_smtp: tuple[SmtpSink, str]) -> Iterator[SmtpSink]:
    """A real SMTP server, well-behaved and empty; see SmtpSink for how to make it misbehave."""
    sink, _url = _smtp
    sink.reset()
    yield sink
    sink.reset()


@pytest.fixture
def smtp_settings(smtp_sink: SmtpSink, _smtp: tuple[SmtpSink, str], settings: Any) -> SmtpSink:
    """Let this process send its mail to the sink too, as the worker does."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(_smtp[1].rpartition(":")[2])
    return smtp_sink


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """DATABASE_URL of a real PostgreSQL: the one this run uses, else one of its own."""
    if given := os.environ.get("DATABASE_URL", ""):
        yield given
    else:
        with postgres_server() as url:
            yield url


@pytest.fixture
def postgres() -> None:
    """Skip the test unless this run is on PostgreSQL: `python -m tests.postgres pytest -m postgres`."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: python -m tests.postgres pytest -m postgres")


def shared_database_url() -> str:
    """Return the DATABASE_URL under which another process finds the test database."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgres://{found['USER']}@/{found['HOST']}/{found['NAME']}"


@pytest.fixture(scope="session")
def _worker(
    django_db_setup: None, django_db_blocker: Any, valkey_url: str, _smtp: tuple[SmtpSink, str]
) -> Iterator[CeleryWorker]:
    env = worker_environment(
        redis_url=valkey_url, smtp_url=_smtp[1], database_url=shared_database_url(), data_dir=settings.DATA_DIR
    )
    worker = CeleryWorker(env)
    yield worker
    said = worker.written().decode(errors="replace")
    worker.stop()
    assert personal_lines(said) == []


@pytest.fixture
def celery_worker(
    _worker: CeleryWorker,
    valkey: redis.Redis,
    smtp_sink: SmtpSink,
    transactional_db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[CeleryWorker]:
    """A real worker, in a process of its own, on the test database and with `smtp_sink` for its mail.

    Tasks that this process sends (`task.delay()`) reach it. The clock it sees is the real one.
    """
    monkeypatch.setenv("CELERY_BROKER_URL", _worker.env["REDIS_URL"].replace("unix://", "redis+socket://", 1))
    forget_broker()
    _worker.start()
    yield _worker
    if not _worker.is_running():
        # What it was asked for, and did not come to, is of this test: it must not send the next one's messages.
        valkey.flushall()
        _worker.start()
    monkeypatch.undo()
    forget_broker()


def forget_broker() -> None:
    """Let the application connect anew, to whatever broker the environment now names."""
    pools.reset()
    app._pool = None  # type: ignore[attr-defined]  # no public way to drop them
    app.amqp._producer_pool = None  # type: ignore[attr-defined]


# -- the browser -----------------------------------------------------------------------------------------------------

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How pytest-playwright starts Chromium: the machine's own where there is one, and cut off from the network."""
    # Playwright keeps an event loop in this thread, which Django takes for a reason to refuse its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # Milliseconds; a busy machine draws a page in more than the usual five seconds.
    expect.set_options(timeout=30_000)
    arguments = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    found = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    return {**browser_type_launch_args, **({"executable_path": found} if found else {}), "args": arguments}


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """A function that returns what axe-core finds wrong with a page, a line for each element."""

    def check(page: Page) -> list[str]:
        violations = Axe().run(page).response["violations"]
        return [f"{found['id']}: {node['html']}" for found in violations for node in found["nodes"]]

    return check
