"""How the ERP's documents are built and read; shapes: research/silver-eshop §2."""

from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.companies.model import ErpContact
from customer_center.connectors.silver import messages, soap
from customer_center.connectors.silver.failures import parse
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.platform.errors import OutsideMalformed, OutsideTimeout, OutsideUnavailable
from customer_center.platform.xml import clean, value

SETTINGS = SilverSettings(url="http://erp.example/")

NAMESPACES = (
    'xmlns:E="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="http://www.silversolutions.de" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:m="http://xml.apache.org/xml-soap"'
)


def customer_answer(*, root="OrderResponse", number="10000", extension="", party=""):
    return fromstring(
        f"<{root}><BuyerCustomerParty><Party><PartyIdentification><ID>{number}</ID></PartyIdentification>"
        f"<PartyName><Name>Muster</Name></PartyName>{party}<SesExtension>{extension}</SesExtension></Party>"
        f"</BuyerCustomerParty></{root}>"
    )


# SelectCustomer


@pytest.mark.parametrize("root", ["OrderResponse", "CustomerResponse", "Whatever"])
def test_the_root_of_the_customers_answer_may_have_any_name(root):
    assert messages.read_customer(customer_answer(root=root), "10000").name == "Muster"


@pytest.mark.parametrize("flag", ["1", " 1 ", "\n1\t"])
def test_the_flag_1_is_a_customer_center(flag):
    """000: "1: customer will get a customer center in the shop"."""
    answer = customer_answer(extension=f"<CustomerCenter>{flag}</CustomerCenter>")
    assert messages.read_customer(answer, "10000").customer_center


@pytest.mark.parametrize(
    "extension",
    [
        "",
        "<CustomerCenter/>",
        *(f"<CustomerCenter>{flag}</CustomerCenter>" for flag in ("0", "2", "11", "true", "yes", "-1")),
    ],
)
def test_anything_else_is_none(extension):
    """000: "0: no customer center"; a missing flag counts as 0."""
    assert not messages.read_customer(customer_answer(extension=extension), "10000").customer_center


@pytest.mark.parametrize("flag", ["", " ", "_blank_", "_BLANK_", "0", "false", "False"])
def test_these_do_not_block(flag):
    inside = f"<Blocked>{flag}</Blocked>"
    assert not messages.read_customer(customer_answer(extension=inside, party=inside), "10000").blocked


@pytest.mark.parametrize("flag", ["All", "Invoice", "Ship", "1", "true", "whatever"])
def test_anything_else_blocks_wherever_it_stands(flag):
    inside = f"<Blocked>{flag}</Blocked>"
    assert messages.read_customer(customer_answer(extension=inside), "10000").blocked
    assert messages.read_customer(customer_answer(party=inside), "10000").blocked


def test_an_empty_main_mail_is_none_and_others_are_trimmed():
    """000: "This person having this email can activate the customer center only"."""
    empty = customer_answer(extension="<CustomerCenterMainContactEmail> </CustomerCenterMainContactEmail>")
    padded = customer_answer(extension="<CustomerCenterMainContactEmail> A@B.de </CustomerCenterMainContactEmail>")
    assert messages.read_customer(empty, "10000").main_contact_email is None
    assert messages.read_customer(padded, "10000").main_contact_email == "A@B.de"


@pytest.mark.parametrize("number", ["10001", "", "1000", "100000", "010000"])
def test_another_customers_answer_is_no_answer(number):
    assert messages.read_customer(customer_answer(number=number), "10000") is None


def test_two_different_identifications_leave_open_who_it_is():
    second = "<PartyIdentification><ID>20000</ID></PartyIdentification>"
    assert messages.read_customer(customer_answer(party=second), "10000") is None
    assert messages.read_customer(customer_answer(party=second), "20000") is None


@pytest.mark.parametrize("document", ["<OrderResponse/>", "<Any/>", "<OrderResponse><OrderLine/></OrderResponse>"])
def test_an_answer_without_a_customer_is_none(document):
    assert messages.read_customer(fromstring(document), "10000") is None


def test_a_page_that_is_no_answer_cannot_be_read():
    page = fromstring("<html><body>Login</body></html>")
    with pytest.raises(OutsideMalformed):
        messages.read_customer(page, "10000")
    with pytest.raises(OutsideMalformed):
        messages.read_contacts(page, 10, SETTINGS)
    with pytest.raises(OutsideMalformed):
        messages.read_invoice(page, "10000", "1")
    with pytest.raises(OutsideMalformed):
        messages.read_created_contact(page)


# InvoiceDetail


def invoice_answer(*, head="<ID>103019</ID>", buyer="10000", payer="99"):
    party = "<{0}><Party><PartyIdentification><ID>{1}</ID></PartyIdentification></Party></{0}>"
    parties = party.format("AccountingCustomerParty", payer) + party.format("BuyerCustomerParty", buyer)
    return fromstring(f"<Invoice>{head}{parties}<InvoiceLine><ID>1</ID></InvoiceLine></Invoice>")


@pytest.mark.parametrize(
    "head",
    ["<ID>103019</ID>", "<InvoiceID> 103019 </InvoiceID>", "<ID/>", "", "<ID>103019</ID><InvoiceID>103019</InvoiceID>"],
)
def test_an_invoice_counts_when_buyer_and_number_fit(head):
    assert messages.read_invoice(invoice_answer(head=head), "10000", "103019")


@pytest.mark.parametrize(
    "head", ["<ID>103020</ID>", "<ID>103019</ID><InvoiceID>103020</InvoiceID>", "<ID>0103019</ID>"]
)
def test_another_invoice_does_not_count(head):
    assert not messages.read_invoice(invoice_answer(head=head), "10000", "103019")


def test_who_pays_does_not_count():
    assert not messages.read_invoice(invoice_answer(buyer="20000", payer="10000"), "10000", "103019")


@pytest.mark.parametrize("document", ["<Invoice/>", "<Invoice><ID>103019</ID></Invoice>", "<OrderResponse/>"])
def test_an_invoice_without_a_buyer_does_not_count(document):
    assert not messages.read_invoice(fromstring(document), "10000", "103019")


# SELECTCONTACT

PERSON = (
    "<NUMBER>KT1</NUMBER><NAME>Max</NAME><PHONE_NUMBER>1</PHONE_NUMBER><FAX_NUMBER>2</FAX_NUMBER>"
    "<E_MAIL>m@x.de</E_MAIL><LANGUAGE_CODE>DEU</LANGUAGE_CODE>"
)
MAPPED = (
    "<ID>KT1</ID><Name>Max</Name><Telephone>1</Telephone><Telefax>2</Telefax><ElectronicMail>m@x.de</ElectronicMail>"
)
MAX = ErpContact("KT1", "Max", "1", "2", "m@x.de", "DEU")


def raw(*contacts):
    return fromstring(
        f"<WC_USER_MANAGEMENT>{''.join(f'<CONTACT>{c}</CONTACT>' for c in contacts)}</WC_USER_MANAGEMENT>"
    )


def mapped(*contacts, root="ContactResponse"):
    return fromstring(
        f"<{root}><ErpContact>{''.join(f'<Contact>{c}</Contact>' for c in contacts)}</ErpContact></{root}>"
    )


@pytest.mark.parametrize(
    "answer",
    [
        raw(PERSON),
        raw("<ONLINE_USER_TYPE>1</ONLINE_USER_TYPE>" + PERSON),
        mapped(MAPPED + "<LanguageCode>DEU</LanguageCode>"),
        mapped(MAPPED + "<SesExtension><LanguageCode>DEU</LanguageCode><IsMain/></SesExtension>", root="OrderResponse"),
        mapped(MAPPED + "<LanguageCode/><SesExtension><LanguageCode>DEU</LanguageCode></SesExtension>"),
    ],
)
def test_a_contact_reads_the_same_in_all_documented_shapes(answer):
    """000: "ID, Name, Telephone, Telefax, ElectronicMail, LanguageCode"."""
    assert messages.read_contacts(answer, 10, SETTINGS).contacts == (MAX,)


@pytest.mark.parametrize(
    "answer",
    [
        raw("<ONLINE_USER_TYPE> 0 </ONLINE_USER_TYPE>" + PERSON),
        mapped(MAPPED + "<SesExtension><OnlineUserType>0</OnlineUserType></SesExtension>"),
    ],
)
def test_company_contacts_are_skipped_silently(answer):
    """000: "Special contacts (such as Company contacts) will be skipped"."""
    listed = messages.read_contacts(answer, 10, SETTINGS)
    assert (listed.contacts, listed.incomplete) == ((), 0)


def test_which_types_are_skipped_is_a_setting():
    settings = SilverSettings(url="", skipped_contact_types=frozenset({"7"}))
    answer = raw("<ONLINE_USER_TYPE>0</ONLINE_USER_TYPE>" + PERSON, "<ONLINE_USER_TYPE>7</ONLINE_USER_TYPE>" + PERSON)
    assert messages.read_contacts(answer, 10, settings).contacts == (MAX,)


@pytest.mark.parametrize(
    "contact",
    ["<NUMBER>K</NUMBER>", "<NAME>N</NAME>", "<NUMBER> </NUMBER><NAME>N</NAME>", "<NUMBER>K</NUMBER><NAME>\x7f</NAME>"],
)
def test_a_contact_without_number_or_name_is_left_out_and_counted(contact):
    listed = messages.read_contacts(raw(contact, PERSON), 10, SETTINGS)
    assert (listed.contacts, listed.incomplete) == ((MAX,), 1)


def test_the_first_of_a_number_wins_and_the_order_stays():
    answer = raw(*(f"<NUMBER>{text[0]}</NUMBER><NAME>{text[1]}</NAME>" for text in ("B1", "A2", "B3", "C4", "A5")))
    names = [contact.name for contact in messages.read_contacts(answer, 10, SETTINGS).contacts]
    assert names == ["1", "2", "4"]


@pytest.mark.parametrize(
    "answer", [raw(), mapped(), raw(""), fromstring("<ContactResponse/>"), fromstring("<answer/>")]
)
def test_an_empty_list_is_empty(answer):
    listed = messages.read_contacts(answer, 10, SETTINGS)
    assert (listed.contacts, listed.incomplete, listed.full) == ((), 0, False)


@pytest.mark.parametrize(("listed", "full"), [(9, False), (10, True), (11, False)])
def test_a_raw_list_as_long_as_maxcount_is_full(listed, full):
    """More contacts than requested mean that the ERP ignores MAXCOUNT, so asking again would not help."""
    assert messages.read_contacts(raw(*[PERSON] * listed), 10, SETTINGS).full is full


@pytest.mark.parametrize(("listed", "full"), [(4, False), (5, True), (10, True), (11, False)])
def test_a_mapped_list_is_full_from_half_of_maxcount_on(listed, full):
    assert messages.read_contacts(mapped(*[MAPPED] * listed), 10, SETTINGS).full is full


# Requests


def test_the_customers_request_is_the_documented_one():
    assert tostring(messages.customer_request("10000"), encoding="unicode") == (
        "<BuyerCustomerParty><Party><PartyIdentification><ID>10000</ID></PartyIdentification></Party></BuyerCustomerParty>"
    )


def test_the_contacts_request_is_the_logged_one():
    assert tostring(messages.contacts_request("D00210", 10, SETTINGS), encoding="unicode") == (
        "<WC_USER_MANAGEMENT><PROCESS_TYPE>SELECTCONTACT</PROCESS_TYPE><WEB_SITE>HOME</WEB_SITE><NUMBER>D00210</NUMBER>"
        "<MAXCOUNT>10</MAXCOUNT><LAST_DATE_MODIFIED /><LOGIN_ID /><ONLINE_USER_TYPE /></WC_USER_MANAGEMENT>"
    )


def test_the_invoices_request_is_the_documented_one():
    assert tostring(messages.invoice_request("10000", "103019", SETTINGS), encoding="unicode") == (
        "<InvoiceDetailRequest><ID>103019</ID><CustomerNumber>10000</CustomerNumber></InvoiceDetailRequest>"
    )


@pytest.mark.parametrize(
    ("number", "plain"),
    [("10000", True), ("D-00.210/7", True), ("1..", False), ("*", False), ("1|2", False), ("", False)],
)
def test_a_filter_expression_is_no_number(number, plain):
    assert messages.is_plain_number(number) is plain


@given(st.text())
def test_whatever_somebody_types_the_request_is_well_formed_and_carries_it_cleaned(text):
    contact = ErpContact("", text, text, text, text, text)
    document = messages.create_contact_request("10000", contact, SETTINGS)
    again = parse(tostring(document, encoding="utf-8"))
    assert value(again, "CONTACT/NAME") == (clean(text) or None)
    envelope = soap.request(
        "OP", document, namespace="urn:n", user=clean(text), password=clean(text), timeout=5, as_text=True
    )
    assert parse(envelope).findtext("Body/OP/user") == clean(text)


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_reading_never_fails_otherwise_than_as_malformed(text):
    try:
        root = parse(text.encode())
    except OutsideMalformed:
        return
    assert root.tag


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe\x00",
        b"<a>",
        b"<a>\xe4</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"<a>&undefined;</a>",
        b"<a>\x01</a>",
    ],
)
def test_what_is_no_harmless_xml_cannot_be_read(document):
    with pytest.raises(OutsideMalformed):
        parse(document)


def test_an_answer_in_latin_1_is_read_when_it_says_so():
    assert parse('<?xml version="1.0" encoding="ISO-8859-1"?><a>Färber</a>'.encode("latin-1")).text == "Färber"


def test_namespaces_do_not_matter():
    assert parse(b'<x:a xmlns:x="urn:x"><x:b>1</x:b></x:a>').findtext("b") == "1"


# SOAP


def envelope(inner):
    return parse(f"<E:Envelope {NAMESPACES}><E:Body>{inner}</E:Body></E:Envelope>".encode())


def item(key, content, kind="xsd:string"):
    return f'<item><key>{key}</key><value xsi:type="{kind}">{content}</value></item>'


def returned(*items):
    return envelope(f'<n:OPResponse><return xsi:type="m:Map">{"".join(items)}</return></n:OPResponse>')


def status(code, erp_status=0):
    return item("status", item("code", code) + item("erp_status", erp_status), "m:Map")


OK = status(0)


def test_a_call_looks_as_the_logged_one():
    call = parse(
        soap.request(
            SETTINGS.operation(Message.SELECT_CUSTOMER),
            messages.customer_request("D00210"),
            namespace=SETTINGS.soap_namespace,
            user="admin",
            password="p<&>",
            timeout=2.5,
            as_text=False,
        )
    ).find("Body/SV_OPENTRANS_SELECT_CUSTOMERINFO")
    assert [child.tag for child in call] == ["user", "password", "erp_parameters", "data"]
    assert call.findtext("password") == "p<&>"
    assert (call.findtext("erp_parameters/item/key"), call.findtext("erp_parameters/item/value")) == ("timeout", "2500")
    assert [key.text for key in call.find("data").iter("key")] == [
        "BuyerCustomerParty",
        "Party",
        "PartyIdentification",
        "ID",
    ]


def test_repeated_elements_become_an_array_and_are_repeated_elements_again():
    contacts = "".join(f"<item>{item('N', number)}</item>" for number in (1, 2))
    array = f"<item><key>CONTACT</key><value>{contacts}</value></item>"
    document = soap.read_answer(returned(item("WC_USER_MANAGEMENT", item("PROCESS_TYPE", "X") + array, "m:Map"), OK))
    assert tostring(document, encoding="unicode") == (
        "<WC_USER_MANAGEMENT><PROCESS_TYPE>X</PROCESS_TYPE><CONTACT><N>1</N></CONTACT><CONTACT><N>2</N></CONTACT></WC_USER_MANAGEMENT>"
    )


@pytest.mark.parametrize(
    "answer",
    [
        returned(OK, item("Invoice", item("ID", "7"), "m:Map")),
        returned(item("Invoice", item("ID", "7"), "m:Map")),
        returned(OK, item("data", "&lt;?xml version='1.0'?>&lt;Invoice>&lt;ID>7&lt;/ID>&lt;/Invoice>")),
        envelope("<n:R><return>&lt;Invoice>&lt;ID>7&lt;/ID>&lt;/Invoice></return></n:R>"),
        envelope("<n:R><return><Invoice><ID>7</ID></Invoice><status><code>0</code></status></return></n:R>"),
        envelope("<n:R><Invoice><ID>7</ID></Invoice></n:R>"),
    ],
)
def test_an_answer_may_be_a_map_or_elements_or_text(answer):
    assert tostring(soap.read_answer(answer), encoding="unicode") == "<Invoice><ID>7</ID></Invoice>"


def test_an_answer_without_its_root_is_read_too():
    document = soap.read_answer(returned(OK, item("ID", "7"), item("IssueDate", "x")))
    assert document.findtext("ID") == "7"


@pytest.mark.parametrize(
    ("code", "erp_status", "error"),
    [
        (12, 0, OutsideTimeout),
        (22, 0, OutsideUnavailable),
        (21, 0, OutsideUnavailable),
        (-1, 0, OutsideUnavailable),
        (2, 0, OutsideUnavailable),
        (11, 0, OutsideMalformed),
        (99, 0, OutsideMalformed),
        (0, 5, OutsideMalformed),
        ("x", 0, OutsideMalformed),
    ],
)
def test_a_status_says_what_failed(code, erp_status, error):
    with pytest.raises(error):
        soap.read_answer(returned(item("Invoice", item("ID", "7"), "m:Map"), status(code, erp_status)))


def test_an_erp_status_may_mean_that_there_is_no_such_record():
    document = soap.read_answer(returned(status(11, 404)), {"404"})
    assert not messages.read_invoice(document, "10000", "1")
    assert messages.read_customer(document, "10000") is None
    assert messages.read_contacts(document, 10, SETTINGS).contacts == ()


def test_a_fault_is_unavailable():
    with pytest.raises(OutsideUnavailable):
        soap.read_answer(envelope("<E:Fault><faultcode>E:Server</faultcode></E:Fault>"))


@pytest.mark.parametrize(
    "answer",
    [
        fromstring("<html/>"),
        envelope(""),
        returned("<item><value>1</value></item>"),
        returned("<item><key>a</key></item>"),
        envelope('<n:R><return href="#ref1"/></n:R>'),
        envelope(f"<n:R><return>{'<a>' * 60}{'</a>' * 60}</return></n:R>"),
    ],
)
def test_what_is_no_answer_cannot_be_read(answer):
    with pytest.raises(OutsideMalformed):
        soap.read_answer(answer)


NAMES = st.sampled_from(["ID", "Party", "CONTACT", "Name"])
TEXTS = st.text(alphabet="ab ä<&").map(lambda text: clean("x" + text))  # "<" at the start would be a document


@st.composite
def elements(draw, depth=3):
    """A tree as the messages have them: children or text, and repeated children side by side."""
    element = Element(draw(NAMES))
    names = draw(st.lists(NAMES, unique=True, max_size=3)) if depth else []
    for name in names:
        for _ in range(draw(st.integers(1, 3))):
            child = draw(elements(depth=depth - 1))
            child.tag = name
            element.append(child)
    if not names:
        element.text = draw(TEXTS) or None
    return element


@given(elements())
def test_a_document_survives_the_way_through_a_map(document):
    call = parse(soap.request("OP", document, namespace="urn:n", user="", password="", timeout=5, as_text=False))
    response = Element("Envelope")
    answer = SubElement(SubElement(SubElement(response, "Body"), "R"), "return")
    answer.extend(call.find("Body/OP/data"))
    assert tostring(soap.read_answer(response)) == tostring(document)
