from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from meetings.enums import FormatCategory


class Format(models.Model):
    """What a meeting is like: a BMLT format or a Meeting Guide type.

    `vocabulary` says whose key it is ("guide" for Meeting Guide's type codes, a BMLT root address for that server's
    formats, "" for this site's own); keys are unique only within it. `slug` is what addresses and filters use.
    """

    vocabulary = models.CharField(max_length=255, blank=True)
    key = models.CharField(_("key"), max_length=20)
    source_id = models.CharField(max_length=64, blank=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    category = models.CharField(
        _("category"), max_length=10, choices=FormatCategory.choices, default=FormatCategory.PROGRAMME
    )
    world_id = models.CharField(max_length=30, blank=True)

    class Meta:
        verbose_name = _("format")
        verbose_name_plural = _("formats")
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["vocabulary", "source_id"], condition=~Q(source_id=""), name="format_source_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FormatTranslation(models.Model):
    """A format's name and description in another language than the site's first one."""

    format = models.ForeignKey(Format, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=12)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("format translation")
        verbose_name_plural = _("format translations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["format", "language"], name="format_translation_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
