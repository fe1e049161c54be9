"""Lists of contacts: what the memory of their reader grows by, and what is written."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.table import Row
from local.simulators.erp.server import ErpSimulator

_GROUP = "A company's list of contacts"
_FEW, _MANY = 10_000, 100_000
# Beside what the function needs without any contact.
_RATIO = 1.3


def rows(erp: ErpSimulator) -> Iterator[Row]:
    """Yield the rows. The ERP's simulator runs in this process, so that its memory does not count."""
    for transport in ("xml", "soap"):
        for what, known in (("first list", 0), ("nothing changed", 1)):
            few, many = (_read(erp, transport, count, count * known) for count in (_FEW, _MANY))
            name = f"{transport}, {what}"
            yield Row(_GROUP, f"{name}: memory, {_MANY:,} against {_FEW:,}", many["kb"] / few["kb"], "x", _RATIO)
            yield Row(_GROUP, f"{name}: peak memory of {_MANY:,}", many["kb"] / 1000, "MB")
            yield Row(_GROUP, f"{name}: CPU of {_MANY:,}, in seconds", round(many["cpu"], 1), "s")
            # When it begins, has read and ends.
            writes = many["calls"].get("UpdateItem", 0) - 3
            yield Row(_GROUP, f"{name}: contacts written", writes, "items", 0 if known else _MANY)


def _read(erp: ErpSimulator, transport: str, count: int, known: int) -> Mapping[str, Any]:
    erp.erp.change({"number": "10000", "generated": count})
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.sandbox.contact_list",
            erp.url,
            transport,
            erp.user,
            erp.password,
            str(known),
        ],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["layers/customer_center", str(Path.cwd())])},
    )
    erp.erp.change({"number": "10000", "generated": 0})
    return dict(json.loads(done.stdout.splitlines()[-1]))
