"""Find a customer by an id that is not ours: the product's own id, or the ERP's customer code."""

from customer_center.customers.edit_customer import present_customer
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers
from customer_center.platform.errors import FieldError, InvalidInput, NotFound


def look_up_customer(
    account_id: str,
    product: str | None,
    *,
    external_id: str | None,
    customer_code: str | None,
    customers: Customers,
) -> Customer:
    """Return the account's customer with this external id of the product, or with this customer code.

    A product that has no id of its own for a customer may call it by ours. Raises InvalidInput unless one id is given,
    and for an external id without a product. Raises NotFound: `external-id-unknown` until the product has associated
    its id, `not-found` for a customer code that nobody has, and for a deleted customer.
    """
    if (external_id is None) == (customer_code is None):
        raise InvalidInput(errors=[FieldError("/external_id", "one-of-two")])
    if external_id is None:
        assert customer_code is not None
        customer_id = customers.customer_id_of(account_id, None, customer_code)
        if customer_id is None:
            raise NotFound
        return present_customer(customer_id, account_id, customers)
    if product is None:
        raise InvalidInput(errors=[FieldError("/external_id", "key-without-product")])
    customer_id = customers.customer_id_of(account_id, product, external_id)
    if customer_id is not None:
        return present_customer(customer_id, account_id, customers)
    try:
        return present_customer(external_id, account_id, customers)
    except NotFound as error:
        raise NotFound("external-id-unknown") from error
