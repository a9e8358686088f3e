"""People who come to a real site, and leave it: for `manage.py shell` in a process of the site's own.

Each function prints as JSON what a test outside has to know.
"""

from __future__ import annotations

import datetime as dt
import json
import sys

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from accounts.models import AccessRecord, ContactPoint, User
from accounts.person import of_guest, of_member
from accounts.services.clean_time import keep_clean_date
from accounts.services.erasure import erase
from meetings.models import Meeting
from meetings.services.favourites import choose_home_group
from meetings.services.signups import confirm_signups, create_member_signup, request_guest_signup
from support import clock
from tests.factories import make_meeting

MEMBER, GUEST, STAFF = "zebulon@example.net", "quimby@example.net", "staff@example.net"
MEMBERS_NAME, GUESTS_NAME, CLEAN_SINCE = "Hepzibah Q", "Leocadia", dt.date(2019, 3, 4)


def seals() -> list[str]:
    """Return all that is sealed, as it lies in the database: words that occur nowhere else."""
    found: set[str] = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  # table names of our own schema
            found |= {str(value) for row in cursor.fetchall() for value in row}
    return sorted(value for value in found if value.startswith(("gAAAA", "siv1.")))


def come() -> None:
    """Bring in a member and a guest with all that they may leave, and somebody of the staff who is signed in.

    Whoever came before is forgotten.
    """
    User.objects.filter(email__in=[MEMBER, STAFF]).delete()
    ContactPoint.objects.of_guests().with_value("email", GUEST).delete()
    now, meeting = clock.now(), Meeting.objects.first() or make_meeting()
    member = User.objects.create_user(MEMBER, display_name=MEMBERS_NAME, tz="America/New_York", has_own_zone=True)
    create_member_signup(meeting=meeting, user=member, date=None, every=True, now=now)
    choose_home_group(user=member, meeting=meeting, now=now)
    keep_clean_date(user=member, clean_on=CLEAN_SINCE)
    asked = request_guest_signup(
        meeting=meeting,
        date=None,
        every=True,
        email=GUEST,
        display_name=GUESTS_NAME,
        tz="UTC",
        language="en",
        hour_cycle="h12",
        now=now,
    )
    confirm_signups(signup=asked[0], now=now)
    staff = User.objects.create_user(STAFF, is_staff=True)
    staff.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(staff)
    cookies = {name: cookie.value for name, cookie in client.cookies.items()}
    json.dump({"member": member.pk, "cookies": cookies, "seals": seals()}, sys.stdout)


def leave() -> None:
    """Erase the member and the guest."""
    now = clock.now()
    erase(person=of_member(User.objects.get(email=MEMBER)), now=now)
    erase(person=of_guest(ContactPoint.objects.of_guests().with_value("email", GUEST).get()), now=now)
    json.dump({"seals": seals()}, sys.stdout)


def read() -> None:
    """Let the member read who looked at what is theirs."""
    records = AccessRecord.objects.about(of_member(User.objects.get(email=MEMBER)))
    json.dump({"access": [record.get_action_display() for record in records]}, sys.stdout)
