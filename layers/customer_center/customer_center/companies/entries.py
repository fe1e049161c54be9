"""Journal entries of changes to users and companies: the visible fields, before and after.

An entry's `request_id` identifies the cause of the change: an API request, a webhook, a mail or an effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from customer_center.companies.actions import Action
from customer_center.companies.model import Company, ErpCustomer, Money, User, email_hint
from customer_center.platform.clock import iso
from customer_center.platform.journal import Actor, Effect, Entry, new_entry

CUSTOMER_SYNC = Actor("system", "customer_sync")
_ERP_FIELDS = tuple(each.name for each in fields(ErpCustomer))


def user_entry(
    action: Action,
    *,
    before: User | None,
    after: User | None,
    actor: Actor,
    now: datetime,
    request_id: str,
    effects: Sequence[Effect] = (),
) -> Entry:
    """Return the entry of a change to one user; `before` is None for a new user, `after` for a deleted one."""
    subject = after or before
    assert subject is not None
    old, new = _visible(before), _visible(after)
    return new_entry(
        partition=subject.company_id,
        now=now,
        actor=actor,
        action=action,
        subject=subject.user_id,
        request_id=request_id,
        changes={name: (old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)},
        effects=effects,
    )


def administered(
    action: Action, before: User, after: User, actor: User, request_id: str, follow: Sequence[Effect] = ()
) -> Entry:
    """Return the entry of a change that a user made to a colleague or to their own account; `follow`: its effects."""
    return user_entry(
        action,
        before=before,
        after=after,
        actor=person(actor),
        now=after.updated_at,
        request_id=request_id,
        effects=follow,
    )


def erp_user_entry(
    action: Action, before: User, after: User, now: datetime, webhook_id: str, effects: Sequence[Effect] = ()
) -> Entry:
    """Return the entry of a change to one user that an ERP webhook made."""
    return user_entry(
        action,
        before=before,
        after=after,
        actor=CUSTOMER_SYNC,
        now=now,
        request_id=webhook_id,
        effects=effects,
    )


def erp_company_entries(action: Action, before: Company, after: Company, now: datetime, webhook_id: str) -> list[Entry]:
    """Return the entry of a change to a company that an ERP webhook made; no entry when no ERP field changed."""
    changed = [name for name in _ERP_FIELDS if getattr(before, name) != getattr(after, name)]
    changes = {name: (_hinted(name, before), _hinted(name, after)) for name in changed}
    if not changes:
        return []
    return [
        new_entry(
            partition=after.company_id,
            now=now,
            actor=CUSTOMER_SYNC,
            action=action,
            subject=after.company_id,
            request_id=webhook_id,
            changes=changes,
        )
    ]


def _hinted(name: str, company: Company) -> object:
    """Return a company's value for the journal. An e-mail becomes a hint, as an erasure does not blank this entry."""
    value: object = getattr(company, name)
    return email_hint(value) if name == "main_contact_email" and isinstance(value, str) else value


def contact_list_entry(company_id: str, actor: Actor, now: datetime, request_id: str, effect: Effect) -> Entry:
    """Return the entry that has the company's contacts read from the ERP. It is not in the company's audit trail."""
    return new_entry(
        partition=f"{company_id}#contacts",
        now=now,
        actor=actor,
        action="contacts.asked_for",
        subject=company_id,
        request_id=request_id,
        effects=[effect],
    )


def person(user: User) -> Actor:
    """Return the user as the journal's actor."""
    return Actor("person", user.user_id)


def _visible(user: User | None) -> Mapping[str, Any]:
    if user is None:
        return {}
    return {
        "contact_number": user.contact_number,
        "salutation": user.salutation,
        "name": user.name,
        "email": user.email,
        "new_email": user.email_change.email if user.email_change else None,
        "language": user.language,
        "status": user.status.value,
        "roles": sorted(user.roles),
        "budget_per_order": _money(user.budgets.per_order),
        "budget_per_month": _money(user.budgets.per_month),
        "invitation": user.invitation.status.value if user.invitation else None,
        "contact_left_at": iso(user.contact_left_at) if user.contact_left_at else None,
    }


def _money(money: Money | None) -> str | None:
    return f"{money.amount} {money.currency}" if money else None
