"""The sample events (events/), and the companies, users and client keys that they name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from customer_center.clients.entries import OPERATOR
from customer_center.clients.model import ClientKey, Scope, new_key_secret
from customer_center.clients.store import ClientKeyStore
from customer_center.companies.model import Role, UserStatus
from customer_center.companies.store import CompanyStore
from customer_center.customers.account_store import AccountStore
from customer_center.customers.accounts import Account
from customer_center.customers.clusters import Cluster
from customer_center.customers.match_keys import with_keys
from customer_center.customers.members import Member
from customer_center.customers.model import Customer, Delivery, Product
from customer_center.customers.partners import without_account
from customer_center.customers.ports import Change
from customer_center.customers.product_store import ProductStore
from customer_center.customers.store import CustomerStore
from customer_center.platform.errors import FieldError
from customer_center.platform.journal import Journal
from customer_center.platform.stamps import event_stamp, nanoseconds
from customer_center.webhooks.model import Source, StoredSource
from customer_center.webhooks.store import SourceStore
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
# The key of a product, the newsletter, and what its account has.
PRODUCT_KEY = "01kajx4m2r8t6v0w5y9b3d7f9s"
ACCOUNT = "AG-100"
# The key of the account's partner, and a customer of the partner without account.
PARTNER_KEY, PARTNER = "01kajx4m2r8t6v0w5y9b3d7f9t", "VMF"
WITHOUT_ACCOUNT = "cus_01kajx4m2r8t6v0w5y9b3d7fn1"
CUSTOMER = "cus_01kajx4m2r8t6v0w5y9b3d7fc1"
HIDDEN, CONFLICT = "cus_01kb0m5s0v8q4z7x2n6c3d9f2h", "cfl_01kb0m5s0v8q4z7x2n6c3d9f2k"
MERGED = "cus_01kajx4m2r8t6v0w5y9b3d7fm1"
ERASED = "cus_01kajx4m2r8t6v0w5y9b3d7fe1"
SOURCE = "src_01kajx4m2r8t6v0w5y9b3d7fs1"
SOURCE_KEYS = f"/customer-center/test/customer-list/webhook-sources/{SOURCE}"
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
    scopes = (Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_ADMIN)
    _add_key(client_keys, PRODUCT_KEY, *scopes, accounts=frozenset({ACCOUNT}), product="newsletter")
    _add_key(client_keys, PARTNER_KEY, *scopes, accounts=frozenset({ACCOUNT}), partner_id=PARTNER)
    _add_customers(aws, journal)
    return aws.snapshot()


def _add_customers(aws, journal):
    """Store an account with one customer, two products and a source of webhooks, whose secret is the ERP's."""
    at = {"client": aws.client("dynamodb"), "table": aws.physical("CustomersTable"), "journal": journal}
    customers, now = CustomerStore(**at), datetime.now(UTC)
    values = {"first_name": "Anna", "last_name": "Muster", "emails": ("anna@muster.example",), "phones": ("+49 30 1",)}
    stamp = event_stamp(nanoseconds(now) - 10**9, "sample")
    customer = Customer(CUSTOMER, ACCOUNT, now, now, customer_code="10000").told(values, "api", stamp, now)
    claims = [("newsletter", "n-1"), (None, "10000")]
    customer = _with_member(customers, replace(customer, version=1, revision=1), now)
    entry = an_entry(company_id=CUSTOMER, at=now, action="customer.created", subject=CUSTOMER)
    delivery = Delivery(CUSTOMER, ACCOUNT, "newsletter")
    change = Change(None, customer, delivery=(delivery, delivery.called("n-1")), claims=claims)
    customers.save(with_keys(change, customers=customers, now=now), entry)
    _add_conflict(customers, values, now)
    _add_erased(customers, now)
    others = {"first_name": "Lea", "last_name": "Lose", "emails": ("lea@lose.example",)}
    lone = Customer(WITHOUT_ACCOUNT, without_account(PARTNER), now, now, hidden=True).told(others, "api", stamp, now)
    entry = an_entry(company_id=WITHOUT_ACCOUNT, at=now, action="customer.created", subject=WITHOUT_ACCOUNT)
    customers.save(Change(None, replace(lone, version=1, revision=1)), entry)
    for name in ("newsletter", "shop"):
        product = Product(ACCOUNT, name, f"https://{name}.example.com/hook", f"{name}-secret", now, now)
        ProductStore(**at).add_product(product, an_entry(company_id=ACCOUNT))
    source = Source(SOURCE, "product", SOURCE_KEYS, ACCOUNT, "newsletter")
    errors = [FieldError("/data/customer_id", "unknown-value")]
    customers.note_refused(SOURCE, "msg_refused", "customer-unknown", errors, now)
    account = Account(ACCOUNT).changed(now, partner_id=PARTNER, name="Musterhandel GmbH", country="DE")
    AccountStore(**at).save_account(Account(ACCOUNT), account, an_entry(company_id=ACCOUNT))
    SourceStore(**at).add(StoredSource(source, ("hint",), now, now), an_entry(company_id=ACCOUNT))


def _with_member(customers, survivor, now):
    """Store a record without values that was merged into the customer, and return the customer."""
    gone = Customer(MERGED, ACCOUNT, now, now)
    member = Member(MERGED, CUSTOMER, event_stamp(nanoseconds(now), "sample"), now, MANAGER_KEY)
    cluster = Cluster(survivor).joined(Cluster(gone), member, now)
    entry = an_entry(company_id=MERGED, at=now, action="customer.created", subject=MERGED)
    customers.save(Change(None, replace(cluster.merged[MERGED], version=1, revision=1)), entry)
    return replace(cluster.survivor, version=1, revision=1)


def _add_erased(customers, now):
    """Store a customer who was erased an hour ago."""
    then = now - timedelta(hours=1)
    erased = Customer(ERASED, ACCOUNT, then, then).erased(then, event_stamp(nanoseconds(then), "sample"))
    entry = an_entry(company_id=ERASED, at=then, action="customer.erased", subject=ERASED)
    customers.save(Change(None, erased), entry)


def _add_conflict(customers, values, now):
    """Store a hidden customer with the e-mail of the other."""
    hidden = Customer(HIDDEN, ACCOUNT, now, now).told(values, "api", event_stamp(nanoseconds(now), "sample"), now)
    change = with_keys(Change(None, replace(hidden, version=1, revision=1)), customers=customers, now=now)
    named = replace(change.conflict[1], conflict_id=CONFLICT)
    identities = [(before, before.awaited_by(HIDDEN, CONFLICT)) for before, _ in change.identities]
    identities = [(before, replace(after, version=before.version + 1)) for before, after in identities]
    after = replace(change.after, conflict_id=CONFLICT)
    change = replace(change, after=after, identities=identities, conflict=(None, named))
    customers.save(change, an_entry(company_id=HIDDEN, at=now, action="customer.created", subject=HIDDEN))


def add_key(aws, key_id, *scopes, **given):
    """Store a client key with these scopes. It has the sample's secret."""
    client = aws.client("dynamodb")
    journal = Journal(client=client, table=aws.physical("JournalTable"))
    store = ClientKeyStore(client=client, table=aws.physical("CompaniesTable"), journal=journal)
    _add_key(store, key_id, *scopes, **given)


def _add_key(client_keys, key_id, *scopes, **given):
    now = datetime.now(UTC)
    secrets = (new_key_secret(SECRET, now),)
    key = ClientKey(key_id, scopes[0], frozenset(scopes), now, now, secrets=secrets, **given)
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
