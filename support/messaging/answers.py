"""What a mail server's answer means: is it about the mailbox, about the message, about us, or about now?

A code alone does not say. `550` is "no such user" from one server, "relay not permitted" from the next, and "daily
limit exceeded" from a third, so the words and the enhanced status code (RFC 3463, RFC 5248) are looked at as well. Each
kind of answer is one row of `ANSWERS`, with where it was learned; the first row that matches is what the answer means.
Words that speak of us or of now come first, but for three codes that name the mailbox and nothing else: a server that
says "no such user" and refuses us all the same means us.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop as _

from support.messaging.results import Limit, Refused, Transient


class Stage(enum.IntEnum):
    """How far the conversation had come."""

    CONNECT = 0
    MAIL = 1
    RCPT = 2
    DATA = 3
    #: The message's own lines are on their way: without the final dot a server must not deliver them.
    BODY = 4
    #: The final dot was (or may have been) sent: RFC 1047's window.
    END = 5


class About(enum.Enum):
    """What an answer speaks of, which decides what follows from it."""

    #: There is no such mailbox. This message fails, and the address may get no more.
    MAILBOX = enum.auto()
    #: This message, and no other. It fails, and nothing follows.
    MESSAGE = enum.auto()
    #: The site: its address, its network, its right to send. The next message would fare no better.
    US = enum.auto()
    #: This moment. The same message may be taken later.
    NOW = enum.auto()


@dataclass(frozen=True)
class Kind:
    """One kind of answer.

    It matches where all do that are given: the reply's code, its enhanced code and its words (regular expressions,
    from the beginning, the whole, and anywhere), and how far the conversation had come. `reason` says it to people.
    `is_personal`: said to each newcomer, or of one mailbox, so that it speaks of nobody else however often it comes.
    `is_soft`: that mailbox takes nothing for now, and for long where nobody empties it.
    """

    about: About
    reason: str
    source: str
    code: str = ""
    enhanced: str = ""
    words: str = ""
    since: Stage = Stage.CONNECT
    until: Stage = Stage.END
    limit: Limit | None = None
    is_personal: bool = False
    is_soft: bool = False

    def matches(self, answer: Answer) -> bool:
        return (
            self.since <= answer.stage <= self.until
            and bool(re.match(self.code, str(answer.code)))
            and (not self.enhanced or bool(re.fullmatch(self.enhanced, answer.enhanced)))
            and (not self.words or bool(re.search(self.words, answer.words, re.IGNORECASE)))
        )


@dataclass(frozen=True)
class Answer:
    """One refusal, taken apart. `words` are plain ones: no address, host, link or number of ours or theirs is left."""

    stage: Stage
    code: int
    enhanced: str
    words: str

    @property
    def number(self) -> str:
        """Its code and enhanced code: "550 5.1.1"."""
        return f"{self.code} {self.enhanced}".strip()


def _any(*words: str) -> str:
    return "|".join(words)


#: RFC 3463 and RFC 7505: no such mailbox, moved without an address, a domain that takes no mail. Said of nothing else.
NAMES_THE_MAILBOX: Final = r"5\.1\.(1|6|10)"
_NO_SUCH_USER: Final = _any(
    r"user unknown|unknown (user|recipient|address|local.?part)|invalid (mailbox|recipient|user)",
    r"no such (user|person|mailbox|recipient|address|account)|no mailbox (here )?by that name",
    r"(user|recipient|mailbox|account|address)( was| is)? not (found|known)",
    r"(user|recipient|mailbox|account|address|username|that you tried to reach) (does not|doesn.t|did not) exist",
    r"(is|are) not a (valid|known) (user|mailbox|recipient)|(doesn.t|does not) have an? [\w.… ]*account",
)
_TOO_MUCH_A_DAY: Final = _any(
    r"(daily|24.hour|hourly) [\w ]*(limit|quota)|(emails|messages|recipients) per (hour|day)",
    r"(sending|submission|relay|message|outbound|outgoing) (limit|quota)[\w ]* (exceeded|reached)",
    r"(exceeded|reached|over) [\w… -]*(sending|submission|relay|daily|hourly|message|outgoing) (limit|quota)",
    r"submission ?quota ?exceeded|maximum credits exceeded|tenant has exceeded",
)
_TOO_FAST: Final = _any(
    r"rate.?limit|(sending|message|unusual) rate|throttl|unusual sending activity|slow down|too (fast|quickly)",
    r"too (much|many) (mail|messages|recipients|connections|emails)|(thread|connections?) limit exceeded|server busy",
)
# Postfix keeps the mailboxes that it passes mail on to in its "relay recipient table".
_RELAY: Final = r"relay(ing)?\b(?! recipient table)|not a gateway|rcpthosts|local user only"
_SENDER: Final = _any(
    r"sender (address|is |rejected|domain|denied|has)|domain of sender",
    r"(from|as) (this|the|that) (sender|address|domain)|from address|bad outbound sender|banned (sender|sending)",
    r"sender.identity|identities failed|not owned by user|email address is not verified",
)
_VERIFIED: Final = r"sender verif|(verif\w*|validat\w*) failed for"
_SIGN_IN: Final = r"authenticat|\bauth\b|not logged in|log ?in|credentials|starttls"
_NETWORK: Final = _any(
    r"client host (… )?(rejected|blocked)|blocked (using|by)|block.?list|black.?list|listed (in|by|on|at)|dnsbl",
    r"reverse (dns|hostname)|find your (reverse )?hostname|\bptr\b|helo command rejected|reputation|user complaints",
)
_POLICY: Final = _any(
    r"administrative(ly)? prohib|prohibited|polic(y|ies)|denied|not (permitted|allowed|authori[sz]ed)|permission",
    r"blocked|banned|spam|unsolicited|suspicious|abuse",
)
_FULL: Final = _any(
    r"over ?quota|(mailbox|inbox)( is)? (full|out of)|out of storage|quota (is )?(exceeded|full)",
    r"exceeded [\w ]*(storage|quota)",
)
_TOO_BIG: Final = r"message (is )?too (big|large)|message (file )?size|maximum (message )?size|exceeds [\w ]*size"

#: The kinds of answers, in the order in which they are looked for. RFC 5321 means its section 4.2.3, RFC 3463 its
#: sections 3.2 to 3.8, as the registry of RFC 5248 has them now.
ANSWERS: Final = (
    # -- too much, for now -------------------------------------------------------------------------------------------
    Kind(
        About.NOW,
        _("The mail server takes no more messages today"),
        "Gmail 550 5.4.5 (support.google.com/a/answer/166852; gophish/gophish#1604, gen-smtp/gen_smtp#140)",
        code="[45]",
        enhanced=r"5\.4\.5|5\.1\.90",  # the latter is Exchange Online's daily limit of recipients
        limit=Limit.DAY,
    ),
    Kind(
        About.NOW,
        _("The mail server takes no more messages today"),
        "cPanel's and GoDaddy's limits; Amazon SES 454 (docs.aws.amazon.com/ses); Exchange 5.2.0 and 5.7.705",
        code="[45]",
        words=_TOO_MUCH_A_DAY,
        limit=Limit.DAY,
    ),
    Kind(
        About.NOW,
        _("The mailbox gets too much mail at the moment"),
        "Gmail 450 4.2.1 and 550 5.2.1 (support.google.com/a/answer/3726730)",
        code="[45]",
        words=r"receiving mail (too quickly|at a rate)",
        since=Stage.RCPT,
        is_personal=True,
    ),
    Kind(
        About.NOW,
        _("The mail server takes no more messages on this line"),
        "Stalwart 452 4.4.5 at DATA (stalwartlabs/stalwart#1384); KumoMTA's max_messages_per_connection",
        code="4",
        words=r"(messages|mails|recipients|transactions)[\w ]* (per|in (this|one)|for this) (session|connection)",
        limit=Limit.SESSION,
    ),
    Kind(
        About.NOW,
        _("The mail server asked us to go slower"),
        "Postfix anvil(8); Stalwart 451 4.4.5; Gmail 421 4.7.28; Exchange 432 4.3.2; Amazon SES 454; Zoho 550 5.4.6",
        code="[45]",
        words=_TOO_FAST,
        limit=Limit.MINUTE,
    ),
    # -- us ----------------------------------------------------------------------------------------------------------
    Kind(
        About.US,
        _("The mail server does not pass mail on for this site"),
        "Exim's default ACL; Postfix smtpd_relay_restrictions; Stalwart 550 5.1.2; sendmail; Exchange 5.7.54; qmail",
        code="[45]",
        words=_RELAY,
    ),
    Kind(
        About.US,
        _("The mail server does not take this site’s user name and password"),
        "RFC 4954 section 6; Gmail 535 5.7.8; Amazon SES 535",
        code="53[458]",
    ),
    Kind(
        About.US,
        _("The mail server finds no proof that this site may use its address (SPF, DKIM, DMARC)"),
        "RFC 7372; Gmail 550 5.7.26 and 421 4.7.26; Yahoo 554 5.7.9",
        code="[45]",
        words=r"\b(spf|dkim|dmarc)\b",
    ),
    Kind(
        About.US,
        _("The mail server does not take mail from this site’s address"),
        "RFC 3463 5.1.7 and 5.1.8; Postfix reject_sender_login_mismatch; Exim sender verification; Exchange 5.7.60",
        code="[45]",
        enhanced=r"[45]\.1\.[78]",
    ),
    Kind(
        About.US,
        _("The mail server does not take mail from this site’s address"),
        "Exim's sender verification, 550 Sender verify failed, with what the sender's own server said after it",
        code="[45]",
        words=_VERIFIED,
    ),
    # A mailbox that its code names is meant, whatever else is said: "blocked" and "log in" stand in such words too.
    Kind(
        About.MAILBOX,
        _("The mail server knows no such mailbox"),
        "RFC 3463 5.1.1, 5.1.6; RFC 7505 5.1.10; Postfix and Gmail 550 5.1.1; Exchange 550 5.1.10",
        code="5",
        enhanced=NAMES_THE_MAILBOX,
        since=Stage.RCPT,
    ),
    Kind(
        About.US,
        _("The mail server does not take mail from this site’s address"),
        "Postfix 553 Sender address rejected; SendGrid 550; Amazon SES 554",
        code="[45]",
        words=_SENDER,
    ),
    Kind(
        About.US,
        _("The mail server wants this site to sign in, or a safe connection"),
        "RFC 4954 section 6 (530 5.7.0); RFC 3207 section 4 (530); cPanel's 550 SMTP AUTH is required; Exchange 5.7.57",
        code="[45]",
        words=_SIGN_IN,
    ),
    Kind(
        About.US,
        _("The mail server refuses mail from this site"),
        "Postfix reject_unknown_client_hostname and reject_rbl_client, 450 or 554; Spamhaus; Yahoo 421 4.7.0 TSS04",
        code="[45]",
        words=_NETWORK,
    ),
    Kind(
        About.NOW,
        _("The mail server takes mail from strangers at the second try"),
        "RFC 6647; Postgrey 450 4.2.0; Postfix's GREYLIST 450 4.7.1; Stalwart 452 4.2.2 Greylisted",
        code="4",
        words=r"gr[ae]y.?list",
        since=Stage.RCPT,
        is_personal=True,
    ),
    Kind(
        About.US,
        _("The mail server turned us away"),
        "RFC 5321 sections 3.1 and 4.2.1: before any message, whatever it says",
        code="[45]",
        until=Stage.CONNECT,
    ),
    # -- the message -------------------------------------------------------------------------------------------------
    Kind(
        About.MESSAGE,
        _("The message is too big for the mail server"),
        "RFC 1870 section 6 (552); RFC 3463 5.2.3 and 5.3.4; Postfix 552 5.3.4",
        code="5",
        enhanced=r"5\.(2\.3|3\.4)",
        since=Stage.MAIL,
    ),
    Kind(
        About.MESSAGE,
        _("The message is too big for the mail server"),
        "RFC 1870 section 6; Exim 552 Message size exceeds maximum permitted",
        code="5",
        words=_TOO_BIG,
        since=Stage.MAIL,
    ),
    Kind(
        About.MESSAGE,
        _("The mail server does not take what the message holds"),
        "RFC 3463 5.6.x; RFC 2045",
        code="5",
        enhanced=r"5\.6\.\d+",
        since=Stage.DATA,
    ),
    Kind(
        About.MESSAGE,
        _("The message is too big for the mail server"),
        "RFC 1870 section 6.1 (552 at MAIL, by the size that was announced)",
        code="552",
        since=Stage.MAIL,
        until=Stage.MAIL,
    ),
    Kind(
        About.US,
        _("The mail server does not take mail from this site’s address"),
        "RFC 5321 section 3.3: at MAIL the sender is all that was named",
        code="5",
        since=Stage.MAIL,
        until=Stage.MAIL,
    ),
    # -- the mailbox -------------------------------------------------------------------------------------------------
    Kind(
        About.NOW,
        _("The mailbox is full"),
        "RFC 3463 5.2.2; RFC 5321 (552); Gmail 452 4.2.2, 552 5.2.2; Dovecot 552 5.2.2",
        code="[45]",
        enhanced=r"[45]\.2\.2",
        since=Stage.RCPT,
        is_personal=True,
        is_soft=True,
    ),
    Kind(
        About.NOW,
        _("The mailbox is full"),
        "RFC 5321 (552); Exim and cPanel 552 Mailbox is full; Yahoo 552",
        code="[45]5[02]",
        words=_FULL,
        since=Stage.RCPT,
        is_personal=True,
        is_soft=True,
    ),
    Kind(
        About.MAILBOX,
        _("The mail server knows no such mailbox"),
        "RFC 3463 5.1.3: what it is written with cannot be an address there",
        code="5",
        enhanced=r"5\.1\.3",
        since=Stage.RCPT,
    ),
    Kind(
        About.MAILBOX,
        _("Nobody takes mail at what stands after the @"),
        "RFC 3463 5.1.2; sendmail 550 5.1.2 Host unknown; Postfix reject_unknown_recipient_domain",
        code="5",
        enhanced=r"5\.1\.2",
        since=Stage.RCPT,
    ),
    Kind(
        About.MAILBOX,
        _("Nobody takes mail at what stands after the @"),
        "Exim's recipient verification, 550 Unrouteable address",
        code="550",
        words="unrout(e)?able address",
        since=Stage.RCPT,
    ),
    Kind(
        About.MESSAGE,
        _("The mailbox is switched off"),
        "RFC 3463 5.2.1: for good or for a while, it does not say; Gmail 550 5.2.1 inactive",
        code="5",
        enhanced=r"5\.2\.1",
        since=Stage.RCPT,
    ),
    Kind(
        About.US,
        _("The mail server refuses mail from this site"),
        "RFC 3463 5.7.x; Postfix reject_rbl_client; Gmail 550 5.7.1, 5.7.26; Exchange 5.7.501 to 5.7.511",
        code="5",
        enhanced=r"5\.7\.\d+",
    ),
    Kind(
        About.MESSAGE,
        _("Refused by the mail server"),
        "Exchange Online's edge: 550 5.4.1 Recipient address rejected: Access denied, of whom it does not know",
        code="5",
        enhanced=r"5\.4\.1",
        since=Stage.RCPT,
    ),
    Kind(
        About.US,
        _("The mail server refuses mail from this site"),
        "Exim 550 Administrative prohibition; RFC 7372; block lists in the words of many",
        code="5",
        words=_POLICY,
    ),
    Kind(
        About.MAILBOX,
        _("The mail server knows no such mailbox"),
        "Exim 550 Unknown user; qmail 550 no mailbox here by that name; Yahoo 554 dd, 552 mailbox not found; Mail.ru",
        code="55[0-4]",
        words=_NO_SUCH_USER,
        since=Stage.RCPT,
    ),
    # -- now ---------------------------------------------------------------------------------------------------------
    Kind(
        About.NOW,
        _("The mail server closed the line"),
        "RFC 5321 section 3.8 (421, at any command)",
        code="421",
    ),
    Kind(
        About.NOW,
        _("The mail server has no room at the moment"),
        "RFC 5321 (452); RFC 3463 4.3.1; Postfix 452 4.3.1 Insufficient system storage",
        code="452",
    ),
    Kind(
        About.NOW,
        _("The mail server takes mail from strangers at the second try"),
        "RFC 6647 section 5: 450 or 451, with 4.2.0 or 4.7.1",
        code="45[01]",
        enhanced=r"4\.(2\.0|7\.1)",
        since=Stage.RCPT,
        is_personal=True,
    ),
    Kind(
        About.NOW,
        _("The mail server asked to try again later"),
        "RFC 5321 section 4.2.1 (4yz)",
        code="4",
    ),
    Kind(
        About.NOW,
        _("The mail server asked to try again later"),
        "RFC 3463 5.4.7: it was tried for too long, by who passes it on",
        code="5",
        enhanced=r"5\.4\.7",
    ),
    # -- what says nothing -------------------------------------------------------------------------------------------
    Kind(
        About.MESSAGE,
        _("Refused by the mail server"),
        "RFC 5321's own words for 550, which it has for no mailbox, no access and a policy; Outlook.com 550 5.5.0",
        code="550",
        words="mailbox unavailable",
        since=Stage.RCPT,
    ),
    Kind(
        About.US,
        _("The mail server refuses, and does not say why"),
        "RFC 5321 section 4.2.2: 550, 551, 553 and 554 are used for policies of every kind",
        code="55[0134]",
        enhanced=r"|5\.0\.0",
    ),
    Kind(
        About.NOW,
        _("The mailbox is full"),
        "RFC 5321 (552 exceeded storage allocation)",
        code="552",
        enhanced=r"|5\.0\.0",
        since=Stage.RCPT,
        is_personal=True,
        is_soft=True,
    ),
    Kind(
        About.MESSAGE,
        _("Refused by the mail server"),
        "RFC 5321 section 4.2.1 (5yz): trying again changes nothing, and nothing is said of the mailbox",
        code="5",
    ),
)

_ENHANCED: Final = re.compile(r"^[245]\.\d{1,3}\.\d{1,3}\b")
#: Words as they stand in a dictionary, small numbers, and enhanced codes. What has an "@", a dot, a slash or a digit in
#: it may name somebody, or somebody's machine.
_PLAIN: Final = re.compile(r"[^\W\d_]+(['’-][^\W\d_]+)*|\d{1,4}|[245]\.\d{1,3}\.\d{1,3}")
_AROUND: Final = "\"'`“”‘’()[]{}<>*#,;:.!?…-="
GAP: Final = "…"
_MINUTE: Final = dt.timedelta(minutes=1)
#: As much of a server's words as is kept.
_LONGEST: Final = 140


def read_answer(code: int, text: str, stage: Stage) -> Answer:
    """Take a refusal apart: `text` is all that stands after the code, in one line or several."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = next((match.group() for line in lines if (match := _ENHANCED.match(line))), "")
    # Each line of a long answer repeats the enhanced code.
    words = " ".join(_ENHANCED.sub("", line) for line in lines)
    return Answer(stage, code, found, plain_words(words))


def kind_of(answer: Answer) -> Kind:
    """Return what kind of answer it is: the first row of the table that matches its code (400 to 599)."""
    return next(kind for kind in ANSWERS if kind.matches(answer))


def meaning(answer: Answer, *addresses: str) -> Refused | Transient:
    """Return what follows from an answer for the message; `addresses` are those that its words may name."""
    kind, words = kind_of(answer), said(answer, *addresses)
    if kind.about is About.MAILBOX:
        return Refused(kind.reason, suppress=True, is_sure=False, answer=answer.number, said=words)
    if kind.about is About.MESSAGE:
        return Refused(kind.reason, said=words)
    # What is said before a recipient was named is said to all.
    is_outage = kind.about is About.US or answer.stage <= Stage.MAIL or kind.limit in (Limit.MINUTE, Limit.DAY)
    pause = _MINUTE if kind.limit is Limit.MINUTE else None
    return Transient(
        kind.reason,
        pause,
        is_outage,
        is_counted=False,
        said=words,
        is_personal=kind.is_personal,
        answer=answer.number if kind.is_soft else "",
        limit=kind.limit,
    )


def plain_words(text: str) -> str:
    """Return a server's words without what may name a person or a machine: "…" stands for each run of such."""
    kept: list[str] = []
    for token in text.split():
        core = token.strip(_AROUND)
        if not core:
            continue
        if _PLAIN.fullmatch(core) and "@" not in token:
            kept.append(core + (token[-1] if token[-1] in ",;:.!?" else ""))
        elif not kept or kept[-1] != GAP:
            kept.append(GAP)
    return " ".join(kept)


def said(answer: Answer, *addresses: str) -> str:
    """Return an answer as it may be shown and kept: "550 relay not permitted", without any part of `addresses`."""
    parts = {part for address in addresses for part in _parts(address)}
    words = " ".join(_hidden(word, parts) for word in answer.words.split())
    short = re.sub(r"(… ?)+", "… ", f"{answer.number} {words}").strip()
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1].rsplit(' ', 1)[0]}{GAP}"


def _parts(address: str) -> set[str]:
    """Return the words that an address is made of, but for the last, which is a country's or an industry's."""
    local, _at, domain = address.casefold().rpartition("@")
    names = (local, *domain.split(".")[:-1])
    parts = {part for name in names for part in re.split(r"[\W\d_]+", name) if len(part) > 1}
    # The whole may be a letter or a number, and some servers leave its dots out.
    return (parts | {local, re.sub(r"[\W_]+", "", local)}) - {""}


def _hidden(word: str, parts: set[str]) -> str:
    bare = re.sub(r"['’]s$", "", word.strip(_AROUND).casefold())
    return GAP if bare in parts or any(part in parts for part in re.split(r"['’-]", bare)) else word
