from meetings.reminders.models.reminder import ChannelOutage, ChannelPause, DeliveryEvent, Reminder

__all__ = ["ChannelOutage", "ChannelPause", "DeliveryEvent", "Reminder"]
