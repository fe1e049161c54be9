"""What the emulator does under the rules of `local/stricter.py` that are about Lambda."""

import io
import json
import zipfile
from itertools import count

import pytest
import requests

from local.stricter import CONTROL
from tests.e2e.companies import eventually

_serial = count(1)
# It answers with the number of calls that its sandbox has had, and keeps what it was sent in a queue.
_CODE = """
import boto3, json, os
calls = []

def handler(event, context):
    calls.append(event)
    boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(len(calls)))
    return {"statusCode": 200, "body": str(len(calls))}
"""


@pytest.fixture
def control(emulator_client):
    """Return a function that puts rules and returns the counts; afterwards there are none."""
    address = emulator_client("sqs").meta.endpoint_url + CONTROL

    def put(rules):
        answer = requests.put(address, json=rules, timeout=10)
        assert answer.ok, answer.text

    put.counts = lambda: requests.get(address, timeout=10).json()
    put.end_sandboxes = lambda: requests.delete(address, timeout=10).raise_for_status()
    yield put
    put({})


@pytest.fixture(scope="module")
def role(emulator_client):
    """Return the ARN of a role that may use queues."""
    iam = emulator_client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    made = iam.create_role(RoleName="counting", AssumeRolePolicyDocument=_document(trust))
    iam.put_role_policy(RoleName="counting", PolicyName="queues", PolicyDocument=_document(policy))
    return made["Role"]["Arn"]


def _document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def function(emulator_client, role):
    """Return the name and the ARN of a function, and the URL of the queue into which it tells of its calls."""
    seen = emulator_client("sqs").create_queue(QueueName=f"seen-{next(_serial)}")["QueueUrl"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("app.py", _CODE)
    name = f"counting-{next(_serial)}"
    made = emulator_client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"SEEN": seen}},
    )
    return name, made["FunctionArn"], seen


@pytest.fixture
def url(emulator_client, function):
    """Return the address of an HTTP API in front of the function."""
    gateway = emulator_client("apigatewayv2")
    api = gateway.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function[1], PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    emulator_client("lambda").add_permission(
        FunctionName=function[0],
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return f"{gateway.meta.endpoint_url}/_aws/execute-api/{api}/$default/"


def test_an_http_api_answers_503_while_lambda_is_at_its_concurrency(control, url):
    control({"concurrency": {"limit": 0}})
    refused = requests.get(url, timeout=30)
    assert (refused.status_code, refused.json()) == (503, {"message": "Service Unavailable"})
    assert control.counts()["refused"] == {"concurrency": 1}
    control({"concurrency": {"limit": 1}})
    assert requests.get(url, timeout=30).status_code == 200


def test_a_message_waits_while_lambda_is_at_its_concurrency(emulator_client, control, function):
    name, _, seen = function
    sqs = emulator_client("sqs")
    queue = sqs.create_queue(QueueName=f"work-{next(_serial)}", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    control({"concurrency": {"limit": 0}})
    emulator_client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=name, BatchSize=1)
    sqs.send_message(QueueUrl=queue, MessageBody="work")
    eventually(lambda: control.counts()["refused"].get("concurrency"))
    assert "Messages" not in sqs.receive_message(QueueUrl=seen)
    control({"concurrency": {"limit": 1}})
    eventually(lambda: sqs.receive_message(QueueUrl=seen).get("Messages"))


def test_a_sandbox_that_was_ended_starts_again_cold(control, url):
    assert [requests.get(url, timeout=30).text for _ in range(2)] == ["1", "2"]
    control.end_sandboxes()
    assert json.loads(requests.get(url, timeout=30).text) == 1
