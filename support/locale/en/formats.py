"""Dates in English as our own lists write them: "Nov 26, 2026" (Django's own are "Nov. 26, 2026")."""

from __future__ import annotations

DATE_FORMAT = "M j, Y"
