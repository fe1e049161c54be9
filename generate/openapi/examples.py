"""Examples of answers: one value for each field, in one story of a company and its people."""

from collections.abc import Mapping
from typing import Any

type Json = dict[str, Any]

_COMPANY = "com_01KB0M5S0V8Q4Z7X2N6C3D9F1G"
_USER = "usr_01KB0M5S0V8Q4Z7X2N6C3D9F1G_01KB0M6T3A5H8J2K4M6P8R0S2V"
_CUSTOMER = "cus_01kb0m5s0v8q4z7x2n6c3d9f1h"
_CONFLICT = "cfl_01kb0m5s0v8q4z7x2n6c3d9f2k"
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
    "ClientKeyAnswer.product": None,
    "ClientKeyAnswer.partner_id": None,
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
    "account_id": "AG-100",
    "city": "Dresden",
    "FailureAnswer.reason": "http-422",
    "FailureAnswer.remote_ids": [],
    "LastErrorAnswer.reason": "no-answer-in-time",
    "ProductStatusAnswer.backlog": 0,
    "ProductStatusAnswer.behind_since": None,
    "ProductStatusAnswer.next_attempt_at": None,
    "ProductStatusAnswer.last_success": _AT,
    "ProductStatusAnswer.last_error": None,
    "ProductStatusAnswer.subscribed": True,
    "ProductStatusAnswer.paused": False,
    "paused_at": None,
    "ConnectedProductAnswer.kind": "webhook",
    "ConnectedProductAnswer.settings": {},
    "ProductAnswer.kind": "webhook",
    "ProductAnswer.settings": {},
    "ConnectedProductAnswer.secret": "whsec_bm90IGEgc2VjcmV0LCBqdXN0IGFuIGV4YW1wbGU=",
    "country": "DE",
    "CustomerEntryAnswer.action": "customer.updated",
    "CustomerEntryAnswer.changes": {"last_name": ["Muster", "Neumann"]},
    "CustomerSourceAnswer.source": "product:newsletter",
    "EntryActorAnswer.id": "01kb0m8w5c7m0p2q4r6s8t0v2x",
    "EntryActorAnswer.kind": "client",
    "StatementAnswer.field": "last_name",
    "StatementAnswer.is_shown": True,
    "StatementAnswer.said_at": "2026-11-24T10:15:30Z",
    "StatementAnswer.value": "Neumann",
    "CustomerRowAnswer.conflict_id": None,
    "StatementAnswer.withheld": [],
    "conflict_id": _CONFLICT,
    "CustomerAnswer.conflict_id": None,
    "CustomerAnswer.partner_id": None,
    "CustomerAnswer.status": "listed",
    "ConflictAnswer.kind": "hidden",
    "ConflictAnswer.status": "open",
    "conflicting_customer_ids": [],
    "merged_customer_ids": [],
    "merged_into": None,
    "gone_customer_id": "cus_01kb0m5s0v8q4z7x2n6c3d9f2h",
    "said_by": {"last_name": "erp", "emails": "product:newsletter"},
    "SharedKeyAnswer.kind": "email",
    "SharedKeyAnswer.value": "anna@muster.example",
    "CustomerRowAnswer.email": "anna@muster.example",
    "CustomerRowAnswer.phone": "+49 351 123456",
    "ChangeAnswer.deleted_at": None,
    "ChangeAnswer.merged_into": None,
    "ChangesAnswer.has_more": False,
    "ChangesAnswer.next_cursor": "eyJwb3NpdGlvbiI6IFtdfQ",
    "customer_code": "10000",
    "customer_id": _CUSTOMER,
    "emails": ["anna@muster.example"],
    "first_name": "Anna",
    "format": "product",
    "gone_at": None,
    "last_name": "Muster",
    "organisation": None,
    "phones": ["+49 351 123456"],
    "mobile": "+49 170 123456",
    "fax": None,
    "external_id": "n-17",
    "website": None,
    "CustomerAnswer.kind": "person",
    "middle_name": None,
    "contact_person": None,
    "delivery_address": None,
    "invoice_address": None,
    "vat_number": None,
    "chamber_of_commerce_number": None,
    "CustomerAnswer.language": "de",
    "tags": ["newsletter"],
    "free_fields": {"loyalty_card": "4711"},
    "house_number": None,
    "line_2": None,
    "postal_code": "01067",
    "product": "newsletter",
    "secret_hints": ["wbGU="],
    "ShownSourceAnswer.secret": "whsec_bm90IGEgc2VjcmV0LCBqdXN0IGFuIGV4YW1wbGU=",
    "source_id": "src_01kb0m5s0v8q4z7x2n6c3d9f1j",
    "permission_to_contact": True,
    "ChannelConsentAnswer.state": "granted",
    "CustomerErasureAnswer.erasure_id": "ers_01kb0m5s0v8q4z7x2n6c3d9f1h",
    "external_ids": ["n-1"],
    "knows": ["last_name"],
    "ToldAnswer.outdated": ["phones"],
    "ConsentStatementAnswer.channel": "email",
    "ConsentStatementAnswer.source": "product:newsletter",
    "ConsentAnswer.email": {"state": "granted", "at": _AT},
    "AddressAnswer.state": None,
    "street": "Hauptstraße 1",
    "url": "https://newsletter.example.com/customers",
    "version": 3,
    "ToldDeletion.merged_into": None,
    "WebhookSourceAnswer.unknown_fields": "refuse",
    "WebhookSourceAnswer.vendasta": None,
    "CountsAnswer.differing": 1,
    "CountsAnswer.extra": 0,
    "CountsAnswer.held": 1204,
    "CountsAnswer.missing": 0,
    "CountsAnswer.repaired": 1,
    "FindingAnswer.difference": "differing",
    "FindingAnswer.fields": ["last_name"],
    "finished_at": _AT,
    "reconciliation_id": "rec_01kb0m5s0v8q4z7x2n6c3d9f1r",
    "repair": True,
    "repaired": True,
    "started_at": _AT,
    "webhook_id": "msg_01KB0M9X6D8N1Q3R5S7T9V1W3Y",
    "AccountAnswer.name": "Musterhandel GmbH",
    "blocked_values": ["info@musterhandel.example"],
    "partner_id": "VMF",
    "event_id": "msg_01KB0M9X6D8N1Q3R5S7T9V1W3Y",
    "RefusedEventAnswer.code": "customer-unknown",
    "RefusedFieldAnswer.code": "unknown-value",
    "RefusedFieldAnswer.pointer": "/data/customer_id",
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
