"""List the ERP's contacts without a shop account (seed 000, "List of contacts from the ERP")."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from customer_center.companies.email_address import comparable
from customer_center.companies.ids import user_id_floor
from customer_center.companies.model import (
    CachedContact,
    ContactsPage,
    ContactsRead,
    User,
)
from customer_center.companies.ports import ErpGateway, ErpRecords
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, OutsideSystemError
from customer_center.platform.frozen import frozen
from customer_center.platform.log import logger

# Maximum time between the creation of a user's id and the write of the user. No function runs this long.
_ID_BEFORE_COMMIT = timedelta(minutes=1)
# Maximum number of users read that were added since the last list.
_NEWCOMERS = 100


@frozen
class ErpContacts:
    """A page of contacts as the ERP had them at `as_of`. `stale` is True when the ERP failed to answer this time."""

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

    `q` is searched as in every list (`platform/search.py`). `refresh` reads the ERP now. When the ERP fails, the last
    list is returned as stale. Raises an OutsideSystemError only when there is no list. Only the first page reads the
    ERP, so that the list does not change between its pages.

    The cached list still contains contacts that were invited since it was read. This function leaves them out, so that
    a page may be short. When too many users were added since then, the ERP is read again.
    """
    read = companies.contacts_read(actor.company_id)
    now = clock.now()
    stale = False
    newcomers = companies.users(
        actor.company_id,
        limit=_NEWCOMERS,
        after=user_id_floor(actor.company_id, (read.at if read else now) - _ID_BEFORE_COMMIT),
    )
    if read is None or (cursor is None and (refresh or read.outdated or newcomers.more or now - read.at >= keep_for)):
        try:
            _read_again(actor, now, erp, companies)
            read = ContactsRead(now)
        except OutsideSystemError as error:
            if read is None:
                raise
            stale = True
            logger.warning("contacts are stale", company_id=actor.company_id, code=error.code)
    page = companies.contacts_without_account(actor.company_id, limit=limit, cursor=cursor, q=q)
    invited = {user.contact_number for user in newcomers.rows}
    contacts = tuple(row for row in page.contacts if row.contact.contact_number not in invited)
    return ErpContacts(replace(page, contacts=contacts), read.at, stale)


def _read_again(actor: User, now: datetime, erp: ErpGateway, companies: ErpRecords) -> None:
    company = companies.company(actor.company_id)
    if company is None:
        raise NotFound
    contacts = erp.select_contacts(company.customer_number)
    emails = [comparable(contact.email) for contact in contacts if contact.email]
    colleagues = companies.colleagues_of_emails(actor.company_id, emails)
    # Contacts that share an e-mail are different people, so the e-mail does not say which of them has the account.
    times = Counter(emails)
    own = {email: colleague for email, colleague in colleagues.items() if times[email] == 1}
    rows = [CachedContact(contact, own.get(comparable(contact.email or ""))) for contact in contacts]
    companies.save_contacts(actor.company_id, rows, now)
