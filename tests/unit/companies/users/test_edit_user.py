"""Seed 001, "Edit a user"."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from customer_center.companies.model import Budgets, Edit, EmailHolders, InvitationStatus, Money, Role, UserStatus
from customer_center.companies.users.bodies import EditUserBody
from customer_center.companies.users.edit_user import edit_user
from customer_center.platform.errors import (
    Conflict,
    Forbidden,
    InProgress,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    RateLimit,
    TooManyRequests,
)
from tests.builders.companies import (
    OTHER_COMPANY_ID,
    a_claim,
    a_company,
    a_main_contact,
    a_user,
    an_email_change,
    an_invitation,
    an_invited_user,
    budgets,
    euros,
)
from tests.builders.companies_room import PASSWORD, Room
from tests.fakes.clock import NOON

NEW = "new@baecker.example"


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded(name="Tja Chef", language="en")


# What can be edited


def test_salutation_name_and_email_can_be_changed(room, chief):
    """001: "You can change the - salutation - name - E-mail address"."""
    user = room.present(a_user())
    after = room.edit(user.user_id, chief, salutation="mr", name="Otto Mehl", email=NEW)
    assert (after.salutation, after.name, after.email_change.email) == ("mr", "Otto Mehl", NEW)
    assert room.companies.user(user.user_id) == after


def test_roles_are_assigned_and_budgets_defined(room, chief):
    """001: "In addition, you can assign roles to the user and define budgets."."""
    user = room.present(a_user())
    roles = frozenset({Role.APPROVER, Role.BUYER})
    after = room.edit(user.user_id, chief, roles=roles, budgets={"per_order": euros("100.00")})
    assert (after.roles, after.budgets) == (roles, budgets("100.00"))


def test_the_password_cannot_be_changed_here():
    """001: "The password must be changed by the shop users themselves."."""
    with pytest.raises(ValidationError, match="password"):
        EditUserBody.model_validate_json('{"password": "a new password"}')


@pytest.mark.parametrize("field", ["salutation", "name", "email"])
def test_the_required_fields_stay_set(field):
    """001: "the required fields "Salutation", "Name" and "E-Mail" are set."."""
    for nothing in ("null", '""', '" "'):
        with pytest.raises(ValidationError, match=field):
            EditUserBody.model_validate_json(f'{{"{field}": {nothing}}}')


def test_at_least_one_role_is_left():
    """001: "at least one role is selected."."""
    with pytest.raises(ValidationError, match="roles"):
        EditUserBody.model_validate_json('{"roles": []}')


def test_the_customer_number_and_the_contact_number_cannot_be_changed():
    """001: "The customer number and contact number cannot be changed."."""
    for number in ("customer_number", "contact_number"):
        with pytest.raises(ValidationError, match=number):
            EditUserBody.model_validate_json(f'{{"{number}": "1"}}')


def test_what_is_left_out_stays_and_null_takes_a_budget_away(room, chief):
    """RFC 7396, JSON merge patch."""
    user = room.present(a_user(budgets=budgets("10.00", "100.00")))
    for text, left in (
        ('{"name": "Otto"}', budgets("10.00", "100.00")),
        ('{"budgets": {}}', budgets("10.00", "100.00")),
        ('{"budgets": {"per_order": null}}', budgets(None, "100.00")),
        ('{"budgets": {"per_month": {"amount": "5.00", "currency": "EUR"}}}', budgets(None, "5.00")),
        ('{"budgets": null}', Budgets()),
    ):
        edit = EditUserBody.model_validate_json(text).edit()
        after = room.edit(user.user_id, chief, name=edit.name, budgets=edit.budgets)
        assert after.budgets == left
    assert (after.name, after.email, after.roles) == ("Otto", user.email, user.roles)


def test_an_edit_is_the_next_version_and_journalled_with_before_and_after(room, chief):
    user = room.present(a_user(name="Anna"))
    room.clock.advance(minutes=1)
    after = room.edit(user.user_id, chief, name="Anna Mehl", budgets={"per_month": euros("5.00")})
    assert (after.version, after.updated_at) == (2, room.clock.now())
    (entry,) = room.companies.entries
    assert (entry.action, entry.subject, entry.actor.actor_id) == ("user.edited", user.user_id, chief.user_id)
    assert entry.changes == {"name": ("Anna", "Anna Mehl"), "budget_per_month": (None, "5.00 EUR")}
    assert entry.effects == ()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": "Anna Mehl", "salutation": "mrs"},
        {"roles": frozenset({Role.BUYER})},
        {"budgets": {"per_order": None}},
    ],
    ids=str,
)
def test_an_edit_that_changes_nothing_writes_nothing(room, chief, given):
    user = room.present(a_user())
    assert room.edit(user.user_id, chief, **given) == user
    assert room.edit(user.user_id, chief, email=user.email) == user
    assert room.companies.entries == []


def test_the_login_learns_the_language_of_its_mails(room, chief):
    user = room.present(a_user(language="de"))
    room.edit(user.user_id, chief, language="fr-BE")
    assert room.companies.user(user.user_id).language == "fr"
    assert room.identities.logins[user.user_id].language == "fr"
    assert [effect.kind for effect in room.companies.effects] == ["identity"]


def test_a_login_that_cannot_be_reached_learns_it_later(room, chief):
    user = room.present(a_user(language="de"))
    room.identities.unavailable = True
    room.edit(user.user_id, chief, language="fr")
    room.identities.unavailable = False
    room.follow_up()
    assert room.identities.logins[user.user_id].language == "fr"


# Who may


def test_nobody_grants_a_permission_they_lack(room, chief):
    approver = room.present(a_user(roles={Role.APPROVER}))
    user = room.present(a_user())
    for given in ({"roles": frozenset({Role.MAIN_CONTACT})}, {"budgets": {"per_order": euros("1.00")}}):
        with pytest.raises(Forbidden, match="permission-missing"):
            room.edit(user.user_id, approver, **given)
    assert room.companies.user(user.user_id) == user


def test_the_role_of_activation_is_not_for_giving(room, chief):
    user = room.present(a_user())
    with pytest.raises(InvalidInput) as refused:
        room.edit(user.user_id, chief, roles=frozenset({Role.BUYER, Role.BUSINESS_USER}))
    assert [(wrong.pointer, wrong.code) for wrong in refused.value.errors] == [("/roles", "role-not-assignable")]


def test_a_business_user_may_stay_one_beside_a_new_role(room, chief):
    user = room.present(a_user(roles={Role.BUSINESS_USER}))
    both = frozenset({Role.BUSINESS_USER, Role.APPROVER})
    assert room.edit(user.user_id, chief, roles=both).roles == both


def test_budgets_of_one_user_are_in_one_currency(room, chief):
    user = room.present(a_user(budgets=budgets("10.00")))
    with pytest.raises(InvalidInput) as refused:
        room.edit(user.user_id, chief, budgets={"per_month": replace(euros("5.00"), currency="CHF")})
    assert [wrong.code for wrong in refused.value.errors] == ["currency-differs"]


def test_people_edit_themselves_but_do_not_demote_themselves(room, chief):
    room.present(a_main_contact())
    assert room.edit(chief.user_id, chief, name="Tja").name == "Tja"
    with pytest.raises(Conflict, match="own-account"):
        room.edit(chief.user_id, chief, roles=frozenset({Role.APPROVER}))
    more = room.edit(chief.user_id, chief, roles=frozenset({Role.MAIN_CONTACT, Role.BUYER}))
    assert more.is_main_contact


def test_the_last_active_main_contact_is_not_demoted(room, chief):
    other = room.present(a_main_contact())
    room.deactivate(other.user_id, chief)
    with pytest.raises(Conflict, match="last-main-contact"):
        room.edit(chief.user_id, other, roles=frozenset({Role.BUYER}))
    assert room.companies.user(chief.user_id) == chief


def test_one_of_two_main_contacts_can_be_demoted(room, chief):
    other = room.present(a_main_contact())
    room.edit(other.user_id, chief, roles=frozenset({Role.BUYER}))
    assert room.companies.company(chief.company_id).main_contacts == {chief.user_id}


def test_a_user_of_another_company_does_not_exist(room, chief):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    for user_id in (stranger.user_id, a_user().user_id, "nonsense"):
        with pytest.raises(NotFound):
            room.edit(user_id, chief, name="Eve")
    assert room.companies.user(stranger.user_id) == stranger


def test_only_the_version_that_was_seen_is_changed(room, chief):
    user = room.present(a_user(version=3))
    with pytest.raises(PreconditionFailed):
        room.edit(user.user_id, chief, if_versions={2}, name="Otto")
    assert room.edit(user.user_id, chief, if_versions={3}, name="Otto").version == 4


@pytest.mark.parametrize(("if_versions", "error"), [(None, InProgress), ({1}, PreconditionFailed)])
def test_a_change_in_between_is_not_overwritten(room, chief, if_versions, error):
    user = room.present(a_user())
    change_user = room.companies.change_user

    def change_late(before, after, entry):
        room.companies._users[user.user_id] = replace(user, name="Meanwhile", version=2)
        change_user(before, after, entry)

    room.companies.change_user = change_late
    with pytest.raises(error):
        room.edit(user.user_id, chief, if_versions=if_versions, name="Otto")
    assert room.companies.user(user.user_id).name == "Meanwhile"


# A new e-mail of somebody who logs in


def test_until_it_is_confirmed_the_login_is_the_old_email(room, chief):
    """Else editing a colleague's address would take over their account (docs/specification.md, 4.8)."""
    user = room.present(a_user())
    after = room.edit(user.user_id, chief, email=NEW)
    room.follow_up()
    assert after.email == user.email
    assert room.identities.sign_in(user.email, PASSWORD)
    assert room.identities.sign_in(NEW, PASSWORD) is None
    assert room.companies.holders_of_email(NEW).owner_id is None
    assert room.companies.entries[0].changes == {"new_email": (None, NEW)}


def test_the_old_address_is_told_before_the_new_one_has_a_link(room, chief):
    user = room.present(a_user(language="en"))
    room.edit(user.user_id, chief, email=NEW)
    room.mailer.unavailable = True
    with pytest.raises(Exception, match="unavailable"):
        room.follow_up()
    assert room.companies.user(user.user_id).email_change.sent_at is None
    room.mailer.unavailable = False
    token = room.mailed_token()
    notice, link = room.mailer.sent
    assert (notice.to, link.to) == (user.email, NEW)
    assert "n***@baecker.example" in notice.text
    assert NEW not in notice.text
    assert token not in notice.text
    assert "Tja Chef" in notice.text


def test_each_of_the_two_mails_goes_out_once(room, chief):
    user = room.present(a_user())
    room.edit(user.user_id, chief, email=NEW)
    for _ in range(3):
        room.follow_up()
    assert [mail.to for mail in room.mailer.sent] == [user.email, NEW]


def test_who_changes_their_own_is_addressed_as_such(room, chief):
    room.identities.create(chief)
    room.edit(chief.user_id, chief, email=NEW)
    room.follow_up()
    assert [mail.to for mail in room.mailer.sent] == [chief.email, NEW]
    assert all("You have entered" in mail.text for mail in room.mailer.sent)


def test_the_link_counts_from_when_its_mail_went_out_and_its_secret_is_kept_nowhere(room, chief):
    user = room.present(a_user())
    room.edit(user.user_id, chief, email=NEW)
    room.clock.advance(hours=2)
    token = room.mailed_token()
    change = room.companies.user(user.user_id).email_change
    assert (change.sent_at, change.expires_at) == (NOON + timedelta(hours=2), NOON + timedelta(hours=26))
    assert token.rpartition(".")[2] not in repr(room.companies.everybody) + repr(room.companies.entries)


def test_a_mail_that_is_refused_for_good_shows_as_bounced(room, chief):
    user = room.present(a_user())
    room.edit(user.user_id, chief, email=NEW)
    room.mailer.refusing = True
    room.follow_up()
    assert room.companies.user(user.user_id).email_change.bounced
    room.mailer.refusing = False
    room.follow_up()
    assert room.mailer.sent == []


def test_an_email_of_another_user_is_refused_at_once(room, chief):
    user = room.present(a_user())
    with pytest.raises(Conflict, match="email-in-use"):
        room.edit(user.user_id, chief, email=chief.email.upper())
    assert room.companies.user(user.user_id) == user


def test_a_newer_change_replaces_the_one_that_waits(room, chief):
    user = room.present(a_user())
    room.edit(user.user_id, chief, email=NEW)
    old = room.mailed_token()
    room.edit(user.user_id, chief, email="newer@baecker.example")
    new = room.mailed_token()
    with pytest.raises(NotFound, match="confirmation-invalid"):
        room.confirm(old)
    assert room.confirm(new).email == "newer@baecker.example"


def test_asking_again_within_a_minute_sends_nothing_new(room, chief):
    user = room.present(a_user())
    first = room.edit(user.user_id, chief, email=NEW)
    assert room.edit(user.user_id, chief, email=NEW.upper()) == first, "its mail is on its way"
    room.follow_up()
    room.clock.advance(seconds=59)
    assert room.edit(user.user_id, chief, email=NEW).version == first.version
    room.clock.advance(seconds=1)
    again = room.edit(user.user_id, chief, email=NEW)
    assert again.email_change.mail_id != first.email_change.mail_id
    room.follow_up()
    assert len(room.mailer.sent) == 4


def test_naming_the_present_email_takes_the_new_one_back(room, chief):
    user = room.present(a_user())
    room.edit(user.user_id, chief, email=NEW)
    token = room.mailed_token()
    after = room.edit(user.user_id, chief, email=user.email)
    assert after.email_change is None
    with pytest.raises(NotFound, match="confirmation-invalid"):
        room.confirm(token)


def test_an_email_that_is_only_written_otherwise_needs_no_confirmation(room, chief):
    user = room.present(a_user(email="anna@baecker.example"))
    after = room.edit(user.user_id, chief, email="Anna@baecker.example")
    assert (after.email, after.email_change) == ("Anna@baecker.example", None)
    assert room.identities.logins[user.user_id].email == "Anna@baecker.example"
    room.follow_up()
    assert room.mailer.sent == []


def test_a_deactivated_user_who_has_a_login_confirms_too(room, chief):
    user = room.present(a_user(status=UserStatus.DEACTIVATED))
    after = room.edit(user.user_id, chief, email=NEW)
    assert (after.email, after.email_change.email) == (user.email, NEW)


def test_ones_own_new_email_needs_a_recent_login(room, chief):
    """Otherwise whoever finds an open session takes the account over (docs/specification.md, 4.8)."""
    room.present(chief)
    early = room.clock.now() - timedelta(minutes=15, seconds=1)
    with pytest.raises(Forbidden, match="login-too-old"):
        room.edit(chief.user_id, chief, email=NEW, logged_in_at=early)
    assert room.companies.user(chief.user_id) == chief
    recent = early + timedelta(seconds=1)
    assert room.edit(chief.user_id, chief, email=NEW, logged_in_at=recent).email_change.email == NEW


def test_without_knowing_when_they_logged_in_nobody_changes_their_own_email(room, chief):
    room.present(chief)
    with pytest.raises(Forbidden, match="login-too-old"):
        edit_user(
            chief.user_id,
            Edit(email=NEW),
            chief,
            "request-1",
            if_versions=None,
            rules=room.invitation_rules,
            before_mail=lambda: None,
            companies=room.companies,
            identities=room.identities,
            clock=room.clock,
        )


@pytest.mark.parametrize("given", [{"name": "Otto"}, {"language": "fr"}, {"email": "TJA@baecker.example"}])
def test_everything_else_of_ones_own_needs_no_recent_login(room, given):
    chief = room.present(room.founded(email="tja@baecker.example"))
    long_ago = room.clock.now() - timedelta(days=20)
    assert room.edit(chief.user_id, chief, logged_in_at=long_ago, **given).version == 2


def test_a_colleagues_email_needs_no_recent_login(room, chief):
    user = room.present(a_user())
    long_ago = room.clock.now() - timedelta(days=20)
    assert room.edit(user.user_id, chief, logged_in_at=long_ago, email=NEW).email_change.email == NEW


def test_taking_ones_own_new_email_back_needs_no_recent_login(room, chief):
    moving = room.present(replace(chief, email_change=an_email_change(requested_by=chief.user_id)))
    long_ago = room.clock.now() - timedelta(days=20)
    assert room.edit(chief.user_id, moving, logged_in_at=long_ago, email=chief.email).email_change is None


def test_asking_again_for_a_confirmed_email_does_not_begin_the_delay_anew(room, chief):
    user = room.present(a_user())
    room.edit(user.user_id, chief, email=NEW)
    room.confirm(room.mailed_token())
    room.clock.advance(hours=71)
    waiting = room.companies.user(user.user_id)
    assert room.edit(user.user_id, chief, email=NEW) == waiting


# A new e-mail of somebody who was invited


@pytest.mark.parametrize("status", [InvitationStatus.PENDING, InvitationStatus.BOUNCED])
def test_the_invitation_of_who_has_no_login_moves_along(room, chief, status):
    """A new link is mailed to the new address, and the old one stops working (docs/specification.md, 4.9)."""
    user = room.present(an_invited_user(invitation=an_invitation(status=status), claim=a_claim()))
    after = room.edit(user.user_id, chief, email=NEW)
    assert (after.email, after.email_change, after.claim) == (NEW, None, None)
    assert room.companies.holders_of_email(NEW) == EmailHolders(None, frozenset({user.user_id}))
    assert room.companies.holders_of_email(user.email) == EmailHolders()
    token = room.mailed_token()
    assert [mail.to for mail in room.mailer.sent] == [NEW]
    with pytest.raises(NotFound, match="invitation-invalid"):
        room.accept(f"{user.user_id}.secret")
    assert room.accept(token).user.email == NEW


def test_an_expired_invitation_is_renewed_by_it(room, chief):
    user = room.present(an_invited_user())
    room.clock.advance(days=8)
    after = room.edit(user.user_id, chief, email=NEW)
    assert after.invitation.status_at(room.clock.now()) is InvitationStatus.PENDING


@pytest.mark.parametrize("status", [UserStatus.INVITED, UserStatus.DEACTIVATED])
def test_a_revoked_invitation_stays_revoked(room, chief, status):
    user = room.present(a_user(status=status, invitation=an_invitation(status=InvitationStatus.REVOKED)))
    after = room.edit(user.user_id, chief, email=NEW)
    assert (after.email, after.invitation) == (NEW, user.invitation)
    assert room.companies.effects == []


def test_an_invited_user_cannot_take_another_ones_email(room, chief):
    user = room.present(an_invited_user())
    with pytest.raises(Conflict, match="email-in-use"):
        room.edit(user.user_id, chief, email=chief.email)
    assert room.companies.user(user.user_id) == user


def test_a_change_that_waits_is_shown(room, chief):
    user = room.present(a_user(email_change=an_email_change(email=NEW)))
    assert room.edit(user.user_id, chief, name="Otto").email_change == user.email_change


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"email": NEW}, True),
        ({"email": "anna@baecker.example", "name": "Anna Anders"}, False),
        ({"name": "Anna Anders"}, False),
    ],
)
def test_the_limit_of_mails_is_asked_about_a_new_email_and_about_nothing_else(room, chief, given, asked):
    """The limit of mails does not apply: the form repeats the e-mail, which sends no mail."""
    user = room.present(a_user(email="anna@baecker.example"))

    def used_up():
        raise TooManyRequests("too-many-requests", [RateLimit("mails-per-hour", 1, 3600, 0, 60)])

    if asked:
        with pytest.raises(TooManyRequests):
            room.edit(user.user_id, chief, before_mail=used_up, **given)
        assert room.companies.user(user.user_id) == user
    else:
        assert room.edit(user.user_id, chief, before_mail=used_up, **given).name == "Anna Anders"


def test_wrong_roles_and_wrong_budgets_are_told_together(room, chief):
    with pytest.raises(InvalidInput) as refused:
        room.edit(
            room.present(a_user()).user_id,
            chief,
            roles=frozenset({Role.BUSINESS_USER}),
            budgets={"per_order": Money(Decimal(1), "EUR"), "per_month": Money(Decimal(1), "CHF")},
        )
    assert [(error.pointer, error.code) for error in refused.value.errors] == [
        ("/roles", "role-not-assignable"),
        ("/budgets/per_month/currency", "currency-differs"),
    ]
