"""The table "Parameter Details" of seed 003: what Vendasta calls three parameters in each of its interfaces.

The seed calls both ids "Vendasta assigned central id", which is a slip of its table: the second one is the vendor's
own, as the sentence above the table says (trap 1). Towards Vendasta we are a vendor, with our ids of customers.
"""

import json
from datetime import timedelta

import pytest

from customer_center.connectors.vendasta.mapping import attributes
from customer_center.connectors.vendasta.wire import Changed, Record
from customer_center.customers.consent import flag_statements, with_statements
from customer_center.customers.field_names import NAMES
from customer_center.customers.model import Customer
from customer_center.platform.stamps import event_stamp, nanoseconds
from customer_center.webhooks.formats.vendasta import VENDASTA
from tests.builders.vendasta import CLAIM, CONTACT, CREATE, UPDATE
from tests.fakes.clock import NOON

OUR_ID = "cus_01kajx4m2r8t6v0w5y9b3d7fs1"


def received(event):
    return VENDASTA.read(json.dumps({CLAIM: event}).encode()).data


def test_vendastas_own_id_has_a_name_in_each_interface():
    """003: "| N/A | `customer_id`(string) | `contact_id` (string) | Vendasta assigned central id|"."""
    assert Record.model_validate({"customer_id": CONTACT}).customer_id == CONTACT
    assert received(CREATE)["external_id"] == CONTACT
    assert "customer_id" not in attributes(Customer("cus_1", "shop", NOON, NOON), "product:vendasta")


@pytest.mark.parametrize("name", ["vendor_customer_id", "vendor_contact_id"])
def test_the_vendors_id_has_a_name_in_each_interface(name):
    """003: "| `id` | `vendor_customer_id`(string) | `vendor_customer_id` (string) | Vendasta assigned central id |".

    Vendasta's own sample of the webhook has the other name (trap 2). That Create sends `id` is shown with the simulator
    (tests/contract/test_vendasta_client.py).
    """
    answered = {"customer": {"customer_id": CONTACT, "vendor_customer_id": OUR_ID}}
    assert Changed.model_validate(answered).customer.vendor_customer_id == OUR_ID
    assert received({**UPDATE, name: OUR_ID})["customer_id"] == OUR_ID


@pytest.mark.parametrize("granted", [True, False])
def test_consent_is_a_boolean_on_create_and_in_webhooks_and_a_time_in_list_and_get(granted):
    """003: "| `permission_to_contact`(boolean)]| `permission_to_contact` (date-time string)["0001-01-01T00:00:00Z" if\
 false] | `permission_to_contact`(boolean)| Business or Vendor has confirmed customer has assented to being contacted\
 by this Business for marketing purposes |"."""
    said = flag_statements(event_stamp(nanoseconds(NOON), "id_1"), "api", flag=granted)
    customer = Customer("cus_1", "shop", NOON, NOON, consent=with_statements({}, said))
    assert attributes(customer, "product:vendasta")["permission_to_contact"] is granted
    listed = (NOON - timedelta(days=1)).isoformat() if granted else "0001-01-01T00:00:00Z"
    assert Record.model_validate({"customer_id": CONTACT, "permission_to_contact": listed}).may_be_contacted is granted
    assert received({**UPDATE, "permission_to_contact": granted})["permission_to_contact"] is granted
    assert NAMES["permission_to_contact"] == {"vendasta": "permission_to_contact"}
