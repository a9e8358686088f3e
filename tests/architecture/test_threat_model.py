"""docs/threat-model.md says which test shows each thing: each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.helpers import syntax

ROOT = Path(__file__).resolve().parent.parent.parent
THREAT_MODEL = (ROOT / "docs" / "threat-model.md").read_text()
#: "web/test_signin.py::test_wrong_code"
NAMED = sorted(set(re.findall(r"`((?:architecture|browser|property|unit|web|worker)/\w+\.py)::(\w+)`", THREAT_MODEL)))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda each: each.rpartition("/")[2])
def test_a_test_that_the_threat_model_names_is_there(file: str, name: str) -> None:
    tree = syntax.tree((ROOT / "tests" / file).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_row_of_the_table_names_a_test() -> None:
    rows = [line for line in THREAT_MODEL.splitlines() if line.startswith("| ") and line.count("|") == 6]
    attacks = [row for row in rows if not row.startswith(("| who", "| ---"))]
    assert len(attacks) > 30
    assert [row for row in attacks if "::test_" not in row] == []
