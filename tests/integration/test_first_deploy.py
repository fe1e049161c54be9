"""A first deploy that fails leaves nothing behind, and everything else keeps what is in the tables.

The data resources of the template, with one more that cannot be made, on an emulator.
"""

import json

import pytest
from botocore.exceptions import WaiterError

from local.stack import emulated
from tests.emulator import emulator
from tests.template_reader import load_template

NAME = "customer-center-trial"
DATA = ("CompaniesTable", "CustomersTable", "JournalTable", "FailedRecordsBucket")
UNMAKEABLE = {"Type": "AWS::DynamoDB::Table", "DependsOn": DATA, "Properties": {"KeySchema": "none"}}
QUICK = {"Delay": 1}


@pytest.fixture(scope="module")
def client():
    with emulator() as endpoint:
        yield emulated(endpoint)


def data(**more):
    """Return the template's data resources, and what is added to them."""
    template = load_template()
    return json.dumps(
        {
            "Parameters": {"DeletionProtection": template["Parameters"]["DeletionProtection"]},
            "Conditions": {"Protected": template["Conditions"]["Protected"]},
            "Resources": {**{name: template["Resources"][name] for name in DATA}, **more},
        }
    )


def left(client):
    return client("dynamodb").list_tables()["TableNames"], [b["Name"] for b in client("s3").list_buckets()["Buckets"]]


def test_a_first_deploy_that_fails_leaves_nothing_behind(client):
    cloudformation = client("cloudformation")
    unprotected = [{"ParameterKey": "DeletionProtection", "ParameterValue": "false"}]
    cloudformation.create_stack(StackName=NAME, TemplateBody=data(Broken=UNMAKEABLE), Parameters=unprotected)

    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig=QUICK)

    assert left(client) == ([], [])
    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig=QUICK)


def test_a_later_deploy_that_fails_and_a_stack_that_is_deleted_keep_the_data(client):
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=NAME, TemplateBody=data())
    cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig=QUICK)
    before = left(client)
    assert [len(kept) for kept in before] == [3, 1]

    cloudformation.update_stack(StackName=NAME, TemplateBody=data(Broken=UNMAKEABLE))
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        cloudformation.get_waiter("stack_update_complete").wait(StackName=NAME, WaiterConfig=QUICK)
    assert left(client) == before

    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig=QUICK)
    assert left(client) == before
