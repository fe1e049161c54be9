"""The Vendasta simulator behaves as Vendasta's documentation says, traps included."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice

import jwt
import pytest
import requests

from customer_center.platform.stamps import from_iso_nanoseconds, moment_of
from customer_center.webhooks.rs256 import public_key, signed_claims
from local.simulators.vendasta.customer_list import NEVER
from local.simulators.vendasta.tokens import TOKEN_SECONDS
from local.simulators.vendasta.webhooks import CLAIM, delays
from tests.builders.rs256 import private_key
from tests.fakes.erp_simulator import direct_session
from tests.fakes.vendasta_simulator import APP_ID, Client, add_app, assertion, running_receiver, running_simulator

ACCOUNT = "AG-1"
ANNA = {"first_name": "Anna", "last_name": "Blum", "email": ["anna@blum.example"], "phone": ["+13066525464"]}


@pytest.fixture(scope="module")
def running():
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def session():
    with direct_session() as open_session:
        yield open_session


@pytest.fixture
def client(running, session):
    running.reset()
    add_app(running)
    return Client(running, session)


@pytest.fixture
def receiver(client):
    with running_receiver() as receives:
        add_app(client.simulator, webhook_url=receives.url)
        client.control("webhooks", time_scale=0)
        yield receives


def data(answer):
    assert answer.status_code == 200, answer.text
    assert isinstance(answer.json()["took"], int)
    return answer.json()["data"]


def created(client, own_id="cus_1", **changes):
    return data(client.call("customer", account_id=ACCOUNT, id=own_id, **{**ANNA, **changes}))


def found(client, own_id="cus_1"):
    return client.call("get-customer", account_id=ACCOUNT, customer_id=own_id)


def listed(client, **wish):
    return data(client.call("list-customers", account_id=ACCOUNT, **wish))


# Tokens


def test_an_app_gets_the_same_token_for_a_day(client):
    first = data(client.token())
    assert data(client.token()) == first
    assert first["token_type"] == "Bearer"
    assert first["expires"] == pytest.approx(datetime.now(UTC).timestamp() + TOKEN_SECONDS, abs=60)


def test_a_revoked_token_is_401_and_the_next_one_is_another(client):
    old = data(client.token())["access_token"]
    body = {"account_id": ACCOUNT}
    assert client.post("customer/list-customers", body, old).status_code == 200
    client.control("revocation")
    assert client.post("customer/list-customers", body, old).status_code == 401
    new = data(client.token())["access_token"]
    assert new != old
    assert client.post("customer/list-customers", body, new).status_code == 200


@pytest.mark.parametrize("token", [None, "x", "ä"])
def test_a_call_without_a_token_is_401(client, token):
    headers = {"Authorization": f"Bearer {token}".encode()} if token else {}
    url = f"{client.simulator.url}/api/v1/customer"
    answer = client.session.post(url, json={"account_id": ACCOUNT}, headers=headers, timeout=10)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"key": "other"}, 400),
        ({"exp": 1}, 400),
        ({"exp": 9_999_999_999}, 400),
        ({"iss": "MP-unknown"}, 404),
        ({"exp": None}, 400),
    ],
)
def test_a_wrong_assertion_is_400_and_an_unknown_app_404(client, claims, status):
    key = private_key(claims["key"]) if "key" in claims else None
    wrong = assertion(**{name: value for name, value in claims.items() if name != "key"}, key=key)
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": wrong}
    assert client.post("oauth/token", grant).status_code == status
    assert client.post("oauth/token", {**grant, "grant_type": "password"}).status_code == 400


def test_another_account_is_403(client):
    add_app(client.simulator, accounts=(ACCOUNT,))
    assert client.call("list-customers", account_id="AG-2").status_code == 403
    assert client.call("list-customers", account_id=ACCOUNT).status_code == 200


# The six calls


def test_what_an_app_creates_is_got_by_its_own_id(client):
    """Get's `customer_id` is the app's own id, and the answer's is Vendasta's."""
    answer = created(client)
    customer = answer["customer"]
    assert (customer["vendor_customer_id"], answer["conflicting_customer_id"]) == ("cus_1", "")
    assert data(found(client))["customer"] == customer
    assert found(client, customer["customer_id"]).status_code == 404
    assert {name: customer[name] for name in ANNA} == ANNA
    assert (customer["origins"], customer["updated"], customer["deleted"]) == ([APP_ID], NEVER, NEVER)


def test_without_an_own_id_vendastas_is_taken(client):
    customer = data(client.call("customer", account_id=ACCOUNT, **ANNA))["customer"]
    assert customer["vendor_customer_id"] == customer["customer_id"]
    assert found(client, customer["customer_id"]).status_code == 200


def test_consent_is_a_boolean_going_in_and_a_time_coming_out(client):
    assert created(client)["customer"]["permission_to_contact"] == NEVER
    data(client.call("update-customer", account_id=ACCOUNT, id="cus_1", permission_to_contact=True))
    given = data(found(client))["customer"]["permission_to_contact"]
    assert moment_of(from_iso_nanoseconds(given)) - datetime.now(UTC) < timedelta(minutes=1)
    assert len(given) == len("2026-11-27T12:00:00.123456789Z")
    data(client.call("update-customer", account_id=ACCOUNT, id="cus_1", permission_to_contact=False))
    assert data(found(client))["customer"]["permission_to_contact"] == NEVER


@pytest.mark.parametrize("same", ["email", "phone"])
def test_a_duplicate_is_answered_with_200_and_hidden_from_the_list(client, same):
    first = created(client)["customer"]
    others = {"email": ["x@blum.example"], "phone": ["+13065555555"]} | {same: ANNA[same]}
    answer = created(client, "cus_2", **others)
    assert answer["customer"]["customer_id"].startswith("CONFLICT-")
    assert answer["conflicting_customer_id"] == first["customer_id"]
    assert [customer["customer_id"] for customer in listed(client)["customers"]] == [first["customer_id"]]
    assert data(found(client, "cus_2"))["conflicting_customer_id"] == first["customer_id"]


def test_accounts_do_not_share_duplicates(client):
    created(client)
    other = data(client.call("customer", account_id="AG-2", **ANNA))
    assert other["conflicting_customer_id"] == ""


def test_own_ids_need_not_be_unique_and_the_newest_is_meant(client):
    created(client)
    newer = created(client, email=["new@blum.example"], phone=[])["customer"]
    assert data(found(client))["customer"] == newer
    data(client.call("update-customer", account_id=ACCOUNT, id="cus_1", city="Saskatoon"))
    assert data(found(client))["customer"]["city"] == "Saskatoon"
    assert client.call("delete-customer", account_id=ACCOUNT, customer_id="cus_1").json().keys() == {"took"}
    assert data(found(client))["customer"]["email"] == ANNA["email"]


def test_an_update_keeps_what_it_leaves_out_and_answers_with_the_small_schema(client):
    created(client)
    small = data(client.call("update-customer", account_id=ACCOUNT, id="cus_1", last_name="Rot", phone=[]))["customer"]
    assert (small["first_name"], small["last_name"]) == ("Anna", "Rot")
    assert (small["phone"], small["email"]) == ([], ANNA["email"])
    assert "vendor_customer_id" not in small
    assert "permission_to_contact" not in small


def test_a_customer_of_the_business_app_cannot_be_reached_before_it_is_associated(client):
    customer = client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    assert found(client).status_code == 404
    assert client.call("update-customer", account_id=ACCOUNT, id="cus_1", city="Bern").status_code == 404
    answer = client.call("associate-id", customer_id=customer["customer_id"], vendor_customer_id="cus_1")
    assert answer.json().keys() == {"took"}
    assert data(found(client))["customer"]["customer_id"] == customer["customer_id"]


def test_a_deleted_customer_is_gone_and_frees_its_keys(client):
    created(client)
    client.call("delete-customer", account_id=ACCOUNT, customer_id="cus_1")
    assert found(client).status_code == 404
    assert listed(client)["total_results"] == 0
    assert created(client)["conflicting_customer_id"] == ""


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("customer", {}),
        ("get-customer", {"account_id": ACCOUNT}),
        ("get-customer", {"account_id": ACCOUNT, "id": "cus_1"}),
        ("get-customer", {"account_id": ACCOUNT, "vendor_customer_id": "cus_1"}),
        ("update-customer", {"account_id": ACCOUNT, "customer_id": "cus_1"}),
        ("delete-customer", {"account_id": ACCOUNT, "id": "cus_1"}),
        ("associate-id", {"customer_id": "CON-1", "id": "cus_1"}),
        ("customer", {"account_id": ACCOUNT, "phone": ["1234567890"]}),
        ("customer", {"account_id": ACCOUNT, "phone": "+13066525464"}),
        ("customer", {"account_id": ACCOUNT, "email": [1]}),
        ("customer", {"account_id": ACCOUNT, "last_name": "Blum, Rot"}),
        ("customer", {"account_id": ACCOUNT, "first_name": "Anna;"}),
        ("customer", {"account_id": ACCOUNT, "permission_to_contact": NEVER}),
        ("list-customers", {"account_id": ACCOUNT, "sort_options": {"field": "Updated", "direction": "Ascending"}}),
        ("list-customers", {"account_id": ACCOUNT, "sort_options": {"field": "Name"}}),
    ],
)
def test_wrong_names_and_values_are_400(client, call, body):
    created(client)
    assert client.call(call, **body).status_code == 400


def test_the_list_is_paged_sorted_searched_and_filtered(client):
    for name in ("Cleo", "Anna", "Bert"):
        created(client, name, first_name=name, email=[f"{name}@x.example"], phone=[])
    client.control("customers", action="create", account_id=ACCOUNT, first_name="Dora", email=["d@x.example"])
    by_name = {"sort_options": {"field": "FirstName", "direction": "Descending"}}
    page = listed(client, page_size=3, **by_name)
    assert [customer["first_name"] for customer in page["customers"]] == ["Dora", "Cleo", "Bert"]
    assert (page["has_more"], page["total_results"]) == (True, 4)
    rest = listed(client, page_size=3, cursor=page["next_cursor"], **by_name)
    assert [customer["first_name"] for customer in rest["customers"]] == ["Anna"]
    assert (rest["has_more"], rest["next_cursor"]) == (False, "")
    assert [found["first_name"] for found in listed(client, search_term="bERT@")["customers"]] == ["Bert"]
    assert listed(client, filters={"source": [APP_ID]})["total_results"] == 3
    assert listed(client, filters={"created": {"begin_range": "2999-01-01T00:00:00Z"}})["total_results"] == 0


def test_it_records_what_it_was_asked_without_secrets(client):
    created(client)
    requests_so_far = client.shown("requests")
    assert [entry["call"] for entry in requests_so_far] == ["oauth/token", "customer"]
    assert requests_so_far[1]["body"]["id"] == "cus_1"
    assert (requests_so_far[1]["app_id"], requests_so_far[1]["status"]) == (APP_ID, 200)
    assert "assertion" not in requests_so_far[0]["body"]


# Failures


def test_a_call_can_be_done_and_not_answered(client):
    client.control("mode", mode="unanswered", times=1, calls=["customer"])
    with pytest.raises(requests.ConnectionError):
        created(client)
    assert data(found(client))["customer"]["email"] == ANNA["email"]


@pytest.mark.parametrize(
    ("mode", "status"), [("failing", 500), ("unauthorized", 401), ("rate-limited", 429), ("offline", None)]
)
def test_a_call_can_fail_so_many_times_without_doing_anything(client, mode, status):
    client.control("mode", mode=mode, times=1, calls=["customer"])
    if status is None:
        with pytest.raises(requests.ConnectionError):
            created(client)
    else:
        answer = client.call("customer", account_id=ACCOUNT, id="cus_1", **ANNA)
        assert answer.status_code == status
        assert ("Retry-After" in answer.headers) == (status == 429)
    assert found(client).status_code == 404
    assert created(client)["conflicting_customer_id"] == ""


def test_a_slow_call_is_answered_in_the_end(client):
    client.control("mode", mode="slow", seconds=0.01, calls=["customer"])
    assert created(client)["conflicting_customer_id"] == ""


def test_an_unknown_mode_is_refused(client):
    with pytest.raises(requests.HTTPError):
        client.control("mode", mode="asleep")


# Webhooks


def events_of(client, receiver):
    client.simulator.webhooks.settle()
    keys = [public_key(client.simulator.public_key)]
    assert all(signed_claims(body, keys) for body in receiver.bodies)
    return [jwt.decode(body, client.simulator.public_key, ["RS256"])[CLAIM] for body in receiver.bodies]


def test_a_webhook_is_a_signed_token_of_a_minute_as_text(client, receiver):
    client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    client.simulator.webhooks.settle()
    (body,) = receiver.bodies
    assert receiver.content_types == ["text/plain"]
    assert jwt.get_unverified_header(body) == {"alg": "RS256", "typ": "JWT"}
    claims = jwt.decode(body, client.shown("public-key")["public_key"], ["RS256"])
    assert claims.keys() == {"iss", "iat", "exp", CLAIM}
    assert (claims["iss"], claims["exp"] - claims["iat"]) == ("Vendasta Marketplace", 60)
    assert claims["iat"] == pytest.approx(datetime.now(UTC).timestamp(), abs=60)


def test_create_has_one_phone_as_text_and_no_consent(client, receiver):
    client.control("customers", action="create", account_id=ACCOUNT, **{**ANNA, "phone": ["1234567890", "2"]})
    client.control("customers", action="create", account_id=ACCOUNT, first_name="Bert")
    first, second = events_of(client, receiver)
    if first["first_name"] == "Bert":  # they are sent at the same time
        first, second = second, first
    assert (first["action"], first["account_group_id"], first["origin"]) == ("create", ACCOUNT, "VBC")
    assert first["contact_id"].startswith("CON-")
    assert (first["phone"], second["phone"]) == ("1234567890", "")
    assert first["email"] == ANNA["email"]
    assert not {"permission_to_contact", "vendor_contact_id", "webhook_id", "updated"} & first.keys()
    assert len(first["created"].partition(".")[2]) == 10


@pytest.mark.parametrize("name", ["vendor_contact_id", "vendor_customer_id"])
def test_update_has_the_own_id_under_either_name_consent_as_boolean_and_null_for_no_phone(client, receiver, name):
    client.control("webhooks", vendor_id_name=name)
    customer = client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    client.simulator.webhooks.settle()
    client.call("associate-id", customer_id=customer["customer_id"], vendor_customer_id="cus_1")
    wish = {"customer_id": customer["customer_id"], "phone": [], "permission_to_contact": True}
    client.control("customers", action="update", **wish)
    event = events_of(client, receiver)[-1]
    assert (event["action"], event["phone"], event["permission_to_contact"]) == ("update", None, True)
    assert event[name] == "cus_1"
    assert event["updated"] > event["created"]


def test_delete_names_only_vendastas_own_id(client, receiver):
    customer = created(client)["customer"]
    client.control("customers", action="delete", customer_id=customer["customer_id"])
    event = next(event for event in events_of(client, receiver) if event["action"] == "delete")
    assert event.keys() == {"action", "contact_id", "account_group_id", "origin", "deleted"}
    assert event["contact_id"] == customer["customer_id"]


def test_an_app_is_not_sent_its_own_updates_but_others_are(client, receiver):
    """What it creates and deletes may come back: the documentation promises silence for updates only."""
    with running_receiver() as others:
        add_app(client.simulator, "MP-other", webhook_url=others.url)
        created(client)
        client.call("update-customer", account_id=ACCOUNT, id="cus_1", city="Bern")
        client.call("delete-customer", account_id=ACCOUNT, customer_id="cus_1")
        client.simulator.webhooks.settle()
        assert sorted(event["action"] for event in events_of(client, receiver)) == ["create", "delete"]
        assert sorted(event["action"] for event in events_of(client, others)) == ["create", "delete", "update"]


def test_apps_of_other_accounts_and_duplicates_are_not_told(client, receiver):
    add_app(client.simulator, webhook_url=receiver.url, accounts=("AG-2",))
    client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    add_app(client.simulator, webhook_url=receiver.url)
    created(client)
    assert events_of(client, receiver) == []


def test_failures_are_tried_again_after_a_minute_doubling_up_to_an_hour_without_an_end(client, receiver):
    assert list(islice(delays(), 9)) == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    receiver.statuses += [500] * 8
    client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    client.simulator.webhooks.settle()
    attempts = client.shown("webhooks")
    assert [attempt["status"] for attempt in attempts] == [500] * 8 + [202]
    assert [attempt["after"] for attempt in attempts] == [0, 60, 180, 420, 900, 1860, 3780, 7380, 10980]
    assert {attempt["contact_id"] for attempt in attempts} == {attempts[0]["contact_id"]}


@pytest.mark.parametrize("status", [302, 401, 410, 422])
def test_other_refusals_are_not_tried_again(client, receiver, status):
    receiver.statuses.append(status)
    client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    client.simulator.webhooks.settle()
    assert [attempt["status"] for attempt in client.shown("webhooks")] == [status]


@pytest.mark.parametrize(("resign", "age"), [(True, 0), (False, 180)])
def test_a_retry_is_signed_anew_or_as_old_as_the_first_attempt(client, receiver, resign, age):
    client.control("webhooks", resign=resign)
    receiver.statuses += [500, 503]
    client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    client.simulator.webhooks.settle()
    last = jwt.decode(receiver.bodies[-1], options={"verify_signature": False})
    assert datetime.now(UTC).timestamp() - last["iat"] == pytest.approx(age, abs=60)
    assert last[CLAIM] == jwt.decode(receiver.bodies[0], options={"verify_signature": False})[CLAIM]


def test_a_receiver_that_is_not_there_is_tried_again_until_the_simulator_stops(client):
    with running_receiver() as gone:
        pass
    add_app(client.simulator, webhook_url=gone.url)
    webhooks = client.simulator.webhooks
    client.control("customers", action="create", account_id=ACCOUNT, **ANNA)
    webhooks.stopping.set()
    webhooks.settle()
    assert [attempt.status for attempt in webhooks.attempts] == [0]


def test_reset_forgets_everything_but_the_key(client):
    created(client)
    key = client.shown("public-key")
    client.control("reset")
    assert client.shown("customers") == client.shown("requests") == client.shown("webhooks") == []
    assert client.shown("public-key") == key
    assert client.token().status_code == 404


def test_it_runs_as_a_program(tmp_path):
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "local.simulators.vendasta", "--port-file", str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout.readline().endswith("/api/v1/customer\n")
            url = f"http://127.0.0.1:{port_file.read_text()}/_simulator/requests"
            assert requests.get(url, timeout=10).json() == []
        finally:
            program.terminate()
    assert program.returncode == 0
