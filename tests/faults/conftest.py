"""What plays a scenario of the call faults, in a shop that can crash at any call."""

import pytest
from moto import mock_aws

from tests.fakes.erp_simulator import running_simulator
from tests.faults.shop import Fate, RunningShop
from tests.integration.aws import Aws, Sandboxes, forget


@pytest.fixture(scope="module")
def erp():
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def aws(erp):
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield Aws(erp.url)
        forget()


@pytest.fixture
def run(request, aws, erp, monkeypatch):
    """Return what plays a scenario with a fate, and returns the state and the new mails in the end.

    A module with another kind of shop names it SHOP.
    """
    make, prepared = getattr(request.module, "SHOP", RunningShop), {}

    def play(scenario, fate):
        erp.reset()
        with monkeypatch.context() as patch:
            aws.restore(None)
            shop = make(aws, Sandboxes(aws, patch), erp, patch)
            if scenario.prepare not in prepared:
                prepared[scenario.prepare] = scenario.prepare(shop), shop.saved()
            known, before = prepared[scenario.prepare]
            shop.load(before)
            shop.fate = fate
            scenario.act(shop, known)
            shop.settle()
            shop.fate = Fate()
            return shop.state(), shop.mails()

    return play
