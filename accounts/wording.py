"""What accounts are described with, where a list of choices is not enough."""

from __future__ import annotations

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.milestones import Milestone, Span, Unit

# The first that stands in the text counts: later browsers claim to be all earlier ones.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """Return the kind of browser and system, "Firefox, Android", and nothing that tells one device from another."""
    found = [next((name for mark, name in names if mark in user_agent), "") for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name)


def span_words(span: Span) -> str:
    """Return time by the calendar as one would say it, "2 years, 1 month and 3 days"; the first day is "Today"."""
    parts = [words for words in (_years(span.years), _months(span.months), _days(span.days)) if words]
    return str(get_text_list(parts, _("and"))) if parts else _("Today")


def milestone_words(milestone: Milestone) -> str:
    """Return the name of a milestone, as the key tags have it: "Welcome", "90 days", "18 months", "3 years"."""
    if milestone.number == 0:
        return _("Welcome")
    if milestone.years is not None:
        return _years(milestone.years)
    return _days(milestone.number) if milestone.unit is Unit.DAYS else _months(milestone.number)


def _years(count: int) -> str:
    return ngettext("%(count)d year", "%(count)d years", count) % {"count": count} if count else ""


def _months(count: int) -> str:
    return ngettext("%(count)d month", "%(count)d months", count) % {"count": count} if count else ""


def _days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count} if count else ""


#: What the files of somebody's copy are, by the name of their section (accounts.signals.data_asked).
_SECTIONS = {
    "account": gettext_lazy("your account: address, name shown, time zone, language, when you joined"),
    "second_factors": gettext_lazy("passkeys, authenticator app and recovery codes, without their secrets"),
    "addresses": gettext_lazy("email addresses you sign in with"),
    "devices": gettext_lazy("where you are signed in"),
    "contact_points": gettext_lazy("addresses, phone numbers and browsers that messages go to"),
    "consents": gettext_lazy("what you agreed to be sent, or said no to, and when"),
    "preferences": gettext_lazy("how and when you want to hear from us"),
    "clean_time": gettext_lazy("your clean date"),
    "access_records": gettext_lazy("who looked at your data, and when"),
    "disclosures": gettext_lazy("what was disclosed about you outside this site"),
    "looked_at_others": gettext_lazy("as staff or facilitator: when you looked at other people’s data"),
    "disclosures_recorded": gettext_lazy("as staff: disclosures you wrote down"),
    "agreements_recorded": gettext_lazy("as staff: agreements with vendors you wrote down"),
    "admin_log": gettext_lazy("as staff: what you changed"),
    "copies_asked_for": gettext_lazy("copies of your data that you asked for"),
    "told_of_forgetting": gettext_lazy("when we told you that your data would be erased"),
    "participant": gettext_lazy("how you appear to the people who run your meetings"),
    "signups": gettext_lazy("the dates you signed up for, and what happened with each"),
    "standing_signups": gettext_lazy("the meetings you come to every time"),
    "favourites": gettext_lazy("your favorite meetings and your home group"),
    "calendar_address": gettext_lazy("since when your own calendar can read your dates"),
    "service_bodies": gettext_lazy("the groups whose listings you look after"),
    "meetings_run": gettext_lazy("the meetings you run"),
    "invitations": gettext_lazy("invitations you gave"),
    "messages": gettext_lazy("the messages planned for you or sent to you"),
    "message_events": gettext_lazy("what happened to each message"),
    "put_aside": gettext_lazy("whether reminders can be planned"),
    "channels_paused": gettext_lazy("as staff: channels you paused"),
    "texts_written": gettext_lazy("texts you wrote to us that we still keep"),
}


def section_words(name: str) -> str:
    """Return what a section of somebody's copy is, in a few words; its own name where nobody has put it so yet."""
    return str(_SECTIONS.get(name, name.replace("_", " ")))
