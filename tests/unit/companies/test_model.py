"""The models and rules of seeds 000 and 001."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.model import (
    ASSIGNABLE_ROLES,
    Budgets,
    Claim,
    InvitationStatus,
    Permission,
    Role,
    attempt_key,
    check_assignable,
    check_not_self,
    secret_hash,
)
from customer_center.platform.email_address import normalized_email
from customer_center.platform.errors import Conflict, FieldError, Forbidden, InvalidInput
from tests.builders.companies import a_main_contact, a_user, an_invitation, budgets, euros
from tests.fakes.clock import NOON


def test_the_main_contact_may_do_everything():
    """001: "The main contact who has activated the account is able to use the customer-center."."""
    assert a_main_contact().permissions == frozenset(Permission)
    assert a_main_contact().is_main_contact


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.APPROVER, {Permission.ORDERS_APPROVE, Permission.ORDERS_BUY, Permission.COMPANY_VIEW}),
        (Role.BUYER, {Permission.ORDERS_BUY}),
        (Role.BUSINESS_USER, {Permission.ORDERS_BUY}),
    ],
)
def test_other_roles_do_not_open_the_customer_center(role, permissions):
    """001: "The customer-center will be visible for users only if you have the rights for it."."""
    user = a_user(roles={role})
    assert user.permissions == permissions
    assert Permission.USERS_VIEW not in user.permissions
    assert not user.is_main_contact


def test_roles_add_up():
    """001: "you can assign roles to the user"."""
    assert a_user(roles={Role.APPROVER, Role.BUYER}).permissions == {
        Permission.ORDERS_APPROVE,
        Permission.ORDERS_BUY,
        Permission.COMPANY_VIEW,
    }


def test_a_change_is_the_next_version():
    user = a_user()
    later = NOON + timedelta(hours=1)
    changed = user.changed(later, name="Berta")
    assert changed == replace(user, name="Berta", version=2, updated_at=later)


@pytest.mark.parametrize("email", ["Tja@Baecker.Example", "  tja@baecker.example\n", "TJA@BAECKER.EXAMPLE "])
def test_emails_are_compared_trimmed_and_without_case(email):
    assert normalized_email(email) == "tja@baecker.example"


def test_sharp_s_and_double_s_are_two_domains():
    """großmann.de and grossmann.de can belong to two people."""
    assert normalized_email("a@großmann.example") != normalized_email("A@GROSSMANN.example")


def test_a_main_contact_gives_every_role_that_is_for_giving():
    """001: "In addition, you can assign roles to the user and define budgets."."""
    check_assignable(a_main_contact(), ASSIGNABLE_ROLES, budgets("10.00", "100.00"))


def test_the_role_of_business_users_comes_from_activation_only():
    """001: "a standard user will be created in the section "business users""."""
    with pytest.raises(InvalidInput) as refused:
        check_assignable(a_main_contact(), {Role.BUSINESS_USER, Role.BUYER}, Budgets())
    assert refused.value.errors == (FieldError("/roles", "role-not-assignable"),)


def test_only_who_assigns_roles_gives_roles():
    with pytest.raises(Forbidden) as refused:
        check_assignable(a_user(roles={Role.APPROVER}), {Role.BUYER}, Budgets())
    assert (refused.value.code, refused.value.values) == ("permission-missing", {"permission": "roles.assign"})


def _with_permissions(monkeypatch, *permissions):
    monkeypatch.setattr("customer_center.companies.model.PERMISSIONS", dict(_table(permissions)))
    return a_user(roles={Role.APPROVER})


def _table(permissions):
    yield Role.MAIN_CONTACT, frozenset(Permission)
    yield Role.APPROVER, frozenset(permissions)
    yield Role.BUYER, frozenset({Permission.ORDERS_BUY})


def test_nobody_grants_a_permission_they_lack(monkeypatch):
    actor = _with_permissions(monkeypatch, Permission.ROLES_ASSIGN, Permission.ORDERS_BUY)
    check_assignable(actor, {Role.BUYER}, Budgets())
    with pytest.raises(Forbidden) as refused:
        check_assignable(actor, {Role.MAIN_CONTACT}, Budgets())
    assert refused.value.values["permission"] in set(Permission) - actor.permissions


@pytest.mark.parametrize("wanted", [budgets(per_order="1.00"), budgets(per_month="1.00")])
def test_nobody_sets_budgets_without_the_permission(monkeypatch, wanted):
    actor = _with_permissions(monkeypatch, Permission.ROLES_ASSIGN, Permission.ORDERS_BUY)
    with pytest.raises(Forbidden) as refused:
        check_assignable(actor, {Role.BUYER}, wanted)
    assert refused.value.values == {"permission": "budgets.set"}


@pytest.mark.parametrize("wanted", [Budgets(), budgets("5.00"), budgets(per_month="5.00"), budgets("5.00", "9.00")])
def test_budgets_of_one_currency_are_fine(wanted):
    """001: "define budgets"."""
    wanted.check()


def test_a_user_has_budgets_in_one_currency():
    mixed = Budgets(euros("5.00"), replace(euros("9.00"), currency="CHF"))
    with pytest.raises(InvalidInput) as refused:
        check_assignable(a_main_contact(), {Role.BUYER}, mixed)
    assert refused.value.errors == (FieldError("/budgets/per_month/currency", "currency-differs"),)


def test_nobody_takes_access_from_themself():
    user = a_user()
    check_not_self(user, a_user())
    with pytest.raises(Conflict, match="own-account"):
        check_not_self(user, user)


@pytest.mark.parametrize(
    ("after", "status"),
    [(timedelta(days=7, seconds=-1), InvitationStatus.PENDING), (timedelta(days=7), InvitationStatus.EXPIRED)],
)
def test_a_pending_invitation_expires_by_itself(after, status):
    assert an_invitation().status_at(NOON + after) is status


@pytest.mark.parametrize("status", [InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.BOUNCED])
def test_any_other_invitation_does_not_expire(status):
    assert an_invitation(status=status).status_at(NOON + timedelta(days=99)) is status


@pytest.mark.parametrize(
    ("claim_id", "after", "blocks"),
    [("other", 29, True), ("other", 30, False), ("other", 31, False), ("mine", 0, False), ("mine", 31, False)],
)
def test_a_claim_keeps_others_out_until_it_lapses(claim_id, after, blocks):
    claim = Claim("mine", NOON + timedelta(seconds=30))
    assert claim.blocks(claim_id, NOON + timedelta(seconds=after)) is blocks


def test_the_key_of_an_activation_tells_nothing_and_ignores_how_the_email_is_written():
    key = attempt_key("10000", "Tja@Baecker.example ")
    assert key == attempt_key("10000", "tja@baecker.example")
    assert len({key, attempt_key("10001", "tja@baecker.example"), attempt_key("10000", "tina@baecker.example")}) == 3
    assert "tja" not in key
    assert "10000" not in key


def test_a_secret_is_kept_as_its_sha_256():
    assert secret_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
