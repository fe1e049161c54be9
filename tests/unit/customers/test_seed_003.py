"""The sentences of seed 003, in its order, each shown by the use cases of the room.

Its words: a Product is a product, its Vendor sends and is told; the Customer Webhook is what we tell products; the
external id (`id`, `vendor_customer_id`) is the product's own id of a customer, and `customer_id` is ours.
"""

import pytest

from customer_center.customers.consent import ConsentSaid
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.export_customer import export_customer
from customer_center.customers.listing import row_of
from customer_center.customers.look_up_customer import look_up_customer
from customer_center.customers.put_account import put_account
from customer_center.platform.errors import CustomerCenterError, NotFound
from tests.builders.customers_room import ACCOUNT, ANNA, MACHINE, CustomersRoom
from tests.fakes.accounts import FakeAccounts

GRANT = ConsentSaid(permission=True)


@pytest.fixture
def room():
    return CustomersRoom("a", "b", "c")


def told(room):
    """Return what was told since the last look: product, kind, values."""
    found = [(product, kind, values) for product, kind, values, _ in room.connector.told]
    room.connector.told.clear()
    return found


def looked_up(room, product, external_id):
    """Return the id of the customer that the product finds by its own id."""
    by = {"external_id": external_id, "customer_code": None}
    return look_up_customer(ACCOUNT, product, **by, customers=room.customers).customer_id


# Overview


def test_the_list_is_the_hub_and_products_are_the_spokes(room):
    """003: "The Customer List is a lightweight crm that allows for syncing of customer records between a central\
 repository for an Account, and all products active on an Account that support the Customer List. It could be\
 thought of as a hub and spoke configuration. The Customer List resides in the *Business App*, and is the hub,\
 while all of the Products are the spokes."

    003: "Any time a Product receives data for a new `Customer`, and syncs it to the central repository, it is\
 subsequently synced out to all other products that are integrated with the Customer List. If a Customer is updated\
 anywhere, that data syncs, and the record is updated everywhere."
    """
    room.hear("a", "customer.created", ids=("a-1", None), **ANNA)
    room.follow_up()
    assert told(room) == [("b", "created", ANNA), ("c", "created", ANNA)]
    customer_id = room.customers.customer_id_of(ACCOUNT, "a", "a-1")
    for product in ("b", "c", None):
        room.later()
        room.edit(customer_id, product, last_name=f"By {product}")
        room.follow_up()
        values = ANNA | {"last_name": f"By {product}"}
        assert told(room) == [(other, "updated", values) for other in "abc" if other != product]


def test_customers_and_products_belong_to_an_account(room):
    """003: "The `Customer` entities are the clients/patrons of End Business Locations(`Accounts`) that belong to a\
 `Partner`"

    003: "ACCOUNT |o--o{ CUSTOMER : has"

    003: "ACCOUNT ||--|{ PRODUCT : has"

    003: "PRODUCT ||--o{ CUSTOMER :owns"
    """
    customer = room.create("a", external_id="a-1", **ANNA)
    assert customer.account_id == ACCOUNT
    assert {product.account_id for product in room.products.products(ACCOUNT)} == {ACCOUNT}
    assert room.products.products("AG-200") == []
    assert room.customers.customer_id_of("AG-200", "a", "a-1") is None
    with pytest.raises(NotFound):
        present_customer(customer.customer_id, "AG-200", room.customers)


def test_a_partner_has_several_accounts(room):
    """003: "PARTNER ||--o{ ACCOUNT : has" """
    accounts = FakeAccounts()
    at = {"actor": MACHINE, "request_id": "request", "if_versions": None, "accounts": accounts, "clock": room.clock}
    for account_id in (ACCOUNT, "AG-200"):
        put_account(account_id, partner_id="VMF", name="Muster", country=None, blocked_values=[], **at)
    assert {accounts.account(account_id).partner_id for account_id in (ACCOUNT, "AG-200")} == {"VMF"}


# Contact syncing


def test_a_product_is_told_what_is_added_updated_and_removed_and_says_what_it_does_itself(room):
    """003: "Most products will maintain a two way sync between the Account's Customer List and their own list."

    003: "The Customer Webhook will trigger when a customer is removed or added to an account, or updated."
    """
    customer_id = room.create("a", external_id="a-1", **ANNA).customer_id
    room.follow_up()
    room.later()
    room.hear("b", ids=("b-1", customer_id), last_name="Neumann")
    room.follow_up()
    room.hear("b", "customer.deleted", ids=("b-1", None))
    room.follow_up()
    assert [(product, kind) for product, kind, _ in told(room) if product != "c"] == [
        ("b", "created"), ("a", "updated"), ("a", "deleted"),
    ]  # fmt: skip


def test_a_product_that_is_not_connected_only_collects(room):
    """003: "In some situations there may be a one way sync from the Product to the central repository if the product\
 only collects data, and doesn't have an interface for displaying or interacting with contacts."

    003: "The only reason to exclude the `id` would be if the Product only passes on Customer data to the Customer\
 List, and doesn't have an interface to view or interact with the data on the Product itself."
    """
    customer = room.create("form", **ANNA)
    room.hear("form", "customer.created", last_name="Other")
    room.follow_up()
    assert {product for product, *_ in told(room)} == {"a", "b", "c"}
    room.edit(customer.customer_id, last_name="Neumann")
    room.follow_up()
    assert room.known_to("form") == []


def test_a_product_registers_its_own_id_and_then_uses_it(room):
    """003: "In the case of an addition, the Vendor will then utilize the Associate Customer Ids endpoint to\
 register an external id for this customer. This is **required** to be able to interact with this customer record."

    003: "Vendasta's `Customer` record utilizes an external id - `id` at time of Customer creation, and referenced\
 as the `vendor_customer_id` thereafter."
    """
    customer_id = room.create("a", external_id="a-1", **ANNA).customer_id
    assert looked_up(room, "a", "a-1") == customer_id
    with pytest.raises(CustomerCenterError, match="external-id-unknown"):
        looked_up(room, "b", "b-1")
    room.hear("b", ids=("b-1", customer_id))
    assert looked_up(room, "b", "b-1") == customer_id


def test_a_product_creates_with_its_own_id_or_without(room):
    """003: "When a Product creates a customer record internally, that record should be synced to the Customer List.\
 Utilize the Create Customer endpoint."

    003: "The `id` field is optional and if excluded the `vendor_customer_id` will be set to the Vendasta\
 `customer_id`."
    """
    with_id = room.create("a", external_id="a-1", **ANNA)
    without = room.create("a", last_name="Other")
    assert looked_up(room, "a", "a-1") == with_id.customer_id
    assert looked_up(room, "a", without.customer_id) == without.customer_id


# Contact assent


def test_permission_is_false_unless_somebody_said_so(room):
    """003: "There is a `permission_to_contact` field that needs to be observed by all Products. It will default to\
 `false` if excluded at time of Customer creation."

    003: "When syncing a contact to the Customer List the flag should be left as `false` unless the Vendor has\
 explicitly ascertained consent to contact this Customer via appropriate means."
    """
    silent, asked = room.create("a", **ANNA), room.create("a", last_name="Asked", consent=GRANT)
    room.follow_up()
    flags = {push.customer.customer_id: push.customer.permission_to_contact for push in room.connector.pushes}
    assert flags == {silent.customer_id: False, asked.customer_id: True}


def test_a_product_ignores_who_did_not_consent_or_keeps_the_flag(room):
    """003: "When receiving contact data via the Customer Webhook, if this value is `false`, depending on the nature of\
 the Product the Vendor can optionally ignore this record, or if the Product has a similar field, the record could be\
 synced with this equivalent flag configured."
    """
    room.connect("c", without_consent="skip")
    room.create("a", **ANNA)
    room.follow_up()
    assert [(product, kind) for product, kind, _ in told(room)] == [("b", "created")]
    assert not room.connector.pushes[-1].customer.permission_to_contact


def test_what_a_product_holds_is_the_accounts(room):
    """003: "Customer data regardless of what Product holds a copy of said data is assumed to be 'owned' by the\
 Business that purchased any one of these Products."

    A product that leaves takes nothing with it.
    """
    customer = room.create("a", external_id="a-1", **ANNA)
    room.disconnect("a")
    assert room.shown(customer.customer_id) == ANNA
    room.edit(customer.customer_id, last_name="Neumann")
    room.follow_up()
    assert room.known_to("b")[-1][1]["last_name"] == "Neumann"


def test_a_person_may_ask_what_is_kept_and_may_ask_to_be_forgotten(room):
    """003: "*The Customer List is not fully GDPR compliant at this time.*"

    This one exports everything about a person, and erases it here and in every product, for good.
    """
    customer_id = room.create("a", external_id="a-1", consent=GRANT, **ANNA).customer_id
    room.follow_up()
    (exported,) = export_customer(customer_id, ACCOUNT, limit=10, cursor=None, customers=room.customers).records
    assert {each.field: each.value for source in exported.sources for each in source.statements} == ANNA
    assert {each.state for each in exported.consent} == {"granted"}
    late = room.event("a", ids=("a-1", None), last_name="Late")
    told(room)
    room.later()
    room.erase(customer_id)
    for _ in range(2):
        room.follow_up()
        room.clear()
        room.later(60)
    assert {(product, kind) for product, kind, _ in told(room)} == {(product, "deleted") for product in "abc"}
    room.apply(late)
    (gone,) = room.customers.everyone()
    assert (gone.values, room.customers.source_records(customer_id), room.customers.consent_ledger(customer_id)) == (
        {}, [], [],
    )  # fmt: skip
    assert "Muster" not in str(room.customers.entries)


# Duplication


@pytest.mark.parametrize("shared", [{"emails": ("anna@muster.example",)}, {"phones": ("+49 351 4567890",)}])
def test_a_duplicate_is_named_hidden_and_resolved(room, shared):
    """003: "Customer records on Vendasta's side will be de-duped based on conflicts with either `email` or\
 `phone number`. When a duplicate is detected, the response will contain an id. The Business App doesn't display\
 conflict records, and they aren't returned by the List API, but can be retrieved via the contact GET."

    003: "We don't have a conflict resolution system at this time, but this is something that we aim to add in the\
 future."

    003: "It is suggested that Vendors don't proceed with Customer creation if a duplicate is detected.\
 Alternatively the record could be created for future proofing in anticipation of a duplicate resolution feature, but\
 not displayed."
    """
    anna = room.create("a", **ANNA | shared)
    twin = room.create("b", last_name="Twin", **shared)
    room.follow_up()
    assert (twin.hidden, list(twin.conflicting)) == (True, [anna.customer_id])
    assert twin.conflict_id
    assert row_of(room.customers.customer(twin.customer_id)) is None
    assert present_customer(twin.customer_id, ACCOUNT, room.customers).values["last_name"] == "Twin"
    assert "Twin" not in str(told(room))
    room.later()
    room.keep_separate(twin.conflict_id)
    room.follow_up()
    assert row_of(room.customers.customer(twin.customer_id))
    assert ("c", "created") in [(product, kind) for product, kind, _ in told(room)]
