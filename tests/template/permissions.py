"""What each function may do, and to which resource.

A template that allows more, or less, fails in test_house_rules.py, so that a change of permissions is seen and meant.
A resource is a logical id of the template, one of its indexes or objects, or an ARN without its partition, region and
account.
"""

import re

_TABLE = """
function
    resource                                        service      actions

ActivationFunction
    CompaniesTable                                  dynamodb     GetItem PutItem UpdateItem
    JournalTable                                    dynamodb     PutItem
    UserPool                                        cognito-idp  AdminCreateUser AdminDeleteUser AdminDisableUser
                                                                 AdminEnableUser AdminInitiateAuth AdminSetUserPassword
                                                                 AdminUpdateUserAttributes AdminUserGlobalSignOut
    ssm:parameter${ErpCredentialsParameter}         ssm          GetParameter
    ssm:parameter${ProxySecretsParameter}           ssm          GetParameter

UsersFunction
    CompaniesTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem Query
                                                                 UpdateItem
    JournalTable                                    dynamodb     PutItem Query
    UserPool                                        cognito-idp  AdminDeleteUser AdminDisableUser AdminEnableUser
                                                                 AdminUpdateUserAttributes AdminUserGlobalSignOut

InvitationsFunction
    CompaniesTable                                  dynamodb     DeleteItem GetItem PutItem UpdateItem
    JournalTable                                    dynamodb     PutItem
    UserPool                                        cognito-idp  AdminCreateUser AdminDeleteUser AdminDisableUser
                                                                 AdminEnableUser AdminGetUser AdminInitiateAuth
                                                                 AdminSetUserPassword
                                                                 AdminUpdateUserAttributes AdminUserGlobalSignOut
    ssm:parameter${ProxySecretsParameter}           ssm          GetParameter

SettingsFunction
    nothing

ErpContactsFunction
    CompaniesTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem Query
                                                                 UpdateItem
    CompaniesTable/index/listing                    dynamodb     Query
    JournalTable                                    dynamodb     PutItem
    ssm:parameter${ErpCredentialsParameter}         ssm          GetParameter

CustomerWebhookFunction
    CustomersTable                                  dynamodb     GetItem
    CustomerSyncQueue                               sqs          SendMessage
    ssm:parameter${ErpWebhookSecretsParameter}      ssm          GetParameter
    ssm:parameter/customer-center/${Stage}/customer-list/webhook-sources/*  ssm  GetParameter

CustomerSyncFunction
    CompaniesTable                                  dynamodb     GetItem PutItem UpdateItem
    CustomersTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem
    JournalTable                                    dynamodb     PutItem
    ssm:parameter/customer-center/${Stage}/customer-list/erasure-key  ssm  GetParameter

CustomersFunction
    CompaniesTable                                  dynamodb     GetItem
    CustomersTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem Query
    CustomersTable/index/by_created                 dynamodb     Query
    CustomersTable/index/by_updated                 dynamodb     Query
    CustomersTable/index/by_name                    dynamodb     Query
    CustomersTable/index/by_customer_code           dynamodb     Query
    JournalTable                                    dynamodb     PutItem Query

ConflictsFunction
    CompaniesTable                                  dynamodb     GetItem
    CustomersTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem Query
    JournalTable                                    dynamodb     PutItem

ProductsFunction
    CompaniesTable                                  dynamodb     GetItem
    CustomersTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem Query
    CustomersTable/index/by_created                 dynamodb     Query
    JournalTable                                    dynamodb     PutItem
    ssm:parameter/customer-center/${Stage}/customer-list/*  ssm  DeleteParameter GetParameter PutParameter

CustomerFollowUpFunction
    CustomersTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem Query
    JournalTable                                    dynamodb     PutItem Query UpdateItem
    ProductPushQueue                                sqs          SendMessage
    CustomerFollowUpQueue                           sqs          ChangeMessageVisibility
    ssm:parameter/customer-center/${Stage}/customer-list/erasure-key  ssm  GetParameter PutParameter

ProductPushFunction
    CustomersTable                                  dynamodb     BatchGetItem BatchWriteItem DeleteItem GetItem PutItem
                                                                 Query
    CustomersTable/index/by_created                 dynamodb     Query
    JournalTable                                    dynamodb     PutItem
    ProductPushQueue                                sqs          ChangeMessageVisibility SendMessage
    ssm:parameter/customer-center/${Stage}/customer-list/products/*  ssm  GetParameter
    ssm:parameter/customer-center/${Stage}/customer-list/tokens/*  ssm  GetParameter PutParameter

ProductCatchUpFunction
    CustomersTable                                  dynamodb     GetItem Query
    ProductPushQueue                                sqs          SendMessage

MachinesFunction
    CompaniesTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem UpdateItem
    CompaniesTable/index/listing                    dynamodb     Query
    JournalTable                                    dynamodb     PutItem

OutboxFunction
    JournalTable                                    dynamodb     UpdateItem
    MailQueue                                       sqs          SendMessage
    IdentityQueue                                   sqs          SendMessage
    ErpContactQueue                                 sqs          SendMessage
    ContactListQueue                                sqs          SendMessage
    CustomerFollowUpQueue                           sqs          SendMessage
    ProductPushQueue                                sqs          SendMessage
    FailedRecordsBucket                             s3           ListBucket
    FailedRecordsBucket/*                           s3           PutObject

SweeperFunction
    JournalTable                                    dynamodb     BatchGetItem UpdateItem
    JournalTable/index/pending                      dynamodb     Query
    MailQueue                                       sqs          SendMessage
    IdentityQueue                                   sqs          SendMessage
    ErpContactQueue                                 sqs          SendMessage
    ContactListQueue                                sqs          SendMessage
    CustomerFollowUpQueue                           sqs          SendMessage
    ProductPushQueue                                sqs          SendMessage

EmailDispatchFunction
    CompaniesTable                                  dynamodb     GetItem PutItem UpdateItem
    JournalTable                                    dynamodb     PutItem
    MailQueue                                       sqs          ChangeMessageVisibility
    ses:identity/${MailIdentity}                    ses          SendEmail
    ses:configuration-set/${MailConfigurationSet}   ses          SendEmail

LoginMailsFunction
    nothing

EmailFeedbackFunction
    CompaniesTable                                  dynamodb     GetItem UpdateItem
    JournalTable                                    dynamodb     PutItem

ReconcileFunction
    CompaniesTable                                  dynamodb     BatchGetItem DeleteItem GetItem PutItem Query Scan
                                                                 UpdateItem
    JournalTable                                    dynamodb     PutItem Query UpdateItem
    IdentityQueue                                   sqs          ChangeMessageVisibility SendMessage
    UserPool                                        cognito-idp  AdminCreateUser AdminDeleteUser AdminDisableUser
                                                                 AdminEnableUser AdminGetUser AdminSetUserPassword
                                                                 AdminUpdateUserAttributes AdminUserGlobalSignOut
                                                                 ListUsers

ErpPushFunction
    CompaniesTable                                  dynamodb     GetItem PutItem UpdateItem
    JournalTable                                    dynamodb     PutItem
    ErpContactQueue                                 sqs          ChangeMessageVisibility
    ssm:parameter${ErpCredentialsParameter}         ssm          GetParameter

ContactListFunction
    CompaniesTable                                  dynamodb     DeleteItem GetItem PutItem Query UpdateItem
    JournalTable                                    dynamodb     PutItem
    ssm:parameter${ErpCredentialsParameter}         ssm          GetParameter
"""


def _permissions():
    """Return the table as {function: {resource: {"service:Action", ...}}}; a long list of actions goes on below."""
    found = {}
    for line in _TABLE.strip().splitlines()[2:]:
        if not line.startswith(" "):
            resources = found.setdefault(line, {}) if line else {}
        elif line.strip() != "nothing":
            *target, actions = re.split(r" {2,}", line.strip())
            if target:
                resource, service = target
            resources.setdefault(resource, set()).update(f"{service}:{action}" for action in actions.split())
    return found


MAY = _permissions()
