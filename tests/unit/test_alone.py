"""Each test is alone: it meets nothing that another left behind, in whatever order they run."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from meetings.views.finder import Answer, visitors_answers
from support import clock


@pytest.mark.parametrize("turn", [1, 2])
def test_no_test_meets_what_another_kept(turn: int) -> None:
    """Tries to sign in counted toward the limit of whichever test came next: with the clock stopped, for good."""
    assert cache.get("kept") is None
    cache.set("kept", turn, timeout=None)


@pytest.mark.parametrize("turn", [1, 2])
def test_no_test_meets_what_another_found(turn: int) -> None:
    found = Answer(html="", url="", words=str(turn), has_form=False, has_errors=False)
    assert visitors_answers.get_or_make("asked", lambda: found, now=clock.now()) is found
