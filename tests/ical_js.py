# ruff: noqa: T201  # what it is for is printing
"""What ical.js, the reader of Thunderbird and Nextcloud, makes of our calendar files: `script/bench calendars`.

It comes from npm, at the version named here, into a folder that is gone afterwards. Where npm is not, or cannot get it,
nothing is judged, and that is said; `script/test` runs it, says so again at its end, and does not need it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = "2.2.1"
#: Named in the environment of what judges: the folder with ical.js.
FOLDER = "ICAL_JS_FOLDER"


def run() -> int:
    """Judge the files of tests.helpers.calendars; return 1 where one is read otherwise than the pages say."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return _left_out("this machine has no npm")
    with tempfile.TemporaryDirectory(prefix="hg-ical-js-") as folder:
        install = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--fetch-retries=0",
            "--fetch-timeout=20000",
        ]
        install += ["--loglevel=error", f"ical.js@{VERSION}"]
        tried = subprocess.run(install, cwd=folder, check=False, capture_output=True, text=True)
        if tried.returncode != 0:
            return _left_out(f"npm could not get it:\n{tried.stderr.strip()[-2000:]}")
        # No name that pytest looks for by itself: it runs only from here.
        judge = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "tests/calendars_in_ical_js.py"]
        return subprocess.run(judge, cwd=ROOT, env={**os.environ, FOLDER: folder}, check=False).returncode


def _left_out(why: str) -> int:
    print(f"LEFT OUT: NO calendar file was judged by ical.js {VERSION}, which comes from npm: {why}")
    return 0


def read(given: Path, found: Path) -> None:
    """Let ical.js read the cases in the file `given`, and write what it made of them to `found`."""
    node = shutil.which("node")
    assert node is not None
    command = [node, str(ROOT / "tests" / "ical_js.mjs"), str(given), str(found)]
    subprocess.run(command, cwd=os.environ[FOLDER], check=True)
