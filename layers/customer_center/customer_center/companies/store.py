"""The companies table: the one file that knows its key scheme (DynamoDB, on demand).

| item | pk | sk |
|---|---|---|
| company | company id | `company` |
| user | company id | `user#<user id>` |
| ERP contact, cached | company id | `contact#<contact number>` |
| when the contacts were read | company id | `contacts` |
| customer number → company, or the number it became | `customer_number#<number>` | `customer_number` |
| e-mail → user | `email#<normalised>` | `email` |
| activation under way | `activation#<digest>` | `activation` |
| mail that went out | `mail#<mail id>` | `mail` |
| event that was applied | `webhook#<source>#<webhook id>` | `webhook` |
| refusals of a day | `refusals#<customer number>#<day>` | `refusals` |
| wrong links of a network in a window | `wrong_links#<network>#<window>` | `wrong_links` |
| breaker of an outside system | `breaker#<system>` | `breaker` |

Besides: requests with an Idempotency-Key (`platform/idempotency_items.py`), client keys (`clients/store.py`).
Index `listing` (sparse: `listing`, `listing_key`): contacts without a shop account, by name; who was invited leaves it
with the next full list.
Every change that somebody decided on is written with its journal entry in one transaction.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, override

from botocore.exceptions import ClientError

from customer_center.companies.ids import COMPANY_ID, company_of
from customer_center.companies.model import (
    Attempt,
    Budgets,
    CachedContact,
    Claim,
    Company,
    ContactsPage,
    ContactsRead,
    EmailChange,
    ErpContact,
    Invitation,
    InvitationStatus,
    Link,
    Money,
    RefusalLimits,
    Renumbered,
    Role,
    User,
    UserStatus,
    WrongLinkLimits,
    is_colleague,
    last_main_contact,
    normalized_email,
    read_stamp,
    stamped_at,
)
from customer_center.companies.ports import Companies, CompanyExists, NumberInUse
from customer_center.platform import idempotency_items
from customer_center.platform.clock import epoch, from_iso, iso
from customer_center.platform.dynamodb import (
    Action,
    condition_failed,
    cursor_of,
    from_item,
    key_of,
    to_item,
    transact,
)
from customer_center.platform.errors import (
    Conflict,
    Gone,
    InProgress,
    InvalidInput,
    PreconditionFailed,
    RateLimit,
    TooManyRequests,
)
from customer_center.platform.idempotency import Idempotency, Remembered
from customer_center.platform.journal import Entry, Journal
from customer_center.platform.paging import Part

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LISTING_INDEX = "listing"
_BATCH_GET = 100
_WRITERS = 10
# Nobody's, or given up: the ERP may give it to another customer.
_FREE_NUMBER = "attribute_not_exists(pk) OR attribute_exists(renumbered_to)"
# Somebody may write the same contact at the same time, hardly three times in a row.
_CONTACT_TRIES = 3
_GONE_CONTACT_KEPT = timedelta(days=30)
_APPLIED_KEPT = timedelta(days=14)


def _key(pk: str, sk: str) -> dict[str, Any]:
    return to_item({"pk": pk, "sk": sk})


def _user_key(user_id: str) -> dict[str, Any]:
    return _key(company_of(user_id) or "", f"user#{user_id}")


def _number_key(customer_number: str) -> dict[str, Any]:
    return _key(f"customer_number#{customer_number}", "customer_number")


def _email_pk(email: str) -> str:
    return f"email#{normalized_email(email)}"


class CompanyStore(Companies):
    """Companies, users, contacts and activations in DynamoDB."""

    def __init__(self, *, client: "DynamoDBClient", table: str, journal: Journal) -> None:
        self._client = client
        self._table = table
        self._journal = journal
        self._request: Idempotency | None = None

    # Requests that may be repeated

    @override
    def remembering(self, request: Idempotency) -> Self:
        store = copy.copy(self)
        store._request = request  # noqa: SLF001 # a copy of ourselves
        return store

    @override
    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        return idempotency_items.remembered(self._client, self._table, request, now)

    def _commit(self, actions: Sequence[Action], entries: Sequence[Entry]) -> None:
        """Write the actions with their journal entries, and with what the request is remembered by."""
        remembered = [idempotency_items.remember(self._table, self._request, entries[0])] if self._request else []
        # First, because its refusal is the one a repeat is told.
        transact(self._client, [*remembered, *actions, *map(self._journal.write, entries)])

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
        return _user_of(item) if item else None

    @override
    def company(self, company_id: str) -> Company | None:
        # A company that was made a moment ago need not be seen by the cheaper read.
        return self._company(company_id, consistent=False) or self.current_company(company_id)

    @override
    def current_company(self, company_id: str) -> Company | None:
        return self._company(company_id, consistent=True)

    def _company(self, company_id: str, *, consistent: bool) -> Company | None:
        if not COMPANY_ID.fullmatch(company_id):
            return None
        item = self._get(_key(company_id, "company"), consistent=consistent)
        return _company_of(item) if item else None

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
            return Renumbered(item["renumbered_to"], item["renumbered_of"])
        return self.current_company(item["company_id"])

    @override
    def user_id_of_email(self, email: str) -> str | None:
        item = self._get(_key(_email_pk(email), "email"), consistent=True)
        return item["user_id"] if item else None

    @override
    def users(self, company_id: str, *, limit: int, after: str | None = None, last_first: bool = False) -> Part[User]:
        start: dict[str, Any] = _start(_user_key(after) if after else None)
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": company_id, ":sk": "user#"}),
            ScanIndexForward=not last_first,
            Limit=limit,
            **start,
        )
        users = tuple(_user_of(from_item(item)) for item in answer["Items"])
        return Part(users, more="LastEvaluatedKey" in answer)

    def _get(self, key: Mapping[str, Any], *, consistent: bool) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=consistent)
        return from_item(answer["Item"]) if "Item" in answer else None

    # Contacts of the ERP

    @override
    def contacts_read(self, company_id: str) -> ContactsRead | None:
        item = self._get(_key(company_id, "contacts"), consistent=True)
        # Without a time somebody came before the contacts were ever read.
        return ContactsRead(from_iso(item["read_at"]), "outdated" in item) if item and "read_at" in item else None

    @override
    def user_id_of_contact(self, company_id: str, contact_number: str) -> str | None:
        item = self._get(_contact_key(company_id, contact_number), consistent=False)
        return item.get("user_id") if item else None

    @override
    def contacts_without_account(self, company_id: str, *, limit: int, cursor: str | None, q: str = "") -> ContactsPage:
        begins = q.casefold()
        within = {"sk": "contact#", "listing_key": begins}
        start: dict[str, Any] = _start(key_of(cursor, within=within, pk=company_id, listing=f"{company_id}#contacts"))
        answer = self._client.query(
            TableName=self._table,
            IndexName=_LISTING_INDEX,
            KeyConditionExpression="listing = :listing" + (" AND begins_with(listing_key, :begins)" if q else ""),
            ExpressionAttributeValues=to_item({":listing": f"{company_id}#contacts", ":begins": begins or None}),
            Limit=limit,
            **start,
        )
        contacts = tuple(_contact_of(from_item(item)) for item in answer["Items"])
        return ContactsPage(contacts, cursor_of(answer.get("LastEvaluatedKey")))

    @override
    def names_of(self, company_id: str, user_ids: Iterable[str]) -> Mapping[str, str]:
        keys = [_user_key(user_id) for user_id in sorted(set(user_ids)) if is_colleague(user_id, company_id)]
        return {item["sk"].removeprefix("user#"): item["name"] for item in self._get_all(keys, consistent=False)}

    @override
    def users_of_emails(self, emails: Iterable[str]) -> Mapping[str, str]:
        keys = [_key(f"email#{email}", "email") for email in sorted({normalized_email(email) for email in emails})]
        return {item["pk"].removeprefix("email#"): item["user_id"] for item in self._get_all(keys, consistent=True)}

    def _get_all(self, keys: Sequence[Mapping[str, Any]], *, consistent: bool) -> Iterable[dict[str, Any]]:
        for start in range(0, len(keys), _BATCH_GET):
            requested: Any = {self._table: {"Keys": keys[start : start + _BATCH_GET], "ConsistentRead": consistent}}
            while requested:
                answer = self._client.batch_get_item(RequestItems=requested)
                yield from map(from_item, answer["Responses"].get(self._table, []))
                requested = answer.get("UnprocessedKeys")

    @override
    def save_contacts(self, company_id: str, contacts: Sequence[CachedContact], read_at: datetime) -> None:
        known = {item["contact_number"]: item for item in self._all_contacts(company_id)}
        found = {row.contact.contact_number: row for row in contacts}
        # The first list of a large company is thousands of rows, and somebody is waiting for it.
        with ThreadPoolExecutor(max_workers=_WRITERS) as writers:
            list(
                writers.map(
                    lambda number: self._save_contact(
                        _contact_key(company_id, number), known.get(number), found.get(number), read_stamp(read_at)
                    ),
                    known.keys() | found.keys(),
                )
            )
        self._client.put_item(
            TableName=self._table,
            Item=to_item({"pk": company_id, "sk": "contacts", "read_at": iso(read_at)}),
        )

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

    def _save_contact(
        self, key: Mapping[str, Any], item: Mapping[str, Any] | None, found: CachedContact | None, list_stamp: str
    ) -> None:
        for _ in range(_CONTACT_TRIES):
            known = _contact_of(item) if item else None
            after = known.after_list(found, list_stamp) if known else found
            same = after == known or (after and known and replace(after, as_of=known.as_of) == known)
            # One who was invited since stands in the listing still.
            if same and (item is None or ("listing" in item) == (after is not None and after.listed)):
                return
            write = self._contact_write(key, known, after)
            try:
                if after:
                    self._client.update_item(**write)
                else:
                    self._client.delete_item(**write)
            except ClientError as error:
                if not condition_failed(error):
                    raise
                # A user was linked, or an event came, since the contacts were read: what they wrote is kept.
                item = self._get(key, consistent=True)
            else:
                return

    def _contact_write(
        self, key: Mapping[str, Any], before: CachedContact | None, after: CachedContact | None
    ) -> dict[str, Any]:
        """Return the request by which a cached contact changes, if it is still as it was."""
        write: dict[str, Any] = {"TableName": self._table, "Key": key}
        if after:
            write |= _update(key, _contact_values(from_item(key)["pk"], after))
        if before is None:
            return {**write, "ConditionExpression": "attribute_not_exists(pk)"}
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
        actions = [
            # First, because its refusal is the one a repeat is told.
            self._invite_contact(user, contact) if contact else self._contacts_outdated(user.company_id),
            self._new_email(user),
            self._put(_user_values(user), "attribute_not_exists(pk)"),
        ]
        self._commit(actions, [entry])

    @override
    def change_user(self, before: User, after: User, entry: Entry, contact: ErpContact | None = None) -> None:
        actions = self._changed([(before, after)])
        if contact:
            actions.append(self._link_contact(after, contact))
        self._commit(actions, [entry])

    @override
    def change_users(self, changes: Sequence[tuple[User, User]], entries: Sequence[Entry]) -> None:
        self._commit(self._changed(changes), entries)

    @override
    def change_company(
        self, before: Company, after: Company, *entries: Entry, user: tuple[User, User] | None = None
    ) -> None:
        users = [self._change(*user)] if user else []
        self._commit([self._change_company(before, after), *users], entries)

    @override
    def delete_user(self, user: User, entry: Entry, *, attempt: str) -> None:
        forget = {
            "TableName": self._table,
            "Key": _user_key(user.user_id),
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": to_item({":before": user.version}),
        }
        actions = [
            Action({"Delete": forget}, PreconditionFailed()),
            self._old_email(user),
            Action({"Delete": {"TableName": self._table, "Key": _key(f"activation#{attempt}", "activation")}}),
            *self._main_contacts(
                user.company_id, joining=set(), leaving={user.user_id} if user.is_active_main_contact else set()
            ),
        ]
        self._commit([*actions, *self._unlink_contacts(user)], [entry])

    def _changed(self, changes: Sequence[tuple[User, User]]) -> list[Action]:
        actions: list[Action] = []
        joining: set[str] = set()
        leaving: set[str] = set()
        for before, after in changes:
            actions.append(self._change(before, after))
            if normalized_email(before.email) != normalized_email(after.email):
                actions += [self._new_email(after), self._old_email(before)]
            was, is_now = before.is_active_main_contact, after.is_active_main_contact
            if is_now and not was:
                joining.add(after.user_id)
            if was and not is_now:
                leaving.add(after.user_id)
        return [*actions, *self._main_contacts(changes[0][1].company_id, joining, leaving)]

    def _change(self, before: User, after: User) -> Action:
        values, were = _user_values(after), _user_values(before)
        changed = {name: values[name] for name in values if values[name] != were[name]}
        return self._if_version(before.version, _update(_user_key(after.user_id), changed))

    def _if_version(self, version: int, update: dict[str, Any]) -> Action:
        update["ExpressionAttributeNames"]["#version"] = "version"
        update["ExpressionAttributeValues"][":before"] = {"N": str(version)}
        update["ConditionExpression"] = "#version = :before"
        return Action({"Update": {"TableName": self._table, **update}}, PreconditionFailed())

    def _main_contacts(self, company_id: str, joining: set[str], leaving: set[str]) -> list[Action]:
        """Return the action, if one is needed, by which the active main contacts change and never become none."""
        if not joining and not leaving:
            return []
        request: dict[str, Any] = {"TableName": self._table, "Key": _key(company_id, "company")}
        refusal: Exception = last_main_contact()
        if joining and leaving:
            # One expression cannot add to a set and take from it: it is replaced as a whole, if it is still the same.
            company = self._get(_key(company_id, "company"), consistent=True)
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
                "ConditionExpression": "size(main_contacts) > :leaving",
                "ExpressionAttributeValues": to_item({":users": leaving, ":leaving": len(leaving)}),
            }
        return [Action({"Update": request}, refusal)]

    @override
    def record(self, entry: Entry) -> None:
        self._commit([], [entry])

    @override
    def was_mailed(self, mail_id: str) -> bool:
        return self._get(_key(f"mail#{mail_id}", "mail"), consistent=True) is not None

    @override
    def note_mailed(self, mail_id: str, now: datetime) -> None:
        item = {"pk": f"mail#{mail_id}", "sk": "mail", "expires_at": epoch(now + timedelta(days=14))}
        self._client.put_item(TableName=self._table, Item=to_item(item))

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
                Key=_user_key(user.user_id),
                UpdateExpression="SET claim = :claim",
                ConditionExpression="invitation.token_hash = :hash AND invitation.#status = :pending AND "
                "(attribute_not_exists(claim) OR claim.claim_id = :id OR claim.lapses_at <= :now)",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=to_item(
                    {
                        ":claim": _claim_values(claim),
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
            current = _user_of(from_item(item)) if item else None
            if current and current.claim and current.claim.blocks(claim.claim_id, now):
                wait = (current.claim.lapses_at - now).total_seconds()
                raise InProgress("in-progress", retry_after=int(wait) + 1) from error
            raise Gone("invitation-used") from error

    @override
    def release_invitation(self, user_id: str, claim: Claim) -> None:
        self._note(_user_key(user_id), "REMOVE claim", "claim.claim_id = :id", {":id": claim.claim_id})

    def _new_email(self, user: User) -> Action:
        item = {"pk": _email_pk(user.email), "sk": "email", "user_id": user.user_id}
        return self._put(item, "attribute_not_exists(pk)", Conflict("email-in-use"))

    def _old_email(self, user: User) -> Action:
        delete = {
            "TableName": self._table,
            "Key": _key(_email_pk(user.email), "email"),
            "ConditionExpression": "user_id = :user_id",
            "ExpressionAttributeValues": to_item({":user_id": user.user_id}),
        }
        return Action({"Delete": delete}, PreconditionFailed())

    def _unlink_contacts(self, user: User) -> list[Action]:
        # Not by the contact number alone: a contact is linked by its e-mail too. Deleting is rare, contacts are small.
        actions: list[Action] = []
        for linked in map(_contact_of, self._all_contacts(user.company_id, of_user=user.user_id)):
            key = _contact_key(user.company_id, linked.contact.contact_number)
            write = self._contact_write(key, linked, replace(linked, user_id=None))
            actions.append(Action({"Update": write}, PreconditionFailed()))
        return actions

    def _invite_contact(self, user: User, contact: ErpContact) -> Action:
        # The listing holds no user ids, so that its row need not be written: the next full list takes it out, and
        # whoever shows the listing knows who came since the last one (`list_erp_contacts.py`).
        return self._link_contact(user, contact, without=("listing", "listing_key"))

    def _link_contact(self, user: User, contact: ErpContact, *, without: Sequence[str] = ()) -> Action:
        # It was read from the ERP just now: no event from before says that it is gone.
        row = CachedContact(contact, user.user_id, as_of={"gone": read_stamp(user.updated_at)})
        values = {name: it for name, it in _contact_values(user.company_id, row).items() if name not in without}
        update = _update(_contact_key(user.company_id, contact.contact_number), values)
        condition = "attribute_not_exists(user_id) OR user_id = :user_id"
        request = {"TableName": self._table, "ConditionExpression": condition, **update}
        return Action({"Update": request}, Conflict("contact-in-use"))

    def _contacts_outdated(self, company_id: str) -> Action:
        # The ERP may list this very person under the same e-mail: the next look asks it again.
        update = _update(_key(company_id, "contacts"), {"outdated": True})
        return Action({"Update": {"TableName": self._table, **update}})

    def _put(
        self,
        values: Mapping[str, Any],
        condition: str,
        refusal: Exception | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Action:
        request: dict[str, Any] = {"TableName": self._table, "Item": to_item(values), "ConditionExpression": condition}
        if given:
            request["ExpressionAttributeValues"] = to_item(given)
        return Action({"Put": request}, refusal)

    def _note(
        self,
        key: Mapping[str, Any],
        update: str,
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> bool:
        named: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=to_item(values),
                **named,
            )
        except ClientError as error:
            if not condition_failed(error):
                raise
            return False
        return True

    # Limits

    @override
    def reserve_refusal(
        self, customer_number: str, network: str, now: datetime, limits: RefusalLimits
    ) -> Sequence[RateLimit]:
        names = self._refusal_names(network, now, limits)

        def left(item: Mapping[str, Any]) -> Sequence[RateLimit]:
            counted = from_item(item)
            return limits.left(counted.get(names["#network"], 0), counted.get("day", 0), now)

        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=self._refusal_key(customer_number, now),
                UpdateExpression="ADD #day :one, #network :one SET expires_at = :expires",
                ConditionExpression="(attribute_not_exists(#day) OR #day < :day_limit) AND "
                "(attribute_not_exists(#network) OR #network < :network_limit)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=to_item(
                    {
                        ":one": 1,
                        ":expires": epoch(now + timedelta(days=2)),
                        ":day_limit": limits.per_day,
                        ":network_limit": limits.per_network,
                    }
                ),
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item: Any = error.response.get("Item", {})
            raise TooManyRequests("too-many-refusals", left(item)) from error
        return left(answer["Attributes"])

    @override
    def release_refusal(self, customer_number: str, network: str, now: datetime, limits: RefusalLimits) -> None:
        self._note(
            self._refusal_key(customer_number, now),
            "ADD #day :minus, #network :minus",
            # Ops may have unlocked the number meanwhile, by deleting the item.
            "attribute_exists(pk)",
            {":minus": -1},
            self._refusal_names(network, now, limits),
        )

    @staticmethod
    def _refusal_key(customer_number: str, now: datetime) -> dict[str, Any]:
        return _key(f"refusals#{RefusalLimits.counted_number(customer_number)}#{now:%Y-%m-%d}", "refusals")

    @staticmethod
    def _refusal_names(network: str, now: datetime, limits: RefusalLimits) -> dict[str, str]:
        return {"#day": "day", "#network": f"{limits.window(now)}#{network}"}

    @override
    def reserve_code(self, customer_number: str, now: datetime, limits: RefusalLimits) -> None:
        counted = self._note(
            self._refusal_key(customer_number, now),
            "ADD codes :one SET expires_at = :expires",
            "attribute_not_exists(codes) OR codes < :limit",
            {":one": 1, ":expires": epoch(now + timedelta(days=2)), ":limit": limits.codes_per_day},
        )
        if not counted:
            raise TooManyRequests("too-many-refusals", [limits.codes_left(limits.codes_per_day, now)])

    @override
    def forget_refusals(self, customer_number: str, now: datetime, entry: Entry) -> None:
        delete = {"TableName": self._table, "Key": self._refusal_key(customer_number, now)}
        self._commit([Action({"Delete": delete})], [entry])

    @override
    def wrong_links(self, network: str, now: datetime, limits: WrongLinkLimits) -> int:
        item = self._get(self._wrong_links_key(network, now, limits), consistent=False)
        return item["counted"] if item else 0

    @override
    def count_wrong_link(self, network: str, now: datetime, limits: WrongLinkLimits) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=self._wrong_links_key(network, now, limits),
            UpdateExpression="ADD counted :one SET expires_at = :expires",
            ExpressionAttributeValues=to_item({":one": 1, ":expires": epoch(now) + 2 * limits.window_seconds}),
        )

    @staticmethod
    def _wrong_links_key(network: str, now: datetime, limits: WrongLinkLimits) -> dict[str, Any]:
        return _key(f"wrong_links#{network}#{limits.window(now)}", "wrong_links")

    # Activations under way

    @override
    def attempt(self, key: str) -> Attempt | None:
        item = self._get(_key(f"activation#{key}", "activation"), consistent=True)
        return _attempt_of(key, item) if item else None

    @override
    def save_attempt(self, attempt: Attempt, entry: Entry, *, replaces: Attempt | None) -> None:
        values = {"pk": f"activation#{attempt.key}", "sk": "activation", **_attempt_values(attempt)}
        request: dict[str, Any] = {"TableName": self._table, "Item": to_item(values)}
        if replaces:
            request["ConditionExpression"] = "attempt_id = :before"
            request["ExpressionAttributeValues"] = {":before": {"S": replaces.attempt_id}}
        else:
            request["ConditionExpression"] = "attribute_not_exists(pk)"
        self._commit([Action({"Put": request}, InProgress("in-progress", retry_after=1))], [entry])

    @override
    def code_sent(self, key: str, *, mail_id: str, code_hash: str, expires_at: datetime) -> bool:
        return self._note(
            _key(f"activation#{key}", "activation"),
            "SET code_hash = :hash, code_expires_at = :expires",
            "mail_id = :mail AND attribute_not_exists(code_hash)",
            {":hash": code_hash, ":expires": iso(expires_at), ":mail": mail_id},
        )

    @override
    def try_code(self, key: str, claim: Claim, now: datetime, tries: int) -> Attempt:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(f"activation#{key}", "activation"),
                UpdateExpression="ADD tries :one SET claim = :claim",
                ConditionExpression="code_expires_at > :now AND tries < :tries AND "
                "(attribute_not_exists(claim) OR claim.claim_id = :id OR claim.lapses_at <= :now)",
                ExpressionAttributeValues=to_item(
                    {
                        ":one": 1,
                        ":claim": _claim_values(claim),
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
            raise _code_refusal(key, item, claim, now, tries) from error
        return _attempt_of(key, from_item(answer["Attributes"]))

    @override
    def release_attempt(self, key: str, claim: Claim) -> None:
        self._note(
            _key(f"activation#{key}", "activation"), "REMOVE claim", "claim.claim_id = :id", {":id": claim.claim_id}
        )

    @override
    def complete_activation(
        self, user: User, company: Company, entry: Entry, *, existing: Company | None, contact: ErpContact | None
    ) -> None:
        actions = [
            *self._company_actions(company, existing),
            self._new_email(user),
            self._put(_user_values(user), "attribute_not_exists(pk)", Conflict("email-in-use")),
        ]
        if contact:
            actions.append(self._link_contact(user, contact))
        elif existing:
            actions.append(self._contacts_outdated(user.company_id))
        self._commit(actions, [entry])

    def _company_actions(self, company: Company, existing: Company | None) -> list[Action]:
        if existing is None:
            number = {
                "pk": f"customer_number#{company.customer_number}",
                "sk": "customer_number",
                "company_id": company.company_id,
            }
            # What was read of the ERP may be older than the event that took the number away from this very customer.
            free, read = "attribute_not_exists(pk) OR renumbered_of < :read", company.as_of.get("customer_number", "")
            return [
                self._put(number, free, CompanyExists(), {":read": read}),
                self._put(_company_values(company), "attribute_not_exists(pk)", CompanyExists()),
            ]
        return [replace(self._change_company(existing, company), refusal=CompanyExists())]

    def _change_company(self, before: Company, after: Company) -> Action:
        values, were = _company_values(after), _company_values(before)
        changed = {name: values[name] for name in values if values[name] != were[name] and name != "main_contacts"}
        update = _update(_key(after.company_id, "company"), {**changed, "version": before.version + 1})
        if joining := after.main_contacts - before.main_contacts:
            update["UpdateExpression"] += " ADD main_contacts :joining"
            update["ExpressionAttributeValues"][":joining"] = {"SS": sorted(joining)}
        return self._if_version(before.version, update)

    # Events of the ERP

    @override
    def renumber_company(self, before: Company, after: Company, entry: Entry, pointer: Renumbered) -> None:
        number = {**from_item(_number_key(after.customer_number)), "company_id": after.company_id}
        old = _pointer_values(before.customer_number, pointer)
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
        values = {**_pointer_values(customer_number, pointer), "expires_at": epoch(until)}
        condition = "renumbered_of = :before" if replaces else "attribute_not_exists(pk)"
        given = {":before": replaces.stamp} if replaces else None
        self._commit([self._put(values, condition, PreconditionFailed(), given)], [])

    @override
    def contact(self, company_id: str, contact_number: str) -> CachedContact | None:
        item = self._get(_contact_key(company_id, contact_number), consistent=True)
        return _contact_of(item) if item else None

    @override
    def change_contact(
        self,
        company_id: str,
        before: CachedContact | None,
        after: CachedContact,
        *entries: Entry,
        user: tuple[User, User] | None = None,
    ) -> None:
        write = self._contact_write(_contact_key(company_id, after.contact.contact_number), before, after)
        actions = [Action({"Update": write}, PreconditionFailed())]
        if user:
            actions.append(self._change(*user))
        if not after.contact.name and not after.gone:
            actions.append(self._contacts_outdated(company_id))
        self._commit(actions, entries)

    @override
    def was_applied(self, source: str, webhook_id: str) -> bool:
        return self._get(_key(f"webhook#{source}#{webhook_id}", "webhook"), consistent=False) is not None

    @override
    def note_applied(self, source: str, webhook_id: str, now: datetime) -> None:
        item = {"pk": f"webhook#{source}#{webhook_id}", "sk": "webhook", "expires_at": epoch(now + _APPLIED_KEPT)}
        self._client.put_item(TableName=self._table, Item=to_item(item))


def _sent_values(mail_id: str, token_hash: str, sent_at: datetime, expires_at: datetime) -> dict[str, str]:
    return {":mail": mail_id, ":hash": token_hash, ":sent": iso(sent_at), ":expires": iso(expires_at)}


def _start(key: dict[str, Any] | None) -> dict[str, Any]:
    return {"ExclusiveStartKey": key} if key else {}


def _update(key: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an update that sets the given attributes and removes those that are None."""
    given = {name: value for name, value in values.items() if name not in ("pk", "sk")}
    kept = to_item(given)
    gone = [name for name in given if name not in kept]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
    if gone:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in gone)
    return {
        "Key": key,
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {f"#{name}": name for name in given},
        "ExpressionAttributeValues": {f":{name}": value for name, value in kept.items()},
    }


def _code_refusal(key: str, item: Mapping[str, Any] | None, claim: Claim, now: datetime, tries: int) -> Exception:
    attempt = _attempt_of(key, from_item(item)) if item else None
    if attempt is None or attempt.code_expires_at is None or attempt.code_expires_at <= now:
        return InvalidInput("code-expired")
    if attempt.tries >= tries:
        return InvalidInput("code-exhausted")
    if attempt.claim and attempt.claim.blocks(claim.claim_id, now):
        return InProgress("in-progress", retry_after=int((attempt.claim.lapses_at - now).total_seconds()) + 1)
    return InvalidInput("code-expired")


# Items and back


def _contact_key(company_id: str, contact_number: str) -> dict[str, Any]:
    return _key(company_id, f"contact#{contact_number}")


def _contact_values(company_id: str, row: CachedContact) -> dict[str, Any]:
    # Events can tell of a contact that the next list would not have: only one nobody came from is forgotten by itself.
    expires = row.gone and row.user_id is None and "gone" in row.as_of
    return {
        **asdict(row.contact),
        "user_id": row.user_id,
        "gone": row.gone or None,
        "as_of": dict(row.as_of) or None,
        "expires_at": epoch(stamped_at(row.as_of["gone"]) + _GONE_CONTACT_KEPT) if expires else None,
        "listing": f"{company_id}#contacts" if row.listed else None,
        "listing_key": f"{row.contact.name.casefold()}#{row.contact.contact_number}" if row.listed else None,
    }


def _contact_of(item: Mapping[str, Any]) -> CachedContact:
    values: dict[str, Any] = {name.name: item.get(name.name) for name in fields(ErpContact)}
    return CachedContact(ErpContact(**values), item.get("user_id"), item.get("gone", False), item.get("as_of", {}))


def _pointer_values(customer_number: str, pointer: Renumbered) -> dict[str, Any]:
    key = from_item(_number_key(customer_number))
    return {**key, "renumbered_to": pointer.to, "renumbered_of": pointer.stamp}


def _company_values(company: Company) -> dict[str, Any]:
    return {
        "pk": company.company_id,
        "sk": "company",
        "customer_number": company.customer_number,
        "name": company.name,
        "customer_center": company.customer_center,
        "main_contact_email": company.main_contact_email,
        "customer_posting_group": company.customer_posting_group,
        "blocked": company.blocked,
        "main_contacts": set(company.main_contacts) or None,
        "as_of": dict(company.as_of) or None,
        "closed_at": iso(company.closed_at) if company.closed_at else None,
        "version": company.version,
        "created_at": iso(company.created_at),
        "updated_at": iso(company.updated_at),
    }


def _company_of(item: Mapping[str, Any]) -> Company:
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
        version=item["version"],
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )


def _user_values(user: User) -> dict[str, Any]:
    return {
        "pk": user.company_id,
        "sk": f"user#{user.user_id}",
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
        "contact_left_at": iso(user.contact_left_at) if user.contact_left_at else None,
        "claim": _claim_values(user.claim),
        "version": user.version,
        "created_at": iso(user.created_at),
        "updated_at": iso(user.updated_at),
    }


def _user_of(item: Mapping[str, Any]) -> User:
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
        budgets=_budgets_of(item.get("budgets") or {}),
        invitation=_invitation_of(item.get("invitation")),
        email_change=_email_change_of(item.get("email_change")),
        confirmed_hash=item.get("confirmed_hash"),
        contact_left_at=_moment(item.get("contact_left_at")),
        claim=_claim_of(item.get("claim")),
        version=item["version"],
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )


def _budget_values(budgets: Budgets) -> dict[str, Any] | None:
    given = {"per_order": budgets.per_order, "per_month": budgets.per_month}
    values = {name: {"amount": str(money.amount), "currency": money.currency} for name, money in given.items() if money}
    return values or None


def _budgets_of(values: Mapping[str, Any]) -> Budgets:
    return Budgets(**{name: Money(Decimal(money["amount"]), money["currency"]) for name, money in values.items()})


def _link_values(link: Link) -> dict[str, Any]:
    values = {
        "mail_id": link.mail_id,
        "expires_at": iso(link.expires_at),
        "sent_at": iso(link.sent_at) if link.sent_at else None,
        "token_hash": link.token_hash,
    }
    # The conditions on these attributes ask whether they are there: an absent value is left out, not stored as null.
    return {name: value for name, value in values.items() if value is not None}


def _link_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mail_id": values["mail_id"],
        "expires_at": from_iso(values["expires_at"]),
        "sent_at": _moment(values.get("sent_at")),
        "token_hash": values.get("token_hash"),
    }


def _invitation_values(invitation: Invitation | None) -> dict[str, Any] | None:
    if invitation is None:
        return None
    return {**_link_values(invitation), "status": invitation.status.value, "invited_by": invitation.invited_by}


def _invitation_of(values: Mapping[str, Any] | None) -> Invitation | None:
    if values is None:
        return None
    return Invitation(**_link_of(values), status=InvitationStatus(values["status"]), invited_by=values["invited_by"])


def _email_change_values(change: EmailChange | None) -> dict[str, Any] | None:
    if change is None:
        return None
    own = {"email": change.email, "requested_by": change.requested_by, "bounced": change.bounced}
    return {**_link_values(change), **own}


def _email_change_of(values: Mapping[str, Any] | None) -> EmailChange | None:
    if values is None:
        return None
    own = {name: values[name] for name in ("email", "requested_by", "bounced")}
    return EmailChange(**_link_of(values), **own)


def _claim_values(claim: Claim | None) -> dict[str, str] | None:
    return {"claim_id": claim.claim_id, "lapses_at": iso(claim.lapses_at)} if claim else None


def _claim_of(values: Mapping[str, Any] | None) -> Claim | None:
    return Claim(values["claim_id"], from_iso(values["lapses_at"])) if values else None


def _moment(text: str | None) -> datetime | None:
    return from_iso(text) if text else None


def _attempt_values(attempt: Attempt) -> dict[str, Any]:
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
        "code_expires_at": iso(attempt.code_expires_at) if attempt.code_expires_at else None,
        "tries": attempt.tries,
        "claim": _claim_values(attempt.claim),
        "expires_at": epoch(attempt.requested_at + timedelta(days=1)),
    }


def _attempt_of(key: str, item: Mapping[str, Any]) -> Attempt:
    return Attempt(
        key=key,
        attempt_id=item["attempt_id"],
        company_id=item["company_id"],
        user_id=item["user_id"],
        customer_number=item["customer_number"],
        email=item["email"],
        language=item["language"],
        requested_at=from_iso(item["requested_at"]),
        mail_id=item.get("mail_id"),
        code_hash=item.get("code_hash"),
        code_expires_at=from_iso(item["code_expires_at"]) if item.get("code_expires_at") else None,
        tries=item["tries"],
        claim=_claim_of(item.get("claim")),
    )
