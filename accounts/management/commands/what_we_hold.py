"""Print all that the site holds about a number or an address: for its owner, and for whoever has a right to ask.

    what_we_hold ana@example.org
    what_we_hold "+1 518 555 0123"

Prints nothing where nothing is held. It reads what a member's own copy is made from, so both say the same; and what is
kept under the address alone, whoever it belongs to.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.person import number_of, people_reached_by, read_contact
from accounts.services.exports import Rows, everything_about, held_under, plain


class Command(BaseCommand):
    help = "Print all that the site holds about an email address or a phone number; nothing where it holds nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("contact", metavar="CONTACT", help="an email address, or a number with its country's code")

    def handle(self, *, contact: str, **_: Any) -> None:
        try:
            channel, value = read_contact(contact)
        except ValueError as error:
            raise CommandError("That is neither an email address nor a phone number.") from error
        people = people_reached_by(channel, value)
        for person in people:
            point = person.contact_points[0].pk if person.user is None else 0
            heading = number_of(user_id=person.user.pk if person.user else None, contact_point_id=point)
            self._print(heading, everything_about(person))
        said = {name for person in people for name in everything_about(person)}
        alone = {name: rows for name, rows in held_under(channel, value).items() if name not in said}
        self._print("Under this alone, whoever has it", alone)

    def _print(self, heading: str, sections: dict[str, Rows]) -> None:
        if sections:
            self.stdout.write("\n".join([heading, "=" * len(heading), *_lines(sections), "", ""]))


def _lines(sections: dict[str, Rows]) -> Iterator[str]:
    for name, rows in sections.items():
        yield ""
        yield name
        for row in rows:
            said = [f"{label}: {plain(value)}" for label, value in row.items() if value not in (None, "")]
            yield "  - " + "\n    ".join(said)
