"""The emulator, patched: a door in front of it, Lambda's concurrency, and mails that bounce.

Functions reach it through a door (`local/stricter.py`), which knows each by a session token of its own. Executions over
the concurrency of the door's rule are refused as AWS refuses them: by an HTTP API with 503, while event sources try
again. A mail that SES v2 sends to the mailbox simulator bounces, as with SES v1.

The emulator's own Python runs this file. The file patches the pinned version ministack 1.5.33.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from ministack import app  # type: ignore[import-not-found]
from ministack.core import lambda_runtime  # type: ignore[import-not-found]
from ministack.services import cognito, lambda_svc, ses, ses_v2  # type: ignore[import-not-found]

# At the end, so that no module of ours hides one of the emulator's.
sys.path.append(str(Path(__file__).parent.parent))

from local.stricter import Door, Rules

# Private names below, because the emulator has no other place to change its behaviour.
# ruff: noqa: SLF001

_rules = Rules(json.loads(os.environ.get("STRICTER_RULES", "{}")))


class _Logins:
    """The emulator's user pools."""

    def is_disabled(self, pool_id: str, username: str) -> bool:
        _, _, body = cognito._admin_get_user({"UserPoolId": pool_id, "Username": username})
        return json.loads(body).get("Enabled") is False

    def with_verified_email(self, pool_id: str, email: str) -> list[str]:
        _, _, body = cognito._list_users({"UserPoolId": pool_id, "Filter": f'email = "{email}"'})
        verified = {"Name": "email_verified", "Value": "true"}
        return [user["Username"] for user in json.loads(body)["Users"] if verified in user["Attributes"]]


_concurrency = lambda_svc._sqs_esm_concurrency


def _concurrency_as_number(mapping: dict[str, Any], *more: Any) -> int:  # noqa: ANN401 # the emulator's
    """Return the event source's concurrency. A number that a parameter gives comes as text."""
    scaling = mapping.get("ScalingConfig") or {}
    if isinstance(wanted := scaling.get("MaximumConcurrency"), str):
        mapping["ScalingConfig"] = {**scaling, "MaximumConcurrency": int(wanted)}
    return int(_concurrency(mapping, *more))


lambda_svc._sqs_esm_concurrency = _concurrency_as_number
_acquire = lambda_svc._acquire_execution_slot
_run_batch = lambda_svc._run_sqs_batch
_shaped = lambda_svc.lambda_execute_result_to_api_proxy_response


def _acquire_below_the_limit(*function: Any) -> tuple[Any, str | None]:  # noqa: ANN401 # the emulator's
    in_flight, _ = lambda_svc.executions_in_flight()
    return (None, "account") if _rules.refuses_execution(in_flight) else _acquire(*function)


def _run_when_there_is_room(*batch: Any) -> None:  # noqa: ANN401 # the emulator's
    """Run a batch of SQS. A throttled one is tried again, as by AWS, and does not wait for its visibility timeout."""
    while _rules.refuses_execution(lambda_svc.executions_in_flight()[0]):
        time.sleep(0.1)
    _run_batch(*batch)


def _as_an_http_api_says(result: dict[str, Any]) -> Any:  # noqa: ANN401 # the emulator's
    if result.get("throttle"):
        headers = {"Content-Type": "application/json"}
        return {"statusCode": 503, "headers": headers, "body": '{"message":"Service Unavailable"}'}, None
    return _shaped(result)


lambda_svc._acquire_execution_slot = _acquire_below_the_limit
lambda_svc._run_sqs_batch = _run_when_there_is_room
lambda_svc.lambda_execute_result_to_api_proxy_response = _as_an_http_api_says

_relay = ses_v2._smtp_relay  # called once for every mail that SES v2 accepts


def _relay_and_notify(source: str, recipients: list[str], mime: str) -> None:
    _relay(source, recipients, mime)
    ses._send_notifications(str(uuid4()), source, recipients)


ses_v2._smtp_relay = _relay_and_notify

_credentials = lambda_runtime.execution_credentials
_functions: dict[str, str] = {}


def _own_credentials(config: dict[str, Any]) -> dict[str, str]:
    """Return the credentials of a function's sandbox, with a session token that only this function has."""
    found: dict[str, str] = _credentials(config)
    name = config["FunctionName"]
    token = found["AWS_SESSION_TOKEN"] or f"session-of-{name}"
    _functions[token] = name
    return {**found, "AWS_SESSION_TOKEN": token}


lambda_runtime.execution_credentials = _own_credentials


def _end_sandboxes() -> None:
    """End all sandboxes. Their unpacked code stays until the stack ends: removing it can take more than a minute."""
    for workers in lambda_runtime._workers.values():
        for worker in workers:
            worker._tmpdir = None
    lambda_runtime.reset()


if __name__ == "__main__":
    records = os.environ.get("RECORDED_CALLS")
    app.app = Door(
        app.app,
        functions=_functions,
        logins=_Logins(),
        rules=_rules,
        records=Path(records) if records else None,
        end_sandboxes=_end_sandboxes,
    )
    app.main()
