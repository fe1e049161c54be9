"""SOAP RPC as in a PHP SoapServer without WSDL. Arguments and results are maps of `http://xml.apache.org/xml-soap`."""

from dataclasses import dataclass
from html import escape
from xml.etree.ElementTree import Element, SubElement, fromstring

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"\
 xmlns:ns1="http://www.silversolutions.de" xmlns:xsd="http://www.w3.org/2001/XMLSchema"\
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns2="http://xml.apache.org/xml-soap"\
 xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"\
 SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body>"""
_TAIL = "</SOAP-ENV:Body></SOAP-ENV:Envelope>"


@dataclass(frozen=True)
class Call:
    """One call: the operation, the caller's credentials, and the request document."""

    operation: str
    user: str
    password: str
    document: Element


def read_call(body: bytes) -> Call:
    """Return the call in an envelope. Its `data` is the document as XML text or as a map.

    Raises ValueError or ParseError for any other envelope.
    """
    envelope = fromstring(body)  # noqa: S314 # a local tool that only our tests call
    for element in envelope.iter():
        element.tag = element.tag.rpartition("}")[2]
    call = envelope.find("Body/*")
    data = None if call is None else call.find("data")
    if call is None or data is None:
        raise ValueError("no call with data in the envelope")
    return Call(call.tag, call.findtext("user") or "", call.findtext("password") or "", _document(data))


def _document(data: Element) -> Element:
    if not len(data):
        return fromstring(data.text or "")  # noqa: S314 # as above
    answer = Element("data")
    _fill(answer, data)
    return answer[0]


def _fill(target: Element, source: Element) -> None:
    """Copy the content of a SOAP value into the target: a text or a map (requests have no arrays)."""
    target.text = source.text
    for item in source.findall("item"):
        content = item.find("value")
        if content is None:
            raise ValueError("an item without a value")
        _fill(SubElement(target, item.findtext("key") or ""), content)


def answer(operation: str, document: Element) -> bytes:
    """Return the envelope of an answer, with the status that the Web.Connector adds."""
    payload = _item(document.tag, _value("value", document))
    return _return(operation, payload + _status(0))


def refusal(operation: str, code: int, error: str) -> bytes:
    """Return the envelope of a call that failed in the ERP, behind the Web.Connector."""
    failure = _item("error", _text("value", error)) + _item("erp_message", _text("value", ""))
    return _return(operation, _status(code) + failure)


def fault(code: str, text: str) -> bytes:
    """Return a SOAP fault; PHP sends it with HTTP 500."""
    inner = f"<faultcode>{code}</faultcode><faultstring>{escape(text)}</faultstring>"
    return f"{_HEAD}<SOAP-ENV:Fault>{inner}</SOAP-ENV:Fault>{_TAIL}".encode()


def _return(operation: str, items: str) -> bytes:
    returned = f'<return xsi:type="ns2:Map">{items}</return>'
    return f"{_HEAD}<ns1:{operation}Response>{returned}</ns1:{operation}Response>{_TAIL}".encode()


def _status(code: int) -> str:
    items = "".join(_item(key, f'<value xsi:type="xsd:int">{number}</value>') for key, number in _status_of(code))
    return _item("status", f'<value xsi:type="ns2:Map">{items}</value>')


def _status_of(code: int) -> list[tuple[str, int]]:
    return [("code", code), ("erp_status", 0)]


def _item(key: str, content: str) -> str:
    return f"<item>{_text('key', key)}{content}</item>"


def _text(name: str, text: str) -> str:
    return f'<{name} xsi:type="xsd:string">{escape(text)}</{name}>'


def _value(name: str, source: Element) -> str:
    if not len(source):
        return _text(name, source.text or "")
    tags = dict.fromkeys(child.tag for child in source)
    items = "".join(_item(tag, _values(source.findall(tag))) for tag in tags)
    return f'<{name} xsi:type="ns2:Map">{items}</{name}>'


def _values(elements: list[Element]) -> str:
    if len(elements) == 1:
        return _value("value", elements[0])
    items = "".join(_value("item", element) for element in elements)
    attributes = f'SOAP-ENC:arrayType="ns2:Map[{len(elements)}]" xsi:type="SOAP-ENC:Array"'
    return f"<value {attributes}>{items}</value>"
