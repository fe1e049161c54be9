"""`make preflight` and `make smoke` against the deployed stack, as far as an emulator goes."""

from datetime import UTC, datetime

import pytest

from customer_center.platform.ids import new_ulid
from local.stack import STACK_NAME, Stack, aws_environment
from local.walk import PASSWORD
from ops import check_logins, client_key, preflight, put_back, smoke
from tests.e2e.companies import eventually, new_customer
from tests.samconfig import write_samconfig


@pytest.fixture
def config(stack: Stack, tmp_path, monkeypatch):
    """A samconfig.toml for the running stack."""
    for name, value in {**aws_environment(stack.endpoint_url), "API_URL": stack.api_url}.items():
        monkeypatch.setenv(name, value)
    deployed = stack.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    given = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in deployed["Parameters"]}
    return str(write_samconfig(tmp_path, STACK_NAME, **given))


def test_a_stage_that_runs_can_be_deployed_again(config, capsys):
    assert preflight.main(["trial", "--config", config]) == 0, capsys.readouterr().out
    assert "The stack is at rest" in capsys.readouterr().out


def test_smoke_says_what_is_missing_and_is_content_once_it_is_there(stack, config, capsys):
    """The emulator ignores some properties of the template; smoke reports them as switched off."""
    topics = [topic["TopicArn"] for topic in stack.client("sns").list_topics()["Topics"]]
    (topic,) = [topic for topic in topics if topic.endswith("-alarms")]

    assert smoke.main(["trial", "--config", config]) == 1
    to_mend = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert to_mend == [
        f"FAIL  Alarms reach nobody: set AlarmEmail (and confirm its mail), or subscribe to {topic}.",
        "FAIL  CompaniesTable cannot be restored: point-in-time recovery is off.",
        "FAIL  CustomersTable cannot be restored: point-in-time recovery is off.",
        "FAIL  JournalTable cannot be restored: point-in-time recovery is off.",
    ]

    queue = stack.client("sqs").create_queue(QueueName="readers-of-alarms")["QueueUrl"]
    arn = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    stack.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for table in (stack.companies_table, stack.customers_table, stack.journal_table):
        recovery = {"PointInTimeRecoveryEnabled": True}
        stack.client("dynamodb").update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)

    assert smoke.main(["trial", "--config", config]) == 0, capsys.readouterr().out


def test_smoke_changes_nothing_but_the_count_of_wrong_links(stack, config):
    def stored():
        items = [
            item
            for table in (stack.companies_table, stack.journal_table)
            for item in stack.client("dynamodb").scan(TableName=table)["Items"]
        ]
        return [item for item in items if not item["pk"]["S"].startswith("wrong_links#")]

    before = stored()

    smoke.main(["trial", "--config", config])

    assert stored() == before


def test_smoke_hears_of_dead_letters(stack, config, capsys):
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName="customer-center-local-mail-dead-letters")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        assert smoke.main(["trial", "--config", config]) == 1
    finally:
        sqs.purge_queue(QueueUrl=url)

    assert "FAIL  1 dead letters wait: docs/runbook.md#dead-letters" in capsys.readouterr().out


def test_a_stage_that_is_not_there_is_told_so(config, tmp_path, capsys):
    assert smoke.main(["trial", "--config", str(write_samconfig(tmp_path, "nowhere"))]) == 1
    assert "There is no stack nowhere" in capsys.readouterr().out


def restored(stack: Stack) -> str:
    """Copy the companies table, as a restore to this moment does, and return the copy's name."""
    dynamodb = stack.client("dynamodb")
    live = dynamodb.describe_table(TableName=stack.companies_table)["Table"]
    name = f"restored-{new_ulid(datetime.now(UTC))}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=live["KeySchema"],
        AttributeDefinitions=[
            named for named in live["AttributeDefinitions"] if named["AttributeName"] in ("pk", "sk")
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in contents(stack):
        dynamodb.put_item(TableName=name, Item=item)
    return name


def contents(stack, table=None):
    items = stack.client("dynamodb").scan(TableName=table or stack.companies_table)["Items"]
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def test_a_restored_table_is_put_back_and_whoever_went_since_is_named(stack, config, capsys):
    """A restore names the erasures to repeat (docs/specification.md, 7.8)."""
    customer = new_customer(stack).activate()
    users = {name: customer.join(name) for name in ("erased", "deleted", "deactivated", "back")}
    copy, moment = restored(stack), datetime.now(UTC).isoformat()
    call = ["trial", "--config", config, "--restored", copy, "--since", moment]

    def tell(method, path):
        answer = customer.shop.call(method, path, token=customer.token, If_Match="*")
        assert answer.ok, answer.text

    tell("POST", f"/users/{users['erased']}/erasure")
    tell("DELETE", f"/users/{users['deleted']}")
    tell("POST", f"/users/{users['deactivated']}/deactivate")
    tell("POST", f"/users/{users['back']}/deactivate")
    tell("POST", f"/users/{users['back']}/activate")
    since = contents(stack)

    put_back.main(call)

    said = capsys.readouterr().out
    assert "would be put back" in said
    assert {line for line in said.splitlines() if customer.company_id in line} == {
        f"Erase again: {users['erased']} of {customer.company_id}",
        f"Delete again: {users['deleted']} of {customer.company_id}",
        f"Deactivate again: {users['deactivated']} of {customer.company_id}",
    }
    assert contents(stack) == since

    put_back.main([*call, "--write"])

    assert contents(stack) == contents(stack, copy)
    tell("POST", f"/users/{users['erased']}/erasure")
    assert customer.shop.call("GET", f"/users/{users['erased']}", token=customer.token).status_code == 404


def test_an_empty_table_is_not_put_back(stack, config):
    new_customer(stack).activate()
    before = contents(stack)
    copy = restored(stack)
    dynamodb = stack.client("dynamodb")
    for item in before:
        dynamodb.delete_item(TableName=copy, Key={"pk": item["pk"], "sk": item["sk"]})

    with pytest.raises(SystemExit, match="Is its restore complete"):
        put_back.main(["trial", "--config", config, "--restored", copy, "--since", "2026-11-24T00:00:00Z", "--write"])

    assert contents(stack) == before


def test_a_key_that_ops_issued_lets_its_holder_in_until_it_is_revoked(stack, config, capsys):
    def do(*what):
        assert client_key.main(["trial", "--config", config, *what]) == 0
        return capsys.readouterr().out.split()

    def status(shown):
        shop = new_customer(stack).shop
        return shop.call("GET", "/companies?customer_number=0", token=shown).status_code

    issued = do("issue", "--name", "shop", "--scopes", "companies:read,operator")
    key_id, shown = issued[0], issued[-1]
    assert status(shown) == 200
    second = do("rotate", key_id)[-1]
    do("revoke", key_id, f"--secret-hint={shown[-4:]}")
    assert (status(shown), status(second)) == (401, 200)
    do("revoke", key_id)
    assert status(second) == 401
    assert key_id in do("list")
    assert client_key.main(["trial", "--config", config, "rotate", key_id]) == 1
    assert "client-key-revoked" in capsys.readouterr().err


def login_of(stack, user_id):
    """Return the login as Cognito shows it, None when there is none."""
    cognito = stack.client("cognito-idp")
    try:
        return cognito.admin_get_user(UserPoolId=stack.user_pool_id, Username=user_id)
    except cognito.exceptions.UserNotFoundException:
        return None


def check_all_logins(config):
    """Check and repair all logins, also those that were changed just now."""
    assert check_logins.main(["trial", "--config", config, "--repair-all", "--settled-minutes", "0"]) == 0


def test_a_login_that_its_owner_deleted_is_made_again_and_forgot_password_works(stack, config):
    customer = new_customer(stack).activate()
    cognito = stack.client("cognito-idp")
    cognito.delete_user(AccessToken=customer.token)
    assert login_of(stack, customer.user_id) is None

    check_all_logins(config)

    def verified():
        login = login_of(stack, customer.user_id)
        return login and {"Name": "email_verified", "Value": "true"} in login["UserAttributes"] and login

    login = eventually(verified)
    # In another state Cognito refuses "forgot password". The emulator does not.
    assert (login["Enabled"], login["UserStatus"]) == (True, "CONFIRMED")
    attributes = {each["Name"]: each["Value"] for each in login["UserAttributes"]}
    assert attributes["email"] == customer.email
    assert customer.shop.log_in(customer.email, PASSWORD) is None
    before = len(customer.shop.mails(customer.email))
    cognito.forgot_password(ClientId=stack.user_pool_client_id, Username=customer.email)
    code = customer.shop.wait_for(customer.email, r"\b(\d{6})\b", after=before)
    cognito.confirm_forgot_password(
        ClientId=stack.user_pool_client_id,
        Username=customer.email,
        ConfirmationCode=code,
        Password="another long password",
    )
    token = customer.shop.log_in(customer.email, "another long password")
    assert customer.shop.call("GET", "/me", token=token).json()["user"]["user_id"] == customer.user_id


def test_after_a_restore_logins_follow_the_records(stack, config):
    customer = new_customer(stack).activate()
    back = customer.join("back")
    copy, moment = restored(stack), datetime.now(UTC).isoformat()
    since = customer.join("since")
    answer = customer.shop.call("DELETE", f"/users/{back}", token=customer.token, If_Match="*")
    assert answer.status_code == 204, answer.text
    eventually(lambda: login_of(stack, back) is None)
    put_back.main(["trial", "--config", config, "--restored", copy, "--since", moment, "--write"])
    assert login_of(stack, since)

    check_all_logins(config)

    eventually(lambda: login_of(stack, since) is None)
    eventually(lambda: (found := login_of(stack, back)) and found["Enabled"])
    assert login_of(stack, customer.user_id)["Enabled"]
