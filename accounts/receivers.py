"""What happens here when allauth announces something."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed, email_changed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import pre_delete, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.middleware import SIGNED_OUT
from accounts.models import ContactPoint, User
from accounts.queries import push_subscriptions
from accounts.services import ledger
from accounts.services.contact_points import follow_email
from accounts.services.guests import join_guest
from accounts.services.push_subscriptions import SESSION_KEY, end_subscriptions
from accounts.services.security import end_other_sessions
from accounts.wording import browser_words
from support import clock


@receiver(authentication_step_completed)
def keep_proven_address(sender: type[User], user: User, method: str, email: str | None = None, **_: Any) -> None:
    """Give somebody new the address row that allauth asks for, on their first code.

    That code made them, or a command or the admin did before. Without the row allauth would ask for a second code at
    once: the one they just typed proves the address.
    """
    if method == "code" and email and email == user.email:
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": True, "verified": True})


@receiver(user_logged_in)
def bring_what_they_had_as_a_guest(sender: type[User], user: User, **_: Any) -> None:
    """Let the dates that somebody asked for without an account, by the same address, be theirs."""
    join_guest(user=user, now=clock.now())


@receiver(authenticator_added)
def keep_this_session_alone(
    sender: type[Authenticator], request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Let the session that adds a second factor count as having shown it, and end those that never did.

    One of them may be why it was added. Recovery codes come with a factor, and nobody has typed one yet.
    """
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        return
    record_authentication(request, user, method="mfa", id=authenticator.pk, type=authenticator.type)
    if _end_elsewhere(request, user):
        messages.info(request, _("You were signed out everywhere else. Sign in there again, with what you just added."))


def _end_elsewhere(request: HttpRequest, user: User) -> int:
    """End what a person has open in other browsers than this one; return how many sessions that were."""
    here = request.session
    return end_other_sessions(user=user, key=here.session_key, spared=here.get(SESSION_KEY), now=clock.now())


@receiver(user_logged_out)
def end_notifications_here(sender: type[User], request: HttpRequest, user: User | None, **_: Any) -> None:
    """End notifications in a browser that somebody signs out of: at once where they were turned on in this session.

    Which subscription an older one is, the browser alone knows, and it says nothing of it when it sends a form: it is
    told to give that up itself.
    """
    request.META[SIGNED_OUT] = True
    here = request.session.get(SESSION_KEY)
    if user is None or here is None:
        return
    if mine := [each for each in push_subscriptions(user) if each.pk == here]:
        end_subscriptions(user=user, contact_points=mine, source="signed out", now=clock.now())


@receiver(pre_delete, sender=User)
@receiver(pre_delete, sender=ContactPoint)
def keep_forgotten(sender: type[User | ContactPoint], instance: User | ContactPoint, **_: Any) -> None:
    """Note in the ledger who is deleted, by whatever way: themselves, the calendar, staff.

    Whoever never confirmed that they are somebody is left out: the calendar forgets them again, and a stranger who
    types addresses would fill the file.
    """
    if _never_confirmed(instance):
        return
    own = {"user_id": instance.pk} if isinstance(instance, User) else {"contact_point_id": instance.pk}
    # The present even where a verb was given another: it is compared with when rows were made, and that is kept so.
    ledger.note(word=ledger.Word.ERASED, name=ledger.name_of(**own), now=clock.now())


def _never_confirmed(gone: User | ContactPoint) -> bool:
    if isinstance(gone, ContactPoint):
        return gone.user_id is None and gone.verified_at is None
    addresses = EmailAddress.objects.filter(user=gone)
    return gone.last_login is None and addresses.exists() and not addresses.filter(verified=True).exists()


@receiver(pre_save, sender=UserSession)
def keep_little_of_device(sender: type[UserSession], instance: UserSession, **_: Any) -> None:
    """Keep enough to recognise one's own phone in the list, and no address that says where somebody was."""
    instance.ip = "0.0.0.0"  # noqa: S104  # no address at all; the column wants one
    # What is longer has no room in the column once it is sealed.
    if "/" in instance.user_agent or len(instance.user_agent.encode()) > 40:
        instance.user_agent = browser_words(instance.user_agent)


@receiver(email_changed)
def send_to_new_address(
    sender: type[EmailAddress],
    request: HttpRequest,
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **kwargs: Any,
) -> None:
    """Let messages follow a member to their new address, and end the sessions that the old one may have opened."""
    if from_email_address is not None:
        # allauth announces a change after the fact, and without its time.
        now = clock.now()
        follow_email(user=user, old_email=from_email_address.email, new_email=to_email_address.email, now=now)
        join_guest(user=user, now=now)
    if _end_elsewhere(request, user):
        messages.info(request, _("Signed out everywhere else."))
