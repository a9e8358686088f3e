from meetings.reminders.models.reminder import DeliveryEvent, Reminder

__all__ = ["DeliveryEvent", "Reminder"]
