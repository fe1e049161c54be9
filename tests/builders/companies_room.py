"""The companies room with fakes for all its ports, to call its use cases as their handlers do."""

import re
from datetime import timedelta
from itertools import count

from customer_center.companies.audit.erase_user import erase_user
from customer_center.companies.audit.read_audit_trail import EntryFilter, read_audit_trail
from customer_center.companies.audit.redact_entries import redact_entries
from customer_center.companies.contact_list import read_asked_list
from customer_center.companies.effects import erased_at
from customer_center.companies.entries import person
from customer_center.companies.erp.apply_erp_event import apply_erp_event
from customer_center.companies.erp.create_erp_contact import create_erp_contact
from customer_center.companies.erp.list_erp_contacts import list_erp_contacts
from customer_center.companies.limits import IMPORT_ROWS
from customer_center.companies.login import reconcile_login
from customer_center.companies.mails.deliver_mail import Outgoing, Shop, deliver_mail
from customer_center.companies.model import Edit, InvitationRules, Member, NewUser, Role, UserStatus
from customer_center.companies.onboarding.accept_invitation import accept_invitation
from customer_center.companies.onboarding.activate_company import activate_company
from customer_center.companies.onboarding.activation import Activation, ActivationRules, Visit
from customer_center.companies.onboarding.cancel_email_change import cancel_email_change
from customer_center.companies.onboarding.complete_email_change import complete_email_change
from customer_center.companies.onboarding.confirm_email import confirm_email
from customer_center.companies.onboarding.look_up_invitation import look_up_invitation
from customer_center.companies.onboarding.supersede_invitation import supersede_invitation
from customer_center.companies.operators.align_company import align_company
from customer_center.companies.operators.appoint_main_contact import appoint_main_contact
from customer_center.companies.operators.close_company import close_company, reopen_company
from customer_center.companies.operators.unlock_activation import unlock_activation
from customer_center.companies.users.change_user_status import activate_user, deactivate_user
from customer_center.companies.users.delete_user import delete_user
from customer_center.companies.users.edit_user import edit_user
from customer_center.companies.users.find_users import UserFilter, UserSort, find_users
from customer_center.companies.users.hand_over import hand_over
from customer_center.companies.users.import_bodies import COLUMNS, REQUIRED_COLUMNS, import_row
from customer_center.companies.users.import_users import ImportTask, import_users
from customer_center.companies.users.invite_contact import invite_contact, request_user
from customer_center.companies.users.resend_invitation import resend_invitation
from customer_center.companies.users.revoke_invitation import revoke_invitation
from customer_center.mail.render import render
from customer_center.platform.idempotency import once
from customer_center.platform.journal import Actor, Effect
from customer_center.platform.spreadsheet import read
from customer_center.platform.stamps import nanoseconds
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.events import Event
from tests.builders.companies import COMPANY_ID, a_company, a_main_contact
from tests.builders.erp import INVOICE, NUMBER
from tests.fakes.clock import FakeClock
from tests.fakes.companies import FakeCompanies, FakeIdentities, FakeTrail
from tests.fakes.erp import FakeErp
from tests.fakes.mail import FakeMailer

KEEP_FOR = timedelta(minutes=10)
PASSWORD = "correct horse battery"
OPERATOR = Actor("client", "key-of-an-operator")
SHOP = Shop(
    "Harmony",
    "https://shop.example",
    "https://shop.example/welcome#token={token}",
    "https://shop.example/email#token={token}",
    "https://shop.example/not-me#token={token}",
    "https://shop.example/users#invite={user_id}",
)


class Room:
    """The use cases of the companies room with a fake for each port. A test may replace any of the fakes."""

    def __init__(self) -> None:
        self.erp = FakeErp()
        self.companies = FakeCompanies()
        self.trail = FakeTrail(self.companies)
        self.identities = FakeIdentities()
        self.mailer = FakeMailer()
        self.clock = FakeClock()
        self.activation_rules = ActivationRules()
        self.invitation_rules = InvitationRules()
        self.requests = count(1)
        self.refused = []
        self.delayed = []

    def founded(self, **given):
        """Store a company with one main contact, and return the main contact."""
        chief = a_main_contact(**given)
        self.companies.add(a_company(), chief)
        return chief

    def present(self, user):
        """Store the user and the login that their status implies."""
        company = self.companies.company(user.company_id) or a_company(company_id=user.company_id)
        self.companies.add(company, user)
        if user.has_login:
            self.identities.create(user)
            self.identities.set_password(user.user_id, PASSWORD)
            self.identities.enable(user)
            if user.status is not UserStatus.ACTIVE:
                self.identities.disable(user.user_id)
        return user

    def activate(self, *, network="192.0.2.1", claim_id=None, limits=None, **given):
        """Activate, by default as the ERP's main contact."""
        values = {
            "customer_number": NUMBER,
            "invoice_number": INVOICE,
            "email": "tja@baecker.example",
            "salutation": "mr",
            "name": "Tja",
            "password": PASSWORD,
            "language": "de",
        }
        request_id = f"request-{next(self.requests)}"
        return activate_company(
            Activation(**values | given),
            Visit(network, request_id, claim_id or request_id, [] if limits is None else limits),
            rules=self.activation_rules,
            erp=self.erp,
            companies=self.companies,
            identities=self.identities,
            clock=self.clock,
        )

    def activate_confirmed(self, **given):
        """Activate with the code from the mail."""
        self.activate(**given)
        return self.activate(code=self.mailed_code(), **given)

    def tell(self, kind, /, *, at=None, webhook_id=None, received_at=None, customer_number=NUMBER, **data):
        """Apply an event of the ERP. By default it happened and was received now."""
        event = Event(kind, nanoseconds(at or self.clock.now()), {"customer_number": customer_number, **data})
        webhook_id = webhook_id or f"msg_{next(self.requests):03}"
        delivery = Delivery("erp", webhook_id, received_at or self.clock.now(), event)

        def refuse(code, errors):
            self.refused.append((delivery.webhook_id, code, [error.pointer for error in errors]))

        apply_erp_event(delivery, companies=self.companies, refuse=refuse, clock=self.clock)

    def accept(self, token, password=PASSWORD, *, claim_id=None):
        """Accept an invitation."""
        request_id = f"request-{next(self.requests)}"
        return accept_invitation(
            token,
            password,
            claim_id or request_id,
            request_id,
            companies=self.companies,
            identities=self.identities,
            clock=self.clock,
        )

    def invite(self, actor, contact_number="KT100", *, claim_id=None, **given):
        """Add a contact of the ERP to the shop."""
        request_id = f"request-{next(self.requests)}"
        return invite_contact(
            contact_number,
            NewUser(**{"salutation": "mrs", "roles": frozenset({Role.BUYER})} | given),
            actor,
            request_id,
            claim_id or request_id,
            customer_number=self.companies.company(actor.company_id).customer_number,
            rules=self.invitation_rules,
            keep_for=KEEP_FOR,
            erp=self.erp,
            companies=self.companies,
            clock=self.clock,
        )

    def request(self, actor, **given):
        """Request a new user."""
        values = {
            "salutation": "mr",
            "roles": frozenset({Role.BUYER}),
            "name": "Nils Neu",
            "email": "nils@baecker.example",
        }
        return request_user(
            NewUser(**values | given),
            actor,
            f"request-{next(self.requests)}",
            rules=self.invitation_rules,
            companies=self.companies,
            clock=self.clock,
        )

    def deactivate(self, user_id, actor, *, if_versions=None):
        """Deactivate a user."""
        return self._do(deactivate_user, user_id, actor, if_versions=if_versions, identities=self.identities)

    def reactivate(self, user_id, actor, *, if_versions=None, before_mail=lambda: None):
        """Activate a deactivated user."""
        ports = {"rules": self.invitation_rules, "identities": self.identities, "before_mail": before_mail}
        return self._do(activate_user, user_id, actor, if_versions=if_versions, **ports)

    def import_users(
        self,
        actor,
        text,
        *,
        dry_run=False,
        seconds=20,
        invitations=IMPORT_ROWS,
        request=None,
        header=True,
        claim_id=None,
    ):
        """Import the rows of the text. A header of all columns is added unless the text has one."""
        header = "" if text.startswith("salutation") or not header else ",".join(COLUMNS) + "\n"
        table = read((header + text).encode(), columns=COLUMNS, required=REQUIRED_COLUMNS, at_most=IMPORT_ROWS)
        rows = [
            import_row(row, {"salutations": ("mr", "mrs"), "currencies": ("EUR", "CHF", "GBP", "USD")}, "en")
            for row in table
        ]
        member = Member(actor, self.companies.company(actor.company_id))
        give_up_at = self.clock.now() + timedelta(seconds=seconds)
        request_id = f"request-{next(self.requests)}"
        claim_id = claim_id or request_id
        task = ImportTask(
            member, request_id, self.invitation_rules, dry_run, give_up_at, invitations, KEEP_FOR, claim_id
        )

        def do(companies):
            return import_users(
                rows, task, erp=self.erp, companies=self.companies, first_written_by=companies, clock=self.clock
            )

        return once(request, do, lambda _: do(self.companies), records=self.companies, clock=self.clock)

    def erase(self, user_id, actor, *, if_versions=None):
        """Erase a user."""
        return erase_user(
            user_id,
            Member(actor, self.companies.company(actor.company_id)),
            f"request-{next(self.requests)}",
            if_versions=if_versions,
            companies=self.companies,
            trail=self.trail,
            identities=self.identities,
            clock=self.clock,
        )

    def overview(self, actor, *, sort=UserSort.CREATED, limit=50, cursor=None, **wanted):
        """List the users of the caller's company."""
        return find_users(
            actor.company_id,
            UserFilter(**wanted),
            sort,
            limit=limit,
            cursor=cursor,
            companies=self.companies,
            clock=self.clock,
        )

    def audit_trail(self, company_id=COMPANY_ID, *, limit=50, cursor=None, **wanted):
        """Show the company's journal."""
        return read_audit_trail(
            company_id,
            EntryFilter(**wanted),
            limit=limit,
            cursor=cursor,
            trail=self.trail,
            companies=self.companies,
        )

    def edit(self, user_id, actor, *, if_versions=None, before_mail=lambda: None, logged_in_at=None, **given):
        """Edit a user. By default the actor has just logged in."""
        ports = {"rules": self.invitation_rules, "identities": self.identities, "before_mail": before_mail}
        ports["logged_in_at"] = logged_in_at or self.clock.now()
        return self._do(edit_user, user_id, Edit(**given), actor, if_versions=if_versions, **ports)

    def confirm(self, token):
        """Confirm a new e-mail, or agree to it from the old address."""
        return self._do(confirm_email, token, rules=self.invitation_rules, identities=self.identities)

    def cancel(self, token):
        """Cancel the change of an e-mail from the old address."""
        return self._do(cancel_email_change, token)

    def look_up(self, token):
        """Show what an invitation is about."""
        return look_up_invitation(token, companies=self.companies, clock=self.clock)

    def delete(self, user_id, actor, *, if_versions=None):
        """Delete a user."""
        member = Member(actor, self.companies.company(actor.company_id))
        self._do(delete_user, user_id, member, if_versions=if_versions, identities=self.identities)

    def resend(self, user_id, actor, *, if_versions=None):
        """Send an invitation again."""
        arguments = (actor.company_id, user_id, person(actor))
        return self._do(resend_invitation, *arguments, if_versions=if_versions, rules=self.invitation_rules)

    def resend_as_operator(self, user_id, company_id=COMPANY_ID):
        """Send an invitation again, as an operator."""
        return self._do(resend_invitation, company_id, user_id, OPERATOR, if_versions=None, rules=self.invitation_rules)

    def revoke(self, user_id, actor, *, if_versions=None):
        """Revoke an invitation."""
        return self._do(revoke_invitation, user_id, actor, if_versions=if_versions)

    def hand_over(self, user_id, actor, *, if_versions=None):
        """Hand over the role of main contact."""
        return self._do(hand_over, user_id, actor, if_versions=if_versions)

    def _do(self, use_case, *arguments, **given):
        """Call a use case as its handler does, with a new request id."""
        request_id = f"request-{next(self.requests)}"
        return use_case(*arguments, request_id, companies=self.companies, clock=self.clock, **given)

    def contacts(self, actor, *, limit=50, cursor=None, q="", refresh=False, before_refresh=lambda: None):
        """List the contacts of the ERP without an account."""
        return list_erp_contacts(
            actor,
            f"request-{next(self.requests)}",
            limit=limit,
            cursor=cursor,
            q=q,
            refresh=refresh,
            keep_for=KEEP_FOR,
            before_refresh=before_refresh,
            erp=self.erp,
            companies=self.companies,
            clock=self.clock,
        )

    def read_list(self, effect: Effect, *, seconds=240) -> None:
        """Read the list of contacts that an effect names."""
        read_asked_list(
            effect,
            read_for=timedelta(seconds=seconds),
            lapses_after=timedelta(minutes=5),
            erp=self.erp,
            companies=self.companies,
            clock=self.clock,
        )

    @property
    def outgoing(self) -> Outgoing:
        """The ports and settings of mail delivery."""
        return Outgoing(
            shop=SHOP,
            rules=self.invitation_rules,
            code_valid_for=timedelta(minutes=15),
            companies=self.companies,
            mailer=self.mailer,
            render=render,
            clock=self.clock,
        )

    def close(self, company_id=COMPANY_ID):
        """Close a company, as an operator."""
        return close_company(
            company_id, OPERATOR, f"request-{next(self.requests)}", companies=self.companies, clock=self.clock
        )

    def reopen(self, company_id=COMPANY_ID):
        """Open a company again, as an operator."""
        return reopen_company(
            company_id, OPERATOR, f"request-{next(self.requests)}", companies=self.companies, clock=self.clock
        )

    def appoint(self, user_id, company_id=COMPANY_ID):
        """Appoint a main contact, as an operator."""
        return appoint_main_contact(
            company_id, user_id, OPERATOR, f"request-{next(self.requests)}", companies=self.companies, clock=self.clock
        )

    def unlock(self, customer_number=NUMBER):
        """Unlock the activation of a customer number, as an operator."""
        return unlock_activation(
            customer_number, OPERATOR, f"request-{next(self.requests)}", companies=self.companies, clock=self.clock
        )

    def align(self, effect: Effect) -> None:
        """Align the logins that an effect names; those of a company one by one."""
        if mail_id := effect.data.get("email_change"):
            complete_email_change(
                effect.data["user_id"],
                mail_id,
                effect.effect_id,
                companies=self.companies,
                # Every effect of the journal is followed up again and again here.
                queue=lambda effects, delay: self.delayed.append((effects, delay)),
                clock=self.clock,
            )
        elif company_id := effect.data.get("company_id"):

            def queue(effects):
                for each in effects:
                    self.align(each)

            after = effect.data.get("after")
            align_company(company_id, after, companies=self.companies, queue=queue, clock=self.clock)
        else:
            reconcile_login(
                effect.data["user_id"],
                companies=self.companies,
                identities=self.identities,
                clock=self.clock,
                company_changed="company_changed" in effect.data,
            )

    def blank(self, effect, *, has_time=lambda: True):
        """Blank the journal of an erased person, to its end."""
        pages = [effect]
        while pages:
            page = pages.pop()
            redact_entries(
                page.data["user_id"],
                erased_at(page),
                page.data.get("after"),
                has_time=has_time,
                trail=self.trail,
                companies=self.companies,
                queue=pages.extend,
                clock=self.clock,
            )

    def follow_up(self) -> None:
        """Process all effects of the journal. It may run any number of times."""
        for effect in list(self.companies.effects):
            match effect.kind:
                case "mail":
                    deliver_mail(effect, self.outgoing)
                case "identity":
                    self.align(effect)
                case "superseded":
                    supersede_invitation(
                        effect.data["user_id"], effect.effect_id, companies=self.companies, clock=self.clock
                    )
                case "contact_list":
                    self.read_list(effect)
                case "erasure":
                    self.blank(effect)
                case "erp_contact":
                    create_erp_contact(
                        effect.data["user_id"],
                        effect.effect_id,
                        erp=self.erp,
                        companies=self.companies,
                        clock=self.clock,
                    )

    def mailed_code(self) -> str:
        """Process all effects and return the code in the last mail."""
        self.follow_up()
        return re.search(r"^\d{6}$", self.mailer.sent[-1].text, re.MULTILINE)[0]

    def mailed_token(self) -> str:
        """Process all effects and return the token of the link in the last mail."""
        self.follow_up()
        return re.search(r"#token=(\S+)", self.mailer.sent[-1].text)[1]

    def noticed_token(self) -> str:
        """Process all effects and return the token of the last notice to an old address."""
        self.follow_up()
        return re.findall(r"not-me#token=(\S+)", "".join(mail.text for mail in self.mailer.sent))[-1]

    def typed_code(self) -> str:
        """Process all effects and return the code beside the link in the last mail."""
        self.follow_up()
        return re.search(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){2}$", self.mailer.sent[-1].text, re.MULTILINE)[0]
