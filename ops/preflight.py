"""`make preflight STAGE=…`: check the AWS account before a deploy. Changes nothing."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/customer_center"))

from customer_center.platform.config import ConfigurationError
from customer_center.platform.networks import proxy_secrets
from ops.checks import Finding, Stage, Verdict, account_of, report, stage_named, template_parameters

# With a lower limit, requests of a few people at the same time are refused. The limit of a new account is 10.
ENOUGH_CONCURRENCY = 100
# The stage with real customers.
PRODUCTION = "prod"
# Part of the example values in samconfig.toml.
PLACEHOLDER = "example.com"


@dataclass(frozen=True)
class Secret:
    """The format of a secret: an example, and a test for the parsed JSON object."""

    shape: str
    has_shape: Callable[[Any], bool]

    def holds(self, text: str) -> bool:
        """Whether the text is a JSON object of this format."""
        try:
            value = json.loads(text)
        except ValueError:
            return False
        return isinstance(value, dict) and self.has_shape(value)


def _texts(values: object) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(value, str) and value for value in values)


def _proxy_secrets(value: object) -> bool:
    try:
        return bool(proxy_secrets(value))
    except ConfigurationError:
        return False


# By the template's parameter that contains the secret's name.
SECRETS = {
    "ErpCredentialsParameter": Secret(
        '{"user": "…", "password": "…"}', lambda value: _texts([value.get("user"), value.get("password")])
    ),
    "ErpWebhookSecretsParameter": Secret('{"secrets": ["whsec_…"]}', lambda value: _texts(value.get("secrets"))),
    "ProxySecretsParameter": Secret(
        '{"secrets": ["…"]} with 32 to 256 characters each, without blanks and commas', _proxy_secrets
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings. Return 1 when a deploy would fail or the deployed stack would not work."""
    stage = stage_named(arguments, __doc__)
    print(f"ok    Account {account_of(stage)}, region {stage.region}, stack {stage.stack_name}.")
    checks = {
        "The stage": stage_says_who_it_is,
        "The stack": stack_can_be_deployed,
        "Secrets": secrets_are_there,
        "SES": mail_can_be_sent,
        "The mail identity": mail_identity_is_verified,
        "Concurrency": functions_can_run,
        "Cognito": people_can_log_in,
        "The network": subnets_are_there,
        "Your own key": key_can_be_used,
    }
    return report({subject: partial(check, stage) for subject, check in checks.items()})


def stage_says_who_it_is(stage: Stage) -> Iterator[Finding]:
    """Check that every parameter without a default has a value, and that no parameter still has the example's value."""
    missing = sorted(template_parameters().keys() - stage.parameters.keys())
    if missing:
        yield Finding("FAIL", f"samconfig.toml does not say {', '.join(missing)}.")
    examples = sorted(name for name, value in stage.parameters.items() if PLACEHOLDER in value)
    if examples:
        yield Finding("FAIL", f"samconfig.toml still has its example for {', '.join(examples)}.")
    if not missing and not examples:
        yield Finding("ok", "samconfig.toml says who you are.")
    if stage.parameters["TrustedProxies"] != "0" and not stage.parameters["ProxySecretsParameter"]:
        yield Finding("FAIL", "TrustedProxies needs ProxySecretsParameter: without a secret no proxy is believed.")


def stack_can_be_deployed(stage: Stage) -> Iterator[Finding]:
    """Check that no deploy is running or has failed half-way. A stack that does not exist yet is fine."""
    stack = stage.stack()
    if stack is None:
        yield Finding("ok", "The stack is new.")
        if stage.parameters["DeletionProtection"] == "true":
            yield Finding("look", "A first deploy that fails is easier to repeat with DeletionProtection=false.")
        return
    status = stack["StackStatus"]
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        delete = f"aws cloudformation delete-stack --stack-name {stage.stack_name}"
        yield Finding("FAIL", f"The stack never came to life ({status}): {delete}. See docs/runbook.md#a-deploy-failed")
    elif status == "UPDATE_ROLLBACK_FAILED":
        roll_back = f"aws cloudformation continue-update-rollback --stack-name {stage.stack_name}"
        yield Finding("FAIL", f"The last deploy is half rolled back: {roll_back}.")
    elif status.endswith("_IN_PROGRESS"):
        yield Finding("FAIL", f"A deploy is under way ({status}): wait for it.")
    else:
        yield Finding("ok", f"The stack is at rest ({status}).")


def secrets_are_there(stage: Stage) -> Iterator[Finding]:
    """Check that each SSM parameter of the stage exists, is encrypted and readable. Never shows a value."""
    ssm = stage.client("ssm")
    for name, path in stage.parameters.items():
        if not name.endswith("Parameter") or not path:
            continue
        try:
            secret = ssm.get_parameter(Name=path, WithDecryption=True)["Parameter"]
        except ssm.exceptions.ParameterNotFound:
            yield Finding("FAIL", f"The secret {path} ({name}) is not there: README.md, Deploy, step 1.")
            continue
        if secret["Type"] != "SecureString":
            yield Finding("FAIL", f"The secret {path} is a {secret['Type']}: make it a SecureString.")
        elif name in SECRETS and not SECRETS[name].holds(secret["Value"]):
            yield Finding("FAIL", f"The secret {path} has to be {SECRETS[name].shape}.")
        else:
            yield Finding("ok", f"The secret {path} is there.")


def _grave(stage: Stage) -> Verdict:
    """Return the verdict on what would hurt a shop's customers: they are in `prod` only."""
    return "FAIL" if stage.name == PRODUCTION else "look"


def mail_can_be_sent(stage: Stage) -> Iterator[Finding]:
    """Check that SES may send to every address and has not stopped the account."""
    account = stage.client("sesv2").get_account()
    if not account["SendingEnabled"] or account["EnforcementStatus"] == "SHUTDOWN":
        yield Finding(
            "FAIL", f"SES has stopped this account ({account['EnforcementStatus']}): SES console, Reputation."
        )
    elif not account["ProductionAccessEnabled"]:
        recipients = stage.parameters["SandboxRecipients"]
        hint = "" if recipients else " Until then, SandboxRecipients names the verified identities that get mails."
        yield Finding(
            _grave(stage),
            f"SES is in the sandbox, and sends to verified addresses only: ask for production access.{hint}",
        )
    else:
        quota = account["SendQuota"]
        yield Finding(
            "ok", f"SES may send {quota['Max24HourSend']:.0f} mails a day, {quota['MaxSendRate']:.0f} a second."
        )


def mail_identity_is_verified(stage: Stage) -> Iterator[Finding]:
    """Check that SES has verified the sender, or that the stack creates it and can be deployed before that."""
    identity, by_ses = stage.parameters["MailIdentity"], stage.parameters["LoginMails"] == "ses"
    ses = stage.client("sesv2")
    if identity.rpartition("@")[2] not in stage.parameters["MailFrom"]:
        yield Finding("FAIL", f"MailFrom {stage.parameters['MailFrom']} does not belong to MailIdentity {identity}.")
    try:
        known = ses.get_email_identity(EmailIdentity=identity)
    except ses.exceptions.NotFoundException:
        known = None
    if known is None and stage.parameters["CreateMailIdentity"] == "false":
        yield Finding("FAIL", f"SES does not know {identity}, and CreateMailIdentity=false.")
    elif known is None and by_ses:
        yield Finding(
            "FAIL", f"SES does not know {identity} yet, and Cognito wants it verified: add LoginMails=cognito."
        )
    elif known is None:
        yield Finding("ok", f"The stack will make {identity} in SES; then its DKIM records belong into your DNS.")
    elif not known["VerifiedForSendingStatus"]:
        dkim = known["DkimAttributes"]["Status"]
        verdict: Finding = Finding(
            "look", f"SES has not verified {identity} yet (DKIM: {dkim}); no mail goes out before."
        )
        yield Finding("FAIL", f"{verdict.text} Until then: LoginMails=cognito.") if by_ses else verdict
    else:
        yield Finding("ok", f"SES has verified {identity}.")
    if known is not None and stage.stack() is None and stage.parameters["CreateMailIdentity"] == "true":
        yield Finding("FAIL", f"SES has {identity} already: add CreateMailIdentity=false.")
    if not by_ses:
        yield Finding("look", "LoginMails=cognito: Cognito sends 50 mails a day at most, from its own address.")


def functions_can_run(stage: Stage) -> Iterator[Finding]:
    """Check how many functions Lambda runs at once. The limit of a new account is ten."""
    limit = stage.client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    if limit < ENOUGH_CONCURRENCY:
        yield Finding(
            _grave(stage), f"Lambda runs only {limit} functions at once: ask for 1,000 in Service Quotas (it is free)."
        )
    else:
        yield Finding("ok", f"Lambda runs {limit} functions at once.")


def people_can_log_in(stage: Stage) -> Iterator[Finding]:
    """Report how many logins and new users per second Cognito allows in this region, for all pools together."""
    pages = stage.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="cognito-idp")
    for quota in (quota for page in pages for quota in page["Quotas"]):
        if "UserAuthentication" in quota["QuotaName"] or "UserCreation" in quota["QuotaName"]:
            yield Finding("ok", f"Cognito: {quota['QuotaName']}: {quota['Value']:.0f} a second.")


def subnets_are_there(stage: Stage) -> Iterator[Finding]:
    """Check that the subnets from which the ERP is reached exist, in two zones."""
    subnets = [subnet for subnet in stage.parameters["VpcSubnetIds"].split(",") if subnet]
    if not subnets:
        return
    ec2 = stage.client("ec2")
    try:
        found = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    except ec2.exceptions.ClientError as error:
        yield Finding("FAIL", f"VpcSubnetIds: {error.response['Error']['Message']}")
        return
    if not stage.parameters["VpcSecurityGroupIds"]:
        yield Finding("FAIL", "VpcSubnetIds needs VpcSecurityGroupIds.")
    zones = {subnet["AvailabilityZone"] for subnet in found}
    yield Finding("ok" if len(zones) > 1 else "look", f"The subnets are in {len(zones)} zone(s).")


# Who uses a key of the deployment's own, besides our functions (docs/runbook.md#your-own-key).
KEY_USERS = ("cloudwatch", "logs", "ses", "sns")


def key_can_be_used(stage: Stage) -> Iterator[Finding]:
    """Check that the deployment's own key is enabled, in this region, and admits the services that use it."""
    arn = stage.parameters["KmsKeyArn"]
    if not arn:
        return
    if arn.split(":")[3] != stage.region:
        yield Finding("FAIL", f"The key {arn} is not in the region {stage.region}.")
        return
    kms = stage.client("kms")
    try:
        key = kms.describe_key(KeyId=arn)["KeyMetadata"]
    except kms.exceptions.NotFoundException:
        yield Finding("FAIL", f"The key {arn} is not there.")
        return
    if key["KeyState"] != "Enabled" or key["KeySpec"] != "SYMMETRIC_DEFAULT":
        state = f"{key['KeyState']}, {key['KeySpec']}"
        yield Finding("FAIL", f"The key {arn} is {state}: it has to be an enabled symmetric key.")
        return
    policy = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    missing = [name for name in KEY_USERS if not re.search(rf'"{name}\.[a-z0-9.-]*amazonaws\.com', policy)]
    if missing:
        services = ", ".join(missing)
        yield Finding("FAIL", f"The policy of the key {arn} does not name {services}: docs/runbook.md#your-own-key.")
    else:
        yield Finding("ok", f"The key {arn} can be used.")


if __name__ == "__main__":
    sys.exit(main())
