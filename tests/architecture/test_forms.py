"""Whatever a form offers to choose from stands in an order that somebody decided."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings

from meetings.forms.listing import ListingForm
from meetings.models import Meeting
from support import clock

ROOT = Path(__file__).parents[2]
OF_FORMS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for app in ("accounts", "meetings", "support")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "Form)" in path.read_text()
]
#: What a form has to be given; whoever adds a form that asks for more adds it here.
GIVEN: dict[str, dict[str, Any]] = {
    "ListingForm": {"data": {}, "meeting": Meeting(tz="America/New_York"), "today": None, "language": "en"},
    "MoveDateForm": {"meeting": None, "now": None},
    "MessageFilterForm": {"reasons": []},
}


def our_forms(base: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for each in base.__subclasses__():
        if each.__module__ in OF_FORMS:
            yield each
        yield from our_forms(each)


def fields_of_class(form: type[forms.BaseForm]) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = vars(form).get("base_fields", {})
    return fields


def written_out() -> str:
    """Return all that all forms offer, in the order in which they do."""
    lines = []
    for name in OF_FORMS:
        import_module(name)
    for form in sorted(set(our_forms()), key=lambda each: f"{each.__module__} {each.__name__}"):
        try:
            fields = form(**GIVEN.get(form.__name__, {})).fields
        except (TypeError, ValueError, KeyError, AttributeError):
            # Those of other packages want a request or a user; what they offer is in the class.
            fields = fields_of_class(form)
        for label, field in fields.items():
            if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
                choices: Any = field.choices
                lines.append(f"{form.__name__}.{label}: {list(choices)!r}")
    return "\n".join(lines)


def test_every_process_offers_the_same_choices_in_the_same_order() -> None:
    # What comes out of a set comes in another order with another seed.
    code = "import django; django.setup(); from tests.architecture.test_forms import written_out; print(written_out())"
    seen = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=env, check=True, capture_output=True, text=True
        )
        assert "ListingForm.tz: " in ran.stdout
        seen.add(ran.stdout)
    assert len(seen) == 1


@pytest.mark.django_db
def test_choices_from_the_database_have_an_order() -> None:
    for name in OF_FORMS:
        import_module(name)
    for form in our_forms():
        fields = form(**GIVEN[form.__name__]).fields if form.__name__ in GIVEN else fields_of_class(form)
        for label, field in fields.items():
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                assert field.queryset.ordered, f"{form.__name__}.{label}"


def zones(tz: str) -> Any:
    field: Any = ListingForm(**{**GIVEN["ListingForm"], "meeting": Meeting(tz=tz)}).fields["tz"]
    return field.choices


def test_zones_of_a_listing_begin_at_home_and_are_places() -> None:
    (home, own), (_elsewhere, others) = zones("America/New_York")
    own_zones, other_zones = [zone for zone, _words in own], [zone for zone, _words in others]
    assert (home, own_zones[0]) == ("In this country", "America/New_York")
    assert {"America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"} < set(own_zones)
    assert own[0][1] == "New York"
    assert not any("/" in words or "_" in words for _zone, words in (*own, *others))
    other_words = [words for _zone, words in others]
    assert other_words == [*sorted(other_words[:-1]), "UTC"]
    assert not {"Factory"} & set(other_zones)
    assert not any(zone.startswith("Etc/") for zone in other_zones)
    assert all(clock.is_zone(zone) for zone in (*own_zones, *other_zones))
    assert settings.DEFAULT_TIME_ZONE == "America/New_York"


def test_zone_of_a_listing_by_an_older_name_can_still_be_kept() -> None:
    assert zones("US/Eastern")[0][1][0] == ("US/Eastern", "Eastern")
