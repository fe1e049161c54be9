"""`make edge` passes the stage's API and the newest secret to ops/edge.yaml, and says what is missing."""

import json

import boto3
import pytest
from moto import mock_aws

from ops import edge
from tests.samconfig import write_samconfig
from tests.template_reader import load_template

SECRETS = "/trial/proxies"
BEHIND = {"TrustedProxies": "1", "ProxySecretsParameter": SECRETS}
OLD, NEW = "o" * 32, "n" * 32


class CloudFormation:
    """Remembers what is asked of it."""

    class exceptions:  # noqa: N801 # as boto3 names it
        """The errors of the client."""

        class AlreadyExistsException(Exception):
            """There is such a stack."""

    def __init__(self, *, exists=False, update_error=None):
        self.exists, self.update_error = exists, update_error
        self.asked = []

    def create_stack(self, **request):
        if self.exists:
            raise self.exceptions.AlreadyExistsException
        self.asked.append(("create", request))

    def update_stack(self, **request):
        if self.update_error:
            raise self.update_error
        self.asked.append(("update", request))

    def get_waiter(self, name):
        self.asked.append(("wait", name))
        return self

    def wait(self, **_):
        pass

    def describe_stacks(self, **_):
        outputs = {"Url": "https://edge.example", "DistributionDomain": "d1.cloudfront.net"}
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}


@pytest.fixture(autouse=True)
def region(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def _secrets(value):
    client = boto3.client("ssm", region_name="eu-central-1")
    client.put_parameter(Name=SECRETS, Type="SecureString", Value=json.dumps(value), Overwrite=True)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command against a stage that is deployed, and return the parameters of the stack in front of it."""

    def run(cloudformation, more="", **parameters):
        config = write_samconfig(tmp_path, **parameters)
        config.write_text(config.read_text() + more)
        outputs = [{"OutputKey": "ApiId", "OutputValue": "abc123"}]
        monkeypatch.setattr(edge.Stage, "stack", lambda stage: {"Outputs": outputs})
        monkeypatch.setattr(edge, "cloudformation", lambda: cloudformation)
        assert edge.main(["trial", "--config", str(config)]) == 0
        assert NEW not in capsys.readouterr().out
        (request,) = [request for kind, request in cloudformation.asked if kind in ("create", "update")]
        assert request["StackName"] == "customer-center-trial-edge"
        return {each["ParameterKey"]: each["ParameterValue"] for each in request["Parameters"]}

    return run


def test_the_edge_is_where_cloudfront_is():
    assert edge.cloudformation().meta.region_name == "us-east-1"


def test_the_edge_knows_the_stages_api_and_its_newest_secret(run):
    _secrets({"secrets": [OLD, NEW]})
    given = run(CloudFormation(), **BEHIND)
    assert given == {
        "Stage": "trial",
        "ApiDomain": "abc123.execute-api.eu-central-1.amazonaws.com",
        "ProxySecret": NEW,
    }
    assert given.keys() <= load_template(edge.TEMPLATE)["Parameters"].keys()


def test_a_stage_sets_parameters_of_its_edge(run):
    _secrets({"secrets": [NEW]})
    more = '[trial.edge.parameters]\nparameter_overrides = ["PublicRequestsPerAddress=50"]\n'
    cloudformation = CloudFormation(exists=True)
    assert run(cloudformation, more, **BEHIND)["PublicRequestsPerAddress"] == "50"
    assert ("wait", "stack_update_complete") in cloudformation.asked


def test_nothing_to_change_is_no_failure():
    error = boto3.client("ssm", region_name="eu-central-1").exceptions.ClientError(
        {"Error": {"Code": "ValidationError", "Message": "No updates are to be performed."}}, "UpdateStack"
    )
    outputs = edge.deploy(CloudFormation(exists=True, update_error=error), "name", {})
    assert outputs["Url"] == "https://edge.example"


@pytest.mark.parametrize("parameters", [{}, {"TrustedProxies": "1"}, {"ProxySecretsParameter": SECRETS}])
def test_a_stage_that_would_not_believe_its_edge_is_told_what_to_set(run, parameters):
    with pytest.raises(SystemExit, match="needs TrustedProxies=1"):
        run(CloudFormation(), **parameters)


@pytest.mark.parametrize("value", [None, {"secrets": []}, {"secrets": ["short"]}, "x"])
def test_a_secret_that_is_missing_or_bad_is_told_without_showing_it(run, value):
    if value is not None:
        _secrets(value)
    with pytest.raises(SystemExit, match=f"The secret {SECRETS}") as told:
        run(CloudFormation(), **BEHIND)
    assert "short" not in str(told.value)
