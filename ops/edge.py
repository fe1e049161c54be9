"""`make edge STAGE=…`: put CloudFront and WAF in front of a deployed stage, or bring them up to date (ops/edge.yaml).

docs/runbook.md, "The edge", says when a stage needs it and how to prepare it. The stage's `TrustedProxies` and
`ProxySecretsParameter` come from its section in samconfig.toml. Parameters of ops/edge.yaml may stand there too:

    [dev.edge.parameters]
    parameter_overrides = ["DomainName=api.dev.shop.example.com", "CertificateArn=arn:aws:acm:us-east-1:…"]
"""

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/customer_center"))

from customer_center.platform.config import ConfigurationError
from customer_center.platform.networks import proxy_secrets
from ops.checks import ROOT, Stage, account_of, stage_named

TEMPLATE = ROOT / "ops/edge.yaml"
# CloudFront takes a web ACL from this region only.
REGION = "us-east-1"
# A distribution takes minutes.
POLL_SECONDS = 15
_POLLS = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy the stack of the edge and print its address. SystemExit says what is missing."""
    stage = stage_named(arguments, __doc__)
    print(f"Account {account_of(stage)}, stack {stack_name(stage)} in {REGION}.")
    given = {**_overrides(stage), "Stage": stage.parameters["Stage"], **_stage_values(stage)}
    outputs = deploy(cloudformation(), stack_name(stage), given)
    print(f"The shop calls {outputs['Url']}. DNS: {outputs['DistributionDomain']}.")
    return 0


def cloudformation() -> Any:  # noqa: ANN401 # a client
    """Return a client in the region of CloudFront."""
    return boto3.Session(region_name=REGION).client("cloudformation")


def stack_name(stage: Stage) -> str:
    """Return the name of the stack in front of a stage."""
    return f"{stage.stack_name}-edge"


def deploy(cloudformation: Any, name: str, given: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ANN401 # a client
    """Create or update the stack, wait for it, and return its outputs."""
    request = {
        "StackName": name,
        "TemplateBody": TEMPLATE.read_text(),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    }
    try:
        cloudformation.create_stack(**request)
        waiter = "stack_create_complete"
    except cloudformation.exceptions.AlreadyExistsException:
        waiter = "stack_update_complete"
        try:
            cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" not in error.response["Error"]["Message"]:
                raise
            waiter = ""
    if waiter:
        polling = {"Delay": POLL_SECONDS, "MaxAttempts": _POLLS}
        cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig=polling)
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _stage_values(stage: Stage) -> Mapping[str, str]:
    parameter = stage.parameters["ProxySecretsParameter"]
    if stage.parameters["TrustedProxies"] == "0" or not parameter:
        raise SystemExit(f"[{stage.name}.deploy.parameters] needs TrustedProxies=1 and ProxySecretsParameter=/….")
    stack = stage.stack()
    if stack is None:
        raise SystemExit(f"There is no stack {stage.stack_name} in {stage.region}: make deploy STAGE={stage.name}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return {
        "ApiDomain": f"{outputs['ApiId']}.execute-api.{stage.region}.amazonaws.com",
        "ProxySecret": _newest_secret(stage, parameter),
    }


def _newest_secret(stage: Stage, parameter: str) -> str:
    """Return the last secret in the stage's SSM parameter. The ones before it are valid until they are removed."""
    ssm = stage.client("ssm")
    try:
        value = ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]
        return proxy_secrets(json.loads(value))[-1].decode()
    except ssm.exceptions.ParameterNotFound:
        raise SystemExit(f"The secret {parameter} is not there: docs/runbook.md#the-edge") from None
    except (ValueError, ConfigurationError):
        # Not chained, because the error may show the value.
        raise SystemExit(f"The secret {parameter} has no good value: docs/runbook.md#the-edge") from None


def _overrides(stage: Stage) -> Mapping[str, str]:
    section = tomllib.loads(stage.config.read_text())[stage.name].get("edge", {}).get("parameters", {})
    pairs = (override.split("=", 1) for override in section.get("parameter_overrides", []))
    return {name: value.strip('"') for name, value in pairs}


if __name__ == "__main__":
    sys.exit(main())
