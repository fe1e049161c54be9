"""What an operator does, on the running stack."""

from local.walk import PASSWORD
from tests.e2e.companies import eventually, new_customer


def test_a_closed_company_lets_nobody_in_until_it_is_reopened(stack):
    company = new_customer(stack).activate()

    def operate(what):
        return company.shop.call("POST", f"/companies/{company.company_id}/{what}", token=stack.operator_key)

    closed = operate("closure")

    assert closed.status_code == 200, closed.text
    refused = company.shop.call("GET", "/me", token=company.token)
    assert (refused.status_code, refused.json()["code"]) == (403, "company-closed")
    eventually(lambda: company.shop.log_in(company.email, PASSWORD) is None)
    reopened = operate("reopening")
    assert reopened.status_code == 200, reopened.text
    assert company.shop.call("GET", "/me", token=company.token).status_code != 403
    assert eventually(lambda: company.shop.log_in(company.email, PASSWORD))
