"""How the ERP's documents are built and read; shapes: research/silver-eshop §2."""

from dataclasses import replace
from time import process_time
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.companies.erp_values import FaultyRecord
from customer_center.companies.model import ErpContact
from customer_center.connectors.silver import messages, soap
from customer_center.connectors.silver.failures import parse
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.platform.errors import OutsideMalformed, OutsideTimeout, OutsideUnavailable
from customer_center.platform.xml import Repair, clean, value

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


def read_customer(answer, number="10000"):
    return messages.read_customer(answer, number, SETTINGS)[0]


def faults_of_customer(answer):
    return list(messages.read_customer(answer, "10000", SETTINGS)[1])


def read_invoice(answer, customer="10000", invoice="103019", settings=SETTINGS):
    return messages.read_invoice(answer, customer, invoice, settings)


# SelectCustomer


@pytest.mark.parametrize("root", ["OrderResponse", "CustomerResponse", "Whatever"])
def test_the_root_of_the_customers_answer_may_have_any_name(root):
    assert read_customer(customer_answer(root=root)).name == "Muster"


@pytest.mark.parametrize(
    "flag", ["1", " 1 ", "\n1\t", "true", "TRUE", " Yes ", "ja", "Ja", "y", "oui", "on", "X", "wahr"]
)
def test_the_flag_1_is_a_customer_center_in_every_known_spelling(flag):
    """000: "1: customer will get a customer center in the shop"."""
    answer = customer_answer(extension=f"<CustomerCenter>{flag}</CustomerCenter>")
    assert read_customer(answer).customer_center


@pytest.mark.parametrize("flag", ["", "0", " 0 ", "false", "FALSE", "no", "No", "nein", "nee", "non", "off", "_blank_"])
def test_the_flag_0_is_none_in_every_known_spelling(flag):
    """000: "0: no customer center"; a missing or empty flag counts as 0."""
    answer = customer_answer(extension=f"<CustomerCenter>{flag}</CustomerCenter>")
    assert not read_customer(answer).customer_center
    assert not read_customer(customer_answer()).customer_center


@pytest.mark.parametrize("flag", ["2", "11", "-1", "maybe", "tru\u0435", "1 0", "\u200b", "\x7f", "<Value>1</Value>"])
@pytest.mark.parametrize("name", ["CustomerCenter", "Blocked"])
def test_a_flag_in_an_unknown_spelling_is_not_guessed(name, flag):
    """Read as off, such a flag lets a stranger in as a standard user. The second "true" ends in a Cyrillic letter."""
    with pytest.raises(OutsideMalformed):
        read_customer(customer_answer(extension=f"<{name}>{flag}</{name}>"))


@pytest.mark.parametrize("flag", ["", " ", "_blank_", "_BLANK_", "0", "false", "False", "no", "Nein"])
def test_these_do_not_block(flag):
    inside = f"<Blocked>{flag}</Blocked>"
    assert not read_customer(customer_answer(extension=inside, party=inside)).blocked


@pytest.mark.parametrize("flag", ["All", "Invoice", "Ship", "1", "true", " all ", "yes", "Ja"])
def test_these_block_wherever_they_stand(flag):
    inside = f"<Blocked>{flag}</Blocked>"
    assert read_customer(customer_answer(extension=inside)).blocked
    assert read_customer(customer_answer(party=inside)).blocked
    assert read_customer(customer_answer(party=inside, extension="<Blocked/>")).blocked


def test_a_flag_with_two_values_is_not_guessed():
    twice = "<CustomerCenter>1</CustomerCenter><CustomerCenter>0</CustomerCenter>"
    with pytest.raises(OutsideMalformed):
        read_customer(customer_answer(extension=twice))
    with pytest.raises(OutsideMalformed):
        read_customer(customer_answer(extension="<Blocked>1</Blocked>", party="<Blocked>0</Blocked>"))
    assert read_customer(customer_answer(extension=twice.replace("0", "yes"))).customer_center


def main_email(text):
    extension = f"<CustomerCenterMainContactEmail>{text}</CustomerCenterMainContactEmail>"
    return read_customer(customer_answer(extension=extension)).main_contact_email


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" ", None),
        (" A@B.de ", "A@B.de"),
        ("a@x.example;b@x.example", "a@x.example"),
        ("Anna &lt;a@x.example&gt;", "a@x.example"),
        ("mailto:a@x.example", "a@x.example"),
        ("siehe Kontakt", None),
        ("a@x", None),
    ],
)
def test_the_main_contacts_email_is_read_where_it_can_be(text, address):
    """000: "This person having this email can activate the customer center only"."""
    assert main_email(text) == address


def test_main_emails_in_two_elements_are_a_list():
    twice = "".join(
        f"<CustomerCenterMainContactEmail>{text}</CustomerCenterMainContactEmail>" for text in ("?", "b@x.de", "c@x.de")
    )
    assert read_customer(customer_answer(extension=twice)).main_contact_email == "b@x.de"


def test_one_wrong_value_of_a_customer_costs_that_value_only():
    answer = customer_answer(
        extension=f"<CustomerPostingGroup>{'I' * 41}</CustomerPostingGroup>"
        "<CustomerCenterMainContactEmail>nobody</CustomerCenterMainContactEmail><CustomerCenter>1</CustomerCenter>"
    )
    answer.find(".//Name").text = "Mu\x9cster\u202e" + "r" * 300
    customer = read_customer(answer)
    assert (customer.name, customer.customer_center) == ("Muster" + "r" * 194, True)
    assert (customer.customer_posting_group, customer.main_contact_email) == (None, None)
    assert faults_of_customer(answer) == [
        "name-cut",
        "main_contact_email-unreadable",
        "customer_posting_group-too-long",
    ]


def test_a_right_customer_has_no_faults():
    extension = "<CustomerCenterMainContactEmail> a@x.example </CustomerCenterMainContactEmail>"
    assert faults_of_customer(customer_answer(extension=extension)) == []


@pytest.mark.parametrize("number", ["10001", "", "1000", "100000", "010000"])
def test_another_customers_answer_is_no_answer(number):
    assert read_customer(customer_answer(number=number)) is None


# What may repeat


def identification(number, scheme=""):
    return f"<PartyIdentification><ID {scheme}>{number}</ID></PartyIdentification>"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("10000", identification("123456789")),
        ("10000", identification("123456789", 'schemeID="DUNS"')),
        ("10000", identification("")),
        ("", identification("10000")),
    ],
)
def test_a_second_identification_does_not_hide_the_first(first, second):
    """UBL: PartyIdentification is 0..n. A DUNS number made every invoice a refusal."""
    assert read_customer(customer_answer(number=first, party=second)).customer_number == "10000"
    assert read_invoice(invoice_answer(buyer=first, second=second))


@pytest.mark.parametrize("scheme", ['schemeID="DUNS"', 'schemeID="0060"', 'schemeName="GLN"', 'schemeID="0088"'])
def test_a_number_of_another_register_may_come_first(scheme):
    answer = f"<Invoice><ID>103019</ID><BuyerCustomerParty><Party>{identification('9', scheme)}"
    answer = fromstring(f"{answer}{identification('10000')}</Party></BuyerCustomerParty></Invoice>")
    assert read_invoice(answer)
    assert not read_invoice(answer, customer="9")


def test_a_second_identification_proves_nothing():
    """It may be the number of the customer's group, and the invoice is not the group's."""
    second = identification("20000")
    assert read_customer(customer_answer(party=second), "20000") is None
    assert not read_invoice(invoice_answer(second=second), customer="20000")


def test_the_scheme_of_an_identification_survives_soap():
    buyer = f"<Party>{identification('9', 'schemeID=&quot;DUNS&quot;')}{identification('10000')}</Party>"
    buyer = buyer.replace("&quot;", '"')
    answer = envelope(
        f"<n:R><return><Invoice><ID>103019</ID><BuyerCustomerParty>{buyer}</BuyerCustomerParty></Invoice></return></n:R>"
    )
    assert read_invoice(soap.read_answer(answer))


def test_of_several_customers_in_an_answer_the_right_one_is_read():
    root = Element("OrderResponse")
    for number in ("10001", "10000"):
        root.extend(customer_answer(number=number))
    assert read_customer(root).customer_number == "10000"
    root.extend(customer_answer(extension="<CustomerCenter>1</CustomerCenter>"))
    with pytest.raises(OutsideMalformed):
        read_customer(root)


def test_an_empty_element_before_the_right_one_does_not_hide_it():
    answer = customer_answer(party="<PartyName><Name>Second</Name></PartyName>")
    assert read_customer(answer).name == "Muster"
    answer.find(".//Name").text = " "
    assert read_customer(answer).name == "Second"
    contact = raw("<NUMBER/><NUMBER>K</NUMBER><NAME> </NAME><NAME>N</NAME><E_MAIL>?</E_MAIL><E_MAIL>n@x.de</E_MAIL>")
    assert messages.read_contacts(contact, 10, SETTINGS).contacts == (ErpContact("K", "N", email="n@x.de"),)


def test_contacts_in_two_lists_are_all_read():
    answer = mapped(MAPPED)
    answer.extend(mapped("<ID>KT2</ID><Name>Two</Name>"))
    assert [contact.contact_number for contact in messages.read_contacts(answer, 10, SETTINGS).contacts] == [
        "KT1",
        "KT2",
    ]


@pytest.mark.parametrize("document", ["<OrderResponse/>", "<Any/>", "<OrderResponse><OrderLine/></OrderResponse>"])
def test_an_answer_without_a_customer_is_none(document):
    assert read_customer(fromstring(document)) is None


def test_a_page_that_is_no_answer_cannot_be_read():
    page = fromstring("<html><body>Login</body></html>")
    with pytest.raises(OutsideMalformed):
        read_customer(page)
    with pytest.raises(OutsideMalformed):
        messages.read_contacts(page, 10, SETTINGS)
    with pytest.raises(OutsideMalformed):
        read_invoice(page)
    with pytest.raises(OutsideMalformed):
        messages.read_created_contact(page)


# InvoiceDetail


def invoice_answer(*, head="<ID>103019</ID>", buyer="10000", payer="99", second=""):
    party = "<{0}><Party><PartyIdentification><ID>{1}</ID></PartyIdentification>{2}</Party></{0}>"
    parties = party.format("AccountingCustomerParty", payer, "") + party.format("BuyerCustomerParty", buyer, second)
    return fromstring(f"<Invoice>{head}{parties}<InvoiceLine><ID>1</ID></InvoiceLine></Invoice>")


@pytest.mark.parametrize(
    "head",
    [
        "<ID>103019</ID>",
        "<InvoiceID> 103019 </InvoiceID>",
        "<ID/><InvoiceID>103019</InvoiceID>",
        "<ID>103019</ID><InvoiceID>103019</InvoiceID>",
    ],
)
def test_an_invoice_counts_when_buyer_and_number_fit(head):
    assert read_invoice(invoice_answer(head=head))


@pytest.mark.parametrize(
    "head",
    [
        "<ID>103020</ID>",
        "<ID>103019</ID><InvoiceID>103020</InvoiceID>",
        "<ID>103019</ID><ID>103020</ID>",
        "<ID>0103019</ID>",
        "<ID>103 019</ID>",
        "<ID>RE-103019</ID>",
    ],
)
def test_another_invoice_does_not_count(head):
    assert not read_invoice(invoice_answer(head=head))


@pytest.mark.parametrize("head", ["", "<ID/>", "<ID> </ID>", "<ID>\x7f</ID>", "<UUID>103019</UUID>"])
def test_an_answer_without_an_invoice_number_proves_no_invoice(head):
    """Such an answer would prove every invoice number that somebody makes up."""
    lenient = SilverSettings(url="", invoice_number_required=False)
    assert not read_invoice(invoice_answer(head=head))
    assert read_invoice(invoice_answer(head=head), settings=lenient)
    assert not read_invoice(invoice_answer(head="<ID>103020</ID>"), settings=lenient)


@pytest.mark.parametrize("buyer", ["", " ", "010000", "10000 1"])
def test_an_answer_without_the_buyers_customer_number_proves_no_invoice(buyer):
    lenient = SilverSettings(url="", invoice_number_required=False)
    assert not read_invoice(invoice_answer(buyer=buyer))
    assert not read_invoice(invoice_answer(buyer=buyer), settings=lenient)


def test_numbers_in_another_case_are_others():
    answer = invoice_answer(head="<ID>RE7</ID>", buyer="D10")
    assert read_invoice(answer, customer="D10", invoice="RE7")
    assert not read_invoice(answer, customer="d10", invoice="RE7")
    assert not read_invoice(answer, customer="D10", invoice="re7")


def test_an_invoice_with_two_buyers_is_nobodys():
    answer = invoice_answer()
    answer.extend(invoice_answer(head="", buyer="20000"))
    assert not read_invoice(answer)
    assert not read_invoice(answer, customer="20000")


def test_several_documents_in_one_answer_prove_nothing():
    answers = Element("Answer")
    answers.extend([invoice_answer(), invoice_answer(head="<ID>103020</ID>")])
    with pytest.raises(OutsideMalformed):
        read_invoice(answers)
    assert not read_invoice(fromstring(f"<Invoice>{'<Invoice><ID>103019</ID></Invoice>' * 2}</Invoice>"))


def test_who_pays_does_not_count():
    assert not read_invoice(invoice_answer(buyer="20000", payer="10000"))


@pytest.mark.parametrize("document", ["<Invoice/>", "<Invoice><ID>103019</ID></Invoice>", "<OrderResponse/>"])
def test_an_invoice_without_a_buyer_does_not_count(document):
    assert not read_invoice(fromstring(document))


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
    assert (listed.contacts, listed.faulty) == ((), ())


@pytest.mark.parametrize(("kind", "skipped"), [("00", "0"), ("0", "00"), ("Company", "company")])
def test_a_type_may_have_leading_zeros_and_another_case(kind, skipped):
    settings = SilverSettings(url="", skipped_contact_types=frozenset({skipped}))
    answer = raw(f"<ONLINE_USER_TYPE>{kind}</ONLINE_USER_TYPE>{PERSON}", PERSON)
    assert messages.read_contacts(answer, 10, settings).contacts == (MAX,)


def test_which_types_are_skipped_is_a_setting():
    settings = SilverSettings(url="", skipped_contact_types=frozenset({"7"}))
    answer = raw("<ONLINE_USER_TYPE>0</ONLINE_USER_TYPE>" + PERSON, "<ONLINE_USER_TYPE>7</ONLINE_USER_TYPE>" + PERSON)
    assert messages.read_contacts(answer, 10, settings).contacts == (MAX,)


@pytest.mark.parametrize(
    ("contact", "fault"),
    [
        ("<NUMBER>K7</NUMBER>", "K7: name-missing"),
        ("<NUMBER>K7</NUMBER><NAME>\x7f</NAME>", "K7: name-missing"),
        ("<NAME>N</NAME>", "?: contact_number-missing"),
        ("<NUMBER> </NUMBER><NAME>N</NAME>", "?: contact_number-missing"),
        (f"<NUMBER>{'7' * 41}</NUMBER><NAME>N</NAME>", "?: contact_number-missing"),
        ("<NUMBER>Nora Namenlos</NUMBER>", "?: name-missing"),
    ],
)
def test_a_contact_without_number_or_name_is_left_out_and_listed(contact, fault):
    """A text in the place of the number may be a name, which no log shows."""
    listed = messages.read_contacts(raw(contact, PERSON), 10, SETTINGS)
    assert listed.contacts == (MAX,)
    assert list(map(str, listed.faulty)) == [fault]


@pytest.mark.parametrize(
    ("changed", "expected", "fault"),
    [
        ({"NAME": "Ma\x9cx\u202e"}, {"name": "Max"}, "name-cleaned"),
        ({"NAME": "Max\tMann"}, {"name": "Max Mann"}, "name-cleaned"),
        ({"NAME": "M" * 51}, {"name": "M" * 50}, "name-cut"),
        ({"PHONE_NUMBER": "\u202d030/1\u202c"}, {"telephone": "030/1"}, "telephone-cleaned"),
        ({"PHONE_NUMBER": "1" * 81}, {"telephone": None}, "telephone-too-long"),
        ({"LANGUAGE_CODE": "D" * 36}, {"language_code": None}, "language_code-too-long"),
        ({"E_MAIL": "none"}, {"email": None}, "email-unreadable"),
        ({"E_MAIL": "m@x.de;b@x.de"}, {"email": "m@x.de"}, "email-cleaned"),
    ],
)
def test_one_wrong_value_of_a_contact_costs_that_value_only(changed, expected, fault):
    values = {"NUMBER": "KT1", "NAME": "Max", "PHONE_NUMBER": "1", "E_MAIL": "m@x.de", "LANGUAGE_CODE": "DEU"}
    answer = Element("WC_USER_MANAGEMENT")
    for values_of in (values | changed, values | {"NUMBER": "KT2"}):
        contact = SubElement(answer, "CONTACT")
        for name, text in values_of.items():
            SubElement(contact, name).text = text
    listed = messages.read_contacts(answer, 10, SETTINGS)
    good = ErpContact("KT1", "Max", "1", None, "m@x.de", "DEU")
    assert listed.contacts == (replace(good, **expected), replace(good, contact_number="KT2"))
    assert listed.faulty == (FaultyRecord("KT1", [fault]),)


def test_the_first_of_a_number_wins_and_the_order_stays():
    answer = raw(*(f"<NUMBER>{text[0]}</NUMBER><NAME>{text[1]}</NAME>" for text in ("B1", "A2", "B3", "C4", "A5")))
    listed = messages.read_contacts(answer, 10, SETTINGS)
    assert [contact.name for contact in listed.contacts] == ["1", "2", "4"]
    assert [each.faults for each in listed.faulty] == [["contact_number-repeated"]] * 2


@pytest.mark.parametrize(
    "answer", [raw(), mapped(), raw(""), fromstring("<ContactResponse/>"), fromstring("<answer/>")]
)
def test_an_empty_list_is_empty(answer):
    listed = messages.read_contacts(answer, 10, SETTINGS)
    assert (listed.contacts, listed.faulty, listed.full) == ((), (), False)


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
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"<a>\x01</b>",
        b"<\x01a></a>",
        b"<a>\x01<!DOCTYPE a></a>",
    ],
)
def test_what_is_no_harmless_xml_cannot_be_read(document):
    with pytest.raises(OutsideMalformed):
        parse(document)


def test_an_answer_in_latin_1_is_read_when_it_says_so():
    assert parse('<?xml version="1.0" encoding="ISO-8859-1"?><a>Färber</a>'.encode("latin-1")).text == "Färber"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"A\x1fB", "AB"),
        (b"A&#x1F;B", "AB"),
        (b"A&#31;B", "AB"),
        (b"A&#xD800;B", "AB"),
        (b"A&#99999999;B", "AB"),
        (b"A\x00B", "AB"),
        (b"A\xef\xbf\xbfB", "AB"),
        (b"A&#xFFFF;&#9;B&#228;", "A Bä"),
        (b"M\xfcller", "Müller"),
        (b"M\xfc & M\xc3\xbc", "Mü & Mü"),
        (b"\x80 \x81", "€ ?"),
        (b"Mehl & Co", "Mehl & Co"),
        (b"Mehl &amp; Co & M&uuml;hle &undefined; &;", "Mehl & Co & Mühle &undefined; &;"),
        (b"1 < 2 > 0", "1 < 2 > 0"),
        (b"<![CDATA[a & b < c \x01]]> & <!-- & < -->d", "a & b < c  & d"),
        (b'\x01<![CDATA[<?xml version="1.0"?>]]>', '<?xml version="1.0"?>'),
        (b"&#0;<![CDATA[&uuml;", None),
    ],
)
def test_what_xml_does_not_allow_in_a_text_is_cleaned(written, text):
    """One character in one record must not cost all the others."""
    document = b"<a><b>" + written + b"</b><c>good</c></a>"
    if text is None:
        with pytest.raises(OutsideMalformed):
            parse(document)
        return
    root = parse(document)
    assert (clean(root.findtext("b")), root.findtext("c")) == (clean(text), "good")
    assert value(root, "b") == clean(text)


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n ", b'<?xml version="1.0"?>', b'<?xml version="1.1"?>'])
def test_what_stands_before_a_document_does_not_matter(before):
    assert parse(before + b"<a>\x01F\xc3\xa4rber</a>").text == "\x81Färber"


def test_a_document_with_a_wrong_character_is_read_in_its_encoding():
    assert (
        clean(parse('<?xml version="1.0" encoding="ISO-8859-1"?><a>\x01Färber</a>'.encode("latin-1")).text) == "Färber"
    )
    assert clean(parse('<?xml version="1.0" encoding="UTF-16"?><a>\x01Färber</a>'.encode("utf-16")).text) == "Färber"


def test_a_document_that_is_text_in_soap_has_the_encoding_of_soap():
    inner = "&lt;?xml version='1.0' encoding='ISO-8859-1'?>&lt;Invoice>&lt;ID>Ä&amp;#x1F;7&lt;/ID>&lt;/Invoice>"
    document = soap.read_answer(returned(OK, item("data", inner)))
    assert value(document, "ID") == "Ä7"


@given(st.binary(max_size=200))
def test_a_repair_ends_in_a_document_or_in_malformed(junk):
    try:
        root = parse(b"<a><b>" + junk + b"</b><c>good</c></a>")
    except OutsideMalformed:
        return
    assert root.tag == "a"


@given(
    st.lists(
        st.sampled_from(
            ["<b>", "</b>", "ä", "&", "&amp;", "&#x1F;", "&uuml;", "\x01", "<![CDATA[", "]]>", "<!--", "-->", "<"]
        )
    ),
    st.integers(1, 9),
)
def test_a_repair_in_pieces_is_the_same_repair(words, size):
    text = "".join(words)
    whole = Repair().feed(text, last=True)
    for document in (text, text.encode(), b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("latin-1")):
        repair = Repair()
        pieces = [document[start : start + size] for start in range(0, len(document), size)]
        end = document[:0]
        assert "".join([*map(repair.feed, pieces), repair.feed(end, last=True)]) == whole
        assert repair.changed is (Repair().feed(text, last=True) != text)


def test_a_repair_takes_time_in_proportion_to_the_document():
    junk = b"<![CDATA[ " * 40_000 + b"<!-- " * 40_000 + b"&" * 40_000 + b"<" * 40_000
    started = process_time()
    with pytest.raises(OutsideMalformed):
        parse(b"<a>\x01" + junk + b"</b>")
    with pytest.raises(OutsideMalformed):
        parse(b"<a>\x01" + b"<![CDATA[]]>" * 50_000 + b"</b>")
    with pytest.raises(OutsideMalformed):
        parse(b"<a>\x01" + b" " * 200_000 + b"</b>")
    assert process_time() - started < 2


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
    assert not read_invoice(document)
    assert read_customer(document) is None
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
