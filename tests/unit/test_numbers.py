"""Numbers as a Spanish reader in Mexico or the Caribbean writes them, which is as in English, and not as in Spain."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils import translation

from meetings.forms.finder import distance_words
from meetings.templatetags.finding import distance


@pytest.mark.parametrize("language", ["en", "es"])
def test_distance_has_a_decimal_point(language: str) -> None:
    with translation.override(language):
        assert distance(2.57, "mi") == "1.6 mi"
        assert distance(2.57, "km") == "2.6 km"
        assert distance(1234.5, "km") == "1234 km"
        assert distance_words(2.5, "km") == "2.5 km"


@pytest.mark.parametrize("language", ["en", "es"])
def test_count_has_commas(language: str) -> None:
    with translation.override(language):
        assert Template('{{ count|floatformat:"0g" }}').render(Context({"count": 1_234_567})) == "1,234,567"
