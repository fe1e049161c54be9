"""Sources of webhooks: added with a secret that is shown once, rotated without a lost event, removed."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from customer_center.platform.errors import InProgress, NotFound, PreconditionFailed
from customer_center.platform.journal import Actor
from customer_center.webhooks.manage_sources import NewSource, add_source, remove_source, rotate_source
from customer_center.webhooks.signatures import signing_keys
from tests.builders.rs256 import pem, private_key
from tests.fakes.clock import FakeClock
from tests.fakes.webhooks import FakeSources, FakeSourceSecrets

ACTOR = Actor("client", "key")
NEWSLETTER = NewSource("newsletter")


class Room:
    def __init__(self):
        self.at = {"sources": FakeSources(), "secrets": FakeSourceSecrets(), "clock": FakeClock()}
        self.sources, self.secrets = self.at["sources"], self.at["secrets"]

    def add(self, new=NEWSLETTER):
        return add_source(new, "AG-100", ACTOR, "request", **self.at)

    def rotate(self, source_id, account="AG-100"):
        return rotate_source(source_id, account, ACTOR, "request", **self.at)

    def remove(self, source_id, account="AG-100", if_versions=None):
        remove_source(source_id, account, ACTOR, "request", if_versions=if_versions, **self.at)


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def added(room):
    return room.add()


def id_of(shown):
    return shown.stored.source.source_id


def test_a_source_has_a_secret_that_only_its_answer_shows(room, added):
    assert len(signing_keys([added.secret])[0]) == 32
    assert room.secrets.kept == {id_of(added): [added.secret]}
    assert added.secret not in repr(added)
    assert added.secret not in repr(room.sources.entries)
    assert added.stored.hints == (added.secret[-4:],)
    assert added.stored.source.keys_parameter == f"/sources/{id_of(added)}"


def test_the_secret_before_stays_valid_until_the_next_rotation(room, added):
    second, third = room.rotate(id_of(added)), room.rotate(id_of(added))
    assert room.secrets.kept[id_of(added)] == [third.secret, second.secret]
    assert room.sources.source(id_of(added)).hints == (third.secret[-4:], second.secret[-4:])


def test_of_two_rotations_at_once_one_is_refused_and_shows_nothing(room, added):
    change = room.sources.change

    def change_after_another(before, after, entry):
        room.sources.change = change
        room.rotate(id_of(added))
        change(before, after, entry)

    room.sources.change = change_after_another
    with pytest.raises(InProgress):
        room.rotate(id_of(added))
    assert len(room.secrets.kept[id_of(added)]) == 2


def test_a_removed_source_has_no_secret(room, added):
    room.remove(id_of(added))
    assert (room.sources.kept, room.secrets.kept) == ({}, {})
    with pytest.raises(NotFound):
        room.remove(id_of(added))


def test_a_crash_in_the_middle_of_a_removal_is_mended_by_a_repeat(room, added):
    room.secrets.remove(id_of(added))
    room.remove(id_of(added))
    assert room.sources.kept == {}


def test_a_source_that_lost_its_secrets_gets_one_by_a_rotation(room, added):
    room.secrets.remove(id_of(added))
    assert room.secrets.kept == {}
    assert [room.rotate(id_of(added)).secret] == room.secrets.kept[id_of(added)]


def test_the_source_of_another_account_is_not_there(room, added):
    with pytest.raises(NotFound):
        room.rotate(id_of(added), "AG-2")
    with pytest.raises(NotFound):
        room.remove(id_of(added), "AG-2")


def test_a_removal_is_meant_for_one_version(room, added):
    with pytest.raises(PreconditionFailed):
        room.remove(id_of(added), if_versions={7})
    assert id_of(added) in room.secrets.kept


@pytest.mark.parametrize(("if_versions", "answer"), [(None, InProgress), ({1}, PreconditionFailed)])
def test_a_removal_that_another_change_overtakes_is_refused_as_its_caller_named_a_version_or_not(
    room, added, if_versions, answer
):
    remove = room.secrets.remove
    room.secrets.remove = lambda source_id: (room.rotate(source_id), remove(source_id))
    with pytest.raises(answer):
        room.remove(id_of(added), if_versions=if_versions)
    room.secrets.remove = remove
    room.remove(id_of(added))
    assert not room.sources.kept


# Senders with a key of their own


@pytest.fixture
def vendasta(room):
    keys = [pem(private_key("vendasta")), pem(private_key("other"))]
    return room.add(NewSource("vendasta", "vendasta", keys, {"issuers": ["Vendasta"]}))


def test_a_sender_with_its_own_key_gets_no_secret_of_ours(room, vendasta):
    assert vendasta.secret is None
    keys = [pem(private_key("vendasta")), pem(private_key("other"))]
    assert room.secrets.kept == {id_of(vendasta): keys}
    source = vendasta.stored.source
    assert (source.format, source.product, source.account) == ("vendasta", "vendasta", "AG-100")
    assert source.settings == {"issuers": ["Vendasta"]}


def test_a_hint_of_a_public_key_is_what_tools_show_of_it(vendasta):
    """`openssl pkey -pubin -outform DER | sha256sum`. The last characters of two keys are often the same."""
    kind = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    der = private_key("vendasta").public_key().public_bytes(*kind)
    assert vendasta.stored.hints[0] == hashlib.sha256(der).hexdigest()[:8]
    assert len(set(vendasta.stored.hints)) == 2


def test_a_sender_with_its_own_key_has_no_secret_to_rotate(room, vendasta):
    before = dict(room.secrets.kept)
    with pytest.raises(NotFound):
        room.rotate(id_of(vendasta))
    assert room.secrets.kept == before
