"""Amazon Cognito, which keeps logins and passwords for us."""
