"""Numbers in Spanish as Mexico, Central America and the Caribbean write them: 1,234.5 (Django's own are Spain's).

Source: Unicode CLDR, es-419, es-MX, es-PR, es-DO. All other formats stay Django's.
"""

from __future__ import annotations

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
