"""What keeping products promises, of the fake and of the store in DynamoDB."""

from dataclasses import replace

import pytest

from customer_center.customers.entries import product_entry
from customer_center.customers.model import Product
from customer_center.customers.outage import Failure, ProductStatus, Since
from customer_center.customers.product_store import ProductStore
from customer_center.customers.search_ports import FeedRow
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.idempotency import AlreadyDone, Idempotency
from customer_center.platform.journal import Actor
from tests.fakes.clock import NOON
from tests.fakes.products import FakeProducts

ACCOUNT = "AG-100"
ACTOR = Actor("client", "key")


@pytest.fixture
def products(fake_or_store):
    return fake_or_store(FakeProducts, ProductStore)


def a_product(**given):
    return Product(ACCOUNT, "b", "https://b.example/hook", "secret_1", NOON, NOON, **given)


def put(products, product):
    products.add_product(product, product_entry("product.added", None, product, ACTOR, NOON, "request"))


def test_products_belong_to_an_account(products):
    put(products, a_product())
    put(products, replace(a_product(), product="a", without_consent="skip", on_withdrawal="delete"))
    put(products, replace(a_product(), account_id="AG-2"))
    assert [product.product for product in products.products(ACCOUNT)] == ["a", "b"]
    assert products.product(ACCOUNT, "b") == a_product()
    rules = products.product(ACCOUNT, "a")
    assert (rules.without_consent, rules.on_withdrawal) == ("skip", "delete")
    assert products.product(ACCOUNT, "c") is None


def test_a_product_is_changed_and_removed_by_one_of_two(products):
    product = a_product()
    put(products, product)
    with pytest.raises(PreconditionFailed):
        put(products, product)
    gone = product.changed(NOON, gone_at=NOON)
    products.change_product(product, gone, None)
    assert products.product(ACCOUNT, "b") == gone
    removal = product_entry("product.removed", gone, None, ACTOR, NOON, "request")
    with pytest.raises(PreconditionFailed):
        products.change_product(product, gone, None)
    with pytest.raises(PreconditionFailed):
        products.remove_product(product, removal)
    products.remove_product(gone, removal)
    assert products.products(ACCOUNT) == []


def test_a_product_keeps_its_kind_and_settings(products):
    product = a_product(kind="other", settings={"group": "AG-1", "deep": {"list": ["x", 1]}}, paused_at=NOON)
    product = replace(product, url=None)
    put(products, product)
    assert products.product(ACCOUNT, "b") == product


def test_a_removed_product_is_known_until_it_is_there_again(products):
    product = a_product()
    assert not products.was_removed(ACCOUNT, "b")
    put(products, product)
    walk = (ProductStatus(ACCOUNT, "b"), ProductStatus(ACCOUNT, "b").begun(Since(listed=""), NOON))
    products.save_status(*walk)
    products.remove_product(product, product_entry("product.removed", product, None, ACTOR, NOON, "request"))
    assert products.was_removed(ACCOUNT, "b")
    assert (products.status(ACCOUNT, "b"), list(products.behind())) == (ProductStatus(ACCOUNT, "b"), [])
    put(products, product)
    assert not products.was_removed(ACCOUNT, "b")


def test_a_change_is_remembered_with_its_request(products):
    request = Idempotency("key", "hash")
    put(products.remembering(request), a_product())
    assert products.remembered(request, NOON).subject == "b"
    with pytest.raises(AlreadyDone):
        put(products.remembering(request), replace(a_product(), product="c"))
    assert products.product(ACCOUNT, "c") is None


def test_a_status_is_written_by_one_of_two(products):
    before = products.status(ACCOUNT, "b")
    assert before == ProductStatus(ACCOUNT, "b")
    failed = before.failed("cus_1", "no-connection", NOON)
    assert products.save_status(before, failed)
    assert not products.save_status(before, before.succeeded(NOON))
    assert products.status(ACCOUNT, "b") == failed
    down = failed.down(NOON).missing(Since(feed="2026", failed="cus_1"))
    assert products.save_status(failed, down)
    assert not products.save_status(failed, down)
    assert products.status(ACCOUNT, "b") == down
    walked = down.walked(Since(listed=""), NOON)
    assert products.save_status(down, walked)
    assert products.status(ACCOUNT, "b") == walked


def test_products_that_are_behind_are_found(products):
    for account_id, name in (("AG-2", "a"), (ACCOUNT, "b"), (ACCOUNT, "c")):
        status = products.status(account_id, name)
        assert products.save_status(status, status.missing(Since(feed="2026")))
    status = products.status(ACCOUNT, "c")
    assert products.save_status(status, status.walked(Since(), NOON))
    assert sorted(products.behind()) == [(ACCOUNT, "b"), ("AG-2", "a")]


def test_a_product_changes_together_with_its_status(products):
    status = ProductStatus(ACCOUNT, "b")
    begun = status.begun(Since(listed=""), NOON)
    added = product_entry("product.added", None, a_product(), ACTOR, NOON, "request")
    products.add_product(a_product(), added, (status, begun))
    assert products.status(ACCOUNT, "b") == begun
    assert list(products.behind()) == [(ACCOUNT, "b")]
    later = a_product().changed(NOON, url="https://later.example/")
    changed = product_entry("product.updated", a_product(), later, ACTOR, NOON, "request")
    with pytest.raises(PreconditionFailed):
        products.change_product(a_product(), later, changed, (status, begun))
    assert products.product(ACCOUNT, "b") == a_product()
    products.change_product(a_product(), later, changed, (begun, begun.walked(Since(), NOON)))
    assert (products.product(ACCOUNT, "b"), list(products.behind())) == (later, [])


def test_failures_are_listed_by_pages_and_removed(products):
    product = a_product()
    for number in (2, 1, 3):
        products.note_failure(product, Failure(f"cus_{number}", "http-422", NOON))
    conflict = Failure("cus_1", "conflict", NOON, ("b-1", "b-2"))
    products.note_failure(product, conflict)
    first = products.failures(product, limit=2)
    assert (first.rows[0], [row.customer_id for row in first.rows], first.more) == (conflict, ["cus_1", "cus_2"], True)
    rest = products.failures(product, limit=2, after="cus_2")
    assert ([row.customer_id for row in rest.rows], rest.more) == (["cus_3"], False)
    for _ in range(2):
        products.remove_failure(product, "cus_2")
    assert [row.customer_id for row in products.failures(product, limit=9).rows] == ["cus_1", "cus_3"]
    assert products.failures(replace(product, secret_id="another"), limit=9).rows == []


def test_the_feed_is_read_in_order_between_two_places(products):
    for position, number in (("2026-1", 1), ("2026-2", 2), ("2026-2", 10), ("2026-3", 3)):
        products.add_to_feed(ACCOUNT, f"cus_{number}", position, NOON, kept=number == 3)
    products.add_to_feed("AG-2", "cus_9", "2026-2", NOON)

    def places(after, until="2027", limit=9):
        part = products.feed(ACCOUNT, after=after, until=until, limit=limit)
        return [row.place for row in part.rows], part.more

    whole = ["2026-1#cus_1", "2026-2#cus_10", "2026-2#cus_2", "2026-3#cus_3"]
    assert places("") == (whole, False)
    assert places("2026-2") == (whole[1:], False)
    assert places("2026-2#cus_10") == (whole[2:], False)
    assert places("", until="2026-3") == (whole[:3], False)
    assert places("", limit=2)[0] == whole[:2]
    assert places("2026-3", until="2026-3") == ([], False)
    assert products.feed(ACCOUNT, after="2026-2#cus_2", until="2027", limit=1).rows == [FeedRow("2026-3", "cus_3")]
