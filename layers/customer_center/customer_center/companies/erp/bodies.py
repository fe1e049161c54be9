"""Query and answers of the list of ERP contacts."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from customer_center.companies.model import CachedContact
from customer_center.platform.email_address import email_address, shown_email
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Line, Output, PageQuery


class ErpContactsQuery(PageQuery):
    """Which part of the contacts, and whether the ERP is asked now."""

    q: Annotated[
        Line | None,
        Field(max_length=100, description="Begins words of the name, or the e-mail; case and accents do not matter."),
    ] = None
    refresh: Annotated[bool, Field(description="Have the list read from the ERP again, even if it is new.")] = False


@frozen(kw_only=True)
class ErpContactAnswer(Output):
    """A contact of the ERP without a shop account. `cannot_be_invited` is true without a valid e-mail."""

    contact_number: str
    name: str
    telephone: str | None
    telefax: str | None
    email: str | None
    language_code: str | None
    cannot_be_invited: bool

    @classmethod
    def from_contact(cls, row: CachedContact) -> Self:
        """Return the answer for a contact."""
        contact = row.contact
        return cls(
            contact_number=contact.contact_number,
            name=contact.name,
            telephone=contact.telephone,
            telefax=contact.telefax,
            email=contact.email and shown_email(contact.email),
            language_code=contact.language_code,
            cannot_be_invited=contact.email is None or email_address(contact.email) is None,
        )


@frozen(kw_only=True)
class ErpContactsAnswer(Output):
    """A page of contacts as the ERP had them at `as_of`; null while the first list is being read.

    `outdated` is true when a newer list is being read or is due: ask again in a few seconds. `stale` is true when the
    ERP could not be asked again.
    """

    items: list[ErpContactAnswer]
    next_cursor: str | None
    as_of: datetime | None
    outdated: bool
    stale: bool
