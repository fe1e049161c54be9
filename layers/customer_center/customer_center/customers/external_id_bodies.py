"""Request bodies and answers of external ids, as pydantic models."""

from typing import Self

from pydantic import ConfigDict

from customer_center.customers.bodies import OwnIdText
from customer_center.customers.external_ids import Association
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Output


class ExternalIdBody(Input):
    """The product's own id of the customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"external_id": "n-1"}]})

    external_id: OwnIdText


@frozen(kw_only=True)
class ExternalIdAnswer(Output):
    """The id by which a product calls a customer; null if it calls it by `customer_id`.

    `version` is the customer's.
    """

    customer_id: str
    product: str
    external_id: str | None
    version: int

    @classmethod
    def from_association(cls, association: Association) -> Self:
        """Return the answer for an association."""
        return cls(
            customer_id=association.customer.customer_id,
            product=association.product,
            external_id=association.external_id,
            version=association.customer.version,
        )
