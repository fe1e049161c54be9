"""Consent is a ledger per channel: the newest denial holds unless a grant has a later time, whatever arrives first."""

from datetime import timedelta
from itertools import product as pairs_of

import pytest

from customer_center.customers.consent import (
    CHANNELS,
    ConsentSaid,
    consent_said,
    is_permitted,
    shown,
    with_statements,
)
from customer_center.customers.product_ports import TryLater
from customer_center.platform.clock import iso
from customer_center.platform.errors import InvalidInput
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds
from tests.builders.customers_room import ACCOUNT, ANNA, CustomersRoom

YEAR_1 = "0001-01-01T00:00:00Z"


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


@pytest.fixture
def anna(room):
    """A customer that product a created and b was told, an hour ago."""
    customer = room.create("a", external_id="a-1", **ANNA)
    room.follow_up()
    room.later(3600)
    room.connector.told.clear()
    return customer.customer_id


def moment(room, seconds_ago):
    return nanoseconds(room.clock.now() - timedelta(seconds=seconds_ago))


def at(room, seconds_ago):
    return iso(room.clock.now() - timedelta(seconds=seconds_ago))


def everywhere(state, since):
    return ConsentSaid(channels=dict.fromkeys(CHANNELS, (state, since)))


def granted_since(since):
    return {channel: {"state": "granted", "at": iso_nanoseconds(since)} for channel in CHANNELS}


def states(room, customer_id):
    given = shown(room.customers.customer(customer_id).consent)
    return {channel: said and said["state"] for channel, said in given.items()}


def state(room, customer_id):
    """Return the state of all channels, which is one."""
    (only,) = set(states(room, customer_id).values())
    return only


def permitted(room, customer_id):
    return room.customers.customer(customer_id).permission_to_contact


def ledger(room, customer_id):
    return [(each.channel, each.state, each.source) for each in room.customers.consent_ledger(customer_id)]


def is_rebuilt(room, customer_id):
    rebuilt = with_statements({}, room.customers.consent_ledger(customer_id))
    return rebuilt == room.customers.customer(customer_id).consent


# What a flag, a time and a ledger say


@pytest.mark.parametrize("values", [{}, {"permission": False}, {"permission": YEAR_1}])
def test_without_a_word_or_with_false_there_is_no_permission(room, values):
    """003: "It will default to `false` if excluded at time of Customer creation"."""
    consent = consent_said(values.get("permission"), None)
    customer = room.create("a", consent=consent, **ANNA)
    assert state(room, customer.customer_id) is None
    assert not customer.permission_to_contact
    room.follow_up()
    assert not room.connector.pushes[-1].customer.permission_to_contact


def test_true_grants_every_channel_at_the_time_of_the_event(room, anna):
    room.hear("b", late=60, ids=("b-1", anna), consent=ConsentSaid(permission=True))
    given = shown(room.customers.customer(anna).consent)
    assert given == granted_since(moment(room, 60))
    assert permitted(room, anna)


def test_a_time_grants_every_channel_at_that_time(room, anna):
    room.hear("b", ids=("b-1", anna), consent=consent_said(at(room, 9000), None))
    given = shown(room.customers.customer(anna).consent)
    assert given == granted_since(moment(room, 9000))


def test_year_1_grants_nothing_and_is_false(room, anna):
    room.hear("b", ids=("b-1", anna), consent=consent_said(YEAR_1, {"sms": {"state": "granted", "at": YEAR_1}}))
    assert state(room, anna) is None
    room.edit(anna, consent=ConsentSaid(permission=True))
    room.follow_up()
    room.later()
    room.hear("b", ids=("b-1", anna), consent=consent_said(YEAR_1, None))
    assert state(room, anna) == "denied"


def test_false_denies_what_was_granted_and_leaves_the_rest_unknown(room, anna):
    room.edit(anna, consent=ConsentSaid(channels={"email": ("granted", moment(room, 60))}))
    room.edit(anna, consent=ConsentSaid(permission=False))
    assert states(room, anna) == {"email": "denied", "phone": None, "sms": None, "post": None}


def test_permission_means_that_something_is_granted_and_nothing_denied(room, anna):
    room.edit(anna, consent=ConsentSaid(channels={"email": ("granted", moment(room, 60))}))
    assert permitted(room, anna)
    room.edit(anna, consent=ConsentSaid(channels={"sms": ("denied", moment(room, 9000))}))
    assert states(room, anna) == {"email": "granted", "phone": None, "sms": "denied", "post": None}
    assert not permitted(room, anna)


def test_the_ledger_keeps_who_said_what_and_only_grows(room, anna):
    room.edit(anna, "a", consent=ConsentSaid(channels={"email": ("granted", moment(room, 60))}))
    room.hear("b", ids=("b-1", anna), consent=ConsentSaid(channels={"email": ("denied", moment(room, 30))}))
    assert ledger(room, anna) == [("email", "granted", "product:a"), ("email", "denied", "product:b")]
    room.edit(anna, consent=ConsentSaid(channels={"email": ("granted", moment(room, 0))}))
    assert len(ledger(room, anna)) == 3
    assert permitted(room, anna)


def test_at_one_moment_a_denial_wins(room, anna):
    for source, said in pairs_of(("a", "b"), ("denied", "granted")):
        room.hear(source, ids=(f"{source}-1", anna), consent=everywhere(said, moment(room, 60)))
    assert state(room, anna) == "denied"


@pytest.mark.parametrize("seconds", [301, 10_000_000_000])
@pytest.mark.parametrize("door", ["api", "webhook"])
def test_a_consent_that_begins_in_the_future_is_refused(room, anna, seconds, door):
    """It would outdo every denial until then."""
    said = ConsentSaid(moment(room, -seconds), {"sms": ("granted", moment(room, -seconds))})
    if door == "api":
        with pytest.raises(InvalidInput) as refused:
            room.edit(anna, first_name="Other", consent=said)
        wrong = [error.pointer for error in refused.value.errors]
        assert wrong == ["/permission_to_contact", "/consent/sms/at"]
    else:
        room.hear("b", event_id="msg", ids=("b-1", anna), first_name="Other", consent=said)
        pointers = ["/data/permission_to_contact", "/data/consent/sms/at"]
        assert room.customers.refused == [("src_b", "msg", "invalid-input", pointers)]
    assert state(room, anna) is None
    assert room.shown(anna) == ANNA


# Each pair, in both orders of arrival

FORMS = ("bool", "date-time", "ledger")


def event_that_says(room, anna, product, said, form, seconds_ago):
    """Return an event about all channels, `seconds_ago`; None if there is nothing to say or the form has no denial."""
    since = moment(room, seconds_ago)
    match said, form:
        case ("unknown", _):
            consent = None
        case (_, "bool"):
            consent = ConsentSaid(permission=said == "granted")
        case ("granted", "date-time"):
            consent = ConsentSaid(permission=since)
        case ("denied", "date-time"):
            consent = consent_said(YEAR_1, None)
        case _:
            consent = everywhere(said, since)
    return room.event(product, late=seconds_ago, ids=(f"{product}-1", anna), consent=consent)


def expected(older, newer, older_form, newer_form):
    """Return the state by the rule in words: the later one holds, and a flag denies only what was said before."""
    if newer == "unknown":
        return expected_alone(older, older_form)
    if newer == "denied" and newer_form != "ledger" and expected_alone(older, older_form) is None:
        return None
    return newer


def expected_alone(said, form):
    return None if said == "unknown" or (said == "denied" and form != "ledger") else said


@pytest.mark.parametrize("order", ["in order", "out of order"])
@pytest.mark.parametrize("other", [False, True], ids=["same source", "other source"])
@pytest.mark.parametrize(("older_form", "newer_form"), list(pairs_of(FORMS, FORMS)))
@pytest.mark.parametrize(("older", "newer"), list(pairs_of(("unknown", "granted", "denied"), repeat=2)))
def test_a_pair_ends_in_the_same_state_in_either_order(room, anna, older, newer, older_form, newer_form, other, order):
    events = [
        event_that_says(room, anna, "a", older, older_form, 600),
        event_that_says(room, anna, "b" if other else "a", newer, newer_form, 60),
    ]
    for event in events if order == "in order" else reversed(events):
        room.apply(event)
    if other and newer == "denied" and newer_form != "ledger":
        # The other product repeats the `false` that it was told before: no statement.
        assert state(room, anna) == expected_alone(older, older_form)
    else:
        assert state(room, anna) == expected(older, newer, older_form, newer_form)
    assert is_rebuilt(room, anna)


@pytest.mark.parametrize("order", ["in order", "out of order"])
def test_a_flag_of_a_source_that_was_told_the_grant_denies_it(room, anna, order):
    room.edit(anna, "a", consent=ConsentSaid(permission=True))
    room.follow_up()
    room.later()
    events = [
        room.event("b", ids=("b-1", anna), consent=ConsentSaid(permission=False)),
        room.event("a", late=5, ids=("a-1", None), consent=everywhere("granted", moment(room, 5))),
    ]
    for event in events if order == "in order" else reversed(events):
        room.apply(event)
    assert state(room, anna) == "denied"
    assert is_rebuilt(room, anna)


def test_a_flag_that_was_a_repetition_counts_once_an_older_opposite_arrives(room, anna):
    """The product said true, then false. Its false arrives first, and looks like the default that it knows."""
    late = room.event("b", late=60, ids=("b-1", anna), consent=ConsentSaid(permission=True))
    room.hear("b", ids=("b-1", anna), consent=ConsentSaid(permission=False))
    room.apply(late)
    assert state(room, anna) == "denied"


def test_a_flag_that_was_a_repetition_grants_once_an_older_withdrawal_arrives(room, anna):
    room.hear("b", ids=("b-1", anna), consent=ConsentSaid(permission=True))
    room.later()
    late = room.event("b", ids=("b-1", anna), consent=ConsentSaid(permission=False))
    room.later()
    room.hear("b", ids=("b-1", anna), consent=ConsentSaid(permission=True))
    room.apply(late)
    assert state(room, anna) == "granted"


def test_what_a_product_repeats_after_it_was_told_does_not_outdo_its_own_late_withdrawal(room, anna):
    """Its withdrawal was on its way when it was told the grant again, and it repeated what it was told."""
    room.edit(anna, "a", consent=ConsentSaid(permission=True))
    room.follow_up()
    room.later()
    late = room.event("b", ids=("b-1", anna), consent=ConsentSaid(permission=False))
    room.later()
    room.edit(anna, "a", last_name="Neumann")
    room.follow_up()
    room.later()
    room.hear("b", ids=("b-1", anna), consent=ConsentSaid(permission=True))
    room.apply(late)
    assert state(room, anna) == "denied"


def test_a_flag_of_a_source_that_knows_nothing_is_a_denial(room):
    """A product that was never told of the customer says explicitly that contact is not permitted."""
    customer = room.create(consent=ConsentSaid(permission=True), **ANNA)
    room.later()
    room.hear("b", ids=("b-1", customer.customer_id), consent=ConsentSaid(permission=False))
    assert state(room, customer.customer_id) == "denied"


# Comparison with what is known


def test_a_full_update_that_repeats_an_old_true_after_a_denial_grants_nothing(room, anna):
    room.hear("a", ids=("a-1", None), consent=ConsentSaid(permission=True))
    room.follow_up()
    room.later()
    room.edit(anna, consent=ConsentSaid(permission=False))
    room.later()
    room.hear("a", ids=("a-1", None), **ANNA | {"last_name": "Neumann"}, consent=ConsentSaid(permission=True))
    assert state(room, anna) == "denied"
    assert room.shown(anna)["last_name"] == "Neumann"


@pytest.mark.parametrize("form", ["date-time", "ledger"])
def test_a_full_update_that_repeats_an_old_time_after_a_denial_grants_nothing(room, anna, form):
    event = event_that_says(room, anna, "a", "granted", form, 60)
    room.apply(event)
    room.edit(anna, consent=ConsentSaid(permission=False))
    rows = ledger(room, anna)
    for _ in range(3):
        room.later()
        room.hear("a", ids=("a-1", None), consent=event.consent)
    assert state(room, anna) == "denied"
    assert ledger(room, anna) == rows


def test_the_erp_is_told_nothing_and_repeats_what_it_said_itself(room):
    room.hear(None, "customer.created", ids=("10000", None), consent=ConsentSaid(permission=True), **ANNA)
    found = room.customers.customer_id_of(ACCOUNT, None, "10000")
    room.later()
    room.edit(found, consent=ConsentSaid(permission=False))
    room.later()
    room.hear(None, ids=("10000", None), consent=ConsentSaid(permission=True), **ANNA)
    assert state(room, found) == "denied"


def test_a_flag_of_the_erp_denies_what_it_granted_by_channel(room):
    room.hear(None, "customer.created", ids=("10000", None), consent=everywhere("granted", moment(room, 60)), **ANNA)
    room.later()
    room.hear(None, ids=("10000", None), consent=ConsentSaid(permission=False))
    assert state(room, room.customers.customer_id_of(ACCOUNT, None, "10000")) == "denied"


def test_a_default_that_is_repeated_after_a_grant_denies_nothing(room, anna):
    """Product a created the customer without a word about consent, and sends its whole copy before it is told."""
    room.edit(anna, consent=ConsentSaid(permission=True))
    room.later()
    room.hear("a", ids=("a-1", None), consent=ConsentSaid(permission=False), **ANNA)
    assert state(room, anna) == "granted"


def test_a_new_true_after_the_denial_was_told_grants_again(room, anna):
    room.edit(anna, consent=ConsentSaid(permission=True))
    room.edit(anna, consent=ConsentSaid(permission=False))
    room.follow_up()
    room.later()
    room.hear("b", ids=("b-1", anna), consent=ConsentSaid(permission=True))
    assert state(room, anna) == "granted"


def test_a_repeated_event_adds_nothing_to_the_ledger(room, anna):
    event = room.event("b", ids=("b-1", anna), consent=ConsentSaid(permission=True))
    room.apply(event)
    room.customers.forget_applied()
    before = ledger(room, anna)
    room.apply(event)
    assert ledger(room, anna) == before


def test_an_edit_outdoes_a_denial_of_a_source_whose_clock_is_ahead(room, anna):
    room.hear("b", late=-200, ids=("b-1", anna), consent=everywhere("denied", moment(room, -200)))
    room.edit(anna, consent=ConsentSaid(permission=True))
    assert state(room, anna) == "granted"


# What products are told


def told(room):
    found = [(product, kind) for product, kind, _, _ in room.connector.told]
    room.connector.told.clear()
    return found


@pytest.mark.parametrize("said", [True, False, "time", "ledger"])
def test_the_others_are_told_and_the_author_is_not(room, anna, said):
    if said is False:
        room.edit(anna, consent=ConsentSaid(permission=True))
        room.follow_up()
        told(room)
        room.later()
    since = moment(room, 30)
    consent = {
        "time": ConsentSaid(permission=since),
        "ledger": ConsentSaid(channels={"email": ("granted", since)}),
    }.get(said) or ConsentSaid(permission=said)
    room.hear("b", ids=("b-1", anna), consent=consent)
    room.follow_up()
    assert told(room) == [("a", "updated")]
    assert room.connector.pushes[-1].customer.permission_to_contact == (said is not False)


def test_a_product_that_skips_is_told_a_customer_once_there_is_permission(room):
    """003: "if this value is `false`, depending on the nature of the Product the Vendor can optionally ignore this\
 record"."""
    room.connect("b", without_consent="skip")
    customer = room.create("a", **ANNA)
    room.follow_up()
    assert told(room) == []
    room.edit(customer.customer_id, consent=ConsentSaid(permission=True))
    room.follow_up()
    assert ("b", "created") in told(room)
    room.edit(customer.customer_id, consent=ConsentSaid(permission=False))
    room.follow_up()
    assert ("b", "updated") in told(room)
    assert not room.connector.pushes[-1].customer.permission_to_contact


def test_a_product_that_skips_is_told_of_its_own_customers(room):
    room.connect("b", without_consent="skip")
    customer = room.create("b", **ANNA)
    room.edit(customer.customer_id, last_name="Neumann")
    room.follow_up()
    assert ("b", "updated") in told(room)


def test_a_product_that_deletes_on_withdrawal_has_the_customer_again_after_a_grant(room, anna):
    room.connect("b", on_withdrawal="delete")
    room.edit(anna, "a", consent=ConsentSaid(permission=True))
    room.follow_up()
    room.later()
    room.edit(anna, "a", consent=ConsentSaid(permission=False))
    room.follow_up()
    room.later()
    room.edit(anna, "a", last_name="Neumann")
    room.follow_up()
    room.later()
    room.edit(anna, "a", consent=ConsentSaid(permission=True))
    room.follow_up()
    room.later()
    room.edit(anna, "a", first_name="Annabel")
    room.follow_up()
    assert told(room) == [("b", "updated"), ("b", "deleted"), ("b", "created"), ("b", "updated")]


def test_its_deletion_after_a_withdrawal_deletes_nothing_for_the_others(room, anna):
    """The product does what it is told, and sends an event of it."""
    room.connect("b", on_withdrawal="delete")
    room.hear("b", ids=("b-1", anna), consent=everywhere("denied", moment(room, 1)))
    room.follow_up()
    assert ("b", "deleted") in told(room)
    room.later()
    room.hear("b", "customer.deleted", ids=("b-1", None))
    assert room.customers.customer(anna).deleted_at is None


def test_a_product_that_sends_it_again_is_told_again_that_it_is_gone(room, anna):
    room.connect("b", on_withdrawal="delete")
    room.edit(anna, consent=everywhere("denied", moment(room, 1)))
    room.follow_up()
    told(room)
    room.later()
    room.hear("b", ids=("b-1", anna), **ANNA)
    room.follow_up()
    assert told(room) == [("b", "deleted")]


def test_nothing_said_is_no_permission():
    assert not is_permitted({})
    assert shown({}) == dict.fromkeys(CHANNELS)


def test_a_false_denies_only_what_was_said_before_it(room, anna):
    """The customer was created with the default; later somebody proves a consent that is older than the customer."""
    room.edit(anna, consent=ConsentSaid(permission=False))
    room.later()
    room.hear("b", ids=("b-1", anna), consent=consent_said(at(room, 9000), None))
    assert state(room, anna) == "granted"
    assert is_rebuilt(room, anna)


def test_an_old_true_that_is_repeated_while_a_call_is_in_doubt_grants_nothing(room, anna):
    room.connector.outcomes["b"] = [TryLater("no-answer-in-time")]
    room.edit(anna, "a", last_name="Neumann")
    room.follow_up()
    room.edit(anna, "b", consent=ConsentSaid(permission=True))
    room.later()
    room.edit(anna, consent=ConsentSaid(permission=False))
    room.later()
    room.hear("b", ids=("b-1", anna), consent=ConsentSaid(permission=True))
    assert state(room, anna) == "denied"


@pytest.mark.parametrize("flag", ["a time", True])
def test_a_channel_that_says_the_same_as_the_flag_is_one_statement(room, anna, flag):
    now = moment(room, 0)
    room.edit(
        anna, consent=ConsentSaid(permission=now if flag == "a time" else flag, channels={"sms": ("granted", now)})
    )
    ledger = room.customers.consent_ledger(anna)
    assert len({(row.channel, row.state, row.at, row.stamp) for row in ledger}) == len(ledger)
    assert state(room, anna) == "granted"


def test_a_product_whose_first_event_arrives_after_its_repeat_is_told_the_times():
    """The hub took the repeat for the grant. The product keeps the time of the first one."""
    room = CustomersRoom("a")
    anna = room.create("a", last_name="Muster").customer_id
    room.follow_up()
    room.later(10)
    first = room.event("a", ids=("a-1", anna), late=2, consent=ConsentSaid(permission=True))
    repeat = room.event("a", ids=("a-1", anna), consent=ConsentSaid(permission=True))
    room.apply(repeat)
    room.follow_up()
    assert room.connector.told == []
    room.apply(first)
    room.follow_up()
    assert [(name, kind) for name, kind, *_ in room.connector.told] == [("a", "updated")]
