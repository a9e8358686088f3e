"""Spanish keeps up with English: what is translated fits what is said, and what is served is what was written."""

from __future__ import annotations

import re

import polib
import pytest

from tests import translations


@pytest.fixture(scope="module")
def spanish() -> polib.POFile:
    return translations.catalogue()


def test_placeholders_are_those_of_the_original(spanish: polib.POFile) -> None:
    wrong = []
    for entry in spanish:
        if entry.msgid_plural:
            originals = {0: entry.msgid, 1: entry.msgid_plural}
            pairs = [(originals[number], text) for number, text in entry.msgstr_plural.items()]
        else:
            pairs = [(entry.msgid, entry.msgstr)]
        wrong += [
            (original, text)
            for original, text in pairs
            if text and translations.placeholders(original) != translations.placeholders(text)
        ]
    assert wrong == []


def test_tags_and_addresses_are_those_of_the_original(spanish: polib.POFile) -> None:
    wrong = [
        entry.msgid
        for entry in spanish
        if any(
            text and translations.tags(entry.msgid) != translations.tags(text) for text in translations.texts_of(entry)
        )
    ]
    assert wrong == []


def test_edges_are_those_of_the_original(spanish: polib.POFile) -> None:
    wrong = [
        entry.msgid
        for entry in spanish
        for text in translations.texts_of(entry)
        if text and (text[0].isspace(), text[-1].isspace()) != (entry.msgid[0].isspace(), entry.msgid[-1].isspace())
    ]
    assert wrong == []


def test_plurals_have_both_forms(spanish: polib.POFile) -> None:
    assert [entry.msgid for entry in spanish if entry.msgid_plural and sorted(entry.msgstr_plural) != [0, 1]] == []


def test_what_is_served_is_what_was_written(spanish: polib.POFile) -> None:
    assert translations.MO_FILE.read_bytes() == translations.compiled(spanish), "run script/translate"


def test_everything_is_said_in_spanish(spanish: polib.POFile) -> None:
    assert translations.missing(spanish) == [], "run script/translate, and fill in what is empty"


def test_nothing_is_kept_that_nobody_says(spanish: polib.POFile) -> None:
    assert translations.unused(spanish) == [], "run script/translate"


def test_apostrophes_and_quotes_are_those_of_print(spanish: polib.POFile) -> None:
    """One style for all: ’ and “ ”; text messages say them in their own alphabet (support.messaging.gsm7)."""
    ours = [text for entry in spanish if entry.occurrences for text in (entry.msgid, entry.msgid_plural)]
    said = [*ours, *(text for entry in spanish for text in translations.texts_of(entry))]
    typed = re.compile("['«»]|\"(?![^<]*>)")
    assert [text for text in said if typed.search(text)] == []


def test_readers_are_said_tu(spanish: polib.POFile) -> None:
    formal = re.compile(r"\b(?:usted(?:es)?|vosotr[oa]s|Introduzca|Asegúrese|Escriba|Elija|ordenador|fichero)\b")
    assert [text for entry in spanish for text in translations.texts_of(entry) if formal.search(text)] == []
