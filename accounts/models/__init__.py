from accounts.models.access_record import AccessRecord
from accounts.models.agreement import VendorAgreement
from accounts.models.clean_time import CleanTime
from accounts.models.consent import Consent
from accounts.models.contact_point import ContactPoint
from accounts.models.disclosure import Disclosure
from accounts.models.export import Export
from accounts.models.idle_notice import IdleNotice
from accounts.models.ledger_line import LedgerLine
from accounts.models.preferences import Preferences
from accounts.models.purge import Purge
from accounts.models.suppression import Refusal, Suppression
from accounts.models.user import User

__all__ = [
    "AccessRecord",
    "CleanTime",
    "Consent",
    "ContactPoint",
    "Disclosure",
    "Export",
    "IdleNotice",
    "LedgerLine",
    "Preferences",
    "Purge",
    "Refusal",
    "Suppression",
    "User",
    "VendorAgreement",
]
