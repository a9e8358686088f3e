"""The tests' own servers keep their promises: a worker in another process, a mail server as bad as real ones."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import pytest

from support.celery import app
from tests.servers import Behaviour, CeleryWorker, SmtpSink


def letter(to: str = "guest@example.org") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "site@example.org", to, "Reminder"
    message.set_content("Tuesday.")
    return message


@pytest.fixture
def client(smtp_sink: SmtpSink, _smtp: tuple[SmtpSink, str]) -> smtplib.SMTP:
    host, port = _smtp[1].removeprefix("smtp://").split(":")
    return smtplib.SMTP(host, int(port), timeout=5)


def test_sink_keeps_what_it_takes(client: smtplib.SMTP, smtp_sink: SmtpSink) -> None:
    client.send_message(letter())
    assert [message["Subject"] for message in smtp_sink.wait_for(1)] == ["Reminder"]
    client.quit()


def test_sink_refuses_one_address_and_takes_the_next(client: smtplib.SMTP, smtp_sink: SmtpSink) -> None:
    smtp_sink.for_address["gone@example.org"] = "refuse"
    with pytest.raises(smtplib.SMTPDataError):
        client.send_message(letter("gone@example.org"))
    client.send_message(letter())
    assert [message["To"] for message in smtp_sink.messages] == ["guest@example.org"]
    client.quit()


@pytest.mark.parametrize("behaviour", ["drop", "hang"])
def test_sink_takes_a_message_and_leaves_its_sender_guessing(
    client: smtplib.SMTP, smtp_sink: SmtpSink, behaviour: Behaviour
) -> None:
    smtp_sink.script = [behaviour]
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(letter())
    assert len(smtp_sink.wait_for(1)) == 1
    client.close()


def is_answering(*, tries: int = 10) -> bool:
    """Return whether a worker answers; one that has just become ready may hear only a later question."""
    return any(app.control.ping(timeout=2, limit=1) for _try in range(tries))


@pytest.mark.worker
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_worker_is_another_process_and_comes_back_after_sigkill(celery_worker: CeleryWorker) -> None:
    assert is_answering()
    celery_worker.kill()
    assert not is_answering(tries=1)
    celery_worker.start()
    assert is_answering()
