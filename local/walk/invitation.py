"""The main contact invites an ERP contact, or a new person when every contact already has an account."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.walk.story import Story, expect, step, tell


def invite(story: Story) -> None:
    """Invite one person."""
    step("Invitation", "POST /erp-contacts/{contact_number}/user, or POST /users for somebody the ERP does not know")
    invited = story.invited = _invited(story)
    tell(f"{invited['name']} ({invited['email']}) is {invited['status']} as {', '.join(invited['roles'])}")


def _invited(story: Story) -> Mapping[str, Any]:
    for contact in story.contacts:
        if contact["cannot_be_invited"]:
            tell(f"{contact['name']} cannot be invited: the ERP has no e-mail")
            continue
        budget = {"amount": "500.00", "currency": "EUR"}
        body = {"salutation": "mrs", "roles": ["buyer"], "budgets": {"per_order": budget}}
        path = f"/erp-contacts/{contact['contact_number']}/user"
        answer = story.shop.call("POST", path, token=story.token, body=body)
        if answer.status_code == HTTPStatus.CREATED:
            return dict(answer.json())
        tell(f"{contact['name']}: {answer.status_code} {answer.json()['code']}")
    email = f"new.{secrets.token_hex(4)}@musterhandel.example"
    new = {"salutation": "mr", "name": "Nino Neu", "email": email, "roles": ["approver"]}
    return expect(HTTPStatus.CREATED, story.shop.call("POST", "/users", token=story.token, body=new))
