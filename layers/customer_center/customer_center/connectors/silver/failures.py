"""The errors of calls to the ERP: `erp-unavailable`, `erp-timeout` and `erp-malformed`."""

from xml.etree.ElementTree import Element

from customer_center.platform import xml
from customer_center.platform.errors import OutsideMalformed, OutsideTimeout, OutsideUnavailable
from customer_center.platform.log import logger
from customer_center.platform.outbound import Failures, OutsideFault

ERP = Failures(
    "erp",
    unavailable=lambda retry_after: OutsideUnavailable("erp-unavailable", retry_after=retry_after),
    fault=lambda retry_after: OutsideFault("erp-unavailable", retry_after=retry_after),
    timeout=lambda: OutsideTimeout("erp-timeout"),
    malformed=lambda: OutsideMalformed("erp-malformed"),
)


def parse(document: bytes | str) -> Element:
    """Return the document's root. Tags lose their namespaces. Raises OutsideMalformed.

    A warning in the log says that the document was no XML and was repaired (`platform.xml.parse`).
    """
    return xml.parse(document, ERP.malformed, lambda: logger.warning("erp-document-repaired"))
