"""The simulated ERP, one for the tests of a file, and what a gateway needs to talk to it."""

import pytest

from tests.fakes.erp_simulator import direct_session, running_simulator


@pytest.fixture(scope="module")
def erp_server():
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def erp(erp_server):
    erp_server.reset()
    return erp_server


@pytest.fixture(params=["xml", "soap"])
def transport(request):
    return request.param


@pytest.fixture
def session():
    with direct_session() as open_session:
        yield open_session
