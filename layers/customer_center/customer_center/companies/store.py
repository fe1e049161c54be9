"""The companies table (DynamoDB, on demand). Only this file contains the key scheme of its items.

| item | pk | sk |
|---|---|---|
| company | company id | `company` |
| user | company id | `user#<user id>` |
| erasure of a user | company id | `erasure#<user id>` |
| ERP contact, cached | company id | `contact#<contact number>` |
| when the contacts were read, asked for, who reads them | company id | `contacts` |
| customer number → company, or its new number | `customer_number#<number>` | `customer_number` |
| e-mail → its owner, and who is invited with it | `email#<normalised>` | `email` |
| activation under way | `activation#<digest>` | `activation` |
| mail that was sent | `mail#<mail id>` | `mail` |
| code that stands for a mailed link | `code#<hash of the code>` | `code` |
| refusals of a day | `refusals#<customer number>#<day>` | `refusals` |
| refusals of a wide network in an hour | `network_refusals#<wide network>#<hour>` | `network_refusals` |
| wrong links of a network in a window | `wrong_links#<network>#<window>` | `wrong_links` |
| what a company's users cause, by hour | `usage#<company id>#<day>` | `usage` |
| mails of a day that came back | `bounces#<company id>#<day>` | `bounces` |
| breaker of an outside system | `breaker#<system>` | `breaker` |

The same table holds the items of `platform/table_store.py` (requests and events that may be repeated) and of
`clients/store.py` (client keys). The attributes of the items: `items.py`.
Index `listing` (sparse: `listing`, `listing_key`): contacts without a shop account, by name. An invited contact stays
in the index until the next full list of contacts is saved.
Every change of a user or company by a person or by the ERP is written in one transaction with its journal entry.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, override
from uuid import uuid4

from customer_center.companies.ids import COMPANY_ID, company_of
from customer_center.companies.items import (
    attempt_from,
    attempt_values,
    claim_values,
    company_from,
    company_values,
    contact_from,
    contact_values,
    erasure_from,
    erasure_values,
    holders_values,
    listing_key,
    pointer_from,
    pointer_values,
    user_from,
    user_values,
)
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
    RefusalLimits,
    Renumbered,
    Usage,
    User,
    WrongLinkLimits,
    is_colleague,
    last_main_contact,
)
from customer_center.companies.ports import Companies, CompanyExists, EmailShared, NumberInUse
from customer_center.platform.clock import epoch, from_iso, iso
from customer_center.platform.dynamodb import Action, Item, cursor_of, from_item, is_key, key_of, to_item, transact
from customer_center.platform.email_address import normalized_email, shown_email
from customer_center.platform.errors import (
    Conflict,
    InProgress,
    InvalidInput,
    PreconditionFailed,
    RateLimit,
    TooManyRequests,
)
from customer_center.platform.frozen import frozen
from customer_center.platform.hashes import Hashes
from customer_center.platform.journal import Entry
from customer_center.platform.log import logger
from customer_center.platform.paging import Page, Part, filled, read_cursor, written_cursor
from customer_center.platform.search import finds
from customer_center.platform.stamps import read_stamp
from customer_center.platform.table_store import TableStore, update_request

_LISTING_INDEX = "listing"
# A search reads so many contacts at a time: about 20 read units.
_CONTACTS_PER_READ = 500
# The check of all logins reads so many items at a time: at most some 300 users, whose logins are read one by one.
_ITEMS_PER_SCAN = 300
_COMPANY_PREFIX = "com_"
# Number of contacts that are written in parallel, and how many are handed to the writers at once.
_WRITERS = 10
_SAVED_TOGETHER = 500
_ABSENT = "attribute_not_exists(pk)"
# The number has no company, or was replaced: then the ERP may give it to another customer.
_FREE_NUMBER = "attribute_not_exists(pk) OR attribute_exists(renumbered_to)"
# The rule of `last_main_contact`, as a condition on the company's item.
_A_MAIN_CONTACT_STAYS = "size(main_contacts) > :leaving"
# Nobody but this user has the e-mail. Items from before `proved` have only `user_id`, also for invited users.
_NOBODY_ELSE = (
    "attribute_not_exists(pk) OR (user_id = :me AND attribute_not_exists(invited)) "
    "OR (attribute_not_exists(user_id) AND invited = :only_me)"
)
# Another request may change the holders of the same e-mail at the same time, but rarely twice in a row.
_HOLDER_TRIES = 4
# Another request may write the same contact at the same time, but rarely three times in a row.
_CONTACT_TRIES = 3
_MAILED_KEPT = timedelta(days=14)
_REFUSALS_KEPT = timedelta(days=2)
_NETWORK_REFUSALS_KEPT = timedelta(hours=2)
_USAGE_KEPT = timedelta(days=2)
# SES reports a bounce up to 14 hours after the mail; a complaint may take days.
_BOUNCES_KEPT = timedelta(days=7)


def _key(pk: str, sk: str) -> Item:
    return {"pk": pk, "sk": sk}


def _company_key(company_id: str) -> Item:
    return _key(company_id, "company")


def _user_key(user_id: str) -> Item:
    return _key(company_of(user_id) or "", f"user#{user_id}")


def _erasure_key(user_id: str) -> Item:
    return _key(company_of(user_id) or "", f"erasure#{user_id}")


def _contact_key(company_id: str, contact_number: str) -> Item:
    return _key(company_id, f"contact#{contact_number}")


def _contacts_key(company_id: str) -> Item:
    return _key(company_id, "contacts")


def _number_key(customer_number: str) -> Item:
    return _key(f"customer_number#{customer_number}", "customer_number")


def _email_key(email: str) -> Item:
    return _key(f"email#{normalized_email(email)}", "email")


def _attempt_key(key: str) -> Item:
    return _key(f"activation#{key}", "activation")


def _mail_key(mail_id: str) -> Item:
    return _key(f"mail#{mail_id}", "mail")


def _code_key(code_hash: str) -> Item:
    return _key(f"code#{code_hash}", "code")


def _refusals_key(customer_number: str, now: datetime) -> Item:
    return _key(f"refusals#{RefusalLimits.counted_number(customer_number)}#{now:%Y-%m-%d}", "refusals")


def _network_refusals_key(network: str, now: datetime) -> Item:
    return _key(f"network_refusals#{RefusalLimits.wide_network(network)}#{now:%Y-%m-%dT%H}", "network_refusals")


def _wrong_links_key(network: str, now: datetime, limits: WrongLinkLimits) -> Item:
    return _key(f"wrong_links#{network}#{limits.window(now)}", "wrong_links")


class _HoldersChanged(Exception):
    """The holders of an e-mail are not those that this write was made for."""


@frozen
class _Move:
    """A change of an e-mail's holders that concerns one user.

    `change` returns the holders afterwards, or raises. With `shared`, other users are known to have the e-mail too.
    """

    email: str
    user_id: str
    change: Callable[[EmailHolders], EmailHolders]
    shared: bool = False


def _usage_key(company_id: str, now: datetime) -> Item:
    return _key(f"usage#{company_id}#{now:%Y-%m-%d}", "usage")


def _bounces_key(company_id: str, now: datetime) -> Item:
    return _key(f"bounces#{company_id}#{now:%Y-%m-%d}", "bounces")


class CompanyStore(TableStore, Companies):
    """Companies, users, contacts and activations in DynamoDB."""

    # Reading

    @override
    def user(self, user_id: str) -> User | None:
        return self._user(user_id, consistent=True)

    @override
    def colleague(self, company_id: str, user_id: str) -> User | None:
        return self._user(user_id, consistent=False) if is_colleague(user_id, company_id) else None

    def _user(self, user_id: str, *, consistent: bool) -> User | None:
        if company_of(user_id) is None:
            return None
        item = self._get(_user_key(user_id), consistent=consistent)
        return user_from(item) if item else None

    @override
    def company(self, company_id: str) -> Company | None:
        # The cheaper read may miss a company that was created a moment ago.
        return self._company(company_id, consistent=False) or self.current_company(company_id)

    @override
    def current_company(self, company_id: str) -> Company | None:
        return self._company(company_id, consistent=True)

    def _company(self, company_id: str, *, consistent: bool) -> Company | None:
        if not COMPANY_ID.fullmatch(company_id):
            return None
        item = self._get(_company_key(company_id), consistent=consistent)
        return company_from(item) if item else None

    @override
    def company_of_number(self, customer_number: str) -> Company | None:
        found = self.customer_number(customer_number)
        return found if isinstance(found, Company) else None

    @override
    def customer_number(self, customer_number: str) -> Company | Renumbered | None:
        item = self._get(_number_key(customer_number), consistent=True)
        if item is None:
            return None
        if "renumbered_to" in item:
            return pointer_from(item)
        return self.current_company(item["company_id"])

    @override
    def holders_of_email(self, email: str) -> EmailHolders:
        item = self._get(_email_key(email), consistent=True)
        return self._holders(item) if item else EmailHolders()

    def _holders(self, item: Item) -> EmailHolders:
        owner_id, invited = item.get("user_id"), frozenset(item.get("invited", ()))
        if owner_id and "proved" not in item:
            user = self.user(owner_id)
            if user is None or not user.has_login:
                return EmailHolders(None, invited | {owner_id} if user else invited)
        return EmailHolders(owner_id, invited)

    @override
    def users(self, company_id: str, *, limit: int, after: str | None = None, last_first: bool = False) -> Part[User]:
        start: dict[str, Any] = _start(to_item(_user_key(after)) if after else None)
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": company_id, ":sk": "user#"}),
            ScanIndexForward=not last_first,
            Limit=limit,
            **start,
        )
        users = tuple(user_from(from_item(item)) for item in answer["Items"])
        return Part(users, more="LastEvaluatedKey" in answer)

    @override
    def users_page(self, cursor: str | None) -> Page[User]:
        users: list[User] = []
        start: dict[str, Any] = _start(key_of(cursor, within={"pk": _COMPANY_PREFIX, "sk": ""}))
        while True:
            answer = self._client.scan(
                TableName=self._table,
                FilterExpression="begins_with(sk, :sk)",
                ExpressionAttributeValues=to_item({":sk": "user#"}),
                Limit=_ITEMS_PER_SCAN,
                **start,
            )
            users += [user_from(from_item(item)) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            # The keys of other items hold e-mails, which must not get into a cursor.
            if last is None or last["pk"]["S"].startswith(_COMPANY_PREFIX):
                return Page(users, cursor_of(last))
            start = _start(last)

    @override
    def known_users(self, user_ids: Iterable[str]) -> frozenset[str]:
        keys = [_user_key(user_id) for user_id in sorted(set(user_ids)) if company_of(user_id)]
        return frozenset(item["sk"].removeprefix("user#") for item in self._get_all(keys, consistent=False))

    # Contacts of the ERP

    @override
    def contacts_read(self, company_id: str) -> ContactsRead | None:
        item = self._get(_contacts_key(company_id), consistent=True)
        # The item has no time before the contacts were first read.
        if item is None or "read_at" not in item:
            return None
        asked_at, failed_at = (from_iso(item[name]) if name in item else None for name in ("asked_at", "failed_at"))
        return ContactsRead(from_iso(item["read_at"]), "outdated" in item, asked_at, failed_at)

    @override
    def contacts_failed(self, company_id: str) -> bool:
        item = self._get(_contacts_key(company_id), consistent=True)
        return item is not None and item.get("failed_at", "") >= item.get("asked_at", "a")

    @override
    def ask_for_contacts(self, company_id: str, now: datetime, *entries: Entry, again: bool = False) -> bool:
        request = {"TableName": self._table, **update_request(_contacts_key(company_id), {"asked_at": iso(now)})}
        if not again:
            request["ConditionExpression"] = "attribute_not_exists(asked_at) OR asked_at <= :before"
            request["ExpressionAttributeValues"] |= to_item({":before": iso(now - ASKED_AGAIN_AFTER)})
        try:
            # Not `_commit`: a request that is remembered is not done by asking.
            transact(
                self._client, [Action({"Update": request}, PreconditionFailed()), *map(self._journal.write, entries)]
            )
        except (PreconditionFailed, InProgress):  # the second: another request is asking at this moment
            return False
        return True

    @override
    def begin_contacts(
        self, company_id: str, reader: str, now: datetime, until: datetime, *, asks: bool = False
    ) -> bool:
        free = "attribute_not_exists(reader) OR reader = :reader OR reader_until <= :now"
        values = {":reader": reader, ":until": iso(until), ":now": iso(now)}
        if not asks:
            return self._note(_contacts_key(company_id), "SET reader = :reader, reader_until = :until", free, values)
        return self._note(
            _contacts_key(company_id),
            "SET reader = :reader, reader_until = :until, asked_at = :now",
            f"({free}) AND (attribute_not_exists(asked_at) OR asked_at <= :before OR reader = :reader)",
            {**values, ":before": iso(now - ASKED_AGAIN_AFTER)},
        )

    @override
    def end_contacts(
        self, company_id: str, reader: str, failed_at: datetime | None = None, *, asked: bool = True
    ) -> None:
        self._note(
            _contacts_key(company_id),
            f"REMOVE reader, reader_until{'' if asked else ', asked_at'}"
            + (" SET failed_at = :failed" if failed_at else ""),
            "reader = :reader",
            {":reader": reader, ":failed": iso(failed_at) if failed_at else None},
        )

    @override
    def emails_of(self, company_id: str) -> Mapping[str, str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": company_id, ":sk": "user#"}),
            ProjectionExpression="sk, email",
            ConsistentRead=True,
        )
        items = (from_item(item) for page in pages for item in page["Items"])
        return {normalized_email(item["email"]): item["sk"].removeprefix("user#") for item in items}

    @override
    def contacts_of_numbers(
        self, company_id: str, contact_numbers: Iterable[str], *, current: bool = True
    ) -> Mapping[str, CachedContact]:
        possible = (_contact_key(company_id, number) for number in sorted(set(contact_numbers)))
        keys = [key for key in possible if is_key(key["sk"])]
        return {item["contact_number"]: contact_from(item) for item in self._get_all(keys, consistent=current)}

    @override
    def user_id_of_contact(self, company_id: str, contact_number: str) -> str | None:
        key = _contact_key(company_id, contact_number)
        item = self._get(key, consistent=False) if is_key(key["sk"]) else None
        return item.get("user_id") if item else None

    @override
    def contacts_without_account(self, company_id: str, *, limit: int, cursor: str | None, q: str = "") -> ContactsPage:
        own = {"pk": company_id, "listing": f"{company_id}#contacts"}

        def read(after: str | None, size: int) -> Part[Mapping[str, Any]]:
            # The name is compared here and not by the index, so that a search finds every word of it and does not
            # depend on how the keys of stored items were made.
            start: dict[str, Any] = _start(key_of(after, within={"sk": "contact#", "listing_key": ""}, **own))
            answer = self._client.query(
                TableName=self._table,
                IndexName=_LISTING_INDEX,
                KeyConditionExpression="listing = :listing",
                ExpressionAttributeValues=to_item({":listing": own["listing"]}),
                Limit=size,
                **start,
            )
            return Part([from_item(item) for item in answer["Items"]], more="LastEvaluatedKey" in answer)

        def place(item: Mapping[str, Any]) -> str:
            return cursor_of(to_item({**own, "sk": item["sk"], "listing_key": item["listing_key"]})) or ""

        def found(item: Mapping[str, Any]) -> bool:
            email = item.get("email") or ""
            return finds(q, item["name"], shown_email(email), email)

        if cursor is not None and q:
            (cursor,) = read_cursor(cursor, (company_id, q), parts=1)
        items, last = filled(
            read,
            key=place,
            wanted=found if q else None,
            after=cursor,
            limit=limit,
            rows_per_read=_CONTACTS_PER_READ,
        )
        contacts = tuple(map(contact_from, items))
        return ContactsPage(contacts, written_cursor([last], (company_id, q)) if last and q else last)

    @override
    def names_of(self, company_id: str, user_ids: Iterable[str]) -> Mapping[str, str]:
        keys = [_user_key(user_id) for user_id in sorted(set(user_ids)) if is_colleague(user_id, company_id)]
        return {item["sk"].removeprefix("user#"): item["name"] for item in self._get_all(keys, consistent=False)}

    @override
    def holders_of_emails(self, emails: Iterable[str]) -> Mapping[str, EmailHolders]:
        return {item["pk"].removeprefix("email#"): self._holders(item) for item in self._emails(emails)}

    @override
    def colleagues_of_emails(self, company_id: str, emails: Iterable[str]) -> Mapping[str, str]:
        colleagues = {
            item["pk"]: EmailHolders(item.get("user_id"), frozenset(item.get("invited", ()))).colleague(company_id)
            for item in self._emails(emails)
        }
        return {pk.removeprefix("email#"): user_id for pk, user_id in colleagues.items() if user_id}

    def _emails(self, emails: Iterable[str]) -> Iterable[dict[str, Any]]:
        keys = [_email_key(email) for email in sorted({normalized_email(email) for email in emails})]
        return self._get_all(keys, consistent=True)

    @override
    def save_contacts(self, company_id: str, contacts: Iterable[CachedContact], read_at: datetime) -> None:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 # only lists of contacts need it

        stamp = read_stamp(read_at)
        mark = (self._get(_contacts_key(company_id), consistent=True) or {}).get("outdated")
        # Numbers and values as hashes, because the contacts themselves would not fit into memory.
        numbers, values = Hashes(), Hashes()
        for item in self._all_contacts(company_id):
            numbers.add(hash(item["contact_number"]))
            values.add(_value_hash(item))
        # In parallel, because the first list of a large company has many contacts.
        with ThreadPoolExecutor(max_workers=_WRITERS) as writers:

            def save_new(row: CachedContact) -> None:
                self._save_contact(_contact_key(company_id, row.contact.contact_number), None, row, stamp)

            def save_known(number: str, row: CachedContact | None = None) -> None:
                key = _contact_key(company_id, number)
                self._save_contact(key, self._get(key, consistent=True), row, stamp)

            storable = (row for row in contacts if _is_storable(company_id, row))
            # The numbers that the ERP lists are taken out, so that those that it no longer lists are left.
            found = ((numbers.discard(hash(row.contact.contact_number)), row) for row in storable)
            changed = (
                (not known, row)
                for known, row in found
                if not (known and any(same in values for same in _same_hashes(row)))
            )
            for some in batched(changed, _SAVED_TOGETHER, strict=False):
                new, other = ([row for is_new, row in some if is_new is each] for each in (True, False))
                list(writers.map(save_new, new))
                list(writers.map(save_known, [row.contact.contact_number for row in other], other))
            if numbers:
                stored = (item["contact_number"] for item in self._all_contacts(company_id))
                left = (number for number in stored if hash(number) in numbers)
                for gone in batched(left, _SAVED_TOGETHER, strict=False):
                    list(writers.map(save_known, gone))
        self._note_read(company_id, read_at, mark)

    def _note_read(self, company_id: str, read_at: datetime, mark: object) -> None:
        """Note the list; it stays outdated when it was marked again while it was read."""
        key = _contacts_key(company_id)
        read = {":read": iso(read_at), ":mark": mark}
        unmarked = "outdated = :mark" if mark else "attribute_not_exists(outdated)"
        if not self._note(key, "SET read_at = :read REMOVE outdated, failed_at", unmarked, read):
            self._note(key, "SET read_at = :read REMOVE failed_at", "attribute_exists(pk)", {":read": iso(read_at)})

    def _all_contacts(self, company_id: str, *, of_user: str | None = None) -> Iterable[Mapping[str, Any]]:
        filtered: dict[str, Any] = {"FilterExpression": "user_id = :user", "ConsistentRead": True} if of_user else {}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": company_id, ":sk": "contact#", ":user": of_user}),
            **filtered,
        )
        for page in pages:
            yield from map(from_item, page["Items"])

    def _save_contact(self, key: Item, item: Item | None, found: CachedContact | None, list_stamp: str) -> None:
        for _ in range(_CONTACT_TRIES):
            known = contact_from(item) if item else None
            after = known.after_list(found, list_stamp) if known else found
            same = after == known or (after and known and replace(after, as_of=known.as_of) == known)
            # A contact that was invited since the last list is still in the index, or its key was made by another rule.
            if same and (item is None or item.get("listing_key") == _listing_key(after)):
                return
            write = self._client.update_item if after else self._client.delete_item
            if self._holds(write, **self._contact_write(key, known, after)):
                return
            # Since the contact was read, another request linked a user or applied an event. Its values are kept.
            item = self._get(key, consistent=True)

    def _contact_write(self, key: Item, before: CachedContact | None, after: CachedContact | None) -> dict[str, Any]:
        """Return the request that updates or deletes a cached contact, if nobody has changed it since it was read."""
        write: dict[str, Any] = {"TableName": self._table, "Key": to_item(key)}
        if after:
            write |= update_request(key, contact_values(key["pk"], after))
        if before is None:
            return {**write, "ConditionExpression": _ABSENT}
        were = {"user_id": before.user_id, "as_of": dict(before.as_of) or None}
        names = write.setdefault("ExpressionAttributeNames", {})
        conditions = []
        for name, value in were.items():
            names[f"#{name}"] = name
            if value is None:
                conditions.append(f"attribute_not_exists(#{name})")
            else:
                conditions.append(f"#{name} = :{name}_before")
                write.setdefault("ExpressionAttributeValues", {}).update(to_item({f":{name}_before": value}))
        return {**write, "ConditionExpression": " AND ".join(conditions)}

    # Users

    @override
    def add_user(self, user: User, entry: Entry, contact: ErpContact | None = None) -> None:
        actions: list[Action | _Move] = [
            # Listed first so that a repeated request gets the error of this action.
            self._invite_contact(user, contact) if contact else self._contacts_outdated(user.company_id),
            _getting(user),
            self._put({**_user_key(user.user_id), **user_values(user)}, _ABSENT),
        ]
        self._commit_moves(actions, [entry])

    @override
    def change_user(
        self,
        before: User,
        after: User,
        entry: Entry,
        contact: ErpContact | None = None,
        *,
        ending: frozenset[str] = frozenset(),
    ) -> None:
        actions = self._changed([(before, after)], ending)
        if contact:
            actions.append(self._link_contact(after, contact))
        self._commit_moves(actions, [entry])

    @override
    def change_users(self, changes: Sequence[tuple[User, User]], entries: Sequence[Entry]) -> None:
        self._commit_moves(self._changed(changes), entries)

    @override
    def change_company(
        self, before: Company, after: Company, *entries: Entry, user: tuple[User, User] | None = None
    ) -> None:
        users = [self._change(*user)] if user else []
        self._commit([self._change_company(before, after), *users], entries)

    @override
    def delete_user(self, user: User, entry: Entry, *, attempt: str, erasure: Erasure | None = None) -> None:
        key = _erasure_key(user.user_id)
        erased: dict[str, Any] = (
            {"Put": {"TableName": self._table, "Item": to_item({**key, **erasure_values(erasure)})}}
            if erasure
            else {"Delete": {"TableName": self._table, "Key": to_item(key)}}
        )
        actions: list[Action | _Move] = [
            self._if_version(user.version, "Delete", {"Key": to_item(_user_key(user.user_id))}),
            _leaving(user),
            Action({"Delete": {"TableName": self._table, "Key": to_item(_attempt_key(attempt))}}),
            Action(erased),
            *self._main_contacts(
                user.company_id, joining=set(), leaving={user.user_id} if user.is_active_main_contact else set()
            ),
        ]
        self._commit_moves([*actions, *self._unlink_contacts(user)], [entry])

    def _changed(
        self, changes: Sequence[tuple[User, User]], ending: frozenset[str] = frozenset()
    ) -> list[Action | _Move]:
        actions: list[Action | _Move] = []
        joining: set[str] = set()
        leaving: set[str] = set()
        for before, after in changes:
            actions.append(self._change(before, after))
            moved = normalized_email(before.email) != normalized_email(after.email)
            if moved or (after.has_login and not before.has_login):
                actions.append(_getting(after, ending))
            if moved:
                actions.append(_leaving(before))
            was, is_now = before.is_active_main_contact, after.is_active_main_contact
            if is_now and not was:
                joining.add(after.user_id)
            if was and not is_now:
                leaving.add(after.user_id)
        return [*actions, *self._main_contacts(changes[0][1].company_id, joining, leaving)]

    def _change(self, before: User, after: User) -> Action:
        values, were = user_values(after), user_values(before)
        changed = {name: values[name] for name in values if values[name] != were[name]}
        return self._if_version(before.version, "Update", update_request(_user_key(after.user_id), changed))

    def _main_contacts(self, company_id: str, joining: set[str], leaving: set[str]) -> list[Action]:
        """Return the action that changes the active main contacts, if they change. It never removes the last one."""
        if not joining and not leaving:
            return []
        request: dict[str, Any] = {"TableName": self._table, "Key": to_item(_company_key(company_id))}
        refusal: Exception = last_main_contact()
        if joining and leaving:
            # One expression cannot both add to a set and delete from it. So the set is replaced, if it has not changed.
            company = self._get(_company_key(company_id), consistent=True)
            known: set[str] = company.get("main_contacts", set()) if company else set()
            values = {":before": known, ":after": (known | joining) - leaving}
            request |= {
                "UpdateExpression": "SET main_contacts = :after",
                "ConditionExpression": "main_contacts = :before",
                "ExpressionAttributeValues": to_item(values),
            }
            refusal = InProgress("in-progress", retry_after=1)
        elif joining:
            request |= {
                "UpdateExpression": "ADD main_contacts :users",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": to_item({":users": joining}),
            }
        else:
            request |= {
                "UpdateExpression": "DELETE main_contacts :users",
                "ConditionExpression": _A_MAIN_CONTACT_STAYS,
                "ExpressionAttributeValues": to_item({":users": leaving, ":leaving": len(leaving)}),
            }
        return [Action({"Update": request}, refusal)]

    @override
    def erasure(self, user_id: str) -> Erasure | None:
        item = self._get(_erasure_key(user_id), consistent=True)
        return erasure_from(item) if item else None

    @override
    def begin_erasure(self, erasure: Erasure, entry: Entry, *, replaces: Erasure | None) -> None:
        as_known = "erased_at = :before" if replaces else _ABSENT
        given = {":before": iso(replaces.erased_at)} if replaces else None
        values = {**_erasure_key(erasure.user_id), **erasure_values(erasure)}
        self._commit([self._put(values, as_known, InProgress("in-progress", retry_after=1), given)], [entry])

    @override
    def complete_erasure(self, user_id: str, erased_at: datetime, now: datetime) -> None:
        self._note(
            _erasure_key(user_id),
            "SET completed_at = if_not_exists(completed_at, :now)",
            "erased_at = :erased_at",
            {":erased_at": iso(erased_at), ":now": iso(now)},
        )

    @override
    def record(self, entry: Entry) -> None:
        self._commit([], [entry])

    @override
    def was_mailed(self, mail_id: str) -> bool:
        return self._get(_mail_key(mail_id), consistent=True) is not None

    @override
    def note_mailed(self, mail_id: str, now: datetime) -> None:
        self._put_now({**_mail_key(mail_id), "expires_at": epoch(now + _MAILED_KEPT)})

    @override
    def note_code(self, code_hash: str, link: CodedLink, until: datetime) -> None:
        values = {"user_id": link.user_id, "token_hash": link.token_hash, "expires_at": epoch(until)}
        self._put_now({**_code_key(code_hash), **values})

    @override
    def link_of_code(self, code_hash: str) -> CodedLink | None:
        item = self._get(_code_key(code_hash), consistent=True)
        return CodedLink(item["user_id"], item["token_hash"]) if item else None

    @override
    def notice_sent(self, user_id: str, *, mail_id: str, token_hash: str) -> bool:
        return self._note(
            _user_key(user_id),
            "SET email_change.old_token_hash = :hash",
            "email_change.mail_id = :mail AND attribute_not_exists(email_change.old_token_hash)",
            {":hash": token_hash, ":mail": mail_id},
        )

    @override
    def invitation_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        sent = _sent_values(mail_id, token_hash, sent_at, expires_at)
        pending = {":pending": InvitationStatus.PENDING.value}
        return self._link_sent(user_id, "invitation", {**sent, **pending}, " AND #link.#status = :pending")

    @override
    def email_change_sent(
        self, user_id: str, *, mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime
    ) -> bool:
        return self._link_sent(user_id, "email_change", _sent_values(mail_id, token_hash, sent_at, expires_at))

    def _link_sent(self, user_id: str, link: str, values: Mapping[str, Any], condition: str = "") -> bool:
        return self._note(
            _user_key(user_id),
            "SET #link.token_hash = :hash, #link.sent_at = :sent, #link.expires_at = :expires",
            f"#link.mail_id = :mail AND attribute_not_exists(#link.sent_at){condition}",
            values,
            {"#link": link, **({"#status": "status"} if condition else {})},
        )

    @override
    def claim_invitation(self, user: User, claim: Claim, now: datetime) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=to_item(_user_key(user.user_id)),
                UpdateExpression="SET claim = :claim",
                ConditionExpression="invitation.token_hash = :hash AND invitation.#status = :pending AND "
                "(attribute_not_exists(claim) OR claim.claim_id = :id OR claim.lapses_at <= :now)",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=to_item(
                    {
                        ":claim": claim_values(claim),
                        ":id": claim.claim_id,
                        ":now": iso(now),
                        ":hash": user.invitation.token_hash if user.invitation else "",
                        ":pending": InvitationStatus.PENDING.value,
                    }
                ),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item: Any = error.response.get("Item")
            current = user_from(from_item(item)) if item else None
            if current and current.claim and current.claim.blocks(claim.claim_id, now):
                wait = (current.claim.lapses_at - now).total_seconds()
                raise InProgress("in-progress", retry_after=int(wait) + 1) from error
            raise PreconditionFailed from error

    @override
    def release_invitation(self, user_id: str, claim: Claim) -> None:
        self._note(_user_key(user_id), "REMOVE claim", "claim.claim_id = :id", {":id": claim.claim_id})

    @override
    def reserve_repeat(self, user: User, repeats: int) -> bool:
        return self._note(
            _user_key(user.user_id),
            "SET invitation.repeats = if_not_exists(invitation.repeats, :none) + :one",
            "invitation.token_hash = :hash AND invitation.#status = :accepted AND "
            "(attribute_not_exists(invitation.repeats) OR invitation.repeats < :repeats)",
            {
                ":none": 0,
                ":one": 1,
                ":repeats": repeats,
                ":hash": user.invitation.token_hash if user.invitation else "",
                ":accepted": InvitationStatus.ACCEPTED.value,
            },
            {"#status": "status"},
        )

    # Holders of e-mails

    def _commit_moves(self, actions: Sequence[Action | _Move], entries: Sequence[Entry]) -> None:
        """Write the actions and moves, in this order, with their journal entries in one transaction.

        Most e-mails have one holder. So a move is first written under the condition that nobody else has the e-mail,
        which costs no read. If somebody has it, the holders are read, and written if they are still the same.
        """
        shared = False
        for _ in range(_HOLDER_TRIES):
            written = [self._move(each, shared=shared) if isinstance(each, _Move) else each for each in actions]
            try:
                return self._commit(written, entries)
            except _HoldersChanged:
                shared = True
        raise InProgress("in-progress", retry_after=1)

    def _move(self, move: _Move, *, shared: bool) -> Action:
        key = _email_key(move.email)
        if shared or move.shared:
            item = self._get(key, consistent=True) or {}
            holders = self._holders(item)
            condition, given = _same(item)
        else:
            holders = EmailHolders()
            condition, given = _NOBODY_ELSE, {":me": move.user_id, ":only_me": {move.user_id}}
        values = holders_values(move.change(holders))
        request: dict[str, Any] = {"TableName": self._table, "ConditionExpression": condition}
        if given:
            request["ExpressionAttributeValues"] = to_item(given)
        if any(value is not None for value in values.values()):
            return Action({"Put": {**request, "Item": to_item({**key, **values})}}, _HoldersChanged())
        return Action({"Delete": {**request, "Key": to_item(key)}}, _HoldersChanged())

    def _unlink_contacts(self, user: User) -> list[Action]:
        # All contacts are searched, because a contact can also be linked by its e-mail. Deletions are rare.
        actions: list[Action] = []
        for linked in map(contact_from, self._all_contacts(user.company_id, of_user=user.user_id)):
            key = _contact_key(user.company_id, linked.contact.contact_number)
            write = self._contact_write(key, linked, replace(linked, user_id=None))
            actions.append(Action({"Update": write}, PreconditionFailed()))
        return actions

    def _invite_contact(self, user: User, contact: ErpContact) -> Action:
        # The contact's row in the index is not removed here. The next full list removes it. Until then,
        # `list_erp_contacts.py` leaves out contacts of users who were added since the last list.
        return self._link_contact(user, contact, without=("listing", "listing_key"))

    def _link_contact(self, user: User, contact: ErpContact, *, without: Sequence[str] = ()) -> Action:
        # The contact was read from the ERP a moment ago, so an earlier event cannot mark it as deleted.
        row = CachedContact(contact, user.user_id, as_of={"gone": read_stamp(user.updated_at)})
        values = contact_values(user.company_id, row)
        written = {name: value for name, value in values.items() if name not in without}
        update = update_request(_contact_key(user.company_id, contact.contact_number), written)
        condition = "attribute_not_exists(user_id) OR user_id = :user_id"
        request = {"TableName": self._table, "ConditionExpression": condition, **update}
        return Action({"Update": request}, Conflict("contact-in-use"))

    def _contacts_outdated(self, company_id: str) -> Action:
        # The ERP may list this person under the same e-mail, so the next request for the list reads the ERP again.
        # Each mark is different, so that a mark that is made while the list is read outlasts it.
        update = update_request(_contacts_key(company_id), {"outdated": uuid4().hex})
        return Action({"Update": {"TableName": self._table, **update}})

    # Limits

    @override
    def reserve_refusal(
        self, customer_number: str, network: str, now: datetime, limits: RefusalLimits
    ) -> Sequence[RateLimit]:
        # First, so that a network without tries uses up no tries of the customer number.
        of_network = self._reserve_network_refusal(network, now, limits)
        names = self._refusal_names(network, now, limits)

        def left(item: Mapping[str, Any]) -> Sequence[RateLimit]:
            counted = from_item(item)
            return limits.left(counted.get(names["#network"], 0), counted.get("day", 0), now)

        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=to_item(_refusals_key(customer_number, now)),
                UpdateExpression="ADD #day :one, #network :one SET expires_at = :expires",
                ConditionExpression="(attribute_not_exists(#day) OR #day < :day_limit) AND "
                "(attribute_not_exists(#network) OR #network < :network_limit)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=to_item(
                    {
                        ":one": 1,
                        ":expires": epoch(now + _REFUSALS_KEPT),
                        ":day_limit": limits.per_day,
                        ":network_limit": limits.per_network,
                    }
                ),
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            self._release_network_refusal(network, now)
            item: Any = error.response.get("Item", {})
            raise TooManyRequests("too-many-refusals", left(item)) from error
        return [*left(answer["Attributes"]), of_network]

    def _reserve_network_refusal(self, network: str, now: datetime, limits: RefusalLimits) -> RateLimit:
        """Count a refusal over all customer numbers: of the network, and of the wide network around it.

        Both counts are attributes of one item, so that one write checks and counts both. Returns what the network has
        left, raises TooManyRequests.
        """
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=to_item(_network_refusals_key(network, now)),
                UpdateExpression="ADD counted :one, #network :one SET expires_at = :expires",
                ConditionExpression="(attribute_not_exists(counted) OR counted < :wide_limit) AND "
                "(attribute_not_exists(#network) OR #network < :limit)",
                ExpressionAttributeNames={"#network": network},
                ExpressionAttributeValues=to_item(
                    {
                        ":one": 1,
                        ":expires": epoch(now.replace(minute=0, second=0) + _NETWORK_REFUSALS_KEPT),
                        ":limit": limits.per_network_and_hour,
                        ":wide_limit": limits.per_wide_network_and_hour,
                    }
                ),
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            refused: Any = error.response.get("Item", {})
            counted = from_item(refused)
            left = limits.all_numbers_left(counted.get(network, 0), now)
            wide = limits.wide_network_left(counted.get("counted", 0), now)
            raise TooManyRequests("too-many-refusals", [left] if not left.remaining else [left, wide]) from error
        return limits.all_numbers_left(from_item(answer["Attributes"])[network], now)

    def _release_network_refusal(self, network: str, now: datetime) -> None:
        key, names = _network_refusals_key(network, now), {"#network": network}
        # Removed where it would become zero, so that the item stays small while many networks activate successfully.
        removed = self._note(
            key, "ADD counted :minus REMOVE #network", "#network = :one", {":minus": -1, ":one": 1}, names
        )
        if not removed:
            self._note(
                key, "ADD counted :minus, #network :minus", "#network > :zero", {":minus": -1, ":zero": 0}, names
            )

    @override
    def release_refusal(self, customer_number: str, network: str, now: datetime, limits: RefusalLimits) -> None:
        self._release_network_refusal(network, now)
        self._note(
            _refusals_key(customer_number, now),
            "ADD #day :minus, #network :minus",
            # An operator may have unlocked the number meanwhile, which deletes the item.
            "attribute_exists(pk)",
            {":minus": -1},
            self._refusal_names(network, now, limits),
        )

    @staticmethod
    def _refusal_names(network: str, now: datetime, limits: RefusalLimits) -> dict[str, str]:
        return {"#day": "day", "#network": f"{limits.window(now)}#{network}"}

    @override
    def reserve_code(self, customer_number: str, now: datetime, limits: RefusalLimits) -> None:
        counted = self._note(
            _refusals_key(customer_number, now),
            "ADD codes :one SET expires_at = :expires",
            "attribute_not_exists(codes) OR codes < :limit",
            {":one": 1, ":expires": epoch(now + _REFUSALS_KEPT), ":limit": limits.codes_per_day},
        )
        if not counted:
            raise TooManyRequests("too-many-refusals", [limits.codes_left(limits.codes_per_day, now)])

    @override
    def forget_refusals(self, customer_number: str, now: datetime, entry: Entry) -> None:
        delete = {"TableName": self._table, "Key": to_item(_refusals_key(customer_number, now))}
        self._commit([Action({"Delete": delete})], [entry])

    @override
    def wrong_links(self, network: str, now: datetime, limits: WrongLinkLimits) -> int:
        item = self._get(_wrong_links_key(network, now, limits), consistent=False)
        return item["counted"] if item else 0

    @override
    def count_wrong_link(self, network: str, now: datetime, limits: WrongLinkLimits) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=to_item(_wrong_links_key(network, now, limits)),
            UpdateExpression="ADD counted :one SET expires_at = :expires",
            ExpressionAttributeValues=to_item({":one": 1, ":expires": epoch(now) + 2 * limits.window_seconds}),
        )

    @override
    def reserve_usage(self, company_id: str, wanted: Usage, now: datetime, limits: HourlyLimits) -> tuple[bool, Usage]:
        asked, most = _numbers(wanted), asdict(limits)
        values = {f":{name}_before": most[name] - number for name, number in asked.items()}
        # An hour without a count has no attribute yet. More than the whole limit never fits.
        conditions = [
            f"#{name} <= :{name}_before" + (f" OR attribute_not_exists(#{name})" if number <= most[name] else "")
            for name, number in asked.items()
        ]
        try:
            answer = self._client.update_item(
                **self._usage_update(company_id, wanted, now, {**values, ":expires": epoch(now + _USAGE_KEPT)}),
                ConditionExpression=" AND ".join(f"({condition})" for condition in conditions),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item: Any = error.response.get("Item", {})
            return False, _counted(item, now)
        return True, _counted(answer["Attributes"], now)

    @override
    def release_usage(self, company_id: str, unused: Usage, now: datetime) -> None:
        request = self._usage_update(company_id, -unused, now, {})
        self._holds(self._client.update_item, **request, ConditionExpression="attribute_exists(pk)")

    def _usage_update(self, company_id: str, usage: Usage, now: datetime, values: Item) -> dict[str, Any]:
        """Return the request that adds to the counts of this hour, and to the day's count of mails."""
        asked = _numbers(usage)
        added = [f"#{name} :{name}" for name in asked]
        names = {f"#{name}": f"{name}#{now:%H}" for name in asked}
        if usage.mails:
            added.append("#day :mails")
            names["#day"] = "mails"
        return {
            "TableName": self._table,
            "Key": to_item(_usage_key(company_id, now)),
            "UpdateExpression": f"ADD {', '.join(added)}" + (" SET expires_at = :expires" if values else ""),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item({**{f":{name}": number for name, number in asked.items()}, **values}),
        }

    @override
    def count_bounce(self, company_id: str, mail_id: str, made_at: datetime, now: datetime) -> frozenset[str]:
        answer = self._client.update_item(
            TableName=self._table,
            Key=to_item(_bounces_key(company_id, made_at)),
            # A set, so that a repeated message counts once.
            UpdateExpression="ADD mail_ids :mails SET expires_at = :expires",
            ExpressionAttributeValues=to_item({":mails": {mail_id}, ":expires": epoch(now + _BOUNCES_KEPT)}),
            ReturnValues="ALL_NEW",
        )
        return frozenset(from_item(answer["Attributes"])["mail_ids"])

    @override
    def mails_of_day(self, company_id: str, day: datetime) -> int:
        item = self._get(_usage_key(company_id, day), consistent=False)
        return item.get("mails", 0) if item else 0

    # Activations under way

    @override
    def attempt(self, key: str) -> Attempt | None:
        item = self._get(_attempt_key(key), consistent=True)
        return attempt_from(item) if item else None

    @override
    def save_attempt(self, attempt: Attempt, entry: Entry, *, replaces: Attempt | None) -> None:
        values = {**_attempt_key(attempt.key), **attempt_values(attempt)}
        condition, given = ("attempt_id = :before", {":before": replaces.attempt_id}) if replaces else (_ABSENT, None)
        refusal = InProgress("in-progress", retry_after=1)
        self._commit([self._put(values, condition, refusal, given)], [entry])

    @override
    def code_sent(self, key: str, *, mail_id: str, code_hash: str, expires_at: datetime) -> bool:
        return self._note(
            _attempt_key(key),
            "SET code_hash = :hash, code_expires_at = :expires",
            "mail_id = :mail AND attribute_not_exists(code_hash)",
            {":hash": code_hash, ":expires": iso(expires_at), ":mail": mail_id},
        )

    @override
    def try_code(self, key: str, claim: Claim, now: datetime, tries: int) -> Attempt:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=to_item(_attempt_key(key)),
                UpdateExpression="ADD tries :one SET claim = :claim",
                ConditionExpression="code_expires_at > :now AND tries < :tries AND "
                "(attribute_not_exists(claim) OR claim.claim_id = :id OR claim.lapses_at <= :now)",
                ExpressionAttributeValues=to_item(
                    {
                        ":one": 1,
                        ":claim": claim_values(claim),
                        ":id": claim.claim_id,
                        ":now": iso(now),
                        ":tries": tries,
                    }
                ),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item: Any = error.response.get("Item")
            raise _code_refusal(item, claim, now, tries) from error
        return attempt_from(from_item(answer["Attributes"]))

    @override
    def release_attempt(self, key: str, claim: Claim) -> None:
        self._note(_attempt_key(key), "REMOVE claim", "claim.claim_id = :id", {":id": claim.claim_id})

    @override
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
        new = {**_user_key(user.user_id), **user_values(user)}
        actions: list[Action | _Move] = [
            *self._company_actions(company, existing),
            _getting(user, ending),
            self._change(invited, user) if invited else self._put(new, _ABSENT, Conflict("email-in-use")),
        ]
        if contact:
            actions.append(self._link_contact(user, contact))
        elif existing:
            actions.append(self._contacts_outdated(user.company_id))
        self._commit_moves(actions, [entry])

    def _company_actions(self, company: Company, existing: Company | None) -> list[Action]:
        if existing is None:
            number = {**_number_key(company.customer_number), "company_id": company.company_id}
            # The values read from the ERP may be older than the event that gave this customer another number.
            free, read = "attribute_not_exists(pk) OR renumbered_of < :read", company.as_of.get("customer_number", "")
            return [
                self._put(number, free, CompanyExists(), {":read": read}),
                self._put({**_company_key(company.company_id), **company_values(company)}, _ABSENT, CompanyExists()),
            ]
        return [replace(self._change_company(existing, company), refusal=CompanyExists())]

    def _change_company(self, before: Company, after: Company) -> Action:
        values, were = company_values(after), company_values(before)
        changed = {name: values[name] for name in values if values[name] != were[name] and name != "main_contacts"}
        update = update_request(_company_key(after.company_id), {**changed, "version": before.version + 1})
        if joining := after.main_contacts - before.main_contacts:
            update["UpdateExpression"] += " ADD main_contacts :joining"
            update["ExpressionAttributeValues"][":joining"] = {"SS": sorted(joining)}
        return self._if_version(before.version, "Update", update)

    # Events of the ERP

    @override
    def renumber_company(self, before: Company, after: Company, entry: Entry, pointer: Renumbered) -> None:
        number = {**_number_key(after.customer_number), "company_id": after.company_id}
        old = {**_number_key(before.customer_number), **pointer_values(pointer)}
        own = {":company_id": after.company_id}
        actions = [
            self._change_company(before, after),
            self._put(number, _FREE_NUMBER, NumberInUse()),
            self._put(old, "company_id = :company_id", PreconditionFailed(), own),
        ]
        self._commit(actions, [entry])

    @override
    def point_number(
        self, customer_number: str, pointer: Renumbered, *, replaces: Renumbered | None, until: datetime
    ) -> None:
        values = {**_number_key(customer_number), **pointer_values(pointer), "expires_at": epoch(until)}
        condition = "renumbered_of = :before" if replaces else _ABSENT
        given = {":before": replaces.stamp} if replaces else None
        self._commit([self._put(values, condition, PreconditionFailed(), given)], [])

    @override
    def contact(self, company_id: str, contact_number: str) -> CachedContact | None:
        key = _contact_key(company_id, contact_number)
        item = self._get(key, consistent=True) if is_key(key["sk"]) else None
        return contact_from(item) if item else None

    @override
    def change_contact(
        self,
        company_id: str,
        before: CachedContact | None,
        after: CachedContact,
        *entries: Entry,
        user: tuple[User, User] | None = None,
        outdates: bool = False,
    ) -> None:
        write = self._contact_write(_contact_key(company_id, after.contact.contact_number), before, after)
        actions = [Action({"Update": write}, PreconditionFailed())]
        if user:
            actions.append(self._change(*user))
        if outdates or (not after.contact.name and not after.gone):
            actions.append(self._contacts_outdated(company_id))
        self._commit(actions, entries)


def _leaving(user: User) -> _Move:
    return _Move(user.email, user.user_id, lambda holders: holders.left_by(user.user_id))


def _getting(user: User, ending: frozenset[str] = frozenset()) -> _Move:
    """Return the move of a user who gets their e-mail: an invited user joins its holders, any other owns it."""
    if not user.has_login:
        return _Move(user.email, user.user_id, lambda holders: holders.joined_by(user.user_id))

    def take(holders: EmailHolders) -> EmailHolders:
        taken = holders.taken_by(user.user_id)
        if taken.invited != ending:
            raise EmailShared(taken.invited)
        return taken

    return _Move(user.email, user.user_id, take, shared=bool(ending))


def _same(item: Item) -> tuple[str, Item]:
    """Return the condition that an e-mail's item is still as it was read, and the values of its placeholders."""
    if not item:
        return _ABSENT, {}
    names = ("user_id", "proved", "invited")
    parts = [f"{name} = :{name}" if name in item else f"attribute_not_exists({name})" for name in names]
    return " AND ".join(parts), {f":{name}": item[name] for name in names if name in item}


def _value_hash(item: Mapping[str, Any]) -> int:
    """Return the hash of what a list of the ERP can change in a cached contact. One with events needs a closer look."""
    if "as_of" in item or "gone" in item:
        return hash("closer look")
    return hash((contact_from(item).contact, "user_id" in item, item.get("listing_key")))


def _same_hashes(row: CachedContact) -> tuple[int, ...]:
    """Return the hashes of the cached contacts that need no change when the ERP's list has this one."""
    linked = hash((row.contact, True, None))
    return (linked,) if row.user_id else (linked, hash((row.contact, False, _listing_key(row))))


def _is_storable(company_id: str, row: CachedContact) -> bool:
    """Return whether a contact fits into the table. One that does not must not keep the others out of it."""
    keys = (_contact_key(company_id, row.contact.contact_number)["sk"], _listing_key(row) or "no key")
    if all(map(is_key, keys)):
        return True
    logger.warning("contact cannot be stored", company_id=company_id)
    return False


def _listing_key(row: CachedContact | None) -> str | None:
    return listing_key(row) if row and row.listed else None


def _sent_values(mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime) -> dict[str, str]:
    return {":mail": mail_id, ":hash": token_hash, ":sent": iso(sent_at), ":expires": iso(expires_at)}


def _numbers(usage: Usage) -> Mapping[str, int]:
    return {name: number for name, number in asdict(usage).items() if number}


def _counted(item: Mapping[str, Any], now: datetime) -> Usage:
    counts = from_item(item)
    return Usage(**{each.name: counts.get(f"{each.name}#{now:%H}", 0) for each in fields(Usage)})


def _start(key: dict[str, Any] | None) -> dict[str, Any]:
    return {"ExclusiveStartKey": key} if key else {}


def _code_refusal(item: Item | None, claim: Claim, now: datetime, tries: int) -> Exception:
    attempt = attempt_from(from_item(item)) if item else None
    if attempt is None or attempt.code_expires_at is None or attempt.code_expires_at <= now:
        return InvalidInput("code-expired")
    if attempt.tries >= tries:
        return InvalidInput("code-exhausted")
    if attempt.claim and attempt.claim.blocks(claim.claim_id, now):
        return InProgress("in-progress", retry_after=int((attempt.claim.lapses_at - now).total_seconds()) + 1)
    return InvalidInput("code-expired")
