from __future__ import annotations

import ast
import gc
from collections.abc import Iterator

import pytest

from tests.helpers import syntax

DEEP = "x = " + "(" * 50 + "1" + ", 2)" * 50


class Parses:
    """Builds a syntax tree as it goes, as whoever prints a traceback does."""

    def __init__(self) -> None:
        self.self = self

    def __del__(self) -> None:
        ast.parse("a + 1")  # noqa: TID251


@pytest.fixture
def eager_collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(5)
    yield
    gc.collect()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("eager_collector")
def test_a_tree_is_built_whole_whatever_is_collected_meanwhile() -> None:
    for _time in range(20):
        garbage = [Parses() for _each in range(20)]
        del garbage
        assert ast.unparse(syntax.tree(DEEP)).startswith("x = ")
    assert gc.isenabled()
