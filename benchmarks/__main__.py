"""`make bench`: measure the rows of benchmarks/README.md, print one table, and fail when a budget is broken."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import lists, speed, units
from benchmarks.stage import staged
from benchmarks.table import BROKEN, Row, text
from tests.dynamodb_local import MissingError, dynamodb_local
from tests.fakes.erp_simulator import running_simulator


def main() -> int:
    """Measure, print, and return the exit code."""
    logging.disable(logging.CRITICAL)
    rows = [*_units(), *_speed(), *_lists()]
    print(text(rows))
    broken = [row.name for row in rows if row.verdict == BROKEN]
    print(f"\n{len(broken)} of {len(rows)} broken" if broken else f"\nall {len(rows)} hold")
    return 1 if broken else 0


def _units() -> Iterator[Row]:
    try:
        with dynamodb_local() as address, staged(address) as stage:
            yield from units.rows(stage)
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


if __name__ == "__main__":
    sys.exit(main())
