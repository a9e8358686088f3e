"""Python's garbage collector, told what a long-lived process keeps anyway."""

from __future__ import annotations

import gc


def leave_loaded_alone() -> None:
    """Let the collector pass over all that is loaded by now: it stays until the process ends.

    Planning for many people makes millions of objects that live for a moment; each full collection walked through the
    code and models of the whole site as well, which was a fifth of planning's CPU time (script/bench reminders).
    """
    gc.collect()
    gc.freeze()
