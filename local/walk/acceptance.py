"""The invited person sets a password and is logged in."""

from http import HTTPStatus

from local.walk.shop import PASSWORD
from local.walk.story import Story, expect, step, tell


def accept(story: Story) -> None:
    """Accept the invitation with the mailed link."""
    step("Acceptance", "POST /invitations/lookup, then /acceptance, with the link's token and a password of one's own")
    seen = expect(HTTPStatus.OK, story.shop.call("POST", "/invitations/lookup", body={"token": story.link_token}))
    tell(f"{seen['inviter_name']} invites to {seen['shop_name']} for {seen['company_name']}")
    accepted = {"token": story.link_token, "password": PASSWORD}
    session = expect(HTTPStatus.OK, story.shop.call("POST", "/invitations/acceptance", body=accepted))
    story.invited_token = session["session"]["access_token"]
    me = expect(HTTPStatus.OK, story.shop.call("GET", "/me", token=story.invited_token))
    tell(f"{me['user']['name']} is {me['user']['status']} and may do: {', '.join(me['permissions'])}")
    refused = story.shop.call("GET", "/users", token=story.invited_token)
    tell(f"the users' administration is refused to them: {refused.status_code} {refused.json()['code']}")
