"""One settings file for every machine; what differs comes from the environment, and secrets also from `NAME_FILE`.

docs/operations.md lists every variable. A value that cannot be used stops the start with one clear line.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import MutableMapping
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from support import checks  # noqa: F401  # registers them: this floor is no app, and has no other place to
from support import environment as env
from support.vapid import is_private_key, new_private_key
from support.workspace import DATABASE

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()


def generated_secret(name: str, generate: object) -> str:
    """Return the secret in the environment variable NAME (or NAME_FILE), else the one kept in the data folder.

    The first start makes it, readable by its owner alone. Raises ImproperlyConfigured where it cannot be kept.
    """
    given = env.text(name)
    if given:
        return given
    path = DATA_DIR / "secrets" / name.lower()
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(generate())  # type: ignore[operator]  # a plain callable; no typing imports here
            # Whole or not at all: web, worker and beat may start at once, and the first to come here is right.
            with contextlib.suppress(FileExistsError):
                os.link(unfinished, path)
            unfinished.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name} is not set, and {path} cannot be kept: {error.strerror}.") from error


# -- Where it runs ---------------------------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", default=False)
#: Opens the style guide and the outbox page to this machine (support.development), and keeps texts there.
DEVELOPMENT = env.flag("DEVELOPMENT", default=False)
#: The address that the web server listens on.
HOST = env.text("HOST", "127.0.0.1")
SECRET_KEY = generated_secret("SECRET_KEY", get_random_secret_key)
#: Fernet keys for contact values at rest, separated by commas; the first seals, all open.
CONTACT_KEYS = generated_secret("CONTACT_KEYS", lambda: Fernet.generate_key().decode()).split(",")

_public = env.origin("PUBLIC_BASE_URL", default="http://localhost:8000")
PUBLIC_BASE_URL = _public.geturl()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=[str(_public.hostname), "localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]
IS_SECURE = _public.scheme == "https"

SITE_NAME = env.text("SITE_NAME", "Homegroup")
#: What messages call their sender: neutral, since a name on a lock screen is read by others.
SENDER_NAME = env.text("SENDER_NAME", "Homegroup")
#: Who runs the site, and how they are reached: on About and Privacy, and in the answer to HELP by text. Who tries the
#: site out has invented ones.
OPERATOR_NAME = env.text("OPERATOR_NAME", "River Area" if DEVELOPMENT else "")
OPERATOR_CONTACT = env.contact("OPERATOR_CONTACT", default="help@example.org" if DEVELOPMENT else "")
DEFAULT_TIME_ZONE = env.text("DEFAULT_TIME_ZONE", "America/New_York")
#: Where the "Leave" button leads: a place that anyone might be looking at, and that says nothing of this one.
QUICK_EXIT_URL = env.text("QUICK_EXIT_URL", "https://www.wikipedia.org/")

#: Who brings it as a bearer token reads /metrics; without it there is no such page.
METRICS_TOKEN = env.text("METRICS_TOKEN")

#: Threads of a web process, in which pages are made: see support.asgi.
WEB_THREADS = env.number("WEB_THREADS", default=4, lowest=1)

# -- Applications ----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "meetings",
    "meetings.reminders",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
]

MIDDLEWARE = [
    "support.patience.PatienceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "support.http.CompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "support.http.Utf8Middleware",
    "support.outage.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "support.http.HeadersMiddleware",
    "support.pages.NotAllowedMiddleware",
    "accounts.middleware.ReaderMiddleware",
    "accounts.middleware.FormLimitMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "accounts.middleware.EvenPaceMiddleware",
    "accounts.middleware.SignedOutMiddleware",
]

ROOT_URLCONF = "support.urls"
WSGI_APPLICATION = "support.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "support.context.site",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
            "libraries": {"mail": "support.templatetags.mail", "times": "support.templatetags.times"},
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# -- Database, broker, cache -----------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", default=DATA_DIR / DATABASE)}
if DATABASES["default"]["ENGINE"] == "support.sqlite":
    DATABASES["default"]["OPTIONS"] = {
        # Take the write lock when a transaction begins: waiting beats failing half-way.
        "transaction_mode": "IMMEDIATE",
        # Seconds, for one try of several: see support.sqlite.
        "timeout": 2,
        # What is deleted is overwritten: see support.sqlite.forgetting.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Statements that run for every single message are planned once a connection: see meetings.reminders.services.hot.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("prepare_threshold", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

#: The broker and the cache. script/server starts an embedded server and sets it; empty means: neither.
_broker = env.broker("REDIS_URL")
REDIS_URL = _broker["url"]

CACHES = {
    "default": (
        {
            "BACKEND": "support.cache.SteadyCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "homegroup",
            "OPTIONS": {"serializer": "accounts.sealed_cache.SealedJson"},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}
CACHES["default"]["KEY_FUNCTION"] = "support.cache_keys.hashed"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "accounts.sessions.SealedSerializer"
# Not in cookies, which any browser extension reads: a message can name an address.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

CELERY_BROKER_URL = _broker["celery_url"]
CELERY_BROKER_USE_SSL = _broker["ssl"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
    "visibility_timeout": 300,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
}
# What was left half-way is put right however much there is to send: see support.celery.
CELERY_TASK_ROUTES = {"reminders.sweep": {"queue": "sweeps"}}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 280
# Plain UTC intervals in seconds; every task is idempotent, and a missed or doubled beat does no harm. A hint that
# nobody took in time is of no use, so it expires; not sooner than the clocks of two machines may differ.
CELERY_BEAT_SCHEDULE = {
    # Often, since it costs little where nothing is due: script/bench reminders measures both.
    "reminders.deliver": {"task": "reminders.deliver", "schedule": 2.0, "options": {"expires": 30}},
    "reminders.sweep": {"task": "reminders.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "reminders.purge_texts": {"task": "reminders.purge_texts", "schedule": 3600.0, "options": {"expires": 3600}},
    "reminders.purge": {"task": "reminders.purge", "schedule": 3600.0, "options": {"expires": 3600}},
    "reminders.follow_zone_data": {
        "task": "reminders.follow_zone_data",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "reminders.follow_meetings": {"task": "reminders.follow_meetings", "schedule": 60.0, "options": {"expires": 60}},
    "meetings.settle_missing": {"task": "meetings.settle_missing", "schedule": 60.0, "options": {"expires": 60}},
    "meetings.forget_places": {"task": "meetings.forget_places", "schedule": 3600.0, "options": {"expires": 3600}},
    "meetings.roll_forward": {"task": "meetings.roll_forward", "schedule": 60.0, "options": {"expires": 60}},
    "accounts.build_exports": {"task": "accounts.build_exports", "schedule": 60.0, "options": {"expires": 60}},
    # What a full disk kept from being written at once.
    "accounts.write_ledger": {"task": "accounts.write_ledger", "schedule": 60.0, "options": {"expires": 60}},
    "accounts.purge": {"task": "accounts.purge", "schedule": 3600.0, "options": {"expires": 3600}},
    "accounts.forget_idle": {"task": "accounts.forget_idle", "schedule": 21600.0, "options": {"expires": 21600}},
    "meetings.purge_unconfirmed": {
        "task": "meetings.purge_unconfirmed",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "meetings.forget_attendance": {
        "task": "meetings.forget_attendance",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "meetings.extend_standing_signups": {
        "task": "meetings.extend_standing_signups",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}

# -- The organisation --------------------------------------------------------------------------------------------------

#: peer, clinical (HIPAA) or part2 (42 CFR part 2): see accounts.organisation.
ORGANISATION_PROFILE = env.choice("ORGANISATION_PROFILE", default="PEER", choices=("PEER", "CLINICAL", "PART2")).lower()

# -- Email -----------------------------------------------------------------------------------------------------------

#: smtp://, smtps:// or submission:// with user and password; outbox:// keeps messages in DATA_DIR for /dev/outbox/.
_email = env.email_server("EMAIL_URL")
OUTBOX_DIR = DATA_DIR / "outbox"
EMAIL_PROVIDER, EMAIL_WEBHOOK = "", ""
if _email is None:
    EMAIL_BACKEND = "support.messaging.outbox.EmailBackend"
elif "EMAIL_PROVIDER" in _email:
    EMAIL_PROVIDER, EMAIL_WEBHOOK = _email["EMAIL_PROVIDER"], _email["EMAIL_WEBHOOK"]
    EMAIL_BACKEND, ANYMAIL = _email["EMAIL_BACKEND"], _email["ANYMAIL"]
else:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"], _email["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = _email["EMAIL_USE_TLS"], _email["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20  # seconds, for a whole message; and for opening the line
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"{SENDER_NAME} <no-reply@{_public.hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
#: Where mail comes back to, each message under a signed part of its own: see support.messaging.bounce_address. What is
#: before the @ leaves room for that (RFC 5321 section 4.5.3.1.1: 64 octets in all).
BOUNCE_ADDRESS = env.address("BOUNCE_ADDRESS", longest=20)
#: Whoever writes there from an address that its own server had spoken against gets messages again.
UNBLOCK_ADDRESS = env.address("UNBLOCK_ADDRESS")
#: Who calendar entries say they are from: the bare address of DEFAULT_FROM_EMAIL.
ORGANIZER_EMAIL = parseaddr(DEFAULT_FROM_EMAIL)[1]

# -- Text messages ----------------------------------------------------------------------------------------------------

#: Who sends text messages: "twilio", "telnyx", "outbox" while developing, or nobody.
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN")
TWILIO_MESSAGING_SERVICE_SID = env.text("TWILIO_MESSAGING_SERVICE_SID")
TWILIO_FROM = env.text("TWILIO_FROM")
#: Where its interface is found, for a test server or a region: an origin.
TWILIO_API_BASE = env.origin("TWILIO_API_BASE", default="https://api.twilio.com").geturl()
TELNYX_API_KEY = env.text("TELNYX_API_KEY")
#: What its calls to us are signed with.
TELNYX_PUBLIC_KEY = env.text("TELNYX_PUBLIC_KEY")
TELNYX_FROM = env.text("TELNYX_FROM")
TELNYX_API_BASE = env.origin("TELNYX_API_BASE", default="https://api.telnyx.com").geturl()
SMS_PROVIDER = env.sms_provider(is_development=DEVELOPMENT)
#: The number that people write to, shown on pages; without one nobody is invited to write.
SMS_NUMBER = env.text("SMS_NUMBER", TWILIO_FROM or TELNYX_FROM)
#: The country of numbers that are written without its code.
PHONE_REGION = env.text("PHONE_REGION", "US").upper()
#: Where texts may go, by ISO 3166: elsewhere, and behind other codes of "+1", one can cost as much as fifty here.
SMS_COUNTRIES = env.countries("SMS_COUNTRIES", home=PHONE_REGION)
#: Texts in 24 hours from the whole site; a quarter of them may be codes. What goes beyond is said by email.
SMS_PER_DAY = env.number("SMS_PER_DAY", default=500, lowest=1)
SMS_TIMEOUT = 15  # seconds, for a whole request

#: What may leave a second, by all processes together; 0 for as fast as it goes. Texts count by their parts.
SEND_RATES = {"email": env.rate("EMAILS_PER_SECOND"), "sms": env.rate("SMS_PARTS_PER_SECOND")}

# -- Web push ---------------------------------------------------------------------------------------------------------

#: The site's own key (RFC 8292), 32 octets in base64url. Browsers subscribe to it: a new one ends every subscription.
VAPID_PRIVATE_KEY = generated_secret("VAPID_PRIVATE_KEY", new_private_key)
if not is_private_key(VAPID_PRIVATE_KEY):
    raise ImproperlyConfigured("VAPID_PRIVATE_KEY must be a P-256 private key: 32 octets in base64url.")
#: Whom a push service writes to where something is wrong.
VAPID_SUBJECT = f"mailto:{ORGANIZER_EMAIL}"
#: Hosts that subscriptions may name, with all below them: those of Chrome, Firefox, Edge and Safari.
PUSH_SERVICES = env.words(
    "PUSH_SERVICES",
    default=["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
)

# -- Accounts --------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "meetings:my_meetings"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# Length and not being known beat rules about signs (NIST SP 800-63B).
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "display_name"]},
    },
]
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
USERSESSIONS_ADAPTER = "accounts.adapter.UserSessionsAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900  # seconds
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
# Addresses are sealed at rest, which makes them longer; the width of the column on PostgreSQL.
ACCOUNT_EMAIL_MAX_LENGTH = 2048
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 900  # seconds
ACCOUNT_CHANGE_EMAIL = True  # one address each; a new one counts once it is verified
ACCOUNT_FORMS = {
    "login": "accounts.forms.login.LoginForm",
    "set_password": "accounts.forms.passwords.SetPasswordForm",
    "change_password": "accounts.forms.passwords.ChangePasswordForm",
    "reauthenticate": "accounts.forms.passwords.ReauthenticateForm",
    "add_email": "accounts.forms.mail.AddEmailForm",
    "change_email": "accounts.forms.mail.ChangeEmailForm",
    "confirm_login_code": "accounts.forms.codes.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.codes.ConfirmEmailCodeForm",
}
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds
MFA_FORMS = {
    "authenticate": "accounts.forms.factors.AuthenticateForm",
    "reauthenticate": "accounts.forms.factors.ReauthenticateForm",
    "activate_totp": "accounts.forms.factors.ActivateTOTPForm",
    "add_webauthn": "accounts.forms.passkeys.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.passkeys.RenamePasskeyForm",
    "authenticate_webauthn": "accounts.forms.passkeys.AuthenticatePasskeyForm",
    "login_webauthn": "accounts.forms.passkeys.LoginPasskeyForm",
    "reauthenticate_webauthn": "accounts.forms.passkeys.ReauthenticatePasskeyForm",
}
MFA_ADAPTER = "accounts.mfa.MfaAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # periods of 30 seconds; phones' clocks drift
# Browsers call http://localhost secure, so passkeys can be tried in development.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT and not IS_SECURE
#: Staff and coordinators reach their tools only once they have a passkey or an authenticator app.
REQUIRE_SECOND_FACTOR = env.flag("REQUIRE_SECOND_FACTOR", default=True)
# By where a request comes from and by what it asks for; counted in the cache that all processes share. Not by an
# address alone, which any stranger can give: accounts.asking counts what is sent to one, by who asks.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "request_login_code": "20/m/ip",
    # One press that was two; a second account is not made of it.
    "confirm_email": "1/10s/key",
    # The key is of an address and of who tries, see AccountAdapter.
    "login_failed": "10/m/ip,5/300s/key",
}

#: Forms that take the address of somebody who may be known or not: their answers wait for the next whole beat.
EVEN_PACE = {
    "account_login",
    "meetings:sign_up",
    "meetings:signup_requested",
}
EVEN_PACE_SECONDS = 0.25
#: Forms that one place, or one member, can send in a minute, whatever they are. Generous: a house shares an address.
POSTS_PER_MINUTE = env.number("POSTS_PER_MINUTE", default=60, lowest=1)
#: Account messages (codes and the like) that one address can be sent in an hour, by all strangers together.
ACCOUNT_MAILS_PER_HOUR = env.number("ACCOUNT_MAILS_PER_HOUR", default=20, lowest=1)
#: Confirmation requests that one address can be sent in an hour from one place; from all together, three times that.
SIGNUP_REQUESTS_PER_HOUR = env.number("SIGNUP_REQUESTS_PER_HOUR", default=5)

#: How long things are kept that nobody needs for ever; "accounts.purge" deletes what is over.
RETENTION = {
    "unconfirmed": timedelta(days=env.number("RETENTION_UNCONFIRMED_DAYS", default=2, lowest=1)),
    # People not seen for so long are erased, a month after they were told.
    "idle": timedelta(days=365) * env.number("RETENTION_IDLE_MONTHS", default=12, lowest=2) / 12,
    # A month at most: whoever writes to a number expects it to be forgotten.
    "inbound_texts": timedelta(days=min(30, env.number("RETENTION_INBOUND_TEXTS_DAYS", default=30, lowest=1))),
    # What became of each message. Nobody asks for it a year after the date that it was about.
    "messages": timedelta(days=env.number("RETENTION_MESSAGES_DAYS", default=365, lowest=30)),
    "access_records": timedelta(days=env.number("RETENTION_ACCESS_RECORDS_DAYS", default=730, lowest=1)),
}
#: The organisation's own rule for who was where; 0 keeps it for as long as the person stays.
_attendance_months = env.number("RETENTION_ATTENDANCE_MONTHS", default=24)
RETENTION_ATTENDANCE = timedelta(days=365) * _attendance_months / 12 if _attendance_months else None

# -- Languages and time ----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "support" / "locale"]
FORMAT_MODULE_PATH = "support.locale"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_COOKIE_SAMESITE = "Lax"

# -- Static files ----------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "support" / "static"]
# In development files are served from where they are; a deployment collects them, with names that never go stale.
WHITENOISE_USE_FINDERS = DEVELOPMENT
WHITENOISE_AUTOREFRESH = DEBUG
# Nobody else's page has a use for our files: whitenoise would let any site read them.
WHITENOISE_ALLOW_ALL_ORIGINS = False


def _keep_files_here(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Say of static files what support.http says of pages, which they do not pass."""
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


WHITENOISE_ADD_HEADERS_FUNCTION = _keep_files_here
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEVELOPMENT
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# -- Security and privacy --------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
# No address of ours reaches another site. "no-referrer" would hide it from ourselves as well: browsers then post forms
# with "Origin: null", which the CSRF check rightly refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "support.pages.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
#: Says that somebody signed in from this browser before, see accounts.known_browsers.
KNOWN_BROWSER_COOKIE_NAME = "known"
#: What a guest just asked for, sealed, for a quarter of an hour, see meetings.views.asked.
ASKED_COOKIE_NAME = "asked"
if IS_SECURE:
    # A __Host- cookie is bound to this host, to "/" and to https by the browser itself.
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    LANGUAGE_COOKIE_NAME = "__Host-language"
    KNOWN_BROWSER_COOKIE_NAME = "__Host-known"
    ASKED_COOKIE_NAME = "__Host-asked"
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    # Monitors and script/server ask behind the proxy, without TLS.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", default=31_536_000)
    # For this host alone: what the operator runs under other names is not ours to answer for.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
    SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", default=False)
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    # Trusted only where an operator says that a proxy sets (and strips) it.
    if env.flag("TRUST_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        # Without it all visitors would come from the proxy, and share its limits on forms.
        ALLAUTH_TRUSTED_PROXY_COUNT = 1
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# -- Logging: what happened, never to whom ---------------------------------------------------------------------------

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "support.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "filters": {"outage": {"()": "support.outage.OneLine"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "stream": sys.stderr,
            "filters": ["outage"],
        }
    },
    "root": {"handlers": ["console"], "level": env.choice("LOG_LEVEL", default="INFO", choices=LEVELS)},
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": "INFO"},
        # Hints come every few seconds; a line for each would bury what matters.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        # Strangers ask for other hosts all day; they get their 400, and no page of a log.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # At DEBUG it names each address it posts to, and a push subscription's is somebody's.
        "urllib3": {"level": "INFO"},
    },
}
