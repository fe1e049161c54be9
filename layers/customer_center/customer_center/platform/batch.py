"""Batches of records: a record that fails is delivered again; the others of its batch are not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

type Record = Mapping[str, Any]


def each(records: Iterable[Record], handle: Callable[[Record], None], *, id_of: Callable[[Record], str]) -> Record:
    """Call `handle` with each record; return the failed ones. Lambda repeats these until they become dead letters.

    A batch in which every record fails gets the same kind of answer, and no error is raised. `handle` logs failures.
    """
    failed = []
    for record in records:
        try:
            handle(record)
        except Exception:  # noqa: BLE001 # whatever is wrong with one record must not repeat the others
            failed.append({"itemIdentifier": id_of(record)})
    return {"batchItemFailures": failed}
