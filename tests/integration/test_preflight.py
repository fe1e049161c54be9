"""`make preflight` against an emulator: each thing a deploy would trip over is named, with what to do."""

import json

import pytest
from botocore.exceptions import WaiterError

from local.stack import REGION, aws_environment, emulated
from ops import preflight
from ops.checks import Stage
from tests.builders.webhooks import SECRET as WEBHOOK_SECRET
from tests.emulator import emulator
from tests.samconfig import STAGE, write_samconfig

SECRET = STAGE["ErpCredentialsParameter"]
WEBHOOK_SECRETS = STAGE["ErpWebhookSecretsParameter"]
PASSWORD = "never shown"


@pytest.fixture(scope="module")
def endpoint():
    with emulator() as running:
        yield running


@pytest.fixture(autouse=True)
def client(endpoint, monkeypatch):
    """A region where everything is as it should be, until a test changes it."""
    for name, value in aws_environment(endpoint).items():
        monkeypatch.setenv(name, value)
    client = emulated(endpoint)
    secret(client, json.dumps({"user": "webconnector", "password": PASSWORD}))
    secret(client, json.dumps({"secrets": [WEBHOOK_SECRET]}), name=WEBHOOK_SECRETS)
    forget_identity(client)
    client("sesv2").create_email_identity(EmailIdentity="trial.example")
    return client


def secret(client, value, kind="SecureString", name=SECRET):
    client("ssm").put_parameter(Name=name, Type=kind, Value=value, Overwrite=True)


def forget_identity(client):
    if client("sesv2").list_email_identities()["EmailIdentities"]:
        client("sesv2").delete_email_identity(EmailIdentity="trial.example")


@pytest.fixture
def check(tmp_path, capsys):
    """Return what runs the command for a stage, and gives what must be mended and everything it said."""

    def run(*, stage="trial", **parameters):
        config = write_samconfig(tmp_path, stage=stage, **{"CreateMailIdentity": "false", **parameters})
        code = preflight.main([stage, "--config", str(config)])
        said = capsys.readouterr().out
        to_mend = [line.removeprefix("FAIL  ") for line in said.splitlines() if line.startswith("FAIL")]
        assert code == bool(to_mend)
        return to_mend, said

    return run


def test_a_stage_that_can_be_deployed_passes(check):
    to_mend, said = check()

    assert to_mend == []
    assert f"region {REGION}, stack customer-center-trial" in said
    assert "The stack is new." in said


def test_a_first_deploy_is_told_to_leave_nothing_behind_when_it_fails(check):
    assert "DeletionProtection=false" in check()[1]
    assert "DeletionProtection=false" not in check(DeletionProtection="false")[1]


def test_what_the_stage_does_not_say_is_named(check):
    assert check(ErpUrl=None)[0] == ["samconfig.toml does not say ErpUrl."]


def test_what_is_still_the_example_is_named(check):
    assert check(ShopUrl="https://dev.shop.example.com")[0] == ["samconfig.toml still has its example for ShopUrl."]


def test_proxies_that_cannot_prove_themselves_are_named(check, client):
    (line,) = check(TrustedProxies="1")[0]
    assert "ProxySecretsParameter" in line
    behind = {"TrustedProxies": "1", "ProxySecretsParameter": "/trial/proxies"}
    secret(client, json.dumps({"secrets": ["short"]}), name="/trial/proxies")
    (line,) = check(**behind)[0]
    assert "/trial/proxies" in line
    assert "32" in line
    secret(client, json.dumps({"secrets": ["x" * 32]}), name="/trial/proxies")
    assert check(**behind)[0] == []


def test_a_secret_that_is_missing_is_named(check, client):
    client("ssm").delete_parameter(Name=SECRET)

    (line,) = check()[0]

    assert SECRET in line
    assert "README" in line


@pytest.mark.parametrize(
    "value", ["webconnector:never shown", '"never shown"', '{"user": "webconnector", "password": 1}']
)
def test_a_secret_that_cannot_be_read_is_named_and_never_shown(check, client, value):
    secret(client, value)

    to_mend, said = check()

    assert len(to_mend) == 1
    assert PASSWORD not in said


def test_a_secret_is_encrypted(check, client):
    client("ssm").delete_parameter(Name=SECRET)
    secret(client, '{"user": "webconnector", "password": "x"}', kind="String")

    assert check()[0] == [f"The secret {SECRET} is a String: make it a SecureString."]


@pytest.mark.parametrize("value", ["", "[]", WEBHOOK_SECRET, "{}", '{"secrets": []}', '{"secrets": [1]}'])
def test_webhook_secrets_that_no_sender_could_use_are_named_and_not_shown(check, client, value):
    secret(client, value or " ", name=WEBHOOK_SECRETS)
    (line,), said = check()
    assert WEBHOOK_SECRETS in line
    assert value in ("", "[]", "{}") or value not in said


def test_cognito_takes_no_sender_that_ses_does_not_know_yet(check, client):
    forget_identity(client)

    (line,) = check(CreateMailIdentity="true")[0]

    assert "LoginMails=cognito" in line
    assert check(CreateMailIdentity="true", LoginMails="cognito")[0] == []


def test_an_identity_nobody_makes_is_named(check, client):
    forget_identity(client)

    assert check(LoginMails="cognito")[0] == ["SES does not know trial.example, and CreateMailIdentity=false."]


def test_an_identity_that_is_there_is_not_made_again(check):
    assert check(CreateMailIdentity="true")[0] == ["SES has trial.example already: add CreateMailIdentity=false."]


def test_a_sender_belongs_to_its_identity(check):
    assert check(MailFrom="shop@other.example")[0] == [
        "MailFrom shop@other.example does not belong to MailIdentity trial.example."
    ]


def test_a_stack_that_never_came_to_life_is_deleted_first(check, client):
    cloudformation = client("cloudformation")
    broken = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": "none"}}}}
    cloudformation.create_stack(StackName="customer-center-trial", TemplateBody=json.dumps(broken))
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="customer-center-trial", WaiterConfig={"Delay": 1}
        )
    try:
        (line,) = check()[0]
    finally:
        cloudformation.delete_stack(StackName="customer-center-trial")
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName="customer-center-trial", WaiterConfig={"Delay": 1}
        )

    assert "aws cloudformation delete-stack --stack-name customer-center-trial" in line
    assert "docs/runbook.md#a-deploy-failed" in line


def test_subnets_that_are_not_there_are_named(check):
    (line,) = check(VpcSubnetIds="subnet-0000", VpcSecurityGroupIds="sg-0000")[0]

    assert "subnet-0000" in line


class Account:
    """What SES and Lambda say about an account that nobody asked AWS to enlarge."""

    def get_account(self):
        quota = {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
        healthy = {"SendingEnabled": True, "EnforcementStatus": "HEALTHY"}
        return {**healthy, "ProductionAccessEnabled": False, "SendQuota": quota}

    def get_account_settings(self):
        return {"AccountLimit": {"UnreservedConcurrentExecutions": 10}}


@pytest.fixture
def new_account(monkeypatch):
    """An account in SES's sandbox, with Lambda's limit of a new account."""
    real = Stage.client

    def client(stage, service):
        found = real(stage, service)
        for name in ("get_account", "get_account_settings"):
            if hasattr(found, name):
                monkeypatch.setattr(found, name, getattr(Account(), name))
        return found

    monkeypatch.setattr(Stage, "client", client)


def test_what_hurts_customers_stops_a_deploy_to_prod(check, new_account):
    sandbox, concurrency = check(stage="prod")[0]

    assert "SES is in the sandbox" in sandbox
    assert "Lambda runs only 10 functions at once" in concurrency


def test_elsewhere_it_is_worth_a_look(check, new_account):
    to_mend, said = check()

    assert to_mend == []
    assert "look  SES is in the sandbox" in said
    assert "SandboxRecipients" in said
    assert "look  Lambda runs only 10 functions at once" in said


def key(client, *services):
    """Make a key whose policy names these services, and return its ARN."""
    allowed = [{"AWS": "arn:aws:iam::000000000000:root"}, *({"Service": f"{it}.amazonaws.com"} for it in services)]
    statements = [{"Effect": "Allow", "Principal": it, "Action": "kms:*", "Resource": "*"} for it in allowed]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]


def test_a_key_that_admits_the_services_can_be_used(check, client):
    arn = key(client, "cloudwatch", f"logs.{REGION}", "ses", "sns")
    to_mend, said = check(KmsKeyArn=arn)

    assert to_mend == []
    assert f"The key {arn} can be used." in said


def test_a_key_that_a_service_may_not_use_is_named(check, client):
    (line,) = check(KmsKeyArn=key(client, "cloudwatch", "ses"))[0]

    assert "does not name logs, sns: docs/runbook.md#your-own-key" in line


def test_a_key_that_is_not_there_or_not_enabled_or_elsewhere_is_named(check, client):
    arn = key(client, "cloudwatch", "logs", "ses", "sns")
    client("kms").disable_key(KeyId=arn)

    assert "is Disabled" in check(KmsKeyArn=arn)[0][0]
    assert check(KmsKeyArn=f"{arn[:-4]}0000")[0][0].endswith("is not there.")
    assert "is not in the region" in check(KmsKeyArn=arn.replace(REGION, "af-south-1"))[0][0]


def test_what_cannot_be_asked_stops_nobody(check):
    """The emulator knows no quotas; a person may lack the right to ask."""
    to_mend, said = check()

    assert to_mend == []
    assert "?     Cognito: could not be asked" in said


def test_a_stage_that_nobody_described_is_told_so(tmp_path):
    with pytest.raises(SystemExit, match=r"no section \[prod\.deploy\.parameters\]"):
        preflight.main(["prod", "--config", str(write_samconfig(tmp_path))])


def test_without_a_region_nothing_is_asked(tmp_path, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(SystemExit, match="no region"):
        preflight.main(["trial", "--config", str(write_samconfig(tmp_path))])


def test_without_credentials_nothing_is_asked(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(SystemExit, match="aws sso login"):
        preflight.main(["trial", "--config", str(write_samconfig(tmp_path))])
