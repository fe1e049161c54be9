"""What this room needs from outside, as Protocols. Adapters: `store.py`, `connectors/`, `platform/journal.py`.

The records that the room keeps are one port for each story, so that a use case names what it touches. `Companies` is
all of them together, for the store and the wiring.

Methods of records that take an entry write it in the same transaction as the change; when they raise, nothing was
written. Methods without an entry note technical facts: claims, counts, mails that were sent, contacts that were read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from customer_center.companies.model import (
    Attempt,
    CachedContact,
    Claim,
    Company,
    ContactsPage,
    ContactsRead,
    ErpContact,
    ErpCustomer,
    RefusalLimits,
    Renumbered,
    Session,
    User,
    WrongLinkLimits,
)
from customer_center.platform.clock import EPOCH
from customer_center.platform.errors import RateLimit
from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part


class CompanyExists(Exception):
    """Somebody else created, changed or closed the company of this customer number at the same time."""


class NumberInUse(Exception):
    """The new customer number belongs to another company: two companies cannot become one."""


# What every story reads


class Records(Protocol):
    """Reads of one user or one company."""

    def user(self, user_id: str) -> User | None:
        """Return the user as it is now (strongly consistent), None when there is none."""

    def colleague(self, company_id: str, user_id: str) -> User | None:
        """Return a user of that company (eventually consistent), None for everybody else: see `model.is_colleague`."""

    def user_id_of_email(self, email: str) -> str | None:
        """Return the id of the user who has this e-mail now (strongly consistent), None when nobody has it."""

    def company(self, company_id: str) -> Company | None:
        """Return the company (eventually consistent), None when there is none."""

    def current_company(self, company_id: str) -> Company | None:
        """Return the company as it is now (strongly consistent), None when there is none."""

    def company_of_number(self, customer_number: str) -> Company | None:
        """Return the company that has the customer number now (strongly consistent), None when no company has it.

        A number that became another one has no company: the ERP may give it to a new customer.
        """

    def customer_number(self, customer_number: str) -> Company | Renumbered | None:
        """Return the company of the number now, or the number that it became, or None (strongly consistent)."""


class CompanyRecords(Records, Protocol):
    """A company and its changes."""

    def change_company(
        self, before: Company, after: Company, *entries: Entry, user: tuple[User, User] | None = None
    ) -> None:
        """Write the differences between two versions of a company, and of one of its users in the same transaction.

        Of `main_contacts` only new members are written; members leave it with `change_users` and `delete_user`. Raises
        PreconditionFailed when somebody else changed the company or the user at the same time.
        """


# users/, audit/: the people of a company


class Users(Records, Protocol):
    """A user and their changes."""

    def change_user(self, before: User, after: User, entry: Entry, contact: ErpContact | None = None) -> None:
        """Write the differences between two versions of a user, as `change_users` does.

        `contact` is an ERP contact that is linked to the user; Conflict `contact-in-use` when it is another user's.
        """


class UserList(Protocol):
    """Several users of a company at once."""

    def users(self, company_id: str, *, limit: int, after: str | None = None, last_first: bool = False) -> Part[User]:
        """Return up to `limit` users of the company, oldest first or newest first, behind the user id `after`.

        `after` is any id of that company; the user need not exist.
        """

    def names_of(self, company_id: str, user_ids: Iterable[str]) -> Mapping[str, str]:
        """Return user id → name (eventually consistent) of those ids that are users of that company."""

    def users_of_emails(self, emails: Iterable[str]) -> Mapping[str, str]:
        """Return normalised e-mail → user id for those e-mails that a user has (strongly consistent)."""


class Administration(Remembering, Users, UserList, Protocol):
    """Users as their main contact administers them."""

    def add_user(self, user: User, entry: Entry, contact: ErpContact | None = None) -> None:
        """Add an invited user and link the ERP contact they come from; without one, mark the read contacts outdated.

        Raises Conflict `contact-in-use` or `email-in-use`.
        """

    def user_id_of_contact(self, company_id: str, contact_number: str) -> str | None:
        """Return the id of the user who came from this contact (eventually consistent), None when nobody did."""

    def change_users(self, changes: Sequence[tuple[User, User]], entries: Sequence[Entry]) -> None:
        """Write the differences between versions before and after of users of one company, in one transaction.

        Keeps the company's active main contacts and the owners of e-mails consistent. Raises PreconditionFailed when
        somebody else changed a user at the same time, Conflict `last-main-contact` (`model.last_main_contact`),
        Conflict `email-in-use`, InProgress.
        """

    def delete_user(self, user: User, entry: Entry, *, attempt: str) -> None:
        """Delete a user, their hold on the e-mail, and the activation under way with the key `attempt`.

        The ERP contact they came from has no account again. Raises PreconditionFailed, and Conflict `last-main-contact`
        (`model.last_main_contact`).
        """

    def record(self, entry: Entry) -> None:
        """Write an entry about a user who was deleted before."""


# onboarding/: activation, acceptance, confirmation


class Refusals(Protocol):
    """The counts of refused activations and of mailed codes (`model.RefusalLimits`)."""

    def reserve_refusal(
        self, customer_number: str, network: str, now: datetime, limits: RefusalLimits
    ) -> Sequence[RateLimit]:
        """Count an activation as refused and return what is left. `release_refusal` takes the count back.

        Counted before the activation is checked, so that parallel guesses all count. Raises TooManyRequests
        `too-many-refusals` when a limit is reached.
        """

    def release_refusal(self, customer_number: str, network: str, now: datetime, limits: RefusalLimits) -> None:
        """Take back what `reserve_refusal` counted at that moment: the activation was not refused."""

    def reserve_code(self, customer_number: str, now: datetime, limits: RefusalLimits) -> None:
        """Count a code to be mailed for this customer number; TooManyRequests when the day's limit is reached."""

    def forget_refusals(self, customer_number: str, now: datetime, entry: Entry) -> None:
        """Forget the refusals and codes that were counted today for this customer number."""


class Attempts(Protocol):
    """Activations under way, and their codes."""

    def attempt(self, key: str) -> Attempt | None:
        """Return the activation under way as it is now (strongly consistent), None when there is none."""

    def save_attempt(self, attempt: Attempt, entry: Entry, *, replaces: Attempt | None) -> None:
        """Begin an activation, or begin it again with a new code; InProgress when another request was faster."""

    def code_sent(self, key: str, *, mail_id: str, code_hash: str, expires_at: datetime) -> bool:
        """Note that the code was mailed; False when the activation began again or has its code already."""

    def try_code(self, key: str, claim: Claim, now: datetime, tries: int) -> Attempt:
        """Count one try of the code, take the claim, and return the activation; the caller compares the code.

        Counted before the comparison, so that parallel guesses all count. Raises InvalidInput `code-expired`, or
        `code-exhausted` after `tries` tries, and InProgress while another request holds the claim.
        """

    def release_attempt(self, key: str, claim: Claim) -> None:
        """Release the claim, so that the next request need not wait until it lapses."""


class Activations(Records, Refusals, Attempts, Protocol):
    """What the activation of a company touches."""

    def complete_activation(
        self, user: User, company: Company, entry: Entry, *, existing: Company | None, contact: ErpContact | None
    ) -> None:
        """Add the activated user, and the company when `existing` is None.

        Raises CompanyExists, Conflict `email-in-use` or `contact-in-use`.
        """


class Invitations(Users, Protocol):
    """The acceptance of an invitation."""

    def claim_invitation(self, user: User, claim: Claim, now: datetime) -> None:
        """Let one request accept this invitation; InProgress while another one holds it, Gone when it was used."""

    def release_invitation(self, user_id: str, claim: Claim) -> None:
        """Release the claim, so that the next request need not wait until it lapses."""


class WrongLinks(Protocol):
    """The counts of wrong links (`model.WrongLinkLimits`)."""

    def wrong_links(self, network: str, now: datetime, limits: WrongLinkLimits) -> int:
        """Return how many wrong links of the network were counted in this window (eventually consistent)."""

    def count_wrong_link(self, network: str, now: datetime, limits: WrongLinkLimits) -> None:
        """Count a wrong link of the network."""


# mails/: what was sent


class Mails(Users, Attempts, Protocol):
    """What the delivery of mails reads and notes."""

    def was_mailed(self, mail_id: str) -> bool:
        """Return whether `note_mailed` noted this mail."""

    def note_mailed(self, mail_id: str, now: datetime) -> None:
        """Note that a mail without a link was sent. Kept for two weeks, as long as a queue can repeat its message."""

    def invitation_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        """Note that the invitation was mailed with this secret; False when the user has another invitation by now.

        May run any number of times: only the first note of a mail counts.
        """

    def email_change_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        """Note that the link to a new e-mail was mailed with this secret; False when another change is pending by now.

        May run any number of times: only the first note of a mail counts.
        """


# erp/: the ERP's contacts and events


class Contacts(Protocol):
    """The cached ERP contacts of a company."""

    def contacts_read(self, company_id: str) -> ContactsRead | None:
        """Return when the company's contacts were last read from the ERP, None when never (strongly consistent)."""

    def contacts_without_account(self, company_id: str, *, limit: int, cursor: str | None, q: str = "") -> ContactsPage:
        """Return a page of the contacts that no user came from, by name; `q` is the beginning of the name.

        Case does not matter. Raises MalformedRequest for a cursor that was forged.
        """

    def save_contacts(self, company_id: str, contacts: Sequence[CachedContact], read_at: datetime) -> None:
        """Make the cached contacts equal to a full list of the ERP; writes only differences.

        A contact that a user came from stays linked to that user, and stays cached when the ERP no longer lists it.
        Newer events stay (`CachedContact.after_list`). May run any number of times; the time is written last.
        """

    def contact(self, company_id: str, contact_number: str) -> CachedContact | None:
        """Return a cached contact as it is now (strongly consistent), also one that is gone; None when unknown."""

    def change_contact(
        self,
        company_id: str,
        before: CachedContact | None,
        after: CachedContact,
        *entries: Entry,
        user: tuple[User, User] | None = None,
    ) -> None:
        """Write a cached contact, and the user who came from it in the same transaction.

        A contact whose name is not known yet marks the read contacts outdated. A contact that is gone expires after a
        month, unless a user came from it. Raises PreconditionFailed when somebody else changed one of the two.
        """


class ErpRecords(CompanyRecords, UserList, Contacts, Protocol):
    """What the ERP's contacts and events touch.

    Every change raises PreconditionFailed when somebody else changed the same record at the same time.
    """

    def renumber_company(self, before: Company, after: Company, entry: Entry, pointer: Renumbered) -> None:
        """Give the company its new number; the old one becomes the pointer. NumberInUse if it is another company's."""

    def point_number(
        self, customer_number: str, pointer: Renumbered, *, replaces: Renumbered | None, until: datetime
    ) -> None:
        """Keep until that moment what a number without a company became, for events that arrive late."""

    def was_applied(self, source: str, webhook_id: str) -> bool:
        """Return whether `note_applied` noted this event (eventually consistent)."""

    def note_applied(self, source: str, webhook_id: str, now: datetime) -> None:
        """Note that this event was applied. Kept for two weeks, longer than any sender repeats it."""


# operators/


class OperatorRecords(CompanyRecords, Refusals, Protocol):
    """What operators change besides users."""


class Companies(Administration, Activations, Invitations, WrongLinks, Mails, ErpRecords, OperatorRecords, Protocol):
    """All records of this room."""


class AuditTrail(Protocol):
    """The journal as people read it. Only `redact` changes it."""

    def newest(self, company_id: str, *, limit: int, since: datetime = EPOCH, before: str | None = None) -> Part[Entry]:
        """Return the company's newest entries made at `since` or later whose ids are below `before`."""

    def entries(self, company_id: str, *, since: datetime = EPOCH) -> Iterator[Entry]:
        """Yield the company's entries made at `since` or later, oldest first (strongly consistent)."""

    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        """Replace the values that an entry holds. May run any number of times."""


# Outside systems


class ErpGateway(Protocol):
    """The ERP (seed 000). Every call raises OutsideUnavailable, OutsideTimeout or OutsideMalformed when it fails.

    Reads may run any number of times.
    """

    def select_customer(self, customer_number: str) -> ErpCustomer | None:
        """Return the customer, None when the ERP has no such number."""

    def select_contacts(self, customer_number: str) -> Sequence[ErpContact]:
        """Return all persons the ERP lists for the customer, without the skipped contact types (company contacts)."""

    def find_invoice(self, customer_number: str, invoice_number: str) -> bool:
        """Return whether this invoice exists and was sold to exactly this customer; False in every other case."""

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        """Create a contact of the customer and return its contact number; `contact.contact_number` is ignored."""


class Identities(Protocol):
    """Logins and passwords, which Cognito keeps. A call that fails raises OutsideUnavailable `identity-unavailable`.

    Every call may run any number of times.
    """

    def create(self, user: User) -> None:
        """Make sure that the login exists, is disabled, and does not answer to the e-mail yet.

        Only the holder of the activation's or invitation's claim may call it: it disables a login that was enabled.
        """

    def set_password(self, user_id: str, password: str) -> None:
        """Set the password; InvalidInput at `/password` when the pool's policy refuses it."""

    def enable(self, user: User) -> None:
        """Enable the login, with the e-mail and the language of the user's record."""

    def disable(self, user_id: str) -> None:
        """Disable the login and end every session; nothing happens when there is no login."""

    def delete(self, user_id: str) -> None:
        """Delete the login; nothing happens when there is none."""

    def sign_in(self, user_id: str, password: str) -> Session | None:
        """Log the user in; None when the password is wrong or the login is disabled."""
