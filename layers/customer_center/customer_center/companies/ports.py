"""The ports of this room, as Protocols. Their adapters are `store.py`, `connectors/` and `platform/journal.py`.

The records have several ports, one for each group of use cases. So a use case declares which records it uses.
`Companies` combines these ports, for the store and the wiring.

A method that takes an entry writes it in the same transaction as the change; when the method raises, nothing was
written. Methods without an entry record technical facts: claims, counts, sent mails, cached contacts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from customer_center.companies.model import (
    Attempt,
    CachedContact,
    Claim,
    CodedLink,
    Company,
    ContactsPage,
    ContactsRead,
    EmailHolders,
    Erasure,
    ErpContact,
    ErpCustomer,
    HourlyLimits,
    LoginState,
    RefusalLimits,
    Renumbered,
    Session,
    Usage,
    User,
    WrongLinkLimits,
)
from customer_center.platform.clock import EPOCH
from customer_center.platform.errors import OutsideUnavailable, RateLimit
from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page, Part


class CompanyExists(Exception):
    """Somebody else created, changed or closed the company of this customer number at the same time."""


class NumberInUse(Exception):
    """The new customer number belongs to another company. Companies are never merged."""


class EmailHeld(OutsideUnavailable):
    """Another login still has the user's e-mail as its alias, although the e-mail belongs to the user."""


class LoginDisabled(OutsideUnavailable):
    """The login is disabled, or Cognito does not see yet that it was enabled. Nobody looked at the password."""


class EmailShared(Exception):
    """Other users are invited with the e-mail that a user takes over. `others` are their ids."""

    def __init__(self, others: frozenset[str]) -> None:
        super().__init__()
        self.others = others


# Reads for all use cases


class Records(Protocol):
    """Reads of one user or one company."""

    def user(self, user_id: str) -> User | None:
        """Return the user as it is now (strongly consistent), None when there is none."""

    def colleague(self, company_id: str, user_id: str) -> User | None:
        """Return a user of that company (eventually consistent), None for every other id (`model.is_colleague`)."""

    def holders_of_email(self, email: str) -> EmailHolders:
        """Return who has this e-mail now (strongly consistent)."""

    def company(self, company_id: str) -> Company | None:
        """Return the company (eventually consistent), None when there is none."""

    def current_company(self, company_id: str) -> Company | None:
        """Return the company as it is now (strongly consistent), None when there is none."""

    def company_of_number(self, customer_number: str) -> Company | None:
        """Return the company that has the customer number now (strongly consistent), None when no company has it.

        A number that was replaced has no company. The ERP may give it to a new customer.
        """

    def customer_number(self, customer_number: str) -> Company | Renumbered | None:
        """Return the company that has the number, or the number that replaced it, or None (strongly consistent)."""


class CompanyRecords(Records, Protocol):
    """A company and its changes."""

    def change_company(
        self, before: Company, after: Company, *entries: Entry, user: tuple[User, User] | None = None
    ) -> None:
        """Write the differences between two versions of a company, and of one of its users in the same transaction.

        This method adds members to `main_contacts` but removes none; `change_users` and `delete_user` remove them.
        Raises PreconditionFailed when somebody else changed the company or the user at the same time.
        """


# users/, audit/: the people of a company


class Users(Records, Protocol):
    """A user and their changes."""

    def change_user(
        self,
        before: User,
        after: User,
        entry: Entry,
        contact: ErpContact | None = None,
        *,
        ending: frozenset[str] = frozenset(),
    ) -> None:
        """Write the differences between two versions of a user, as `change_users` does.

        `contact` is the ERP contact to link to the user. Raises Conflict `contact-in-use` when it is linked to another
        user. `ending` holds the ids of all other users who are invited with the e-mail, when a user with a login takes
        the e-mail over and the effects of `entry` end their invitations. Raises EmailShared when there are others.
        """


class UserList(Protocol):
    """Several users of a company at once."""

    def users(self, company_id: str, *, limit: int, after: str | None = None, last_first: bool = False) -> Part[User]:
        """Return up to `limit` users of the company that follow the user id `after`.

        The oldest users come first; with `last_first` the newest. `after` may be any user id of that company; the user
        need not exist.
        """

    def names_of(self, company_id: str, user_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the names (eventually consistent) of the ids that are users of that company, by user id."""

    def holders_of_emails(self, emails: Iterable[str]) -> Mapping[str, EmailHolders]:
        """Return who has each of the e-mails (strongly consistent), by normalised e-mail; only e-mails somebody has."""

    def colleagues_of_emails(self, company_id: str, emails: Iterable[str]) -> Mapping[str, str]:
        """Return the ids of the company's users who have the e-mails (strongly consistent), by normalised e-mail."""


class Administration(Remembering, Users, UserList, Protocol):
    """Users as their main contact administers them."""

    def add_user(self, user: User, entry: Entry, contact: ErpContact | None = None) -> None:
        """Add an invited user and link their ERP contact. Without a contact, mark the contact list as outdated.

        Raises Conflict `contact-in-use` or `email-in-use`.
        """

    def user_id_of_contact(self, company_id: str, contact_number: str) -> str | None:
        """Return the id of the user linked to this contact (eventually consistent), None when there is none."""

    def change_users(self, changes: Sequence[tuple[User, User]], entries: Sequence[Entry]) -> None:
        """Write the changes of users of one company, each as a pair (before, after), in one transaction.

        Keeps the company's active main contacts and the owners of e-mails consistent. Raises PreconditionFailed when
        somebody else changed a user at the same time, Conflict `last-main-contact` (`model.last_main_contact`),
        Conflict `email-in-use`, InProgress.
        """

    def delete_user(self, user: User, entry: Entry, *, attempt: str, erasure: Erasure | None = None) -> None:
        """Delete a user, release their e-mail, and delete the activation under way with the key `attempt`.

        The contact list shows the user's ERP contact again. `erasure` is recorded in place of an earlier one: a user
        who came back under the same id has new entries. Raises PreconditionFailed, and Conflict `last-main-contact`
        (`model.last_main_contact`).
        """

    def erasure(self, user_id: str) -> Erasure | None:
        """Return the erasure of this user (strongly consistent), None when they were not erased."""

    def begin_erasure(self, erasure: Erasure, entry: Entry, *, replaces: Erasure | None) -> None:
        """Record the erasure of a user who was deleted earlier. Raises InProgress when another request was faster."""

    def record(self, entry: Entry) -> None:
        """Write an entry without a change: about a dry run."""


class Erasures(Protocol):
    """The erasures, as the function that blanks the journal sees them."""

    def complete_erasure(self, user_id: str, erased_at: datetime, now: datetime) -> None:
        """Record that the journal is blanked. Nothing happens unless the user's erasure is that of `erased_at`.

        May run any number of times.
        """


# onboarding/: activation, acceptance, confirmation


class Refusals(Protocol):
    """The counts of refused activations and of mailed codes (`model.RefusalLimits`)."""

    def reserve_refusal(
        self, customer_number: str, network: str, now: datetime, limits: RefusalLimits
    ) -> Sequence[RateLimit]:
        """Count an activation as refused and return what is left of the limits. `release_refusal` undoes the count.

        The caller counts before it checks the activation, so that parallel guesses all count. Raises TooManyRequests
        `too-many-refusals` when a limit is reached; then nothing was counted.
        """

    def release_refusal(self, customer_number: str, network: str, now: datetime, limits: RefusalLimits) -> None:
        """Undo the count that `reserve_refusal` made at the time `now`: the activation was not refused."""

    def reserve_code(self, customer_number: str, now: datetime, limits: RefusalLimits) -> None:
        """Count a code before it is mailed. Raises TooManyRequests when the customer number has reached the limit."""

    def forget_refusals(self, customer_number: str, now: datetime, entry: Entry) -> None:
        """Delete today's counts of refusals and codes for this customer number."""


class Attempts(Protocol):
    """Activations under way, and their codes."""

    def attempt(self, key: str) -> Attempt | None:
        """Return the activation under way as it is now (strongly consistent), None when there is none."""

    def save_attempt(self, attempt: Attempt, entry: Entry, *, replaces: Attempt | None) -> None:
        """Begin an activation, or restart it with a new code. Raises InProgress when another request was faster."""

    def code_sent(self, key: str, *, mail_id: str, code_hash: str, expires_at: datetime) -> bool:
        """Record that the code was mailed. Return False when the activation was restarted or has its code already."""

    def try_code(self, key: str, claim: Claim, now: datetime, tries: int) -> Attempt:
        """Count one try of the code, take the claim, and return the activation; the caller compares the code.

        The try is counted before the comparison, so that parallel guesses all count. Raises InvalidInput
        `code-expired`, or `code-exhausted` after `tries` tries, and InProgress while another request holds the claim.
        """

    def release_attempt(self, key: str, claim: Claim) -> None:
        """Release the claim, so that the next request need not wait until it lapses."""


class Activations(Records, Refusals, Attempts, Protocol):
    """The records that the activation of a company uses."""

    def complete_activation(
        self,
        user: User,
        company: Company,
        entry: Entry,
        *,
        existing: Company | None,
        contact: ErpContact | None,
        invited: User | None = None,
        ending: frozenset[str] = frozenset(),
    ) -> None:
        """Add the activated user, and the company when `existing` is None.

        `invited` is this user before, when they were invited. `ending`: as in `change_user`. Raises CompanyExists,
        Conflict `email-in-use` or `contact-in-use`, EmailShared, PreconditionFailed when somebody else changed the
        invited user.
        """


class Links(Records, Protocol):
    """Finding the user of a mailed link."""

    def link_of_code(self, code_hash: str) -> CodedLink | None:
        """Return the link that the code with this hash stands for (strongly consistent), None for an unknown code.

        The link may have been replaced since: the caller compares its hash with the one in the user's record.
        """


class EmailChanges(Users, Links, Protocol):
    """The confirmation of a new e-mail."""


class Invitations(Users, Links, Protocol):
    """The acceptance of an invitation."""

    def reserve_repeat(self, user: User, repeats: int) -> bool:
        """Count a request that uses an accepted invitation again. Return False after `repeats` of them.

        The caller counts before it tries the password, so that parallel guesses all count.
        """

    def claim_invitation(self, user: User, claim: Claim, now: datetime) -> None:
        """Claim the invitation for one request.

        Raises InProgress while another one holds it, PreconditionFailed when it is not the pending one that was read.
        """

    def release_invitation(self, user_id: str, claim: Claim) -> None:
        """Release the claim, so that the next request need not wait until it lapses."""


class WrongLinks(Protocol):
    """The counts of wrong links (`model.WrongLinkLimits`)."""

    def wrong_links(self, network: str, now: datetime, limits: WrongLinkLimits) -> int:
        """Return how many wrong links of the network were counted in this window (eventually consistent)."""

    def count_wrong_link(self, network: str, now: datetime, limits: WrongLinkLimits) -> None:
        """Count a wrong link of the network."""


# mails/: what was sent


class UsageCounts(Protocol):
    """The counts of what the users of a company cause (`model.HourlyLimits`)."""

    def reserve_usage(self, company_id: str, wanted: Usage, now: datetime, limits: HourlyLimits) -> tuple[bool, Usage]:
        """Count the usage in this hour, unless one of its numbers would exceed its limit; then count nothing.

        Return whether it was counted, and what is counted now. Parallel requests never exceed a limit together.
        """

    def release_usage(self, company_id: str, unused: Usage, now: datetime) -> None:
        """Give back usage that `reserve_usage` counted at the time `now`."""


class Bounces(CompanyRecords, Protocol):
    """The mails of a company that came back (`model.BounceLimits`), and the company whose mails stop."""

    def count_bounce(self, company_id: str, mail_id: str, made_at: datetime, now: datetime) -> frozenset[str]:
        """Count a mail that came back, by the day on which it was made. Return the ids of all such mails of that day.

        May run any number of times: an id is counted once.
        """

    def mails_of_day(self, company_id: str, day: datetime) -> int:
        """Return how many mails the company's users caused on that day, so far (eventually consistent)."""


class Mails(Users, Bounces, Attempts, Protocol):
    """The records that the delivery of mails reads and writes."""

    def was_mailed(self, mail_id: str) -> bool:
        """Return whether `note_mailed` recorded this mail."""

    def note_mailed(self, mail_id: str, now: datetime) -> None:
        """Record that a mail without a link was sent.

        The record is kept for two weeks, because a queue can repeat the message for that long.
        """

    def note_code(self, code_hash: str, link: CodedLink, until: datetime) -> None:
        """Record the code that a mail carries beside its link. It is kept until the time `until`."""

    def notice_sent(self, user_id: str, *, mail_id: str, token_hash: str) -> bool:
        """Record that the notice to the old address was mailed with this secret.

        Return False when another change is pending by now, or when a secret is recorded already.
        """

    def invitation_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        """Record that the invitation was mailed with this secret.

        Return False when the user has another invitation by now. May run any number of times: only the first run for a
        mail has an effect, and the others return False.
        """

    def email_change_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        """Record that the link for a new e-mail was mailed with this secret.

        Return False when another change is pending by now. May run any number of times: only the first run for a mail
        has an effect, and the others return False.
        """


# erp/: the ERP's contacts and events


class Contacts(Protocol):
    """The cached ERP contacts of a company."""

    def contacts_read(self, company_id: str) -> ContactsRead | None:
        """Return when the company's contacts were last read from the ERP, None when never (strongly consistent)."""

    def contacts_without_account(self, company_id: str, *, limit: int, cursor: str | None, q: str = "") -> ContactsPage:
        """Return a page of the contacts without a user, sorted and searched by the rule of `platform/search.py`.

        With `q` at most 2,000 contacts are read, so that a page may be short. Raises MalformedRequest for a forged
        cursor, or one of another query.
        """

    def save_contacts(self, company_id: str, contacts: Iterable[CachedContact], read_at: datetime) -> None:
        """Make the cached contacts equal to a full list of the ERP; writes only differences, while the list arrives.

        A contact that is linked to a user stays linked, and stays cached when the ERP no longer lists it. Values from
        newer events are kept (`CachedContact.after_list`). Contacts are removed only when the list has ended, and
        `read_at` is written last: what `contacts` raises leaves a list that lacks nobody. May run any number of times.
        """

    def ask_for_contacts(self, company_id: str, now: datetime, *entries: Entry, again: bool = False) -> bool:
        """Note that the ERP is asked for the company's contacts now, and write the entries.

        Return False, and write nothing, when somebody asked less than `ASKED_AGAIN_AFTER` ago; not with `again`.
        """

    def begin_contacts(
        self, company_id: str, reader: str, now: datetime, until: datetime, *, asks: bool = False
    ) -> bool:
        """Note that `reader` reads the contacts until that time. Return False while another reader does.

        A reader that `asks` notes that too, as `ask_for_contacts` does, and gets False when somebody else asked less
        than `ASKED_AGAIN_AFTER` ago.
        """

    def end_contacts(
        self, company_id: str, reader: str, failed_at: datetime | None = None, *, asked: bool = True
    ) -> None:
        """Note that the reader has ended, and when the ERP failed; `save_contacts` has noted a success.

        Without `asked`, the ERP may be asked again at once.
        """

    def contacts_failed(self, company_id: str) -> bool:
        """Return whether the ERP failed when it was last asked for the contacts (strongly consistent)."""

    def emails_of(self, company_id: str) -> Mapping[str, str]:
        """Return the user ids (strongly consistent) of the company's users, by normalised e-mail."""

    def contacts_of_numbers(
        self, company_id: str, contact_numbers: Iterable[str], *, current: bool = True
    ) -> Mapping[str, CachedContact]:
        """Return the cached contacts with these numbers, by number; strongly consistent if `current`."""

    def contact(self, company_id: str, contact_number: str) -> CachedContact | None:
        """Return a cached contact (strongly consistent), even if the ERP deleted it; None for an unknown contact."""

    def change_contact(
        self,
        company_id: str,
        before: CachedContact | None,
        after: CachedContact,
        *entries: Entry,
        user: tuple[User, User] | None = None,
        outdates: bool = False,
    ) -> None:
        """Write a cached contact, and the user who is linked to it in the same transaction.

        When the contact has no name yet, and with `outdates`, the contact list is marked as outdated. A contact that
        the ERP deleted expires after 30 days, unless a user is linked to it. Raises PreconditionFailed when somebody
        else changed the contact or the user at the same time.
        """


class ErpRecords(CompanyRecords, UserList, Contacts, Protocol):
    """The records that the contacts and events of the ERP change.

    Every change raises PreconditionFailed when somebody else changed the same record at the same time.
    """

    def renumber_company(self, before: Company, after: Company, entry: Entry, pointer: Renumbered) -> None:
        """Give the company its new number, and store `pointer` at the old number.

        Raises NumberInUse when the new number belongs to another company.
        """

    def point_number(
        self, customer_number: str, pointer: Renumbered, *, replaces: Renumbered | None, until: datetime
    ) -> None:
        """Store the pointer of a number without a company until the time `until`, for events that arrive late."""

    def was_applied(self, source: str, webhook_id: str) -> bool:
        """Return whether `note_applied` recorded this event (eventually consistent)."""

    def note_applied(self, source: str, webhook_id: str, now: datetime) -> None:
        """Record that this event was applied. The record is kept for two weeks, longer than any sender retries."""


# operators/


class OperatorRecords(CompanyRecords, Refusals, Protocol):
    """The records, other than users, that operators change."""


class EveryUser(Records, Protocol):
    """The users of all companies, for the check of all logins. All reads of several users are eventually consistent."""

    def users_page(self, cursor: str | None) -> Page[User]:
        """Return a page of all users, in any order. A page may be empty before the last one.

        Cursors hold no personal data. Raises MalformedRequest for a forged one.
        """

    def known_users(self, user_ids: Iterable[str]) -> frozenset[str]:
        """Return which of the user ids have a record."""


class Companies(
    Administration,
    Erasures,
    Activations,
    Invitations,
    EmailChanges,
    WrongLinks,
    UsageCounts,
    Mails,
    ErpRecords,
    OperatorRecords,
    EveryUser,
    Protocol,
):
    """All records of this room."""


class AuditTrail(Protocol):
    """The journal as people read it. Only `redact` changes it."""

    def newest(self, company_id: str, *, limit: int, since: datetime = EPOCH, before: str | None = None) -> Part[Entry]:
        """Return the company's newest entries, made at `since` or later, with ids less than `before`."""

    def about(
        self, company_id: str, subject: str, *, limit: int, since: datetime = EPOCH, after: str | None = None
    ) -> tuple[Sequence[Entry], str | None]:
        """Read up to `limit` of the company's entries, made at `since` or later, with ids greater than `after`.

        Returns those about the subject, oldest first (strongly consistent), and the id of the last entry that was read,
        None at the end of the trail.
        """

    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        """Replace the values that an entry holds. May run any number of times."""


# Outside systems


class ErpGateway(Protocol):
    """The ERP (seed 000). Every call raises OutsideUnavailable, OutsideTimeout or OutsideMalformed when it fails.

    Reads may run any number of times.
    """

    def select_customer(self, customer_number: str) -> ErpCustomer | None:
        """Return the customer, None when the ERP has no such number."""

    def select_contacts(self, customer_number: str) -> Iterator[ErpContact]:
        """Yield all persons the ERP lists for the customer, without the skipped contact types (company contacts).

        They are yielded while the answer arrives; an error may come after some of them. The caller may stop early.
        """

    def current_contact(self, customer_number: str, known: ErpContact) -> ErpContact | None:
        """Return the contact as the ERP has it now, None when the customer has no such contact any more.

        An ERP that cannot be asked for one contact returns `known`.
        """

    def find_contact(self, customer_number: str, contact_number: str) -> ErpContact | None:
        """Return this contact of the customer, None when the customer has no such contact.

        An ERP that cannot be asked for one contact is asked for all of them.
        """

    def find_invoice(self, customer_number: str, invoice_number: str) -> bool:
        """Return whether this invoice exists and was sold to exactly this customer; False in every other case."""

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        """Create a contact of the customer and return its contact number; `contact.contact_number` is ignored."""


class Identities(Protocol):
    """Logins and passwords, which Cognito keeps. A call that fails raises OutsideUnavailable `identity-unavailable`.

    Every call may run any number of times.
    """

    def create(self, user: User) -> None:
        """Make sure that the login exists, is disabled, and cannot be used with the e-mail yet.

        Only the request that holds the claim on the activation or invitation may call this method, because it disables
        an enabled login.
        """

    def set_password(self, user_id: str, password: str) -> None:
        """Set the password, also of a disabled login, which stays disabled.

        Raises InvalidInput at `/password` when the pool's policy refuses it.
        """

    def enable(self, user: User) -> None:
        """Enable the login, with the e-mail and the language of the user's record.

        Raises EmailHeld while another login has the e-mail. `companies/login.py` frees it.
        """

    def disable(self, user_id: str) -> None:
        """Disable the login and end every session; nothing happens when there is no login."""

    def delete(self, user_id: str) -> None:
        """Delete the login; nothing happens when there is none."""

    def sign_in(self, user_id: str, password: str) -> Session | None:
        """Log the user in; None when the password is wrong, or when Cognito asks for a second factor.

        Raises LoginDisabled for a disabled login, whatever the password.
        """

    def holder_of(self, email: str) -> str | None:
        """Return the user id of the login that has the e-mail as its alias, None when there is none."""

    def release_email(self, user_id: str) -> None:
        """Take the alias from a login until it is enabled again; nothing happens when there is no login."""

    def login(self, user_id: str) -> LoginState | None:
        """Return the user's login, None when there is none."""

    def add(self, user: User) -> bool:
        """Create the login if there is none, and return whether it was created. Its password is set afterwards."""

    def logins_page(self, cursor: str | None) -> Page[LoginState]:
        """Return a page of all logins of the pool, also of those whose name is no user id of ours.

        Raises MalformedRequest when the cursor is not valid any more.
        """
