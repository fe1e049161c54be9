"""A key whose product was removed is refused; one that never had a product, or has it again, is not."""

from types import SimpleNamespace

import pytest

from customer_center.clients.model import Scope
from customer_center.customers.callers import ListCaller
from customer_center.customers.product_ports import Products
from customer_center.platform.errors import Forbidden
from tests.builders.customers_room import ACCOUNT, CustomersRoom


class CountingProducts:
    """Counts the reads of a `FakeProducts`."""

    def __init__(self, products: Products):
        self.reads, self._products = 0, products

    def was_removed(self, account_id, product):
        self.reads += 1
        return self._products.was_removed(account_id, product)


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


@pytest.fixture
def products(room):
    return CountingProducts(room.products)


@pytest.fixture
def admit(room, products, monkeypatch):
    """Return a function that admits a client with a product, or without one."""
    caller = ListCaller(lambda: None, lambda: products, Scope.CUSTOMERS_READ, room.clock)

    def admit(product):
        client = SimpleNamespace(key=SimpleNamespace(product=product), account_id=ACCOUNT)
        monkeypatch.setattr(ListCaller.__base__, "admit", lambda self, request: client)
        return caller.admit(None)

    return admit


def test_a_removed_product_may_not_call(room, admit):
    room.disconnect("a")
    with pytest.raises(Forbidden, match="product-removed"):
        admit("a")
    assert admit("b")


def test_a_product_that_is_connected_again_may_call_at_once(room, admit):
    room.disconnect("a")
    with pytest.raises(Forbidden):
        admit("a")
    room.connect("a")
    assert admit("a")


@pytest.mark.parametrize("product", [None, "never-connected"])
def test_a_key_without_a_product_or_of_one_that_was_never_there_may_call(admit, product):
    assert admit(product)


def test_what_is_read_holds_for_a_minute(room, admit, products):
    for _ in range(3):
        admit("a")
    assert products.reads == 1
    room.disconnect("a")
    assert admit("a")
    room.later(61)
    with pytest.raises(Forbidden):
        admit("a")
