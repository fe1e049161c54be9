"""Hub and spokes: a change anywhere reaches everybody else, once, whatever comes twice, late or as an echo."""

import pytest

from customer_center.customers.consent import ConsentSaid
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.product_ports import Refused, TryLater, Unsubscribed
from customer_center.customers.push_customer import Postponed
from customer_center.platform.errors import Conflict, NotFound, PreconditionFailed
from tests.builders.customers_room import ACCOUNT, ANNA, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


@pytest.fixture
def anna(room):
    """A customer that product a created, and that b was told."""
    customer = room.create("a", external_id="a-1", **ANNA)
    room.follow_up()
    room.connector.told.clear()
    room.later()
    return customer.customer_id


def told(room):
    """Return what was told since the last look: product, kind of event."""
    found = [(product, kind) for product, kind, _, _ in room.connector.told]
    room.connector.told.clear()
    return found


# A change reaches everybody else


def test_a_customer_that_one_product_creates_is_told_to_the_others(room):
    """003: "Any time a Product receives data for a new `Customer`, and syncs it to the central repository, it is\
 subsequently synced out to all other products that are integrated with the Customer List"."""
    room.create("a", external_id="a-1", **ANNA)
    room.follow_up()
    assert room.known_to("b") == [("created", ANNA)]
    assert room.known_to("a") == []


def test_an_update_by_webhook_is_told_to_the_others_and_not_to_its_author(room, anna):
    """003: "If a Customer is updated anywhere, that data syncs, and the record is updated everywhere"."""
    room.hear("b", ids=("b-1", anna), last_name="Neumann")
    room.follow_up()
    assert room.shown(anna)["last_name"] == "Neumann"
    assert told(room) == [("a", "updated")]


def test_an_update_by_api_is_told_to_the_others_and_not_to_its_author(room, anna):
    room.edit(anna, "b", last_name="Neumann")
    room.follow_up()
    assert told(room) == [("a", "updated")]


def test_an_update_by_a_key_without_product_is_told_to_all(room, anna):
    room.edit(anna, last_name="Neumann")
    room.follow_up()
    assert sorted(told(room)) == [("a", "updated"), ("b", "updated")]


def test_a_deletion_reaches_everybody_else_and_is_final(room, anna):
    room.delete(anna, "b")
    room.follow_up()
    assert told(room) == [("a", "deleted")]
    room.later()
    room.hear("a", ids=("a-1", None), last_name="Late")
    room.follow_up()
    assert told(room) == []
    with pytest.raises(NotFound):
        room.edit(anna, last_name="Late")


def test_a_product_that_never_had_a_deleted_customer_is_told_nothing(room):
    room.connector.outcomes["b"] = [Refused("no")]
    customer = room.create("a", **ANNA)
    room.follow_up()
    told(room)
    room.delete(customer.customer_id, "a")
    room.follow_up()
    assert told(room) == []


# The ERP


def test_the_erp_creates_and_updates_by_its_customer_number(room):
    room.hear(None, "customer.created", ids=("10000", None), organisation="Musterhandel")
    room.later()
    room.hear(None, ids=("10000", None), phones=["+49 30 1"])
    room.follow_up()
    found = room.customers.customer_id_of(ACCOUNT, None, "10000")
    assert room.shown(found) == {"organisation": "Musterhandel", "phones": ("+49 30 1",)}
    assert room.customers.customer(found).customer_code == "10000"
    assert {product for product, _ in told(room)} == {"a", "b"}


def test_an_event_of_the_erp_about_flags_only_creates_no_customer(room):
    room.hear(None, ids=("10000", None))
    assert room.customers.entries[2:] == []


# Twice, late, ahead, equal


def test_a_repeated_event_changes_nothing(room, anna):
    event = room.event("b", ids=("b-1", anna), last_name="Neumann")
    room.apply(event)
    room.later()
    room.edit(anna, last_name="Edited")
    before = room.customers.customer(anna)
    room.apply(event)
    assert room.customers.customer(anna) == before


def test_an_event_from_before_its_author_was_told_states_nothing_new(room, anna):
    room.edit(anna, last_name="Newer")
    room.follow_up()
    told(room)
    room.hear("b", late=5, ids=("b-1", anna), last_name="Older")
    room.follow_up()
    assert room.shown(anna)["last_name"] == "Newer"
    assert told(room) == []


def test_an_older_event_loses_and_its_author_is_told_what_is_shown(room, anna):
    room.edit(anna, "a", last_name="Newer")
    room.hear("b", late=5, ids=("b-1", anna), last_name="Older")
    room.follow_up()
    assert room.shown(anna)["last_name"] == "Newer"
    assert room.known_to("b")[-1] == ("updated", ANNA | {"last_name": "Newer"})


def test_what_lost_is_still_told_to_its_author_when_everybody_was_told_before(room, anna):
    """The author was told long ago, said an older value than what is shown, and has to hear the shown one again."""
    room.edit(anna, "a", last_name="Newer")
    room.follow_up()
    told(room)
    room.later()
    event = room.event("b", ids=("b-1", anna), last_name="Own")
    room.later()
    room.edit(anna, "a", last_name="Newest")
    room.apply(event)
    room.follow_up()
    assert room.customers.entries[-1].action == "customer.superseded"
    assert told(room)[-1] == ("b", "updated")
    assert room.customers.delivery(anna, ACCOUNT, "b").owes(room.customers.customer(anna).view) is None


def test_two_events_of_one_source_end_in_the_later_one_in_any_order(room, anna):
    first = room.event("b", late=5, ids=("b-1", anna), last_name="First")
    second = room.event("b", late=1, ids=("b-1", anna), last_name="Second")
    room.apply(second)
    room.apply(first)
    assert room.shown(anna)["last_name"] == "Second"


def test_a_full_update_reverts_nothing(room, anna):
    """What a product repeats is no statement: it would undo what others said in the meantime."""
    room.edit(anna, "b", first_name="Annabel")
    room.later()
    room.hear("a", ids=("a-1", None), **ANNA | {"last_name": "Neumann"})
    room.follow_up()
    assert room.shown(anna) == ANNA | {"first_name": "Annabel", "last_name": "Neumann"}
    assert room.known_to("a")[-1][1]["first_name"] == "Annabel"


def test_a_full_update_of_the_erp_reverts_nothing(room):
    room.hear(None, "customer.created", ids=("10000", None), organisation="Musterhandel", first_name="Max")
    found = room.customers.customer_id_of(ACCOUNT, None, "10000")
    room.later()
    room.edit(found, organisation="Musterhandel GmbH")
    room.later()
    room.hear(None, ids=("10000", None), organisation="Musterhandel", first_name="Moritz")
    assert room.shown(found) == {"organisation": "Musterhandel GmbH", "first_name": "Moritz"}


def test_an_echo_ends(room, anna):
    room.edit(anna, "a", last_name="Neumann")
    room.follow_up()
    assert told(room) == [("b", "updated")]
    version = room.customers.customer(anna).version
    room.later()
    room.hear("b", ids=("b-1", anna), **ANNA | {"last_name": "Neumann"})
    room.follow_up()
    assert told(room) == []
    assert room.customers.customer(anna).version == version


def test_an_echo_during_the_call_states_nothing(room, anna):
    def echo(product, push):
        room.connector.during = None
        room.hear("b", ids=("b-1", anna), last_name=push.customer.values["last_name"])

    room.edit(anna, "a", last_name="Neumann")
    room.connector.during = echo
    room.follow_up()
    assert "last_name" not in room.customers.source_record(anna, "product:b").said


def test_what_a_product_says_during_the_call_is_told_again_rather_than_lost(room, anna):
    def edit(product, push):
        room.connector.during = None
        room.hear("b", ids=("b-1", anna), last_name="Own")
        room.later(1)

    room.edit(anna, "a", last_name="Neumann")
    room.later(1)
    room.connector.during = edit
    room.follow_up()
    room.follow_up()
    assert room.shown(anna)["last_name"] == "Own"
    assert room.known_to("b")[-1][1]["last_name"] == "Own"
    assert room.known_to("a")[-1][1]["last_name"] == "Own"


def test_cleaned_values_do_not_come_back(room):
    customer = room.create("a", emails=["  Anna@MUSTER.example "], first_name=" Anna\u200b")
    room.follow_up()
    assert room.shown(customer.customer_id) == {"emails": ("anna@muster.example",), "first_name": "Anna"}
    assert room.known_to("a") == []


def test_a_product_edits_what_it_repeated_by_a_clock_that_is_ahead(room):
    """The repetition states nothing, and must not make the edit a late one."""
    anna = room.create("a", external_id="a-1", last_name="Muster").customer_id
    room.follow_up()
    room.hear("a", ids=("a-1", None), late=-120, last_name="Muster", first_name="Anna")
    assert room.edit(anna, "a", last_name="Neumann").values["last_name"] == "Neumann"
    assert room.edit(anna, "a", consent=ConsentSaid(permission=True)).permission_to_contact


def test_an_event_from_the_future_does_not_suppress_an_edit(room, anna):
    """Its author saw the value: the edit is newer, whatever a product's clock says."""
    room.hear("b", late=-200, ids=("b-1", anna), last_name="Ahead")
    room.edit(anna, last_name="Edited")
    assert room.shown(anna)["last_name"] == "Edited"


def test_null_clears_and_absent_says_nothing(room, anna):
    room.hear("a", ids=("a-1", None), last_name=None)
    assert room.shown(anna) == {name: value for name, value in ANNA.items() if name != "last_name"}


def test_a_null_that_a_product_was_never_told_clears_nothing(room, anna):
    customer = room.create(organisation="Musterhandel")
    room.hear("b", ids=("b-7", customer.customer_id), organisation=None)
    assert room.shown(customer.customer_id) == {"organisation": "Musterhandel"}


# Ids


def test_an_unknown_id_creates_and_the_same_id_finds(room):
    room.hear("b", "customer.created", ids=("b-1", None), **ANNA)
    room.later()
    room.hear("b", ids=("b-1", None), last_name="Neumann")
    found = room.customers.customer_id_of(ACCOUNT, "b", "b-1")
    assert room.shown(found) == ANNA | {"last_name": "Neumann"}
    room.follow_up()
    assert told(room) == [("a", "created")]


def test_our_id_beside_an_own_one_associates_it(room, anna):
    room.hear("b", ids=("b-1", anna))
    assert room.customers.customer_id_of(ACCOUNT, "b", "b-1") == anna
    assert room.customers.delivery(anna, ACCOUNT, "b").external_id == "b-1"


@pytest.mark.parametrize(("ids", "code"), [("other", "ids-differ"), ("nobody", "customer-unknown")])
def test_what_can_never_be_applied_is_refused_at_once(room, anna, ids, code):
    if ids == "other":
        room.hear("b", ids=("b-1", anna))
        ids = ("b-1", room.create(**ANNA).customer_id)
    else:
        ids = ("b-1", "cus_nobody")
    event = room.event("b", ids=ids, last_name="Neumann")
    room.apply(event)
    room.apply(event)
    assert room.customers.refused == [("src_b", event.event_id, code, ["/data/customer_id"])]


def test_an_external_id_belongs_to_one_customer(room, anna):
    with pytest.raises(Conflict) as refused:
        room.create("a", external_id="a-1", first_name="Other")
    assert refused.value.code == "external-id-taken"


def test_a_customer_of_another_account_is_not_there(room, anna):
    with pytest.raises(NotFound):
        present_customer(anna, "AG-2", room.customers)


def test_an_edit_is_meant_for_one_version(room, anna):
    with pytest.raises(PreconditionFailed):
        room.edit(anna, if_versions={7}, last_name="Neumann")


def test_an_edit_of_an_address_names_parts(room, anna):
    room.edit(anna, visit_address={"street": "Weg 1", "city": "Bonn"})
    room.edit(anna, visit_address={"city": "Köln"})
    assert room.shown(anna)["visit_address"] == {"street": "Weg 1", "city": "Köln"}


# Telling fails


def test_a_failed_call_is_repeated_under_the_same_id(room, anna):
    room.connector.outcomes["b"] = [TryLater("http-503"), TryLater("timeout", 60)]
    room.edit(anna, "a", last_name="Neumann")
    room.follow_up()
    room.tell()
    room.tell()
    ids = [push_id for product, _, _, push_id in room.connector.told if product == "b"]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    assert room.pointers == []


def test_a_product_that_was_down_gets_the_last_state_only(room, anna):
    room.connector.outcomes["b"] = [TryLater("http-503")]
    room.edit(anna, "a", last_name="First")
    room.follow_up()
    room.later()
    room.edit(anna, "a", last_name="Last")
    room.follow_up()
    room.tell()
    assert [values["last_name"] for _, values in room.known_to("b")] == ["First", "Last"]


def test_a_crash_after_the_call_repeats_it_when_the_lease_has_ended(room, anna):
    class CrashError(Exception):
        pass

    def crash(product, push):
        room.connector.during = None
        raise CrashError

    room.edit(anna, "a", last_name="Neumann")
    room.connector.during = crash
    with pytest.raises(CrashError):
        room.follow_up()
    with pytest.raises(Postponed):
        room.push("b", anna)
    room.later(121)
    room.push("b", anna)
    ids = [push_id for product, _, _, push_id in room.connector.told if product == "b"]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_refused_version_is_told_again_at_the_next_change(room, anna):
    room.connector.outcomes["b"] = [Refused("http-422")]
    room.edit(anna, "a", last_name="Bad")
    room.follow_up()
    assert room.customers.delivery(anna, ACCOUNT, "b").refused == "http-422"
    assert room.pointers == []
    room.edit(anna, "a", last_name="Good")
    room.follow_up()
    assert room.known_to("b")[-1] == ("updated", ANNA | {"last_name": "Good"})
    assert room.customers.delivery(anna, ACCOUNT, "b").refused is None


def test_a_product_that_is_gone_is_told_nothing_more_until_it_is_connected_again(room, anna):
    room.connector.outcomes["b"] = [Unsubscribed()]
    room.edit(anna, "a", last_name="Neumann")
    room.follow_up()
    told(room)
    room.edit(anna, "a", last_name="Later")
    room.follow_up()
    assert told(room) == []
    room.connect("b")
    room.edit(anna, "a", last_name="Back")
    room.follow_up()
    assert told(room) == [("b", "updated")]


def test_every_change_has_a_row_in_the_feed(room, anna):
    room.edit(anna, last_name="Neumann")
    room.follow_up()
    assert [(row[0], row[2]) for row in room.products.rows] == [(ACCOUNT, anna), (ACCOUNT, anna)]


# Products


def test_a_secret_is_shown_once(room):
    assert room.connect("c").secret.startswith("whsec_")
    assert room.connect("c").secret is None


def test_a_crash_before_the_secret_is_mended_by_a_repeat(room):
    shown = room.connect("c").secret
    room.secrets.kept.clear()
    assert room.connect("c").secret not in (None, shown)


def test_a_product_that_is_connected_again_has_another_secret(room):
    """Sandboxes remember secrets for minutes: the old one must not sign for the new connection."""
    before = room.products.product(ACCOUNT, "a")
    room.disconnect("a")
    room.connect("a")
    assert room.products.product(ACCOUNT, "a").secret_id != before.secret_id
    assert list(room.secrets.kept) == [room.products.product(ACCOUNT, each).secret_id for each in ("b", "a")]


def test_a_product_that_edits_before_an_unanswered_call_reaches_it_is_told_again(room, anna):
    """Nobody knows whether the product's copy is its own value or the one that it was told: it hears what is shown."""
    room.edit(anna, "a", last_name="Told")
    room.later(1)
    event = room.event("b", ids=("b-1", anna), last_name="Own")
    room.later(1)
    room.connector.outcomes["b"] = [TryLater("no-answer-in-time")]
    room.follow_up()
    room.apply(event)
    room.follow_up()
    assert room.shown(anna)["last_name"] == "Own"
    assert room.known_to("b")[-1][1]["last_name"] == "Own"
    assert room.customers.delivery(anna, ACCOUNT, "b").owes(room.customers.customer(anna).view) is None


def test_an_echo_of_an_unanswered_call_states_nothing_also_after_the_next_call_failed(room, anna):
    room.connector.outcomes["b"] = [TryLater("no-answer-in-time"), *[TryLater("no-connection")] * 2]
    room.edit(anna, "a", last_name="First")
    room.follow_up()
    room.later(1)
    room.edit(anna, "a", last_name="Second")
    room.follow_up()
    room.hear("b", ids=("b-1", anna), last_name="First", organisation="Own")
    assert room.shown(anna)["last_name"] == "Second"
    assert room.shown(anna)["organisation"] == "Own"


def test_a_deletion_is_told_to_who_may_have_been_told_the_creation(room):
    room.connector.outcomes["b"] = [TryLater("no-answer-in-time")]
    customer = room.create("a", **ANNA)
    room.follow_up()
    room.delete(customer.customer_id, "a")
    room.follow_up()
    assert [kind for kind, _ in room.known_to("b")] == ["created", "deleted"]


def test_who_edits_a_customer_by_our_id_only_is_told_all_of_it(room):
    customer = room.create(**ANNA)
    room.edit(customer.customer_id, "a", last_name="Neumann")
    room.follow_up()
    assert room.known_to("a") == [("created", ANNA | {"last_name": "Neumann"})]


def test_a_full_update_that_crosses_what_is_told_reverts_nothing(room, anna):
    """The product sent its copy before it was told: what it knew then is no statement."""
    room.edit(anna, "a", organisation="Musterhandel")
    room.later(1)
    event = room.event("b", ids=("b-1", anna), **ANNA | {"first_name": "Own"}, organisation=None)
    room.later(1)
    room.follow_up()
    room.apply(event)
    assert room.shown(anna) == ANNA | {"first_name": "Own", "organisation": "Musterhandel"}


def test_a_value_that_comes_back_while_a_call_is_in_doubt_is_told(room, anna):
    """The product may have taken the value between, and then does not hold what it knew before."""
    room.connector.outcomes["b"] = [TryLater("no-answer-in-time")]
    room.edit(anna, "a", last_name="Between")
    room.follow_up()
    room.edit(anna, "a", last_name=ANNA["last_name"])
    room.follow_up()
    assert room.known_to("b") == [("updated", ANNA | {"last_name": "Between"}), ("updated", ANNA)]


def test_who_clears_a_value_that_came_with_an_unanswered_creation_is_heard(room):
    """Only that call can have given the customer to the product, so the product knew the value that it clears."""
    room.connector.outcomes["b"] = [TryLater("no-answer-in-time")]
    customer = room.create("a", **ANNA)
    room.follow_up()
    room.hear("b", ids=("b-1", customer.customer_id), first_name=None)
    assert "first_name" not in room.shown(customer.customer_id)


def test_a_product_whose_value_was_beaten_by_one_that_changed_nothing_is_told_a_new_version():
    """Somebody said again what was shown, after the product had changed its copy and before its event arrived."""
    room = CustomersRoom("a")
    customer_id = room.create(None, organisation="Muster").customer_id
    room.follow_up()
    room.later()
    late = room.event("a", ids=("a-1", customer_id), emails=("typed@muster.example",))
    room.later()
    room.edit(customer_id, emails=None)
    room.apply(late)
    room.follow_up()
    told = [(push.kind, push.customer.version, push.customer.values) for push in room.connector.pushes]
    assert told == [("created", 1, {"organisation": "Muster"}), ("updated", 2, {"organisation": "Muster"})]


@pytest.mark.parametrize("behind", [0, 2], ids=["at once", "by a slower clock"])
def test_what_a_product_was_told_last_is_what_it_knows_whatever_the_workers_clocks_say(behind):
    room = CustomersRoom("a")
    customer_id = room.create(None, **ANNA).customer_id
    room.follow_up()
    room.later(10)
    room.edit(customer_id, last_name="First")
    room.follow_up()
    room.edit(customer_id, last_name="Last")
    room.clock.advance(seconds=-behind)
    room.follow_up()
    told = len(room.connector.told)
    room.later(10)
    room.hear("a", ids=("a-1", customer_id), last_name="Last")
    room.follow_up()
    assert len(room.connector.told) == told
    assert room.customers.source_record(customer_id, "product:a").said == {}
