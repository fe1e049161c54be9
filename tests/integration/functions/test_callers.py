"""Every route refuses callers who may not use it: people, machines, other companies."""

import pytest

from customer_center.platform.dynamodb import to_item
from customer_center.platform.http import Answer
from tests.integration.aws import Context, event_of
from tests.integration.functions.requests_of_samples import as_user, with_key, with_path, with_raw
from tests.integration.functions.stage import Reply, assert_problem
from tests.integration.population import (
    BUYER,
    COMPANY,
    DEACTIVATED,
    HTTP_SAMPLES,
    INVITED,
    NOBODY,
    OPERATOR_KEY,
    SECRET,
    SHOP_KEY,
    STRANGER,
)

PERSON_SAMPLES = [path for path in HTTP_SAMPLES if "authorizer" in event_of(path)["requestContext"]]


PERMITTED_SAMPLES = [path for path in PERSON_SAMPLES if path not in ("users/me", "users/edit_me", "users/export_me")]


ADMIN_SAMPLES = [path for path in PERMITTED_SAMPLES if path != "users/company"]


@pytest.mark.parametrize("path", PERSON_SAMPLES)
@pytest.mark.parametrize(
    ("user_id", "code"), [(None, "forbidden"), (DEACTIVATED, "user-deactivated")], ids=["no-token", "deactivated"]
)
def test_every_route_for_people_refuses_who_is_none_of_them(company, path, user_id, code):
    company.refuses(as_user(user_id, event_of(path)), 403, code)


@pytest.mark.parametrize("user_id", ["", NOBODY, "admin", INVITED], ids=["no-name", "nobody", "no-id", "invited"])
def test_who_is_no_active_user_is_refused(company, user_id):
    company.refuses(as_user(user_id, event_of("users/me")), 403, "forbidden")


@pytest.mark.parametrize("path", PERMITTED_SAMPLES)
def test_who_lacks_the_permission_is_refused(company, path):
    company.refuses(as_user(BUYER, event_of(path)), 403, "permission-missing")


@pytest.mark.parametrize("path", ADMIN_SAMPLES)
def test_administration_is_refused_while_the_customer_center_is_off(company, path):
    company.aws.client("dynamodb").update_item(
        TableName=company.aws.physical("CompaniesTable"),
        Key=to_item({"pk": COMPANY, "sk": "company"}),
        UpdateExpression="SET customer_center = :off",
        ExpressionAttributeValues=to_item({":off": False}),
    )
    company.refuses(event_of(path), 403, "customer-center-off")
    assert company.call(event_of("users/me")).status == 200


@pytest.mark.parametrize(
    "path", [path for path in HTTP_SAMPLES if event_of(path).get("pathParameters", {}).keys() == {"user_id"}]
)
def test_another_companys_user_gets_the_very_answer_of_one_who_does_not_exist(company, path):
    foreign, nobody = (company.refuses(with_path(path, "user_id", it), 404, "not-found") for it in (STRANGER, NOBODY))
    assert foreign == nobody


MACHINE_SAMPLES = [
    path for path in HTTP_SAMPLES if path.startswith(("machines/", "customers/", "products/", "conflicts/"))
]


BAD_KEYS = {
    "none": None,
    "a-persons-token": "Bearer eyJraWQiOiJleGFtcGxlIn0.e30.c2lnbmF0dXJl",
    "no-scheme": f"cck_{OPERATOR_KEY}_{SECRET}",
    "unknown-id": f"Bearer cck_{'0' * 26}_{SECRET}",
    "wrong-secret": f"Bearer cck_{OPERATOR_KEY}_{'x' * 43}",
}


@pytest.mark.parametrize("path", MACHINE_SAMPLES)
@pytest.mark.parametrize("shown", BAD_KEYS.values(), ids=BAD_KEYS)
def test_every_route_for_machines_refuses_who_shows_no_good_key(company, path, shown):
    event = event_of(path)
    del event["headers"]["authorization"]
    if shown:
        event["headers"]["authorization"] = shown
    company.refuses(event, 401, "unauthorized")


@pytest.mark.parametrize("path", MACHINE_SAMPLES)
def test_a_key_without_the_scope_is_refused(company, path):
    has_shop = SHOP_KEY in event_of(path)["headers"]["authorization"]
    other = OPERATOR_KEY if has_shop else SHOP_KEY
    company.refuses(with_key(f"cck_{other}_{SECRET}", event_of(path)), 403, "scope-missing")


# First who you are, then what you may, then what you sent.

WITH_BODY = [path for path in HTTP_SAMPLES if event_of(path).get("body")]
HEADERS = {"first": {}, "with-a-key": {"idempotency-key": "key-1"}, "any-version": {"if-match": "*"}}


@pytest.mark.parametrize("path", [path for path in WITH_BODY if path in PERMITTED_SAMPLES])
@pytest.mark.parametrize("body", ["{", "", "[]", '{"more": 1}', "\ufffd"], ids=repr)
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_who_lacks_the_permission_is_not_told_what_is_wrong_with_the_body(company, path, body, headers):
    event = with_raw(path, body)
    event["headers"] |= headers
    company.refuses(as_user(BUYER, event), 403, "permission-missing")


@pytest.mark.parametrize("path", [path for path in WITH_BODY if path in PERSON_SAMPLES])
@pytest.mark.parametrize(
    ("user_id", "code"), [(None, "forbidden"), (DEACTIVATED, "user-deactivated")], ids=["no-token", "deactivated"]
)
def test_who_is_nobody_here_is_not_told_what_is_wrong_with_the_body(company, path, user_id, code):
    company.refuses(as_user(user_id, with_raw(path, "{")), 403, code)


@pytest.mark.parametrize("path", PERMITTED_SAMPLES)
def test_who_lacks_the_permission_is_not_told_what_is_wrong_with_the_query(company, path):
    event = event_of(path)
    event["queryStringParameters"] = {"limit": "x", "more": "1"}
    company.refuses(as_user(BUYER, event), 403, "permission-missing")


@pytest.mark.parametrize("path", [path for path in WITH_BODY if path in MACHINE_SAMPLES])
def test_a_machine_is_not_told_what_is_wrong_with_its_body_before_it_is_known(company, path):
    event = with_raw(path, "{")
    has_operator = OPERATOR_KEY in event["headers"]["authorization"]
    other = SHOP_KEY if has_operator else OPERATOR_KEY
    company.refuses(with_key(f"cck_{other}_{SECRET}", event), 403, "scope-missing")
    del event["headers"]["authorization"]
    company.refuses(event, 401, "unauthorized")


@pytest.mark.parametrize("path", [path for path in HTTP_SAMPLES if path.startswith("customer_webhook/")])
def test_a_sender_without_a_signature_is_not_told_what_is_wrong_with_its_body(company, path):
    company.refuses(with_raw(path, "{"), 401, "signature-invalid")


def test_every_route_with_a_body_is_tried_or_public():
    public = {"activation/activate", "activation/activate_with_code", "invitations/accept", "invitations/confirm_email"}
    public |= {"invitations/look_up", "invitations/cancel_email"}
    tried = {*PERSON_SAMPLES, *MACHINE_SAMPLES, *(path for path in HTTP_SAMPLES if path.startswith("customer_web"))}
    assert set(WITH_BODY) <= tried | public


def test_a_route_nobody_declared_is_not_found(company):
    event = event_of("users/me")
    event |= {"routeKey": "GET /you", "rawPath": "/you"}
    answer = company.run("UsersFunction", event)
    assert_problem(Reply(answer["statusCode"], answer["headers"], answer["body"]), event, 404, "not-found")


def test_a_route_without_a_kind_of_caller_refuses_everybody(company):
    module, handler = company.sandboxes.start("UsersFunction")

    def forgotten() -> Answer:
        raise AssertionError

    module.api.route("GET /forgotten")(forgotten)
    event = event_of("users/me")
    event |= {"routeKey": "GET /forgotten", "rawPath": "/forgotten"}
    answer = handler(event, Context("UsersFunction"))
    assert_problem(Reply(answer["statusCode"], answer["headers"], answer["body"]), event, 403, "forbidden")


PATH_NAMES = [(path, name) for path in HTTP_SAMPLES for name in event_of(path).get("pathParameters", {})]


@pytest.mark.parametrize("value", ["", "K" * 501, "K" * 3000], ids=["empty", "long", "longer"])
@pytest.mark.parametrize(("path", "name"), PATH_NAMES)
def test_a_name_that_nothing_can_have_is_a_documented_not_found(company, path, name, value):
    """Also where the path's own values are a list: the answer is one that the document has."""
    assert company.call(with_path(path, name, value)).status in (400, 401, 404, 422)
