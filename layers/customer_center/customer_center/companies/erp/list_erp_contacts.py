"""List the ERP's contacts without a shop account (seed 000, "List of contacts from the ERP")."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from customer_center.companies.email_address import comparable
from customer_center.companies.ids import user_id_floor
from customer_center.companies.model import (
    CachedContact,
    ContactsPage,
    ContactsRead,
    ErpContact,
    User,
    is_colleague,
)
from customer_center.companies.ports import ErpGateway, ErpRecords
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, OutsideSystemError
from customer_center.platform.frozen import frozen
from customer_center.platform.log import logger

# An invited user's id is made shortly before the user is written. No function runs this long.
_ID_BEFORE_COMMIT = timedelta(minutes=1)
# Maximum number of users read who came since the last list.
_NEWCOMERS = 100


@frozen
class ErpContacts:
    """A page of contacts as the ERP had them at `as_of`; `stale` when the ERP failed to answer now."""

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
    companies: ErpRecords,
    clock: Clock,
) -> ErpContacts:
    """Return a page of the company's contacts without an account, read from the ERP at most `keep_for` ago.

    `q` is the beginning of the name. `refresh` asks the ERP now. When the ERP fails, the last list is returned as
    stale; raises an OutsideSystemError only when there is no list. Only the first page asks the ERP, so that the list
    does not change between its pages.

    The cached list still holds contacts who were invited since it was read. They are left out here, and such a page is
    shorter. When more users came than are read at once, the ERP is asked again.
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


def _read_again(actor: User, now: datetime, erp: ErpGateway, companies: ErpRecords) -> None:
    company = companies.company(actor.company_id)
    if company is None:
        raise NotFound
    contacts = erp.select_contacts(company.customer_number)
    owners = companies.users_of_emails(comparable(contact.email) for contact in contacts if contact.email)
    # Contacts that share an e-mail are different people: only their number says which of them has the account.
    times = Counter(comparable(contact.email) for contact in contacts if contact.email)
    own = {email: owner for email, owner in owners.items() if times[email] == 1}
    rows = [CachedContact(contact, _owner(contact, own, actor.company_id)) for contact in contacts]
    companies.save_contacts(actor.company_id, rows, now)


def _owner(contact: ErpContact, owners: Mapping[str, str], company_id: str) -> str | None:
    """Return the colleague who already has the contact's e-mail, None when there is no such colleague."""
    owner = owners.get(comparable(contact.email)) if contact.email else None
    return owner if owner and is_colleague(owner, company_id) else None
