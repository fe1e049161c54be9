"""`make aws-models`: copies botocore's descriptions of the AWS operations that our code calls.

botocore describes 430 services with all their operations. Reading these files takes a third of the time in which a cold
start makes a client (docs/decisions.md). The package therefore has a smaller copy in `platform/aws_models`.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

TARGET = Path(__file__).parent.parent / "layers/customer_center/customer_center/platform/aws_models"

OPERATIONS = {
    "cognito-idp": [
        "AdminCreateUser",
        "AdminDeleteUser",
        "AdminDisableUser",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminInitiateAuth",
        "AdminSetUserPassword",
        "AdminUpdateUserAttributes",
        "AdminUserGlobalSignOut",
        "ListUsers",
    ],
    "dynamodb": [
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactWriteItems",
        "UpdateItem",
    ],
    "sesv2": ["SendEmail"],
    "sqs": ["ChangeMessageVisibility", "SendMessage", "SendMessageBatch"],
    "ssm": ["DeleteParameter", "GetParameter", "PutParameter"],
}
"""The operations that our code calls. Add every new operation here."""

_PAGINATED = {"dynamodb": ["Query"]}
# The clients of all services read these files.
_COMMON = ["_retry", "partitions", "sdk-default-configuration"]


def models() -> Iterator[tuple[Path, str]]:
    """Yield the path below TARGET and the content of every file."""
    loader = Loader()
    for name in _COMMON:
        yield Path(f"{name}.json"), _json(loader.load_data(name))
    yield Path("endpoints.json"), _json(_endpoints(loader.load_data("endpoints")))
    for service, operations in OPERATIONS.items():
        folder = Path(service, loader.determine_latest_version(service, "service-2"))
        yield folder / "service-2.json", _json(_service(loader.load_service_model(service, "service-2"), operations))
        rules = loader.load_service_model(service, "endpoint-rule-set-1")
        yield folder / "endpoint-rule-set-1.json", _json(rules)
        if service in _PAGINATED:
            paginators = loader.load_service_model(service, "paginators-1")["pagination"]
            kept = {name: paginators[name] for name in _PAGINATED[service]}
            yield folder / "paginators-1.json", _json({"pagination": kept})


def _endpoints(endpoints: Any) -> Any:  # noqa: ANN401 # JSON
    partitions = [
        {**partition, "services": {name: it for name, it in partition["services"].items() if name in OPERATIONS}}
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _service(model: Any, operations: list[str]) -> Any:  # noqa: ANN401 # JSON
    """Return the model with these operations, the shapes they reach, and no documentation."""
    model = _undocumented(model)
    kept = {name: model["operations"][name] for name in operations}
    shapes: dict[str, Any] = {}
    reached = [shape["shape"] for operation in kept.values() for shape in _shapes_of(operation)]
    while reached:
        name = reached.pop()
        if name not in shapes:
            shapes[name] = shape = model["shapes"][name]
            inner = [
                *shape.get("members", {}).values(),
                *(shape[part] for part in ("member", "key", "value") if part in shape),
            ]
            reached += [member["shape"] for member in inner]
    return {**model, "operations": kept, "shapes": dict(sorted(shapes.items()))}


def _shapes_of(operation: Any) -> Iterator[Any]:  # noqa: ANN401 # JSON
    yield from (operation[part] for part in ("input", "output") if part in operation)
    yield from operation.get("errors", [])


def _undocumented(node: Any) -> Any:  # noqa: ANN401 # JSON
    """Return the node without documentation texts. A structure's member with such a name is not a text, and is kept."""
    match node:
        case dict():
            texts = ("documentation", "documentationUrl", "smithy.rules#documentation")
            return {k: _undocumented(v) for k, v in node.items() if not (k in texts and isinstance(v, str))}
        case list():
            return [_undocumented(member) for member in node]
        case _:
            return node


def _json(model: Any) -> str:  # noqa: ANN401 # JSON
    return json.dumps(model, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    shutil.rmtree(TARGET, ignore_errors=True)
    for path, text in models():
        (TARGET / path).parent.mkdir(parents=True, exist_ok=True)
        (TARGET / path).write_text(text)
