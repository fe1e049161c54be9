"""`make preflight` and `make smoke` against the deployed stack, as far as an emulator goes."""

import pytest

from local.stack import STACK_NAME, Stack, aws_environment
from ops import preflight, smoke
from tests.samconfig import write_samconfig


@pytest.fixture
def config(stack: Stack, tmp_path, monkeypatch):
    """What samconfig.toml would say about the stack that is running."""
    for name, value in {**aws_environment(stack.endpoint_url), "API_URL": stack.api_url}.items():
        monkeypatch.setenv(name, value)
    deployed = stack.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    given = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in deployed["Parameters"]}
    return str(write_samconfig(tmp_path, STACK_NAME, **given))


def test_a_stage_that_runs_can_be_deployed_again(config, capsys):
    assert preflight.main(["trial", "--config", config]) == 0, capsys.readouterr().out
    assert "The stack is at rest" in capsys.readouterr().out


def test_smoke_says_what_is_missing_and_is_content_once_it_is_there(stack, config, capsys):
    """What the emulator does not take from the template is what somebody switched off."""
    topic = stack.client("sns").list_topics()["Topics"][0]["TopicArn"]

    assert smoke.main(["trial", "--config", config]) == 1
    to_mend = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert to_mend == [
        f"FAIL  Alarms reach nobody: set AlarmEmail (and confirm its mail), or subscribe to {topic}.",
        "FAIL  CompaniesTable cannot be restored: point-in-time recovery is off.",
        "FAIL  JournalTable cannot be restored: point-in-time recovery is off.",
    ]

    queue = stack.client("sqs").create_queue(QueueName="readers-of-alarms")["QueueUrl"]
    arn = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    stack.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for table in (stack.companies_table, stack.journal_table):
        recovery = {"PointInTimeRecoveryEnabled": True}
        stack.client("dynamodb").update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)

    assert smoke.main(["trial", "--config", config]) == 0, capsys.readouterr().out


def test_smoke_changes_nothing(stack, config):
    before = [
        stack.client("dynamodb").scan(TableName=table)["Items"]
        for table in (stack.companies_table, stack.journal_table)
    ]

    smoke.main(["trial", "--config", config])

    assert before == [
        stack.client("dynamodb").scan(TableName=table)["Items"]
        for table in (stack.companies_table, stack.journal_table)
    ]


def test_smoke_hears_of_dead_letters(stack, config, capsys):
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName="customer-center-local-mail-dead-letters")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        assert smoke.main(["trial", "--config", config]) == 1
    finally:
        sqs.purge_queue(QueueUrl=url)

    assert "FAIL  1 dead letters wait: docs/runbook.md#dead-letters" in capsys.readouterr().out


def test_a_stage_that_is_not_there_is_told_so(config, tmp_path, capsys):
    assert smoke.main(["trial", "--config", str(write_samconfig(tmp_path, "nowhere"))]) == 1
    assert "There is no stack nowhere" in capsys.readouterr().out
