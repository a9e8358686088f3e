"""Gateways: how a message leaves the house. They know no app and own no model.

`Gateway.send` says one of four things, and never raises for what a provider or a network does: `Accepted`, `Refused`
(for good), `Transient` (certainly not sent, may be tried again) or `Ambiguous` (nobody can know).
"""

from support.messaging.email import EmailGateway
from support.messaging.gateways import Gateways
from support.messaging.letter import CalendarPart, Letter
from support.messaging.results import Accepted, Ambiguous, Gateway, Refused, Result, Transient
from support.messaging.sms import SmsGateway
from support.messaging.text_message import TextMessage

__all__ = [
    "Accepted",
    "Ambiguous",
    "CalendarPart",
    "EmailGateway",
    "Gateway",
    "Gateways",
    "Letter",
    "Refused",
    "Result",
    "SmsGateway",
    "TextMessage",
    "Transient",
]
