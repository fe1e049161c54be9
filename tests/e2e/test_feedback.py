"""Bounces go from SES's topic to the API. The emulator has SES's mailbox simulator."""

from tests.e2e.companies import eventually, new_customer


def test_an_invitation_whose_mail_bounces_is_listed_as_bounced_and_can_be_renewed(stack):
    company = new_customer(stack).activate()
    # An address of SES, and one user's at a time.
    body = {"salutation": "mr", "name": "Nobody", "email": "bounce@simulator.amazonses.com", "roles": ["buyer"]}

    invited = company.shop.call("POST", "/users", token=company.token, body=body).json()

    assert invited["invitation"]["status"] == "pending"
    assert eventually(lambda: _listed(company, invited["user_id"])["invitation"]["status"] == "bounced")
    assert _listed(company, invited["user_id"])["status"] == "invited"
    for action in ("deactivate", "activate"):
        renewed = company.shop.call("POST", f"/users/{invited['user_id']}/{action}", token=company.token).json()
    assert renewed["invitation"]["status"] == "pending"
    assert eventually(lambda: _listed(company, invited["user_id"])["invitation"]["status"] == "bounced")


def _listed(company, user_id):
    users = company.shop.call("GET", "/users", token=company.token).json()["items"]
    return next(user for user in users if user["user_id"] == user_id)
