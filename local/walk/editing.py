"""The main contact edits a user. The new e-mail becomes the login when its owner confirms it and the old one agrees."""

import secrets
from http import HTTPStatus

from local.walk.shop import LINK, PASSWORD
from local.walk.story import Story, expect, step, tell


def edit(story: Story) -> None:
    """Change name, roles and e-mail of the invited user."""
    step("Editing", "PATCH /users/{user_id} with If-Match, and POST /email-confirmations with the token of a link")
    shop, token = story.shop, story.token
    path, old = f"/users/{story.invited['user_id']}", story.invited["email"]
    new = f"moved.{secrets.token_hex(4)}@musterhandel.example"
    version = shop.call("GET", path, token=token).headers["ETag"]
    before = len(shop.mails(old))
    changes = {"name": "Edda Edel", "roles": ["approver", "buyer"], "email": new}
    edited = expect(HTTPStatus.OK, shop.call("PATCH", path, token=token, body=changes, If_Match=version))
    tell(f"{edited['name']} is {', '.join(edited['roles'])}; {edited['email_change']['email']} waits to be confirmed")
    again = shop.call("PATCH", path, token=token, body=changes, If_Match=version)
    tell(f"the same for the version before: {again.status_code} {again.json()['code']}")
    body = {"token": shop.wait_for(new, LINK)}
    hint = shop.wait_for(old, r"(m\*\*\*@[\w.]+\w)", after=before)
    tell(f"the old address was told that {hint} is to be the new one, and can cancel that")
    waiting = expect(HTTPStatus.ACCEPTED, shop.call("POST", "/email-confirmations", body=body))
    tell(
        f"confirmed with the link, the new e-mail is the login from {waiting['takes_effect_at']} on, or once agreed to"
    )
    agreed = {"token": shop.wait_for(old, LINK, after=before)}
    expect(HTTPStatus.OK, shop.call("POST", "/email-confirmations", body=agreed))
    if shop.log_in(old, PASSWORD) or not shop.log_in(new, PASSWORD):
        raise SystemExit("A confirmed e-mail is not the login.")
    tell("the old address agreed: the new e-mail is the login, and the old one is not")
    story.email = new
