"""Batches of records: one bad record fails alone and comes again; nothing else is repeated."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

type Record = Mapping[str, Any]


def each(records: Iterable[Record], handle: Callable[[Record], None], *, id_of: Callable[[Record], str]) -> Record:
    """Hand each record to `handle`; return the failed ones, which Lambda delivers again until they are dead letters.

    A batch in which every record fails is answered the same way, not with an error. `handle` logs what went wrong.
    """
    failed = []
    for record in records:
        try:
            handle(record)
        except Exception:  # noqa: BLE001 # whatever is wrong with one record must not repeat the others
            failed.append({"itemIdentifier": id_of(record)})
    return {"batchItemFailures": failed}
