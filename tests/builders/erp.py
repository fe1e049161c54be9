"""What the ERP knows: customers and contacts, every value filled in."""

from customer_center.companies.model import ErpContact, ErpCustomer

NUMBER = "10000"
INVOICE = "103019"


def a_customer(**given) -> ErpCustomer:
    """Return a customer for whom the ERP switched the customer center on."""
    values = {
        "customer_number": NUMBER,
        "name": "Bäcker Mehl",
        "customer_center": True,
        "main_contact_email": "tja@baecker.example",
        "customer_posting_group": "INLAND",
    }
    return ErpCustomer(**values | given)


def a_contact(contact_number: str = "KT100", **given) -> ErpContact:
    """Return a contact of the ERP with all attributes that seed 000 lists."""
    values = {
        "name": f"Contact {contact_number}",
        "telephone": "030/1",
        "telefax": "030/2",
        "email": f"{contact_number.lower()}@baecker.example",
        "language_code": "DEU",
    }
    return ErpContact(contact_number, **values | given)
