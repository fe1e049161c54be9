"""Read which events of a source were refused after they had been accepted, and why."""

from customer_center.customers.refused_events import RefusedEvent, RefusedEvents
from customer_center.platform.dynamodb import is_key
from customer_center.platform.errors import MalformedRequest, NotFound
from customer_center.platform.paging import Page, read_cursor, written_cursor
from customer_center.webhooks.manage_sources import source_of_account
from customer_center.webhooks.model import ERP_SOURCE
from customer_center.webhooks.ports import WebhookSources


def read_refused_events(
    source_id: str,
    account_id: str,
    *,
    shop_account_id: str,
    limit: int,
    cursor: str | None,
    sources: WebhookSources,
    refused: RefusedEvents,
) -> Page[RefusedEvent]:
    """Return a page of a source's refused events, newest first.

    The source is one of the account's, or the shop's ERP for the shop's own account. Raises NotFound for any other
    source, and MalformedRequest `cursor-invalid`.
    """
    if source_id != ERP_SOURCE:
        source_of_account(source_id, account_id, sources)
    elif account_id != shop_account_id:
        raise NotFound
    before = None
    if cursor is not None:
        (before,) = read_cursor(cursor, ("refused", source_id), parts=1)
        if not is_key(before):
            raise MalformedRequest("cursor-invalid")
    part = refused.refused_events(source_id, limit=limit, before=before)
    more = part.more and part.rows
    return Page(part.rows, written_cursor([part.rows[-1].position], ("refused", source_id)) if more else None)
