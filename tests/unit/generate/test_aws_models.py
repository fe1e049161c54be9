"""The committed AWS models: they are what `make aws-models` writes, and contain every call that functions may make."""

import re

from generate.aws_models import OPERATIONS, TARGET, models
from tests.template_reader import TEMPLATE

# Lambda calls these for us, to read queues and the stream.
POLLERS = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}
# The permission of a service's name, where its client has another.
CLIENTS = {"ses": "sesv2"}


def test_the_models_are_those_of_the_locked_botocore():
    written = {str(path.relative_to(TARGET)): path.read_text() for path in TARGET.rglob("*") if path.is_file()}

    assert written == {str(path): text for path, text in models()}, "make aws-models writes them anew"


def test_what_a_function_is_allowed_its_client_can_do():
    """A permission in the template without its call in OPERATIONS would end as an AttributeError."""
    # A key of a condition is followed by a colon; the boundary's `Admin*` names no verb.
    actions = re.findall(r'\b(?:cognito-idp|dynamodb|ses|sqs|ssm):[A-Z]\w+\b(?!":|\*)', TEMPLATE.read_text())
    allowed = (action.split(":") for action in set(actions) - POLLERS)
    calls = {(CLIENTS.get(service, service), name) for service, name in allowed}

    assert {("dynamodb", "GetItem"), ("sesv2", "SendEmail")} <= calls
    assert {call for call in calls if call[1] not in OPERATIONS[call[0]]} == set()
