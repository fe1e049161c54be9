"""Shared by the checks of a stage: its settings in samconfig.toml, the findings, and the report.

Credentials, region and AWS_ENDPOINT_URL come from the environment, as for every AWS tool.
"""

import argparse
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).parents[1]

# In this order: fine; works but needs a look; must be fixed; could not be checked.
type Verdict = Literal["ok", "look", "FAIL", "?"]


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    verdict: Verdict
    text: str


type Check = Callable[[], Iterator[Finding]]


@dataclass(frozen=True)
class Stage:
    """A stage of samconfig.toml. A parameter that the stage leaves out has the template's default in `parameters`."""

    name: str
    config: Path
    stack_name: str
    region: str | None
    parameters: Mapping[str, str]

    def client(self, service: str) -> Any:  # noqa: ANN401 # one of many clients
        """Return a boto3 client in the stage's region."""
        return boto3.Session(region_name=self.region).client(service)  # type: ignore[call-overload] # any of them

    def stack(self) -> Mapping[str, Any] | None:
        """Return the deployed stack, None when there is none."""
        try:
            answer = self.client("cloudformation").describe_stacks(StackName=self.stack_name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return dict(answer["Stacks"][0])


class _Template(yaml.SafeLoader):
    """A loader that ignores CloudFormation's tags."""


_Template.add_multi_constructor("!", lambda _loader, _tag, _node: None)


@cache
def template() -> Mapping[str, Any]:
    """Return template.yaml, with None for every value that has a tag (`!Ref`, `!Sub` …)."""
    return dict(yaml.load((ROOT / "template.yaml").read_text(), _Template))  # noqa: S506 # a SafeLoader


def template_parameters() -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters that the template declares."""
    return dict(template()["Parameters"])


def parameter_defaults() -> Mapping[str, str]:
    """Return the default values of the template's parameters that have one."""
    return {name: str(rules["Default"]) for name, rules in template_parameters().items() if "Default" in rules}


def stage_named(arguments: Sequence[str] | None, about: str | None) -> Stage:
    """Return the stage that the command line names; SystemExit for an unknown stage. `about` is the help text."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("stage", help="a section of samconfig.toml: dev, prod")
    parser.add_argument("--config", type=Path, default=ROOT / "samconfig.toml")
    given = parser.parse_args(arguments)
    sections = tomllib.loads(given.config.read_text())
    try:
        settings = sections[given.stage]["deploy"]["parameters"]
        stack_name = settings["stack_name"]
    except KeyError:
        raise SystemExit(
            f"{given.config.name} has no section [{given.stage}.deploy.parameters] with a stack_name."
        ) from None
    overrides = dict(override.split("=", 1) for override in settings.get("parameter_overrides", []))
    parameters = {**parameter_defaults(), **{name: value.strip('"') for name, value in overrides.items()}}
    region = settings.get("region") or os.environ.get("AWS_REGION") or boto3.Session().region_name
    return Stage(given.stage, given.config, stack_name, region, parameters)


def account_of(stage: Stage) -> str:
    """Return the AWS account of the credentials. Raises SystemExit with advice when the credentials are not valid."""
    if stage.region is None:
        raise SystemExit("FAIL  There is no region: set AWS_REGION, or say region in samconfig.toml.")
    try:
        return str(stage.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"FAIL  AWS does not know you ({error}). Set AWS_PROFILE, or log in: aws sso login.") from None


def report(checks: Mapping[str, Check]) -> int:
    """Run the checks, print their findings and return the exit code: 1 when something must be fixed."""
    failed = False
    for subject, check in checks.items():
        for finding in _findings(subject, check):
            print(f"{finding.verdict:<5} {finding.text}", flush=True)
            failed = failed or finding.verdict == "FAIL"
    return int(failed)


def _findings(subject: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except ClientError as error:
        yield Finding("?", f"{subject}: could not be asked ({error.response['Error']['Code']}).")
    except BotoCoreError as error:
        yield Finding("?", f"{subject}: could not be asked ({error}).")
