"""What accounts announce and ask; the floors above listen.

A receiver of an announcement only writes rows, in the sender's transaction, and does no I/O.
"""

from __future__ import annotations

from django.dispatch import Signal

#: A person is about to be erased. `person`: accounts.person.Person, `now`. Receivers take back what is still to come,
#: and cut what must stay (a place that was taken, for the figures) loose from the person.
person_leaving = Signal()

#: All that is known of a person is asked for. `person`: accounts.person.Person. Receivers return sections:
#: dict[str, list[dict[str, object]]], a name and rows of plain values, each row with the same keys.
data_asked = Signal()

#: What is kept under an address or a number alone, whoever it belongs to? `channel`, `value`. Receivers return sections
#: as for `data_asked`.
value_asked = Signal()

#: A person chose anew how and when to be written to. `person`: accounts.person.Person, `now`.
preferences_changed = Signal()

#: A person said yes or no to something. `contact_point`: accounts.models.ContactPoint, `now`.
consents_changed = Signal()

#: A member reads dates and times another way now (zone, language, clock). `user`: accounts.models.User, `now`.
profile_changed = Signal()

#: When were these last seen? `users`: list[User], `contact_points`: list[ContactPoint], `now`. Receivers return two
#: dicts from ids to aware instants, `now` or later for whoever must not be forgotten.
activity_asked = Signal()

#: A guest turned out to be a member. `user`, `guest` and `own`: the contact points of the guest and of the member, with
#: the same address, and `now`. Receivers make the member's own what the guest has; what they have twice, once.
guest_joined = Signal()
#: What comes next for a person? `person`: accounts.person.Person, `now`. Receivers return it in a sentence of the
#: active language, or "".
next_message_asked = Signal()

#: Which of the times in a person's preferences matter for what they have? `person`, `now`. Receivers return names of
#: fields of accounts.models.Preferences, a set[str].
times_in_use_asked = Signal()

#: In which language does a guest read? `contact_point`: ContactPoint. Receivers return a code, or None.
language_asked = Signal()

#: A member's browsers get nothing any more. `person`: accounts.person.Person, `contact_points`: list[ContactPoint],
#: `now`. What was still to go there goes another way.
push_ended = Signal()

#: A number is its member's no more: they removed it, or somebody else has proven it. `contact_point`:
#: accounts.models.ContactPoint, which holds it still, `now`. What was still to go there goes another way.
number_ended = Signal()

#: What a contact point stands for is another address now, and the old one may be read by others. `contact_point`:
#: accounts.models.ContactPoint, `now`. Receivers give new ids to what links in messages to it name.
address_changed = Signal()

#: When did a message last arrive at an address or number, as far as anybody knows? `channel`, `value`, `before`: of
#: messages handed over until then. Receivers return an aware instant, or None.
last_taken_asked = Signal()

#: What nothing could be sent to may be written to again. `channel`, `value_hashes`: list[str], under each of the keys
#: that it may be known by; `now`. Receivers plan again what is still of use.
suppression_lifted = Signal()
