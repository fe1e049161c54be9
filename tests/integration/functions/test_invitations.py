"""The links in mails: accepting an invitation, confirming a new e-mail."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from customer_center.companies.model import InvitationStatus
from tests.builders.companies import a_claim, a_user, an_entry, an_invitation, an_invited_user
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import GONE, with_body
from tests.integration.functions.stage import assert_problem, soon
from tests.integration.population import (
    BUYER,
    COMPANY,
    FRESH,
    INVITED,
    LEAVING,
    MAIN,
    NEW_EMAIL,
    NOBODY,
    OLD_SECRET,
    OTHER_COMPANY,
    SECRET,
    STRANGER,
    user_id_of,
)


def test_an_invitation_is_accepted_with_its_token(company):
    reply = company.call(event_of("invitations/accept"))
    assert reply.status == 200
    assert (reply.body["user"]["user_id"], reply.body["user"]["status"]) == (INVITED, "active")
    assert company.aws.logins() == {INVITED: (True, "CONFIRMED")}


def test_a_new_email_is_confirmed_with_the_token_of_its_link(company):
    company.has_login(LEAVING)
    reply = company.call(event_of("invitations/confirm_email"), EmailChangeDelayHours="0")
    assert reply.status == 200
    assert reply.body == {"status": "confirmed", "email": NEW_EMAIL, "takes_effect_at": None}
    assert company.store.user(LEAVING).email == NEW_EMAIL
    assert company.store.holders_of_email(NEW_EMAIL).owner_id == LEAVING
    login = company.aws.client("cognito-idp").admin_get_user(
        UserPoolId=company.aws.physical("UserPool"), Username=LEAVING
    )
    assert {"Name": "email", "Value": NEW_EMAIL} in login["UserAttributes"]
    assert company.call(event_of("invitations/confirm_email")).status == 200, "a repeat is told the same"


def test_the_invitation_of_who_may_not_invite_any_more_is_gone(company):
    user = company.store.user(INVITED)
    invitation = replace(user.invitation, invited_by=BUYER)
    company.store.change_user(user, user.changed(soon(), invitation=invitation), an_entry(company_id=COMPANY))
    event = event_of("invitations/accept")
    assert_problem(company.call(event), event, 410, "invitation-revoked")
    assert company.store.user(INVITED).invitation.status is InvitationStatus.REVOKED
    assert company.effects() == ["mail"]
    company.refuses(event, 410, "invitation-revoked")


def test_an_invitation_is_gone_once_its_address_has_an_account(company):
    email = company.store.user(INVITED).email
    other = company.store.company(OTHER_COMPANY)
    owner = a_user(company_id=OTHER_COMPANY, email=email)
    entry = an_entry(company_id=OTHER_COMPANY)
    ending = frozenset({INVITED})
    company.store.complete_activation(owner, other, entry, existing=other, contact=None, ending=ending)
    event = event_of("invitations/accept")
    assert_problem(company.call(event), event, 410, "invitation-superseded")
    assert company.aws.logins() == {INVITED: (False, "CONFIRMED")}


def test_a_confirmed_email_waits_for_the_old_address_which_cancels_or_agrees(company):
    reply = company.call(event_of("invitations/confirm_email"))
    sent_at = company.store.user(LEAVING).email_change.sent_at
    assert (reply.status, reply.body["status"], reply.body["email"]) == (202, "waiting", NEW_EMAIL)
    assert datetime.fromisoformat(reply.body["takes_effect_at"]) == sent_at + timedelta(hours=72)
    assert company.store.user(LEAVING).email != NEW_EMAIL
    for _ in range(2):
        reply = company.call(event_of("invitations/cancel_email"))
        assert (reply.status, reply.body) == (
            200,
            {"status": "cancelled", "email": company.store.user(LEAVING).email},
        )
    assert company.store.user(LEAVING).email_change is None
    company.refuses(event_of("invitations/confirm_email"), 404, "confirmation-invalid")


def test_the_old_address_agrees_with_the_token_of_its_notice(company):
    company.has_login(LEAVING)
    agree = with_body("invitations/confirm_email", token=f"{LEAVING}.{OLD_SECRET}")
    reply = company.call(agree)
    assert (reply.status, reply.body) == (
        202,
        {"status": "waiting", "email": "n***@fresh.example", "takes_effect_at": None},
    )
    assert company.call(event_of("invitations/confirm_email")).status == 200
    assert company.store.user(LEAVING).email == NEW_EMAIL
    reply = company.call(agree)
    assert (reply.status, reply.body["email"]) == (200, "n***@fresh.example")
    company.refuses(event_of("invitations/cancel_email"), 410, "email-change-done")


def test_an_invitation_says_what_it_is_about(company):
    before = company.records()
    reply = company.call(event_of("invitations/look_up"))
    invitation = company.store.user(INVITED).invitation
    assert reply.status == 200
    found = reply.body
    assert datetime.fromisoformat(found.pop("expires_at")) == invitation.expires_at
    inviter = company.store.user(invitation.invited_by) if invitation.invited_by else None
    assert found == {
        "shop_name": "Demo Shop",
        "company_name": "Musterhandel GmbH",
        "inviter_name": inviter.name if inviter else "Musterhandel GmbH",
    }
    assert company.records() == before


@pytest.mark.parametrize("path", ["invitations/look_up", "invitations/cancel_email"])
def test_what_a_wrong_token_gets_is_the_same_for_every_token(company, path):
    code = "invitation-invalid" if path.endswith("look_up") else "confirmation-invalid"
    for token in (f"{NOBODY}.{SECRET}", f"{INVITED}.x", "x", "7K3M-Q0XT-9A2F", f"{LEAVING}.{SECRET}"):
        company.refuses(with_body(path, token=token), 404, code)


def test_the_code_in_a_mail_opens_what_its_link_opens(company):
    company.run("EmailDispatchFunction", event_of("email_dispatch/invitation"))
    ((_, html),) = company.aws.mails()
    code = re.search(r"\b[0-9A-Z]{4}(-[0-9A-Z]{4}){2}\b", html)[0]
    assert code not in str(company.aws.items())
    assert code.replace("-", "") not in str(company.aws.items())
    assert company.call(with_body("invitations/look_up", token=code.lower())).status == 200
    reply = company.call(with_body("invitations/accept", token=code.replace("-", " ")))
    assert (reply.status, reply.body["user"]["user_id"]) == (200, FRESH)


FORGED_TOKENS = {
    "wrong-secret": f"{INVITED}.{'x' * 43}",
    "no-secret": f"{INVITED}.",
    "no-dot": INVITED,
    "of-nobody": f"{NOBODY}.{SECRET}",
    "of-another-company": f"{STRANGER}.{SECRET}",
    "never-invited": f"{MAIN}.{SECRET}",
    "mail-not-sent": f"{FRESH}.{SECRET}",
    "dash-hash": f"{FRESH}.-",
    "only-a-dot": ".",
    "key-of-an-item": f"company.{SECRET}",
    "nul": f"{INVITED}.\x00",
    "beyond-ascii": f"{INVITED}.ü",
}


@pytest.mark.parametrize("token", [*FORGED_TOKENS.values(), f"{LEAVING}.x", f"{BUYER}.-", f"{INVITED}.{SECRET}"])
def test_a_forged_token_confirms_no_email(company, token):
    company.refuses(with_body("invitations/confirm_email", token=token), 404, "confirmation-invalid")


def test_a_confirmation_too_late_is_gone(company):
    user = company.store.user(LEAVING)
    late = replace(user.email_change, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    company.store.change_user(user, user.changed(soon(), email_change=late), an_entry(company_id=COMPANY))
    company.refuses(event_of("invitations/confirm_email"), 410, "confirmation-expired")


def test_an_email_somebody_got_first_is_not_confirmed(company):
    company.store.add_user(
        a_user(user_id=user_id_of(78), company_id=COMPANY, email=NEW_EMAIL.upper()), an_entry(company_id=COMPANY)
    )
    company.refuses(event_of("invitations/confirm_email"), 409, "email-in-use")


@pytest.mark.parametrize("token", FORGED_TOKENS.values(), ids=FORGED_TOKENS)
def test_a_forged_token_is_refused_whatever_is_wrong_with_it(company, token):
    company.refuses(with_body("invitations/accept", token=token), 404, "invitation-invalid")
    assert company.aws.logins() == {}


@pytest.mark.parametrize(
    ("token", "code"),
    [(GONE, "required"), (None, "text"), ("", "too-short"), ("x" * 201, "too-long"), (["x"], "text")],
    ids=["missing", "null", "empty", "too-long", "list"],
)
def test_a_token_of_another_form_is_refused(company, token, code):
    company.refuses(with_body("invitations/accept", token=token), 422, "invalid-input", ("/token", code))


@pytest.mark.parametrize(
    ("invitation", "code"),
    [
        ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "invitation-expired"),
        ({"status": InvitationStatus.REVOKED}, "invitation-revoked"),
        ({"status": InvitationStatus.ACCEPTED}, "invitation-used"),
    ],
    ids=["expired", "revoked", "used"],
)
def test_a_token_that_is_not_good_any_more_is_gone(company, invitation, code):
    user_id = user_id_of(77)
    given = {"expires_at": soon() + timedelta(days=1), **invitation}
    user = an_invited_user(user_id=user_id, company_id=COMPANY, invitation=an_invitation(secret=SECRET, **given))
    company.store.add_user(user, an_entry(company_id=COMPANY))
    company.refuses(with_body("invitations/accept", token=f"{user_id}.{SECRET}"), 410, code)
    assert company.aws.logins() == {}


def test_a_token_is_used_once(company):
    company.call(event_of("invitations/accept"))
    event = with_body("invitations/accept", password="another long password")
    assert_problem(company.call(event), event, 410, "invitation-used")
    assert company.store.user(INVITED).invitation.repeats == 1, "a guess is counted"
    assert company.call(event_of("invitations/accept")).status == 200, "a repeat with the same password logs in"


def test_a_token_that_somebody_is_using_has_to_be_waited_for(company):
    company.store.claim_invitation(company.store.user(INVITED), a_claim(since=datetime.now(UTC)), datetime.now(UTC))
    reply = company.refuses(event_of("invitations/accept"), 409, "in-progress")
    assert 1 <= int(reply.headers["Retry-After"]) <= 31


def test_links_that_nobody_sent_are_limited_by_network_and_good_ones_go_on(company):
    window = {"WrongLinksPerNetwork": "2", "WrongLinksWindowSeconds": "86400000"}
    wrong = with_body("invitations/accept", token=f"{INVITED}.{'x' * 43}")
    for left in (1, 0):
        reply = company.call(wrong, **window)
        assert_problem(reply, wrong, 404, "invitation-invalid")
        assert reply.headers["RateLimit"].startswith(f'"wrong-links";r={left};t=')
    reply = company.refuses(wrong, 429, "too-many-requests", parameters=window)
    assert reply.headers["RateLimit"] == f'"wrong-links";r=0;t={reply.headers["Retry-After"]}'
    for path in ("confirm_email", "cancel_email", "look_up"):
        elsewhere = with_body(f"invitations/{path}", token=f"{INVITED}.{'x' * 43}")
        company.refuses(elsewhere, 429, "too-many-requests", parameters=window)
    wrong["requestContext"]["http"]["sourceIp"] = "198.51.100.1"
    company.refuses(wrong, 404, "invitation-invalid", parameters=window)
    assert company.call(event_of("invitations/accept"), **window).status == 200, "a good link is not refused"
