"""A few requests of every documented operation through the real gateway and authorizer (many: tests/fuzz)."""

import pytest
import requests
from hypothesis import settings

from tests.e2e.companies import new_customer
from tests.fuzz.requests_of_document import CHECKS, SAME, document

SOMETHING = document({"coverage": {"enabled": False}, "examples": {"enabled": False}})


@pytest.fixture(scope="module")
def shown(stack):
    """The credentials of each caller: a main contact's access token, a client key with every scope, or none."""
    token = new_customer(stack).activate().token
    return {
        "a main contact": {"Authorization": f"Bearer {token}"},
        "an operator": {"Authorization": f"Bearer {stack.manager_key}"},
        "nobody": {},
    }


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.mark.parametrize("caller", ["a main contact", "an operator", "nobody"])
@SOMETHING.parametrize()
@settings(SAME, max_examples=3)
def test_the_gateway_and_what_is_behind_it_answer_as_documented(case, stack, session, shown, caller):
    case.call_and_validate(base_url=stack.api_url, session=session, headers=shown[caller], checks=CHECKS)
