"""Companies and their users: the words and rules of seeds 000 and 001, without I/O and without a clock."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from customer_center.platform.errors import Conflict, FieldError, Forbidden, InvalidInput, RateLimit

_DAY_SECONDS = 24 * 60 * 60


class Role(StrEnum):
    """What a user is in the company (seed 001: "at least one role is selected")."""

    MAIN_CONTACT = "main_contact"
    APPROVER = "approver"
    BUYER = "buyer"
    BUSINESS_USER = "business_user"


class Permission(StrEnum):
    """What code checks; roles only carry them."""

    COMPANY_VIEW = "company.view"
    USERS_VIEW = "users.view"
    USERS_INVITE = "users.invite"
    USERS_EDIT = "users.edit"
    USERS_DEACTIVATE = "users.deactivate"
    USERS_DELETE = "users.delete"
    ROLES_ASSIGN = "roles.assign"
    BUDGETS_SET = "budgets.set"
    AUDIT_VIEW = "audit.view"
    ORDERS_BUY = "orders.buy"
    ORDERS_APPROVE = "orders.approve"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.MAIN_CONTACT: frozenset(Permission),
    Role.APPROVER: frozenset({Permission.ORDERS_APPROVE, Permission.ORDERS_BUY, Permission.COMPANY_VIEW}),
    Role.BUYER: frozenset({Permission.ORDERS_BUY}),
    Role.BUSINESS_USER: frozenset({Permission.ORDERS_BUY}),
}

ASSIGNABLE_ROLES = frozenset(Role) - {Role.BUSINESS_USER}
"""Roles a person may give to another; `business_user` comes from activation only."""


class UserStatus(StrEnum):
    """Where a user stands: only `active` users get in."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class InvitationStatus(StrEnum):
    """Where an invitation stands; `expired` is never stored, it follows from the time."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount above zero with two decimals, in a currency of ISO 4217."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Budgets:
    """What a user may spend per order and per month; None means no limit (seed 001: "define budgets")."""

    per_order: Money | None = None
    per_month: Money | None = None

    def check(self) -> None:
        """Raise InvalidInput when the two budgets differ in currency."""
        if self.per_order and self.per_month and self.per_order.currency != self.per_month.currency:
            pointer = "/budgets/per_month/currency"
            raise InvalidInput(errors=[FieldError(pointer, "currency-differs")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A single-use link that is mailed.

    `token_hash` is the SHA-256 of the secret in the link; the secret is kept nowhere. `mail_id` names the mail that
    carries the link: sending it twice is noticed by it. `sent_at` and `token_hash` are there once the mail went out.
    """

    mail_id: str
    expires_at: datetime
    sent_at: datetime | None = None
    token_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(Link):
    """One invitation of one user."""

    status: InvitationStatus
    invited_by: str

    def status_at(self, now: datetime) -> InvitationStatus:
        """Return the status as a reader should see it: a pending invitation past its time has expired."""
        if self.status is InvitationStatus.PENDING and now >= self.expires_at:
            return InvitationStatus.EXPIRED
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChange(Link):
    """A new e-mail that its owner has not confirmed yet (DESIGN §4, "edit"); the login keeps the old one until then."""

    email: str
    requested_by: str
    bounced: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One request that is finishing a single-use link or code; others wait until it ends or lapses."""

    claim_id: str
    lapses_at: datetime

    def blocks(self, claim_id: str, now: datetime) -> bool:
        """Whether another request holds the claim at this moment."""
        return self.claim_id != claim_id and now < self.lapses_at


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account in the shop, in one company. `version` counts its changes and is its ETag.

    `confirmed_hash` is the hash of the link that confirmed the e-mail: who follows it twice is told the same twice.
    `contact_left_at` is when the ERP said that the contact this user came from is gone.
    """

    user_id: str
    company_id: str
    salutation: str
    name: str
    email: str
    language: str
    status: UserStatus
    roles: frozenset[Role]
    created_at: datetime
    updated_at: datetime
    contact_number: str | None = None
    budgets: Budgets = field(default_factory=Budgets)
    invitation: Invitation | None = None
    email_change: EmailChange | None = None
    confirmed_hash: str | None = None
    contact_left_at: datetime | None = None
    claim: Claim | None = None
    version: int = 1

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the user's roles allow, together."""
        return frozenset().union(*(PERMISSIONS[role] for role in self.roles))

    @property
    def is_main_contact(self) -> bool:
        """Whether the user has the role of seed 000: "He will become the MainContact Role"."""
        return Role.MAIN_CONTACT in self.roles

    @property
    def has_login(self) -> bool:
        """Whether the person ever set a password: by activating, or by accepting their invitation."""
        return self.invitation is None or self.invitation.status is InvitationStatus.ACCEPTED

    def changed(self, now: datetime, **changes: object) -> "User":
        """Return the next version of this user."""
        return replace(self, version=self.version + 1, updated_at=now, **changes)  # type: ignore[arg-type] # fields by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be different about a user; None is as it was.

    `budgets` holds, by name, those of the two that are to be different, where None is no limit.
    """

    salutation: str | None = None
    name: str | None = None
    email: str | None = None
    language: str | None = None
    roles: frozenset[Role] | None = None
    budgets: Mapping[str, Money | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Company:
    """A customer of the ERP with its users here; `customer_center` to `blocked` are the ERP's, as last told.

    `main_contacts` holds the ids of the active main contacts, so that "never the last one" is one condition. `as_of`
    says for each of the ERP's fields which event (its time and id) told it, so that an older one changes nothing.
    `closed_at` is when an operator closed the company: nobody of it gets in any more.
    """

    company_id: str
    customer_number: str
    name: str
    customer_center: bool
    main_contact_email: str | None
    customer_posting_group: str | None
    blocked: bool
    created_at: datetime
    updated_at: datetime
    main_contacts: frozenset[str] = frozenset()
    as_of: Mapping[str, str] = field(default_factory=dict)
    closed_at: datetime | None = None
    version: int = 1

    def told(self, values: Mapping[str, object], of: str, now: datetime) -> "Company":
        """Return the company with those of the ERP's values that nothing newer has told; itself when there are none.

        `of` is the `stamp` of the event, or of the moment the ERP was read.
        """
        news = {name: value for name, value in values.items() if of > self.as_of.get(name, "")}
        if not news:
            return self
        as_of = {**self.as_of, **dict.fromkeys(news, of)}
        return replace(self, as_of=as_of, version=self.version + 1, updated_at=now, **news)  # type: ignore[arg-type] # fields by name


@dataclass(frozen=True, slots=True)
class Renumbered:
    """What a customer number became; `of` is the `stamp` of the event that told it."""

    to: str
    of: str


@dataclass(frozen=True, slots=True)
class ErpEvent:
    """What the ERP told of a customer or contact: only what is in `values`, as it was at the time `at`."""

    event_id: str
    at: datetime
    values: Mapping[str, str | bool | None]

    @property
    def of(self) -> str:
        """The event's place in the order of events."""
        return stamp(self.at, self.event_id)


@dataclass(frozen=True, slots=True)
class Member:
    """Who is calling: a user, and the company they are of, both as the request found them."""

    user: User
    company: Company


@dataclass(frozen=True, slots=True)
class ErpCustomer:
    """What the ERP says of a customer (seed 000, SelectCustomer). A missing `CustomerCenter` flag counts as 0."""

    customer_number: str
    name: str
    customer_center: bool
    main_contact_email: str | None
    customer_posting_group: str | None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class ErpContact:
    """One contact of the ERP (seed 000, "List of contacts from the ERP"); only the number and the name are certain."""

    contact_number: str
    name: str
    telephone: str | None = None
    telefax: str | None = None
    email: str | None = None
    language_code: str | None = None


@dataclass(frozen=True, slots=True)
class CachedContact:
    """An ERP contact as we keep it, with the user it became.

    `gone` says that the ERP has it no more: it stays, unlisted, so that an older event does not bring it back. `as_of`
    says for each field, and for `gone`, which event told it, as far as that is newer than the last full list.
    """

    contact: ErpContact
    user_id: str | None = None
    gone: bool = False
    as_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        """Whether it is one of the contacts without account. Events may tell of a contact before they tell its name."""
        return self.user_id is None and not self.gone and bool(self.contact.name)

    def told(self, values: Mapping[str, object], of: str, *, gone: bool, list_of: str) -> "CachedContact":
        """Return the contact with what an event tells, as far as nothing newer did; `list_of` is the last full list."""
        news = {name: value for name, value in values.items() if of > max(list_of, self.as_of.get(name, ""))}
        is_last = of > max(list_of, self.as_of.get("gone", ""))
        as_of = {**self.as_of, **dict.fromkeys(news, of), **({"gone": of} if is_last else {})}
        contact = replace(self.contact, **news)  # type: ignore[arg-type] # fields by name
        return replace(self, contact=contact, gone=gone if is_last else self.gone, as_of=as_of)

    def after_list(self, found: "CachedContact | None", of: str) -> "CachedContact | None":
        """Return what a full list read at that time makes of the contact: found in it or not. None when it is to go.

        What events told since stays. So does a contact that a user came from.
        """
        since = {name: told for name, told in self.as_of.items() if told > of}
        if found is None:
            return replace(self, as_of=since) if self.user_id or "gone" in since else None
        told = {name: getattr(self.contact, name) for name in since if name != "gone"}
        gone = self.gone and "gone" in since
        return CachedContact(replace(found.contact, **told), self.user_id or found.user_id, gone, since)


@dataclass(frozen=True, slots=True)
class ContactsPage:
    """One page of cached contacts, and where the next one begins."""

    contacts: Sequence[CachedContact]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ContactsRead:
    """When the ERP was last asked for a company's contacts; `outdated` when somebody came since who may be one."""

    at: datetime
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class RefusalLimits:
    """How many refused activations a customer number has per source network and window, and per day; how many codes."""

    per_network: int = 5
    network_window_seconds: int = 900
    per_day: int = 50
    codes_per_day: int = 20

    def left(self, network: int, day: int, now: datetime) -> tuple[RateLimit, RateLimit]:
        """Return what is left when so many refusals are counted of the network in its window, and of the day."""
        return (
            RateLimit.counted("refusals-per-network", self.per_network, self.network_window_seconds, network, now),
            RateLimit.counted("refusals-per-day", self.per_day, _DAY_SECONDS, day, now),
        )

    def codes_left(self, day: int, now: datetime) -> RateLimit:
        """Return what is left when so many codes are counted of the day."""
        return RateLimit.counted("codes-per-day", self.codes_per_day, _DAY_SECONDS, day, now)


@dataclass(frozen=True, slots=True)
class WrongLinkLimits:
    """How many links that we never sent a source network may try in a window."""

    per_network: int = 20
    window_seconds: int = 3600

    def left(self, count: int, now: datetime) -> RateLimit:
        """Return what is left when so many are counted in the window."""
        return RateLimit.counted("wrong-links", self.per_network, self.window_seconds, count, now)


@dataclass(frozen=True, slots=True)
class InvitationRules:
    """The parameters of invitations: how long a link is good, and the language of whoever has none.

    `new_email_valid_for` is how long the link is good that confirms a new e-mail.
    """

    valid_for: timedelta = timedelta(days=7)
    new_email_valid_for: timedelta = timedelta(hours=24)
    fallback_language: str = "en"
    create_erp_contact: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """An activation under way; its ids are those the company and the user will have: a repeat makes no second."""

    key: str
    attempt_id: str
    company_id: str
    user_id: str
    customer_number: str
    email: str
    language: str
    requested_at: datetime
    mail_id: str | None = None
    code_hash: str | None = None
    code_expires_at: datetime | None = None
    tries: int = 0
    claim: Claim | None = None


CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the ERP's clock may be from ours, in either direction."""


def stamp(at: datetime, event_id: str = "") -> str:
    """Return the moment of an event as text that sorts by time, then by the event's id."""
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')}#{event_id}"


def read_stamp(at: datetime, event_id: str = "") -> str:
    """Return the `stamp` of what we read from the ERP at that moment, by a clock of ours.

    Set back by what the ERP's clock may be slow: an event that counts as newer than it need be is put right by the
    event of what is newer still, and one that counted as older would be lost.
    """
    return stamp(at - CLOCKS_DIFFER, event_id)


def stamped_at(of: str) -> datetime:
    """Return the moment of a `stamp`."""
    return datetime.fromisoformat(of.partition("#")[0])


def normalized_email(email: str) -> str:
    """Return the e-mail as it is compared and kept unique: trimmed, in lower case.

    Lower case and not casefolded, which makes one domain of two: `großmann.de` is not `grossmann.de`.
    """
    return email.strip().lower()


def email_hint(email: str) -> str:
    """Return enough of an e-mail to recognise it by, and too little to write to."""
    return f"{email[:1]}***@{email.rpartition('@')[2]}"


def check_assignable(actor: User, roles: Iterable[Role], budgets: Budgets) -> None:
    """Raise unless the actor may give a new user these roles and budgets; see the two checks below."""
    check_roles_given(actor, roles)
    check_budgets_set(actor, Budgets(), budgets)


def check_roles_given(actor: User, roles: Iterable[Role]) -> None:
    """Raise unless the actor may give these roles: nobody grants a permission they lack.

    Raises InvalidInput for a role that is not for giving, Forbidden for one beyond the actor's own permissions.
    """
    wanted = frozenset(roles)
    if wanted - ASSIGNABLE_ROLES:
        raise InvalidInput(errors=[FieldError("/roles", "role-not-assignable")])
    check_permission(actor, Permission.ROLES_ASSIGN)
    granted = frozenset().union(*(PERMISSIONS[role] for role in wanted))
    if missing := granted - actor.permissions:
        raise Forbidden("permission-missing", permission=min(missing))


def check_budgets_set(actor: User, before: Budgets, after: Budgets) -> None:
    """Raise unless the actor may make these budgets of those; Forbidden, or InvalidInput for two currencies."""
    if before != after:
        check_permission(actor, Permission.BUDGETS_SET)
        after.check()


def check_permission(actor: User, permission: Permission) -> None:
    """Raise Forbidden unless the actor has the permission."""
    if permission not in actor.permissions:
        raise Forbidden("permission-missing", permission=permission)


def check_salutation(salutation: str, allowed: Iterable[str]) -> None:
    """Raise InvalidInput unless the shop knows this salutation (parameter `Salutations`; seed: `mr`, `mrs`)."""
    if salutation not in allowed:
        raise InvalidInput(errors=[FieldError("/salutation", "unknown-value")])


def check_not_self(actor: User, user: User) -> None:
    """Raise Conflict when a user would take access from themself."""
    if actor.user_id == user.user_id:
        raise Conflict("own-account")


def attempt_key(customer_number: str, email: str) -> str:
    """Return the key of the activation that this person has under way; it carries no personal data."""
    return hashlib.sha256(f"{customer_number}\n{normalized_email(email)}".encode()).hexdigest()[:40]


def secret_hash(secret: str) -> str:
    """Return the SHA-256 of a secret, as it is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
