"""Which changes a restore undoes, read from the journal (docs/runbook.md, "Restore from point-in-time")."""

from datetime import timedelta

from customer_center.clients.entries import OPERATOR
from customer_center.platform.dynamodb import transact
from customer_center.platform.journal import Actor, Journal, new_entry
from ops.put_back import AGAIN, CUSTOMERS_AGAIN, gone_since
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID
from tests.fakes.clock import NOON

KEY_ID = "01m86ptpg09pfqcyz7vkm49b0f"


def test_closed_companies_and_revoked_keys_are_named_besides_people(moto_client, create_table):
    dynamodb = moto_client("dynamodb")
    table = create_table(dynamodb, "JournalTable")
    journal = Journal(client=dynamodb, table=table)
    done = [
        (OPERATOR, "another key", "client_key.revoked"),
        (COMPANY_ID, COMPANY_ID, "company.closed"),
        (OTHER_COMPANY_ID, OTHER_COMPANY_ID, "company.closed"),
        (OTHER_COMPANY_ID, OTHER_COMPANY_ID, "company.reopened"),
        (OPERATOR, KEY_ID, "client_key.revoked"),
    ]
    for minute, (partition, subject, action) in enumerate(done):
        entry = new_entry(
            partition=partition,
            now=NOON + timedelta(minutes=minute),
            actor=Actor("client", "an operator's"),
            action=action,
            subject=subject,
            request_id="request",
        )
        transact(dynamodb, [journal.write(entry)])

    gone = gone_since(dynamodb, table, NOON + timedelta(minutes=1))

    assert {subject: AGAIN[action] for (_, subject), action in gone.items() if AGAIN[action]} == {
        COMPANY_ID: "Close",
        KEY_ID: "Revoke",
    }


def test_erased_and_deleted_customers_are_named(moto_client, create_table):
    dynamodb = moto_client("dynamodb")
    table = create_table(dynamodb, "JournalTable")
    journal = Journal(client=dynamodb, table=table)
    done = [
        ("cus_1", "customer.deleted"),
        ("cus_1", "customer.erased"),
        ("cus_2", "customer.deleted"),
        ("cus_3", "customer.updated"),
    ]
    for minute, (customer_id, action) in enumerate(done):
        at = {"partition": customer_id, "subject": customer_id, "now": NOON + timedelta(minutes=minute)}
        entry = new_entry(**at, actor=Actor("client", "key"), action=action, request_id="request")
        transact(dynamodb, [journal.write(entry)])

    gone = gone_since(dynamodb, table, NOON, CUSTOMERS_AGAIN)

    assert {subject: CUSTOMERS_AGAIN[action] for (_, subject), action in gone.items()} == {
        "cus_1": "Erase",
        "cus_2": "Delete",
    }
