"""The process dies around every single call to AWS, Cognito, SES or the ERP: nothing is lost or there twice.

Each scenario is run undisturbed once, which counts its calls, and then once for every death that leaves something else
behind (`Fate.deaths`). Afterwards callers and queues come again, as they do. The state must be that of the undisturbed
run, and exactly the right mails must have been sent: none lost, doubled only where SES had accepted one before the
process died.
"""

import pytest

from customer_center.companies.audit import redact_entries, trail
from tests.faults.shop import Fate, Scenario, expect

PASSWORD = "correct horse battery"
MAIN = "max.mustermann@musterhandel.example"
ANNA = "anna@musterhandel.example"
NEW = "nina.neu@musterhandel.example"
MOVED = "nina.moved@musterhandel.example"
VERSION = {"If-Match": "*"}
CODE = r"\b(\d{6})\b"
LINK = r"#token=([\w.-]+)"
FORM = {
    "customer_number": "10000",
    "invoice_number": "103019",
    "email": MAIN,
    "salutation": "mr",
    "name": "Max Mustermann",
    "password": PASSWORD,
}
# A customer without a customer center.
ELSEWHERE = FORM | {"customer_number": "20000", "invoice_number": "203001", "email": NEW}
TABLE = f"""salutation,name,email,roles,contact_number
mrs,Nina Neu,{NEW},buyer,
mr,,,approver,KT010006
mr,Otto,otto,buyer,
"""
REQUESTED = {"salutation": "mrs", "name": "Nina Neu", "email": NEW, "roles": ["buyer"], "language": "en"}


# What is there before


def nothing(shop):
    """Return an empty shop."""
    return {}


def code_mailed(shop):
    """Return a shop where the main contact has got their code."""
    expect(202, shop.call("POST /activations", body=FORM))
    shop.settle()
    return {"code": shop.mailed(CODE, MAIN)}


def company(shop):
    """Return a company with its main contact."""
    known = code_mailed(shop)
    done = expect(201, shop.call("POST /activations", body=FORM | known))
    shop.settle()
    return {"main": done["user"]["user_id"]}


def keep_contacts(shop, *numbers):
    """Make the ERP know no other contacts, so that a list has few steps."""
    for customer in shop.erp.erp.customers.values():
        customer.contacts = [contact for contact in customer.contacts if contact.number in numbers]


def listed(shop):
    """Return a company whose contacts have been read."""
    known = company(shop)
    list_contacts(shop, known)
    return known


def listed_long_ago(shop):
    """Return a company whose contacts were read an hour ago. Since then one has gone and one has come."""
    known = company(shop)
    keep_contacts(shop, "KT010001", "KT010002", "KT010006")
    list_contacts(shop, known)
    shop.backdate_contacts()
    return known


def invited(shop):
    """Return a company that has invited somebody, who has got their mail."""
    known = company(shop)
    user = expect(201, shop.call("POST /users", by=known["main"], body=REQUESTED))
    shop.settle()
    return {**known, "user": user["user_id"], "token": shop.mailed(LINK, NEW)}


def colleague(shop):
    """Return a company with a second active user."""
    known = invited(shop)
    expect(200, shop.call("POST /invitations/acceptance", body={"token": known["token"], "password": PASSWORD}))
    shop.settle()
    return known


def contact_joined(shop):
    """Return a company with a second active user, who is a contact of the ERP."""
    known = company(shop)
    invite(shop, known)
    shop.settle()
    accept(shop, {"token": shop.mailed(LINK, ANNA)})
    shop.settle()
    return known


def moving(shop):
    """Return a company whose second user has got the link that confirms their new e-mail."""
    known = colleague(shop)
    want_a_new_email(shop, known)
    shop.settle()
    return {**known, "token": shop.mailed(LINK, MOVED), "old_token": shop.mailed(LINK, NEW)}


def confirmed(shop):
    """Return a company whose second user's new e-mail is confirmed and waits for the old address."""
    known = moving(shop)
    confirm(shop, known)
    shop.settle()
    return known


def invited_a_while_ago(shop):
    """Return a company whose invitation went out so long ago that it may be sent again."""
    known = invited(shop)
    shop.backdate_invitation(known["user"])
    return known


def deactivated(shop):
    """Return a company whose second user is deactivated."""
    known = colleague(shop)
    expect(200, shop.call("POST /users/{user_id}/deactivate", by=known["main"], user_id=known["user"]))
    shop.settle()
    return known


def activating_elsewhere(shop):
    """Return a company whose invited user has got the code of an activation for another customer."""
    known = invited(shop)
    expect(202, shop.call("POST /activations", body=ELSEWHERE))
    shop.settle()
    return {**known, "code": shop.mailed(CODE, NEW)}


def logins_differ(shop):
    """Return a company whose second user deleted their login, and a login whose user a restore removed."""
    known = colleague(shop)
    shop.delete_login(known["user"])
    shop.add_login(f"{known['user'][:-4]}zzzz")
    shop.let_an_hour_pass()
    return known


def named_main_contact(shop):
    """Return a company whose invited user became the ERP's main contact and has got the code of their activation."""
    known = invited(shop)
    name_main_contact(shop)
    expect(202, shop.call("POST /activations", body=FORM | {"email": NEW}))
    shop.settle()
    return {**known, "code": shop.mailed(CODE, NEW)}


def inviter_left(shop):
    """Return a company with an invitation by a main contact who was deleted since."""
    known = company(shop)
    body = REQUESTED | {"email": ANNA, "roles": ["main_contact"]}
    inviter = expect(201, shop.call("POST /users", by=known["main"], body=body))["user_id"]
    shop.settle()
    accept(shop, {"token": shop.mailed(LINK, ANNA)})
    user = expect(201, shop.call("POST /users", by=inviter, body=REQUESTED))
    shop.settle()
    delete(shop, {**known, "user": inviter})
    shop.settle()
    return {**known, "user": user["user_id"], "token": shop.mailed(LINK, NEW)}


def name_main_contact(shop):
    shop.erp.erp.customers["10000"].main_contact_email = NEW


# What is done


def ask_for_a_code(shop, known):
    expect(202, shop.call("POST /activations", body=FORM))


def activate(shop, known):
    expect(201, shop.call("POST /activations", body={**FORM, **known, "contact_number": "KT010001"}))


def activate_elsewhere(shop, known):
    done = expect(201, shop.call("POST /activations", body=ELSEWHERE | {"code": known["code"]}))
    assert done["user"]["user_id"] != known["user"]


def take_over(shop, known):
    name_main_contact(shop)
    done = expect(201, shop.call("POST /activations", body=FORM | {"email": NEW, "code": known["code"]}))
    assert done["user"]["user_id"] == known["user"]


def accept_in_vain(shop, known):
    body = {"token": known["token"], "password": PASSWORD}
    assert expect(410, shop.call("POST /invitations/acceptance", body=body))["code"] == "invitation-revoked"


def invite(shop, known):
    body = {"salutation": "mrs", "roles": ["buyer"]}
    route = "POST /erp-contacts/{contact_number}/user"
    expect(201, shop.call(route, by=known["main"], body=body, contact_number="KT010006"))


def invite_unlisted(shop, known):
    keep_contacts(shop, "KT010001", "KT010006")
    invite(shop, known)
    # Whoever looks at the list later has all of it.
    shop.backdate_contacts()
    list_contacts(shop, known)


def list_few_contacts(shop, known):
    keep_contacts(shop, "KT010001", "KT010006")
    list_contacts(shop, known)


def list_contacts(shop, known):
    expect(200, shop.call("GET /erp-contacts", by=known["main"]))
    if shop.fate.died_at:
        # Whoever looks when the request that died counts as dead.
        shop.backdate_contacts()
        expect(200, shop.call("GET /erp-contacts", by=known["main"]))


def refresh_contacts(shop, known):
    keep_contacts(shop, "KT010001", "KT010006")
    expect(200, shop.call("GET /erp-contacts", by=known["main"]))
    shop.settle()
    if shop.fate.died_at:
        shop.backdate_contacts()
        expect(200, shop.call("GET /erp-contacts", by=known["main"]))


def request(shop, known):
    expect(201, shop.call("POST /users", by=known["main"], body=REQUESTED))


def accept(shop, known):
    answer = shop.call("POST /invitations/acceptance", body={"token": known["token"], "password": PASSWORD})
    # Who comes again before the journal enables the login is told to try again.
    assert answer[0] in (200, 503), answer


def deactivate(shop, known):
    expect(200, shop.call("POST /users/{user_id}/deactivate", by=known["main"], user_id=known["user"]))


def reactivate(shop, known):
    expect(200, shop.call("POST /users/{user_id}/activate", by=known["main"], user_id=known["user"]))


def edit(shop, known):
    body = {"name": "Nina Anders", "language": "fr", "roles": ["approver", "buyer"]}
    expect(
        200, shop.call("PATCH /users/{user_id}", by=known["main"], body=body, headers=VERSION, user_id=known["user"])
    )


def want_a_new_email(shop, known):
    body = {"email": MOVED}
    expect(
        200, shop.call("PATCH /users/{user_id}", by=known["main"], body=body, headers=VERSION, user_id=known["user"])
    )


def confirm(shop, known):
    expect(202, shop.call("POST /email-confirmations", body={"token": known["token"]}))


def agree(shop, known):
    expect(200, shop.call("POST /email-confirmations", body={"token": known["old_token"]}))


def cancel(shop, known):
    expect(200, shop.call("POST /email-cancellations", body={"token": known["old_token"]}))


def time_passes(shop, known):
    """Deliver the message that waits for the end of the delay."""
    shop.let_the_change_take_effect(known["user"])


def send_again(shop, known):
    expect(200, shop.call("POST /users/{user_id}/invitation", by=known["main"], user_id=known["user"]))


def revoke(shop, known):
    route = "DELETE /users/{user_id}/invitation"
    expect(200, shop.call(route, by=known["main"], headers=VERSION, user_id=known["user"]))


def delete(shop, known):
    status, _ = shop.call("DELETE /users/{user_id}", by=known["main"], headers=VERSION, user_id=known["user"])
    # Who comes again finds nobody there.
    assert status in (204, 404)


def hand_over(shop, known):
    expect(200, shop.call("POST /company/main-contact", by=known["main"], body={"user_id": known["user"]}))


def tell(kind, **data):
    """Return what pushes an event of the ERP about the company."""

    def act(shop, known):
        expect(202, shop.webhook(kind, customer_number="10000", **data))

    return act


def bounce(shop, known):
    shop.bounce(NEW)


def import_a_table(shop, known):
    done = expect(200, shop.call("POST /users/import", by=known["main"], text=TABLE))
    assert done["refused"] == 1


def erase(shop, known):
    status, _ = shop.call("POST /users/{user_id}/erasure", by=known["main"], user_id=known["user"])
    assert status == 202


def erase_in_pages(shop, known):
    """Each page of the journal is one entry, so that there are several messages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redact_entries, "PAGE", 1)
        patch.setattr(redact_entries, "READ", 1)
        patch.setattr(trail, "READ", 1)
        erase(shop, known)
        shop.settle()


def check_logins(shop, known):
    shop.on_schedule("ReconcileFunction", "reconcile/check_logins_on_schedule")


SCENARIOS = {
    "asking for a code": Scenario(nothing, ask_for_a_code),
    "activation": Scenario(code_mailed, activate),
    "invitation": Scenario(listed, invite),
    "invitation before there is a list": Scenario(company, invite_unlisted),
    "first list of contacts": Scenario(company, list_few_contacts),
    "newer list of contacts": Scenario(listed_long_ago, refresh_contacts),
    "activation of who is invited elsewhere": Scenario(activating_elsewhere, activate_elsewhere),
    "activation of an invited colleague": Scenario(named_main_contact, take_over),
    "request": Scenario(company, request),
    "acceptance": Scenario(invited, accept),
    "acceptance when the inviter has left": Scenario(inviter_left, accept_in_vain),
    "deactivation of an invited user": Scenario(invited, deactivate),
    "deactivation": Scenario(colleague, deactivate),
    "reactivation": Scenario(deactivated, reactivate),
    "edit": Scenario(colleague, edit),
    "new e-mail": Scenario(colleague, want_a_new_email),
    "new e-mail of an invited user": Scenario(invited, want_a_new_email),
    "confirmation of a new e-mail": Scenario(moving, confirm),
    "agreement to a new e-mail": Scenario(confirmed, agree),
    "cancellation of a new e-mail": Scenario(confirmed, cancel),
    "new e-mail whose time has come": Scenario(confirmed, time_passes),
    "invitation that bounces": Scenario(invited, bounce),
    "invitation sent again": Scenario(invited_a_while_ago, send_again),
    "revocation": Scenario(invited, revoke),
    "deletion": Scenario(colleague, delete),
    "handing over": Scenario(colleague, hand_over),
    "webhook: switched off": Scenario(colleague, tell("customer.updated", customer_center=False)),
    "webhook: another main contact": Scenario(
        colleague, tell("customer.updated", customer_center_main_contact_email=NEW, blocked=False)
    ),
    "webhook: a contact changed": Scenario(
        contact_joined, tell("contact.updated", contact_number="KT010006", telephone="030/12")
    ),
    "webhook: a contact with a colleague's e-mail": Scenario(
        listed,
        tell("contact.updated", contact_number="KT010099", name="Nina", email="max.mustermann@musterhandel.example"),
    ),
    "webhook: a contact left": Scenario(contact_joined, tell("contact.deleted", contact_number="KT010006")),
    "webhook: another number": Scenario(colleague, tell("customer.renumbered", new_customer_number="10999")),
    "import": Scenario(listed, import_a_table),
    "erasure": Scenario(colleague, erase),
    "erasure in several pages": Scenario(colleague, erase_in_pages),
    "check of all logins": Scenario(logins_differ, check_logins),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_call_the_process_dies_at_it_ends_as_if_nothing_had_happened(run, name):
    undisturbed = Fate()
    state, mails = run(SCENARIOS[name], undisturbed)
    assert len(undisturbed.steps) >= 3, undisturbed.steps
    for way, fatal in undisturbed.deaths():
        call = undisturbed.steps[fatal - 1]
        fate = Fate(way, fatal)
        where = f"died {way} call {fatal}, {call}"
        state_then, mails_then = run(SCENARIOS[name], fate)
        assert fate.died_at == call, where
        assert state_then == state, where
        doubled = mails_then - mails
        assert not mails - mails_then, f"a mail is lost: {where}"
        # SES has the mail, and the note that it was sent is not written yet.
        accepted = (way, call) == ("after", "sesv2.SendEmail")
        assert doubled.total() == (1 if accepted else 0), where


def test_a_function_dies_before_its_first_call_and_after_each_that_changes_something():
    fate = Fate()
    for function in (("ssm.GetParameter", "dynamodb.GetItem", "dynamodb.UpdateItem", "erp"), ("dynamodb.GetItem",)):
        fate.begin()
        for call in function:
            fate.through(call, lambda: None)
    assert list(fate.deaths()) == [("before", 1), ("after", 3), ("after", 4), ("before", 5)]
