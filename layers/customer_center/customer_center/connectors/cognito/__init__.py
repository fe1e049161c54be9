"""Amazon Cognito, which stores logins and passwords."""
