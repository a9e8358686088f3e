from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.fields import EncryptedTextField
from meetings.models.meeting import Meeting
from meetings.whereabouts import Whereabouts, from_text


class PlaceChange(models.Model):
    """Where a meeting was, or how it was joined, until `created_at`: what news of its new place is worded from."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="place_changes")
    # A link that only those who have a place may know: sealed.
    old = EncryptedTextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def whereabouts(self) -> Whereabouts:
        return from_text(self.old)
