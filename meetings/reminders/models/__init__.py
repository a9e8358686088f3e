from meetings.reminders.models.inbound_text import InboundText
from meetings.reminders.models.put_aside import PutAside
from meetings.reminders.models.reminder import (
    ChannelOutage,
    ChannelPause,
    DeliveryEvent,
    Reminder,
    ReminderPart,
    ZoneRelease,
)

__all__ = [
    "ChannelOutage",
    "ChannelPause",
    "DeliveryEvent",
    "InboundText",
    "PutAside",
    "Reminder",
    "ReminderPart",
    "ZoneRelease",
]
