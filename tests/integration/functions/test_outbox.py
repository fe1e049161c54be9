"""The outbox function: the journal's stream goes into the queues, and the sweeper queues what the stream lost."""

import json
from datetime import UTC, datetime, timedelta

from customer_center.platform.journal import new_effect
from tests.builders.companies import an_entry
from tests.integration.aws import event_of
from tests.integration.population import COMPANY, MAIN


def test_the_journals_stream_goes_into_the_queues(company):
    company.call(event_of("users/request_user"), CreateErpContact="true")
    assert company.run("OutboxFunction", company.stream_event()) == {"batchItemFailures": []}
    assert [message["data"]["template"] for message in company.aws.messages("MailQueue")] == ["invitation"]
    assert [message["kind"] for message in company.aws.messages("ErpContactQueue")] == ["erp_contact"]
    assert company.effects() == []


def test_the_sample_of_the_stream_is_read(company):
    assert company.run("OutboxFunction", event_of("outbox/journal_stream")) == {"batchItemFailures": []}
    (mail,) = company.aws.messages("MailQueue")
    assert mail == json.loads(event_of("email_dispatch/invitation")["Records"][0]["body"])
    (contact,) = company.aws.messages("ErpContactQueue")
    assert contact == json.loads(event_of("erp_push/create_contact")["Records"][0]["body"])


def test_a_stream_record_without_effects_is_passed_over(company):
    event = event_of("outbox/journal_stream")
    del event["Records"][0]["dynamodb"]["NewImage"]["pending"]
    event["Records"].append({**event["Records"][0], "eventName": "REMOVE", "dynamodb": {"SequenceNumber": "2"}})
    assert company.run("OutboxFunction", event) == {"batchItemFailures": []}
    assert company.aws.messages("MailQueue") == []


def test_one_bad_stream_record_fails_alone(company):
    event = event_of("outbox/journal_stream")
    good = event["Records"][0]["dynamodb"]["NewImage"]
    unreadable = {key: value for key, value in good.items() if key != "at"}
    other = {"S": good["sk"]["S"][:-1] + "z"}
    unknown = {
        **good,
        "sk": other,
        "effects": {"L": [{"M": {**good["effects"]["L"][0]["M"], "kind": {"S": "telegram"}}}]},
    }
    images = {"1": good, "2": unreadable, "3": good, "4": unknown}
    event["Records"] = [
        {**event["Records"][0], "dynamodb": {"NewImage": image, "SequenceNumber": number}}
        for number, image in images.items()
    ]
    failed = company.run("OutboxFunction", event)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]}
    # Two records of one entry in one batch queue its effects once.
    assert len(company.aws.messages("MailQueue")) == 1


def test_the_sweeper_queues_what_the_stream_lost_and_tells_how_old_it_is(company, capsys):
    entry = an_entry(
        company_id=COMPANY,
        at=datetime.now(UTC) - timedelta(minutes=5),
        effects=(new_effect("identity", datetime.now(UTC), user_id=MAIN),),
    )
    item = company.journal.write(entry).request["Put"]
    company.aws.client("dynamodb").put_item(**item)
    assert company.run("SweeperFunction", event_of("outbox/every_minute")) is None
    assert [message["data"] for message in company.aws.messages("IdentityQueue")] == [{"user_id": MAIN}]
    assert company.effects() == []
    told = json.loads(capsys.readouterr().out)
    alarm = company.aws.template["Resources"]["OldestPendingAlarm"]["Properties"]
    assert told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == alarm["Namespace"]
    assert 300 <= told[alarm["MetricName"]][0] < 360
    (dimensions,) = told["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert set(dimensions) == {dimension["Name"] for dimension in alarm["Dimensions"]}
    assert told["service"] == alarm["Dimensions"][0]["Value"]
    assert told["stage"] == company.aws.environment("SweeperFunction")["STAGE"]


def test_the_sweeper_leaves_young_entries_to_the_stream(company, capsys):
    company.call(event_of("users/request_user"))
    company.run("SweeperFunction", event_of("outbox/every_minute"))
    assert company.aws.messages("MailQueue") == []
    assert json.loads(capsys.readouterr().out)["OldestPendingSeconds"] == [0.0]
