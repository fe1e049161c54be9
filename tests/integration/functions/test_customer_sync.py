"""The customer_sync function applies the ERP's events."""

import json

import pytest

from tests.integration.aws import event_of
from tests.integration.population import COMPANY, OTHER_COMPANY, SAMPLES

SYNCS = [path for path in SAMPLES if path.startswith("customer_sync/")]


@pytest.mark.parametrize("path", SYNCS)
def test_a_sample_event_is_applied_and_its_repeat_changes_nothing(company, path):
    assert company.run("CustomerSyncFunction", event_of(path)) == {"batchItemFailures": []}
    before = company.records()
    assert company.run("CustomerSyncFunction", event_of(path)) == {"batchItemFailures": []}
    assert company.records() == before
    told = company.store.customer_number("10000")
    contact = company.store.contact(COMPANY, "KT010006")
    match path:
        case "customer_sync/customer_updated":
            assert told.customer_center is False
        case "customer_sync/contact_updated":
            assert (contact.contact.name, contact.listed) == ("Anna Neumann", True)
        case "customer_sync/contact_deleted":
            assert contact.gone
        case "customer_sync/customer_renumbered":
            assert (told.to, company.store.company_of_number("20000").company_id) == ("20000", COMPANY)


def test_a_number_of_another_company_is_a_refused_event_and_in_the_log(company):
    record = event_of("customer_sync/customer_renumbered")["Records"][0]
    event = _with_message(record, new_customer_number="70000")
    assert company.run("CustomerSyncFunction", event) == {"batchItemFailures": []}
    refused = [item for (_, pk, _), item in company.records().items() if pk == "refused#erp"]
    assert [item["code"]["S"] for item in refused] == ["customer-number-in-use"]
    lines = [json.loads(line) for line in company.sandboxes.log.getvalue().splitlines()]
    (line,) = [line for line in lines if line["message"] == "customer numbers collide"]
    assert (line["company_id"], line["other_company_id"]) == (COMPANY, OTHER_COMPANY)
    assert line["webhook_id"] == json.loads(record["body"])["webhook_id"]


def _with_message(record, **data):
    message = json.loads(record["body"])
    message["event"]["data"] |= data
    return {"Records": [{**record, "body": json.dumps(message)}]}
