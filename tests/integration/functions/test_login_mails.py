"""The login_mails function gives Cognito the words of its mails."""

from unittest.mock import ANY

from tests.integration.aws import event_of


def test_cognito_gets_the_words_of_its_mail_and_its_event_back(stage):
    event = event_of("login_mails/forgot_password")
    answer = stage.run("LoginMailsFunction", event)
    words = {"emailSubject": "Votre code pour un nouveau mot de passe sur Demo Shop"}
    assert answer == event | {"response": {**event["response"], **words, "emailMessage": ANY}}
    assert event["request"]["codeParameter"] in answer["response"]["emailMessage"]
