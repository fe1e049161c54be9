"""Wrong values in the ERP: what people and the ERP itself are answered, by request and by webhook alike."""

import json
from datetime import UTC, datetime
from itertools import count

import pytest

from tests.builders.webhooks import signed
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_path, with_query, with_raw
from tests.integration.functions.stage import Reply, assert_problem
from tests.integration.population import COMPANY, EMAIL, MAIN

_ids = count(1)
STRANGER = "eve@elsewhere.example"


def told(stage, kind, **data):
    """Send the event as the ERP does, apply it, and return the reply."""
    body = json.dumps(
        {"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": {"customer_number": "10000", **data}}
    )
    event = with_raw(f"customer_webhook/{kind.replace('.', '_')}", body)
    event["headers"] |= signed(body.encode(), datetime.now(UTC), webhook_id=f"msg_{next(_ids)}")
    answer = stage.run("CustomerWebhookFunction", event)
    reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
    if reply.status == 202:
        queued = stage.queue_event("CustomerSyncQueue", "customer_sync/customer_updated")
        assert stage.run("CustomerSyncFunction", queued) == {"batchItemFailures": []}
    return reply


# Flags


@pytest.mark.parametrize("flag", ["true", " Yes ", "JA", "1"])
def test_a_flag_in_another_spelling_lets_no_stranger_in(stage, erp, flag):
    erp.erp.change({"number": "10000", "customer_center": flag})
    event = with_body("activation/activate", email=STRANGER)
    assert_problem(stage.call(event), event, 409, "customer-center-managed")
    assert stage.call(event_of("activation/activate")).status == 202


@pytest.mark.parametrize("name", ["customer_center", "blocked"])
def test_a_flag_in_an_unknown_spelling_lets_nobody_in(stage, erp, name):
    erp.erp.change({"number": "10000", name: "maybe"})
    for email in (EMAIL, STRANGER):
        event = with_body("activation/activate", email=email)
        stage.refuses(event, 502, "erp-malformed")


@pytest.mark.parametrize(("on", "off"), [("Ja", "NEIN"), (1, 0), ("1", "0"), (" true", "_blank_"), ("All", "")])
def test_a_webhook_reads_flags_as_selectcustomer_does(company, on, off):
    name = "blocked" if on == "All" else "customer_center"
    for value, expected in ((off, False), (on, True)):
        assert told(company, "customer.updated", **{name: value}).status == 202
        assert getattr(company.store.company(COMPANY), name) is expected


def test_a_webhook_with_a_flag_in_an_unknown_spelling_is_refused(company):
    before = company.records()
    reply = told(company, "customer.updated", customer_center="maybe", blocked="perhaps")
    assert (reply.status, [wrong["code"] for wrong in reply.body["errors"]]) == (422, ["boolean", "boolean"])
    assert company.records() == before


# The main contact's e-mail


MAIN_EMAILS = [
    f"{EMAIL};b@x.example",
    f'"Mustermann, Max" <{EMAIL}>',
    f"mailto:{EMAIL}",
    f" {EMAIL.upper()} , b@x.example",
]


@pytest.mark.parametrize("text", MAIN_EMAILS)
def test_a_main_email_is_read_where_it_can_be(stage, erp, text):
    erp.erp.change({"number": "10000", "main_contact_email": text})
    assert stage.call(event_of("activation/activate")).status == 202
    event = with_body("activation/activate", email=STRANGER)
    reply = stage.call(event)
    assert_problem(reply, event, 409, "customer-center-managed")
    assert EMAIL in reply.body["detail"].lower()
    assert "b@x.example" not in reply.body["detail"]


@pytest.mark.parametrize("text", ["see contact", "max@", "max mustermann@musterhandel.example", ";", "\u200b"])
def test_without_a_readable_main_email_nobody_is_main_contact(stage, company, erp, text):
    told(company, "customer.updated", customer_center_main_contact_email=text)
    assert company.store.company(COMPANY).main_contact_email is None
    stage.aws.restore(None)
    erp.erp.change({"number": "10000", "main_contact_email": text})
    event = event_of("activation/activate")
    stage.refuses(event, 409, "main-contact-missing")


@pytest.mark.parametrize("text", MAIN_EMAILS)
def test_a_webhook_reads_the_main_email_as_selectcustomer_does(company, text):
    told(company, "customer.updated", customer_center_main_contact_email=text)
    assert company.store.company(COMPANY).main_contact_email.lower() == EMAIL


# Invoices


def test_an_invoice_answer_without_a_number_proves_nothing(stage, erp):
    erp.erp.change({"number": "10000", "add_invoices": [{"number": "MADE-UP-1", "shown": ""}]})
    event = with_body("activation/activate", invoice_number="MADE-UP-1")
    assert_problem(stage.call(event), event, 422, "activation-refused")
    assert stage.call(event, ErpInvoiceNumberRequired="false").status == 202


def test_a_customer_with_a_duns_number_is_activated(stage, erp):
    erp.erp.change({"number": "10000", "duns": "315369934"})
    assert stage.call(event_of("activation/activate")).status == 202
    event = with_body("activation/activate", customer_number="315369934")
    assert_problem(stage.call(event), event, 422, "activation-refused")


# Contacts


@pytest.mark.parametrize("mode", ["ok", "references", "unescaped", "wrong-encoding"])
def test_one_bad_contact_does_not_hide_the_others(company, erp, mode):
    bad = {"number": "KT010099", "name": "Berta\x1f & Söhne", "email": "berta@x.example;c@x.example"}
    erp.erp.change({"number": "10000", "add_contacts": [bad, {"number": "", "name": "Nora"}]})
    erp.modes.set({"mode": mode})
    reply = company.call(with_query("erp_contacts/list_contacts", refresh="true"))
    assert (reply.status, reply.body["stale"]) == (200, False)
    listed = {contact["contact_number"]: contact for contact in reply.body["items"]}
    assert len(listed) == 12
    assert (listed["KT010099"]["name"], listed["KT010099"]["email"]) == ("Berta & Söhne", "berta@x.example")
    assert company.call(event_of("erp_contacts/invite")).status == 201
    invited = company.call(with_path("erp_contacts/invite", "contact_number", "KT010099"))
    assert (invited.status, invited.body["name"], invited.body["email"]) == (201, "Berta & Söhne", "berta@x.example")


def test_faulty_contacts_are_in_the_log_by_number(company, erp):
    erp.erp.change({"number": "10000", "add_contacts": [{"number": "KT010099", "name": "Berta\x1f", "email": "none"}]})
    company.call(with_query("erp_contacts/list_contacts", refresh="true"))
    lines = [json.loads(line) for line in company.sandboxes.log.getvalue().splitlines() if "erp-records" in line]
    assert [line["records"] for line in lines] == [["KT010099: name-cleaned, email-unreadable"]]
    assert "Berta" not in company.sandboxes.log.getvalue()


ODD = {
    "telephone": "\u202d030/1\u202c",
    "telefax": "030\t2",
    "email": "Berta <berta@x.example>",
    "name": "Berta\x1f Bäcker",
    "language_code": " DEU ",
}


def test_the_same_value_is_read_the_same_by_answer_and_by_webhook_and_can_be_sent_back(company, erp):
    contact = {name: text for name, text in ODD.items() if name != "language_code"}
    erp.erp.change({"number": "10000", "add_contacts": [{"number": "KT010098", "language": " DEU ", **contact}]})
    company.call(with_query("erp_contacts/list_contacts", refresh="true"))
    assert told(company, "contact.updated", contact_number="KT010099", **ODD).status == 202
    reply = company.call(with_query("erp_contacts/list_contacts", q="berta"))
    by_answer, by_webhook = reply.body["items"]
    assert by_webhook == by_answer | {"contact_number": "KT010099"}
    assert (by_answer["telephone"], by_answer["telefax"]) == ("030/1", "030 2")
    event = with_path(
        "erp_contacts/invite", "contact_number", by_answer["contact_number"]
    )  # the form sends what the list shows
    event["body"] = json.dumps(
        json.loads(event["body"]) | {"name": by_answer["name"], "email": by_answer["email"], "language": "de"}
    )
    invited = company.call(event)
    assert (invited.status, invited.body["name"], invited.body["email"]) == (201, by_answer["name"], by_answer["email"])


def test_a_contact_of_a_webhook_with_values_that_are_too_long_keeps_the_others(company):
    data = {"name": "B" * 60, "telephone": "1" * 300, "email": "berta@x.example"}
    assert told(company, "contact.updated", contact_number="KT010099", **data).status == 202
    contact = company.store.contact(COMPANY, "KT010099").contact
    assert (contact.name, contact.telephone, contact.email) == ("B" * 50, None, "berta@x.example")


def test_a_contact_of_a_webhook_needs_a_number(company):
    for number in ("", " ", "\x1f", "1" * 41):
        assert told(company, "contact.updated", contact_number=number, name="Berta").status == 422
    assert company.store.user(MAIN)
