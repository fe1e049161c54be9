"""The API's OpenAPI 3.1 document, from the declarations of the handlers: `python -m generate.openapi [--check]`.

The generator imports every `functions/*/app.py` with an `api` and reads its routes. A route declares its caller, its
statuses of success and its own error codes. A caller declares how it authenticates, and the error codes of its refusal.
A body declares its examples. A room's `texts.py` declares the class of each error code; the class decides the status.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "layers/customer_center"))

from generate.openapi.declarations import TOPICS, function_modules, read_operations
from generate.openapi.operations import HEADERS, described, parameters_of, responses_of
from generate.openapi.schemas import component_schemas
from generate.openapi.webhooks import told_schemas, webhooks_of

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/openapi.json"

_ABOUT = """\
A shop's business customers run their own accounts. Their data is kept consistent with the ERP.

People log in at Amazon Cognito, which is not part of this API, and send its access token; machines send a client key,
which an operator issues. Errors are `application/problem+json` (RFC 9457); `code` is stable and never translated,
`detail` speaks the language that `Accept-Language` asks for (en, de, nl, fr). A body has at most 4 MB, a
webhook's 64 KB (413 `body-too-large`). `x-problems` names the codes that each operation can answer, by status.

What the gateway answers before a request reaches us is a `GatewayError`, the `default` answer of each operation, and
404 for a route that does not exist and 413 for a body above 10 MB.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document. With `--check`, only report whether the committed document is current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    check: bool = parser.parse_args(arguments).check
    text = rendered()
    if not check:
        DOCUMENT.write_text(text)
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        print(f"{DOCUMENT.relative_to(ROOT)} is stale: run `python -m generate.openapi`.", file=sys.stderr)
        return 1
    return 0


def rendered() -> str:
    """Return the document as the text of its file."""
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """Return the whole document."""
    modules = function_modules(ROOT / "functions")
    operations = read_operations(modules)
    schemas = component_schemas(operations)
    schemas |= told_schemas(schemas)
    paths: dict[str, Any] = {}
    for operation in operations:
        path = paths.setdefault(operation.route.path, {})
        path[operation.route.method.lower()] = described(operation, schemas)
    schemes = {security.name: security for each in operations for security in each.route.caller.security}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Customer Center",
            "version": project["version"],
            "description": _ABOUT,
            "license": {"name": project["license"], "identifier": project["license"]},
        },
        "servers": [
            {
                "url": "https://{host}",
                "variables": {
                    "host": {"default": "api.example.com", "description": "The host of the stack's output `ApiUrl`."}
                },
            },
            {
                "url": "http://127.0.0.1:{port}/_aws/execute-api/{api_id}/$default",
                "description": "`make run` on this machine: `.local/stack.json` has the address (`api_url`).",
                "variables": {"port": {"default": "4566"}, "api_id": {"default": "local"}},
            },
        ],
        "security": [{name: []} for name, security in schemes.items() if security.by_gateway],
        "tags": [
            {"name": name, "description": about}
            for name, (about, _) in TOPICS.items()
            if name in {operation.topic for operation in operations}
        ],
        "paths": paths,
        "webhooks": webhooks_of(schemas),
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if not name.endswith("Query")},
            "responses": responses_of(operations, schemas),
            "parameters": parameters_of(operations),
            "headers": HEADERS,
            "securitySchemes": {name: dict(security.scheme) for name, security in schemes.items()},
        },
    }
