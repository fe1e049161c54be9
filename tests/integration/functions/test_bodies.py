"""Every route with a body: what cannot be read is refused, and all errors are reported at once."""

import base64
import json

import pytest

from customer_center.platform.http import MAX_BODY_BYTES
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import BODIES, with_body, with_header, with_raw
from tests.integration.functions.stage import assert_problem

_OBJECT = [("", "object")]


UNREADABLE = {
    "nothing": (None, 400, "json-invalid", []),
    "empty": ("", 400, "json-invalid", []),
    "blank": ("  \n", 400, "json-invalid", []),
    "half": ('{"email": "x', 400, "json-invalid", []),
    "not-json": ("customer_number=10000", 400, "json-invalid", []),
    "xml": ("<activation/>", 400, "json-invalid", []),
    "trailing": ("{} {}", 400, "json-invalid", []),
    "comment": ("{} // ok", 400, "json-invalid", []),
    "byte-order-mark-alone": ("\ufeff", 400, "json-invalid", []),
    "two-byte-order-marks": ("\ufeff\ufeff{}", 400, "json-invalid", []),
    "byte-order-mark-after-a-blank": (" \ufeff{}", 400, "json-invalid", []),
    "single-quotes": ("{'email': 'x'}", 400, "json-invalid", []),
    "lone-surrogate-escaped": ('{"email": "\\ud800"}', 400, "json-invalid", []),
    "lone-surrogate": ('{"email": "\ud800"}', 400, "json-invalid", []),
    "raw-control-character": ('{"email": "a\u0000b"}', 400, "json-invalid", []),
    "deeply-nested-lists": ("[" * 100_000 + "]" * 100_000, 400, "json-invalid", []),
    "deeply-nested-objects": ('{"a":' * 100_000, 400, "json-invalid", []),
    "list": ("[]", 422, "invalid-input", _OBJECT),
    "list-of-it": ('[{"email": "x"}]', 422, "invalid-input", _OBJECT),
    "text": ('"text"', 422, "invalid-input", _OBJECT),
    "number": ("1", 422, "invalid-input", _OBJECT),
    "nan": ("NaN", 422, "invalid-input", _OBJECT),
    "null": ("null", 422, "invalid-input", _OBJECT),
    "true": ("true", 422, "invalid-input", _OBJECT),
    "4-mb-and-one": ("x" * (MAX_BODY_BYTES + 1), 413, "body-too-large", []),
    "4-mb-of-two-bytes-each": ("ü" * (MAX_BODY_BYTES // 2 + 1), 413, "body-too-large", []),
    "much-more": (" " * (MAX_BODY_BYTES * 2), 413, "body-too-large", []),
}


ENCODED = {
    "not-utf-8": (base64.b64encode(b'{"email": "\xff\xfe"}').decode(), 400, "json-invalid"),
    "utf-16": (base64.b64encode('{"email": "x"}'.encode("utf-16")).decode(), 400, "json-invalid"),
    "surrogate-in-utf-8": (base64.b64encode(b'{"email": "\xed\xa0\x80"}').decode(), 400, "json-invalid"),
    "not-base64": ("{}", 400, "json-invalid"),
    "base64-without-its-end": ("e30", 400, "json-invalid"),
    "base64-beyond-ascii": ("ü===", 400, "json-invalid"),
    "4-mb-and-one": (base64.b64encode(b" " * (MAX_BODY_BYTES + 1)).decode(), 413, "body-too-large"),
}


@pytest.mark.parametrize(("text", "status", "code", "errors"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_is_no_json_object_is_refused(stage, text, status, code, errors):
    stage.refuses(with_raw("activation/activate", text), status, code, *errors)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("kind", ["half", "list", "4-mb-and-one"])
def test_a_body_that_is_no_json_object_is_refused_by_every_route(company, path, kind):
    text, status, code, errors = UNREADABLE[kind]
    company.refuses(with_raw(path, text), status, code, *errors)


@pytest.mark.parametrize(("text", "status", "code"), ENCODED.values(), ids=ENCODED)
def test_an_encoded_body_that_cannot_be_read_is_refused(stage, text, status, code):
    stage.refuses(with_raw("activation/activate", text, encoded=True), status, code)


@pytest.mark.parametrize("encoded", [False, True], ids=["text", "encoded"])
@pytest.mark.parametrize("path", BODIES)
def test_a_byte_order_mark_before_a_body_is_ignored(company, path, encoded):
    """.NET's clients write one (RFC 8259, 8.1), and the webhooks of the ERP have always been read with one."""
    text = "\ufeff" + '{"colour": "red"}'
    sent = base64.b64encode(text.encode()).decode() if encoded else text
    reply = company.call(with_raw(path, sent, encoded=encoded))
    assert ("/colour", "unknown-field") in [(wrong["pointer"], wrong["code"]) for wrong in reply.body["errors"]]


def test_a_body_with_a_byte_order_mark_is_taken(stage):
    assert stage.call(with_raw("activation/activate", "\ufeff" + event_of("activation/activate")["body"])).status == 202


def test_an_encoded_body_is_read(stage):
    body = event_of("activation/activate")["body"]
    event = with_raw("activation/activate", base64.b64encode(body.encode()).decode(), encoded=True)
    assert stage.call(event).status == 202


def test_a_body_of_4_mb_is_read(company):
    body = event_of("users/request_user")["body"]
    event = with_raw("users/request_user", body + " " * (MAX_BODY_BYTES - len(body)))
    assert company.call(event).status == 201


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("en-GB", "en"),
        ("fr-BE", "fr"),
        ("nl", "nl"),
        ("it", "en"),
        ("de;q=0", "en"),
        ("nonsense;;;", "en"),
        ("\ud800", "en"),
        ("it, de;q=0.1", "de"),
    ],
)
def test_a_problem_speaks_the_language_asked_for(stage, asked, language):
    event = with_header(with_raw("activation/activate", "{"), "accept-language", asked)
    assert_problem(stage.call(event), event, 400, "json-invalid", language=language)


def test_a_refusal_is_one_log_line_of_ids(company):
    event = with_body("users/request_user", name="")
    company.call(event)
    (line,) = map(json.loads, company.sandboxes.log.getvalue().splitlines())
    told = ("message", "code", "status", "route", "request_id")
    assert [line[name] for name in told] == [
        "refused",
        "invalid-input",
        422,
        "POST /users",
        event["requestContext"]["requestId"],
    ]


def test_everything_wrong_is_told_at_once(company):
    event = with_raw("users/request_user", '{"name": 1, "email": "x", "more": true}')
    wrong = [
        ("/name", "text"),
        ("/email", "email"),
        ("/more", "unknown-field"),
        ("/roles", "required"),
        ("/salutation", "required"),
    ]
    company.refuses(event, 422, "invalid-input", *wrong)


def test_a_pointer_is_escaped_as_its_rfc_says(company):
    event = with_body("users/request_user", **{"a/b~c": 1})
    company.refuses(event, 422, "invalid-input", ("/a~1b~0c", "unknown-field"))


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("activation/activate", "roles"),
        ("invitations/accept", "user_id"),
        ("users/request_user", "contact_number"),
        ("users/request_user", "company_id"),
        ("users/request_user", "status"),
        ("users/edit", "password"),
        ("users/edit", "customer_number"),
        ("users/edit", "contact_number"),
        ("users/edit", "status"),
        ("erp_contacts/invite", "contact_number"),
        ("erp_contacts/invite", "customer_number"),
    ],
)
def test_a_field_that_nobody_may_send_is_refused(company, path, field):
    company.refuses(with_body(path, **{field: "x"}), 422, "invalid-input", (f"/{field}", "unknown-field"))
