"""`make smoke STAGE=…`: check that a deployed stage answers and has its alarms.

It changes nothing, except that it counts one wrong link for the caller's network. It does not test the main use cases,
because they need a customer of your own in the ERP and a mailbox: docs/runbook.md#after-a-deploy.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests

from ops.checks import Finding, Stage, account_of, report, stage_named

PROBLEM_JSON = "application/problem+json"
STRANGER = "https://stranger.example"
_SECONDS = 35


@dataclass(frozen=True)
class Deployed:
    """A deployed stage."""

    stage: Stage
    api_url: str
    outputs: Mapping[str, str]
    resources: Sequence[Mapping[str, Any]]

    def all_of(self, kind: str) -> Mapping[str, str]:
        """Return the physical ids of the stack's resources of a type, by logical id."""
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in self.resources
            if resource["ResourceType"] == kind
        }

    def call(self, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 # as requests accepts it
        """Send one request to the API."""
        return requests.request(method, self.api_url + path, timeout=_SECONDS, **more)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings. Return 1 when something is wrong."""
    stage = stage_named(arguments, __doc__)
    print(f"ok    Account {account_of(stage)}, region {stage.region}, stack {stage.stack_name}.")
    stack = stage.stack()
    if stack is None:
        print(f"FAIL  There is no stack {stage.stack_name} in {stage.region}: make deploy STAGE={stage.name}")
        return 1
    pages = stage.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stage.stack_name)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    deployed = Deployed(
        stage,
        # An emulator does not answer at the address in the stack's output.
        os.environ.get("API_URL") or outputs["ApiUrl"],
        outputs,
        [resource for page in pages for resource in page["StackResourceSummaries"]],
    )
    checks = {
        "The stack": partial(stack_is_complete, stack),
        "Strangers": partial(strangers_are_refused, deployed),
        "The public routes": partial(public_routes_answer, deployed),
        "Browsers": partial(browsers_of_the_shop_may_call, deployed),
        "Logins": partial(cognito_hides_who_has_a_login, deployed),
        "Alarms": partial(alarms_are_there_and_reach_somebody, deployed),
        "The dashboard": partial(dashboard_is_there, deployed),
        "Data": partial(data_is_safe, deployed),
        "Mails": partial(mails_can_be_sent, deployed),
        "Dead letters": partial(nothing_died, deployed),
    }
    return report(checks)


def stack_is_complete(stack: Mapping[str, Any]) -> Iterator[Finding]:
    """Check that the last deploy is complete."""
    status = stack["StackStatus"]
    good = status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE")
    yield Finding("ok" if good else "FAIL", f"The stack is {status}.")


def strangers_are_refused(deployed: Deployed) -> Iterator[Finding]:
    """Check the refusal of a missing token, of a forged token, and of a route that does not exist."""
    yield _expected(401, deployed.call("GET", "/me"), "GET /me without a token")
    forged = {"Authorization": "Bearer e30.e30.e30"}
    yield _expected(401, deployed.call("GET", "/users", headers=forged), "GET /users with a forged token")
    yield _expected(404, deployed.call("GET", "/nowhere"), "A route that is not there")


def public_routes_answer(deployed: Deployed) -> Iterator[Finding]:
    """Check that functions start, read their settings and reach their table. Invalid requests write nothing."""
    yield _expected(200, deployed.call("GET", "/settings"), "The settings")
    broken = deployed.call("POST", "/activations", data="{", headers={"Content-Type": "application/json"})
    yield _problem(400, "json-invalid", broken, "An activation that is no JSON")
    yield _problem(422, "invalid-input", deployed.call("POST", "/activations", json={}), "An empty activation")
    nobody = {
        "token": "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV_01ARZ3NDEKTSV4RRFFQ69G5FAV.x",
        "password": "not a password of anybody",
    }
    acceptance = deployed.call("POST", "/invitations/acceptance", json=nobody)
    yield _problem(404, "invitation-invalid", acceptance, "An invitation nobody sent")
    cancelled = deployed.call("POST", "/email-cancellations", json={"token": nobody["token"]})
    yield _problem(404, "confirmation-invalid", cancelled, "A notice nobody sent")


def browsers_of_the_shop_may_call(deployed: Deployed) -> Iterator[Finding]:
    """Check that CORS allows the shop's origin, and no other origin."""
    for origin, allowed in ((deployed.stage.parameters.get("AllowedOrigin", ""), True), (STRANGER, False)):
        if not origin:
            continue
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        named = deployed.call("OPTIONS", "/me", headers=asked).headers.get("Access-Control-Allow-Origin")
        good = (named == origin) == allowed
        yield Finding(
            "ok" if good else "FAIL", f"Pages of {origin} {'may' if named == origin else 'may not'} call the API."
        )


def cognito_hides_who_has_a_login(deployed: Deployed) -> Iterator[Finding]:
    """Check that unknown users get the same error as a wrong password."""
    cognito = deployed.stage.client("cognito-idp")
    try:
        cognito.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=deployed.outputs["UserPoolClientId"],
            AuthParameters={"USERNAME": "nobody@stranger.example", "PASSWORD": "not a password of anybody"},
        )
    except cognito.exceptions.NotAuthorizedException:
        yield Finding("ok", "Cognito refuses a login of nobody.")
    except cognito.exceptions.UserNotFoundException:
        yield Finding("FAIL", "Cognito tells strangers who has no login (PreventUserExistenceErrors).")


def alarms_are_there_and_reach_somebody(deployed: Deployed) -> Iterator[Finding]:
    """Check that every alarm of the stack exists and is not on, and that the alarms' topic has a subscriber."""
    names = sorted(deployed.all_of("AWS::CloudWatch::Alarm").values())
    pages = deployed.stage.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=names)
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    for alarm in alarms:
        if alarm["StateValue"] == "ALARM":
            yield Finding("FAIL", f"{alarm['AlarmName']} is on: {alarm['AlarmDescription']}")
        if not alarm["ActionsEnabled"]:
            yield Finding("FAIL", f"{alarm['AlarmName']} is switched off.")
    gone = set(names) - {alarm["AlarmName"] for alarm in alarms}
    yield Finding("FAIL" if gone or not names else "ok", f"{len(alarms)} of {len(names)} alarms are there.")
    topic = deployed.outputs["AlarmTopicArn"]
    readers = deployed.stage.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [reader for reader in readers if reader["SubscriptionArn"].startswith("arn:")]
    if confirmed:
        yield Finding("ok", f"Alarms reach {len(confirmed)} reader(s).")
    else:
        yield Finding("FAIL", f"Alarms reach nobody: set AlarmEmail (and confirm its mail), or subscribe to {topic}.")


def dashboard_is_there(deployed: Deployed) -> Iterator[Finding]:
    """Check that the dashboard exists, if the stage has one."""
    for name in deployed.all_of("AWS::CloudWatch::Dashboard").values():
        deployed.stage.client("cloudwatch").get_dashboard(DashboardName=name)
        yield Finding("ok", f"The dashboard is {name}.")


def data_is_safe(deployed: Deployed) -> Iterator[Finding]:
    """Check that tables and logins are protected against deletion, and that tables can be restored."""
    dynamodb = deployed.stage.client("dynamodb")
    for name, table in deployed.all_of("AWS::DynamoDB::Table").items():
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
            yield Finding("FAIL", f"{name} cannot be restored: point-in-time recovery is off.")
        if not dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
            yield Finding("FAIL", f"{name} is not protected: take DeletionProtection=false out and deploy again.")
    pool = deployed.stage.client("cognito-idp").describe_user_pool(UserPoolId=deployed.outputs["UserPoolId"])[
        "UserPool"
    ]
    if pool.get("DeletionProtection") != "ACTIVE":
        yield Finding("FAIL", "The user pool is not protected: take DeletionProtection=false out and deploy again.")
    yield Finding("ok", "Tables and logins were looked at.")


def mails_can_be_sent(deployed: Deployed) -> Iterator[Finding]:
    """Check that SES has verified the sender."""
    identity = deployed.stage.parameters.get("MailIdentity")
    if identity is None:
        return
    known = deployed.stage.client("sesv2").get_email_identity(EmailIdentity=identity)
    if known["VerifiedForSendingStatus"]:
        yield Finding("ok", f"SES has verified {identity}.")
    else:
        yield Finding("FAIL", f"SES has not verified {identity}: its DKIM records are not in your DNS yet.")


def nothing_died(deployed: Deployed) -> Iterator[Finding]:
    """Check that the dead-letter queues are empty."""
    sqs = deployed.stage.client("sqs")
    waiting = 0
    for name, url in deployed.all_of("AWS::SQS::Queue").items():
        if name.endswith("DeadLetterQueue"):
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            waiting += int(found["Attributes"]["ApproximateNumberOfMessages"])
    if waiting:
        yield Finding("FAIL", f"{waiting} dead letters wait: docs/runbook.md#dead-letters")
    else:
        yield Finding("ok", "There are no dead letters.")


def _expected(status: int, answer: requests.Response, what: str) -> Finding:
    return Finding("ok" if answer.status_code == status else "FAIL", f"{what}: {answer.status_code}.")


def _problem(status: int, code: str, answer: requests.Response, what: str) -> Finding:
    is_problem = answer.headers.get("Content-Type", "").startswith(PROBLEM_JSON)
    found = answer.json()["code"] if is_problem else "not an answer of ours"
    good = (answer.status_code, found) == (status, code)
    return Finding("ok" if good else "FAIL", f"{what}: {answer.status_code} {found}.")


if __name__ == "__main__":
    sys.exit(main())
