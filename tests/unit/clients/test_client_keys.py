"""Client keys: issued, rotated, revoked, and how a machine is admitted by its key."""

import json

import pytest

from customer_center.clients.callers import client
from customer_center.clients.entries import machine
from customer_center.clients.issue_client_key import NewKey, issue_client_key
from customer_center.clients.model import Scope, written
from customer_center.clients.revoke_client_key import revoke_client_key
from customer_center.clients.rotate_client_key import rotate_client_key
from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.platform.errors import Conflict, InProgress, InvalidInput, NotFound, PreconditionFailed
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api
from customer_center.platform.journal import Actor
from customer_center.platform.wire import Output
from tests.fakes.clients import FakeClientKeys
from tests.fakes.clock import FakeClock

OPS = Actor("system", "ops")
NOBODYS = "x" * 43


class Desk:
    """The use cases of client keys, around a fake."""

    def __init__(self):
        self.keys = FakeClientKeys()
        self.clock = FakeClock()

    def issue(self, *scopes, actor=OPS, **given):
        new_key = NewKey(**{"name": "shop", "scopes": frozenset(scopes or {Scope.COMPANIES_READ})} | given)
        return issue_client_key(new_key, actor, "request-1", client_keys=self.keys, clock=self.clock)

    def rotate(self, key_id):
        return rotate_client_key(key_id, OPS, "request-1", client_keys=self.keys, clock=self.clock)

    def revoke(self, key_id, secret_hint=None):
        return revoke_client_key(key_id, secret_hint, OPS, "request-1", client_keys=self.keys, clock=self.clock)

    def answer(self, authorization, scope=Scope.COMPANIES_READ):
        """Return status, code and headers of what a route for machines answers."""
        api = Api(CLIENTS_TEXTS)

        @api.route("GET /things", caller=client(lambda: self.keys, scope))
        def things(caller) -> Answer[Seen]:
            return Answer(Seen(key_id=caller.key_id))

        event = {
            "routeKey": "GET /things",
            "headers": {} if authorization is None else {"Authorization": authorization},
            "requestContext": {"requestId": "request-1", "http": {"sourceIp": "203.0.113.7"}},
        }
        answer = api.handle(event, None)
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    def admits(self, shown, scope=Scope.COMPANIES_READ):
        return self.answer(f"Bearer {shown}", scope)[0] == 200


@frozen(kw_only=True)
class Seen(Output):
    """Who was let in."""

    key_id: str


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def issued(desk):
    return desk.issue()


def shown(issued):
    """Return what the holder of an issued key sends."""
    return written(issued.key.key_id, issued.secret)


# Who is let in


def test_who_shows_a_good_key_is_let_in_and_known_by_its_id(desk, issued):
    status, body, _ = desk.answer(f"Bearer {shown(issued)}")
    assert (status, body["key_id"]) == (200, issued.key.key_id)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_word_bearer_is_read_in_any_case(desk, issued, scheme):
    assert desk.answer(f"{scheme} {shown(issued)}")[0] == 200


def _wrong(issued):
    key_id, secret = issued.key.key_id, issued.secret
    return {
        "nothing": None,
        "empty": "",
        "no-scheme": shown(issued),
        "another-scheme": f"Basic {shown(issued)}",
        "no-key": "Bearer",
        "a-jwt": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "another-prefix": f"Bearer ghp_{key_id}_{secret}",
        "no-secret": f"Bearer cck_{key_id}",
        "short-secret": f"Bearer cck_{key_id}_{secret[:-1]}",
        "long-secret": f"Bearer cck_{key_id}_{secret}A",
        "wrong-secret": f"Bearer {written(key_id, NOBODYS)}",
        "hash-as-secret": f"Bearer {written(key_id, issued.key.secrets[0].secret_hash[:43])}",
        "unknown-id": f"Bearer {written('0' * 26, secret)}",
        "id-in-capitals": f"Bearer {written(key_id.upper(), secret)}",
        "two-keys": f"Bearer {shown(issued)} {shown(issued)}",
        "nul": f"Bearer {shown(issued)}\x00",
        "beyond-ascii": f"Bearer {shown(issued)[:-1]}ü",
        "half-a-character": f"Bearer {shown(issued)[:-1]}\ud800",
    }


@pytest.mark.parametrize("kind", _wrong(Desk().issue()))
def test_whatever_is_wrong_with_what_is_shown_the_answer_is_the_same(desk, issued, kind):
    status, problem, headers = desk.answer(_wrong(issued)[kind])
    assert (status, problem["code"]) == (401, "unauthorized")
    assert headers["WWW-Authenticate"] == "Bearer"
    assert (problem, headers) == desk.answer(None)[1:]


def test_a_revoked_key_and_a_revoked_secret_look_like_one_that_never_was(desk, issued):
    second = desk.rotate(issued.key.key_id)
    desk.revoke(issued.key.key_id, issued.secret[-4:])
    assert desk.answer(f"Bearer {shown(issued)}")[1:] == desk.answer(None)[1:]
    desk.revoke(issued.key.key_id)
    assert desk.answer(f"Bearer {shown(second)}")[1:] == desk.answer(None)[1:]


@pytest.mark.parametrize("scope", Scope)
def test_a_key_is_good_for_its_own_scopes_only(desk, scope):
    issued = desk.issue(scope)
    assert desk.admits(shown(issued), scope)
    for other in set(Scope) - {scope}:
        status, problem, _ = desk.answer(f"Bearer {shown(issued)}", other)
        assert (status, problem["code"]) == (403, "scope-missing")
        assert other in problem["detail"]


def test_only_who_shows_a_good_key_learns_that_a_scope_is_missing(desk, issued):
    assert desk.answer(f"Bearer {written(issued.key.key_id, NOBODYS)}", Scope.OPERATOR)[0] == 401


def test_admitting_a_machine_takes_one_read(desk, issued):
    reads = []

    class Counted(FakeClientKeys):
        def key(self, key_id):
            reads.append(key_id)
            return desk.keys.key(key_id)

    counted = Desk()
    counted.keys = Counted()
    counted.admits(shown(issued))
    counted.admits(written("0" * 26, NOBODYS))
    assert reads == [issued.key.key_id, "0" * 26]


# Issue


def test_an_issued_key_says_what_it_is_for(desk):
    key = desk.issue(Scope.CUSTOMERS_READ, name="newbase", accounts=frozenset({"acc_1"}), product="newbase").key
    assert desk.keys.key(key.key_id) == key
    assert (key.name, key.scopes, key.accounts, key.product) == (
        "newbase",
        {Scope.CUSTOMERS_READ},
        {"acc_1"},
        "newbase",
    )


def test_the_secret_is_kept_nowhere_only_its_hash_and_its_last_four_characters(desk, issued):
    (kept,) = issued.key.secrets
    assert (kept.hint, len(kept.secret_hash), kept.created_at) == (issued.secret[-4:], 64, desk.clock.now())
    assert issued.secret not in repr(vars(desk.keys))


def test_no_two_keys_are_alike(desk):
    one, other = desk.issue(), desk.issue()
    assert one.key.key_id != other.key.key_id
    assert one.secret != other.secret


def test_who_issued_a_key_is_in_the_operators_journal(desk):
    operator = desk.issue(Scope.OPERATOR).key
    key = desk.issue(actor=machine(operator)).key
    entry = desk.keys.entries[-1]
    assert (entry.partition, entry.action, entry.subject) == ("operator", "client_key.issued", key.key_id)
    assert entry.actor == Actor("client", operator.key_id)
    assert entry.changes["scopes"] == (None, ["companies:read"])
    assert key.secrets[0].secret_hash not in repr(entry)


# Rotate


def test_while_a_key_is_rotated_both_secrets_are_good(desk, issued):
    second = desk.rotate(issued.key.key_id)
    assert second.secret != issued.secret
    assert desk.admits(shown(issued))
    assert desk.admits(shown(second))


def test_a_rotation_ends_by_revoking_the_old_secret(desk, issued):
    second = desk.rotate(issued.key.key_id)
    desk.revoke(issued.key.key_id, issued.secret[-4:])
    assert not desk.admits(shown(issued))
    assert desk.admits(shown(second))
    assert desk.rotate(issued.key.key_id).secret


def test_a_third_secret_is_refused(desk, issued):
    desk.rotate(issued.key.key_id)
    with pytest.raises(Conflict, match="secrets-limit"):
        desk.rotate(issued.key.key_id)
    assert len(desk.keys.key(issued.key.key_id).secrets) == 2


def test_a_revoked_key_is_not_rotated_back_to_life(desk, issued):
    desk.revoke(issued.key.key_id)
    with pytest.raises(Conflict, match="client-key-revoked"):
        desk.rotate(issued.key.key_id)


# Revoke


def test_a_revoked_key_lets_nobody_in_from_then_on(desk, issued):
    desk.clock.advance(seconds=60)
    key = desk.revoke(issued.key.key_id)
    assert (key.revoked_at, key.secrets) == (desk.clock.now(), ())
    assert not desk.admits(shown(issued))


def test_revoking_twice_changes_nothing(desk, issued):
    first = desk.revoke(issued.key.key_id)
    desk.clock.advance(seconds=60)
    assert desk.revoke(issued.key.key_id) == first
    assert [entry.action for entry in desk.keys.entries] == ["client_key.issued", "client_key.revoked"]


def test_a_secret_the_key_does_not_have_cannot_be_revoked(desk, issued):
    other = "AAAA" if issued.secret[-4:] != "AAAA" else "BBBB"
    with pytest.raises(InvalidInput) as refused:
        desk.revoke(issued.key.key_id, other)
    assert [(wrong.pointer, wrong.code) for wrong in refused.value.errors] == [("/secret_hint", "unknown-value")]


def test_a_key_that_is_not_there_is_not_found(desk):
    for change in (desk.rotate, desk.revoke):
        with pytest.raises(NotFound):
            change("0" * 26)


@pytest.mark.parametrize("change", ["rotate", "revoke"])
def test_who_meets_another_change_is_asked_to_come_again(desk, issued, monkeypatch, change):
    def changed_meanwhile(before, after, entry):
        raise PreconditionFailed

    monkeypatch.setattr(desk.keys, "change", changed_meanwhile)
    with pytest.raises(InProgress):
        getattr(desk, change)(issued.key.key_id)
