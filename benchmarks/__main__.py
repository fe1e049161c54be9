"""`make bench`: measure the rows of benchmarks/README.md, print one table, and fail when a budget is broken."""

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks import customer_memory, lists, speed, units
from benchmarks.stage import Stage, staged
from benchmarks.table import BROKEN, Row, text
from tests.dynamodb_local import MissingError, dynamodb_local
from tests.fakes.erp_simulator import running_simulator


def main(parts: Sequence[str]) -> int:
    """Measure these parts, or all, print, and return the exit code."""
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"{', '.join(sorted(unknown))}: no part of {', '.join(PARTS)}")
    logging.disable(logging.CRITICAL)
    rows = [row for part in parts or PARTS for row in PARTS[part]()]
    print(text(rows))
    broken = [row.name for row in rows if row.verdict == BROKEN]
    print(f"\n{len(broken)} of {len(rows)} broken" if broken else f"\nall {len(rows)} hold")
    return 1 if broken else 0


def _units(measure: Callable[[Stage], Iterator[Row]]) -> Iterator[Row]:
    try:
        with dynamodb_local() as address, staged(address) as stage:
            yield from measure(stage)
    except MissingError as error:
        if os.environ.get("CI"):
            raise SystemExit(str(error)) from error
        print(f"DynamoDB units are not measured. {error}", file=sys.stderr)


def _speed() -> Iterator[Row]:
    with staged(None) as stage, tempfile.TemporaryDirectory() as folder:
        yield from speed.rows(stage, Path(folder))


def _lists() -> Iterator[Row]:
    with running_simulator() as erp:
        yield from lists.rows(erp)


PARTS: Mapping[str, Callable[[], Iterator[Row]]] = {
    "units": partial(_units, units.rows),
    "pages": partial(_units, units.of_pages),
    "speed": _speed,
    "lists": _lists,
    "memory": customer_memory.rows,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
