"""Client keys: the shop's backend reads a user's permissions, an operator unlocks an activation, keys are managed."""

from http import HTTPStatus
from typing import Any

from local.walk.shop import CUSTOMER_NUMBER
from local.walk.story import Story, expect, step, tell


def call_with_client_keys(story: Story) -> None:
    """Call the machines' API with the key of the shop's backend and with an operator's key."""
    step("Shop backend and operator", "GET /companies/{company_id}/users/{user_id}, POST /activation-unlocks")
    shop, stack, user = story.shop, story.stack, story.invited
    path = f"/companies/{user['company_id']}/users/{user['user_id']}"
    read = expect(HTTPStatus.OK, shop.call("GET", path, token=stack.client_key))
    budget = read["user"]["budgets"]["per_order"]
    limit = f"{budget['amount']} {budget['currency']} per order" if budget else "any amount"
    tell(f"by its client key the shop's backend reads: {', '.join(read['permissions'])}, {limit}")
    unlock = {"customer_number": CUSTOMER_NUMBER}
    refused = shop.call("POST", "/activation-unlocks", token=stack.client_key, body=unlock)
    tell(f"what operators do is refused to it: {refused.status_code} {refused.json()['code']}")
    expect(HTTPStatus.OK, shop.call("POST", "/activation-unlocks", token=stack.operator_key, body=unlock))
    tell(f"an operator has forgotten today's refused activations of customer {CUSTOMER_NUMBER}")
    _manage_keys(story, path)


def _manage_keys(story: Story, path: str) -> None:
    """Issue a manager's key, let it issue another one, and revoke both by revoking the first."""
    step("Client keys", "POST /client-keys, POST /client-keys/{key_id}/revocation")
    shop, stack = story.shop, story.stack

    def issue(token: str, name: str, *scopes: str) -> dict[str, Any]:
        body = {"name": name, "scopes": scopes}
        return dict(expect(HTTPStatus.CREATED, shop.call("POST", "/client-keys", token=token, body=body)))

    manager = issue(stack.manager_key, "a shop's manager", "keys:manage", "companies:read")
    child = issue(manager["secret"], "the shop's second backend", "companies:read")
    expect(HTTPStatus.OK, shop.call("GET", path, token=child["secret"]))
    tell(f"key {manager['key']['key_id']} has issued key {child['key']['key_id']}, which reads the same user")
    more = {"name": "too much", "scopes": ["operator"]}
    refused = shop.call("POST", "/client-keys", token=manager["secret"], body=more)
    tell(f"what it lacks it cannot give: {refused.status_code} {refused.json()['code']}")
    revocation = f"/client-keys/{manager['key']['key_id']}/revocation"
    expect(HTTPStatus.OK, shop.call("POST", revocation, token=stack.manager_key, body={}))
    refused = shop.call("GET", path, token=child["secret"])
    tell(f"the first is revoked, and with it the second: {refused.status_code} {refused.json()['code']}")
