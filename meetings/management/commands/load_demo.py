"""Fill an empty site with invented listings and three people to sign in as."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from meetings.management.demo_listings import BODIES, MEETINGS, VENUES, DemoMeeting
from meetings.models import Meeting, ServiceBody, Venue
from meetings.services import schedule
from meetings.services.formats import keep_own_formats
from support import clock

SOURCE = "demo"
FACILITATED = ("Evening Light", "Open Table evening")
PEOPLE: tuple[tuple[str, str, dict[str, bool]], ...] = (
    ("member@example.org", "Robin M", {}),
    ("facilitator@example.org", "Sam T", {}),
    ("staff@example.org", "Alex", {"is_staff": True, "is_superuser": True}),
)


class Command(BaseCommand):
    help = "Load invented demo data. Loading it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        with transaction.atomic():
            if ServiceBody.objects.filter(source=SOURCE).exists():
                self.stdout.write("The demo data is there already.")
                return
            people = {email: self.create_person(email, name, **fields) for email, name, fields in PEOPLE}
            self.create_listings(now)
            meetings = Meeting.objects.filter(source=SOURCE, name__in=(*FACILITATED, "Porch Light"))
            for meeting in meetings:
                meeting.facilitators.add(people["facilitator@example.org"])
        self.stdout.write(f"Loaded {Meeting.objects.filter(source=SOURCE).count()} invented meetings.")

    def create_person(self, email: str, name: str, **fields: Any) -> User:
        existing = User.objects.filter(email=email).first()
        return existing or User.objects.create_user(email, display_name=name, tz="America/New_York", **fields)

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
    """Return a meeting that starts in 2 hours and a few minutes: whoever asks to be reminded is, minutes later.

    It starts later where clocks go back: a wall time that comes twice means the first.
    """
    soonest = now + dt.timedelta(hours=2, minutes=6)
    starts = clock.to_wall(soonest, "America/New_York")
    while clock.to_instant(starts, "America/New_York") != soonest:
        soonest += dt.timedelta(minutes=1)
        starts = clock.to_wall(soonest, "America/New_York")
    weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[starts.weekday()]
    return DemoMeeting(
        "Porch Light",
        "upper-hudson-area",
        f"FREQ=WEEKLY;BYDAY={weekday}",
        f"{starts:%H:%M}",
        "linden",
        60,
        ("open", "discussion"),
    )
