"""The formats that this site knows by itself: one concept each, whatever a feed calls it. Pure: no database.

Names and descriptions are our own. A concept is recognised in a BMLT feed by its English name or by a NAWS world id
that means nothing else, and in a Meeting Guide feed by its type code (code4recovery/spec 1.1.9, and TSML's NA codes).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from meetings.enums import FormatCategory

PROGRAMME, LOCATION, AUDIENCE, OPENNESS, LANGUAGE = (
    FormatCategory.PROGRAMME,
    FormatCategory.LOCATION,
    FormatCategory.AUDIENCE,
    FormatCategory.OPENNESS,
    FormatCategory.LANGUAGE,
)


@dataclass(frozen=True, slots=True)
class Concept:
    """What a meeting can be like. `key` is BMLT's usual key, `world_id` the NAWS code, `types` Meeting Guide's codes.

    `also` holds other English names that BMLT servers use for the same thing. `seed_id` is the id that every BMLT
    server is installed with.
    """

    slug: str
    name: str | Promise
    description: str | Promise
    category: FormatCategory
    key: str
    world_id: str = ""
    types: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    seed_id: str = ""


#: Of the formats that say who a meeting is for, those that turn nobody away. Any other is for some people only.
FOR_ANYONE = frozenset({"beginners", "children-welcome", "children-supervised", "no-children"})

CONCEPTS: tuple[Concept, ...] = (
    # -- Open or closed
    Concept(
        # Not "open" or "closed" alone: beside a meeting's hours that reads as whether it is on.
        "open", _("Open to everyone"), _("Anyone may come, including family, friends and students."), OPENNESS,
        "O", "OPEN", ("O",), seed_id="17",
    ),
    Concept(
        "closed", _("Closed meeting"), _("For people who think they may have a problem of their own."), OPENNESS,
        "C", "CLOSED", ("C",), seed_id="4",
    ),
    # -- Who it is for
    Concept(
        "beginners", _("Beginners"), _("With newcomers in mind."), AUDIENCE,
        "B", "BEG", ("BE", "BEG"), ("newcomers", "newcomer", "beginner"), "1",
    ),
    Concept("women", _("Women"), _("For women."), AUDIENCE, "W", "W", ("W",), ("women only",), "32"),
    Concept("men", _("Men"), _("For men."), AUDIENCE, "M", "M", ("M",), ("men only",), "15"),
    Concept(
        "young-people", _("Young people"), _("With younger members in mind."), AUDIENCE, "YP", "Y", ("Y",), (), "34"
    ),
    Concept(
        "lgbtq", _("LGBTQ+"), _("With lesbian, gay, bisexual, transgender and queer members in mind."), AUDIENCE,
        "GL", "GL", ("LGBTQ", "GL"), ("gay/lesbian/transgender", "gay/lesbian", "lgbtq"), "10",
    ),
    Concept("gay", _("Gay"), _("With gay members in mind."), AUDIENCE, "", "", ("G",)),
    Concept("lesbian", _("Lesbian"), _("With lesbian members in mind."), AUDIENCE, "", "", ("L",)),
    Concept("bisexual", _("Bisexual"), _("With bisexual members in mind."), AUDIENCE, "", "", ("BI",)),
    Concept("transgender", _("Transgender"), _("With transgender members in mind."), AUDIENCE, "", "", ("T",)),
    Concept("non-binary", _("Non-binary"), _("With non-binary members in mind."), AUDIENCE, "", "", ("NB",)),
    Concept("seniors", _("Seniors"), _("With older members in mind."), AUDIENCE, "", "", ("SEN",)),
    Concept(
        "professionals", _("Professionals"), _("With members of the professions in mind."), AUDIENCE,
        "", "", ("P",),
    ),
    Concept("people-of-color", _("People of color"), _("With people of color in mind."), AUDIENCE, "", "", ("POC",)),
    Concept("native-american", _("Native American"), _("With Native Americans in mind."), AUDIENCE, "", "", ("N",)),
    Concept("indigenous", _("Indigenous"), _("With Indigenous people in mind."), AUDIENCE, "", "", ("NDG",)),
    Concept(
        "dual-diagnosis", _("Dual diagnosis"), _("For people who also live with a mental illness."), AUDIENCE,
        "", "", ("DD",),
    ),
    Concept(
        "illness", _("Illness"), _("With members who live with a chronic illness in mind."), AUDIENCE,
        "IL", "", (), (), "11",
    ),
    Concept(
        "restricted-attendance", _("Restricted attendance"),
        _("The place does not let everyone in. Ask before you go."), AUDIENCE, "RA", "RA", ("RA",), (), "42",
    ),
    Concept(
        "children-welcome", _("Children welcome"), _("Bring your children if you like."), AUDIENCE,
        "CW", "CW", ("CF", "CW"), ("child-friendly",), "44",
    ),
    Concept(
        "children-supervised", _("Children under supervision"),
        _("Children may come, if someone looks after them."), AUDIENCE, "CS", "", (), (), "7",
    ),
    Concept("no-children", _("No children"), _("Please leave children at home."), AUDIENCE, "NC", "", (), (), "16"),
    # -- The place
    Concept(
        "wheelchair", _("Wheelchair accessible"), _("The building is accessible by wheelchair."), LOCATION,
        "WC", "WCHR", ("X",), ("wheelchair", "wheelchair access"), "33",
    ),
    Concept(
        "wheelchair-bathroom", _("Wheelchair-accessible bathroom"), _("The bathroom is wide enough for a wheelchair."),
        LOCATION, "", "", ("XB",),
    ),
    Concept(
        "candlelight", _("Candlelight"), _("By candlelight."), LOCATION, "CL", "CAN", ("CAN",), (), "6"
    ),
    Concept(
        "closed-on-holidays", _("Closed on holidays"), _("The place is usually closed on public holidays."), LOCATION,
        "CH", "CH", (), ("closed holidays",), "5",
    ),
    Concept(
        "security-cameras", _("Security cameras"), _("The place has cameras."), LOCATION,
        "SC", "", (), ("surveillance cameras",), "21",
    ),
    Concept(
        "id-required", _("ID required"), _("You have to show an ID to get in."), LOCATION,
        "ID", "", (), ("id required to enter",),
    ),
    Concept("no-smoking", _("No smoking"), _("Nobody smokes here."), LOCATION, "NS", "NS", ("NS",), (), "37"),
    Concept("smoking", _("Smoking permitted"), _("Smoking is allowed."), LOCATION, "", "SMOK", ("SM", "SMOK")),
    Concept("fragrance-free", _("Fragrance free"), _("Please wear no perfume."), LOCATION, "", "", ("FF",)),
    Concept("outdoor", _("Outdoors"), _("In the open air."), LOCATION, "", "", ("OUT",)),
    Concept("babysitting", _("Babysitting"), _("Someone looks after the children."), LOCATION, "", "", ("BA",)),
    Concept("breakfast", _("Breakfast"), _("With something to eat."), LOCATION, "", "", ("BRK",)),
    Concept("with-al-anon", _("With Al-Anon"), _("Al-Anon meets here at the same time."), LOCATION, "", "", ("AL-AN",)),
    Concept("with-alateen", _("With Alateen"), _("Alateen meets here at the same time."), LOCATION, "", "", ("AL",)),
    # -- How it runs
    Concept(
        "discussion", _("Discussion"), _("Everyone may share."), PROGRAMME,
        "D", "DISC", ("D", "DISC"), ("discussion/participation",), "8",
    ),
    Concept(
        "speaker", _("Speaker"), _("One person tells their story; the others listen."), PROGRAMME,
        "So", "", ("SP", "SPK"), ("speaker only",), "26",
    ),
    Concept(
        "speaker-discussion", _("Speaker and discussion"), _("One person speaks, then everyone may share."), PROGRAMME,
        "SD", "S-D", ("SPD",), ("speaker/discussion",), "22",
    ),
    Concept(
        "step", _("Step study"), _("About the Twelve Steps."), PROGRAMME,
        "St", "STEP", ("ST", "STEP"), ("step", "steps"), "27",
    ),
    Concept(
        "tradition", _("Tradition study"), _("About the Twelve Traditions."), PROGRAMME,
        "Tr", "", ("TR", "TRAD"), ("tradition", "traditions"), "30",
    ),
    Concept(
        "traditions-workshop", _("Traditions workshop"), _("The Twelve Traditions, worked through in detail."),
        PROGRAMME, "TW", "", (), (), "31",
    ),
    Concept(
        "concepts", _("Concepts"), _("About the Twelve Concepts."), PROGRAMME,
        "CP", "CPT", ("CPT",), ("12 concepts",), "45",
    ),
    Concept(
        "basic-text", _("Basic Text"), _("Reads and talks about the Basic Text."), PROGRAMME,
        "BT", "BT", ("BT",), (), "3",
    ),
    Concept(
        "it-works", _("It Works: How and Why"), _("Reads and talks about It Works: How and Why."), PROGRAMME,
        "IW", "IW", ("IW",), ("it works -how and why", "it works - how and why", "it works how and why"), "13",
    ),
    Concept(
        "just-for-today", _("Just for Today"), _("Reads and talks about the day’s page of Just for Today."), PROGRAMME,
        "JT", "JFT", ("JFT",), (), "14",
    ),
    Concept(
        "living-clean", _("Living Clean"), _("Reads and talks about Living Clean."), PROGRAMME,
        "LC", "LC", ("LC",), (), "51",
    ),
    Concept(
        "guiding-principles", _("Guiding Principles"), _("Reads and talks about Guiding Principles."), PROGRAMME,
        "GP", "GP", (), (), "52",
    ),
    Concept(
        "spiritual-principle", _("A Spiritual Principle a Day"),
        _("Reads and talks about the day’s page of A Spiritual Principle a Day."), PROGRAMME,
        "SPAD", "SPAD", ("SPAD",), (), "57",
    ),
    Concept(
        "step-working-guide", _("Step Working Guide"), _("Works through the Step Working Guides."), PROGRAMME,
        "SG", "SWG", ("SWG",), ("step working guides",), "23",
    ),
    Concept(
        "pamphlet", _("Pamphlet study"), _("Reads and talks about a pamphlet."), PROGRAMME,
        "IP", "IP", ("IP",), ("informational pamphlet", "ip study"), "12",
    ),
    Concept(
        "literature", _("Literature"), _("Reads and talks about a book."), PROGRAMME,
        "BK", "LIT", ("LIT",), ("book study", "literature study"), "36",
    ),
    Concept("topic", _("Topic"), _("One topic for the whole meeting."), PROGRAMME, "To", "TOP", ("TOP",), (), "29"),
    Concept(
        "rotating", _("Rotating format"), _("A different kind of meeting each time."), PROGRAMME,
        "RF", "VAR", ("VAR",), ("format varies",), "19",
    ),
    Concept(
        "questions", _("Questions and answers"), _("You may ask, and members answer."), PROGRAMME,
        "QA", "", ("QA",), ("question and answer", "question & answer"), "43",
    ),
    Concept(
        "ask-it-basket", _("Ask-it basket"), _("Questions are drawn from a basket."), PROGRAMME, "AB", "", (), (), "40"
    ),
    Concept("meditation", _("Meditation"), _("With time for silence."), PROGRAMME, "ME", "MED", ("MED",), (), "41"),
    Concept(
        "eleventh-step", _("11th Step meditation"), _("Meditation, as in the Eleventh Step."), PROGRAMME,
        "", "", ("11",),
    ),
    Concept(
        "pitch", _("Pitch"), _("Each person who shares picks who shares next."), PROGRAMME, "Pi", "", (), (), "18"
    ),
    Concept("round-robin", _("Round robin"), _("Sharing goes around the circle."), PROGRAMME, "Rr", "", (), (), "20"),
    Concept("timer", _("Timer"), _("A timer keeps each share short."), PROGRAMME, "Ti", "", (), (), "28"),
    Concept(
        "open-ended", _("Open-ended"), _("It lasts until everyone who wants to has shared."), PROGRAMME,
        "OE", "", (), (), "35",
    ),
    Concept(
        "five-and-dime", _("Five and dime"), _("About the Fifth and the Tenth Step."), PROGRAMME,
        "FD", "", (), (), "39",
    ),
    Concept(
        "secular", _("Secular"), _("Whatever you believe or don’t believe."), PROGRAMME,
        "Ag", "", ("A",), ("agnostic", "atheist / agnostic"), "38",
    ),
    Concept("big-book", _("Big Book"), _("Reads and talks about the Big Book."), PROGRAMME, "", "", ("B",)),
    Concept(
        "twelve-and-twelve", _("Twelve Steps and Twelve Traditions"),
        _("Reads and talks about Twelve Steps and Twelve Traditions."), PROGRAMME, "", "", ("12x12",),
    ),
    Concept(
        "as-bill-sees-it", _("As Bill Sees It"), _("Reads and talks about As Bill Sees It."), PROGRAMME,
        "", "", ("ABSI",),
    ),
    Concept(
        "daily-reflections", _("Daily Reflections"), _("Reads and talks about the day’s page of Daily Reflections."),
        PROGRAMME, "", "", ("DR",),
    ),
    Concept("living-sober", _("Living Sober"), _("Reads and talks about Living Sober."), PROGRAMME, "", "", ("LS",)),
    Concept("grapevine", _("Grapevine"), _("Reads and talks about the Grapevine."), PROGRAMME, "", "", ("GR",)),
    Concept("birthday", _("Birthday"), _("Celebrates anniversaries."), PROGRAMME, "", "", ("H",)),
    Concept("digital-basket", _("Digital basket"), _("You can give online."), PROGRAMME, "", "", ("DB",)),
    Concept(
        "proof-of-attendance", _("Proof of attendance"), _(
            "Someone can sign to confirm that you were here."
        ), PROGRAMME,
        "", "", ("POA",),
    ),
    Concept("cross-talk", _("Cross talk permitted"), _("Members may answer one another."), PROGRAMME, "", "", ("XT",)),
    # -- Languages
    Concept(
        "sign-language", _("American Sign Language"), _("In American Sign Language, or with an interpreter."), LANGUAGE,
        "SL", "", ("ASL",), ("asl",), "24",
    ),
    Concept(
        "bilingual", _("Bilingual"), _("In two languages."), LANGUAGE, "BL", "", (), ("bi-lingual",), "2"
    ),
    Concept(
        "spanish", _("Spanish"), _("In Spanish."), LANGUAGE,
        "ES", "", ("S",), ("español", "espanol", "spanish speaking"), "9",
    ),
    Concept(
        "english", _("English"), _("In English."), LANGUAGE, "ENG", "", ("EN",), ("english speaking",), "47"
    ),
    Concept("finnish", _("Finnish"), _("In Finnish."), LANGUAGE, "FIN", "", ("FI",), (), "46"),
    Concept("persian", _("Persian"), _("In Persian."), LANGUAGE, "PER", "", ("FA",), ("farsi",), "48"),
    Concept("afrikaans", _("Afrikaans"), _("In Afrikaans."), LANGUAGE, "", "", ("AF",)),
    Concept("amharic", _("Amharic"), _("In Amharic."), LANGUAGE, "", "", ("AM",)),
    Concept("arabic", _("Arabic"), _("In Arabic."), LANGUAGE, "", "", ("AR",)),
    Concept("bulgarian", _("Bulgarian"), _("In Bulgarian."), LANGUAGE, "", "", ("BG",)),
    Concept("croatian", _("Croatian"), _("In Croatian."), LANGUAGE, "", "", ("HR",)),
    Concept("danish", _("Danish"), _("In Danish."), LANGUAGE, "", "", ("DA",)),
    Concept("dutch", _("Dutch"), _("In Dutch."), LANGUAGE, "", "", ("NL",)),
    Concept("french", _("French"), _("In French."), LANGUAGE, "", "", ("FR",)),
    Concept("georgian", _("Georgian"), _("In Georgian."), LANGUAGE, "", "", ("KA",)),
    Concept("german", _("German"), _("In German."), LANGUAGE, "", "", ("DE",)),
    Concept("greek", _("Greek"), _("In Greek."), LANGUAGE, "", "", ("EL",)),
    Concept("hebrew", _("Hebrew"), _("In Hebrew."), LANGUAGE, "", "", ("HE",)),
    Concept("hindi", _("Hindi"), _("In Hindi."), LANGUAGE, "", "", ("HI",)),
    Concept("hungarian", _("Hungarian"), _("In Hungarian."), LANGUAGE, "", "", ("HU",)),
    Concept("icelandic", _("Icelandic"), _("In Icelandic."), LANGUAGE, "", "", ("IS",)),
    Concept("italian", _("Italian"), _("In Italian."), LANGUAGE, "", "", ("ITA",)),
    Concept("japanese", _("Japanese"), _("In Japanese."), LANGUAGE, "", "", ("JA",)),
    Concept("korean", _("Korean"), _("In Korean."), LANGUAGE, "", "", ("KOR",)),
    Concept("lithuanian", _("Lithuanian"), _("In Lithuanian."), LANGUAGE, "", "", ("LT",)),
    Concept("malayalam", _("Malayalam"), _("In Malayalam."), LANGUAGE, "", "", ("ML",)),
    Concept("maltese", _("Maltese"), _("In Maltese."), LANGUAGE, "", "", ("MT",)),
    Concept("nepali", _("Nepali"), _("In Nepali."), LANGUAGE, "", "", ("NE",)),
    Concept("norwegian", _("Norwegian"), _("In Norwegian."), LANGUAGE, "", "", ("NO",)),
    Concept("polish", _("Polish"), _("In Polish."), LANGUAGE, "", "", ("POL",)),
    Concept("portuguese", _("Portuguese"), _("In Portuguese."), LANGUAGE, "", "", ("POR",)),
    Concept("punjabi", _("Punjabi"), _("In Punjabi."), LANGUAGE, "", "", ("PUN",)),
    Concept("russian", _("Russian"), _("In Russian."), LANGUAGE, "", "", ("RUS",)),
    Concept("slovak", _("Slovak"), _("In Slovak."), LANGUAGE, "", "", ("SK",)),
    Concept("slovenian", _("Slovenian"), _("In Slovenian."), LANGUAGE, "", "", ("SL",)),
    Concept("swedish", _("Swedish"), _("In Swedish."), LANGUAGE, "", "", ("SV",)),
    Concept("tagalog", _("Tagalog"), _("In Tagalog."), LANGUAGE, "", "", ("TL",)),
    Concept("thai", _("Thai"), _("In Thai."), LANGUAGE, "", "", ("TH",)),
    Concept("turkish", _("Turkish"), _("In Turkish."), LANGUAGE, "", "", ("TUR",)),
    Concept("ukrainian", _("Ukrainian"), _("In Ukrainian."), LANGUAGE, "", "", ("UK",)),
)  # fmt: skip

#: Meeting Guide types that say something of the room, and nothing where there is none (TSML, tsml-ui).
IN_PERSON_TYPES = frozenset({"BA", "BRK", "CAN", "CF", "CW", "AL-AN", "AL", "FF", "OUT", "SM", "SMOK", "NS", "X", "XB"})


def by_type(code: str) -> Concept | None:
    """Return the concept of a Meeting Guide type code, in any case, or None."""
    return _by_type().get(code.strip().upper())


def by_name(names: Iterable[str]) -> Concept | None:
    """Return the concept that one of these English names means, or None."""
    return next((concept for name in names if (concept := _by_name().get(_folded(name)))), None)


def by_world_id(world_id: str) -> Concept | None:
    """Return the concept of a NAWS code that stands for one thing only (not LANG, SPK, TRAD or QA), or None."""
    return _by_world_id().get(world_id.strip().upper())


def by_seed(seed_id: str, keys: Iterable[str]) -> Concept | None:
    """Return the concept of a format that a server left as installed, or None.

    That is where the id and one of `keys` are both as installed; with no id, the first of `keys`; with no keys, the id.
    """
    keys = list(keys)
    by_id = _by_seed_id().get(seed_id)
    if not keys or not seed_id:
        return by_id or _by_key().get(keys[0] if keys else "")
    return by_id if by_id and by_id.key in keys else None


def english(text: str | Promise) -> str:
    """Return the words as they stand in this file, whatever language is active."""
    with translation.override("en"):
        return str(text)


def _folded(name: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    return re.sub(r"\W+", " ", plain).strip()


@cache
def _by_type() -> dict[str, Concept]:
    return {code.upper(): concept for concept in CONCEPTS for code in concept.types}


@cache
def _by_name() -> dict[str, Concept]:
    return {
        _folded(name): concept for concept in CONCEPTS for name in (concept.slug, english(concept.name), *concept.also)
    }


@cache
def _by_world_id() -> dict[str, Concept]:
    return {concept.world_id: concept for concept in CONCEPTS if concept.world_id}


@cache
def _by_key() -> dict[str, Concept]:
    return {concept.key: concept for concept in CONCEPTS if concept.key}


@cache
def _by_seed_id() -> dict[str, Concept]:
    return {concept.seed_id: concept for concept in CONCEPTS if concept.seed_id}
