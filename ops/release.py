"""Which release a deploy is: everything that a function is made of, as one digest.

SAM publishes a new version of a function when the template or its code changes, and not when a parameter does: the
alias that the API calls would go on with the old settings. So each deploy says its release (docs/decisions.md).
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


def release(build: Path, parameters: Mapping[str, str]) -> str:
    """Return the digest of what `sam build` made, its template included, and of the parameters it is deployed with."""
    digest = sha256(json.dumps(parameters, sort_keys=True).encode())
    for file in sorted(build.rglob("*")):
        # Compiled from what is beside it, and not the same each time.
        if file.is_file() and file.suffix != ".pyc":
            digest.update(str(file.relative_to(build)).encode() + b"\0" + sha256(file.read_bytes()).digest())
    return digest.hexdigest()
