"""Every function with its sample events (events/), the template's own variables, AWS in memory and the simulated ERP.

Every answer is also held against docs/openapi.json, and every log line against the personal data it must not hold.
"""

import base64
import csv
import io
import json
import re
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY
from urllib.parse import parse_qsl

import pytest
from botocore.exceptions import ClientError
from jsonschema import Draft202012Validator
from moto import mock_aws

from customer_center.clients import wiring as clients_adapter
from customer_center.clients.entries import OPERATOR
from customer_center.clients.store import ClientKeyStore
from customer_center.companies import wiring as companies_adapter
from customer_center.companies.callers import PersonCaller
from customer_center.companies.model import InvitationStatus, Permission, Role
from customer_center.companies.store import CompanyStore
from customer_center.companies.users.find_users import UserFilter, UserSort
from customer_center.connectors.cognito import wiring as cognito_adapter
from customer_center.connectors.cognito.identities import CognitoIdentities
from customer_center.connectors.silver import wiring as silver
from customer_center.platform import table_store
from customer_center.platform import wiring as platform_wiring
from customer_center.platform.config import ConfigurationError, from_environment
from customer_center.platform.dynamodb import cursor_of, to_item
from customer_center.platform.errors import InProgress
from customer_center.platform.http import MAX_BODY_BYTES, Answer
from customer_center.platform.journal import Journal, new_effect
from customer_center.platform.outbox import queue_variables
from customer_center.platform.paging import written_cursor
from customer_center.webhooks import wiring as webhooks_adapter
from customer_center.webhooks.receive_event import MAX_EVENT_BYTES
from tests.builders import (
    a_claim,
    a_user,
    an_attempt,
    an_entry,
    an_invitation,
    an_invited_user,
    budgets,
)
from tests.erp_simulator_fixture import running_simulator
from tests.fakes.webhooks import OTHER_SECRET, signed
from tests.fakes.webhooks import SECRET as SECRET_OF_ERP
from tests.integration.aws import Aws, Context, Sandboxes, event_of, folder_of, forget, load
from tests.integration.population import (
    BUYER,
    CODE_MAIL,
    COMPANY,
    DEACTIVATED,
    EMAIL,
    FRESH,
    HTTP_SAMPLES,
    INVITED,
    LEAVING,
    MAIN,
    NEW_EMAIL,
    NOBODY,
    OPERATOR_KEY,
    OTHER_COMPANY,
    PASSWORD,
    SAMPLES,
    SECRET,
    SHOP_KEY,
    STRANGER,
    populate,
    user_id_of,
)
from tests.template_reader import ROOT, events_of, function_names, functions_of, load_template
from tests.texts import ALL_TEXTS

TEMPLATE = load_template()
FUNCTION_OF_ROUTE = {
    f"{event['Method']} {event['Path']}": name
    for name, function in functions_of(TEMPLATE).items()
    for event in events_of(function, "HttpApi").values()
}
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text())


# The stage


@dataclass(frozen=True)
class Reply:
    """What the gateway would send."""

    status: int
    headers: dict
    text: str

    @property
    def body(self):
        return json.loads(self.text)


class Stage:
    """One test's view of the stack."""

    def __init__(self, aws, sandboxes):
        self.aws = aws
        self.sandboxes = sandboxes
        self.journal = Journal(client=aws.client("dynamodb"), table=aws.physical("JournalTable"))
        self.store = CompanyStore(
            client=aws.client("dynamodb"), table=aws.physical("CompaniesTable"), journal=self.journal
        )
        self.client_keys = ClientKeyStore(
            client=aws.client("dynamodb"), table=aws.physical("CompaniesTable"), journal=self.journal
        )
        self.identities = CognitoIdentities(
            client=aws.client("cognito-idp"),
            user_pool_id=aws.physical("UserPool"),
            client_id=aws.physical("UserPoolClient"),
        )

    def call(self, event, **changed):
        """Answer a request by the function of its route, started anew; the answer is as documented."""
        answer = self.sandboxes.run(FUNCTION_OF_ROUTE[event["routeKey"]], event, **changed)
        assert answer["isBase64Encoded"] is False
        reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
        assert_documented(event["routeKey"], reply)
        return reply

    def run(self, function, event, **changed):
        return self.sandboxes.run(function, event, **changed)

    def has_login(self, user_id, password=PASSWORD):
        """Give a user a login that works."""
        self.identities.create(self.store.user(user_id))
        self.identities.set_password(user_id, password)
        self.identities.enable(self.store.user(user_id))

    def records(self):
        """Everything stored, without what counts refusals and the breaker of the ERP."""
        counters = ("refusals#", "wrong_links#", "breaker#")
        return {key: item for key, item in self.aws.items().items() if not key[1].startswith(counters)}

    def stream_event(self):
        """The event by which the journal's stream tells of everything that is pending."""
        sample = event_of("outbox/journal_stream")
        pending = [item for item in self.aws.items("JournalTable").values() if "pending" in item]
        sample["Records"] = [_stream_record(sample["Records"][0], item) for item in pending]
        return sample

    def queue_event(self, queue, sample):
        """The event by which a queue hands over everything that is in it."""
        return queue_event(sample, *self.aws.messages(queue))


def _stream_record(sample, image):
    keys = {"pk": image["pk"], "sk": image["sk"]}
    dynamodb = {**sample["dynamodb"], "Keys": keys, "NewImage": image, "SequenceNumber": image["sk"]["S"]}
    return {**sample, "dynamodb": dynamodb}


def queue_event(sample, *bodies):
    """Return the sample's event with these messages; a text is taken as it is."""
    event = event_of(sample)
    (record,) = event["Records"]
    texts_ = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    event["Records"] = [{**record, "messageId": f"message-{at}", "body": text} for at, text in enumerate(texts_)]
    return event


def assert_documented(route, reply):
    """Hold an answer against the OpenAPI document: status, media type, schema, headers."""
    method, path = route.split(" ")
    response = DOCUMENT["paths"][path][method.lower()]["responses"][str(reply.status)]
    assert reply.headers["Cache-Control"] == "no-store"
    if "content" not in response:
        assert reply.text == ""
        return
    content = response["content"][reply.headers["Content-Type"]]
    answered = reply.text if reply.headers["Content-Type"].startswith("text/csv") else reply.body
    Draft202012Validator({**content["schema"], "components": DOCUMENT["components"]}).validate(answered)
    sent = {"ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy"} & reply.headers.keys()
    documented = response.get("headers", {}).keys()
    assert sent <= documented
    if reply.status < 400:
        # The last page of a list has no link to a next one; a repeated request is not counted.
        assert documented - {"Link", "RateLimit", "RateLimit-Policy"} <= sent


def assert_problem(reply, event, status, code, *errors, language="de"):
    """The answer is that problem, in the language, about this request, at these places."""
    problem = reply.body
    assert (reply.status, problem["code"]) == (status, code)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Content-Language"] == language
    assert problem["type"] == f"urn:customer-center:problem:{code}"
    assert problem["status"] == status
    assert problem["request_id"] == event["requestContext"]["requestId"]
    sentence = re.sub(r"\\{\w+\\}", ".+", re.escape(ALL_TEXTS.problems[code].sentences[language]))
    assert re.fullmatch(sentence, problem["detail"])
    found = problem.get("errors", [])
    assert sorted((wrong["pointer"], wrong["code"]) for wrong in found) == sorted(errors)
    assert all(wrong["message"] == ALL_TEXTS.fields[wrong["code"]][language] for wrong in found)


@pytest.fixture(scope="module")
def erp_server():
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def aws(erp_server):
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield Aws(erp_server.url)
        forget()


@pytest.fixture
def erp(erp_server):
    erp_server.reset()
    return erp_server


@pytest.fixture
def stage(aws, erp, monkeypatch, capsys):
    """The stack with empty tables. In the end: no log line of the test holds anything secret or personal."""
    aws.restore(None)
    sandboxes = Sandboxes(aws, monkeypatch)
    yield Stage(aws, sandboxes)
    printed = sandboxes.log.getvalue() + capsys.readouterr().out
    # Every e-mail address has an @; every token of Cognito begins with eyJ.
    for secret in ("@", "eyJ", PASSWORD, SECRET, "123456", "Mustermann", "local-only"):
        assert secret not in printed


@pytest.fixture(scope="module")
def population(aws):
    """What the tables hold of the people of the sample events."""
    return populate(aws)


@pytest.fixture
def company(stage, population):
    """The stack with the people of the sample events."""
    stage.aws.restore(population)
    return stage


# Sample events and settings


def test_every_route_and_every_other_trigger_has_a_sample_event():
    assert {event_of(path)["routeKey"] for path in HTTP_SAMPLES} == set(FUNCTION_OF_ROUTE)
    assert {path.split("/")[0] for path in SAMPLES} == {folder_of(name) for name in function_names()}


@pytest.mark.parametrize("path", HTTP_SAMPLES)
def test_a_sample_event_is_what_the_gateway_would_send_for_its_route(path):
    event = event_of(path)
    assert folder_of(FUNCTION_OF_ROUTE[event["routeKey"]]) == path.split("/")[0]
    context = event["requestContext"]
    method, template = event["routeKey"].split(" ")
    assert event["rawPath"] == template.format_map(event.get("pathParameters", {}))
    assert (context["routeKey"], context["http"]["method"]) == (event["routeKey"], method)
    assert context["http"]["path"] == event["rawPath"]
    (caller,) = [route.caller for route in _routes(path) if f"{route.method} {route.path}" == event["routeKey"]]
    assert ("authorizer" in context) is isinstance(caller, PersonCaller)


def _routes(path):
    return load(path.split("/")[0]).api.routes


def _settings_of(module):
    """Every settings class that a module reads, its adapters' among them."""
    if hasattr(module, "Settings"):
        yield module.Settings
    if hasattr(module, "companies"):
        yield companies_adapter._Tables
    if hasattr(module, "client_keys"):
        yield clients_adapter._Tables
    if hasattr(module, "journal"):
        yield platform_wiring._Settings
    if hasattr(module, "identities"):
        yield cognito_adapter._UserPool
    if hasattr(module, "erp"):
        yield silver._Environment
    if hasattr(module, "event_queue"):
        yield webhooks_adapter._Environment


@pytest.mark.parametrize("function", function_names())
def test_a_function_gets_exactly_the_variables_it_reads(aws, function):
    variables = aws.environment(function)
    read = set()
    module = load(folder_of(function))
    for settings in _settings_of(module):
        from_environment(settings, variables)
        read |= {field.name.upper() for field in fields(settings)}
    read |= set(queue_variables(*getattr(module, "ROOMS", ())).values())
    common = aws.template["Globals"]["Function"]["Environment"]["Variables"].keys()
    assert read <= variables.keys()
    assert variables.keys() - common - read == {"POWERTOOLS_SERVICE_NAME"}


def test_a_missing_variable_is_told_when_it_is_needed(stage, monkeypatch):
    _, handler = stage.sandboxes.start("ActivationFunction")
    monkeypatch.delenv("SALUTATIONS")
    monkeypatch.setenv("TRUSTED_PROXIES", "many")
    with pytest.raises(ConfigurationError, match="SALUTATIONS is missing; TRUSTED_PROXIES cannot be read as"):
        handler(event_of("activation/activate"), Context("ActivationFunction"))


# What each route does


def test_activation_sends_a_code_first(stage):
    reply = stage.call(event_of("activation/activate"))
    assert reply.status == 202
    assert reply.body == {"status": "code_sent", "email": EMAIL}
    (effect,) = [effect for entry in stage.journal.pending(before=_soon()) for effect in entry.effects]
    assert (effect.kind, effect.data["template"]) == ("mail", "activation_code")
    assert stage.aws.logins() == {}


def test_activation_with_the_code_opens_the_customer_center_and_logs_in(stage):
    _attempt_with_code(stage, "123456")
    reply = stage.call(event_of("activation/activate_with_code"))
    assert reply.status == 201
    user = reply.body["user"]
    assert (user["roles"], user["contact_number"]) == (["main_contact"], "KT010001")
    assert reply.headers["Location"] == f"/users/{user['user_id']}"
    assert reply.headers["ETag"] == '"1"'
    assert reply.body["session"]["token_type"] == "Bearer"
    assert stage.aws.logins() == {user["user_id"]: (True, "CONFIRMED")}
    assert stage.store.company_of_number("10000").main_contacts == {user["user_id"]}


def test_an_invitation_is_accepted_with_its_token(company):
    reply = company.call(event_of("invitations/accept"))
    assert reply.status == 200
    assert (reply.body["user"]["user_id"], reply.body["user"]["status"]) == (INVITED, "active")
    assert company.aws.logins() == {INVITED: (True, "CONFIRMED")}


def test_me_tells_who_is_logged_in(company):
    reply = company.call(event_of("users/me"))
    assert reply.status == 200
    assert reply.body["user"]["user_id"] == MAIN
    assert reply.body["company"]["customer_number"] == "10000"
    assert reply.headers["ETag"] == '"1"'


@pytest.mark.parametrize(
    ("user_id", "permissions"),
    [
        (MAIN, sorted(Permission)),
        (BUYER, ["orders.buy"]),
        (LEAVING, ["company.view", "orders.approve", "orders.buy"]),
    ],
    ids=["main contact", "buyer", "approver"],
)
def test_me_tells_what_somebody_may_do_so_that_a_page_can_hide_the_rest(company, user_id, permissions):
    """001: "The customer-center will be visible for users only if you have the rights for it."."""
    assert company.call(_as(user_id, event_of("users/me"))).body["permissions"] == permissions


def test_users_are_listed_page_by_page(company):
    whole = company.call(event_of("users/list_users")).body
    assert [user["user_id"] for user in whole["items"]] == [MAIN, BUYER, INVITED, DEACTIVATED, FRESH, LEAVING]
    first = company.call(_with_query("users/list_users", limit="4")).body
    second = company.call(_with_query("users/list_users", limit="4", cursor=first["next_cursor"])).body
    assert first["items"] + second["items"] == whole["items"]
    assert second["next_cursor"] is None


def test_users_are_filtered_and_put_in_order(company):
    query = {"status": "active", "sort": "-name", "limit": "2"}
    first = company.call(_with_query("users/list_users", **query)).body
    second = company.call(_with_query("users/list_users", **query, cursor=first["next_cursor"])).body
    names = [user["name"] for user in first["items"] + second["items"]]
    assert names == ["Max Mustermann", "Anna Mehl", "Anna Mehl"]
    found = company.call(_with_query("users/list_users", q="MÁX", invitation="pending")).body
    assert found["items"] == []
    assert [user["user_id"] for user in company.call(_with_query("users/list_users", q="MÁX")).body["items"]] == [MAIN]


def test_a_large_company_is_not_put_in_order_by_name(company, monkeypatch):
    monkeypatch.setattr("customer_center.companies.users.find_users.SORTED_AT_MOST", 5)
    _refuses(company, _with_query("users/list_users", sort="name"), 400, "unsupported-query")


def test_one_user_is_shown(company):
    reply = company.call(event_of("users/get_user"))
    assert reply.status == 200
    assert reply.body["user_id"] == BUYER


def test_a_new_user_is_requested(company):
    reply = company.call(event_of("users/request_user"))
    assert reply.status == 201
    assert (reply.body["name"], reply.body["status"]) == ("Nina Neu", "invited")
    assert reply.body["budgets"] == {"per_order": {"amount": "500.00", "currency": "EUR"}, "per_month": None}
    assert reply.headers["Location"] == f"/users/{reply.body['user_id']}"
    assert _effects(company) == ["mail"]


def test_a_new_user_becomes_a_contact_of_the_erp_where_that_is_switched_on(company):
    company.call(event_of("users/request_user"), CreateErpContact="true")
    assert _effects(company) == ["erp_contact", "mail"]


def test_a_user_is_deactivated_and_their_login_ends(company):
    company.has_login(LEAVING)
    reply = company.call(event_of("users/deactivate"))
    assert (reply.status, reply.body["status"], reply.headers["ETag"]) == (200, "deactivated", '"2"')
    assert company.aws.logins()[LEAVING][0] is False


def test_a_user_is_activated_again(company):
    company.has_login(DEACTIVATED)
    company.identities.disable(DEACTIVATED)
    reply = company.call(event_of("users/activate"))
    assert (reply.status, reply.body["status"]) == (200, "active")
    assert company.aws.logins()[DEACTIVATED][0] is True


def test_a_user_is_edited(company):
    reply = company.call(event_of("users/edit"))
    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert (reply.body["name"], reply.body["roles"]) == ("Lea Neu", ["approver", "buyer"])
    assert reply.body["budgets"] == {"per_order": {"amount": "250.00", "currency": "EUR"}, "per_month": None}
    assert reply.body["email"] == company.store.user(LEAVING).email != "lea.neu@musterhandel.example"
    change = reply.body["email_change"]
    assert (change["email"], change["sent_at"], change["bounced"]) == ("lea.neu@musterhandel.example", None, False)
    assert _effects(company) == ["mail"]


def test_null_takes_a_budget_away_and_what_is_left_out_stays(company):
    both = {name: {"amount": "1.00", "currency": "EUR"} for name in ("per_order", "per_month")}
    company.call(_with_raw("users/edit", json.dumps({"budgets": both})))
    version = 2
    for given, left in (({}, both), ({"per_order": None}, {**both, "per_order": None}), (None, None)):
        event = _with_raw("users/edit", json.dumps({"budgets": given}))
        reply = company.call(_with_header(event, "if-match", f'"{version}"'))
        assert reply.body["budgets"] == (left or {"per_order": None, "per_month": None})
        version = reply.body["version"]
    assert version == 4


def test_an_edit_of_nothing_changes_nothing(company):
    before = company.aws.items()
    reply = company.call(_with_raw("users/edit", "{}"))
    assert (reply.status, reply.headers["ETag"]) == (200, '"1"')
    assert company.aws.items() == before


def test_a_new_email_is_confirmed_with_the_token_of_its_link(company):
    company.has_login(LEAVING)
    reply = company.call(event_of("invitations/confirm_email"))
    assert (reply.status, reply.body) == (200, {"status": "confirmed", "email": NEW_EMAIL})
    assert company.store.user(LEAVING).email == NEW_EMAIL
    assert company.store.user_id_of_email(NEW_EMAIL) == LEAVING
    login = company.aws.client("cognito-idp").admin_get_user(
        UserPoolId=company.aws.physical("UserPool"), Username=LEAVING
    )
    assert {"Name": "email", "Value": NEW_EMAIL} in login["UserAttributes"]
    assert company.call(event_of("invitations/confirm_email")).status == 200, "a repeat is told the same"


def test_a_user_is_deleted_with_their_login(company):
    company.has_login(LEAVING)
    reply = company.call(event_of("users/delete"))
    assert (reply.status, reply.text) == (204, "")
    assert company.store.user(LEAVING) is None
    assert company.aws.logins() == {}
    again = event_of("users/delete")
    assert_problem(company.call(again), again, 404, "not-found")


def test_an_invitation_is_sent_again(company):
    before = company.store.user(INVITED).invitation
    reply = company.call(event_of("users/resend_invitation"))
    assert (reply.status, reply.body["invitation"]["status"]) == (200, "pending")
    assert company.store.user(INVITED).invitation.mail_id != before.mail_id
    again = event_of("users/resend_invitation")
    answer = company.call(again)
    assert_problem(answer, again, 429, "too-many-requests")
    assert 50 <= int(answer.headers["Retry-After"]) <= 60


def test_an_invitation_is_revoked(company):
    reply = company.call(event_of("users/revoke_invitation"))
    assert (reply.status, reply.body["status"], reply.body["invitation"]["status"]) == (200, "invited", "revoked")
    event = event_of("invitations/accept")
    assert_problem(company.call(event), event, 410, "invitation-revoked")


@pytest.mark.parametrize("path", ["users/resend_invitation", "users/revoke_invitation"])
def test_only_an_open_invitation_is_sent_again_or_revoked(company, path):
    event = _with_path(path, "user_id", LEAVING)
    _refuses(company, event, 409, "invitation-not-open")


def test_the_company_is_shown_to_who_may_see_it(company):
    reply = company.call(_as(LEAVING, event_of("users/company")))
    assert (reply.status, reply.body["customer_number"]) == (200, "10000")


def test_the_main_contact_hands_over_to_a_colleague(company):
    reply = company.call(event_of("users/hand_over"))
    assert (reply.status, reply.body["user_id"], reply.body["roles"]) == (200, LEAVING, ["approver", "main_contact"])
    assert company.store.user(MAIN).roles == {Role.APPROVER, Role.BUYER}
    assert company.store.company(COMPANY).main_contacts == {LEAVING}
    assert _effects(company) == ["mail", "mail"]


@pytest.mark.parametrize("user_id", [INVITED, DEACTIVATED])
def test_only_an_active_user_becomes_main_contact(company, user_id):
    _refuses(company, _with_body("users/hand_over", user_id=user_id), 409, "user-not-active")


@pytest.mark.parametrize("path", ["users/resend_invitation", "users/hand_over"])
def test_a_repeat_with_its_idempotency_key_changes_nothing_again(company, path):
    first = company.call(_with_header(event_of(path), "idempotency-key", "mine"))
    before = company.aws.items()
    again = company.call(_with_header(event_of(path), "idempotency-key", "mine"))
    assert (again.status, again.body) == (first.status, first.body)
    assert company.aws.items() == before


def test_contacts_without_an_account_are_listed(company):
    reply = company.call(event_of("erp_contacts/list_contacts"))
    assert reply.status == 200
    assert reply.body["stale"] is False
    names = [contact["name"] for contact in reply.body["items"]]
    assert names == sorted(names, key=str.casefold)
    assert len(names) == 11
    assert "Max Mustermann" not in names
    cannot = [contact["name"] for contact in reply.body["items"] if contact["cannot_be_invited"]]
    assert cannot == ["Tina Tinte"]


def test_contacts_are_found_by_how_their_name_begins(company):
    reply = company.call(_with_query("erp_contacts/list_contacts", q="ANNA"))
    assert [contact["name"] for contact in reply.body["items"]] == ["Anna Müller"]


def test_a_contact_is_invited_with_the_erps_own_data(company):
    reply = company.call(event_of("erp_contacts/invite"))
    assert reply.status == 201
    invited = reply.body
    assert (invited["name"], invited["email"], invited["contact_number"]) == (
        "Anna Müller",
        "anna@musterhandel.example",
        "KT010006",
    )
    assert _effects(company) == ["mail"]
    repeated = event_of("erp_contacts/invite")
    assert_problem(company.call(repeated), repeated, 409, "contact-in-use")


def test_a_persons_data_is_told(company):
    company.call(event_of("users/deactivate"))
    reply = company.call(event_of("users/export_user"))
    assert reply.status == 200
    assert (reply.body["user"]["user_id"], reply.body["company"]["company_id"]) == (LEAVING, COMPANY)
    assert [entry["action"] for entry in reply.body["items"]] == ["user.deactivated"]
    assert reply.body["items"][0]["changes"] == {"status": ["active", "deactivated"]}


def test_everybody_may_have_their_own_data(company):
    company.call(event_of("users/deactivate"))
    reply = company.call(event_of("users/export_me"))
    assert (reply.status, reply.body["user"]["user_id"]) == (200, MAIN)
    assert [(entry["subject"], entry["changes"]) for entry in reply.body["items"]] == [(LEAVING, {})]
    assert company.call(_as(BUYER, event_of("users/export_me"))).body["items"] == []


def test_a_person_is_erased_and_the_journal_is_blanked_of_them(company):
    erased = company.call(event_of("users/request_user")).body["user_id"]
    company.has_login(erased)
    event = _with_path("users/erase", "user_id", erased)
    reply = company.call(event)
    assert (reply.status, reply.body["status"], reply.body["user_id"]) == (202, "in_progress", erased)
    at = datetime.fromisoformat(reply.body["erased_at"])
    assert datetime.fromisoformat(reply.body["backups_until"]) == at + timedelta(days=35)
    assert datetime.fromisoformat(reply.body["queues_until"]) == at + timedelta(days=14)
    assert company.store.user(erased) is None
    assert erased not in company.aws.logins()
    assert company.run("OutboxFunction", company.stream_event()) == {"batchItemFailures": []}
    event_of_queue = company.queue_event("IdentityQueue", "reconcile/erase_from_journal")
    for _ in range(2):
        assert company.run("ReconcileFunction", event_of_queue) == {"batchItemFailures": []}
    assert (again := company.call(event)).status == 200
    assert again.body == {**reply.body, "status": "complete"}
    journal = str(company.aws.items("JournalTable"))
    assert "Nina Neu" not in journal
    assert "nina.neu@musterhandel.example" not in journal
    found = company.call(_with_query("users/audit_trail", subject=erased)).body["items"]
    assert [entry["action"] for entry in found] == ["user.erased", "user.invited"]
    assert found[1]["changes"]["name"] == [None, "erased"]


def test_a_repeated_erasure_with_its_key_is_the_same_certificate(company):
    event = _with_header(event_of("users/erase"), "idempotency-key", "erase-1")
    first, again = company.call(event), company.call(event)
    # Nothing but ids was ever written of this person: there is nothing to blank.
    assert (first.status, again.status) == (202, 200)
    assert again.body == {**first.body, "status": "complete"}


def test_a_table_of_users_is_imported_row_by_row(company):
    reply = company.call(event_of("erp_contacts/import_users"))
    assert reply.status == 200
    told = [(row["row"], row["status"], row["email"], row["code"]) for row in reply.body["rows"]]
    assert told == [
        (2, "invited", "nina.neu@musterhandel.example", None),
        (3, "invited", "anna@musterhandel.example", None),
        (4, "refused", "otto", "invalid-input"),
    ]
    (wrong,) = reply.body["rows"][2]["errors"]
    assert wrong == {"pointer": "/email", "code": "email", "message": ALL_TEXTS.fields["email"]["de"]}
    assert (reply.body["dry_run"], reply.body["invited"], reply.body["refused"]) == (False, 2, 1)
    nina, anna = (company.store.user(row["user_id"]) for row in reply.body["rows"][:2])
    assert (nina.language, sorted(nina.roles), nina.invitation.invited_by) == ("de", ["approver", "buyer"], MAIN)
    assert (anna.name, anna.contact_number) == ("Anna Müller", "KT010006")
    assert _effects(company) == ["mail", "mail"]


def test_an_import_can_be_tried_first(company):
    before = company.aws.items()
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = {"dry_run": "true"}
    reply = company.call(event)
    assert [row["status"] for row in reply.body["rows"]] == ["would_invite", "would_invite", "refused"]
    assert (reply.body["dry_run"], reply.body["invited"], reply.body["refused"]) == (True, 0, 1)
    assert company.aws.items() == before


def test_imported_people_become_contacts_of_the_erp_where_that_is_switched_on(company):
    company.call(event_of("erp_contacts/import_users"), CreateErpContact="true")
    assert _effects(company) == ["erp_contact", "mail", "mail"]


def test_a_repeated_import_goes_on_where_the_first_one_stopped(company):
    event = _with_header(event_of("erp_contacts/import_users"), "idempotency-key", "import-1")
    first, again = company.call(event).body, company.call(event).body
    assert [row["status"] for row in again["rows"]] == ["unchanged", "unchanged", "refused"]
    assert [row["user_id"] for row in again["rows"]] == [row["user_id"] for row in first["rows"]]
    event["body"] = "salutation,name,email,roles\nmr,Other,other@x.example,buyer\n"
    _refuses(company, event, 422, "idempotency-key-reused")


def test_the_audit_trail_tells_who_did_what(company):
    company.call(event_of("users/deactivate"))
    reply = company.call(event_of("users/audit_trail"))
    assert reply.status == 200
    newest = reply.body["items"][0]
    assert newest["actor"] == {"kind": "person", "id": MAIN, "name": "Max Mustermann"}
    assert (newest["action"], newest["subject"], newest["subject_name"]) == ("user.deactivated", LEAVING, "Anna Mehl")
    assert newest["changes"] == {"status": ["active", "deactivated"]}
    assert newest["request_id"] == event_of("users/deactivate")["requestContext"]["requestId"]
    assert "effects" not in newest
    assert {entry["action"] for entry in reply.body["items"][1:]} == {"tested"}


def test_the_audit_trail_comes_page_by_page(company):
    for path in ("users/deactivate", "users/activate", "users/request_user"):
        company.call(event_of(path))
    whole = company.call(event_of("users/audit_trail")).body["items"]
    first = company.call(_with_query("users/audit_trail", limit="2")).body
    second = company.call(_with_query("users/audit_trail", limit="100", cursor=first["next_cursor"])).body
    assert first["items"] == whole[:2]
    assert [entry["entry_id"] for entry in second["items"]][: len(whole) - 2] == [it["entry_id"] for it in whole[2:]]
    found = company.call(_with_query("users/audit_trail", action="user.invited", subject=whole[0]["subject"])).body
    assert found["items"] == whole[:1]


def test_the_audit_trail_is_a_table_too_which_goes_on_where_its_link_says(company):
    company.call(_with_body("users/request_user", name="=1+1"))
    company.call(event_of("users/deactivate"))
    asked = {"since": "2026-01-01T00:00:00+01:00"}
    whole = company.call(_with_query("users/export_audit_trail", **asked))
    assert whole.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert whole.headers["Content-Disposition"] == 'attachment; filename="audit-entries.csv"'
    assert "Link" not in whole.headers
    header, *rows = _table(whole)
    assert header[:2] == ["at", "action"]
    assert rows[0][1] == "user.deactivated"
    assert "'=1+1" in {cell for row in rows for cell in row}
    first = company.call(_with_query("users/export_audit_trail", **asked, limit="1"))
    link = re.fullmatch(r"<\?(.+)>; rel=\"next\"", first.headers["Link"])[1]
    following = dict(parse_qsl(link))
    assert (following["limit"], following["since"]) == ("1", "2026-01-01T00:00:00+01:00")
    rest = company.call(_with_query("users/export_audit_trail", **following | {"limit": "1000"}))
    assert _table(first)[1:] + _table(rest)[1:] == rows


def _table(reply):
    return list(csv.reader(io.StringIO(reply.text, newline="")))


# What machines and operators do


def test_a_company_is_found_by_its_customer_number(company):
    (found,) = company.call(event_of("machines/find_companies")).body["items"]
    assert (found["company_id"], found["main_contacts"], found["closed_at"]) == (COMPANY, [MAIN], None)
    nobody = company.call(_with_query("machines/find_companies", customer_number="99999"))
    assert nobody.body == {"items": [], "next_cursor": None}


def test_the_shops_backend_reads_a_company(company):
    reply = company.call(event_of("machines/get_company"))
    assert reply.body == company.call(event_of("machines/find_companies")).body["items"][0]


def test_the_shops_backend_checks_an_order_by_status_permissions_and_budgets(company):
    buyer = company.store.user(BUYER)
    limited = buyer.changed(datetime.now(UTC), budgets=budgets(per_order="250.00"))
    company.store.change_user(buyer, limited, an_entry(company_id=COMPANY))
    reply = company.call(event_of("machines/get_company_user"))
    assert (reply.body["user"]["status"], reply.body["permissions"]) == ("active", ["orders.buy"])
    assert reply.body["user"]["budgets"]["per_order"] == {"amount": "250.00", "currency": "EUR"}
    assert reply.headers["ETag"] == '"2"'


@pytest.mark.parametrize("user_id", [DEACTIVATED, INVITED, FRESH], ids=["deactivated", "invited", "not-mailed"])
def test_who_is_not_active_may_order_nothing(company, user_id):
    event = event_of("machines/get_company_user")
    event["pathParameters"]["user_id"] = user_id
    assert company.call(event).body["permissions"] == []


def test_of_a_closed_company_nobody_may_order(company):
    company.call(event_of("machines/close"))
    reply = company.call(event_of("machines/get_company_user"))
    assert (reply.body["user"]["status"], reply.body["permissions"]) == ("active", [])
    assert reply.body["company"]["closed_at"]


def test_an_operator_unlocks_an_activation(company):
    wrong = _with_body("activation/activate", invoice_number="999999")
    for _ in range(6):
        reply = company.call(wrong, ActivationRefusalsWindowSeconds="86400000")
    assert_problem(reply, wrong, 429, "too-many-refusals")
    unlocked = company.call(event_of("machines/unlock"))
    assert unlocked.body == {"customer_number": "10000", "company_id": COMPANY}
    assert_problem(company.call(wrong), wrong, 422, "activation-refused")
    assert _journal(company, COMPANY)[-1] == ("activation.unlocked", "client", OPERATOR_KEY)


def test_an_operator_appoints_a_main_contact(company):
    reply = company.call(event_of("machines/appoint"))
    assert (reply.body["user"]["user_id"], "users.invite" in reply.body["permissions"]) == (BUYER, True)
    assert reply.body["company"]["main_contacts"] == [MAIN, BUYER]
    assert _journal(company, COMPANY)[-1] == ("user.appointed_main_contact", "client", OPERATOR_KEY)


def test_an_operator_closes_a_company_and_opens_it_again(company):
    for user_id in (MAIN, BUYER, LEAVING):
        company.has_login(user_id)
    assert company.call(event_of("machines/close")).body["closed_at"]
    assert_problem(company.call(event_of("users/me")), event_of("users/me"), 403, "company-closed")
    _align(company)
    assert {enabled for enabled, _ in company.aws.logins().values()} == {False}
    assert company.call(event_of("machines/reopen")).body["closed_at"] is None
    _align(company)
    assert {enabled for enabled, _ in company.aws.logins().values()} == {True}
    assert company.call(event_of("users/me")).status == 200
    actions = [action for action, _, _ in _journal(company, COMPANY)]
    assert actions[-2:] == ["company.closed", "company.reopened"]


def _align(stage):
    """Let everything through that has to do with logins: the company's message brings those of its users."""
    assert stage.run("OutboxFunction", stage.stream_event()) == {"batchItemFailures": []}
    for _ in range(2):
        event = stage.queue_event("IdentityQueue", "reconcile/align_login")
        assert event["Records"]
        assert stage.run("ReconcileFunction", event) == {"batchItemFailures": []}


def test_an_operator_issues_a_key_which_is_good_at_once(company):
    reply = company.call(event_of("machines/issue"))
    key = reply.body["key"]
    assert (reply.status, key["scopes"], reply.headers["Location"]) == (
        201,
        ["companies:read"],
        f"/client-keys/{key['key_id']}",
    )
    shown = reply.body["secret"]
    assert company.call(_shown(shown, event_of("machines/get_company"))).status == 200
    assert shown not in json.dumps(list(map(str, company.aws.items().values())))
    assert _journal(company, OPERATOR)[-1] == ("client_key.issued", "client", OPERATOR_KEY)


def test_a_rotated_key_has_two_good_secrets_and_a_third_is_refused(company):
    second = company.call(event_of("machines/rotate")).body["secret"]
    for event in (event_of("machines/get_company"), _shown(second, event_of("machines/get_company"))):
        assert company.call(event).status == 200
    _refuses(company, event_of("machines/rotate"), 409, "secrets-limit")


def test_a_revoked_secret_and_a_revoked_key_are_refused_at_once(company):
    second = company.call(event_of("machines/rotate")).body["secret"]
    left = company.call(event_of("machines/revoke")).body["secrets"]
    assert [secret["hint"] for secret in left] == [second[-4:]]
    _refuses(company, event_of("machines/get_company"), 401, "unauthorized")
    company.call(_with_raw("machines/revoke", "{}"))
    reply = _refuses(company, _shown(second, event_of("machines/get_company")), 401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    _refuses(company, event_of("machines/rotate"), 409, "client-key-revoked")


def test_keys_are_shown_without_their_secrets(company):
    listed = company.call(event_of("machines/list_client_keys"))
    assert [key["key_id"] for key in listed.body["items"]] == [OPERATOR_KEY, SHOP_KEY]
    assert company.call(event_of("machines/get_client_key")).body == listed.body["items"][1]
    assert SECRET not in listed.text
    assert "hash" not in listed.text


def test_a_repeated_request_for_a_key_does_not_show_it_again(company):
    for path in ("machines/issue", "machines/rotate"):
        event = _with_header(event_of(path), "idempotency-key", path)
        first, again = company.call(event), company.call(event)
        assert (first.status, first.body["key"]) == (again.status, again.body["key"])
        assert first.body["secret"]
        assert again.body["secret"] is None
    assert len(company.client_keys.keys()) == 3


@pytest.mark.parametrize("path", ["unlock", "appoint", "close", "reopen", "revoke"])
def test_a_repeated_request_of_an_operator_is_answered_and_changes_nothing_again(company, path):
    event = _with_header(event_of(f"machines/{path}"), "idempotency-key", "once")
    first = company.call(event)
    before = company.aws.items()
    assert company.call(event) == first
    assert company.aws.items() == before


def _shown(key, event):
    """Return the request with another client key."""
    return _with_header(event, "authorization", f"Bearer {key}")


def _journal(stage, partition):
    return [(entry.action, entry.actor.kind, entry.actor.actor_id) for entry in stage.journal.entries(partition)]


def _soon():
    return datetime.now(UTC) + timedelta(seconds=1)


def _effects(stage):
    return sorted(effect.kind for entry in stage.journal.pending(before=_soon()) for effect in entry.effects)


def _attempt_with_code(stage, code):
    now = datetime.now(UTC)
    attempt = an_attempt(code=None, email=EMAIL, company_id=COMPANY, requested_at=now, mail_id=CODE_MAIL)
    stage.store.save_attempt(attempt, an_entry(company_id=COMPANY), replaces=None)
    if code:
        stage.store.code_sent(
            attempt.key,
            mail_id=CODE_MAIL,
            code_hash=an_attempt(code=code, company_id=COMPANY).code_hash,
            expires_at=now + timedelta(minutes=15),
        )
    return attempt


# Webhooks of the ERP


WEBHOOKS = [path for path in SAMPLES if path.startswith("customer_webhook/")]
SYNCS = [path for path in SAMPLES if path.startswith("customer_sync/")]


def _signed(path, *, secrets=(SECRET_OF_ERP,), body=None, **headers):
    """The sample with another body, signed and sent now."""
    event = event_of(path)
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    webhook_id = event["headers"]["webhook-id"]
    event["headers"] |= signed(event["body"], datetime.now(UTC), *secrets, webhook_id=webhook_id)
    event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    return event


@pytest.mark.parametrize("path", WEBHOOKS)
def test_an_event_of_the_erp_is_kept_and_acknowledged(stage, path):
    event = _signed(path)
    reply = stage.call(event)
    assert (reply.status, reply.body) == (202, {"status": "accepted", "webhook_id": event["headers"]["webhook-id"]})
    (message,) = stage.aws.messages("CustomerSyncQueue")
    expected = json.loads(event_of(path.replace("customer_webhook", "customer_sync"))["Records"][0]["body"])
    assert {**message, "received_at": ""} == {**expected, "received_at": ""}
    assert stage.aws.items() == {}


UNSIGNED = {
    "as-recorded": lambda: event_of(WEBHOOKS[0]),
    "no-signature": lambda: _signed(WEBHOOKS[0], webhook_signature=""),
    "no-comma": lambda: _signed(WEBHOOKS[0], webhook_signature="v1"),
    "no-base64": lambda: _signed(WEBHOOKS[0], webhook_signature="v1,%%%"),
    "not-ascii": lambda: _signed(WEBHOOKS[0], webhook_signature="v1,äöü"),
    "half-a-character": lambda: _signed(WEBHOOKS[0], webhook_signature="v1,\ud800"),
    "no-time": lambda: _signed(WEBHOOKS[0], webhook_timestamp="now"),
    "another-id": lambda: _signed(WEBHOOKS[0], webhook_id="msg_other"),
    "another-secret": lambda: _signed(WEBHOOKS[0], secrets=[OTHER_SECRET]),
    "another-body": lambda: _signed(WEBHOOKS[0]) | {"body": "{}"},
    "no-body": lambda: _signed(WEBHOOKS[0]) | {"body": None},
    "another-source": lambda: _with_source(_signed(WEBHOOKS[0]), "elsewhere"),
    "a-persons-token": lambda: _with_header(event_of(WEBHOOKS[0]), "authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
}


def _with_source(event, source):
    return event | {"rawPath": f"/webhooks/{source}", "pathParameters": {"source": source}}


def test_whoever_does_not_sign_gets_one_and_the_same_answer(stage):
    replies = {name: stage.call(make()) for name, make in UNSIGNED.items()}
    assert_problem(replies["as-recorded"], event_of(WEBHOOKS[0]), 401, "signature-invalid")
    assert {(reply.status, reply.text, str(reply.headers)) for reply in replies.values()} == {
        (401, replies["as-recorded"].text, str(replies["as-recorded"].headers))
    }
    assert stage.aws.messages("CustomerSyncQueue") == []


@pytest.mark.parametrize(
    ("body", "status", "code", "errors"),
    [
        ("{", 400, "json-invalid", []),
        ("[]", 422, "invalid-input", [("", "object")]),
        (
            {"type": "customer.exploded", "timestamp": "x", "data": {}},
            422,
            "event-type-unknown",
            [("/type", "unknown-value")],
        ),
        (
            {"type": "contact.deleted", "timestamp": "yesterday", "data": {"contact_number": 1, "more": 1}},
            422,
            "invalid-input",
            [
                ("/timestamp", "moment"),
                ("/data/customer_number", "required"),
                ("/data/contact_number", "text"),
                ("/data/more", "unknown-field"),
            ],
        ),
        (" " * (MAX_EVENT_BYTES + 1), 413, "body-too-large", []),
    ],
    ids=["half", "list", "unknown-type", "many", "too-large"],
)
def test_a_sender_we_know_is_told_what_is_wrong_with_an_event(stage, body, status, code, errors):
    event = _signed(WEBHOOKS[0], body=body)
    assert_problem(stage.call(event), event, status, code, *errors)
    assert stage.aws.messages("CustomerSyncQueue") == []


def test_an_event_that_could_not_be_kept_is_to_be_sent_again(stage, monkeypatch):
    event = _signed(WEBHOOKS[0])
    _, handler = stage.sandboxes.start("CustomerWebhookFunction")
    monkeypatch.setenv("CUSTOMER_SYNC_QUEUE_URL", stage.aws.physical("CustomerSyncQueue") + "-gone")
    answer = handler(event, Context("CustomerWebhookFunction"))
    reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
    assert_documented(event["routeKey"], reply)
    assert_problem(reply, event, 503, "queue-unavailable")
    assert reply.headers["Retry-After"] == "30"


@pytest.mark.parametrize("path", SYNCS)
def test_a_sample_event_is_applied_and_its_repeat_changes_nothing(company, path):
    assert company.run("CustomerSyncFunction", event_of(path)) == {"batchItemFailures": []}
    before = company.records()
    assert company.run("CustomerSyncFunction", event_of(path)) == {"batchItemFailures": []}
    assert company.records() == before
    told = company.store.customer_number("10000")
    contact = company.store.contact(COMPANY, "KT010006")
    match path:
        case "customer_sync/customer_updated":
            assert told.customer_center is False
        case "customer_sync/contact_updated":
            assert (contact.contact.name, contact.listed) == ("Anna Neumann", True)
        case "customer_sync/contact_deleted":
            assert contact.gone
        case "customer_sync/customer_renumbered":
            assert (told.to, company.store.company_of_number("20000").company_id) == ("20000", COMPANY)


def test_an_event_goes_from_the_erp_to_the_company(company):
    """Seed 000: the flag "customer center" of the ERP decides; switched off, administration is refused at once."""
    assert company.call(event_of("users/list_users")).status == 200
    assert company.call(_signed("customer_webhook/customer_updated")).status == 202
    event = company.queue_event("CustomerSyncQueue", "customer_sync/customer_updated")
    assert company.run("CustomerSyncFunction", event) == {"batchItemFailures": []}
    assert company.call(event_of("users/list_users")).body["code"] == "customer-center-off"
    assert company.call(event_of("users/me")).status == 200


def test_a_renumbered_company_is_found_by_its_old_number_too(company):
    assert company.run("CustomerSyncFunction", event_of("customer_sync/customer_renumbered")) == {
        "batchItemFailures": []
    }
    for number in ("10000", "20000"):
        (found,) = company.call(_with_query("machines/find_companies", customer_number=number)).body["items"]
        assert (found["company_id"], found["customer_number"]) == (COMPANY, "20000")


def test_a_number_of_another_company_ends_in_the_dead_letter_queue_and_in_the_log(company):
    record = event_of("customer_sync/customer_renumbered")["Records"][0]
    failed = company.run("CustomerSyncFunction", _with_message(record, new_customer_number="70000"))
    assert len(failed["batchItemFailures"]) == 1
    lines = [json.loads(line) for line in company.sandboxes.log.getvalue().splitlines()]
    (line,) = [line for line in lines if line["message"] == "customer numbers collide"]
    assert (line["company_id"], line["other_company_id"]) == (COMPANY, OTHER_COMPANY)
    assert lines[-1]["message"] == "message failed"
    assert lines[-1]["webhook_id"] == json.loads(record["body"])["webhook_id"]


def _with_message(record, **data):
    message = json.loads(record["body"])
    message["event"]["data"] |= data
    return {"Records": [{**record, "body": json.dumps(message)}]}


# What queues, stream and schedule do


def test_the_journals_stream_goes_into_the_queues(company):
    company.call(event_of("users/request_user"), CreateErpContact="true")
    assert company.run("OutboxFunction", company.stream_event()) == {"batchItemFailures": []}
    assert [message["data"]["template"] for message in company.aws.messages("MailQueue")] == ["invitation"]
    assert [message["kind"] for message in company.aws.messages("ErpContactQueue")] == ["erp_contact"]
    assert _effects(company) == []


def test_cognito_gets_the_words_of_its_mail_and_its_event_back(stage):
    event = event_of("login_mails/forgot_password")
    answer = stage.run("LoginMailsFunction", event)
    words = {"emailSubject": "Votre code pour un nouveau mot de passe sur Demo Shop"}
    assert answer == event | {"response": {**event["response"], **words, "emailMessage": ANY}}
    assert event["request"]["codeParameter"] in answer["response"]["emailMessage"]


def test_the_sample_of_the_stream_is_read(company):
    assert company.run("OutboxFunction", event_of("outbox/journal_stream")) == {"batchItemFailures": []}
    (mail,) = company.aws.messages("MailQueue")
    assert mail == json.loads(event_of("email_dispatch/invitation")["Records"][0]["body"])
    (contact,) = company.aws.messages("ErpContactQueue")
    assert contact == json.loads(event_of("erp_push/create_contact")["Records"][0]["body"])


def test_a_stream_record_without_effects_is_passed_over(company):
    event = event_of("outbox/journal_stream")
    del event["Records"][0]["dynamodb"]["NewImage"]["pending"]
    event["Records"].append({**event["Records"][0], "eventName": "REMOVE", "dynamodb": {"SequenceNumber": "2"}})
    assert company.run("OutboxFunction", event) == {"batchItemFailures": []}
    assert company.aws.messages("MailQueue") == []


def test_one_bad_stream_record_fails_alone(company):
    event = event_of("outbox/journal_stream")
    good = event["Records"][0]["dynamodb"]["NewImage"]
    unreadable = {key: value for key, value in good.items() if key != "at"}
    unknown = {**good, "effects": {"L": [{"M": {**good["effects"]["L"][0]["M"], "kind": {"S": "telegram"}}}]}}
    images = {"1": good, "2": unreadable, "3": good, "4": unknown}
    event["Records"] = [
        {**event["Records"][0], "dynamodb": {"NewImage": image, "SequenceNumber": number}}
        for number, image in images.items()
    ]
    failed = company.run("OutboxFunction", event)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]}
    assert len(company.aws.messages("MailQueue")) == 2


def test_the_sweeper_queues_what_the_stream_lost_and_tells_how_old_it_is(company, capsys):
    entry = an_entry(
        company_id=COMPANY,
        at=datetime.now(UTC) - timedelta(minutes=5),
        effects=(new_effect("identity", datetime.now(UTC), user_id=MAIN),),
    )
    item = company.journal.write(entry).request["Put"]
    company.aws.client("dynamodb").put_item(**item)
    assert company.run("SweeperFunction", event_of("outbox/every_minute")) is None
    assert [message["data"] for message in company.aws.messages("IdentityQueue")] == [{"user_id": MAIN}]
    assert _effects(company) == []
    told = json.loads(capsys.readouterr().out)
    alarm = company.aws.template["Resources"]["OldestPendingAlarm"]["Properties"]
    assert told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == alarm["Namespace"]
    assert 300 <= told[alarm["MetricName"]][0] < 360
    (dimensions,) = told["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert set(dimensions) == {dimension["Name"] for dimension in alarm["Dimensions"]}
    assert told["service"] == alarm["Dimensions"][0]["Value"]
    assert told["stage"] == company.aws.environment("SweeperFunction")["STAGE"]


def test_the_sweeper_leaves_young_entries_to_the_stream(company, capsys):
    company.call(event_of("users/request_user"))
    company.run("SweeperFunction", event_of("outbox/every_minute"))
    assert company.aws.messages("MailQueue") == []
    assert json.loads(capsys.readouterr().out)["OldestPendingSeconds"] == [0.0]


def test_an_invitation_is_mailed_once(company):
    for _ in range(2):
        assert company.run("EmailDispatchFunction", event_of("email_dispatch/invitation")) == {"batchItemFailures": []}
    ((recipients, html),) = company.aws.mails()
    assert recipients == ["nina.neu@fresh.example"]
    assert f"https://shop.example.com/invitation#token={FRESH}." in html
    assert company.store.user(FRESH).invitation.sent_at


def test_a_code_is_mailed_once(stage):
    _attempt_with_code(stage, None)
    for _ in range(2):
        event = event_of("email_dispatch/activation_code")
        assert stage.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    ((recipients, html),) = stage.aws.mails()
    assert recipients == [EMAIL]
    assert re.search(r"\b\d{6}\b", html)


@pytest.mark.parametrize("sample", ["bounce", "complaint", "bounce_of_an_identity"])
def test_feedback_of_ses_reaches_the_invitation(company, sample):
    for _ in range(2):
        event = event_of(f"email_feedback/{sample}")
        assert company.run("EmailFeedbackFunction", event) == {"batchItemFailures": []}
    assert _is_bounced(company, FRESH)
    (entry,) = [entry for entry in company.journal.entries(COMPANY) if entry.actor.actor_id == "email_feedback"]
    assert entry.action == ("invitation.complained" if sample == "complaint" else "invitation.bounced")


def test_the_old_address_is_told_and_the_new_one_asked_once(company):
    for _ in range(2):
        event = event_of("email_dispatch/email_confirmation")
        assert company.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    (old, notice), (new, confirmation) = company.aws.mails()
    assert (old, new) == ([company.store.user(BUYER).email], ["b@fresh.example"])
    link = f"https://shop.example.com/email#token={BUYER}."
    assert (link in confirmation, link in notice) == (True, False)
    assert company.store.user(BUYER).email_change.sent_at


def test_who_hands_over_is_told_once(company):
    for _ in range(2):
        event = event_of("email_dispatch/main_contact_handed_over")
        assert company.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    ((recipients, html),) = company.aws.mails()
    assert recipients == [EMAIL]
    assert company.store.user(LEAVING).name in html


def test_a_login_is_brought_in_line(company):
    company.has_login(DEACTIVATED)
    for _ in range(2):
        assert company.run("ReconcileFunction", event_of("reconcile/align_login")) == {"batchItemFailures": []}
    assert company.aws.logins()[DEACTIVATED][0] is False


def test_the_logins_of_a_company_are_queued_one_by_one(company):
    for _ in range(2):
        assert company.run("ReconcileFunction", event_of("reconcile/align_company")) == {"batchItemFailures": []}
        queued = [message["data"] for message in company.aws.messages("IdentityQueue")]
        assert queued == [{"user_id": user_id, "company_changed": "yes"} for user_id in (MAIN, BUYER, LEAVING)]


def test_a_requested_user_becomes_one_contact_of_the_erp(company, erp):
    for _ in range(2):
        assert company.run("ErpPushFunction", event_of("erp_push/create_contact")) == {"batchItemFailures": []}
    created = [contact for contact in erp.erp.customers["10000"].contacts if contact.email == "nina.neu@fresh.example"]
    assert [contact.number for contact in created] == [company.store.user(FRESH).contact_number]


# Messages that no version of ours ever sent; they end in the dead-letter queue.
BAD_MESSAGES = (
    "{",
    "[]",
    {"effect_id": "1"},
    {"effect_id": "1", "kind": "mail", "data": {}, "more": 1},
    {"effect_id": "1", "kind": "mail", "data": {}},
)


@pytest.mark.parametrize(
    ("function", "sample", "is_done"),
    [
        ("EmailDispatchFunction", "email_dispatch/invitation", lambda stage: len(stage.aws.mails()) == 1),
        ("EmailFeedbackFunction", "email_feedback/bounce", lambda stage: _is_bounced(stage, FRESH)),
        ("ReconcileFunction", "reconcile/align_login", lambda stage: not stage.aws.logins()[DEACTIVATED][0]),
        ("ErpPushFunction", "erp_push/create_contact", lambda stage: stage.store.user(FRESH).contact_number),
        (
            "CustomerSyncFunction",
            "customer_sync/customer_updated",
            lambda stage: not stage.store.company(COMPANY).customer_center,
        ),
    ],
    ids=["mail", "feedback", "login", "contact", "event"],
)
def test_bad_messages_fail_alone(company, function, sample, is_done):
    company.has_login(DEACTIVATED)
    assert not is_done(company)
    good = event_of(sample)["Records"][0]["body"]
    failed = company.run(function, queue_event(sample, *BAD_MESSAGES, good))
    expected = [f"message-{number}" for number in range(len(BAD_MESSAGES))]
    assert failed == {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in expected]}
    assert is_done(company)


def _is_bounced(stage, user_id):
    return stage.store.user(user_id).invitation.status is InvitationStatus.BOUNCED


def test_a_batch_in_which_everything_fails_is_answered_the_same_way(company):
    failed = company.run("EmailDispatchFunction", queue_event("email_dispatch/invitation", "{", "["))
    assert failed == {"batchItemFailures": [{"itemIdentifier": "message-0"}, {"itemIdentifier": "message-1"}]}


def test_a_contact_is_created_later_when_the_erp_is_down(company, erp):
    erp.modes.set({"mode": "offline"})
    failed = company.run("ErpPushFunction", event_of("erp_push/create_contact"))
    assert len(failed["batchItemFailures"]) == 1
    assert company.store.user(FRESH).contact_number is None


def test_the_main_job_from_function_to_function(stage):
    """Activation, code by mail, invitation by mail, acceptance: each function gets what the one before it left."""

    def mail():
        assert stage.run("OutboxFunction", stage.stream_event()) == {"batchItemFailures": []}
        event = stage.queue_event("MailQueue", "email_dispatch/invitation")
        assert stage.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
        return stage.aws.mails()[-1][1]

    stage.call(event_of("activation/activate"))
    code = re.search(r"\b(\d{6})\b", re.sub("<style.*?</style>|#[0-9a-f]{6}", "", mail(), flags=re.DOTALL))[1]
    activated = stage.call(_with_body("activation/activate", code=code)).body["user"]["user_id"]
    invited = stage.call(_as(activated, event_of("erp_contacts/invite"))).body["user_id"]
    token = re.search(r"#token=([\w.-]+)", mail())[1]
    accepted = stage.call(_with_body("invitations/accept", token=token))
    assert accepted.body["user"]["user_id"] == invited
    assert stage.call(_as(invited, event_of("users/me"))).body["user"]["status"] == "active"
    identities = stage.stream_event()
    assert stage.run("OutboxFunction", identities) == {"batchItemFailures": []}
    event = stage.queue_event("IdentityQueue", "reconcile/align_login")
    assert stage.run("ReconcileFunction", event) == {"batchItemFailures": []}
    assert stage.aws.logins() == {activated: (True, "CONFIRMED"), invited: (True, "CONFIRMED")}


# Requests made of samples

GONE = object()


def _with_raw(path, text, *, encoded=False):
    event = event_of(path)
    event["isBase64Encoded"] = encoded
    if text is None:
        del event["body"]
    else:
        event["body"] = text
    return event


def _with_body(path, **changed):
    body = json.loads(event_of(path)["body"]) | changed
    return _with_raw(path, json.dumps({name: value for name, value in body.items() if value is not GONE}))


def _with_query(path, **query):
    event = event_of(path)
    event["queryStringParameters"] = query
    return event


def _with_path(path, name, value):
    """The gateway decodes both, so a raw path may look like another route's."""
    event = event_of(path)
    event["rawPath"] = event["rawPath"].replace(event["pathParameters"][name], value)
    event["pathParameters"] = {name: value}
    return event


def _as(user_id, event):
    if user_id is None:
        del event["requestContext"]["authorizer"]
    else:
        event["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = user_id
    return event


def _with_header(event, name, value):
    event["headers"][name] = value
    return event


# Bad input: bodies


def _refuses(stage, event, status, code, *errors, parameters=None):
    """The request gets that problem, and nothing is stored but that it was refused."""
    before = stage.records()
    reply = stage.call(event, **parameters or {})
    assert_problem(reply, event, status, code, *errors)
    assert stage.records() == before
    return reply


BODIES = [
    "invitations/accept",
    "invitations/confirm_email",
    "users/request_user",
    "users/edit",
    "users/hand_over",
    "erp_contacts/invite",
]
WRITES = [
    *BODIES,
    "users/deactivate",
    "users/activate",
    "users/delete",
    "users/resend_invitation",
    "users/revoke_invitation",
]
# An edit, a deletion, a revocation is meant for one version.
VERSIONED = ["users/edit", "users/delete", "users/revoke_invitation"]
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
    "byte-order-mark": ("\ufeff{}", 400, "json-invalid", []),
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
    _refuses(stage, _with_raw("activation/activate", text), status, code, *errors)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("kind", ["half", "list", "4-mb-and-one"])
def test_a_body_that_is_no_json_object_is_refused_by_every_route(company, path, kind):
    text, status, code, errors = UNREADABLE[kind]
    _refuses(company, _with_raw(path, text), status, code, *errors)


@pytest.mark.parametrize(("text", "status", "code"), ENCODED.values(), ids=ENCODED)
def test_an_encoded_body_that_cannot_be_read_is_refused(stage, text, status, code):
    _refuses(stage, _with_raw("activation/activate", text, encoded=True), status, code)


def test_an_encoded_body_is_read(stage):
    body = event_of("activation/activate")["body"]
    event = _with_raw("activation/activate", base64.b64encode(body.encode()).decode(), encoded=True)
    assert stage.call(event).status == 202


def test_a_body_of_4_mb_is_read(company):
    body = event_of("users/request_user")["body"]
    event = _with_raw("users/request_user", body + " " * (MAX_BODY_BYTES - len(body)))
    assert company.call(event).status == 201


# Bad input: fields, by what is changed in the sample's body

TEXTS = {
    "a-number": (1, "text"),
    "a-list": (["x"], "text"),
    "an-object": ({"x": "y"}, "text"),
    "true": (True, "text"),
    "empty": ("", "too-short"),
    "only-blanks": (" \t ", "too-short"),
    "nul": ("a\x00b", "unprintable"),
    "line-break": ("a\nb", "unprintable"),
    "escape": ("a\x1b[2Jb", "unprintable"),
    "right-to-left": ("a\u202eb", "unprintable"),
    "not-utf-8": ("M\ufffdller", "unprintable"),
    "invisible": ("\u200b\u200d", "unprintable"),
    "line-separator": ("a\u2028b", "unprintable"),
    "private-use": ("a\ue000b", "unprintable"),
    "unassigned": ("a\U0003ffffb", "unprintable"),
}
EMAILS = {
    "a-number": (1, "text"),
    "empty": ("", "too-short"),
    "no-at": ("max.mustermann", "email"),
    "two-ats": ("max@muster@handel.example", "email"),
    "no-domain": ("max@", "email"),
    "no-local-part": ("@musterhandel.example", "email"),
    "no-dot": ("max@localhost", "email"),
    "display-name": ("Max <max@musterhandel.example>", "email"),
    "two-addresses": ("max@musterhandel.example,eve@evil.example", "email"),
    "header-injection": ("max@musterhandel.example\r\nBcc: eve@evil.example", "unprintable"),
    "blank-inside": ("max mustermann@musterhandel.example", "email"),
    "dots-at-the-end": ("max.@musterhandel.example", "email"),
    "beyond-ascii-before-the-at": ("mäx@musterhandel.example", "email"),
    "too-long": ("a" * 250 + "@x.example", "too-long"),
    "ip-address": ("max@[127.0.0.1]", "email"),
    "nul": ("max\x00@musterhandel.example", "unprintable"),
}
ROLES = {
    "missing": (GONE, "/roles", "required"),
    "null": (None, "/roles", "invalid"),
    "none": ([], "/roles", "too-short"),
    "unknown": (["admin"], "/roles/0", "unknown-value"),
    "one-unknown": (["buyer", "root"], "/roles/1", "unknown-value"),
    "a-text": ("buyer", "/roles", "invalid"),
    "a-number": ([1], "/roles/0", "unknown-value"),
    "not-for-giving": (["business_user"], "/roles", "role-not-assignable"),
}
MONEY = {
    "zero": ({"amount": "0", "currency": "EUR"}, "/amount", "out-of-range"),
    "below-zero": ({"amount": "-1", "currency": "EUR"}, "/amount", "out-of-range"),
    "three-decimals": ({"amount": "1.005", "currency": "EUR"}, "/amount", "out-of-range"),
    "a-thousand-to-some": ({"amount": "1.000", "currency": "EUR"}, "/amount", "out-of-range"),
    "too-large": ({"amount": "12345678901.00", "currency": "EUR"}, "/amount", "out-of-range"),
    "no-number": ({"amount": "a lot", "currency": "EUR"}, "/amount", "number"),
    "nan": ({"amount": float("nan"), "currency": "EUR"}, "/amount", "text"),
    "nan-as-text": ({"amount": "NaN", "currency": "EUR"}, "/amount", "number"),
    "infinity": ({"amount": float("inf"), "currency": "EUR"}, "/amount", "text"),
    "true": ({"amount": True, "currency": "EUR"}, "/amount", "text"),
    "a-json-number": ({"amount": 100.5, "currency": "EUR"}, "/amount", "text"),
    "small-letters": ({"amount": "1.00", "currency": "eur"}, "/currency", "invalid"),
    "no-currency": ({"amount": "1.00"}, "/currency", "required"),
    "bare-number": (500, "", "object"),
    "more": ({"amount": "1.00", "currency": "EUR", "tax": "19"}, "/tax", "unknown-field"),
}
PASSWORDS = {
    "missing": (GONE, "required"),
    "null": (None, "text"),
    "a-number": (1234567890123, "text"),
    "nine-characters": ("123456789", "too-short"),
    "129-characters": ("x" * 129, "too-long"),
    "blank-before": (" a long enough one", "password-policy"),
    "line-break-after": ("a long enough one\n", "password-policy"),
}


@pytest.mark.parametrize(("value", "code"), TEXTS.values(), ids=TEXTS)
def test_a_bad_text_is_told_where_it_is(stage, value, code):
    _refuses(stage, _with_body("activation/activate", name=value), 422, "invalid-input", ("/name", code))


@pytest.mark.parametrize("field", ["customer_number", "invoice_number", "salutation", "contact_number"])
@pytest.mark.parametrize("kind", ["a-number", "only-blanks", "nul"])
def test_every_text_is_held_to_the_same_rules(stage, field, kind):
    value, code = TEXTS[kind]
    _refuses(stage, _with_body("activation/activate", **{field: value}), 422, "invalid-input", (f"/{field}", code))


@pytest.mark.parametrize(("value", "code"), EMAILS.values(), ids=EMAILS)
def test_a_bad_email_is_refused(stage, value, code):
    _refuses(stage, _with_body("activation/activate", email=value), 422, "invalid-input", ("/email", code))


@pytest.mark.parametrize("path", ["activation/activate", "users/request_user", "users/edit", "erp_contacts/invite"])
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "ä" * 51, "too-long"),
        ("name", "a\nb", "unprintable"),
        ("email", "max@", "email"),
        ("email", "max@x.example\r\nBcc: eve@evil.example", "unprintable"),
        ("salutation", "dr", "unknown-value"),
    ],
)
def test_people_are_named_by_the_same_rules_everywhere(company, path, field, value, code):
    _refuses(company, _with_body(path, **{field: value}), 422, "invalid-input", (f"/{field}", code))


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\%2e%2e", "{permission} %s <b>", "O'Neil-Ünlü & Söhne 😀"])
def test_a_name_is_only_a_name(company, name):
    reply = company.call(_with_body("users/request_user", name=name))
    assert (reply.status, reply.body["name"]) == (201, name)
    assert company.store.user(reply.body["user_id"]).name == name


@pytest.mark.parametrize(("value", "pointer", "code"), ROLES.values(), ids=ROLES)
def test_no_or_unknown_roles_are_refused(company, value, pointer, code):
    """001: "at least one role is selected."."""
    _refuses(company, _with_body("users/request_user", roles=value), 422, "invalid-input", (pointer, code))


def test_a_role_that_is_named_twice_counts_once(company):
    reply = company.call(_with_body("users/request_user", roles=["buyer", "buyer"]))
    assert (reply.status, reply.body["roles"]) == (201, ["buyer"])


@pytest.mark.parametrize("kind", ["null", "none", "one-unknown", "not-for-giving"])
def test_no_or_unknown_roles_are_refused_for_an_edit(company, kind):
    value, pointer, code = ROLES[kind]
    _refuses(company, _with_body("users/edit", roles=value), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize("field", ["salutation", "name", "email", "language"])
def test_what_a_user_cannot_be_without_cannot_be_taken_away(company, field):
    """001: "the required fields "Salutation", "Name" and "E-Mail" are set."."""
    for value, code in ((None, "text"), ("", "too-short")):
        _refuses(company, _with_body("users/edit", **{field: value}), 422, "invalid-input", (f"/{field}", code))


@pytest.mark.parametrize("kind", ["none", "not-for-giving"])
def test_no_or_unknown_roles_are_refused_for_a_contact(company, kind):
    value, pointer, code = ROLES[kind]
    _refuses(company, _with_body("erp_contacts/invite", roles=value), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize(("value", "pointer", "code"), MONEY.values(), ids=MONEY)
def test_a_bad_budget_is_refused(company, value, pointer, code):
    event = _with_body("users/request_user", budgets={"per_order": value})
    _refuses(company, event, 422, "invalid-input", (f"/budgets/per_order{pointer}", code))


def test_budgets_of_two_currencies_are_refused(company):
    budgets = {"per_order": {"amount": "1.00", "currency": "EUR"}, "per_month": {"amount": "1.00", "currency": "CHF"}}
    event = _with_body("users/request_user", budgets=budgets)
    _refuses(company, event, 422, "invalid-input", ("/budgets/per_month/currency", "currency-differs"))


@pytest.mark.parametrize("path", ["activation/activate", "invitations/accept"])
@pytest.mark.parametrize(("value", "code"), PASSWORDS.values(), ids=PASSWORDS)
def test_a_bad_password_is_refused_and_not_repeated(stage, path, value, code):
    reply = _refuses(stage, _with_body(path, password=value), 422, "invalid-input", ("/password", code))
    assert str(value) not in reply.text


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", "１２３４５６", ""])  # noqa: RUF001 # full-width digits
def test_a_code_of_another_form_is_refused(stage, code):
    _refuses(stage, _with_body("activation/activate", code=code), 422, "invalid-input", ("/code", "invalid"))


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
    _refuses(company, _with_body(path, **{field: "x"}), 422, "invalid-input", (f"/{field}", "unknown-field"))


def test_a_pointer_is_escaped_as_its_rfc_says(company):
    event = _with_body("users/request_user", **{"a/b~c": 1})
    _refuses(company, event, 422, "invalid-input", ("/a~1b~0c", "unknown-field"))


def test_everything_wrong_is_told_at_once(company):
    event = _with_raw("users/request_user", '{"name": 1, "email": "x", "more": true}')
    wrong = [
        ("/name", "text"),
        ("/email", "email"),
        ("/more", "unknown-field"),
        ("/roles", "required"),
        ("/salutation", "required"),
    ]
    _refuses(company, event, 422, "invalid-input", *wrong)


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
    event = _with_header(_with_raw("activation/activate", "{"), "accept-language", asked)
    assert_problem(stage.call(event), event, 400, "json-invalid", language=language)


def test_a_refusal_is_one_log_line_of_ids(company):
    event = _with_body("users/request_user", name="")
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


# Bad input: queries, paths, preconditions

QUERIES = {
    "limit-0": ({"limit": "0"}, "/limit", "out-of-range"),
    "limit-101": ({"limit": "101"}, "/limit", "out-of-range"),
    "limit-below-zero": ({"limit": "-1"}, "/limit", "out-of-range"),
    "limit-abc": ({"limit": "abc"}, "/limit", "number"),
    "limit-empty": ({"limit": ""}, "/limit", "number"),
    "limit-twice": ({"limit": "1,2"}, "/limit", "number"),
    "limit-half": ({"limit": "1.5"}, "/limit", "number"),
    "limit-nan": ({"limit": "NaN"}, "/limit", "number"),
    "limit-huge": ({"limit": "9" * 5000}, "/limit", "out-of-range"),
    "unknown": ({"company_id": OTHER_COMPANY}, "/company_id", "unknown-field"),
    "cursor-too-long": ({"cursor": "x" * 2001}, "/cursor", "too-long"),
    "cursor-lone-surrogate": ({"cursor": "\ud800"}, "/cursor", "invalid"),
    "status": ({"status": "gone"}, "/status", "unknown-value"),
    "invitation": ({"invitation": "lost"}, "/invitation", "unknown-value"),
    "role": ({"role": "buyer,approver"}, "/role", "unknown-value"),
    "sort": ({"sort": "NAME"}, "/sort", "unknown-value"),
    "sort-empty": ({"sort": ""}, "/sort", "unknown-value"),
    "q-empty": ({"q": ""}, "/q", "too-short"),
    "q-too-long": ({"q": "x" * 101}, "/q", "too-long"),
    "q-nul": ({"q": "a\x00"}, "/q", "unprintable"),
}


_EVERYBODY = (UserFilter(), UserSort.CREATED)


def _forged(**values):
    return cursor_of(to_item(values))


CURSORS = {
    "empty": "",
    "not-base64": "!!!",
    "not-json": base64.urlsafe_b64encode(b"{").decode(),
    "no-object": base64.urlsafe_b64encode(b"[]").decode(),
    "nested": base64.urlsafe_b64encode(b"[" * 1000).decode(),
    "not-utf-8": base64.urlsafe_b64encode(b"\xff").decode(),
    "surrogate": written_cursor(["\ud800"], (COMPANY, *_EVERYBODY)),
    "of-another-company": written_cursor([STRANGER], (OTHER_COMPANY, *_EVERYBODY)),
    "at-another-company": written_cursor([STRANGER], (COMPANY, *_EVERYBODY)),
    "of-another-query": written_cursor([MAIN], (COMPANY, UserFilter(role=Role.BUYER), UserSort.CREATED)),
    "of-another-order": written_cursor(["max", MAIN], (COMPANY, UserFilter(), UserSort.NAME)),
    "of-the-contacts": _forged(pk=COMPANY, sk="contact#1", listing=f"{COMPANY}#contacts", listing_key="a"),
    "no-user": written_cursor(["company"], (COMPANY, *_EVERYBODY)),
    "beyond-ascii": "ü",
}
CONTACT_CURSORS = {
    "not-base64": "!!!",
    "of-another-company": _forged(
        pk=OTHER_COMPANY, sk="contact#1", listing=f"{OTHER_COMPANY}#contacts", listing_key="a"
    ),
    "of-the-users": _forged(pk=COMPANY, sk=f"user#{MAIN}"),
    "of-another-kind": _forged(pk=COMPANY, sk="company", listing=f"{COMPANY}#contacts", listing_key="a"),
}


@pytest.mark.parametrize(("query", "pointer", "code"), QUERIES.values(), ids=QUERIES)
def test_a_bad_query_is_told_where_it_is(company, query, pointer, code):
    _refuses(company, _with_query("users/list_users", **query), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize(
    ("query", "code"), [({"limit": "101"}, "out-of-range"), ({"refresh": "perhaps"}, "boolean")], ids=str
)
def test_a_bad_query_for_contacts_is_told_where_it_is(company, query, code):
    (name,) = query
    _refuses(company, _with_query("erp_contacts/list_contacts", **query), 422, "invalid-input", (f"/{name}", code))


TABLES = {
    "nothing": (None, 400, "csv-invalid"),
    "empty": ("", 400, "csv-invalid"),
    "json": ("{}", 400, "csv-invalid"),
    "another-column": ("salutation,roles,password\nmr,buyer,x", 400, "csv-invalid"),
    "no-roles": ("salutation,name,email\nmr,Nina,n@x.example", 400, "csv-invalid"),
    "open-quote": ('salutation,roles\n"mr,buyer', 400, "csv-invalid"),
    "201-rows": ("salutation,roles\n" + "mr,buyer\n" * 201, 422, "csv-too-long"),
    "4-mb-and-one": ("x" * (MAX_BODY_BYTES + 1), 413, "body-too-large"),
}


@pytest.mark.parametrize(("text", "status", "code"), TABLES.values(), ids=TABLES)
def test_a_table_that_cannot_be_read_is_refused(company, text, status, code):
    _refuses(company, _with_raw("erp_contacts/import_users", text), status, code)


def test_a_table_in_another_encoding_is_refused(company):
    text = base64.b64encode("salutation,roles,name\nmr,buyer,Müller".encode("latin-1")).decode()
    _refuses(company, _with_raw("erp_contacts/import_users", text, encoded=True), 400, "csv-invalid")


def test_a_table_as_a_spreadsheet_program_writes_it_is_read(company):
    text = "\ufeffSalutation;Name;Email;Roles;Budget_per_order;Currency\r\nmr;Jürgen;j@x.example;buyer;100,50;EUR\r\n"
    event = _with_raw("erp_contacts/import_users", base64.b64encode(text.encode()).decode(), encoded=True)
    (row,) = company.call(event).body["rows"]
    assert (row["status"], row["email"]) == ("invited", "j@x.example")
    assert str(company.store.user(row["user_id"]).budgets.per_order.amount) == "100.50"


@pytest.mark.parametrize("query", [{"dry_run": "perhaps"}, {"dry_run": ""}, {"limit": "1"}], ids=repr)
def test_a_bad_query_for_an_import_is_told_where_it_is(company, query):
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = query
    (name,) = query
    code = "boolean" if name == "dry_run" else "unknown-field"
    _refuses(company, event, 422, "invalid-input", (f"/{name}", code))


AUDIT_QUERIES = {
    "limit": ({"limit": "9999"}, "/limit", "out-of-range"),
    "since": ({"since": "yesterday"}, "/since", "moment"),
    "without-a-zone": ({"since": "2026-11-24T10:00:00"}, "/since", "moment"),
    "a-day": ({"until": "2026-11-24"}, "/until", "moment"),
    "seconds-since-1970": ({"until": "1795515330.5"}, "/until", "moment"),
    "before-1970": ({"since": "-1"}, "/since", "moment"),
    "no-day": ({"until": "2026-02-30T00:00:00Z"}, "/until", "moment"),
    "subject-empty": ({"subject": ""}, "/subject", "too-short"),
    "action-too-long": ({"action": "x" * 101}, "/action", "too-long"),
    "unknown": ({"actor": MAIN}, "/actor", "unknown-field"),
}


@pytest.mark.parametrize("path", ["users/audit_trail", "users/export_audit_trail"])
@pytest.mark.parametrize(("query", "pointer", "code"), AUDIT_QUERIES.values(), ids=AUDIT_QUERIES)
def test_a_bad_query_for_the_audit_trail_is_told_where_it_is(company, path, query, pointer, code):
    _refuses(company, _with_query(path, **query), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1970-01-01T00:00:00Z"])
def test_the_audit_trail_can_be_asked_for_any_moment(company, moment):
    for name in ("since", "until"):
        assert company.call(_with_query("users/audit_trail", **{name: moment})).status == 200


@pytest.mark.parametrize("path", ["users/audit_trail", "users/export_audit_trail"])
@pytest.mark.parametrize("kind", ["not-base64", "of-another-company", "of-the-contacts", "no-user"])
def test_a_forged_cursor_of_the_audit_trail_is_refused(company, path, kind):
    _refuses(company, _with_query(path, cursor=CURSORS[kind]), 400, "cursor-invalid")


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
def test_a_forged_cursor_is_refused(company, cursor):
    _refuses(company, _with_query("users/list_users", cursor=cursor), 400, "cursor-invalid")


@pytest.mark.parametrize("cursor", CONTACT_CURSORS.values(), ids=CONTACT_CURSORS)
def test_a_forged_cursor_of_contacts_is_refused(company, cursor):
    company.store.save_contacts(COMPANY, [], datetime.now(UTC))
    _refuses(company, _with_query("erp_contacts/list_contacts", cursor=cursor), 400, "cursor-invalid")


FOREIGN_IDS = {
    "of-another-company": STRANGER,
    "of-nobody": NOBODY,
    "company-id": COMPANY,
    "short": "usr_x",
    "prefix-only": "usr_",
    "capital-letters": BUYER.upper(),
    "up": "..",
    "percent": "%",
    "percent-encoded": "%2e%2e",
    "blank": " ",
    "nul": "\x00",
    "key-of-a-contact": "contact#KT010001",
    "long": "usr_" + "0" * 3000,
}


@pytest.mark.parametrize("user_id", FOREIGN_IDS.values(), ids=FOREIGN_IDS)
def test_a_foreign_id_looks_like_one_that_does_not_exist(company, user_id):
    _refuses(company, _with_path("users/get_user", "user_id", user_id), 404, "not-found")


@pytest.mark.parametrize(
    "path", [path for path in HTTP_SAMPLES if event_of(path).get("pathParameters", {}).keys() == {"user_id"}]
)
def test_another_companys_user_gets_the_very_answer_of_one_who_does_not_exist(company, path):
    foreign, nobody = (
        _refuses(company, _with_path(path, "user_id", it), 404, "not-found") for it in (STRANGER, NOBODY)
    )
    assert foreign == nobody


CONTACT_NUMBERS = {
    "unknown": "KT999999",
    "of-another-customer": "KT020001",
    "the-company-itself": "KT010000",
    "path": "../KT010006",
    "slash": "KT/010006",
    "backslash": "KT\\010006",
    "percent": "KT%010006",
    "percent-encoded-slash": "KT%2F010006",
    "blank-around": " KT010006 ",
    "small-letters": "kt010006",
    "nul": "KT010006\x00",
    "hash": "KT#010006",
    "long": "K" * 3000,
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("number", CONTACT_NUMBERS.values(), ids=CONTACT_NUMBERS)
def test_a_contact_number_the_erp_does_not_have_is_not_found(company, number):
    _refuses(company, _with_path("erp_contacts/invite", "contact_number", number), 404, "contact-not-found")


@pytest.mark.parametrize("number", ["KT/1 ä", "KT#1?", "a+b", "ÄÖÜ-1"])
def test_a_contact_with_an_odd_number_can_be_invited(company, erp, number):
    erp.erp.change({"number": "10000", "add_contacts": [{"number": number, "name": "Odd", "email": "odd@x.example"}]})
    reply = company.call(_with_path("erp_contacts/invite", "contact_number", number))
    assert reply.status == 201
    assert reply.body["contact_number"] == number


@pytest.mark.parametrize("number", ["10000%", "../10000", "1 0000", "*", "<10000/>"])
def test_an_odd_customer_number_is_refused_like_a_wrong_one(stage, number):
    event = _with_body("activation/activate", customer_number=number)
    assert_problem(stage.call(event), event, 422, "activation-refused")
    assert stage.records() == {}


IF_MATCH = ['"1', "1", 'W/"1"', '"-1"', '"x"', '"1", "2"', "", '"9999999999"', '"2"', "**"]


@pytest.mark.parametrize(
    ("path", "if_match"),
    [
        *(("users/deactivate", it) for it in IF_MATCH),
        *((path, '"2"') for path in ("users/activate", "users/resend_invitation", "users/hand_over", *VERSIONED)),
    ],
)
def test_a_precondition_that_does_not_hold_changes_nothing(company, path, if_match):
    _refuses(company, _with_header(event_of(path), "if-match", if_match), 412, "version-changed")


@pytest.mark.parametrize("path", VERSIONED)
def test_what_is_meant_for_one_version_needs_to_say_which(company, path):
    event = event_of(path)
    del event["headers"]["if-match"]
    _refuses(company, event, 428, "precondition-required")
    assert company.call(_with_header(event_of(path), "if-match", "*")).status < 300


@pytest.mark.parametrize("if_match", ['"1"', "*", ' "1" '])
def test_a_precondition_that_holds_lets_the_change_through(company, if_match):
    company.has_login(LEAVING)
    assert company.call(_with_header(event_of("users/deactivate"), "if-match", if_match)).status == 200


# Bad input: who is asking

PERSON_SAMPLES = [path for path in HTTP_SAMPLES if "authorizer" in event_of(path)["requestContext"]]
PERMITTED_SAMPLES = [path for path in PERSON_SAMPLES if path not in ("users/me", "users/export_me")]
ADMIN_SAMPLES = [path for path in PERMITTED_SAMPLES if path != "users/company"]


@pytest.mark.parametrize("path", PERSON_SAMPLES)
@pytest.mark.parametrize(
    ("user_id", "code"), [(None, "forbidden"), (DEACTIVATED, "user-deactivated")], ids=["no-token", "deactivated"]
)
def test_every_route_for_people_refuses_who_is_none_of_them(company, path, user_id, code):
    _refuses(company, _as(user_id, event_of(path)), 403, code)


@pytest.mark.parametrize("user_id", ["", NOBODY, "admin", INVITED], ids=["no-name", "nobody", "no-id", "invited"])
def test_who_is_no_active_user_is_refused(company, user_id):
    _refuses(company, _as(user_id, event_of("users/me")), 403, "forbidden")


@pytest.mark.parametrize("path", PERMITTED_SAMPLES)
def test_who_lacks_the_permission_is_refused(company, path):
    _refuses(company, _as(BUYER, event_of(path)), 403, "permission-missing")


@pytest.mark.parametrize("path", ADMIN_SAMPLES)
def test_administration_is_refused_while_the_customer_center_is_off(company, path):
    company.aws.client("dynamodb").update_item(
        TableName=company.aws.physical("CompaniesTable"),
        Key=to_item({"pk": COMPANY, "sk": "company"}),
        UpdateExpression="SET customer_center = :off",
        ExpressionAttributeValues=to_item({":off": False}),
    )
    _refuses(company, event_of(path), 403, "customer-center-off")
    assert company.call(event_of("users/me")).status == 200


@pytest.mark.parametrize("path", ["users/deactivate", "users/delete", "users/edit"])
def test_nobody_takes_access_from_themself(company, path):
    _refuses(company, _with_path(path, "user_id", MAIN), 409, "own-account")


def test_nobody_hands_over_to_themself(company):
    _refuses(company, _with_body("users/hand_over", user_id=MAIN), 409, "own-account")


@pytest.mark.parametrize("path", ["users/request_user", "users/edit", "erp_contacts/invite"])
def test_an_email_in_use_is_refused(company, path):
    _refuses(company, _with_body(path, email="Nina.Neu@FRESH.example"), 409, "email-in-use")


@pytest.mark.parametrize("path", [*WRITES, "activation/activate"])
def test_a_write_that_another_one_keeps_crossing_is_asked_to_come_again(company, monkeypatch, path):
    def crossed(*args):
        raise InProgress("in-progress", retry_after=1)

    if path == "activation/activate":
        company.aws.restore(None)
    monkeypatch.setattr(table_store, "transact", crossed)
    event = event_of(path)
    reply = company.call(event)
    assert_problem(reply, event, 409, "in-progress")
    assert reply.headers["Retry-After"] == "1"


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


# Bad input: which machine is asking

MACHINE_SAMPLES = [path for path in HTTP_SAMPLES if path.startswith("machines/")]
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
    _refuses(company, event, 401, "unauthorized")


@pytest.mark.parametrize("path", MACHINE_SAMPLES)
def test_a_key_without_the_scope_is_refused(company, path):
    has_operator = OPERATOR_KEY in event_of(path)["headers"]["authorization"]
    other = SHOP_KEY if has_operator else OPERATOR_KEY
    _refuses(company, _shown(f"cck_{other}_{SECRET}", event_of(path)), 403, "scope-missing")


NO_COMPANIES = ["com_x", f"com_{'0' * 26}", "..", "x" * 3000, "\x00", "\ud800"]


@pytest.mark.parametrize("company_id", NO_COMPANIES, ids=lambda it: ascii(it[:20]))
@pytest.mark.parametrize("path", ["get_company", "get_company_user", "appoint", "close", "reopen"])
def test_a_company_that_is_not_there_is_not_found(company, path, company_id):
    event = event_of(f"machines/{path}")
    event["pathParameters"]["company_id"] = company_id
    _refuses(company, event, 404, "not-found")


@pytest.mark.parametrize("path", ["get_company_user", "appoint"])
def test_a_user_is_not_found_in_another_company(company, path):
    event = event_of(f"machines/{path}")
    event["pathParameters"]["company_id"] = OTHER_COMPANY
    _refuses(company, event, 404, "not-found")


@pytest.mark.parametrize("key_id", ["x", "0" * 26, "x" * 3000, "..", "\x00", "\ud800"], ids=lambda it: ascii(it[:20]))
@pytest.mark.parametrize("path", ["get_client_key", "rotate", "revoke"])
def test_a_client_key_that_is_not_there_is_not_found(company, path, key_id):
    _refuses(company, _with_path(f"machines/{path}", "key_id", key_id), 404, "not-found")


@pytest.mark.parametrize(
    ("path", "changed", "pointer", "code"),
    [
        ("unlock", {"customer_number": " "}, "/customer_number", "too-short"),
        ("unlock", {"customer_number": "x" * 41}, "/customer_number", "too-long"),
        ("appoint", {"user_id": GONE}, "/user_id", "required"),
        ("appoint", {"user_id": "x" * 101}, "/user_id", "too-long"),
        ("issue", {"name": ""}, "/name", "too-short"),
        ("issue", {"name": "a\nb"}, "/name", "unprintable"),
        ("issue", {"scopes": []}, "/scopes", "too-short"),
        ("issue", {"scopes": ["everything"]}, "/scopes/0", "unknown-value"),
        ("issue", {"accounts": [str(at) for at in range(101)]}, "/accounts", "too-long"),
        ("issue", {"accounts": [1]}, "/accounts/0", "text"),
        ("issue", {"product": ""}, "/product", "too-short"),
        ("issue", {"secret": "mine"}, "/secret", "unknown-field"),
        ("revoke", {"secret_hint": "x"}, "/secret_hint", "invalid"),
        ("revoke", {"secret_hint": "AAA~"}, "/secret_hint", "invalid"),
        ("revoke", {"secret_hint": "none"}, "/secret_hint", "unknown-value"),
    ],
)
def test_a_bad_body_of_an_operator_is_told_where_it_is(company, path, changed, pointer, code):
    _refuses(company, _with_body(f"machines/{path}", **changed), 422, "invalid-input", (pointer, code))


def test_a_company_is_looked_for_by_its_number(company):
    for query in ({}, {"customer_number": ""}, {"customer_number": "x" * 41}, {"name": "x"}):
        event = _with_query("machines/find_companies", **query)
        assert company.call(event).status == 422


# Bad input: tokens and codes

FORGED_TOKENS = {
    "wrong-secret": f"{INVITED}.{'x' * 43}",
    "no-secret": f"{INVITED}.",
    "no-dot": INVITED,
    "of-nobody": f"{NOBODY}.{SECRET}",
    "of-another-company": f"{STRANGER}.{SECRET}",
    "never-invited": f"{MAIN}.{SECRET}",
    "mail-not-sent": f"{FRESH}.{SECRET}",
    "dash-hash": f"{FRESH}.-",
    "only-a-dot": ".",
    "key-of-an-item": f"company.{SECRET}",
    "nul": f"{INVITED}.\x00",
    "beyond-ascii": f"{INVITED}.ü",
    "blank-at-the-end": f"{INVITED}.{SECRET} ",
}


@pytest.mark.parametrize("token", [*FORGED_TOKENS.values(), f"{LEAVING}.x", f"{BUYER}.-", f"{INVITED}.{SECRET}"])
def test_a_forged_token_confirms_no_email(company, token):
    _refuses(company, _with_body("invitations/confirm_email", token=token), 404, "confirmation-invalid")


def test_a_confirmation_too_late_is_gone(company):
    user = company.store.user(LEAVING)
    late = replace(user.email_change, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    company.store.change_user(user, user.changed(_soon(), email_change=late), an_entry(company_id=COMPANY))
    _refuses(company, event_of("invitations/confirm_email"), 410, "confirmation-expired")


def test_an_email_somebody_got_first_is_not_confirmed(company):
    company.store.add_user(
        a_user(user_id=user_id_of(78), company_id=COMPANY, email=NEW_EMAIL.upper()), an_entry(company_id=COMPANY)
    )
    _refuses(company, event_of("invitations/confirm_email"), 409, "email-in-use")


@pytest.mark.parametrize("token", FORGED_TOKENS.values(), ids=FORGED_TOKENS)
def test_a_forged_token_is_refused_whatever_is_wrong_with_it(company, token):
    _refuses(company, _with_body("invitations/accept", token=token), 404, "invitation-invalid")
    assert company.aws.logins() == {}


@pytest.mark.parametrize(
    ("token", "code"),
    [(GONE, "required"), (None, "text"), ("", "too-short"), ("x" * 201, "too-long"), (["x"], "text")],
    ids=["missing", "null", "empty", "too-long", "list"],
)
def test_a_token_of_another_form_is_refused(company, token, code):
    _refuses(company, _with_body("invitations/accept", token=token), 422, "invalid-input", ("/token", code))


@pytest.mark.parametrize(
    ("invitation", "code"),
    [
        ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "invitation-expired"),
        ({"status": InvitationStatus.REVOKED}, "invitation-revoked"),
        ({"status": InvitationStatus.ACCEPTED}, "invitation-used"),
    ],
    ids=["expired", "revoked", "used"],
)
def test_a_token_that_is_not_good_any_more_is_gone(company, invitation, code):
    user_id = user_id_of(77)
    given = {"expires_at": _soon() + timedelta(days=1), **invitation}
    user = an_invited_user(user_id=user_id, company_id=COMPANY, invitation=an_invitation(secret=SECRET, **given))
    company.store.add_user(user, an_entry(company_id=COMPANY))
    _refuses(company, _with_body("invitations/accept", token=f"{user_id}.{SECRET}"), 410, code)
    assert company.aws.logins() == {}


def test_a_token_is_used_once(company):
    company.call(event_of("invitations/accept"))
    event = _with_body("invitations/accept", password="another long password")
    _refuses(company, event, 410, "invitation-used")
    assert company.call(event_of("invitations/accept")).status == 200, "a repeat with the same password logs in"


def test_a_token_that_somebody_is_using_has_to_be_waited_for(company):
    company.store.claim_invitation(company.store.user(INVITED), a_claim(since=datetime.now(UTC)), datetime.now(UTC))
    reply = _refuses(company, event_of("invitations/accept"), 409, "in-progress")
    assert 1 <= int(reply.headers["Retry-After"]) <= 31


def test_a_wrong_code_is_refused_until_its_tries_are_used_up(stage):
    attempt = _attempt_with_code(stage, "654321")
    event = event_of("activation/activate_with_code")
    for _ in range(4):
        assert_problem(stage.call(event), event, 422, "code-invalid", ("/code", "invalid"))
    assert_problem(
        stage.call(event, ActivationRefusalsPerNetwork="100", ActivationCodeTries="4"), event, 422, "code-exhausted"
    )
    assert stage.store.attempt(attempt.key).tries == 4
    assert stage.store.company_of_number("10000") is None
    assert stage.aws.logins() == {}


def test_a_code_nobody_asked_for_is_refused(stage):
    event = event_of("activation/activate_with_code")
    assert_problem(stage.call(event), event, 422, "code-expired")
    assert stage.records() == {}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"invoice_number": "999999"}, 422, "activation-refused"),
        ({"invoice_number": "103021"}, 422, "activation-refused"),
        ({"customer_number": "99999"}, 422, "activation-refused"),
        ({"email": "eve@musterhandel.example"}, 409, "customer-center-managed"),
        ({"customer_number": "40000", "invoice_number": "403001"}, 409, "main-contact-missing"),
        ({"customer_number": "50000", "invoice_number": "503001"}, 409, "customer-blocked"),
    ],
)
def test_an_activation_the_erp_does_not_support_is_refused(stage, given, status, code):
    event = _with_body("activation/activate", **given)
    assert_problem(stage.call(event), event, status, code)
    assert stage.records() == {}


def test_an_activation_with_somebody_elses_contact_number_is_refused(stage):
    event = _with_body("activation/activate", contact_number="KT020001")
    assert_problem(stage.call(event), event, 422, "invalid-input", ("/contact_number", "unknown-contact"))
    assert stage.records() == {}


def test_refusals_are_limited_whatever_a_header_says_of_their_origin(stage):
    # A window in which no clock of this machine ends.
    window = {"ActivationRefusalsWindowSeconds": "86400000"}
    event = _with_body("activation/activate", invoice_number="999999")
    for host in range(5):
        _with_header(event, "x-forwarded-for", f"198.51.{host}.1")
        assert_problem(stage.call(event, **window), event, 422, "activation-refused")
    reply = stage.call(event, **window)
    assert_problem(reply, event, 429, "too-many-refusals")
    assert int(reply.headers["Retry-After"]) >= 1


def test_how_many_refusals_are_left_is_told_with_each_answer(stage):
    window = {"ActivationRefusalsWindowSeconds": "86400000"}
    for left in (4, 3):
        reply = stage.call(_with_body("activation/activate", invoice_number="999999"), **window)
        assert reply.headers["RateLimit"].startswith(f'"refusals-per-network";r={left};t=')
        assert reply.headers["RateLimit-Policy"] == (
            '"refusals-per-network";q=5;w=86400000, "refusals-per-day";q=50;w=86400'
        )
    reply = stage.call(event_of("activation/activate"), **window)
    assert (reply.status, reply.headers["RateLimit"].split(";")[1]) == (202, "r=3")


def test_links_that_nobody_sent_are_limited_by_network_and_good_ones_go_on_elsewhere(company):
    window = {"WrongLinksPerNetwork": "2", "WrongLinksWindowSeconds": "86400000"}
    wrong = _with_body("invitations/accept", token=f"{INVITED}.{'x' * 43}")
    for left in (1, 0):
        reply = company.call(wrong, **window)
        assert_problem(reply, wrong, 404, "invitation-invalid")
        assert reply.headers["RateLimit"].startswith(f'"wrong-links";r={left};t=')
    reply = _refuses(company, event_of("invitations/accept"), 429, "too-many-requests", parameters=window)
    assert reply.headers["RateLimit"] == f'"wrong-links";r=0;t={reply.headers["Retry-After"]}'
    _refuses(company, event_of("invitations/confirm_email"), 429, "too-many-requests", parameters=window)
    elsewhere = event_of("invitations/accept")
    elsewhere["requestContext"]["http"]["sourceIp"] = "198.51.100.1"
    assert company.call(elsewhere, **window).status == 200


MAILING = [
    "users/request_user",
    "users/resend_invitation",
    "users/edit",
    "users/hand_over",
    "erp_contacts/invite",
    "erp_contacts/import_users",
]


@pytest.mark.parametrize("path", MAILING)
def test_the_mails_that_people_cause_are_limited_by_company_and_hour(company, path):
    first = company.call(_with_body("users/request_user", email="first@x.example"), MailsPerHour="2")
    assert first.headers["RateLimit"] == '"mails-per-hour";r=1;t=3600'
    assert first.headers["RateLimit-Policy"] == '"mails-per-hour";q=2;w=3600'
    company.call(_with_body("users/request_user", email="second@x.example"), MailsPerHour="2")
    reply = _refuses(company, event_of(path), 429, "too-many-requests", parameters={"MailsPerHour": "2"})
    assert 3500 < int(reply.headers["Retry-After"]) <= 3600
    assert company.call(event_of(path), MailsPerHour="200").status < 300


def test_who_repeats_a_request_that_was_done_is_answered_although_the_mails_are_used_up(company):
    event = _with_header(event_of("users/request_user"), "idempotency-key", "once")
    first = company.call(event, MailsPerHour="1")
    assert company.call(event, MailsPerHour="1").body == first.body


# What the ERP does wrong

ERP_FAILURES = {
    "malformed": (502, "erp-malformed"),
    "entity-bomb": (502, "erp-malformed"),
    "wrong-encoding": (502, "erp-malformed"),
    "huge": (502, "erp-malformed"),
    "offline": (503, "erp-unavailable"),
    "failing": (503, "erp-unavailable"),
    "truncated": (503, "erp-unavailable"),
    "hang": (504, "erp-timeout"),
    "slow": (504, "erp-timeout"),
    "drip": (504, "erp-timeout"),
}
# At which of its messages the ERP fails, and for which request.
ERP_CALLS = {
    "activation-at-the-invoice": ("activation/activate", "invoice_detail"),
    "activation-at-the-contact": ("activation/activate_with_code", "select_contact"),
    "contacts": ("erp_contacts/list_contacts", "select_contact"),
    "invitation": ("erp_contacts/invite", "select_contact"),
}
ERP_CASES = {
    **{f"activation-at-the-customer-{mode}": ("activation/activate", "select_customer", mode) for mode in ERP_FAILURES},
    **{
        f"{name}-{mode}": (*call, mode) for name, call in ERP_CALLS.items() for mode in ("malformed", "offline", "hang")
    },
}


@pytest.mark.parametrize(("path", "message", "mode"), ERP_CASES.values(), ids=ERP_CASES)
def test_an_erp_that_fails_is_a_clear_problem_and_leaves_nothing_half_done(stage, population, erp, path, message, mode):
    status, code = ERP_FAILURES[mode]
    stage.aws.restore(population if path.startswith("erp_contacts") else None)
    if path == "activation/activate_with_code":
        _attempt_with_code(stage, "123456")
    before = stage.records()
    erp.modes.set({"mode": mode, "messages": [message], "seconds": 10})
    patience = "0.1" if status == 504 else "5"
    event = event_of(path)
    reply = stage.call(event, ErpTimeoutSeconds=patience)
    assert_problem(reply, event, status, code)
    assert ("Retry-After" in reply.headers) is (status == 503)
    after = stage.records()
    for item in after.values():
        item.pop("tries", None)  # a right code still counts as a try
    for item in before.values():
        item.pop("tries", None)
    assert after == before
    assert stage.aws.logins() == {}
    refusals = [item for (_, key, _), item in stage.aws.items().items() if key.startswith("refusals#")]
    assert all(item["day"] == {"N": "0"} for item in refusals), "the ERP's failure is nobody's refusal"


def test_contacts_are_shown_as_stale_while_the_erp_is_down(company, erp):
    first = company.call(event_of("erp_contacts/list_contacts")).body
    erp.modes.set({"mode": "offline"})
    reply = company.call(_with_query("erp_contacts/list_contacts", refresh="true"))
    assert reply.status == 200
    assert reply.body == {**first, "stale": True}


def test_an_erp_that_fell_silent_is_not_asked_again_for_a_while(stage, erp):
    erp.modes.set({"mode": "offline"})
    event = event_of("activation/activate")
    stage.call(event)
    asked = len(erp.requests)
    reply = stage.call(event)
    assert_problem(reply, event, 503, "erp-unavailable")
    assert 50 <= int(reply.headers["Retry-After"]) <= 60
    assert len(erp.requests) == asked


# What is not expected stays an exception


@pytest.mark.parametrize("path", HTTP_SAMPLES)
def test_an_error_of_ours_stays_an_exception(company, monkeypatch, path):
    def broken(*args, **kwargs):
        raise RuntimeError("a bug")

    for method in ("user", "reserve_refusal"):
        monkeypatch.setattr(CompanyStore, method, broken)
    monkeypatch.setattr(ClientKeyStore, "key", broken)
    monkeypatch.setattr(webhooks_adapter, "source_keys", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        company.call(event_of(path))


def test_a_table_that_is_not_there_is_an_exception(company, monkeypatch):
    _, handler = company.sandboxes.start("UsersFunction")
    monkeypatch.setenv("COMPANIES_TABLE", "nowhere")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        handler(event_of("users/me"), Context("UsersFunction"))
