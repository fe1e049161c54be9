"""`python -m ops.check_list` finds whatever differs from what sources said, by ids, and nothing else."""

from datetime import timedelta

import pytest
from moto import mock_aws

from customer_center.customers.consent import ConsentSaid
from customer_center.customers.follow_keys import check_keys
from customer_center.customers.identity import key_id
from customer_center.customers.index_words import index_words
from customer_center.customers.model import Delivery
from customer_center.customers.partners import without_account
from customer_center.customers.product_store import ProductStore
from customer_center.customers.reconcile_product import reconcile_all, start_reconciliation
from customer_center.customers.reconciliation import Finding
from customer_center.customers.reconciliation_store import ReconciliationStore
from customer_center.customers.store import CustomerStore
from customer_center.customers.word_store import WordStore
from customer_center.platform.clock import iso
from customer_center.platform.dynamodb import from_item, to_item
from customer_center.platform.journal import Journal
from ops import check_list
from ops.check_list import ListTables, differences
from ops.checks import Stage
from tests.builders.customers_room import ACCOUNT, ANNA, MACHINE, PARTNER, CustomersRoom
from tests.fakes.reconciliations import ReadableProduct
from tests.integration.aws import Aws, forget
from tests.samconfig import write_samconfig

GRANT = ConsentSaid(permission=True)
KEY = "email:anna@muster.example"


class Stored:
    """A room whose customers are in DynamoDB (moto), and its table. Three sources speak about `customer_id`."""

    def __init__(self, aws):
        self.dynamodb = aws.client("dynamodb")
        self.room = CustomersRoom()
        journal = Journal(client=self.dynamodb, table="JournalTable")
        at = {"client": self.dynamodb, "table": "CustomersTable", "journal": journal}
        self.room.customers, self.room.products, self.words = CustomerStore(**at), ProductStore(**at), WordStore(**at)
        self.customer_id, self.gone, self.hidden, self.listed = self._fill(self.room)
        self.compare(ReconciliationStore(**at))
        self.erased = self.erase()

    def _fill(self, room):
        for product in ("a", "b"):
            room.connect(product)
        customer_id = room.create("a", external_id="a-1", customer_code="10000", **ANNA).customer_id
        room.later()
        room.hear("b", ids=("b-1", customer_id), last_name="Neumann", phones=None, consent=GRANT)
        room.edit(customer_id, organisation="Muster", consent=ConsentSaid(channels={"sms": ("denied", 0)}))
        room.hear(None, ids=("10000", None), late=60, last_name="Older", first_name=None)
        room.push("a", customer_id)
        room.push("b", customer_id)
        room.customers.note_refused("src_a", "msg_1", "ids-differ", [], room.clock.now())
        room.products.add_to_feed(ACCOUNT, customer_id, "2026", room.clock.now())
        gone = room.create(None, first_name="Gone").customer_id
        room.later()
        room.delete(gone)
        # One waits for the e-mail of the first, and another one shows only the other of its e-mails.
        hidden = room.create("b", last_name="Twin", emails=ANNA["emails"]).customer_id
        listed = room.create("b", last_name="Other", emails=("other@muster.example",)).customer_id
        room.edit(listed, emails=("other@muster.example", *ANNA["emails"]))
        for each in (customer_id, gone, hidden, listed):
            index_words(each, customers=room.customers, words=self.words)
        return customer_id, gone, hidden, listed

    def compare(self, reconciliations):
        """Compare what a product holds, now and regularly."""
        ports = {"products": self.room.products, "connectors": lambda kind: ReadableProduct(), "clock": self.room.clock}
        at = {**ports, "reconciliations": reconciliations}
        started = start_reconciliation(ACCOUNT, "a", MACHINE, "request", repair=False, **at)
        reconciliations.note_seen(started.reconciliation_id, [self.customer_id], self.room.clock.now())
        found = Finding("extra", None, "R-1")
        reconciliations.note_found(started.reconciliation_id, [found], self.room.clock.now())
        reconciliations.schedule(ACCOUNT, "a")
        reconcile_all(**at)

    def erase(self):
        """Erase a customer into whom another one was merged. Nothing is cleared yet."""
        ids = [self.room.create("a", last_name=name, consent=GRANT).customer_id for name in ("One", "Same")]
        self.room.later()
        self.room.merge(*ids)
        self.room.later()
        self.room.erase(ids[0])
        for each in ids:
            index_words(each, customers=self.room.customers, words=self.words)
        return ids[0]

    def tables(self):
        return ListTables(self.dynamodb, "CustomersTable", "JournalTable")

    def differences(self):
        return list(differences(self.tables()))

    def change(self, pk, sk, **attributes):
        """Change attributes of an item behind the system's back. None removes one."""
        key = to_item({"pk": pk, "sk": sk})
        self.put({**from_item(self.dynamodb.get_item(TableName="CustomersTable", Key=key)["Item"]), **attributes})

    def put(self, item):
        self.dynamodb.put_item(TableName="CustomersTable", Item=to_item(item))

    def delete(self, pk, sk):
        self.dynamodb.delete_item(TableName="CustomersTable", Key=to_item({"pk": pk, "sk": sk}))


@pytest.fixture(scope="module")
def filled():
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        aws = Aws("http://nowhere")
        yield aws, Stored(aws), aws.snapshot()
        forget()


@pytest.fixture
def stored(filled):
    aws, stored, contents = filled
    aws.restore(contents)
    return stored


@pytest.fixture
def customer_id(stored):
    return stored.customer_id


def test_what_the_system_wrote_is_consistent(stored, customer_id):
    assert stored.differences() == []


def moved(stored):
    """Let the first customer join another account. Its external ids stay, who waited for its e-mail comes forward."""
    room = stored.room
    for account in (ACCOUNT, "AG-200"):
        room.partner(account=account)
    room.leave(stored.customer_id)
    check_keys(stored.hidden, "request", room.customers, room.clock)
    check_keys(stored.listed, "request", room.customers, room.clock)
    room.join(stored.customer_id, "AG-200")
    for each in (stored.customer_id, stored.hidden, stored.listed):
        index_words(each, customers=room.customers, words=stored.words)


def test_a_customer_that_left_and_joined_is_consistent(stored):
    moved(stored)
    lone = stored.room.create(**ANNA, account=without_account(PARTNER)).customer_id
    assert stored.differences() == []
    stored.change(lone, "customer", keys=[KEY])
    assert stored.differences() == [f"{lone} {key_id(KEY)}: its keys are not those of its values"]


def test_a_key_in_an_account_that_its_customer_left_is_noticed(stored, customer_id):
    moved(stored)
    identity = f"identity#{ACCOUNT}#{key_id(KEY)}"
    stored.change(identity, "identity", owners=[customer_id, stored.hidden])
    assert f"{identity}: {customer_id} does not have this key" in stored.differences()


def test_what_products_know_in_an_account_that_a_customer_was_never_in_is_noticed(stored, customer_id):
    moved(stored)
    stored.room.customers.save_delivery(
        Delivery(customer_id, "AG-300", "a"), Delivery(customer_id, "AG-300", "a").called("a-1")
    )
    stored.put({"pk": f"code#{ACCOUNT}#10000", "sk": "code", "customer_id": customer_id})
    assert sorted(stored.differences()) == [
        f"code#{ACCOUNT}#10000: {customer_id} is no customer of this account",
        f"{customer_id} delivery#AG-300#a: it was never in this account",
    ]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("values", {"first_name": "Anna"}),
        ("said_by", {}),
        ("as_of", {}),
        ("consent", None),
        ("row", {"last_name": "Another"}),
        ("by_name", "another\tcus_1"),
        ("by_updated", None),
        ("listing", "customers#AG-2"),
    ],
)
def test_a_customer_is_what_its_sources_say(stored, customer_id, attribute, value):
    stored.change(customer_id, "customer", **{attribute: value})
    found = stored.differences()
    assert found[0] == f"{customer_id}: {attribute} is not what its sources say"
    # Keys and words follow from the values.
    assert len(found) == (3 if attribute == "values" else 1)


def email_key(stored):
    (pk,) = {pk for pk, sk in stored.tables().every_key() if sk == "identity" and pk.endswith(key_id(KEY))}
    return pk


def test_whoever_shows_a_key_owns_it_and_nobody_else(stored, customer_id):
    identity = email_key(stored)
    stored.change(identity, "identity", owners=[stored.gone])
    assert sorted(stored.differences()) == [
        f"{customer_id} {key_id(KEY)}: it shows a key that it does not own",
        f"{identity}: {stored.gone} does not have this key",
    ]


def test_whoever_waits_for_a_key_is_known_to_it(stored):
    identity = email_key(stored)
    stored.change(identity, "identity", waiting={stored.hidden: "another"})
    assert sorted(stored.differences()) == sorted(
        [
            f"{stored.hidden} {key_id(KEY)}: it waits for a key that does not know it",
            f"{stored.listed} {key_id(KEY)}: it waits for a key that does not know it",
            f"{identity}: {stored.hidden} waits in another conflict",
        ]
    )


def test_a_key_of_another_value_is_noticed(stored, customer_id):
    stored.change(customer_id, "customer", keys=["email:another@muster.example"])
    found = stored.differences()
    assert f"{customer_id} {key_id(KEY)}: its keys are not those of its values" in found
    assert f"{email_key(stored)}: {customer_id} does not have this key" in found


@pytest.mark.parametrize("attribute", ["values", "withheld"])
def test_a_withheld_value_is_not_shown(stored, attribute):
    everything = ["other@muster.example", *ANNA["emails"]]
    stored.change(stored.listed, "customer", **{attribute: {"last_name": "Other", "emails": everything}})
    assert f"{stored.listed}: {attribute} is not what its sources say" in stored.differences()


def test_open_conflicts_are_those_of_customers(stored):
    conflict_id = stored.room.customers.customer(stored.hidden).conflict_id
    stored.delete(f"conflicts#{ACCOUNT}", conflict_id)
    stored.change(f"conflict#{ACCOUNT}#{conflict_id}", "conflict", customer_id=stored.gone)
    stored.put({"pk": f"conflicts#{ACCOUNT}", "sk": "another"})
    pk = f"conflict#{ACCOUNT}#{conflict_id}"
    assert set(stored.differences()) == {
        f"{pk}: it is open, or in the list of open ones, and not both",
        f"{pk}: {stored.gone} is in no such conflict",
        f"conflicts#{ACCOUNT} another: there is no such open conflict",
    }


def test_words_find_their_customer(stored, customer_id):
    stored.put({"pk": "word#AG-100#xy", "sk": f"xylophone#{customer_id}"})
    stored.change(customer_id, "words", words=["neumann"])
    found = stored.differences()
    assert f"{customer_id}: its words are not those that find it" in found
    assert found.count(f"word of {customer_id}: it does not find this customer") > 1
    assert "xylophone" not in str(found)


def test_what_follows_a_change_may_take_a_moment(stored, customer_id):
    stored.delete(customer_id, "words")
    assert f"{customer_id}: its words are not those that find it" in stored.differences()
    just_now = timedelta(days=9999)
    tables = ListTables(stored.dynamodb, "CustomersTable", "JournalTable", settled=just_now)
    assert f"{customer_id}: its words are not those that find it" not in list(differences(tables))


def test_a_deleted_customer_is_in_no_list(stored):
    stored.change(stored.gone, "customer", listing="customers#AG-100")
    assert stored.differences() == [f"{stored.gone}: listing is not what its sources say"]


def test_a_missing_statement_is_noticed(stored, customer_id):
    stored.delete(customer_id, "source#product:b")
    found = stored.differences()
    for name in ("as_of", "row", "said_by", "values"):
        assert f"{customer_id}: {name} is not what its sources say" in found


def test_a_missing_row_of_the_ledger_is_noticed(stored, customer_id):
    row = stored.room.customers.consent_ledger(customer_id)[0]
    stored.delete(customer_id, f"consent#{row.channel}#{row.stamp}#{row.state}#{row.at}")
    assert stored.differences() == [f"{customer_id}: consent is not what its sources say"]


def test_own_ids_lead_to_their_customer_and_to_no_other(stored, customer_id):
    stored.delete("code#AG-100#10000", "code")
    stored.delete("external#AG-100#b#b-1", "external")
    stored.put({"pk": "external#AG-100#a#a-2", "sk": "external", "customer_id": "cus_2"})
    stored.put({"pk": "external#AG-2#a#a-2", "sk": "external", "customer_id": customer_id})
    stored.put({"pk": "code#AG-100#20000", "sk": "code", "customer_id": customer_id})
    assert sorted(stored.differences()) == [
        "code#AG-100#20000: " + customer_id + " has another customer code",
        f"{customer_id} delivery#{ACCOUNT}#b: its external id does not lead to it",
        f"{customer_id}: its customer code does not lead to it",
        "external#AG-100#a#a-2: cus_2 is no customer of this account",
        f"external#AG-2#a#a-2: {customer_id} is no customer of this account",
    ]


def test_records_of_a_customer_that_is_not_there_are_noticed(stored, customer_id):
    before = set(stored.tables().every_key())
    stored.delete(customer_id, "customer")
    found = stored.differences()
    for pk, sk in before:
        if pk == customer_id and sk != "customer":
            assert f"{pk} {sk}: there is no such customer" in found


def test_an_erased_customer_shows_nothing_whether_it_is_cleared_or_not(stored):
    stored.change(stored.erased, "customer", values={"last_name": "One"})
    assert stored.differences() == [f"{stored.erased}: values is not what its sources say"]


def test_of_a_cleared_customer_no_statement_is_left(stored):
    stored.change(stored.erased, "customer", cleared_at=iso(stored.room.clock.now()))
    keys = stored.tables().every_key()
    said = [sk for pk, sk in keys if pk == stored.erased and sk.startswith(("source", "consent"))]
    assert len(said) > 1
    assert sorted(stored.differences()) == [f"{stored.erased} {sk}: it should have been erased" for sk in sorted(said)]


def test_an_item_of_an_unknown_kind_is_noticed(stored):
    stored.put({"pk": "secret#1", "sk": "secret"})
    assert stored.differences() == ["secret#1 secret: nobody checks items of this kind"]


def test_a_change_while_the_check_reads_is_no_difference(stored, customer_id, monkeypatch):
    tables, told = stored.tables(), []
    read = tables.customers.source_records

    def source_records(named):
        records = read(named)
        if not told:
            told.append(named)
            stored.room.edit(customer_id, last_name="Meanwhile")
        return records

    monkeypatch.setattr(tables.customers, "source_records", source_records)
    assert list(differences(tables)) == []
    assert told


def test_the_command_prints_ids_and_no_values(stored, customer_id, tmp_path, monkeypatch, capsys):
    outputs = {f"{name}Name": name for name in ("CustomersTable", "JournalTable")}
    stack = {"Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]}
    monkeypatch.setattr(Stage, "stack", lambda stage: stack)
    monkeypatch.setattr(Stage, "client", lambda stage, service: stored.dynamodb)
    monkeypatch.setattr(check_list, "account_of", lambda stage: "123456789012")
    call = ["trial", "--config", str(write_samconfig(tmp_path, "customer-center-trial"))]
    assert check_list.main(call) == 0
    assert "items checked, 0 differences." in capsys.readouterr().out
    stored.change(customer_id, "customer", values={"last_name": "Mustermann"})
    assert check_list.main(call) == 1
    printed = capsys.readouterr().out
    assert f"FAIL  {customer_id}: values is not what its sources say" in printed
    assert "Muster" not in printed
