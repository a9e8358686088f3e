"""What meetings announce to the floors above. Receivers only write rows, in the sender's transaction, and do no I/O.

Every signal is sent with `now` (the aware instant of the change) besides the arguments named here.
"""

from __future__ import annotations

from django.dispatch import Signal

#: A guest asked for a place and has to confirm it. `signups`: list[Signup], all of one participant and one meeting.
signup_requested = Signal()

#: Places became certain. `signups`: list[Signup], all of one participant and one meeting.
signup_confirmed = Signal()

#: A participant gave places back. `signups`: list[Signup], all of one participant and one meeting.
signup_cancelled = Signal()

#: Somebody reads dates and times another way now. `participants`: list[Participant], all of one person.
reader_changed = Signal()

#: A facilitator moved one date. `occurrence`: Occurrence, `change`: OccurrenceChange.
occurrence_moved = Signal()

#: A facilitator cancelled one date. `occurrence`: Occurrence, `change`: OccurrenceChange.
occurrence_cancelled = Signal()

#: A facilitator brought a cancelled date back. `occurrence`: Occurrence, `change`: OccurrenceChange.
occurrence_restored = Signal()

#: Dates followed the changed rule of their meeting: moved, made longer or shorter, cancelled, or on again. `meeting`:
#: Meeting, `changes`: list[OccurrenceChange], one for each date.
meeting_rescheduled = Signal()

#: Whether a meeting takes place, or where, or how it is joined, is not as it was. `meeting`: Meeting, as it is now.
meeting_changed = Signal()

#: One person had two signups for one date. `gone`, `kept`: Signup. Receivers let what names `gone` name `kept`, before
#: it is deleted.
signups_became_one = Signal()

#: Places of a guest are a member's from now on. `participant` (the member) and `visitor` (the guest): Participant,
#: `guest` and `own`: their contact points.
places_handed_over = Signal()

#: The coming weeks of a standing signup were filled in. `signups`: list[Signup], all of one participant and meeting.
signup_extended = Signal()

#: When is somebody reminded of these next? `signups`: list[Signup], all of one participant and one meeting. Receivers
#: return it in a sentence of the active language, or "".
next_reminder_asked = Signal()

#: Past places are nobody's from now on. `signups`: list[Signup]. Receivers forget what else names a person beside them.
signups_forgotten = Signal()
