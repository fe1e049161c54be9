"""The door in front of the emulator: rules of AWS that tests switch on, and the record of what functions call."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest

from local.stricter import CONTROL, Door, Rules

POOL = "eu-central-1_pool"
TOKEN = "session-of-a-function"


@dataclass
class FakeLogins:
    disabled: set[str] = field(default_factory=set)
    aliases: dict[str, list[str]] = field(default_factory=dict)

    def is_disabled(self, pool_id, username):
        return username in self.disabled

    def with_verified_email(self, pool_id, email):
        return self.aliases.get(email, [])


class Behind:
    """A door, what is behind it, and a caller."""

    def __init__(self, records=None):
        self.seen: list[dict] = []
        self.logins = FakeLogins()
        self.rules = Rules()
        self.now = 100.0
        self.ended = 0
        self.door = Door(
            self._emulator,
            functions={TOKEN: "UsersFunction"},
            logins=self.logins,
            rules=self.rules,
            records=records,
            monotonic=lambda: self.now,
            end_sandboxes=self._end,
        )

    def _end(self):
        self.ended += 1

    async def _emulator(self, scope, receive, send):
        message = await receive()
        self.seen.append({"path": scope["path"], "body": message["body"]})
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def send(self, method, path, body=b"", headers=()):
        parts = [body[: len(body) // 2], body[len(body) // 2 :]]
        sent = []

        async def receive():
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
        asyncio.run(self.door(scope, receive, send))
        start, content = sent
        return start["status"], json.loads(content["body"]), dict(start["headers"])

    def call(self, service, action, *, token=TOKEN, path="/", **parameters):
        """Call AWS as a function does; return the error's code, None when the call got through."""
        credential = f"AWS4-HMAC-SHA256 Credential=AKID/20261127/eu-central-1/{service}/aws4_request, Signature=x"
        headers = [(b"Authorization", credential.encode())]
        if token:
            headers.append((b"X-Amz-Security-Token", token.encode()))
        if path == "/":
            headers.append((b"X-Amz-Target", f"Service_2012.{action}".encode()))
        status, answer, got = self.send("POST", path, json.dumps(parameters).encode(), headers)
        if status == 200:
            return None
        assert got[b"x-amzn-errortype"].decode() == answer["__type"]
        return answer["__type"]

    def cognito(self, action, username="usr_1", **parameters):
        return self.call("cognito-idp", action, UserPoolId=POOL, Username=username, **parameters)

    def sign_in(self):
        return self.call(
            "cognito-idp", "AdminInitiateAuth", UserPoolId=POOL, AuthParameters={"USERNAME": "usr_1", "PASSWORD": "x"}
        )


@pytest.fixture
def behind():
    return Behind()


def test_without_rules_everything_gets_through(behind):
    behind.logins.disabled.add("usr_1")
    for action in ("AdminSetUserPassword", "AdminUserGlobalSignOut", "AdminEnableUser", "AdminDisableUser"):
        assert behind.cognito(action) is None
    assert behind.sign_in() is None
    assert json.loads(behind.seen[0]["body"]) == {"UserPoolId": POOL, "Username": "usr_1"}


def test_only_functions_meet_the_rules(behind):
    behind.rules.put({"quotas": {"SSM": 0}})
    assert behind.call("ssm", "GetParameter", token=None) is None
    assert behind.call("ssm", "GetParameter") == "ThrottlingException"
    assert behind.call("ssm", "GetParameter", token="unknown") == "ThrottlingException"


@pytest.mark.parametrize(
    ("rule", "action"),
    [("password-of-disabled", "AdminSetUserPassword"), ("sign-out-of-disabled", "AdminUserGlobalSignOut")],
)
@pytest.mark.parametrize("refused", [True, False])
def test_a_call_for_a_disabled_user_is_refused_or_accepted_and_counted(behind, rule, action, refused):
    behind.rules.put({rule: {"refused": refused}})
    assert behind.cognito(action) is None, "an enabled user's is accepted"
    assert behind.rules.reached[rule] == 0
    behind.logins.disabled.add("usr_1")
    assert behind.cognito(action) == ("NotAuthorizedException" if refused else None)
    assert (behind.rules.reached[rule], behind.rules.refused[rule]) == (1, refused)


@pytest.mark.parametrize("action", ["AdminCreateUser", "AdminUpdateUserAttributes"])
@pytest.mark.parametrize(
    ("holders", "verified", "code"),
    [
        (["usr_2"], "true", "AliasExistsException"),
        (["usr_1", "usr_2"], "true", "AliasExistsException"),
        (["usr_2"], "false", None),
        (["usr_1"], "true", None),
        ([], "true", None),
    ],
)
def test_a_verified_email_is_the_alias_of_one_user(behind, action, holders, verified, code):
    behind.rules.put({"alias-exists": {}})
    behind.logins.aliases["a@b.example"] = holders
    attributes = [{"Name": "email", "Value": "a@b.example"}, {"Name": "email_verified", "Value": verified}]
    assert behind.cognito(action, UserAttributes=attributes) == code


def test_an_enabled_user_is_seen_late(behind):
    behind.rules.put({"enable-late": {"seconds": 1}, "password-of-disabled": {"refused": True}})
    behind.logins.disabled.add("usr_1")
    assert behind.cognito("AdminEnableUser") is None
    behind.logins.disabled.clear()
    behind.now += 0.9
    assert behind.sign_in() == "NotAuthorizedException"
    assert behind.cognito("AdminSetUserPassword") == "NotAuthorizedException"
    behind.now += 0.2
    assert behind.sign_in() is None
    assert behind.cognito("AdminSetUserPassword") is None


def test_a_user_who_was_enabled_already_stays_so(behind):
    behind.rules.put({"enable-late": {"seconds": 1}})
    behind.cognito("AdminEnableUser")
    assert behind.sign_in() is None


@pytest.mark.parametrize(
    ("service", "action", "category", "code"),
    [
        ("cognito-idp", "AdminEnableUser", "UserUpdate", "TooManyRequestsException"),
        ("cognito-idp", "AdminDeleteUser", "UserUpdate", "TooManyRequestsException"),
        ("cognito-idp", "AdminCreateUser", "UserCreation", "TooManyRequestsException"),
        ("cognito-idp", "AdminSetUserPassword", "UserAccountRecovery", "TooManyRequestsException"),
        ("cognito-idp", "AdminInitiateAuth", "UserAuthentication", "TooManyRequestsException"),
        ("cognito-idp", "AdminGetUser", "UserRead", "TooManyRequestsException"),
        ("ssm", "GetParameter", "SSM", "ThrottlingException"),
        ("ses", "SendEmail", "SES", "TooManyRequestsException"),
    ],
)
def test_a_quota_allows_so_many_calls_a_second(behind, service, action, category, code):
    path = "/v2/email/outbound-emails" if service == "ses" else "/"

    def codes(calls):
        return [behind.call(service, action, path=path) for _ in range(calls)]

    behind.rules.put({"quotas": {category: 2}})
    assert codes(1) == [code], "it begins empty"
    behind.now += 0.5
    assert codes(2) == [None, code]
    behind.now += 60
    assert codes(3) == [None, None, code]
    assert (behind.rules.reached[f"quotas {category}"], behind.rules.refused[f"quotas {category}"]) == (6, 3)
    assert behind.call("dynamodb", "GetItem") is None, "others are not counted"


def test_a_quota_may_be_less_than_one_call_a_second(behind):
    behind.rules.put({"quotas": {"SSM": 0.1}})
    codes = []
    for seconds in (0, 9, 2, 5, 5.1):
        behind.now += seconds
        codes.append(behind.call("ssm", "GetParameter"))
    assert [code is None for code in codes] == [False, False, True, False, True]


def test_lambda_refuses_executions_over_its_concurrency(behind):
    assert not behind.rules.refuses_execution(5000)
    behind.rules.put({"concurrency": {"limit": 10}})
    assert [behind.rules.refuses_execution(running) for running in (0, 9, 10)] == [False, False, True]
    assert (behind.rules.reached["concurrency"], behind.rules.refused["concurrency"]) == (3, 1)


def test_the_rules_are_put_read_and_forgotten_at_one_address(behind):
    wanted = {"quotas": {"SSM": 0}}
    assert behind.send("PUT", CONTROL, json.dumps(wanted).encode())[:2] == (
        200,
        {"rules": wanted, "reached": {}, "refused": {}},
    )
    behind.call("ssm", "GetParameter")
    counts = {"quotas SSM": 1}
    assert behind.send("GET", CONTROL)[1] == {"rules": wanted, "reached": counts, "refused": counts}
    assert behind.send("PUT", CONTROL, b"{}")[1] == {"rules": {}, "reached": {}, "refused": {}}
    assert behind.seen == []


def test_a_rule_that_there_is_not_is_refused_and_changes_nothing(behind):
    behind.rules.put({"alias-exists": {}})
    assert behind.send("PUT", CONTROL, b'{"alias-exist": {}}')[0] == 400
    assert behind.rules.on == {"alias-exists": {}}


def test_a_delete_ends_all_sandboxes(behind):
    behind.send("DELETE", CONTROL)
    assert behind.ended == 1


def test_every_call_of_a_function_is_recorded_also_a_refused_one(tmp_path):
    records = tmp_path / "calls.jsonl"
    behind = Behind(records)
    behind.rules.put({"quotas": {"SSM": 0}})
    behind.call("dynamodb", "GetItem", TableName="companies")
    behind.call("ses", "SendEmail", path="/v2/email/outbound-emails", Destination={})
    behind.call("ssm", "GetParameter", Name="/x")
    behind.call("sqs", "SendMessage", token=None)
    common = {"function": "UsersFunction"}
    assert [json.loads(line) for line in records.read_text().splitlines()] == [
        {**common, "service": "dynamodb", "action": "GetItem", "parameters": {"TableName": "companies"}, "status": 200},
        {**common, "service": "ses", "action": "SendEmail", "parameters": {"Destination": {}}, "status": 200},
        {**common, "service": "ssm", "action": "GetParameter", "parameters": {"Name": "/x"}, "status": 400},
    ]
