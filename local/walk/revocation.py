"""The main contact sends an invitation again too early, which is refused, and then revokes it."""

import secrets
from http import HTTPStatus

from local.walk.shop import LINK, PASSWORD
from local.walk.story import Story, expect, step, tell


def resend_and_revoke(story: Story) -> None:
    """Invite a new person, revoke the invitation, and check that its link is refused."""
    step("Invitation, again and no more", "POST and DELETE /users/{user_id}/invitation")
    shop, token = story.shop, story.token
    email = f"new.{secrets.token_hex(4)}@musterhandel.example"
    body = {"salutation": "mr", "name": "Nino Neu", "email": email, "roles": ["buyer"]}
    invited = expect(HTTPStatus.CREATED, shop.call("POST", "/users", token=token, body=body))
    link_token, path = shop.wait_for(email, LINK), f"/users/{invited['user_id']}"
    early = shop.call("POST", f"{path}/invitation", token=token)
    tell(f"again within a minute: {early.status_code} {early.json()['code']}, in {early.headers['Retry-After']} s")
    revoked = expect(HTTPStatus.OK, shop.call("DELETE", f"{path}/invitation", token=token, If_Match="*"))
    tell(f"{email} is {revoked['status']}, the invitation {revoked['invitation']['status']}")
    refused = shop.call("POST", "/invitations/acceptance", body={"token": link_token, "password": PASSWORD})
    tell(f"its link is no good any more: {refused.status_code} {refused.json()['code']}")
    expect(HTTPStatus.NO_CONTENT, shop.call("DELETE", path, token=token, If_Match="*"))
