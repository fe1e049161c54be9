"""Every non-public route refuses every caller who may not use it, and its answer tells them nothing.

The routes are those that the handlers declare, so a new route is tested as soon as it exists. Each route is
for one kind of caller: people, machines with a client key, or systems that sign what they send.
"""

import importlib.util
import json
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from customer_center.clients.callers import AccountCaller, ClientCaller
from customer_center.clients.model import Scope
from customer_center.companies.callers import PersonCaller
from customer_center.platform.http import Api, Route
from customer_center.webhooks.callers import SignatureCaller
from local.stack import ROOT, Stack
from local.walk import PASSWORD
from tests.e2e.companies import Customer, new_customer

# A valid body for each route that takes one, so that only the caller can be the reason for a refusal.
BODIES: Mapping[str, Mapping[str, Any] | str] = {
    "POST /users": {"salutation": "mr", "name": "New", "email": "new@somewhere.example", "roles": ["buyer"]},
    "POST /erp-contacts/{contact_number}/user": {"salutation": "mr", "roles": ["buyer"]},
    "POST /users/import": "salutation,name,email,roles\nmr,New,new@somewhere.example,buyer\n",
    "PATCH /me": {"name": "Edited"},
    "PATCH /users/{user_id}": {"name": "Edited"},
    "POST /company/main-contact": {"user_id": f"usr_{'0' * 26}_{'0' * 26}"},
    "POST /activation-unlocks": {"customer_number": "0"},
    "POST /companies/{company_id}/main-contact": {"user_id": f"usr_{'0' * 26}_{'0' * 26}"},
    "POST /client-keys": {"name": "new", "scopes": ["keys:manage"]},
    "POST /client-keys/{key_id}/revocation": {},
    "POST /customers": {"first_name": "New"},
    "PATCH /customers/{customer_id}": {"first_name": "Edited"},
    "PATCH /customers/lookup": {"first_name": "Edited"},
    "PUT /customers/{customer_id}/external-ids/{product}": {"external_id": "1"},
    "PUT /customers/{customer_id}/account": {"account_id": "AG-callers"},
    "POST /customers/{customer_id}/merges": {"customer_id": f"cus_{'0' * 26}"},
    "POST /customers/{customer_id}/unmerge": {},
    "POST /customers/{customer_id}/erasure": {},
    "POST /conflicts/{conflict_id}/preview": {},
    "POST /conflicts/{conflict_id}/merge": {},
    "PUT /products/{product}": {"url": "https://product.example.com/"},
    "POST /products/{product}/reconciliations": {},
    "PUT /accounts/{account_id}": {"name": "New"},
    "POST /webhook-sources": {"product": "new"},
    "POST /webhooks/{source}": {"type": "contact.deleted", "timestamp": "2026-11-24T00:00:00Z", "data": {}},
}
ACCOUNT = "AG-callers"
QUERIES = {
    "GET /companies": "?customer_number=0",
    "GET /refused-events": f"?account_id={ACCOUNT}&source_id=src_{'0' * 26}",
    **{
        f"{method} /customers/lookup": f"?account_id={ACCOUNT}&customer_code=0" for method in ("GET", "PATCH", "DELETE")
    },
}
# These make something also for who names nothing that exists.
CREATING = {
    "POST /client-keys",
    "POST /customers",
    "PUT /products/{product}",
    "POST /webhook-sources",
    "PUT /accounts/{account_id}",
}
# Every user with a login may call these.
WITHOUT_PERMISSION = {"GET /me", "PATCH /me", "GET /me/export"}


def declared_routes() -> list[Route]:
    routes: list[Route] = []
    for path in sorted((ROOT / "functions").glob("*/app.py")):
        spec = importlib.util.spec_from_file_location(f"routes_of_{path.parent.name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if isinstance(getattr(module, "api", None), Api):
            routes += module.api.routes
    return routes


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


ROUTES = declared_routes()
PUBLIC_ROUTES = [route for route in ROUTES if not route.caller.security]
PEOPLE = [route for route in ROUTES if isinstance(route.caller, PersonCaller)]
OF_ONE_THING = [route for route in PEOPLE if "{" in route.path]
PERMITTED = [route for route in PEOPLE if name(route) not in WITHOUT_PERMISSION]
MACHINES = [route for route in ROUTES if isinstance(route.caller, ClientCaller)]
SIGNED = [route for route in ROUTES if isinstance(route.caller, SignatureCaller)]


class Cast:
    """Two companies, the users of one of them, and client keys that were revoked or have another scope."""

    def __init__(self, stack: Stack) -> None:
        self.victim = new_customer(stack).activate()
        self.stranger = new_customer(stack).activate()
        self.target = self.victim.join("target")
        self.buyer = self.victim.tokens[self.victim.join("buyer")]
        off = self.victim.join("off")
        self.deactivated = self.victim.tokens[off]
        assert self.victim.shop.call("POST", f"/users/{off}/deactivate", token=self.victim.token).ok
        self.id_token = self.victim.stack.client("cognito-idp").initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=stack.user_pool_client_id,
            AuthParameters={"USERNAME": self.victim.email, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]["IdToken"]
        self.manager_key = stack.manager_key
        self.keys = {"operator": stack.operator_key, "companies:read": stack.client_key}
        self.keys["keys:manage"] = self._key("issue", name="manager", scopes=["keys:manage"])["secret"]
        for scope in [scope for scope in Scope if scope not in self.keys]:
            self.keys[scope] = self._key("issue", name=scope, scopes=[scope])["secret"]
        self.key_of_another_account = self._key(
            "issue",
            name="another account",
            scopes=[s for s in Scope if s.startswith("customers")],
            accounts=["AG-other"],
        )["secret"]
        revoked = self._key("issue", name="revoked", scopes=list(Scope))
        self._key("revocation", revoked["key"]["key_id"])
        self.revoked_key = revoked["secret"]
        rotated = self._key("issue", name="rotated", scopes=list(Scope))
        self._key("rotation", rotated["key"]["key_id"])
        self._key("revocation", rotated["key"]["key_id"], secret_hint=rotated["secret"][-4:])
        self.revoked_secret = rotated["secret"]
        issuer = self._key("issue", name="revoked issuer", scopes=["keys:manage"])
        below = self.victim.shop.call(
            "POST", "/client-keys", token=issuer["secret"], body={"name": "below", "scopes": ["keys:manage"]}
        )
        self._key("revocation", issuer["key"]["key_id"])
        self.key_below_a_revoked_one = below.json()["secret"]

    def _key(self, what: str, key_id: str = "", **body: object) -> dict[str, Any]:
        path = "/client-keys" if what == "issue" else f"/client-keys/{key_id}/{what}"
        answer = self.victim.shop.call("POST", path, token=self.manager_key, body=body)
        assert answer.ok, answer.text
        return dict(answer.json())

    def call(self, route: Route, token: str | None, **ids: str) -> requests.Response:
        """Call the route with the victim's ids, except for those in `ids`."""
        named = {
            "user_id": self.target,
            "contact_number": f"K{self.victim.number}1",
            "company_id": self.victim.company_id,
            "key_id": self.keys["operator"].split("_")[1],
            "source": "erp",
            "customer_id": f"cus_{'0' * 26}",
            "product": "nobodys",
            "source_id": f"src_{'0' * 26}",
            "conflict_id": f"cfl_{'0' * 26}",
            "reconciliation_id": f"rec_{'0' * 26}",
            "erasure_id": f"ers_{'0' * 26}",
            "account_id": ACCOUNT,
            **ids,
        }
        account = f"?account_id={ACCOUNT}" if isinstance(route.caller, AccountCaller) else ""
        path = route.path.format(**named) + QUERIES.get(name(route), account)
        return self.victim.shop.call(route.method, path, token=token, body=BODIES.get(name(route)), If_Match="*")


@pytest.fixture(scope="module")
def cast(stack: Stack) -> Cast:
    return Cast(stack)


@pytest.fixture(autouse=True)
def nothing_changed(cast: Cast):
    """No call changes the victim's users and contacts, or the client keys."""
    before = _people(cast.victim)
    yield
    assert _people(cast.victim) == before


def _people(company: Customer) -> list[Any]:
    users = company.shop.call("GET", "/users", token=company.token).json()
    contacts = company.shop.call("GET", "/erp-contacts", token=company.token).json()
    keys = company.shop.call("GET", "/client-keys", token=company.stack.manager_key).json()
    return [users["items"], contacts["items"], keys["items"]]


def learns_nothing(cast: Cast, answer: requests.Response) -> None:
    """The answer contains no id, number, name or e-mail of the victim."""
    victim = cast.victim
    for secret in (victim.company_id, victim.user_id, cast.target, victim.number, victim.email):
        assert secret not in answer.text
        assert secret not in str(answer.headers)


def test_every_route_is_for_one_kind_of_caller_and_only_these_are_for_everybody():
    kinds = [PEOPLE, MACHINES, SIGNED, PUBLIC_ROUTES]
    assert all(kinds)
    assert sorted(name(route) for kind in kinds for route in kind) == sorted(map(name, ROUTES))
    assert {name(route) for route in PUBLIC_ROUTES} == {
        "POST /activations",
        "POST /invitations/lookup",
        "POST /invitations/acceptance",
        "POST /email-confirmations",
        "POST /email-cancellations",
        "GET /settings",
    }
    closed = [*PEOPLE, *MACHINES, *SIGNED]
    assert all(name(route) in BODIES for route in closed if "body" in route.handler.__annotations__)


# People


@pytest.mark.parametrize("route", PEOPLE, ids=name)
def test_without_a_token_nobody_gets_in(cast, route):
    answer = cast.call(route, None)

    assert answer.status_code == 401
    learns_nothing(cast, answer)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "", "eyJhbGciOiJub25lIn0.e30."], ids=repr)
@pytest.mark.parametrize("route", PEOPLE, ids=name)
def test_with_a_malformed_token_nobody_gets_in(cast, route, token):
    answer = cast.call(route, token or " ")

    assert answer.status_code == 401
    learns_nothing(cast, answer)


@pytest.mark.parametrize("route", [*MACHINES, *SIGNED], ids=name)
def test_a_person_is_no_machine(cast, route):
    """A person's token is no client key and no signature, not even the main contact's."""
    for token in (cast.victim.token, cast.stranger.token, cast.id_token, cast.deactivated):
        answer = cast.call(route, token)

        assert answer.status_code == 401
        learns_nothing(cast, answer)


@pytest.mark.parametrize("route", PEOPLE, ids=name)
def test_with_a_token_whose_claims_were_changed_nobody_gets_in(cast, route):
    head, _, signature = cast.buyer.split(".")
    _, claims, _ = cast.victim.token.split(".")

    answer = cast.call(route, f"{head}.{claims}.{signature}")

    assert answer.status_code == 401
    learns_nothing(cast, answer)


@pytest.mark.parametrize("route", PEOPLE, ids=name)
def test_an_id_token_is_no_access_token(cast, route):
    answer = cast.call(route, cast.id_token)

    assert answer.status_code in (401, 403)
    learns_nothing(cast, answer)


@pytest.mark.parametrize("route", PEOPLE, ids=name)
def test_a_deactivated_user_gets_nothing(cast, route):
    answer = cast.call(route, cast.deactivated)

    assert (answer.status_code, answer.json()["code"]) == (403, "user-deactivated")
    learns_nothing(cast, answer)


@pytest.mark.parametrize("route", PERMITTED, ids=name)
def test_a_user_who_lacks_the_permission_gets_nothing(cast, route):
    answer = cast.call(route, cast.buyer)

    assert (answer.status_code, answer.json()["code"]) == (403, "permission-missing")
    learns_nothing(cast, answer)


@pytest.mark.parametrize("route", OF_ONE_THING, ids=name)
def test_another_company_cannot_tell_a_foreign_thing_from_nothing(cast, route):
    """Every answer to another company's main contact is the same as for an id that does not exist."""
    foreign = cast.call(route, cast.stranger.token)
    ulid = "0" * 26
    nowhere = cast.call(route, cast.stranger.token, user_id=f"usr_{ulid}_{ulid}", contact_number="K0")
    own = cast.call(route, cast.stranger.token, user_id=cast.stranger.user_id[:-4] + "0000", contact_number="K1")

    assert foreign.status_code == 404
    assert _without_id(foreign) == _without_id(nowhere) == _without_id(own)
    learns_nothing(cast, foreign)


@pytest.mark.parametrize(
    "route", [route for route in PEOPLE if route.method == "GET" and route not in OF_ONE_THING], ids=name
)
def test_another_company_sees_only_its_own(cast, route):
    answer = cast.call(route, cast.stranger.token)

    assert answer.status_code == 200
    learns_nothing(cast, answer)


@pytest.mark.parametrize("kind", ["operator", "companies:read", "keys:manage"])
@pytest.mark.parametrize("route", PEOPLE, ids=name)
def test_a_client_key_is_nobodys_access_token(cast, route, kind):
    answer = cast.call(route, cast.keys[kind])

    assert answer.status_code == 401
    learns_nothing(cast, answer)


# Machines


def _shown(cast):
    """Invalid client keys, by what is wrong with them."""
    key = cast.keys["operator"]
    _, key_id, secret = key.split("_", 2)
    return {
        "nothing": None,
        "a person's token": cast.victim.token,
        "an id token": cast.id_token,
        "nonsense": "nonsense",
        "no secret": f"cck_{key_id}_",
        "another prefix": f"xxx_{key_id}_{secret}",
        "an unknown id": f"cck_{'0' * 26}_{secret}",
        "a wrong secret": f"cck_{key_id}_{'x' * 43}",
        "another key's secret": f"cck_{key_id}_{cast.keys['companies:read'].split('_', 2)[2]}",
        "a revoked key": cast.revoked_key,
        "a revoked secret": cast.revoked_secret,
        "a key below a revoked one": cast.key_below_a_revoked_one,
    }


@pytest.mark.parametrize("route", MACHINES, ids=name)
def test_whatever_is_wrong_with_a_client_key_the_answer_is_the_same(cast, route):
    answers = {kind: cast.call(route, token) for kind, token in _shown(cast).items()}

    for answer in answers.values():
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        learns_nothing(cast, answer)
    assert len({json.dumps(_without_id(answer)) for answer in answers.values()}) == 1


@pytest.mark.parametrize("route", MACHINES, ids=name)
def test_a_key_without_the_scope_gets_nothing(cast, route):
    others = [key for scope, key in cast.keys.items() if scope != route.caller.scope]

    for key in others:
        answer = cast.call(route, key)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
        learns_nothing(cast, answer)


@pytest.mark.parametrize("route", [route for route in MACHINES if name(route) not in CREATING], ids=name)
def test_with_the_scope_it_is_no_longer_the_caller_who_is_refused(cast, route):
    """This proves that the calls above are refused for their caller. The ids do not exist, so that nothing changes.

    `cast` shows that `POST /client-keys` admits managers of keys: its keys come from there.
    """
    ulid = "0" * 26
    nowhere = {"company_id": f"com_{ulid}", "user_id": f"usr_{ulid}_{ulid}", "key_id": ulid}

    answer = cast.call(route, cast.keys[route.caller.scope], **nowhere)

    is_about_one = "{" in route.path or route.path in ("/customers/lookup", "/refused-events")
    assert answer.status_code == (404 if is_about_one else 200)


@pytest.mark.parametrize("route", [route for route in MACHINES if isinstance(route.caller, AccountCaller)], ids=name)
def test_the_account_of_others_is_not_there(cast, route):
    """Also for a request that would make something: the account is refused before anything else is looked at."""
    answer = cast.call(route, cast.key_of_another_account)

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    learns_nothing(cast, answer)


# Systems that sign


@pytest.mark.parametrize("route", SIGNED, ids=name)
def test_without_a_good_signature_nothing_is_taken(cast, route):
    for token in (None, cast.victim.token, cast.keys["operator"]):
        answer = cast.call(route, token)

        assert (answer.status_code, answer.json()["code"]) == (401, "signature-invalid")
        learns_nothing(cast, answer)


def _without_id(answer: requests.Response) -> dict[str, Any]:
    return {**answer.json(), "request_id": ""}


def test_a_forged_cursor_of_another_company_is_refused(cast):
    page = cast.victim.shop.call("GET", "/users?limit=1", token=cast.victim.token).json()

    for path in ("/users", "/erp-contacts"):
        answer = cast.stranger.shop.call("GET", f"{path}?cursor={page['next_cursor']}", token=cast.stranger.token)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")
        learns_nothing(cast, answer)


def test_an_invited_person_cannot_use_anything_before_accepting(stack, cast):
    """An invitation is no login: Cognito does not know the person, and the link's token is no access token."""
    invited = cast.stranger.invite("notyet")
    token = cast.stranger.link_of(invited["email"])

    assert cast.stranger.shop.log_in(invited["email"], PASSWORD) is None
    assert cast.stranger.shop.call("GET", "/me", token=token).status_code == 401


def test_tokens_that_were_never_sent_all_look_the_same(cast):
    body = {"password": PASSWORD}
    tried = ["x", "usr_x.y", f"{cast.target}.guess", f"usr_{'0' * 26}_{'0' * 26}.guess", f"{cast.target}", "." * 50]

    answers = [
        cast.victim.shop.call("POST", "/invitations/acceptance", body={**body, "token": token}) for token in tried
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({json.dumps(_without_id(answer)) for answer in answers}) == 1
