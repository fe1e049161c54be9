"""Batches of records: Lambda delivers only the failed records again."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

type Record = Mapping[str, Any]


def each(records: Iterable[Record], handle: Callable[[Record], None], *, id_of: Callable[[Record], str]) -> Record:
    """Call `handle` with each record. Return the failed records; Lambda repeats them until they become dead letters.

    No error is raised, even if every record fails. `handle` must log its failures.
    """
    failed = []
    for record in records:
        try:
            handle(record)
        except Exception:  # noqa: BLE001 # one failed record must not repeat the others
            failed.append({"itemIdentifier": id_of(record)})
    return {"batchItemFailures": failed}
