"""The calls of the running stack's functions, and what its template lets them do."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from local.stack import STACK_NAME, Stack
from tests.iam import Deployment, Need, needs_by_function
from tests.template.transformed import transformed

_NAMED_IN_CALLS = {
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::Lambda::Function",
    "AWS::SES::ConfigurationSet",
    "AWS::SQS::Queue",
}


def needed(stack: Stack, records: Path) -> dict[str, set[Need]]:
    """Return what the calls so far needed, by the function's logical id."""
    pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    # A queue's physical id is its URL.
    names = {
        each["PhysicalResourceId"].rpartition("/")[2]: each["LogicalResourceId"]
        for each in found
        if each["ResourceType"] in _NAMED_IN_CALLS
    }
    return needs_by_function(_calls(records), names)


def deployment(stack: Stack) -> Deployment:
    """Return the template of the running stack, with the parameters that it was deployed with."""
    (found,) = stack.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    return _deployment(tuple((each["ParameterKey"], each["ParameterValue"]) for each in found["Parameters"]))


@cache
def _deployment(parameters: tuple[tuple[str, str], ...]) -> Deployment:
    return Deployment(transformed(**dict(parameters)), dict(parameters))


def _calls(records: Path) -> Iterator[dict[str, Any]]:
    # The last line may not be complete yet.
    for line in records.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
