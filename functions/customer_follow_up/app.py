"""Customer-follow-up queue → feed, product-push queue, waiting customers and words: what follows a change."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.customers.effects import CUSTOMER_ERASED, KEYS_CHANGED, PUSH_QUEUES, group_of
from customer_center.customers.erasure_wiring import erased_ids
from customer_center.customers.follow_change import follow_change
from customer_center.customers.follow_erasure import Unfinished, follow_erasure
from customer_center.customers.follow_keys import follow_keys
from customer_center.customers.index_words import index_words
from customer_center.customers.wiring import customers, products, words
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger
from customer_center.platform.outbox import Queues, queue_urls
from customer_center.platform.sqs import Patience, consume

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

ROOMS = (PUSH_QUEUES,)
"""The queues that this function sends to."""
# Milliseconds, half of the function's timeout: enough for one more page, and for the other messages of the batch.
_KEPT_BACK = 15_000


@frozen
class Settings:
    """The template's queue of this function."""

    customer_follow_up_queue_url: str


@cache
def push_queue() -> Queues:
    """Return the queue of pointers."""
    return Queues(client=aws.sqs(), urls=queue_urls(*ROOMS), group_of=group_of)


@cache
def patience() -> Patience:
    """Return what lets the message of an erasure come again."""
    url = from_environment(Settings).customer_follow_up_queue_url
    return Patience(Unfinished, client=aws.sqs(), queue_url=url, first=1)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Follow a batch of changes. A message may be delivered any number of times."""

    def send(pointers: Sequence[Effect]) -> None:
        push_queue().send(list(pointers))

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > _KEPT_BACK

    def follow(effect: Effect) -> None:
        account_id, clock = effect.data["account_id"], SystemClock()
        if effect.kind == KEYS_CHANGED:
            follow_keys(account_id, effect.data["key_id"], effect.effect_id, customers=customers(), clock=clock)
        elif effect.kind == CUSTOMER_ERASED:
            # The erasure does not rely on the follow-up of the change, which may be a dead letter.
            index_words(effect.data["customer_id"], customers=customers(), words=words())
            follow_erasure(
                effect.data["customer_id"],
                has_time=has_time,
                customers=customers(),
                erased_ids=erased_ids(),
                clock=clock,
            )
        else:
            stores = {"customers": customers(), "products": products()}
            follow_change(account_id, effect.data["customer_id"], send=send, **stores, clock=clock)
            index_words(effect.data["customer_id"], customers=customers(), words=words())

    logger.clear_state()
    return consume(event, follow, patience())
