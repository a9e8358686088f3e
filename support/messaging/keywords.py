"""What somebody means who writes back to us by text message. Pure.

STOP has to be understood however it is said (47 CFR 64.1200(a)(10): any reasonable means). Where it is said for sure,
or probably, nothing more is sent; whatever is not certain is marked for a person to read. A word that has another sense
where it stands ("I can't stop smiling") stops nothing, and is marked as well.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _patterns(lines: str) -> tuple[re.Pattern[str], ...]:
    """Return one pattern for each line, for folded text."""
    return tuple(
        re.compile(line.strip().replace("MESSAGES", _MESSAGES).replace("STOPPING", _STOPPING).replace("NOT", _NOT))
        for line in lines.strip().splitlines()
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

    `is_crisis`: it speaks of dying or of an overdose. `has_used`: of having used or drunk again, or being about to;
    where it is both, it is a crisis. `language`: "es" where the words are Spanish, else "en", or ""
    where they could be any. `code`: the six digits behind START that confirm it, or "".
    """

    word: Word
    is_for_person: bool = False
    is_crisis: bool = False
    language: str = ""
    code: str = ""
    has_used: bool = False


def read(text: str) -> Meaning:
    """Return what a text means, as far as can be told."""
    folded = _folded(text)
    if confirmed := _CONFIRMED.fullmatch(folded):
        return Meaning(Word.START, code=confirmed[1])
    calm, is_crisis = _without(folded, _CRISIS)
    calm, used_in = _without_using(calm)
    language = "es" if used_in == "es" else _language(_tokens(folded))
    word, is_sure = _asked(text, calm, _tokens(calm))
    if used_in and not is_crisis:
        # "Stop, I relapsed" is both; "X" beside it is no answer to a date.
        return Meaning(word if word == Word.STOP else Word.OTHER, not is_sure, False, language, has_used=True)
    if is_crisis:
        # "I want to end my life" is no wish to end messages. What is left once that is taken out may be one.
        return Meaning(word if word == Word.STOP else Word.OTHER, True, True, language)
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

#: What MESSAGES and STOPPING stand for in the sentences below.
_MESSAGES: Final = "|".join(
    _words(
        r"""
        texts? txts? texting txting messages? messaging msgs? sms sending send contact contacting reminders? reminding
        remind notif\w* alerts? subscription updates? emails? emailing mensajes? mensajitos? recordatorios? avisos?
        nachrichten mensagens? messaggi\w* berichten avis envoyer writing calling bothering harass\w* spam\w* bugging
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

#: Sentences that can mean nothing else.
_STOP_SENTENCES: Final = _patterns(
    r"""
    \b(?:STOPPING|turn off)\b(?: \w+){0,5} (?:MESSAGES)\b
    \b(?:NOT) (?:\w+ ){0,4}(?:want|need|wish|like|interested)\b(?: \w+){0,4} (?:MESSAGES)\b
    \b(?:NOT) (?:\w+ ){0,4}(?:ask for|sign up for|signed up for)\b(?: \w+){0,4} (?:MESSAGES)\b
    \b(?:dont|do not|never|not to)(?: \w+){0,2} (?:text|txt|message|msg|contact|write|send|call|bother|remind|email)\b
    \bno (?:more )?(?:texts?|messages?|msgs?|sms|reminders?|notifications?)\b(?! (?:came|come|yet|arrived|today|from))
    \b(?:take|get) (?:me|my number|my phone|this number|us) (?:off|out)\b
    \b(?:remove|delete|erase|drop|lose|forget) (?:me|this (?:phone )?number)\b
    \b(?:remove|delete|erase|drop|lose|forget) my (?:phone )?(?:number|info|information|details)\b
    \bleave (?:me|us) alone\b
    \b(?:never|didnt|did not) (?:sign|signed|subscribe|subscribed|ask|asked) (?:up )?(?:for|to) (?:this|these|any)\b
    \bopt(?:ing|ed|s)? (?:me |us )?out\b
    \b(?:un ?subscribe|unsub)\b(?: \w+){0,3} (?:me|us|from|my|number|please|now)\b
    \b(?:i|please|to|me) (?:un ?subscribe|unsub)\b
    \brevok(?:e|ing) (?:my )?(?:consent|permission)\b
    \bwithdraw (?:my )?(?:consent|permission)\b
    \bwrong (?:number|person|phone)\b
    \bno (?:mas )?(?:mensajes|recordatorios|avisos)\b
    \bno (?:me )?(?:mande|envie|escriba|moleste|contacte|llame)[ns]?\b
    \bno (?:quiero|deseo) (?:mas|recibir)\b
    \bdej(?:a|e|en|ar) de (?:mandar|enviar|escribir|molestar|contactar|textear|llamar)\w*
    \b(?:quit[ae]|borr[ae]|elimin[ae]|sac[ae]|saqu[ae])n?me\b
    \b(?:dar|den|de|da|dame|deme|denme|darme|darse)(?:me)? de baja\b
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
    """
)


def _stop(text: str, calm: str, tokens: list[str]) -> tuple[Word, bool] | None:
    """Return STOP and whether that is sure; OTHER for a person, where the word has another sense here; or None."""
    if not tokens:
        return (Word.STOP, False) if set(text) & set("🛑🚫✋⛔") else None
    bare = [token for token in tokens if token not in _FILLERS and not token.isdigit()]
    joined = "".join(bare)
    alone = _stop_alone()
    if joined in alone or _squeezed(joined) in alone:
        return Word.STOP, True
    if bare and all(token in alone or _squeezed(token) in alone for token in bare):
        return Word.STOP, True
    if _PLEASE_GO_ON.search(calm):
        return Word.OTHER, False
    if any(pattern.search(calm) for pattern in _STOP_SENTENCES):
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
    Word.HELP: frozenset({"help", "info", "ayuda", "aide", "hilfe", "ajuda", "aiuto", "informacion", "помощь"}),
}

#: Dying, killing oneself, hurting oneself, an overdose. Whoever writes one of these is told where somebody answers.
_CRISIS: Final = _patterns(
    r"""
    \bsuicid\w*
    \bkill(?:ing)? (?:my ?self|me)\b
    \bkilled (?:him|her|them) ?sel(?:f|ves)\b
    \bkms\b
    \bunaliv\w*
    \bfeel like dying\b
    \bcant do this any ?more\b
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
    \boverdos\w*
    \bod(?:ed|ing)\b
    \btook too (?:many|much)\b
    \bmatarme\b
    \bme (?:voy a|quiero) (?:matar|morir)\b
    \bquitarme la vida\b
    \bacabar con (?:mi vida|todo)\b
    \b(?:quiero|deseo) (?:morir\w*|estar muert\w)\b
    \bno quiero (?:seguir )?(?:vivir|viviendo)\b
    \bhacerme dano\b
    \bcortarme\b
    \bsobredosis\b
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

#: What stands in the sentences below, in English and in Spanish.
_DRUGS: Final = "|".join(
    _words(
        r"""
        drugs? dope heroin h fent\w* meth ice tina coke cocaine crack pills? percs? oxy\w* xan\w* benzos? opioids?
        opiates? alcohol weed booze liquor vodka whisk\w* beers? wine
        drogas? heroina coca cocaina piedra cristal fentanilo pastillas? mota marihuana cervezas? chelas? tequila ron
        vino tragos? copas?
        """
    )
)
_WHEN: Final = (
    r"again|today|tonight|yesterday|last|this (?:morning|afternoon|evening|week|weekend|time)|and|after|now|alone|once"
    r"|but|so|because|cuz|cause|bad|badly|really bad|too much|a lot|otra vez|de nuevo|nuevamente|anoche|antier|ayer|hoy"
    r"|esta (?:manana|tarde|noche|semana|vez)|este fin|el (?:lunes|martes|miercoles|jueves|viernes|sabado|domingo|fin)"
    r"|despues|pero|mucho|demasiado|i|im|please|help|call|need|where|can|near|meetings?"
)
_JUST: Final = r"(?:(?:just|have|had|ve|really|actually|already|fucking?|only|also|even|then|so|totally) )*"


def _sentences_of_using(lines: str) -> tuple[re.Pattern[str], ...]:
    """Return one pattern for each line: END is where nothing follows that gives the verb another object."""
    said = lines.replace("END", rf"(?= (?:{_WHEN}|{_DRUGS})\b|$)").replace("DRUGS", f"(?:{_DRUGS})")
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
    (?:\b(?:i|ive|we) JUST )?\b(?:rel+aps\w*|relap\w*|rel+asp\w*|relsp\w*|relpas\w*|realps\w*|relaos\w*)
    \bi(?:ve)? JUST (?:used+|usd|uesd|useed)END
    \b(?:i|we) JUST (?:still )?use DRUGS\b
    (?<!be )(?<!get )(?<!it )\bused again\b
    \b(?:im|i am|am|ive been|i have been|been|started|back|hes|shes) (?:back )?usingEND
    \busing again\b
    \b(?:i|ive|he|she) JUST slip+e?d(?: up)?END
    \bi(?:ve)? JUST (?:drank|drnk|dranked|drunk)\b(?!.* (?:coffee|tea|water|juice|soda|milk|lemonade)\b)
    \bdrinking again\b
    \b(?:im|i am|got|getting) (?:so |really |very )?(?:drunk|high|loaded|wasted)\b(?! (?:hopes|school|scores?|up)\b)
    \bi(?:ve)? JUST had (?:an?|one|two|some|a few|too many|a couple(?: of)?) (?:DRUGS|drinks?|shots?)\b
    \bi(?:ve)? JUST (?:did|took|smoked|shot|snorted|popped|bought|copped) (?:some |a few |a lot of |a |more )?DRUGS\b
    \bi(?:ve)? JUST (?:shot|picked) upEND
    \bpicked up a (?:drink|bottle|bag|beer)\b
    \bfell off the wagon\b
    \b(?:lost|broke|threw away) my (?:clean time|clean date|sobriety)\b
    \b(?:want|wanna|about|going|gonna|need|tempted|feel like) (?:to )?(?:use|using|get(?:ting)? high|drink|drinking)END
    ^JUST (?:used|slipped|slipped up|drank|drunk)$
    """
)
_USED_IN_SPANISH: Final = _sentences_of_using(
    r"""
    \br+eca(?:i|hi|y|e)\w*
    \bco[nm]sum[iy](?:mos|o)?\b
    \b(?:e|he|ha|habia) (?:co[nm]sumido|bebido|vuelto a (?:usar|consumir|tomar|beber))\b
    \bestoy (?:co[nm]sumiendo|usando otra vez|tomando otra vez|bebiendo otra vez)\b
    \b[vb]ol[vb](?:i|io|y) a (?:consumir|drogarme|beber|inyectarme|emborracharme|pistear|las andadas)\b
    \b[vb]ol[vb](?:i|io|y) a (?:usar|tomar|fumar|caer)END
    ^(?:yo )?(?:ya )?(?:tome|bebi|use)$
    \b(?:tome|bebi|use) (?:unas? |unos? |algunas? )?DRUGS\b
    \b(?:tome|bebi|use) (?:otra vez|de nuevo|nuevamente|anoche|antier|ayer|hoy|mucho|demasiado)$
    \b(?:me|nos) (?:drogue|emborrache|inyecte|drogamos|emborrachamos)\b
    \bfume (?:otra vez|de nuevo|DRUGS|crack)\b
    \b(?:tuve|fue) un (?:\w+ )?desliz\b
    ^me resbale$
    (?<!me )\bcai (?:otra vez|de nuevo|nuevamente)\b
    \b(?:ganas de|a punto de|voy a|quiero|necesito) (?:consumir|drogarme|usar|beber|tomar)END
    """
)

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


def _without_using(folded: str) -> tuple[str, str]:
    """Return what is left of a text without what it says of using, and the language that says it; "" for none."""
    doing, _is_denied = _without(folded, _NOT_USED)
    for language, patterns in (("en", _USED_IN_ENGLISH), ("es", _USED_IN_SPANISH)):
        rest, is_found = _without(doing, patterns)
        if is_found:
            return rest, language
    return folded, ""
