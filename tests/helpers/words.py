"""Words that belong to a place kept for somebody, and words that belong to a reminder, in both languages."""

from __future__ import annotations

import re

#: None of these may stand where somebody only asked to be reminded of a meeting that anyone may come to.
OF_PLACES = re.compile(
    r"\bplaces?\b|\bseats?\b|wait ?list|g[ia]ven? back|give .{0,20}back|someone else|sign(?:ed)? up"
    r"|reply [CX] if you (?:come|cannot)"
    r"|\blugar(?:es)?\b|\bced(?:e|er|ido|iste)\b|lista de espera|(?<!sin )inscri|alguien más|otra persona"
    r"|responde [CX] si (?:vienes|no puedes)",
    re.IGNORECASE,
)
#: And none of these where somebody has a place, or asked for one; of its reminder every message may speak.
OF_REMINDERS = re.compile(
    r"asked for a reminder|reminders? stopped|stop(?:ped)? (?:the|your) reminder"
    r"|(?:pediste|pidió) un recordatorio|recordatorios? detenid|det(?:ener|uvimos) (?:el|tu) recordatorio",
    re.IGNORECASE,
)
