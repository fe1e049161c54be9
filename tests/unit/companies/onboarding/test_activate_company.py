"""Activation of the customer center (seeds 000 and 001), with fakes for all ports."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from customer_center.companies.callers import PersonCaller
from customer_center.companies.model import Permission, RefusalLimits, Role, UserStatus
from customer_center.companies.onboarding.activation import ActivationRules, CodeSent
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.platform.errors import (
    Conflict,
    FieldError,
    Forbidden,
    InProgress,
    InvalidInput,
    OutsideMalformed,
    OutsideTimeout,
    OutsideUnavailable,
    TooManyRequests,
)
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_claim, a_company, a_main_contact, a_user, an_entry
from tests.builders.companies_room import PASSWORD, Room
from tests.builders.erp import INVOICE, NUMBER, a_contact, a_customer

SEED_FLOW = ActivationRules(confirm_email=False)


@pytest.fixture
def room():
    room = Room()
    room.erp.add(a_customer(), contacts=[a_contact("KT100"), a_contact("KT200")], invoices=[INVOICE])
    room.erp.add(a_customer(customer_number="20000"), invoices=["103020"])
    return room


@pytest.fixture(params=["email", "none"])
def activated(room, request):
    """Activate with `ActivationConfirmation` `email`, and with `none`."""
    room.activation_rules = ActivationRules(confirm_email=request.param == "email")
    return room.activate_confirmed if request.param == "email" else room.activate


# What it takes, and what one gets


def test_number_invoice_and_the_main_contacts_email_activate(room, activated):
    """001: "For a successful activation a customer number, an invoice number, an email address which is defined in the
    ERP as a main contact are required."."""
    result = activated()
    assert result.user.status is UserStatus.ACTIVE
    assert room.companies.user(result.user.user_id) == result.user


def test_a_company_is_created_with_its_main_contact(room, activated):
    """001: "In case a customer-center is enabled for this customer, the shop will create a company and a main contact
    will be assigned to this company in the user section of the backend."; 000: "1: customer will get a customer center
    in the shop"."""
    result = activated()
    (company,) = room.companies.all_companies
    assert company == result.company
    assert company.customer_number == NUMBER
    assert company.main_contacts == {result.user.user_id}
    assert result.user.company_id == company.company_id
    assert company == room.companies.company_of_number(NUMBER)


def test_the_person_of_the_main_email_becomes_main_contact(activated):
    """000: "This person having this email can activate the customer center only. He will become the MainContact
    Role"."""
    assert activated().user.roles == {Role.MAIN_CONTACT}


def test_without_a_customer_center_a_standard_user_is_created(room, activated):
    """001: "If no customer-center is defined for this customer, a standard user will be created in the section
    "business users""; 000: "0: no customer center"."""
    room.erp.add(a_customer(customer_center=False, main_contact_email=None), invoices=[INVOICE])
    result = activated(email="anybody@baecker.example")
    assert result.user.roles == {Role.BUSINESS_USER}
    assert not result.company.customer_center
    assert result.company.main_contacts == frozenset()


def test_any_number_of_standard_users_come_to_one_company(room, activated):
    room.erp.add(a_customer(customer_center=False, main_contact_email=None), invoices=[INVOICE])
    users = [activated(email=f"{name}@baecker.example").user for name in ("anna", "berta", "carla")]
    assert len(room.companies.all_companies) == 1
    assert len({user.user_id for user in users}) == 3
    assert {user.company_id for user in users} == {room.companies.all_companies[0].company_id}


def test_the_erp_decides_by_its_flag(room, activated):
    """000: "The ERP controls, which customer will get a customercenter inside the shop"; "The ERP provides information
    back if a customer having a given customer number shall have a customer center or not."; 001: "During this process
    the shop checks if the customer has been enabled for a customer-center or not."."""
    assert activated().company.customer_center
    room.erp.add(a_customer(customer_number="30000", customer_center=False), invoices=["3"])
    result = activated(customer_number="30000", invoice_number="3", email="b@b.example")
    assert not result.company.customer_center
    assert ("select_customer", "30000") in room.erp.calls


def test_the_company_keeps_what_the_erp_said(activated):
    """000: "[CustomerPostingGroup] => INLAND, [CustomerCenter] => 1, [CustomerCenterMainContactEmail] => …"."""
    company = activated().company
    assert (company.customer_posting_group, company.customer_center) == ("INLAND", True)
    assert company.main_contact_email == "tja@baecker.example"
    assert company.name == "Bäcker Mehl"
    assert not company.blocked


def test_the_company_keeps_what_the_erp_says_now(room, activated):
    """000: "The data is returned during the SelectCustomer request."."""
    activated()
    room.erp.add(
        a_customer(name="Bäckerei Mehl", main_contact_email="neu@baecker.example", customer_posting_group="EU"),
        invoices=[INVOICE],
    )
    result = activated(email="neu@baecker.example")
    (kept,) = room.companies.all_companies
    assert (kept.name, kept.main_contact_email, kept.customer_posting_group) == (
        "Bäckerei Mehl",
        "neu@baecker.example",
        "EU",
    )
    assert result.company.name == "Bäckerei Mehl"


def test_the_customer_is_logged_in(room, activated):
    """001: "The customer will be logged in."."""
    result = activated()
    login = room.identities.logins[result.user.user_id]
    assert result.session.refresh_token in login.sessions
    assert (login.email, login.enabled, login.password) == ("tja@baecker.example", True, PASSWORD)


def test_who_activated_can_use_the_customer_center(room, activated):
    """001: "The main contact who has activated the account is able to use the customer-center.";
    "The customer-center can be accessed in "My Profile" and "Users management"."."""
    user = activated().user
    caller = PersonCaller(lambda: room.companies, Permission.USERS_VIEW, administration=True)
    assert caller.admit(SimpleNamespace(username=user.user_id)).user == user


def test_a_standard_user_cannot_use_the_customer_center(room, activated):
    """001: "The customer-center will be visible for users only if you have the rights for it."."""
    room.erp.add(a_customer(customer_center=False), invoices=[INVOICE])
    user = activated().user
    caller = PersonCaller(lambda: room.companies, Permission.USERS_VIEW, administration=True)
    with pytest.raises(Forbidden, match="permission-missing"):
        caller.admit(SimpleNamespace(username=user.user_id))


def test_the_customer_center_needs_the_erps_flag(room):
    """001: "The customer-center is available for customers having a flag in the ERP that the customer-center is
    enabled."."""
    user = a_main_contact()
    room.companies.add(a_company(customer_center=False), user)
    with pytest.raises(Forbidden, match="customer-center-off"):
        PersonCaller(lambda: room.companies, None, administration=True).admit(SimpleNamespace(username=user.user_id))
    assert PersonCaller(lambda: room.companies, None, administration=False).admit(
        SimpleNamespace(username=user.user_id)
    )


def test_the_user_is_as_entered(activated):
    """001: "If a customer does not have a shop account yet he has to use the activation feature in the shop."; "The
    first step is to activate an account."."""
    user = activated(salutation="mrs", name="Tina Tja", language="en", email="TJA@baecker.example").user
    assert (user.salutation, user.name, user.language) == ("mrs", "Tina Tja", "en")
    assert user.email == "TJA@baecker.example"
    assert user.contact_number is None
    assert user.invitation is None


@pytest.mark.parametrize("email", [None, " TJA@Baecker.example"])
def test_a_contact_number_links_the_erps_contact(room, activated, email):
    room.erp.contacts[NUMBER][0] = a_contact("KT100", email=email)
    user = activated(contact_number="KT100").user
    assert user.contact_number == "KT100"
    page = room.contacts(user).page
    assert [row.contact.contact_number for row in page.contacts] == ["KT200"]


def test_the_users_own_contact_is_not_listed_even_without_its_number(room, activated):
    """000: "The customer center displays a list of contacts which are not having an shop account right now."."""
    room.erp.contacts[NUMBER].append(a_contact("KT300", email="Neu@Baecker.example"))
    listed = room.contacts(activated().user).page.contacts
    assert len(listed) == 3
    room.erp.customers[NUMBER] = a_customer(main_contact_email="neu@baecker.example")
    second = activated(email="neu@baecker.example").user
    assert [row.contact.contact_number for row in room.contacts(second).page.contacts] == ["KT100", "KT200"]


def test_the_activation_is_written_down(room, activated):
    user = activated().user
    begun, done = room.companies.entries
    assert (begun.action, begun.actor.kind, begun.subject) == ("activation.requested", "visitor", user.user_id)
    assert (done.action, done.actor.kind, done.actor.actor_id) == ("user.activated_account", "person", user.user_id)
    assert done.changes["email"] == (None, "tja@baecker.example")
    assert [(effect.kind, effect.data) for effect in done.effects] == [("identity", {"user_id": user.user_id})]
    assert PASSWORD not in repr(room.companies.entries)


# Who is refused, by the ERP's flags


@pytest.mark.parametrize("email", ["tja@baecker.example", " TJA@Baecker.Example ", "Tja@baecker.example\n"])
@pytest.mark.parametrize("at_erp", ["tja@baecker.example", "  Tja@BAECKER.example "])
def test_the_main_email_is_compared_trimmed_and_without_case(room, email, at_erp):
    """000: "This person having this email can activate the customer center only."."""
    room.erp.customers[NUMBER] = a_customer(main_contact_email=at_erp)
    room.activation_rules = SEED_FLOW
    assert room.activate(email=email).user.is_main_contact


def test_without_a_code_the_erps_address_is_hinted_at_and_not_told(room):
    """Then it is all that is left to prove."""
    room.activation_rules = replace(room.activation_rules, confirm_email=False)
    with pytest.raises(Conflict) as refused:
        room.activate(email="anna@baecker.example")
    assert refused.value.values == {"email": "t***@baecker.example"}


@pytest.mark.parametrize(
    ("in_the_erp", "given"),
    [("boss@grossmann.example", "boss@großmann.example"), ("boss@großmann.example", "boss@grossmann.example")],
)
def test_a_domain_that_only_looks_alike_is_another_one(room, in_the_erp, given):
    room.erp.customers[NUMBER] = a_customer(main_contact_email=in_the_erp)
    with pytest.raises(Conflict, match="customer-center-managed"):
        room.activate(email=given)


def test_an_address_of_the_erp_is_compared_however_its_domain_is_written(room):
    room.erp.customers[NUMBER] = a_customer(main_contact_email="Boss@Großmann.example")
    room.activate(email="boss@xn--gromann-2va.example")
    assert room.activate(email="boss@xn--gromann-2va.example", code=room.mailed_code()).user.is_main_contact


def test_codes_for_one_customer_number_are_limited_per_day(room):
    room.erp.customers[NUMBER] = a_customer(customer_center=False)
    room.activation_rules = replace(
        room.activation_rules, limits=replace(room.activation_rules.limits, codes_per_day=2)
    )
    for number in range(2):
        room.activate(email=f"victim{number}@baecker.example")
    with pytest.raises(TooManyRequests):
        room.activate(email="victim2@baecker.example")
    room.clock.advance(days=1)
    assert room.activate(email="victim2@baecker.example")


def test_another_email_is_sent_to_the_erps_main_contact(room):
    """001: "Your company is using a customer-center. Please contact your shop administrator %email% for activating an
    account."."""
    with pytest.raises(Conflict) as refused:
        room.activate(email="anna@baecker.example")
    assert (refused.value.code, refused.value.values) == ("customer-center-managed", {"email": "tja@baecker.example"})
    assert COMPANIES_TEXTS.error_text(refused.value.code, "en", refused.value.values) == (
        "Your company is using a customer-center. Please contact your shop administrator tja@baecker.example "
        "for activating an account."
    )
    assert room.companies.everybody == ()
    assert room.mailer.sent == []


def test_an_international_address_of_the_main_contact_is_told_as_people_write_it(room):
    room.erp.customers[NUMBER] = a_customer(main_contact_email="tja@xn--mller-kva.example")
    with pytest.raises(Conflict) as refused:
        room.activate(email="anna@baecker.example")
    assert refused.value.values == {"email": "tja@müller.example"}


def test_another_email_is_sent_to_the_active_main_contact(room, activated):
    """001: "If a customer-center is activated for a company, only the shop admin in this company is able to setup new
    accounts"."""
    gone = a_main_contact(email="gone@baecker.example", status=UserStatus.DEACTIVATED)
    room.companies.add(a_company(), gone, a_main_contact(email="chef@baecker.example"))
    with pytest.raises(Conflict) as refused:
        activated(email="anna@baecker.example")
    assert refused.value.values == {"email": "chef@baecker.example"}


def test_a_customer_center_without_a_main_email_can_be_activated_by_nobody(room, activated):
    """001: "There are two important fields to be provided by the ERP: a flag: company has a customer-center; the email
    address of the customer-center administrator"."""
    room.erp.customers[NUMBER] = a_customer(main_contact_email=None)
    with pytest.raises(Conflict, match="main-contact-missing"):
        activated()
    assert room.companies.everybody == ()


@pytest.mark.parametrize("customer_center", [True, False])
def test_a_blocked_customer_activates_nothing(room, activated, customer_center):
    room.erp.customers[NUMBER] = a_customer(customer_center=customer_center, blocked=True)
    with pytest.raises(Conflict, match="customer-blocked"):
        activated()
    assert room.companies.everybody == ()


def test_a_second_main_contact_comes_when_the_erp_names_another(room, activated):
    first = activated().user
    room.erp.customers[NUMBER] = a_customer(main_contact_email="neu@baecker.example")
    second = activated(email="neu@baecker.example", name="Neu").user
    (company,) = room.companies.all_companies
    assert company.main_contacts == {first.user_id, second.user_id}
    assert second.company_id == first.company_id
    assert room.companies.user(first.user_id).is_main_contact


def test_who_came_as_a_standard_user_is_in_the_overview_when_the_flag_is_switched_on(room, activated):
    """001: "the shop users already registered for the shop. You will see the User name, the status and the roles
    assigned"."""
    room.erp.customers[NUMBER] = a_customer(customer_center=False)
    early = activated(email="early@baecker.example", name="Early Bird").user
    room.erp.customers[NUMBER] = a_customer()
    chief = activated().user
    page = room.companies.users(chief.company_id, limit=50)
    assert [(user.name, user.status, user.roles) for user in page.rows] == [
        ("Early Bird", UserStatus.ACTIVE, {Role.BUSINESS_USER}),
        ("Tja", UserStatus.ACTIVE, {Role.MAIN_CONTACT}),
    ]
    assert {early.company_id, chief.company_id} == {room.companies.all_companies[0].company_id}
    assert room.companies.all_companies[0].customer_center


@pytest.mark.parametrize("company_id", [COMPANY_ID, OTHER_COMPANY_ID])
@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.DEACTIVATED])
@pytest.mark.parametrize("confirmed", [True, False])
def test_whoever_asks_does_not_learn_who_has_an_account(room, confirmed, company_id, status):
    """The answer is that of any other address. A guessed code is refused as everywhere, and only the owner is told
    (docs/specification.md, 3.6)."""
    room.activation_rules = ActivationRules(confirm_email=confirmed)
    number = NUMBER if company_id == COMPANY_ID else "20000"
    company = a_company(company_id=company_id, customer_number=number)
    room.companies.add(company, a_user(company_id=company_id, email="Tja@Baecker.example", status=status))
    assert room.activate() == CodeSent("tja@baecker.example")
    room.follow_up()
    (mail,) = room.mailer.sent
    assert (mail.to, mail.subject) == ("Tja@Baecker.example", "Sie haben bereits ein Konto bei Harmony")
    assert not re.search(r"^\d{6}$", mail.text, re.MULTILINE)
    for _ in range(5):
        with pytest.raises(InvalidInput, match="code-invalid"):
            room.activate(code="123456")
    with pytest.raises(InvalidInput, match="code-exhausted"):
        room.activate(code="123456", network="198.51.100.1")
    assert len(room.companies.everybody) == 1
    assert room.identities.logins == {}


def test_the_owner_is_told_as_often_as_a_code_is_mailed(room):
    room.companies.add(a_company(), a_user(email="tja@baecker.example"))
    for seconds in (0, 59, 1):
        room.clock.advance(seconds=seconds)
        room.activate()
        room.follow_up()
    room.follow_up()
    assert len(room.mailer.sent) == 2


def test_who_got_an_account_while_the_code_was_under_way_is_told_so(room):
    """They have proved the address, so they may know."""
    room.activate()
    code = room.mailed_code()
    room.companies.add(
        a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"),
        a_user(company_id=OTHER_COMPANY_ID, email="tja@baecker.example"),
    )
    with pytest.raises(Conflict, match="email-in-use"):
        room.activate(code=code)


def test_a_contact_number_is_the_customers(room, activated):
    room.erp.contacts["20000"] = [a_contact("KT900")]
    with pytest.raises(InvalidInput) as refused:
        activated(contact_number="KT900")
    assert refused.value.errors == (FieldError("/contact_number", "unknown-contact"),)
    assert room.companies.everybody == ()


def test_somebody_elses_contact_is_not_to_be_had_for_its_number(room, activated):
    with pytest.raises(InvalidInput) as refused:
        activated(contact_number="KT200")
    assert refused.value.errors == (FieldError("/contact_number", "unknown-contact"),)


def test_the_erp_is_asked_for_the_named_contact_only(room, activated):
    """A customer may have 100,000 contacts, and anybody with an invoice may name one."""
    room.erp.contacts[NUMBER][0] = a_contact("KT100", email=None)
    activated(contact_number="KT100")
    assert ("find_contact", NUMBER, "KT100") in room.erp.calls
    assert "select_contacts" not in [call[0] for call in room.erp.calls]


def test_a_contact_becomes_one_user(room, activated):
    room.erp.contacts[NUMBER][0] = a_contact("KT100", email=None)
    colleague = a_user()
    room.companies.add(a_company(), a_main_contact())
    room.companies.add_user(colleague, an_entry(), contact=a_contact("KT100"))
    with pytest.raises(Conflict, match="contact-in-use"):
        activated(contact_number="KT100")
    assert room.companies.holders_of_email("tja@baecker.example").owner_id is None


def test_a_password_the_policy_refuses_is_refused_at_its_field(room, activated):
    with pytest.raises(InvalidInput) as refused:
        activated(password="too short")
    assert refused.value.errors == (FieldError("/password", "password-policy"),)
    assert room.companies.everybody == ()


@pytest.mark.parametrize("written", [" 10000", "10000 "])
def test_a_number_written_in_another_way_is_no_second_company(room, activated, written):
    first = activated().user
    room.erp.customers[NUMBER] = a_customer(main_contact_email="neu@baecker.example")
    second = activated(customer_number=written, email="neu@baecker.example").user
    assert second.company_id == first.company_id
    assert [company.customer_number for company in room.companies.all_companies] == [NUMBER]


def test_a_number_written_in_another_way_finds_the_companys_main_contact(room, activated):
    room.companies.add(a_company(), a_main_contact(email="chef@baecker.example"))
    with pytest.raises(Conflict) as refused:
        activated(customer_number=" 10000", email="anna@baecker.example")
    assert refused.value.values == {"email": "chef@baecker.example"}


# Refusals tell nothing


STRANGERS = [
    pytest.param({"customer_number": "99999"}, id="unknown customer"),
    pytest.param({"invoice_number": "999999"}, id="unknown invoice"),
    pytest.param({"invoice_number": "103020"}, id="another customer's invoice"),
    pytest.param({"email": "nobody@baecker.example", "invoice_number": "999999"}, id="unknown e-mail too"),
    pytest.param({"contact_number": "KT999", "invoice_number": "999999"}, id="unknown contact too"),
    pytest.param({"code": "000000", "invoice_number": "999999"}, id="with a code"),
]


@pytest.mark.parametrize("given", STRANGERS)
def test_every_refusal_is_the_same(room, activated, given):
    with pytest.raises(InvalidInput) as refused:
        room.activate(**given)
    assert (refused.value.code, refused.value.values, refused.value.errors) == ("activation-refused", {}, ())
    assert [call[0] for call in room.erp.calls] == ["find_invoice"]
    assert room.clock.slept == [1.0]
    assert room.companies.refusals == 1
    assert room.identities.calls == []
    assert room.companies.entries == []


def test_a_refusal_takes_the_same_time_however_long_the_erp_took(room):
    find = room.erp.find_invoice

    def slow(*numbers):
        room.clock.advance(seconds=0.7)
        return find(*numbers)

    room.erp.find_invoice = slow
    began = room.clock.now()
    with pytest.raises(InvalidInput, match="activation-refused"):
        room.activate(invoice_number="999999")
    assert (room.clock.now() - began).total_seconds() == pytest.approx(1.0)
    assert room.clock.slept == [pytest.approx(0.3)]


def test_a_customer_the_erp_lost_between_two_questions_is_refused_like_a_stranger(room):
    room.erp.select_customer = lambda number: None
    with pytest.raises(InvalidInput, match="activation-refused"):
        room.activate()


def test_the_sixth_refusal_from_one_network_is_too_many(room):
    for _ in range(5):
        with pytest.raises(InvalidInput):
            room.activate(invoice_number="999999")
    with pytest.raises(TooManyRequests) as refused:
        room.activate(invoice_number="999999")
    assert refused.value.code == "too-many-refusals"
    assert 0 < refused.value.retry_after <= 900
    assert len(room.erp.calls) == 5


def test_beyond_the_limit_the_right_numbers_are_not_even_looked_at(room):
    room.activation_rules = ActivationRules(limits=RefusalLimits(per_network=1))
    with pytest.raises(InvalidInput):
        room.activate(invoice_number="999999")
    with pytest.raises(TooManyRequests):
        room.activate()
    assert room.erp.calls == [("find_invoice", NUMBER, "999999")]


def test_another_network_another_number_and_another_time_have_their_own_count(room):
    room.activation_rules = ActivationRules(limits=RefusalLimits(per_network=1))
    with pytest.raises(InvalidInput):
        room.activate(invoice_number="999999")
    with pytest.raises(InvalidInput):
        room.activate(invoice_number="999999", network="192.0.2.2")
    with pytest.raises(InvalidInput):
        room.activate(invoice_number="999999", customer_number="20000")
    room.clock.advance(minutes=15)
    with pytest.raises(InvalidInput):
        room.activate(invoice_number="999999")


def test_a_day_has_its_own_limit_over_all_networks(room):
    room.activation_rules = ActivationRules(limits=RefusalLimits(per_day=2))
    for network in ("192.0.2.1", "192.0.2.2"):
        with pytest.raises(InvalidInput):
            room.activate(invoice_number="999999", network=network)
    with pytest.raises(TooManyRequests):
        room.activate(network="192.0.2.3")
    room.clock.advance(days=1)
    assert room.activate(network="192.0.2.3")


def test_success_is_not_counted_as_a_refusal(room, activated):
    activated()
    assert room.companies.refusals == 0


@pytest.mark.parametrize(
    "error",
    [
        OutsideUnavailable("erp-unavailable", retry_after=60),
        OutsideTimeout("erp-timeout"),
        OutsideMalformed("erp-malformed"),
    ],
)
def test_a_failure_of_the_erp_is_not_counted_as_a_refusal(room, error):
    room.erp.error = error
    with pytest.raises(type(error)):
        room.activate()
    assert room.companies.refusals == 0
    assert room.clock.slept == []
    room.erp.error = None
    assert room.activate() == CodeSent("tja@baecker.example")


@pytest.mark.parametrize("flags", [{"blocked": True}, {"main_contact_email": None}])
def test_whose_invoice_it_is_is_told_the_reason_and_not_counted(room, activated, flags):
    room.erp.customers[NUMBER] = a_customer(**flags)
    with pytest.raises(Conflict):
        activated()
    assert room.companies.refusals == 0


# The code by mail


def test_first_a_code_is_mailed_to_the_address_given(room):
    assert room.activate() == CodeSent("tja@baecker.example")
    code = room.mailed_code()
    (mail,) = room.mailer.sent
    assert mail.to == "tja@baecker.example"
    assert code in mail.text
    assert room.companies.everybody == ()
    assert room.identities.calls == []
    assert code not in repr(room.companies.entries)


def test_without_confirmation_it_completes_at_once_and_mails_nothing(room):
    """001: "The customer-center uses the existing activation function."."""
    room.activation_rules = SEED_FLOW
    assert room.activate().user.is_main_contact
    room.follow_up()
    assert room.mailer.sent == []


def test_a_second_request_within_a_minute_sends_no_second_code(room):
    room.activate()
    code = room.mailed_code()
    room.clock.advance(seconds=59)
    assert room.activate() == CodeSent("tja@baecker.example")
    room.follow_up()
    assert len(room.mailer.sent) == 1
    assert room.activate(code=code)


def test_after_a_minute_a_new_code_replaces_the_old_one(room):
    room.activate()
    old = room.mailed_code()
    room.clock.advance(seconds=60)
    room.activate()
    new = room.mailed_code()
    assert len(room.mailer.sent) == 2
    if old != new:
        with pytest.raises(InvalidInput, match="code-invalid"):
            room.activate(code=old)
    assert room.activate(code=new).user.is_main_contact


def _wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_wrong_code_is_refused_and_counted(room):
    room.activate()
    code = room.mailed_code()
    with pytest.raises(InvalidInput) as refused:
        room.activate(code=_wrong(code))
    assert (refused.value.code, refused.value.errors) == ("code-invalid", (FieldError("/code", "invalid"),))
    assert room.companies.refusals == 1
    assert room.companies.everybody == ()
    assert room.activate(code=code)
    assert room.companies.refusals == 1


def test_five_wrong_codes_use_the_code_up(room):
    room.activation_rules = ActivationRules(limits=RefusalLimits(per_network=99))
    room.activate()
    code = room.mailed_code()
    for _ in range(5):
        with pytest.raises(InvalidInput, match="code-invalid"):
            room.activate(code=_wrong(code))
    with pytest.raises(InvalidInput, match="code-exhausted"):
        room.activate(code=code)
    room.clock.advance(minutes=1)
    room.activate()
    assert room.activate(code=room.mailed_code())


def test_a_code_is_good_for_fifteen_minutes(room):
    room.activate()
    code = room.mailed_code()
    room.clock.advance(minutes=15)
    with pytest.raises(InvalidInput, match="code-expired"):
        room.activate(code=code)
    assert room.companies.everybody == ()


def test_a_code_just_before_its_end_is_good(room):
    room.activate()
    code = room.mailed_code()
    room.clock.advance(minutes=14, seconds=59)
    assert room.activate(code=code)


def test_a_code_before_any_was_asked_for_is_none(room):
    with pytest.raises(InvalidInput, match="code-expired"):
        room.activate(code="123456")


def test_a_code_is_good_for_its_own_email_and_customer_only(room):
    room.erp.add(a_customer(customer_center=False), invoices=[INVOICE])
    room.erp.add(a_customer(customer_number="20000", customer_center=False), invoices=["103020"])
    room.activate(email="anna@baecker.example")
    code = room.mailed_code()
    for other in ({"email": "berta@baecker.example"}, {"customer_number": "20000", "invoice_number": "103020"}):
        with pytest.raises(InvalidInput, match="code-expired"):
            room.activate(code=code, **{"email": "anna@baecker.example"} | other)


def test_the_flags_count_when_it_completes(room):
    room.activate()
    code = room.mailed_code()
    room.erp.customers[NUMBER] = a_customer(blocked=True)
    with pytest.raises(Conflict, match="customer-blocked"):
        room.activate(code=code)
    room.erp.customers[NUMBER] = a_customer()
    assert room.activate(code=code), "the refusal gave its claim back"


def test_a_failing_erp_gives_the_code_back_at_once(room):
    room.activate()
    code = room.mailed_code()
    room.erp.contacts[NUMBER][0] = a_contact("KT100", email=None)
    find = room.erp.find_contact
    room.erp.find_contact = lambda *numbers: (_ for _ in ()).throw(OutsideTimeout("erp-timeout"))
    with pytest.raises(OutsideTimeout):
        room.activate(code=code, contact_number="KT100")
    room.erp.find_contact = find
    assert room.activate(code=code, contact_number="KT100").user.contact_number == "KT100"


def test_a_refused_password_gives_the_code_back_at_once(room):
    room.activate()
    code = room.mailed_code()
    with pytest.raises(InvalidInput, match="invalid-input"):
        room.activate(code=code, password="too short")
    assert room.activate(code=code).user.is_main_contact


# Again and at once


def _code_if_mailed(room):
    return room.mailed_code() if room.mailer.sent else None


def test_repeating_a_completed_activation_logs_in_again(room, activated):
    first = activated()
    again = room.activate(code=_code_if_mailed(room))
    assert again.user.user_id == first.user.user_id
    assert again.session != first.session
    assert len(room.companies.everybody) == 1


def test_without_a_code_it_can_be_repeated_for_fifteen_minutes(room):
    room.activation_rules = SEED_FLOW
    user = room.activate().user
    for minutes in (7, 7):
        room.clock.advance(minutes=minutes)
        assert room.activate().user == user
    room.clock.advance(minutes=1)
    assert isinstance(room.activate(), CodeSent)


def test_who_has_an_account_gets_no_second_code(room):
    room.activate_confirmed()
    room.clock.advance(minutes=5)
    room.activate()
    room.follow_up()
    assert [mail.subject for mail in room.mailer.sent[1:]] == ["Sie haben bereits ein Konto bei Harmony"]


def test_repeating_it_with_another_password_is_somebody_elses_attempt(room, activated):
    activated()
    with pytest.raises(Conflict, match="email-in-use"):
        room.activate(password="another password", code=_code_if_mailed(room))
    assert next(iter(room.identities.logins.values())).password == PASSWORD


def test_a_deactivated_user_does_not_come_back_by_repeating_the_activation(room, activated):
    user = activated().user
    room.companies.add(a_company(company_id=user.company_id), user, colleague := a_main_contact())
    actor = replace(colleague, company_id=user.company_id)
    room.deactivate(user.user_id, actor)
    with pytest.raises(Conflict, match="email-in-use"):
        room.activate(code=_code_if_mailed(room))
    assert not room.identities.logins[user.user_id].enabled


def test_the_person_is_logged_in_though_cognito_sees_late_that_the_login_is_enabled(room, activated):
    room.identities.enabled_late = 3
    assert activated().session


def test_a_right_password_is_never_told_as_wrong(room, activated):
    """Cognito does not see for long that the login is enabled: not "email-in-use", but "try again"."""
    room.identities.enabled_late = 6
    with pytest.raises(OutsideUnavailable, match="identity-unavailable"):
        activated()
    assert room.activate(code=_code_if_mailed(room)).session


def test_an_email_that_an_outdated_login_has_is_freed_by_the_journal(room, activated):
    outdated = a_user(email="tja@baecker.example")
    room.identities.create(outdated)
    room.identities.enable(outdated)
    with pytest.raises(OutsideUnavailable, match="identity-unavailable"):
        activated()
    room.follow_up()
    assert room.activate(code=_code_if_mailed(room)).session
    assert room.identities.sign_in("tja@baecker.example", PASSWORD)


def test_while_one_request_completes_another_waits(room):
    room.activation_rules = SEED_FLOW
    room.identities.fail_next("create")
    with pytest.raises(OutsideUnavailable):
        room.activate()
    (key,) = room.companies._attempts
    attempt = room.companies.attempt(key)
    room.companies._attempts[key] = replace(attempt, claim=a_claim("first", since=room.clock.now()))
    with pytest.raises(InProgress) as waits:
        room.activate(claim_id="second")
    assert waits.value.retry_after == 31
    assert room.activate(claim_id="first").user.is_main_contact


def test_a_claim_that_was_never_finished_lapses(room):
    room.activate()
    code = room.mailed_code()
    (key,) = room.companies._attempts
    room.companies.try_code(key, a_claim("died", since=room.clock.now()), room.clock.now(), 5)
    with pytest.raises(InProgress):
        room.activate(code=code, claim_id="second")
    room.clock.advance(seconds=30)
    assert room.activate(code=code, claim_id="second")


def test_two_who_activate_at_once_share_one_company(room):
    room.erp.customers[NUMBER] = a_customer(customer_center=False)
    anna, berta = ({"email": f"{name}@baecker.example", "name": name} for name in ("anna", "berta"))
    room.activate(**anna)
    annas = room.mailed_code()
    room.activate(**berta)
    bertas = room.mailed_code()
    first = room.activate(code=annas, **anna).user
    second = room.activate(code=bertas, **berta).user
    assert first.company_id == second.company_id
    assert len(room.companies.all_companies) == 1
    assert set(room.identities.logins) == {first.user_id, second.user_id}
    assert second.user_id.startswith(f"usr_{second.company_id.removeprefix('com_')}_")


def test_who_joined_the_company_of_another_can_repeat_too(room):
    room.erp.customers[NUMBER] = a_customer(customer_center=False)
    anna, berta = ({"email": f"{name}@baecker.example", "name": name} for name in ("anna", "berta"))
    room.activate(**anna)
    annas = room.mailed_code()
    room.activate(**berta)
    bertas = room.mailed_code()
    room.activate(code=annas, **anna)
    second = room.activate(code=bertas, **berta).user
    assert room.activate(code=bertas, **berta).user == second
    assert len(room.companies.everybody) == 2


def test_the_company_may_come_while_the_login_is_made(room):
    room.activation_rules = SEED_FLOW
    create = room.identities.create
    other = a_main_contact(email="first@baecker.example")

    def create_late(user):
        if room.companies.all_companies == ():
            room.companies.add(a_company(), other)
        create(user)

    room.identities.create = create_late
    result = room.activate()
    assert result.company.company_id == COMPANY_ID
    assert result.user.company_id == COMPANY_ID
    assert room.companies.company(COMPANY_ID).main_contacts == {other.user_id, result.user.user_id}
    assert set(room.identities.logins) == {result.user.user_id}
