"""Adding a phone number: never required, proven by a code, and nothing ticked beforehand."""

from __future__ import annotations

from functools import partial
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import phones
from accounts.enums import Purpose
from accounts.forms.codes import is_code
from support.messaging import allowance

#: What text messages are for, in the words beside the boxes. Raise services.phones.WORDING when these change.
TEXT_PURPOSES = [
    (Purpose.REMINDERS.value, _("Remind me by text message: up to three texts a day, unless you ask for one more")),
    (Purpose.CHANGES.value, _("Tell me by text message when a date is moved or canceled")),
]

#: What pages call a country, where they must say which: several may have one code, like Jersey and the United Kingdom.
COUNTRIES = {
    "US": _("United States"),
    "CA": _("Canada"),
    "PR": _("Puerto Rico"),
    "MX": _("Mexico"),
    "ES": _("Spain"),
    "GB": _("United Kingdom"),
    "GG": _("Guernsey"),
    "JE": _("Jersey"),
    "IM": _("Isle of Man"),
    "IE": _("Ireland"),
    "AU": _("Australia"),
    "NZ": _("New Zealand"),
}


class PhoneForm(forms.Form):
    """A number, and what it may be used for."""

    number = forms.CharField(
        label=_("Mobile number"),
        max_length=40,
        help_text=_("Add the country code if your number is from another country, like +34 612 34 56 78."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"required": _("Enter the number you want texts on.")},
    )
    wanted = forms.MultipleChoiceField(
        label=_("What we may text you"),
        choices=TEXT_PURPOSES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Message and data rates may apply. Reply STOP to end texts at any time, HELP for help."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = {phonenumbers.country_code_for_region(country) for country in settings.SMS_COUNTRIES}
        home = phonenumbers.country_code_for_region(settings.PHONE_REGION)
        if codes == {home} and COUNTRIES.keys() >= settings.SMS_COUNTRIES:
            names = ", ".join(str(name) for country, name in COUNTRIES.items() if country in settings.SMS_COUNTRIES)
            said = _("Countries we can text: %(countries)s. You can leave out the +%(code)s.")
            self.fields["number"].help_text = said % {"countries": names, "code": home}

    def clean_number(self) -> str:
        number = phones.normal(self.cleaned_data["number"])
        if number is None:
            raise forms.ValidationError(_("That doesn’t look like a phone number. Please check it."))
        if not phones.takes_texts(number):
            raise forms.ValidationError(_("This number can’t receive text messages. Use a mobile number."))
        if not allowance.is_served(number):
            raise forms.ValidationError(
                _("We can’t send texts to numbers in that country. You won’t miss anything: email works just as well.")
            )
        return number


class TextChoicesForm(forms.Form):
    """What one number may be used for."""

    wanted = forms.MultipleChoiceField(
        label=_("What we may text you"), choices=TEXT_PURPOSES, required=False, widget=forms.CheckboxSelectMultiple
    )


class PhoneCodeForm(forms.Form):
    """The code that was sent to a number."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"required": _("Enter the code from the text message.")},
    )

    def __init__(self, *args: Any, expected: str, sent: str, tries: int, seconds: int, **kwargs: Any) -> None:
        self.is_right = partial(is_code, expected=expected, sent=sent, tries=tries, seconds=seconds)
        super().__init__(*args, **kwargs)

    def clean_code(self) -> str:
        """Return the code. Raises limits.TooMany, as is_code does."""
        code: str = self.cleaned_data["code"]
        if not self.is_right(code):
            raise forms.ValidationError(_("That isn’t the code we sent. Check the newest message."))
        return code
