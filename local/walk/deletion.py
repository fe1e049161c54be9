"""The main contact deletes a user, who then cannot log in."""

from http import HTTPStatus

from local.walk.shop import PASSWORD
from local.walk.story import Story, expect, step, tell


def delete(story: Story) -> None:
    """Delete the invited user."""
    step("Deletion", "DELETE /users/{user_id}")
    path = f"/users/{story.invited['user_id']}"
    expect(HTTPStatus.NO_CONTENT, story.shop.call("DELETE", path, token=story.token, If_Match="*"))
    if story.shop.log_in(story.email, PASSWORD):
        raise SystemExit("A deleted user could log in.")
    tell("account and login are gone; a contact of the ERP can be invited again")
