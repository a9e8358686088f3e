# Sourced by the other scripts: finds a Python that the project can use, makes .venv/ ready, and sets $python to it.
# It needs nothing but a POSIX shell and one Python; script/environment.py does the rest.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

is_usable() {
    "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    # The environment's own comes first, so that a second start does not look any further.
    for candidate in "$root/.venv/bin/python" ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 && is_usable "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no Python 3")
    echo "Homegroup needs Python 3.11, 3.12 or 3.13, and found $found. Install one, or name it: PYTHON=/path/to/python3.12 $0" >&2
    return 1
}

prepare() {
    found_python=$(find_python) || exit 1
    "$found_python" -I "$root/script/environment.py" "$1" || exit 1
    python="$root/.venv/bin/python"
}
