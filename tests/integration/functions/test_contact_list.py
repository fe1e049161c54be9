"""The contact_list function: lists of contacts are read from the ERP while nobody waits."""

from customer_center.platform.dynamodb import to_item
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_query
from tests.integration.functions.stage import half_a_minute_later
from tests.integration.population import COMPANY

REFRESH = with_query("erp_contacts/list_contacts", refresh="true")
LIST = event_of("erp_contacts/list_contacts")
NONE_FAILED = {"batchItemFailures": []}


def _work(company, **changed):
    """Carry what is in the journal to the function, as the outbox and the queue do."""
    assert company.run("OutboxFunction", company.stream_event()) == NONE_FAILED
    return company.run(
        "ContactListFunction", company.queue_event("ContactListQueue", "contact_list/read_list"), **changed
    )


def test_the_old_list_is_answered_at_once_and_a_new_one_is_read_behind(company, erp):
    first = company.call(LIST).body
    half_a_minute_later(company)
    erp.erp.change(
        {"number": "10000", "add_contacts": [{"number": "KT1", "name": "Aaron"}], "remove_contacts": ["KT010012"]}
    )
    asked = len(erp.requests)
    answers = [company.call(REFRESH).body for _ in range(5)]
    assert all(answer["items"] == first["items"] and answer["outdated"] for answer in answers)
    assert len(erp.requests) == asked, "nobody waits for the ERP"
    assert company.effects() == ["contact_list"], "five people ask once"
    assert _work(company) == NONE_FAILED
    assert len(erp.requests) == asked + 1
    after = company.call(LIST).body
    assert (after["outdated"], after["stale"]) == (False, False)
    assert after["as_of"] > first["as_of"]
    numbers = {contact["contact_number"] for contact in after["items"]}
    assert numbers == {contact["contact_number"] for contact in first["items"]} - {"KT010012"} | {"KT1"}


def test_a_list_is_stale_while_the_erp_is_down(company, erp):
    company.call(LIST)
    half_a_minute_later(company)
    old = company.call(LIST).body
    erp.modes.set({"mode": "offline"})
    assert company.call(REFRESH).body == {**old, "outdated": True}
    assert _work(company) == NONE_FAILED, "a failure of the ERP is no reason to repeat the message"
    assert company.call(LIST).body == {**old, "stale": True}


def test_a_message_that_comes_twice_reads_the_list_once(company, erp):
    company.call(LIST)
    half_a_minute_later(company)
    company.call(REFRESH)
    assert company.run("OutboxFunction", company.stream_event()) == NONE_FAILED
    event = company.queue_event("ContactListQueue", "contact_list/read_list")
    asked = len(erp.requests)
    for _ in range(3):
        assert company.run("ContactListFunction", event) == NONE_FAILED
    assert len(erp.requests) == asked + 1


def test_the_sample_of_a_message_is_read(company, erp):
    assert company.run("ContactListFunction", event_of("contact_list/read_list")) == NONE_FAILED
    assert company.call(LIST).body["outdated"] is False
    assert len(erp.requests) == 1


def test_an_invitation_from_a_long_list_asks_the_erp_for_its_contact_only(company, erp):
    """Answers of any length are read in `tests/integration/test_long_lists.py`."""
    contacts = [
        {"number": f"K{serial:05}", "name": f"Kontakt {serial:05}", "email": f"k{serial}@x.example"}
        for serial in range(400)
    ]
    erp.erp.change({"number": "10000", "add_contacts": contacts})
    assert company.run("ContactListFunction", event_of("contact_list/read_list")) == NONE_FAILED
    erp.requests.clear()
    event = event_of("erp_contacts/invite")
    event["pathParameters"]["contact_number"] = "K00399"
    assert company.call(event).status == 201
    (asked,) = erp.requests
    assert "<MAXCOUNT>1<" in asked["document"]
    assert ">K00399<" in asked["document"]


def test_contacts_that_were_stored_by_another_rule_are_found_and_get_their_place(company, erp):
    """Keys of stored contacts were made without case only; the next full list makes them by the rule of today."""
    contact = {"number": "KT9", "name": "Łukasz", "email": "l@x.example"}
    erp.erp.change({"number": "10000", "add_contacts": [contact]})
    company.call(LIST)
    key = to_item({"pk": COMPANY, "sk": "contact#KT9"})
    table, client = company.aws.physical("CompaniesTable"), company.aws.client("dynamodb")
    client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET listing_key = :key",
        ExpressionAttributeValues=to_item({":key": "łukasz#KT9"}),
    )
    reply = company.call(with_query("erp_contacts/list_contacts", q="lukasz"))
    assert [contact["contact_number"] for contact in reply.body["items"]] == ["KT9"]
    half_a_minute_later(company)
    company.call(REFRESH)
    assert _work(company) == NONE_FAILED
    assert client.get_item(TableName=table, Key=key)["Item"]["listing_key"] == {"S": "lukasz#KT9"}
