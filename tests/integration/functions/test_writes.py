"""Every route that writes: If-Match, Idempotency-Key, crossing writes, and the limit of mails."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from customer_center.platform import table_store
from customer_center.platform.errors import InProgress
from tests.builders.companies import an_entry
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import VERSIONED, WRITES, with_body, with_header, with_path
from tests.integration.functions.stage import assert_problem
from tests.integration.population import COMPANY, INVITED, LEAVING

IF_MATCH = ['"1', "1", 'W/"1"', '"-1"', '"x"', '"2", "3"', 'W/"1", "2"', "", '"9999999999"', '"2"', "**"]


@pytest.mark.parametrize(
    ("path", "if_match"),
    [
        *(("users/deactivate", it) for it in IF_MATCH),
        *((path, '"2"') for path in ("users/activate", "users/resend_invitation", "users/hand_over", *VERSIONED)),
    ],
)
def test_a_precondition_that_does_not_hold_changes_nothing(company, path, if_match):
    company.refuses(with_header(event_of(path), "if-match", if_match), 412, "version-changed")


@pytest.mark.parametrize("path", ["users/activate", "users/resend_invitation", "users/hand_over", *VERSIONED])
def test_a_change_may_be_meant_for_several_versions(company, path):
    """RFC 9110, 13.1.1: one of them has to be the present one."""
    assert company.call(with_header(event_of(path), "if-match", '"1", "99"')).status < 300


@pytest.mark.parametrize("path", VERSIONED)
def test_what_is_meant_for_one_version_needs_to_say_which(company, path):
    event = event_of(path)
    del event["headers"]["if-match"]
    company.refuses(event, 428, "precondition-required")
    assert company.call(with_header(event_of(path), "if-match", "*")).status < 300


@pytest.mark.parametrize("if_match", ['"1"', "*", ' "1" ', '"1", "99"', '"99","1"', 'W/"7", "1"'])
def test_a_precondition_that_holds_lets_the_change_through(company, if_match):
    company.has_login(LEAVING)
    assert company.call(with_header(event_of("users/deactivate"), "if-match", if_match)).status == 200


@pytest.mark.parametrize("path", ["users/resend_invitation", "users/hand_over"])
def test_a_repeat_with_its_idempotency_key_changes_nothing_again(company, path):
    first = company.call(with_header(event_of(path), "idempotency-key", "mine"))
    before = company.aws.items()
    again = company.call(with_header(event_of(path), "idempotency-key", "mine"))
    assert (again.status, again.body) == (first.status, first.body)
    assert company.aws.items() == before


@pytest.mark.parametrize("path", [*WRITES, "activation/activate"])
def test_a_write_that_another_one_keeps_crossing_is_asked_to_come_again(company, monkeypatch, path):
    def crossed(*args):
        raise InProgress("in-progress", retry_after=1)

    if path == "activation/activate":
        company.aws.restore(None)
    monkeypatch.setattr(table_store, "transact", crossed)
    event = event_of(path)
    reply = company.call(event)
    assert_problem(reply, event, 409, "in-progress")
    assert reply.headers["Retry-After"] == "1"


MAILING = [
    "users/request_user",
    "users/resend_invitation",
    "users/edit",
    "users/hand_over",
    "erp_contacts/invite",
    "erp_contacts/import_users",
]


@pytest.mark.parametrize("path", MAILING)
def test_the_mails_that_people_cause_are_limited_by_company_and_hour(company, path):
    first = company.call(with_body("users/request_user", email="first@x.example"), MailsPerHour="2")
    assert re.fullmatch(r'"mails-per-hour";r=1;t=\d+', first.headers["RateLimit"])
    assert first.headers["RateLimit-Policy"] == '"mails-per-hour";q=2;w=3600'
    company.call(with_body("users/request_user", email="second@x.example"), MailsPerHour="2")
    reply = company.refuses(event_of(path), 429, "too-many-requests", parameters={"MailsPerHour": "2"})
    assert 0 < int(reply.headers["Retry-After"]) <= 3600
    assert company.call(event_of(path), MailsPerHour="200").status < 300


def test_access_given_again_counts_the_mail_of_somebody_who_never_accepted(company):
    """Nobody else gets a mail with it."""
    company.call(with_path("users/deactivate", "user_id", INVITED))
    reply = company.call(with_path("users/activate", "user_id", INVITED))
    assert '"mails-per-hour";r=199;' in reply.headers["RateLimit"]
    assert "RateLimit" not in company.call(event_of("users/activate")).headers


def test_handing_over_counts_the_mails_of_both_people(company):
    assert '"mails-per-hour";r=198;' in company.call(event_of("users/hand_over")).headers["RateLimit"]


def test_who_repeats_a_request_that_was_done_is_answered_although_the_mails_are_used_up(company):
    event = with_header(event_of("users/request_user"), "idempotency-key", "once")
    first = company.call(event, MailsPerHour="1")
    assert company.call(event, MailsPerHour="1").body == first.body


@pytest.mark.parametrize("path", MAILING)
def test_while_a_companys_mails_are_stopped_its_people_cause_none(company, path):
    before = company.store.current_company(COMPANY)
    until = datetime.now(UTC) + timedelta(hours=2)
    after = replace(before, mails_stopped_until=until, version=before.version + 1)
    company.store.change_company(before, after, an_entry(company_id=COMPANY))
    reply = company.refuses(event_of(path), 429, "mails-stopped")
    assert 7100 < int(reply.headers["Retry-After"]) <= 7201
    assert company.call(event_of("machines/resume")).body["mails_stopped_until"] < until.isoformat()
    assert company.call(event_of(path)).status < 300


@pytest.mark.parametrize("email", ["users/request_user", "users/edit", "erp_contacts/invite"])
def test_who_has_an_account_cannot_be_tried_without_end(company, email):
    limits = {"TriesPerHour": "2"}
    event = with_body(email, email="Nina.Neu@FRESH.example")
    for _ in range(2):
        assert company.call(event, **limits).body["code"] == "email-in-use"
    company.refuses(event, 429, "too-many-requests", parameters=limits)
