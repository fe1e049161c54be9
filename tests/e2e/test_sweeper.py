"""The sweeper on the running stack: effects that the journal's stream missed."""

from datetime import UTC, datetime, timedelta

from customer_center.companies import effects
from customer_center.customers.effects import customer_changed, reconcile
from customer_center.platform.dynamodb import from_item
from customer_center.platform.ids import new_ulid
from customer_center.platform.journal import Actor, Journal, new_entry
from tests.e2e.companies import invoke, new_customer


def test_what_the_stream_missed_is_queued_once_it_has_waited(stack):
    """One effect for each queue. They say nothing that is not so already: a repeat changes nothing."""
    company = new_customer(stack).activate()
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    entry = new_entry(
        partition=company.company_id,
        now=long_ago,
        actor=Actor("system", "test"),
        action="company.activated",
        subject=company.user_id,
        request_id="test",
        effects=[
            effects.invitation_mail(company.user_id, effects.new_mail_id(long_ago)),
            effects.align_identity(company.user_id, long_ago),
            effects.create_erp_contact(company.user_id, long_ago),
            effects.read_contact_list(company.company_id, long_ago),
            # An account without products, and no customer or reconciliation of these ids: there is nothing to do.
            customer_changed("AG-swept", f"cus_{new_ulid(long_ago)}", long_ago),
            reconcile(f"rec_{new_ulid(long_ago)}", long_ago),
        ],
    )
    dynamodb = stack.client("dynamodb")
    item = Journal(client=dynamodb, table=stack.journal_table).write(entry).request["Put"]["Item"]
    pending = item.pop("pending")
    # The stream's filter lets new entries through only with `pending`, and changed ones never.
    dynamodb.put_item(TableName=stack.journal_table, Item=item)
    key = {name: item[name] for name in ("pk", "sk")}
    dynamodb.update_item(
        TableName=stack.journal_table,
        Key=key,
        UpdateExpression="SET pending = :shard",
        ExpressionAttributeValues={":shard": pending},
    )

    invoke(stack, "SweeperFunction", {})

    found = dynamodb.get_item(TableName=stack.journal_table, Key=key, ConsistentRead=True)["Item"]
    assert "pending" not in from_item(found)
    assert company.shop.call("GET", "/me", token=company.token).status_code == 200
