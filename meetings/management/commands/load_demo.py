"""Fill an empty site with invented listings and people to try it as; later, let one of them start soon again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from accounts.person import of_guest
from accounts.services import contact_points
from accounts.services.preferences import save_preferences
from meetings.management.demo_listings import BODIES, MEETINGS, VENUES, DemoMeeting
from meetings.models import Meeting, ServiceBody, Venue
from meetings.queries.occurrences import next_dates
from meetings.services import schedule
from meetings.services.formats import keep_own_formats
from support import clock

SOURCE = "demo"
FACILITATED = ("Evening Light", "Open Table evening")
#: The one that README's first steps are about.
SOON = "Porch Light"
#: It starts so long after each start of the site: its reminder, two hours before, is minutes away, at any hour.
SOON_AFTER = dt.timedelta(hours=2, minutes=8)
#: One that starts no sooner than this is left as it is.
SOON_ENOUGH = dt.timedelta(hours=2, minutes=4)
#: A guest whose reminders come in the night as well, so that whoever tries the site then sees one.
GUEST = "guest@example.org"
PEOPLE: tuple[tuple[str, str, dict[str, bool]], ...] = (
    ("member@example.org", "Robin M", {}),
    ("facilitator@example.org", "Sam T", {}),
    ("staff@example.org", "Alex", {"is_staff": True, "is_superuser": True}),
)


class Command(BaseCommand):
    help = f"Load invented demo data. Loading it again lets {SOON} start in two hours, and changes nothing else."

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        with transaction.atomic():
            is_there = ServiceBody.objects.filter(source=SOURCE).exists()
            if is_there:
                renew_soon(now=now)
            else:
                self.load(now)
        if not is_there:
            self.stdout.write(f"Loaded {Meeting.objects.filter(source=SOURCE).count()} invented meetings.")
        # As its page has it.
        if (found := soon()) and (date := next_dates([found], now=now).get(found.pk)):
            starts = f"{clock.to_wall(date.starts_at, found.tz):%I:%M %p}".lstrip("0")
            self.stdout.write(f"{SOON}, which the first steps are about, starts at {starts} New York time.")

    def load(self, now: dt.datetime) -> None:
        people = {email: self.create_person(email, name, **fields) for email, name, fields in PEOPLE}
        guest = of_guest(contact_points.guest_email(value=GUEST))
        save_preferences(person=guest, ignores_quiet=True, now=now)
        self.create_listings(now)
        for meeting in Meeting.objects.filter(source=SOURCE, name__in=(*FACILITATED, SOON)):
            meeting.facilitators.add(people["facilitator@example.org"])

    def create_person(self, email: str, name: str, **fields: Any) -> User:
        existing = User.objects.filter(email=email).first()
        return existing or User.objects.create_user(
            email, display_name=name, tz="America/New_York", has_own_zone=True, **fields
        )

    def create_listings(self, now: dt.datetime) -> None:
        bodies: dict[str, ServiceBody] = {}
        for body in BODIES:
            bodies[body.slug] = ServiceBody.objects.create(
                slug=body.slug,
                name=body.name,
                kind=body.kind,
                parent=bodies.get(body.parent),
                helpline=body.helpline,
                source=SOURCE,
                source_id=body.slug,
            )
        venues = {
            key: Venue.objects.create(
                name=venue.name,
                street=venue.street,
                city=venue.city,
                state=venue.state,
                postal_code=venue.postal_code,
                country="US",
                latitude=venue.latitude,
                longitude=venue.longitude,
                notes=venue.notes,
            )
            for key, venue in VENUES.items()
        }
        formats = keep_own_formats()
        for demo in (*MEETINGS, starting_soon(now)):
            meeting = self.create_meeting(demo, bodies[demo.body], venues.get(demo.venue), now)
            meeting.formats.set(formats[slug] for slug in demo.formats)

    def create_meeting(self, demo: DemoMeeting, body: ServiceBody, venue: Venue | None, now: dt.datetime) -> Meeting:
        slug = slugify(f"{demo.name} {venue.city if venue else ''}")
        meeting = Meeting(
            slug=slug,
            name=demo.name,
            kind=demo.kind,
            service_body=body,
            venue_type=demo.venue_type,
            venue=venue,
            region=venue.city if venue else "",
            conference_url=demo.url,
            conference_phone=demo.phone,
            notes=demo.notes,
            rrule=demo.rrule,
            starts_on=first_date(demo, now) if demo.rrule else None,
            start_time=dt.time.fromisoformat(demo.starts_at) if demo.rrule else None,
            duration=dt.timedelta(minutes=demo.minutes),
            tz=demo.tz,
            signup_policy=demo.policy,
            capacity=demo.capacity,
            is_temporarily_closed=demo.is_temporarily_closed,
            source=SOURCE,
            source_id=slug,
        )
        schedule.derive(meeting, now=now)
        meeting.save(force_insert=True)
        return meeting


def first_date(demo: DemoMeeting, now: dt.datetime) -> dt.date:
    """Return a Monday some weeks back, so that every listing has been running for a while."""
    today = clock.to_wall(now, demo.tz).date()
    return today - dt.timedelta(days=today.weekday() + 28)


def starting_soon(now: dt.datetime) -> DemoMeeting:
    """Return the meeting that starts SOON_AFTER `now`, to the minute: whoever asks to be reminded is, minutes later.

    It starts later where clocks go back: a wall time that comes twice means the first.
    """
    soonest = now + SOON_AFTER
    starts = clock.to_wall(soonest, "America/New_York")
    while clock.to_instant(starts, "America/New_York") != soonest:
        soonest += dt.timedelta(minutes=1)
        starts = clock.to_wall(soonest, "America/New_York")
    weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[starts.weekday()]
    return DemoMeeting(
        SOON,
        "upper-hudson-area",
        f"FREQ=WEEKLY;BYDAY={weekday}",
        f"{starts:%H:%M}",
        "linden",
        60,
        ("open", "discussion"),
    )


def soon() -> Meeting | None:
    """Return the listing that was made to start soon last, or None where somebody made it their own, or deleted it."""
    return Meeting.objects.filter(source=SOURCE, name=SOON, is_published=True).order_by("pk").last()


def renew_soon(*, now: dt.datetime) -> None:
    """Let the listing that README's first steps are about start in two hours again. Doing it again changes nothing.

    Where somebody asked for one of its dates, it stays as they know it, out of the lists; another takes its place, and
    its address: whoever has its page open sees the one that starts soon.
    """
    listing = soon()
    if listing is None:
        return
    starts_at = listing.next_starts_at
    if starts_at is not None and now + SOON_ENOUGH <= starts_at <= now + SOON_AFTER:
        return
    demo = starting_soon(now)
    if listing.occurrences.exists():
        listing = _successor(listing, now)
    listing.rrule, listing.start_time = demo.rrule, dt.time.fromisoformat(demo.starts_at)
    listing.starts_on = first_date(demo, now)
    schedule.derive(listing, now=now)
    listing.save()


def _successor(old: Meeting, now: dt.datetime) -> Meeting:
    """Take a listing out of the lists, and return another like it, of whose dates nobody knows yet."""
    facilitators, formats = list(old.facilitators.all()), list(old.formats.all())
    new = Meeting.objects.get(pk=old.pk)
    old.slug = old.source_id = f"{old.slug}-{old.pk}"
    old.is_listed = False
    old.save(update_fields=["slug", "source_id", "is_listed", "updated_at"])
    new.pk, new._state.adding = None, True
    new.save(force_insert=True)
    new.facilitators.set(facilitators)
    new.formats.set(formats)
    if not old.occurrences.filter(ends_at__gt=now).exists():
        # What they run does not grow with each start.
        old.facilitators.clear()
    return new
