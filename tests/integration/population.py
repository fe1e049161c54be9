"""The sample events (events/), and the companies, users and client keys that they name."""

from datetime import UTC, datetime, timedelta

from customer_center.clients.entries import OPERATOR
from customer_center.clients.model import ClientKey, Scope, new_key_secret
from customer_center.clients.store import ClientKeyStore
from customer_center.companies.model import Role, UserStatus
from customer_center.companies.store import CompanyStore
from customer_center.platform.journal import Journal
from tests.builders.companies import (
    a_company,
    a_main_contact,
    a_user,
    an_email_change,
    an_entry,
    an_invitation,
    an_invited_user,
)
from tests.integration.aws import event_of
from tests.template_reader import ROOT

SAMPLES = sorted(file.relative_to(ROOT / "events").with_suffix("").as_posix() for file in ROOT.glob("events/*/*.json"))
HTTP_SAMPLES = [path for path in SAMPLES if "routeKey" in event_of(path)]

COMPANY = "com_01kajx4m2r8t6v0w5y9b3d7f1h"
OTHER_COMPANY = "com_01kajx4m2r8t6v0w5y9b3d7f2j"


def user_id_of(serial, company_id=COMPANY):
    """Return the id of one of the people."""
    return f"usr_{company_id.removeprefix('com_')}_0176398000{serial:03}4182736450918"


MAIN, BUYER, INVITED, DEACTIVATED, FRESH, LEAVING = map(user_id_of, range(1, 7))
NOBODY = user_id_of(999)
STRANGER = user_id_of(1, OTHER_COMPANY)
PASSWORD = "a long enough password"
SECRET = "Zm9yIHRoZSBzYW1wbGUgZXZlbnRzIG9ubHkgICAgICA"
# The secret of the link that was mailed to the old address of a new e-mail.
OLD_SECRET = "Zm9yIHRoZSBzYW1wbGUncyBvbGQgYWRkcmVzcyAgICA"
# The client keys of the sample events; all have the sample's secret.
OPERATOR_KEY, SHOP_KEY = "01kajx4m2r8t6v0w5y9b3d7f9p", "01kajx4m2r8t6v0w5y9b3d7f9q"
MANAGER_KEY = "01kajx4m2r8t6v0w5y9b3d7f9r"
INVITATION_MAIL = "01kajxd5t0v3w6y9b2d5f8h1k4"
CODE_MAIL = "01kajxd5t0v3w6y9b2d5f8h1k5"
CONFIRMATION_MAIL = "01kajxd5t0v3w6y9b2d5f8h1k6"
MOVING_MAIL = "01kajxd5t0v3w6y9b2d5f8h1k7"
NEW_EMAIL = "new.address@fresh.example"
EMAIL = "max.mustermann@musterhandel.example"


def populate(aws):
    """Store a company of six users, a company of one user and two client keys, and return a snapshot of the tables."""
    aws.restore(None)
    client, table = aws.client("dynamodb"), aws.physical("CompaniesTable")
    journal = Journal(client=client, table=aws.physical("JournalTable"))
    store = CompanyStore(client=client, table=table, journal=journal)
    client_keys = ClientKeyStore(client=client, table=table, journal=journal)
    _found_company(store, COMPANY, "10000", "Musterhandel GmbH", MAIN, "Max Mustermann", EMAIL)
    _found_company(store, OTHER_COMPANY, "70000", "Gross GmbH", STRANGER, "Erika Muster", "erika.muster@gross.example")
    expires_at = datetime.now(UTC) + timedelta(days=7)
    for user in (
        a_user(
            user_id=BUYER,
            company_id=COMPANY,
            email_change=an_email_change(
                secret=None,
                email="b@fresh.example",
                mail_id=CONFIRMATION_MAIL,
                expires_at=expires_at,
                requested_by=MAIN,
            ),
        ),
        a_user(user_id=DEACTIVATED, company_id=COMPANY, status=UserStatus.DEACTIVATED),
        a_user(
            user_id=LEAVING,
            company_id=COMPANY,
            roles={Role.APPROVER},
            email_change=an_email_change(
                secret=SECRET,
                old_secret=OLD_SECRET,
                mail_id=MOVING_MAIL,
                email=NEW_EMAIL,
                sent_at=datetime.now(UTC),
                expires_at=expires_at,
                requested_by=MAIN,
            ),
        ),
        an_invited_user(
            user_id=INVITED, company_id=COMPANY, invitation=an_invitation(secret=SECRET, expires_at=expires_at)
        ),
        an_invited_user(
            user_id=FRESH,
            company_id=COMPANY,
            email="nina.neu@fresh.example",
            invitation=an_invitation(secret=None, mail_id=INVITATION_MAIL, expires_at=expires_at),
        ),
    ):
        store.add_user(user, an_entry(company_id=COMPANY))
    _add_key(client_keys, OPERATOR_KEY, Scope.OPERATOR)
    _add_key(client_keys, MANAGER_KEY, Scope.KEYS_MANAGE, Scope.COMPANIES_READ)
    _add_key(client_keys, SHOP_KEY, Scope.COMPANIES_READ, ancestors=(MANAGER_KEY,))
    return aws.snapshot()


def _add_key(client_keys, key_id, *scopes, ancestors=()):
    now = datetime.now(UTC)
    secrets = (new_key_secret(SECRET, now),)
    key = ClientKey(key_id, scopes[0], frozenset(scopes), now, now, secrets=secrets, ancestors=ancestors)
    client_keys.add(key, an_entry(company_id=OPERATOR, subject=key_id))


def _found_company(store, company_id, customer_number, name, user_id, user_name, email):
    company = a_company(
        company_id=company_id,
        customer_number=customer_number,
        name=name,
        main_contact_email=email,
        main_contacts=frozenset({user_id}),
    )
    user = a_main_contact(user_id=user_id, company_id=company_id, name=user_name, email=email)
    store.complete_activation(user, company, an_entry(company_id=company_id), existing=None, contact=None)
