"""Runs the whole site as one group: broker, web server, Celery worker and beat. script/server starts it.

One thread and one loop: it passes on what the processes say, starts again what dies, and on Ctrl-C stops all of it.
Each process leads a group of its own, so that nothing it started is left, and is tied to this one by the kernel, so
that even SIGKILL here leaves nothing behind. It loads neither Django nor settings, so that it can say why those fail.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from support import broker, workspace
from support.environment import NO_BROKER, YES
from support.lifeline import tied
from support.workspace import REFUSAL, Refused

#: Seconds for a process to end by itself once asked.
STOP_TIMEOUT = 10.0
#: A process that ran this long before it died is started again at once; one that did not waits longer each time.
STEADY_AFTER = 60.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
#: Seconds of a start in which nothing is said, after which it says how far it is.
PATIENCE = 5.0

DEMO_PEOPLE = ("member@example.org", "facilitator@example.org", "staff@example.org")


class Stopped(Exception):
    """Someone asked us to stop."""


@dataclass
class Child:
    """One process of the group."""

    name: str
    command: list[str]
    env: dict[str, str]
    #: What the kernel sends it when we die. The broker and the web server end cleanly on SIGTERM; a Celery worker would
    #: first finish its tasks, and nothing is lost when it does not.
    lifeline: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait: float = FIRST_WAIT
    #: When to start it again, on the monotonic clock; None while it runs.
    restart_at: float | None = None
    #: Why it said that it cannot go on.
    refusal: str = ""
    #: How it ended, where it did while it was being waited for.
    returncode: int = 0
    tail: bytes = field(default=b"", repr=False)


class Supervisor:
    """The group: `start` processes in order, `watch` them until stopped, then `stop` them in the opposite order."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.selector = selectors.DefaultSelector()
        self.is_stopping = False
        self.said_at = time.monotonic()
        self.signals = 0
        # A signal only counts and wakes the loop: an exception from a handler could come between starting a process and
        # noting that it runs.
        self.waker, self.wakened = socket.socketpair()
        for end in (self.waker, self.wakened):
            end.setblocking(False)
        self.selector.register(self.wakened, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self.note_signal)

    def note_signal(self, signum: int, frame: object) -> None:
        self.signals += 1

    def say(self, words: str, name: str = "server") -> None:
        # The reader of a pipe may be gone ("script/server | head"); the site goes on, or stops, regardless.
        self.said_at = time.monotonic()
        with contextlib.suppress(OSError, ValueError):
            print(f"{name:<7} | {words}", flush=True)

    # -- one process -------------------------------------------------------------------------------------------------

    def start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            child.command,
            cwd=workspace.ROOT,
            env=child.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=tied(child.lifeline),  # safe: this program has one thread
        )
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)
        child.started_at = time.monotonic()
        child.restart_at = None
        if child not in self.children:
            self.children.append(child)

    def relay(self, child: Child) -> None:
        """Pass on the whole lines that a process has written since we last looked."""
        assert child.process is not None
        assert child.process.stdout is not None
        try:
            written = os.read(child.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not written:
            self.selector.unregister(child.process.stdout)
            child.process.stdout.close()
        *lines, child.tail = (child.tail + written).split(b"\n")
        if not written and child.tail:
            lines, child.tail = [child.tail], b""
        for line in lines:
            words = line.decode(errors="replace").rstrip()
            if words.startswith(REFUSAL):
                child.refusal = words.removeprefix(REFUSAL)
            elif words:
                self.say(words, child.name)

    def bury(self, child: Child) -> None:
        """Let go of a process that has ended: relay its last words, and end whatever it left running."""
        assert child.process is not None
        assert child.process.stdout is not None
        # First the group: a process left in it would keep the pipe open.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 1
        while not child.process.stdout.closed and time.monotonic() < deadline:
            self.selector.select(0.05)
            self.relay(child)
        if not child.process.stdout.closed:
            self.selector.unregister(child.process.stdout)
            child.process.stdout.close()
        child.process = None

    def reap(self) -> None:
        """Notice processes that ended, and start them again when their time has come."""
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                how = ended(child.process.returncode)
                child.wait = FIRST_WAIT if now - child.started_at >= STEADY_AFTER else child.wait
                child.restart_at = now + child.wait
                self.bury(child)
                if child.refusal:
                    self.say(child.refusal, child.name)
                    child.refusal = ""
                self.say(f"{child.name} {how}; starting it again in {child.wait:g} s")
                child.wait = min(child.wait * 2, LONGEST_WAIT)
            elif child.process is None and child.restart_at is not None and now >= child.restart_at:
                self.start(child)

    # -- the group ---------------------------------------------------------------------------------------------------

    def turn(self, seconds: float) -> None:
        """Relay output for at most so many seconds, or until something happened. Raises Stopped when asked to stop."""
        for key, _events in self.selector.select(seconds):
            if key.data is None:
                self.wakened.recv(64)
            else:
                self.relay(key.data)
        if self.signals and not self.is_stopping:
            raise Stopped

    def wait_until_answering(self, web: Child, *, host: str, port: int, public_host: str, began: float) -> int | None:
        """Return what /healthz answers first, however long it takes to prepare the database; None where web ends.

        `began` is when the whole start did, in seconds since 1970.
        """
        assert web.process is not None
        while web.process.poll() is None:
            self.turn(0.05)
            if time.monotonic() - self.said_at >= PATIENCE:
                self.say(f"… starting, {time.time() - began:.0f} s so far")
            if status := health(host, port, public_host):
                return status
        web.returncode = web.process.returncode
        self.bury(web)
        self.children.remove(web)
        return None

    def watch(self) -> NoReturn:
        while True:
            waits = [child.restart_at - time.monotonic() for child in self.children if child.restart_at is not None]
            self.turn(max(0.05, min([0.5, *waits])))
            self.reap()

    def stop(self) -> None:
        """End every process: politely, then not, the broker last, since the others still speak to it."""
        self.is_stopping = True
        asked = self.signals
        for is_broker in (False, True):
            running = [child for child in self.children if (child.name == "broker") is is_broker and child.process]
            for child in running:
                assert child.process is not None
                child.process.terminate()
            deadline = time.monotonic() + STOP_TIMEOUT
            # A second Ctrl-C does not wait.
            while time.monotonic() < deadline and self.signals == asked:
                if all(child.process is None or child.process.poll() is not None for child in running):
                    break
                self.turn(0.05)
            for child in running:
                assert child.process is not None
                if child.process.poll() is None:
                    self.say(f"{child.name} did not end by itself")
                    child.process.kill()
                    child.process.wait()
                self.bury(child)


def ended(returncode: int) -> str:
    if returncode < 0:
        try:
            return f"was killed by {signal.Signals(-returncode).name}"
        except ValueError:
            return f"was killed by signal {-returncode}"
    return f"ended with exit code {returncode}"


def health(host: str, port: int, public_host: str) -> int | None:
    """Return the status of /healthz for the public host, which ALLOWED_HOSTS has to admit; None without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1" if host in ("0.0.0.0", "::") else host, port, timeout=5)  # noqa: S104
    try:
        connection.request("GET", "/healthz", headers={"Host": public_host})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


# -- the site --------------------------------------------------------------------------------------------------------


def free_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0. Raises Refused where another program listens on it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, PermissionError):
                raise Refused(f"Port {port} may not be used by this account: {error.strerror}.") from error
            raise Refused(
                f"Port {port} on {host} cannot be used ({(error.strerror or str(error)).lower()}): "
                "stop what runs there, or choose another with --port."
            ) from error
        return int(probe.getsockname()[1])


def number(name: str, default: int, *, lowest: int = 1, highest: int = 1024) -> int:
    """Return the whole number in the environment variable, or the default. Raises Refused on anything else."""
    given = os.environ.get(name, "").strip()
    if not given:
        return default
    if not given.isascii() or not given.isdigit() or not lowest <= int(given) <= highest:
        raise Refused(f"{name} must be a whole number from {lowest} to {highest}, not {given!r}.")
    return int(given)


def start_broker(supervisor: Supervisor, folder: Path, env: dict[str, str]) -> Path | None:
    """Set REDIS_URL in `env`, starting an embedded server unless one is named; return a folder to remove at the end."""
    url_file = env.get("REDIS_URL_FILE")
    if url_file or env.get("REDIS_URL"):
        try:
            env["REDIS_URL"] = (Path(url_file).read_text() if url_file else env["REDIS_URL"]).strip()
        except OSError as error:
            raise Refused(f"REDIS_URL_FILE ({url_file}) cannot be read: {error.strerror}.") from error
        env.pop("REDIS_URL_FILE", None)
    server = None if env.get("REDIS_URL") else broker.find_server()
    if server is None:
        env["REDIS_URL"] = env.get("REDIS_URL") or NO_BROKER
        if env["REDIS_URL"] == NO_BROKER:
            supervisor.say("without a Valkey or Redis server: a loop sends what is due, looking every few seconds")
        elif not broker.answers(env["REDIS_URL"], timeout=3):
            supervisor.say("REDIS_URL does not answer. Going on: reminders wait in the database until it does.")
        return None
    sockets, is_temporary = broker.socket_folder(folder / "run")
    path = sockets / "valkey.sock"
    files = folder / "valkey"
    env["REDIS_URL"] = f"unix://{path}"
    path.unlink(missing_ok=True)
    files.mkdir(mode=0o700, exist_ok=True)
    broker.forget_files(files)
    child = Child("broker", broker.command(server, folder=files, path=path), dict(os.environ), signal.SIGTERM)
    supervisor.start(child)
    assert child.process is not None
    if not broker.wait_until_answering(env["REDIS_URL"], process=child.process, seconds=20):
        supervisor.turn(0.2)
        raise Refused(f"The embedded broker ({server}) does not start; {files / broker.LOG_NAME} says why.")
    return sockets if is_temporary else None


def site_processes(env: dict[str, str], *, host: str, port: int, is_empty: bool) -> list[Child]:
    """Return the web server, and what works behind it: two workers and beat, or without a broker two loops."""
    python = sys.executable
    web_workers = number("WEB_WORKERS", 2, highest=64)
    worker_processes = number("WORKER_CONCURRENCY", 2, highest=64)
    web = [
        *(python, "-m", "support.web", *([] if is_empty else ["--demo"]), "--interface", "asginl"),
        *("--host", host, "--port", str(port), "--log-level", "warning", "--no-ws", "--respawn-failed-workers"),
        *("--workers", str(web_workers), "--workers-kill-timeout", "3"),
        # Nobody keeps one of a worker's connections: its headers have their time, and it is good for one request.
        *("--http", "1", "--no-http1-keep-alive", "--http1-header-read-timeout", "15000"),
        *("--backpressure", "512", "--http1-buffer-size", "65536"),
    ]
    if env["REDIS_URL"] == NO_BROKER:
        sender = [python, "manage.py", "send_reminders", "--loop", "--interval", "2"]
        return [
            Child("web", web, env, signal.SIGTERM),
            Child("sender", sender, env),
            Child("tasks", [python, "-m", "support.periodic"], env),
        ]
    celery = [python, "-m", "celery", "--app", "support.celery", "--quiet"]
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    worker = [*celery, "worker", "--concurrency", str(worker_processes), "--hostname", f"homegroup-{port}@%h", *alone]
    # Never behind a backlog: one process, without a pool of others.
    sweeper = [*celery, "worker", "--queues", "sweeps", "--pool", "solo", "--hostname", f"sweeps-{port}@%h", *alone]
    # The plain scheduler keeps no file: support.celery asks for everything once whenever beat starts.
    beat = [*celery, "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", ""]
    return [
        Child("web", web, env, signal.SIGTERM),
        Child("worker", worker, env),
        Child("sweeper", sweeper, env),
        Child("beat", beat, env),
    ]


def greet(supervisor: Supervisor, env: dict[str, str], *, folder: Path, host: str, port: int, seconds: float) -> None:
    supervisor.say(f"ready in {seconds:.1f} s: {env['PUBLIC_BASE_URL']}/  (data in {folder})")
    if urlsplit(env["PUBLIC_BASE_URL"]).port != port:
        supervisor.say(f"listening on {host}:{port} behind that address")
    is_developed = env["DEVELOPMENT"].lower() in YES
    if not env.get("EMAIL_URL", "").strip() and not env.get("EMAIL_URL_FILE"):
        outbox = f"at {env['PUBLIC_BASE_URL']}/dev/outbox/" if is_developed else f"in {folder / 'outbox'}"
        supervisor.say(f"messages are not sent but kept {outbox}, sign-in codes among them")
    if is_developed and (folder / "demo-loaded").exists():
        supervisor.say(f"demo sign-ins, by emailed code: {', '.join(DEMO_PEOPLE)}")
    supervisor.say("Ctrl-C stops it")


def serve(arguments: argparse.Namespace, supervisor: Supervisor) -> None:
    """Start everything and watch it. Raises Refused where it cannot start, Stopped when asked to stop."""
    folder = workspace.data_folder(arguments.data)
    wanted = arguments.port if arguments.port is not None else number("PORT", 8000, highest=65535)
    temporary: Path | None = None
    with workspace.hold(folder):
        port = free_port(os.environ.get("HOST") or "127.0.0.1", wanted)
        env = workspace.environment(folder, port=port)
        host = env["HOST"]
        (folder / "run").mkdir(mode=0o700, exist_ok=True)
        try:
            temporary = start_broker(supervisor, folder, env)
            # Pages first: processes that all load the site at once keep one another, and people, waiting.
            web, *workers = site_processes(env, host=host, port=port, is_empty=arguments.empty)
            supervisor.start(web)
            public_host = urlsplit(env["PUBLIC_BASE_URL"]).netloc
            status = supervisor.wait_until_answering(
                web, host=host, port=port, public_host=public_host, began=arguments.began
            )
            if status is None:
                raise Refused(web.refusal or f"The web server did not come up (it {ended(web.returncode)}).")
            if status != 200:
                supervisor.say(f"WARNING: /healthz answers {status}; the log says why")
            workspace.publish(folder, env)
            for child in workers:
                supervisor.start(child)
            greet(supervisor, env, folder=folder, host=host, port=port, seconds=time.time() - arguments.began)
            supervisor.watch()
        finally:
            supervisor.stop()
            (folder / "run" / "environment.json").unlink(missing_ok=True)
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)


def port_number(given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given) <= 65535):
        raise argparse.ArgumentTypeError(f"{given!r} is not a port number (0 to 65535; 0 takes a free one)")
    return int(given)


def main() -> None:
    workspace.keep_private()
    parser = argparse.ArgumentParser(prog="script/server", description="Start the whole site; Ctrl-C stops it.")
    parser.add_argument("--port", type=port_number, help="port to listen on (PORT; 8000)")
    parser.add_argument("--data", metavar="DIR", help="folder for everything the site keeps (DATA_DIR; var/)")
    parser.add_argument("--empty", action="store_true", help="load no demo data into a new data folder")
    # When the person at the terminal pressed Enter: what script/server had to set up counts for them, too.
    parser.add_argument("--began", type=float, default=time.time(), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    supervisor = Supervisor()
    try:
        serve(arguments, supervisor)
    except Refused as refusal:
        sys.exit(f"script/server: {refusal}")
    except Stopped:
        supervisor.say("stopped")


if __name__ == "__main__":
    main()
