"""What real mail servers say, and what it is about. The lines are theirs; the addresses and machines are invented."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messaging.answers import ANSWERS, About, Answer, Stage, kind_of, meaning, read_answer, said
from support.messaging.results import Limit, Refused, Transient

GUEST, SENDER = "rosalind.franz@example.org", "no-reply@meetings.example.net"


def lines(text: str) -> list[tuple[Stage, str]]:
    """Return answers with the stage at which they came; "⏎" ends each line of several."""
    found = [line.strip().partition(" ") for line in text.splitlines() if line.strip()]
    return [(Stage[stage], line.replace("⏎", "\n")) for stage, _space, line in found]


#: There is no such mailbox.
MAILBOX: Final = lines(
    f"""
    RCPT 550 5.1.1 <{GUEST}>: Recipient address rejected: User unknown in local recipient table
    RCPT 550 5.1.1 <{GUEST}>: Recipient address rejected: User unknown in virtual mailbox table
    RCPT 550 5.1.1 <{GUEST}>: Recipient address rejected: undeliverable address: host mx1.example.org said: 550
    RCPT 550 5.1.1 The email account that you tried to reach does not exist. Please try⏎5.1.1 double-checking the
    RCPT 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
    RCPT 550 5.1.1 <{GUEST}>... User unknown
    RCPT 550 5.1.6 <{GUEST}>: recipient no longer on server
    RCPT 501 5.1.3 <{GUEST}>: Bad recipient address syntax
    RCPT 553 5.1.3 <{GUEST}>... Invalid mailbox name
    RCPT 550 5.1.1 <{GUEST}>: Recipient address rejected: User unknown in relay recipient table
    RCPT 550 5.1.1 No such user; the owner did not log in for a year and the account was removed
    RCPT 550 5.1.1 Unknown recipient. If the sender address is on your list, take it off, or you will be blocked
    RCPT 550 5.1.1 Mailbox does not exist.
    RCPT 556 5.1.10 Recipient address has null MX
    END 550 5.1.1 <{GUEST}> User doesn't exist: {GUEST}
    RCPT 550 5.1.2 <x@nowhere.example>: Recipient address rejected: Domain not found
    RCPT 550 5.1.2 <{GUEST}>... Host unknown (Name server: example.org: host not found)
    RCPT 550 Unrouteable address
    RCPT 550 unrouteable address
    RCPT 550 Unknown user
    RCPT 550 {GUEST}: no such user here
    RCPT 550 No such person at this address
    RCPT 550 sorry, no mailbox here by that name. (#5.1.1)
    RCPT 554 delivery error: dd This user doesn't have a mail.example account ({GUEST}) [-5] - mta4.example.com
    RCPT 552 1 Requested mail action aborted, mailbox not found
    RCPT 550 Message was not accepted -- invalid mailbox. Local mailbox {GUEST} is unavailable: user not found
    """
)
#: This message, or nothing that anything follows from.
MESSAGE: Final = lines(
    f"""
    MAIL 552 5.3.4 Message size exceeds fixed limit
    END 552 5.3.4 Message too big for system.
    RCPT 550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient
    END 552 Message size exceeds maximum permitted
    MAIL 552 Message file size exceeds a fixed limit
    MAIL 552 Too much
    MAIL 552 Not so long a one
    END 554 5.6.0 Lone CR or LF in headers
    END 550 5.6.7 Non-ASCII addresses not supported for this message
    RCPT 550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB1.eurprd02.prod.example.com]
    RCPT 550 5.4.1 [{GUEST}]: Recipient address rejected: Access denied
    RCPT 550 5.2.1 The email account that you tried to reach is inactive.
    RCPT 550 5.2.1 <{GUEST}>... Mailbox disabled for this recipient
    RCPT 550 Requested action not taken: mailbox unavailable
    RCPT 550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).
    RCPT 550 5.1.0 Address rejected.
    END 554 5.5.0 Something else
    DATA 503 5.5.1 Error: need RCPT command
    """
)
#: Us.
US: Final = lines(
    f"""
    RCPT 550 relay not permitted
    RCPT 550 Relaying denied
    RCPT 554 5.7.1 <{GUEST}>: Relay access denied
    RCPT 454 4.7.1 <{GUEST}>: Relay access denied
    RCPT 550 5.1.2 Relay not allowed.
    RCPT 550 5.7.1 <{GUEST}>... Relaying denied. Proper authentication required.
    RCPT 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
    RCPT 553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
    RCPT 550 Please turn on SMTP Authentication⏎mx.example.net [192.0.2.7]:43210 is not permitted to relay
    CONNECT 535 5.7.8 Username and Password not accepted. For more information, go
    CONNECT 535 Authentication Credentials Invalid
    CONNECT 534 5.7.9 Application-specific password required.
    MAIL 530 5.7.0 Authentication Required. For more information, go to⏎5.7.0  https://support.example.com x -
    MAIL 530 5.7.0 Must issue a STARTTLS command first
    RCPT 550 SMTP AUTH is required for message submission on port 587
    MAIL 550 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM [x.example.com]
    MAIL 503 5.5.1 You must authenticate first.
    END 550 5.7.26 This mail has been blocked because the sender is unauthenticated.⏎5.7.26 DKIM = did not pass
    END 550 5.7.26 Unauthenticated email from {SENDER} is not accepted due to domain's DMARC policy.
    RCPT 550 Sender verify failed
    RCPT 550 5.1.1 Sender verify failed⏎5.1.1 No Such User Here
    RCPT 550 Verification failed for <{SENDER}>⏎No Such User Here⏎Sender verify failed
    RCPT 550 Verification failed for <{SENDER}>⏎Unrouteable address⏎Sender verify failed
    RCPT 553 5.7.1 <{SENDER}>: Sender address rejected: not owned by user meetings
    MAIL 550 5.7.60 SMTP; Client does not have permissions to send as this sender
    RCPT 550 5.1.8 Access denied, bad outbound sender AS(42003)
    RCPT 450 4.1.8 <{SENDER}>: Sender address rejected: Domain not found
    RCPT 550 5.1.7 The sender's address was syntactically invalid.
    MAIL 501 5.1.7 Bad sender address syntax: {SENDER}
    END 550 The from address does not match a verified Sender Identity. Mail cannot be sent until this is
    END 554 Message rejected: Email address is not verified. The following identities failed the check: {SENDER}
    MAIL 550 5.7.1 you may not send
    MAIL 501 <no-reply>: sender address must contain a domain
    MAIL 571 Not you
    MAIL 550 go away
    RCPT 450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.7]
    RCPT 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.example.org;
    RCPT 450 4.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.7]
    MAIL 421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to user complaints
    END 550 5.7.1 [192.0.2.7] Our system has detected that this message is⏎5.7.1 likely unsolicited mail.
    RCPT 550 5.7.501 Service unavailable. Access denied, spam abuse detected
    END 552 5.7.0 This message was blocked because its content presents a potential⏎5.7.0 security issue.
    RCPT 550 Administrative prohibition
    END 550 Administrative prohibition
    RCPT 550 Rejected by local policy
    END 554 Message not allowed - please visit https://example.com/spam
    CONNECT 554 no service
    CONNECT 421 4.3.2 Service not available, closing transmission channel
    RCPT 550
    RCPT 551 Not here
    RCPT 553 No
    RCPT 554 Transaction failed
    END 554 5.0.0 Service unavailable
    """
)
#: Too much for today.
DAY: Final = lines(
    f"""
    END 550 5.4.5 Daily user sending limit exceeded. For more information⏎5.4.5  https://example.com/166852
    RCPT 550 5.4.5 Daily SMTP relay limit exceeded for user. For more information go to x - gsmtp
    RCPT 550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients
    END 550 Domain meetings.example.net has exceeded the max emails per hour (200⏎200 (100%)) allowed.
    RCPT 550 User {SENDER} has exceeded its 24-hour sending limit. Messages to 250 recipients out of 250 allowed
    MAIL 454 Throttling failure: Daily message quota exceeded.
    END 554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; submission quota exceeded
    RCPT 550 5.7.705 Access denied, tenant has exceeded threshold
    CONNECT 451 Authentication failed: Maximum credits exceeded
    RCPT 550 Your sending quota has been reached
    """
)
#: Too much for one line.
SESSION: Final = lines(
    """
    DATA 452 4.4.5 Maximum number of messages per session exceeded.
    MAIL 421 4.7.0 too many messages in this connection
    MAIL 451 too many messages in this session
    """
)
#: Too fast.
MINUTE: Final = lines(
    """
    MAIL 450 4.7.1 Error: too much mail from 192.0.2.7
    RCPT 450 4.7.1 Error: too many recipients from 192.0.2.7
    RCPT 451 4.4.5 Rate limit exceeded, try again later.
    END 421 4.7.28 Gmail has detected an unusual rate of unsolicited mail. To protect⏎4.7.28 our users - gsmtp
    END 432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded [Hostname=AM6.eurprd04.prod.example.com]
    MAIL 454 Throttling failure: Maximum sending rate exceeded.
    END 550 5.4.6 Unusual sending activity detected. Please try after sometime.
    RCPT 451 4.7.500 Server busy. Please try again later. (S77719)
    """
)
#: About one mailbox now, or said to each newcomer: no word about anybody else.
PERSONAL: Final = lines(
    f"""
    RCPT 450 4.2.0 <{GUEST}>: Recipient address rejected: Greylisted, see http://postgrey.example.ch/help/x.html
    RCPT 451 4.7.1 Greylisting in action, please come back later
    RCPT 452 4.2.2 Greylisted, please try again in a few moments.
    RCPT 450 4.2.0 Try again in five minutes
    RCPT 451 4.7.1 Please try again later
    RCPT 450 4.2.1 The user you are trying to contact is receiving mail too quickly.
    RCPT 550 5.2.1 The user you are trying to contact is receiving mail at a rate that⏎5.2.1 prevents additional
    END 452 4.2.2 The recipient's inbox is out of storage space. Please direct the⏎4.2.2 recipient to x - gsmtp
    RCPT 552 5.2.2 <x@example.org>: Quota exceeded (mailbox for user is full)
    RCPT 550 5.2.2 over quota
    RCPT 552 Mailbox is full ⏎ Mailbox quota exceeded
    RCPT 550 Mailbox quota exceeded
    RCPT 552 mailbox full
    END 552 Requested mail action aborted: exceeded storage allocation
    END 552 No
    RCPT 552
    """
)
#: About now, for this message; where others are told the same, for all of them.
LATER: Final = lines(
    """
    RCPT 421 4.3.2 Closing
    END 421 4.4.2 mail.example.net Error: timeout exceeded
    RCPT 421 Try again later, closing connection.
    RCPT 452 4.3.1 Insufficient system storage
    END 452 no room
    RCPT 450 4.1.1 <x@example.org>: Recipient address rejected: unverified address: connect to mx: timed out
    RCPT 450 4.1.2 <x@nowhere.example>: Recipient address rejected: Domain not found
    END 550 5.4.7 Delivery expired (message too old)
    RCPT 554 5.4.7 Delivery time expired
    END 451 4.3.0 Mail server temporarily rejected message. - gsmtp
    RCPT 451 Temporary local problem - please try later
    """
)

CORPUS: Final = [
    *((About.MAILBOX, None, *line) for line in MAILBOX),
    *((About.MESSAGE, None, *line) for line in MESSAGE),
    *((About.US, None, *line) for line in US),
    *((About.NOW, Limit.DAY, *line) for line in DAY),
    *((About.NOW, Limit.SESSION, *line) for line in SESSION),
    *((About.NOW, Limit.MINUTE, *line) for line in MINUTE),
    *((About.NOW, None, *line) for line in PERSONAL + LATER),
]


def answer(stage: Stage, line: str) -> Answer:
    code, _space, text = line.partition(" ")
    return read_answer(int(code), text, stage)


@pytest.mark.parametrize(("about", "limit", "stage", "line"), CORPUS, ids=lambda value: str(value)[:60])
def test_answer_is_about(about: About, limit: Limit | None, stage: Stage, line: str) -> None:
    kind = kind_of(answer(stage, line))
    assert (kind.about, kind.limit, kind.is_personal) == (about, limit, (stage, line) in PERSONAL), kind


def test_each_row_of_the_table_is_known_from_real_lines() -> None:
    """No row is there that no line of a server's leads to; those at the end are for what nobody has seen yet."""
    seen = Counter(kind_of(answer(stage, line)) for _about, _limit, stage, line in CORPUS)
    assert [kind.source for kind in ANSWERS if seen[kind] < 2] == []


def test_each_row_of_the_table_says_where_it_was_learned() -> None:
    assert [kind.reason for kind in ANSWERS if not kind.source or not kind.reason] == []


@pytest.mark.parametrize("code", range(400, 600))
@pytest.mark.parametrize("stage", Stage)
def test_every_refusal_is_of_some_kind_and_a_code_alone_never_speaks_of_the_mailbox(stage: Stage, code: int) -> None:
    found = meaning(read_answer(code, "", stage))
    assert isinstance(found, Transient) or not found.suppress
    if stage <= Stage.MAIL and code != 552:
        assert isinstance(found, Transient)
        assert found.is_outage


# -- what follows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stage", "line"), MAILBOX, ids=lambda value: str(value)[:60])
def test_word_about_the_mailbox_alone_is_not_enough_to_suppress_it(stage: Stage, line: str) -> None:
    result = meaning(answer(stage, line), GUEST, SENDER)
    assert isinstance(result, Refused)
    assert (result.suppress, result.is_sure) == (True, False)
    assert line.startswith(result.answer)


@pytest.mark.parametrize(("stage", "line"), US + DAY + MINUTE, ids=lambda value: str(value)[:60])
def test_word_about_us_or_our_pace_is_an_outage_and_counts_against_no_message(stage: Stage, line: str) -> None:
    result = meaning(answer(stage, line), GUEST, SENDER)
    assert isinstance(result, Transient)
    assert (result.is_outage, result.is_counted) == (True, False)


@pytest.mark.parametrize(("stage", "line"), PERSONAL + LATER, ids=lambda value: str(value)[:60])
def test_word_about_now_lets_the_next_message_go_and_counts_against_none(stage: Stage, line: str) -> None:
    result = meaning(answer(stage, line), GUEST, SENDER)
    assert isinstance(result, Transient)
    assert (result.is_outage, result.is_counted) == (False, False)


# -- the server's words, without anybody in them ---------------------------------------------------------------------


@pytest.mark.parametrize(("stage", "line"), [entry[2:] for entry in CORPUS], ids=lambda value: str(value)[:60])
def test_what_a_server_said_is_kept_without_address_host_or_link(stage: Stage, line: str) -> None:
    words = said(answer(stage, line), GUEST, SENDER)
    assert words.startswith(line[:3])
    assert len(words) <= 140
    for trace in ("@", "://", "www", "192.0.2", "rosalind", "franz", "example", "gsmtp.", "[", "<"):
        assert trace not in words.casefold(), words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("550 relay not permitted", "550 relay not permitted"),
        (f"554 5.7.1 <{GUEST}>: Relay access denied", "554 5.7.1 … Relay access denied"),
        ("550 5.7.1 The mailbox of Rosalind Franz's is gone", "550 5.7.1 The mailbox of … is gone"),
        ("550 5.1.1 Rosalind-Franz at example dot org", "550 5.1.1 … at … dot org"),
        ("550", "550"),
        ("421 4.7.0 mx.example.org closing, try\n4.7.0 in 15 minutes", "421 4.7.0 … closing, try in 15 minutes"),
        ("550 call +1 518 555 0123 or 5185550123", "550 call … 518 555 0123 or …"),
    ],
)
def test_what_a_server_said_reads_well(line: str, expected: str) -> None:
    code, _space, text = line.partition(" ")
    assert said(read_answer(int(code), text, Stage.RCPT), GUEST, SENDER) == expected


@pytest.mark.parametrize("local", ["4711", "j", "anna.smith", "Anna-Smith"])
def test_short_name_a_number_or_a_name_without_its_dots_is_left_out(local: str) -> None:
    address = f"{local}@example.org"
    for written in {local, local.replace(".", ""), local.upper()}:
        words = said(read_answer(550, f"5.1.1 User {written} is unknown", Stage.RCPT), address)
        assert words == "550 5.1.1 User … is unknown"


_NAMES: Final = st.from_regex(r"[a-z]{3,12}([._+-][a-z0-9]{2,12}){0,2}", fullmatch=True)
_HOSTS: Final = st.from_regex(r"[a-z][a-z0-9-]{3,20}[a-z0-9]\.(org|com|example)", fullmatch=True)


@given(local=_NAMES, domain=_HOSTS, template=st.sampled_from([line for *_kept, line in CORPUS]))
def test_no_address_comes_through_however_a_server_writes_it(local: str, domain: str, template: str) -> None:
    address = f"{local}@{domain}"
    shapes = (
        address,
        f"<{address}>:",
        f"({address})",
        f"{local} at {domain}",
        f"RCPT<{address.upper()}>",
        f'"{local}"',
    )
    for shape in shapes:
        words = said(read_answer(550, f"{template} {shape}", Stage.RCPT), address).casefold()
        assert "@" not in words
        assert domain not in words
        assert shape.casefold() not in words
