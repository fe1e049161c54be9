"""List the ERP's contacts without a shop account (seed 000, "List of contacts from the ERP")."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from customer_center.companies.contact_list import ask_for_list, read_list_now
from customer_center.companies.ids import user_id_floor
from customer_center.companies.model import (
    ASKED_AGAIN_AFTER,
    ContactsPage,
    ErpContact,
    User,
)
from customer_center.companies.ports import ErpGateway, ErpRecords
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import comparable, normalized_email
from customer_center.platform.frozen import frozen

# Maximum time between the creation of a user's id and the write of the user. No function runs this long.
_ID_BEFORE_COMMIT = timedelta(minutes=1)
# Maximum number of users read that were added since the last list.
_NEWCOMERS = 100


@frozen
class ErpContacts:
    """A page of contacts as the ERP had them at `as_of`, None while the first list is being read.

    `outdated` is True when the list is too old or a newer one was asked for; `stale` when the ERP failed since `as_of`.
    """

    page: ContactsPage
    as_of: datetime | None
    outdated: bool
    stale: bool


def list_erp_contacts(
    actor: User,
    request_id: str,
    *,
    limit: int,
    cursor: str | None,
    q: str,
    refresh: bool,
    keep_for: timedelta,
    before_refresh: Callable[[], object],
    erp: ErpGateway,
    companies: ErpRecords,
    clock: Clock,
) -> ErpContacts:
    """Return a page of the company's contacts without an account, as they are stored.

    `q` is searched as in every list (`platform/search.py`). A list that is older than `keep_for` is answered as
    outdated, and an effect has it read again; so it is with `refresh`, and when a user was added who may be a contact.
    The ERP is asked at most once in `ASKED_AGAIN_AFTER`. Only the first page asks, so that the list does not change
    between its pages. `before_refresh` is called before the ERP is asked because of `refresh`, and may refuse it by an
    error. Of several people who refresh at the same moment, it is called for each.

    The person waits for the ERP only when there is no list: for `contact_list.WAIT`, after which the contacts that have
    arrived are returned. Raises an OutsideSystemError only then.

    The stored list still contains contacts that were invited or requested since it was read. This function leaves them
    out, so that a page may be short. When too many users were added since then, the ERP is asked again.
    """
    read = companies.contacts_read(actor.company_id)
    if read is None and cursor is None and read_list_now(actor, request_id, erp=erp, companies=companies, clock=clock):
        read = companies.contacts_read(actor.company_id)
    now = clock.now()
    newcomers = companies.users(
        actor.company_id,
        limit=_NEWCOMERS,
        after=user_id_floor(actor.company_id, (read.at if read else now) - _ID_BEFORE_COMMIT),
    )
    too_old = read is None or read.outdated or newcomers.more or now - read.at >= keep_for
    asked_lately = read and read.asked_at and now - read.asked_at < ASKED_AGAIN_AFTER
    if read and cursor is None and (refresh or too_old) and not asked_lately:
        if refresh:
            before_refresh()
        if ask_for_list(actor, request_id, companies=companies, clock=clock):
            read = replace(read, asked_at=now)
    page = companies.contacts_without_account(actor.company_id, limit=limit, cursor=cursor, q=q)
    contacts = tuple(row for row in page.contacts if not _came_since(row.contact, newcomers.rows))
    return ErpContacts(
        replace(page, contacts=contacts),
        as_of=read.at if read else None,
        outdated=read is None or too_old or read.is_awaited,
        stale=read is not None and read.failed_at is not None,
    )


def _came_since(contact: ErpContact, newcomers: Sequence[User]) -> bool:
    """Return whether one of the users is the contact: by number, or by e-mail if the user came without a number."""
    email = comparable(contact.email) if contact.email else None
    return any(
        user.contact_number == contact.contact_number if user.contact_number else normalized_email(user.email) == email
        for user in newcomers
    )
