"""The stage that the tests of the functions run on: AWS in memory and the simulated ERP.

Every log line is checked for personal data and secrets, which it must not hold.
"""

import pytest
from moto import mock_aws

from tests.integration.aws import Aws, Sandboxes, forget
from tests.integration.functions.stage import Stage
from tests.integration.population import PASSWORD, SECRET, populate


@pytest.fixture(scope="module")
def aws(erp_server):
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield Aws(erp_server.url)
        forget()


@pytest.fixture
def stage(aws, erp, monkeypatch, capsys):
    """The stack with empty tables. Afterwards no log line of the test may contain a secret or personal data."""
    aws.restore(None)
    sandboxes = Sandboxes(aws, monkeypatch)
    yield Stage(aws, sandboxes)
    printed = sandboxes.log.getvalue() + capsys.readouterr().out
    # Every e-mail address has an @; every token of Cognito begins with eyJ.
    for secret in ("@", "eyJ", PASSWORD, SECRET, "123456", "Mustermann", "local-only"):
        assert secret not in printed


@pytest.fixture(scope="module")
def population(aws):
    """Return the contents of the tables that the sample events need."""
    return populate(aws)


@pytest.fixture
def company(stage, population):
    """The stack with the companies, users and client keys of the sample events."""
    stage.aws.restore(population)
    return stage
