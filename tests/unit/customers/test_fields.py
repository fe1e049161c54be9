"""The field table: bodies, answers and tables of events have its fields; values are normalised alike at every door."""

from dataclasses import fields

import pytest
from pydantic import ValidationError

from customer_center.customers.bodies import (
    AddressBody,
    ConsentAnswer,
    ConsentBody,
    CustomerAnswer,
    CustomerEditBody,
    NewCustomerBody,
)
from customer_center.customers.consent import CHANNELS
from customer_center.customers.fields import ADDRESS_PARTS, FIELDS, digest, normalised
from customer_center.platform.errors import InvalidInput
from customer_center.webhooks.formats.product import CUSTOMER_FIELDS, PRODUCT


def test_every_door_has_every_field():
    consent = ["permission_to_contact", "consent"]
    assert list(CustomerEditBody.model_fields) == [*FIELDS, *consent]
    assert list(ConsentBody.model_fields) == [field.name for field in fields(ConsentAnswer)] == list(CHANNELS)
    assert list(AddressBody.model_fields) == list(ADDRESS_PARTS)
    assert set(FIELDS) <= {field.name for field in fields(CustomerAnswer)}
    assert list(CUSTOMER_FIELDS) == [*FIELDS, *consent]


def allowed(name):
    """The largest value of a field, and values that are just too large."""
    field = FIELDS[name]
    line, too_long = "x" * field.max_length, "x" * (field.max_length + 1)
    match field.kind:
        case "list":
            return [line] * field.max_items, [[line] * (field.max_items + 1), [too_long]]
        case "map":
            full = {f"n{number}": line for number in range(field.max_items)}
            return full, [full | {"one_more": line}, {"n": too_long}, {"x" * 65: line}]
        case "address":
            full = {part: "x" * length for part, length in ADDRESS_PARTS.items()}
            return full, [{part: text + "x"} for part, text in full.items()]
        case "line":
            return (field.choices[0], ["x"]) if field.choices else (line, [too_long])


@pytest.mark.parametrize("name", FIELDS)
def test_the_api_and_events_take_what_the_table_allows_and_no_more(name):
    largest, too_large = allowed(name)
    body = CustomerEditBody.model_validate({name: largest})
    assert normalised(name, body.values[name]) == normalised(name, largest)
    assert PRODUCT.event(event(name, largest)).data[name] == largest
    for value in too_large:
        with pytest.raises(ValidationError):
            CustomerEditBody.model_validate({name: value})
        with pytest.raises(InvalidInput):
            PRODUCT.event(event(name, value))


def event(name, value):
    return {
        "type": "customer.updated",
        "timestamp": "2026-11-27T10:00:00Z",
        "data": {"external_id": "a-1", name: value},
    }


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("first_name", "  Anna\u200b ", "Anna"),
        ("first_name", "", None),
        ("first_name", None, None),
        ("emails", ["Anna@Müller.EXAMPLE", "anna@xn--mller-kva.example"], ("anna@xn--mller-kva.example",)),
        ("emails", ["not an address", ""], ("not an address",)),
        ("emails", [], None),
        ("phones", [" +49 351 1", "+49 351 1"], ("+49 351 1",)),
        ("mobile", "\u202d+49 170\u202c", "+49 170"),
        ("language", " de_AT", "de-at"),
        ("vat_number", "NL\u200b123456782B90 ", "NL123456782B90"),
        ("tags", ["vip", " vip", "", "new"], ("vip", "new")),
        ("free_fields", {"b": " 2 ", "a": "", "c": None}, {"b": "2"}),
        ("free_fields", {"a": " "}, None),
        ("delivery_address", {"country": "de"}, {"country": "DE"}),
        ("invoice_address", {"country": "Deutschland"}, {"country": "Deutschland"}),
        ("visit_address", {"city": "Bonn", "street": " "}, {"city": "Bonn"}),
        ("visit_address", {}, None),
        ("visit_address", None, None),
    ],
)
def test_a_value_is_normalised(name, given, stored):
    assert normalised(name, given) == stored
    assert normalised(name, stored) == stored


def test_equal_values_have_equal_hashes_however_they_are_stored():
    assert digest(("a", "b")) == digest(["a", "b"]) != digest(("b", "a"))
    assert digest({"a": "1", "b": "2"}) == digest({"b": "2", "a": "1"})


def test_a_patch_says_what_was_sent():
    body = CustomerEditBody.model_validate({"last_name": None, "visit_address": {"city": "Bonn", "state": None}})
    assert body.values == {"last_name": None, "visit_address": {"city": "Bonn", "state": ""}}


def test_a_new_customer_has_no_empty_parts():
    body = NewCustomerBody.model_validate({"visit_address": {"city": "Bonn", "state": None}, "first_name": ""})
    assert body.new_customer().values == {"visit_address": {"city": "Bonn"}, "first_name": None}
