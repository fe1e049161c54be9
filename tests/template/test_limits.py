"""Limits that AWS sets to a template, to policies and to a function's environment.

A tenth of each limit stays free: a change that would reach it fails here, and not in the middle of a deploy.

- CloudFormation: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
- IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
- Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import json
import re
import tomllib

import pytest

from tests.template.transformed import transformed
from tests.template_reader import ROOT, TEMPLATE, functions_of, load_template, resources_of

# CloudFormation, for one template.
RESOURCES = 500
PARAMETERS = 200
OUTPUTS = 200
MAPPINGS = 200
DESCRIPTION_BYTES = 1024
# A template in S3 ("1 MB"). Within a request it is 51,200 bytes, which ours is beyond: every stage deploys through S3.
TEMPLATE_BYTES = 1_000_000
REQUEST_BYTES = 51_200
# IAM, without white space: one managed policy, and all inline policies of one role together.
MANAGED_POLICY_CHARACTERS = 6_144
INLINE_POLICIES_CHARACTERS = 10_240
MANAGED_POLICIES_OF_A_ROLE = 10
# Lambda, for one function: all its variables together, its layers, and the policy that says who may call it ("20 KB").
ENVIRONMENT_BYTES = 4 * 1024
LAYERS = 5
CALLERS_BYTES = 20_000

# What the template leaves open is counted with a generous length.
PSEUDO_PARAMETERS = {"AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "123456789012"}
ARN = "a" * 128
VALUE = "v" * 100

FUNCTIONS = functions_of(load_template())


@pytest.fixture(scope="module")
def deployed():
    """The template after SAM's transform, with everything that a parameter can add to it."""
    return transformed(Canary="true", Dashboard="true", SnapStart="true")


def assert_room(used, limit, what):
    """Fail when less than a tenth of a limit is left."""
    assert used <= limit * 0.9, f"{what}: {used:,} of {limit:,}, {limit - used:,} left. A tenth has to stay free."


def resolved(value):
    """Return a value of the template with stand-ins for what only a deploy knows. Every condition counts as true."""
    match value:
        case {"Fn::If": [_, chosen, _]}:
            return resolved(chosen)
        case {"Ref": str(name)}:
            return PSEUDO_PARAMETERS.get(name, VALUE)
        case {"Fn::GetAtt": _}:
            return ARN
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w.:]+)\}", stand_in, text)
    if isinstance(value, dict):
        return {name: resolved(content) for name, content in value.items()}
    return [resolved(content) for content in value] if isinstance(value, list) else value


def stand_in(variable):
    """Return what stands for `${variable}` in a Fn::Sub."""
    name = variable[1]
    return PSEUDO_PARAMETERS.get(name, ARN if name.endswith(".Arn") else VALUE)


def size(document):
    """Return the characters of a document as JSON without white space."""
    return len(json.dumps(resolved(document), separators=(",", ":")))


@pytest.mark.parametrize(
    ("section", "limit"),
    [("Resources", RESOURCES), ("Parameters", PARAMETERS), ("Outputs", OUTPUTS), ("Mappings", MAPPINGS)],
)
def test_a_section_of_the_template_has_room_for_more(deployed, section, limit):
    """Counted after SAM's transform: a function becomes a role, permissions, a version, an alias and more."""
    assert_room(len(deployed.get(section, {})), limit, section)


def test_the_template_can_be_uploaded(deployed):
    assert_room(len(TEMPLATE.read_bytes()), TEMPLATE_BYTES, "bytes of template.yaml")
    assert_room(len(json.dumps(deployed)), TEMPLATE_BYTES, "bytes of the transformed template")
    assert_room(len(deployed["Description"].encode()), DESCRIPTION_BYTES, "bytes of the description")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_template_that_is_too_large_for_a_request_is_deployed_through_s3(stage):
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())[stage]["deploy"]["parameters"]

    assert settings["resolve_s3"] is True or len(TEMPLATE.read_bytes()) <= REQUEST_BYTES


def test_a_managed_policy_has_room_for_more(deployed):
    policies = resources_of(deployed, "AWS::IAM::ManagedPolicy")

    assert policies
    for name, policy in policies.items():
        document = policy["Properties"]["PolicyDocument"]
        assert_room(size(document), MANAGED_POLICY_CHARACTERS, f"characters of {name}")


def test_a_role_has_room_for_more(deployed):
    roles = resources_of(deployed, "AWS::IAM::Role")

    assert len(roles) >= len(FUNCTIONS)
    for name, role in roles.items():
        own = [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]
        attached = role["Properties"].get("ManagedPolicyArns", [])
        assert_room(sum(map(size, own)), INLINE_POLICIES_CHARACTERS, f"characters of the inline policies of {name}")
        assert_room(len(attached), MANAGED_POLICIES_OF_A_ROLE, f"managed policies of {name}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_environment_and_layers_have_room_for_more(name):
    variables = resolved(FUNCTIONS[name]["Environment"]["Variables"])
    used = sum(len(variable) + len(str(value)) for variable, value in variables.items())

    assert_room(used, ENVIRONMENT_BYTES, f"bytes of the environment of {name}")
    assert_room(len(FUNCTIONS[name]["Layers"]), LAYERS, f"layers of {name}")


def test_a_functions_routes_fit_into_the_policy_that_says_who_may_call_it(deployed):
    """SAM adds a statement for each route of a function."""
    callers = {}
    for name, permission in resources_of(deployed, "AWS::Lambda::Permission").items():
        called = permission["Properties"]
        statement = {
            "Sid": f"customer-center-{'s' * 20}-{name}-ABCDEFGHIJKL",
            "Effect": "Allow",
            "Principal": {"Service": called["Principal"]},
            "Action": called["Action"],
            "Resource": ARN,
            "Condition": {"ArnLike": {"AWS:SourceArn": called["SourceArn"]}},
        }
        callers.setdefault(called["FunctionName"]["Ref"], []).append(size(statement))

    assert callers
    for name, statements in callers.items():
        assert_room(sum(statements), CALLERS_BYTES, f"bytes of the policy of {name}")
