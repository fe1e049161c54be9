"""The house rules of template.yaml, which a reviewer would otherwise have to remember."""

import ast
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from customer_center.companies.onboarding import count_refusals
from customer_center.companies.operators import check_logins
from customer_center.platform import metrics
from customer_center.webhooks import receive_event
from tests.template.permissions import MAY
from tests.template_reader import (
    ROOT,
    TEMPLATE,
    events_of,
    function_names,
    functions_of,
    listed,
    load_template,
    referred,
    resources_of,
)

DAY = 24 * 60 * 60
GATEWAY_SECONDS = 30
PERSON_SCOPE = "aws.cognito.signin.user.admin"

# Routes for people who have no login yet, or only a mailed link. Adding one is a decision, not an edit.
PUBLIC_ROUTES = {
    "POST /activations",
    "POST /invitations/lookup",
    "POST /invitations/acceptance",
    "POST /email-confirmations",
    "POST /email-cancellations",
    "GET /settings",
}
# The gateway authenticates only people. The code checks these kinds of caller before it reads anything else.
GUARDED_IN_CODE = {"client", "account_client", "partner_client", "joining_client", "SIGNATURE"}

# Parameters whose name needs no description.
SELF_EXPLAINING = {
    "LogLevel",
    "LogRetentionDays",
    "VpcSecurityGroupIds",
    "ActivationCodeMinutes",
    "ActivationCodeTries",
    "ActivationRefusalsWindowSeconds",
    "WrongLinksWindowSeconds",
    "InvitationDays",
}

SAFE_DEFAULTS = {
    "LoopbackProducts": "false",
    "ActivationConfirmation": "email",
    "ActivationCodeMinutes": 15,
    "ActivationCodeTries": 5,
    "ActivationRefusalsPerNetwork": 5,
    "ActivationRefusalsWindowSeconds": 900,
    "ActivationRefusalsPerDay": 50,
    "ActivationRefusalsPerNetworkAndHour": 20,
    "RefusedActivationsThreshold": 100,
    "LoginCheck": "true",
    "LoginRepairLimit": 50,
    "ActivationRefusalSeconds": 1,
    "InvitationDays": 7,
    "EmailChangeHours": 24,
    "EmailChangeDelayHours": 72,
    "RecentLoginMinutes": 15,
    "WrongLinksPerNetwork": 20,
    "WrongLinksWindowSeconds": 3600,
    "MailsPerHour": 200,
    "TriesPerHour": 600,
    "ErpRequestsPerHour": 300,
    "MailBouncesPerDay": 10,
    "MailBouncesPercent": 10,
    "MailStopHours": 24,
    "KmsKeyArn": "",
    "SandboxRecipients": "",
    "TrustedProxies": 0,
    "ProxySecretsParameter": "",
    "PublicRequestsPerSecond": 50,
    "WebhookToleranceSeconds": 300,
    "SecondAllowedOrigin": "",
    "LogLevel": "INFO",
    "LogRetentionDays": 30,
    "CreateErpContact": "false",
    "DeletionProtection": "true",
}

# Everything that the access log may hold: no address, no browser, no path with ids, no claim.
LOGGED = {
    "$context.requestId",
    "$context.routeKey",
    "$context.status",
    "$context.responseLatency",
    "$context.integrationStatus",
    "$context.authorizer.error",
}

OWN_KEY = {"Fn::If": ["OwnKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}

TEMPLATE_DATA = load_template()
FUNCTIONS = functions_of(TEMPLATE_DATA)
QUEUES = resources_of(TEMPLATE_DATA, "AWS::SQS::Queue")
ALARMS = resources_of(TEMPLATE_DATA, "AWS::CloudWatch::Alarm")
DEAD_LETTER_QUEUES = {
    referred(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
    for queue in QUEUES.values()
    if "RedrivePolicy" in queue["Properties"]
}
WORK_QUEUES = sorted(QUEUES.keys() - DEAD_LETTER_QUEUES)
QUEUE_EVENTS = [
    pytest.param(function, event, id=f"{function}-{name}")
    for function in FUNCTIONS
    for name, event in events_of(FUNCTIONS[function], "SQS").items()
]
STREAM_EVENTS = [
    pytest.param(event, id=f"{function}-{name}")
    for function in FUNCTIONS
    for name, event in events_of(FUNCTIONS[function], "DynamoDB").items()
]
HTTP_FUNCTIONS = [name for name in FUNCTIONS if events_of(FUNCTIONS[name], "HttpApi")]
STATEMENTS = [
    pytest.param(statement, id=f"{name}-{statement['Sid']}")
    for name in FUNCTIONS
    for policy in FUNCTIONS[name].get("Policies", [])
    if isinstance(policy, dict)
    for statement in policy.get("Statement", [])
]


def properties(name):
    return TEMPLATE_DATA["Resources"][name]["Properties"]


def kind_of(name):
    return TEMPLATE_DATA["Resources"].get(name, {}).get("Type")


def all_of(*kinds):
    return sorted(name for name, resource in TEMPLATE_DATA["Resources"].items() if resource["Type"] in kinds)


def test_the_rules_have_something_to_rule():
    assert WORK_QUEUES
    assert QUEUE_EVENTS
    assert STREAM_EVENTS
    assert HTTP_FUNCTIONS
    assert STATEMENTS
    assert ALARMS


# Queues


@pytest.mark.parametrize("name", WORK_QUEUES)
def test_every_queue_hands_what_keeps_failing_to_a_dead_letter_queue(name):
    redrive = properties(name)["RedrivePolicy"]

    assert redrive["maxReceiveCount"] >= 3
    assert kind_of(referred(redrive["deadLetterTargetArn"])) == "AWS::SQS::Queue"


@pytest.mark.parametrize("name", sorted(DEAD_LETTER_QUEUES))
def test_dead_letters_stay_for_fourteen_days(name):
    assert "RedrivePolicy" not in properties(name)
    assert properties(name)["MessageRetentionPeriod"] == 14 * DAY


def test_every_queue_has_a_dead_letter_queue_of_its_own():
    assert len(DEAD_LETTER_QUEUES) == len(WORK_QUEUES)


@pytest.mark.parametrize("name", sorted(DEAD_LETTER_QUEUES))
def test_the_first_dead_letter_raises_an_alarm(name):
    (alarm,) = [alarm for alarm in alarms_of(name) if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"]

    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["Statistic"], alarm["EvaluationPeriods"]) == ("Maximum", 1)
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", WORK_QUEUES)
def test_a_queue_that_falls_behind_raises_an_alarm(name):
    (alarm,) = [alarm for alarm in alarms_of(name) if alarm["MetricName"] == "ApproximateAgeOfOldestMessage"]

    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    # The alarm comes before the first message expires.
    assert alarm["Threshold"] < properties(name)["MessageRetentionPeriod"]


POSTPONING = sorted(
    target
    for verbs_by_target in MAY.values()
    for target, verbs in verbs_by_target.items()
    if target in WORK_QUEUES and "sqs:ChangeMessageVisibility" in verbs
)
HOUR = 60 * 60


@pytest.mark.parametrize("name", POSTPONING)
def test_messages_that_are_postponed_outlast_an_outage_of_two_days_and_raise_an_alarm(name):
    """A daily quota of SES renews itself within 24 hours, and an ERP may be down over a weekend."""
    queue = properties(name)
    # Each wait is 45 minutes on average, after some shorter ones.
    assert (queue["RedrivePolicy"]["maxReceiveCount"] - 10) * 0.75 * HOUR > 2 * DAY
    # No message expires before it becomes a dead letter.
    assert queue["RedrivePolicy"]["maxReceiveCount"] * HOUR < queue["MessageRetentionPeriod"] < 14 * DAY
    (alarm,) = [alarm for alarm in alarms_of(name) if alarm["MetricName"] == "ApproximateNumberOfMessagesNotVisible"]
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Minimum", 0)


def alarms_of(queue):
    """Return the alarms on one queue."""
    dimension = {"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}
    alarms = [alarm["Properties"] for alarm in ALARMS.values()]
    return [alarm for alarm in alarms if alarm["Namespace"] == "AWS/SQS" and alarm.get("Dimensions") == [dimension]]


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_messages_are_encrypted_and_gone_within_fourteen_days(name):
    # With a key of SQS, or with the deployment's own key, never without one.
    assert properties(name)["SqsManagedSseEnabled"] == {"Fn::If": ["OwnKey", {"Ref": "AWS::NoValue"}, True]}
    assert properties(name)["KmsMasterKeyId"] == OWN_KEY
    assert properties(name)["MessageRetentionPeriod"] <= 14 * DAY


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_no_queue_is_a_fifo_queue(name):
    assert "FifoQueue" not in properties(name)


# Event sources


@pytest.mark.parametrize(("function", "event"), QUEUE_EVENTS)
def test_one_bad_message_fails_alone(function, event):
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("function", "event"), QUEUE_EVENTS)
def test_consumers_are_bounded_by_maximum_concurrency_and_reserve_none(function, event):
    concurrency = event["ScalingConfig"]["MaximumConcurrency"]
    least = TEMPLATE_DATA["Parameters"][referred(concurrency)]["MinValue"] if referred(concurrency) else concurrency
    assert least >= 2
    assert "ReservedConcurrentExecutions" not in FUNCTIONS[function]


@pytest.mark.parametrize(("function", "event"), QUEUE_EVENTS)
def test_a_message_stays_hidden_for_six_times_the_functions_timeout(function, event):
    queue = referred(event["Queue"])
    window = event.get("MaximumBatchingWindowInSeconds", 0)

    assert kind_of(queue) == "AWS::SQS::Queue"
    assert properties(queue)["VisibilityTimeout"] >= 6 * FUNCTIONS[function]["Timeout"] + window


def test_every_queue_has_exactly_one_consumer():
    consumed = [referred(event["Queue"]) for name in FUNCTIONS for event in events_of(FUNCTIONS[name], "SQS").values()]

    assert sorted(consumed) == WORK_QUEUES


@pytest.mark.parametrize("event", STREAM_EVENTS)
def test_the_stream_is_read_from_its_start_and_a_bad_record_does_not_block_it(event):
    assert event["StartingPosition"] == "TRIM_HORIZON"
    assert 1 <= event["MaximumRetryAttempts"] <= 100
    assert 60 <= event["MaximumRecordAgeInSeconds"] <= DAY
    assert event["BisectBatchOnFunctionError"] is True
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("event", STREAM_EVENTS)
def test_records_the_stream_gives_up_on_are_kept(event):
    destination = referred(event["DestinationConfig"]["OnFailure"]["Destination"])

    assert kind_of(destination) in ("AWS::S3::Bucket", "AWS::SQS::Queue")


def test_the_outbox_raises_an_alarm_when_the_stream_or_a_pending_entry_waits():
    watched = {alarm["Properties"]["MetricName"] for alarm in ALARMS.values()}

    assert {"IteratorAge", "OldestPendingSeconds"} <= watched


def test_the_journal_is_the_only_table_with_a_stream():
    tables = resources_of(TEMPLATE_DATA, "AWS::DynamoDB::Table")

    assert [name for name in tables if "StreamSpecification" in properties(name)] == ["JournalTable"]


# Functions


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_logs_to_its_own_group_which_forgets(name):
    group = referred(FUNCTIONS[name]["LoggingConfig"]["LogGroup"])
    sharing = [other for other in FUNCTIONS if referred(FUNCTIONS[other]["LoggingConfig"]["LogGroup"]) == group]

    assert sharing == [name]
    assert kind_of(group) == "AWS::Logs::LogGroup"


@pytest.mark.parametrize("name", all_of("AWS::Logs::LogGroup"))
def test_every_log_group_forgets(name):
    assert properties(name)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("name", HTTP_FUNCTIONS)
def test_a_function_behind_the_gateway_gives_up_before_the_gateway_does(name):
    assert FUNCTIONS[name]["Timeout"] < GATEWAY_SECONDS


@pytest.mark.parametrize(
    "name", [name for name in FUNCTIONS if "ERP_URL" in FUNCTIONS[name]["Environment"]["Variables"]]
)
def test_a_function_outlives_the_deadline_it_gives_the_erp(name):
    assert TEMPLATE_DATA["Parameters"]["ErpDeadlineSeconds"]["MaxValue"] < FUNCTIONS[name]["Timeout"]


@pytest.mark.parametrize("name", ["ContactListFunction", "ErpPushFunction"])
def test_a_function_that_reads_a_list_of_any_length_has_minutes_for_it(name):
    """A list that is never read to its end would fail for ever, and keep the ERP offline for its customer."""
    variables = FUNCTIONS[name]["Environment"]["Variables"]
    assert 240 <= int(variables["ERP_DEADLINE_SECONDS"]) < FUNCTIONS[name]["Timeout"]
    assert int(variables["ERP_TIMEOUT_SECONDS"]) == 60


@pytest.mark.parametrize("name", FUNCTIONS)
def test_exactly_the_functions_that_reach_the_erp_can_be_put_into_a_network(name):
    assert ("VpcConfig" in FUNCTIONS[name]) == ("ERP_URL" in FUNCTIONS[name]["Environment"]["Variables"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_runs_this_python_on_the_processor_of_its_layer(name):
    assert FUNCTIONS[name]["Runtime"] == "python3.13"
    assert FUNCTIONS[name]["Architectures"] == [{"Ref": "Architecture"}]
    assert FUNCTIONS[name]["Layers"][:2] == [{"Ref": "DependenciesLayer"}, {"Ref": "CustomerCenterLayer"}]
    for layer in ("DependenciesLayer", "SigningLayer"):
        assert properties(layer)["CompatibleArchitectures"] == [{"Ref": "Architecture"}]


def test_only_what_tells_products_carries_what_signs_tokens():
    signing = {name for name in FUNCTIONS if {"Ref": "SigningLayer"} in FUNCTIONS[name]["Layers"]}
    assert signing == {"ProductPushFunction"}


@pytest.mark.parametrize("name", HTTP_FUNCTIONS)
def test_the_api_calls_an_alias_that_moves_on_with_the_layers_and_leaves_no_old_versions(name):
    """The alias alone would keep the old code when a layer changes, and the old settings when a parameter changes."""
    function = FUNCTIONS[name]

    assert function["AutoPublishAlias"] == "live"
    assert function["AutoPublishAliasAllProperties"] is True
    assert all(properties(referred(layer))["PublishLambdaVersion"] is True for layer in function["Layers"])
    assert function["AutoPublishCodeSha256"] == {"Ref": "Release"}
    assert function["VersionDeletionPolicy"] == "Delete"


@pytest.mark.parametrize("name", HTTP_FUNCTIONS)
def test_a_cold_start_of_the_api_can_be_hidden_for_money(name):
    assert FUNCTIONS[name]["SnapStart"] == {"ApplyOn": {"Fn::If": ["SnapStartOn", "PublishedVersions", "None"]}}
    assert TEMPLATE_DATA["Parameters"]["SnapStart"]["Default"] == "false"


@pytest.mark.parametrize("name", HTTP_FUNCTIONS)
def test_new_code_of_the_api_can_be_tried_on_a_tenth_of_the_requests_and_is_rolled_back_by_its_own_errors(name):
    assert FUNCTIONS[name]["DeploymentPreference"] == {
        "Enabled": {"Ref": "Canary"},
        "Type": "Canary10Percent5Minutes",
        "Alarms": [{"Ref": f"{name.removesuffix('Function')}ErrorsAlarm"}],
    }


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - set(HTTP_FUNCTIONS)))
def test_a_function_behind_a_queue_needs_no_alias(name):
    """A message that fails is retried, and stays in the queue until working code is deployed."""
    assert "AutoPublishAlias" not in FUNCTIONS[name]


# Building


@pytest.mark.parametrize("name", all_of("AWS::Serverless::Function", "AWS::Serverless::LayerVersion"))
def test_everything_is_built_by_a_makefile_which_ships_bytecode(name):
    assert TEMPLATE_DATA["Resources"][name]["Metadata"]["BuildMethod"] == "makefile"


@pytest.mark.parametrize("name", all_of("AWS::Serverless::LayerVersion"))
def test_every_layer_has_its_rule(name):
    makefile = ROOT / properties(name)["ContentUri"] / "Makefile"

    assert re.search(rf"^build-{name}:", makefile.read_text(), re.MULTILINE)


def folders():
    """Return the folder of each function, from functions/Makefile."""
    rules = re.findall(r"^((?:build-\w+ ?)+): FOLDER = (\w+)$", (ROOT / "functions/Makefile").read_text(), re.MULTILINE)
    return {target.removeprefix("build-"): folder for targets, folder in rules for target in targets.split()}


def module_of(function):
    """Return the parsed app.py of a function."""
    return ast.parse((ROOT / "functions" / folders()[function] / "app.py").read_text())


def test_every_function_has_its_folder_in_the_makefile_and_every_folder_its_function():
    assert folders().keys() == FUNCTIONS.keys()
    assert set(folders().values()) == {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_is_there(name):
    module, handler = FUNCTIONS[name]["Handler"].split(".")

    assert module == "app"
    assert handler in {node.name for node in module_of(name).body if isinstance(node, ast.FunctionDef)}


# Permissions


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_has_a_star(statement):
    resources = [json.dumps(resource) for resource in listed(statement["Resource"])]
    objects_of_a_bucket = [{"Fn::Sub": f"${{{bucket}.Arn}}/*"} for bucket in all_of("AWS::S3::Bucket")]
    # Secrets that the API makes have names of their own, below one path of the stage.
    made = re.compile(r'.*:parameter/customer-center/\$\{Stage\}/customer-list/([a-z-]+/)?\*"}')
    starred = [
        resource
        for resource in listed(statement["Resource"])
        if "*" in json.dumps(resource) and not made.fullmatch(json.dumps(resource))
    ]

    assert statement["Effect"] == "Allow"
    assert not statement.keys() & {"NotAction", "NotResource", "Principal"}
    assert not [action for action in listed(statement["Action"]) if "*" in action]
    assert [resource for resource in starred if resource not in objects_of_a_bucket] == []
    assert all("${" in resource or "Fn::GetAtt" in resource for resource in resources)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_has_a_ready_made_policy(name):
    assert "Role" not in FUNCTIONS[name]
    assert all(isinstance(policy, dict) and "Statement" in policy for policy in FUNCTIONS[name].get("Policies", []))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_may_do_its_own_verbs_to_its_own_resources(name):
    allowed = {}
    for policy in FUNCTIONS[name].get("Policies", []):
        for statement in policy["Statement"]:
            for resource in listed(statement["Resource"]):
                allowed.setdefault(described(resource), set()).update(listed(statement["Action"]))

    assert allowed == MAY[name]


def described(resource):
    """Return an ARN of the template as the table of permissions writes it."""
    if name := referred(resource):
        return name
    arn = re.sub(
        r"^arn:\$\{AWS::Partition}:([a-z0-9-]+):\$\{AWS::Region}:\$\{AWS::AccountId}:", r"\1:", resource["Fn::Sub"]
    )
    return re.sub(r"\$\{(\w+)\.Arn}", r"\1", arn)


def test_the_table_of_permissions_names_no_function_that_is_gone():
    assert MAY.keys() == FUNCTIONS.keys()


BOUNDARY = properties("FunctionBoundary")["PolicyDocument"]["Statement"]
# These actions have no resource types (AWS's Service Authorization Reference).
WITHOUT_RESOURCES = {"StreamsTraces", "NetworkInterfaces", "ErpCredentialsKey"}


def test_what_sam_adds_to_a_functions_policy_ends_at_this_stacks_resources():
    """SAM attaches AWS's managed policies for queues, streams and VPCs, which allow every resource of the account."""
    statements = [statement.get("Fn::If", [None, statement])[1] for statement in BOUNDARY]
    starred = {
        statement["Sid"]
        for statement in statements
        if any(resource == "*" for resource in listed(statement["Resource"]))
    }

    assert TEMPLATE_DATA["Globals"]["Function"]["PermissionsBoundary"] == {"Ref": "FunctionBoundary"}
    others = {name for name in FUNCTIONS if FUNCTIONS[name]["PermissionsBoundary"] != {"Ref": "FunctionBoundary"}}
    assert others == {"LoginMailsFunction"}
    assert starred == WITHOUT_RESOURCES
    # All verbs by name would leave no room in the policy; each function's own policy names its own.
    starry = [action for statement in statements for action in listed(statement["Action"]) if "*" in action]
    assert starry == ["dynamodb:*Item", "sqs:*Message", "cognito-idp:Admin*", "ssm:*Parameter"]


def test_the_function_that_words_cognitos_mails_reaches_nothing_but_its_own_log():
    """The user pool refers to it, and the boundary of the other functions refers to the pool: it needs its own."""
    statements = properties("LoginMailsBoundary")["PolicyDocument"]["Statement"]
    group = properties("LoginMailsLogGroup")["LogGroupName"]["Fn::Sub"]
    reached = {
        described(resource) if isinstance(resource, dict) else resource: set(statement["Action"])
        for statement in statements
        for resource in listed(statement["Resource"])
    }

    assert FUNCTIONS["LoginMailsFunction"]["PermissionsBoundary"] == {"Ref": "LoginMailsBoundary"}
    assert reached == {
        f"logs:log-group:{group}:*": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "*": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
    }


def test_mail_is_sent_from_the_shops_address_only():
    (policy,) = FUNCTIONS["EmailDispatchFunction"]["Policies"]
    (mail,) = [statement for statement in policy["Statement"] if statement["Action"] == ["ses:SendEmail"]]

    assert mail["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}}


def test_in_the_sandbox_mail_goes_to_the_named_recipients_from_the_shops_address_only():
    policy = TEMPLATE_DATA["Resources"]["SandboxPolicy"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]

    assert policy["Condition"] == "InSandbox"
    assert policy["Properties"]["Roles"] == [{"Ref": "EmailDispatchFunctionRole"}]
    assert (statement["Action"], statement["Resource"]) == (["ses:SendEmail"], {"Ref": "SandboxRecipients"})
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}}
    assert described_of_boundary("SandboxRecipients") == (["ses:SendEmail"], {"Ref": "SandboxRecipients"})


def described_of_boundary(sid):
    """Return actions and resource of the boundary's statement that a condition adds."""
    found = [it["Fn::If"][1] for it in BOUNDARY if "Fn::If" in it]
    (statement,) = [it for it in found if it["Sid"] == sid]
    return statement["Action"], statement["Resource"]


# A key of the deployment's own

KEY_SERVICES = ["dynamodb", "sqs", "s3", "ssm"]


def test_every_function_with_data_may_use_the_own_key_and_only_through_the_services_that_keep_the_data():
    policy = TEMPLATE_DATA["Resources"]["OwnKeyPolicy"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    roles = {role["Ref"] for role in policy["Properties"]["Roles"]}
    through = statement["Condition"]["StringEquals"]["kms:ViaService"]

    assert policy["Condition"] == "OwnKey"
    assert roles == {f"{name}Role" for name in FUNCTIONS if MAY[name]}
    assert statement["Resource"] == {"Ref": "KmsKeyArn"}
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"}
    assert [each["Fn::Sub"] for each in through] == [f"{it}.${{AWS::Region}}.amazonaws.com" for it in KEY_SERVICES]
    actions, resource = described_of_boundary("OwnKey")
    assert (set(actions), resource) == (set(statement["Action"]), {"Ref": "KmsKeyArn"})


@pytest.mark.parametrize("name", all_of("AWS::SNS::Topic"))
def test_topics_use_the_own_key(name):
    assert properties(name)["KmsMasterKeyId"] == OWN_KEY


@pytest.mark.parametrize("name", all_of("AWS::Logs::LogGroup"))
def test_logs_use_the_own_key(name):
    assert properties(name)["KmsKeyId"] == OWN_KEY


def test_a_boundary_is_not_longer_than_iam_allows():
    """IAM counts at most 6,144 characters of a managed policy, without white space."""
    for name in all_of("AWS::IAM::ManagedPolicy"):
        text = json.dumps(properties(name)["PolicyDocument"], separators=(",", ":"))
        # ARNs are longer than the words that name them here; tests/template/test_transformed.py cannot resolve them.
        assert len(text) < 6144 - 1000, len(text)


# Data


@pytest.mark.parametrize("name", all_of("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Cognito::UserPool"))
def test_data_survives_the_stack_except_a_deploy_that_never_succeeded(name):
    resource = TEMPLATE_DATA["Resources"][name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_nothing_that_a_failed_first_deploy_leaves_behind_stands_in_the_way_of_the_next():
    assert not [name for name, what in TEMPLATE_DATA["Resources"].items() if what.get("DeletionPolicy") == "Retain"]


@pytest.mark.parametrize("name", all_of("AWS::DynamoDB::Table"))
def test_tables_can_be_restored_and_not_dropped_and_are_encrypted(name):
    table = properties(name)

    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["Protected", True, False]}
    # Encrypted with a key that AWS owns, unless the deployment has its own. It is free and needs no permission.
    own = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "KmsKeyArn"}}
    assert table["SSESpecification"] == {"Fn::If": ["OwnKey", own, {"Ref": "AWS::NoValue"}]}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("name", all_of("AWS::DynamoDB::Table"))
def test_tables_get_their_names_from_the_stack(name):
    """CloudFormation cannot replace a named table, and a retained one would block the next stack of that name."""
    assert "TableName" not in properties(name)


def test_what_expires_leaves_the_companies_table_by_itself():
    assert properties("CompaniesTable")["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_the_journal_forgets_nothing_by_itself():
    assert "TimeToLiveSpecification" not in properties("JournalTable")


@pytest.mark.parametrize("name", all_of("AWS::S3::Bucket"))
def test_buckets_are_encrypted_closed_and_empty_themselves(name):
    bucket = properties(name)
    rules = bucket["LifecycleConfiguration"]["Rules"]

    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    own, aws = ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KmsKeyArn"}}, {"SSEAlgorithm": "AES256"})
    assert rule["ServerSideEncryptionByDefault"] == {"Fn::If": ["OwnKey", own, aws]}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert [rule["ExpirationInDays"] <= 14 for rule in rules if rule["Status"] == "Enabled"] == [True]


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("AWS::SQS::Queue", "QueueName"),
        ("AWS::SNS::Topic", "TopicName"),
        ("AWS::Logs::LogGroup", "LogGroupName"),
        ("AWS::SES::ConfigurationSet", "Name"),
        ("AWS::Cognito::UserPool", "UserPoolName"),
        ("AWS::Serverless::HttpApi", "Name"),
    ],
)
def test_two_stages_can_live_in_one_account(kind, attribute):
    names = [properties(name)[attribute] for name in all_of(kind)]

    assert names
    assert all("${Stage}" in name["Fn::Sub"] for name in names)


# Logins


def test_what_can_never_be_changed_about_the_user_pool_stays_as_it_is():
    """If one of these changed, CloudFormation would replace the pool and with it every login."""
    pool = properties("UserPool")

    assert pool["AliasAttributes"] == ["email"]
    assert "UsernameAttributes" not in pool
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert "Schema" not in pool


def test_the_user_pool_cannot_be_deleted():
    assert properties("UserPool")["DeletionProtection"] == {"Fn::If": ["Protected", "ACTIVE", "INACTIVE"]}


def test_logins_are_of_the_tier_that_costs_least():
    """The default tier is Essentials, at three times the price per user."""
    assert properties("UserPool")["UserPoolTier"] == "LITE"


def test_nobody_signs_up_by_themselves():
    assert properties("UserPool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}


def test_a_password_is_long_and_free_in_its_characters():
    policy = properties("UserPool")["Policies"]["PasswordPolicy"]

    assert policy["MinimumLength"] >= 10
    assert [policy[f"Require{what}"] for what in ("Lowercase", "Uppercase", "Numbers", "Symbols")] == [False] * 4
    assert policy["TemporaryPasswordValidityDays"] == 1


def test_a_forgotten_password_is_reset_by_mail_alone_and_a_second_factor_is_possible():
    pool = properties("UserPool")

    assert pool["AccountRecoverySetting"] == {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]}
    assert pool["MfaConfiguration"] == "OPTIONAL"
    by_ses = pool["EmailConfiguration"]["Fn::If"]
    assert by_ses[0] == "LoginMailsBySes"
    assert by_ses[1]["EmailSendingAccount"] == "DEVELOPER"
    assert load_template()["Parameters"]["LoginMails"]["Default"] == "ses"


def test_our_own_function_words_the_mails_that_cognito_sends_and_answers_in_time():
    (event,) = events_of(FUNCTIONS["LoginMailsFunction"], "Cognito").values()

    assert event == {"UserPool": {"Ref": "UserPool"}, "Trigger": "CustomMessage"}
    assert FUNCTIONS["LoginMailsFunction"]["Timeout"] <= 5


@pytest.mark.parametrize("name", all_of("AWS::Cognito::UserPoolClient"))
def test_no_client_of_the_user_pool_may_write_the_email(name):
    # Without WriteAttributes, a client may write every attribute.
    assert not {"email", "email_verified"} & set(properties(name)["WriteAttributes"])


@pytest.mark.parametrize("name", all_of("AWS::Cognito::UserPoolClient"))
def test_a_client_tells_nobody_who_has_a_login_and_its_tokens_can_be_revoked(name):
    client = properties(name)

    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True


@pytest.mark.parametrize("name", all_of("AWS::Cognito::UserPoolClient"))
def test_a_client_that_runs_in_a_browser_has_no_secret(name):
    assert properties(name)["GenerateSecret"] is False


@pytest.mark.parametrize("name", all_of("AWS::Cognito::UserPoolClient"))
def test_an_access_token_is_good_for_an_hour_at_most(name):
    client = properties(name)

    assert client["TokenValidityUnits"]["AccessToken"] == "minutes"
    assert client["AccessTokenValidity"] <= 60


# API


def declared(name):
    """Return the routes of a function in the template, with their own Auth."""
    events = events_of(FUNCTIONS[name], "HttpApi").values()
    return {f"{event['Method']} {event['Path']}": event.get("Auth") for event in events}


def written(name):
    """Return the routes of a function in its code, with the kind of caller: `person`, `client`, `PUBLIC`."""
    module = module_of(name)
    named = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    routes = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "api.route":
            (caller,) = [keyword.value for keyword in node.keywords if keyword.arg == "caller"]
            caller = named.get(caller.id, caller) if isinstance(caller, ast.Name) else caller
            kind = caller.func if isinstance(caller, ast.Call) else caller
            routes[ast.literal_eval(node.args[0])] = ast.unparse(kind)
    return routes


def test_every_route_wants_a_person_or_a_machine_except_exactly_the_public_ones():
    """A route without authorizer is either public, or its code authenticates the caller."""
    api = properties("HttpApi")
    routes = {route: auth for name in HTTP_FUNCTIONS for route, auth in declared(name).items()}
    kinds = {route: kind for name in HTTP_FUNCTIONS for route, kind in written(name).items()}
    let_through = {route for route, auth in routes.items() if auth == {"Authorizer": "NONE"}}

    assert api["Auth"]["DefaultAuthorizer"] == "Person"
    assert {route for route in let_through if kinds[route] not in GUARDED_IN_CODE} == PUBLIC_ROUTES
    assert all(auth is None for route, auth in routes.items() if route not in let_through)
    assert {kinds[route] for route in routes.keys() - let_through} == {"person"}


def test_a_person_shows_an_access_token_of_our_own_pool_and_client():
    (authorizer,) = properties("HttpApi")["Auth"]["Authorizers"].values()

    assert authorizer == {
        "IdentitySource": "$request.header.Authorization",
        "AuthorizationScopes": [PERSON_SCOPE],
        "JwtConfiguration": {
            "issuer": {"Fn::Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}"},
            "audience": [{"Ref": "UserPoolClient"}],
        },
    }


def test_there_is_one_api_and_only_events_put_routes_on_it():
    apis = all_of("AWS::Serverless::HttpApi", "AWS::Serverless::Api", "AWS::Lambda::Url", "AWS::ApiGatewayV2::Api")
    events = [event for name in HTTP_FUNCTIONS for event in events_of(FUNCTIONS[name], "HttpApi").values()]

    assert apis == ["HttpApi"]
    assert not properties("HttpApi").keys() & {"DefinitionBody", "DefinitionUri"}
    assert all(event["ApiId"] == {"Ref": "HttpApi"} for event in events)
    assert not [name for name in FUNCTIONS if "FunctionUrlConfig" in FUNCTIONS[name]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_template_and_code_agree_about_routes_and_about_who_may_call_them(name):
    let_through = {route for route, auth in declared(name).items() if auth}
    asked_in_code = {route for route, kind in written(name).items() if kind == "PUBLIC" or kind in GUARDED_IN_CODE}

    assert written(name).keys() == declared(name).keys()
    assert asked_in_code == let_through


def test_browsers_of_the_shop_may_call_and_no_others():
    cors = properties("HttpApi")["CorsConfiguration"]

    assert cors["AllowOrigins"] == [
        {"Ref": "AllowedOrigin"},
        {"Fn::If": ["SecondOrigin", {"Ref": "SecondAllowedOrigin"}, {"Ref": "AWS::NoValue"}]},
    ]
    assert cors["AllowHeaders"] == ["Authorization", "Content-Type", "If-Match", "Idempotency-Key", "Accept-Language"]
    assert cors["ExposeHeaders"] == ["ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy"]
    assert "AllowCredentials" not in cors


@pytest.mark.parametrize("name", ["AllowedOrigin", "SecondAllowedOrigin"])
@pytest.mark.parametrize("origin", ["*", "https://*", "https://shop.example.com/", "null", "shop.example.com"])
def test_an_origin_is_one_origin(name, origin):
    assert not re.fullmatch(TEMPLATE_DATA["Parameters"][name]["AllowedPattern"], origin)


def test_every_method_of_a_route_is_allowed_to_browsers_and_no_other():
    methods = {route.split()[0] for name in HTTP_FUNCTIONS for route in declared(name)}

    assert (
        methods
        <= set(properties("HttpApi")["CorsConfiguration"]["AllowMethods"])
        <= {"GET", "POST", "PUT", "PATCH", "DELETE"}
    )


def test_the_access_log_names_no_person():
    settings = properties("HttpApi")["AccessLogSettings"]
    line = json.loads(settings["Format"])

    assert "\n" not in settings["Format"]
    assert set(line.values()) <= LOGGED
    assert kind_of(referred(settings["DestinationArn"])) == "AWS::Logs::LogGroup"


def test_the_api_is_throttled():
    limits = properties("HttpApi")["DefaultRouteSettings"]

    assert limits["ThrottlingRateLimit"] > 0
    assert limits["ThrottlingBurstLimit"] > 0


def test_a_genuine_webhook_that_came_too_late_raises_an_alarm():
    alarm = properties("ExpiredWebhooksAlarm")
    service = properties("CustomerWebhookFunction")["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]

    assert (alarm["Namespace"], alarm["MetricName"]) == (metrics.NAMESPACE, receive_event.EXPIRED)
    assert {each["Name"]: each["Value"] for each in alarm["Dimensions"]} == {
        "service": service,
        "stage": {"Ref": "Stage"},
    }
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)


@pytest.mark.parametrize("route", sorted(route for route in PUBLIC_ROUTES if route.startswith("POST ")))
def test_the_throttle_of_a_public_route_is_a_parameter_that_one_caller_does_not_use_up_easily(route):
    """It is one bucket for all callers; the functions limit what one network may try."""
    by_parameter = {"Ref": "PublicRequestsPerSecond"}

    assert properties("HttpApi")["RouteSettings"][route] == {
        "ThrottlingBurstLimit": by_parameter,
        "ThrottlingRateLimit": by_parameter,
    }
    assert TEMPLATE_DATA["Parameters"]["PublicRequestsPerSecond"]["Default"] >= 50


def test_many_refusals_raise_an_alarm():
    guesses, api = properties("RefusedActivationsAlarm"), properties("ApiRefusalsAlarm")

    assert (guesses["Namespace"], guesses["MetricName"]) == (metrics.NAMESPACE, count_refusals.METRIC)
    variables = FUNCTIONS["ActivationFunction"]["Environment"]["Variables"]
    assert guesses["Dimensions"] == [
        {"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]},
        {"Name": "stage", "Value": variables["STAGE"]},
    ]
    assert guesses["Threshold"] == {"Ref": "RefusedActivationsThreshold"}
    assert (api["Namespace"], api["MetricName"]) == ("AWS/ApiGateway", "4xx")
    assert api["Dimensions"] == [{"Name": "ApiId", "Value": {"Ref": "HttpApi"}}]


def test_all_logins_are_checked_by_schedule_unless_that_is_switched_off():
    (schedule,) = events_of(FUNCTIONS["ReconcileFunction"], "Schedule").values()

    assert schedule["Schedule"] == {"Ref": "LoginCheckSchedule"}
    assert schedule["State"] == {"Fn::If": ["LoginCheckOn", "ENABLED", "DISABLED"]}


def test_logins_that_were_not_repaired_because_they_are_too_many_raise_an_alarm():
    alarm = properties("LoginDriftAlarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == (metrics.NAMESPACE, check_logins.METRIC)
    variables = FUNCTIONS["ReconcileFunction"]["Environment"]["Variables"]
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]},
        {"Name": "stage", "Value": variables["STAGE"]},
    ]
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (0, 1)


# Mail


@pytest.mark.parametrize("name", all_of("AWS::SES::ConfigurationSet"))
def test_mails_track_neither_clicks_nor_opens(name):
    """Click tracking would send single-use links through a redirector."""
    configuration = properties(name)
    dashboard = configuration.get("VdmOptions", {}).get("DashboardOptions", {})

    assert "TrackingOptions" not in configuration
    assert dashboard.get("EngagementMetrics", "DISABLED") == "DISABLED"


def test_nobody_listens_for_clicks_or_opens():
    for name in all_of("AWS::SES::ConfigurationSetEventDestination"):
        wanted = properties(name)["EventDestination"]["MatchingEventTypes"]
        assert not {event.upper() for event in wanted} & {"CLICK", "OPEN"}


def test_what_ses_learns_of_a_mail_later_comes_back():
    feedback = properties("EmailFeedbackDestination")
    subscription = properties("EmailFeedbackSubscription")

    assert feedback["ConfigurationSetName"] == {"Ref": "MailConfigurationSet"}
    assert feedback["EventDestination"]["Enabled"] is True
    assert feedback["EventDestination"]["MatchingEventTypes"] == ["BOUNCE", "COMPLAINT", "REJECT"]
    assert feedback["EventDestination"]["SnsDestination"] == {"TopicARN": {"Ref": "EmailFeedbackTopic"}}
    assert subscription["TopicArn"] == {"Ref": "EmailFeedbackTopic"}
    assert referred(subscription["Endpoint"]) == "EmailFeedbackQueue"


def test_only_ses_and_only_about_our_mails_may_fill_the_queue_of_feedback():
    """Anybody else could make an invitation look bounced."""
    (ses,) = properties("EmailFeedbackTopicPolicy")["PolicyDocument"]["Statement"]
    (topic,) = properties("EmailFeedbackQueuePolicy")["PolicyDocument"]["Statement"]

    assert (ses["Principal"], ses["Action"]) == ({"Service": "ses.amazonaws.com"}, "sns:Publish")
    assert described(ses["Condition"]["StringEquals"]["AWS:SourceArn"]) == (
        "ses:configuration-set/${MailConfigurationSet}"
    )
    assert (topic["Principal"], topic["Action"]) == ({"Service": "sns.amazonaws.com"}, "sqs:SendMessage")
    assert topic["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "EmailFeedbackTopic"}}}
    assert len(all_of("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")) == 2


# Environment


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_holds_the_names_of_secrets_and_no_secret(name):
    for variable, value in FUNCTIONS[name]["Environment"]["Variables"].items():
        if re.search("SECRET|PASSWORD|TOKEN|KEY|CREDENTIAL", variable):
            # The ARN of a KMS key names a key, and is none.
            assert variable.endswith("_PARAMETER") or variable == "KMS_KEY_ARN", variable
            assert referred(value) in TEMPLATE_DATA["Parameters"]
        assert "resolve:" not in json.dumps(value), f"{variable} would be resolved into the environment"


@pytest.mark.parametrize("name", TEMPLATE_DATA["Parameters"])
def test_no_parameter_is_given_a_secret(name):
    parameter = TEMPLATE_DATA["Parameters"][name]

    assert "NoEcho" not in parameter
    if re.search("secret|password|token|key|credential", name, re.IGNORECASE):
        # The ARN of a KMS key names a key, and is none.
        assert name.endswith("Parameter") or name == "KmsKeyArn"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_names_resources_of_this_stack(name):
    kinds = {
        "_QUEUE_URL": "AWS::SQS::Queue",
        "_TABLE": "AWS::DynamoDB::Table",
        "_BUCKET": "AWS::S3::Bucket",
        "USER_POOL_ID": "AWS::Cognito::UserPool",
        "USER_POOL_CLIENT_ID": "AWS::Cognito::UserPoolClient",
        "CONFIGURATION_SET": "AWS::SES::ConfigurationSet",
    }
    for variable, value in FUNCTIONS[name]["Environment"]["Variables"].items():
        for ending, kind in kinds.items():
            if variable.endswith(ending):
                assert value.keys() == {"Ref"}, variable
                assert kind_of(value["Ref"]) == kind, variable


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_sends_to_or_postpones_in_exactly_the_queues_in_its_environment(name):
    queues = {
        referred(value)
        for variable, value in FUNCTIONS[name]["Environment"]["Variables"].items()
        if variable.endswith("_QUEUE_URL")
    }

    assert queues == {
        target for target, verbs in MAY[name].items() if verbs & {"sqs:SendMessage", "sqs:ChangeMessageVisibility"}
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_setting_has_the_same_name_as_its_parameter(name):
    """So that one search finds the parameter, the variable and the code that reads it."""
    for variable, value in FUNCTIONS[name]["Environment"]["Variables"].items():
        parameter = referred(value)
        if parameter in TEMPLATE_DATA["Parameters"] and not variable.startswith("POWERTOOLS_"):
            assert variable == re.sub(r"(?<!^)(?=[A-Z])", "_", parameter).upper()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_logs_under_its_own_name(name):
    variables = FUNCTIONS[name]["Environment"]["Variables"]
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Function")).lower()

    assert variables["POWERTOOLS_SERVICE_NAME"] == words


# Alarms


# SES and DynamoDB report metrics only when something happens. Their alarms keep their state in between; for alarms on
# DynamoDB, AWS allows nothing else.
SELDOM_REPORTED = ("AWS/SES", "AWS/DynamoDB")


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_reaches_somebody_and_says_where_help_is(name):
    alarm = ALARMS[name]["Properties"]
    silent = ("ignore",) if alarm["Namespace"] in SELDOM_REPORTED else ("breaching", "notBreaching")

    assert {"Ref": "AlarmTopic"} in alarm["AlarmActions"]
    assert re.search(r"docs/runbook\.md#[a-z0-9-]+$", alarm["AlarmDescription"])
    assert alarm["TreatMissingData"] in silent


@pytest.mark.parametrize("name", ALARMS)
def test_the_runbook_says_what_an_alarm_means_and_what_to_do(name):
    """The section that the alarm links to names the alarm, in full or as a family (`…ErrorsAlarm`)."""
    _, anchor = ALARMS[name]["Properties"]["AlarmDescription"].rsplit("#", 1)
    section = RUNBOOK[anchor]
    families = re.findall(r"`…(\w+)`", section)

    assert f"`{name}`" in section or name.endswith(tuple(families))


def test_the_runbook_says_how_often_and_how_long_a_message_is_tried():
    row = re.compile(r"^\| `(\w+)DeadLettersAlarm`.* \| (\d+) \| ([\d.]+) hours? \|$", re.MULTILINE)
    told = row.findall(RUNBOOK["dead-letters"])
    queues = {name.removesuffix("Queue"): properties(name) for name in WORK_QUEUES}
    tries = {name: queue["RedrivePolicy"]["maxReceiveCount"] for name, queue in queues.items()}

    assert {name: int(times) for name, times, _ in told} == tries
    assert {name: float(hours) for name, _, hours in told} == {
        name: tries[name] * queue["VisibilityTimeout"] / 3600 for name, queue in queues.items()
    }


def test_the_runbook_explains_no_alarm_that_is_gone():
    explained = {word for section in RUNBOOK.values() for word in re.findall(r"`…?(\w+Alarm)`", section)}

    assert {word for word in explained if not any(name.endswith(word) for name in ALARMS)} == set()


def test_every_route_the_runbook_names_is_there():
    named = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) /[^`]+)`", (ROOT / "docs/runbook.md").read_text()))

    assert named
    assert named <= {route for name in HTTP_FUNCTIONS for route in declared(name)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_fails_raises_an_alarm_at_once(name):
    """One alarm per function: an alarm on a sum costs the same and does not name the function (docs/decisions.md)."""
    alarm = properties(f"{name.removesuffix('Function')}ErrorsAlarm")

    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Errors", "Sum")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": name}}]
    assert (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"]) == (0, 60, 1)


def test_functions_that_are_throttled_raise_one_alarm_for_all():
    """All functions share the account's concurrency, and none reserves a part of it."""
    alarm = properties("ThrottlesAlarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Throttles")
    assert "Dimensions" not in alarm
    assert not [name for name in FUNCTIONS if "ReservedConcurrentExecutions" in FUNCTIONS[name]]


@pytest.mark.parametrize("metric", ["ReadThrottleEvents", "WriteThrottleEvents"])
@pytest.mark.parametrize("name", all_of("AWS::DynamoDB::Table"))
def test_a_table_that_is_throttled_raises_an_alarm(name, metric):
    dimension = {"Name": "TableName", "Value": {"Ref": name}}
    watched = [alarm["Properties"] for alarm in ALARMS.values() if alarm["Properties"]["MetricName"] == metric]

    assert [dimension] in [alarm["Dimensions"] for alarm in watched]


@pytest.mark.parametrize(("metric", "watched_from"), [("BounceRate", 0.05), ("ComplaintRate", 0.001)])
def test_a_reputation_that_ses_would_begin_to_watch_raises_an_alarm(metric, watched_from):
    alarm = properties(f"{metric}Alarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SES", f"Reputation.{metric}")
    assert "Dimensions" not in alarm
    assert alarm["Threshold"] == watched_from


# Dashboard


def plots():
    """Return the resources that the dashboard plots, by metric."""
    body = json.loads(properties("StageDashboard")["DashboardBody"]["Fn::Sub"])
    plotted = {}
    for widget in body["widgets"]:
        assert widget["properties"]["region"] == "${AWS::Region}"
        metric = ""
        for row in widget["properties"]["metrics"]:
            metric = row[1] if len(row) > 1 and row[0] != "..." and isinstance(row[1], str) else metric
            plotted.setdefault(metric, set()).update(re.findall(r"\$\{(\w+)[.}]", json.dumps(row)))
    return plotted


@pytest.mark.parametrize("metric", ["Errors", "Throttles", "Duration"])
def test_every_function_is_on_the_dashboard(metric):
    assert plots()[metric] == FUNCTIONS.keys()


def test_every_queue_and_what_died_in_it_is_on_the_dashboard():
    assert sorted(plots()["ApproximateAgeOfOldestMessage"]) == WORK_QUEUES
    assert plots()["ApproximateNumberOfMessagesVisible"] == DEAD_LETTER_QUEUES


@pytest.mark.parametrize("kind", ["Consumed{}CapacityUnits", "{}ThrottleEvents"])
@pytest.mark.parametrize("way", ["Read", "Write"])
def test_every_table_and_index_is_on_the_dashboard(kind, way):
    body = properties("StageDashboard")["DashboardBody"]["Fn::Sub"]
    metric = kind.format(way)
    for name, table in resources_of(TEMPLATE_DATA, "AWS::DynamoDB::Table").items():
        assert name in plots()[metric]
        for index in table["Properties"].get("GlobalSecondaryIndexes", []):
            row = f'"{metric}", "TableName", "${{{name}}}", "GlobalSecondaryIndexName", "{index["IndexName"]}"'
            assert row in body


def test_the_api_the_outbox_mails_and_logins_are_on_the_dashboard():
    wanted = {"Count", "4xx", "5xx", "Latency", "IteratorAge", "OldestPendingSeconds"}
    wanted |= {"Send", "Bounce", "Complaint", "Reputation.BounceRate", "Reputation.ComplaintRate"}
    wanted |= {"SignInSuccesses", "SignInThrottles", "TokenRefreshSuccesses", "TokenRefreshThrottles"}

    assert wanted <= plots().keys()


def test_the_dashboard_names_resources_of_this_stack():
    known = TEMPLATE_DATA["Resources"].keys() | TEMPLATE_DATA["Parameters"].keys()

    assert set().union(*plots().values()) <= known


def anchors(markdown):
    """Return the anchors of a page: the explicit ones, and those of its headings."""
    text = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def sections(markdown):
    """Return the text below each heading of a page, by its anchor."""
    found = re.split(r"^#{1,6} +(.+?) *$", markdown, flags=re.MULTILINE)
    return {next(iter(anchors(f"# {title}"))): text for title, text in zip(found[1::2], found[2::2], strict=True)}


RUNBOOK = sections((ROOT / "docs/runbook.md").read_text())


def test_anchors_are_read_as_the_page_shows_them():
    page = '# Runbook\n## Dead letters\n```\n# not a heading\n```\n### What\'s *next*?\n<a id="own"></a>\n'

    assert anchors(page) == {"runbook", "dead-letters", "whats-next", "own"}


# Parameters and stages


@pytest.mark.parametrize("name", TEMPLATE_DATA["Parameters"])
def test_every_parameter_explains_itself(name):
    described_in_words = bool(TEMPLATE_DATA["Parameters"][name].get("Description"))

    assert described_in_words != (name in SELF_EXPLAINING)


def test_every_parameter_stands_in_one_group():
    groups = TEMPLATE_DATA["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]

    assert sorted(grouped) == sorted(TEMPLATE_DATA["Parameters"])


@pytest.mark.parametrize("name", SAFE_DEFAULTS)
def test_who_says_nothing_gets_the_safe_choice(name):
    assert TEMPLATE_DATA["Parameters"][name]["Default"] == SAFE_DEFAULTS[name]


def stage(name):
    """Return the settings and the parameters of a stage in samconfig.toml."""
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())[name]["deploy"]["parameters"]
    given = dict(given.split("=", 1) for given in settings["parameter_overrides"])
    return settings, {name: unquoted(value) for name, value in given.items()}


def unquoted(value):
    """Return a parameter as SAM reads it: a value without quotes ends at the first blank."""
    return value[1:-1] if value[:1] == value[-1:] == '"' else value.split(" ")[0]


def test_a_shops_name_of_two_words_arrives_whole():
    assert stage("dev")[1]["ShopName"] == "My Shop"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_stage_says_what_it_must_and_nothing_unknown(name):
    _, given = stage(name)
    required = {parameter for parameter, rules in TEMPLATE_DATA["Parameters"].items() if "Default" not in rules}

    assert required <= given.keys() <= TEMPLATE_DATA["Parameters"].keys()


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_what_a_stage_says_is_allowed(name):
    _, given = stage(name)
    for parameter, value in given.items():
        rules = TEMPLATE_DATA["Parameters"][parameter]
        assert re.fullmatch(rules.get("AllowedPattern", ".*"), value), parameter
        assert value in map(str, rules.get("AllowedValues", [value])), parameter


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_stage_is_called_the_same_everywhere(name):
    settings, given = stage(name)

    assert settings["stack_name"] == f"customer-center-{name}"
    assert given["Stage"] == name
    assert given["ErpCredentialsParameter"].startswith(f"/customer-center/{name}/")


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_no_stage_in_aws_tells_products_on_the_loopback(name):
    """An address that a stranger gives would otherwise reach what listens beside the function."""
    assert stage(name)[1].get("LoopbackProducts", "false") == "false"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_stage_speaks_https_only(name):
    _, given = stage(name)

    assert [parameter for parameter, value in given.items() if value.startswith("http:")] == []


def test_prod_keeps_the_safe_choices_and_asks_before_it_changes_anything():
    settings, given = stage("prod")

    assert (given["Canary"], given["Dashboard"]) == ("true", "true")
    assert given.keys() & SAFE_DEFAULTS.keys() == set()
    assert settings["confirm_changeset"] is True


# The template as a whole


def test_functions_are_read_with_what_globals_says():
    assert function_names() == list(FUNCTIONS)
    assert all(function["Environment"]["Variables"]["JOURNAL_TABLE"] for function in FUNCTIONS.values())


def test_sam_and_cfn_lint_find_nothing():
    sam = Path(os.environ.get("SAM_BIN", ROOT / ".local/sam/bin/sam"))
    if not sam.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{sam} is missing: make setup")
    done = subprocess.run(
        [sam, "validate", "--lint", "--region", "eu-central-1", "--template-file", TEMPLATE],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
