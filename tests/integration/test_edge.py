"""`make edge` on an emulator: CloudFront and WAF in front of a stage, as ops/edge.yaml describes them."""

import json

import boto3
import pytest

from local.stack import aws_environment, emulated
from ops import edge
from tests.emulator import emulator
from tests.samconfig import write_samconfig

OLD, NEW = "o" * 32, "n" * 32
STAGE = """\
Resources: { Topic: { Type: AWS::SNS::Topic } }
Outputs: { ApiId: { Value: abc123 } }
"""


@pytest.fixture
def make_edge(monkeypatch, tmp_path):
    """Return what puts the edge in front of a deployed stage, with parameters of its own."""
    monkeypatch.setattr(edge, "POLL_SECONDS", 1)
    config = write_samconfig(tmp_path, TrustedProxies="1", ProxySecretsParameter="/trial/proxies")
    stage = config.read_text()
    with emulator() as endpoint:
        for name, value in aws_environment(endpoint).items():
            monkeypatch.setenv(name, value)
        client = emulated(endpoint)
        client("cloudformation").create_stack(StackName="customer-center-trial", TemplateBody=STAGE)
        secrets = json.dumps({"secrets": [OLD, NEW]})
        client("ssm").put_parameter(Name="/trial/proxies", Type="SecureString", Value=secrets)

        def make_edge(*given):
            config.write_text(f"{stage}[trial.edge.parameters]\nparameter_overrides = {json.dumps(given)}\n")
            assert edge.main(["trial", "--config", str(config)]) == 0

        yield make_edge


def test_the_edge_is_put_in_front_of_a_stage_and_brought_up_to_date(make_edge, capsys):
    make_edge()
    cloudfront, waf = boto3.client("cloudfront"), boto3.client("wafv2", region_name=edge.REGION)
    (distribution,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    assert f"The shop calls https://{distribution['DomainName']}." in capsys.readouterr().out
    config = cloudfront.get_distribution(Id=distribution["Id"])["Distribution"]["DistributionConfig"]
    (origin,) = config["Origins"]["Items"]
    assert origin["DomainName"] == "abc123.execute-api.eu-central-1.amazonaws.com"
    assert origin["CustomHeaders"]["Items"] == [{"HeaderName": "X-Proxy-Secret", "HeaderValue": NEW}]
    (acl,) = waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    assert config["WebACLId"] == acl["ARN"]

    def limit():
        found = waf.get_web_acl(Name=acl["Name"], Id=acl["Id"], Scope="CLOUDFRONT")["WebACL"]
        (rule,) = [rule for rule in found["Rules"] if rule["Name"] == "public-routes"]
        return int(rule["Statement"]["RateBasedStatement"]["Limit"])

    assert limit() == 100
    make_edge("PublicRequestsPerAddress=50")
    assert limit() == 50
    make_edge("PublicRequestsPerAddress=50")
    assert len(cloudfront.list_distributions()["DistributionList"]["Items"]) == 1
