"""`python -m ops.check_logins` queues the first page of a check of all logins."""

import json

import boto3
import pytest
from moto import mock_aws

from customer_center.companies.operators.check_logins import LoginCheck, read_check
from ops import check_logins
from tests.samconfig import write_samconfig
from tests.template_reader import load_template

STACK = {
    "Parameters": {"Stage": {"Type": "String"}},
    "Resources": {
        "IdentityQueue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": load_template()["Resources"]["IdentityQueue"]["Properties"]["QueueName"]},
        }
    },
}


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Return a function that runs the command, and returns the check that it queued."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    config = str(write_samconfig(tmp_path, "customer-center-trial"))
    with mock_aws():

        def run(*arguments, deployed=True):
            if deployed:
                stage = {"ParameterKey": "Stage", "ParameterValue": "trial"}
                boto3.client("cloudformation").create_stack(
                    StackName="customer-center-trial", TemplateBody=json.dumps(STACK), Parameters=[stage]
                )
            assert check_logins.main(["trial", "--config", config, *arguments]) == 0
            sqs = boto3.client("sqs")
            url = sqs.get_queue_url(QueueName="customer-center-trial-identity")["QueueUrl"]
            (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
            effect = json.loads(message["Body"])
            assert effect["kind"] == "identity"
            return read_check(effect["data"])

        yield run


def test_a_check_is_like_the_scheduled_one(call, capsys):
    assert call() == LoginCheck()
    assert "/customer-center/trial/Reconcile" in capsys.readouterr().out


def test_an_operator_can_lift_the_limit_and_look_at_what_was_changed_just_now(call):
    check = call("--repair-all", "--settled-minutes", "1")
    assert (check.at_once, check.settled_for.total_seconds()) == (True, 60)


def test_a_stage_that_is_not_there_is_told_so(call):
    with pytest.raises(SystemExit, match="There is no stack customer-center-trial"):
        call(deployed=False)
