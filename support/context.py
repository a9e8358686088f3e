"""What every template knows of the site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's own name and whether development pages are open."""
    return {"site_name": settings.SITE_NAME, "is_development": settings.DEVELOPMENT}
