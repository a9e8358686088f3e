from __future__ import annotations

from django.db import models


class LedgerLine(models.Model):
    """A line that still has to be written into the ledger's file: see services.ledger."""

    line = models.TextField()

    def __str__(self) -> str:
        return f"#{self.pk}"
