"""What other systems call the fields of a customer. Their formats and connectors are made from it.

A name that ends with `?` was inferred from public pages: the system's own documentation does not show it. A system that
has no entry for a field does not have it, or its name is not known. Nothing is guessed here.

Sources: seed 002 with the element list of SunSystems' Customer component; seed 003 with Vendasta's Customer API v1 and
its customer webhook; seed 004, whose tables have lost their cells, with the pages of App4Sales' other connectors.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from customer_center.platform.frozen import frozen

type SystemName = Literal["ssc", "vendasta", "xml_customer", "newbase"]


@frozen
class System:
    """Another system. `direction` is seen from the Customer List: `in`, it tells us; `out`, it is told; or `both`."""

    title: str
    direction: Literal["in", "out", "both"]


SYSTEMS: Mapping[SystemName, System] = MappingProxyType(
    {
        "ssc": System("SunSystems Customer component (SSC)", "both"),
        "vendasta": System("Vendasta, API v1 and webhook", "both"),
        "xml_customer": System("App4Sales `XmlCustomer`", "in"),
        "newbase": System("NewBase", "out"),
    }
)

NAMES: Mapping[str, Mapping[SystemName, str]] = MappingProxyType(
    {
        "customer_code": {
            "ssc": "CustomerCode",
            "xml_customer": "CustomerCode",
            "newbase": "contact.serial",
        },
        "first_name": {"vendasta": "first_name", "newbase": "Person first name?"},
        "last_name": {"vendasta": "last_name", "newbase": "Person last name?"},
        "organisation": {"ssc": "Name", "xml_customer": "CustomerName?", "newbase": "Organisation name"},
        "contact_person": {"xml_customer": "ContactFullName?"},
        "emails": {
            "ssc": "EMailAddress",
            "vendasta": "email",
            "xml_customer": "Email",
            "newbase": "reachability ContactEmail",
        },
        "phones": {"vendasta": "phone", "xml_customer": "Phone", "newbase": "reachability ContactPhone"},
        "mobile": {"xml_customer": "Mobile", "newbase": "reachability PersonMobile"},
        "fax": {"xml_customer": "Fax", "newbase": "reachability PersonFax"},
        "website": {"ssc": "WebPageAddress"},
        # SunSystems' customer refers to addresses, which are records of another component, by code.
        "visit_address": {"ssc": "CompanyAddressCode?", "newbase": "address, visit"},
        "visit_address.street": {"vendasta": "address", "xml_customer": "VisitAddress1"},
        "visit_address.house_number": {"xml_customer": "VisitAddress2, if it is set as house number"},
        "visit_address.line_2": {"xml_customer": "VisitAddress2"},
        "visit_address.postal_code": {"xml_customer": "VisitPostCode?"},
        "visit_address.city": {"vendasta": "city", "xml_customer": "VisitCity?"},
        "visit_address.state": {"vendasta": "state"},
        "visit_address.country": {"vendasta": "country", "newbase": "ISO country code"},
        "delivery_address": {"ssc": "DeliveryToAddress.DeliveryAddressCode", "newbase": "address, delivery"},
        "delivery_address.street": {"xml_customer": "DeliveryAddress1"},
        "delivery_address.house_number": {"xml_customer": "DeliveryAddress2, if it is set as house number"},
        "delivery_address.line_2": {"xml_customer": "DeliveryAddress2"},
        "delivery_address.postal_code": {"xml_customer": "DeliveryPostCode?"},
        "delivery_address.city": {"xml_customer": "DeliveryCity?"},
        "delivery_address.country": {"newbase": "ISO country code"},
        "invoice_address": {"ssc": "InvoiceAddress.InvoiceAddressCode"},
        "vat_number": {"ssc": "Tax.TaxIdentificationCode?", "xml_customer": "VatCode?", "newbase": "Debtor VAT number"},
        "chamber_of_commerce_number": {
            "xml_customer": "ChamberOfCommerceCode?",
            "newbase": "Debtor Chamber of Commerce number",
        },
        "language": {"xml_customer": "LanguageCode?", "newbase": "Debtor language code; Person language"},
        "free_fields": {"xml_customer": "free fields, by the custom fields mapping", "newbase": "by that mapping"},
        "permission_to_contact": {"vendasta": "permission_to_contact"},
    }
)
"""The names in each system, by field or `<address>.<part>`. Consent and the customer code stand beside the fields."""


def names_in(system: SystemName) -> Mapping[str, str]:
    """Return what a system calls fields and parts of addresses: its name by ours."""
    return {ours: names[system] for ours, names in NAMES.items() if system in names}
