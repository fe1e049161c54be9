"""Lists of contacts of any length: the gateway reads them while they arrive, in bounded memory, and trusts nobody."""

import tracemalloc

import pytest

from customer_center.companies.model import ErpContact
from customer_center.connectors.silver.contacts import all_contacts, read_stream
from customer_center.connectors.silver.messages import ContactList
from customer_center.connectors.silver.settings import SilverSettings
from customer_center.platform.errors import OutsideMalformed, OutsideTimeout, OutsideUnavailable
from tests.fakes.breaker import MemoryBreaker
from tests.fakes.erp_simulator import silver_gateway, silver_settings

DEMO = "10000"
MANY = 5_000


@pytest.mark.parametrize("shape", ["raw", "contact_response", "order_response"])
def test_a_long_list_is_read_whole(erp, transport, shape, session):
    """More than 4 MiB, and more than any first MAXCOUNT."""
    erp.erp.change({"number": DEMO, "generated": MANY})
    erp.erp.contact_shape = shape
    gateway = silver_gateway(silver_settings(erp, transport, deadline=300), session)
    contacts = list(gateway.select_contacts(DEMO))
    assert [contact.contact_number for contact in contacts] == [f"G{serial:07}" for serial in range(1, MANY + 1)]
    assert contacts[-1] == ErpContact(
        "G0005000", "Kontakt G0005000", email="G0005000@viele.example", language_code="DEU"
    )


def test_a_list_of_100_000_contacts_is_asked_for_until_it_is_whole():
    """With the settings of every deployment (docs/specification.md, 6.40)."""
    asked = []

    def ask(max_count):
        asked.append(max_count)
        yield ContactList((), (), full=max_count <= 100_000)

    assert list(all_contacts(ask, SilverSettings(url=""))) == []
    assert asked == [1_000, 10_000, 100_000, 1_000_000]


def test_a_long_list_takes_little_memory(erp, transport, session):
    peaks = []
    for count in (1_000, 8_000):
        erp.erp.change({"number": DEMO, "generated": count})
        gateway = silver_gateway(silver_settings(erp, transport, max_count=100_000, deadline=300), session)
        tracemalloc.start()
        assert sum(1 for _ in gateway.select_contacts(DEMO)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2_200_000, "the numbers that were seen, as hashes, and what the simulator takes"


def test_who_stops_early_reads_no_more(erp, transport, session):
    erp.erp.change({"number": DEMO, "generated": 1_000_000})
    gateway = silver_gateway(silver_settings(erp, transport, max_count=1_000_000), session)
    assert next(gateway.select_contacts(DEMO)).contact_number == "G0000001"
    assert gateway.select_customer(DEMO).name == "Musterhandel GmbH"


def _read(body, size=7, transport="xml"):
    settings = SilverSettings(url="", transport=transport)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    parts = list(read_stream(pieces, 1000, settings))
    return [contact for part in parts for contact in part.contacts]


RAW = "<WC_USER_MANAGEMENT>{}</WC_USER_MANAGEMENT>"
ANNA = "<CONTACT><NUMBER>K1</NUMBER><NAME>Anna{}</NAME></CONTACT>"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 65536])
@pytest.mark.parametrize("bad", ["\x1f", "&#x1F;", "&#31;", "&#xFFFE;", "&#0;", "\ufffe", "\x00", "&#xD800;"])
def test_a_character_that_xml_does_not_know_hurts_no_list(bad, size):
    body = ('<?xml version="1.0" encoding="UTF-8"?>' + RAW.format(ANNA.format(bad) + ANNA.replace("K1", "K2"))).encode()
    assert [contact.contact_number for contact in _read(body, size)] == ["K1", "K2"]
    assert _read(body, size)[0].name == "Anna"


@pytest.mark.parametrize("size", [1, 3, 64])
@pytest.mark.parametrize(
    ("kept", "name"), [("&#228;", "Annaä"), ("&#xE4;&amp;", "Annaä&"), ("ä€𝄞", "Annaä€𝄞"), ("&#10;b", "Anna b")]
)
def test_a_character_that_xml_knows_is_kept(kept, name, size):
    (contact,) = _read(RAW.format(ANNA.format(kept)).encode(), size)
    assert contact.name == name


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_the_encoding_is_the_one_that_the_document_declares(encoding):
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    body = (f'<?xml version="1.0" encoding="{declared}"?>' + RAW.format(ANNA.format("ä"))).encode(encoding)
    assert [contact.name for contact in _read(body, 5)] == ["Annaä"]


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
NOT_XML = {
    "entities": BOMB + RAW.format(ANNA.format("&b;")),
    "a file": FILE + RAW.format(ANNA.format("&x;")),
    "a DTD elsewhere": '<!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd">' + RAW.format(""),
    "html": "<html><body>Fatal error<br></body></html>",
    "nothing": "",
    "cut": RAW.format(ANNA)[:-30],
    "an unknown encoding": '<?xml version="1.0" encoding="klingon"?>' + RAW.format(""),
    "another structure": "<Something><Else/></Something>",
    "too large": RAW.format(ANNA.format("x" * 5_000_000)),
    "too deep": "<a>" * 100_000,
    "too many attributes": RAW.format("<CONTACT " + " ".join(f'a{n}="{"x" * 1000}"' for n in range(5000)) + "/>"),
}


@pytest.mark.parametrize("text", NOT_XML.values(), ids=NOT_XML)
def test_tricks_are_refused(text):
    with pytest.raises(OutsideMalformed):
        _read(text.encode(), 65536)


SOAP = (
    '<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><n:r xmlns:n="urn:x"><return>{}</return>'
    "</n:r></E:Body></E:Envelope>"
)
MAP = "<item><key>WC_USER_MANAGEMENT</key><value><item><key>CONTACT</key><value>{}</value></item></value></item>"
ITEM = "<item><item><key>NUMBER</key><value>{0}</value></item><item><key>NAME</key><value>{0}</value></item></item>"
STATUS = "<item><key>status</key><value><item><key>code</key><value>{}</value></item></value></item>"


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


@pytest.mark.parametrize("size", [1, 11, 65536])
def test_every_form_of_a_soap_answer_is_read(size):
    text = RAW.format(ANNA.format("") + ANNA.replace("K1", "K2"))
    bodies = {
        "array": SOAP.format(MAP.format(ITEM.format("K1") + ITEM.format("K2"))),
        "text": SOAP.format(_escaped(text)),
        "cdata": SOAP.format(f"<![CDATA[ {text}]]>"),
        "text with a declaration": SOAP.format(_escaped('<?xml version="1.0" encoding="ISO-8859-1"?>' + text)),
        "text in a map": SOAP.format(f"<item><key>data</key><value>{_escaped(text)}</value></item>" + STATUS.format(0)),
        "xml": SOAP.format(text),
    }
    for name, body in bodies.items():
        numbers = [contact.contact_number for contact in _read(body.encode(), size, "soap")]
        assert numbers == ["K1", "K2"], name


def test_names_that_look_like_xml_are_names():
    body = SOAP.format(MAP.format(ITEM.format("&lt;b&gt;") + ITEM.format("&lt;!DOCTYPE")))
    assert [contact.name for contact in _read(body.encode(), 9, "soap")] == ["<b>", "<!DOCTYPE"]
    message = f"<item><key>erp_message</key><value>{_escaped('<b>oh')}</value></item>"
    body = SOAP.format(message + MAP.format(ITEM.format("K1") + ITEM.format("K2")))
    assert len(_read(body.encode(), 9, "soap")) == 2


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (SOAP.format(MAP.format(ITEM.format("K1") * 2) + STATUS.format(12)), OutsideTimeout),
        (SOAP.format(MAP.format(ITEM.format("K1") * 2) + STATUS.format(2)), OutsideUnavailable),
        (SOAP.format(MAP.format(ITEM.format("K1") * 2) + STATUS.format(11)), OutsideMalformed),
        (SOAP.format(_escaped(BOMB + RAW.format(ANNA.format("&b;")))), OutsideMalformed),
        (SOAP.format(MAP.format('<item><item href="#1"/></item>' * 2)), OutsideMalformed),
        (SOAP.format(_escaped(RAW.format("<b>"))), OutsideMalformed),
    ],
)
def test_a_failure_at_the_end_is_a_failure(body, error):
    with pytest.raises(error):
        _read(body.encode(), 13, "soap")


def test_an_answer_that_breaks_off_is_a_failure_of_this_customer(erp, transport, session):
    contacts = [{"number": f"K{serial:05}", "name": "Nora"} for serial in range(900)]
    erp.erp.change({"number": DEMO, "contacts": contacts})
    erp.modes.set({"mode": "truncated"})
    breaker = MemoryBreaker()
    arrived = []
    with pytest.raises(OutsideUnavailable):
        arrived.extend(silver_gateway(silver_settings(erp, transport), session, breaker=breaker).select_contacts(DEMO))
    assert breaker.trips == 1


# One contact


def test_one_contact_is_asked_for_alone(erp, transport, session):
    gateway = silver_gateway(silver_settings(erp, transport), session)
    known = ErpContact("KT010006", "Anna Alt")
    assert gateway.current_contact(DEMO, known).name == "Anna Müller"
    assert len(erp.requests) == 1
    assert gateway.current_contact(DEMO, ErpContact("KT999999", "Nobody")) is None
    assert gateway.current_contact(DEMO, ErpContact("kt010006", "Anna")) is None
    assert gateway.current_contact(DEMO, ErpContact("KT..", "A filter")) is None


def test_a_contact_that_now_works_for_another_customer_is_gone(erp, transport, session):
    gateway = silver_gateway(silver_settings(erp, transport), session)
    assert gateway.current_contact(DEMO, ErpContact("KT020001", "Nora Normal")) is None


def test_an_erp_that_cannot_be_asked_for_one_contact_is_not_asked(erp, transport, session):
    gateway = silver_gateway(silver_settings(erp, transport, one_contact=False), session)
    known = ErpContact("KT010006", "Anna Alt")
    assert gateway.current_contact(DEMO, known) == known
    assert erp.requests == []


def test_an_erp_that_cannot_be_asked_for_one_contact_is_asked_until_it_is_found(erp, transport, session):
    gateway = silver_gateway(silver_settings(erp, transport, one_contact=False), session)
    assert gateway.find_contact(DEMO, "KT010006").name == "Anna Müller"
    assert gateway.find_contact(DEMO, "KT999999") is None
