"""The step that every change of a customer's values shares: what a source says becomes statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from customer_center.customers.clusters import Cluster, record_of
from customer_center.customers.consent import ConsentSaid, shown
from customer_center.customers.entries import CustomerAction, customer_entry
from customer_center.customers.fields import Value
from customer_center.customers.match_keys import with_keys
from customer_center.customers.model import (
    API,
    CONSENT,
    PERMISSION,
    Customer,
    Delivery,
    SentFlag,
    SourceRecord,
    source_of,
)
from customer_center.customers.ports import Change, Customers
from customer_center.customers.read_cluster import read_cluster
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import CLOCKS_DIFFER, nanoseconds


@frozen
class Saying:
    """What a source says: values by field, and the stamp of when it said so. `product` is set if a product says it.

    With `is_edit`, everything is a statement, also what the source knows already: a person names what to change.
    `place` is the JSON pointer of the object with the values. `record_id` is that of the record that an event names, if
    it was merged into the customer.
    """

    source: str
    values: Mapping[str, Value]
    stamp: str
    product: str | None = None
    is_edit: bool = False
    consent: ConsentSaid | None = None
    place: str = ""
    record_id: str | None = None


def edit_by(product: str | None, values: Mapping[str, Value], stamp: str, consent: ConsentSaid | None = None) -> Saying:
    """Return the edit of a caller of the API, as that product or as the source `api`."""
    return Saying(source_of(product) if product else API, values, stamp, product, is_edit=True, consent=consent)


def stated(
    before: Customer | None,
    customer: Customer,
    saying: Saying,
    *,
    cluster: Cluster | None = None,
    source: SourceRecord | None = None,
    customers: Customers,
    now: datetime,
    claims: Sequence[tuple[str | None, str]] = (),
) -> Change:
    """Return the change that a source's values make to the customer. `before` is None for a new customer.

    A value that the source knows from us states nothing. So full updates revert nothing, and echoes end. A product
    knows from now on what it said. A value that is a match key of another customer is withheld, and hides a new
    customer. `cluster` is the customer's and `source` the source's record, if they were read already. Raises
    InvalidInput for a consent that begins in the future, and Conflict `cluster-limit` or `too-many-waiting`.
    """
    said = saying.consent or ConsentSaid()
    said.check(nanoseconds(now + CLOCKS_DIFFER), saying.place)
    cluster = cluster or read_cluster(customer, customers)
    record_id = saying.record_id or customer.customer_id
    if source is None:
        source = customers.source_record(record_id, saying.source) if before else SourceRecord(record_id, saying.source)
    delivery, known = _delivery(before, customer, saying, customers)
    knows = None if saying.is_edit else known if delivery else source.knows
    source_after, statements = source.sent(saying.values, saying.stamp, knows)
    source_after, consent = source_after.sent_consent(
        said,
        saying.stamp,
        knows,
        record_of(cluster.records[record_id]).consent,
        was_told=delivery is not None and delivery.was_told_since(saying.stamp),
        is_in_doubt=delivery is not None and delivery.is_in_doubt,
    )
    if before is None and source_after.permission is None:
        # Who creates a customer without a word about consent knows that there is none. Whatever it says is later.
        default = SentFlag(flag=False, stamp="", stated=False)
        source_after = replace(source_after, permission=default, version=source.version + 1)
    told = cluster.told(record_id, statements, saying.source, saying.stamp, now, consent, is_edit=saying.is_edit)
    change = Change(
        before,
        told.survivor,
        source=(source, source_after),
        claims=claims,
        consent=consent,
        stamp=saying.stamp,
        record_id=saying.record_id,
        others=cluster.changes_to(told),
    )
    change = with_keys(change, customers=customers, now=now)
    if delivery is None:
        return change
    heard = _heard(delivery, before, change.after, saying)
    if saying.consent and source.permission and saying.stamp < source.permission.stamp:
        # What it sent later was a repeat of this, and its own times are not those that the repeat gave.
        heard = heard.doubting({CONSENT: shown(change.after.consent)})
    return replace(change, delivery=(delivery, heard))


def _delivery(
    before: Customer | None, customer: Customer, saying: Saying, customers: Customers
) -> tuple[Delivery | None, Mapping[str, Collection[str]]]:
    """Return the delivery that a product's words are about, and the hashes of what the product may know.

    A product that names a merged record speaks of its copy of that record, until it was told of the merge, and then of
    the survivor. If it may have been told, or was not told the survivor yet, it may know both.
    """
    if saying.product is None:
        return None, {}
    # Of a new customer nobody knows anything.
    is_new = before is None
    delivery = (Delivery if is_new else customers.delivery)(customer.customer_id, customer.account_id, saying.product)
    known = delivery.may_know(saying.stamp)
    if saying.record_id in (None, customer.customer_id):
        return delivery, known
    old = customers.delivery(saying.record_id, customer.account_id, saying.product)
    may_have_old = old.may_be_gone and (old.is_in_doubt or old.was_told_since(saying.stamp))
    old_known = old.may_know(saying.stamp)
    both = {name: {*known[name], *old_known[name]} for name in known}
    if old.has_it or may_have_old:
        return old, old_known if old.has_it and not old.may_be_gone else both
    return delivery, known if delivery.has_it or not old.known else both


def _heard(delivery: Delivery, before: Customer | None, after: Customer, saying: Saying) -> Delivery:
    """Return what the product knows after it said this.

    A product that was in step knows what its own words make of the consent. Who creates a customer knows that there is
    no consent by default.
    """
    values: dict[str, object] = dict(saying.values)
    consent = saying.consent
    is_same = delivery.customer_id == after.customer_id
    in_step = before is None or (is_same and consent and delivery.knows.get(CONSENT) == before.view.get(CONSENT))
    if in_step:
        values[CONSENT] = shown(after.consent)
        values[PERMISSION] = after.permission_to_contact
    if consent and consent.flag is not None:
        values[PERMISSION] = consent.flag
    # Who names a merged record may not have been told the survivor.
    has_it = not saying.is_edit and (not is_same or saying.record_id is None or delivery.has_it)
    heard = delivery.heard(values, saying.stamp, has_it=before is None or has_it)
    # It may take the answer for its copy, which does not show what is withheld. So it has to be told either way.
    withheld = {name: after.values.get(name) for name in after.withheld if name in saying.values}
    return heard.doubting(withheld) if withheld and is_same else heard


def save(change: Change, actor: Actor, request_id: str, *, customers: Customers, now: datetime) -> None:
    """Write a change with its journal entry. Nothing is written if there is nothing new.

    Without a visible change there is no entry, unless the product that spoke has to be told what is shown.
    """
    if change.is_empty:
        return
    before, after = change.before, change.after
    action: CustomerAction = "customer.created" if before is None else "customer.updated"
    if before and before.hidden and not after.hidden:
        action = "customer.released"
    if before and before.version == after.version:
        has_to_be_told = _has_to_be_told(change)
        if not has_to_be_told and not _concerns_others(change):
            customers.save(change, None)
            return
        action = "customer.superseded"
        if has_to_be_told:
            # What beat the value made no version: a policy, or a later statement of what was shown already. So the
            # product may have been told this version, and takes it for a repeat.
            after = replace(after, version=after.version + 1, updated_at=now)
            change = replace(change, after=after)
    customers.save(change, customer_entry(action, before, after, actor, now, request_id, change.identities))


def _has_to_be_told(change: Change) -> bool:
    """Return whether the product that spoke differs from what is shown, or has a customer that it may not have."""
    if change.delivery is None or change.after.hidden:
        return False
    knew, knows = change.delivery
    if knows.customer_id != change.after.customer_id:
        # It spoke of its copy of a merged record, and hears what the survivor shows.
        return knew != knows
    return knows.owes(change.after.view) is not None or (knows.has_it and not knew.has_it and change.after.is_withdrawn)


def _concerns_others(change: Change) -> bool:
    """Return whether customers wait for a key that the change frees or takes."""
    me = change.after.customer_id
    return any(identity.concerns_others(before, me) for before, identity in change.identities)
