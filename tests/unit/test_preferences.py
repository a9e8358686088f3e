"""How and when a person wants to be written to: kept once for each person, with defaults for those who never said."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries

from accounts.models import Preferences
from accounts.person import of_guest, of_member
from accounts.queries import newest_words, preferences_for, preferences_of, preferences_of_all
from accounts.services.consents import record_consent
from accounts.services.erasure import erase
from accounts.services.exports import ask_for_export, build_waiting_exports
from accounts.services.preferences import save_preferences
from accounts.signals import preferences_changed
from tests.factories import make_contact_point, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_defaults_where_nothing_was_said() -> None:
    kept = preferences_of(make_contact_point())
    assert kept._state.adding
    assert (kept.reminder_channel, kept.change_channel, kept.wording) == ("email", "email", "discreet")
    assert kept.booked_leads == ["3d", "1d@18:00"]
    assert kept.drop_in_leads == ["2h"]
    assert kept.online_leads == ["3d", "1d@18:00", "2h"]
    assert (kept.quiet_from, kept.quiet_until, kept.ignores_quiet) == (dt.time(21), dt.time(8), False)
    assert kept.paused_until is None
    assert not Preferences.objects.exists()


def test_members_contact_points_share_theirs_and_a_guest_has_their_own(now: dt.datetime) -> None:
    user = make_user()
    points = [make_contact_point(user=user), make_contact_point(user=user, channel="sms", value="+12125550123")]
    guest = make_contact_point()
    save_preferences(person=of_member(user), wording="detailed", now=now)
    save_preferences(person=of_guest(guest), quiet_from=dt.time(22), now=now)
    assert [preferences_of(point).wording for point in points] == ["detailed", "detailed"]
    assert preferences_of(guest).quiet_from == dt.time(22)
    assert preferences_of(guest).wording == "discreet"
    assert preferences_for(of_member(user)).wording == "detailed"


def test_bulk_is_one_query(now: dt.datetime, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    user = make_user()
    save_preferences(person=of_member(user), wording="detailed", now=now)
    points = [make_contact_point() for _n in range(20)] + [make_contact_point(user=user)]
    with django_assert_num_queries(1):
        found = preferences_of_all(points)
    assert [found[point.pk].wording for point in points] == ["discreet"] * 20 + ["detailed"]


def test_only_a_change_is_announced(now: dt.datetime) -> None:
    heard: list[Any] = []

    def listen(sender: object, **given: Any) -> None:
        heard.append((given["person"], given["now"]))

    preferences_changed.connect(listen)
    try:
        person = of_guest(make_contact_point())
        save_preferences(person=person, booked_leads=["2h", "7d", "2h"], now=now)
        save_preferences(person=person, booked_leads=["7d", "2h"], now=now + dt.timedelta(hours=1))
    finally:
        preferences_changed.disconnect(listen)
    assert heard == [(person, now)]
    kept = Preferences.objects.get()
    assert (kept.booked_leads, kept.updated_at) == (["7d", "2h"], now)


def test_unknown_lead_is_refused(now: dt.datetime) -> None:
    with pytest.raises(ValueError, match="5d"):
        save_preferences(person=of_guest(make_contact_point()), drop_in_leads=["5d"], now=now)


def test_row_of_nobody_is_refused(now: dt.datetime) -> None:
    with pytest.raises(IntegrityError, match="preferences_of_one_person"):
        Preferences.objects.create(updated_at=now)


def test_row_of_two_people_is_refused(now: dt.datetime) -> None:
    with pytest.raises(IntegrityError, match="preferences_of_one_person"):
        Preferences.objects.create(user=make_user(), contact_point=make_contact_point(), updated_at=now)


def test_erasure_takes_them_along(now: dt.datetime) -> None:
    user, guest = make_user(), make_contact_point()
    for person in (of_member(user), of_guest(guest)):
        save_preferences(person=person, wording="detailed", now=now)
        erase(person=person, now=now)
    assert not Preferences.objects.exists()


def test_copy_of_ones_data_holds_them(now: dt.datetime) -> None:
    guest = make_contact_point()
    save_preferences(person=of_guest(guest), booked_leads=["7d", "2h"], paused_until=dt.date(2026, 12, 1), now=now)
    export = ask_for_export(person=of_guest(guest), now=now)
    build_waiting_exports(now=now)
    export.refresh_from_db()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(export.archive))) as archive:
        [kept] = json.loads(archive.read("data.json"))["preferences"]
        assert b"reminders_of_booked_places" in archive.read("preferences.csv")
    assert (kept["reminders_of_booked_places"], kept["paused_until"]) == ("7d 2h", "2026-12-01")
    assert (kept["quiet_from"], kept["wording"]) == ("21:00:00", "discreet")


def test_newest_word_counts(now: dt.datetime) -> None:
    point, silent = make_contact_point(), make_contact_point()
    for number, is_given in enumerate((True, False)):
        record_consent(
            contact_point=point, purpose="reminders", is_given=is_given, wording="w", source="test",
            now=now + dt.timedelta(minutes=number),
        )  # fmt: skip
    assert newest_words([point.pk, silent.pk], "reminders") == {point.pk: False}
