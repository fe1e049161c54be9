"""Convert the model's objects to attributes of items in the companies table, and back. All functions are pure.

`…_values` returns the attributes without the key. An attribute that is None or an empty set is left out of the item.
`…_from` reads the whole item. The keys, and the conditions of writes, are in `store.py`.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from customer_center.companies.model import (
    Attempt,
    Budgets,
    CachedContact,
    Claim,
    Company,
    EmailChange,
    EmailHolders,
    Erasure,
    ErpContact,
    Invitation,
    InvitationStatus,
    Link,
    Money,
    Renumbered,
    Role,
    User,
    UserStatus,
)
from customer_center.platform.clock import epoch, from_iso, iso
from customer_center.platform.dynamodb import Item
from customer_center.platform.search import folded
from customer_center.platform.stamps import stamped_at

_GONE_CONTACT_KEPT = timedelta(days=30)
_ATTEMPT_KEPT = timedelta(days=1)
_SORTED_BY = 200


def company_values(company: Company) -> dict[str, Any]:
    """Return the attributes of a company."""
    return {
        "customer_number": company.customer_number,
        "name": company.name,
        "customer_center": company.customer_center,
        "main_contact_email": company.main_contact_email,
        "customer_posting_group": company.customer_posting_group,
        "blocked": company.blocked,
        "main_contacts": set(company.main_contacts) or None,
        "as_of": dict(company.as_of) or None,
        "closed_at": _text(company.closed_at),
        "mails_stopped_until": _text(company.mails_stopped_until),
        "version": company.version,
        "created_at": iso(company.created_at),
        "updated_at": iso(company.updated_at),
    }


def company_from(item: Item) -> Company:
    """Return the company of an item."""
    return Company(
        company_id=item["pk"],
        customer_number=item["customer_number"],
        name=item["name"],
        customer_center=item["customer_center"],
        main_contact_email=item.get("main_contact_email"),
        customer_posting_group=item.get("customer_posting_group"),
        blocked=item["blocked"],
        main_contacts=frozenset(item.get("main_contacts", ())),
        as_of=item.get("as_of", {}),
        closed_at=_moment(item.get("closed_at")),
        mails_stopped_until=_moment(item.get("mails_stopped_until")),
        version=item["version"],
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )


def pointer_values(pointer: Renumbered) -> dict[str, Any]:
    """Return the attributes of a customer number that was replaced."""
    return {"renumbered_to": pointer.to, "renumbered_of": pointer.stamp}


def pointer_from(item: Item) -> Renumbered:
    """Return the pointer from a former customer number to the number that replaced it."""
    return Renumbered(item["renumbered_to"], item["renumbered_of"])


def erasure_values(erasure: Erasure) -> dict[str, Any]:
    """Return the attributes of an erasure."""
    return {"erased_at": iso(erasure.erased_at), "completed_at": _text(erasure.completed_at)}


def erasure_from(item: Item) -> Erasure:
    """Return the erasure of an item."""
    completed_at = item.get("completed_at")
    return Erasure(
        user_id=item["sk"].removeprefix("erasure#"),
        erased_at=from_iso(item["erased_at"]),
        completed_at=from_iso(completed_at) if completed_at else None,
    )


def user_values(user: User) -> dict[str, Any]:
    """Return the attributes of a user."""
    return {
        "contact_number": user.contact_number,
        "salutation": user.salutation,
        "name": user.name,
        "email": user.email,
        "language": user.language,
        "status": user.status.value,
        "roles": {role.value for role in user.roles},
        "budgets": _budget_values(user.budgets),
        "invitation": _invitation_values(user.invitation),
        "email_change": _email_change_values(user.email_change),
        "confirmed_hash": user.confirmed_hash,
        "noticed_hash": user.noticed_hash,
        "cancelled_hash": user.cancelled_hash,
        "contact_left_at": _text(user.contact_left_at),
        "claim": claim_values(user.claim) if user.claim else None,
        "version": user.version,
        "created_at": iso(user.created_at),
        "updated_at": iso(user.updated_at),
    }


def user_from(item: Item) -> User:
    """Return the user of an item."""
    return User(
        user_id=item["sk"].removeprefix("user#"),
        company_id=item["pk"],
        contact_number=item.get("contact_number"),
        salutation=item["salutation"],
        name=item["name"],
        email=item["email"],
        language=item["language"],
        status=UserStatus(item["status"]),
        roles=frozenset(map(Role, item["roles"])),
        budgets=_budgets_from(item.get("budgets") or {}),
        invitation=_invitation_from(item.get("invitation")),
        email_change=_email_change_from(item.get("email_change")),
        confirmed_hash=item.get("confirmed_hash"),
        noticed_hash=item.get("noticed_hash"),
        cancelled_hash=item.get("cancelled_hash"),
        contact_left_at=_moment(item.get("contact_left_at")),
        claim=_claim_from(item.get("claim")),
        version=item["version"],
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )


def holders_values(holders: EmailHolders) -> dict[str, Any]:
    """Return the attributes of an e-mail. `proved` says that `user_id` is its owner; older items do not have it."""
    return {
        "user_id": holders.owner_id,
        "proved": True if holders.owner_id else None,
        "invited": set(holders.invited) or None,
    }


def contact_values(company_id: str, row: CachedContact) -> dict[str, Any]:
    """Return the attributes of a cached ERP contact.

    A contact that the ERP deleted expires 30 days after the event that reported it, unless a user is linked to it.
    """
    expires = row.gone and row.user_id is None and "gone" in row.as_of
    return {
        **asdict(row.contact),
        "user_id": row.user_id,
        "gone": row.gone or None,
        "as_of": dict(row.as_of) or None,
        "expires_at": epoch(stamped_at(row.as_of["gone"]) + _GONE_CONTACT_KEPT) if expires else None,
        "listing": f"{company_id}#contacts" if row.listed else None,
        "listing_key": listing_key(row) if row.listed else None,
    }


def listing_key(row: CachedContact) -> str:
    """Return the key by which the contacts without an account are sorted: the folded name, then the number.

    A key of DynamoDB has at most 1024 bytes, and a folded character has at most four.
    """
    return f"{folded(row.contact.name)[:_SORTED_BY]}#{row.contact.contact_number}"


def contact_from(item: Item) -> CachedContact:
    """Return the cached ERP contact of an item."""
    values: dict[str, Any] = {name.name: item.get(name.name) for name in fields(ErpContact)}
    return CachedContact(ErpContact(**values), item.get("user_id"), item.get("gone", False), item.get("as_of", {}))


def attempt_values(attempt: Attempt) -> dict[str, Any]:
    """Return the attributes of an activation under way. The item expires after a day."""
    return {
        "attempt_id": attempt.attempt_id,
        "company_id": attempt.company_id,
        "user_id": attempt.user_id,
        "customer_number": attempt.customer_number,
        "email": attempt.email,
        "language": attempt.language,
        "requested_at": iso(attempt.requested_at),
        "mail_id": attempt.mail_id,
        "code_hash": attempt.code_hash,
        "code_expires_at": _text(attempt.code_expires_at),
        "tries": attempt.tries,
        "claim": claim_values(attempt.claim) if attempt.claim else None,
        "expires_at": epoch(attempt.requested_at + _ATTEMPT_KEPT),
    }


def attempt_from(item: Item) -> Attempt:
    """Return the activation under way of an item."""
    return Attempt(
        key=item["pk"].removeprefix("activation#"),
        attempt_id=item["attempt_id"],
        company_id=item["company_id"],
        user_id=item["user_id"],
        customer_number=item["customer_number"],
        email=item["email"],
        language=item["language"],
        requested_at=from_iso(item["requested_at"]),
        mail_id=item.get("mail_id"),
        code_hash=item.get("code_hash"),
        code_expires_at=_moment(item.get("code_expires_at")),
        tries=item["tries"],
        claim=_claim_from(item.get("claim")),
    )


def claim_values(claim: Claim) -> dict[str, str]:
    """Return the attribute `claim` of a user or an activation."""
    return {"claim_id": claim.claim_id, "lapses_at": iso(claim.lapses_at)}


def _claim_from(values: Mapping[str, Any] | None) -> Claim | None:
    return Claim(values["claim_id"], from_iso(values["lapses_at"])) if values else None


def _budget_values(budgets: Budgets) -> dict[str, Any] | None:
    given = {"per_order": budgets.per_order, "per_month": budgets.per_month}
    values = {name: {"amount": str(money.amount), "currency": money.currency} for name, money in given.items() if money}
    return values or None


def _budgets_from(values: Mapping[str, Any]) -> Budgets:
    return Budgets(**{name: Money(Decimal(money["amount"]), money["currency"]) for name, money in values.items()})


def _link_values(link: Link) -> dict[str, Any]:
    values = {
        "mail_id": link.mail_id,
        "expires_at": iso(link.expires_at),
        "sent_at": _text(link.sent_at),
        "token_hash": link.token_hash,
    }
    return _present(values)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    # Conditions test whether these attributes exist, so an absent value must not be stored as NULL.
    return {name: value for name, value in values.items() if value is not None}


def _link_from(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mail_id": values["mail_id"],
        "expires_at": from_iso(values["expires_at"]),
        "sent_at": _moment(values.get("sent_at")),
        "token_hash": values.get("token_hash"),
    }


def _invitation_values(invitation: Invitation | None) -> dict[str, Any] | None:
    if invitation is None:
        return None
    own = {
        "status": invitation.status.value,
        "invited_by": invitation.invited_by,
        "accepted_at": _text(invitation.accepted_at),
        "repeats": invitation.repeats or None,
    }
    return {**_link_values(invitation), **_present(own)}


def _invitation_from(values: Mapping[str, Any] | None) -> Invitation | None:
    if values is None:
        return None
    return Invitation(
        **_link_from(values),
        status=InvitationStatus(values["status"]),
        invited_by=values.get("invited_by"),
        accepted_at=_moment(values.get("accepted_at")),
        repeats=int(values.get("repeats", 0)),
    )


def _email_change_values(change: EmailChange | None) -> dict[str, Any] | None:
    if change is None:
        return None
    own = {
        "email": change.email,
        "requested_by": change.requested_by,
        "bounced": change.bounced,
        "old_token_hash": change.old_token_hash,
        "earlier_hashes": list(change.earlier_hashes) or None,
        "agreed": change.agreed or None,
        "takes_effect_at": _text(change.takes_effect_at),
    }
    return {**_link_values(change), **_present(own)}


def _email_change_from(values: Mapping[str, Any] | None) -> EmailChange | None:
    if values is None:
        return None
    own = {name: values[name] for name in ("email", "requested_by", "bounced")}
    return EmailChange(
        **_link_from(values),
        **own,
        old_token_hash=values.get("old_token_hash"),
        earlier_hashes=tuple(values.get("earlier_hashes", ())),
        agreed=values.get("agreed", False),
        takes_effect_at=_moment(values.get("takes_effect_at")),
    )


def _text(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def _moment(text: str | None) -> datetime | None:
    return from_iso(text) if text else None
