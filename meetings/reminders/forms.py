from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import Channel, Lead, Purpose
from accounts.person import read_contact, read_number
from accounts.services.preferences import PreferenceFields
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.queries.timelines import reported
from meetings.reminders.queries.watching import WINDOWS
from support.messaging.push import BadSubscription, read_subscription

#: Nine digits and more in a row, however they are grouped: a telephone number rather than a date.
_NUMBER = re.compile(r"(?:\d[ ().-]{0,2}){9}")


class UnsubscribeForm(forms.Form):
    """Which messages to stop."""

    what = forms.MultipleChoiceField(
        label=_("Which messages?"),
        choices=[
            (Purpose.REMINDERS, _("Reminders")),
            (Purpose.CHANGES, _("Moved and canceled dates")),
        ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what to stop.")},
    )


class TimesForm(forms.Form):
    """One of the times that are offered beside somebody's next reminder. Its buttons send only what is valid."""

    name = forms.ChoiceField(choices=[(name, name) for name in ("booked_leads", "online_leads", "drop_in_leads")])
    leads = forms.CharField(max_length=100)

    def clean_leads(self) -> list[str]:
        leads = str(self.cleaned_data["leads"]).split()
        if not set(leads) <= set(Lead.values):
            raise forms.ValidationError("not a time")
        return leads

    @property
    def preferences(self) -> PreferenceFields:
        """What was chosen, for services.preferences.save_preferences."""
        chosen: Any = {self.cleaned_data["name"]: self.cleaned_data["leads"]}
        return chosen


_WINDOW_LABELS = {
    "hour": _("In the last hour"),
    "day": _("In the last 24 hours"),
    "week": _("In the last 7 days"),
    "next_day": _("In the next 24 hours"),
    "next_week": _("In the next 7 days"),
}


class MessageFilterForm(forms.Form):
    """Which messages staff want to see; sent by GET and always bound."""

    #: Nothing has to be filled in, so no label says so.
    is_all_optional = True

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Any")),
            ("trouble", _("Went wrong")),
            ("overdue", _("Due and not sent")),
            *ReminderState.choices,
        ],
    )
    channel = forms.ChoiceField(label=_("Sent by"), required=False, choices=[("", _("Any")), *Channel.choices])
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("Any")), *ReminderKind.choices])
    due = forms.ChoiceField(
        label=_("Due"), required=False, choices=[("", _("Any time")), *((key, _WINDOW_LABELS[key]) for key in WINDOWS)]
    )
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    meeting = forms.CharField(
        label=_("Meeting"), required=False, max_length=200, help_text=_("Its name, or the last part of its address.")
    )

    person = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=40,
        help_text=_("As they see it under “Your data”: Guest #12. They can see that you looked."),
    )

    def clean_person(self) -> tuple[int | None, int | None] | None:
        given = str(self.cleaned_data["person"])
        try:
            return read_number(given) if given else None
        except ValueError as error:
            raise forms.ValidationError(_("Enter it as they see it: Guest #12 or Member #5.")) from error

    def __init__(self, *args: Any, reasons: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any")), *((reason, reported(reason)) for reason in reasons)]


class ReasonForm(forms.Form):
    """Why staff do something that others will want to understand later."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Others will read it. Leave out names, addresses and phone numbers."),
        error_messages={"required": _("Say why, in a few words.")},
    )

    def clean_reason(self) -> str:
        reason = " ".join(str(self.cleaned_data["reason"]).split())
        if "@" in reason or _NUMBER.search(reason):
            raise forms.ValidationError(_("This looks like someone’s address or phone number. Leave it out."))
        return reason


class BlockFilterForm(forms.Form):
    """Which blocked addresses staff want to see; sent by GET and always bound."""

    is_all_optional = True

    channel = forms.ChoiceField(
        label=_("Sent by"),
        required=False,
        choices=[("", _("Any")), *((each.value, each.label) for each in (Channel.EMAIL, Channel.SMS))],
    )


class FindBlockForm(forms.Form):
    """The address or number that somebody asks staff about. By POST: it belongs in no address of a page."""

    contact = forms.CharField(
        label=_("Email address or phone number"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("Its owner can see that you looked."),
        error_messages={"required": _("Enter an email address or a phone number.")},
    )

    def clean_contact(self) -> tuple[str, str]:
        try:
            return read_contact(str(self.cleaned_data["contact"]))
        except ValueError as error:
            raise forms.ValidationError(_("Enter an email address or a phone number with its area code.")) from error


class SubscriptionForm(forms.Form):
    """A browser's push subscription, as its own JSON."""

    subscription = forms.CharField(max_length=2000)

    def clean_subscription(self) -> str:
        try:
            return read_subscription(self.cleaned_data["subscription"]).as_text()
        except BadSubscription as error:
            raise forms.ValidationError(str(error)) from error
