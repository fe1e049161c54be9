"""Request bodies and answers of customers, as pydantic models made to the field table."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from customer_center.clients.bodies import NAME_PATTERN as NAME_PATTERN  # noqa: PLC0414 # imported from here too
from customer_center.clients.bodies import AccountQuery as AccountQuery  # noqa: PLC0414 # imported from here too
from customer_center.clients.bodies import PartnerQuery
from customer_center.customers.consent import ConsentSaid, consent_said
from customer_center.customers.consent import shown as shown_consent
from customer_center.customers.create_customer import NewCustomer
from customer_center.customers.entries import CustomerAction
from customer_center.customers.fields import FIELDS, FREE_FIELD_NAME, Value, normalised, shown_value
from customer_center.customers.listing import (
    CustomerRow,
    CustomerSort,
    Filter,
    Range,
    from_to,
    since_until,
    source_mark,
    tag_mark,
)
from customer_center.customers.model import Customer
from customer_center.customers.read_changes import Changed, Changes
from customer_center.customers.read_history import SourceStatements
from customer_center.customers.words import Search, search_for
from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page
from customer_center.platform.stamps import from_iso_nanoseconds
from customer_center.platform.wire import (
    BeforeAndAfter,
    Input,
    Moment,
    Output,
    PageQuery,
    Pasted,
    PastedNumber,
    Printable,
)

_EXAMPLE: dict[str, Any] = {
    "first_name": "Anna",
    "last_name": "Muster",
    "emails": ["anna@muster.example"],
    "phones": ["+49 351 123456"],
    "mobile": "+49 170 123456",
    "visit_address": {"street": "Hauptstraße 1", "postal_code": "01067", "city": "Dresden", "country": "DE"},
    "language": "de",
    "tags": ["newsletter"],
    "free_fields": {"loyalty_card": "4711"},
}


# Lengths as in the field table (`fields.py`), which a test compares.
_Text20 = Annotated[str, StringConstraints(max_length=20), Printable, Pasted]
_Text40 = Annotated[str, StringConstraints(max_length=40), Printable, Pasted]
_Text60 = Annotated[str, StringConstraints(max_length=60), Printable, Pasted]
_Text100 = Annotated[str, StringConstraints(max_length=100), Printable, Pasted]
_Text200 = Annotated[str, StringConstraints(max_length=200), Printable, Pasted]
_Number = Annotated[str, StringConstraints(max_length=40), Printable, PastedNumber]
_Website = Annotated[str, StringConstraints(max_length=200), Printable, PastedNumber]
_Language = Annotated[str, StringConstraints(max_length=35), Printable, PastedNumber]
_Tag = Annotated[str, StringConstraints(min_length=1, max_length=60), Printable, Pasted]
_Email = Annotated[str, StringConstraints(min_length=1, max_length=254), Printable, PastedNumber]
_Phone = Annotated[str, StringConstraints(min_length=1, max_length=40), Printable, Pasted]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=200), Printable, PastedNumber]
_FreeFieldName = Annotated[str, StringConstraints(pattern=FREE_FIELD_NAME)]
_FreeFieldText = Annotated[str, StringConstraints(max_length=500), Printable, Pasted]
# Generators of clients do not know `patternProperties`, which pydantic writes.
_FreeFields = Annotated[
    dict[_FreeFieldName, _FreeFieldText | None],
    Field(max_length=50),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": FREE_FIELD_NAME},
            "additionalProperties": {"type": ["string", "null"], "maxLength": 500},
            "maxProperties": 50,
        }
    ),
]


def _storable(text: str) -> str:
    # A key of DynamoDB has at most 2 KB; the id shares it with the names of account and product.
    if len(text.encode()) > 800:  # noqa: PLR2004 # 200 characters of at most four bytes
        raise PydanticCustomError("string_too_long", "too long", {"max_length": 200})
    return text


_OwnId = Annotated[_Id, AfterValidator(_storable)]
OwnIdText = _OwnId
"""The id of a customer in another system."""


def _moment(text: str) -> str:
    if from_iso_nanoseconds(text.upper()) is None:
        raise PydanticCustomError("datetime_parsing", "not a date and time")
    return text


# Text, because `datetime` has no nanoseconds.
_Moment = Annotated[
    str,
    StringConstraints(max_length=40),
    AfterValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _permission(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("datetime_type", "not a date and time")
    return _moment(value)


_Permission = Annotated[
    bool | str, PlainValidator(_permission), WithJsonSchema({"type": ["boolean", "string"], "format": "date-time"})
]


class CustomersQuery(AccountQuery, PageQuery):
    """Which customers, and in which order."""

    q: Annotated[
        str,
        StringConstraints(max_length=200),
        PastedNumber,
        Field(
            description="Words of the name, city, customer code or telephone number, or of an e-mail the beginning: a "
            "customer is found that has a word with each of these beginnings. Case and accents do not matter."
        ),
    ] = ""
    source: Annotated[
        str | None,
        StringConstraints(max_length=100),
        Field(description="A value that is shown comes from this source: `erp`, `api` or `product:<product>`."),
    ] = None
    tag: Annotated[
        str | None, StringConstraints(max_length=100), Field(description="With this tag. Case does not matter.")
    ] = None
    status: Annotated[
        Literal["listed", "in_conflict"],
        Field(
            description="`in_conflict`: only customers with a value that waits for a decision, as another customer has "
            "it. Customers that are hidden until then are in `GET /conflicts`, and never in lists."
        ),
    ] = "listed"
    created_since: Annotated[Moment | None, Field(description="Created at this moment or later.")] = None
    created_until: Annotated[Moment | None, Field(description="Created before this moment.")] = None
    updated_since: Annotated[Moment | None, Field(description="Last updated at this moment or later.")] = None
    updated_until: Annotated[Moment | None, Field(description="Last updated before this moment.")] = None
    customer_code_from: Annotated[_OwnId | None, Field(description="With this customer code or a later one.")] = None
    customer_code_to: Annotated[_OwnId | None, Field(description="With this customer code or an earlier one.")] = None
    sort: Annotated[
        CustomerSort,
        Field(
            description="The order; `customer_code` lists only customers that have one. What `q` finds is in the order "
            "of the found words, and has no other."
        ),
    ] = CustomerSort.CREATED

    @property
    def search(self) -> Search | None:
        """What `q` asks for, None without it. Raises InvalidInput if it has no word, or is combined with `sort`."""
        if not self.q:
            return None
        if "sort" in self.model_fields_set:
            raise InvalidInput(errors=[FieldError("/sort", "not-with-q")])
        search = search_for(self.q)
        if search is None:
            raise InvalidInput(errors=[FieldError("/q", "too-short", "2")])
        return search

    @property
    def filter(self) -> Filter:
        """Which customers were asked for."""
        marks = [source_mark(self.source)] if self.source else []
        marks += [tag_mark(self.tag)] if self.tag else []
        return Filter(self._ranges, frozenset(marks), self.status == "in_conflict")

    @property
    def _ranges(self) -> Mapping[str, Range]:
        asked = {
            "created": since_until(self.created_since, self.created_until),
            "updated": since_until(self.updated_since, self.updated_until),
            "customer_code": from_to(self.customer_code_from, self.customer_code_to),
        }
        return {field: wanted for field, wanted in asked.items() if wanted != Range()}


class LookupQuery(AccountQuery):
    """One id of the customer."""

    external_id: Annotated[_OwnId | None, Field(description="The own id of the client key's product.")] = None
    customer_code: Annotated[_OwnId | None, Field(description="The customer's number in the ERP.")] = None


class AddressBody(Input):
    """An address by its parts. A part that is null or empty is cleared; one that is left out stays."""

    street: _Text200 | None = None
    house_number: _Text20 | None = None
    line_2: _Text200 | None = None
    postal_code: _Text20 | None = None
    city: _Text100 | None = None
    state: _Text100 | None = None
    country: _Text60 | None = None


class ChannelConsentBody(Input):
    """A state of a channel, and since when it holds. Its time must not be in the future."""

    state: Literal["granted", "denied"]
    at: _Moment


class ConsentBody(Input):
    """The consent to be contacted, by channel. A channel that is null or left out says nothing."""

    email: ChannelConsentBody | None = None
    phone: ChannelConsentBody | None = None
    sms: ChannelConsentBody | None = None
    post: ChannelConsentBody | None = None


class CustomerEditBody(Input):
    """The fields to change (JSON Merge Patch, RFC 7396): null clears a field, a field that is left out stays.

    A list is replaced as a whole. Of an address and of the free fields, the members that are sent change. Consent is a
    ledger, which is only added to: `permission_to_contact` is true (every channel is granted now), false (what was
    granted is denied now) or the time at which every channel was granted. `consent` names channels.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"last_name": "Neumann", "organisation": None}]})

    kind: Literal["person", "organisation"] | None = None
    first_name: _Text100 | None = None
    middle_name: _Text100 | None = None
    last_name: _Text100 | None = None
    organisation: _Text200 | None = None
    contact_person: _Text200 | None = None
    emails: Annotated[list[_Email], Field(max_length=10)] | None = None
    phones: Annotated[list[_Phone], Field(max_length=10)] | None = None
    mobile: _Text40 | None = None
    fax: _Text40 | None = None
    website: _Website | None = None
    visit_address: AddressBody | None = None
    delivery_address: AddressBody | None = None
    invoice_address: AddressBody | None = None
    vat_number: _Number | None = None
    chamber_of_commerce_number: _Number | None = None
    language: _Language | None = None
    tags: Annotated[list[_Tag], Field(max_length=50)] | None = None
    free_fields: _FreeFields | None = None
    # No null: a ledger is not cleared.
    permission_to_contact: _Permission = False
    consent: ConsentBody = Field(default_factory=ConsentBody)

    @property
    def said_consent(self) -> ConsentSaid | None:
        """What the caller says about consent."""
        permission = self.permission_to_contact if "permission_to_contact" in self.model_fields_set else None
        return consent_said(permission, self.consent.model_dump())

    @property
    def values(self) -> Mapping[str, Value]:
        """The values that were sent, as they are stored; of addresses and free fields the members that were sent."""
        sent = {name: getattr(self, name) for name in FIELDS if name in self.model_fields_set}
        return {name: _value(name, value) for name, value in sent.items()}


def _value(name: str, value: object) -> Value:
    if isinstance(value, AddressBody):
        value = {part: getattr(value, part) for part in value.model_fields_set}
    if not isinstance(value, Mapping):
        return normalised(name, value)
    cleared: Mapping[str, str] = dict.fromkeys(value, "")
    kept = normalised(name, value)
    return {**cleared, **kept} if isinstance(kept, Mapping) else cleared


class NewCustomerBody(CustomerEditBody):
    """A new customer. `external_id` is the product's own id of it, `customer_code` its number in the ERP."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    external_id: _OwnId | None = None
    customer_code: _OwnId | None = None

    def new_customer(self) -> NewCustomer:
        """Return the customer to create."""
        values = {name: normalised(name, value) for name, value in self.values.items()}
        return NewCustomer(values, self.external_id, self.customer_code, self.said_consent)


@frozen(kw_only=True)
class AddressAnswer(Output):
    """An address by its parts."""

    street: str | None
    house_number: str | None
    line_2: str | None
    postal_code: str | None
    city: str | None
    state: str | None
    country: str | None


@frozen(kw_only=True)
class ChannelConsentAnswer(Output):
    """A state of a channel, and since when it holds."""

    state: Literal["granted", "denied"]
    at: datetime


@frozen(kw_only=True)
class ConsentAnswer(Output):
    """The consent to be contacted, by channel; null while it is unknown."""

    email: ChannelConsentAnswer | None
    phone: ChannelConsentAnswer | None
    sms: ChannelConsentAnswer | None
    post: ChannelConsentAnswer | None

    @classmethod
    def from_customer(cls, customer: Customer) -> Self:
        """Return the answer for a customer."""
        given: Mapping[str, Any] = shown_consent(customer.consent)
        return cls(**{channel: ChannelConsentAnswer(**said) if said else None for channel, said in given.items()})


@frozen(kw_only=True)
class CustomerAnswer(Output):
    """A customer, with the newest value of each field, whoever said it.

    `account_id` is null for a customer without account: it belongs to the partner `partner_id`, and is `hidden`.

    `permission_to_contact`: by `consent` something is granted and nothing is denied. A customer with an e-mail or a
    telephone number of another one has a conflict, `conflict_id`, with `conflicting_customer_ids`. If it was created
    so, its `status` is `hidden`: it is in no list, and products are not told. Else the values are withheld: only
    `GET /customers/{customer_id}/sources` shows them. `merged_customer_ids` are the ids of customers that were merged
    into this one: they are its ids, too.
    """

    customer_id: str
    account_id: str | None
    partner_id: str | None
    customer_code: str | None
    kind: Literal["person", "organisation"] | None
    first_name: str | None
    middle_name: str | None
    last_name: str | None
    organisation: str | None
    contact_person: str | None
    emails: list[str]
    phones: list[str]
    mobile: str | None
    fax: str | None
    website: str | None
    visit_address: AddressAnswer | None
    delivery_address: AddressAnswer | None
    invoice_address: AddressAnswer | None
    vat_number: str | None
    chamber_of_commerce_number: str | None
    language: str | None
    tags: list[str]
    free_fields: dict[str, str]
    permission_to_contact: bool
    consent: ConsentAnswer
    status: Literal["listed", "hidden"]
    conflict_id: str | None
    conflicting_customer_ids: list[str]
    merged_customer_ids: list[str]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_customer(cls, customer: Customer) -> Self:
        """Return the answer for a customer."""
        shown: Mapping[str, Any] = {name: _answer(name, customer.values.get(name)) for name in FIELDS}
        return cls(
            **shown,
            customer_id=customer.customer_id,
            account_id=None if customer.partner_id else customer.account_id,
            partner_id=customer.partner_id,
            customer_code=customer.customer_code,
            permission_to_contact=customer.permission_to_contact,
            consent=ConsentAnswer.from_customer(customer),
            status="hidden" if customer.hidden else "listed",
            conflict_id=customer.conflict_id,
            conflicting_customer_ids=list(customer.conflicting),
            merged_customer_ids=[member.customer_id for member in customer.members],
            version=customer.version,
            created_at=customer.created_at,
            updated_at=customer.updated_at,
        )


def _answer(name: str, value: Value) -> object:
    shown: Any = shown_value(name, value)
    return AddressAnswer(**shown) if shown and FIELDS[name].kind == "address" else shown


@frozen(kw_only=True)
class CustomerRowAnswer(Output):
    """A customer in a list. `email` and `phone` are the first of the customer's, `city` is that of its address."""

    customer_id: str
    account_id: str
    customer_code: str | None
    first_name: str | None
    last_name: str | None
    organisation: str | None
    email: str | None
    phone: str | None
    city: str | None
    permission_to_contact: bool
    conflict_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: CustomerRow) -> Self:
        """Return the answer for a row."""
        return cls(**{each.name: getattr(row, each.name) for each in fields(cls)})


@frozen(kw_only=True)
class CustomersAnswer(Output):
    """A page of an account's customers. `next_cursor` is null at the end."""

    items: list[CustomerRowAnswer]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[CustomerRow]) -> Self:
        """Return the answer for a page."""
        return cls(items=[CustomerRowAnswer.from_row(row) for row in page.rows], next_cursor=page.next_cursor)


class ChangesQuery(AccountQuery):
    """Where to go on in the changes of customers."""

    since: Annotated[
        str | None,
        Field(max_length=2000, description="`next_cursor` of an answer before. Without it, all customers come first."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=100, description="Changes per page, at most.")] = 50


@frozen(kw_only=True)
class ChangeAnswer(Output):
    """A customer as it is now. `customer` is null for one that is in the account no more.

    It was deleted, or has left the account, at `deleted_at`, or was merged into the customer `merged_into`.
    """

    customer_id: str
    customer: CustomerAnswer | None
    deleted_at: datetime | None
    merged_into: str | None

    @classmethod
    def from_changed(cls, changed: Changed) -> Self:
        """Return the answer for a customer."""
        customer = CustomerAnswer.from_customer(changed.customer) if changed.customer else None
        return cls(
            customer_id=changed.customer_id,
            customer=customer,
            deleted_at=changed.deleted_at,
            merged_into=changed.merged_into,
        )


@frozen(kw_only=True)
class ChangesAnswer(Output):
    """A page of changes. `has_more`: go on now. Otherwise go on later; `next_cursor` is valid for 30 days."""

    items: list[ChangeAnswer]
    next_cursor: str
    has_more: bool

    @classmethod
    def from_changes(cls, changes: Changes) -> Self:
        """Return the answer for a page."""
        items = [ChangeAnswer.from_changed(row) for row in changes.rows]
        return cls(items=items, next_cursor=changes.next_cursor, has_more=changes.has_more)


class HistoryQuery(PartnerQuery, PageQuery):
    """The page of a customer's history."""


@frozen(kw_only=True)
class EntryActorAnswer(Output):
    """Who made a change: a client key or a system. `id` is that of the key, or the name of the system."""

    kind: Literal["client", "system"]
    id: str


@frozen(kw_only=True)
class CustomerEntryAnswer(Output):
    """One change of a customer. `changes` maps each field to its values before and after."""

    entry_id: str
    at: datetime
    actor: EntryActorAnswer
    action: CustomerAction
    request_id: str
    changes: Mapping[str, BeforeAndAfter]

    @classmethod
    def from_entry(cls, entry: Entry) -> Self:
        """Return the answer for an entry."""
        return cls(
            entry_id=entry.entry_id,
            at=entry.at,
            actor=EntryActorAnswer(kind=cast("Any", entry.actor.kind), id=entry.actor.actor_id),
            action=cast("CustomerAction", entry.action),
            request_id=entry.request_id,
            changes={field: (before, after) for field, (before, after) in sorted(entry.changes.items())},
        )


@frozen(kw_only=True)
class HistoryAnswer(Output):
    """A page of a customer's history, newest first. `next_cursor` is null at the end."""

    items: list[CustomerEntryAnswer]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[Entry]) -> Self:
        """Return the answer for a page."""
        return cls(items=[CustomerEntryAnswer.from_entry(entry) for entry in page.rows], next_cursor=page.next_cursor)


@frozen(kw_only=True)
class StatementAnswer(Output):
    """What a source said last about a field, null if it said that there is none. `is_shown`: nobody said it later.

    `withheld` are members of the value that are not shown, because they are another customer's.
    """

    field: str
    value: Any
    said_at: datetime
    is_shown: bool
    withheld: list[str]


@frozen(kw_only=True)
class CustomerSourceAnswer(Output):
    """What one source says about a customer: `erp`, `api` (client keys without a product), or `product:<product>`.

    `customer_id` is that of the record that it speaks of: the customer, or one that was merged into it.
    """

    source: str
    customer_id: str
    statements: list[StatementAnswer]


@frozen(kw_only=True)
class CustomerSourcesAnswer(Output):
    """What each source says about a customer, sorted by source. `next_cursor` is always null."""

    items: list[CustomerSourceAnswer]
    next_cursor: None = None

    @classmethod
    def from_sources(cls, sources: Sequence[SourceStatements]) -> Self:
        """Return the answer for these sources."""
        return cls(
            items=[
                CustomerSourceAnswer(
                    source=each.source,
                    customer_id=each.customer_id,
                    statements=[
                        StatementAnswer(
                            field=one.field,
                            value=one.value,
                            said_at=one.said_at,
                            is_shown=one.is_shown,
                            withheld=list(one.withheld),
                        )
                        for one in each.statements
                    ],
                )
                for each in sources
            ]
        )
