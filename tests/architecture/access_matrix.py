"""Who gets what at each address, by GET. A new address fails the test until someone has thought about it here.

200 a page · 302 sent elsewhere (a visitor: to sign in) · 403 refused · 404 as if it were not there · 405 acts by POST
"""

from __future__ import annotations

from typing import NamedTuple

import time_machine

from tests.conftest import NOW


class Row(NamedTuple):
    visitor: int
    #: Has a place at the meeting's date.
    member: int
    #: Signed in, with nothing to do with this meeting.
    outsider: int
    #: Runs the meeting.
    facilitator: int
    #: Looks after the meeting's service body, with a second factor; runs no meeting.
    coordinator: int
    #: Works for the site, with a second factor; runs no meeting.
    staff: int


def everyone(status: int) -> Row:
    return Row(status, status, status, status, status, status)


def members(status: int) -> Row:
    """Visitors are sent to sign in; everyone else gets the same."""
    return Row(302, status, status, status, status, status)


MATRIX: dict[str, Row] = {
    # The meetings and signing up: by slug, or by a signed link that is the key itself.
    "home": everyone(200),
    "meetings:list": everyone(200),
    "meetings:print": everyone(200),
    "meetings:detail": everyone(200),
    "meetings:calendar": everyone(200),
    "meetings:sign_up": everyone(200),
    "meetings:signup_requested": everyone(200),
    "meetings:signup_confirm": everyone(200),
    "meetings:signup_manage": everyone(200),
    "meetings:signup_cancel": everyone(405),
    "meetings:signup_restore": everyone(405),
    "meetings:signup_calendar": everyone(200),
    "meetings:new_day": everyone(200),
    # A member's own, and a facilitator's: staff have the admin, and no way in here.
    "meetings:my_meetings": members(200),
    "meetings:calendar_address": members(405),
    # For a calendar program, which signs in nowhere: the random address is the key.
    "meetings:my_calendar": everyone(200),
    "meetings:favourite": everyone(405),
    "meetings:home_group": everyone(405),
    "meetings:my_signup_cancel": members(405),
    "meetings:my_signup_restore": members(405),
    "meetings:my_standing_end": members(405),
    # A coordinator's, of the body that owns the meeting.
    "meetings:missing": Row(302, 404, 404, 404, 200, 200),
    "meetings:missing_decide": Row(302, 404, 404, 404, 405, 405),
    "meetings:bodies": Row(302, 404, 404, 404, 200, 404),
    "meetings:body": Row(302, 404, 404, 404, 200, 404),
    "meetings:listing": Row(302, 404, 404, 404, 200, 404),
    "meetings:invite_coordinator": Row(302, 404, 404, 404, 405, 404),
    "meetings:remove_coordinator": Row(302, 404, 404, 404, 405, 404),
    "meetings:invite_facilitator": Row(302, 404, 404, 404, 405, 404),
    "meetings:remove_facilitator": Row(302, 404, 404, 404, 405, 404),
    "meetings:withdraw": Row(302, 404, 404, 404, 405, 404),
    "meetings:invitation": everyone(200),
    "meetings:facilitate": Row(302, 404, 404, 200, 404, 404),
    "meetings:occurrence": Row(302, 404, 404, 200, 404, 404),
    "meetings:occurrence_move": Row(302, 404, 404, 200, 404, 404),
    "meetings:occurrence_cancel": Row(302, 404, 404, 200, 404, 404),
    "meetings:occurrence_restore": Row(302, 404, 404, 200, 404, 404),
    # The staff's pages about messages: not there for anybody else.
    "reminders:watch": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_message": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_replay": Row(302, 404, 404, 404, 404, 405),
    "reminders:watch_abort": Row(302, 404, 404, 404, 404, 405),
    "reminders:watch_signup": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_texts": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_text_read": Row(302, 404, 404, 404, 404, 405),
    "reminders:watch_blocks": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_find_block": Row(302, 404, 404, 404, 404, 405),
    "reminders:watch_block": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_lift": Row(302, 404, 404, 404, 404, 405),
    "reminders:watch_lift_all": Row(302, 404, 404, 404, 404, 405),
    "reminders:watch_aside": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_channels": Row(302, 404, 404, 404, 404, 200),
    "reminders:watch_pause": Row(302, 404, 404, 404, 404, 405),
    "reminders:watch_resume": Row(302, 404, 404, 404, 404, 405),
    # What one will get, and when; a guest sees it by their own link, a facilitator an example.
    "reminders:plan": members(200),
    # To have a reminder sent anyway, or at another time: by the link to a place, or signed in.
    "reminders:anyway_by_link": everyone(405),
    "reminders:times_by_link": everyone(405),
    "reminders:anyway": members(405),
    "reminders:times": members(405),
    "reminders:plan_by_link": everyone(200),
    "reminders:plan_preview": Row(302, 404, 404, 200, 404, 404),
    # Notifications in one's own browser; the script that shows them says nothing about anyone.
    "reminders:push_worker": everyone(200),
    "reminders:push_on": members(405),
    "reminders:push_off": members(405),
    # What anyone may read. The development pages exist because tests run as development.
    "reminders:unsubscribe": everyone(200),
    # From an answer by text to the finder, around the same place.
    "reminders:found": everyone(302),
    # From a text message to the page of a place; the signed link is the key.
    "reminders:short": everyone(302),
    # A provider's receipts, by signed POST; absent until a provider and its secret are set.
    "reminders:email_webhook": everyone(405),
    # The same of a provider of text messages.
    "reminders:twilio_inbound": everyone(405),
    "reminders:twilio_status": everyone(405),
    "reminders:telnyx_inbound": everyone(405),
    "reminders:telnyx_status": everyone(405),
    "crisis": everyone(200),
    # For whoever needs it, without an account and without a trace.
    "start_again": everyone(200),
    "about": everyone(200),
    "privacy": everyone(200),
    "leaving": everyone(200),
    "healthz": everyone(200),
    # For whoever brings the token.
    "metrics": everyone(404),
    "favicon": everyone(302),
    "robots": everyone(200),
    # Those of development, to anybody elsewhere: this machine is asked in tests/unit/test_development.py.
    "styleguide": everyone(404),
    "outbox": everyone(404),
    "outbox_text": everyone(405),
    "outbox_empty": everyone(405),
    "outbox_message": everyone(404),
    "outbox_html": everyone(404),
    "set_language": everyone(302),
    # Accounts: allauth's, some turned elsewhere by ours. Someone signed in has no use for a sign-in page.
    "/accounts/login/code/": everyone(302),
    "/accounts/signup/passkey/": everyone(302),
    "/accounts/password/reset/": everyone(302),
    "/accounts/password/reset/<path:rest>": everyone(302),
    "/accounts/email/": everyone(302),
    "/accounts/password/set/": everyone(302),
    "/accounts/2fa/webauthn/add/": everyone(302),
    "/accounts/2fa/totp/activate/": everyone(302),
    "account_login": Row(200, 302, 302, 302, 302, 302),
    "account_logout": members(200),
    "account_inactive": everyone(200),
    "account_signup": everyone(302),
    "account_reauthenticate": Row(302, 403, 403, 403, 302, 302),
    "account_email": everyone(302),
    "account_email_verification_sent": everyone(302),
    "account_change_password": everyone(302),
    "account_set_password": everyone(302),
    "account_reset_password": everyone(302),
    "account_confirm_login_code": everyone(302),
    "account_reset_password_from_key_done": everyone(302),
    "account_reset_password_from_key": everyone(302),
    "account_reset_password_done": everyone(302),
    "account_request_login_code": everyone(302),
    "mfa_index": members(200),
    "mfa_authenticate": everyone(302),
    "mfa_reauthenticate": Row(302, 403, 403, 403, 200, 200),
    "mfa_activate_totp": everyone(302),
    "mfa_deactivate_totp": Row(302, 404, 404, 404, 302, 302),
    "mfa_view_recovery_codes": members(404),
    "mfa_generate_recovery_codes": Row(302, 200, 200, 200, 302, 302),
    "mfa_download_recovery_codes": members(404),
    "mfa_list_webauthn": members(200),
    "mfa_add_webauthn": everyone(302),
    "mfa_reauthenticate_webauthn": Row(302, 403, 403, 403, 302, 302),
    "mfa_remove_webauthn": Row(302, 404, 404, 404, 302, 302),
    "mfa_edit_webauthn": Row(302, 404, 404, 404, 302, 302),
    "mfa_login_webauthn": everyone(302),
    "usersessions_list": members(200),
    "accounts:settings": members(200),
    "accounts:messages": members(200),
    "accounts:messages_by_link": everyone(200),
    # For one's own eyes.
    "accounts:clean_time": members(200),
    "accounts:clean_time_again": members(405),
    "accounts:clean_time_forget": members(405),
    "accounts:data": members(200),
    "accounts:ask_for_export": members(405),
    # Each asks first for a fresh proof of who it is.
    "accounts:download": members(302),
    "accounts:leave": members(302),
    "accounts:ask_for_data_link": everyone(405),
    "accounts:data_by_link": everyone(200),
    "accounts:keep_by_link": everyone(200),
    "accounts:download_by_link": everyone(404),
    "accounts:prove": members(200),
    # A phone would let a stranger with an unlocked screen read along: a fresh proof first.
    "accounts:phone": members(302),
    "accounts:phone_code": members(302),
    "accounts:phone_choose": members(405),
    "accounts:phone_remove": members(405),
    "accounts:remove_password": members(405),
    "accounts:sign_out_everywhere": members(405),
}


def at_the_time_of_its_objects() -> time_machine.travel:
    """Return a context whose clock begins at the time that the objects of the matrix are made for, and goes on."""
    return time_machine.travel(NOW)
