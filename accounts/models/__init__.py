from accounts.models.consent import Consent
from accounts.models.contact_point import ContactPoint, Suppression
from accounts.models.user import User

__all__ = ["Consent", "ContactPoint", "Suppression", "User"]
