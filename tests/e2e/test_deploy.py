"""`make deploy` on an emulator: one that preflight refuses, the first one, and the next one."""

import json
import platform

import pytest

from local.stack import TOOLS, aws_environment, emulated
from ops import deploy
from tests.builders.webhooks import SECRET
from tests.conftest import require
from tests.emulator import emulator
from tests.samconfig import STAGE, write_samconfig

ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


@pytest.fixture
def client(monkeypatch, tmp_path):
    require(TOOLS / "sam/bin/sam", "uv")
    monkeypatch.setattr(deploy, "BUILD", tmp_path / "build")
    with emulator() as endpoint:
        for name, value in {**aws_environment(endpoint), "SAM_CLI_TELEMETRY": "0"}.items():
            monkeypatch.setenv(name, value)
        yield emulated(endpoint)


def make_key(client):
    """Make a key that the services may use, as docs/runbook.md says, and return its ARN."""
    services = [f"{name}.amazonaws.com" for name in ("cloudwatch", "logs", "ses", "sns")]
    principals = ({"AWS": "arn:aws:iam::000000000000:root"}, {"Service": services})
    statements = [{"Effect": "Allow", "Principal": it, "Action": "kms:*", "Resource": "*"} for it in principals]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]


def test_a_stage_is_what_its_section_says_and_nothing_that_it_said_before(client, tmp_path, capfd):
    """Without our help SAM keeps parameters of the last deploy that this one does not name."""

    def run(**parameters):
        config = write_samconfig(tmp_path, Architecture=ARCHITECTURE, **parameters)
        return deploy.main(["trial", "--config", str(config)])

    def physical(name):
        found = client("cloudformation").describe_stack_resource(
            StackName="customer-center-trial", LogicalResourceId=name
        )
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def deployed():
        (stack,) = client("cloudformation").describe_stacks(StackName="customer-center-trial")["Stacks"]
        return {given["ParameterKey"]: given["ParameterValue"] for given in stack["Parameters"]}

    assert run() == 1
    assert "Nothing was deployed" in capfd.readouterr().out

    secrets = {
        "ErpCredentialsParameter": {"user": "webconnector", "password": "x"},
        "ErpWebhookSecretsParameter": {"secrets": [SECRET]},
    }
    for name, secret in secrets.items():
        client("ssm").put_parameter(Name=STAGE[name], Type="SecureString", Value=json.dumps(secret))
    assert run(DeletionProtection="false", LoginMails="cognito") == 0, "".join(capfd.readouterr())
    first = deployed()
    assert (first["DeletionProtection"], first["LoginMails"]) == ("false", "cognito")
    assert len(first["Release"]) == 64

    chosen = {
        "ShopName": "Two Words",
        "KmsKeyArn": make_key(client),
        "SandboxRecipients": "arn:aws:ses:eu-central-1:000000000000:identity/qa.example",
        "ErpOneContact": "false",
    }
    assert run(**chosen) == 0, "".join(capfd.readouterr())
    second = deployed()
    assert (second["DeletionProtection"], second["LoginMails"]) == ("true", "ses")
    assert chosen.items() <= second.items()
    assert second["Release"] != first["Release"]
    assert "make smoke STAGE=trial" in capfd.readouterr().out

    # What the template leaves out while these parameters have their defaults.
    table = client("dynamodb").describe_table(TableName=physical("CompaniesTable"))["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"] == chosen["KmsKeyArn"]
    queue = client("sqs").get_queue_attributes(QueueUrl=physical("MailQueue"), AttributeNames=["KmsMasterKeyId"])
    assert queue["Attributes"]["KmsMasterKeyId"] == chosen["KmsKeyArn"]
    function = client("lambda").get_function_configuration(FunctionName=physical("EmailDispatchFunction"))
    role = function["Role"].rpartition("/")[2]
    sandbox = client("iam").get_role_policy(RoleName=role, PolicyName="sandbox")["PolicyDocument"]["Statement"]
    assert [statement["Resource"] for statement in sandbox] == [[chosen["SandboxRecipients"]]]
    contacts = client("lambda").get_function_configuration(FunctionName=physical("ErpContactsFunction"))
    assert contacts["Environment"]["Variables"]["ERP_ONE_CONTACT"] == "false"
