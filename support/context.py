"""What every template knows of the site and of the reader's clock."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.middleware import is_browsers_clock, own_zone, reader_hour_cycle, reader_zone
from support.crisis import CRISIS_LINES
from support.development import is_shown_to


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's name and address, where "Leave" leads, the crisis lines, and whose zone and clock it is."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.PUBLIC_BASE_URL,
        "is_development": is_shown_to(request),
        "quick_exit_url": settings.QUICK_EXIT_URL,
        "crisis_lines": CRISIS_LINES,
        "own_tz": own_zone(request),
        "reader_tz": reader_zone(request),
        "hour_cycle": reader_hour_cycle(request),
        "is_browsers_clock": is_browsers_clock(request),
    }
