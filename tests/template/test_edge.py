"""ops/edge.yaml: the stack in front of a stage."""

import os
import re
import subprocess

import pytest

from customer_center.platform.networks import SECRET_HEADER
from ops.edge import TEMPLATE
from tests.template.test_house_rules import PUBLIC_ROUTES
from tests.template_reader import ROOT, load_template, resources_of

EDGE = load_template(TEMPLATE)
(ACL,) = resources_of(EDGE, "AWS::WAFv2::WebACL").values()
(DISTRIBUTION,) = resources_of(EDGE, "AWS::CloudFront::Distribution").values()
CONFIG = DISTRIBUTION["Properties"]["DistributionConfig"]
RULES = {rule["Name"]: rule for rule in ACL["Properties"]["Rules"]}


def test_cfn_lint_finds_nothing():
    lint = ROOT / ".local/sam/bin/cfn-lint"
    if not lint.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{lint} is missing: make setup")
    done = subprocess.run(
        [lint, "--regions", "us-east-1", "--template", TEMPLATE], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_edge_proves_itself_to_the_stage():
    (origin,) = CONFIG["Origins"]

    assert origin["OriginCustomHeaders"] == [{"HeaderName": "X-Proxy-Secret", "HeaderValue": {"Ref": "ProxySecret"}}]
    assert origin["OriginCustomHeaders"][0]["HeaderName"].lower() == SECRET_HEADER
    assert EDGE["Parameters"]["ProxySecret"]["NoEcho"] is True
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


@pytest.mark.parametrize("secret", ["x" * 32, "!+-~" * 64, "A1/=" * 8])
def test_a_secret_that_the_stage_takes_is_taken_here(secret):
    assert re.fullmatch(EDGE["Parameters"]["ProxySecret"]["AllowedPattern"], secret)


@pytest.mark.parametrize("secret", ["x" * 31, "x" * 257, "x" * 31 + ",", "x" * 31 + " "])
def test_and_no_other(secret):
    assert not re.fullmatch(EDGE["Parameters"]["ProxySecret"]["AllowedPattern"], secret)


def test_nothing_is_cached_and_everything_is_passed_on():
    behaviour = CONFIG["DefaultCacheBehavior"]

    assert "CacheBehaviors" not in CONFIG
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert {"GET", "POST", "PATCH", "DELETE", "OPTIONS"} <= set(behaviour["AllowedMethods"])
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert CONFIG["WebACLId"] == {"Fn::GetAtt": ["WebAcl", "Arn"]}


@pytest.mark.parametrize("route", sorted(route for route in PUBLIC_ROUTES if route.startswith("POST ")))
def test_every_public_route_that_changes_something_has_a_limit_per_address(route):
    limited = RULES["public-routes"]["Statement"]["RateBasedStatement"]
    matched = limited["ScopeDownStatement"]["RegexMatchStatement"]

    assert re.search(matched["RegexString"], route.split()[1])
    assert limited["AggregateKeyType"] == "IP"
    assert {step["Type"] for step in matched["TextTransformations"]} == {"URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"}


def test_every_rule_is_known_to_block_before_the_next_is_asked():
    assert [rule["Priority"] for rule in ACL["Properties"]["Rules"]] == list(range(len(RULES)))
    assert {name for name, rule in RULES.items() if "Block" in rule.get("Action", {})} == {
        "public-routes",
        "all-routes",
    }
