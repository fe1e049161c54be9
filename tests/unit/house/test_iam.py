"""How the tests read policies and calls (tests/iam.py), as AWS's IAM User Guide and service references say it."""

import pytest

from tests.iam import Deployment, Need, Role, needs, needs_by_function, needs_with_key, refusals, unneeded

TABLE = "arn:aws:dynamodb:eu-central-1:000000000000:table/CompaniesTable"
QUEUE = "arn:aws:sqs:eu-central-1:000000000000:MailQueue"
NAMES = {
    "shop-CompaniesTable-1": "CompaniesTable",
    "shop-JournalTable-1": "JournalTable",
    "shop-MailQueue-1": "MailQueue",
    "eu-central-1_pool": "UserPool",
    "shop-MailConfigurationSet-1": "MailConfigurationSet",
    "shop-UsersFunction-1": "UsersFunction",
}
READ = Need("dynamodb:GetItem", TABLE)
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def statement(**changed):
    return {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": [TABLE], **changed}


def role(*own, added=(), boundary=(EVERYTHING,)):
    return Role(own, added, boundary)


# Statements


@pytest.mark.parametrize(
    "allowing",
    [
        statement(),
        statement(Action="dynamodb:GetItem", Resource=TABLE),
        statement(Action="DynamoDB:getitem"),
        statement(Action="dynamodb:Get*"),
        statement(Action="dynamodb:GetIte?"),
        statement(Action="*", Resource="*"),
        statement(Resource=f"{TABLE[:-5]}*"),
        {"Effect": "Allow", "NotAction": "dynamodb:PutItem", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotResource": QUEUE},
    ],
)
def test_a_statement_that_names_verb_and_resource_allows(allowing):
    assert role(allowing).allows(READ)
    assert role(added=[allowing]).allows(READ)


@pytest.mark.parametrize(
    "other",
    [
        statement(Action="dynamodb:PutItem"),
        statement(Action="dynamodb:Get"),
        statement(Action="dynamodb:GetIte"),
        statement(Resource=QUEUE),
        statement(Resource=f"{TABLE}/index/listing"),
        statement(Resource=TABLE.lower()),
        statement(Resource=f"{TABLE[:-1]}[e]"),
        {"Effect": "Allow", "NotAction": ["dynamodb:GetItem"], "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotResource": [TABLE]},
    ],
)
def test_a_statement_of_another_verb_or_resource_does_not(other):
    assert not role(other).allows(READ)


def test_nothing_is_allowed_that_no_statement_names():
    assert not role().allows(READ)


@pytest.mark.parametrize("where", ["own", "added", "boundary"])
def test_a_denial_outdoes_every_other_statement(where):
    denial = statement(Effect="Deny")
    found = {"own": [EVERYTHING], "added": [EVERYTHING], "boundary": [EVERYTHING]}
    found[where] = [*found[where], denial]

    assert not Role(**found).allows(READ)
    assert Role(**found).allows(Need("dynamodb:PutItem", TABLE))


def test_a_boundary_limits_and_gives_nothing():
    assert not role(EVERYTHING, boundary=[statement(Action="dynamodb:PutItem")]).allows(READ)
    assert not role(EVERYTHING, boundary=[]).allows(READ)
    assert not role(boundary=[EVERYTHING]).allows(READ)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"ses:FromAddress": "shop@shop.example"}}, True),
        ({"StringEquals": {"ses:FromAddress": ["other@shop.example", "shop@shop.example"]}}, True),
        ({"StringEquals": {"ses:FromAddress": "other@shop.example"}}, False),
        ({"StringEquals": {"ses:FromAddress": "SHOP@shop.example"}}, False),
        ({"StringEquals": {"ses:Recipients": "shop@shop.example"}}, False),
        ({"StringLike": {"ses:FromAddress": "*@shop.example"}}, True),
        ({"StringLike": {"ses:FromAddress": "*@other.example"}}, False),
        ({"StringLike": {"ses:Recipients": "*"}}, False),
        (
            {
                "StringEquals": {"ses:FromAddress": "shop@shop.example"},
                "StringLike": {"ses:FromAddress": "*@other.example"},
            },
            False,
        ),
    ],
)
def test_all_conditions_must_hold(condition, holds):
    mail = Need("ses:SendEmail", "identity", {"ses:FromAddress": "shop@shop.example"})

    assert role({**EVERYTHING, "Condition": condition}).allows(mail) is holds


def test_a_condition_that_is_not_understood_is_an_error():
    unknown = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "company"}}

    with pytest.raises(NotImplementedError, match="ForAllValues:StringEquals"):
        role(statement(Condition=unknown)).allows(READ)


# Calls


def needed(service, action, **parameters):
    return [str(need) for need in needs(service, action, parameters, NAMES)]


def test_a_call_of_one_item_needs_its_verb_and_table():
    assert needed("dynamodb", "GetItem", TableName="shop-CompaniesTable-1") == ["dynamodb:GetItem table/CompaniesTable"]


def test_a_query_of_an_index_needs_the_index_and_not_the_table():
    assert needed("dynamodb", "Query", TableName="shop-CompaniesTable-1", IndexName="listing") == [
        "dynamodb:Query table/CompaniesTable/index/listing"
    ]


def test_a_transaction_needs_the_verb_of_each_item():
    items = [
        {"Put": {"TableName": "shop-JournalTable-1"}},
        {"Update": {"TableName": "shop-CompaniesTable-1"}},
        {"Delete": {"TableName": "shop-CompaniesTable-1"}},
        {"ConditionCheck": {"TableName": "shop-CompaniesTable-1"}},
    ]

    assert needed("dynamodb", "TransactWriteItems", TransactItems=items) == [
        "dynamodb:PutItem table/JournalTable",
        "dynamodb:UpdateItem table/CompaniesTable",
        "dynamodb:DeleteItem table/CompaniesTable",
        "dynamodb:ConditionCheckItem table/CompaniesTable",
    ]


def test_a_reading_transaction_needs_get_item():
    assert needed("dynamodb", "TransactGetItems", TransactItems=[{"Get": {"TableName": "shop-JournalTable-1"}}]) == [
        "dynamodb:GetItem table/JournalTable"
    ]


def test_a_batch_of_items_needs_its_own_verb_for_each_table():
    tables = {"shop-CompaniesTable-1": {}, "shop-JournalTable-1": {}}

    assert needed("dynamodb", "BatchGetItem", RequestItems=tables) == [
        "dynamodb:BatchGetItem table/CompaniesTable",
        "dynamodb:BatchGetItem table/JournalTable",
    ]


@pytest.mark.parametrize("action", ["SendMessage", "SendMessageBatch"])
def test_a_batch_of_messages_needs_the_verb_of_one(action):
    url = "http://127.0.0.1:4566/000000000000/shop-MailQueue-1"

    assert needed("sqs", action, QueueUrl=url) == ["sqs:SendMessage MailQueue"]


def test_a_login_needs_the_verb_and_the_pool():
    assert needed("cognito-idp", "AdminDisableUser", UserPoolId="eu-central-1_pool", Username="u") == [
        "cognito-idp:AdminDisableUser userpool/UserPool"
    ]


def test_a_secret_needs_its_parameter():
    assert needed("ssm", "GetParameter", Name="/customer-center/dev/erp", WithDecryption=True) == [
        "ssm:GetParameter parameter/customer-center/dev/erp"
    ]


def test_a_mail_needs_identity_and_configuration_set_and_says_its_sender():
    found = needs(
        "ses",
        "SendEmail",
        {
            "FromEmailAddress": '"Demo Shop" <shop@shop.example>',
            "ConfigurationSetName": "shop-MailConfigurationSet-1",
        },
        NAMES,
    )

    assert [str(need) for need in found] == [
        "ses:SendEmail identity/shop.example",
        "ses:SendEmail configuration-set/MailConfigurationSet",
    ]
    assert all(need.keys == {"ses:FromAddress": "shop@shop.example"} for need in found)


@pytest.mark.parametrize(
    ("service", "action"), [("s3", "GET /bucket/key"), ("kms", "Decrypt"), ("ssm", "GetParametersByPath")]
)
def test_a_call_of_a_kind_that_is_new_is_an_error(service, action):
    with pytest.raises(NotImplementedError, match=action):
        needed(service, action)


@pytest.mark.parametrize(
    ("need", "verbs"),
    [
        (READ, ["Decrypt"]),
        (Need("sqs:SendMessage", QUEUE), ["GenerateDataKey", "Decrypt"]),
        (Need("sqs:ReceiveMessage", QUEUE), ["Decrypt"]),
        (Need("s3:PutObject", "arn:aws:s3:::bucket/key"), ["GenerateDataKey"]),
        (Need("s3:ListBucket", "arn:aws:s3:::bucket"), []),
        (Need("cognito-idp:AdminDisableUser", "pool"), []),
    ],
)
def test_encrypted_data_needs_the_key_through_its_service(need, verbs):
    service = need.action.partition(":")[0]
    through = {"kms:ViaService": f"{service}.eu-central-1.amazonaws.com"}

    assert needs_with_key(need, "key") == [Need(f"kms:{verb}", "key", through) for verb in verbs]


# A template, and calls that were recorded

TEMPLATE = {
    "Parameters": {"Sender": {"Type": "String"}, "Own": {"Type": "String", "Default": ""}},
    "Conditions": {"HasOwn": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Own"}, ""]}]}},
    "Resources": {
        "CompaniesTable": {"Type": "AWS::DynamoDB::Table"},
        "MailQueue": {"Type": "AWS::SQS::Queue"},
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/log"}},
        "UsersFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Role": {"Fn::GetAtt": ["UsersRole", "Arn"]},
                "LoggingConfig": {"LogGroup": {"Ref": "Log"}},
            },
        },
        "Boundary": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [EVERYTHING]}}},
        "OptionalPolicy": {
            "Type": "AWS::IAM::Policy",
            "Condition": "HasOwn",
            "Properties": {
                "Roles": [{"Ref": "UsersRole"}],
                "PolicyDocument": {"Statement": [statement(Action="dynamodb:PutItem")]},
            },
        },
    },
}
URL = "http://127.0.0.1:4566/000000000000/shop-MailQueue-1"
CALLS = [
    {"function": "shop-UsersFunction-1", "service": "dynamodb", "action": "GetItem", "parameters": {"TableName": table}}
    for table in ["shop-CompaniesTable-1"] * 2
]


def deployment(*statements, **parameters):
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "PermissionsBoundary": {"Ref": "Boundary"},
            "Policies": [{"PolicyDocument": {"Statement": list(statements)}}],
        },
    }
    template = {**TEMPLATE, "Resources": {**TEMPLATE["Resources"], "UsersRole": role}}
    return Deployment(template, parameters)


READING = {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": [{"Fn::GetAtt": ["CompaniesTable", "Arn"]}]}
QUERYING = {
    "Effect": "Allow",
    "Action": "dynamodb:Query",
    "Resource": {"Fn::Sub": "${CompaniesTable.Arn}/index/${Own}"},
}
SENDING = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [{"Fn::GetAtt": ["MailQueue", "Arn"]}]}


def test_a_role_with_exactly_the_verbs_that_were_called_passes():
    found = deployment(READING)

    assert refusals(found, needs_by_function(CALLS, NAMES)) == []
    assert unneeded(found, needs_by_function(CALLS, NAMES)) == set()


def test_a_role_without_a_verb_that_was_called_fails():
    found = needs_by_function(CALLS, NAMES)

    assert refusals(deployment(SENDING), found) == ["UsersFunction dynamodb:GetItem table/CompaniesTable"]


def test_a_role_with_a_verb_that_nothing_called_fails():
    found = needs_by_function(CALLS, NAMES)

    assert unneeded(deployment(READING, SENDING), found) == {"UsersFunction sqs:SendMessage MailQueue"}


def test_a_function_that_was_never_called_needs_none_of_its_verbs():
    assert unneeded(deployment(READING), {}) == {"UsersFunction dynamodb:GetItem table/CompaniesTable"}


def test_a_verb_is_judged_on_each_resource_of_its_own():
    both = {**READING, "Resource": [*READING["Resource"], {"Fn::Sub": "${CompaniesTable.Arn}/index/listing"}]}

    assert unneeded(deployment(both), needs_by_function(CALLS, NAMES)) == {
        "UsersFunction dynamodb:GetItem table/CompaniesTable/index/listing"
    }


def test_parameters_and_conditions_are_those_of_the_deployment():
    writing = Need("dynamodb:PutItem", TABLE)
    without, with_own = deployment(QUERYING).roles, deployment(QUERYING, Own="listing").roles

    assert not without["UsersFunction"].allows(writing)
    assert with_own["UsersFunction"].allows(writing)
    assert with_own["UsersFunction"].allows(Need("dynamodb:Query", f"{TABLE}/index/listing"))


def test_what_lambda_does_itself_counts_as_needed():
    log = {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": ["arn:aws:logs:*:*:log-group:/log:*"]}

    assert unneeded(deployment(log), {}) == set()
