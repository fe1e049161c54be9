"""The main contact hands the role over and gets it back."""

from http import HTTPStatus

from local.walk.shop import PASSWORD
from local.walk.story import Story, expect, step, tell


def hand_over(story: Story) -> None:
    """Hand the role over to the invited user, and back to the former main contact."""
    step("Main contact", "POST /company/main-contact, and back")
    shop, token, route = story.shop, story.token, "/company/main-contact"
    main = expect(HTTPStatus.OK, shop.call("GET", "/me", token=token))["user"]
    invited_token = shop.log_in(story.email, PASSWORD)
    wish = {"user_id": story.invited["user_id"]}
    new = expect(HTTPStatus.OK, shop.call("POST", route, token=token, body=wish))
    tell(f"{new['name']} is {', '.join(new['roles'])}, and both are told by mail")
    refused = shop.call("GET", "/users", token=token)
    tell(f"the users' administration is refused to {main['name']}: {refused.status_code} {refused.json()['code']}")
    back = expect(HTTPStatus.OK, shop.call("POST", route, token=invited_token, body={"user_id": main["user_id"]}))
    tell(f"{back['name']} is {', '.join(back['roles'])} again")
