"""Calls to the Web.Connector: sends a document over HTTP, raw or in a SOAP envelope, and returns the answer."""

from xml.etree.ElementTree import Element

from customer_center.connectors.silver import soap
from customer_center.connectors.silver.failures import parse
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.platform.outbound import Outbound
from customer_center.platform.xml import serialized


class Transport:
    """Sends documents as raw XML or SOAP, as the settings say."""

    def __init__(self, settings: SilverSettings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound

    def call(self, message: Message, document: Element, seconds: float) -> Element:
        """Send the document and return the document in the answer, within about that many seconds.

        Raises OutsideUnavailable (also for a SOAP fault), OutsideTimeout, and OutsideMalformed.
        """
        settings = self._settings
        url = settings.url.replace("{message}", message)
        if settings.transport == "xml":
            headers = {"Content-Type": "application/xml; charset=utf-8"}
            basic = (settings.user, settings.password) if settings.user else None
            body = serialized(document)
            return parse(self._outbound.post(url, body, headers, seconds, basic=basic, ca_file=settings.ca_file))
        body, headers = self._enveloped(message, document, seconds)
        envelope = parse(self._outbound.post(url, body, headers, seconds, ca_file=settings.ca_file))
        return soap.read_answer(envelope, settings.not_found_erp_statuses)

    def _enveloped(self, message: Message, document: Element, seconds: float) -> tuple[bytes, dict[str, str]]:
        settings = self._settings
        operation = settings.operation(message)
        body = soap.request(
            operation,
            document,
            namespace=settings.soap_namespace,
            user=settings.user,
            password=settings.password,
            timeout=seconds,
            as_text=message in settings.soap_text_messages,
        )
        action = f'"{settings.soap_namespace}#{operation}"'
        return body, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
