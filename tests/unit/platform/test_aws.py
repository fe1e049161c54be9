"""Where our AWS clients differ from botocore's defaults."""

import io
import json

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from customer_center.platform import aws


class Raw(io.BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, **_):
        yield self.read()


@pytest.fixture
def answered(monkeypatch):
    """Return a function that makes a DynamoDB client which gets these error codes first and then succeeds."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.sleep", lambda _: None)

    def client(*codes):
        sent = []

        def answer(request, **_):
            code = next(iter(codes[len(sent) :]), None)
            sent.append(request)
            body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}"} if code else {}).encode()
            return AWSResponse(request.url, 400 if code else 200, {}, Raw(body))

        made = aws.dynamodb.__wrapped__()
        made.meta.events.register("before-send", answer)
        return made, sent

    return client


def put(client):
    client.put_item(TableName="table", Item={"pk": {"S": "it"}})


def test_a_write_that_meets_a_transaction_on_its_item_is_tried_again(answered):
    client, sent = answered("TransactionConflictException", "TransactionConflictException")
    put(client)
    assert len(sent) == 3


def test_it_is_not_tried_for_ever(answered):
    client, sent = answered(*["TransactionConflictException"] * 10)
    with pytest.raises(ClientError, match="TransactionConflictException"):
        put(client)
    assert len(sent) == 3


def test_a_refused_condition_is_not_tried_again(answered):
    client, sent = answered("ConditionalCheckFailedException")
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        put(client)
    assert len(sent) == 1
