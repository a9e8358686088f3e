"""What a gateway says about its failure is read in the reader's language; a code or the kind of an error stays."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils import translation

from meetings.reminders.queries.timelines import reported
from support.messaging import Refused, Transient
from support.messaging.sms_results import Cause, verdict
from support.messaging.smtp import Stage, classify
from tests.helpers.syntax import tree
from tests.servers import ROOT


def test_reason_with_a_code() -> None:
    result = verdict(Cause.NO_NUMBER, 21211)
    assert isinstance(result, Refused)
    reason = result.reason
    with translation.override("es"):
        assert reported(reason) == "Ese número no recibe mensajes de texto (21211)"
    assert reported(reason) == "No number that takes text messages (21211)"


def test_reason_with_the_kind_of_an_error_and_with_what_the_server_said() -> None:
    result = classify(ConnectionRefusedError(), Stage.CONNECT)
    assert isinstance(result, Transient)
    reason = result.reason
    with translation.override("es"):
        assert reported(reason) == "No se puede contactar al servidor de correo (connection refused)"
        assert reported(f"{reason} “421 later”").endswith("correo (connection refused) “421 later”")


def test_reason_that_has_brackets_of_its_own() -> None:
    reason = "The mail server finds no proof that this site may use its address (SPF, DKIM, DMARC)"
    with translation.override("es"):
        assert reported(reason) != reason


@pytest.mark.parametrize("path", sorted((ROOT / "support" / "messaging").glob("*.py")), ids=lambda path: path.name)
def test_every_reason_is_marked_for_translation(path: Path) -> None:
    bare = []
    for node in ast.walk(tree(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            is_result = node.func.id in ("Transient", "Refused", "Ambiguous", "with_detail")
            if is_result and isinstance(node.args[0], ast.Constant | ast.JoinedStr):
                bare.append(node.lineno)
    assert bare == []
