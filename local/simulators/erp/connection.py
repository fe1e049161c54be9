"""How the ERP simulator and the local stack are connected."""

import json
import urllib.request
from collections.abc import Mapping

from local.simulators.erp.server import PASSWORD, USER
from local.simulators.simulator import Simulator

WEBHOOK_SECRET = "whsec_bG9jYWwgb25seSwgYW5kIG5vIHNlY3JldCBhdCBhbGw="  # noqa: S105 # of a stack on the loopback only
_CREDENTIALS_PARAMETER = "/customer-center/local/erp"
_WEBHOOK_SECRETS_PARAMETER = "/customer-center/local/erp-webhooks"


def _parameters(url: str) -> Mapping[str, str]:
    return {
        "ErpUrl": f"{url}/soap",
        "ErpCredentialsParameter": _CREDENTIALS_PARAMETER,
        "ErpWebhookSecretsParameter": _WEBHOOK_SECRETS_PARAMETER,
    }


def _connect(url: str, api_url: str) -> None:
    """Set the address to which the ERP sends its webhooks, and the secret that signs them."""
    receiver = json.dumps({"url": api_url, "secret": WEBHOOK_SECRET}).encode()
    request = urllib.request.Request(f"{url}/_simulator/webhooks", data=receiver)  # noqa: S310 # a loopback address of ours
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 # as above
        pass


ERP = Simulator(
    name="erp",
    port=4567,
    ready="/_simulator/requests",
    secrets={
        _CREDENTIALS_PARAMETER: {"user": USER, "password": PASSWORD},
        _WEBHOOK_SECRETS_PARAMETER: {"secrets": [WEBHOOK_SECRET]},
    },
    parameters=_parameters,
    connect=_connect,
)
