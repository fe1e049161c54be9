"""A customer in the words of Vendasta: what it cannot hold is changed or left out (003, "Parameter Details")."""

from dataclasses import replace

import pytest

from customer_center.connectors.vendasta.mapping import attributes, held_attributes, held_values
from customer_center.connectors.vendasta.settings import is_private_key
from customer_center.connectors.vendasta.wire import Record
from customer_center.customers.consent import NOTHING_SAID, flag_statements, with_statements
from customer_center.customers.model import Customer
from local.simulators.vendasta.customer_list import NEVER
from tests.builders.rs256 import pem, private_key, private_pem
from tests.fakes.clock import NOON

VENDASTA = "product:vendasta"
VALUES = {
    "first_name": "Anna",
    "last_name": "Blum",
    "emails": ("anna@blum.example", "a@blum.example"),
    "phones": ("+13066525464",),
    "visit_address": {"street": "1 Main Street", "city": "Saskatoon", "state": "SK", "country": "CA"},
}


def customer(**values):
    return Customer("cus_1", "shop", NOON, NOON, values={name: value for name, value in values.items() if value})


def test_the_whole_customer_is_told():
    assert attributes(customer(**VALUES), VENDASTA) == {
        "first_name": "Anna",
        "last_name": "Blum",
        "email": ["anna@blum.example", "a@blum.example"],
        "phone": ["+13066525464"],
        "address": "1 Main Street",
        "city": "Saskatoon",
        "state": "SK",
        "country": "CA",
        "permission_to_contact": False,
    }


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"street": "Markt", "house_number": "3a"}, "Markt 3a"),
        ({"street": "Markt 3a"}, "Markt 3a"),
        ({"house_number": "3a"}, "3a"),
        ({"city": "Bonn"}, ""),
    ],
)
def test_a_house_number_stands_behind_the_street(parts, line):
    told = customer(visit_address=parts)
    assert attributes(told, VENDASTA)["address"] == line
    held = held_values(told, VENDASTA)["visit_address"]
    assert (held.get("street", ""), "house_number" in held) == (line, False)


def test_what_a_customer_does_not_have_is_told_as_empty():
    """Vendasta does not say whether it clears what is left out."""
    told = attributes(customer(), VENDASTA)
    assert told == {
        **dict.fromkeys(("first_name", "last_name", "address", "city", "state", "country"), ""),
        "email": [],
        "phone": [],
        "permission_to_contact": False,
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Muster, Dr.", "Muster Dr."),
        ("Muster;Meier", "Muster Meier"),
        (",", ""),
        ("O'Neill-Šmíd", "O'Neill-Šmíd"),
    ],
)
def test_names_are_told_without_commas_and_semicolons(name, told):
    """Trap 13: a name with a comma or a semicolon going out."""
    for field in ("first_name", "last_name"):
        assert attributes(customer(**{field: name}), VENDASTA)[field] == told


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("+1 306-652-5464", "+13066525464"),
        ("+49 (0)351 / 123 456", "+49351123456"),
        ("+49351123456", "+49351123456"),
        ("(306) 652-5464", None),
        ("1234567890", None),
        ("+0351123456", None),
        ("+49 351 123456 ext. 7", None),
        ("+1234567890123456", None),
        ("", None),
    ],
)
def test_telephone_numbers_are_told_as_e164_or_not_at_all(line, number):
    assert attributes(customer(phones=(line,)), VENDASTA)["phone"] == ([number] if number else [])


def test_a_number_without_a_country_code_is_read_by_the_customers_country():
    of_canada = customer(phones=("(306) 652-5464",), visit_address={"country": "ca"})
    assert attributes(of_canada, VENDASTA)["phone"] == ["+13066525464"]
    unclear = customer(phones=("(306) 652-5464",), visit_address={"country": "Canada"})
    assert attributes(unclear, VENDASTA)["phone"] == []


def test_a_mobile_number_is_on_vendastas_one_list():
    assert attributes(customer(phones=("+13066525464",), mobile="+49 170 1234567"), VENDASTA)["phone"] == [
        "+13066525464",
        "+491701234567",
    ]


def test_a_number_that_is_written_twice_is_told_once():
    assert attributes(customer(phones=("+1 306 652 5464", "+13066525464")), VENDASTA)["phone"] == ["+13066525464"]


def test_an_organisation_without_a_persons_name_has_its_name_as_last_name():
    assert attributes(customer(organisation="Muster; Söhne"), VENDASTA)["last_name"] == "Muster Söhne"
    assert attributes(customer(organisation="Muster", first_name="Anna"), VENDASTA)["last_name"] == ""


def test_vendasta_holds_what_it_was_told():
    """Held against the answer, so that reconciling finds no difference where there is none."""
    values = VALUES | {"organisation": "Blum AG", "first_name": "Anna, Dr.", "phones": ("+1 306 652 5464", "12")}
    told = attributes(customer(**values), VENDASTA)
    record = Record.model_validate({"customer_id": "CUSTOMER-1", **told, "permission_to_contact": NEVER})
    assert held_attributes(record) == told


def test_what_vendasta_cannot_hold_is_not_expected_to_come_back():
    """So what comes back is recognised, and takes nothing away from the others."""
    address = VALUES["visit_address"]
    values = VALUES | {
        "organisation": "Blum AG",
        "first_name": "Anna, Dr.",
        "phones": ("+1 306 652 5464", "12"),
        "visit_address": address | {"postal_code": "S7K"},
    }
    assert held_values(customer(**values), VENDASTA) == VALUES | {"first_name": "Anna Dr."}


@pytest.mark.parametrize(
    ("name", "value", "theirs"),
    [("phones", ("1234567890",), "phone"), ("last_name", "Blum, Dr.", "last_name")],
)
def test_what_a_person_wrote_in_vendasta_and_we_may_not_write_stays_there(name, value, theirs):
    said = replace(customer(**VALUES | {name: value}), said_by={name: VENDASTA})
    assert theirs not in attributes(said, VENDASTA)
    assert held_values(said, VENDASTA)[name] == value
    # Said by another system, it is told as Vendasta takes it.
    assert theirs in attributes(replace(said, said_by={name: "erp"}), VENDASTA)


def test_consent_is_told_as_a_boolean():
    granted = Customer("cus_1", "shop", NOON, NOON, consent=granted_consent())
    assert attributes(granted, VENDASTA)["permission_to_contact"] is True


def granted_consent():
    return with_statements(NOTHING_SAID, flag_statements("2026-11-24T10:00:00.000000000+00:00", "api", flag=True))


@pytest.mark.parametrize(
    ("sent", "may"),
    [("0001-01-01T00:00:00Z", False), ("", False), (None, False), ("2026-11-24T10:00:00.123456789Z", True)],
)
def test_consent_comes_back_as_a_time(sent, may):
    """Trap 4: the year 1 means no consent."""
    assert Record(customer_id="C", permission_to_contact=sent).may_be_contacted is may


@pytest.mark.parametrize("phone", [None, "", [], "+13066525464", ["+13066525464"]])
def test_telephone_numbers_come_as_null_text_or_list(phone):
    """Trap 3."""
    assert Record(customer_id="C", phone=phone).phone in ((), ("+13066525464",))


def test_a_private_key_is_recognised_without_a_package():
    assert is_private_key(private_pem(private_key("app")))
    assert is_private_key(private_pem(private_key("app"), pkcs1=True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_1",
        pem(private_key("app")),
        private_pem(private_key("short", 1024)),
        private_pem(private_key("app"), password=b"secret"),
        "-----BEGIN PRIVATE KEY-----\n====\n-----END PRIVATE KEY-----",
    ],
    ids=["empty", "secret", "public", "short", "encrypted", "no content"],
)
def test_what_is_no_private_key_is_seen_at_once(text):
    assert not is_private_key(text)
