"""The customer lists of accounts, and the six calls of Vendasta's Customer API (v1), without HTTP.

Its traps are kept: what is called `customer_id` is an app's own id in some calls and Vendasta's in others; an app's ids
need not be unique, and the newest record is meant; a duplicate is answered with 200 and an id `CONFLICT-…`. Guesses,
where Vendasta's documentation says nothing: an omitted field keeps its value, a list replaces the one before, unknown
fields are ignored, an update is done although it leads to a conflict, and an unknown id is 404 in every call.
"""

import base64
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NEVER = "0001-01-01T00:00:00Z"
"""Go's zero time: how Vendasta writes that there is no time."""
BUSINESS_APP = "VBC"
"""The origin of what a person does in the Business App."""
TEXTS = ("first_name", "last_name", "address", "city", "state", "country")
REPRESENTATIVE = ("assigned_rep_first_name", "assigned_rep_last_name")
LISTS = ("email", "phone")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_PAGE_SIZE = 25
_SORTED_BY: Mapping[str, Callable[["Record"], Any]] = {
    "Name": lambda record: (record.values["first_name"], record.values["last_name"]),
    "FirstName": lambda record: record.values["first_name"],
    "LastName": lambda record: record.values["last_name"],
    "Created": lambda record: record.number,
}

type Body = Mapping[str, Any]


class Refusal(Exception):
    """Vendasta refuses a call: an HTTP status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Record:
    """One customer of an account. `vendor_ids` are the ids that apps have for it, by app id."""

    number: int
    customer_id: str
    account_id: str
    origin: str
    created: str
    updated: str
    values: dict[str, Any]
    vendor_ids: dict[str, str] = field(default_factory=dict)
    permission: str = NEVER
    deleted: str = NEVER

    @property
    def is_conflict(self) -> bool:
        """Whether it is a duplicate: only Get finds it."""
        return self.customer_id.startswith("CONFLICT-")

    @property
    def is_listed(self) -> bool:
        """Whether it is on the account's list."""
        return self.deleted == NEVER and not self.is_conflict

    def keys(self) -> set[str]:
        """Return what duplicates are found by: e-mail addresses and telephone numbers."""
        return {text.strip().lower() for name in LISTS for text in self.values[name]}

    def small(self) -> Body:
        """Return the `customer` schema: what Update answers with."""
        values = {name: self.values[name] for name in (*TEXTS, *LISTS)}
        return {"customer_id": self.customer_id, "account_id": self.account_id, **values}

    def whole(self, app_id: str) -> Body:
        """Return the `return_customer` schema, as an app sees it."""
        return {
            **self.small(),
            **{name: self.values[name] for name in REPRESENTATIVE},
            "vendor_customer_id": self.vendor_ids.get(app_id, self.customer_id),
            "origins": [self.origin],
            "permission_to_contact": self.permission,
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
        }


class CustomerLists:
    """The lists of all accounts. `changed` is told of every change: action, record, and the app that made it.

    Not thread-safe: the caller must hold a lock.
    """

    def __init__(self, changed: Callable[[str, Record, str], None]) -> None:
        self._changed = changed
        self.records: list[Record] = []

    def answer(self, call: str, body: Body, app_id: str) -> Body | None:
        """Do what an app asks and return `data`, None if the answer has none. Raises Refusal."""
        calls: Mapping[str, tuple[Sequence[str], Callable[[Body, str], Body | None]]] = {
            "customer": (("account_id",), self._create),
            "list-customers": (("account_id",), self._list),
            "get-customer": (("customer_id", "account_id"), self._get),
            "associate-id": (("customer_id", "vendor_customer_id"), self._associate),
            "update-customer": (("account_id", "id"), self._update),
            "delete-customer": (("customer_id", "account_id"), self._delete),
        }
        if call not in calls:
            raise Refusal(404, "no such call")
        required, do = calls[call]
        for name in required:
            if not isinstance(body.get(name), str) or not body[name]:
                raise Refusal(400, f"{name} is required")
        _check(body)
        return do(body, app_id)

    # The Business App

    def change(self, action: str, wish: Body) -> Record:
        """Create, update or delete a customer as a person does in the Business App, who may write any phone number.

        `customer_id` names the customer to update or delete. Raises Refusal.
        """
        if action == "create":
            record = self._add(wish, f"CON-{uuid.uuid4().int % 10**32:032}", BUSINESS_APP)
            self._changed("create", record, BUSINESS_APP)
            return record
        record = self._by_own_id(str(wish["customer_id"]), None)
        if action == "delete":
            record.deleted = _now()
        else:
            self._write(record, wish)
        self._changed(action, record, BUSINESS_APP)
        return record

    # The calls of apps

    def _create(self, body: Body, app_id: str) -> Body:
        record = self._add(body, f"CUSTOMER-{uuid.uuid4()}", app_id)
        if body.get("id"):
            record.vendor_ids[app_id] = str(body["id"])
        other = next(self._duplicates(record), None)
        if other:
            record.customer_id = f"CONFLICT-{uuid.uuid4()}"
        else:
            self._changed("create", record, app_id)
        return {"customer": record.whole(app_id), "conflicting_customer_id": other.customer_id if other else ""}

    def _list(self, body: Body, app_id: str) -> Body:
        filters = body.get("filters") or {}
        found = [record for record in self.records if record.account_id == body["account_id"] and record.is_listed]
        found = [record for record in found if _matches(record, filters, str(body.get("search_term") or ""))]
        order = body.get("sort_options") or {"field": "Created", "direction": "Ascending"}
        if order.get("field") not in _SORTED_BY or order.get("direction") not in {"Ascending", "Descending"}:
            raise Refusal(400, "sort_options: field and direction are required")
        found.sort(key=_SORTED_BY[order["field"]], reverse=order["direction"] == "Descending")
        size = int(body.get("page_size") or _PAGE_SIZE)
        start = int(base64.urlsafe_b64decode(str(body["cursor"]))) if body.get("cursor") else 0
        has_more = start + size < len(found)
        return {
            "customers": [record.whole(app_id) for record in found[start : start + size]],
            "next_cursor": base64.urlsafe_b64encode(str(start + size).encode()).decode() if has_more else "",
            "has_more": has_more,
            "total_results": len(found),
        }

    def _get(self, body: Body, app_id: str) -> Body:
        record = self._by_vendor_id(body["customer_id"], body["account_id"], app_id)
        return {"customer": record.whole(app_id), "conflicting_customer_id": self._conflict(record)}

    def _associate(self, body: Body, app_id: str) -> None:
        self._by_own_id(body["customer_id"], body.get("account_id")).vendor_ids[app_id] = body["vendor_customer_id"]

    def _update(self, body: Body, app_id: str) -> Body:
        record = self._by_vendor_id(body["id"], body["account_id"], app_id)
        self._write(record, body)
        if not record.is_conflict:
            self._changed("update", record, app_id)
        return {"customer": record.small(), "conflicting_customer_id": self._conflict(record)}

    def _delete(self, body: Body, app_id: str) -> None:
        record = self._by_vendor_id(body["customer_id"], body["account_id"], app_id)
        record.deleted = _now()
        if not record.is_conflict:
            self._changed("delete", record, app_id)

    # Records

    def _add(self, body: Body, customer_id: str, origin: str) -> Record:
        now = _now()
        values: dict[str, Any] = dict.fromkeys((*TEXTS, *REPRESENTATIVE), "") | {name: [] for name in LISTS}
        record = Record(len(self.records), customer_id, str(body["account_id"]), origin, now, NEVER, values)
        self._write(record, body)
        record.updated = NEVER
        self.records.append(record)
        return record

    def _write(self, record: Record, body: Body) -> None:
        known = {name: body[name] for name in record.values if body.get(name) is not None}
        record.values |= known
        record.updated = _now()
        if "permission_to_contact" in body:
            record.permission = record.updated if body["permission_to_contact"] else NEVER

    def _by_own_id(self, customer_id: str, account_id: str | None) -> Record:
        for record in self.records:
            if (
                record.customer_id == customer_id
                and account_id in (None, record.account_id)
                and record.deleted == NEVER
            ):
                return record
        raise Refusal(404, "ContactID not found")

    def _by_vendor_id(self, vendor_id: str, account_id: str, app_id: str) -> Record:
        """Return the newest record that the app calls so."""
        for record in reversed(self.records):
            is_meant = record.vendor_ids.get(app_id, record.customer_id) == vendor_id
            if is_meant and record.account_id == account_id and record.deleted == NEVER:
                return record
        raise Refusal(404, "ContactID not found")

    def _duplicates(self, record: Record) -> Iterator[Record]:
        others = (other for other in self.records if other is not record and other.account_id == record.account_id)
        return (other for other in others if other.is_listed and other.keys() & record.keys())

    def _conflict(self, record: Record) -> str:
        other = next(self._duplicates(record), None)
        return other.customer_id if other else ""


def _check(body: Body) -> None:
    """Raise Refusal for an attribute that Vendasta does not take."""
    for name in (*TEXTS, *REPRESENTATIVE):
        if not isinstance(body.get(name, ""), str):
            raise Refusal(400, f"{name} is a string")
    for name in LISTS:
        if not _is_texts(body.get(name, [])):
            raise Refusal(400, f"{name} is a list of strings")
    for name in ("first_name", "last_name"):
        if re.search("[,;]", body.get(name, "")):
            raise Refusal(400, f"{name} has a comma or a semicolon")
    for number in body.get("phone", []):
        if not _E164.fullmatch(number):
            raise Refusal(400, f"phone is not E.164: {number}")
    if not isinstance(body.get("permission_to_contact", False), bool):
        raise Refusal(400, "permission_to_contact is a boolean")


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _matches(record: Record, filters: Body, term: str) -> bool:
    texts: Sequence[str] = [record.values["first_name"], record.values["last_name"], *record.values["email"]]
    if term and not any(term.lower() in text.lower() for text in (*texts, *record.values["phone"])):
        return False
    if filters.get("source") and record.origin not in filters["source"]:
        return False
    created = filters.get("created") or {}
    return bool(created.get("begin_range", "") <= record.created <= created.get("end_range", "9"))


def _now() -> str:
    """Return the time as Vendasta writes it, with nine digits of fractions."""
    seconds, fraction = divmod(time.time_ns(), 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:09}Z"
