"""SOAP RPC in PHP's form: documents become nested maps of Apache's `xml-soap`, and back. Pure functions on elements.

Envelope, arguments and answers follow the logged calls in the shop's documentation (erp_logging.md, measuring points
`180_soap` and `220_soap`, and its example of a failed call).
"""

from collections.abc import Collection, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from customer_center.connectors.silver.failures import ERP, parse
from customer_center.platform.xml import clean, serialized

# They say what an identification is (UBL). All other attributes describe types of SOAP.
_KEPT_ATTRIBUTES = ("schemeID", "schemeName")
_MAX_DEPTH = 50
_TIMEOUT = 12
_UNAVAILABLE = frozenset({-1, 2, 21, 22})
ABOUT_THE_CALL = frozenset({"status", "error", "erp_message"})
"""Keys of an answer that are about the call. All others are the document."""


def request(
    operation: str, document: Element, *, namespace: str, user: str, password: str, timeout: float, as_text: bool
) -> bytes:
    """Return the envelope of one call. `timeout` is in seconds; the ERP gets it in milliseconds."""
    envelope = Element(
        "SOAP-ENV:Envelope",
        {
            "xmlns:SOAP-ENV": "http://schemas.xmlsoap.org/soap/envelope/",
            "xmlns:SOAP-ENC": "http://schemas.xmlsoap.org/soap/encoding/",
            "xmlns:xsd": "http://www.w3.org/2001/XMLSchema",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xmlns:ns1": namespace,
            "xmlns:ns2": "http://xml.apache.org/xml-soap",
            "SOAP-ENV:encodingStyle": "http://schemas.xmlsoap.org/soap/encoding/",
        },
    )
    call = SubElement(SubElement(envelope, "SOAP-ENV:Body"), f"ns1:{operation}")
    _add_scalar(call, "user", user)
    _add_scalar(call, "password", password)
    parameters = _add_map(call, "erp_parameters")
    _add_scalar(_add_item(parameters, "timeout"), "value", str(round(timeout * 1000)), kind="int")
    if as_text:
        _add_scalar(call, "data", tostring(document, encoding="unicode"))
    else:
        _add_value(_add_item(_add_map(call, "data"), document.tag), "value", document)
    return serialized(envelope)


def _add_scalar(parent: Element, name: str, text: str, *, kind: str = "string") -> None:
    SubElement(parent, name, {"xsi:type": f"xsd:{kind}"}).text = text


def _add_map(parent: Element, name: str) -> Element:
    return SubElement(parent, name, {"xsi:type": "ns2:Map"})


def _add_item(parent: Element, key: str) -> Element:
    item = SubElement(parent, "item")
    _add_scalar(item, "key", key)
    return item


def _add_value(parent: Element, name: str, source: Element) -> None:
    """Add the element's content as text, or as a map of its children. Children with the same name become an array."""
    if not len(source):
        _add_scalar(parent, name, source.text or "")
        return
    target = _add_map(parent, name)
    for tag in dict.fromkeys(child.tag for child in source):
        children = source.findall(tag)
        item = _add_item(target, tag)
        if len(children) == 1:
            _add_value(item, "value", children[0])
        else:
            _add_array(item, children)


def _add_array(parent: Element, sources: Sequence[Element]) -> None:
    attributes = {"SOAP-ENC:arrayType": f"xsd:ur-type[{len(sources)}]", "xsi:type": "SOAP-ENC:Array"}
    array = SubElement(parent, "value", attributes)
    for source in sources:
        _add_value(array, "item", source)


def read_answer(envelope: Element, not_found_erp_statuses: Collection[str] = ()) -> Element:
    """Return the document in an answer, in the form of raw XML. An answer without a record becomes an empty element.

    Reads maps and arrays, plain XML, and XML as text. Raises OutsideUnavailable for a fault or if the connector did not
    reach the ERP, OutsideTimeout if the ERP did not answer the connector, and OutsideMalformed for all other failures.
    """
    body = envelope.find("Body")
    if envelope.tag != "Envelope" or body is None or not len(body):
        raise ERP.malformed("not-soap")
    response = body[0]
    if response.tag == "Fault":
        raise ERP.fault("soap-fault")
    if any("href" in element.attrib for element in body.iter()):
        # PHP does not send references. Read as empty elements, they would turn flags off.
        raise ERP.malformed("soap-multiref")
    answer = Element("answer")
    returned = response.find("return")
    fill(answer, response if returned is None else returned, depth=0)
    if _reports_not_found(answer, not_found_erp_statuses):
        return Element("answer")
    return _document(answer)


def _reports_not_found(answer: Element, not_found_erp_statuses: Collection[str]) -> bool:
    """Return whether `status {code, erp_status}` means "no such record". Raises an error for every other failure.

    A refusal by the ERP itself (code 11, or an erp_status) concerns this request only and must not trip the breaker. It
    therefore raises OutsideMalformed.
    """
    if clean(answer.findtext("status/erp_status") or "") in not_found_erp_statuses:
        return True
    try:
        code, erp_status = (int(answer.findtext(f"status/{name}") or 0) for name in ("code", "erp_status"))
    except ValueError as error:
        raise ERP.malformed("soap-status") from error
    if code == _TIMEOUT:
        raise ERP.timed_out("soap-status 12")
    if code in _UNAVAILABLE:
        raise ERP.unavailable(f"soap-status {code}")
    if code or erp_status:
        raise ERP.malformed(f"soap-status {code} erp-status {erp_status}")
    return False


def _document(answer: Element) -> Element:
    payload = [child for child in answer if child.tag not in ABOUT_THE_CALL]
    if len(payload) == 1:
        text = (payload[0].text or "").strip()
        return parse(text) if text.startswith("<") else payload[0]
    answer[:] = payload
    return answer


def fill(target: Element, source: Element, *, depth: int) -> None:
    """Copy the SOAP value into the target. Map items become children named by their keys. XML and text are kept."""
    if depth > _MAX_DEPTH:
        raise ERP.malformed("too-deep")
    target.attrib.update({name: source.attrib[name] for name in _KEPT_ATTRIBUTES if name in source.attrib})
    if not len(source):
        _fill_text(target, source.text or "", top=depth == 0)
    for child in source:
        key = child.findtext("key") if child.tag == "item" else None
        content = child.find("value")
        if child.tag == "item" and (key is None or content is None):
            raise ERP.malformed("soap-map")
        name, content = (child.tag, child) if key is None or content is None else (key, content)
        for element in _array_items(content) or [content]:
            fill(SubElement(target, name), element, depth=depth + 1)


def _array_items(content: Element) -> list[Element]:
    """Return the items of an array, or an empty list for any other value. Items of an array have no keys."""
    items = content.findall("item")
    return items if len(items) == len(content) and all(item.find("key") is None for item in items) else []


def _fill_text(target: Element, text: str, *, top: bool) -> None:
    if top and text.strip().startswith("<"):
        target.append(parse(text.strip()))
    else:
        target.text = text
