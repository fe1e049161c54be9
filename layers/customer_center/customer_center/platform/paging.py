"""Lists in pages: filters with a limited number of reads, and cursors that are valid only for their own query."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence

from customer_center.platform.errors import MalformedRequest
from customer_center.platform.frozen import frozen

# Limits for a page with a filter: four reads, each far below DynamoDB's limit of 1 MB.
_READS = 4
_ROWS_PER_READ = 100


@frozen
class Part[Row]:
    """The rows of one read, and whether there may be more rows after them."""

    rows: Sequence[Row]
    more: bool


@frozen
class Page[Row]:
    """One page of a list, and the cursor of the next page (None at the end)."""

    rows: Sequence[Row]
    next_cursor: str | None


def written_cursor(position: Sequence[str], query: object) -> str:
    """Return the opaque cursor of a position in a query's result. Queries with the same `repr` count as equal."""
    text = json.dumps({"position": position, "query": _digest(query)})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, query: object, *, parts: int) -> Sequence[str]:
    """Return the position that `written_cursor` wrote for the same query. A position has `parts` texts.

    Raises MalformedRequest for any other cursor. The caller must check whether the list has the position.
    """
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise MalformedRequest("cursor-invalid") from error
    if not isinstance(values, dict) or values.get("query") != _digest(query):
        raise MalformedRequest("cursor-invalid")
    position = values.get("position")
    if not isinstance(position, list) or len(position) != parts or not all(isinstance(part, str) for part in position):
        raise MalformedRequest("cursor-invalid")
    return position


def _digest(query: object) -> str:
    return hashlib.sha256(repr(query).encode()).hexdigest()[:16]


def filled[Row](
    read: Callable[[str | None, int], Part[Row]],
    *,
    key: Callable[[Row], str],
    wanted: Callable[[Row], bool] | None,
    after: str | None,
    limit: int,
    rows_per_read: int = _ROWS_PER_READ,
) -> tuple[Sequence[Row], str | None]:
    """Return up to `limit` rows after the key `after`, and the key to continue from (None at the end of the list).

    `read` gets a key and a number, and returns up to that number of rows after the key. With the filter `wanted` it is
    called at most four times, for `rows_per_read` rows each. A page may therefore have few rows, or none, before the
    end of the list.
    """
    size, reads = (rows_per_read, _READS) if wanted else (limit, 1)
    found: list[Row] = []
    for _ in range(reads):
        part = read(after, size)
        for number, row in enumerate(part.rows, start=1):
            if wanted is None or wanted(row):
                found.append(row)
            if len(found) == limit:
                return found, key(row) if part.more or number < len(part.rows) else None
        if not part.more:
            return found, None
        after = key(part.rows[-1])
    return found, after
