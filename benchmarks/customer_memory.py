"""Peak memory of the work on many customers: following their changes, and reconciling a product that holds them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.table import Row

_GROUP = "Work on many customers"
FEW, MANY = 1_000, 100_000
# Of the whole process, with what it needs without any customer.
_RATIO = 1.1


def rows() -> Iterator[Row]:
    """Yield the rows. Each number of customers has a new process."""
    for what, name in (("follow_up", "follow-up of changes"), ("reconcile", "reconciliation of a product")):
        few, many = (_work(what, count) for count in (FEW, MANY))
        yield Row(_GROUP, f"{name}: peak memory, {MANY:,} against {FEW:,}", many["kb"] / few["kb"], "x", _RATIO)
        yield Row(_GROUP, f"{name}: peak memory of {MANY:,}", many["kb"] / 1000, "MB")
        yield Row(_GROUP, f"{name}: CPU of {MANY:,}, in seconds", round(many["cpu"], 1), "s")


def _work(what: str, count: int) -> Mapping[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sandbox.customers", what, str(count)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["layers/customer_center", str(Path.cwd())])},
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))
