"""The release of a deploy: one digest of everything that can change a function.

SAM publishes a new version of a function when the template or the code changes, but not when a parameter changes. Then
the alias that the API calls would keep the old settings. So each deploy passes its release (docs/decisions.md).
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


def release(build: Path, parameters: Mapping[str, str]) -> str:
    """Return the digest of the output of `sam build`, which includes the template, and of the deploy's parameters."""
    digest = sha256(json.dumps(parameters, sort_keys=True).encode())
    for file in sorted(build.rglob("*")):
        # Bytecode is left out, because compiling the same source twice can give different files.
        if file.is_file() and file.suffix != ".pyc":
            digest.update(str(file.relative_to(build)).encode() + b"\0" + sha256(file.read_bytes()).digest())
    return digest.hexdigest()
