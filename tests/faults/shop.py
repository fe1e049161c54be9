"""A whole shop in one process that can crash at any call: our functions, AWS in memory, the simulated ERP.

Every call of a function to AWS or to the ERP is a step. Callers and queues behave as in production: a caller whose
request crashed repeats it with the same Idempotency-Key, a queue delivers a message again whose consumer crashed, and
the stream delivers an entry again whose effects were not queued.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from botocore.client import BaseClient
from moto.cognitoidp.models import cognitoidp_backends
from moto.core import DEFAULT_ACCOUNT_ID
from requests import Session

from customer_center.platform import aws
from customer_center.platform.clock import SystemClock, iso
from customer_center.platform.dynamodb import from_item, to_item
from tests.builders.webhooks import signed
from tests.integration.aws import REGION, event_of
from tests.template_reader import events_of, functions_of, referred

_ROUNDS = 30
# Counters, and items that only serve to recognise a repeat: a company does not see them.
_TECHNICAL = (
    "refusals#",
    "network_refusals#",
    "breaker#",
    "idempotency#",
    "mail#",
    "activation#",
    "webhook#",
    "limit#",
    "tries#",
    "code#",
    "usage#",
)


class Death(BaseException):
    """The process has crashed: its `except` and `finally` blocks have no effect any more."""


# They change nothing: whether the process dies before or after them makes no difference to anybody.
_READS = {"dynamodb.BatchGetItem", "dynamodb.GetItem", "dynamodb.Query", "ssm.GetParameter"}


class Fate:
    """Counts the steps, and crashes the process before or after the fatal one."""

    def __init__(self, way=None, fatal=0):
        self.steps = []
        # The numbers of the steps with which the process began a run of a function.
        self._firsts = []
        self._begun = False
        self.dead = False
        self.died_at = None
        self._way = way
        self._fatal = fatal

    def through(self, name, step):
        if self.dead:
            raise Death
        self.steps.append(name)
        if self._begun:
            self._firsts.append(len(self.steps))
            self._begun = False
        fatal = len(self.steps) == self._fatal
        if fatal and self._way == "before":
            self._die(name)
        try:
            return step()
        finally:
            if fatal and self._way == "after":
                self._die(name)

    def begin(self):
        """Note that the process begins to run a function."""
        self._begun = True

    def deaths(self):
        """Yield every way to die that leaves something else behind, as way and number of the step.

        Only writes leave something. To die after a write is to die before whatever the same run of the function does
        next, and to die before a write is to die after the last one. So a run of a function can die before its first
        step and after each of its writes.
        """
        for number, name in enumerate(self.steps, start=1):
            if number in self._firsts:
                yield "before", number
            if name not in _READS:
                yield "after", number

    def _die(self, name):
        self.dead, self.died_at = True, name
        raise Death


@dataclass(frozen=True)
class Scenario:
    """What is there before, and what is done; every request in it expects its status."""

    prepare: Callable[["RunningShop"], dict]
    act: Callable[["RunningShop", dict], None]


def expect(status, answer):
    """Return the body of an answer of that status."""
    assert answer[0] == status, answer
    return answer[1]


class RunningShop:
    """One shop with its users and its ERP, in one test."""

    def __init__(self, cloud, sandboxes, erp, monkeypatch):
        self.aws = cloud
        self.erp = erp
        self.fate = Fate()
        # How far the functions' clock is ahead of ours: what is postponed needs time.
        self.ahead = timedelta()
        self._sandboxes = sandboxes
        self._serial = 0
        self._in_flight = {queue: [] for queue, _ in self._consumers()}
        self._watch(monkeypatch)

    def _watch(self, monkeypatch):
        call_aws, call_erp = BaseClient._make_api_call, Session.send

        def aws_step(client, operation, arguments):
            name = f"{client.meta.service_model.service_name}.{operation}"
            # `settle` delivers what failed again, at once.
            answer = {} if operation == "ChangeMessageVisibility" else None
            return self.fate.through(name, lambda: call_aws(client, operation, arguments) if answer is None else answer)

        def erp_step(session, request, **options):
            return self.fate.through("erp", lambda: call_erp(session, request, **options))

        # Creating a client takes longer than all calls that a scenario makes with it.
        for name, made in list(vars(aws).items()):
            if isinstance(made, type(cache(dict))):
                client = made()
                monkeypatch.setattr(aws, name, lambda client=client: client)
        monkeypatch.setattr(BaseClient, "_make_api_call", aws_step)
        monkeypatch.setattr(Session, "send", erp_step)
        now = SystemClock.now
        monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + self.ahead)

    def unwatched(self, do):
        """Do something that belongs to the test and does not count as a step."""
        fate, self.fate = self.fate, Fate()
        try:
            return do()
        finally:
            self.fate = fate

    # What callers and queues do

    def call(self, route, *, by=None, body=None, headers=None, text=None, query=None, **path):
        """Send a request, again if the process crashed; return status and body of the answer."""
        self._serial += 1
        event = self._event(route, by=by, body=body, headers=headers, text=text, path=path)
        if query:
            event["queryStringParameters"] = query
        function = self._function_of(route)
        answer = self._survived(lambda: self._sandboxes.run(function, deepcopy(event)))
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None

    def on_schedule(self, function, sample):
        """Call a function as its schedule does, again if the process crashed."""
        self._survived(lambda: self._sandboxes.run(function, event_of(sample)))

    def webhook(self, kind, **data):
        """Send a signed event as the ERP does, again if the process crashed."""
        return self.send("erp", [], kind, data)

    def send(self, source, secrets, kind, data, webhook_id=None):
        """Send a signed event of any source, again if the process crashed."""
        now = datetime.now(UTC) + self.ahead
        text = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})
        headers = signed(text, now, *secrets, webhook_id=webhook_id or f"msg_{kind.replace('.', '_')}")
        return self.call("POST /webhooks/{source}", text=text, headers=headers, source=source)

    def bounce(self, to):
        """Queue the notification of SES that its last mail to this address bounced."""
        mail = {"timestamp": iso(datetime.now(UTC)), "destination": [to]}
        notification = {"notificationType": "Bounce", "bounce": {"bounceType": "Permanent"}, "mail": mail}
        queue = self.aws.physical("EmailFeedbackQueue")
        body = json.dumps(notification)
        self.unwatched(lambda: self.aws.client("sqs").send_message(QueueUrl=queue, MessageBody=body))

    def _survived(self, invoke):
        self.fate.begin()
        try:
            return invoke()
        except Death:
            self.fate.dead = False
            self.fate.begin()
            return invoke()

    def _event(self, route, *, by, body, headers, text, path):
        event = event_of("users/me")
        event["routeKey"] = event["requestContext"]["routeKey"] = route
        event["requestContext"]["requestId"] = f"request-{self._serial}"
        event["headers"]["Idempotency-Key"] = f"key-{self._serial}"
        event["headers"] |= headers or {}
        event["pathParameters"] = path
        event["body"] = text if text is not None else json.dumps(body)
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        claims["username"] = by
        if by is None:
            del event["requestContext"]["authorizer"]
        return event

    def _function_of(self, route):
        for name, function in functions_of(self.aws.template).items():
            for event in events_of(function, "HttpApi").values():
                if f"{event['Method']} {event['Path']}" == route:
                    return name
        raise LookupError(route)

    def _consumers(self):
        for name, function in functions_of(self.aws.template).items():
            for event in events_of(function, "SQS").values():
                yield referred(event["Queue"]), name

    def settle(self):
        """Deliver pending entries and messages until none is left, again after a crash."""
        for _ in range(_ROUNDS):
            pending = [item for item in self.aws.items("JournalTable").values() if "pending" in item]
            if pending:
                self._deliver("OutboxFunction", self._stream(pending))
            moved = [self._consume(queue, function) for queue, function in self._consumers()]
            if not pending and not any(moved):
                return
        raise AssertionError("what follows never ends")

    def _consume(self, queue, function):
        waiting = self._in_flight[queue]
        waiting += self.unwatched(lambda: self.aws.messages(queue))
        if not waiting:
            return False
        records = [
            {
                "messageId": f"message-{at}",
                "receiptHandle": f"handle-{at}",
                "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": "1"},
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for at, body in enumerate(waiting)
        ]
        answer = self._deliver(function, {"Records": records})
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} if answer else None
        if failed is not None:
            kept = [body for at, body in enumerate(waiting) if f"message-{at}" in failed]
            self._in_flight[queue] = kept
            if kept:
                self.ahead += timedelta(hours=1)
        return True

    def _deliver(self, function, event):
        """Call a function with an event; return None when it crashed."""
        self.fate.begin()
        try:
            return self._sandboxes.run(function, event)
        except Death:
            self.fate.dead = False
            return None

    @staticmethod
    def _stream(items):
        records = [
            {
                "eventID": str(at),
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "dynamodb": {"NewImage": item, "SequenceNumber": str(at)},
            }
            for at, item in enumerate(items)
        ]
        return {"Records": records}

    # Saving and restoring

    def saved(self):
        """Return what tables and logins hold, for `load`."""
        return self.aws.snapshot(), deepcopy(self._pool().users), self._serial

    def load(self, saved):
        """Restore tables and logins, and remove all mails."""
        tables, users, self._serial = saved
        self.aws.restore(tables)
        self._pool().users.update(deepcopy(users))

    def _pool(self):
        return cognitoidp_backends[DEFAULT_ACCOUNT_ID][REGION].user_pools[self.aws.physical("UserPool")]

    def backdate_invitation(self, user_id):
        """Set the time of an invitation's mail to an hour ago."""
        company_id = f"com_{user_id.split('_')[1]}"
        then = iso(datetime.now(UTC) - timedelta(hours=1))
        self.unwatched(
            lambda: self.aws.client("dynamodb").update_item(
                TableName="CompaniesTable",
                Key=to_item({"pk": company_id, "sk": f"user#{user_id}"}),
                UpdateExpression="SET invitation.sent_at = :then",
                ExpressionAttributeValues=to_item({":then": then}),
            )
        )

    def let_an_hour_pass(self):
        """Set the last change of all users, companies and logins to an hour ago."""
        then = iso(datetime.now(UTC) - timedelta(hours=1))
        for (_, pk, sk), item in self.aws.items("CompaniesTable").items():
            if "updated_at" in item:
                self.unwatched(
                    lambda pk=pk, sk=sk: self.aws.client("dynamodb").update_item(
                        TableName="CompaniesTable",
                        Key=to_item({"pk": pk, "sk": sk}),
                        UpdateExpression="SET updated_at = :then",
                        ExpressionAttributeValues=to_item({":then": then}),
                    )
                )
        self.aws.age_logins(hours=1)

    def delete_login(self, user_id):
        """Delete a login, as its owner can in Cognito."""
        del self._pool().users[self._login_key(user_id)]

    def add_login(self, user_id):
        """Add a login, as a restore leaves one behind whose user it removed."""
        cognito = self.aws.client("cognito-idp")
        pool = self.aws.physical("UserPool")
        self.unwatched(lambda: cognito.admin_create_user(UserPoolId=pool, Username=user_id))

    def _login_key(self, user_id):
        return next(key for key, user in self._pool().users.items() if user.username == user_id)

    def let_the_change_take_effect(self, user_id):
        """Set the time of a confirmed e-mail to an hour ago, and deliver the message that waits for it."""
        company_id = f"com_{user_id.split('_')[1]}"
        then = iso(datetime.now(UTC) - timedelta(hours=1))
        key = to_item({"pk": company_id, "sk": f"user#{user_id}"})
        answer = self.unwatched(
            lambda: self.aws.client("dynamodb").update_item(
                TableName="CompaniesTable",
                Key=key,
                UpdateExpression="SET email_change.takes_effect_at = :then",
                ExpressionAttributeValues=to_item({":then": then}),
                ReturnValues="ALL_NEW",
            )
        )
        mail_id = from_item(answer["Attributes"])["email_change"]["mail_id"]
        data = {"user_id": user_id, "email_change": mail_id}
        self._in_flight["IdentityQueue"].append({"effect_id": "effect-1", "kind": "identity", "data": data})

    def backdate_contacts(self):
        """Set the times of all lists of contacts, and of who reads them, to an hour ago."""
        then = iso(datetime.now(UTC) - timedelta(hours=1))
        for (_, pk, sk), item in self.aws.items("CompaniesTable").items():
            if sk == "contacts":
                times = [name for name in ("read_at", "asked_at", "reader_until") if name in item]
                self.unwatched(
                    lambda pk=pk, times=times: self.aws.client("dynamodb").update_item(
                        TableName="CompaniesTable",
                        Key=to_item({"pk": pk, "sk": "contacts"}),
                        UpdateExpression="SET " + ", ".join(f"{name} = :then" for name in times),
                        ExpressionAttributeValues=to_item({":then": then}),
                    )
                )

    # Mails

    def mailed(self, pattern, to):
        """Return the first group of the pattern in the last mail to this address."""
        bodies = [html for recipients, html in self.aws.mails() if to in recipients]
        return re.search(pattern, bodies[-1])[1]

    # The state afterwards

    def state(self):
        """Return all records, entries and logins, with names instead of ids and without times."""
        plain = {key: from_item(item) for key, item in self.aws.items().items()}
        names = self._names(plain)
        records = []
        journal = Counter()
        told = set()
        for (table, pk, sk), item in plain.items():
            if table == "JournalTable":
                assert "pending" not in item
                entry = (item["action"], names.get(item["subject"], "nobody yet"), item["actor"]["kind"])
                journal[entry] += 1
                told |= {str(value) for value in item.get("changes", {}).get("name", ())}
            elif not pk.startswith(_TECHNICAL) and sk != "contacts":
                records.append(named([pk, sk, _lasting(item)], names))
        # A list may be asked for again, and a visitor who repeats the first request has two entries; nothing else may
        # be there twice.
        journal = Counter({entry: times for entry, times in journal.items() if entry[0] != "contacts.asked_for"})
        begun = {entry for entry in journal if entry[0] == "activation.requested"}
        journal -= Counter({entry: journal[entry] - 1 for entry in begun})
        return {
            "records": sorted(records),
            "journal": journal,
            "named in the journal": sorted(told),
            "logins": self._logins(names),
            "erp contacts": sorted(c.name for customer in self.erp.erp.customers.values() for c in customer.contacts),
        }

    @staticmethod
    def _names(plain):
        names = {}
        for (_, pk, sk), item in plain.items():
            if sk == "company":
                names[pk] = names[pk.removeprefix("com_")] = f"company {item['customer_number']}"
            if sk.startswith("user#"):
                names[sk.removeprefix("user#")] = item["email"]
        return names

    def _logins(self, names):
        logins = []
        for user in self._pool().users.values():
            told = {attribute["Name"]: attribute["Value"] for attribute in user.attributes}
            known = [told.get(name) for name in ("email", "email_verified", "locale")]
            # What a person never chose ends like this and differs in each run.
            password = "random" if user.password.endswith("aA1!") else user.password
            logins.append((names.get(user.username, "nobody"), user.enabled, user.status, password, known))
        return sorted(logins, key=str)

    def mails(self):
        """Return the number of mails by recipients and subject."""
        sent = self.aws.mails_with_subjects()
        return Counter((", ".join(recipients), subject) for recipients, subject in sent)


def named(value, names):
    """Return the value as text, with names instead of ids and without times."""
    text = json.dumps(value, default=_jsonable, sort_keys=True)
    for known in sorted(names, key=len, reverse=True):
        text = text.replace(known, names[known])
    return _MOMENT.sub("<moment>", text)


def _jsonable(value):
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?")
_PASSING = {
    "mail_id", "token_hash", "old_token_hash", "sent_at", "expires_at", "created_at", "updated_at", "read_at", "as_of",
    "lapses_at", "repeats",
}  # fmt: skip


def _lasting(value):
    """Return an item without times and random values, but with whether its link was sent."""
    if not isinstance(value, dict):
        return value
    kept = {name: _lasting(member) for name, member in value.items() if name not in _PASSING}
    if "mail_id" in value:
        kept["sent"] = "sent_at" in value, "old_token_hash" in value
    return kept
