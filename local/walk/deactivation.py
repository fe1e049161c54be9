"""The main contact deactivates a user, who loses access at once, and activates the user again."""

from http import HTTPStatus

from local.walk.shop import PASSWORD
from local.walk.story import Story, expect, step, tell


def deactivate(story: Story) -> None:
    """Deactivate and activate the invited user."""
    step("Deactivation", "POST /users/{user_id}/deactivate, then /activate")
    shop, token, email = story.shop, story.token, story.invited["email"]
    path = f"/users/{story.invited['user_id']}"
    expect(HTTPStatus.OK, shop.call("POST", f"{path}/deactivate", token=token))
    refused = shop.call("GET", "/me", token=story.invited_token)
    tell(f"the token they hold is refused: {refused.status_code} {refused.json()['code']}")
    if shop.log_in(email, PASSWORD):
        raise SystemExit("A deactivated user could log in.")
    tell("logging in is refused")
    expect(HTTPStatus.OK, shop.call("POST", f"{path}/activate", token=token))
    if not shop.log_in(email, PASSWORD):
        raise SystemExit("A user who was activated again could not log in.")
    tell("activated again, they log in with their old password")
