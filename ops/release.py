"""The release of a deploy: one digest of everything that a function is made of.

SAM publishes a new version of a function when the template or the code changes, but not when a parameter changes: the
alias that the API calls would keep the old settings. So each deploy passes its release (docs/decisions.md).
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


def release(build: Path, parameters: Mapping[str, str]) -> str:
    """Return the digest of the result of `sam build`, with its template, and of the parameters of the deploy."""
    digest = sha256(json.dumps(parameters, sort_keys=True).encode())
    for file in sorted(build.rglob("*")):
        # Bytecode is compiled from the source beside it, and is not the same each time.
        if file.is_file() and file.suffix != ".pyc":
            digest.update(str(file.relative_to(build)).encode() + b"\0" + sha256(file.read_bytes()).digest())
    return digest.hexdigest()
