"""The deployment of docs/operations.md: its unit, and the whole site behind each proxy with the repository's own files.

Nothing is installed here: what needs a program that this machine does not have is skipped, and says so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.lifeline import tied
from tests.servers import ROOT
from tests.worker.test_server import Site

pytestmark = [pytest.mark.worker, pytest.mark.site]

DEPLOYMENT = ROOT / "docs" / "deployment"
#: The name, the code and the port that stand in the files of the deployment.
HOST, CODE, PORT = "meetings.example.org", "/opt/homegroup", 8000
TOKEN = "a-token-for-tests"
POSTS_PER_MINUTE = 6
#: What the site takes, and the proxies before it.
LIMIT = 1_048_576
#: Generous, and in no assertion: what does not answer at all fails.
PATIENCE = 60


def needs(program: str, package: str) -> str:
    """Return where the program is; skip, loudly, where it is not."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"NOT TESTED: {program} is not on this machine (Debian: apt-get install {package})")
    return found


# -- the site behind a proxy -----------------------------------------------------------------------------------------


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def cookies(self) -> SimpleCookie:
        return SimpleCookie("; ".join(self.headers.get_all("Set-Cookie", [])))


class Proxy:
    """A proxy with a file of the repository, in which paths and ports are the test's.

    It waits longer for a slow form, too: giving up on those who send one would make up for letting them keep the site.
    """

    def __init__(self, folder: Path, certificate: Path, *, upstream: int) -> None:
        self.folder = folder
        self.certificate = certificate
        self.key = certificate.with_name("key.pem")
        self.upstream = upstream
        self.http, self.https = free_ports(2)
        with (folder / "output.log").open("wb") as written:
            self.process = subprocess.Popen(
                self.command(),
                cwd=folder,
                env={"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                preexec_fn=tied(signal.SIGTERM),
            )
        deadline = time.monotonic() + PATIENCE
        while not all(is_open(port) for port in (self.http, self.https)):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def command(self) -> list[str]:
        raise NotImplementedError

    @property
    def said(self) -> str:
        """What it wrote, anywhere."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)

    def connect(self, source: str, *, is_secure: bool = True) -> socket.socket:
        """Return a connection from an address of this machine: Linux has sixteen million of them."""
        port = self.https if is_secure else self.http
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(source, 0))
        if not is_secure:
            return plain
        trusting = ssl.create_default_context(cafile=str(self.certificate))
        return trusting.wrap_socket(plain, server_hostname=HOST)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        source: str = "127.0.0.1",
        is_secure: bool = True,
    ) -> Answer:
        connection = http.client.HTTPConnection(HOST)
        connection.sock = self.connect(source, is_secure=is_secure)
        with contextlib.closing(connection):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have answered already
                connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())


class Nginx(Proxy):
    def command(self) -> list[str]:
        written = (DEPLOYMENT / "nginx.conf").read_text()
        # A machine may have no IPv6, and a test no ports below 1024.
        written = re.sub(r"(?m)^\s*listen \[::\]:.*\n", "", written)
        written = written.replace("listen 80;", f"listen 127.0.0.1:{self.http};")
        written = written.replace("listen 443 ", f"listen 127.0.0.1:{self.https} ")
        written = written.replace(f"127.0.0.1:{PORT};", f"127.0.0.1:{self.upstream};")
        written = written.replace("client_body_timeout 15s;", f"client_body_timeout {10 * PATIENCE}s;")
        written = written.replace(f"/etc/letsencrypt/live/{HOST}/fullchain.pem", str(self.certificate))
        written = written.replace(f"/etc/letsencrypt/live/{HOST}/privkey.pem", str(self.key))
        (self.folder / "homegroup").write_text(written)
        bodies = "".join(
            f"{name}_temp_path {self.folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # As Debian's own: it compresses and logs, unless the site's file says otherwise.
        account = "user root; " if os.geteuid() == 0 else ""  # who may write into a folder of the test's
        (self.folder / "outer.conf").write_text(
            f"{account}daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log;\n"
            "events { worker_connections 768; }\n"
            f"http {{ {bodies} gzip on; access_log {self.folder}/access.log;\n"
            f"include {self.folder}/homegroup; }}\n"
        )
        program = needs("nginx", "nginx")
        return [program, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", "outer.conf"]


class Caddy(Proxy):
    def command(self) -> list[str]:
        written = (DEPLOYMENT / "Caddyfile").read_text()
        ours = f"{{\n\tadmin off\n\thttp_port {self.http}\n\thttps_port {self.https}\n\tdefault_bind 127.0.0.1\n"
        written = re.sub(r"(?m)^\{\n", ours, written, count=1)
        written = written.replace(f"\n{HOST} {{\n", f"\n{HOST} {{\n\ttls {self.certificate} {self.key}\n")
        written = written.replace(f"127.0.0.1:{PORT} ", f"127.0.0.1:{self.upstream} ")
        written = written.replace("read_body 60s", f"read_body {10 * PATIENCE}s")
        (self.folder / "Caddyfile").write_text(written)
        return [needs("caddy", "caddy"), "run", "--adapter", "caddyfile", "--config", "Caddyfile"]


class PlainNginx(Nginx):
    """The plainest mistake: TLS and one line, for a site that was never told its address."""

    def command(self) -> list[str]:
        (self.folder / "outer.conf").write_text(
            f"daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log; events {{}}\n"
            f"http {{ access_log off; proxy_temp_path {self.folder}/proxy; client_body_temp_path {self.folder}/body;\n"
            f"fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;\n"
            f"server {{ listen 127.0.0.1:{self.http}; listen 127.0.0.1:{self.https} ssl;\n"
            f"ssl_certificate {self.certificate}; ssl_certificate_key {self.key};\n"
            f"location / {{ proxy_pass http://localhost:{self.upstream}; }} }} }}\n"
        )
        program = needs("nginx", "nginx")
        return [program, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", "outer.conf"]


KINDS: dict[str, type[Proxy]] = {"nginx": Nginx, "caddy": Caddy}
StartProxy = Callable[[str, int], Proxy]


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _n in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def settings_in(text: str) -> dict[str, str]:
    """Return what an environment file sets, as systemd reads lines like these."""
    return dict(re.findall(r'(?m)^([A-Z_]+)="([^"]*)"$', text))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for this module. Beside tmp_path, whose name would be too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="hg-deploy-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def certificate(folder: Path) -> Path:
    """A certificate for HOST that signs itself, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "certificate.pem"


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    """The site with the settings of the deployment; it sends nothing, and counts forms so that a test sees it."""
    settings = settings_in((DEPLOYMENT / "environment").read_text())
    ours = {"EMAIL_URL": "outbox://", "METRICS_TOKEN": TOKEN, "POSTS_PER_MINUTE": str(POSTS_PER_MINUTE)}
    running = Site(folder / "data", folder / "site.log", "--port", "0", **(settings | ours))
    yield running
    running.process.terminate()
    running.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def start_proxy(folder: Path, certificate: Path) -> Iterator[StartProxy]:
    started: list[Proxy] = []

    def start(kind: str, upstream: int) -> Proxy:
        own = folder / f"{kind}-{len(started)}"
        own.mkdir()
        started.append(KINDS[kind](own, certificate, upstream=upstream))
        return started[-1]

    yield start
    for proxy in started:
        proxy.stop()


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """Which proxy."""
    name = str(request.param)
    needs(name, name)
    return name


@pytest.fixture(scope="module")
def proxy(kind: str, site: Site, start_proxy: StartProxy) -> Proxy:
    """The proxy with the whole site behind it."""
    return start_proxy(kind, int(site.until(r"listening on 127\.0\.0\.1:(\d+) ").group(1)))


class Visitor:
    """A browser somewhere: it has an address, keeps cookies, and sends a form as the page it found it on says."""

    def __init__(self, proxy: Proxy, source: str) -> None:
        self.proxy, self.source = proxy, source
        page = proxy.ask("GET", "/accounts/login/", source=source)
        self.cookie = "; ".join(f"{name}={each.value}" for name, each in page.cookies.items())
        self.token = re.findall(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)[0].decode()

    def post(self, *, padding: int = 0, headers: Mapping[str, str] | None = None) -> Answer:
        """Choose English, with so many octets more than that takes."""
        body = f"csrfmiddlewaretoken={self.token}&language=en&padding={'x' * padding}".encode()
        own = {
            "Cookie": self.cookie,
            "Origin": f"https://{HOST}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.proxy.ask(
            "POST", "/i18n/setlang/", body=body, headers={**own, **(headers or {})}, source=self.source
        )


def test_http_leads_to_https_whatever_the_visitor_claims(proxy: Proxy) -> None:
    claims = [{}, {"X-Forwarded-Proto": "https"}, {"X_Forwarded_Proto": "https"}, {"X-Forwarded_Proto": "https"}]
    answers = [proxy.ask("GET", "/about/?near=Albany", headers=claim, is_secure=False) for claim in claims]
    assert [answer.status in (301, 308) for answer in answers] == [True] * len(claims)
    assert {answer.headers["Location"] for answer in answers} == {f"https://{HOST}/about/?near=Albany"}


def test_page_over_https_has_cookies_that_only_https_carries(proxy: Proxy) -> None:
    page = proxy.ask("GET", "/accounts/login/")
    assert page.status == 200
    assert {name: (each["secure"], each["path"]) for name, each in page.cookies.items()} == {"__Host-csrf": (True, "/")}
    assert page.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]


def test_form_is_taken_over_https(proxy: Proxy) -> None:
    answer = Visitor(proxy, "127.0.0.2").post()
    assert (answer.status, answer.headers["Location"]) == (302, "/")
    assert answer.cookies["__Host-language"].value == "en"


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded_Proto", "x_forwarded-proto"])
def test_forged_protocol_is_not_believed(proxy: Proxy, name: str) -> None:
    assert proxy.ask("GET", "/", headers={name: "http"}).status == 200


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("X-Forwarded-For", 10),
        ("X_Forwarded_For", 11),
        ("X-Forwarded_For", 12),
        ("x_forwarded-for", 13),
        ("Forwarded", 14),
    ],
)
def test_forged_address_is_not_believed(proxy: Proxy, kind: str, name: str, last: int) -> None:
    visitor = Visitor(proxy, f"127.0.{sorted(KINDS).index(kind)}.{last}")
    forged = [{name: f"for=192.0.2.{n}" if name == "Forwarded" else f"192.0.2.{n}"} for n in range(POSTS_PER_MINUTE)]
    assert [visitor.post(headers=claim).status for claim in forged] == [302] * POSTS_PER_MINUTE
    assert visitor.post(headers={name: "192.0.2.99"}).status == 429
    # The limit is of that place alone: the site knows visitors by the address that the proxy saw.
    assert Visitor(proxy, f"127.0.{sorted(KINDS).index(kind)}.{last + 10}").post().status == 302


def test_body_over_the_limit_is_turned_away_and_one_below_is_taken(proxy: Proxy) -> None:
    visitor = Visitor(proxy, "127.0.0.30")
    assert visitor.post(padding=LIMIT - 1000).status == 302
    assert visitor.post(padding=LIMIT).status == 413


def test_visitors_who_send_a_form_slowly_keep_nobody_waiting(proxy: Proxy) -> None:
    # With its cookie: without it the site would refuse the form before it reads any of it.
    cookie = Visitor(proxy, "127.0.0.40").cookie
    head = (
        f"POST /i18n/setlang/ HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://{HOST}\r\nCookie: {cookie}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nl"
    )
    with contextlib.ExitStack() as stack:
        for _n in range(40):
            slow = stack.enter_context(proxy.connect("127.0.0.40"))
            slow.sendall(head.encode())
        assert [proxy.ask("GET", "/about/").status for _n in range(8)] == [200] * 8
        assert Visitor(proxy, "127.0.0.41").post().status == 302


def test_what_may_hold_secrets_is_not_compressed_and_static_files_are(proxy: Proxy) -> None:
    known = {"Accept-Encoding": "gzip", "Cookie": "__Host-session=any"}
    page = proxy.ask("GET", "/", headers=known)
    assert (page.status, page.headers["Content-Encoding"]) == (200, None)
    # The site alone decides: a stranger's page has no secret.
    assert proxy.ask("GET", "/", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    style = re.findall(rb'href="(/static/[^"]+\.css)"', page.body)[0].decode()
    answer = proxy.ask("GET", style, headers={"Accept-Encoding": "gzip"})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")


def test_health_is_for_all_and_figures_are_for_who_has_the_token(proxy: Proxy) -> None:
    assert json.loads(proxy.ask("GET", "/healthz").body)["database"] == "ok"
    assert proxy.ask("GET", "/metrics").status == 404
    assert proxy.ask("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200


@pytest.mark.parametrize("path", ["/dev/outbox/", "/styleguide/"])
def test_pages_of_development_are_not_there(proxy: Proxy, path: str) -> None:
    assert proxy.ask("GET", path).status == 404


def test_site_that_was_never_told_its_address_shows_no_messages_through_a_proxy(
    folder: Path, certificate: Path
) -> None:
    with contextlib.ExitStack() as stack:
        site = Site(folder / "untold", folder / "untold.log", "--port", "0")
        # Where there is no nginx the test is skipped from here, and the site has to end all the same.
        stack.callback(site.process.wait, PATIENCE)
        stack.callback(site.process.terminate)
        upstream = int(site.until(r"ready in [0-9.]+ s: http://localhost:(\d+)/ ").group(1))
        (folder / "plain").mkdir()
        plain = PlainNginx(folder / "plain", certificate, upstream=upstream)
        stack.callback(plain.stop)
        answers = [plain.ask("GET", path).status for path in ("/crisis/", "/dev/outbox/", "/styleguide/")]
        assert answers == [200, 404, 404]


def test_no_log_tells_who_asked_for_what(kind: str, proxy: Proxy, start_proxy: StartProxy) -> None:
    here, away = start_proxy(kind, proxy.upstream), start_proxy(kind, free_ports(1)[0])
    address = "/open-sesame/?near=sesame"
    headers = {"Cookie": "sesame=sesame", "Referer": f"https://{HOST}/sesame/"}
    for each, status in ((here, 404), (away, 502)):
        for is_secure, expected in ((True, {status}), (False, {301, 308})):
            answer = each.ask("GET", address, headers=headers, source="127.0.0.50", is_secure=is_secure)
            assert answer.status in expected
        too_big = each.ask("POST", address, body=b"x" * (LIMIT + 1), headers=headers, source="127.0.0.50")
        assert too_big.status == 413
        each.stop()
        assert [line for line in each.said.splitlines() if "sesame" in line or "127.0.0.50" in line] == []


# -- the files by themselves -----------------------------------------------------------------------------------------


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, as if the code were where these tests find it."""
    path = tmp_path / "homegroup.service"
    path.write_text((DEPLOYMENT / "homegroup.service").read_text().replace(CODE, str(ROOT)))
    return path


def test_unit_is_what_systemd_understands(unit: Path) -> None:
    program = needs("systemd-analyze", "systemd")
    checked = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    # It looks at what the unit depends on as well, and that is the machine's.
    said = [line for line in (checked.stdout + checked.stderr).splitlines() if "homegroup" in line]
    assert (checked.returncode, said) == (0, [])


def test_unit_leaves_the_service_little_that_it_can_do(unit: Path) -> None:
    program = needs("systemd-analyze", "systemd")
    command = [program, "security", "--offline=true", "--no-pager", str(unit)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    if "--offline" in checked.stderr:
        pytest.skip("NOT TESTED: this systemd-analyze cannot look at a unit that is not installed")
    found = re.search(r"exposure level for homegroup\.service: ([0-9.]+)", checked.stdout)
    assert found is not None, checked.stdout + checked.stderr
    assert float(found[1]) < 2.0  # of 10; a unit without any hardening has 9.2


def test_settings_of_the_deployment_are_all_explained() -> None:
    explained = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    assert set(settings_in((DEPLOYMENT / "environment").read_text())) - explained == set()


def test_caddy_takes_the_file_as_it_is(tmp_path: Path) -> None:
    program = needs("caddy", "caddy")
    command = [program, "validate", "--adapter", "caddyfile", "--config", str(DEPLOYMENT / "Caddyfile")]
    checked = subprocess.run(command, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "not formatted" not in checked.stderr
