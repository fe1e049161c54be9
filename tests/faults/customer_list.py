"""The Customer List in one process that can crash at any call: our functions, AWS in memory, and its products."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from customer_center.clients.entries import OPERATOR
from customer_center.clients.model import ClientKey, Scope, new_key_secret
from customer_center.clients.store import ClientKeyStore
from customer_center.connectors.webhook import connector
from customer_center.customers.account_store import AccountStore
from customer_center.customers.accounts import Account
from customer_center.platform.dynamodb import from_item
from customer_center.platform.journal import Journal
from customer_center.platform.outbound_urls import Reply, Target
from ops.check_list import ListTables, differences
from tests.builders.companies import an_entry
from tests.faults.shop import RunningShop, expect, named

ACCOUNT = "AG-100"
PRODUCTS = ("a", "b")
_KEYS = {name: f"01kajx4m2r8t6v0w5y9b3d7f9{name}" for name in PRODUCTS}
_SECRET = "Zm9yIHRoZSBzYW1wbGUgZXZlbnRzIG9ubHkgICAgICA"
_SCOPES = frozenset({Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_ADMIN})
# Items that only serve to recognise a repeat, and rows that may be there twice.
_TECHNICAL = ("idempotency#", "webhook#", "behind")
# What differs from run to run: times, random values, counters of writes, and what is remembered of calls in doubt.
_PASSING = {
    "created_at", "updated_at", "as_of", "seen", "told_at", "flags", "before", "doubted", "leased_until", "secret_id",
    "revision", "hints", "expires_at", "by_created", "by_updated", "row", "at", "stamp", "consent", "known",
}  # fmt: skip


@dataclass
class Told:
    """What a product was told: the newest version of each customer, and the ids of all events."""

    held: dict[str, dict] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    status: int = 204


class RunningList(RunningShop):
    """One account with its products, in one test. `told` has what each product was told."""

    def __init__(self, cloud, sandboxes, erp, monkeypatch):
        super().__init__(cloud, sandboxes, erp, monkeypatch)
        self.told = {product: Told() for product in PRODUCTS}
        monkeypatch.setattr(connector, "resolved", lambda url, loopback: Target("https", url, 443, "/", "203.0.113.1"))
        call = {"loopback": False, "call": self._told_by_us, "seconds": 1.0}
        monkeypatch.setattr(connector.WebhookConnector.__init__, "__kwdefaults__", call)

    def _told_by_us(self, target, body, headers, seconds):
        product = self.told[target.host.rpartition("/")[2]]

        def take():
            event = json.loads(body)
            customer_id, version = event["data"]["customer_id"], event["data"]["version"]
            product.events.append((customer_id, headers["webhook-id"]))
            if product.status == 204 and version >= product.held.get(customer_id, {"version": 0})["version"]:
                product.held[customer_id] = {"kind": event["type"], **event["data"]}
            return Reply(product.status, {})

        return self.fate.through("product", take)

    # Preparing

    def connect(self):
        """Connect the products: each has a key of the API, and a source of webhooks. Return the sources' secrets."""
        self.unwatched(self._add_keys)
        known = {}
        for name in PRODUCTS:
            self.ask(201, "POST /webhook-sources", name, {"product": name})
            known[name] = self.last["source"]["source_id"], self.last["secret"]
            self.ask(200, "PUT /products/{product}", name, {"url": f"https://x.example/{name}"}, product=name)
        self.unwatched(self._forget_walks)
        return known

    def _forget_walks(self):
        """End the walks that fill new products: there is nothing to fill them with."""
        client = self.aws.client("dynamodb")
        for (_, pk, sk), item in self.aws.items("CustomersTable").items():
            if pk == "behind" or sk.startswith("status#"):
                client.delete_item(TableName="CustomersTable", Key={name: item[name] for name in ("pk", "sk")})

    def describe_account(self):
        """Put the account into the group of a partner."""
        client = self.aws.client("dynamodb")
        journal = Journal(client=client, table=self.aws.physical("JournalTable"))
        accounts = AccountStore(client=client, table=self.aws.physical("CustomersTable"), journal=journal)
        described = Account(ACCOUNT).changed(datetime.now(UTC), partner_id="VMF")
        accounts.save_account(Account(ACCOUNT), described, an_entry(company_id=ACCOUNT))

    def _add_keys(self):
        client, now = self.aws.client("dynamodb"), datetime.now(UTC)
        journal = Journal(client=client, table=self.aws.physical("JournalTable"))
        keys = ClientKeyStore(client=client, table=self.aws.physical("CompaniesTable"), journal=journal)
        for name in PRODUCTS:
            key = ClientKey(
                _KEYS[name], name, _SCOPES, now, now, secrets=(new_key_secret(_SECRET, now),),
                accounts=frozenset({ACCOUNT}), product=name,
            )  # fmt: skip
            keys.add(key, an_entry(company_id=OPERATOR, subject=key.key_id))

    def ask(self, status, route, by, body=None, **path):
        """Send a request as a product; it is answered with this status. Its answer is `last`."""
        headers = {"authorization": f"Bearer cck_{_KEYS[by]}_{_SECRET}", "if-match": "*"}
        self.last = expect(status, self.call(route, body=body, headers=headers, **path))

    def load(self, saved):
        """Restore the tables; products forget what they were told while it was prepared, and we the erasures' key."""
        super().load(saved)
        self.unwatched(self._forget_erasure_key)
        for told in self.told.values():
            told.held.clear()
            told.events.clear()

    def _forget_erasure_key(self):
        ssm = self.aws.client("ssm")
        for page in ssm.get_paginator("describe_parameters").paginate():
            for parameter in page["Parameters"]:
                if parameter["Name"].endswith("/erasure-key"):
                    ssm.delete_parameter(Name=parameter["Name"])

    # The state afterwards

    def state(self):
        """Return all customers, entries and what products hold, by names instead of ids and without times."""
        plain = {key: from_item(item) for key, item in self.aws.items().items()}
        names = self._list_names(plain)
        journal, records = Counter(), set()
        for (table, pk, sk), item in plain.items():
            if table == "JournalTable":
                assert "pending" not in item
                journal[item["action"], named(item["subject"], names), item["actor"]["kind"]] += 1
            elif table == "CustomersTable" and not pk.startswith(_TECHNICAL) and not sk.startswith("status#"):
                records.add(_without_events(named([pk, sk, _lasting(item, sk)], names)))
        tables = ListTables(self.aws.client("dynamodb"), "CustomersTable", "JournalTable", timedelta())
        found = self.unwatched(lambda: list(differences(tables)))
        assert found == []
        held = {name: sorted(_held(each, names) for each in told.held.values()) for name, told in self.told.items()}
        return {"records": sorted(records), "journal": journal, "held": held, "ids": self._ids(names)}

    def _ids(self, names):
        """Return the ids of what each product was told, once each: a repeat has the same id."""
        return {name: len(set(told.events)) for name, told in self.told.items()}

    @staticmethod
    def _list_names(plain):
        customers = sorted(pk for (table, pk, sk) in plain if table == "CustomersTable" and sk == "customer")
        names = {customer_id: f"customer {at}" for at, customer_id in enumerate(customers)}
        for (_, pk, sk), item in plain.items():
            if sk == "webhook_source":
                names[pk.partition("#")[2]] = f"source of {item['product']}"
            elif sk == "conflict":
                names[pk.rpartition("#")[2]] = f"conflict of {names[item['customer_id']]}"
        # Their key is made anew in each run.
        erased = sorted(pk for _, pk, sk in plain if sk == "erased")
        return names | {pk: f"erased id {at}" for at, pk in enumerate(erased)}

    def mails(self):
        """Return nothing: this room sends no mails."""
        return Counter()


def _held(customer, names):
    kept = {name: value for name, value in customer.items() if name not in ("consent", "permission_to_contact")}
    return named(kept, names)


def _lasting(item, sk):
    passing = _PASSING if sk == "customer" else _PASSING | {"version", "knows"}
    return {name: value for name, value in item.items() if name not in passing}


def _without_events(text):
    """Return the text without the ids of refused events and the positions of the feed."""
    return re.sub(r"<moment>[#\w-]*", "<moment>", text)
