"""Companies and their users: the data and the rules of seeds 000 and 001.

This module does no I/O and reads no clock (docs/specification.md, 1.3). It defines the rules that several modules
enforce: the tenant wall (`is_colleague`), the last main contact (`last_main_contact`), the limits (`RefusalLimits`,
`WrongLinkLimits`).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from customer_center.companies.ids import company_of
from customer_center.platform.email_address import normalized_email
from customer_center.platform.errors import Conflict, FieldError, Forbidden, InvalidInput, RateLimit
from customer_center.platform.frozen import frozen
from customer_center.platform.stamps import event_stamp, moment_of, newer

_DAY_SECONDS = 24 * 60 * 60
_HOUR_SECONDS = 60 * 60
_WIDE_NETWORK_FACTOR = 10


class Role(StrEnum):
    """A user's role in the company; every user has at least one."""

    MAIN_CONTACT = "main_contact"
    APPROVER = "approver"
    BUYER = "buyer"
    BUSINESS_USER = "business_user"


class Permission(StrEnum):
    """What a user may do in the company and in the shop."""

    COMPANY_VIEW = "company.view"
    USERS_VIEW = "users.view"
    USERS_INVITE = "users.invite"
    USERS_EDIT = "users.edit"
    USERS_DEACTIVATE = "users.deactivate"
    USERS_DELETE = "users.delete"
    ROLES_ASSIGN = "roles.assign"
    BUDGET_SET = "budgets.set"
    AUDIT_VIEW = "audit.view"
    ORDERS_BUY = "orders.buy"
    ORDERS_APPROVE = "orders.approve"


# Code checks permissions, never roles (docs/specification.md, 4.2).
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.MAIN_CONTACT: frozenset(Permission),
    Role.APPROVER: frozenset({Permission.ORDERS_APPROVE, Permission.ORDERS_BUY, Permission.COMPANY_VIEW}),
    Role.BUYER: frozenset({Permission.ORDERS_BUY}),
    Role.BUSINESS_USER: frozenset({Permission.ORDERS_BUY}),
}

ASSIGNABLE_ROLES = frozenset(Role) - {Role.BUSINESS_USER}
"""The roles that one user may give to another; only activation gives `business_user`."""


class UserStatus(StrEnum):
    """The state of an account: only `active` users can log in and call the API."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class InvitationStatus(StrEnum):
    """The state of an invitation. `expired` is never stored: it follows from the time.

    `superseded` means that the e-mail has an account by now: its owner activated or accepted another invitation.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    BOUNCED = "bounced"
    SUPERSEDED = "superseded"


@frozen
class Money:
    """An amount above zero, and its currency (ISO 4217)."""

    amount: Decimal
    currency: str


@frozen
class Budgets:
    """What a user may spend per order and per month (seed 001: "define budgets"). None means no limit."""

    per_order: Money | None = None
    per_month: Money | None = None

    def check(self) -> None:
        """Raise InvalidInput when the two budgets differ in currency."""
        if self.per_order and self.per_month and self.per_order.currency != self.per_month.currency:
            pointer = "/budgets/per_month/currency"
            raise InvalidInput(errors=[FieldError(pointer, "currency-differs")])


@frozen(kw_only=True)
class Link:
    """A single-use link in a mail.

    `mail_id` identifies the mail that contains the link, so that a repeated message is recognised. `sent_at` and
    `token_hash` are None until the mail is sent. `token_hash` is the SHA-256 of the secret in the link; the secret
    itself is not stored.
    """

    mail_id: str
    expires_at: datetime
    sent_at: datetime | None = None
    token_hash: str | None = None


@frozen(kw_only=True)
class Invitation(Link):
    """The invitation of a user. `invited_by` is the inviting user's id, None when an operator sent it.

    `accepted_at` is the time of the acceptance, and `repeats` counts the requests that used the link again after it.
    """

    status: InvitationStatus
    invited_by: str | None
    accepted_at: datetime | None = None
    repeats: int = 0

    def status_at(self, now: datetime) -> InvitationStatus:
        """Return the status at the time `now`: a pending invitation expires at `expires_at`."""
        if self.status is InvitationStatus.PENDING and now >= self.expires_at:
            return InvitationStatus.EXPIRED
        return self.status


@frozen(kw_only=True)
class EmailChange(Link):
    """A new e-mail that is not the login yet: its owner has not confirmed it, or the old address may still object.

    `requested_by` is the id of the user who edited the e-mail. `bounced` is True when the confirmation mail was not
    delivered. The link mailed to the new address has `token_hash`, the one in the notice to the old address
    `old_token_hash`; `earlier_hashes` are those of notices about changes that this one replaced, because their links
    cancel this change too. `agreed` says that the old address agreed to the change. `takes_effect_at` is None until the
    new address is confirmed; from then on it is the time when the login changes, unless the old address agrees before.
    See docs/specification.md, 4.8.
    """

    email: str
    requested_by: str
    bounced: bool = False
    old_token_hash: str | None = None
    earlier_hashes: tuple[str, ...] = ()
    agreed: bool = False
    takes_effect_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Return whether its links still work: a confirmed change waits, any other one expires at `expires_at`."""
        return self.takes_effect_at is not None or now < self.expires_at


EARLIER_NOTICES = 10
"""How many notices about replaced changes of an e-mail still cancel the present one."""

REPEAT_LASTS = timedelta(minutes=15)
"""How long a used link of an invitation signs in again, for a person whose answer was lost."""

REPEATS = 5
"""How many requests may use a link of an invitation again, whatever their password."""

CLAIM_LASTS = timedelta(seconds=30)
"""How long a claim is held. No function runs this long, so a claim never lapses while its request is still running."""
ENABLE_IS_SEEN = (0.1, 0.2, 0.4, 0.8, 1.0)
"""The waits between tries, in seconds, while Cognito does not see yet that a login was enabled."""


@frozen
class Claim:
    """One request's exclusive use of a link or code. Other requests must wait until it is released or lapses."""

    claim_id: str
    lapses_at: datetime

    def blocks(self, claim_id: str, now: datetime) -> bool:
        """Return whether the request `claim_id` must wait for this claim at the time `now`."""
        return self.claim_id != claim_id and now < self.lapses_at


@frozen
class User:
    """A person with an account in the shop, in one company. `version` counts the changes and is the ETag.

    `contact_number` is the number of the user's ERP contact, None for a user without one. `confirmed_hash` is the hash
    of the link that confirmed the current e-mail, so that a repeated confirmation succeeds; `noticed_hash` is that of
    the notice about it. `cancelled_hash` is that of the link that cancelled the last change. `contact_left_at` is the
    time when the ERP deleted the contact.
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
    noticed_hash: str | None = None
    cancelled_hash: str | None = None
    contact_left_at: datetime | None = None
    claim: Claim | None = None
    version: int = 1

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions of all the user's roles."""
        return frozenset().union(*(PERMISSIONS[role] for role in self.roles))

    @property
    def is_main_contact(self) -> bool:
        """Whether the user is a main contact (seed 000: "He will become the MainContact Role")."""
        return Role.MAIN_CONTACT in self.roles

    @property
    def is_active_main_contact(self) -> bool:
        """Whether the user is an active main contact: the rule of `last_main_contact` counts these users."""
        return self.is_main_contact and self.status is UserStatus.ACTIVE

    @property
    def has_login(self) -> bool:
        """Whether the person has set a password: by activating the company, or by accepting an invitation."""
        return self.invitation is None or self.invitation.status is InvitationStatus.ACCEPTED

    def changed(self, now: datetime, **changes: object) -> "User":
        """Return the next version of this user."""
        return replace(self, version=self.version + 1, updated_at=now, **changes)  # type: ignore[arg-type] # fields by name


@frozen
class EmailHolders:
    """Who has an e-mail. `owner_id` is the user who has proved it, and whose login it is: at most one.

    `invited` holds the ids of users who never had a login, at most one of each company. They own nothing: whoever
    proves the e-mail becomes its owner (docs/specification.md, 4.41).
    """

    owner_id: str | None = None
    invited: frozenset[str] = frozenset()

    def colleague(self, company_id: str) -> str | None:
        """Return the id of the company's user who has the e-mail, None when there is none."""
        holders = (self.owner_id, *sorted(self.invited))
        return next((user_id for user_id in holders if user_id and is_colleague(user_id, company_id)), None)

    def joined_by(self, user_id: str) -> "EmailHolders":
        """Return the holders with an invited user. Raises Conflict `email-in-use` for an owner or a colleague."""
        company_id = company_of(user_id)
        assert company_id
        if self.owner_id or self.colleague(company_id):
            raise Conflict("email-in-use")
        return replace(self, invited=self.invited | {user_id})

    def taken_by(self, user_id: str) -> "EmailHolders":
        """Return the holders with this user as owner. Raises Conflict `email-in-use` when another user is the owner."""
        if self.owner_id not in (None, user_id):
            raise Conflict("email-in-use")
        return EmailHolders(user_id, self.invited - {user_id})

    def left_by(self, user_id: str) -> "EmailHolders":
        """Return the holders without this user."""
        return EmailHolders(None if self.owner_id == user_id else self.owner_id, self.invited - {user_id})


@frozen
class NewUser:
    """What an administrator enters for a new user.

    None means the default. The default of `name` and `email` is the ERP contact's value. The default of `language` is
    the contact's language or, without one, the shop's. A user without an ERP contact needs `name` and `email`.
    """

    salutation: str
    roles: frozenset[Role]
    name: str | None = None
    email: str | None = None
    language: str | None = None
    budgets: Budgets = field(default_factory=Budgets)


@frozen(kw_only=True)
class Edit:
    """The changes to an existing user. None leaves a field unchanged.

    `budgets` maps `per_order` and `per_month` to the new budget. There None means no limit, and a missing key leaves
    the budget unchanged. A `NewUser` cannot express this, because its budgets are complete.
    """

    salutation: str | None = None
    name: str | None = None
    email: str | None = None
    language: str | None = None
    roles: frozenset[Role] | None = None
    budgets: Mapping[str, Money | None] = field(default_factory=dict)


@frozen
class Company:
    """A customer of the ERP with its users. The fields `customer_number` to `blocked` hold the ERP's latest values.

    `main_contacts` holds the ids of the active main contacts, so that the rule of `last_main_contact` is one condition
    on one item. `as_of` maps the name of an ERP field to the stamp of the event or reading that set it, so that an
    older event does not change it. `closed_at` is the time when an operator closed the company; from then on its users
    cannot log in. Until `mails_stopped_until` its users can cause no mails, because too many came back
    (`BounceLimits`); None if that never happened.
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
    mails_stopped_until: datetime | None = None
    version: int = 1

    def mails_stopped(self, now: datetime) -> bool:
        """Return whether the mails that the company's users cause are stopped now (docs/specification.md, 8.31)."""
        return self.mails_stopped_until is not None and self.mails_stopped_until > now

    def with_erp_values(self, values: Mapping[str, object], stamp: str, now: datetime) -> "Company":
        """Return the company with the ERP's values that are newer than its own, or `self` if no value is newer.

        The values come from an event or from a reading of the ERP. `stamp` is its `event_stamp` or `read_stamp`.
        """
        changed = newer(values, stamp, self.as_of)
        if not changed:
            return self
        as_of = {**self.as_of, **dict.fromkeys(changed, stamp)}
        return replace(self, as_of=as_of, version=self.version + 1, updated_at=now, **changed)  # type: ignore[arg-type] # fields by name


@frozen
class Renumbered:
    """The customer number that replaced a former one. `stamp` is the stamp of the event `customer.renumbered`."""

    to: str
    stamp: str


@frozen
class ErpEvent:
    """An ERP event about a customer or contact. `values` holds the fields that the ERP sent.

    It happened `at_ns` nanoseconds after 1970.
    """

    webhook_id: str
    at_ns: int
    values: Mapping[str, str | bool | None]

    @property
    def at(self) -> datetime:
        """When it happened, in microseconds."""
        return moment_of(self.at_ns)

    @property
    def stamp(self) -> str:
        """The event's stamp. Stamps sort by the time of the events."""
        return event_stamp(self.at_ns, self.webhook_id)


@frozen
class Member:
    """A person who calls the API: the user and their company, as read at the start of the request."""

    user: User
    company: Company


@frozen
class Session:
    """The tokens of a login (RFC 6749 §5.1). Access and ID token are valid for `expires_in` seconds."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int


@frozen(kw_only=True)
class LoginState:
    """A login as the login service has it. Without `has_password`, nobody can log in or ask for a new password."""

    user_id: str
    email: str | None
    email_verified: bool
    language: str | None
    enabled: bool
    has_password: bool
    changed_at: datetime


@frozen
class LoggedIn:
    """A person who has just got access, by activating a company or accepting an invitation."""

    user: User
    company: Company
    session: Session


@frozen
class ErpCustomer:
    """A customer as the ERP describes it (seed 000, SelectCustomer). A missing `CustomerCenter` flag counts as 0."""

    customer_number: str
    name: str
    customer_center: bool
    main_contact_email: str | None
    customer_posting_group: str | None
    blocked: bool = False


@frozen
class ErpContact:
    """A contact of the ERP (seed 000, "List of contacts from the ERP"). Only number and name are always present."""

    contact_number: str
    name: str
    telephone: str | None = None
    telefax: str | None = None
    email: str | None = None
    language_code: str | None = None


@frozen
class CachedContact:
    """An ERP contact in our cache. `user_id` is the user who is linked to it, None while there is no such user.

    A contact that the ERP deleted (`gone`) stays in the cache but is not listed, so that an older event does not
    restore it.
    `as_of` maps the name of a field, or `gone`, to the stamp of the event that set it after the last full list.
    """

    contact: ErpContact
    user_id: str | None = None
    gone: bool = False
    as_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        """Whether the contact list shows it. A contact that is known only from events may have no name yet."""
        return self.user_id is None and not self.gone and bool(self.contact.name)

    def with_erp_values(
        self, values: Mapping[str, object], stamp: str, *, gone: bool, list_stamp: str
    ) -> "CachedContact":
        """Return the contact with the event's values that are newer than its own.

        `stamp` is the stamp of the event. `list_stamp` is the stamp of the last full list, empty before the first one.
        """
        changed = newer(values, stamp, self.as_of, floor=list_stamp)
        is_last = bool(newer({"gone": gone}, stamp, self.as_of, floor=list_stamp))
        as_of = {**self.as_of, **dict.fromkeys(changed, stamp), **({"gone": stamp} if is_last else {})}
        contact = replace(self.contact, **changed)  # type: ignore[arg-type] # fields by name
        return replace(self, contact=contact, gone=gone if is_last else self.gone, as_of=as_of)

    def after_list(self, found: "CachedContact | None", list_stamp: str) -> "CachedContact | None":
        """Return the contact as it must be after a full list was read, None when it must be deleted.

        `found` is the contact in that list, None when the list does not contain it. Values from events that are newer
        than the list are kept. A contact that is linked to a user is kept too.
        """
        since = {name: stamp for name, stamp in self.as_of.items() if stamp > list_stamp}
        if found is None:
            return replace(self, as_of=since) if self.user_id or "gone" in since else None
        kept = {name: getattr(self.contact, name) for name in since if name != "gone"}
        gone = self.gone and "gone" in since
        return CachedContact(replace(found.contact, **kept), self.user_id or found.user_id, gone, since)


@frozen
class ContactsPage:
    """One page of cached contacts; `next_cursor` is None on the last page."""

    contacts: Sequence[CachedContact]
    next_cursor: str | None


@frozen
class ContactsRead:
    """When a company's contacts were last read from the ERP.

    `outdated` means that the contacts must be read again: an added user may be one of them, or one has no name yet.
    `asked_at` is when somebody last asked for a newer list, `failed_at` when the ERP failed since the last list.
    """

    at: datetime
    outdated: bool = False
    asked_at: datetime | None = field(default=None, compare=False)
    failed_at: datetime | None = field(default=None, compare=False)

    @property
    def is_awaited(self) -> bool:
        """Whether a newer list was asked for and has neither arrived nor failed."""
        return self.asked_at is not None and self.asked_at > max(self.at, self.failed_at or self.at)


ASKED_AGAIN_AFTER = timedelta(seconds=30)
"""The ERP is asked for a company's contacts at most once in this time."""


@frozen
class RefusalLimits:
    """The limits of refused activations and of mailed codes (docs/specification.md, 3.2 and 3.3).

    Refusals are limited per customer number and source network within a window, per customer number and day, and per
    source network and hour over all customer numbers. A wide network may have ten times as many refusals in an hour as
    one network, so that its owner gains little by changing networks. Codes are limited per customer number and day.
    Windows, hours and days are fixed intervals in UTC.
    """

    per_network: int = 5
    network_window_seconds: int = 900
    per_day: int = 50
    codes_per_day: int = 20
    per_network_and_hour: int = 20

    @property
    def per_wide_network_and_hour(self) -> int:
        """The limit of a wide network in an hour, over all customer numbers."""
        return _WIDE_NETWORK_FACTOR * self.per_network_and_hour

    def left(self, network: int, day: int, now: datetime) -> tuple[RateLimit, RateLimit]:
        """Return what is left after `network` refusals in the network's window and `day` refusals on the day."""
        return (
            RateLimit.counted("refusals-per-network", self.per_network, self.network_window_seconds, network, now),
            RateLimit.counted("refusals-per-day", self.per_day, _DAY_SECONDS, day, now),
        )

    def all_numbers_left(self, network: int, now: datetime) -> RateLimit:
        """Return what is left after `network` refusals of all customer numbers in the network's hour."""
        return RateLimit.counted("refusals-all-numbers", self.per_network_and_hour, _HOUR_SECONDS, network, now)

    def wide_network_left(self, wide: int, now: datetime) -> RateLimit:
        """Return what is left after `wide` refusals of all customer numbers in the wide network's hour."""
        return RateLimit.counted("refusals-wide-network", self.per_wide_network_and_hour, _HOUR_SECONDS, wide, now)

    def codes_left(self, day: int, now: datetime) -> RateLimit:
        """Return what is left after `day` codes were mailed on the day."""
        return RateLimit.counted("codes-per-day", self.codes_per_day, _DAY_SECONDS, day, now)

    def window(self, now: datetime) -> int:
        """Return the number of the window that this moment is in."""
        return int(now.timestamp()) // self.network_window_seconds

    @staticmethod
    def wide_network(network: str) -> str:
        """Return the larger network around a network: /16 of a /24 (IPv4), /32 of a /48 (IPv6).

        A /32 is the least that a provider of IPv6 gets. Its owner could use each of its networks in turn. `network` is
        written as `platform/networks.py` writes it; another text is returned as it is.
        """
        # Without the module ipaddress, which would be imported by every function that has a store.
        address, _, length = network.partition("/")
        if length == "24":
            return ".".join(address.split(".")[:2]) + ".0.0/16"
        if length == "48":
            return ":".join(group or "0" for group in address.split(":")[:2]) + "::/32"
        return network

    @staticmethod
    def counted_number(customer_number: str) -> str:
        """Return the form of the customer number by which refusals are counted.

        The form ignores case. Otherwise a caller could get more tries by varying the case, where the ERP ignores it.
        """
        return customer_number.casefold()


# How long point-in-time recovery keeps data; how long queues, dead-letter queues and failed records keep ids
# (template.yaml).
_IN_BACKUPS = timedelta(days=35)
_IN_QUEUES = timedelta(days=14)


@frozen
class Erasure:
    """The erasure of a person: when it was asked for, and when the journal was blanked (None until then)."""

    user_id: str
    erased_at: datetime
    completed_at: datetime | None = None

    @property
    def backups_until(self) -> datetime:
        """When the last backup that may hold the person's data expires."""
        return self.erased_at + _IN_BACKUPS

    @property
    def queues_until(self) -> datetime:
        """When the last message that may hold the person's id expires."""
        return self.erased_at + _IN_QUEUES


@frozen
class CodedLink:
    """The link that a typed code stands for: its user, and the hash of its secret."""

    user_id: str
    token_hash: str


@frozen
class WrongLinkLimits:
    """The limit of invalid links that a source network may try within a window (docs/specification.md, 5.6)."""

    per_network: int = 20
    window_seconds: int = 3600

    def left(self, count: int, now: datetime) -> RateLimit:
        """Return what is left after `count` wrong links in the window."""
        return RateLimit.counted("wrong-links", self.per_network, self.window_seconds, count, now)

    def window(self, now: datetime) -> int:
        """Return the number of the window that this moment is in."""
        return int(now.timestamp()) // self.window_seconds


@frozen
class Usage:
    """What the users of a company cause: mails, tries, and requests to the ERP.

    A try is a refused invitation, a refused new e-mail, or a row of a dry run. Each of them tells whether somebody has
    an account.
    """

    mails: int = 0
    tries: int = 0
    erp: int = 0

    def times(self, rows: int) -> "Usage":
        """Return what so many rows cause together."""
        return Usage(self.mails * rows, self.tries * rows, self.erp * rows)

    def __add__(self, other: "Usage") -> "Usage":
        """Return the sum of both."""
        return Usage(self.mails + other.mails, self.tries + other.tries, self.erp + other.erp)

    def __neg__(self) -> "Usage":
        """Return what takes this usage back."""
        return self.times(-1)


REVEALING = frozenset({"email-in-use", "contact-in-use", "contact-not-found"})
"""The refusals that count as tries: they tell who has an account, or whom the ERP knows."""


@frozen
class HourlyLimits:
    """The limits of what the users of one company cause per hour (docs/specification.md, 8.30). Hours are in UTC."""

    mails: int = 200
    tries: int = 600
    erp: int = 300

    def left(self, counted: Usage, now: datetime) -> Mapping[str, RateLimit]:
        """Return what is left of each limit, by the field of `Usage`, after so much was counted in this hour."""
        quotas = {
            "mails": ("mails-per-hour", self.mails, counted.mails),
            "tries": ("tries-per-hour", self.tries, counted.tries),
            "erp": ("erp-requests-per-hour", self.erp, counted.erp),
        }
        return {
            name: RateLimit.counted(policy, quota, _HOUR_SECONDS, count, now)
            for name, (policy, quota, count) in quotas.items()
        }


@frozen
class BounceLimits:
    """When a company's mails stop by themselves, before SES stops the mails of everybody (docs/specification.md, 8.31).

    They stop for the time `stop_for` when at least `per_day` mails of one day came back, and at least `percent` of the
    mails of that day. A mail comes back when it bounces, is refused, or its recipient complains.
    """

    per_day: int = 10
    percent: int = 10
    stop_for: timedelta = timedelta(hours=24)

    def reached(self, bounced: int, mails: int) -> bool:
        """Return whether the mails must stop, after `bounced` of the `mails` of one day came back."""
        return bounced >= self.per_day and bounced * 100 >= self.percent * mails

    def stopped(self, until: datetime, now: datetime) -> RateLimit:
        """Return the limit that a company has reached whose mails are stopped."""
        seconds = int(self.stop_for.total_seconds())
        return RateLimit("bounces-per-day", self.per_day, seconds, 0, int((until - now).total_seconds()) + 1)


@frozen
class InvitationRules:
    """The parameters of invitations and of new e-mails.

    `valid_for` is how long the link of an invitation is valid. `new_email_valid_for` is how long the link that confirms
    a new e-mail is valid, and `new_email_delay` how long after its mail the login changes, unless the old address
    agrees before. Who changes their own e-mail has logged in within `recent_login`. `fallback_language` is for users
    whose language is not known. With `create_erp_contact`, a requested user also gets a contact in the ERP.
    """

    valid_for: timedelta = timedelta(days=7)
    new_email_valid_for: timedelta = timedelta(hours=24)
    new_email_delay: timedelta = timedelta(hours=72)
    recent_login: timedelta = timedelta(minutes=15)
    fallback_language: str = "en"
    create_erp_contact: bool = False


@frozen
class Attempt:
    """An activation under way, found by its `key` (`attempt_key`).

    `company_id` and `user_id` are the ids of the future company and user, so that a repeated request does not create a
    second company or user. `mail_id` is None when no code is mailed. `code_hash` and `code_expires_at` are None until
    the code is sent. `tries` counts the codes that were entered.
    """

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


def email_hint(email: str) -> str:
    """Return part of an e-mail: enough to recognise the address, not enough to write to it."""
    return f"{email[:1]}***@{email.rpartition('@')[2]}"


def is_colleague(user_id: str, company_id: str) -> bool:
    """Return whether this is the id of a user of that company. This is the tenant wall (docs/specification.md, 2.4).

    A caller who asks for a user of another company gets the same answer as for an id that does not exist. The function
    checks only the id, without a read. It does not check whether the user exists.
    """
    return company_of(user_id) == company_id


def last_main_contact() -> Conflict:
    """Return the error for a change that would remove a company's last active main contact.

    The rule (docs/specification.md, 4.4): a company keeps at least one active main contact. The rule applies to every
    user who deactivates, demotes or deletes one. A handover is one transaction, so it also keeps the rule. The store
    enforces the rule as a condition of its write. A check before the write is not enough: two administrators who act at
    the same time would each still see the other main contact.
    """
    return Conflict("last-main-contact")


def check_assignable(actor: User, roles: Iterable[Role], budgets: Budgets) -> None:
    """Raise unless the actor may give a new user these roles and budgets. Raises what the two checks below raise."""
    check_all(lambda: check_roles_given(actor, roles), lambda: check_budgets_set(actor, Budgets(), budgets))


def check_all(*checks: Callable[[], object]) -> None:
    """Call all checks. Raises one InvalidInput with the wrong fields of all of them, and any other error at once."""
    wrong: list[FieldError] = []
    for check in checks:
        try:
            check()
        except InvalidInput as refusal:
            wrong += refusal.errors
    if wrong:
        raise InvalidInput(errors=wrong)


def check_roles_given(actor: User, roles: Iterable[Role]) -> None:
    """Raise unless the actor may give these roles. Nobody may grant a permission that they lack.

    Raises InvalidInput for a role that cannot be given, Forbidden for one with a permission that the actor lacks.
    """
    wanted = frozenset(roles)
    if wanted - ASSIGNABLE_ROLES:
        raise InvalidInput(errors=[FieldError("/roles", "role-not-assignable")])
    check_permission(actor, Permission.ROLES_ASSIGN)
    granted = frozenset().union(*(PERMISSIONS[role] for role in wanted))
    if missing := granted - actor.permissions:
        raise Forbidden("permission-missing", permission=min(missing))


def assignable_roles(actor: User) -> Sequence[Role]:
    """Return the roles that the actor may give to another user, in the order of `Role`."""
    if Permission.ROLES_ASSIGN not in actor.permissions:
        return []
    return [role for role in Role if role in ASSIGNABLE_ROLES and actor.permissions >= PERMISSIONS[role]]


def check_budgets_set(actor: User, before: Budgets, after: Budgets) -> None:
    """Raise unless the actor may change the budgets from `before` to `after`.

    Raises Forbidden, or InvalidInput for two currencies. Equal budgets need no permission.
    """
    if before != after:
        check_permission(actor, Permission.BUDGET_SET)
        after.check()


def check_permission(actor: User, permission: Permission) -> None:
    """Raise Forbidden unless the actor has the permission."""
    if permission not in actor.permissions:
        raise Forbidden("permission-missing", permission=permission)


def check_not_self(actor: User, user: User) -> None:
    """Raise Conflict `own-account` when the actor would take away their own access."""
    if actor.user_id == user.user_id:
        raise Conflict("own-account")


def attempt_key(customer_number: str, email: str) -> str:
    """Return the key of this person's activation under way: a digest, so that keys hold no personal data."""
    return hashlib.sha256(f"{customer_number}\n{normalized_email(email)}".encode()).hexdigest()[:40]


def secret_hash(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal. Only this hash is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()
