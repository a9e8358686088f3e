"""Whether a meeting is on, and where, is written only where those who come are told: within `services.news.telling`."""

from __future__ import annotations

import ast
from pathlib import Path

from meetings.models import Meeting, Venue
from tests.helpers.syntax import tree

ROOT = Path(__file__).resolve().parents[2]
#: What those who come are told of, by the model's own columns.
TOLD = {"is_published", "is_temporarily_closed", "missing_since", "venue_type", "conference_url", "conference_phone"}
#: Who writes meetings or venues. Each does so within `telling`, but for those who only make new ones, or write nothing
#: of what is told.
WITHIN_TELLING = {
    "meetings/admin.py",
    "meetings/services/imports.py",
    "meetings/services/listings.py",
    "meetings/services/missing.py",
}
TELLING_NOTHING = {
    # New ones, and addresses of old ones.
    "meetings/management/commands/load_demo.py",
    # When it is next.
    "meetings/services/schedule.py",
}
WRITES = {"save", "update", "bulk_update", "bulk_create", "create", "get_or_create", "update_or_create", "delete"}


def modules() -> list[Path]:
    return [path for path in (ROOT / "meetings").rglob("*.py") if "migrations" not in path.parts]


def writers() -> set[str]:
    """Return the modules that write a column which is told of, or call a writing verb of Meeting's or Venue's."""
    found = set()
    for path in modules():
        for node in ast.walk(tree(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                of_ours = any(
                    isinstance(each, ast.Name) and each.id in (Meeting.__name__, Venue.__name__, "meeting", "venue")
                    for each in ast.walk(node.func)
                )
                names = {keyword.arg for keyword in node.keywords}
                if of_ours or names & TOLD:
                    found.add(path.relative_to(ROOT).as_posix())
            elif isinstance(node, ast.Assign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(each, ast.Attribute) and each.attr in TOLD for each in targets):
                    found.add(path.relative_to(ROOT).as_posix())
    return found


def test_every_writer_is_known() -> None:
    assert writers() - WITHIN_TELLING - TELLING_NOTHING == set()


def test_every_writer_tells() -> None:
    for name in WITHIN_TELLING:
        calls = [each for each in ast.walk(tree((ROOT / name).read_text())) if isinstance(each, ast.Call)]
        assert any(isinstance(each.func, ast.Name) and each.func.id == "telling" for each in calls), name
