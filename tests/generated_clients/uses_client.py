"""What a shop's backend writes with the client that is made of docs/openapi.json. Prints the refusal's code.

Runs in the generator's own environment, which has what the client imports.
"""

import importlib
import json
import pkgutil

import api_client
import httpx
from api_client.api.users import get_user
from api_client.models import GatewayError, Problem, ProblemCode

for module in pkgutil.walk_packages(api_client.__path__, "api_client."):
    importlib.import_module(module.name)

PROBLEM = {
    "type": "urn:customer-center:problem:not-found",
    "title": "Not Found",
    "status": 404,
    "detail": "There is nothing here by that name.",
    "code": "not-found",
    "request_id": "request-1",
}


def asked(status, body, media_type):
    """Return what the client makes of this answer."""

    def answer(request):
        assert request.url.path == "/users/usr_1"
        return httpx.Response(status, headers={"Content-Type": media_type}, content=json.dumps(body))

    client = api_client.AuthenticatedClient(
        "https://api.example.com", token="token", httpx_args={"transport": httpx.MockTransport(answer)}
    )
    return get_user.sync("usr_1", client=client)


refused = asked(404, PROBLEM, "application/problem+json")
assert isinstance(refused, Problem)
assert refused.code is ProblemCode.NOT_FOUND
assert isinstance(asked(401, {"message": "Unauthorized"}, "application/json"), GatewayError)
print(refused.code)  # noqa: T201 # what the test reads
