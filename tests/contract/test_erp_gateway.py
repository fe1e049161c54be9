"""What every ErpGateway promises: the fake, and SilverGateway with the simulator over each transport and shape."""

from dataclasses import dataclass
from itertools import count

import pytest

from customer_center.companies.model import ErpContact, ErpCustomer
from customer_center.companies.ports import ErpGateway
from customer_center.platform.errors import OutsideMalformed
from tests.fakes.erp import FakeErp
from tests.fakes.erp_simulator import direct_session, running_simulator, silver_gateway, silver_settings

_numbers = count(80_001)


@dataclass
class Erp:
    """A gateway, and a function that adds a customer with contacts and invoices to the ERP behind it."""

    gateway: ErpGateway
    add: object


@pytest.fixture(scope="module")
def simulator():
    with running_simulator() as running:
        yield running


@pytest.fixture(scope="module")
def session():
    with direct_session() as open_session:
        yield open_session


def _wish(customer, contacts, invoices):
    """Translate the port's models into the ERP's own records."""
    return {
        "number": customer.customer_number,
        "name": customer.name,
        "customer_center": "1" if customer.customer_center else "0",
        "main_contact_email": customer.main_contact_email,
        "posting_group": customer.customer_posting_group or "",
        "blocked": "All" if customer.blocked else "_blank_",
        "contacts": [
            {
                "number": contact.contact_number,
                "name": contact.name,
                "email": contact.email or "",
                "language": contact.language_code or "",
                "telephone": contact.telephone or "",
                "telefax": contact.telefax or "",
            }
            for contact in contacts
        ],
        "invoices": list(invoices),
    }


@pytest.fixture(
    params=[
        "fake",
        *(
            f"{transport} {shape}"
            for transport in ("xml", "soap")
            for shape in ("raw", "contact_response", "order_response")
        ),
    ]
)
def erp(request, simulator, session):
    if request.param == "fake":
        fake = FakeErp()
        return Erp(fake, fake.add)
    transport, shape = request.param.split()
    simulator.reset()
    simulator.erp.contact_shape = shape

    def add(customer, *, contacts=(), invoices=()):
        simulator.erp.change(_wish(customer, contacts, invoices))

    settings = silver_settings(simulator, transport, max_count=10)
    return Erp(silver_gateway(settings, session), add)


@pytest.fixture
def customer():
    """A customer of this test only, with every field set."""
    return ErpCustomer(
        customer_number=f"C{next(_numbers)}",
        name="Bäcker & Söhne <Berlin> GmbH",
        customer_center=True,
        main_contact_email="anna@baecker.example",
        customer_posting_group="INLAND",
    )


ANNA = ErpContact("KT800001", "Anna Bäcker", "030/1", "030/2", "anna@baecker.example", "DEU")
TINA = ErpContact("KT800002", "Tina Tinte")


def test_a_customer_is_found_with_all_the_erp_says_of_it(erp, customer):
    """000: "The ERP provides information back if a customer [...] shall have a customer center or not"."""
    erp.add(customer)
    assert erp.gateway.select_customer(customer.customer_number) == customer


@pytest.mark.parametrize("email", [None, "anna@baecker.example"])
@pytest.mark.parametrize(("center", "blocked"), [(True, True), (False, False), (False, True)])
def test_the_flags_arrive_as_they_are_set(erp, customer, center, blocked, email):
    """000: "1: customer will get a customer center in the shop; 0: no customer center"."""
    wanted = ErpCustomer(
        customer_number=customer.customer_number,
        name=customer.name,
        customer_center=center,
        main_contact_email=email,
        customer_posting_group=None,
        blocked=blocked,
    )
    erp.add(wanted)
    assert erp.gateway.select_customer(customer.customer_number) == wanted


@pytest.mark.parametrize("number", ["99999", "", "  ", "*", "1..", "100", "\x00", "\ud800", "10000' or '1", "<&>"])
def test_a_number_nobody_has_finds_nothing(erp, number):
    assert erp.gateway.select_customer(number) is None
    assert list(erp.gateway.select_contacts(number)) == []
    assert erp.gateway.find_contact(number, "KT010006") is None
    assert erp.gateway.find_invoice(number, "103019") is False


def test_blanks_around_a_number_do_not_matter(erp, customer):
    erp.add(customer, contacts=[ANNA], invoices=["I1"])
    number = f" {customer.customer_number}\n"
    assert erp.gateway.select_customer(number) == customer
    assert list(erp.gateway.select_contacts(number)) == [ANNA]
    assert erp.gateway.find_invoice(number, " I1 ")


def test_a_number_in_other_case_is_another_number(erp, customer):
    erp.add(customer, invoices=["I1"])
    assert erp.gateway.select_customer(customer.customer_number.lower()) is None
    assert not erp.gateway.find_invoice(customer.customer_number.lower(), "I1")


def test_all_persons_of_a_customer_are_listed_in_the_erps_order(erp, customer):
    """000: "For each contact stored in the ERP one user record will be provided"."""
    erp.add(customer, contacts=[ANNA, TINA])
    assert list(erp.gateway.select_contacts(customer.customer_number)) == [ANNA, TINA]


def test_a_customer_may_have_no_contacts(erp, customer):
    erp.add(customer)
    assert list(erp.gateway.select_contacts(customer.customer_number)) == []


@pytest.mark.parametrize("size", [1, 9, 10, 11, 100, 130])
def test_a_long_list_arrives_whole(erp, customer, size):
    contacts = [ErpContact(f"KT81{serial:04}", f"Person {serial}") for serial in range(size)]
    erp.add(customer, contacts=contacts)
    assert list(erp.gateway.select_contacts(customer.customer_number)) == contacts


def test_one_contact_is_found_by_its_number(erp, customer):
    erp.add(customer, contacts=[ANNA, TINA])
    assert erp.gateway.find_contact(customer.customer_number, f" {TINA.contact_number}\n") == TINA
    assert erp.gateway.find_contact(customer.customer_number, "KT999999") is None
    assert erp.gateway.find_contact(customer.customer_number, TINA.contact_number.lower()) is None


def test_a_contact_of_another_customer_is_not_found(erp, customer):
    other = ErpCustomer(
        f"C{next(_numbers)}", "Other", customer_center=True, main_contact_email=None, customer_posting_group=None
    )
    erp.add(customer, contacts=[ANNA])
    erp.add(other, contacts=[])
    assert erp.gateway.find_contact(other.customer_number, ANNA.contact_number) is None


def test_an_invoice_belongs_to_the_customer_it_was_sold_to(erp, customer):
    erp.add(customer, invoices=["I10", "I11"])
    assert erp.gateway.find_invoice(customer.customer_number, "I10")
    assert erp.gateway.find_invoice(customer.customer_number, "I11")


def test_an_invoice_of_somebody_else_is_not_found(erp, customer):
    other = ErpCustomer(
        f"C{next(_numbers)}", "Other", customer_center=True, main_contact_email=None, customer_posting_group=None
    )
    erp.add(customer, invoices=["I20"])
    erp.add(other, invoices=["I21"])
    assert not erp.gateway.find_invoice(customer.customer_number, "I21")
    assert not erp.gateway.find_invoice(other.customer_number, "I20")


@pytest.mark.parametrize("invoice_number", ["I3", "I300", "", "*", "I3*", "\x00", "i30"])
def test_an_invoice_number_must_fit_exactly(erp, customer, invoice_number):
    erp.add(customer, invoices=["I30"])
    assert not erp.gateway.find_invoice(customer.customer_number, invoice_number)


@pytest.mark.parametrize("email", ["bernd@baecker.example", "bernd@müller-söhne.example"])
def test_a_created_contact_is_listed_under_the_number_returned(erp, customer, email):
    erp.add(customer, contacts=[ANNA])
    wish = ErpContact("ignored", "Bernd <Brot> & Co", "030/3", None, email, "DEU")
    number = erp.gateway.create_contact(customer.customer_number, wish)
    created = ErpContact(number, wish.name, wish.telephone, None, wish.email, wish.language_code)
    assert list(erp.gateway.select_contacts(customer.customer_number)) == [ANNA, created]


def test_two_created_contacts_are_two(erp, customer):
    erp.add(customer)
    numbers = {erp.gateway.create_contact(customer.customer_number, TINA) for _ in range(2)}
    assert len(numbers) == len(list(erp.gateway.select_contacts(customer.customer_number))) == 2


def test_no_contact_is_created_for_a_customer_the_erp_lacks(erp):
    with pytest.raises(OutsideMalformed):
        erp.gateway.create_contact("99999", TINA)
