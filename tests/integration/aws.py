"""AWS in memory (moto) with the resources of template.yaml, and our functions, each started in a new sandbox."""

import importlib.util
import io
import json
import re
import sys
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import boto3
from moto.cognitoidp.models import cognitoidp_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.utils import unix_time_millis
from moto.dynamodb.models import dynamodb_backends
from moto.ses.models import ses_backends
from moto.sqs.models import sqs_backends

from customer_center.connectors.silver import wiring as silver
from customer_center.mail import render
from customer_center.platform import aws
from customer_center.platform.log import logger
from local.simulators.erp.server import PASSWORD, USER
from tests.builders.webhooks import SECRET as WEBHOOK_SECRET
from tests.template_reader import ROOT, functions_of, load_template, resources_of

REGION = "eu-central-1"
SHOP_URL = "https://shop.example.com"
_PARAMETERS = {
    "Stage": "test",
    "ShopName": "Demo Shop",
    "ShopUrl": SHOP_URL,
    "InvitationUrl": f"{SHOP_URL}/invitation#token={{token}}",
    "EmailConfirmationUrl": f"{SHOP_URL}/email#token={{token}}",
    "InviteAgainUrl": f"{SHOP_URL}/users#invite={{user_id}}",
    "EmailCancellationUrl": f"{SHOP_URL}/not-me#token={{token}}",
    "AllowedOrigin": SHOP_URL,
    "MailFrom": "shop@shop.example.com",
    "MailIdentity": "shop.example.com",
    "ErpCredentialsParameter": "/customer-center/test/erp",
    "ErpWebhookSecretsParameter": "/customer-center/test/erp-webhooks",
    # A refusal's fixed time is for attackers.
    "ActivationRefusalSeconds": "0",
}


_CACHE = type(cache(dict))


@dataclass(frozen=True)
class Context:
    """The part of Lambda's context object that our code reads."""

    function_name: str
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:test"

    def get_remaining_time_in_millis(self):
        return 25_000


class Aws:
    """The tables, queues, logins and mails of one stack. Works only within `moto.mock_aws`."""

    def __init__(self, erp_url: str) -> None:
        self.template = load_template()
        given = {name: str(it["Default"]) for name, it in self.template["Parameters"].items() if "Default" in it}
        self.parameters = {**given, **_PARAMETERS, "ErpUrl": f"{erp_url}/soap"}
        self._physical = dict(self._tables()) | dict(self._queues()) | dict(self._logins()) | dict(self._mail())
        self.client("ssm").put_parameter(
            Name=self.parameters["ErpCredentialsParameter"],
            Type="SecureString",
            Value=json.dumps({"user": USER, "password": PASSWORD}),
        )
        self.client("ssm").put_parameter(
            Name=self.parameters["ErpWebhookSecretsParameter"],
            Type="SecureString",
            Value=json.dumps({"secrets": [WEBHOOK_SECRET]}),
        )

    def client(self, service):
        """Return a client for the test itself."""
        return _client(service)

    def physical(self, name):
        """Return the value of `!Ref` for a resource."""
        return self._physical[name]

    def environment(self, function, **changed):
        """Return the variables that the template sets for a function; `changed` overrides parameters."""
        variables = functions_of(self.template)[function]["Environment"]["Variables"]
        known = {**self._physical, **self.parameters, **changed}
        return {name: value if isinstance(value, str) else known[value["Ref"]] for name, value in variables.items()}

    # Creating what the template names

    def _tables(self):
        for name, table in resources_of(self.template, "AWS::DynamoDB::Table").items():
            wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
            properties = {key: table["Properties"][key] for key in wanted if key in table["Properties"]}
            self.client("dynamodb").create_table(TableName=name, **properties)
            yield name, name

    def _queues(self):
        for name in resources_of(self.template, "AWS::SQS::Queue"):
            yield name, self.client("sqs").create_queue(QueueName=name)["QueueUrl"]

    def _logins(self):
        cognito = self.client("cognito-idp")
        pool = self.template["Resources"]["UserPool"]["Properties"]
        wanted = ("AliasAttributes", "UsernameConfiguration", "Schema", "AutoVerifiedAttributes", "Policies")
        properties = {key: pool[key] for key in wanted if key in pool}
        pool_id = cognito.create_user_pool(PoolName="test", **properties)["UserPool"]["Id"]
        yield "UserPool", pool_id
        flows = self.template["Resources"]["UserPoolClient"]["Properties"]["ExplicitAuthFlows"]
        created = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="shop", ExplicitAuthFlows=flows)
        yield "UserPoolClient", created["UserPoolClient"]["ClientId"]

    def _mail(self):
        self.client("sesv2").create_email_identity(EmailIdentity=self.parameters["MailIdentity"])
        self.client("sesv2").create_configuration_set(ConfigurationSetName="customer-center-test")
        yield "MailConfigurationSet", "customer-center-test"

    # These read and reset moto's memory directly: through its API this takes fifty times as long.

    def items(self, table=None):
        """Return everything in one table, or in all of them, by table, pk and sk."""
        return {
            (name, item.attrs["pk"].value, item.attrs["sk"].value): item.to_json()["Attributes"]
            for name, found in _backend(dynamodb_backends).tables.items()
            if table in (None, name)
            for item in found.all_items()
        }

    def put_items(self, table, items):
        """Put items in DynamoDB's notation into a table, as fast as moto can."""
        found = _backend(dynamodb_backends).tables[self.physical(table)]
        for item in items:
            found.put_item(item)

    def snapshot(self):
        """Return a copy of all items, for `restore`."""
        return {name: deepcopy(table.items) for name, table in _backend(dynamodb_backends).tables.items()}

    def restore(self, snapshot):
        """Replace all items by the snapshot, or remove them; remove logins, messages and mails."""
        for name, table in _backend(dynamodb_backends).tables.items():
            table.items = deepcopy(snapshot[name]) if snapshot else defaultdict(dict)
        _backend(cognitoidp_backends).user_pools[self.physical("UserPool")].users.clear()
        for queue in _backend(sqs_backends).queues.values():
            queue._messages.clear()
        _backend(ses_backends).sent_messages.clear()

    def logins(self):
        """Return the logins by user name: whether each is enabled, and its status."""
        users = _backend(cognitoidp_backends).user_pools[self.physical("UserPool")].users.values()
        return {user.username: (user.enabled, user.status) for user in users}

    def age_logins(self, **duration):
        """Let all logins have been changed so long ago, in the words of `timedelta`."""
        for user in _backend(cognitoidp_backends).user_pools[self.physical("UserPool")].users.values():
            user.last_modified_date -= timedelta(**duration)

    def messages(self, queue):
        """Take the messages out of a queue."""
        # moto's memory first: tests look into many empty queues.
        if not _backend(sqs_backends).queues[queue]._messages:
            return []
        url = self.physical(queue)
        taken = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in taken:
            self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in taken]

    def waiting(self, queue):
        """Return the messages of a queue that are not delivered yet, and in how many seconds they are."""
        now = unix_time_millis()
        found = _backend(sqs_backends).queues[queue]._messages
        return [(json.loads(message.body), (message.delayed_until - now) / 1000) for message in found]

    def mails(self):
        """Return the mails sent so far, oldest first: recipients and HTML."""
        return [(mail.destinations["ToAddresses"], mail.body) for mail in _backend(ses_backends).sent_messages]

    def mails_with_subjects(self):
        """Return the mails sent so far, oldest first: recipients and subject."""
        return [(mail.destinations["ToAddresses"], mail.subject) for mail in _backend(ses_backends).sent_messages]


@cache
def _client(service):
    # Created once, because it takes a tenth of a second. moto answers its calls while it is active.
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client(service)


def _backend(backends):
    return backends[DEFAULT_ACCOUNT_ID][REGION]


class Sandboxes:
    """Starts functions as Lambda does: with the template's variables, a new module, and empty caches.

    Starting one ends the one before. Only the AWS clients and the compiled templates of mails stay: making them takes
    longer than most tests, and they depend on the region and on files alone.
    """

    def __init__(self, aws, monkeypatch):
        self.aws = aws
        self.log = io.StringIO()
        self._monkeypatch = monkeypatch
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.setenv(name, REGION)
        monkeypatch.setattr(logger.registered_handler, "stream", self.log)

    def start(self, function, **changed):
        """Return the module and the handler of a function; `changed` overrides parameters."""
        forget(but=(aws.__name__, render.__name__))
        for name in functions_of(self.aws.template):
            for variable in self.aws.environment(name):
                self._monkeypatch.delenv(variable, raising=False)
        for variable, value in self.aws.environment(function, **changed).items():
            self._monkeypatch.setenv(variable, value)
        module = load(folder_of(function))
        return module, getattr(module, handler_of(self.aws.template, function))

    def run(self, function, event, **changed):
        """Start a function and give it one event; return what it returns."""
        _, handler = self.start(function, **changed)
        return handler(event, Context(function))


def folder_of(function):
    """Return the folder a function is built from, as functions/Makefile says."""
    makefile = (ROOT / "functions/Makefile").read_text()
    return re.search(rf"^build-.*\b{function}\b.*: FOLDER = (\w+)$", makefile, re.MULTILINE)[1]


def handler_of(template, function):
    """Return the name of a function's handler in its module."""
    return functions_of(template)[function]["Handler"].removeprefix("app.")


def load(folder):
    """Return the function's module, loaded anew."""
    spec = importlib.util.spec_from_file_location(f"functions_{folder}_app", ROOT / "functions" / folder / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def forget(*, but=()):
    """Empty every cache of the package, as in a new sandbox, except those of the modules `but`."""
    if not but:
        # `make bench` stages a second stack, at another address.
        _client.cache_clear()
    if silver._session.cache_info().currsize:
        silver._session().close()
    for name, module in list(sys.modules.items()):
        if name.startswith("customer_center.") and name not in but:
            for member in vars(module).values():
                if isinstance(member, _CACHE):
                    member.cache_clear()


def event_of(path):
    """Return a new copy of a sample event by its path in events/."""
    return json.loads((ROOT / "events" / f"{path}.json").read_text())
