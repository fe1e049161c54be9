"""Client keys: issued, rotated, revoked, and how a machine is admitted by its key."""

import json
from datetime import timedelta

import pytest

from customer_center.clients.callers import client
from customer_center.clients.entries import machine
from customer_center.clients.issue_client_key import NewKey, issue_client_key
from customer_center.clients.model import Scope, written
from customer_center.clients.revoke_client_key import revoke_client_key
from customer_center.clients.rotate_client_key import rotate_client_key
from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.platform.errors import Conflict, Forbidden, InProgress, InvalidInput, NotFound, PreconditionFailed
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api
from customer_center.platform.journal import Actor
from customer_center.platform.wire import Output
from tests.fakes.clients import FakeClientKeys
from tests.fakes.clock import NOON, FakeClock

OPS = Actor("system", "ops")
NOBODYS = "x" * 43


class Desk:
    """The use cases of client keys, around a fake."""

    def __init__(self):
        self.keys = FakeClientKeys()
        self.clock = FakeClock()

    def issue(self, *scopes, actor=OPS, issuer=None, **given):
        new_key = NewKey(**{"name": "shop", "scopes": frozenset(scopes or {Scope.COMPANIES_READ})} | given)
        issuer = issuer and issuer.key
        return issue_client_key(new_key, actor, "request-1", issuer=issuer, client_keys=self.keys, clock=self.clock)

    def rotate(self, key_id, by=None):
        by = by and by.key
        return rotate_client_key(key_id, OPS, "request-1", by=by, client_keys=self.keys, clock=self.clock)

    def revoke(self, key_id, secret_hint=None):
        return revoke_client_key(key_id, secret_hint, OPS, "request-1", client_keys=self.keys, clock=self.clock)

    def answer(self, authorization, scope=Scope.COMPANIES_READ):
        """Return status, code and headers of what a route for machines answers."""
        api = Api(CLIENTS_TEXTS)

        @api.route("GET /things", caller=client(lambda: self.keys, scope, self.clock))
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


# What a key may give


EVERY = tuple(Scope)
RIGHTS = {"accounts": frozenset({"acc_1"}), "product": "newbase", "partner_id": "VMF"}


def test_a_key_issues_keys_with_some_of_its_rights(desk):
    manager = desk.issue(*EVERY, accounts=frozenset({"acc_1", "acc_2"}), product="newbase", partner_id="VMF")
    key = desk.issue(
        Scope.CUSTOMERS_READ, issuer=manager, accounts=frozenset({"acc_1"}), product="newbase", name="below"
    ).key
    assert key.partner_id is None
    assert desk.issue(*EVERY, issuer=manager, **RIGHTS).key.partner_id == "VMF"
    assert (key.issued_by, key.ancestors) == (manager.key.key_id, (manager.key.key_id,))
    assert manager.key.issued_by is None
    assert desk.keys.entries[-1].changes["issued_by"] == (None, manager.key.key_id)


@pytest.mark.parametrize(
    ("has", "wants", "missing"),
    [
        ({"scopes": {Scope.KEYS_MANAGE}}, {"scopes": {Scope.OPERATOR}}, "operator"),
        (
            {"scopes": {Scope.KEYS_MANAGE, Scope.CUSTOMERS_READ}},
            {"scopes": {Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_ADMIN}},
            "customers:admin, customers:write",
        ),
        ({"accounts": frozenset({"acc_1"})}, {}, "accounts"),
        ({"accounts": frozenset({"acc_1"})}, {"accounts": frozenset({"acc_1", "acc_2"})}, "accounts"),
        ({"product": "newbase"}, {}, "product"),
        ({"product": "newbase"}, {"product": "vendasta"}, "product"),
        ({}, {"partner_id": "VMF"}, "partner_id"),
        ({"partner_id": "VMF"}, {"partner_id": "XYZ"}, "partner_id"),
        ({"expires_at": NOON + timedelta(days=1)}, {"expires_at": NOON + timedelta(days=2)}, "expires_at"),
    ],
)
def test_a_key_cannot_give_what_it_lacks(desk, has, wants, missing):
    scopes = {"scopes": frozenset(EVERY)}
    manager = desk.issue(**scopes | {name: frozenset(it) if name == "scopes" else it for name, it in has.items()})
    with pytest.raises(Forbidden, match="grant-exceeds-key") as refused:
        desk.issue(**scopes | wants, issuer=manager)
    assert refused.value.values == {"missing": missing}
    assert len(desk.keys.keys()) == 1


def test_under_a_key_are_three_levels_of_keys_and_no_more(desk):
    issuer = desk.issue(Scope.KEYS_MANAGE)
    for _ in range(3):
        issuer = desk.issue(Scope.KEYS_MANAGE, issuer=issuer)
    assert len(issuer.key.ancestors) == 3
    with pytest.raises(Conflict, match="client-key-depth"):
        desk.issue(Scope.KEYS_MANAGE, issuer=issuer)


# Revocation goes down


@pytest.fixture
def family(desk):
    """A key, the key it issued, and the key that one issued; and a key of somebody else."""
    first = desk.issue(Scope.KEYS_MANAGE)
    second = desk.issue(Scope.KEYS_MANAGE, issuer=first)
    third = desk.issue(Scope.KEYS_MANAGE, issuer=second)
    return first, second, third, desk.issue(Scope.KEYS_MANAGE)


def list_of(desk):
    return desk.keys.keys()


def _admitted(desk, keys):
    return [desk.admits(shown(key), Scope.KEYS_MANAGE) for key in keys]


@pytest.mark.parametrize(
    ("revoked", "left"),
    [(0, [False, False, False, True]), (1, [True, False, False, True]), (2, [True, True, False, True])],
)
def test_a_revoked_key_takes_all_keys_below_it_along(desk, family, revoked, left):
    assert _admitted(desk, family) == [True] * 4
    desk.revoke(family[revoked].key.key_id)
    assert _admitted(desk, family) == left
    assert [key.revoked_at is None for key in list_of(desk)] == left
    assert [bool(key.secrets) for key in list_of(desk)] == left


def test_revoking_a_family_is_one_write(desk, family):
    before = len(desk.keys.entries)
    desk.revoke(family[0].key.key_id)
    assert len(desk.keys.entries) == before + 1


def test_a_key_that_is_issued_while_its_issuer_is_revoked_is_dead_at_once(desk, family):
    desk.revoke(family[0].key.key_id)
    late = desk.issue(Scope.KEYS_MANAGE, issuer=family[1])
    assert not desk.admits(shown(late), Scope.KEYS_MANAGE)


def test_a_key_below_a_revoked_one_is_neither_rotated_nor_revoked_again(desk, family):
    desk.revoke(family[0].key.key_id)
    with pytest.raises(Conflict, match="client-key-revoked"):
        desk.rotate(family[2].key.key_id)
    before = len(desk.keys.entries)
    assert desk.revoke(family[2].key.key_id).revoked_at == desk.keys.key(family[0].key.key_id).revoked_at
    assert len(desk.keys.entries) == before


def test_a_revoked_secret_leaves_the_keys_below(desk, family):
    """Secrets are replaced routinely. After a leak the whole key is revoked."""
    desk.rotate(family[0].key.key_id)
    desk.revoke(family[0].key.key_id, family[0].secret[-4:])
    assert _admitted(desk, family) == [False, True, True, True]


def test_a_key_rotates_itself_and_the_keys_below_it_only(desk, family):
    first, second, third, other = family
    for target in (second, third):
        assert desk.rotate(target.key.key_id, by=second).secret
    for target in (first, other):
        with pytest.raises(Forbidden, match="client-key-not-descended"):
            desk.rotate(target.key.key_id, by=second)
    assert [len(desk.keys.key(each.key.key_id).secrets) for each in family] == [1, 2, 2, 1]


# Expiry


def test_an_expired_key_is_refused_like_a_wrong_one(desk):
    issued = desk.issue(expires_at=desk.clock.now() + timedelta(hours=1))
    assert desk.admits(shown(issued))
    desk.clock.advance(seconds=3599)
    assert desk.admits(shown(issued))
    desk.clock.advance(seconds=1)
    assert desk.answer(f"Bearer {shown(issued)}")[1:] == desk.answer(None)[1:]
    with pytest.raises(Conflict, match="client-key-expired"):
        desk.rotate(issued.key.key_id)


def test_a_key_expires_with_its_issuer_at_the_latest(desk):
    manager = desk.issue(Scope.KEYS_MANAGE, expires_at=NOON + timedelta(days=30))
    assert desk.issue(Scope.KEYS_MANAGE, issuer=manager).key.expires_at == NOON + timedelta(days=30)
    sooner = NOON + timedelta(days=1)
    assert desk.issue(Scope.KEYS_MANAGE, issuer=manager, expires_at=sooner).key.expires_at == sooner


@pytest.mark.parametrize("away", [timedelta(0), timedelta(days=-1), timedelta(days=3654)])
def test_a_key_expires_in_the_future_and_not_in_another_century(desk, away):
    with pytest.raises(InvalidInput) as refused:
        desk.issue(expires_at=desk.clock.now() + away)
    assert [(wrong.pointer, wrong.code) for wrong in refused.value.errors] == [("/expires_at", "expiry-out-of-range")]


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
