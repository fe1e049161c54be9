"""Settings in which Web.Connectors differ. The guesses in README.md are settings here, with likely values."""

from dataclasses import field
from enum import StrEnum
from typing import Literal

from customer_center.platform.frozen import frozen


class Message(StrEnum):
    """The four messages that this connector sends, by their names in the shop's documentation."""

    SELECT_CUSTOMER = "select_customer"
    SELECT_CONTACT = "select_contact"
    INVOICE_DETAIL = "invoice_detail"
    CREATE_CONTACT = "create_contact"


@frozen(kw_only=True)
class SilverSettings:
    """Settings of one Web.Connector. Times are in seconds. Raw XML is sent without credentials if `user` is empty."""

    url: str
    """The URL of calls. `{message}` becomes the message's name, because raw XML may have one URL for each message."""
    transport: Literal["xml", "soap"] = "soap"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    """File with the certificate authority of a connector with a private certificate; empty for public certificates."""
    timeout: float = 5.0
    """Limit for one call. It applies to connecting and to the answer separately."""
    deadline: float = 20.0
    """Limit for all calls of one `use()` together, with retries and waits."""

    max_count: int = 1000
    """The first MAXCOUNT. After a full answer the request is repeated with ten times this number."""
    max_count_limit: int = 1_000_000
    one_contact: bool = True
    """Whether SelectContact with a contact's number in `NUMBER` answers with this contact only."""
    skipped_contact_types: frozenset[str] = frozenset({"0"})
    """Values of `ONLINE_USER_TYPE` for contacts that are not persons. 0 is the company contact."""
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
    invoice_number_required: bool = True
    """Whether the answer to InvoiceDetail must repeat the invoice number. Without it, the answer proves any invoice."""
    other_party_schemes: frozenset[str] = frozenset({"duns", "d-u-n-s", "gln", "ean", "iln", "lei", "vat", "ustid"})
    """Values of `schemeID` and `schemeName` for identifications of a party that are not its customer number. The codes
    of ISO 6523, which have four digits, are others too."""
    soap_namespace: str = "http://www.silversolutions.de"
    soap_text_messages: frozenset[str] = frozenset({Message.SELECT_CONTACT, Message.CREATE_CONTACT})
    """Messages with the document as text in the SOAP element `data`. All others send a map there."""
    not_found_erp_statuses: frozenset[str] = frozenset()
    """Values of `status/erp_status` that mean "no such record" in this ERP."""

    def operation(self, message: Message) -> str:
        """Return the Web.Connector's operation that carries the message."""
        return {
            Message.SELECT_CUSTOMER: self.select_customer_operation,
            Message.SELECT_CONTACT: self.select_contact_operation,
            Message.INVOICE_DETAIL: self.invoice_detail_operation,
            Message.CREATE_CONTACT: self.create_contact_operation,
        }[message]
