"""Text messages: what fits the alphabet, what a text costs, what becomes of what does not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messaging.gsm7 import Size, is_gsm7, measure, septets, transliterate

#: 3GPP TS 23.038, table 6.2.1, row by row; the escape itself is no character.
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"


def test_alphabet_has_all_its_characters() -> None:
    assert len(set(ALPHABET)) == 127
    assert is_gsm7(ALPHABET)
    assert septets(ALPHABET) == 127
    assert septets(EXTENSION) == 2 * len(EXTENSION)


@pytest.mark.parametrize("sign", ["’", "–", "á", "í", "ó", "ú", "ç", "\u00a0", "`", "\t", "…", "🙂", "и"])
def test_near_misses_are_outside_the_alphabet(sign: str) -> None:
    assert not is_gsm7(sign)
    with pytest.raises(ValueError, match="outside"):
        septets(sign)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size(True, 0, 1)),
        ("a" * 160, Size(True, 160, 1)),
        ("a" * 161, Size(True, 161, 2)),
        ("a" * 306, Size(True, 306, 2)),
        ("a" * 307, Size(True, 307, 3)),
        ("€" * 80, Size(True, 160, 1)),
        ("a" * 159 + "€", Size(True, 161, 2)),
        # The escape pair does not fit the last septet of a part, so 306 septets take three parts here.
        ("a" * 152 + "€" + "a" * 152, Size(True, 306, 3)),
        ("и" * 70, Size(False, 70, 1)),
        ("и" * 71, Size(False, 71, 2)),
        ("и" * 134, Size(False, 134, 2)),
        ("и" * 135, Size(False, 135, 3)),
        ("a" * 70 + "’", Size(False, 71, 2)),
        ("🙂" * 35, Size(False, 70, 1)),
        ("🙂" * 36, Size(False, 72, 2)),
        # A surrogate pair is not cut in half either: 33 to a part.
        ("🙂" * 67, Size(False, 134, 3)),
    ],
)
def test_size_is_what_a_network_would_count(text: str, size: Size) -> None:
    assert measure(text) == size


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("You’re “in” – 7:00\u00a0PM…", 'You\'re "in" - 7:00 PM...'),
        ("mié, 3 de diciembre: reunión el sábado a las 19:00", "mié, 3 de diciembre: reunion el sabado a las 19:00"),
        ("¿Qué? ¡Mañana! pingüino", "¿Qué? ¡Mañana! pingüino"),
        ("Façade ÇA VA", "Facade ÇA VA"),
        ("Łódź, Øresund, Þór, œuvre", "Lodz, Øresund, Thor, oeuvre"),
        ("Well done 🎉🙂 friend", "Well done friend"),
        ("👩‍👩‍👧 family\ufe0f", "family"),
        ("10 ½ m², ﬁne", "10 1/2 m2, fine"),
        ("a\r\nb\tc\u200b", "a\nb c"),
        ("e\u0301", "é"),
        ("ЗАВТРА в 7", "ЗАВТРА в 7"),
        ("café · 5€", "café - 5€"),
    ],
)
def test_transliteration_keeps_what_can_be_read(text: str, plain: str) -> None:
    assert transliterate(text) == plain


@given(st.text())
def test_transliteration_settles_and_never_costs_more_parts_than_its_letters(text: str) -> None:
    plain = transliterate(text)
    assert transliterate(plain) == plain
    if text.isascii():
        assert is_gsm7(plain)


@given(st.text(max_size=400))
def test_parts_are_never_fewer_than_arithmetic_asks(text: str) -> None:
    size = measure(text)
    whole, part = (160, 153) if size.is_gsm7 else (70, 67)
    assert size.segments >= (1 if size.units <= whole else -(-size.units // part))
    assert (size.segments == 1) == (size.units <= whole)
