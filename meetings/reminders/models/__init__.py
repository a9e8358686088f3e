from meetings.reminders.models.reminder import (
    ChannelOutage,
    ChannelPause,
    DeliveryEvent,
    Reminder,
    ReminderPart,
    ZoneRelease,
)

__all__ = ["ChannelOutage", "ChannelPause", "DeliveryEvent", "Reminder", "ReminderPart", "ZoneRelease"]
