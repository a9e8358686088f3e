"""Which tests say what time it is, and which do not care."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.helpers import syntax

#: A year that was not over when this was written.
_COMING = range(2026, 2100)


def fixed_instants(module: ast.Module) -> Iterator[str]:
    """Yield what names an instant, or a date that was to come when it was written, once and for all."""
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and node.id == "NOW":
            yield f"line {node.lineno}: NOW"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("dt.date", "dt.datetime") and node.args:
            year = node.args[0]
            if isinstance(year, ast.Constant) and year.value in _COMING:
                yield f"line {node.lineno}: {ast.unparse(node)}"


@cache
def names_an_instant(path: Path) -> bool:
    """Return whether a test module says what time it is, in a date, in words or by the fixture; else it is any time."""
    text = path.read_text()
    module = syntax.tree(text)
    arguments = {node.arg for node in ast.walk(module) if isinstance(node, ast.arg)}
    return "now" in arguments or re.search(r"\b20(2[6-9]|[3-9]\d)\b", text) is not None or any(fixed_instants(module))
