"""A use case dies at any step, or a step fails, and the caller repeats: it ends as if nothing had happened.

Every call of a use case to its ports is a step. In each test one step of one use case goes wrong in one way; then the
caller sends the same request again, and what follows from the journal is done. Nothing may be there twice or be lost.
"""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest

from customer_center.companies.idempotency import user_once
from customer_center.companies.mails.note_feedback import note_feedback
from customer_center.companies.model import BounceLimits, InvitationRules, Role, UserStatus
from customer_center.companies.onboarding.activation import ActivationRules
from customer_center.companies.operators.resume_mails import resume_mails
from customer_center.mail.feedback import Feedback, Outcome
from customer_center.platform.errors import Gone
from customer_center.platform.idempotency import Idempotency
from customer_center.platform.ids import new_ulid
from tests.builders.companies import (
    OTHER_COMPANY_ID,
    a_company,
    a_main_contact,
    a_user,
    an_email_change,
    an_invited_user,
    euros,
)
from tests.builders.companies_room import OPERATOR, PASSWORD, Room
from tests.builders.erp import INVOICE, NUMBER, a_contact, a_customer
from tests.faults.use_cases import WAYS, Fate, Scenario, disturbed

NEW = "new@baecker.example"


# Somebody new, somebody the ERP knows, and a row that is refused.
# They may be repeated, and nobody sees them.
TABLE = """mrs,Nina Neu,nina@baecker.example,buyer,,,,,
mr,,,approver,,KT200,,,
mr,Otto,otto,buyer,,,,,
"""


PORTS = ("erp", "companies", "identities", "trail")


def _room(*, customer_center=True, **rules):
    room = Room()
    room.activation_rules = ActivationRules(**rules)
    room.invitation_rules = InvitationRules(create_erp_contact=True)
    contacts = [a_contact("KT100"), a_contact("KT200")]
    room.erp.add(a_customer(customer_center=customer_center), contacts=contacts, invoices=[INVOICE])
    return room


def _seed_flow():
    return _room(confirm_email=False)


def _own_contact():
    room = _seed_flow()
    room.erp.contacts[NUMBER][0] = replace(room.erp.contacts[NUMBER][0], email=None)
    return room


def _second_of_a_company():
    room = _seed_flow()
    room.companies.add(a_company(), a_main_contact(email="older@baecker.example"))
    return room


def _code_mailed():
    room = _room()
    room.activate()
    room.code = room.mailed_code()
    return room


def _another_was_first():
    room = _room(customer_center=False)
    room.activate(email="anna@baecker.example")
    annas = room.mailed_code()
    room.activate()
    room.code = room.mailed_code()
    room.activate(email="anna@baecker.example", code=annas)
    return room


def _with(*users):
    def prepare():
        room = _room()
        room.chief = a_main_contact(email="tja@baecker.example")
        room.subject = None
        room.companies.add(a_company(), room.chief)
        for make in users:
            room.subject = make()
            room.companies.add(room.companies.company(room.chief.company_id), room.subject)
            if room.subject.status is not UserStatus.INVITED:
                room.identities.create(room.subject)
                room.identities.set_password(room.subject.user_id, PASSWORD)
            if room.subject.status is UserStatus.ACTIVE:
                room.identities.enable(room.subject)
        return room

    return prepare


BOUNCES = BounceLimits(per_day=3, percent=1)


def _bounces(room, _):
    """A third mail of the company comes back."""
    feedback = Feedback(
        Outcome.BOUNCED,
        room.subject.email,
        room.clock.now(),
        mail_id=room.subject.invitation.mail_id,
        user_id=room.subject.user_id,
    )
    note_feedback(feedback, BOUNCES, companies=room.companies, clock=room.clock)


def _bounced_twice():
    room = _with()()
    room.subject = room.request(room.chief, email=NEW)
    room.follow_up()
    now = room.clock.now()
    for _ in range(2):
        room.companies.count_bounce(room.chief.company_id, new_ulid(now), now, now)
    return room


def _stopped():
    room = _bounced_twice()
    _bounces(room, "mine")
    return room


def _stopped_while_a_mail_waits():
    room = _stopped()
    room.request(room.chief, email="later@baecker.example")
    return room


def _resume(room, _):
    company_id = room.chief.company_id
    resume_mails(company_id, OPERATOR, "request", companies=room.companies, clock=room.clock)


def _requested():
    room = _with()()
    room.request(room.chief)
    return room


def _colleague(**given):
    return a_user(email="anna@baecker.example", **given)


def _invitee(**given):
    return lambda: an_invited_user(email="invited@baecker.example", **given)


def _accept(room, claim_id):
    return room.accept(f"{room.subject.user_id}.secret", claim_id=claim_id)


def _once(act):
    """Return the act as a request whose Idempotency-Key is the caller's claim id."""

    def keyed(room, claim):
        def do(companies):
            plain, room.companies = room.companies, companies
            try:
                return act(room)
            finally:
                room.companies = plain

        user_once(Idempotency(claim, "what was asked"), do, companies=room.companies, clock=room.clock)

    return keyed


def _hand_over(room):
    # Who is calling is read anew with every request.
    room.hand_over(room.subject.user_id, room.companies.user(room.chief.user_id))


def _moving():
    user = a_user(email="anna@baecker.example")
    return replace(user, email_change=an_email_change(email=NEW, requested_by=user.user_id))


def _agreed():
    user = _moving()
    return replace(user, email_change=replace(user.email_change, agreed=True))


def _waiting():
    room = _with(_moving)()
    room.confirm(f"{room.subject.user_id}.secret")
    return room


def _due():
    room = _waiting()
    room.clock.advance(hours=72)
    return room


def _wanting_a_new_email():
    room = _with(_colleague)()
    room.edit(room.subject.user_id, room.chief, email=NEW)
    return room


def _handed_over():
    room = _with(_colleague)()
    _hand_over(room)
    return room


def _a_day_later(prepare):
    def later():
        room = prepare()
        room.clock.advance(days=1)
        return room

    return later


def _invited_contact():
    room = _with()()
    room.subject = room.invite(room.chief)
    return room


def _with_a_past():
    room = _invited_contact()
    room.accept(room.mailed_token())
    room.subject = room.companies.user(room.subject.user_id)
    return room


def _deleted():
    room = _with_a_past()
    room.delete(room.subject.user_id, room.chief)
    return room


def _erased():
    room = _with_a_past()
    room.erase(room.subject.user_id, room.chief)
    return room


def _two():
    room = _with(_colleague)()
    room.present(room.chief)
    return room


def _closed():
    room = _two()
    room.close()
    return room


def _with_a_list():
    room = _with()()
    room.contacts(room.chief)
    return room


def _with_an_old_list():
    room = _with_a_list()
    room.clock.advance(minutes=10)
    room.erp.contacts[NUMBER] = [*room.erp.contacts[NUMBER][1:], a_contact("KT300")]
    return room


def _refreshed():
    room = _with_an_old_list()
    room.contacts(room.chief)
    return room


def _contacts_later(room):
    """Somebody looks at the list when a reader that died counts as dead."""
    room.clock.advance(minutes=5)
    room.contacts(room.chief)
    room.follow_up()


def _confirm_mailed(room):
    room.confirm(room.mailed_token())


def _accept_mailed(room):
    room.accept(room.mailed_token())


def _elsewhere():
    """Return a room where another company has invited nils@baecker.example and tja@baecker.example too."""
    room = _room()
    room.erp.add(a_customer(customer_number="20000"))
    room.other_chief = a_main_contact(company_id=OTHER_COMPANY_ID, email="chief@other.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), room.other_chief)
    for email in ("nils@baecker.example", "tja@baecker.example"):
        room.request(room.other_chief, email=email)
    return room


def _invited_twice():
    room = _elsewhere()
    room.chief = a_main_contact(email="older@baecker.example")
    room.companies.add(a_company(), room.chief)
    user = room.request(room.chief)
    room.token = room.mailed_token()
    assert room.token.startswith(user.user_id)
    return room


def _accepted_once():
    room = _invited_twice()
    room.accept(room.token)
    return room


def _code_mailed_to_who_is_invited_elsewhere():
    room = _elsewhere()
    room.activate()
    room.code = room.mailed_code()
    return room


def _code_mailed_to_an_invited_colleague():
    room = _room()
    room.chief = a_main_contact(email="older@baecker.example")
    room.companies.add(a_company(), room.chief)
    room.invite(room.chief, email="tja@baecker.example")
    room.follow_up()
    room.activate()
    room.code = room.mailed_code()
    return room


def _inviter_left():
    room = _with()()
    inviter = room.present(a_main_contact(email="inviter@baecker.example"))
    room.request(inviter)
    room.token = room.mailed_token()
    room.delete(inviter.user_id, room.chief)
    return room


def _refused(room, claim):
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(room.token, claim_id=claim)


SCENARIOS = {
    "activation of who is invited elsewhere": Scenario(
        _code_mailed_to_who_is_invited_elsewhere, lambda room, claim: room.activate(claim_id=claim, code=room.code)
    ),
    "activation of an invited colleague": Scenario(
        _code_mailed_to_an_invited_colleague, lambda room, claim: room.activate(claim_id=claim, code=room.code)
    ),
    "acceptance of one of two invitations": Scenario(
        _invited_twice, lambda room, claim: room.accept(room.token, claim_id=claim), told="identity-unavailable"
    ),
    "what follows from accepting one of two invitations": Scenario(_accepted_once, lambda room, _: room.follow_up()),
    "acceptance when the inviter has left": Scenario(_inviter_left, _refused),
    "an operator sends an invitation again": Scenario(
        _a_day_later(_with(_invitee())),
        _once(lambda room: room.resend_as_operator(room.subject.user_id)),
        finish=_accept_mailed,
        told="too-many-requests",
    ),
    "activation of a company": Scenario(_seed_flow, lambda room, claim: room.activate(claim_id=claim)),
    "activation with a contact": Scenario(
        _own_contact, lambda room, claim: room.activate(claim_id=claim, contact_number="KT100")
    ),
    "activation of a second main contact": Scenario(
        _second_of_a_company, lambda room, claim: room.activate(claim_id=claim)
    ),
    "asking for a code": Scenario(
        _room,
        lambda room, claim: room.activate(claim_id=claim),
        finish=lambda room: room.activate(code=room.mailed_code()),
    ),
    "activation with a code": Scenario(_code_mailed, lambda room, claim: room.activate(claim_id=claim, code=room.code)),
    "activation when another was first": Scenario(
        _another_was_first, lambda room, claim: room.activate(claim_id=claim, code=room.code)
    ),
    # A used link enables no login, so the repeat of a first try that died before it did is asked to try again.
    "acceptance": Scenario(_with(_invitee()), _accept, told="identity-unavailable"),
    "acceptance of a main contact": Scenario(
        _with(_invitee(roles={Role.MAIN_CONTACT})), _accept, told="identity-unavailable"
    ),
    "looking up an invitation": Scenario(
        _with(_invitee()), lambda room, _: room.look_up(f"{room.subject.user_id}.secret")
    ),
    "invitation of a contact": Scenario(
        _with(),
        lambda room, claim: room.invite(room.chief, claim_id=claim),
        finish=_accept_mailed,
        told="contact-in-use",
    ),
    "invitation of a contact of the list": Scenario(
        _with_a_list, lambda room, _: room.invite(room.chief), finish=_accept_mailed, told="contact-in-use"
    ),
    "request of a user": Scenario(
        _with(), lambda room, _: room.request(room.chief), finish=_accept_mailed, told="email-in-use"
    ),
    "what follows from a request": Scenario(_requested, lambda room, _: room.follow_up(), finish=_accept_mailed),
    "deactivation": Scenario(
        _with(lambda: a_user(email="anna@baecker.example")),
        lambda room, _: room.deactivate(room.subject.user_id, room.chief),
    ),
    "deactivation of a main contact": Scenario(
        _with(lambda: a_main_contact(email="anna@baecker.example")),
        lambda room, _: room.deactivate(room.subject.user_id, room.chief),
    ),
    "deactivation of an invited user": Scenario(
        _with(_invitee()), lambda room, _: room.deactivate(room.subject.user_id, room.chief)
    ),
    "reactivation": Scenario(
        _with(lambda: a_user(email="anna@baecker.example", status=UserStatus.DEACTIVATED)),
        lambda room, _: room.reactivate(room.subject.user_id, room.chief),
    ),
    "renewal of an invitation": Scenario(
        _with(lambda: replace(_invitee()(), status=UserStatus.DEACTIVATED)),
        lambda room, _: room.reactivate(room.subject.user_id, room.chief),
        finish=_accept_mailed,
    ),
    "edit": Scenario(
        _with(_colleague),
        lambda room, _: room.edit(
            room.subject.user_id, room.chief, name="Otto", language="fr", budgets={"per_order": euros("5.00")}
        ),
    ),
    "edit of one version": Scenario(
        _with(_colleague),
        lambda room, _: room.edit(room.subject.user_id, room.chief, if_versions={1}, name="Otto"),
        told="version-changed",
    ),
    "demotion": Scenario(
        _with(lambda: a_main_contact(email="anna@baecker.example")),
        lambda room, _: room.edit(room.subject.user_id, room.chief, roles=frozenset({Role.BUYER})),
    ),
    "new e-mail": Scenario(
        _with(_colleague),
        lambda room, _: room.edit(room.subject.user_id, room.chief, email=NEW),
        finish=_confirm_mailed,
    ),
    "what follows from a new e-mail": Scenario(
        _wanting_a_new_email, lambda room, _: room.follow_up(), finish=_confirm_mailed
    ),
    "confirmation of a new e-mail": Scenario(
        _with(_moving), lambda room, _: room.confirm(f"{room.subject.user_id}.secret")
    ),
    "confirmation of a new e-mail that was agreed to": Scenario(
        _with(_agreed), lambda room, _: room.confirm(f"{room.subject.user_id}.secret")
    ),
    "agreement of the old address": Scenario(
        _with(_moving), lambda room, _: room.confirm(f"{room.subject.user_id}.old")
    ),
    "agreement of the old address to a confirmed e-mail": Scenario(
        _waiting, lambda room, _: room.confirm(f"{room.subject.user_id}.old")
    ),
    "cancellation by the old address": Scenario(_waiting, lambda room, _: room.cancel(f"{room.subject.user_id}.old")),
    "a new e-mail whose time has come": Scenario(_due, lambda room, _: room.follow_up()),
    "new e-mail of an invited user": Scenario(
        _with(_invitee()),
        lambda room, _: room.edit(room.subject.user_id, room.chief, email=NEW),
        finish=_accept_mailed,
    ),
    "resending an invitation": Scenario(
        _a_day_later(_with(_invitee())),
        _once(lambda room: room.resend(room.subject.user_id, room.chief)),
        finish=_accept_mailed,
        told="too-many-requests",
    ),
    "revocation": Scenario(_with(_invitee()), lambda room, _: room.revoke(room.subject.user_id, room.chief)),
    "deletion": Scenario(
        _with(_colleague), lambda room, _: room.delete(room.subject.user_id, room.chief), told="not-found"
    ),
    "deletion of an invited contact": Scenario(
        _invited_contact, lambda room, _: room.delete(room.subject.user_id, room.chief), told="not-found"
    ),
    "handing over": Scenario(_with(_colleague), _once(_hand_over), told="permission-missing"),
    "what follows from handing over": Scenario(_handed_over, lambda room, _: room.follow_up()),
    "import of a table": Scenario(
        _with(),
        lambda room, claim: room.import_users(room.chief, TABLE, claim_id=claim),
        finish=lambda room: room.contacts(room.chief),
    ),
    "import of a table by a request with a key": Scenario(
        _with(),
        lambda room, claim: room.import_users(
            room.chief, TABLE, request=Idempotency(claim, "what was asked"), claim_id=claim
        ),
    ),
    "dry run of an import": Scenario(
        _with(), lambda room, claim: room.import_users(room.chief, TABLE, dry_run=True, claim_id=claim)
    ),
    "mails that come back too often": Scenario(_bounced_twice, _bounces),
    "mails after too many came back": Scenario(_stopped, _resume),
    "what follows from a request while the mails are stopped": Scenario(
        _stopped_while_a_mail_waits, lambda room, _: room.follow_up()
    ),
    "erasure": Scenario(_with_a_past, lambda room, _: room.erase(room.subject.user_id, room.chief)),
    "erasure of somebody deleted before": Scenario(
        _deleted, lambda room, _: room.erase(room.subject.user_id, room.chief)
    ),
    "what follows from an erasure": Scenario(_erased, lambda room, _: room.follow_up()),
    "closing a company": Scenario(_two, lambda room, _: room.close()),
    "what follows from closing a company": Scenario(_closed, lambda room, _: room.follow_up()),
    "opening a company again": Scenario(_closed, lambda room, _: room.reopen()),
    "appointing a main contact": Scenario(_with(_colleague), lambda room, _: room.appoint(room.subject.user_id)),
    "listing of contacts": Scenario(
        _with(lambda: a_user(email="kt100@baecker.example")),
        lambda room, _: room.contacts(room.chief),
        finish=_contacts_later,
    ),
    "refreshing of contacts": Scenario(
        _with_an_old_list, lambda room, _: room.contacts(room.chief, refresh=True), finish=_contacts_later
    ),
    "what follows from refreshing contacts": Scenario(
        _refreshed, lambda room, _: room.follow_up(), finish=_contacts_later
    ),
}


def _run(scenario, fate, *, repeat_as="mine", wait=0):
    room = disturbed(scenario, fate, PORTS, repeat_as=repeat_as, wait=wait)
    room.follow_up()
    scenario.finish(room)
    room.follow_up()
    return room


# What was asked, each time that it was asked.
ASKED = {"activation.requested", "contacts.asked_for", "import.checked"}


def _state(room):
    """Return everything that is there, by names instead of ids; requests that were begun anew count once."""
    companies = room.companies
    emails = {user.user_id: user.email for user in companies.everybody}
    return {
        "companies": sorted(
            (
                company.customer_number,
                company.customer_center,
                company.closed_at is not None,
                company.mails_stopped(room.clock.now()),
                sorted(emails[user] for user in company.main_contacts),
            )
            for company in companies.all_companies
        ),
        "users": sorted(
            (
                user.email,
                user.name,
                user.language,
                str(user.budgets),
                user.email_change.email if user.email_change else "",
                user.email_change is not None and user.email_change.agreed,
                user.email_change is not None and user.email_change.takes_effect_at is not None,
                companies.company(user.company_id).customer_number,
                user.status.value,
                sorted(user.roles),
                user.contact_number or "",
                user.invitation.status.value if user.invitation else "",
                user.claim is None,
                companies.holders_of_email(user.email).owner_id == user.user_id,
            )
            for user in companies.everybody
        ),
        "logins": sorted(
            (emails.get(user_id, "orphan"), login.email, login.enabled, login.verified, login.password or "")
            for user_id, login in room.identities.logins.items()
        ),
        "contacts": sorted((number, emails.get(row.user_id, "")) for (_, number), row in companies._contacts.items()),
        "erp contacts": sorted(contact.name for contact in room.erp.contacts[NUMBER]),
        "changes": sorted(entry.action for entry in companies.entries if entry.action not in ASKED),
        "named in the journal": sorted(
            {str(value) for entry in companies.entries for value in entry.changes.get("name", ()) if value}
        ),
        "mails": sorted({(mail.to, mail.subject) for mail in room.mailer.sent}),
        "refused": companies.refusals,
    }


def _steps(scenario):
    fate = Fate()
    _run(scenario, fate)
    return fate.steps


CASES = [
    pytest.param(name, way, step, id=f"{name}, step {step} {way}")
    for name, scenario in SCENARIOS.items()
    for step in range(1, _steps(scenario) + 1)
    for way in WAYS
]


@cache
def _undisturbed(name):
    return _state(_run(SCENARIOS[name], Fate()))


@pytest.mark.parametrize(("repeat_as", "wait"), [("mine", 0), ("another", 31)], ids=["same key", "later"])
@pytest.mark.parametrize(("name", "way", "step"), CASES)
def test_a_repeat_ends_as_if_nothing_had_happened(name, way, step, repeat_as, wait):
    scenario = SCENARIOS[name]
    undisturbed = deepcopy(_undisturbed(name))
    disturbed = _state(_run(scenario, Fate(way, step), repeat_as=repeat_as, wait=wait))
    # Who could not give back a reserved refusal leaves it counted, which is the safe side.
    assert disturbed.pop("refused") - undisturbed.pop("refused") in {0, 1}
    assert disturbed == undisturbed


def test_the_sweep_sweeps():
    assert all(_steps(scenario) for scenario in SCENARIOS.values())
    assert len(CASES) > 300
