"""The simulated ERP sends what docs/webhooks.md promises."""

from dataclasses import replace

from customer_center.webhooks.formats.erp import ERP
from local.simulators.erp.population import Customer, company_contact
from local.simulators.erp.webhooks import events

BEFORE = Customer(number="10000", name="Musterhandel GmbH", contacts=[company_contact("KT1", "Musterhandel GmbH")])


def read(before, after):
    """Return the events as they are read here, by type."""
    sent = [{"type": kind, "timestamp": "2026-11-27T10:00:00Z", "data": data} for kind, data in events(before, after)]
    return {event.type: event.data for event in map(ERP.event, sent)}


def test_a_new_customer_is_told_with_the_values_of_the_company_itself():
    data = read(Customer(number="10000", name=""), BEFORE)["customer.updated"]
    assert (data["kind"], data["organisation"], data["phones"]) == (
        "organisation",
        "Musterhandel GmbH",
        ["030/65481990"],
    )


def test_only_what_has_changed_is_told():
    fax = replace(BEFORE.contacts[0], telefax="030/65481999", telephone="")
    assert read(BEFORE, replace(BEFORE, contacts=[fax])) == {
        "customer.updated": {"customer_number": "10000", "phones": None, "fax": "030/65481999"}
    }
    assert read(BEFORE, BEFORE) == {}
