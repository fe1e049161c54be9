"""The effects of changes in this room, as queue messages. They contain ids only, never personal data."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from customer_center.platform.clock import from_iso, iso
from customer_center.platform.ids import made_at, new_ulid
from customer_center.platform.journal import Effect, new_effect

MAIL = "mail"
IDENTITY = "identity"
ERP_CONTACT = "erp_contact"
ERASURE = "erasure"
SUPERSEDED = "superseded"
CONTACT_LIST = "contact_list"

QUEUES: Mapping[str, str] = {
    MAIL: "mail",
    IDENTITY: "identity",
    ERP_CONTACT: "erp_contact",
    ERASURE: "identity",
    SUPERSEDED: "identity",
    CONTACT_LIST: "contact_list",
}
"""The queue of each kind of effect. The outbox reads a queue's URL from the environment variable `<NAME>_QUEUE_URL`."""


def invitation_mail(user_id: str, mail_id: str) -> Effect:
    """Send this user's invitation; `mail_id` is that of the `Invitation`."""
    return Effect(mail_id, MAIL, {"template": "invitation", "user_id": user_id})


def email_confirmation_mail(user_id: str, mail_id: str) -> Effect:
    """Notify the old e-mail, then send the link that confirms the new one; `mail_id` is that of the `EmailChange`."""
    return Effect(mail_id, MAIL, {"template": "email_confirmation", "user_id": user_id})


def handed_over_mail(to: str, old_id: str, new_id: str, now: datetime) -> Effect:
    """Notify the user `to` that the user `old_id` handed the role of main contact over to the user `new_id`."""
    return new_effect(MAIL, now, template="main_contact_handed_over", user_id=to, old_id=old_id, new_id=new_id)


def activation_code_mail(attempt_key: str, mail_id: str) -> Effect:
    """Send the code of this activation; `mail_id` is that of the `Attempt`."""
    return Effect(mail_id, MAIL, {"template": "activation_code", "attempt_key": attempt_key})


def invitation_withdrawn_mail(to: str, invited_id: str, now: datetime) -> Effect:
    """Tell the user `to`, a main contact, that an invitation lapsed because whoever sent it may not invite any more."""
    return new_effect(MAIL, now, template="invitation_withdrawn", user_id=to, invited_id=invited_id)


def contact_left_mail(to: str, left_user_id: str, contact_number: str, now: datetime) -> Effect:
    """Tell the user `to`, a main contact, that the ERP deleted the contact that another user came from."""
    left = {"left_user_id": left_user_id, "contact_number": contact_number}
    return new_effect(MAIL, now, template="contact_left", user_id=to, **left)


def align_identity(user_id: str, now: datetime, *, company_changed: bool = False) -> Effect:
    """Align the user's login with the record; `company_changed` if a change of the company caused this."""
    return new_effect(IDENTITY, now, user_id=user_id, **({"company_changed": "yes"} if company_changed else {}))


def repair_login(user_id: str, settled_for: timedelta, now: datetime) -> Effect:
    """Align the user's login with the record. A login without one must not have been changed for `settled_for`."""
    return new_effect(IDENTITY, now, user_id=user_id, settled_seconds=str(round(settled_for.total_seconds())))


def check_logins(check: Mapping[str, str], now: datetime) -> Effect:
    """Compare the next page of all logins with their records; `check` is `LoginCheck.written`."""
    return new_effect(IDENTITY, now, **check)


def align_company(company_id: str, now: datetime, after: str | None = None) -> Effect:
    """Align the logins of the company's users with their records, beginning after the user id `after`."""
    return new_effect(IDENTITY, now, company_id=company_id, **({"after": after} if after else {}))


def complete_email_change(user_id: str, mail_id: str, now: datetime) -> Effect:
    """Make the user's confirmed e-mail the login when its time has come; `mail_id` is that of the `EmailChange`."""
    return new_effect(IDENTITY, now, user_id=user_id, email_change=mail_id)


def create_erp_contact(user_id: str, now: datetime) -> Effect:
    """Create the user's contact in the ERP."""
    return new_effect(ERP_CONTACT, now, user_id=user_id)


def supersede_invitations(user_ids: Iterable[str], now: datetime) -> Sequence[Effect]:
    """End the invitations of these users, because another user has proved their e-mail."""
    return [new_effect(SUPERSEDED, now, user_id=user_id) for user_id in sorted(user_ids)]


def read_contact_list(company_id: str, now: datetime, run: int = 1) -> Effect:
    """Read the company's contacts from the ERP, as was asked at `now`; `run` counts the runs of a long list."""
    return new_effect(CONTACT_LIST, now, company_id=company_id, asked_at=iso(now), run=str(run))


def erased_at(effect: Effect) -> datetime:
    """Return when the person of the effect was erased."""
    # Effects of earlier versions have only their id, which was made at that time.
    moment = from_iso(effect.data["erased_at"]) if "erased_at" in effect.data else made_at(effect.effect_id)
    assert moment is not None
    return moment


def asked_at(effect: Effect) -> datetime:
    """Return when the contact list of the effect was asked for."""
    return from_iso(effect.data["asked_at"])


def erase_from_journal(user_id: str, erased_at: datetime, now: datetime, after: str | None = None) -> Effect:
    """Blank the user's personal values in the journal, beginning after the entry id `after`.

    `erased_at` is that of the `Erasure`.
    """
    return new_effect(ERASURE, now, user_id=user_id, erased_at=iso(erased_at), **({"after": after} if after else {}))


def new_mail_id(now: datetime) -> str:
    """Return a fresh mail id."""
    return new_ulid(now)
