from __future__ import annotations

import ast
import gc


def tree(source: str, name: str = "<string>") -> ast.Module:
    """Return the syntax tree of a module. Raises SyntaxError.

    Python before 3.11.8 counts its depth for all trees that are being built together, and a finalizer may build one:
    whoever was at it is told of a "recursion depth mismatch" (cpython#106905). None runs meanwhile.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source, name)  # noqa: TID251
    finally:
        if was_enabled:
            gc.enable()
