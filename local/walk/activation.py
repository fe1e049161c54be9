"""The main contact activates the company's customer center, or logs in when it is active from an earlier run."""

from http import HTTPStatus

from local.walk.shop import CODE, CUSTOMER_NUMBER, INVOICE_NUMBER, MAIN_CONTACT, PASSWORD, Shop
from local.walk.story import Story, expect, step, tell


def activate(story: Story) -> None:
    """Open the customer center with the mailed code."""
    step("Activation", "POST /activations with customer number, invoice number and the main contact's e-mail")
    story.token = _token(story.shop)
    me = expect(HTTPStatus.OK, story.shop.call("GET", "/me", token=story.token))
    tell(f"{me['user']['name']} is {', '.join(me['user']['roles'])} of {me['company']['name']}")
    tell(f"may do: {', '.join(me['permissions'])}")


def _token(shop: Shop) -> str:
    """Return the main contact's access token."""
    wanted = {
        "customer_number": CUSTOMER_NUMBER,
        "invoice_number": INVOICE_NUMBER,
        "email": MAIN_CONTACT,
        "salutation": "mr",
        "name": "Max Mustermann",
        "password": PASSWORD,
    }
    wrong = shop.call("POST", "/activations", body={**wanted, "invoice_number": "999999"})
    tell(f"with an invoice of somebody else: {wrong.status_code} {wrong.json()['code']}")
    if token := shop.log_in(MAIN_CONTACT, PASSWORD):
        tell("the company was activated in an earlier run; its main contact logs in")
        return token
    before = len(shop.mails(MAIN_CONTACT))
    expect(HTTPStatus.ACCEPTED, shop.call("POST", "/activations", body=wanted))
    code = shop.wait_for(MAIN_CONTACT, CODE, after=before)
    tell(f"a code was mailed to {MAIN_CONTACT}: {code}")
    done = expect(HTTPStatus.CREATED, shop.call("POST", "/activations", body={**wanted, "code": code}))
    tell("the customer center is activated, and its main contact is logged in")
    return str(done["session"]["access_token"])
