"""Who has an e-mail: at most one owner, who has proved it, and any number of invited users, one of each company."""

from dataclasses import replace

from customer_center.companies.email_ownership import take_email
from customer_center.companies.items import user_values
from customer_center.companies.model import EmailHolders, InvitationStatus, UserStatus
from customer_center.companies.ports import EmailShared
from customer_center.platform.dynamodb import to_item
from customer_center.platform.errors import Conflict, InProgress, PreconditionFailed
from tests.builders.companies import (
    COMPANY_ID,
    OTHER_COMPANY_ID,
    a_company,
    a_main_contact,
    a_user,
    an_entry,
    an_invited_user,
)
from tests.contract.conftest import at_once
from tests.fakes.clock import NOON

SAME = "same@baecker.example"
THIRD_COMPANY_ID = f"com_{3:026}"


def _invited(world, company_id=COMPANY_ID):
    user = an_invited_user(company_id=company_id, email=SAME)
    world.companies.add_user(user, an_entry(company_id=company_id))
    return user


def _accepted(user):
    invitation = replace(user.invitation, status=InvitationStatus.ACCEPTED)
    return user.changed(NOON, status=UserStatus.ACTIVE, invitation=invitation)


def _accept(world, user, ending=frozenset()):
    entry = an_entry(company_id=user.company_id)
    world.companies.change_user(user, _accepted(user), entry, ending=ending)


def _holders(world):
    return world.companies.holders_of_email(SAME)


def test_several_companies_invite_one_person(world):
    users = [_invited(world, company_id) for company_id in (COMPANY_ID, OTHER_COMPANY_ID, THIRD_COMPANY_ID)]
    assert _holders(world) == EmailHolders(None, frozenset(user.user_id for user in users))
    assert world.companies.holders_of_emails([SAME]) == {SAME: _holders(world)}
    assert world.companies.colleagues_of_emails(OTHER_COMPANY_ID, [SAME]) == {SAME: users[1].user_id}
    with world.refuses(Conflict, "email-in-use"):
        _invited(world, OTHER_COMPANY_ID)


def test_who_accepts_owns_the_email(world):
    user = _invited(world)
    _accept(world, user)
    assert _holders(world) == EmailHolders(user.user_id)
    with world.refuses(Conflict, "email-in-use"):
        _invited(world, OTHER_COMPANY_ID)


def test_who_accepts_names_all_others_whose_invitation_ends(world):
    first, second = _invited(world), _invited(world, OTHER_COMPANY_ID)
    for ending in (frozenset(), frozenset({second.user_id, a_user().user_id})):
        with world.refuses(EmailShared) as shared:
            _accept(world, first, ending)
        assert shared.value.others == {second.user_id}
    _accept(world, first, frozenset({second.user_id}))
    assert _holders(world) == EmailHolders(first.user_id, frozenset({second.user_id}))
    with world.refuses(Conflict, "email-in-use"):
        _accept(world, second)


def test_an_activation_takes_the_email_over(world):
    invited = _invited(world, OTHER_COMPANY_ID)
    user, company = a_main_contact(email=SAME), a_company()
    with world.refuses(EmailShared) as shared:
        world.companies.complete_activation(user, company, an_entry(), existing=None, contact=None)
    assert shared.value.others == {invited.user_id}
    world.companies.complete_activation(
        user, company, an_entry(), existing=None, contact=None, ending=shared.value.others
    )
    assert _holders(world) == EmailHolders(user.user_id, frozenset({invited.user_id}))


def test_an_activation_takes_the_persons_own_invitation_over(world):
    company = world.founded(a_main_contact())
    invited = _invited(world)
    active = replace(_accepted(invited), name="Anna Neu")
    with world.refuses(PreconditionFailed):
        stale = replace(invited, version=7)
        world.companies.complete_activation(active, company, an_entry(), existing=company, contact=None, invited=stale)
    world.companies.complete_activation(active, company, an_entry(), existing=company, contact=None, invited=invited)
    assert world.companies.user(invited.user_id) == active
    assert _holders(world) == EmailHolders(invited.user_id)


def test_whoever_leaves_takes_only_themselves_out(world):
    world.founded(a_main_contact())
    first, second, third = (_invited(world, each) for each in (COMPANY_ID, OTHER_COMPANY_ID, THIRD_COMPANY_ID))
    others = frozenset({second.user_id, third.user_id})
    _accept(world, first, others)
    owner = world.companies.user(first.user_id)
    world.companies.change_user(second, second.changed(NOON, email="new@baecker.example"), an_entry())
    assert _holders(world) == EmailHolders(owner.user_id, frozenset({third.user_id}))
    world.companies.delete_user(owner, an_entry(), attempt="none")
    assert _holders(world) == EmailHolders(None, frozenset({third.user_id}))
    world.companies.delete_user(third, an_entry(company_id=THIRD_COMPANY_ID), attempt="none")
    assert _holders(world) == EmailHolders()


def test_the_last_one_who_leaves_leaves_no_trace_of_the_address(store_world):
    """The key holds the address, which is personal data."""
    user = _invited(store_world)
    store_world.companies.delete_user(user, an_entry(), attempt="none")
    assert SAME not in str(store_world.everything())


# E-mails from before: one user per item, also for invited users, without `proved`


def _from_before(world, user):
    """Write a user and their e-mail as they were written before e-mails had owners."""
    store = world.companies
    keys = {"pk": user.company_id, "sk": f"user#{user.user_id}"}
    old = {**user_values(user), "invitation": {**user_values(user)["invitation"], "invited_by": a_user().user_id}}
    for item in (
        {**keys, **(old if user.invitation else user_values(user))},
        {"pk": f"email#{SAME}", "sk": "email", "user_id": user.user_id},
    ):
        store._client.put_item(TableName=store._table, Item=to_item(item))
    return store.user(user.user_id)


def test_an_invitation_from_before_owns_nothing(store_world):
    world = store_world
    old = _from_before(world, an_invited_user(email=SAME))
    assert _holders(world) == EmailHolders(None, frozenset({old.user_id}))
    assert world.companies.colleagues_of_emails(COMPANY_ID, [SAME]) == {SAME: old.user_id}
    with world.refuses(Conflict, "email-in-use"):
        _invited(world)
    new = _invited(world, OTHER_COMPANY_ID)
    assert _holders(world) == EmailHolders(None, frozenset({old.user_id, new.user_id}))
    _accept(world, new, frozenset({old.user_id}))
    with world.refuses(Conflict, "email-in-use"):
        _accept(world, old)


def test_an_invitation_from_before_is_accepted(store_world):
    old = _from_before(store_world, an_invited_user(email=SAME))
    _accept(store_world, old)
    assert _holders(store_world) == EmailHolders(old.user_id)


def test_an_account_from_before_owns_its_email(store_world):
    world = store_world
    user = a_user(email=SAME)
    world.founded(a_main_contact(), user)
    key = to_item({"pk": f"email#{SAME}", "sk": "email"})
    world.companies._client.put_item(TableName=world.companies._table, Item={**key, "user_id": {"S": user.user_id}})
    assert _holders(world) == EmailHolders(user.user_id)
    with world.refuses(Conflict, "email-in-use"):
        _invited(world, OTHER_COMPANY_ID)
    world.companies.delete_user(user, an_entry(), attempt="none")
    assert _holders(world) == EmailHolders()


# At once, on the emulator


def test_at_once_one_of_several_companies_gets_the_person(emulator_world):
    world = emulator_world
    users = [_invited(world, f"com_{number:026}") for number in range(1, 5)]
    done = at_once(*(lambda user=user: take_email(lambda others: _accept(world, user, others)) for user in users))
    (winner,) = [user for user, result in zip(users, done, strict=True) if result is None]
    assert {type(result) for result in done if result} <= {Conflict, InProgress}, done
    assert _holders(world) == EmailHolders(winner.user_id, frozenset(user.user_id for user in users if user != winner))


def test_at_once_each_company_invites(emulator_world):
    world = emulator_world
    users = [an_invited_user(company_id=f"com_{number:026}", email=SAME) for number in range(1, 4)]
    done = at_once(
        *(lambda user=user: world.companies.add_user(user, an_entry(company_id=user.company_id)) for user in users)
    )
    added = frozenset(user.user_id for user, result in zip(users, done, strict=True) if result is None)
    assert added
    assert {type(result) for result in done if result} <= {InProgress}, done
    assert _holders(world) == EmailHolders(None, added)
