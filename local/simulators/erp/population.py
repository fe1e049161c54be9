"""The customers, contacts and invoices of the simulated ERP, and which case each of them covers.

| customer | flag | main contact e-mail    | posting | blocked   | contacts    | invoices      | case             |
|----------|------|------------------------|---------|-----------|-------------|---------------|------------------|
| `10000`  | 1    | max.mustermann@… (a)   | INLAND  | `_blank_` | 13 (12) (b) | 103019 103020 | the demo company |
| `20000`  | 0    | no element             | INLAND  | `_blank_` | 2 (1)       | 203001 103021 | no center        |
| `30000`  | none | no element             | EU      | none      | 1 (1)       | 303001        | flag unknown     |
| `40000`  | 1    | empty                  | INLAND  | none      | 1 (1)       | 403001        | nobody may start |
| `50000`  | 1    | chef@gesperrt.example  | INLAND  | All       | 1 (1)       | 503001        | blocked          |
| `60000`  | 1    | solo@… (c)             | AUSLAND | `0`       | 0           | 603001        | no contacts      |
| `70000`  | 1    | Erika.Muster@… (d)     | EU      | none      | 2 (1)       | 703001        | odd main e-mail  |
| `80000`  | Ja   | two, with names (e)    | INLAND  | `No`      | 10 (7) (e)  | 803001        | bad data         |
| `D00210` | 1    | tja@silversolutions.de | INLAND  | none      | 4 (3)       | 103210        | logged example   |

The column "contacts" shows the number of contacts and, in brackets, the number of persons. Dynamics NAV sends `_blank_`
for "not blocked"; "none" means that the element is missing.

(a) max.mustermann@musterhandel.example.
(b) Musterhandel GmbH: KT010000 is the company itself (type 0). KT010001 Max Mustermann is the main contact, KT010002
    Tina Tinte has no e-mail, KT010003 and KT010004 share einkauf@musterhandel.example; KT010005 Willi Wonker
    speaks ENG; KT010006 to KT010012 are added so that MAXCOUNT 10 cuts persons off.
(c) solo@ohne-kontakte.example.
(d) `  Erika.Muster@Gross.Example `, including the blanks.
(e) Schlechte Daten GmbH has a DUNS number, and a control character in its name. Its main contact e-mail is
    `"Daten, Dora" <dora@schlechte-daten.example>; d.daten@schlechte-daten.example`. Of its contacts, KT080001 has a
    control character in its name and U+202D in its telephone, KT080002 a name of 60 characters, KT080003 no e-mail that
    can be read, KT080004 two of them, KT080005 stands there twice, KT080006 has a telephone of 90 characters, KT080007
    is right. One contact has no number, one no name.

Invoice 103021 was sold to 20000 and billed to 10000. Only `BuyerCustomerParty` says that it belongs to 20000.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

COMPANY = "0"
PERSON = "1"


@dataclass(kw_only=True)
class Contact:
    """One contact in the ERP. `kind` is its ONLINE_USER_TYPE."""

    number: str
    name: str
    email: str = ""
    language: str = "DEU"
    telephone: str = ""
    telefax: str = ""
    kind: str = PERSON


@dataclass(kw_only=True)
class Invoice:
    """One posted sales invoice of the customer who bought. `billed_to` is the number of another customer who pays.

    `shown` is the number in the answer: None is `number`, and empty text leaves the element empty.
    """

    number: str
    billed_to: str = ""
    shown: str | None = None


@dataclass(kw_only=True)
class Customer:
    """One customer. `customer_center` and `blocked` are texts as an ERP sends them; None omits the element.

    `duns` is a number in a second PartyIdentification. All texts are sent as they are, control characters included.

    With `generated`, the customer has this many contacts G0000001, G0000002, … in place of `contacts`. They are made
    while the answer is sent.
    """

    number: str
    name: str
    customer_center: str | None = "1"
    main_contact_email: str | None = None
    posting_group: str = "INLAND"
    blocked: str | None = None
    duns: str = ""
    contacts: list[Contact] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    generated: int = 0


def generated_contact(number: str) -> Contact:
    """Return the generated contact with this number."""
    return Contact(number=number, name=f"Kontakt {number}", email=f"{number}@viele.example")


def company_contact(number: str, name: str) -> Contact:
    """Return the contact that stands for the company itself. It is not a person and has no language."""
    return Contact(number=number, name=name, kind=COMPANY, language="", telephone="030/65481990")


def _demo_contacts() -> Iterable[Contact]:
    yield company_contact("KT010000", "Musterhandel GmbH")
    yield Contact(
        number="KT010001",
        name="Max Mustermann",
        email="max.mustermann@musterhandel.example",
        telephone="030/65481990",
        telefax="030/65481999",
    )
    yield Contact(number="KT010002", name="Tina Tinte")
    yield Contact(number="KT010003", name="Erich Einkauf", email="einkauf@musterhandel.example")
    yield Contact(number="KT010004", name="Elke Einkauf", email="einkauf@musterhandel.example")
    yield Contact(number="KT010005", name="Willi Wonker", email="willi@musterhandel.example", language="ENG")
    for serial, name in enumerate(("Anna", "Bernd", "Clara", "Dieter", "Eva", "Frank", "Gerda"), start=6):
        email = f"{name.lower()}@musterhandel.example"
        yield Contact(number=f"KT0100{serial:02}", name=f"{name} Müller", email=email)


def population() -> dict[str, Customer]:
    """Return a fresh copy of the population, by customer number."""
    customers = [
        Customer(
            number="10000",
            name="Musterhandel GmbH",
            main_contact_email="max.mustermann@musterhandel.example",
            blocked="_blank_",
            contacts=list(_demo_contacts()),
            invoices=[Invoice(number="103019"), Invoice(number="103020")],
        ),
        Customer(
            number="20000",
            name="Ohne Kundencenter KG",
            customer_center="0",
            blocked="_blank_",
            contacts=[
                company_contact("KT020000", "Ohne Kundencenter KG"),
                Contact(number="KT020001", name="Nora Normal", email="nora@ohne-kundencenter.example"),
            ],
            invoices=[Invoice(number="203001"), Invoice(number="103021", billed_to="10000")],
        ),
        Customer(
            number="30000",
            name="Fehlende Angabe e.K.",
            customer_center=None,
            posting_group="EU",
            contacts=[Contact(number="KT030001", name="Otto Offen", email="otto@fehlende-angabe.example")],
            invoices=[Invoice(number="303001")],
        ),
        Customer(
            number="40000",
            name="Kein Hauptkontakt AG",
            main_contact_email="",
            contacts=[Contact(number="KT040001", name="Paula Pause", email="paula@kein-hauptkontakt.example")],
            invoices=[Invoice(number="403001")],
        ),
        Customer(
            number="50000",
            name="Gesperrt & Söhne OHG",
            main_contact_email="chef@gesperrt.example",
            blocked="All",
            contacts=[Contact(number="KT050001", name="Chef Gesperrt", email="chef@gesperrt.example")],
            invoices=[Invoice(number="503001")],
        ),
        Customer(
            number="60000",
            name="Ohne Kontakte UG",
            main_contact_email="solo@ohne-kontakte.example",
            posting_group="AUSLAND",
            blocked="0",
            invoices=[Invoice(number="603001")],
        ),
        Customer(
            number="70000",
            name="Gross Geschrieben GmbH",
            main_contact_email="  Erika.Muster@Gross.Example ",
            posting_group="EU",
            contacts=[
                company_contact("KT070000", "Gross Geschrieben GmbH"),
                Contact(number="KT070001", name="Erika Muster", email="erika.muster@gross.example"),
            ],
            invoices=[Invoice(number="703001")],
        ),
        Customer(
            number="80000",
            name="Schlechte\x1f Daten GmbH",
            customer_center="Ja",
            main_contact_email='"Daten, Dora" <dora@schlechte-daten.example>; d.daten@schlechte-daten.example',
            blocked="No",
            duns="315369934",
            contacts=list(_bad_contacts()),
            invoices=[Invoice(number="803001")],
        ),
        Customer(
            number="D00210",
            name="Company for customercenter 1",
            main_contact_email="tja@silversolutions.de",
            contacts=list(_logged_contacts()),
            invoices=[Invoice(number="103210")],
        ),
    ]
    return {customer.number: customer for customer in customers}


def _bad_contacts() -> Iterable[Contact]:
    at = "@schlechte-daten.example"
    yield Contact(
        number="KT080001", name="Dora\x1f Daten", email=f"mailto:dora{at}", telephone="\u202d030/65481990\u202c"
    )
    yield Contact(number="KT080002", name="Lang" * 15, email=f"lang{at}")
    yield Contact(number="KT080003", name="Karl Keine", email="keine")
    yield Contact(number="KT080004", name="Zoe Zwei", email=f"zoe{at};zwei{at}")
    yield Contact(number="KT080005", name="Dieter Doppelt", email=f"dieter{at}")
    yield Contact(number="KT080005", name="Dieter Doppelt II")
    yield Contact(number="KT080006", name="Theo Telefon", email=f"theo{at}", telephone="030/" + "1" * 86)
    yield Contact(number="", name="Nora Nummernlos", email=f"nora{at}")
    yield Contact(number="KT080099", name="", email=f"namenlos{at}")
    yield Contact(number="KT080007", name="Rita Richtig", email=f"rita{at}", telephone="030/1")


def _logged_contacts() -> Iterable[Contact]:
    phone = "030/65481990"
    yield company_contact("KT000197", "Company for customercenter 1")
    yield Contact(number="KT000199", name="Max Mustermann", email="test_max@silversolutions.de", telephone=phone)
    yield Contact(number="KT000200", name="Tina Tinte", telephone=phone)
    yield Contact(
        number="KT000202",
        name="Willi Wonker",
        email="test_willi@silversolutions.de",
        telephone=phone,
        language="ENG",
    )
