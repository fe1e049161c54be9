"""The template gives the outbox a queue for each effect that a room declares, and the journal its shards."""

import importlib.util

import pytest

from customer_center.platform.journal import MAX_SHARDS
from customer_center.platform.outbox import queue_urls
from tests.template_reader import ROOT, functions_of, load_template

TEMPLATE = load_template()
OUTBOX = ["OutboxFunction", "SweeperFunction"]


@pytest.fixture(scope="module")
def rooms():
    """Return what the rooms declare, as the outbox's function collects it."""
    spec = importlib.util.spec_from_file_location("outbox_app", ROOT / "functions/outbox/app.py")
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    return app.ROOMS


@pytest.mark.parametrize("name", OUTBOX)
def test_each_declared_queue_has_its_url_in_the_environment_of_the_outbox(rooms, name):
    environment = functions_of(TEMPLATE)[name]["Environment"]["Variables"]

    for kind, url in queue_urls(*rooms, environment=environment).items():
        assert TEMPLATE["Resources"][url["Ref"]]["Type"] == "AWS::SQS::Queue", kind


@pytest.mark.parametrize("name", OUTBOX)
def test_the_outbox_may_send_to_each_declared_queue(rooms, name):
    function = functions_of(TEMPLATE)[name]
    urls = queue_urls(*rooms, environment=function["Environment"]["Variables"])
    may_send = [
        resource["Fn::GetAtt"][0]
        for policy in function["Policies"]
        for statement in policy["Statement"]
        if "sqs:SendMessage" in statement["Action"]
        for resource in statement["Resource"]
    ]

    assert {url["Ref"] for url in urls.values()} == set(may_send)


def test_the_parameter_allows_only_shards_that_are_swept():
    parameter = TEMPLATE["Parameters"]["PendingShards"]

    assert (parameter["MinValue"], parameter["MaxValue"]) == (1, MAX_SHARDS)


@pytest.mark.parametrize("name", functions_of(TEMPLATE))
def test_every_function_that_has_the_journal_knows_its_shards(name):
    variables = functions_of(TEMPLATE)[name]["Environment"]["Variables"]

    assert variables["PENDING_SHARDS"] == {"Ref": "PendingShards"}
    assert variables["JOURNAL_TABLE"] == {"Ref": "JournalTable"}
