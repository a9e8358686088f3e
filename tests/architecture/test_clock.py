"""A test owns the clock wholly or lives in the present: never a fixed date beside the real clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import time_machine

from support import clock
from tests.conftest import IN_THE_PRESENT, NOW
from tests.factories import make_participant, make_user
from tests.helpers import syntax
from tests.helpers.clock import fixed_instants
from tests.helpers.zones import midday_zone

TESTS = Path(__file__).parents[1]


def test_the_clock_stands_still_unless_a_test_asks_for_the_real_one() -> None:
    assert clock.now() == clock.now() == NOW


@pytest.mark.real_clock
def test_the_real_clock_runs() -> None:
    before = clock.now()
    assert before != NOW
    assert clock.now() > before


def _marks(module: ast.Module) -> set[str]:
    """Return the marks that a whole module has."""
    return {
        node.attr
        for statement in module.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "pytestmark"
        for node in ast.walk(statement.value)
        if isinstance(node, ast.Attribute)
    }


@pytest.mark.parametrize("path", sorted(TESTS.glob("*/test_*.py")), ids=lambda path: path.name)
def test_tests_in_the_present_name_no_date(path: Path) -> None:
    module = syntax.tree(path.read_text())
    if _marks(module) & set(IN_THE_PRESENT):
        assert list(fixed_instants(module)) == []


def test_factories_name_no_date_that_time_passes() -> None:
    """They serve both kinds. Only the beginning of a weekly rule is fixed, and it is long past."""
    found = [
        words for path in (TESTS / "factories").glob("*.py") for words in fixed_instants(syntax.tree(path.read_text()))
    ]
    assert [words.partition(": ")[2] for words in found] == ["dt.date(2026, 1, 6)"]


@pytest.mark.parametrize("hour", range(24))
def test_midday_zone_is_at_midday_at_any_hour(hour: int) -> None:
    with time_machine.travel(NOW.replace(hour=hour, minute=59)):
        assert clock.to_wall(clock.now(), midday_zone()).hour == 12


@pytest.mark.real_clock
@pytest.mark.django_db
def test_nobody_sleeps_in_the_present() -> None:
    """Their messages would wait until morning, and a test that runs at night with them."""
    for person in (make_participant(), make_user()):
        assert clock.to_wall(clock.now(), person.tz).hour in (11, 12, 13)
