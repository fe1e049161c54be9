"""The Customer List through its functions: customers, products, sources of webhooks, follow-up and push."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from customer_center.connectors.webhook import connector
from customer_center.customers.fields import FIELDS
from customer_center.platform.clock import SystemClock
from customer_center.platform.dynamodb import from_item
from customer_center.platform.outbound_urls import Reply, Target
from tests.builders.webhooks import OTHER_SECRET, signed
from tests.builders.webhooks import SECRET as WEBHOOK_SECRET
from tests.integration.aws import Context, event_of
from tests.integration.functions.requests_of_samples import with_body, with_header, with_query
from tests.integration.functions.stage import queue_event
from tests.integration.population import ACCOUNT, CONFLICT, CUSTOMER, HIDDEN, PRODUCT_KEY, SOURCE, SOURCE_KEYS

READS = [
    "customers/list",
    "customers/search",
    "customers/changes",
    "customers/look_up",
    "customers/get",
    "customers/history",
    "customers/sources",
    "conflicts/list",
    "conflicts/get",
    "conflicts/preview",
    "customers/consent",
    "products/list_refused_events",
    "products/get_product",
    "products/list_products",
    "products/list_failures",
    "products/list_sources",
    "products/get_source",
]
WRITES = [
    "customers/create",
    "customers/edit",
    "customers/delete",
    "customers/edit_looked_up",
    "customers/delete_looked_up",
    "conflicts/keep_separate",
    "conflicts/dismiss",
    "conflicts/merge_conflict",
    "conflicts/merge_customers",
    "conflicts/unmerge",
    "customers/put_external_id",
    "customers/remove_external_id",
    "customers/leave_account",
    "products/put_product",
    "products/pause",
    "products/resume",
    "products/redrive",
    "products/rotate_product",
    "products/remove_product",
    "products/add_source",
    "products/rotate_source",
    "products/remove_source",
]
GOOD = {"customers/create": 201, "products/add_source": 201}
NO_CONTENT = {"customers/delete", "customers/delete_looked_up", "products/remove_product", "products/remove_source"}


@pytest.fixture(autouse=True)
def _secrets(company):
    """Only the source of the samples has a secret, which is the ERP's: moto's memory of SSM outlives a test."""
    ssm = company.aws.client("ssm")
    made = ssm.get_parameters_by_path(Path="/customer-center/test/customer-list", Recursive=True)["Parameters"]
    for parameter in made:
        ssm.delete_parameter(Name=parameter["Name"])
    ssm.put_parameter(Name=SOURCE_KEYS, Value=json.dumps({"secrets": [WEBHOOK_SECRET]}), Type="SecureString")


@pytest.fixture
def told(company, monkeypatch):
    """What products are told: (address, event) each. Names are not resolved."""
    calls = []

    def post(target, body, headers, seconds):
        calls.append((target.host, json.loads(body)))
        return Reply(204, {})

    monkeypatch.setattr(connector, "resolved", lambda url, loopback: Target("https", url, 443, "/", "203.0.113.1"))
    monkeypatch.setattr(
        connector.WebhookConnector.__init__, "__kwdefaults__", {"loopback": False, "call": post, "seconds": 1.0}
    )
    return calls


def follow_up(company, stream=None):
    """Run what follows a change: outbox, follow-up, pushes. Return the failed messages."""
    assert company.run("OutboxFunction", stream or company.stream_event()) == {"batchItemFailures": []}
    changed = company.aws.messages("CustomerFollowUpQueue")
    event = queue_event("customer_follow_up/customer_changed", *changed)
    assert company.run("CustomerFollowUpFunction", event) == {"batchItemFailures": []}
    pointers = company.aws.messages("ProductPushQueue")
    return company.run("ProductPushFunction", queue_event("product_push/pointer", *pointers))


@pytest.fixture
def later(monkeypatch):
    """Let time pass for the functions."""

    def pass_by(**time):
        monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + timedelta(**time))

    return pass_by


@pytest.mark.parametrize("path", [*READS, *WRITES])
def test_a_sample_request_gets_a_good_answer(company, path):
    reply = company.call(event_of(path))
    assert reply.status == (204 if path in NO_CONTENT else GOOD.get(path, 200))


@pytest.mark.parametrize("path", [*READS, *WRITES])
def test_another_account_is_not_there(company, path):
    event = event_of(path)
    event["queryStringParameters"] = event.get("queryStringParameters", {}) | {"account_id": "AG-2"}
    company.refuses(event, 404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "customers/edit",
        "customers/delete",
        "customers/edit_looked_up",
        "customers/delete_looked_up",
        "customers/remove_external_id",
        "customers/leave_account",
        "products/remove_product",
        "products/remove_source",
    ],
)
def test_a_change_is_meant_for_one_version(company, path):
    company.refuses(with_header(event_of(path), "if-match", '"7"'), 412, "version-changed")
    event = event_of(path)
    del event["headers"]["if-match"]
    company.refuses(event, 428, "precondition-required")


def test_a_repeated_creation_creates_once(company):
    event = with_header(event_of("customers/create"), "idempotency-key", "once")
    first, again = company.call(event), company.call(event)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Location"] == f"/customers/{first.body['customer_id']}"


def created(company, **values):
    reply = company.call(with_body("customers/create", **{"external_id": None, "phones": []} | values))
    assert reply.status == 201
    return reply.body


def shown(company, customer_id):
    event = event_of("customers/get")
    event["pathParameters"] = {"customer_id": customer_id}
    return company.call(event).body


def test_a_conflict_is_named_listed_and_resolved(company, told):
    mail = {"emails": ["shared@beispiel.example"]}
    owner, hidden = created(company, last_name="Owner", **mail), created(company, last_name="Hidden", **mail)
    assert (owner["status"], owner["conflict_id"], owner["conflicting_customer_ids"]) == ("listed", None, [])
    assert (hidden["status"], hidden["conflicting_customer_ids"]) == ("hidden", [owner["customer_id"]])
    items = company.call(with_query("conflicts/list", limit="1")).body
    assert [item["conflict_id"] for item in items["items"]] == [CONFLICT]
    (conflict,) = company.call(with_query("conflicts/list", limit="1", cursor=items["next_cursor"])).body["items"]
    assert conflict["candidates"] == [
        {"customer_id": owner["customer_id"], "shared": [{"kind": "email", "value": "shared@beispiel.example"}]}
    ]
    event = with_header(event_of("conflicts/keep_separate"), "idempotency-key", "once")
    event["pathParameters"] = {"conflict_id": hidden["conflict_id"]}
    first, again = company.call(event), company.call(event)
    assert (first.status, first.body["status"], again.body) == (200, "kept_separate", first.body)
    assert shown(company, hidden["customer_id"])["status"] == "listed"
    company.refuses(
        {**event_of("conflicts/dismiss"), "pathParameters": {"conflict_id": hidden["conflict_id"]}},
        409,
        "conflict-closed",
    )


def test_the_next_one_comes_forward_and_products_are_told(company, told):
    event = with_body("products/put_product", url="https://shop.example.com/hook")
    company.call(event | {"pathParameters": {"product": "shop"}})
    mail = {"emails": ["shared@beispiel.example"]}
    owner, hidden = created(company, last_name="Owner", **mail), created(company, last_name="Hidden", **mail)
    event = event_of("customers/delete")
    event["pathParameters"] = {"customer_id": owner["customer_id"]}
    assert company.call(event).status == 204
    while stream := company.stream_event()["Records"]:
        follow_up(company, {"Records": stream})
    assert shown(company, hidden["customer_id"])["status"] == "listed"
    about = [(host, event["type"]) for host, event in told if event["data"]["customer_id"] == hidden["customer_id"]]
    assert about == [("https://shop.example.com/hook", "customer.created")]


def about(path, *ids, **body):
    """Return the sample with these ids in its path, and this body."""
    event = with_body(path, **body)
    return event | {"pathParameters": dict(zip(event["pathParameters"], ids, strict=True))}


def test_a_conflict_is_previewed_merged_and_the_merge_undone(company, told):
    """The preview writes nothing: everything that is stored is the same afterwards."""
    mail = {"emails": ["shared@beispiel.example"]}
    owner, hidden = created(company, last_name="Owner", **mail), created(company, last_name="Hidden", **mail)
    named = {"customer_id": None, "policies": {"last_name": {"rule": "fill_empty"}}}
    stored = company.aws.items()
    preview = company.call(about("conflicts/preview", hidden["conflict_id"], **named))
    assert company.aws.items() == stored
    assert preview.status == 200
    assert preview.body["gone_customer_id"] == hidden["customer_id"]
    assert {"last_name", "emails"} <= preview.body["said_by"].keys()
    merged = company.call(about("conflicts/merge_conflict", hidden["conflict_id"], **named))
    assert merged.status == 200
    same = ("customer_id", "last_name", "emails", "conflict_id", "merged_customer_ids")
    assert [merged.body[name] for name in same] == [preview.body["customer"][name] for name in same]
    assert merged.body["merged_customer_ids"] == [hidden["customer_id"]]
    assert shown(company, hidden["customer_id"])["customer_id"] == owner["customer_id"]
    came_out = company.call(about("conflicts/unmerge", owner["customer_id"], customer_id=None))
    assert (came_out.status, came_out.body["customer_id"]) == (200, hidden["customer_id"])
    assert (came_out.body["status"], came_out.body["last_name"]) == ("hidden", "Hidden")
    assert shown(company, owner["customer_id"])["merged_customer_ids"] == []


def test_a_merge_that_is_undone_leaves_both_exactly_as_they_were(company):
    """Also their sources and own ids. Versions count on, and a merge that is undone is in the history."""

    def everything(customer_id):
        customer = shown(company, customer_id)
        sources = company.call(about_customer("customers/sources", customer_id)).body["items"]
        counted = ("version", "updated_at")
        return {name: value for name, value in customer.items() if name not in counted}, sources

    first = created(company, last_name="One", external_id="n-11", customer_code="10011", emails=["one@x.example"])
    second = created(company, last_name="Two", external_id="n-12", customer_code="10012", phones=["+493511234567"])
    ids = first["customer_id"], second["customer_id"]
    before = [everything(each) for each in ids]
    assert company.call(about("conflicts/merge_customers", ids[0], customer_id=ids[1])).status == 200
    assert everything(ids[1])[0]["customer_id"] == ids[0]
    assert company.call(about("conflicts/unmerge", ids[0], customer_id=None)).status == 200
    assert [everything(each) for each in ids] == before


def about_customer(path, customer_id):
    return event_of(path) | {"pathParameters": {"customer_id": customer_id}}


def test_an_email_of_one_and_a_telephone_number_of_another_are_in_conflict_with_both(company):
    by_email = created(company, last_name="Email", emails=["shared@beispiel.example"])["customer_id"]
    by_phone = created(company, last_name="Phone", phones=["+493519999999"])["customer_id"]
    both = created(company, last_name="Both", emails=["shared@beispiel.example"], phones=["+49 351 9999999"])
    assert (both["status"], sorted(both["conflicting_customer_ids"])) == ("hidden", sorted([by_email, by_phone]))
    conflict = company.call(event_of("conflicts/get") | {"pathParameters": {"conflict_id": both["conflict_id"]}}).body
    found = {each["customer_id"]: [shared["kind"] for shared in each["shared"]] for each in conflict["candidates"]}
    assert found == {by_email: ["email"], by_phone: ["phone"]}


def test_products_are_told_of_a_merge(company, told):
    event = with_body("products/put_product", url="https://shop.example.com/hook")
    company.call(event | {"pathParameters": {"product": "shop"}})
    first, second = (created(company, last_name=name, emails=[f"{name}@beispiel.example"]) for name in ("one", "two"))
    while stream := company.stream_event()["Records"]:
        follow_up(company, {"Records": stream})
    told.clear()
    ids = first["customer_id"], second["customer_id"]
    assert company.call(about("conflicts/merge_customers", ids[0], customer_id=ids[1])).status == 200
    while stream := company.stream_event()["Records"]:
        follow_up(company, {"Records": stream})
    to_shop = {event["type"]: event["data"] for host, event in told if "shop" in host}
    assert to_shop["customer.deleted"]["customer_id"] == ids[1]
    assert to_shop["customer.deleted"]["merged_into"] == ids[0]
    assert to_shop["customer.updated"]["emails"] == ["one@beispiel.example", "two@beispiel.example"]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"customer_id": CUSTOMER}, "/customer_id", "merged-with-itself"),
        ({"customer_id": "cus_nobody"}, "/customer_id", "customer-unknown"),
        ({"customer_id": HIDDEN, "policies": {"last_name": {"rule": "union"}}}, "/policies/last_name/rule", None),
        ({"customer_id": HIDDEN, "policies": {"colour": {"rule": "newest"}}}, "/policies/colour", None),
        (
            {"customer_id": HIDDEN, "policies": {"emails": {"rule": "source_priority"}}},
            "/policies/emails/sources",
            None,
        ),
        (
            {"customer_id": HIDDEN, "policies": {"emails": {"rule": "union", "sources": ["erp"]}}},
            "/policies/emails/sources",
            None,
        ),
        (
            {"customer_id": HIDDEN, "policies": {"tags": {"rule": "source_priority", "sources": ["b"]}}},
            "/policies/tags/sources/0",
            None,
        ),
    ],
)
def test_what_cannot_be_merged_is_refused_with_its_pointer(company, body, pointer, code):
    stored = company.aws.items()
    reply = company.call(about("conflicts/merge_customers", CUSTOMER, **body))
    assert (reply.status, reply.body["code"]) == (422, code or "invalid-input")
    assert [error["pointer"] for error in reply.body["errors"]] == [pointer]
    assert company.aws.items() == stored


def test_a_merge_may_be_meant_for_one_version(company):
    for path in ("conflicts/merge_customers", "conflicts/unmerge"):
        company.refuses(with_header(event_of(path), "if-match", '"7"'), 412, "version-changed")


def test_a_repeated_merge_merges_once(company):
    event = with_header(event_of("conflicts/merge_customers"), "idempotency-key", "once")
    first, again = company.call(event), company.call(event)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    company.refuses(event_of("conflicts/merge_customers"), 409, "already-merged")


def test_a_key_that_nobody_waits_for_needs_nothing(company):
    sample = event_of("customer_follow_up/keys_changed")
    assert company.run("CustomerFollowUpFunction", sample) == {"batchItemFailures": []}


def test_a_list_shows_what_is_there_by_pages(company):
    company.call(event_of("customers/create"))
    names, query = [], {"sort": "name", "limit": "1"}
    while query.get("cursor", "first"):
        page = company.call(with_query("customers/list", **query)).body
        names += [row["last_name"] for row in page["items"]]
        query["cursor"] = page["next_cursor"]
    assert names == ["Beispiel", "Muster"]
    company.call(event_of("customers/delete"))
    assert [row["email"] for row in company.call(event_of("customers/list")).body["items"]] == [
        "erika@beispiel.example"
    ]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"sort": "email"}, ("/sort", "unknown-value")),
        ({"limit": "101"}, ("/limit", "out-of-range")),
        ({"created_since": "1795515330"}, ("/created_since", "moment")),
        ({"updated_until": "2026-11-24"}, ("/updated_until", "moment")),
        ({"customer_code_to": "x" * 201}, ("/customer_code_to", "too-long")),
        ({"name": "Muster"}, ("/name", "unknown-field")),
        ({"q": "a"}, ("/q", "too-short")),
        ({"q": "x" * 201}, ("/q", "too-long")),
        ({"q": "muster", "sort": "name"}, ("/sort", "not-with-q")),
        ({"source": "x" * 101}, ("/source", "too-long")),
        ({"tag": "x" * 101}, ("/tag", "too-long")),
    ],
)
def test_a_bad_query_of_a_list_is_told_where_it_is(company, query, wrong):
    company.refuses(with_query("customers/list", **query), 422, "invalid-input", wrong)


def test_a_forged_cursor_is_refused(company):
    company.refuses(with_query("customers/list", cursor="bm90aGluZw"), 400, "cursor-invalid")


def test_a_search_finds_what_was_followed_up(company):
    company.call(event_of("customers/create"))
    assert company.call(with_query("customers/list", q="beisp")).body["items"] == []
    follow_up(company)
    found = company.call(with_query("customers/list", q="erika beisp")).body["items"]
    assert [(row["last_name"], row["email"]) for row in found] == [("Beispiel", "erika@beispiel.example")]
    created = found[0]["customer_id"]
    for query in ({"q": "beispiel", "source": "api"}, {"q": "beispiel", "customer_code_from": "A"}):
        assert company.call(with_query("customers/list", **query)).body == {"items": [], "next_cursor": None}
    listed = company.call(with_query("customers/list", source="product:newsletter")).body["items"]
    assert [row["customer_id"] for row in listed] == [created]


def test_a_copy_of_the_customers_is_kept_by_the_feed(company, later):
    page = company.call(event_of("customers/changes")).body
    (row,) = page["items"]
    assert (row["customer_id"], row["customer"]["last_name"], row["deleted_at"]) == (CUSTOMER, "Muster", None)
    assert page["has_more"]
    company.call(with_header(event_of("customers/delete"), "if-match", "*"))
    follow_up(company)
    later(seconds=20)
    page = company.call(with_query("customers/changes", since=page["next_cursor"])).body
    (row,) = page["items"]
    assert (row["customer_id"], row["customer"], page["has_more"]) == (CUSTOMER, None, False)
    assert row["deleted_at"]
    page = company.call(with_query("customers/changes", since=page["next_cursor"])).body
    assert (page["items"], page["has_more"]) == ([], False)
    later(days=31)
    company.refuses(with_query("customers/changes", since=page["next_cursor"]), 410, "cursor-expired")
    company.refuses(with_query("customers/changes", since="bm90aGluZw"), 400, "cursor-invalid")


def test_an_own_id_names_the_customer_in_the_query(company):
    for query in ({"external_id": "n-1"}, {"customer_code": "10000"}):
        assert company.call(with_query("customers/look_up", **query)).body["customer_id"] == CUSTOMER
    company.refuses(with_query("customers/look_up", external_id="n-7"), 404, "external-id-unknown")
    company.refuses(with_query("customers/look_up", customer_code="7"), 404, "not-found")
    company.refuses(with_query("customers/look_up"), 422, "invalid-input", ("/external_id", "one-of-two"))
    assert company.call(event_of("customers/edit_looked_up")).body["version"] == 2
    company.call(with_header(event_of("customers/delete_looked_up"), "if-match", "*"))
    company.refuses(event_of("customers/get"), 404, "not-found")


def test_a_customers_history_and_sources_outlive_it(company):
    company.call(event_of("customers/edit"))
    company.call(with_header(event_of("customers/delete"), "if-match", "*"))
    deleted, edited = company.call(event_of("customers/history")).body["items"][:2]
    assert [deleted["action"], edited["action"]] == ["customer.deleted", "customer.updated"]
    assert edited["changes"]["last_name"] == ["Muster", "Neumann"]
    assert edited["actor"] == {"kind": "client", "id": PRODUCT_KEY}
    (source,) = company.call(event_of("customers/sources")).body["items"]
    shown = {one["field"]: (one["value"], one["is_shown"]) for one in source["statements"]}
    assert source["source"] == "product:newsletter"
    assert shown == {"last_name": ("Neumann", True), "phones": (None, True)}
    company.refuses(with_query("customers/history", cursor="x"), 400, "cursor-invalid")


def test_a_merge_patch_clears_what_is_null_and_leaves_what_is_absent(company):
    body = company.call(event_of("customers/edit")).body
    assert (body["last_name"], body["phones"]) == ("Neumann", [])
    assert (body["first_name"], body["emails"]) == ("Anna", ["anna@muster.example"])


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"emails": ["a@x.example"] * 11}, ("/emails", "too-long")),
        ({"emails": "a@x.example"}, ("/emails", "list")),
        ({"emails": ["x" * 64 * 1024]}, ("/emails/0", "too-long")),
        ({"kind": "company"}, ("/kind", "unknown-value")),
        ({"mobile": ["1"]}, ("/mobile", "text")),
        ({"fax": "1" * 41}, ("/fax", "too-long")),
        ({"last_name": "Mus\x1fter"}, ("/last_name", "unprintable")),
        ({"tags": ["x"] * 51}, ("/tags", "too-long")),
        ({"tags": ["x" * 61]}, ("/tags/0", "too-long")),
        ({"tags": [""]}, ("/tags/0", "too-short")),
        ({"free_fields": ["x"]}, ("/free_fields", "object")),
        ({"free_fields": {"a b": "x"}}, ("/free_fields/a b", "invalid")),
        ({"free_fields": {"a": 1}}, ("/free_fields/a", "text")),
        ({"free_fields": {"a": "x" * 501}}, ("/free_fields/a", "too-long")),
        ({"free_fields": {f"n{number}": "x" for number in range(51)}}, ("/free_fields", "too-long")),
        ({"delivery_address": "Weg 1"}, ("/delivery_address", "object")),
        ({"invoice_address": {"house_number": "1" * 21}}, ("/invoice_address/house_number", "too-long")),
        ({"phones": [None]}, ("/phones/0", "text")),
        ({"first_name": "1" * 101}, ("/first_name", "too-long")),
        ({"visit_address": {"town": "Bonn"}}, ("/visit_address/town", "unknown-field")),
        ({"nickname": "A"}, ("/nickname", "unknown-field")),
        ({"external_id": ""}, ("/external_id", "too-short")),
        ({"permission_to_contact": "yes"}, ("/permission_to_contact", "moment")),
        ({"permission_to_contact": 1}, ("/permission_to_contact", "moment")),
        ({"permission_to_contact": None}, ("/permission_to_contact", "moment")),
        ({"permission_to_contact": "2026-01-01"}, ("/permission_to_contact", "moment")),
        ({"permission_to_contact": "2999-01-01T00:00:00Z"}, ("/permission_to_contact", "in-future")),
        ({"consent": {"fax": {}}}, ("/consent/fax", "unknown-field")),
        ({"consent": {"sms": {"state": "granted"}}}, ("/consent/sms/at", "required")),
        ({"consent": {"sms": {"state": "yes", "at": "2026-01-01T00:00:00Z"}}}, ("/consent/sms/state", "unknown-value")),
        (
            {"consent": {"sms": {"state": "granted", "at": "2999-01-01T00:00:00Z"}}},
            ("/consent/sms/at", "in-future"),
        ),
    ],
)
def test_a_bad_customer_is_told_where_it_is(company, changed, wrong):
    company.refuses(with_body("customers/create", **changed), 422, "invalid-input", wrong)


@pytest.mark.parametrize(
    ("said", "permitted"),
    [
        ({}, False),
        ({"permission_to_contact": False}, False),
        ({"permission_to_contact": True}, True),
        ({"permission_to_contact": "0001-01-01T00:00:00Z"}, False),
        ({"permission_to_contact": "2026-01-01T00:00:00.123456789+01:00"}, True),
        ({"consent": {"email": {"state": "granted", "at": "2026-01-01T00:00:00Z"}, "sms": None}}, True),
        ({"consent": {"email": {"state": "denied", "at": "2026-01-01T00:00:00Z"}}}, False),
    ],
)
def test_consent_is_said_as_a_flag_as_a_time_or_by_channel(company, said, permitted):
    created = company.call(with_body("customers/create", **said)).body
    assert created["permission_to_contact"] == permitted
    edited = company.call(with_body("customers/edit", **said)).body
    assert edited["permission_to_contact"] == permitted
    assert company.call(event_of("customers/get")).body["consent"] == edited["consent"]


def test_a_time_of_consent_keeps_its_nanoseconds(company):
    said = {"permission_to_contact": "2026-01-01T00:00:00.123456789+01:00"}
    body = company.call(with_body("customers/create", **said)).body
    assert body["consent"]["post"] == {"state": "granted", "at": "2025-12-31T23:00:00.123456789+00:00"}


def test_a_product_says_what_it_is_told_without_consent(company):
    body = company.call(with_body("products/put_product", without_consent="skip", on_withdrawal="delete")).body
    assert (body["without_consent"], body["on_withdrawal"]) == ("skip", "delete")
    body = company.call(event_of("products/put_product")).body
    assert (body["without_consent"], body["on_withdrawal"]) == ("send", "flag")


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://u:p@crm.example.com/",
        "nowhere",
    ],
)
def test_a_product_is_not_told_in_a_private_network(company, url):
    company.refuses(with_body("products/put_product", url=url), 422, "invalid-input", ("/url", "url-not-allowed"))


def test_a_secret_is_shown_once_and_is_in_no_table(company):
    first = company.call(event_of("products/put_product")).body["secret"]
    assert first.startswith("whsec_")
    assert company.call(event_of("products/put_product")).body["secret"] is None
    shown = company.call(event_of("products/add_source")).body["secret"]
    rotated = company.call(event_of("products/rotate_source")).body["secret"]
    for secret in (first, shown, rotated):
        assert secret not in str(company.aws.items())


def test_what_one_product_creates_the_other_is_told(company, told):
    event = with_body("products/put_product", url="https://shop.example.com/hook")
    company.call(event | {"pathParameters": {"product": "shop"}})
    customer = company.call(event_of("customers/create")).body
    assert follow_up(company) == {"batchItemFailures": []}
    ((address, event),) = told
    assert address == "https://shop.example.com/hook"
    assert event["type"] == "customer.created"
    shared = {name: value for name, value in event["data"].items() if name in customer}
    assert shared == {name: customer[name] for name in shared}
    assert {name for name in FIELDS if event["data"][name]} >= {"first_name", "emails", "visit_address"}
    assert event["data"]["external_id"] is None
    assert event["data"]["permission_to_contact"] is False
    assert event["data"]["consent"] == {"email": None, "phone": None, "sms": None, "post": None}
    assert company.run("ProductPushFunction", event_of("product_push/pointer"))["batchItemFailures"] == []


def test_a_product_without_a_secret_is_told_later(company, told):
    company.call(event_of("customers/edit"))
    # Its author too: it was never told the values that it did not send.
    assert len(follow_up(company)["batchItemFailures"]) == 2
    assert told == []


def of_product(body, **given):
    event = event_of("customer_webhook/customer_updated")
    event["pathParameters"] = {"source": given.pop("source", SOURCE)}
    event["body"] = json.dumps(body)
    event["headers"] |= signed(event["body"], datetime.now(UTC), *given.values())
    return event


def an_update(**data):
    return {"type": "customer.updated", "timestamp": datetime.now(UTC).isoformat(), "data": data}


def test_an_event_of_a_product_is_received_and_applied_to_the_customer(company):
    reply = company.call(of_product(an_update(customer_id=CUSTOMER, external_id="n-1", last_name="Neumann")))
    assert reply.status == 202
    event = queue_event("customer_sync/customer_updated", *company.aws.messages("CustomerSyncQueue"))
    assert company.run("CustomerSyncFunction", event) == {"batchItemFailures": []}
    body = company.call(event_of("customers/get")).body
    assert (body["last_name"], body["account_id"]) == ("Neumann", ACCOUNT)
    before = company.records()
    assert company.run("CustomerSyncFunction", event) == {"batchItemFailures": []}
    assert company.records() == before


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"permission_to_contact": "yes"}, "/data/permission_to_contact"),
        ({"permission_to_contact": None}, "/data/permission_to_contact"),
        ({"consent": {"sms": {"state": "withdrawn", "at": "2026-01-01T00:00:00Z"}}}, "/data/consent/sms/state"),
        ({"consent": {"sms": {"state": "granted", "at": "once"}}}, "/data/consent/sms/at"),
        ({"consent": {"sms": {"state": "granted"}}}, "/data/consent/sms/at"),
        ({"consent": {"fax": None}}, "/data/consent/fax"),
        ({"consent": "yes"}, "/data/consent"),
    ],
)
def test_an_event_with_a_wrong_consent_is_refused(company, said, wrong):
    reply = company.call(of_product(an_update(customer_id=CUSTOMER, **said)))
    assert reply.status == 422
    assert [error["pointer"] for error in reply.body["errors"]] == [wrong]
    assert company.aws.messages("CustomerSyncQueue") == []


def test_an_event_says_consent_in_every_form(company):
    moment = "2026-01-01T00:00:00.123456789Z"
    for said in (
        {"permission_to_contact": True},
        {"permission_to_contact": moment},
        {"consent": {"email": {"state": "denied", "at": moment}, "sms": None}},
    ):
        assert company.call(of_product(an_update(customer_id=CUSTOMER, external_id="n-1", **said))).status == 202
        event = queue_event("customer_sync/customer_updated", *company.aws.messages("CustomerSyncQueue"))
        assert company.run("CustomerSyncFunction", event) == {"batchItemFailures": []}
    shown = company.call(event_of("customers/get")).body
    assert shown["permission_to_contact"] is True
    assert {said["state"] for said in shown["consent"].values()} == {"granted"}


@pytest.mark.parametrize(
    "given", [{"secret": OTHER_SECRET}, {"source": "src_01kajx4m2r8t6v0w5y9b3d7fs2"}, {"source": "src_x"}]
)
def test_a_forged_event_of_a_product_gets_the_uniform_refusal(company, given):
    reply = company.call(of_product(an_update(customer_id=CUSTOMER), **given))
    assert (reply.status, reply.body["code"]) == (401, "signature-invalid")
    assert company.aws.messages("CustomerSyncQueue") == []


UNKNOWN = {"nickname": "A", "visit_address": {"city": "Bonn", "town": "Bonn"}}


def test_an_unknown_field_is_refused_so_that_a_misspelt_name_is_noticed(company):
    reply = company.call(of_product(an_update(customer_id=CUSTOMER, **UNKNOWN)))
    wrong = {(each["pointer"], each["code"]) for each in reply.body["errors"]}
    assert (reply.status, wrong) == (
        422,
        {("/data/nickname", "unknown-field"), ("/data/visit_address/town", "unknown-field")},
    )


def test_a_source_may_have_unknown_fields_noted_instead(company):
    added = company.call(with_body("products/add_source", unknown_fields="note")).body
    source = added["source"]
    assert source["unknown_fields"] == "note"
    event = {**an_update(customer_id=CUSTOMER, external_id="n-1", last_name="Neumann", **UNKNOWN), "sent_by": "x"}
    assert company.call(of_product(event, source=source["source_id"], secret=added["secret"])).status == 202
    queued = queue_event("customer_sync/customer_updated", *company.aws.messages("CustomerSyncQueue"))
    assert company.run("CustomerSyncFunction", queued) == {"batchItemFailures": []}
    body = company.call(event_of("customers/get")).body
    assert (body["last_name"], body["visit_address"]["city"]) == ("Neumann", "Bonn")
    found = company.aws.items("CustomersTable").items()
    (noted,) = (from_item(item) for key, item in found if key[1] == f"refused#{source['source_id']}")
    assert noted["code"] == "fields-ignored"
    ignored = [error["pointer"] for error in noted["errors"]]
    assert ignored == ["/sent_by", "/data/nickname", "/data/visit_address/town"]
    before = company.records()
    assert company.run("CustomerSyncFunction", queued) == {"batchItemFailures": []}
    assert company.records() == before


def test_what_is_wrong_is_refused_also_where_unknown_fields_are_noted(company):
    added = company.call(with_body("products/add_source", unknown_fields="note")).body
    given = {"source": added["source"]["source_id"], "secret": added["secret"]}
    reply = company.call(of_product(an_update(customer_id=CUSTOMER, nickname="A", first_name=1), **given))
    assert [each["pointer"] for each in reply.body["errors"]] == ["/data/first_name"]
    unknown = ("/unknown_fields", "unknown-value")
    company.refuses(with_body("products/add_source", unknown_fields="drop"), 422, "invalid-input", unknown)


def test_an_event_that_names_no_customer_is_refused(company):
    reply = company.call(of_product(an_update(last_name="Neumann")))
    assert [wrong["pointer"] for wrong in reply.body["errors"]] == ["/data/external_id"]


def test_a_removed_source_may_send_nothing_more(company):
    company.call(event_of("products/remove_source"))
    assert company.call(of_product(an_update(customer_id=CUSTOMER))).status == 401


def test_both_secrets_are_valid_after_a_rotation(company):
    rotated = company.call(event_of("products/rotate_source")).body["secret"]
    for secrets in ({}, {"secret": rotated}):
        assert company.call(of_product(an_update(customer_id=CUSTOMER), **secrets)).status == 202


def test_a_failure_of_one_room_does_not_hold_the_other_back(company, monkeypatch):
    """The Customer List takes its part of an event at once, also while the companies cannot."""
    module, handler = company.sandboxes.start("CustomerSyncFunction")

    def unavailable(delivery):
        raise RuntimeError("not now")

    monkeypatch.setattr(module, "APPLICATIONS", (unavailable, module.to_customers))
    event = event_of("customer_sync/customer_created")
    assert len(handler(event, Context("CustomerSyncFunction"))["batchItemFailures"]) == 1
    assert ("CustomersTable", "code#shop#30000", "code") in company.aws.items()
    before = company.records()
    assert company.run("CustomerSyncFunction", event) == {"batchItemFailures": []}
    changed = {key for key, item in company.records().items() if before.get(key) != item}
    assert {key[0] for key in changed} == {"CompaniesTable"}
