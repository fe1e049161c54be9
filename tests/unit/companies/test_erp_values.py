"""How the values of an ERP are read, by answer and by webhook alike."""

import json
from xml.etree.ElementTree import Element, SubElement

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from customer_center.companies.bodies import Email, Number
from customer_center.companies.erp_values import FaultyRecord, read_number, read_values
from customer_center.connectors.silver import messages
from customer_center.connectors.silver.failures import parse
from customer_center.connectors.silver.settings import SilverSettings
from customer_center.platform.email_address import address_in
from customer_center.platform.wire import Line
from customer_center.webhooks.formats.erp import ERP

FIELDS = {
    "name": "NAME",
    "telephone": "PHONE_NUMBER",
    "telefax": "FAX_NUMBER",
    "email": "E_MAIL",
    "language_code": "LANGUAGE_CODE",
}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@x.example", "a@x.example"),
        ("  A@X.Example ", "A@X.Example"),
        ("a@x.example;b@x.example", "a@x.example"),
        ("a@x.example, b@x.example", "a@x.example"),
        ("a@x.example b@x.example", "a@x.example"),
        ("a@x.example\nb@x.example", "a@x.example"),
        ("?; b@x.example", "b@x.example"),
        (";a@x.example;", "a@x.example"),
        ("Anna <a@x.example>", "a@x.example"),
        ("Bäcker, Anna <a@x.example>; Bernd <b@x.example>", "a@x.example"),
        ('"Bäcker, Anna" <a@x.example>', "a@x.example"),
        ("<a@x.example>", "a@x.example"),
        ("a@x.example (Anna)", "a@x.example"),
        ("mailto:a@x.example", "a@x.example"),
        ("MAILTO: a@x.example?subject=Hello", "a@x.example"),
        ("Anna <mailto:a@x.example>", "a@x.example"),
        ("'a@x.example'", "a@x.example"),
        ('"a@x.example"', "a@x.example"),
        ("a@x.example.", "a@x.example"),
        ("\u200ea\u200b@x.example", "a@x.example"),
        ("a@müller.example", "a@müller.example"),
        ("\uff41\uff20x.example\uff1bb@x.example", "a@x.example"),
        ("SMTP:a@x.example;smtp:b@x.example", "a@x.example"),
        ("E-Mail: a@x.example", "a@x.example"),
        ("o'neil?=@x.example", "o'neil?=@x.example"),
        # The display name is whatever somebody wrote.
        ('"boss@x.example" <a@x.example>', "a@x.example"),
        ("boss@x.example <a@x.example>", "a@x.example"),
        # Where the address begins is not known: it could be another person's.
        ("max mustermann@x.example", None),
        ("Anna a@x.example", None),
        ("a @ x.example", None),
        ("Anna <a@x.example", "a@x.example"),
        ("Anna <>", None),
        ("siehe Kontakt", None),
        ("a@x", None),
        ("@", None),
        ("", None),
    ],
)
def test_an_address_is_read_where_it_can_be(text, address):
    assert address_in(text) == address
    values, _ = read_values({"email": text, "main_contact_email": text})
    assert values == {"email": address, "main_contact_email": address}


@given(st.text("ab@x.;, <>\"'()?:\n", max_size=60))
def test_an_address_that_is_read_stands_in_the_text_and_can_be_sent_back(text):
    address = address_in(text)
    if address is not None:
        assert address in text
        assert address_in(address) == address
        assert TypeAdapter(Email).validate_python(address)


@given(st.text())
def test_a_number_can_be_sent_back_unchanged(text):
    if number := read_number(text):
        assert TypeAdapter(Number).validate_python(number) == number


@pytest.mark.parametrize(
    ("given_values", "values", "faults"),
    [
        ({"name": " Anna "}, {"name": "Anna"}, []),
        ({"name": "An\x1fna"}, {"name": "Anna"}, ["name-cleaned"]),
        ({"telephone": "\u202d1"}, {"telephone": "1"}, ["telephone-cleaned"]),
        ({"name": "A" * 49 + " BC"}, {"name": "A" * 49}, ["name-cut"]),
        ({"telefax": "1" * 81}, {"telefax": None}, ["telefax-too-long"]),
        ({"language_code": "D" * 36}, {"language_code": None}, ["language_code-too-long"]),
        ({"telephone": " ", "email": " "}, {"telephone": None, "email": None}, []),
        ({"telephone": "\x1f"}, {"telephone": None}, ["telephone-cleaned"]),
        ({"blocked": True, "email": None}, {"blocked": True, "email": None}, []),
    ],
)
def test_a_wrong_value_is_cleaned_cut_or_left_out(given_values, values, faults):
    assert read_values(given_values) == (values, faults)


def test_a_fault_names_a_record_by_its_number_and_nobody_by_name():
    assert str(FaultyRecord("KT010001", ["name-cut", "email-unreadable"])) == "KT010001: name-cut, email-unreadable"
    for text in ("Anna Bäcker", "Anna", "anna@x.example", ""):
        assert str(FaultyRecord(text, ["name-cut"])) == "?: name-cut"


TEXTS = st.one_of(
    st.text(max_size=100),
    st.sampled_from(["\u202d030/1", "a@x.example;b@x.example", "Anna\x1fBäcker", "x" * 90, "a@x", " ", "M\ufffdller"]),
)


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS)))
def test_an_answer_and_a_webhook_read_the_same_value_in_the_same_way(sent):
    answer = Element("WC_USER_MANAGEMENT")
    contact = SubElement(answer, "CONTACT")
    SubElement(contact, "NUMBER").text = "KT1"
    for field, name in FIELDS.items():
        SubElement(contact, name).text = sent[field]
    listed = messages.read_contacts(answer, 10, SilverSettings(url="")).contacts
    event = {
        "type": "contact.updated",
        "timestamp": "2026-11-24T10:00:00Z",
        "data": {"customer_number": "10000", "contact_number": "KT1", **sent},
    }
    if not listed:
        assert read_values(sent)[0]["name"] == ""
        return
    data = ERP.event(json.loads(json.dumps(event))).data
    told, _ = read_values({field: data[field] for field in FIELDS})
    assert told == {field: getattr(listed[0], field) for field in FIELDS}
    assert read_values(told) == (told, [])
    for field in ("name", "telephone", "telefax"):
        if told[field]:
            assert TypeAdapter(Line).validate_python(told[field]) == told[field]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="&<\r"), max_size=40))
def test_a_character_that_xml_does_not_allow_is_read_as_in_json(text):
    values, _ = read_values({"name": parse(f"<a><b>x{text}</b></a>".encode()).findtext("b")})
    assert values == read_values({"name": f"x{text}"})[0]
