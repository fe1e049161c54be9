"""Send one signed event, as an ERP would: `make webhook TYPE=customer.updated DATA='{"customer_number": "10000"}'`.

Without arguments, the event says that the demo customer's customer center is on. This changes nothing.
"""

import base64
import hmac
import json
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import requests

from local.addresses import ADDRESSES

_TIMEOUT = 30
_DEMO = ("customer.updated", '{"customer_number": "10000", "customer_center": true}')


def send(
    api_url: str,
    secret: str,
    kind: str,
    data: Mapping[str, object],
    at: datetime | None = None,
    source: str = "erp",
) -> requests.Response:
    """Send an event of a source that happened at that time, by default now. Status 202 means that it was queued."""
    event = {"type": kind, "timestamp": (at or datetime.now(UTC)).isoformat(), "data": data}
    body = json.dumps(event).encode()
    headers = signed_headers(secret, body)
    return requests.post(f"{api_url}/webhooks/{source}", data=body, headers=headers, timeout=_TIMEOUT)


def signed_headers(secret: str, body: bytes) -> dict[str, str]:
    """Return the Standard Webhooks headers of a body that is sent now (docs/webhooks.md)."""
    webhook_id, timestamp = f"msg_{secrets.token_hex(12)}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, "sha256")
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def main() -> int:
    """Send the event of the arguments to the running local stack. Return 1 when it was not accepted."""
    kind, data = [*sys.argv[1:], *_DEMO[len(sys.argv) - 1 :]][:2]
    try:
        stack = json.loads(ADDRESSES.read_text())
        answer = send(stack["api_url"], stack["webhook_secret"], kind, json.loads(data))
    except (FileNotFoundError, requests.ConnectionError):
        raise SystemExit("The local stack is not running: make run") from None
    print(answer.status_code, answer.text)
    return 0 if answer.ok else 1


if __name__ == "__main__":
    sys.exit(main())
