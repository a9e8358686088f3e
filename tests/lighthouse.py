# ruff: noqa: T201  # what it is for is printing
"""What Lighthouse says of the pages that most people open first, on a slow phone: `script/bench lighthouse`.

The whole site runs as script/server runs it. Lighthouse (https://github.com/GoogleChrome/lighthouse) comes from npm, at
the version named here, into a folder that is gone afterwards; where npm is not, nothing is measured, and that is said.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.load import site

VERSION = "12.8.2"
#: The least that each page has to reach, of 100, in Lighthouse's own order.
BARS = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
FIGURES = {
    "first-contentful-paint": "first words",
    "largest-contentful-paint": "largest",
    "total-blocking-time": "blocked",
    "cumulative-layout-shift": "shift",
}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def run(*, meetings: int, passes: int) -> int:
    """Print a table for home, results and a meeting; return 1 where the median misses a bar, 2 where npm is not."""
    npm = shutil.which("npm")
    if npm is None:
        print("LEFT OUT: Lighthouse comes from npm, which this machine does not have. Nothing was measured.")
        return 2
    with tempfile.TemporaryDirectory(prefix="hg-lighthouse-") as folder:
        install = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", f"lighthouse@{VERSION}"]
        subprocess.run(install, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with site(meetings) as (address, _pid):
            load = os.getloadavg()[0]
            print(f"Lighthouse {VERSION}, its slow phone, {passes} passes, {meetings:,} meetings, load {load:.1f}")
            print("| page | " + " | ".join([*BARS, *FIGURES.values()]) + " |")
            print("| --- |" + " --- |" * (len(BARS) + len(FIGURES)))
            results = f"{address}/meetings/?near=Albany"
            pages = {"home": f"{address}/", "results": results, "a meeting": f"{address}{first_meeting(results)}"}
            return max(measure(name, url, folder=Path(folder), passes=passes) for name, url in pages.items())


def first_meeting(results: str) -> str:
    with urllib.request.urlopen(results, timeout=30) as page:  # noqa: S310  # loopback
        found = re.search(r'href="(/meetings/evening-light[\w-]*/)', page.read().decode())
    assert found
    return found[1]


def measure(name: str, url: str, *, folder: Path, passes: int) -> int:
    """Print the page's row, of medians; return 1 where it misses a bar."""
    reports = [report(url, folder=folder) for _pass in range(passes)]
    scores = [round(100 * statistics.median(each["categories"][bar]["score"] or 0 for each in reports)) for bar in BARS]
    figures = []
    for figure in FIGURES:
        value = statistics.median(each["audits"][figure]["numericValue"] for each in reports)
        figures.append(f"{value:.3f}" if figure == "cumulative-layout-shift" else f"{value / 1000:.2f} s")
    print(f"| {name} | " + " | ".join([*map(str, scores), *figures]) + " |", flush=True)
    for bar, score in zip(BARS, scores, strict=True):
        if score < BARS[bar]:
            audits = reports[-1]["audits"]
            parts = [audits[part["id"]] for part in reports[-1]["categories"][bar]["auditRefs"]]
            missed = [part["title"] for part in parts if part["score"] is not None and part["score"] < 0.9]
            print(f"MISSED: {name}, {bar} {score} of {BARS[bar]}: {'; '.join(missed)}")
    return int(any(score < least for score, least in zip(scores, BARS.values(), strict=True)))


def report(url: str, *, folder: Path) -> Any:
    """Return what Lighthouse found, as its JSON has it."""
    flags = "--headless=new --no-sandbox --disable-gpu --disable-quic"
    command = [str(folder / "node_modules" / ".bin" / "lighthouse"), url, "--quiet", f"--chrome-flags={flags}"]
    command += ["--output=json", f"--output-path={folder / 'report.json'}", f"--only-categories={','.join(BARS)}"]
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium()}, stderr=subprocess.DEVNULL)
    return json.loads((folder / "report.json").read_text())


def chromium() -> str:
    if found := next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None):
        return found
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path
