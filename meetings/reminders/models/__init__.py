from meetings.reminders.models.reminder import ChannelOutage, DeliveryEvent, Reminder

__all__ = ["ChannelOutage", "DeliveryEvent", "Reminder"]
