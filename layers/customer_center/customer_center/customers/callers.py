"""Who calls routes about customers: a machine for one account, unless it is a product that was removed from it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import override

from customer_center.clients.bodies import PartnerQuery
from customer_center.clients.callers import AccountCaller, AccountClient, ClientCaller, Keys
from customer_center.clients.model import ClientKey, Scope
from customer_center.customers.partners import partner_of, without_account
from customer_center.customers.product_ports import Products
from customer_center.customers.wiring import products as stored_products
from customer_center.platform.clock import Clock, SystemClock
from customer_center.platform.errors import FieldError, Forbidden, InvalidInput, NotFound
from customer_center.platform.http import Caller, Request

# So long after its removal a product may still call, and so many products are remembered at most.
_KEPT = timedelta(minutes=1)
_AT_MOST = 1000


class ListCaller(AccountCaller):
    """A machine as `AccountCaller` admits it. A key whose product was removed from the account is refused.

    That a product is not removed is read once a minute in each sandbox. That it is removed is read each time: a product
    that is connected again may call at once.
    """

    problems = (*AccountCaller.problems, "product-removed")

    def __init__(self, keys: Callable[[], Keys], products: Callable[[], Products], scope: Scope, clock: Clock) -> None:
        super().__init__(keys, scope, clock)
        self._products = products
        self._present: dict[tuple[str, str], datetime] = {}

    @override
    def admit(self, request: Request) -> AccountClient:  # type: ignore[override] # as in AccountCaller
        """Return the caller. Raises what `AccountCaller` raises, and Forbidden `product-removed`."""
        caller = super().admit(request)
        if partner_of(caller.account_id):
            # Only a key of the partner may name its customers without account (`PartnerCaller`).
            raise NotFound
        if caller.key.product is not None:
            self._check(caller.account_id, caller.key.product)
        return caller

    def _check(self, account_id: str, product: str) -> None:
        now, named = self._clock.now(), (account_id, product)
        if named in self._present and now < self._present[named]:
            return
        self._present.pop(named, None)
        if self._products().was_removed(account_id, product):
            raise Forbidden("product-removed")
        if len(self._present) >= _AT_MOST:
            self._present.clear()
        self._present[named] = now + _KEPT


class PartnerCaller(ListCaller):
    """A machine as `ListCaller` admits it, or for the customers without account of the partner that the query names.

    Another partner than the key's is answered like one that does not exist.
    """

    query = PartnerQuery

    @override
    def admit(self, request: Request) -> AccountClient:  # type: ignore[override] # as in AccountCaller
        """Return the caller. Raises what `ListCaller` raises, and InvalidInput for an account beside the partner."""
        partner_id = request.query.get("partner_id")
        if not partner_id:
            return super().admit(request)
        key = ClientCaller.admit(self, request)
        named = key.partner(partner_id)
        if request.query.get("account_id"):
            raise InvalidInput(errors=[FieldError("/account_id", "account-or-partner")])
        return AccountClient(key, without_account(named))


class PartnerKeyCaller(ClientCaller):
    """A machine with a key of a partner: it has the partner's customers without account join accounts."""

    problems = (*ClientCaller.problems, "not-found")

    @override
    def admit(self, request: Request) -> ClientKey:
        """Return the caller's key. Raises what `ClientCaller` raises, and NotFound for a key of no partner."""
        key = super().admit(request)
        key.partner()
        return key


def joining_client(keys: Callable[[], Keys]) -> Caller:
    """Return the caller of the route by which customers join accounts."""
    return PartnerKeyCaller(keys, Scope.CUSTOMERS_ADMIN, SystemClock())


def partner_client(keys: Callable[[], Keys], scope: Scope, clock: Clock | None = None) -> Caller:
    """Return the caller of a route about one customer, of an account or of a partner."""
    return PartnerCaller(keys, stored_products, scope, clock or SystemClock())


def account_client(keys: Callable[[], Keys], scope: Scope, clock: Clock | None = None) -> Caller:
    """Return the caller of a route about customers, for machines with this scope that act for one account."""
    return ListCaller(keys, stored_products, scope, clock or SystemClock())
