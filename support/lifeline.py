"""Children that do not outlive their parent, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
# Loaded here and not in the child: between fork and exec as little as possible should happen.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(signum: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process `signum` when the thread that made it ends (Linux; elsewhere nothing)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def tied(signum: int = signal.SIGKILL) -> Callable[[], None]:
    """Return a `preexec_fn` that ties a child to this process. Use it from a program's main thread."""
    parent = os.getpid()

    def tie() -> None:
        die_with_parent(signum)
        if os.getppid() != parent:  # it died between the fork and the call above
            os._exit(1)

    return tie
