"""Lists in pages: filters within a budget of reads, and cursors that belong to the query they came from."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from customer_center.platform.errors import MalformedRequest

# What one page may cost where rows are filtered: a few reads, each far below DynamoDB's 1 MB.
_READS = 4
_ROWS_PER_READ = 100


@dataclass(frozen=True, slots=True)
class Part[Row]:
    """Rows of a list that one read brought, and whether there may be more behind them."""

    rows: Sequence[Row]
    more: bool


@dataclass(frozen=True, slots=True)
class Page[Row]:
    """One page of a list, and the cursor of the next one: None at the end."""

    rows: Sequence[Row]
    next_cursor: str | None


def written_cursor(position: Sequence[str], query: object) -> str:
    """Return the opaque cursor of a position in the answer to a query (told by its `repr`)."""
    text = json.dumps({"position": position, "query": _digest(query)})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, query: object, *, parts: int) -> Sequence[str]:
    """Return the position, of that many parts, that `written_cursor` wrote for the same query.

    Raises MalformedRequest for anything else. Whether the position is a place in the list is for the caller to see.
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
) -> tuple[Sequence[Row], str | None]:
    """Return up to `limit` rows behind the key `after`, and the key to go on from: None at the end of the list.

    `read` brings the next rows behind a key, up to a number. With `wanted` it is asked four times at most, so that the
    rows may be few, or none, before the end.
    """
    size, reads = (_ROWS_PER_READ, _READS) if wanted else (limit, 1)
    found: list[Row] = []
    for _ in range(reads):
        part = read(after, size)
        for number, row in enumerate(part.rows, start=1):
            after = key(row)
            if wanted is None or wanted(row):
                found.append(row)
            if len(found) == limit:
                return found, after if part.more or number < len(part.rows) else None
        if not part.more:
            return found, None
    return found, after
