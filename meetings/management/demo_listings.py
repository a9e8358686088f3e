"""Invented listings to look around in: no such group, person or house exists, though the cities do."""

from __future__ import annotations

from dataclasses import dataclass

from meetings.enums import MeetingKind, SignupPolicy, VenueType


@dataclass(frozen=True, slots=True)
class DemoBody:
    slug: str
    name: str
    kind: str
    parent: str = ""
    helpline: str = ""


@dataclass(frozen=True, slots=True)
class DemoVenue:
    name: str
    street: str
    city: str
    postal_code: str
    latitude: float
    longitude: float
    notes: str = ""
    state: str = "NY"


@dataclass(frozen=True, slots=True)
class DemoMeeting:
    """One invented listing; `rrule` and `starts_at` ("HH:MM") are on the clocks of `tz`, `minutes` long."""

    name: str
    body: str
    rrule: str
    starts_at: str
    venue: str = ""
    minutes: int = 60
    formats: tuple[str, ...] = ()
    venue_type: str = VenueType.IN_PERSON
    kind: str = MeetingKind.NA_MEETING
    policy: str = SignupPolicy.DROP_IN
    capacity: int | None = None
    tz: str = "America/New_York"
    url: str = ""
    phone: str = ""
    notes: str = ""
    is_temporarily_closed: bool = False


BODIES = (
    DemoBody("three-rivers-region", "Three Rivers Region", "RS", helpline="+1 518 555 0100"),
    DemoBody("upper-hudson-area", "Upper Hudson Area", "AS", "three-rivers-region", "+1 518 555 0101"),
    DemoBody("harbor-area", "Harbor Area", "AS", "three-rivers-region", "+1 718 555 0102"),
    DemoBody("lakeshore-area", "Lakeshore Area", "AS", "three-rivers-region", "+1 585 555 0103"),
    DemoBody("families-together", "Families Together", "AS", "three-rivers-region"),
    DemoBody("open-table-practice", "Open Table Family Practice", "PR", helpline="+1 518 555 0104"),
)

VENUES = {
    "linden": DemoVenue(
        "Linden Street Hall", "48 Linden Street", "Albany", "12208", 42.6571, -73.7871, "Side door on the left."
    ),
    "quaker": DemoVenue("Old Meeting House", "7 Quaker Lane", "Albany", "12203", 42.6790, -73.8260),
    "library": DemoVenue(
        "Canal Library", "112 Canal Row", "Troy", "12180", 42.7284, -73.6918, "Second floor, elevator."
    ),
    "boat": DemoVenue("Boathouse Community Room", "1 Landing Way", "Schenectady", "12305", 42.8142, -73.9396),
    "mill": DemoVenue("The Mill", "30 Race Street", "Kingston", "12401", 41.9270, -73.9974, "Ring the lower bell."),
    "pier": DemoVenue("Pier Nine Center", "9 Pier Road", "Brooklyn", "11231", 40.6782, -74.0090),
    "maple": DemoVenue("Maple Court", "205 Maple Court", "Brooklyn", "11215", 40.6654, -73.9829, "Ramp at the rear."),
    "garden": DemoVenue("Garden Street School", "66 Garden Street", "Queens", "11101", 40.7447, -73.9485),
    "lake": DemoVenue("Lakeview House", "14 Lakeview Drive", "Rochester", "14607", 43.1506, -77.5868),
    "station": DemoVenue("Station Annex", "3 Depot Square", "Buffalo", "14203", 42.8790, -78.8740),
    "table": DemoVenue(
        "Open Table Practice", "21 Orchard Terrace", "Albany", "12210", 42.6607, -73.7601, "First floor."
    ),
}

MEETINGS = (
    DemoMeeting(
        "Evening Light",
        "upper-hudson-area",
        "FREQ=WEEKLY;BYDAY=TU",
        "19:00",
        "linden",
        90,
        ("closed", "discussion", "wheelchair"),
        notes="Tea from 6:30. New people are met at the side door.",
    ),
    DemoMeeting(
        "Just the First Step",
        "upper-hudson-area",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR",
        "12:15",
        "quaker",
        60,
        ("open", "beginners", "step"),
    ),
    DemoMeeting(
        "Lunch on the Canal",
        "upper-hudson-area",
        "FREQ=WEEKLY;BYDAY=TU,TH",
        "12:00",
        "library",
        60,
        ("open", "discussion"),
    ),
    DemoMeeting(
        "Sunrise",
        "upper-hudson-area",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "06:45",
        "linden",
        45,
        ("open", "meditation"),
    ),
    DemoMeeting(
        "Saturday Basic", "upper-hudson-area", "FREQ=WEEKLY;BYDAY=SA", "10:00", "boat", 75, ("closed", "basic-text")
    ),
    DemoMeeting(
        "Women in the Boathouse", "upper-hudson-area", "FREQ=WEEKLY;BYDAY=TH", "18:30", "boat", 90, ("closed", "women")
    ),
    DemoMeeting(
        "Night Owls", "upper-hudson-area", "FREQ=WEEKLY;BYDAY=FR,SA", "23:15", "library", 90, ("open", "candlelight")
    ),
    DemoMeeting(
        "Tuesday at the Mill",
        "upper-hudson-area",
        "FREQ=WEEKLY;BYDAY=TU",
        "18:00",
        "mill",
        60,
        ("closed", "step"),
        VenueType.HYBRID,
        url="https://meet.example.org/mill",
        phone="+1 845 555 0110",
    ),
    DemoMeeting(
        "Speakers by the River",
        "upper-hudson-area",
        "FREQ=MONTHLY;BYDAY=-1SU",
        "17:00",
        "library",
        90,
        ("open", "speaker"),
    ),
    DemoMeeting(
        "Second Thursday Tradition",
        "upper-hudson-area",
        "FREQ=MONTHLY;BYDAY=2TH",
        "19:30",
        "quaker",
        60,
        ("tradition",),
    ),
    DemoMeeting(
        "Every Other Monday",
        "upper-hudson-area",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
        "20:00",
        "linden",
        60,
        ("literature",),
    ),
    DemoMeeting(
        "North Wing",
        "upper-hudson-area",
        "FREQ=WEEKLY;BYDAY=WE",
        "19:00",
        "boat",
        60,
        ("closed",),
        is_temporarily_closed=True,
        notes="The building is being repaired until spring.",
    ),
    DemoMeeting(
        "Harbor Nooners", "harbor-area", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "12:00", "pier", 60, ("open", "discussion")
    ),
    DemoMeeting("Pier Nine Men", "harbor-area", "FREQ=WEEKLY;BYDAY=WE", "20:00", "pier", 75, ("closed", "men")),
    DemoMeeting(
        "Luz en el Puerto", "harbor-area", "FREQ=WEEKLY;BYDAY=TU,SA", "19:00", "garden", 90, ("open", "spanish")
    ),
    DemoMeeting(
        "Maple Beginners",
        "harbor-area",
        "FREQ=WEEKLY;BYDAY=SU",
        "11:00",
        "maple",
        60,
        ("open", "beginners", "wheelchair"),
    ),
    DemoMeeting(
        "Young and Clear", "harbor-area", "FREQ=WEEKLY;BYDAY=FR", "19:30", "maple", 90, ("open", "young-people")
    ),
    DemoMeeting("Rainbow Room", "harbor-area", "FREQ=WEEKLY;BYDAY=TH", "19:00", "garden", 75, ("closed", "lgbtq")),
    DemoMeeting("Midnight Bridge", "harbor-area", "FREQ=WEEKLY;BYDAY=SA", "23:30", "pier", 60, ("open",)),
    DemoMeeting(
        "Lakeview Quiet Hour", "lakeshore-area", "FREQ=WEEKLY;BYDAY=SU", "09:00", "lake", 60, ("open", "meditation")
    ),
    DemoMeeting(
        "Depot Square", "lakeshore-area", "FREQ=WEEKLY;BYDAY=MO,TH", "18:30", "station", 60, ("closed", "discussion")
    ),
    DemoMeeting("Working the Guide", "lakeshore-area", "FREQ=WEEKLY;BYDAY=TU", "19:30", "lake", 90, ("closed", "step")),
    DemoMeeting(
        "Anywhere at Eight",
        "three-rivers-region",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "20:00",
        minutes=60,
        formats=("open",),
        venue_type=VenueType.ONLINE,
        url="https://meet.example.org/anywhere",
        phone="+1 518 555 0120",
    ),
    DemoMeeting(
        "Pacific Early Birds",
        "three-rivers-region",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR",
        "06:00",
        minutes=45,
        formats=("open", "beginners"),
        venue_type=VenueType.ONLINE,
        url="https://meet.example.org/early",
        tz="America/Los_Angeles",
    ),
    DemoMeeting(
        "Across the Water",
        "three-rivers-region",
        "FREQ=WEEKLY;BYDAY=TU,TH",
        "20:00",
        minutes=60,
        formats=("closed", "step"),
        venue_type=VenueType.ONLINE,
        url="https://meet.example.org/water",
        tz="Europe/London",
    ),
    DemoMeeting(
        "Call First",
        "upper-hudson-area",
        "",
        "",
        "quaker",
        60,
        ("open",),
        notes="For people who cannot come in the evening. Call the area's number to agree on a time.",
    ),
    DemoMeeting(
        "Families at the Table",
        "families-together",
        "FREQ=WEEKLY;BYDAY=WE",
        "18:30",
        "linden",
        75,
        ("open",),
        kind=MeetingKind.FAMILY_SUPPORT,
        notes="For anyone who loves someone in recovery.",
    ),
    DemoMeeting(
        "Parents Online",
        "families-together",
        "FREQ=WEEKLY;BYDAY=SU",
        "19:00",
        minutes=60,
        venue_type=VenueType.ONLINE,
        kind=MeetingKind.FAMILY_SUPPORT,
        url="https://meet.example.org/parents",
    ),
    DemoMeeting(
        "Open Table evening",
        "open-table-practice",
        "FREQ=WEEKLY;BYDAY=TH",
        "18:00",
        "table",
        90,
        kind=MeetingKind.FAMILY_SESSION,
        policy=SignupPolicy.SIGN_UP,
        capacity=6,
        notes="A session for families with one of our two therapists. Six places; sign up first.",
    ),
    DemoMeeting(
        "Saturday family morning",
        "open-table-practice",
        "FREQ=MONTHLY;BYDAY=1SA,3SA",
        "10:00",
        "table",
        120,
        kind=MeetingKind.FAMILY_SESSION,
        policy=SignupPolicy.SIGN_UP,
        capacity=4,
    ),
)
