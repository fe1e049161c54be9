"""What IAM says of each function's role and boundary, in each kind of deployment.

The calls that functions make are judged with those of the running stack (tests/e2e/test_permissions.py).
"""

import pytest

from tests.iam import ACCOUNT, Deployment, Need, needs_with_key
from tests.template.transformed import transformed
from tests.template_reader import function_names

FUNCTIONS = function_names()
FROM = "shop@shop.example"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/own"
RECIPIENT = f"arn:aws:ses:eu-central-1:{ACCOUNT}:identity/anna@example.com"
_PARAMETERS = {
    "MailFrom": FROM,
    "MailIdentity": "shop.example",
    "ErpCredentialsParameter": "/erp",
    "ErpWebhookSecretsParameter": "/erp-webhooks",
    "ProxySecretsParameter": "/proxy",
}


def deployment(**parameters):
    chosen = {**_PARAMETERS, **parameters}
    return Deployment(transformed(**chosen), chosen)


@pytest.fixture(scope="module")
def plain():
    return deployment()


@pytest.fixture(scope="module")
def with_own_key():
    return deployment(KmsKeyArn=KEY)


@pytest.fixture(scope="module")
def in_sandbox():
    return deployment(SandboxRecipients=RECIPIENT)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lambda_itself_may_do_what_it_does_as_the_function(plain, name):
    """It reads queues and streams, keeps records that failed, and writes logs and traces."""
    refused = [str(need) for need in plain.runtime_needs()[name] if not plain.roles[name].allows(need)]

    assert refused == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_functions_block_allows_is_within_the_boundary(plain, name):
    assert [str(need) for need in plain.roles[name].grants() if not plain.roles[name].allows(need)] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_use_the_own_key_for_whatever_it_reads_and_writes(with_own_key, name):
    role = with_own_key.roles[name]
    done = [*role.grants(), *with_own_key.runtime_needs()[name]]

    assert [str(need) for each in done for need in needs_with_key(each, KEY) if not role.allows(need)] == []


def test_the_own_key_is_for_nothing_else(with_own_key):
    role = with_own_key.roles["UsersFunction"]
    elsewhere = Need("kms:Decrypt", KEY, {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"})

    assert not role.allows(elsewhere)
    assert not role.allows(Need("kms:Decrypt", KEY))


def test_without_an_own_key_no_function_may_use_any(plain):
    through = {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}

    assert not [name for name in FUNCTIONS if plain.roles[name].allows(Need("kms:Decrypt", KEY, through))]


def test_only_in_the_sandbox_a_recipient_is_named(plain, in_sandbox):
    mail = Need("ses:SendEmail", RECIPIENT, {"ses:FromAddress": FROM})

    assert in_sandbox.roles["EmailDispatchFunction"].allows(mail)
    assert not plain.roles["EmailDispatchFunction"].allows(mail)


def test_mail_from_another_address_is_refused(plain, in_sandbox):
    for found in (plain, in_sandbox):
        sending = [need for need in found.roles["EmailDispatchFunction"].grants() if need.action == "ses:SendEmail"]
        forged = [Need(need.action, need.resource, {"ses:FromAddress": "ceo@shop.example"}) for need in sending]

        assert sending
        assert not [str(need) for need in forged if found.roles["EmailDispatchFunction"].allows(need)]
