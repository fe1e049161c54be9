"""The ERP sends webhooks: the customer center is switched off and on, and a contact is removed and added."""

import re
import time
from collections.abc import Callable
from http import HTTPStatus

from local.walk.shop import MAIL_SECONDS, MAIN_CONTACT
from local.walk.story import Story, expect, step, tell


def change_in_erp(story: Story) -> None:
    """Change the demo customer in the ERP simulator, and check that the changes are applied."""
    step("ERP webhooks", "the ERP tells what changed: POST /webhooks/erp, signed (docs/webhooks.md)")
    _switch_off_and_on(story)
    _remove_and_add_contact(story)


def _switch_off_and_on(story: Story) -> None:
    shop, token = story.shop, story.token
    shop.change_in_erp(customer_center="0")
    _wait_until(lambda: shop.call("GET", "/users", token=token).status_code == HTTPStatus.FORBIDDEN)
    refused = shop.call("GET", "/users", token=token)
    tell(f"customer center switched off: administration is refused, {refused.status_code} {refused.json()['code']}")
    expect(HTTPStatus.OK, shop.call("GET", "/me", token=token))
    tell("nobody's login is touched")
    shop.change_in_erp(customer_center="1")
    _wait_until(lambda: shop.call("GET", "/users", token=token).ok)
    tell("switched on again, everything is as it was")


def _remove_and_add_contact(story: Story) -> None:
    shop, token, user = story.shop, story.token, story.invited
    if user["contact_number"] is None:
        tell(f"{user['name']} did not come from the ERP, so that no contact of theirs can leave it")
        return
    number = user["contact_number"]
    (contact,) = [contact for contact in shop.erp_contacts() if contact["number"] == number]
    before = len(shop.mails(MAIN_CONTACT))
    shop.change_in_erp(remove_contacts=[number])
    shop.wait_for(MAIN_CONTACT, f"({re.escape(number)})", after=before)
    tell(f"contact {number} is gone from the ERP: the user is marked, {MAIN_CONTACT} is told, and decides")
    shop.change_in_erp(add_contacts=[contact])
    path = f"/users/{user['user_id']}"
    _wait_until(lambda: shop.call("GET", path, token=token).json()["contact_left_at"] is None)
    tell("it is there again: the mark is gone")


def _wait_until(check: Callable[[], bool]) -> None:
    end = time.monotonic() + MAIL_SECONDS
    while not check():
        if time.monotonic() > end:
            raise SystemExit("What the ERP told was not applied in time.")
        time.sleep(0.2)
