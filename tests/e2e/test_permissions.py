"""No function may do what it never does. It runs after all other tests of the running stack.

That no function does what it may not is judged when the stack ends (conftest.py), also after a single test.
"""

from pathlib import Path

import pytest

from tests.e2e.permissions import deployment, needed
from tests.iam import unneeded

# What a function needs only by chance here: races and quotas may bring it about, by the reason.
_SELDOM_SEEN = {
    "Only when the process dies, or the user is changed, in the middle of the request.": """
        ActivationFunction cognito-idp:AdminUserGlobalSignOut userpool/UserPool
        InvitationsFunction cognito-idp:AdminDeleteUser userpool/UserPool
        InvitationsFunction cognito-idp:AdminUserGlobalSignOut userpool/UserPool
        """,
    "Only while a product is behind, and nobody goes on with its walk.": """
        ProductCatchUpFunction dynamodb:GetItem table/CustomersTable
        ProductCatchUpFunction sqs:SendMessage ProductPushQueue
        """,
    "Only while SES, Cognito or the ERP cannot take a message.": """
        EmailDispatchFunction sqs:ChangeMessageVisibility MailQueue
        ErpPushFunction sqs:ChangeMessageVisibility ErpContactQueue
        ReconcileFunction sqs:ChangeMessageVisibility IdentityQueue
        """,
}
# What a function needs although nothing here needs it, by the reason.
_NEVER_SEEN = {
    "Only when SES refuses a mail at once.": """
        EmailDispatchFunction dynamodb:PutItem table/JournalTable
        """,
    "Only when the ERP fails for several customers while a message is handled.": """
        ContactListFunction dynamodb:PutItem table/CompaniesTable
        ErpPushFunction dynamodb:PutItem table/CompaniesTable
        """,
    "Only for a list that one run cannot read to its end.": """
        ContactListFunction dynamodb:PutItem table/JournalTable
        """,
    "Only when the delay of a confirmed e-mail is over, after hours.": """
        ReconcileFunction dynamodb:DeleteItem table/CompaniesTable
        ReconcileFunction dynamodb:PutItem table/CompaniesTable
        """,
    "The running stack has no secret of a proxy.": """
        ActivationFunction ssm:GetParameter parameter
        InvitationsFunction ssm:GetParameter parameter
        """,
}


def test_a_function_has_no_verb_that_nothing_needs(stack, recorded_calls, request):
    """An entry of `_NEVER_SEEN` that a call needs after all fails too."""
    missing = {*Path(__file__).parent.glob("test_*.py")} - {item.path for item in request.session.items}
    if missing:
        pytest.skip("needs the calls of all tests of this folder")

    assert unneeded(deployment(stack), needed(stack, recorded_calls)) - _lines(_SELDOM_SEEN) == _lines(_NEVER_SEEN)


def _lines(by_reason):
    return {line.strip() for lines in by_reason.values() for line in lines.strip().splitlines()}
