# Sourced by the other scripts, which may be called through a link: finds a Python that the project can use, makes .venv/
# ready, and sets $python to it. It needs nothing but a POSIX shell and one Python; script/environment.py does the rest.

root=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd -P)
own_python="$root/.venv/bin/python"

# Prints "3.12" where a Python is one that the project can use, else fails.
usable_version() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    own_version=$(usable_version "$own_python") || own_version=
    if [ -n "${PYTHON:-}" ]; then
        if ! version=$(usable_version "$PYTHON"); then
            echo "PYTHON=$PYTHON cannot be used: it has to be a Python 3.11 or newer that runs." >&2
            return 1
        fi
        # Another version than that of the environment makes the environment anew.
        [ "$version" = "$own_version" ] || own_version=
    fi
    # The environment's own comes first, so that a second start does not look any further.
    for candidate in ${own_version:+"$own_python"} ${PYTHON:+"$PYTHON"} \
        python3 python3.14 python3.13 python3.12 python3.11 python; do
        if usable_version "$candidate" >/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no Python 3")
    echo "Homegroup needs Python 3.11 to 3.14, and found $found. Install one, or name it: PYTHON=/path/to/python3.12 $0" >&2
    return 1
}

prepare() {
    found_python=$(find_python) || exit 1
    "$found_python" -I "$root/script/environment.py" "$1" || exit 1
    python="$own_python"
}
