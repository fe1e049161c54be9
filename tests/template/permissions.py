"""What each function may do, and to what. A wider policy in template.yaml fails a test until this table agrees.

`CompaniesTable/index/listing` is an index of a table, `FailedRecordsBucket/*` the objects of a bucket, and
`ssm:parameter${X}` the parameter store's entry that the template's parameter X names.
"""

MAY = {
    "ActivationFunction": {
        "CompaniesTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "JournalTable": {"dynamodb:PutItem"},
        "UserPool": {
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminInitiateAuth",
            "cognito-idp:AdminSetUserPassword",
            "cognito-idp:AdminUpdateUserAttributes",
            "cognito-idp:AdminUserGlobalSignOut",
        },
        "ssm:parameter${ErpCredentialsParameter}": {"ssm:GetParameter"},
    },
    "UsersFunction": {
        "CompaniesTable": {
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        "JournalTable": {"dynamodb:PutItem", "dynamodb:Query"},
        "UserPool": {
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminUpdateUserAttributes",
            "cognito-idp:AdminUserGlobalSignOut",
        },
    },
    "InvitationsFunction": {
        "CompaniesTable": {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "JournalTable": {"dynamodb:PutItem"},
        "UserPool": {
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminInitiateAuth",
            "cognito-idp:AdminSetUserPassword",
            "cognito-idp:AdminUpdateUserAttributes",
            "cognito-idp:AdminUserGlobalSignOut",
        },
    },
    "ErpContactsFunction": {
        "CompaniesTable": {
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        "CompaniesTable/index/listing": {"dynamodb:Query"},
        "JournalTable": {"dynamodb:PutItem", "dynamodb:Query"},
        "ssm:parameter${ErpCredentialsParameter}": {"ssm:GetParameter"},
    },
    "CustomerWebhookFunction": {
        "CustomerSyncQueue": {"sqs:SendMessage"},
        "ssm:parameter${ErpWebhookSecretsParameter}": {"ssm:GetParameter"},
    },
    "CustomerSyncFunction": {
        "CompaniesTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "JournalTable": {"dynamodb:PutItem"},
    },
    "MachinesFunction": {
        "CompaniesTable": {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "CompaniesTable/index/listing": {"dynamodb:Query"},
        "JournalTable": {"dynamodb:PutItem"},
    },
    "OutboxFunction": {
        "JournalTable": {"dynamodb:UpdateItem"},
        "MailQueue": {"sqs:SendMessage"},
        "IdentityQueue": {"sqs:SendMessage"},
        "ErpContactQueue": {"sqs:SendMessage"},
        "FailedRecordsBucket": {"s3:ListBucket"},
        "FailedRecordsBucket/*": {"s3:PutObject"},
    },
    "SweeperFunction": {
        "JournalTable": {"dynamodb:UpdateItem"},
        "JournalTable/index/pending": {"dynamodb:Query"},
        "MailQueue": {"sqs:SendMessage"},
        "IdentityQueue": {"sqs:SendMessage"},
        "ErpContactQueue": {"sqs:SendMessage"},
    },
    "EmailDispatchFunction": {
        "CompaniesTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "JournalTable": {"dynamodb:PutItem"},
        "ses:identity/${MailIdentity}": {"ses:SendEmail"},
        "ses:configuration-set/${MailConfigurationSet}": {"ses:SendEmail"},
    },
    "LoginMailsFunction": {},
    "EmailFeedbackFunction": {
        "CompaniesTable": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "JournalTable": {"dynamodb:PutItem"},
    },
    "ReconcileFunction": {
        "CompaniesTable": {"dynamodb:GetItem", "dynamodb:Query"},
        "JournalTable": {"dynamodb:Query", "dynamodb:UpdateItem"},
        "IdentityQueue": {"sqs:SendMessage"},
        "UserPool": {
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminUpdateUserAttributes",
            "cognito-idp:AdminUserGlobalSignOut",
        },
    },
    "ErpPushFunction": {
        "CompaniesTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "JournalTable": {"dynamodb:PutItem"},
        "ssm:parameter${ErpCredentialsParameter}": {"ssm:GetParameter"},
    },
}
