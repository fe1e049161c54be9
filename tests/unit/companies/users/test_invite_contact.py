"""Adding users: "Add an existing user to the shop" and "Request a new user" of seed 001."""

from datetime import timedelta

import pytest

from customer_center.companies.model import Budgets, InvitationRules, InvitationStatus, Money, Role, UserStatus
from customer_center.platform.errors import (
    Conflict,
    FieldError,
    Forbidden,
    InProgress,
    InvalidInput,
    NotFound,
    OutsideMalformed,
    OutsideTimeout,
    OutsideUnavailable,
)
from tests.builders.companies import (
    OTHER_COMPANY_ID,
    a_company,
    a_main_contact,
    a_user,
    an_invited_user,
    budgets,
    euros,
)
from tests.builders.companies_room import Room
from tests.builders.erp import INVOICE, NUMBER, a_contact, a_customer


@pytest.fixture
def room():
    room = Room()
    room.erp.add(
        a_customer(),
        contacts=[
            a_contact("KT100", name="Anna Mehl", email="anna@baecker.example", language_code="DEU"),
            a_contact("KT200", name="Bill Bun", email=None, language_code="ENU"),
        ],
        invoices=[INVOICE],
    )
    room.erp.add(a_customer(customer_number="20000"), contacts=[a_contact("KT900")])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact(email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


@pytest.fixture(params=["invite", "request"])
def add(room, chief, request):
    """Add a user in both ways."""

    def added(**given):
        return getattr(room, request.param)(given.pop("actor", chief), **given)

    return added


# Both ways


def test_the_user_is_invited(room, add):
    user = add()
    assert room.companies.user(user.user_id) == user
    assert user.status is UserStatus.INVITED
    assert user.invitation.status is InvitationStatus.PENDING
    assert (user.version, user.created_at, user.updated_at) == (1, room.clock.now(), room.clock.now())


def test_the_user_is_of_the_callers_company(room, chief, add):
    user = add()
    assert user.company_id == chief.company_id
    assert user.user_id.startswith(f"usr_{chief.company_id.removeprefix('com_')}_")


def test_the_user_is_as_entered(add):
    """001: "Please ensure that the required fields "Salutation", "Name" and "E-Mail" are set."."""
    user = add(
        salutation="mr",
        name="Nora Neu",
        email="nora@baecker.example",
        language="en",
        roles=frozenset({Role.BUYER, Role.APPROVER}),
        budgets=budgets("10.00", "500.00"),
    )
    assert (user.salutation, user.name, user.email, user.language) == ("mr", "Nora Neu", "nora@baecker.example", "en")
    assert user.roles == {Role.BUYER, Role.APPROVER}
    assert user.budgets == budgets("10.00", "500.00")


def test_the_user_gets_a_mail(room, chief, add):
    """001: "After sending the form, the user will get an email that contains all information about how to access the
    shop and his account data"; "After sending the form, the user will get an email similar to the email of: Add an
    existing user to the shop"."""
    user = add()
    room.follow_up()
    (mail,) = room.mailer.sent
    assert mail.to == user.email
    for part in ("https://shop.example", user.email, user.name, "Bäcker Mehl", NUMBER, chief.name):
        assert part in mail.text
        assert part in mail.html


def test_the_mail_is_in_the_users_language(room, add):
    add(language="en")
    room.follow_up()
    assert room.mailer.sent[0].subject == "Your access to Harmony"


def test_the_invitation_knows_who_invited_and_until_when(room, chief, add):
    room.invitation_rules = InvitationRules(valid_for=timedelta(days=3))
    invitation = add().invitation
    assert invitation.invited_by == chief.user_id
    assert invitation.expires_at == room.clock.now() + timedelta(days=3)
    assert (invitation.sent_at, invitation.token_hash) == (None, None)


def test_the_invitation_is_written_down(room, chief, add):
    user = add()
    (entry,) = room.companies.entries
    assert (entry.action, entry.actor.actor_id, entry.subject) == ("user.invited", chief.user_id, user.user_id)
    assert entry.changes["email"] == (None, user.email)
    assert entry.changes["roles"] == (None, ["buyer"])
    (effect,) = entry.effects
    assert (effect.kind, effect.effect_id) == ("mail", user.invitation.mail_id)
    assert effect.data == {"template": "invitation", "user_id": user.user_id}


def _nothing_was_added(room, users=1):
    # That a list was asked for is no change to anybody.
    entries = [entry for entry in room.companies.entries if entry.action != "contacts.asked_for"]
    return len(room.companies.everybody) == users and entries == []


@pytest.mark.parametrize("email", ["tja@baecker.example", " TJA@Baecker.example "])
def test_an_email_in_the_same_company_is_refused(room, add, email):
    """001: "the email is not yet used for another shop user."."""
    with pytest.raises(Conflict, match="email-in-use"):
        add(email=email)
    assert _nothing_was_added(room)


@pytest.mark.parametrize("status", UserStatus)
def test_an_email_in_another_company_is_refused(room, add, status):
    """001: "the email is not yet used for another shop user."."""
    stranger = a_user(company_id=OTHER_COMPANY_ID, email="nora@baecker.example", status=status)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    with pytest.raises(Conflict, match="email-in-use"):
        add(email="Nora@baecker.example")
    assert _nothing_was_added(room, users=2)


@pytest.mark.parametrize("roles", [{Role.BUSINESS_USER}, {Role.BUSINESS_USER, Role.BUYER}])
def test_nobody_is_made_a_business_user(room, add, roles):
    with pytest.raises(InvalidInput) as refused:
        add(roles=frozenset(roles))
    assert refused.value.errors == (FieldError("/roles", "role-not-assignable"),)
    assert _nothing_was_added(room)


def test_a_main_contact_may_make_another_main_contact(add):
    """001: "In addition, you can assign roles to the user"."""
    user = add(roles=frozenset({Role.MAIN_CONTACT}))
    assert user.is_main_contact


def test_an_invited_main_contact_does_not_count_as_an_active_one(room, chief, add):
    add(roles=frozenset({Role.MAIN_CONTACT}))
    assert room.companies.company(chief.company_id).main_contacts == {chief.user_id}


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.BUSINESS_USER])
def test_who_cannot_assign_roles_adds_nobody(room, add, role):
    with pytest.raises(Forbidden) as refused:
        add(actor=a_user(roles={role}))
    assert refused.value.code == "permission-missing"
    assert _nothing_was_added(room)
    assert room.erp.calls == []


def test_budgets_are_in_one_currency(room, add):
    mixed = Budgets(euros("5.00"), Money(euros("9.00").amount, "CHF"))
    with pytest.raises(InvalidInput) as refused:
        add(budgets=mixed)
    assert refused.value.errors == (FieldError("/budgets/per_month/currency", "currency-differs"),)
    assert _nothing_was_added(room)


# Add an existing user to the shop


def test_a_contact_of_the_erp_becomes_a_user(room, chief):
    """001: "This feature adds an user, who is displayed in the list "ERP users", to the shop."."""
    assert [row.contact.contact_number for row in room.contacts(chief).page.contacts] == ["KT100", "KT200"]
    user = room.invite(chief, "KT100")
    assert user.contact_number == "KT100"
    assert [row.contact.contact_number for row in room.contacts(chief).page.contacts] == ["KT200"]
    assert user in room.companies.users(chief.company_id, limit=50).rows


def test_name_email_and_language_come_from_the_erp(room, chief):
    """000: "Name of the person", "email address of this person", "Code of the language"."""
    user = room.invite(chief, "KT100")
    assert (user.name, user.email, user.language) == ("Anna Mehl", "anna@baecker.example", "de")


def test_what_is_entered_wins_over_the_erp(room, chief):
    user = room.invite(chief, "KT100", name="Anna Neu", email="neu@baecker.example", language="en")
    assert (user.name, user.email, user.language) == ("Anna Neu", "neu@baecker.example", "en")


@pytest.mark.parametrize(("code", "language"), [("ENU", "en"), ("DES", "de"), ("XXX", "de"), (None, "de")])
def test_an_unknown_language_is_the_shops(room, chief, code, language):
    """000: "LanguageCode: Code of the language"."""
    room.invitation_rules = InvitationRules(fallback_language="de")
    room.erp.contacts[NUMBER] = [a_contact("KT100", language_code=code)]
    assert room.invite(chief, "KT100").language == language


def test_a_long_name_of_the_erp_is_cut_to_what_a_name_may_be(room, chief):
    room.erp.contacts[NUMBER] = [a_contact("KT100", name="N" * 80)]
    assert room.invite(chief, "KT100").name == "N" * 50


def test_a_contact_without_an_email_needs_one(room, chief):
    with pytest.raises(InvalidInput) as refused:
        room.invite(chief, "KT200")
    assert refused.value.errors == (FieldError("/email", "required"),)
    assert _nothing_was_added(room)
    assert room.invite(chief, "KT200", email="bill@baecker.example").email == "bill@baecker.example"


def test_the_pair_of_numbers_is_read_from_the_erp(room, chief):
    """001: "The customer number and contact number cannot be changed."."""
    user = room.invite(chief, "KT100")
    assert room.erp.calls == [("select_contacts", NUMBER)]
    assert room.companies.company(user.company_id).customer_number == NUMBER


def test_with_a_stored_list_the_erp_is_asked_for_the_one_contact_only(room, chief):
    room.contacts(chief)
    room.erp.calls.clear()
    room.erp.contacts[NUMBER] = [a_contact("KT100", name="Anna Neu", email="anna.neu@baecker.example")]
    user = room.invite(chief, "KT100")
    assert room.erp.calls == [("current_contact", NUMBER, "KT100")]
    assert (user.name, user.email) == ("Anna Neu", "anna.neu@baecker.example")


def test_a_contact_that_left_since_the_list_was_read_is_not_found(room, chief):
    room.contacts(chief)
    room.erp.contacts[NUMBER] = []
    with pytest.raises(NotFound, match="contact-not-found"):
        room.invite(chief, "KT100")
    assert _nothing_was_added(room)


def test_an_erp_that_cannot_be_asked_for_one_contact_is_believed_by_its_list(room, chief):
    room.erp.one_contact = False
    room.contacts(chief)
    assert room.invite(chief, "KT100").contact_number == "KT100"


def test_numbers_that_nobody_has_do_not_use_up_the_erp(room, chief):
    room.contacts(chief)
    room.erp.calls.clear()
    for serial in range(20):
        with pytest.raises(NotFound, match="contact-not-found"):
            room.invite(chief, f"KT9{serial:03}")
    assert room.erp.calls == []


def test_while_the_first_list_is_being_read_an_invitation_waits(room, chief):
    room.companies.ask_for_contacts(chief.company_id, room.clock.now())
    with pytest.raises(InProgress) as refused:
        room.invite(chief, "KT100")
    assert refused.value.retry_after == 30
    assert room.erp.calls == []
    room.clock.advance(seconds=30)
    assert room.invite(chief, "KT100").contact_number == "KT100"


def test_an_erp_that_sent_nonsense_a_moment_ago_is_not_asked_again(room, chief):
    room.erp.error = OutsideMalformed("erp-malformed")
    with pytest.raises(OutsideMalformed):
        room.invite(chief, "KT100")
    for _ in range(5):
        with pytest.raises(OutsideUnavailable):
            room.invite(chief, "KT100")
    assert len(room.erp.calls) == 1


@pytest.mark.parametrize("contact_number", ["KT900", "KT404", "kt100", "", "KT100 "])
def test_a_contact_the_customer_does_not_have_is_not_found(room, chief, contact_number):
    with pytest.raises(NotFound, match="contact-not-found"):
        room.invite(chief, contact_number)
    assert _nothing_was_added(room)


def test_a_contact_becomes_one_user(room, chief):
    """001: "a list of ERP contacts, which are not yet set up as a user in the shop"."""
    room.invite(chief, "KT100")
    with pytest.raises(Conflict, match="contact-in-use"):
        room.invite(chief, "KT100", email="other@baecker.example")
    assert len(room.companies.everybody) == 2


def test_a_repeat_is_told_that_the_contact_is_in_use(room, chief):
    room.invite(chief, "KT100")
    with pytest.raises(Conflict, match="contact-in-use"):
        room.invite(chief, "KT100")


@pytest.mark.parametrize("error", [OutsideTimeout("erp-timeout"), OutsideUnavailable("erp-unavailable", 60)])
def test_without_the_erp_no_contact_is_added(room, chief, error):
    room.erp.error = error
    with pytest.raises(type(error)):
        room.invite(chief, "KT100")
    assert _nothing_was_added(room)


def test_the_mail_names_the_contact_number(room, chief):
    """001: "his account data"."""
    room.invite(chief, "KT100")
    room.follow_up()
    assert "KT100" in room.mailer.sent[0].text


# Request a new user


def test_a_user_whom_the_erp_does_not_know(room, chief):
    """001: "The function "Request new user" sets up a new user for the shop."."""
    user = room.request(chief)
    assert user.contact_number is None
    assert room.erp.calls == []
    assert [effect.kind for effect in room.companies.effects] == ["mail"]


def test_the_erp_gets_a_contact_too_where_that_is_on(room, chief):
    room.invitation_rules = InvitationRules(create_erp_contact=True)
    user = room.request(chief)
    assert room.erp.calls == []
    assert [(effect.kind, effect.data.get("user_id")) for effect in room.companies.effects] == [
        ("mail", user.user_id),
        ("erp_contact", user.user_id),
    ]


def test_a_contact_of_the_erp_gets_no_second_contact(room, chief):
    room.invitation_rules = InvitationRules(create_erp_contact=True)
    room.invite(chief, "KT100")
    assert [effect.kind for effect in room.companies.effects] == ["mail"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [({"name": None}, ["/name"]), ({"email": None}, ["/email"]), ({"name": None, "email": None}, ["/name", "/email"])],
)
def test_name_and_email_are_required(room, chief, given, missing):
    """001: "the required fields "Salutation", "Name" and "E-Mail" are set."."""
    with pytest.raises(InvalidInput) as refused:
        room.request(chief, **given)
    assert refused.value.errors == tuple(FieldError(pointer, "required") for pointer in missing)
    assert _nothing_was_added(room)


def test_without_a_language_it_is_the_shops(room, chief):
    room.invitation_rules = InvitationRules(fallback_language="de")
    assert room.request(chief).language == "de"


def test_who_is_requested_under_a_contacts_email_takes_that_contact_off_the_list(room, chief):
    """001: "a list of ERP contacts, which are not yet set up as a user in the shop"."""
    room.contacts(chief)
    room.request(chief, email="Anna@Baecker.example")
    assert [row.contact.contact_number for row in room.contacts(chief).page.contacts] == ["KT200"]


def test_a_second_request_for_the_same_email_is_refused(room, chief):
    """001: "the email is not yet used for another shop user."."""
    room.request(chief)
    with pytest.raises(Conflict, match="email-in-use"):
        room.request(chief)
    assert len(room.companies.everybody) == 2


def test_an_invited_user_holds_the_email_too(room, chief):
    room.companies.add(room.companies.company(chief.company_id), an_invited_user(email="nils@baecker.example"))
    with pytest.raises(Conflict, match="email-in-use"):
        room.request(chief)


@pytest.mark.parametrize("name", ["musterhandel.de", "shop-login.example/x", "www.x"])
def test_a_contact_whose_name_is_an_address_needs_a_name(room, chief, name):
    """The ERP's name is held to the rule for names; nothing of it reaches a mail."""
    room.erp.add(a_customer(), contacts=[a_contact("KT100", name=name, email="anna@baecker.example")], invoices=[])
    with pytest.raises(InvalidInput) as refused:
        room.invite(chief, name=None)
    assert list(refused.value.errors) == [FieldError("/name", "address-in-name")]
    assert room.invite(chief, name="Anna Mehl").name == "Anna Mehl"


@pytest.mark.parametrize(
    ("written", "name"),
    [("\u200eAnna\u00a0Mehl\u200f", "Anna Mehl"), ("\u202dAnna\u202c", "Anna"), ("Dr.No", "Dr.No")],
)
def test_a_contacts_name_is_cleaned_as_one_that_was_typed(room, chief, written, name):
    room.erp.add(a_customer(), contacts=[a_contact("KT100", name=written, email="anna@baecker.example")], invoices=[])
    assert room.invite(chief, name=None).name == name


@pytest.mark.parametrize("name", ["\u3164", "\u2800", "\U000e0041"])
def test_a_contact_whose_name_only_looks_like_one_needs_a_name(room, chief, name):
    room.erp.add(a_customer(), contacts=[a_contact("KT100", name=name, email="anna@baecker.example")], invoices=[])
    with pytest.raises(InvalidInput) as refused:
        room.invite(chief, name=None)
    assert list(refused.value.errors) == [FieldError("/name", "required")]
