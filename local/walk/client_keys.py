"""The shop's backend reads a user's permissions, and an operator unlocks an activation, each with a client key."""

from http import HTTPStatus

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
