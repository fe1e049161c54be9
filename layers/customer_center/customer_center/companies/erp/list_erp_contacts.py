"""The contacts of the ERP that have no shop account (seed 000, "List of contacts from the ERP")."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from customer_center.companies.email_address import comparable
from customer_center.companies.ids import company_of, user_id_floor
from customer_center.companies.model import (
    CachedContact,
    ContactsPage,
    ContactsRead,
    ErpContact,
    User,
)
from customer_center.companies.ports import Companies, ErpGateway
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, OutsideSystemError
from customer_center.platform.log import logger

# Who is invited has an id a moment before they are kept. No function runs as long as this.
_ID_BEFORE_COMMIT = timedelta(minutes=1)
_NEWCOMERS = 100


@dataclass(frozen=True, slots=True)
class ErpContacts:
    """A page of contacts as the ERP had them at `as_of`; `stale` when the ERP could not be asked again."""

    page: ContactsPage
    as_of: datetime
    stale: bool


def list_erp_contacts(
    actor: User,
    *,
    limit: int,
    cursor: str | None,
    q: str,
    refresh: bool,
    keep_for: timedelta,
    erp: ErpGateway,
    companies: Companies,
    clock: Clock,
) -> ErpContacts:
    """Return a page of the company's contacts without an account, from the ERP at most `keep_for` ago.

    `q` is how their names begin. `refresh` asks the ERP now. When it cannot answer, the last list is returned as stale;
    raises an OutsideSystemError only when there is none. A page after the first never asks the ERP, so that a list does
    not change underfoot.

    Who was invited since the list was read stands in it still, and is left out here: such a page is shorter. After more
    of them than are read at once, the ERP is asked again.
    """
    read = companies.contacts_read(actor.company_id)
    now = clock.now()
    stale = False
    came = companies.users(
        actor.company_id,
        limit=_NEWCOMERS,
        after=user_id_floor(actor.company_id, (read.at if read else now) - _ID_BEFORE_COMMIT),
    )
    if read is None or (cursor is None and (refresh or read.outdated or came.more or now - read.at >= keep_for)):
        try:
            _read_again(actor, now, erp, companies)
            read = ContactsRead(now)
        except OutsideSystemError as error:
            if read is None:
                raise
            stale = True
            logger.warning("contacts are stale", company_id=actor.company_id, code=error.code)
    page = companies.contacts_without_account(actor.company_id, limit=limit, cursor=cursor, q=q)
    taken = {user.contact_number for user in came.rows}
    left = tuple(row for row in page.contacts if row.contact.contact_number not in taken)
    return ErpContacts(replace(page, contacts=left), read.at, stale)


def _read_again(actor: User, now: datetime, erp: ErpGateway, companies: Companies) -> None:
    company = companies.company(actor.company_id)
    if company is None:
        raise NotFound
    contacts = erp.select_contacts(company.customer_number)
    owners = companies.users_of_emails(comparable(contact.email) for contact in contacts if contact.email)
    # Contacts that share an e-mail are several people: the one who has an account is known by their number.
    times = Counter(comparable(contact.email) for contact in contacts if contact.email)
    own = {email: owner for email, owner in owners.items() if times[email] == 1}
    rows = [CachedContact(contact, _owner(contact, own, actor.company_id)) for contact in contacts]
    companies.save_contacts(actor.company_id, rows, now)


def _owner(contact: ErpContact, owners: Mapping[str, str], company_id: str) -> str | None:
    """Return the colleague who already has the contact's e-mail; another company's user is nobody here."""
    owner = owners.get(comparable(contact.email)) if contact.email else None
    return owner if owner and company_of(owner) == company_id else None
