"""A push service for tests: a real HTTP server, and browsers that can read what was sent to them."""

from __future__ import annotations

import base64
import hmac
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass
class Post:
    """One request as the service took it."""

    path: str
    headers: dict[str, str]
    body: bytes


class Browser:
    """A browser that subscribed: it has the private half of the keys."""

    def __init__(
        self, endpoint: str, *, key: ec.EllipticCurvePrivateKey | None = None, secret: bytes | None = None
    ) -> None:
        self.endpoint = endpoint
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.secret = secret or os.urandom(16)

    @property
    def point(self) -> bytes:
        """The public half of the keys."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> str:
        """What `JSON.stringify(subscription)` gives in the page, with what else browsers put there."""
        keys = {"p256dh": _base64url(self.point), "auth": _base64url(self.secret)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys})

    def read(self, post: Post) -> dict[str, Any]:
        """Decrypt what came for this browser, as its service worker would see it."""
        assert post.headers["content-encoding"] == "aes128gcm"
        found: dict[str, Any] = json.loads(self.decrypt(post.body))
        return found

    def decrypt(self, body: bytes) -> bytes:
        """Return the text of a message's one record, by RFC 8291 and RFC 8188 as a browser follows them.

        Raises InvalidTag where it is for somebody else.
        """
        salt, record_size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= record_size
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        keying = _hkdf(self.secret, shared, b"WebPush: info\x00" + self.point + sender, 32)
        key = _hkdf(salt, keying, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _hkdf(salt, keying, b"Content-Encoding: nonce\x00", 12)
        text, delimiter, padding = AESGCM(key).decrypt(nonce, record, None).rpartition(b"\x02")
        assert (delimiter, padding.strip(b"\x00")) == (b"\x02", b"")
        return text


@dataclass
class PushService:
    """Answers each post with the next of `answers` (status and headers), then with 201; keeps all of them."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    #: Seconds before each answer.
    delay: float = 0

    def browser(self, name: str = "one") -> Browser:
        return Browser(f"{self.url}/push/{name}")


@contextmanager
def push_service() -> Iterator[PushService]:
    """Run the service on a free port."""
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server calls it so
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.posts.append(Post(self.path, headers, body))
            time.sleep(service.delay)
            status, more = service.answers.pop(0) if service.answers else (201, {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _hkdf(salt: bytes, material: bytes, info: bytes, octets: int) -> bytes:
    """Return up to 32 octets of key (RFC 5869): extract, then the first step of expand."""
    return hmac.digest(hmac.digest(salt, material, "sha256"), info + b"\x01", "sha256")[:octets]


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
