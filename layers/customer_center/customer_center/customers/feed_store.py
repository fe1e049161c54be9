"""The feed of changes in the customers table (DynamoDB), read only. Its key is described in `product_store.py`."""

from typing import override

from customer_center.customers.search_ports import Feed, FeedRow
from customer_center.platform.dynamodb import from_item, to_item
from customer_center.platform.paging import Part
from customer_center.platform.table_store import TableStore

# Sorts above the row at a place and below the rows of a position: ids have a fixed length, and a `#` before them.
_AFTER = "!"


class FeedStore(TableStore, Feed):
    """The feed of changes, in DynamoDB."""

    @override
    def feed(self, account_id: str, *, after: str, until: str, limit: int) -> Part[FeedRow]:
        low = f"{after}{_AFTER}"
        if low >= until:
            return Part((), more=False)
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues=to_item({":pk": f"changes#{account_id}", ":low": low, ":high": until}),
            ConsistentRead=True,
            Limit=limit,
        )
        places = (from_item(item)["sk"].rsplit("#", 1) for item in answer["Items"])
        return Part([FeedRow(*place) for place in places], more="LastEvaluatedKey" in answer)
