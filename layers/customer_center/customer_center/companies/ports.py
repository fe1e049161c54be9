"""What the rules of this room need from outside, as Protocols. Adapters: `store.py`, `connectors/`, `mail/`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    User,
    WrongLinkLimits,
)
from customer_center.platform.clock import EPOCH
from customer_center.platform.errors import RateLimit
from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part


class ErpGateway(Protocol):
    """The ERP (seed 000). Every call raises OutsideUnavailable, OutsideTimeout or OutsideMalformed when it fails.

    Reads may run any number of times.
    """

    def select_customer(self, customer_number: str) -> ErpCustomer | None:
        """Return the customer, None when the ERP has no such number."""

    def select_contacts(self, customer_number: str) -> Sequence[ErpContact]:
        """Return all persons the ERP lists for the customer; skipped contact types (company contacts) are left out."""

    def find_invoice(self, customer_number: str, invoice_number: str) -> bool:
        """Tell whether this invoice exists and was sold to exactly this customer; False for anything else."""

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        """Create a contact of the customer and return its contact number; `contact.contact_number` is ignored."""


class Breaker(Protocol):
    """Remembers, for all sandboxes, that an outside system is offline."""

    def open_for(self) -> float:
        """Return for how many more seconds the system counts as offline; 0 when calls may go out."""

    def trip(self) -> None:
        """Count the system as offline from now on, for the configured time."""


class CompanyExists(Exception):
    """The company of this customer number was created, changed or closed meanwhile."""


class NumberInUse(Exception):
    """The new customer number is another company's already: two companies cannot be made one."""


class Companies(Remembering, Protocol):
    """Companies, users, contacts and activations as they are kept.

    Every method that takes an entry writes it in the same transaction as the change; what raises wrote nothing. The
    others note technical facts: claims, counts, what was sent, what the ERP listed.
    """

    def user(self, user_id: str) -> User | None:
        """Return the user as it is now (strongly consistent), None when there is none."""

    def colleague(self, company_id: str, user_id: str) -> User | None:
        """Return a user of that company as it was a moment ago; None for nobody and for another company's alike."""

    def company(self, company_id: str) -> Company | None:
        """Return the company as it was a moment ago, None when there is none."""

    def current_company(self, company_id: str) -> Company | None:
        """Return the company as it is now (strongly consistent), None when there is none."""

    def company_of_number(self, customer_number: str) -> Company | None:
        """Return the company of a customer number as it is now, None when it was never activated.

        A number that became another one is nobody's: the ERP may give it to a new customer.
        """

    def customer_number(self, customer_number: str) -> Company | Renumbered | None:
        """Return what a customer number stands for now: a company, the number it became, or nothing known."""

    def user_id_of_email(self, email: str) -> str | None:
        """Return the id of the user who has this e-mail now, None when nobody has it."""

    def users(self, company_id: str, *, limit: int, after: str | None = None, last_first: bool = False) -> Part[User]:
        """Return users of the company in the order they came, or the last first: those behind the user id `after`.

        `after` is an id of that company, of somebody who need not be there any more.
        """

    def contacts_read(self, company_id: str) -> ContactsRead | None:
        """Return when the company's contacts were last read from the ERP, None when never."""

    def user_id_of_contact(self, company_id: str, contact_number: str) -> str | None:
        """Return the id of the user who came from this contact, a moment ago; None when nobody did."""

    def contacts_without_account(self, company_id: str, *, limit: int, cursor: str | None, q: str = "") -> ContactsPage:
        """Return a page of cached contacts that no user came from, by name: of those whose name begins with `q`.

        Case does not matter. Raises MalformedRequest for a forged cursor.
        """

    def names_of(self, company_id: str, user_ids: Iterable[str]) -> Mapping[str, str]:
        """Return user id → name, a moment ago, of those who are users of that company."""

    def users_of_emails(self, emails: Iterable[str]) -> Mapping[str, str]:
        """Return normalised e-mail → user id for those e-mails that somebody has."""

    def save_contacts(self, company_id: str, contacts: Sequence[CachedContact], read_at: datetime) -> None:
        """Make the cached contacts equal to what the ERP listed; writes only what differs.

        A user who came from a contact stays linked to it, whatever is written meanwhile. Contacts the ERP no longer
        lists leave the cache, unless a user came from them. May run any number of times; the time is written last.
        """

    def add_user(self, user: User, entry: Entry, contact: ErpContact | None = None) -> None:
        """Add an invited user, and link the contact it came from; without one, the contacts read are outdated.

        Raises Conflict `contact-in-use` or `email-in-use`; then nothing was written.
        """

    def change_user(self, before: User, after: User, entry: Entry, contact: ErpContact | None = None) -> None:
        """Write what differs between two versions of a user: `change_users` for one of them.

        `contact` is one that the user is from now on linked to; Conflict `contact-in-use` when somebody else is.
        """

    def change_users(self, changes: Sequence[tuple[User, User]], entries: Sequence[Entry]) -> None:
        """Write what differs between the versions before and after of some users of one company, all or nothing.

        Keeps the company's active main contacts, and who has which e-mail, in step. Raises PreconditionFailed when
        somebody else changed a user meanwhile, Conflict `last-main-contact` when the company would be left without
        one, Conflict `email-in-use`, InProgress.
        """

    def change_company(
        self, before: Company, after: Company, *entries: Entry, user: tuple[User, User] | None = None
    ) -> None:
        """Write what differs between two versions of a company, and of one of its users with it.

        Its main contacts follow its users: of `main_contacts` only those who join with the user are written. Raises
        PreconditionFailed when somebody else changed one of the two meanwhile.
        """

    def delete_user(self, user: User, entry: Entry, *, attempt: str) -> None:
        """Forget a user, who has which e-mail, and the activation under way of that key.

        The contact they came from is without account again. Raises PreconditionFailed, Conflict `last-main-contact`.
        """

    def record(self, entry: Entry) -> None:
        """Write an entry about somebody who is not kept here any more."""

    def was_mailed(self, mail_id: str) -> bool:
        """Tell whether `note_mailed` noted this mail."""

    def note_mailed(self, mail_id: str, now: datetime) -> None:
        """Note that a mail which carries no link went out; kept for two weeks, as long as a queue can repeat it."""

    def invitation_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        """Note that the invitation's mail went out with this secret; False when that invitation is no longer current.

        Safe to repeat: only the first note for a mail counts.
        """

    def email_change_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        """Note the same of the mail by which a new e-mail is confirmed; False when another one is wanted meanwhile."""

    def claim_invitation(self, user: User, claim: Claim, now: datetime) -> None:
        """Let one request finish this invitation; InProgress while another one holds it, Gone when it was used."""

    def release_invitation(self, user_id: str, claim: Claim) -> None:
        """Give the claim back, so that the next try need not wait for it to lapse."""

    def reserve_refusal(
        self, customer_number: str, network: str, now: datetime, limits: RefusalLimits
    ) -> Sequence[RateLimit]:
        """Count an activation as refused before it is looked at, so that parallel guesses are all counted.

        Returns what is left. Raises TooManyRequests when a limit is used up. `release_refusal` takes the count back.
        """

    def release_refusal(self, customer_number: str, network: str, now: datetime, limits: RefusalLimits) -> None:
        """Take back what `reserve_refusal` counted at the same moment: the activation was not refused."""

    def reserve_code(self, customer_number: str, now: datetime, limits: RefusalLimits) -> None:
        """Count a code that is to be mailed for this customer number; TooManyRequests when the day's are used up."""

    def forget_refusals(self, customer_number: str, now: datetime, entry: Entry) -> None:
        """Forget what was counted today against this customer number: refused activations, and codes."""

    def wrong_links(self, network: str, now: datetime, limits: WrongLinkLimits) -> int:
        """Return how many wrong links of the network were counted in this window, as of a moment ago."""

    def count_wrong_link(self, network: str, now: datetime, limits: WrongLinkLimits) -> None:
        """Count a wrong link of the network."""

    def attempt(self, key: str) -> Attempt | None:
        """Return the activation under way as it is now, None when there is none."""

    def save_attempt(self, attempt: Attempt, entry: Entry, *, replaces: Attempt | None) -> None:
        """Begin an activation, or begin it anew with another code; InProgress when another request did so meanwhile."""

    def code_sent(self, key: str, *, mail_id: str, code_hash: str, expires_at: datetime) -> bool:
        """Note that the activation's code went out; False when it was begun anew or has its code already."""

    def try_code(self, key: str, claim: Claim, now: datetime, tries: int) -> Attempt:
        """Count one try of the code, take the claim, and return the activation; the caller compares the code.

        Counting first makes parallel guesses count. Raises InvalidInput `code-expired` or `code-exhausted`, InProgress
        while another request holds the claim.
        """

    def release_attempt(self, key: str, claim: Claim) -> None:
        """Give the claim back, so that the next try need not wait for it to lapse."""

    def complete_activation(
        self, user: User, company: Company, entry: Entry, *, existing: Company | None, contact: ErpContact | None
    ) -> None:
        """Add the activated user, and its company when this is the company's first user.

        Raises CompanyExists when the company was created, changed or closed meanwhile; Conflict `email-in-use` or
        `contact-in-use`; then nothing was written.
        """

    # Events of the ERP. All of them raise PreconditionFailed when somebody changed the same meanwhile.

    def renumber_company(self, before: Company, after: Company, entry: Entry, pointer: Renumbered) -> None:
        """Give the company its new number; the old one becomes the pointer. NumberInUse for another company's."""

    def point_number(
        self, customer_number: str, pointer: Renumbered, *, replaces: Renumbered | None, until: datetime
    ) -> None:
        """Keep what a number became that is no company's here, for the events that come late."""

    def contact(self, company_id: str, contact_number: str) -> CachedContact | None:
        """Return a cached contact as it is now, also one that is gone; None when it is not known."""

    def change_contact(
        self,
        company_id: str,
        before: CachedContact | None,
        after: CachedContact,
        *entries: Entry,
        user: tuple[User, User] | None = None,
    ) -> None:
        """Write a cached contact, and the user who came from it with it.

        One whose name is not known yet makes the contacts read outdated. One that is gone is forgotten after a month,
        unless a user came from it.
        """

    def was_applied(self, source: str, webhook_id: str) -> bool:
        """Tell whether `note_applied` noted this event, as far as a cheap read knows."""

    def note_applied(self, source: str, webhook_id: str, now: datetime) -> None:
        """Note that this event was applied; kept for two weeks, longer than anybody repeats it."""


class AuditTrail(Protocol):
    """The journal, as people read it. Only `redact` changes it."""

    def newest(self, company_id: str, *, limit: int, since: datetime = EPOCH, before: str | None = None) -> Part[Entry]:
        """Return the company's newest entries made since that moment, of those whose ids are below `before`."""

    def entries(self, company_id: str, *, since: datetime = EPOCH) -> Iterator[Entry]:
        """Yield the company's entries from that moment on, oldest first, as they are now (strongly consistent)."""

    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        """Replace the values that an entry holds. May run any number of times."""


@dataclass(frozen=True, slots=True)
class Session:
    """A login (RFC 6749 §5.1): three tokens, and for how many seconds the first two are good."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int


class Identities(Protocol):
    """Logins and passwords, kept by Cognito. Every call raises OutsideUnavailable `identity-unavailable` when it fails.

    Every call may run any number of times.
    """

    def create(self, user: User) -> None:
        """Make sure that the login exists, disabled, and not answering to the e-mail yet.

        Only who holds the claim of the activation or invitation may call it: it shuts a login that was open.
        """

    def set_password(self, user_id: str, password: str) -> None:
        """Set the password; InvalidInput at `/password` when the pool's policy refuses it."""

    def enable(self, user: User) -> None:
        """Let the user in, under the e-mail and with the language of their record."""

    def disable(self, user_id: str) -> None:
        """Keep the user out and end every session; a login that does not exist is kept out already."""

    def delete(self, user_id: str) -> None:
        """Forget the login; nothing happens when there is none."""

    def sign_in(self, user_id: str, password: str) -> Session | None:
        """Log the user in; None when the password is not theirs or the login is disabled."""
