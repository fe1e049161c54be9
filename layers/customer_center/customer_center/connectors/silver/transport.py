"""Calls to the Web.Connector: sends a document over HTTP, raw or in a SOAP envelope, and returns the answer."""

from collections.abc import Iterator
from typing import Any
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
        answer = parse(self._outbound.post(**self._request(message, document, seconds)))
        if self._settings.transport == "xml":
            return answer
        return soap.read_answer(answer, self._settings.not_found_erp_statuses)

    def stream(self, message: Message, document: Element, seconds: float) -> Iterator[bytes]:
        """Send the document and yield the answer as it arrives, with its envelope if the transport is SOAP."""
        return self._outbound.post_stream(**self._request(message, document, seconds))

    def _request(self, message: Message, document: Element, seconds: float) -> dict[str, Any]:
        """Return the arguments of `Outbound.post`."""
        settings = self._settings
        basic = None
        if settings.transport == "xml":
            headers = {"Content-Type": "application/xml; charset=utf-8"}
            basic = (settings.user, settings.password) if settings.user else None
            body = serialized(document)
        else:
            body, headers = self._enveloped(message, document, seconds)
        return {
            "url": settings.url.replace("{message}", message),
            "body": body,
            "headers": headers,
            "seconds": seconds,
            "basic": basic,
            "ca_file": settings.ca_file,
        }

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
