"""What somebody means who writes back to us by text message. Pure.

STOP has to be understood however it is said (47 CFR 64.1200(a)(10): any reasonable means). Where it is said for sure,
or probably, nothing more is sent; whatever is not certain is marked for a person to read. A word that has another sense
where it stands ("I can't stop smiling") stops nothing, and is marked as well. "I can't stop", "quiero parar": whoever
writes that means the drug, and is answered as somebody who has used.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Final

_CONTINUED: Final = re.compile(r"\\\n *")

#: Patterns by the language that they are in.
_Said = Mapping[str, tuple[re.Pattern[str], ...]]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _patterns(lines: str) -> tuple[re.Pattern[str], ...]:
    """Return one pattern for each line, for folded text; a line that ends in a backslash goes on in the next."""
    return tuple(
        re.compile(
            line.strip()
            .replace("MESSAGES", _MESSAGES)
            .replace("STOPPING", _STOPPING)
            .replace("NOT", _NOT)
            .replace("WHO", f"(?:{_WHO})")
            .replace("DRUGS", f"(?:{_DRUGS})")
        )
        for line in _CONTINUED.sub("", lines).strip().splitlines()
    )


class Word(enum.StrEnum):
    """What a text asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    COMES = "comes"
    CANNOT_COME = "cannot_come"
    OTHER = "other"


@dataclass(frozen=True)
class Meaning:
    """`is_for_person`: somebody should read it, since we may have got it wrong or it is more than a machine's business.

    `is_crisis`: it speaks of dying, of an overdose or of needing help. `is_emergency`: somebody may be dying now.
    `has_used`: of having used or drunk again, being about to, or wanting to stop; where it is a crisis too, it is that.
    `language`: "es" where the words are Spanish, else "en", or "" where they could be any. `code`: the six digits
    behind START that confirm it, or "". `rest`: what is left, folded, once what it says of using is taken out.
    """

    word: Word
    is_for_person: bool = False
    is_crisis: bool = False
    language: str = ""
    code: str = ""
    has_used: bool = False
    is_emergency: bool = False
    rest: str = field(default="", compare=False)


def read(text: str) -> Meaning:
    """Return what a text means, as far as can be told."""
    folded = _folded(text)
    if confirmed := _CONFIRMED.fullmatch(folded):
        return Meaning(Word.START, code=confirmed[1])
    calm, is_crisis, dying_in = _without_crisis(folded)
    calm, used_in = _without_using(calm, text)
    calm, torn_in = _without_wanting_out(calm, text)
    language = "es" if "es" in (dying_in, used_in, torn_in) else _language(_tokens(folded))
    is_torn = bool(torn_in or _CANT_STOP.search(calm))
    if is_crisis or used_in or torn_in:
        calm = " ".join(_CANT_STOP.sub(" ", calm).split())
        if set(_tokens(calm)) - _FILLERS == {"para"}:
            # What is left of "necesito ayuda para dejar de tomar" is "for", and no "stop!".
            calm = ""
    word, is_sure = _asked(text, calm, _tokens(calm))
    # "Stop, I relapsed" is both; "X" beside it is no answer to a date.
    beside = word if word == Word.STOP else Word.OTHER
    if is_crisis:
        # "I want to end my life" is no wish to end messages. What is left once that is taken out may be one.
        return Meaning(beside, True, True, language, is_emergency=bool(dying_in))
    if used_in or torn_in:
        # "I want to stop" may after all have meant messages: somebody reads it.
        rest, _is_said = _without(calm, _NO_PLACE)
        return Meaning(beside, not is_sure or is_torn, False, language, has_used=True, rest=rest)
    return Meaning(word, not is_sure, False, language)


def _asked(text: str, calm: str, tokens: list[str]) -> tuple[Word, bool]:
    """Return the word, and whether a machine may leave it at that."""
    stop = _stop(text, calm, tokens)
    if stop is not None:
        return stop
    bare = [token for token in tokens if token not in _FILLERS]
    if tokens == ["x"] or (tokens[:1] == ["x"] and not [each for each in bare if each != "x"] and len(tokens) > 1):
        # Two of them are kisses.
        return (Word.CANNOT_COME, True) if tokens.count("x") == 1 else (Word.OTHER, True)
    if tokens[:1] == ["c"] and not [each for each in bare if each not in ("c", "u", "there", "then", "soon")]:
        return Word.COMES, True
    for word, known in _WORDS.items():
        if bare and all(each in known for each in bare):
            return word, True
    if text.strip() and set(text.strip()) <= {"?", "¿", "？"}:
        return Word.HELP, True
    return Word.OTHER, not any(pattern.search(calm) for pattern in _FOR_A_PERSON)


# -- STOP ------------------------------------------------------------------------------------------------------------

#: Alone, each of these stops messages: what carriers take, what people write, and the same in other languages.
_STOP_WORDS: Final = """
    stop stopall stopp stpo sotp tsop stp stope stpp sstop stap stopit stoptext stoptexts stoptexting
    quit quitt end endall revoke optout optedout optingout cancel cancle cancell cansel cancelall unsubscribe unsub
    discontinue cease desist unsubscribed unsuscribe unsubcribe unsusbcribe unsubscibe unsubscrbe unsubsribe unsbscribe
    desubscribe remove
    removeme
    alto para parar pare parad basta baja debaja cancelar cancela cancele cancelen detener detente detenga detengan
    terminar termina fin finalizar desuscribir desuscribirme desuscribirse suprimir salir eliminar borrar borrame
    arret arreter arretez arrete stopper resilier desabonner desabonnement desabonnez annuler desinscrire
    desinscription suffit
    halt aufhoren abmelden abmeldung abbestellen abbrechen kundigen ende schluss austragen stopsms
    sair remover descadastrar descadastre cancelamento cancelarinscricao parem chega
    ferma fermare fermati annulla annullare disiscrivi disiscrivimi disdire cancellami cancella
    stoppen afmelden uitschrijven opzeggen einde ophouden
    koniec wypisz zatrzymaj zatrzymac rezygnuje anuluj przestan
    стоп отписаться отписать отпишите отпиши отмена отменить хватит прекратите отказ
    dung huy ngung dunglai huybo
    sispann rete kansele
    tigil itigil hinto tumigil
    توقف قف ايقاف الغاء الغ كفى لغو
    रोकें रोको बंद रुको
    停止 退订 退訂 取消 取消订阅 取消訂閱 停 拒收 解除 中止 配信停止 ストップ やめて 중지 그만 취소 수신거부 정지
"""
#: These mean it wherever they stand, as long as nothing around them says otherwise.
_STRONG: Final = frozenset(
    _words("""
    stop stopp stopall unsubscribe unsub unsuscribe unsubcribe unsubscribed optout revoke desuscribir desuscribirme
    desabonner abmelden abbestellen descadastrar uitschrijven afmelden отписаться стоп
    """)
)
#: These say many other things inside a sentence.
_WEAK: Final = frozenset(
    _words("""
    quit end cancel remove parar pare basta cancelar cancela detener detenga terminar
    arreter arretez annuler halt kundigen sair хватит отмена
    """)
)
_WITHOUT_SPACES: Final = ("退订", "退訂", "停止", "拒收", "수신거부", "配信停止", "やめて", "取消订阅", "取消訂閱")

#: Words that ask for nothing by themselves.
_FILLERS: Final = frozenset(
    _words("""
    please pls plz plse pleas thanks thank thx ty you u ya yall now ok okay just all it this the that kindly immediately
    forever everything asap right away today tonight hey hi hello sir maam guys already yes no dear and really
    me sorry said so again
    por favor porfa gracias ahora ya hola todo esto si perdon perdona lo siento
    svp merci bitte danke jetzt obrigado obrigada favor grazie prego aub dank спасибо пожалуиста
    """)
)

#: What is sent to somebody, and MESSAGES: that, and the sending of it, in the sentences below.
_SENT: Final = "|".join(
    _words(
        r"""
        texts txts? texting messages? messaging msgs? sms reminders? notif\w* alerts? subscription updates? emails?
        emailing mensajes? mensajitos? recordatorios? avisos? nachrichten mensagens? messaggi\w* berichten avis spam\w*
        """
    )
)
_MESSAGES: Final = f"{_SENT}|" + "|".join(
    _words(
        r"""
        text sending send contact contacting reminding remind envoyer writing calling bothering harass\w* bugging
        pinging annoying communicat\w* consent
        """
    )
)
_STOPPING: Final = "|".join(
    _words(
        r"""
        stop stopp stopping quit quitting cease discontinue end ending cancel revoke halt terminate unsubscribe remove
        withdraw parar? paren? deten\w* cancel\w* termin\w* arrete\w* stoppe\w* parem basta
        """
    )
)
_NOT: Final = "dont|do not|didnt|did not|cant|cannot|no longer|never|not"
#: What DRUGS and WHO stand for there, in English and in Spanish.
_DRUGS: Final = "|".join(
    _words(
        r"""
        drugs? dope heroin h fent\w* meth ice tina coke cocaine crack pills? percs? oxy\w* xan\w* benzos? opioids?
        opiates? alcohol weed booze liquor vodka whisk\w* beers? wine
        drogas? heroina coca cocaina piedra cristal fentanilo pastillas? mota marihuana cervezas? chelas? tequila ron
        vino tragos? copas? speed speedballs?
        """
    )
)
_WHO: Final = "|".join(
    _words(
        r"""
        i ive we weve he hes she shes they theyve son daughter kid child brother sister husband wife mom mother dad
        father friend partner boyfriend girlfriend cousin nephew niece sponsee roommate
        """
    )
)

#: Sentences that can mean nothing else.
_STOP_SENTENCES: Final = _patterns(
    r"""
    \b(?:STOPPING|turn off)\b(?: \w+){0,5} (?:MESSAGES)\b
    \b(?:NOT) (?:\w+ ){0,4}(?:want|need|wish|like|interested)\b(?: \w+){0,4} (?:MESSAGES)\b
    \b(?:NOT) (?:\w+ ){0,4}(?:ask for|sign up for|signed up for)\b(?: \w+){0,4} (?:MESSAGES)\b
    \b(?:dont|do not|never|not to)(?: \w+){0,2} (?:text|txt|message|msg|contact|write|send\
        |call(?= (?:me|us|this|again|any ?more)\b|$)|bother|remind|email)\b
    \bno (?:more )?(?:texts?|messages?|msgs?|sms|reminders?|notifications?)\b(?! (?:came|come|yet|arrived|today|from))
    \b(?:take|get) (?:me|my number|my phone|this number|us) (?:off|out)\b(?! of (?:here|my|this (?:house|place|life\
        |mess|hell))\b)
    \bstop (?:receiving|getting) (?:these|this|them|those|your|any(?:thing| ?more)?)\b(?! (?:high|drunk)\b)
    \b(?:remove|delete|erase|drop|lose|forget) (?:me|this (?:phone )?number)\b
    \b(?:remove|delete|erase|drop|lose|forget) my (?:phone )?(?:number|info|information|details)\b
    (?<!dont )(?<!not )(?<!wont )(?<!never )(?<!doesnt )\bleave (?:me|us) alone\b
    \b(?:STOPPING) using (?:my|this) (?:phone |cell )?number\b
    \b(?:never|didnt|did not) (?:sign|signed|subscribe|subscribed|ask|asked) (?:up )?(?:for|to) (?:this|these|any)\b
    \bopt(?:ing|ed|s)? (?:me |us )?out\b
    \b(?:un ?subscribe|unsub)\b(?: \w+){0,3} (?:me|us|from|my|number|please|now)\b
    \b(?:i|please|to|me) (?:un ?subscribe|unsub)\b
    \brevok(?:e|ing) (?:my )?(?:consent|permission)\b
    \bwithdraw (?:my )?(?:consent|permission)\b
    \bwrong (?:number|person|phone)\b
    \bno (?:mas )?(?:mensajes|recordatorios|avisos)\b
    \bno (?:me )?(?:mande|envie|escriba|moleste|contacte|llame)[ns]?\b
    \bno (?:quiero|deseo) (?:mas|recibir)\b(?! (?:vivir|viviendo|esta vida|la vida)\b)
    (?<!no )(?<!no me )(?<!no nos )\bdej(?:a|e|en|ar) de (?:mandar|enviar|escribir|molestar|contactar|textear|llamar)\w*
    \b(?:quit[ae]|borr[ae]|elimin[ae]|sac[ae]|saqu[ae])n?me\b
    \b(?:dar|den|de|da|dame|deme|denme|darme|darse)(?:me)? de baja\b
    \b(?:par[ae]n?|dej[ae]n?|basta|alto)(?: ya)?(?: de| con| los| tus| sus| estos)* mensajes\b
    \bdej[ae]n?me en paz\b
    \bdej(?:ar|en?) de recibir\b
    \bno quiero(?: \w+){0,2} (?:MESSAGES)\b
    \bnumero equivocado\b
    \barret\w* de (?:me )?m?(?:envoyer|ecrire|contacter)\b
    \bne (?:me )?m?(?:envoyez|ecrivez|contactez|envoie|ecris)\w* plus\b
    \bplus de (?:messages?|sms|textos?)\b
    \b(?:desabonnez|desinscrivez) moi\b
    \bmauvais numero\b
    \bkeine (?:\w+ )?(?:nachrichten|sms|erinnerungen) (?:mehr|bitte)\b
    \bhor(?:en|t) (?:\w+ )?auf\b
    \bschreib\w* mir nicht\b
    \bmeld\w* mich ab\b
    \bfalsche nummer\b
    \bnao (?:me )?(?:enviem?|mandem?|quero (?:mais|receber))\b
    \bpar(?:e|em) de (?:me )?(?:enviar|mandar)\b
    \bnumero errado\b
    \bnon (?:voglio|inviate|mandate|scrivete)\w*(?: \w+){0,3} (?:messaggi\w*|sms|piu)\b
    \bgeen (?:berichten|sms) meer\b
    \bне (?:пишите|присылаите|шлите|отправляите)\b
    """
)
#: "Please don't stop the reminders" at the beginning; "why don't you stop" is another matter.
_PLEASE_GO_ON: Final = re.compile(r"^(?:please |pls |ok |no |hi )*(?:dont|do not|never) (?:stop|cancel|end|quit)\b")
#: Where these stand, "stop" has another sense.
_OTHER_SENSES: Final = _patterns(
    r"""
    \b(?:cant|cannot|can not|couldnt|could not|wont|didnt|did not)(?: \w+){0,2} (?:stop|stopp|quit|end|cancel)\b
    \b(?:dont|doesnt|never|havent|hasnt|wouldnt|isnt)(?: \w+){0,2} (?:stop|stopp|quit|end|cancel)\b
    \b(?:bus|train|subway|metro|tram|next|first|last|pit|full|one|final|truck|rest|whistle|non) stops?\b
    \b(?:this|my|our|your|the|a) stops?\b
    \bstop (?:by|at|in|over|off|sign|lights?|watch|on|near|for|here|there|to|and|before|after|along|is|was)\b
    \bstop (?!texting|messaging|sending|contacting|writing|calling|bothering|spamming|reminding|emailing)\w+ing\b
    \bstop (?:drugs|alcohol|smoking|it all|weed|meth|heroin|pills|time|myself|worry|crying)\b
    \bstop (?:my|the|our|his|her) (?!text|message|sms|reminder|subscription|notification|alert)\w+
    \b(?:bus|if|how|when|where|why|what|does|did|should) (?:\w+ ){0,4}stop\b
    \b(?:trying|tried|try|wants?|wanted|wanna|need|needed)(?: \w+)? (?:to )?stop\b(?! (?:all|now|please))
    \b(?:have|going|gonna)(?: \w+)? (?:to )?stop\b(?! (?:all|now|please))
    \b(?:help|helped|able|ready|decided|hard|learn|learning|time)(?: \w+)? (?:to )?stop\b(?! (?:all|now))
    \b(?:trying|tried|try|wants?|wanted|wanna|needs?|ready|how|cant)(?: to)? (?:quit|end)\b(?! (?:all|now|please))
    \bhelping (?:me|us|him|her)(?: to)? stop\b
    \bstop (?:n )?shop\b
    \b(?:east|west|north|south|mile|dead|back|front) end\b
    \bquit (?:smoking|vaping|cigar\w+|nicotine|sugar|caffeine|coffee|gambling|school|work|trying|my|his|her)\b
    \b(?:no|nunca|sin|pued[oe]|[qk]u?iero|quisiera|ne[scz]e[scz]ito|tengo que|debo|como|cuando\
        |donde)(?: \w+)? par(?:ar|e)\b
    \bno (?:puedo|quiero|logro|se|hay que)(?: \w+)? (?:detener\w*|terminar|cancelar)\b
    \b(?:quero|preciso|consigo|posso)(?: \w+)? parar\b
    \b(?:pas|plus|peux|veux|dois|voudrais)(?: \w+)? arreter\b
    """
)
#: Where a sentence ends so, the next is the rest of it.
_UNFINISHED: Final = frozenset({"cant", "cannot", "couldnt", "to", "wanna", "puedo"})
#: "I can't stop crying, please text me", "help me stop": no messages are to stop unless they are named soon after.
_CANT_STOP: Final = re.compile(
    r"\b(?:(?:cant|cannot|can not|couldnt|could not|wont|will not|(?:want|need|trying) to|wanna|help me) (?:stop|quit)"
    r"|(?:no puedo|no|[qk]u?iero|ne[scz]e[scz]ito|que|a) (?:parar?|paro))\b"
    rf"(?! (?:\w+ ){{0,3}}(?:{_SENT}|sending|contacting|writing|calling|bothering|bugging|annoying)\b)"
    r"(?! (?:receiving|getting) (?:these|them|those|your|any)\w*\b)"
)


def _stop(text: str, calm: str, tokens: list[str]) -> tuple[Word, bool] | None:
    """Return STOP and whether that is sure; OTHER for a person, where the word has another sense here; or None."""
    parts = [_tokens(_folded(part)) for part in _sentences(text)]
    is_plain = any(_is_plain(part) and not _goes_on(before) for before, part in pairwise([[], *parts]))
    if not tokens:
        is_plain = is_plain or bool(set(text) & set("🛑🚫✋⛔"))
        return (Word.STOP, False) if is_plain else None
    bare = [token for token in tokens if token not in _FILLERS and not token.isdigit()]
    joined = "".join(bare)
    alone = _stop_alone()
    if joined in alone or _squeezed(joined) in alone:
        return Word.STOP, True
    if bare and all(token in alone or _squeezed(token) in alone for token in bare):
        return Word.STOP, True
    if is_plain:
        return Word.STOP, False
    if _PLEASE_GO_ON.search(calm):
        return Word.OTHER, False
    if any(pattern.search(_CANT_STOP.sub(" ", calm)) for pattern in _STOP_SENTENCES):
        return Word.STOP, True
    if any(sign in calm for sign in _WITHOUT_SPACES):
        return Word.STOP, False
    squeezed = {_squeezed(token) for token in tokens} | set(tokens)
    is_elsewhere = any(pattern.search(calm) for pattern in _OTHER_SENSES)
    if squeezed & _STRONG:
        return (Word.OTHER, False) if is_elsewhere else (Word.STOP, False)
    if squeezed & _WEAK:
        # "I quit": three words leave little room for anything else.
        is_short = len(tokens) <= 3 and not is_elsewhere and not set(tokens) & _ABOUT_A_PLACE
        return (Word.STOP, False) if is_short else (Word.OTHER, False)
    return None


def _goes_on(tokens: list[str]) -> bool:
    """Return whether a sentence is none yet: "I can't… stop"."""
    return bool(tokens) and tokens[-1] in _UNFINISHED


def _is_plain(tokens: list[str]) -> bool:
    """Return whether a sentence is STOP and nothing else: "I can't go on. STOP"."""
    bare = {_squeezed(token) for token in tokens if token not in _FILLERS}
    return bool(bare) and bare <= _STRONG


#: "Cancel my place" is about a date, and neither a wish to hear nothing more nor an X.
_ABOUT_A_PLACE: Final = frozenset(
    _words("""
    place spot seat appointment appt session meeting visit booking reservation signup cita lugar sesion reunion visita
    when what time does
    """)
)

# -- other words -----------------------------------------------------------------------------------------------------

_CONFIRMED: Final = re.compile(r"(?:start|unstop) ([0-9]{6})", re.ASCII)
_WORDS: Final = {
    Word.START: frozenset({"start", "unstop"}),
    Word.HELP: frozenset(
        {"help", "info", "ayuda", "aide", "hilfe", "ajuda", "aiuto", "informacion", "помощь", "ayudame", "ayudenme"}
    ),
}

#: Spoken of, and not happening.
_NO_OVERDOSE: Final = _patterns(
    r"""
    \bover ?dose (?:prevention|awareness|training|education|memorial|support|reversal)\b
    \b(?:prevent(?:ing)?|prevention of|reverse|reversing) (?:an |the )?over ?doses?\b
    \b(?:prevencion|prevenir|contra) (?:de )?(?:la |las |una )?sobre ?dosis\b
    """
)
#: Too late for an ambulance, and no time to be alone.
_MOURNED: Final = _patterns(
    r"""
    \blost (?:\w+ ){1,4}to (?:an? )?(?:fent\w* |heroin |drug )?over ?dos\w+
    \b(?:died|passed away|death|dead) (?:of|from|by) (?:an? )?(?:fent\w* |heroin |drug )?over ?dos\w+
    \bmurio (?:de|por) (?:una )?sobre ?dosis\b
    """
)
#: Somebody may be dying now: an overdose, no breath, nobody to be woken. 911 comes first.
_EMERGENCY_IN_ENGLISH: Final = _patterns(
    r"""
    \bo(?:ver|vr|ve|vre|vere?)? ?do[sz](?:e|ed|es|ing|is|age)\b
    \bover ?do[esz]+d?\b(?! it\b)
    \bo ?d(?:s|ed|ing|d|eed)?\b(?<!odd)
    \b(?:WHO|think|may|might|almost|nearly) (?:just |almost |nearly )*i?odd?\b
    ^iodd?\b
    \btook too (?:many|much)\b(?! (?:time|space|room|on)\b)
    \btook (?:a|the) whole bottle\b
    \btoo (?:much|many) (?:fent\w*|heroin|dope|pills?|oxy\w*|xan\w*|percs?|opioids?|benzos?|meth|coke)\b
    \btook all (?:of )?(?:my|the|his|her|their) (?:pills|meds|medication)\b
    \b(?:not|isnt|aint|wasnt|stopped|stop|stops|quit|barely|hardly|no|no longer) breath(?:ing|in|e)?\b
    \b(?:cant|cannot|doesnt|does not) breathe?\b
    \bbreathing (?:is )?(?:slow|slowly|weird|funny|wrong|bad|shallow)\b
    (?<!\bi )(?<!\bim )(?<!\bi am )\b(?:wont|will not|wouldnt|doesnt|does not|isnt|is not|aint) (?:wake|waking|wakin)\b
    (?<!\bim )(?<!\bi am )\bnot (?:waking|wakin)\b
    \b(?:cant|cannot|can not|couldnt|could not)(?: get)?(?: \w+){0,2} (?:to )?wake (?:up )?(?:him|her|them|my|the\
        |this)\b
    \b(?:cant|cannot|can not|couldnt|could not) get (?:him|her|them|my \w+) (?:to wake|up|awake)\b
    \b(?:unresponsive|uncons?c[io]+us)\b
    \b(?:he|she|hes|shes|they|friend|son|daughter) (?:is |just |has )*passed out(?: (?:and|cold|from)\b|$)
    \b(?:turn(?:ed|ing|s)?|going|gone|went|lips (?:are |is |r )?|hes|shes|he is|she is) ?(?:all )?blue\b
    \bblue lips\b
    \b(?:no|without a|has no|have no) pulse\b
    \bheart (?:attack|stopped)\b
    \b(?:having|had|has) (?:a )?seizures?\b
    \b(?:wont|will not|cant|cannot) stop bleeding\b
    \bbleeding (?:out|a lot|bad|badly|to death|everywhere)\b
    \b(?:choking|convuls\w+)\b
    \b(?:im|i am|hes|he is|shes|she is|theyre|(?:friend|son|daughter|husband|wife|brother|sister|mom\
        |dad) is) dying\b(?! (?:to|for|of|laughing)\b)
    \bthink (?:he|she|hes|shes|theyre|they)(?: is| are)? dead\b
    ^(?:911|emergency|ambulance)$
    \b(?:call|called|calling|dial|need)(?: an?| the)* (?:911|ambulance)\b
    \b(?:is|its|have) (?:an )?emergency\b(?! (?:contact|exit|room|number))
    """
)
_EMERGENCY_IN_SPANISH: Final = _patterns(
    r"""
    \bsobre ?do[sc]is?\b
    ^(?:emergencia|ambulancia)$
    \b(?:llam\w+|necesit\w+)(?: al| a| una?)* (?:911|ambulancia)\b
    \b(?:es|hay|tengo) (?:una )?emergencia\b
    \b(?:me|se|te) pas(?:e|o|aste) de dosis\b
    \bno (?:\w+ )?respir(?:a|an|ando|ar)\b
    \bno puedo respirar\b
    \bdejo de respirar\b
    \b(?:apenas|casi no) respira\b
    \bno (?:se )?despierta\b
    \bno (?:se |quiere |puede |logra )+despertar(?:se)?\b
    \bno (?:puedo|logro|podemos|pudimos) despertarl[oa]\b
    \bno (?:lo|la) (?:puedo|logro|podemos|pudimos) despertar\b
    \bno reacciona\b
    \binconsciente\b
    \b(?:esta|se puso|labios|cara) (?:\w+ )?(?:morad[oa]s?|azul(?:es)?)\b
    \b(?:sin|no tiene) pulso\b
    \b(?:esta|estoy) muriendo\w*
    \btom[eo] demasiadas\b
    \btom[eo] (?:todas (?:las|mis|sus) (?:pastillas|medicinas)|(?:un|el|todo el) frasco)\b
    """
)
_EMERGENCY: Final = {"en": _EMERGENCY_IN_ENGLISH, "es": _EMERGENCY_IN_SPANISH}
#: Dying, killing oneself, hurting oneself, no way on alone. Whoever writes one of these is told where somebody answers.
_CRISIS: Final = _patterns(
    r"""
    \bsuicid\w*
    \bkill(?:ing)? (?:my ?self|me)\b
    \bkilled (?:him|her|them) ?sel(?:f|ves)\b
    \bkms\b
    \bunaliv\w*
    \bfeel like dying\b
    \bcant (?:do|take|handle) (?:this|it) any ?more\b
    \bcant (?:take|handle) (?:this|it)$
    \b(?:dont|do not) (?:want to|wanna) (?:be alone|wake up)\b
    \bhope i (?:dont|never|wont) wake up\b
    \b(?:dont|please dont|do not) leave me alone\b
    \b(?:im|i am|feel|feeling) (?:so |really )?(?:hopeless|desperate)\b
    \bmake (?:the|my) (?:pain|voices|head) stop\b
    \b(?:want|wanna|going|gonna|ready|need|about) (?:to )?end it\b
    \bhelp me (?:im|i am|i cant|hes|shes|my (?:son|daughter|friend|brother|sister|husband|wife|mom|dad))\b
    \b(?:i|we) (?:really )?could use (?:some |your )?help\b(?! (?:finding|with|signing|getting)\b)
    (?:^|\b(?:WHO|please|and) )(?:\w+ly |just |do |so |still )*need(?:s|ed|ing)? (?:some |your |real \
        |\w+ly )?help\b(?! (?:finding|to find|getting (?:to|there)|signing|logging|setting|changing|cancel\w+\
        |understanding|moving|using (?:the|this|your)|with (?!(?:my |the |this )?(?:DRUGS|drinking|using|addiction\
        |cravings?|withdrawals?)\b)))
    \b(?:end|ending|take|taking) my (?:own )?life\b
    \bend(?:ing)? it all\b
    \b(?:want|wanna|going|gonna|ready|like|rather|wish i could|trying) (?:to )?(?:die|be dead|not exist|disappear)\b
    \bwish i (?:was|were) dead\b
    \bbetter off (?:dead|without me)\b
    \b(?:NOT) (?:\w+ ){0,2}(?:to )?(?:live|be alive|go on|be here)\b(?! (?:in|on|at|near|there|here|with)\b)
    \bno reason to live\b
    \bnothing to live for\b
    \bnot worth living\b
    \b(?:hurt|hurting|harm|harming|cut|cutting) my ?self\b
    \bself ?harm\w*
    \bmatarme\b
    \bme (?:voy a|quiero) (?:matar|morir)\b
    \bquitarme la vida\b
    \bacabar con (?:mi vida|todo)\b
    \b(?:quiero|deseo) (?:morir\w*|estar muert\w)\b
    \bno quiero (?:seguir |mas |ya )*(?:vivir|viviendo|esta vida|la vida)\b
    \bhacerme dano\b
    \bcortarme\b
    \b(?:ya )?no (?:puedo|aguanto) mas\b(?! (?:tarde|temprano|de|que)\b)
    \bya no aguanto\b
    \b(?:estoy|ando) desesperad[oa]\b
    \bno quiero (?:despertar|estar sol[oa])\b
    \bno me dej\w+ sol[oa]\b
    (?<!no )\bne[scz]e[scz]it\w+ (?:mucha |tu |su |de su )?ayuda\b(?! (?:con|para|en) (?:\w+ )?(?:cuenta|encontrar\
        |buscar|reunion(?:es)?|grupo|contrasena|pagina|sitio|cita|direccion|codigo|correo|entrar|llegar)\b)
    \bauxilio\b
    \bne[scz]e[scz]ito que (?:me|nos) ayud\w+
    \bayudame (?:estoy|no puedo|mi)\b
    \bme (?:tuer|suicider|matar)\b
    \b(?:envie de|veux) mourir\b
    \bselbstmord\w*
    \bumbringen\b
    \bwill sterben\b
    \bquero morrer\b
    \bvoglio morire\b
    \b988\b
    """
)

#: What may follow a verb of using that needs no other object.
_WHEN: Final = (
    r"again|today|tonight|yesterday|last|this (?:morning|afternoon|evening|week|weekend|time)|and|after|now|alone|once"
    r"|but|so|because|cuz|cause|bad|badly|really bad|too much|a lot|otra vez|de nuevo|nuevamente|anoche|antier|ayer|hoy"
    r"|esta (?:manana|tarde|noche|semana|vez)|este fin|el (?:lunes|martes|miercoles|jueves|viernes|sabado|domingo|fin)"
    r"|despues|pero|mucho|demasiado|i|im|please|help|call|need|where|can|near|meetings?|any ?more|[0-9]{5}"
    r"|ya|y|porque|ayuda\w*|por favor"
)
_JUST: Final = r"(?:(?:just|have|had|ve|really|actually|already|fucking?|only|also|even|then|so|totally) )*"


#: Who it was, and when; "ayer" is a town in Massachusetts as well.
_NO_PLACE: Final = _patterns(
    r"""
    ^(?:(?:i|im|ive|yo|and|y|ya) )+
    \b(?:yesterday|today|tonight|ayer|anoche|antier|hoy)\b
    """
)


def _sentences_of_using(lines: str) -> tuple[re.Pattern[str], ...]:
    """Return one pattern for each line: END is where nothing follows that gives the verb another object."""
    # Alone, "stop" means messages as soon as those are spoken of.
    said = lines.replace("BARE", rf"END(?!.* (?:{_SENT})\b)")
    said = said.replace("END", rf"(?= (?:{_WHEN}|{_DRUGS})\b|$)")
    return _patterns(said.replace("JUST ", _JUST))


#: "I haven't used" is good news, and relapse prevention is a kind of meeting.
_NOT_USED: Final = _patterns(
    r"""
    \b(?:havent|hasnt|didnt|never|without|not) (?:even |yet )*(?:rel\w+|used?|drank|drink|slipped|slip)\b
    \bno (?:he |ha |hemos )?(?:r+eca\w+|consum\w+|tome|tomado|bebi|bebido|use|usado|me drogue|me emborrache)\b
    \brel+a(?:ps|sp)e prevent\w+
    \bprevent(?:ing|ion of) (?:a )?rel+aps\w*
    \bprevencion (?:de|contra) (?:las? )?r+ecaidas?\b
    \bprevenir (?:las )?r+ecaidas\b
    """
)
#: Using or drinking after a break. Whoever writes one of these is told what keeps them alive.
_USED_IN_ENGLISH: Final = _sentences_of_using(
    r"""
    (?:\b(?:i|ive|we) JUST )?\b(?:rel+aps\w*|relap\w*|rel+asp\w*|relsp\w*|relpas\w*|realps\w*|relaos\w*|rlaps\w*)
    \bWHO JUST (?:used+|usd|uesd|useed)(?: (?:some|a little|a bit of))?END
    \b(?:i|we) JUST (?:still )?use DRUGS\b
    (?<!be )(?<!get )(?<!it )\bused again\b
    \b(?:im|i am|am|ive been|i have been|been|is|started|back|hes|shes|keep|kept|still) (?:back )?usingEND
    \busing again\b
    \bWHO JUST slip+e?d(?: up)?END
    \bWHO JUST (?:drank|drnk|dranked|drunk)\b(?!.* (?:coffee|tea|water|juice|soda|milk|lemonade)\b)
    \bdrinking again\b
    \b(?:im|i am|ive|hes|shes|he is|she is|been|keep|kept|still) (?:been |back )?drinkingEND
    \b(?:im|i am|hes|shes|he is|she is|got|getting) (?:so |really |very )?(?:drunk|high|loaded|wasted|hammered\
        |tweak\w+)\b(?! (?:hopes|school|scores?|up)\b)
    \bWHO JUST had (?:an?|one|two|some|a few|too many|a couple(?: of)?) (?:DRUGS|drinks?|shots?)\b
    \bWHO JUST (?:did|took|smoked|shot|snorted|popped|bought|copped) (?:some |a few |a lot of |a |more )?DRUGS\b
    \bWHO JUST (?:did|took) a (?:line|bump|hit|shot)END
    \bWHO JUST (?:shot|picked) upEND
    \b(?:^|im |been |is |hes |shes |started |back |still )shoot(?:ing|in) (?:up(?! (?:the|my|in)\b)|DRUGS\b)
    \bback on (?:the (?:drugs|dope|bottle|booze|needle|pills|heroin|meth)|DRUGS)\b
    \bwent back out$
    \bpicked up a (?:drink|bottle|bag|beer)\b
    \bfell off the wagon\b
    \b(?:lost|broke|threw away) my (?:clean time|clean date|sobriety)\b
    \b(?:(?:dont|do not) )?(?:want|wanna|about|going|gonna|need|tempted|feel like) (?:to )?(?:use|using\
        |get(?:ting)? high|drink|drinking)END
    \bneed a (?:drink|fix|hit)\b(?! of)
    \b(?:having |bad |strong )*cravings?\b(?! (?:for )?(?:food|pizza|chocolate|coffee|sugar|sweets)\b)
    \b(?:dope ?sick|(?:in|having|bad|opioid|alcohol|going through) withdrawals?|withdrawals)\b
    ^JUST (?:used+|usd|uesd|useed|slipped|slipped up|drank|drunk)(?: some)?END
    ^(?:\w+ )?(?:using|shooting up)$
    ^(?:got|getting) highEND
    """
)
_USED_IN_SPANISH: Final = _sentences_of_using(
    r"""
    \br+eca(?:i|hi|y|e)\w*
    \bco[nm]sum[iy](?:mos|o)?\b
    \b(?:e|he|ha|habia) (?:co[nm]sumido|bebido|vuelto a (?:usar|consumir|tomar|beber))\b
    \bco[nm]sumiendo\b
    \b(?:estoy|ando|esta|anda|sigo|sigue) (?:usando|tomando|bebiendo|fumando)(?:END| otra vez)
    \b(?:estoy|ando|esta|anda|sigo|sigue) (?:bien |muy |todo |toda )?(?:drogad[oa]|drogandose|drogandome|borrach[oa]\
        |tomad[oa]|malilla|ped[oa])\b
    \b(?:[vb]ol[vb](?:i|io|y)|(?:me|se) pus[eo]|empece|empezo) a (?:co[nm]sumir|drogar[ms]e|beber|inyectar[ms]e\
        |emborrachar[ms]e|pistear|las andadas)\b
    \b(?:[vb]ol[vb](?:i|io|y)|(?:me|se) pus[eo]|empece|empezo) a (?:usar|tomar|fumar|caer)END
    \b[vb]ol[vb](?:i|io|y) a(?: la|l| las)? (?:DRUGS|vicio|bebida)\b
    ^(?:yo )?(?:ya )?(?:tome|bebi|use)$
    \b(?:tom[eo]|bebi|bebio|us[eo]|me meti|se metio) (?:unas? |unos? |algunas? )?(?:DRUGS|un pase|lineas?)\b
    \b(?:tome|bebi|use) (?:otra vez|de nuevo|nuevamente|anoche|antier|ayer|hoy|mucho|demasiado)$
    \b(?:me|nos|se) (?:drog[oue]+|emborrach[eo]|drogamos|emborrachamos)\b
    \b(?:me|nos|se) inyect[eo]\b(?! (?:la|una?) )
    \bfum[eo] (?:otra vez|de nuevo|DRUGS|crack)\b
    \b(?:tuve|fue) un (?:\w+ )?desliz\b
    ^me resbale$
    (?<!me )\bcai (?:otra vez|de nuevo|nuevamente)\b
    \b(?:ganas de|ansias de|a punto de|voy a|[qk]u?iero|ne[scz]e[scz]ito) (?:co[nm]sumir|drogarme|usar|beber|tomar)END
    """
)

#: Wanting to stop, or not being able to: drugs are meant, and no messages.
_OUT_IN_ENGLISH: Final = _sentences_of_using(
    r"""
    \b(?:WANTING )?(?:stop|stopp|stopping|quit|quitting|give up|giving up|get off|getting off|come off|kick\
        |stay off) (?:the |all |my |these |doing |taking |smoking |shooting |on )*THING
    \b(?:cant|cannot|can not|couldnt|could not|unable to)(?: seem to| ever| just| even)? (?:stop|stopp|quit)BARE
    (?<!you )(?<!this )(?<!that )(?<!it )(?<!they )\b(?:want|wanna|wants|needs?|trying|tried|try|have|gotta|got\
        |help (?:me|us|him|her)|ready|struggling)(?: (?:really|so badly\
        |just))?(?: to)? (?:stop|quit)(?! (?:(?:please|now|all|thanks) ?)+$)BARE
    \b(?:want|wanna|need|ready|trying|help me)(?: to)? (?:get|be|stay|become) (?:clean|sober)\b
    \bget (?:me|him|her|us) off (?:of )?DRUGS\b
    \b(?:somebody|someone|anybody|anyone) stop me\b
    """.replace(
        "WANTING",
        "(?:cant|cannot|can not|couldnt|could not|want|wanna|need|trying|help me|how (?:do|can) i|how)(?: to)?",
    ).replace(
        "THING",
        r"(?:using(?! (?:my|this|the|your|our)\b)|drinking(?! (?:coffee|soda|water|tea)\b)|shooting up"
        r"|getting (?:high|drunk|loaded|wasted)|(?!(?:tina|ron)\b)(?:DRUGS)|addiction)\b(?! (?:texts|messages?|msgs?\
        |sms|reminders?|alerts?)\b)(?! (?:\w+ ){1,3}ago\b)",
    )
)
_OUT_IN_SPANISH: Final = _sentences_of_using(
    r"""
    (?:\bMODAL )?\b(?:parar|para|pare|paro|dejar|detener(?:me)?) de (?:co[nm]sumir|drogar[ms]e|usar(?! (?:est[ae]|el\
        |la|su|mi|tu)\b)|tomar|beber|inyectar[ms]e|emborrachar[ms]e|pistear|fumar DRUGS)\b
    (?:\bMODAL )?\b(?:dejar|parar|soltar|salir de|alejarme de) (?:con )?(?:las? |l|el |mis? |est[ea] )?(?:DRUGS\
        |bebida|vicio|adiccion|trago)\b
    \bMODAL (?:parar(?:le|lo|la)?|para|dejarl[oa]s?|detenerme|controlarme)(?: esto| ya)*BARE
    \bno paroBARE
    \bno quiero (?:ya |mas )*DRUGS\b
    \bno quiero (?:ya |mas |seguir |volver a )*(?:co[nm]sum\w+|drogar\w*|usar|usando|tomar|tomando|beber\
        |bebiendo)(?: mas)?END
    \bquiero (?:estar|vivir|mantenerme) (?:limpi[oa]|sobri[oa])\b
    """.replace(
        "MODAL",
        r"(?:(?:ya )?no (?:puedo|podia|pude|podemos|puede|logro|consigo|se como)|(?:ya )?[qk]u?iero|[qk]u?iere|quisiera"
        r"|ne[scz]e[scz]ito|tengo [qk]ue|debo|intento|trato de|ayud\w+(?: a)?|ganas de)(?: ya| poder)?",
    )
)
#: Portuguese and French, whose STOP is the same verb.
_OUT_ELSEWHERE: Final = _sentences_of_using(
    r"""
    \b(?:nao consigo|nao posso|quero|preciso|tenho que) parar(?: de (?:usar|beber|consumir|me drogar))?BARE
    \b(?:\w*arrive pas a|peux pas|peux plus|veux|dois|voudrais) m?arreter(?: de (?:boire|consommer)| la drogue)?BARE
    """
)
_USED: Final = {"en": _USED_IN_ENGLISH, "es": _USED_IN_SPANISH}
_OF_MESSAGES: Final = re.compile(rf"\b(?:{_SENT})\b")
_WANTS_OUT: Final = {"en": _OUT_IN_ENGLISH, "es": _OUT_IN_SPANISH, "any": _OUT_ELSEWHERE}

_FOR_A_PERSON: Final = _patterns(
    r"""
    \b(?:emergency|ambulance|911|abus\w*|violen\w*|threaten\w*|assault\w*|raped?|police|lawyer|attorney)\b
    \b(?:lawsuit|sue|complain\w*|emergencia|policia|abogado|denuncia\w*)\b
    \bnot interested\b
    \bgo away\b
    \bf+u+c+k+ (?:off|you|u)\b
    \bpiss off\b
    \bwho is this\b
    \bs(?:cam|pam)\b
    \bcancel\w*\b
    """
)

_SPANISH: Final = frozenset(
    _words("""
    alto para parar pare basta baja cancelar cancela detener detenga terminar fin salir eliminar borrar ayuda
    informacion gracias por favor hola mas quiero no me mensajes recordatorios reunion reuniones manana hoy lunes martes
    miercoles jueves viernes sabado domingo puedo voy ir cerca donde cuando siguiente siguientes quiteme quitenme
    morir matarme vida sobredosis desuscribir desuscribirme deje dejen deseo envien manden escriban
    respira respirando respirar despierta despertar despertarlo despertarla reacciona inconsciente pulso dosis
    ambulancia emergencia auxilio socorro ayudame ayudenme necesito nececito nesesito nesecito necesita necesitamos
    aguanto estoy hijo hija hermano hermana esposo esposa amigo amiga novio novia muriendo azul morado morada kiero
    """)
)
#: Said in English as well, so they tell nothing by themselves.
_BOTH: Final = frozenset({"no", "me", "fin", "para", "baja", "alto", "sue", "ir"})


def _language(tokens: list[str]) -> str:
    spanish = [token for token in tokens if token in _SPANISH]
    if any(token not in _BOTH for token in spanish) or (
        spanish and len(tokens) == 1 and spanish[0] not in ("no", "me")
    ):
        return "es"
    # Without "start", which we ask for in every language.
    english = {
        "stop",
        "help",
        "please",
        "quit",
        "end",
        "cancel",
        "unsubscribe",
        "the",
        "you",
        "i",
        "my",
        "more",
    }
    return "en" if english & set(tokens) else ""


# -- reading ---------------------------------------------------------------------------------------------------------

_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’‘ʼ`´′"), None)
_LEET: Final = str.maketrans("013457@$", "oieastas")
_WORD: Final = re.compile(r"[^\W_]+")
_STOPS: Final = re.compile(r"[,.;:!?\n…]+")
#: Nobody needs more of them, and each costs time.
_MOST_SENTENCES: Final = 20


def _folded(text: str) -> str:
    """Return the words of a text in small letters without accents or apostrophes, one space between them."""
    wide = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    bare = "".join(sign for sign in unicodedata.normalize("NFD", wide) if unicodedata.category(sign) != "Mn")
    composed = unicodedata.normalize("NFC", bare).replace("đ", "d")
    words = [_unleet(word) for word in _WORD.findall(composed.replace("$", "s").replace("@", "a"))]
    return " ".join(_joined_letters(words))


def _unleet(word: str) -> str:
    return word if word.isdigit() or word.isalpha() else word.translate(_LEET)


def _joined_letters(words: list[str]) -> list[str]:
    """Join "s t o p": a run of three single letters or more is one word."""
    joined: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if len(word) == 1 and word.isalpha():
            run.append(word)
            continue
        joined += ["".join(run)] if len(run) >= 3 else run
        run = []
        joined.append(word)
    return joined[:-1]


def _tokens(folded: str) -> list[str]:
    return folded.split()


@cache
def _stop_alone() -> frozenset[str]:
    """Return the words that stop messages alone, folded as a text is: marks of other scripts fall away there too."""
    return frozenset("".join(_tokens(_folded(word))) for word in _STOP_WORDS.split())


def _squeezed(word: str) -> str:
    """Return a word with each letter that is drawn out written once: "stooopp" is "stop"."""
    return re.sub(r"(.)\1+", r"\1", word)


def _without(folded: str, patterns: tuple[re.Pattern[str], ...]) -> tuple[str, bool]:
    rest, is_found = folded, False
    for pattern in patterns:
        rest, count = pattern.subn(" ", rest)
        is_found = is_found or count > 0
    return " ".join(rest.split()), is_found


def _without_crisis(folded: str) -> tuple[str, bool, str]:
    """Return a text without what it says of dying, whether it says any, and in which language that it is now."""
    rest, _is_spoken_of = _without(folded, _NO_OVERDOSE)
    rest, is_mourning = _without(rest, _MOURNED)
    rest, dying_in = _without_any(rest, _EMERGENCY)
    rest, is_crisis = _without(rest, _CRISIS)
    return (rest, True, dying_in) if is_mourning or dying_in or is_crisis else (folded, False, "")


def _without_using(folded: str, text: str) -> tuple[str, str]:
    """Return what is left of a text without what it says of using, and the language that says it; "" for none."""
    rest, language = _without_any(_without(folded, _NOT_USED)[0], _USED)
    if language:
        return rest, language
    # "I used, Philadelphia" has an object only where its comma is not seen.
    rest, language = _sentence_by_sentence(text, _USED)
    return (rest, language) if language else (folded, "")


def _without_wanting_out(folded: str, text: str) -> tuple[str, str]:
    """Return what is left of a text without what it says of wanting to stop using, and the language that says it."""
    rest, language = _without_any(folded, _WANTS_OUT)
    if language or _OF_MESSAGES.search(folded):
        return rest, language
    rest, language = _sentence_by_sentence(text, _WANTS_OUT)
    return (rest, language) if language else (folded, "")


def _sentence_by_sentence(text: str, said: _Said) -> tuple[str, str]:
    parts = [_without(_without_crisis(_folded(part))[0], _NOT_USED)[0] for part in _sentences(text)]
    found = [_without_any(part, said) for part in parts]
    return " ".join(rest for rest, _in in found if rest), next((language for _rest, language in found if language), "")


def _without_any(folded: str, said: _Said) -> tuple[str, str]:
    """Return what is left of a text without the patterns that it matches, and the first language that does."""
    rest, first = folded, ""
    for language, patterns in said.items():
        rest, is_found = _without(rest, patterns)
        first = first or (language if is_found else "")
    return rest, first


def _sentences(text: str) -> list[str]:
    return _STOPS.split(text, maxsplit=_MOST_SENTENCES)
