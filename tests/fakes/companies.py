"""Companies and logins as real implementations with a memory, for tests of use cases.

They pass `contract/test_companies.py` and `contract/test_identities.py`.
"""

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from customer_center.companies.items import listing_key
from customer_center.companies.model import (
    ASKED_AGAIN_AFTER,
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
    HourlyLimits,
    InvitationStatus,
    LoginState,
    RefusalLimits,
    Renumbered,
    Session,
    Usage,
    User,
    WrongLinkLimits,
    is_colleague,
    last_main_contact,
)
from customer_center.companies.ports import (
    AuditTrail,
    Companies,
    CompanyExists,
    EmailHeld,
    EmailShared,
    Identities,
    LoginDisabled,
    NumberInUse,
)
from customer_center.platform.clock import EPOCH
from customer_center.platform.dynamodb import cursor_of, key_of, to_item
from customer_center.platform.email_address import normalized_email, shown_email
from customer_center.platform.errors import (
    Conflict,
    FieldError,
    InProgress,
    InvalidInput,
    MalformedRequest,
    OutsideUnavailable,
    PreconditionFailed,
    RateLimit,
    TooManyRequests,
)
from customer_center.platform.idempotency import KEPT_HOURS, AlreadyDone, Idempotency, Remembered
from customer_center.platform.ids import ulid_floor
from customer_center.platform.journal import Effect, Entry
from customer_center.platform.paging import Page, Part, read_cursor, written_cursor
from customer_center.platform.search import finds
from customer_center.platform.stamps import read_stamp
from tests.fakes.clock import NOON, FakeClock


class FakeCompanies(Companies):
    """`Companies` over dicts. `entries` is the journal. A method that raises has changed nothing."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.users_per_page = 300
        self._companies: dict[str, Company] = {}
        self._users: dict[str, User] = {}
        self._emails: dict[str, EmailHolders] = {}
        self._contacts: dict[tuple[str, str], CachedContact] = {}
        # Contacts who were invited and stand in the listing still.
        self._invited: set[tuple[str, str]] = set()
        self._read: dict[str, ContactsRead] = {}
        self._marks: Counter[str] = Counter()
        self._asked: dict[str, datetime] = {}
        self._failed: dict[str, datetime] = {}
        self._readers: dict[str, tuple[str, datetime]] = {}
        self._refusals: Counter[tuple[str, ...]] = Counter()
        self._network_refusals: Counter[tuple[str, str]] = Counter()
        self._wrong_links: Counter[tuple[str, int]] = Counter()
        self._usage: dict[tuple[str, str], Usage] = {}
        self._bounces: dict[tuple[str, str], set[str]] = {}
        self._attempts: dict[str, Attempt] = {}
        self._pointers: dict[str, Renumbered] = {}
        self._applied: set[tuple[str, str]] = set()
        self._remembered: dict[str, tuple[Remembered, datetime]] = {}
        self._mailed: set[str] = set()
        self._codes: dict[str, CodedLink] = {}
        self._erasures: dict[str, Erasure] = {}
        self._request: Idempotency | None = None

    # Requests that may be repeated

    def remembering(self, request: Idempotency) -> "FakeCompanies":
        companies = copy.copy(self)
        companies._request = request
        return companies

    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        before, at = self._remembered.get(request.key, (None, now))
        return before if now < at + timedelta(hours=KEPT_HOURS) else None

    def _check_first_time(self, at: datetime) -> None:
        if self._request and self.remembered(self._request, at):
            raise AlreadyDone

    def _write(self, *entries: Entry) -> None:
        if self._request:
            remembered = Remembered(self._request.request_hash, entries[0].subject)
            self._remembered[self._request.key] = (remembered, entries[0].at)
        self.entries += entries

    def add(self, company: Company, *users: User) -> None:
        """Put a company with its users here, past every rule."""
        active = {user.user_id for user in users if user.is_active_main_contact}
        self._companies[company.company_id] = replace(company, main_contacts=company.main_contacts | active)
        for user in users:
            self._users[user.user_id] = user
            holders = self.holders_of_email(user.email)
            held = {"owner_id": user.user_id} if user.has_login else {"invited": holders.invited | {user.user_id}}
            self._hold(user.email, replace(holders, **held))

    @property
    def effects(self) -> Sequence[Effect]:
        """What must follow all that was written."""
        return [effect for entry in self.entries for effect in entry.effects]

    @property
    def everybody(self) -> Sequence[User]:
        """All users of all companies."""
        return tuple(self._users.values())

    @property
    def all_companies(self) -> Sequence[Company]:
        """All companies."""
        return tuple(self._companies.values())

    @property
    def refusals(self) -> int:
        """How many refused activations count at the moment, over all days."""
        return sum(number for key, number in self._refusals.items() if len(key) == len(("number", "day")))

    # Reading

    def user(self, user_id: str) -> User | None:
        return self._users.get(user_id)

    def colleague(self, company_id: str, user_id: str) -> User | None:
        return self._users.get(user_id) if is_colleague(user_id, company_id) else None

    def company(self, company_id: str) -> Company | None:
        return self._companies.get(company_id)

    def current_company(self, company_id: str) -> Company | None:
        return self._companies.get(company_id)

    def company_of_number(self, customer_number: str) -> Company | None:
        return next((found for found in self._companies.values() if found.customer_number == customer_number), None)

    def customer_number(self, customer_number: str) -> Company | Renumbered | None:
        return self.company_of_number(customer_number) or self._pointers.get(customer_number)

    def holders_of_email(self, email: str) -> EmailHolders:
        return self._emails.get(normalized_email(email), EmailHolders())

    def users(self, company_id: str, *, limit: int, after: str | None = None, last_first: bool = False) -> Part[User]:
        own = [user for user in self._users.values() if user.company_id == company_id]
        users = sorted(own, key=lambda user: user.user_id, reverse=last_first)
        if after is not None:
            users = [user for user in users if (user.user_id < after if last_first else user.user_id > after)]
        return Part(tuple(users[:limit]), more=len(users) > limit)

    def users_page(self, cursor: str | None) -> Page[User]:
        if cursor is not None and cursor not in self._users:
            raise MalformedRequest("cursor-invalid")
        users = sorted((user for user in self._users.values()), key=lambda user: user.user_id)
        later = [user for user in users if user.user_id > (cursor or "")]
        page = later[: self.users_per_page]
        return Page(page, page[-1].user_id if len(later) > len(page) else None)

    def known_users(self, user_ids: Iterable[str]) -> frozenset[str]:
        return frozenset(user_ids) & self._users.keys()

    # Contacts of the ERP

    def contacts_read(self, company_id: str) -> ContactsRead | None:
        read = self._read.get(company_id)
        return read and replace(read, asked_at=self._asked.get(company_id), failed_at=self._failed.get(company_id))

    def user_id_of_contact(self, company_id: str, contact_number: str) -> str | None:
        row = self._contacts.get((company_id, contact_number))
        return row.user_id if row else None

    def contacts_without_account(self, company_id: str, *, limit: int, cursor: str | None, q: str = "") -> ContactsPage:
        if cursor is not None and q:
            (cursor,) = read_cursor(cursor, (company_id, q), parts=1)
        within = {"sk": "contact#", "listing_key": ""}
        start = key_of(cursor, within=within, pk=company_id, listing=f"{company_id}#contacts")
        rows = sorted(
            (listing_key(row), number, row)
            for (owner, number), row in self._contacts.items()
            if owner == company_id and (row.listed or (owner, number) in self._invited)
        )
        rows = [row for row in rows if not q or _finds(q, row[2].contact)]
        rows = [row for row in rows if start is None or row[0] > start["listing_key"]["S"]]
        last = None
        if len(rows) > limit:
            last_key, number, _ = rows[limit - 1]
            last = {
                "pk": company_id,
                "sk": f"contact#{number}",
                "listing": f"{company_id}#contacts",
                "listing_key": last_key,
            }
        contacts = tuple(CachedContact(row.contact) for *_, row in rows[:limit])
        next_cursor = cursor_of(last and to_item(last))
        if next_cursor and q:
            next_cursor = written_cursor([next_cursor], (company_id, q))
        return ContactsPage(contacts, next_cursor)

    def names_of(self, company_id: str, user_ids: Iterable[str]) -> Mapping[str, str]:
        asked = (self.colleague(company_id, user_id) for user_id in user_ids)
        return {user.user_id: user.name for user in asked if user}

    def holders_of_emails(self, emails: Iterable[str]) -> Mapping[str, EmailHolders]:
        wanted = {normalized_email(email) for email in emails}
        return {email: holders for email, holders in self._emails.items() if email in wanted}

    def colleagues_of_emails(self, company_id: str, emails: Iterable[str]) -> Mapping[str, str]:
        held = {email: holders.colleague(company_id) for email, holders in self.holders_of_emails(emails).items()}
        return {email: user_id for email, user_id in held.items() if user_id}

    def save_contacts(self, company_id: str, contacts: Iterable[CachedContact], read_at: datetime) -> None:
        known = {number: row for (owner, number), row in self._contacts.items() if owner == company_id}
        marks = self._marks[company_id]
        found = set()
        for listed in contacts:
            number = listed.contact.contact_number
            found.add(number)
            self._save_contact(company_id, number, listed, read_at)
        for number in known.keys() - found:
            self._save_contact(company_id, number, None, read_at)
        outdated = company_id in self._read and self._marks[company_id] != marks
        self._read[company_id] = ContactsRead(read_at, outdated, self._asked.get(company_id))
        self._failed.pop(company_id, None)

    def _save_contact(self, company_id: str, number: str, listed: CachedContact | None, read_at: datetime) -> None:
        self._invited.discard((company_id, number))
        before = self._contacts.get((company_id, number))
        after = before.after_list(listed, read_stamp(read_at)) if before else listed
        if after:
            self._contacts[company_id, number] = after
        else:
            self._contacts.pop((company_id, number), None)

    def ask_for_contacts(self, company_id: str, now: datetime, *entries: Entry, again: bool = False) -> bool:
        asked_at = self._asked.get(company_id)
        if not again and asked_at and now - asked_at < ASKED_AGAIN_AFTER:
            return False
        self._asked[company_id] = now
        self.entries += entries
        return True

    def begin_contacts(
        self, company_id: str, reader: str, now: datetime, until: datetime, *, asks: bool = False
    ) -> bool:
        other, lapses = self._readers.get(company_id, ("", now))
        if other != reader and lapses > now:
            return False
        asked_at = self._asked.get(company_id)
        if asks and other != reader and asked_at and now - asked_at < ASKED_AGAIN_AFTER:
            return False
        self._readers[company_id] = (reader, until)
        if asks:
            self._asked[company_id] = now
        return True

    def end_contacts(
        self, company_id: str, reader: str, failed_at: datetime | None = None, *, asked: bool = True
    ) -> None:
        if self._readers.get(company_id, ("",))[0] == reader:
            del self._readers[company_id]
            if failed_at:
                self._failed[company_id] = failed_at
            if not asked:
                self._asked.pop(company_id, None)

    def contacts_failed(self, company_id: str) -> bool:
        failed_at, asked_at = self._failed.get(company_id), self._asked.get(company_id)
        return failed_at is not None and asked_at is not None and failed_at >= asked_at

    def emails_of(self, company_id: str) -> Mapping[str, str]:
        own = (user for user in self._users.values() if user.company_id == company_id)
        return {normalized_email(user.email): user.user_id for user in own}

    def contacts_of_numbers(
        self, company_id: str, contact_numbers: Iterable[str], *, current: bool = True
    ) -> Mapping[str, CachedContact]:
        known = {number: self._contacts.get((company_id, number)) for number in contact_numbers}
        return {number: row for number, row in known.items() if row}

    # Users

    def add_user(self, user: User, entry: Entry, contact: ErpContact | None = None) -> None:
        self._check_first_time(entry.at)
        if contact:
            self._check_free(user, contact)
        self._check_new(user)
        self._put(user)
        if contact:
            key = user.company_id, contact.contact_number
            row = self._contacts.get(key)
            self._link(user, contact)
            if row and row.listed:
                self._invited.add(key)
        else:
            self._outdate_contacts(user.company_id)
        self._write(entry)

    def change_user(
        self,
        before: User,
        after: User,
        entry: Entry,
        contact: ErpContact | None = None,
        *,
        ending: frozenset[str] = frozenset(),
    ) -> None:
        self._check_first_time(entry.at)
        self._check_changes([(before, after)], ending)
        if contact:
            self._check_free(after, contact)
            self._link(after, contact)
        self._change([(before, after)])
        self._write(entry)

    def change_users(self, changes: Sequence[tuple[User, User]], entries: Sequence[Entry]) -> None:
        self._check_first_time(entries[0].at)
        self._check_changes(changes)
        self._change(changes)
        self._write(*entries)

    def delete_user(self, user: User, entry: Entry, *, attempt: str, erasure: Erasure | None = None) -> None:
        self._check_first_time(entry.at)
        stored = self._users.get(user.user_id)
        if stored is None or stored.version != user.version:
            raise PreconditionFailed
        company = self._companies.get(user.company_id)
        if company and user.is_active_main_contact:
            if len(company.main_contacts) <= 1:
                raise last_main_contact()
            main_contacts = company.main_contacts - {user.user_id}
            self._companies[company.company_id] = replace(company, main_contacts=main_contacts)
        del self._users[user.user_id]
        self._leave(user)
        self._attempts.pop(attempt, None)
        for key, row in self._contacts.items():
            if row.user_id == user.user_id:
                self._contacts[key] = replace(row, user_id=None)
        self._erasures.pop(user.user_id, None)
        if erasure:
            self._erasures[user.user_id] = erasure
        self._write(entry)

    def erasure(self, user_id: str) -> Erasure | None:
        return self._erasures.get(user_id)

    def begin_erasure(self, erasure: Erasure, entry: Entry, *, replaces: Erasure | None) -> None:
        self._check_first_time(entry.at)
        known = self._erasures.get(erasure.user_id)
        if (known and known.erased_at) != (replaces and replaces.erased_at):
            raise InProgress("in-progress", retry_after=1)
        self._erasures[erasure.user_id] = erasure
        self._write(entry)

    def complete_erasure(self, user_id: str, erased_at: datetime, now: datetime) -> None:
        known = self._erasures.get(user_id)
        if known and known.erased_at == erased_at and known.completed_at is None:
            self._erasures[user_id] = replace(known, completed_at=now)

    def _hold(self, email: str, holders: EmailHolders) -> None:
        self._emails.pop(normalized_email(email), None)
        if holders != EmailHolders():
            self._emails[normalized_email(email)] = holders

    def _leave(self, user: User) -> None:
        self._hold(user.email, self.holders_of_email(user.email).left_by(user.user_id))

    def _check_changes(self, changes: Sequence[tuple[User, User]], ending: frozenset[str] = frozenset()) -> None:
        for before, after in changes:
            stored = self._users.get(after.user_id)
            if stored is None or stored.version != before.version:
                raise PreconditionFailed
            if _moves(before, after):
                _with(self.holders_of_email(after.email), after, ending)
        joining, leaving = _moving(changes)
        company = self._companies.get(changes[0][1].company_id)
        main_contacts = company.main_contacts if company else frozenset()
        if (joining or leaving) and (company is None or not (main_contacts | joining) - leaving):
            raise last_main_contact()

    def _change(self, changes: Sequence[tuple[User, User]]) -> None:
        for before, after in changes:
            stored = self._users[after.user_id]
            names = [each.name for each in fields(User) if getattr(after, each.name) != getattr(before, each.name)]
            self._users[after.user_id] = replace(stored, **{name: getattr(after, name) for name in names})
            if _moves(before, after):
                holders = self.holders_of_email(after.email)
                self._hold(after.email, _with(holders, after, holders.invited - {after.user_id}))
            if normalized_email(before.email) != normalized_email(after.email):
                self._leave(before)
        joining, leaving = _moving(changes)
        company = self._companies.get(changes[0][1].company_id)
        if company and (joining or leaving):
            main_contacts = (company.main_contacts | joining) - leaving
            self._companies[company.company_id] = replace(company, main_contacts=main_contacts)

    def record(self, entry: Entry) -> None:
        self._check_first_time(entry.at)
        self._write(entry)

    def was_mailed(self, mail_id: str) -> bool:
        return mail_id in self._mailed

    def note_mailed(self, mail_id: str, now: datetime) -> None:
        self._mailed.add(mail_id)

    def note_code(self, code_hash: str, link: CodedLink, until: datetime) -> None:  # nothing expires here
        self._codes[code_hash] = link

    def link_of_code(self, code_hash: str) -> CodedLink | None:
        return self._codes.get(code_hash)

    def notice_sent(self, user_id: str, *, mail_id: str, token_hash: str) -> bool:
        user = self._users.get(user_id)
        change = user.email_change if user else None
        if user is None or change is None or change.mail_id != mail_id or change.old_token_hash:
            return False
        self._users[user_id] = replace(user, email_change=replace(change, old_token_hash=token_hash))
        return True

    def invitation_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        user = self._users.get(user_id)
        invitation = user.invitation if user else None
        if user is None or invitation is None or invitation.mail_id != mail_id or invitation.sent_at:
            return False
        if invitation.status is not InvitationStatus.PENDING:
            return False
        sent = replace(invitation, token_hash=token_hash, sent_at=sent_at, expires_at=expires_at)
        self._users[user_id] = replace(user, invitation=sent)
        return True

    def email_change_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        user = self._users.get(user_id)
        change = user.email_change if user else None
        if user is None or change is None or change.mail_id != mail_id or change.sent_at:
            return False
        sent = replace(change, token_hash=token_hash, sent_at=sent_at, expires_at=expires_at)
        self._users[user_id] = replace(user, email_change=sent)
        return True

    def claim_invitation(self, user: User, claim: Claim, now: datetime) -> None:
        current = self._users.get(user.user_id)
        if current and current.claim and current.claim.blocks(claim.claim_id, now):
            wait = (current.claim.lapses_at - now).total_seconds()
            raise InProgress("in-progress", retry_after=int(wait) + 1)
        invitation = current.invitation if current else None
        if current is None or invitation is None or invitation.status is not InvitationStatus.PENDING:
            raise PreconditionFailed
        if user.invitation is None or invitation.token_hash != user.invitation.token_hash:
            raise PreconditionFailed
        self._users[user.user_id] = replace(current, claim=claim)

    def release_invitation(self, user_id: str, claim: Claim) -> None:
        user = self._users.get(user_id)
        if user and user.claim and user.claim.claim_id == claim.claim_id:
            self._users[user_id] = replace(user, claim=None)

    def reserve_repeat(self, user: User, repeats: int) -> bool:
        current = self._users.get(user.user_id)
        invitation = current.invitation if current else None
        if current is None or invitation is None or invitation.status is not InvitationStatus.ACCEPTED:
            return False
        known = user.invitation and user.invitation.token_hash
        if invitation.token_hash != known or invitation.repeats >= repeats:
            return False
        again = replace(invitation, repeats=invitation.repeats + 1)
        self._users[user.user_id] = replace(current, invitation=again)
        return True

    def _check_new(self, user: User, invited: User | None = None, ending: frozenset[str] = frozenset()) -> None:
        _with(self.holders_of_email(user.email), user, ending)
        if invited is None and user.user_id in self._users:
            raise Conflict("email-in-use")
        if invited and self._users[user.user_id].version != invited.version:
            raise PreconditionFailed

    def _check_free(self, user: User, contact: ErpContact) -> None:
        row = self._contacts.get((user.company_id, contact.contact_number))
        if row and row.user_id not in (None, user.user_id):
            raise Conflict("contact-in-use")

    def _put(self, user: User) -> None:
        self._users[user.user_id] = user
        holders = self.holders_of_email(user.email)
        self._hold(user.email, _with(holders, user, holders.invited - {user.user_id}))

    def _link(self, user: User, contact: ErpContact) -> None:
        row = CachedContact(contact, user.user_id, as_of={"gone": read_stamp(user.updated_at)})
        self._invited.discard((user.company_id, contact.contact_number))
        self._contacts[user.company_id, contact.contact_number] = row

    def _outdate_contacts(self, company_id: str) -> None:
        self._marks[company_id] += 1
        if read := self._read.get(company_id):
            self._read[company_id] = replace(read, outdated=True)

    # Activation

    def reserve_refusal(
        self, customer_number: str, network: str, now: datetime, limits: RefusalLimits
    ) -> Sequence[RateLimit]:
        day, window = _refusal_keys(customer_number, network, now, limits)
        all_numbers = _network_keys(network, now)
        narrow, wide = (self._network_refusals[key] for key in all_numbers)
        over_all = limits.all_numbers_left(narrow, now), limits.wide_network_left(wide, now)
        if not all(limit.remaining for limit in over_all):
            raise TooManyRequests("too-many-refusals", over_all)
        left = limits.left(self._refusals[window], self._refusals[day], now)
        if not all(limit.remaining for limit in left):
            raise TooManyRequests("too-many-refusals", left)
        self._refusals.update((day, window))
        self._network_refusals.update(all_numbers)
        return [
            *limits.left(self._refusals[window], self._refusals[day], now),
            limits.all_numbers_left(narrow + 1, now),
        ]

    def release_refusal(self, customer_number: str, network: str, now: datetime, limits: RefusalLimits) -> None:
        self._refusals.subtract(_refusal_keys(customer_number, network, now, limits))
        self._network_refusals.subtract(_network_keys(network, now))

    def reserve_code(self, customer_number: str, now: datetime, limits: RefusalLimits) -> None:
        key = ("codes", RefusalLimits.counted_number(customer_number), f"{now:%Y-%m-%d}")
        if self._refusals[key] >= limits.codes_per_day:
            raise TooManyRequests("too-many-refusals", [limits.codes_left(self._refusals[key], now)])
        self._refusals[key] += 1

    def forget_refusals(self, customer_number: str, now: datetime, entry: Entry) -> None:
        self._check_first_time(entry.at)
        number, day = RefusalLimits.counted_number(customer_number), f"{now:%Y-%m-%d}"
        for key in [key for key in self._refusals if key[:2] == (number, day) or key == ("codes", number, day)]:
            del self._refusals[key]
        self._write(entry)

    def reserve_usage(self, company_id: str, wanted: Usage, now: datetime, limits: HourlyLimits) -> tuple[bool, Usage]:
        hour = (company_id, f"{now:%Y-%m-%dT%H}")
        before = self._usage.get(hour, Usage())
        after = before + wanted
        if any(
            getattr(wanted, name) and getattr(after, name) > getattr(limits, name) for name in ("mails", "tries", "erp")
        ):
            return False, before
        self._usage[hour] = after
        return True, after

    def release_usage(self, company_id: str, unused: Usage, now: datetime) -> None:
        hour = (company_id, f"{now:%Y-%m-%dT%H}")
        if hour in self._usage:
            self._usage[hour] += -unused

    def count_bounce(self, company_id: str, mail_id: str, made_at: datetime, now: datetime) -> frozenset[str]:
        mail_ids = self._bounces.setdefault((company_id, f"{made_at:%Y-%m-%d}"), set())
        mail_ids.add(mail_id)
        return frozenset(mail_ids)

    def mails_of_day(self, company_id: str, day: datetime) -> int:
        hours = {hour: usage for (of, hour), usage in self._usage.items() if of == company_id}
        return sum(usage.mails for hour, usage in hours.items() if hour.startswith(f"{day:%Y-%m-%d}"))

    def wrong_links(self, network: str, now: datetime, limits: WrongLinkLimits) -> int:
        return self._wrong_links[network, limits.window(now)]

    def count_wrong_link(self, network: str, now: datetime, limits: WrongLinkLimits) -> None:
        self._wrong_links[network, limits.window(now)] += 1

    def attempt(self, key: str) -> Attempt | None:
        return self._attempts.get(key)

    def save_attempt(self, attempt: Attempt, entry: Entry, *, replaces: Attempt | None) -> None:
        stored = self._attempts.get(attempt.key)
        self._check_first_time(entry.at)
        if (stored and stored.attempt_id) != (replaces and replaces.attempt_id):
            raise InProgress("in-progress", retry_after=1)
        self._attempts[attempt.key] = attempt
        self._write(entry)

    def code_sent(self, key: str, *, mail_id: str, code_hash: str, expires_at: datetime) -> bool:
        attempt = self._attempts.get(key)
        if attempt is None or attempt.mail_id != mail_id or attempt.code_hash:
            return False
        self._attempts[key] = replace(attempt, code_hash=code_hash, code_expires_at=expires_at)
        return True

    def try_code(self, key: str, claim: Claim, now: datetime, tries: int) -> Attempt:
        attempt = self._attempts.get(key)
        if attempt is None or attempt.code_expires_at is None or attempt.code_expires_at <= now:
            raise InvalidInput("code-expired")
        if attempt.tries >= tries:
            raise InvalidInput("code-exhausted")
        if attempt.claim and attempt.claim.blocks(claim.claim_id, now):
            wait = (attempt.claim.lapses_at - now).total_seconds()
            raise InProgress("in-progress", retry_after=int(wait) + 1)
        self._attempts[key] = replace(attempt, tries=attempt.tries + 1, claim=claim)
        return self._attempts[key]

    def release_attempt(self, key: str, claim: Claim) -> None:
        attempt = self._attempts.get(key)
        if attempt and attempt.claim and attempt.claim.claim_id == claim.claim_id:
            self._attempts[key] = replace(attempt, claim=None)

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
        self._check_first_time(entry.at)
        known = self.company_of_number(company.customer_number)
        if (known and known.company_id) != (existing and existing.company_id) or (known and known.closed_at):
            raise CompanyExists
        self._check_new(user, invited, ending)
        if contact:
            self._check_free(user, contact)
        if known and existing:
            if known.version != existing.version:
                raise CompanyExists
            self._put_company(existing, company)
        else:
            pointer = self._pointers.get(company.customer_number)
            if pointer and pointer.stamp >= company.as_of.get("customer_number", ""):
                raise CompanyExists
            self._pointers.pop(company.customer_number, None)
            self._companies[company.company_id] = company
        self._put(user)
        if contact:
            self._link(user, contact)
        elif existing:
            self._outdate_contacts(user.company_id)
        self._write(entry)

    # Events of the ERP

    def change_company(
        self, before: Company, after: Company, *entries: Entry, user: tuple[User, User] | None = None
    ) -> None:
        for entry in entries:
            self._check_first_time(entry.at)
        self._check_company(before)
        if user:
            self._check_changes([user])
            self._users[user[1].user_id] = user[1]
        self._put_company(before, after)
        self._write(*entries)

    def renumber_company(self, before: Company, after: Company, entry: Entry, pointer: Renumbered) -> None:
        self._check_company(before)
        if self.company_of_number(after.customer_number):
            raise NumberInUse
        self._pointers.pop(after.customer_number, None)
        self._pointers[before.customer_number] = pointer
        self._put_company(before, after)
        self._write(entry)

    def point_number(
        self, customer_number: str, pointer: Renumbered, *, replaces: Renumbered | None, until: datetime
    ) -> None:
        if self.customer_number(customer_number) != replaces:
            raise PreconditionFailed
        self._pointers[customer_number] = pointer

    def contact(self, company_id: str, contact_number: str) -> CachedContact | None:
        return self._contacts.get((company_id, contact_number))

    def change_contact(
        self,
        company_id: str,
        before: CachedContact | None,
        after: CachedContact,
        *entries: Entry,
        user: tuple[User, User] | None = None,
        outdates: bool = False,
    ) -> None:
        number = after.contact.contact_number
        known = self._contacts.get((company_id, number))
        if (known and (known.user_id, known.as_of)) != (before and (before.user_id, before.as_of)):
            raise PreconditionFailed
        if user:
            self._check_changes([user])
            self._users[user[1].user_id] = user[1]
        self._invited.discard((company_id, number))
        self._contacts[company_id, number] = after
        if outdates or (not after.contact.name and not after.gone):
            self._outdate_contacts(company_id)
        self._write(*entries)

    def was_applied(self, source: str, webhook_id: str) -> bool:
        return (source, webhook_id) in self._applied

    def note_applied(self, source: str, webhook_id: str, now: datetime) -> None:
        self._applied.add((source, webhook_id))

    def _check_company(self, before: Company) -> None:
        known = self._companies.get(before.company_id)
        if known is None or known.version != before.version:
            raise PreconditionFailed

    def _put_company(self, before: Company, after: Company) -> None:
        known = self._companies[after.company_id]
        main_contacts = known.main_contacts | (after.main_contacts - before.main_contacts)
        self._companies[after.company_id] = replace(after, main_contacts=main_contacts, version=before.version + 1)


class FakeTrail(AuditTrail):
    """`AuditTrail` over the journal of `FakeCompanies`."""

    def __init__(self, companies: FakeCompanies) -> None:
        self._companies = companies

    def newest(self, company_id: str, *, limit: int, since: datetime = EPOCH, before: str | None = None) -> Part[Entry]:
        entries = [entry for entry in self._entries(company_id, since) if not before or entry.entry_id < before]
        return Part(tuple(entries[::-1][:limit]), more=len(entries) > limit)

    def about(
        self, company_id: str, subject: str, *, limit: int, since: datetime = EPOCH, after: str | None = None
    ) -> tuple[Sequence[Entry], str | None]:
        entries = [entry for entry in self._entries(company_id, since) if not after or entry.entry_id > after]
        read = entries[:limit]
        more = len(read) == limit  # DynamoDB finds out with the next read whether the partition has ended
        return tuple(entry for entry in read if entry.subject == subject), read[-1].entry_id if more else None

    def _entries(self, company_id: str, since: datetime) -> Sequence[Entry]:
        own = (entry for entry in self._companies.entries if entry.partition == company_id)
        return sorted((entry for entry in own if entry.entry_id >= ulid_floor(since)), key=lambda it: it.entry_id)

    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        at = self._companies.entries.index(entry)
        self._companies.entries[at] = replace(entry, changes=changes)


def _moves(before: User, after: User) -> bool:
    """Return whether the change gives the user an e-mail: a new one, or the present one with their first login."""
    moved = normalized_email(before.email) != normalized_email(after.email)
    return moved or (after.has_login and not before.has_login)


def _with(holders: EmailHolders, user: User, ending: frozenset[str]) -> EmailHolders:
    """Return the holders with this user; raise if they may not have the e-mail, or if others are invited with it."""
    if not user.has_login:
        return holders.joined_by(user.user_id)
    taken = holders.taken_by(user.user_id)
    if taken.invited != ending:
        raise EmailShared(taken.invited)
    return taken


def _moving(changes: Sequence[tuple[User, User]]) -> tuple[set[str], set[str]]:
    """Return who becomes an active main contact by the changes, and who is none any more."""
    was = {before.user_id for before, _ in changes if before.is_active_main_contact}
    becomes = {after.user_id for _, after in changes if after.is_active_main_contact}
    return becomes - was, was - becomes


def _refusal_keys(
    customer_number: str, network: str, now: datetime, limits: RefusalLimits
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    day = (RefusalLimits.counted_number(customer_number), f"{now:%Y-%m-%d}")
    return day, (*day, str(limits.window(now)), network)


def _network_keys(network: str, now: datetime) -> tuple[tuple[str, str], tuple[str, str]]:
    hour = f"{now:%Y-%m-%dT%H}"
    return (f"network {network}", hour), (f"wide network {RefusalLimits.wide_network(network)}", hour)


@dataclass
class Login:
    """One login; `sessions` are its refresh tokens that still work."""

    email: str
    language: str
    enabled: bool = False
    verified: bool = False
    password: str | None = None
    sessions: set[str] = field(default_factory=set)
    changed_at: datetime = NOON


class FakeIdentities(Identities):
    """`Identities` over a dict of logins; `calls` remembers name and user id of every call."""

    def __init__(self) -> None:
        self.logins: dict[str, Login] = {}
        self.calls: list[tuple[str, str]] = []
        self.unavailable = False
        self.clock = FakeClock()
        self.logins_per_page = 60
        self._cursors: set[str | None] = set()
        self.enabled_late = 0
        """How many sign-ins Cognito refuses before it sees that a login was enabled."""
        self._failing: Counter[str] = Counter()
        self._seen_after: Counter[str] = Counter()

    def fail_next(self, call: str) -> None:
        """Let the next call of that name fail."""
        self._failing[call] += 1

    def create(self, user: User) -> None:
        self._called("create", user.user_id)
        login = self.logins.setdefault(user.user_id, Login(user.email, user.language))
        login.email, login.enabled, login.verified = user.email, False, False
        login.changed_at = self.clock.now()

    def set_password(self, user_id: str, password: str) -> None:
        self._called("set_password", user_id)
        login = self._login(user_id)
        if len(password) < len("10 letters"):
            raise InvalidInput(errors=[FieldError("/password", "password-policy")])
        login.password, login.changed_at = password, self.clock.now()

    def enable(self, user: User) -> None:
        self._called("enable", user.user_id)
        login = self._login(user.user_id)
        if self._holder(user.email) not in (None, user.user_id):
            raise EmailHeld("identity-unavailable", retry_after=2)
        if not login.enabled:
            self._seen_after[user.user_id] = self.enabled_late
        login.email, login.language = user.email, user.language
        login.verified = login.enabled = True
        login.changed_at = self.clock.now()

    def disable(self, user_id: str) -> None:
        self._called("disable", user_id)
        if login := self.logins.get(user_id):
            login.enabled, login.changed_at = False, self.clock.now()
            login.sessions.clear()

    def delete(self, user_id: str) -> None:
        self._called("delete", user_id)
        self.logins.pop(user_id, None)

    def sign_in(self, user_id: str, password: str) -> Session | None:
        self._called("sign_in", user_id)
        login = next((login for name, login in self._names() if name == user_id.casefold()), None)
        if login is None:
            return None
        self._seen_after[user_id] -= 1
        if not login.enabled or self._seen_after[user_id] >= 0:
            raise LoginDisabled("identity-unavailable", retry_after=2)
        if login.password is None or login.password != password:
            return None
        serial = len(self.calls)
        login.sessions.add(f"refresh-{serial}")
        return Session(f"access-{serial}", f"id-{serial}", f"refresh-{serial}", 3600)

    def holder_of(self, email: str) -> str | None:
        self._called("holder_of", email)
        return self._holder(email)

    def release_email(self, user_id: str) -> None:
        self._called("release_email", user_id)
        if login := self.logins.get(user_id):
            login.verified = False

    def _holder(self, email: str) -> str | None:
        alias = email.casefold()
        holders = (id_ for id_, login in self.logins.items() if login.verified and login.email.casefold() == alias)
        return next(holders, None)

    def login(self, user_id: str) -> LoginState | None:
        self._called("login", user_id)
        return self._state(user_id) if user_id in self.logins else None

    def add(self, user: User) -> bool:
        self._called("add", user.user_id)
        if user.user_id in self.logins:
            return False
        self.logins[user.user_id] = Login(user.email, user.language, enabled=True, changed_at=self.clock.now())
        return True

    def logins_page(self, cursor: str | None) -> Page[LoginState]:
        self._called("logins_page", "")
        if cursor is not None and cursor not in self._cursors:
            raise MalformedRequest("cursor-invalid")
        names = sorted(name for name in self.logins if name > (cursor or ""))
        page = names[: self.logins_per_page]
        after = page[-1] if len(names) > len(page) else None
        self._cursors.add(after)
        return Page([self._state(name) for name in page], after)

    def _state(self, user_id: str) -> LoginState:
        login = self.logins[user_id]
        return LoginState(
            user_id=user_id,
            email=login.email,
            email_verified=login.verified,
            language=login.language,
            enabled=login.enabled,
            has_password=login.password is not None,
            changed_at=login.changed_at,
        )

    def _names(self) -> Iterator[tuple[str, Login]]:
        yield from self.logins.items()
        yield from ((login.email.casefold(), login) for login in self.logins.values() if login.verified)

    def _login(self, user_id: str) -> Login:
        if user_id not in self.logins:
            raise OutsideUnavailable("identity-unavailable", retry_after=2)
        return self.logins[user_id]

    def _called(self, call: str, user_id: str) -> None:
        self.calls.append((call, user_id))
        failing = self._failing[call] > 0
        self._failing[call] -= failing
        if failing or self.unavailable:
            raise OutsideUnavailable("identity-unavailable", retry_after=2)


def _finds(q: str, contact: ErpContact) -> bool:
    email = contact.email or ""
    return finds(q, contact.name, shown_email(email), email)
