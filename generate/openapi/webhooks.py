"""The webhooks that products receive (OpenAPI 3.1, `webhooks`), from the field table and the answers' schemas."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from customer_center.connectors.webhook.connector import REFUSALS
from customer_center.customers.fields import FIELDS
from generate.openapi.examples import example_of
from generate.openapi.schemas import Json, reference

_NULLABLE = {"type": ["string", "null"]}
_IDS: Json = {
    "customer_id": {"type": "string"},
    "external_id": {**_NULLABLE, "description": "The product's own id, null while we know none."},
    "account_id": {"type": "string"},
    "version": {"type": "integer", "description": "Of two webhooks about a customer, the higher one is the newer."},
}
_MERGED: Json = {
    "merged_into": {**_NULLABLE, "description": "The customer that stands for this one since they were merged."},
}
_KINDS: Mapping[str, str] = {
    "created": "A customer that the product does not have yet, or has again",
    "updated": "A customer has changed",
    "deleted": "A customer is gone for this product",
}
_MEANT: Mapping[str, str] = {
    "2XX": "Taken. Only the status counts; no body is read.",
    **{
        str(int(status)): "The product refuses this customer, and is told again at its next change."
        for status in sorted(REFUSALS)
    },
    str(int(HTTPStatus.GONE)): "The product is told nothing more until it is connected again.",
    "default": "We come again, not before `Retry-After`, for about three days. The product then gets the last state.",
}


def told_schemas(schemas: Mapping[str, Any]) -> Json:
    """Return the schemas of what products are told, by name. `schemas` has those of the answers."""
    shown = schemas["CustomerAnswer"]["properties"]
    view = ("customer_code", *FIELDS, "permission_to_contact", "consent")
    customer = _IDS | {name: shown[name] for name in view}
    return {
        "ToldCustomer": _whole("The whole customer, as `GET /customers/{customer_id}` shows it.", customer),
        "ToldDeletion": _whole("The ids of a customer that is gone.", _IDS | _MERGED),
        **{_name(kind): _told(kind) for kind in _KINDS},
    }


def _name(kind: str) -> str:
    return f"ToldCustomer{kind.capitalize()}"


def _whole(description: str, fields: Json) -> Json:
    # Not closed: a product has to ignore fields that it does not know.
    return {"type": "object", "description": description, "properties": fields, "required": list(fields)}


def _told(kind: str) -> Json:
    moment = {"type": "string", "format": "date-time", "description": "When the customer was changed."}
    fields: Json = {
        "type": {"type": "string", "const": f"customer.{kind}"},
        "timestamp": moment,
        "data": reference("ToldDeletion" if kind == "deleted" else "ToldCustomer"),
    }
    return _whole(f"{_KINDS[kind]}.", fields)


def webhooks_of(schemas: Mapping[str, Any]) -> Json:
    """Return the Path Item Objects of the webhooks by event type. `schemas` has all components."""
    return {f"customer.{kind}": {"post": _operation(kind, schemas)} for kind in _KINDS}


def _operation(kind: str, schemas: Mapping[str, Any]) -> Json:
    schema = reference(_name(kind))
    return {
        "operationId": f"told_customer_{kind}",
        "tags": ["products"],
        "summary": _KINDS[kind],
        "description": "We post it to the address of the product, signed by each of its secrets (docs/products.md).",
        "security": [{"signature": []}],
        "parameters": [reference(name, "parameters") for name in ("WebhookId", "WebhookTimestamp")],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example_of(schema, schemas)}},
        },
        "responses": {status: {"description": meaning} for status, meaning in _MEANT.items()},
    }
