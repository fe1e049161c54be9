"""Examples of answers: one value for each field, in one story of a company and its people."""

from collections.abc import Mapping
from typing import Any

type Json = dict[str, Any]

_COMPANY = "com_01KB0M5S0V8Q4Z7X2N6C3D9F1G"
_USER = "usr_01KB0M5S0V8Q4Z7X2N6C3D9F1G_01KB0M6T3A5H8J2K4M6P8R0S2V"
_AT = "2026-11-26T09:30:00Z"

# The value of each field by its name, or by `<schema>.<field>` where one name has several meanings. Fields that are
# enums, times or objects need none.
_VALUES: Mapping[str, Any] = {
    "access_token": "eyJraWQiOiJhY2Nlc3MifQ.e30.c2ln",
    "accounts": [],
    "ActorAnswer.id": _USER,
    "amount": "500.00",
    "CurrencyAnswer.code": "EUR",
    "decimals": 2,
    "ImportLimitsAnswer.bytes": 1000000,
    "ImportLimitsAnswer.rows": 200,
    "languages": ["en", "de", "nl", "fr"],
    "max_length": 128,
    "min_length": 10,
    "region": "eu-central-1",
    "salutations": ["mr", "mrs"],
    "user_pool_client_id": "4example5client6id7",
    "user_pool_id": "eu-central-1_Example01",
    "assignable_roles": ["main_contact", "approver", "buyer"],
    "blocked": False,
    "bounced": False,
    "cannot_be_invited": False,
    "changes": {"roles": [["buyer"], ["approver"]]},
    "ClientKeyAnswer.name": "shop backend",
    "closed_at": None,
    "FieldProblem.code": "too-long",
    "ImportErrorAnswer.code": "too-long",
    "Problem.code": "invalid-input",
    "company_id": _COMPANY,
    "CompanyAnswer.name": "Musterhandel GmbH",
    "CompanyRecordAnswer.name": "Musterhandel GmbH",
    "contact_left_at": None,
    "contact_number": "KT010001",
    "currency": "EUR",
    "customer_center": True,
    "customer_number": "10000",
    "customer_posting_group": "INLAND",
    "detail": "Some of the input is not valid.",
    "dry_run": False,
    "email": "max.mustermann@musterhandel.example",
    "email_change": None,
    "entry_id": "01KB0M7V4B6K9M1N3P5R7S9T1W",
    "ClientKeyAnswer.expires_at": None,
    "expires_in": 3600,
    "hint": "x7Qa",
    "id_token": "eyJraWQiOiJpZCJ9.e30.c2ln",
    "invited": 1,
    "issued_by": "01KB0M5T1V3Y5A7C9E2G4J6K8M",
    "key_id": "01KB0M8W5C7M0P2Q4R6S8T0V2X",
    "labels": {
        "en": {
            "roles": {"buyer": "Buyer"},
            "user_statuses": {"active": "Active"},
            "invitation_statuses": {"pending": "Sent"},
            "salutations": {"mrs": "Mrs"},
        }
    },
    "language": "de",
    "language_code": "DEU",
    "main_contact_email": "max.mustermann@musterhandel.example",
    "main_contacts": [_USER],
    "message": "This is too long.",
    "name": "Max Mustermann",
    "next_cursor": None,
    "outdated": False,
    "pointer": "/name",
    "Problem.status": 422,
    "Problem.title": "Unprocessable Content",
    "Problem.type": "urn:customer-center:problem:invalid-input",
    "product": None,
    "refresh_token": "eyJjdHkiOiJKV1QifQ.e30.c2ln",
    "refused": 0,
    "request_id": "JKJaXmPLvHcESHA=",
    "revoked_at": None,
    "row": 2,
    "inviter_name": "Max Mustermann",
    "company_name": "Musterhandel GmbH",
    "ImportRowAnswer.code": None,
    "ImportRowAnswer.errors": [],
    "salutation": "mr",
    "secret": "cck_01KB0M8W5C7M0P2Q4R6S8T0V2X_5bq0c1sZ8vQmTn2KdW7yLr4H",
    "shop_name": "Demo Shop",
    "stale": False,
    "subject": _USER,
    "subject_name": "Max Mustermann",
    "takes_effect_at": None,
    "telefax": None,
    "telephone": "+49 351 123456",
    "user_id": _USER,
    "version": 3,
    "webhook_id": "msg_01KB0M9X6D8N1Q3R5S7T9V1W3Y",
}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "", inside: str = "") -> Any:  # noqa: ANN401, C901, PLR0911 # any JSON; one case for each kind of schema
    """Return an example of a schema. `name` is its field, in the component `inside`.

    Raises LookupError for a field that has no value in this module.
    """
    for known in (f"{inside}.{name}", name):
        if known in _VALUES:
            return _VALUES[known]
    if "$ref" in schema:
        component = schema["$ref"].rpartition("/")[2]
        return example_of(schemas[component], schemas, name, component)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas, name, inside)
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {field: example_of(kind, schemas, field, inside) for field, kind in fields.items()}
        case "array":
            return [example_of(schema["items"], schemas, name, inside)]
        case "string" if schema.get("format") == "date-time":
            return _AT
    raise LookupError(f"add an example of the field {inside}.{name} to {__name__}")
