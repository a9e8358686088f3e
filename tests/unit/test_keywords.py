"""What people write back, and what it must be taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messaging.keywords import Meaning, Word, read

SURE_STOPS = [
    # What carriers take, in any case, with any punctuation.
    "STOP",
    "stop",
    "Stop",
    "sToP",
    " STOP ",
    "STOP.",
    "stop!!!",
    "'Stop'",
    "“STOP”",
    "*stop*",
    "#STOP",
    "STOP\n",
    "stop 🙏",
    "STOPALL",
    "Stop all",
    "QUIT",
    "quit.",
    "END",
    "End!",
    "REVOKE",
    "OPT OUT",
    "opt-out",
    "OPTOUT",
    "Opt out please",
    "CANCEL",
    "cancel",
    "UNSUBSCRIBE",
    "Unsubscribe!",
    "un-subscribe",
    "STOP STOP STOP",
    "STOP 55512",
    # As thumbs type it.
    "STOPP",
    "stpo",
    "sotp",
    "tsop",
    "stoooop",
    "ST0P",
    "S T O P",
    "s.t.o.p.",
    "S-T-O-P",
    "e n d",
    "e n d the texts",
    "opt ouuut",
    "unnn subscribe",
    "ＳＴＯＰ",
    "unsuscribe",
    "UNSUBCRIBE",
    "cancle",
    "stop it",
    # Inside sentences.
    "please stop",
    "Please stop texting me",
    "pls stop now",
    "stop sending me these messages",
    "STOP TEXTING ME!!!",
    "can you please stop the text messages",
    "stop messaging this number",
    "I want to stop getting these texts",
    "Don't text me anymore",
    "do not contact me again",
    "dont send me any more reminders",
    "no more texts",
    "No more messages please",
    "I don't want these messages",
    "i dont want to receive reminders any more",
    "I didn't sign up for these texts",
    "take me off your list",
    "Take me off this list please",
    "remove me",
    "Remove my number from your system",
    "delete my number",
    "lose my number",
    "leave me alone",
    "I'd like to opt out",
    "opting out",
    "opt me out of this",
    "unsubscribe me please",
    "I revoke my consent",
    "cancel my reminders",
    "end these messages",
    "quit texting me",
    "cancel all texts",
    "never text me again",
    "stop, thanks",
    "ok stop",
    "STOP thank you",
    "wrong number",
    "Sorry wrong person",
    "why can't you stop texting me",
    "I never signed up for this",
    "why don't you stop texting me",
    "stop contacting me about this",
]

STOPS_ELSEWHERE = [
    # Spanish
    "ALTO",
    "parar",
    "Pare",
    "BASTA",
    "cancelar",
    "Baja",
    "dar de baja",
    "No me manden más mensajes",
    "por favor dejen de escribirme",
    "no quiero recibir mensajes",
    "quítenme de la lista",
    "No más mensajes",
    "detener",
    # French, German, Portuguese, Italian
    "ARRÊT",
    "arrêter",
    "STOPPER",
    "désabonner",
    "Arrêtez de m'envoyer des messages",
    "ne m'écrivez plus",
    "Halt",
    "abmelden",
    "KÜNDIGEN",
    "Keine SMS mehr",
    "Bitte keine Nachrichten mehr",
    "aufhören",
    "SAIR",
    "parar",
    "não me mande mais mensagens",
    "descadastrar",
    "FERMA",
    "annulla",
    "non voglio più messaggi",
    # Dutch, Polish, Russian, Vietnamese, Haitian Creole, Tagalog
    "afmelden",
    "uitschrijven",
    "KONIEC",
    "wypisz",
    "СТОП",
    "отписаться",
    "не пишите мне",
    "DỪNG",
    "hủy",
    "SISPANN",
    "itigil",
    # Chinese, Japanese, Korean, Arabic, Hindi
    "停止",
    "退订",
    "退訂",
    "取消",
    "ストップ",
    "やめて",
    "중지",
    "수신거부",
    "توقف",
    "إلغاء",
    "रोकें",
    "बंद",
]


def test_there_are_spellings_enough() -> None:
    assert len(set(SURE_STOPS)) >= 40


@pytest.mark.parametrize("text", SURE_STOPS + STOPS_ELSEWHERE)
def test_stop_is_understood_however_it_is_said(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.is_crisis) == (Word.STOP, False)


@pytest.mark.parametrize("text", [*SURE_STOPS, "ALTO", "СТОП", "DỪNG", "停止"])
def test_a_sure_stop_is_left_to_the_machine(text: str) -> None:
    assert not read(text).is_for_person


@pytest.mark.parametrize(
    "text", ["🛑", "we stop", "I quit", "maybe stop?", "请停止", "pare con eso", "yes stop whatever you do here"]
)
def test_a_probable_stop_stops_and_is_read_by_a_person(text: str) -> None:
    assert read(text) == Meaning(Word.STOP, is_for_person=True, language=read(text).language)


@pytest.mark.parametrize(
    "text",
    [
        "I can't stop smiling",
        "I can’t stop smiling",
        "cant stop thinking about using",
        "I could not stop crying",
        "which bus stop is it?",
        "I will stop by at 7",
        "is there a stop sign",
        "I want to stop drinking",
        "help me stop using",
        "trying to quit smoking",
        "When does it end tonight?",
        "Please cancel my appointment on Tuesday",
        "cancel my seat",
        "cancel my place",
        "Cancel the session!",
        "cancelar mi cita",
        "I quit my job today and feel better",
        "this is an emergency",
        "who is this?",
        "please don't stop the reminders",
        "What time does the meeting stop?",
    ],
)
def test_other_senses_stop_nothing_and_are_not_lost(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.is_for_person) == (Word.OTHER, True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("X", Word.CANNOT_COME),
        ("x", Word.CANNOT_COME),
        (" X. ", Word.CANNOT_COME),
        ("x sorry", Word.CANNOT_COME),
        ("X please", Word.CANNOT_COME),
        ("C", Word.COMES),
        ("c!", Word.COMES),
        ("C thanks", Word.COMES),
        ("c u there", Word.COMES),
        ("HELP", Word.HELP),
        ("help?", Word.HELP),
        ("info", Word.HELP),
        ("AYUDA", Word.HELP),
        ("help me please", Word.HELP),
        ("?", Word.HELP),
        ("START", Word.START),
        ("Unstop", Word.START),
        ("start please", Word.START),
    ],
)
def test_one_letter_is_enough(text: str, word: Word) -> None:
    assert (read(text).word, read(text).is_for_person) == (word, False)


@pytest.mark.parametrize(
    "text",
    [
        "x x",
        "xx",
        "thanks x",
        "C'est la vie",
        "Albany",
        "12207",
        "YES",
        "more",
        "MÁS",
        "TUE",
        "Alto, MI",
        "starting when?",
        "Stow",
        "Weekend",
        "Bend OR",
        "Stockton",
        "",
        "   ",
        "see you",
        "Can I bring my sister?",
        "x-ray",
    ],
)
def test_anything_else_asks_for_nothing(text: str) -> None:
    assert (read(text).word, read(text).is_for_person) == (Word.OTHER, False)


@pytest.mark.parametrize(
    "text",
    [
        "I want to die",
        "i want to end my life",
        "thinking about suicide",
        "I'm going to kill myself",
        "I dont want to live anymore",
        "no quiero más vivir",
        "ya no quiero más esta vida",
        "I took too many pills",
        "my brother overdosed",
        "I think I am overdosing",
        "i want to hurt myself",
        "better off dead",
        "quiero morir",
        "me quiero matar",
        "No quiero vivir",
        "sobredosis",
        "kms",
        "want to end it all",
        "end my life",
        "988",
    ],
)
def test_crisis_is_heard_and_is_no_stop(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.is_crisis, meaning.is_for_person) == (Word.OTHER, True, True)


def test_stop_in_a_crisis_is_both() -> None:
    assert read("stop texting me, I want to die") == Meaning(Word.STOP, True, True, "en")


#: Danger to life now, each with its language.
EMERGENCIES = [
    "she won't stop bleeding",
    "he is bleeding out",
    "overdose",
    "i overdosed",
    "over dosed",
    "overdoesed on pills",
    "my brother is overdosing",
    "too much fentanyl",
    "my mom is unconcious",
    "I OD'd",
    "I OD’d",
    "i odd",
    "I od",
    "OD",
    "O.D.",
    "I think I OD",
    "he od'd",
    "she is ODing",
    "I took too many pills",
    "she took a whole bottle of xanax",
    "he is not breathing",
    "hes not breathing!!",
    "she stopped breathing",
    "he isn’t breathing",
    "barely breathing",
    "he won't wake up",
    "she wont wake up",
    "my friend won't wake up",
    "wont wake",
    "cant wake him up",
    "I can't get her to wake up",
    "help he is unconscious",
    "his lips are blue",
    "he's turning blue",
    "no pulse",
    "I'm dying",
    "having a seizure",
    "911",
    "call 911",
    "need an ambulance",
    "this is an emergency",
    "I used and I think I am overdosing",
]
EMERGENCIES_IN_SPANISH = [
    "sobredosis",
    "sobre dosis",
    "sobredocis",
    "creo que es una sobredosis",
    "se pasó de dosis",
    "no respira",
    "mi hijo no respira",
    "no está respirando",
    "casi no respira",
    "no puedo respirar",
    "no despierta",
    "mi amigo no despierta",
    "no se despierta",
    "no lo puedo despertar",
    "no reacciona",
    "está inconsciente",
    "se puso morado",
    "me estoy muriendo",
    "tomé demasiadas pastillas",
    "llamen una ambulancia",
    "es una emergencia",
    "ayuda no respira",
]
NO_EMERGENCIES = [
    "overdose prevention training",
    "International Overdose Awareness Day",
    "prevención de sobredosis",
    "I lost my son to an overdose",
    "my brother died of an overdose",
    "mi hermano murió de sobredosis",
    "that's odd",
    "an odd number",
    "I can't wake up that early",
    "I won't wake up for a 6 am meeting",
    "no puedo despertar temprano",
    "dying to see you all",
    "911 Elm St Albany",
    "is there an emergency exit?",
    "blue room",
    "it takes too much time",
    "I want to die",
    "I relapsed",
]


@pytest.mark.parametrize("text", EMERGENCIES)
def test_danger_to_life_is_heard_before_all_else(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.is_emergency, meaning.is_crisis, meaning.is_for_person, meaning.has_used) == (
        Word.OTHER,
        True,
        True,
        True,
        False,
    )
    assert meaning.language in ("en", "")


@pytest.mark.parametrize("text", EMERGENCIES_IN_SPANISH)
def test_danger_to_life_is_heard_in_spanish_and_answered_in_it(text: str) -> None:
    assert read(text) == Meaning(Word.OTHER, True, True, "es", is_emergency=True)


@pytest.mark.parametrize("text", NO_EMERGENCIES)
def test_what_is_no_danger_now_is_not_taken_for_it(text: str) -> None:
    assert not read(text).is_emergency


#: Whoever asks for help, or cannot go on.
CRIES = [
    "i need help",
    "I really need help",
    "need help",
    "please i need help",
    "my son needs help",
    "I need help with drinking",
    "don't leave me alone",
    "I don't want to be alone, please text me",
    "I don't want to wake up",
    "I can't take it anymore",
    "I want to end it",
    "pls help me im scared",
    "I could use some help",
    "make the pain stop",
    "I lost my son to an overdose",
]
CRIES_IN_SPANISH = [
    "necesito ayuda",
    "nesecito ayuda",
    "NECESITO AYUDA!!",
    "mi hijo necesita ayuda",
    "necesito ayuda para dejar de tomar",
    "no puedo más",
    "ya no aguanto",
    "estoy desesperada",
    "necesito que me ayuden",
    "ayúdame, no puedo",
    "no me dejes sola",
]
NO_CRIES = [
    "Socorro",
    "Socorro, NM",
    "help wanted",
    "can you help me",
    "do you need help",
    "I don't need help",
    "I need help finding a meeting",
    "need help signing in",
    "I need help with my account",
    "no necesito ayuda",
    "necesito ayuda con mi cuenta",
    "necesito ayuda para encontrar una reunión",
    "no puedo más tarde",
    "no puedo ir",
    "HELP",
    "help me please",
    "AYUDA",
    "ayuda por favor",
    "ayúdame",
]


@pytest.mark.parametrize("text", CRIES + CRIES_IN_SPANISH)
def test_cry_for_help_is_a_crisis(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.is_crisis, meaning.is_emergency) == (Word.OTHER, True, False)


@pytest.mark.parametrize("text", NO_CRIES)
def test_help_alone_and_help_with_the_site_are_no_crisis(text: str) -> None:
    assert not read(text).is_crisis


@pytest.mark.parametrize("text", ["HELP", "AYUDA", "ayuda por favor", "ayúdame", "help me please"])
def test_help_alone_stays_the_word_that_carriers_ask_for(text: str) -> None:
    assert read(text).word == Word.HELP


#: "Stop" that means the drug: help is wanted, and no end of messages.
WANTS_OUT = [
    "can't stop",
    "I can't stop",
    "I cant stop!!",
    "I can not stop, please help",
    "can't stop using",
    "cant stop using please send help",
    "I can't stop please send help",
    "I can't stop. My kids left",
    "I can't stop drinking",
    "I want to stop",
    "I want to stop using, can someone text me",
    "I want to stop drinking",
    "I need to stop",
    "trying to stop using",
    "help me stop",
    "help me stop using",
    "want to quit drugs",
    "quit drugs",
    "quit using",
    "Quit drinking",
    "quit heroin",
    "stop drinking",
    "I want to quit",
    "wanna quit",
    "I can't quit",
    "how do I quit drinking",
    "get me off drugs",
    "I want to get clean",
    "somebody stop me",
    "não consigo parar",
    "quero parar de beber",
    "je n'arrive pas à arrêter",
]
WANTS_OUT_IN_SPANISH = [
    "no puedo parar",
    "No puedo parar!!",
    "ya no puedo parar",
    "no puedo para",
    "quiero parar",
    "kiero parar",
    "quiero parar ya",
    "quiero parar por favor",
    "quiero parar de consumir",
    "necesito parar",
    "nesecito parar",
    "nececito parar de tomar",
    "tengo que parar",
    "ayúdame a parar",
    "parar de consumir",
    "pare de beber",
    "no paro",
    "no puedo dejar de consumir",
    "no puedo dejar de comsumir",
    "no puedo dejarlo",
    "quiero dejar las drogas",
    "quiero dejar el alcohol",
    "dejar de tomar",
    "no quiero más drogas",
    "ya no quiero consumir",
    "no quiero tomar más",
]


@pytest.mark.parametrize("text", WANTS_OUT)
def test_wanting_to_stop_using_stops_no_messages(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.has_used, meaning.is_crisis) == (Word.OTHER, True, False)


@pytest.mark.parametrize("text", WANTS_OUT_IN_SPANISH)
def test_wanting_to_stop_using_stops_no_messages_in_spanish(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.has_used, meaning.is_crisis, meaning.language) == (Word.OTHER, True, False, "es")


@pytest.mark.parametrize("text", ["can't stop", "I want to stop", "no puedo parar", "quiero parar", "I want to quit"])
def test_where_messages_may_have_been_meant_a_person_reads_it(text: str) -> None:
    assert read(text).is_for_person


_ENGLISH = st.sampled_from(WANTS_OUT + CRIES + EMERGENCIES)
_SPANISH = st.sampled_from(WANTS_OUT_IN_SPANISH + CRIES_IN_SPANISH + EMERGENCIES_IN_SPANISH)


@given(
    st.one_of(st.lists(_ENGLISH, min_size=2, max_size=3), st.lists(_SPANISH, min_size=2, max_size=3)),
    st.sampled_from([", ", ". ", "! ", "\n", " and ", " y "]),
)
def test_cries_for_help_never_stop_messages_whatever_stands_between(cries: list[str], between: str) -> None:
    assert read(between.join(cries)).word == Word.OTHER


@given(
    st.sampled_from(["STOP", "unsubscribe", "stop texting me", "no more texts", "no me manden mensajes", "opt out"]),
    st.one_of(_ENGLISH, _SPANISH),
    st.booleans(),
)
def test_stop_beside_a_cry_for_help_is_done(stop: str, cry: str, is_first: bool) -> None:
    assert read(f"{stop}. {cry}" if is_first else f"{cry}. {stop}").word == Word.STOP


@pytest.mark.parametrize(
    "text",
    [
        "parar mensajes",
        "paren los mensajes",
        "para ya con los mensajes",
        "quiero parar los mensajes",
        "quiero parar de recibir mensajes",
        "quiero dejar de recibir mensajes",
        "dejar de recibir",
        "ya no quiero mensajes",
        "no quiero sus mensajes",
        "no quiero más mensajes",
        "déjenme en paz",
        "quiero cancelar",
        "no más mensajes por favor",
        "I want to stop these texts",
        "I can't stop these texts",
        "want to stop getting messages",
        "stop using my number",
        "I want to stop please no more texts",
        "I can't stop these. STOP",
        "quit these texts",
        "I want to quit getting texts",
        "please stop texting me",
        "Stop Tina",
        "STOP - Ron",
        "I would like to stop",
        "I want to stop receiving these",
        "stop getting these",
        "take me out of this list",
        "don't call me",
        "Please don't. STOP",
        "You won't stop texting me",
    ],
)
def test_end_of_messages_is_heard_beside_the_same_verbs(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.has_used, meaning.is_crisis) == (Word.STOP, False, False)


@pytest.mark.parametrize(
    "text",
    [
        "I can't stop crying, please text me",
        "thank you for helping me stop",
        "Stop & Shop on Main",
        "West End",
        "Mile End",
        "quit smoking",
        "trying to quit smoking",
        "cravings won't leave me alone",
        "no puedo parar de reír",
        "no me dejen de escribir",
        "I need to stop by at 7",
        "need to stop at the store",
        "I don't want to use, please text me",
        "I can't… stop",
        "I can't, stop",
        "I can't\nstop",
        "I used and I don't want to call my sponsor",
        "my friend overdosed dont call the cops",
        "she won't stop bleeding please send help",
        "he won't stop hitting me please send help",
        "get me out of here he's hitting me",
        "ya no quiero más esta vida",
        "no quiero más vivir",
    ],
)
def test_what_only_sounds_like_an_end_of_messages_ends_none(text: str) -> None:
    assert read(text).word == Word.OTHER


USED = [
    "I used",
    "Used heroin last night",
    "Used last night",
    "used",
    "using",
    "still using",
    "shooting up",
    "back on drugs",
    "back on heroin",
    "my son used heroin",
    "he used again",
    "my wife drank again",
    "she is using",
    "been drinking",
    "I'm tweaking",
    "dope sick",
    "I took a hit",
    "went back out",
    "need a fix",
    "cravings are bad",
    "I used, 19103",
    "I used 19103",
    "used 19103",
    "I used, Philadelphia",
    "i used again",
    "I relapsed",
    "relapsed",
    "I relapsed yesterday",
    "i relasped",
    "i realpsed",
    "I RELAPSED!!!",
    "I slipped",
    "slipped up",
    "I drank",
    "i drank last night",
    "used again",
    "I’ve used",
    "Ive been using again",
    "I just used",
    "i usd",
    "I got high",
    "im so drunk",
    "I picked up a drink",
    "I did some meth",
    "i shot up",
    "fell off the wagon",
    "I lost my clean time",
    "I want to use so bad",
    "about to use",
    "feel like drinking",
    "I had a few drinks",
    "my son relapsed",
    "help i relapsed",
    "i used and i feel awful",
    "I used, meeting near Albany",
    "I haven't used in 3 days until i used today",
    "relapse",
    "a relapse",
    "I relapsed, is there a relapse prevention meeting",
    "relapse prevention did not help, i used",
]
USED_IN_SPANISH = [
    "me puse a consumir",
    "me puse a beber",
    "mi hijo se drogó",
    "mi hijo usó heroína",
    "estoy consumiendo",
    "ando bien drogado",
    "estoy pedo",
    "estoy borracho",
    "me metí cristal",
    "volví al vicio",
    "volvi a las drogas",
    "ansias de consumir",
    "recaí, Philadelphia",
    "tomé, 19103",
    "recaí",
    "recai",
    "Recaí anoche",
    "tuve una recaída",
    "he recaido",
    "consumí",
    "comsumi ayer",
    "volví a usar",
    "bolvi a consumir",
    "volvi a tomar",
    "tomé",
    "tome anoche",
    "tomé otra vez",
    "usé",
    "usé otra vez",
    "bebi anoche",
    "me drogué",
    "me emborrache",
    "quiero consumir",
    "tome unas cervezas",
    "caí otra vez",
    "mi hijo recayó",
    "ayuda, recaí",
    "recaída",
    "recaí, busco un grupo de prevención de recaídas",
    "la prevención de recaídas no sirvió, consumí",
]
NOT_USED = [
    "used car",
    "using the finder",
    "my friend used your site",
    "someone used my spot",
    "been drinking water",
    "I'm drinking coffee",
    "craving pizza",
    "shooting hoops",
    "back on Monday",
    "estoy usando la app",
    "estoy tomando clases",
    "me metí en problemas",
    "me inyecté la vacuna",
    "llevo 3 días sin consumir",
    "dejé de consumir hace un año",
    "I quit drinking 5 years ago",
    "I stopped using",
    "need a drink of water",
    "I used to go to this meeting",
    "used the link",
    "i used your site",
    "Can this code be used again",
    "I used to use",
    "I used to drink",
    "I haven't used in 3 days",
    "i have not relapsed",
    "didn't drink today",
    "never used",
    "i slipped on the ice",
    "it slipped my mind",
    "I drank coffee",
    "i picked up my kids",
    "can i use the parking lot",
    "need to use the bathroom",
    "I'm using a wheelchair",
    "I am using this number",
    "High Falls NY",
    "Crystal City",
    "got high hopes",
    "I want to use the finder",
    "i want to drink water",
    "i had two kids",
    "tomé el autobús",
    "tome nota",
    "volví a usar el enlace",
    "volvi a tomar clases",
    "no he consumido",
    "no recaí",
    "uso esta app",
    "recado",
    "Recreo",
    "voy a usar el enlace",
    "relapse prevention",
    "relapse prevention meeting",
    "Relapse-prevention group near 12207",
    "meeting on preventing relapse",
    "prevention of relapse",
    "prevención de recaídas",
    "grupo de prevención de recaídas",
    "prevencion de recaida",
    "reunión para prevenir recaídas en Albany",
    "Albany",
    "12207",
    "x",
    "HELP",
    "more",
]


@pytest.mark.parametrize("text", USED)
def test_having_used_is_heard_and_is_nobody_elses_to_read(text: str) -> None:
    meaning = read(text)
    assert (meaning.word, meaning.has_used, meaning.is_crisis, meaning.is_for_person) == (
        Word.OTHER,
        True,
        False,
        False,
    )
    assert meaning.language in ("en", "")


@pytest.mark.parametrize("text", USED_IN_SPANISH)
def test_having_used_is_heard_in_spanish_with_and_without_accents(text: str) -> None:
    assert read(text) == Meaning(Word.OTHER, language="es", has_used=True)


@pytest.mark.parametrize("text", NOT_USED)
def test_other_uses_of_the_words_are_not_taken_for_it(text: str) -> None:
    assert not read(text).has_used


@pytest.mark.parametrize("text", ["STOP, I relapsed", "I relapsed. stop texting me", "alto, recaí"])
def test_stop_beside_it_is_done(text: str) -> None:
    assert (read(text).word, read(text).has_used) == (Word.STOP, True)


@pytest.mark.parametrize(
    "text",
    ["I use heroin", "we use meth", "I want to use heroin", "about to use drugs", "going to use meth tonight"],
)
def test_use_in_english_is_not_taken_for_the_same_letters_in_spanish(text: str) -> None:
    """Without its accent, "usé" is "use": what keeps somebody alive must not be said to them in another language."""
    assert (read(text).has_used, read(text).language == "es") == (True, False)


def test_x_beside_it_gives_no_place_back() -> None:
    assert read("X I relapsed").word == Word.OTHER


def test_what_is_a_crisis_as_well_is_a_crisis() -> None:
    meaning = read("I used and I want to die")
    assert (meaning.is_crisis, meaning.is_for_person, meaning.has_used) == (True, True, False)


@pytest.mark.parametrize(
    "text", ["I don't live in Albany", "I live here", "dying to see you all", "kill the lights", "9880"]
)
def test_everyday_words_are_no_crisis(text: str) -> None:
    assert not read(text).is_crisis


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("STOP", "en"),
        ("AYUDA", "es"),
        ("No más mensajes", "es"),
        ("12207", ""),
        ("x", ""),
        ("Albany", ""),
        ("MÁS", "es"),
        ("no me manden nada", "es"),
        ("quiero morir", "es"),
        ("I want to die", "en"),
    ],
)
def test_language_is_told_by_the_words(text: str, language: str) -> None:
    assert read(text).language == language


@given(st.text())
def test_anything_can_be_read(text: str) -> None:
    meaning = read(text)
    assert meaning.is_for_person or not meaning.is_crisis


@given(
    st.sampled_from(["stop", "unsubscribe", "cancel", "quit", "opt out"]),
    st.lists(st.sampled_from(" .,!?*-_~\"'()"), max_size=8),
    st.data(),
)
def test_punctuation_and_case_never_hide_a_stop(word: str, marks: list[str], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(marks)))
    shouted = "".join(data.draw(st.sampled_from([sign.lower(), sign.upper()])) for sign in word)
    assert read("".join(marks[:cut]) + shouted + "".join(marks[cut:])).word == Word.STOP
