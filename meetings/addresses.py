"""Addresses and regions as lists write them, tidied for people. Pure: text in, text out."""

from __future__ import annotations

import re

#: How lists write countries, and their ISO 3166-1 codes.
_COUNTRIES = {
    "us": "US", "usa": "US", "u s a": "US", "u s": "US", "united states": "US", "united states of america": "US",
    "america": "US", "ca": "CA", "can": "CA", "canada": "CA", "mx": "MX", "mexico": "MX", "méxico": "MX",
    "gb": "GB", "uk": "GB", "united kingdom": "GB", "great britain": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "ie": "IE", "ireland": "IE", "au": "AU", "australia": "AU", "nz": "NZ", "new zealand": "NZ",
}  # fmt: skip
_REPEATED = re.compile(r"\s*,(?:\s*,)+")


def country_code(text: str) -> str:
    """Return the ISO 3166-1 code of a country that is written in many ways, or the text as it is."""
    return _COUNTRIES.get(" ".join(re.sub(r"[.\s]+", " ", text.lower()).split()), text)


def without_stray_commas(text: str) -> str:
    """Return a line without commas that divide nothing: "Church,, 1 Elm St," is "Church, 1 Elm St"."""
    return _REPEATED.sub(",", text).strip(" ,")


def without_country(address: str, country: str) -> str:
    """Return an address without the country at its end, where that is `country` (a code of ISO 3166-1)."""
    before, _comma, last = address.rpartition(",")
    return before.rstrip() if before and country_code(last.strip()) == country else address


def narrowest(region: str) -> str:
    """Return the last of a path of regions: "Philadelphia County > Fishtown" is "Fishtown"."""
    return region.rpartition(" > ")[2]
