"""One test's view of the whole stack: it calls functions and looks at what they stored, sent and queued.

Every answer is held against docs/openapi.json.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jsonschema import Draft202012Validator

from customer_center.clients.store import ClientKeyStore
from customer_center.companies.model import InvitationStatus
from customer_center.companies.store import CompanyStore
from customer_center.connectors.cognito.identities import CognitoIdentities
from customer_center.platform.clock import iso
from customer_center.platform.journal import Journal
from tests.builders.companies import a_user, an_attempt, an_entry
from tests.builders.journal import entries_of
from tests.integration.aws import event_of
from tests.integration.population import CODE_MAIL, COMPANY, EMAIL, PASSWORD
from tests.template_reader import ROOT, events_of, functions_of, load_template
from tests.texts import ALL_TEXTS

TEMPLATE = load_template()
FUNCTION_OF_ROUTE = {
    f"{event['Method']} {event['Path']}": name
    for name, function in functions_of(TEMPLATE).items()
    for event in events_of(function, "HttpApi").values()
}
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text())


@dataclass(frozen=True)
class Reply:
    """The response as the gateway would send it."""

    status: int
    headers: dict
    text: str

    @property
    def body(self):
        return json.loads(self.text)


class Stage:
    """The functions and everything they store, send and queue, in one test."""

    def __init__(self, aws, sandboxes):
        self.aws = aws
        self.sandboxes = sandboxes
        self.journal = Journal(client=aws.client("dynamodb"), table=aws.physical("JournalTable"))
        self.store = CompanyStore(
            client=aws.client("dynamodb"), table=aws.physical("CompaniesTable"), journal=self.journal
        )
        self.client_keys = ClientKeyStore(
            client=aws.client("dynamodb"), table=aws.physical("CompaniesTable"), journal=self.journal
        )
        self.identities = CognitoIdentities(
            client=aws.client("cognito-idp"),
            user_pool_id=aws.physical("UserPool"),
            client_id=aws.physical("UserPoolClient"),
        )

    def call(self, event, **changed):
        """Start the function of the request's route and return its reply, which must be as documented."""
        answer = self.sandboxes.run(FUNCTION_OF_ROUTE[event["routeKey"]], event, **changed)
        assert answer["isBase64Encoded"] is False
        reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
        assert_documented(event["routeKey"], reply)
        return reply

    def run(self, function, event, **changed):
        return self.sandboxes.run(function, event, **changed)

    def has_login(self, user_id, password=PASSWORD):
        """Give a user an enabled login with that password, also without a record."""
        user = self.store.user(user_id) or a_user(user_id=user_id)
        self.identities.create(user)
        self.identities.set_password(user_id, password)
        self.identities.enable(user)

    def records(self):
        """Return all items except counters, the ERP's breaker, and that it was asked."""
        counters = ("refusals#", "network_refusals#", "wrong_links#", "usage#", "breaker#")
        return {
            key: item
            for key, item in self.aws.items().items()
            if not key[1].startswith(counters) and key[2] != "contacts" and not key[1].endswith("#contacts")
        }

    def stream_event(self):
        """Return the stream's event for all journal entries that are pending."""
        sample = event_of("outbox/journal_stream")
        pending = [item for item in self.aws.items("JournalTable").values() if "pending" in item]
        sample["Records"] = [_stream_record(sample["Records"][0], item) for item in pending]
        return sample

    def queue_event(self, queue, sample):
        """Take all messages out of a queue and return the event that delivers them."""
        return queue_event(sample, *self.aws.messages(queue))

    def refuses(self, event, status, code, *errors, parameters=None):
        """The request is answered with that problem and stores nothing except counters."""
        before = self.records()
        reply = self.call(event, **parameters or {})
        assert_problem(reply, event, status, code, *errors)
        assert self.records() == before
        return reply

    def effects(self):
        """Return the kinds of the effects that the journal still has to queue."""
        return sorted(effect.kind for entry in self.journal.pending(before=soon()) for effect in entry.effects)

    def changes_in(self, partition):
        """Return the journal's entries of a partition: action, and kind and id of who did it."""
        return [(entry.action, entry.actor.kind, entry.actor.actor_id) for entry in entries_of(self.journal, partition)]

    def is_bounced(self, user_id):
        """Return whether the invitation of a user came back."""
        return self.store.user(user_id).invitation.status is InvitationStatus.BOUNCED

    def begin_activation(self, code):
        """Store an activation whose code was sent, or not yet when it is None."""
        now = datetime.now(UTC)
        attempt = an_attempt(code=None, email=EMAIL, company_id=COMPANY, requested_at=now, mail_id=CODE_MAIL)
        self.store.save_attempt(attempt, an_entry(company_id=COMPANY), replaces=None)
        if code:
            self.store.code_sent(
                attempt.key,
                mail_id=CODE_MAIL,
                code_hash=an_attempt(code=code, company_id=COMPANY).code_hash,
                expires_at=now + timedelta(minutes=15),
            )
        return attempt


def _stream_record(sample, image):
    keys = {"pk": image["pk"], "sk": image["sk"]}
    dynamodb = {**sample["dynamodb"], "Keys": keys, "NewImage": image, "SequenceNumber": image["sk"]["S"]}
    return {**sample, "dynamodb": dynamodb}


def queue_event(sample, *bodies):
    """Return the sample's event with these messages. A message that is a string is sent as it is, not as JSON."""
    event = event_of(sample)
    (record,) = event["Records"]
    texts_ = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    event["Records"] = [{**record, "messageId": f"message-{at}", "body": text} for at, text in enumerate(texts_)]
    return event


def assert_documented(route, reply):
    """Hold an answer against the OpenAPI document: status, media type, schema, headers."""
    method, path = route.split(" ")
    operation = DOCUMENT["paths"][path][method.lower()]
    response = operation["responses"][str(reply.status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
        assert reply.body["code"] in operation["x-problems"][str(reply.status)]
    cached = "Cache-Control" in response.get("headers", {})
    assert reply.headers["Cache-Control"] == ("public, max-age=300" if cached else "no-store")
    if "content" not in response:
        assert reply.text == ""
        return
    content = response["content"][reply.headers["Content-Type"]]
    answered = reply.text if reply.headers["Content-Type"].startswith("text/csv") else reply.body
    Draft202012Validator({**content["schema"], "components": DOCUMENT["components"]}).validate(answered)
    sent = {"Cache-Control"} if cached else set()
    sent |= {"ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy"} & reply.headers.keys()
    documented = response.get("headers", {}).keys()
    assert sent <= documented
    if reply.status < 400:
        # The last page of a list has no link to a next one; a repeated request is not counted.
        assert documented - {"Link", "RateLimit", "RateLimit-Policy"} <= sent


def assert_problem(reply, event, status, code, *errors, language="de"):
    """The reply is that problem about this request, in the language, with these (pointer, code) pairs."""
    problem = reply.body
    assert (reply.status, problem["code"]) == (status, code)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Content-Language"] == language
    assert problem["type"] == f"urn:customer-center:problem:{code}"
    assert problem["status"] == status
    assert problem["request_id"] == event["requestContext"]["requestId"]
    sentence = re.sub(r"\\{\w+\\}", ".+", re.escape(ALL_TEXTS.problems[code].sentences[language]))
    assert re.fullmatch(sentence, problem["detail"])
    found = problem.get("errors", [])
    assert sorted((wrong["pointer"], wrong["code"]) for wrong in found) == sorted(errors)
    for wrong in found:
        # What is allowed stands in brackets, where it is known.
        sentence, *limit = re.split(r" \([^(]*\{limit\}", ALL_TEXTS.fields[wrong["code"]][language])
        assert wrong["message"].startswith(sentence)
        assert limit or wrong["message"] == sentence
        assert not {"{", "()"} & {*wrong["message"].split(" ")}


def soon():
    return datetime.now(UTC) + timedelta(seconds=1)


def half_a_minute_later(company):
    """Make the list of contacts, and that it was asked for, half a minute older."""
    company.store._client.update_item(
        TableName=company.store._table,
        Key={"pk": {"S": COMPANY}, "sk": {"S": "contacts"}},
        UpdateExpression="SET asked_at = :then, read_at = :then",
        ExpressionAttributeValues={":then": {"S": iso(datetime.now(UTC) - timedelta(seconds=31))}},
    )
