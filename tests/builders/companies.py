"""Companies, users and what belongs to them, every value filled in; a test names only what it is about."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

from customer_center.companies.model import (
    Attempt,
    Budgets,
    Claim,
    Company,
    EmailChange,
    Invitation,
    InvitationStatus,
    Money,
    Role,
    User,
    UserStatus,
    attempt_key,
    secret_hash,
)
from customer_center.platform.journal import Actor, Effect, Entry, new_entry
from tests.builders.erp import NUMBER
from tests.fakes.clock import NOON

COMPANY_ID = f"com_{1:026}"
OTHER_COMPANY_ID = f"com_{2:026}"
_serial = count(1)


def a_user_id(company_id: str = COMPANY_ID) -> str:
    """Return a fresh user id of the company; later ones sort later."""
    return f"usr_{company_id.removeprefix('com_')}_{next(_serial):026}"


def a_user(*, company_id: str = COMPANY_ID, roles=(Role.BUYER,), **given) -> User:
    """Return an active buyer of the company."""
    user_id = given.pop("user_id", None) or a_user_id(company_id)
    values = {
        "user_id": user_id,
        "company_id": company_id,
        "salutation": "mrs",
        "name": "Anna Mehl",
        "email": f"user{int(user_id[-26:])}@baecker.example",
        "language": "de",
        "status": UserStatus.ACTIVE,
        "roles": frozenset(roles),
        "created_at": NOON,
        "updated_at": NOON,
    }
    return User(**values | given)


def a_main_contact(**given) -> User:
    """Return an active main contact."""
    return a_user(roles={Role.MAIN_CONTACT}, **given)


def an_invited_user(*, secret: str | None = "secret", invitation=None, **given) -> User:
    """Return a user with a pending invitation. It was mailed with that secret, or not yet when it is None."""
    return a_user(status=UserStatus.INVITED, invitation=invitation or an_invitation(secret=secret), **given)


def an_invitation(*, secret: str | None = "secret", **given) -> Invitation:
    """Return a pending invitation. It was mailed with that secret, or not yet when it is None."""
    values = {
        "status": InvitationStatus.PENDING,
        "mail_id": f"mail-{next(_serial)}",
        # An operator, who is never refused later.
        "invited_by": None,
        "expires_at": NOON + timedelta(days=7),
        "sent_at": NOON if secret else None,
        "token_hash": secret_hash(secret) if secret else None,
    }
    return Invitation(**values | given)


def an_email_change(*, secret: str | None = "secret", old_secret: str | None = "old", **given) -> EmailChange:
    """Return a new e-mail that waits. Its links were mailed with these secrets, or not yet when they are None."""
    values = {
        "email": "new@baecker.example",
        "mail_id": f"mail-{next(_serial)}",
        "requested_by": "usr_nobody",
        "expires_at": NOON + timedelta(hours=24),
        "sent_at": NOON if secret else None,
        "token_hash": secret_hash(secret) if secret else None,
        "old_token_hash": secret_hash(old_secret) if secret and old_secret else None,
    }
    return EmailChange(**values | given)


def a_company(**given) -> Company:
    """Return a company with a customer center, without users."""
    values = {
        "company_id": COMPANY_ID,
        "customer_number": NUMBER,
        "name": "Bäcker Mehl",
        "customer_center": True,
        "main_contact_email": "tja@baecker.example",
        "customer_posting_group": "INLAND",
        "blocked": False,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Company(**values | given)


def an_attempt(*, code: str | None = "123456", **given) -> Attempt:
    """Return an activation that waits for its code. The code was mailed, or not yet when it is None."""
    company_id = given.pop("company_id", COMPANY_ID)
    values = {
        "attempt_id": "attempt-1",
        "company_id": company_id,
        "user_id": a_user_id(company_id),
        "customer_number": NUMBER,
        "email": "tja@baecker.example",
        "language": "de",
        "requested_at": NOON,
        "mail_id": "mail-1",
        "code_hash": secret_hash(f"attempt-1.{code}") if code else None,
        "code_expires_at": NOON + timedelta(minutes=15) if code else None,
    } | given
    return Attempt(key=values.pop("key", None) or attempt_key(values["customer_number"], values["email"]), **values)


def a_claim(claim_id: str = "claim-1", *, since=NOON, seconds: float = 30) -> Claim:
    """Return a claim taken at that moment."""
    return Claim(claim_id, since + timedelta(seconds=seconds))


def an_entry(*, company_id: str = COMPANY_ID, at=NOON, effects: tuple[Effect, ...] = (), **given) -> Entry:
    """Return a journal entry."""
    values = {
        "actor": Actor("system", "test"),
        "action": "user.edited",
        "subject": "something",
        "request_id": "request-1",
    }
    return new_entry(partition=company_id, now=at, effects=effects, **values | given)


def euros(amount: str) -> Money:
    """Return that many euros."""
    return Money(Decimal(amount), "EUR")


def budgets(per_order: str | None = None, per_month: str | None = None) -> Budgets:
    """Return budgets in euros."""
    return Budgets(per_order and euros(per_order), per_month and euros(per_month))
