"""Keep this site's own formats in the database as `meetings.vocabulary` has them."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import translation

from meetings.models import Format, FormatTranslation
from meetings.vocabulary import CONCEPTS, english


def keep_own_formats() -> dict[str, Format]:
    """Make or reword this site's own formats and their translations. Returns them by slug; doing it again is harmless.

    A slug that another vocabulary's format has already is left to it.
    """
    languages = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
    with transaction.atomic():
        there = {each.slug: each for each in Format.objects.all()}
        new, changed = [], []
        for concept in CONCEPTS:
            fields = {
                "key": concept.key or concept.types[0],
                "name": english(concept.name),
                "description": english(concept.description),
                "category": concept.category.value,
                "world_id": concept.world_id,
            }
            own = there.get(concept.slug)
            if own is None:
                new.append(Format(slug=concept.slug, **fields))
            elif own.vocabulary == "" and any(getattr(own, name) != value for name, value in fields.items()):
                for name, value in fields.items():
                    setattr(own, name, value)
                changed.append(own)
        Format.objects.bulk_create(new)
        if changed:
            Format.objects.bulk_update(changed, ["key", "name", "description", "category", "world_id"])
        own_formats = {each.slug: each for each in Format.objects.filter(vocabulary="")}
        for language in languages:
            _translate(own_formats, language)
    return own_formats


def _translate(formats: dict[str, Format], language: str) -> None:
    there = {
        each.format_id: each for each in FormatTranslation.objects.filter(format__vocabulary="", language=language)
    }
    wanted = []
    with translation.override(language):
        for concept in CONCEPTS:
            words = (str(concept.name), str(concept.description))
            if concept.slug in formats and words != (english(concept.name), english(concept.description)):
                wanted.append((formats[concept.slug].pk, *words))
    for pk, name, description in wanted:
        row = there.get(pk)
        if row is None or (row.name, row.description) != (name, description):
            FormatTranslation.objects.update_or_create(
                format_id=pk, language=language, defaults={"name": name, "description": description}
            )
