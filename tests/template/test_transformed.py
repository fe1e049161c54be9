"""The template after SAM's transform: resources of a deploy that no line of template.yaml shows."""

import json
import subprocess

import pytest

from local import stack
from tests.conftest import require
from tests.template.transformed import transformed
from tests.template_reader import events_of, functions_of, load_template, resources_of

FUNCTIONS = functions_of(load_template())
BEHIND_THE_API = sorted(name for name in FUNCTIONS if events_of(FUNCTIONS[name], "HttpApi"))


@pytest.fixture(scope="module")
def plain():
    return transformed()


@pytest.fixture(scope="module")
def canary():
    return transformed(Canary="true")


def versions(template):
    return {
        version["Properties"]["FunctionName"]["Ref"]: name
        for name, version in resources_of(template, "AWS::Lambda::Version").items()
    }


def test_the_api_calls_the_alias_of_every_function_behind_it(plain):
    paths = plain["Resources"]["HttpApi"]["Properties"]["Body"]["paths"].values()
    called = {
        operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"] for path in paths for operation in path.values()
    }

    assert called == {
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
        f"${{{name}Aliaslive}}/invocations"
        for name in BEHIND_THE_API
    }


def test_the_gateway_may_call_the_alias_and_nothing_beside_it(plain):
    allowed = [
        permission["Properties"]["FunctionName"]["Ref"]
        for permission in resources_of(plain, "AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
    ]

    assert set(allowed) == {f"{name}Aliaslive" for name in BEHIND_THE_API}


@pytest.mark.parametrize("layer", ["DependenciesLayer", "CustomerCenterLayer"])
def test_a_change_in_a_layer_alone_makes_a_new_version_of_every_function_behind_the_api(plain, layer):
    before, after = versions(plain), versions(transformed({layer: "s3://artefacts/changed"}))

    assert before.keys() == after.keys() == set(BEHIND_THE_API)
    assert [name for name in before if before[name] == after[name]] == []


def test_a_release_makes_a_new_version_whatever_changed_in_it(plain):
    before, after = versions(transformed(Release="a" * 64)), versions(transformed(Release="b" * 64))

    assert before.keys() == after.keys() == set(BEHIND_THE_API)
    assert [name for name in before if before[name] == after[name]] == []
    assert before == versions(transformed(Release="a" * 64))


def test_a_version_goes_when_the_next_one_has_taken_over(plain):
    kept = resources_of(plain, "AWS::Lambda::Version").values()

    assert {version["DeletionPolicy"] for version in kept} == {"Delete"}


def test_without_a_canary_nothing_is_asked_of_codedeploy(plain):
    assert not [name for name, resource in plain["Resources"].items() if "CodeDeploy" in resource["Type"]]
    assert not [alias for alias in resources_of(plain, "AWS::Lambda::Alias").values() if "UpdatePolicy" in alias]


def test_a_canary_moves_each_alias_in_two_steps_and_watches_the_functions_own_alarm(canary):
    groups = resources_of(canary, "AWS::CodeDeploy::DeploymentGroup")

    assert sorted(groups) == [f"{name}DeploymentGroup" for name in BEHIND_THE_API]
    for name in BEHIND_THE_API:
        group = groups[f"{name}DeploymentGroup"]["Properties"]
        alarm = {"Name": {"Ref": f"{name.removesuffix('Function')}ErrorsAlarm"}}
        assert group["AlarmConfiguration"] == {"Enabled": True, "Alarms": [alarm]}
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert group["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": "Canary10Percent5Minutes"}
        assert "CodeDeployLambdaAliasUpdate" in canary["Resources"][f"{name}Aliaslive"]["UpdatePolicy"]


def test_cfn_lint_finds_nothing_in_what_cloudformation_gets(tmp_path):
    linter = stack.TOOLS / "sam/bin/cfn-lint"
    require(linter)
    files = [tmp_path / "plain.json", tmp_path / "everything.json"]
    files[0].write_text(json.dumps(transformed()))
    files[1].write_text(json.dumps(transformed(Canary="true", Dashboard="true", SnapStart="true")))

    # W2001: the transform itself uses the parameters Release and Canary, and leaves nothing of them.
    command = [linter, "--regions", stack.REGION, "--ignore-checks", "W2001", "--template", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")
