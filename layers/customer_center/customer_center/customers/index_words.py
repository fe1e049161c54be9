"""Keep the words that find a customer in step with the customer (docs/specification.md, 13.43)."""

from dataclasses import replace

from customer_center.customers.ports import Customers
from customer_center.customers.search_ports import Words
from customer_center.customers.words import words_of
from customer_center.platform.errors import InProgress, PreconditionFailed

_AT_ONCE = 90
"""How many words one transaction changes; DynamoDB allows 100 actions."""
_ROUNDS = 20


def index_words(customer_id: str, *, customers: Customers, words: Words) -> None:
    """Add the customer's words, and remove those that it does not have any more: all of them if it is not listed.

    May run any number of times, in any order and several times at once. The note of its words is read before the
    customer, and written only if it is still the same. A run ends when it finds nothing to do, so that it also sees a
    change which was made while it wrote. Raises InProgress if others change the customer all the time.
    """
    for _ in range(_ROUNDS):
        note = words.noted(customer_id)
        customer = customers.customer(customer_id)
        wanted = words_of(customer) if customer else frozenset()
        account_id = customer.account_id if customer else note.account_id
        if note.words and note.account_id != account_id:
            # It has another account now. First nothing finds it in the one before.
            wanted, account_id = frozenset(), note.account_id
        changed = sorted(note.words ^ wanted)[:_AT_ONCE]
        if not changed:
            return
        after = replace(note, account_id=account_id, words=note.words ^ frozenset(changed), version=note.version + 1)
        try:
            words.change(note, after)
        except PreconditionFailed:
            continue
    raise InProgress("in-progress", retry_after=1)
