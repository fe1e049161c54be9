"""The users function: the export of a person's data, and erasure."""

from datetime import datetime, timedelta

from tests.builders.companies import an_entry
from tests.integration.aws import Context, event_of
from tests.integration.functions.requests_of_samples import as_user, with_header, with_path, with_query
from tests.integration.functions.stage import soon
from tests.integration.population import BUYER, COMPANY, LEAVING, MAIN


def test_a_persons_data_is_told(company):
    company.call(event_of("users/deactivate"))
    reply = company.call(event_of("users/export_user"))
    assert reply.status == 200
    assert (reply.body["user"]["user_id"], reply.body["company"]["company_id"]) == (LEAVING, COMPANY)
    assert [entry["action"] for entry in reply.body["items"]] == ["user.deactivated"]
    assert reply.body["items"][0]["changes"] == {"status": ["active", "deactivated"]}


def test_everybody_may_have_their_own_data(company):
    company.call(event_of("users/deactivate"))
    reply = company.call(event_of("users/export_me"))
    assert (reply.status, reply.body["user"]["user_id"]) == (200, MAIN)
    assert [(entry["subject"], entry["changes"]) for entry in reply.body["items"]] == [(LEAVING, {})]
    assert company.call(as_user(BUYER, event_of("users/export_me"))).body["items"] == []


def test_a_person_is_erased_and_the_journal_is_blanked_of_them(company):
    erased = company.call(event_of("users/request_user")).body["user_id"]
    company.has_login(erased)
    event = with_path("users/erase", "user_id", erased)
    reply = company.call(event)
    assert (reply.status, reply.body["status"], reply.body["user_id"]) == (202, "in_progress", erased)
    at = datetime.fromisoformat(reply.body["erased_at"])
    assert datetime.fromisoformat(reply.body["backups_until"]) == at + timedelta(days=35)
    assert datetime.fromisoformat(reply.body["queues_until"]) == at + timedelta(days=14)
    assert company.store.user(erased) is None
    assert erased not in company.aws.logins()
    assert company.run("OutboxFunction", company.stream_event()) == {"batchItemFailures": []}
    event_of_queue = company.queue_event("IdentityQueue", "reconcile/erase_from_journal")
    for _ in range(2):
        assert company.run("ReconcileFunction", event_of_queue) == {"batchItemFailures": []}
    assert (again := company.call(event)).status == 200
    assert again.body == {**reply.body, "status": "complete"}
    journal = str(company.aws.items("JournalTable"))
    assert "Nina Neu" not in journal
    assert "nina.neu@musterhandel.example" not in journal
    found = company.call(with_query("users/audit_trail", subject=erased)).body["items"]
    assert [entry["action"] for entry in found] == ["user.erased", "user.invited"]
    assert found[1]["changes"]["name"] == [None, "erased"]


def test_a_repeated_erasure_with_its_key_is_the_same_certificate(company):
    event = with_header(event_of("users/erase"), "idempotency-key", "erase-1")
    first, again = company.call(event), company.call(event)
    assert (first.status, again.status) == (202, 202)
    assert again.body == first.body
    company.run("OutboxFunction", company.stream_event())
    company.run("ReconcileFunction", company.queue_event("IdentityQueue", "reconcile/erase_from_journal"))
    again = company.call(event)
    assert (again.status, again.body) == (200, {**first.body, "status": "complete"})


def test_a_long_journal_is_blanked_in_several_messages(company):
    """10,000 entries are one message (docs/specification.md, 7.31)."""
    _write_entries(company, 10_200, about=LEAVING, every=300)
    reply = company.call(with_path("users/erase", "user_id", LEAVING))
    assert company.run("OutboxFunction", company.stream_event()) == {"batchItemFailures": []}
    messages = 0
    while company.call(with_path("users/erase", "user_id", LEAVING)).status == 202:
        event = company.queue_event("IdentityQueue", "reconcile/erase_from_journal")
        assert company.run("ReconcileFunction", event) == {"batchItemFailures": []}
        messages += 1
        assert messages <= 2, "each message goes on where the one before it stopped"
    assert messages == 2
    assert "Zacharias" not in str(company.aws.items("JournalTable"))
    assert company.call(with_path("users/erase", "user_id", LEAVING)).body == {**reply.body, "status": "complete"}


def test_without_time_the_next_message_goes_on(company, monkeypatch):
    _write_entries(company, 3, about=LEAVING, every=1)
    company.call(with_path("users/erase", "user_id", LEAVING))
    company.run("OutboxFunction", company.stream_event())
    event = company.queue_event("IdentityQueue", "reconcile/erase_from_journal")
    with monkeypatch.context() as patch:
        patch.setattr(Context, "get_remaining_time_in_millis", lambda _: 15_000)
        assert company.run("ReconcileFunction", event) == {"batchItemFailures": []}
    assert "Zacharias" in str(company.aws.items("JournalTable"))
    event = company.queue_event("IdentityQueue", "reconcile/erase_from_journal")
    assert company.run("ReconcileFunction", event) == {"batchItemFailures": []}
    assert "Zacharias" not in str(company.aws.items("JournalTable"))


def _write_entries(company, number, *, about, every):
    """Write that many entries; each `every`-th is about the user `about`."""
    entries = [
        an_entry(
            company_id=COMPANY,
            at=soon(),
            subject=about if n % every == 0 else MAIN,
            changes={"name": ["x", "Zacharias" if n % every == 0 else "y"]},
        )
        for n in range(number)
    ]
    company.aws.put_items("JournalTable", (company.journal.write(entry).request["Put"]["Item"] for entry in entries))
