"""Settings in which Web.Connectors differ. Guesses that the README lists are fields here, with likely values."""

from dataclasses import field
from enum import StrEnum
from typing import Literal

from customer_center.platform.frozen import frozen


class Message(StrEnum):
    """The four messages this connector uses, by the names the shop's documentation gives them."""

    SELECT_CUSTOMER = "select_customer"
    SELECT_CONTACT = "select_contact"
    INVOICE_DETAIL = "invoice_detail"
    CREATE_CONTACT = "create_contact"


@frozen(kw_only=True)
class SilverSettings:
    """Settings of one Web.Connector. Times are in seconds. `user` empty means: no credentials are sent over raw XML."""

    url: str
    """Where to post; `{message}` in it becomes the message's name (raw XML may have a URL per message)."""
    transport: Literal["xml", "soap"] = "soap"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    """Certificate authority of a connector with a private certificate; empty for the public ones."""
    timeout: float = 5.0
    """For one call. Connecting, and every wait for more of the answer, count separately."""
    deadline: float = 20.0
    """For all calls of one use together, with retries and waits."""

    max_count: int = 1000
    """The first MAXCOUNT. After a full answer the next one is ten times larger."""
    max_count_limit: int = 10_000
    skipped_contact_types: frozenset[str] = frozenset({"0"})
    """`ONLINE_USER_TYPE` of contacts that are not persons: 0 is the company contact."""
    created_contact_type: str = "1"
    web_site: str = "HOME"

    select_customer_operation: str = "SV_OPENTRANS_SELECT_CUSTOMERINFO"
    select_contact_operation: str = "SV_RAW_MESSAGE"
    invoice_detail_operation: str = "SV_OPENTRANS_GET_ORDERSTATUS"
    create_contact_operation: str = "SV_RAW_MESSAGE"
    select_contact_process: str = "SELECTCONTACT"
    create_contact_process: str = "CREATECONTACT"
    invoice_id_element: str = "ID"
    """Element with the invoice number in the request. Another page of the documentation says `InvoiceID`."""
    soap_namespace: str = "http://www.silversolutions.de"
    soap_text_messages: frozenset[str] = frozenset({Message.SELECT_CONTACT, Message.CREATE_CONTACT})
    """Messages whose SOAP `data` is the document as text; it is a map in all others."""
    not_found_erp_statuses: frozenset[str] = frozenset()
    """Values of `status/erp_status` with which this ERP reports a missing record."""

    def operation(self, message: Message) -> str:
        """Return the Web.Connector's operation that carries the message."""
        return {
            Message.SELECT_CUSTOMER: self.select_customer_operation,
            Message.SELECT_CONTACT: self.select_contact_operation,
            Message.INVOICE_DETAIL: self.invoice_detail_operation,
            Message.CREATE_CONTACT: self.create_contact_operation,
        }[message]
