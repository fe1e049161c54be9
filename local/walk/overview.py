"""The main contact sees the company's users, and the ERP contacts without a shop account."""

from http import HTTPStatus

from local.walk.story import Story, expect, step, tell


def look_over(story: Story) -> None:
    """List users and contacts."""
    step("Overview", "GET /users and GET /erp-contacts")
    for user in expect(HTTPStatus.OK, story.shop.call("GET", "/users", token=story.token))["items"]:
        tell(f"{user['name']}: {user['status']}, {', '.join(user['roles'])}")
    story.contacts = expect(HTTPStatus.OK, story.shop.call("GET", "/erp-contacts", token=story.token))["items"]
    count, first = len(story.contacts), story.contacts[0]["name"]
    tell(f"{count} contacts of the ERP have no shop account, the first is {first}")
